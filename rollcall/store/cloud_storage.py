"""Files in buckets of Cloud Storage: production, and its emulator."""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import IO

from google.api_core.exceptions import Forbidden, NotFound, PreconditionFailed, RetryError, ServerError, Unauthorized
from google.auth.exceptions import GoogleAuthError
from google.cloud.storage import Bucket
from google.cloud.storage.exceptions import DataCorruption
from google.cloud.storage.retry import DEFAULT_RETRY

from rollcall.model.errors import StoreUnavailable
from rollcall.store import LARGEST_PIECE, PLAIN_NAME

_UNREACHABLE = (DataCorruption, Forbidden, GoogleAuthError, OSError, RetryError, ServerError, Unauthorized)
"""Network faults are `OSError`s."""
_ONE_TRY = 8.0
"""Seconds."""
_AGAIN = DEFAULT_RETRY.with_timeout(15.0)
"""No try begins later: SendGrid waits for our answer."""
_RETRY_AFTER = timedelta(seconds=10)
_ANY = "application/octet-stream"
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
            with _or_unavailable():
                content: bytes = self._bucket.blob(id).download_as_bytes(timeout=_ONE_TRY, retry=_AGAIN)
        except NotFound:
            return None
        return content

    def pieces(self, id: str) -> Iterator[bytes] | None:
        """Each piece is a request of its own; nothing checks Cloud Storage's checksum, which is of the whole."""
        content = self._bucket.blob(id).open("rb", chunk_size=LARGEST_PIECE, timeout=_ONE_TRY, retry=_AGAIN)
        try:
            first = _next(content)
        except NotFound:
            return None
        return _pieces(first, content)

    def ids(self, begins: str) -> Iterator[str]:
        with _or_unavailable():
            for found in self._bucket.list_blobs(prefix=begins, timeout=_ONE_TRY, retry=_AGAIN):
                yield found.name

    def remove(self, id: str) -> None:
        with suppress(NotFound), _or_unavailable():
            self._bucket.blob(id).delete(timeout=_ONE_TRY, retry=_AGAIN)

    def _put(self, id: str, content: IO[bytes], size: int) -> None:
        """A retry after a lost answer meets its own object (Cloud Storage, "Retry strategy": conditionally idempotent
        operations). Cloud Storage may say 403 where we may not overwrite
        (https://cloud.google.com/storage/docs/json_api/v1/objects/insert): then look whether it is there."""
        try:
            self._bucket.blob(id, chunk_size=_SENT_AT_ONCE).upload_from_file(
                content,
                size=size,
                content_type=_ANY,
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


class CloudStorageUploads:
    """In the bucket of the `CloudStorageFiles`, as `upload-<id>`: a lifecycle rule deletes these after some days. A
    session is itself the secret, so nothing has to sign an address; no other answers a browser on a page of `origin`
    (Cloud Storage, "Resumable uploads": it takes the CORS headers from the request that begins it, and none from the
    bucket)."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._files = CloudStorageFiles(bucket)

    @property
    def sends_to(self) -> str:
        host: str = self._bucket.client.api_endpoint
        return host

    def begin(self, id: str, size: int, origin: str) -> str:
        upload = self._bucket.blob(_upload(id))
        with _or_unavailable():
            address: str = upload.create_resumable_upload_session(
                _ANY, size, origin, if_generation_match=0, timeout=_ONE_TRY, retry=_AGAIN
            )
        return address

    def put_piece(self, id: str, size: int, first: int, pieces: Iterable[bytes]) -> int | None:
        return None

    def put(self, id: str, content: bytes) -> None:
        self._files.put(_upload(id), content)

    def fetch(self, id: str, into: Path) -> bool:
        """With Cloud Storage's checksum."""
        try:
            with _or_unavailable():
                self._bucket.blob(_upload(id)).download_to_filename(str(into), timeout=_ONE_TRY, retry=_AGAIN)
        except NotFound:
            return False
        return True

    def keep(self, id: str, as_id: str) -> None:
        """On the server; a retry after a lost answer meets its own copy."""
        try:
            with _or_unavailable():
                self._bucket.copy_blob(
                    self._bucket.blob(_upload(id)),
                    self._bucket,
                    as_id,
                    if_generation_match=0,
                    timeout=_ONE_TRY,
                    retry=_AGAIN,
                )
        except PreconditionFailed:
            return
        except (NotFound, StoreUnavailable) as error:  # 403, as in `CloudStorageFiles`
            with _or_unavailable():
                if self._bucket.blob(as_id).exists(timeout=_ONE_TRY, retry=_AGAIN):
                    return
            if isinstance(error, StoreUnavailable):
                raise
            raise LookupError(id) from error


class CloudStoragePublished:
    """In a bucket of its own."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._files = CloudStorageFiles(bucket)

    def site(self, event: str) -> tuple[bytes, object] | None:
        site = self._bucket.blob(_site(event))
        try:
            with _or_unavailable():
                content: bytes = site.download_as_bytes(timeout=_ONE_TRY, retry=_AGAIN)
        except NotFound:
            return None
        return content, site.generation

    def put_site(self, event: str, content: bytes, over: object | None) -> bool:
        """The answer to an earlier try may have been lost."""
        try:
            with _or_unavailable():
                self._bucket.blob(_site(event)).upload_from_string(
                    content, "application/json", if_generation_match=over or 0, timeout=_ONE_TRY, retry=_AGAIN
                )
        except PreconditionFailed:
            there = self.site(event)
            return there is not None and there[0] == content
        return True

    def put_file(self, name: str, pieces: Iterator[bytes]) -> None:
        file = self._bucket.blob(_published(name))
        try:
            with _or_unavailable():
                if file.exists(timeout=_ONE_TRY, retry=_AGAIN):
                    return
                with file.open(
                    "wb",
                    chunk_size=_SENT_AT_ONCE,
                    content_type=_ANY,
                    if_generation_match=0,
                    timeout=_ONE_TRY,
                    retry=_AGAIN,
                ) as sent:
                    for piece in pieces:
                        sent.write(piece)
        except PreconditionFailed:
            return

    def file(self, name: str) -> Iterator[bytes] | None:
        return self._files.pieces(_published(name)) if PLAIN_NAME.fullmatch(name) else None

    def remove_file(self, name: str) -> None:
        self._files.remove(_published(name))


def _upload(id: str) -> str:
    return f"upload-{id}"


def _site(event: str) -> str:
    return f"sites/{event}.json"


def _published(name: str) -> str:
    return f"files/{name}"


@contextmanager
def _or_unavailable() -> Iterator[None]:
    try:
        yield
    except _UNREACHABLE as error:
        raise StoreUnavailable(_RETRY_AFTER) from _first(error)


def _pieces(first: bytes, content: IO[bytes]) -> Iterator[bytes]:
    piece = first
    while piece:
        yield piece
        piece = _next(content)


def _next(content: IO[bytes]) -> bytes:
    with _or_unavailable():
        return content.read(LARGEST_PIECE)


def _first(error: Exception) -> Exception:
    """The fault itself, where the library only says that it tried long enough."""
    cause: Exception | None = error.cause if isinstance(error, RetryError) else None
    return cause or error
