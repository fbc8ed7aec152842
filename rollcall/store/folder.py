"""Messages in a folder: the embedded default."""

import os
import tempfile
from datetime import timedelta
from pathlib import Path

from rollcall.desk.errors import StoreUnavailable

_RETRY_AFTER = timedelta(seconds=5)


class FolderFiles:
    """`Files` in a folder, a file each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, id: str, content: bytes) -> None:
        """See `Files`. Written beside and renamed, so that it is never there by half."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".", delete=False) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(self._folder / id)
        except OSError as error:
            raise StoreUnavailable(_RETRY_AFTER) from error

    def get(self, id: str) -> bytes | None:
        """See `Files`."""
        try:
            return (self._folder / id).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreUnavailable(_RETRY_AFTER) from error
