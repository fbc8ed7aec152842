"""A database of documents, as the stores use it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

Values = Mapping[str, Any]
"""Text, whole numbers, truth values, instants, None, lists and mappings of such."""

ASKED_AT_ONCE = 30
"""Firestore's bound on the values of an `in`."""


@dataclass(frozen=True)
class Document:
    id: str
    values: Values | None
    """None if there is none."""
    read_at: datetime
    created_at: datetime
    updated_at: datetime
    version: object


@dataclass(frozen=True)
class Create:
    path: str
    values: Values


@dataclass(frozen=True)
class Replace:
    """Keeps the create time."""

    path: str
    values: Values


@dataclass(frozen=True)
class Update:
    """Fails if it does not exist, or is not of this version."""

    path: str
    values: Values
    version: object = None


@dataclass(frozen=True)
class Delete:
    """Does nothing if it is not there; with a version, fails unless it is of this one."""

    path: str
    version: object = None


Write = Create | Replace | Update | Delete


@dataclass(frozen=True)
class Query:
    """Operators: `==`, `<`, `<=`, `>`, `in`, `array_contains_any` (of `terms` by `name_key`).
    Ordered by id by default."""

    collection: str
    where: tuple[tuple[str, str, Any], ...] = ()
    order_by: str | None = None
    descending: bool = False
    after: str | None = None
    """Id of the document after which it begins."""
    after_value: str | datetime | None = None
    """Of the field that it is ordered by, in that document."""
    limit: int | None = None
    ids_only: bool = False


@dataclass(frozen=True)
class Committed:
    at: datetime
    versions: Sequence[object]
    """Of the documents that were written, in their order."""


class NotCommitted(Exception):
    """Nothing was written, unless (`may_be_ours`) by an earlier try that ended without an answer."""

    def __init__(self, *, may_be_ours: bool) -> None:
        super().__init__("a precondition of the commit does not hold")
        self.may_be_ours = may_be_ours


class Database(Protocol):
    """With one clock. Every method may raise `StoreUnavailable`."""

    def read(self, path: str) -> Document:
        """`read_at` is after every commit acknowledged before, before every later one."""

    def read_together(self, paths: Sequence[str]) -> Sequence[Document]:
        """As `read` does, in this order."""

    def read_many(self, paths: Sequence[str]) -> Iterable[Document]:
        """Those that are there, in no order."""

    def commit(self, *writes: Write) -> Committed:
        """All or none. Raises `NotCommitted`."""

    def triggered(self, event: bytes) -> Document | None:
        """What our trigger brings; None if it brings none that can be read."""

    def query(self, query: Query) -> Iterable[Document]: ...

    def count(self, query: Query) -> int: ...

    def scan(self, collection: str, only: Sequence[str]) -> Iterator[Document]:
        """All, by id, a page of results in memory at a time. Reads these fields, `answers.country` for one of a map."""

    def leave_no_trace(self) -> None:
        """Of what was deleted, in files of ours."""

    def about_now(self) -> datetime:
        """By the clock of this process: reads nothing, and is not exact."""
