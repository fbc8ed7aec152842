"""A database whose clock a test moves on: what was committed stays where it was."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import BoundedSemaphore, Lock

from rollcall.desk.ports import Store
from rollcall.store.database import Committed, Database, Document, Query, Write
from rollcall.store.firestore import FirestoreStore
from rollcall.store.personal_data_documents import DocumentStore
from rollcall.store.sqlite import SqliteStore
from tests.support.clock import Clock

_MOST_CALLS = 99
"""At once."""


class MovableDatabase:
    """Every time that it tells is converted: since each move, time goes on from where that move set it."""

    def __init__(self, database: Database, begins: datetime) -> None:
        self._database = database
        self._moves: list[tuple[datetime, datetime]] = []
        self._gate, self._under_way = Lock(), BoundedSemaphore(_MOST_CALLS)
        self.move_on(begins)

    def move_on(self, to: datetime) -> None:
        """While no call is under way: what is told is told by all moves before it."""
        with self._gate:
            for _ in range(_MOST_CALLS):
                self._under_way.acquire()
            self._moves.append((self._database.read("events/-").read_at, to))
            self._under_way.release(_MOST_CALLS)

    @contextmanager
    def _call(self) -> Iterator[None]:
        with self._gate:
            self._under_way.acquire()
        try:
            yield
        finally:
            self._under_way.release()

    def shown(self, real: datetime) -> datetime:
        moved = [(at, to) for at, to in self._moves if at <= real]
        return moved[-1][1] + (real - moved[-1][0]) if moved else real

    def read(self, path: str) -> Document:
        with self._call():
            return self._converted(self._database.read(path))

    def read_together(self, paths: Sequence[str]) -> Sequence[Document]:
        with self._call():
            return list(map(self._converted, self._database.read_together(paths)))

    def triggered(self, event: bytes) -> Document | None:
        found = self._database.triggered(event)
        return self._converted(found) if found else None

    def read_many(self, paths: Sequence[str]) -> Iterable[Document]:
        with self._call():
            return [self._converted(found) for found in self._database.read_many(paths)]

    def commit(self, *writes: Write) -> Committed:
        with self._call():
            done = self._database.commit(*writes)
            return replace(done, at=self.shown(done.at))

    def query(self, query: Query) -> Iterable[Document]:
        with self._call():
            return [self._converted(found) for found in self._database.query(query)]

    def count(self, query: Query) -> int:
        return self._database.count(query)

    def scan(self, collection: str, only: Sequence[str]) -> Iterator[Document]:
        with self._call():
            yield from map(self._converted, self._database.scan(collection, only))

    def leave_no_trace(self) -> None:
        self._database.leave_no_trace()

    def about_now(self) -> datetime:
        return self.shown(self._database.about_now())

    def _converted(self, found: Document) -> Document:
        read_at, created_at, updated_at = map(self.shown, (found.read_at, found.created_at, found.updated_at))
        return replace(found, read_at=read_at, created_at=created_at, updated_at=updated_at)


class MovableStore:
    """A new store in SQLite, or in this project of Firestore's emulator; and its clock."""

    def __init__(self, begins: datetime, project: str | None) -> None:
        self.store: Store
        self.seconds: Callable[[], float]
        if project:
            emulated = FirestoreStore(project)
            database = MovableDatabase(emulated._database, begins)
            self.store, self.move_on = DocumentStore(database), database.move_on
            self.seconds = lambda: database.shown(datetime.now(UTC)).timestamp()
        else:
            clock = Clock(begins)
            self.store = SqliteStore(Path(":memory:"), clock, durable=False)
            self.move_on = lambda to: setattr(clock, "now", to)
            self.seconds = lambda: clock.now.timestamp()
