"""What everybody may read, in a folder: the embedded default."""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rollcall.model.errors import StoreUnavailable
from rollcall.store import PLAIN_NAME
from rollcall.store.folder import RETRY_AFTER, FolderFiles, sync


class FolderPublished:
    def __init__(self, folder: Path) -> None:
        self._sites = folder / "sites"
        self._files = FolderFiles(folder / "files")

    def site(self, event: str) -> tuple[bytes, object] | None:
        try:
            content = self._site(event).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreUnavailable(RETRY_AFTER) from error
        return content, hashlib.sha256(content).digest()

    def put_site(self, event: str, content: bytes, over: object | None) -> bool:
        """One process at a time compares and replaces it."""
        path = self._site(event)
        try:
            self._sites.mkdir(parents=True, exist_ok=True)
            with (self._sites / ".lock").open("wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                there = self.site(event)
                if (there[1] if there else None) != over:
                    return False
                with tempfile.NamedTemporaryFile(dir=self._sites, prefix=".site-", delete=False) as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                Path(file.name).replace(path)
            sync(self._sites)
        except OSError as error:
            raise StoreUnavailable(RETRY_AFTER) from error
        return True

    def put_file(self, name: str, pieces: Iterator[bytes]) -> None:
        self._files.put_pieces(name, pieces)

    def file(self, name: str) -> Iterator[bytes] | None:
        return self._files.pieces(name) if PLAIN_NAME.fullmatch(name) else None

    def remove_file(self, name: str) -> None:
        self._files.remove(name)

    def _site(self, event: str) -> Path:
        return self._sites / f"{event}.json"
