"""The store in Firestore. Every call is retried, the very same, while a transient fault passes and the bound allows."""

import random
import time
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
    ServiceUnavailable,
    TooManyRequests,
    Unauthenticated,
    Unknown,
)

from rollcall.model.errors import StoreUnavailable
from rollcall.store.database import Committed, Document, NotCommitted, Query, Write
from rollcall.store.firestore_rpc import FirestoreRpc, firestore_account, firestore_channel
from rollcall.store.google_account import Headers
from rollcall.store.personal_data_documents import DocumentStore

_TRANSIENT = (Aborted, DeadlineExceeded, InternalServerError, ServiceUnavailable, TooManyRequests, Unknown)
_UNREACHABLE = (Cancelled, DataLoss, Forbidden, Unauthenticated)
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
        account: Callable[[], Headers] | None = None,
        shift: timedelta = timedelta(0),
        retry_within: timedelta = RETRY_WITHIN,
    ) -> None:
        """`shift` is what its time is ahead of Firestore's."""
        rpc = FirestoreRpc(project, channel or firestore_channel(), account or firestore_account(), shift)
        super().__init__(FirestoreDatabase(rpc, shift, retry_within))


class _Tries:
    """Of one call; remembers whether one had no clear answer."""

    def __init__(self, within: timedelta) -> None:
        self.unclear = False
        self._within = within.total_seconds()

    def __call__(self, call: Callable[[float], list[Any]]) -> list[Any]:
        """Google's own library for this imports all of `requests`: a twentieth of a cold start."""
        ends = time.monotonic() + self._within
        longest_wait = 0.1
        while True:
            try:
                # bounding all together, one lost answer would leave no time for another
                return call(min(self._within, _ONE_TRY.total_seconds()))
            except _TRANSIENT:
                self.unclear = True
                wait = random.uniform(0, longest_wait)
                if time.monotonic() + wait > ends:
                    raise
                time.sleep(wait)
                longest_wait = min(2 * longest_wait, 2.0)


class FirestoreDatabase:
    def __init__(self, rpc: FirestoreRpc, shift: timedelta, retry_within: timedelta) -> None:
        self._rpc = rpc
        self._shift = shift
        self._tries: Callable[[], _Tries] = partial(_Tries, retry_within)

    def read(self, path: str) -> Document:
        return self.read_together([path])[0]

    def read_together(self, paths: Sequence[str]) -> Sequence[Document]:
        try:
            with _unavailable_as_ours():
                return self._rpc.read(paths, self._tries())
        except NotFound as error:  # no document, which may be missing, but the database, or its project
            raise StoreUnavailable(_RETRY_AFTER) from error

    def read_many(self, paths: Sequence[str]) -> Iterable[Document]:
        return [found for found in self.read_together(paths) if found.values is not None] if paths else []

    def commit(self, *writes: Write) -> Committed:
        tries = self._tries()
        try:
            with _unavailable_as_ours():
                return self._rpc.commit(writes, tries)
        except (AlreadyExists, FailedPrecondition, NotFound) as refused:
            raise NotCommitted(may_be_ours=tries.unclear) from refused

    def query(self, query: Query) -> Iterable[Document]:
        with _unavailable_as_ours():
            return self._rpc.query(query, self._tries())

    def count(self, query: Query) -> int:
        with _unavailable_as_ours():
            return self._rpc.count(query, self._tries())

    def scan(self, collection: str, only: Sequence[str]) -> Iterator[Document]:
        page = ""
        while True:
            with _unavailable_as_ours():
                found, page = self._rpc.listed(collection, only, page, self._tries())
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
    except (*_TRANSIENT, *_UNREACHABLE) as error:
        raise StoreUnavailable(_RETRY_AFTER) from error
