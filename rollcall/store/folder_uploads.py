"""Uploads in a folder, in the pieces in which a browser sends them: for the embedded default, as Cloud Storage takes
them (`rollcall.desk.contribution_ports.Uploads`)."""

import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import IO

from rollcall.model.errors import StoreUnavailable
from rollcall.store.folder import RETRY_AFTER, FolderFiles, sync

KEPT = timedelta(days=7)
"""As long as Cloud Storage keeps a session."""
ROOM = 5_000_000_000
"""Bytes of all uploads together: who sends many fills no disk. What is only begun takes none: who begins many shuts
nobody out."""
UNTOUCHED = timedelta(hours=1)
"""After that, one may go to make room."""


class FolderUploads:
    """Beside the `FolderFiles` of the same folder. An upload is called `<id>`; until its last piece is here,
    `<id>.<size>`."""

    def __init__(self, folder: Path) -> None:
        self._files = FolderFiles(folder)
        self._folder = folder / "uploads"
        self._whole = FolderFiles(self._folder)

    @property
    def sends_to(self) -> str:
        return ""

    def begin(self, id: str, size: int, origin: str) -> str:
        part = self._part(id, size)
        with _or_unavailable():
            self._make_room(size)
            part.touch(mode=0o600)
            sync(self._folder)
        return f"uploads/{part.name}"

    def put_piece(self, id: str, size: int, first: int, pieces: Iterable[bytes]) -> int | None:
        part = self._part(id, size)
        try:
            with _or_unavailable(), part.open("r+b") as file:
                self._make_room(size - part.stat().st_size)
                came = self._written(part, file, size, first, pieces)
        except FileNotFoundError:
            return size if self._is_whole(id, size) else None
        return came if part.exists() or self._is_whole(id, size) else None

    def put(self, id: str, content: bytes) -> None:
        with _or_unavailable():
            self._make_room(len(content))
        self._whole.put(id, content)

    def fetch(self, id: str, into: Path) -> bool:
        pieces = self._whole.pieces(id)
        if pieces is None:
            return False
        with into.open("wb") as file:
            file.writelines(pieces)
        return True

    def keep(self, id: str, as_id: str) -> None:
        if self._whole.path(id).exists():
            self._files.put_file(as_id, self._whole.path(id))
        elif not self._files.path(as_id).exists():
            raise LookupError(id)

    def _written(self, part: Path, file: IO[bytes], size: int, first: int, pieces: Iterable[bytes]) -> int:
        """A sender may come again while an earlier connection of theirs is still read. So each piece is added under a
        lock, where the last one ends: what is there stays as it is, and a whole one takes nothing more."""
        at = first
        for piece in pieces:
            with _locked(file):
                came = file.seek(0, os.SEEK_END)
                if at > came:
                    break
                file.write(piece[came - at : size - at])
                file.flush()
            at += len(piece)
        with _locked(file):
            os.fsync(file.fileno())
            came = file.seek(0, os.SEEK_END)
            if came == size and part.exists():
                part.rename(part.with_suffix(""))
                sync(self._folder)
        return came

    def _part(self, id: str, size: int) -> Path:
        return self._whole.path(id).with_suffix(f".{size}")

    def _is_whole(self, id: str, size: int) -> bool:
        path = self._whole.path(id)
        return path.exists() and path.stat().st_size == size

    def _make_room(self, size: int) -> None:
        """Those of long ago go; where room is short, also others that nobody has touched lately, the longest first."""
        self._folder.mkdir(parents=True, exist_ok=True)
        there = sorted((stands.st_mtime, stands.st_size, path) for path, stands in self._stands())
        total, now = sum(one[1] for one in there), time.time()
        for touched, occupied, path in there:
            short = total + size > ROOM
            if now - touched < (UNTOUCHED if short else KEPT).total_seconds():
                break
            path.unlink(missing_ok=True)
            total -= occupied
        if total + size > ROOM:
            raise StoreUnavailable(RETRY_AFTER)

    def _stands(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another process was faster
                if path.is_file():
                    yield path, path.stat()


@contextmanager
def _or_unavailable() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StoreUnavailable(RETRY_AFTER) from error


@contextmanager
def _locked(file: IO[bytes]) -> Iterator[None]:
    """For all processes, and for threads with a file object each."""
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
