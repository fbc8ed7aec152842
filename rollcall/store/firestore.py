"""The store in Firestore. Every call is retried, the very same, while a transient fault passes and the bound allows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import grpc
from google.api_core.exceptions import (
    Aborted,
    AlreadyExists,
    Cancelled,
    DataLoss,
    DeadlineExceeded,
    FailedPrecondition,
    Forbidden,
    InternalServerError,
    NotFound,
    RetryError,
    ServiceUnavailable,
    TooManyRequests,
    Unauthenticated,
    Unknown,
)
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import TransportError

from rollcall.model.errors import StoreUnavailable
from rollcall.store.database import Committed, Document, NotCommitted, Query, Write
from rollcall.store.firestore_rpc import FirestoreRpc, firestore_channel
from rollcall.store.personal_data_documents import DocumentStore

_TRANSIENT = (Aborted, DeadlineExceeded, InternalServerError, ServiceUnavailable, TooManyRequests, Unknown)
_UNREACHABLE = (Cancelled, DataLoss, Forbidden, TransportError, Unauthenticated)
"""No retry mends these at once."""
RETRY_WITHIN = timedelta(seconds=8)
"""A person is waiting."""
_ONE_TRY = timedelta(seconds=3)
_RETRY_AFTER = timedelta(seconds=10)


class FirestoreStore(DocumentStore):
    def __init__(
        self,
        project: str,
        channel: grpc.Channel | None = None,
        *,
        shift: timedelta = timedelta(0),
        retry_within: timedelta = RETRY_WITHIN,
    ) -> None:
        """`shift` is what its time is ahead of Firestore's."""
        rpc = FirestoreRpc(project, channel or firestore_channel(), shift)
        super().__init__(FirestoreDatabase(rpc, shift, retry_within))


class _Call(dict[str, Any]):
    """How one call is tried; remembers tries without a clear answer."""

    def __init__(self, retry_within: timedelta) -> None:
        self.faults: list[Exception] = []
        bound = retry_within.total_seconds()
        retry = Retry(
            if_exception_type(*_TRANSIENT), initial=0.1, maximum=2.0, timeout=bound, on_error=self.faults.append
        )
        # each try's: bounding all together, one lost answer would leave no time for another
        super().__init__(retry=retry, timeout=min(bound, _ONE_TRY.total_seconds()))


class FirestoreDatabase:
    def __init__(self, rpc: FirestoreRpc, shift: timedelta, retry_within: timedelta) -> None:
        self._rpc = rpc
        self._shift = shift
        self._call: Callable[[], _Call] = partial(_Call, retry_within)

    def read(self, path: str) -> Document:
        return self.read_together([path])[0]

    def read_together(self, paths: Sequence[str]) -> Sequence[Document]:
        try:
            with _unavailable_as_ours():
                return self._rpc.read(paths, self._call())
        except NotFound as error:  # no document, which may be missing, but the database, or its project
            raise StoreUnavailable(_RETRY_AFTER) from error

    def read_many(self, paths: Sequence[str]) -> Iterable[Document]:
        return [found for found in self.read_together(paths) if found.values is not None] if paths else []

    def commit(self, *writes: Write) -> Committed:
        call = self._call()
        try:
            with _unavailable_as_ours():
                return self._rpc.commit(writes, call)
        except (AlreadyExists, FailedPrecondition, NotFound) as refused:
            raise NotCommitted(may_be_ours=bool(call.faults)) from refused

    def query(self, query: Query) -> Iterable[Document]:
        with _unavailable_as_ours():
            return self._rpc.query(query, self._call())

    def count(self, query: Query) -> int:
        with _unavailable_as_ours():
            return self._rpc.count(query, self._call())

    def scan(self, collection: str, only: Sequence[str]) -> Iterator[Document]:
        page = ""
        while True:
            with _unavailable_as_ours():
                found, page = self._rpc.listed(collection, only, page, self._call())
            yield from found
            if not page:
                return

    def triggered(self, event: bytes) -> Document | None:
        return self._rpc.triggered(event)

    def leave_no_trace(self) -> None:
        """Google's part."""

    def about_now(self) -> datetime:
        return datetime.now(UTC) + self._shift


@contextmanager
def _unavailable_as_ours() -> Iterator[None]:
    try:
        yield
    except RetryError as error:  # the bound was over: what stood in the way all the time is its cause
        raise StoreUnavailable(_RETRY_AFTER) from error.cause or error
    except (*_TRANSIENT, *_UNREACHABLE) as error:
        raise StoreUnavailable(_RETRY_AFTER) from error
