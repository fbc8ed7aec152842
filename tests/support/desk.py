"""A desk on a real SQLite store whose clock a test moves, and whose poster keeps what it is handed."""

from pathlib import Path
from threading import Lock

from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.desk.roster import listed
from rollcall.model import email
from rollcall.model.email import Email, NotNeeded, OutboxEntry, SendResult
from rollcall.model.event import Event
from rollcall.store.database import Create, Delete
from rollcall.store.personal_data_documents import DocumentStore
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import an_event, desk_with
from tests.support.clock import Clock

EVENT = an_event()


class Postbox:
    """A poster that keeps what it is handed; several may post at once."""

    def __init__(self) -> None:
        self.messages: list[Email] = []
        self.answers: list[SendResult] = []
        self._lock = Lock()

    def post(self, message: Email) -> SendResult:
        with self._lock:
            self.messages.append(message)
            return self.answers.pop(0) if self.answers else email.Accepted()


def a_desk(path: Path, clock: Clock, postbox: Postbox | None = None) -> Desk:
    store = SqliteStore(path / "rollcall.sqlite3", clock, durable=False)
    seconds = lambda: clock.now.timestamp()  # noqa: E731
    post = (postbox or Postbox()).post
    return desk_with(store, post, path / "messages", events={EVENT.slug: EVENT}, seconds=seconds)


def write_now(desk: Desk, entry: OutboxEntry, event: Event) -> Email | NotNeeded:
    """From the store as it is."""
    stands = desk.store.as_they_stand([entry], intakes={event.slug}, breaker=True)
    return desk.write(desk, entry, event, desk.store.intake(event), stands.registered.get(entry.id))


def entry_of(desk: Desk, id: str) -> OutboxEntry:
    entry = desk.store.entry(id)
    assert entry is not None
    return entry


def on_version(store: Store, event: Event, number: int = 1) -> list[str]:
    """The ids on this version of the roster; 1 is the closing's."""
    return [row.id for row in listed(store, event.slug, store.intake(event).versions[number - 1])]


def restore(desk: Desk, event: str, id: str) -> None:
    """As an export and an import do: the registration is there again, and was created now."""
    assert isinstance(desk.store, DocumentStore)
    path, database = f"events/{event}/registrations/{id}", desk.store._database
    values = database.read(path).values
    assert values is not None
    database.commit(Delete(path))
    database.commit(Create(path, values))
