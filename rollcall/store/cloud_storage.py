"""Files in a bucket of Cloud Storage: production, and its emulator."""

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import IO

from google.api_core.exceptions import Forbidden, NotFound, PreconditionFailed, RetryError, ServerError, Unauthorized
from google.auth.exceptions import GoogleAuthError
from google.cloud.storage import Bucket
from google.cloud.storage.exceptions import DataCorruption
from google.cloud.storage.retry import DEFAULT_RETRY

from rollcall.model.errors import StoreUnavailable
from rollcall.store import LARGEST_PIECE

_UNREACHABLE = (DataCorruption, Forbidden, GoogleAuthError, OSError, RetryError, ServerError, Unauthorized)
"""Network faults are `OSError`s."""
_ONE_TRY = 8.0
"""Seconds."""
_AGAIN = DEFAULT_RETRY.with_timeout(15.0)
"""No try begins later: SendGrid waits for our answer."""
_RETRY_AFTER = timedelta(seconds=10)
_SENT_AT_ONCE = 8 << 20
"""Bytes in a request, and in memory (Cloud Storage, "Resumable uploads": at least 8 MiB)."""


class CloudStorageFiles:
    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def put(self, id: str, content: bytes) -> None:
        self._put(id, io.BytesIO(content), len(content))

    def put_file(self, id: str, path: Path) -> None:
        with path.open("rb") as file:
            self._put(id, file, path.stat().st_size)

    def get(self, id: str) -> bytes | None:
        try:
            content: bytes = self._bucket.blob(id).download_as_bytes(timeout=_ONE_TRY, retry=_AGAIN)
        except NotFound:
            return None
        except _UNREACHABLE as error:
            raise StoreUnavailable(_RETRY_AFTER) from _first(error)
        return content

    def pieces(self, id: str) -> Iterator[bytes] | None:
        """Each piece is a request of its own; nothing checks Cloud Storage's checksum, which is of the whole."""
        content = self._bucket.blob(id).open("rb", chunk_size=LARGEST_PIECE, timeout=_ONE_TRY, retry=_AGAIN)
        try:
            first = _next(content)
        except NotFound:
            return None
        return _pieces(first, content)

    def _put(self, id: str, content: IO[bytes], size: int) -> None:
        """A retry after a lost answer meets its own object (Cloud Storage, "Retry strategy": conditionally idempotent
        operations). Cloud Storage may say 403 where we may not overwrite
        (https://cloud.google.com/storage/docs/json_api/v1/objects/insert): then look whether it is there."""
        try:
            self._bucket.blob(id, chunk_size=_SENT_AT_ONCE).upload_from_file(
                content,
                size=size,
                content_type="application/octet-stream",
                if_generation_match=0,
                timeout=_ONE_TRY,
                retry=_AGAIN,
            )
        except PreconditionFailed:
            return
        except Forbidden as error:
            if self.pieces(id) is None:
                raise StoreUnavailable(_RETRY_AFTER) from error
        except _UNREACHABLE as error:
            raise StoreUnavailable(_RETRY_AFTER) from _first(error)


def _pieces(first: bytes, content: IO[bytes]) -> Iterator[bytes]:
    piece = first
    while piece:
        yield piece
        piece = _next(content)


def _next(content: IO[bytes]) -> bytes:
    try:
        return content.read(LARGEST_PIECE)
    except _UNREACHABLE as error:
        raise StoreUnavailable(_RETRY_AFTER) from _first(error)


def _first(error: Exception) -> Exception:
    """The fault itself, where the library only says that it tried long enough."""
    cause: Exception | None = error.cause if isinstance(error, RetryError) else None
    return cause or error
