"""Files in a folder: the embedded default."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import IO, Any

from rollcall.desk.ports import LARGEST_PIECE
from rollcall.model.errors import StoreUnavailable

_RETRY_AFTER = timedelta(seconds=5)


class FolderFiles:
    """`Files` in a folder, a file each; only its owner may read them. An id that is no plain file name is a
    `ValueError`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, id: str, content: bytes) -> None:
        self._put(id, lambda file: file.write(content))

    def put_file(self, id: str, path: Path) -> None:
        with path.open("rb") as source:
            self._put(id, partial(shutil.copyfileobj, source))

    def get(self, id: str) -> bytes | None:
        path = self._path(id)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreUnavailable(_RETRY_AFTER) from error

    def pieces(self, id: str) -> Iterator[bytes] | None:
        path = self._path(id)
        try:
            return _pieces(path.open("rb"))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreUnavailable(_RETRY_AFTER) from error

    def _put(self, id: str, write: Callable[[IO[bytes]], Any]) -> None:
        """Written beside and renamed, so that it is never there by half."""
        path = self._path(id)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                with tempfile.TemporaryDirectory(dir=self._folder, prefix=".") as beside:
                    with tempfile.NamedTemporaryFile(dir=beside, delete=False) as file:
                        write(file)
                        file.flush()
                        os.fsync(file.fileno())
                    Path(file.name).replace(path)
            _sync(self._folder)
            _sync(self._folder.parent)
        except OSError as error:
            raise StoreUnavailable(_RETRY_AFTER) from error

    def _path(self, id: str) -> Path:
        if not id or Path(id).name != id or id.startswith(".") or "\0" in id:
            raise ValueError(f"no plain file name: {id!r}")
        return self._folder / id


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        try:
            yield from iter(partial(file.read, LARGEST_PIECE), b"")
        except OSError as error:
            raise StoreUnavailable(_RETRY_AFTER) from error


def _sync(folder: Path) -> None:
    """Have the names in the folder on the disk, as fsync(2) of a file does not."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
