"""Files in a folder: the embedded default."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import IO

from rollcall.model.errors import StoreUnavailable
from rollcall.store import LARGEST_PIECE

RETRY_AFTER = timedelta(seconds=5)


class FolderFiles:
    """Only the folder's owner may read them. An id that is no plain file name is a `ValueError`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, id: str, content: bytes) -> None:
        self.put_pieces(id, [content])

    def put_file(self, id: str, path: Path) -> None:
        with path.open("rb") as source:
            self.put_pieces(id, _read(source))

    def get(self, id: str) -> bytes | None:
        pieces = self.pieces(id)
        return None if pieces is None else b"".join(pieces)

    def pieces(self, id: str) -> Iterator[bytes] | None:
        path = self.path(id)
        try:
            return _pieces(path.open("rb"))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreUnavailable(RETRY_AFTER) from error

    def ids(self, begins: str) -> Iterator[str]:
        try:
            names = [path.name for path in self._folder.iterdir() if path.is_file()]
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreUnavailable(RETRY_AFTER) from error
        yield from (name for name in names if name.startswith(begins) and not name.startswith("."))

    def remove(self, id: str) -> None:
        try:
            self.path(id).unlink(missing_ok=True)
        except OSError as error:
            raise StoreUnavailable(RETRY_AFTER) from error

    def put_pieces(self, id: str, pieces: Iterable[bytes]) -> None:
        """Written beside and renamed, so that it is never there by half."""
        path = self.path(id)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                with tempfile.TemporaryDirectory(dir=self._folder, prefix=".") as beside:
                    with tempfile.NamedTemporaryFile(dir=beside, delete=False) as file:
                        file.writelines(pieces)
                        file.flush()
                        os.fsync(file.fileno())
                    Path(file.name).replace(path)
            sync(self._folder)
            sync(self._folder.parent)
        except OSError as error:
            raise StoreUnavailable(RETRY_AFTER) from error

    def path(self, id: str) -> Path:
        if not id or Path(id).name != id or id.startswith(".") or "\0" in id:
            raise ValueError(f"no plain file name: {id!r}")
        return self._folder / id


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        try:
            yield from _read(file)
        except OSError as error:
            raise StoreUnavailable(RETRY_AFTER) from error


def _read(file: IO[bytes]) -> Iterator[bytes]:
    return iter(partial(file.read, LARGEST_PIECE), b"")


def sync(folder: Path) -> None:
    """Puts the names in the folder on the disk; fsync(2) of a file does not."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
