"""The books in an SQLite file: the embedded default, for a laptop or one small server.

The file says which version its tables have (`pragma user_version`), and each record in them of which shape it is (see
`records`).
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rollcall.model.email import CircuitBreaker, OutboxEntry
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event
from rollcall.model.inbound import InboundEmail
from rollcall.model.intake import Closing, EarlierDeadline, Intake
from rollcall.model.registration import BotSignal, IdempotencyKey, QuarantinedForm, Registered, Registration, fold
from rollcall.store.codec import (
    NEW_INBOUND,
    closing_from,
    closing_record,
    history_from,
    history_record,
    inbound_from,
    inbound_record,
    known,
    mail_from,
    mail_record,
    mail_state,
    queue_from,
    queue_record,
    registration_from,
    registration_record,
    shaped,
)

_TABLES = """
create table if not exists clock (only integer primary key check (only = 1), last text not null);
create table if not exists intakes (
    event text primary key, opens_at text, closes_at text, history text, closing text
) without rowid;
create table if not exists registrations (
    event text, id text, received_at text not null, registration text not null, came_at text,
    primary key (event, id)
) without rowid;
create table if not exists kept (
    event text, id text, received_at text not null, registration text not null, sign text not null,
    primary key (event, id)
) without rowid;
create table if not exists roster_pages (
    event text, name text, ids text, primary key (event, name)
) without rowid;
create table if not exists keys (event text, key text, registration text, primary key (event, key)) without rowid;
create table if not exists mails (
    id text primary key, mail text not null, event text not null, address text not null,
    state text not null, due_at text, handed_over_at text, record text not null, queued_at text not null
) without rowid;
create index if not exists mails_due on mails (due_at) where due_at is not null;
create index if not exists mails_unsent on mails (event) where state not in ('sent', 'delivered', 'cancelled');
create index if not exists mails_to on mails (address, handed_over_at);
create table if not exists mail_queue (only integer primary key check (only = 1), queue text not null);
create table if not exists incoming (
    id text primary key, event text not null, stored_at text not null, due_at text, record text not null
) without rowid;
create index if not exists incoming_due on incoming (due_at) where due_at is not null;
create index if not exists incoming_of_event on incoming (event, id);
"""
_VERSION = 5
"""Of these tables, kept in the file (`pragma user_version`)."""
_UPGRADES = {
    4: """
alter table mails add column queued_at text not null default '';
update mails set queued_at = (select last from clock);
""",
}
"""What makes each version's tables the next version's. When the mails of version 4 were queued nobody noted: at the
time of the last commit at the latest."""
_BUSY_AFTER = timedelta(seconds=5)
_RETRY_AFTER = timedelta(seconds=5)
_PASSING = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)
"""Faults of the machine; others are ours, and no trying again mends them."""
_TICK = timedelta(microseconds=1)


class OtherSchema(Exception):
    """The file holds books as another version of Rollcall keeps them."""


class SqliteStore:
    """A `Store` in one file; several threads and processes may use it at once.

    `clock` gives the machine's time. Times are taken inside the write lock and each is later than the one before, even
    where the machine's clock steps back, so that times and commits have one order.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            path, timeout=_BUSY_AFTER.total_seconds(), isolation_level=None, check_same_thread=False
        )
        self._write_ahead()
        self._connection.execute("pragma synchronous = full")
        try:
            self._open(path)
        except BaseException:
            self._connection.close()
            raise

    def _write_ahead(self) -> None:
        """SQLite waits for no lock here, so that of several who open new books at once some are refused."""
        until = time.monotonic() + _BUSY_AFTER.total_seconds()
        while True:
            try:
                self._connection.execute("pragma journal_mode = wal")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(0.01)
            else:
                return

    def _open(self, path: Path) -> None:
        """Books of an earlier version are made this one's, in one transaction: another process may be at it too."""
        with self._transaction() as db:
            ((tables,),) = db.execute("select count(*) from sqlite_master")
            ((version,),) = db.execute("pragma user_version")
            if tables and not min(_UPGRADES) <= version <= _VERSION:
                raise OtherSchema(f"{path} holds the books of another version of Rollcall")
            upgrades = [_UPGRADES[earlier] for earlier in range(version, _VERSION)] if tables else []
            for statement in "".join([*upgrades, _TABLES, f"pragma user_version = {_VERSION}"]).split(";"):
                db.execute(statement)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def now(self) -> datetime:
        """See `Store`."""
        with self._commit() as (_, now):
            return now

    def intake(self, event: Event) -> Intake:
        """See `IntakeStore`."""
        with self._commit() as (db, now):
            db.execute(
                "insert or ignore into intakes values (?, ?, ?, '[]', null)",
                (event.slug, _text(event.opens_at), _text(event.closes_at)),
            )
            row = db.execute(f"select {_INTAKE} from intakes where event = ?", (event.slug,)).fetchone()
        return _intake(now, *row)

    def known_events(self) -> Set[str]:
        """See `IntakeStore`."""
        return {event for (event,) in self._read("select event from intakes", ())}

    def known_intake(self, event: str) -> Intake | None:
        """See `Store`."""
        with self._commit() as (db, now):
            row = db.execute(f"select {_INTAKE} from intakes where event = ?", (event,)).fetchone()
        return _intake(now, *row) if row else None

    def known_intakes(self) -> Mapping[str, Intake]:
        """See `Store`."""
        with self._commit() as (db, now):
            rows = db.execute(f"select event, {_INTAKE} from intakes order by event").fetchall()
        return {event: _intake(now, *row) for event, *row in rows}

    def accept(
        self,
        event: str,
        id: str,
        registration: Registration,
        entry: OutboxEntry,
        key: IdempotencyKey | None = None,
        arrived_at: datetime | None = None,
    ) -> datetime | None:
        """See `Store`. Here a commit's outcome is always known, and no key is forgotten."""
        with self._commit() as (db, now):
            if key and db.execute("select 1 from keys where event = ? and key = ?", (event, key.id)).fetchone():
                return None
            written = _json(shaped(registration_record(registration)))
            registered = (event, id, _text(now), written, _maybe(arrived_at))
            if not _new(db, "insert or ignore into registrations values (?, ?, ?, ?, ?)", registered):
                return None
            if key:
                db.execute("insert into keys values (?, ?, ?)", (event, key.id, id))
            _queue(db, now, entry)
        return now

    def registered_under(self, event: str, key: str) -> str | None:
        """See `Store`."""
        rows = self._read("select registration from keys where event = ? and key = ?", (event, key))
        return rows[0][0] if rows else None

    def registered(self, event: str, id: str) -> Registered | None:
        """See `Store`."""
        rows = self._read(f"select {_REGISTERED} from registrations where event = ? and id = ?", (event, id))
        return _registered(*rows[0]) if rows else None

    def enqueue(self, entry: OutboxEntry) -> None:
        """See `Store`."""
        with self._commit() as (db, now):
            _queue(db, now, entry)

    def quarantine(self, event: str, id: str, registration: Registration, signal: BotSignal) -> None:
        """See `Store`."""
        with self._commit() as (db, now):
            db.execute(
                "insert or replace into kept values (?, ?, ?, ?, ?)",
                (event, id, _text(now), _json(shaped(registration_record(registration))), signal.value),
            )

    def add_inbound(self, event: str, id: str) -> None:
        """See `Store`."""
        with self._commit() as (db, now):
            came = (id, event, _text(now), *_inbound_state(NEW_INBOUND))
            db.execute("insert or ignore into incoming values (?, ?, ?, ?, ?)", came)

    def inbound(self, id: str) -> InboundEmail | None:
        """See `Store`."""
        rows = self._read(f"select {_INBOUND} from incoming where id = ?", (id,))
        return _inbound(*rows[0]) if rows else None

    def save_inbound(self, inbound: InboundEmail, enqueue: Sequence[OutboxEntry] = ()) -> bool:
        """See `Store`."""
        with self._commit() as (db, now):
            values = (*_inbound_state(inbound), inbound.id, inbound.version)
            if not _new(db, "update incoming set due_at = ?, record = ? where id = ? and record = ?", values):
                return False
            for entry in enqueue:
                _queue(db, now, entry)
        return True

    def due_inbound(self, limit: int) -> Sequence[str]:
        """See `Store`."""
        return self._due("incoming", limit)

    def all_inbound(self, event: str, after: str | None, limit: int) -> Sequence[InboundEmail]:
        """See `Store`."""
        rows = self._read(
            f"select {_INBOUND} from incoming where event = ? and id > ? order by id limit ?",
            (event, after or "", limit),
        )
        return [_inbound(*row) for row in rows]

    def due_entries(self, limit: int) -> Sequence[str]:
        """See `Store`."""
        return self._due("mails", limit)

    def entry(self, id: str) -> OutboxEntry | None:
        """See `Store`."""
        rows = self._read(f"select {_MAIL} from mails where id = ?", (id,))
        return _mail(*rows[0]) if rows else None

    def save_entry(self, record: OutboxEntry, enqueue: Sequence[OutboxEntry] = ()) -> bool:
        """See `Store`."""
        with self._commit() as (db, now):
            values = (_json(mail_record(record)), *_state(record), record.id, record.version)
            if not _new(db, f"update mails set mail = ?, {_STATE} where id = ? and record = ?", values):
                return False
            for entry in enqueue:
                _queue(db, now, entry, anew=True)
        return True

    def postpone(self, id: str, until: datetime) -> None:
        """See `Store`."""
        with self._commit() as (db, _):
            change = "update mails set due_at = ?, record = json_set(record, '$.due_at', ?) where id = ?"
            db.execute(change, (_text(until), _text(until), id))

    def recently_sent(self, to: str, since: datetime, limit: int) -> int:
        """See `Store`."""
        ((count,),) = self._read(
            "select count(*) from (select 1 from mails where address = ? and handed_over_at > ? limit ?)",
            (fold(to), _text(since), limit),
        )
        found: int = count
        return found

    def circuit_breaker(self) -> CircuitBreaker:
        """See `Store`."""
        with self._commit() as (db, now):
            row = db.execute("select queue from mail_queue").fetchone()
        return queue_from(known(_read_json(row[0])), now, row[0]) if row else CircuitBreaker(now)

    def save_circuit_breaker(self, breaker: CircuitBreaker, enqueue: Sequence[OutboxEntry]) -> bool:
        """See `Store`."""
        values = (_json(shaped(queue_record(breaker))), breaker.version)
        with self._commit() as (db, now):
            if breaker.version is None:
                written = _new(db, "insert or ignore into mail_queue values (1, ?)", values[:1])
            else:
                written = _new(db, "update mail_queue set queue = ? where queue = ?", values)
            if not written:
                return False
            for entry in enqueue:
                _queue(db, now, entry, anew=True)
        return True

    def registrations(self, event: str, after: str | None, limit: int) -> Sequence[Registered]:
        """See `Store`."""
        rows = self._read(
            f"select {_REGISTERED} from registrations where event = ? and id > ? order by id limit ?",
            (event, after or "", limit),
        )
        return [_registered(*row) for row in rows]

    def roster_page(self, event: str, name: str) -> Sequence[str]:
        """See `Store`."""
        rows = self._read("select ids from roster_pages where event = ? and name = ?", (event, name))
        ids: list[str] = json.loads(rows[0][0]) if rows else []
        return ids

    def quarantined(self, event: str, after: str | None, limit: int) -> Sequence[QuarantinedForm]:
        """See `Store`."""
        rows = self._read(
            "select id, registration, received_at, sign from kept where event = ? and id > ? order by id limit ?",
            (event, after or "", limit),
        )
        return [QuarantinedForm(_registered(*row), BotSignal(sign)) for *row, sign in rows]

    def people(self, event: str, ids: Sequence[str]) -> Sequence[Registered]:
        """See `Store`."""
        rows = self._read(
            f"select {_REGISTERED} from registrations where event = ? and id in (select value from json_each(?))",
            (event, json.dumps(list(ids))),
        )
        return [_registered(*row) for row in rows]

    def unsent_entries(self, event: str, after: str | None, limit: int) -> Sequence[OutboxEntry]:
        """See `Store`."""
        rows = self._read(
            f"select {_MAIL} from mails where event = ? and state not in ('sent', 'delivered', 'cancelled') and id > ? "
            "order by id limit ?",
            (event, after or "", limit),
        )
        return [_mail(*row) for row in rows]

    def due_intakes(self, now: datetime) -> Sequence[str]:
        """See `Store`. It has no index: 10,000 intakes are read through in a few milliseconds."""
        due = "select event from intakes where closing is null and closes_at < ? order by closes_at"
        return [event for (event,) in self._read(due, (_text(now),))]

    def write_roster_page(self, event: str, name: str, ids: Sequence[str]) -> None:
        """See `Store`."""
        with self._commit() as (db, _):
            db.execute("insert or replace into roster_pages values (?, ?, ?)", (event, name, json.dumps(list(ids))))

    def move_deadline(self, event: str, intake: Intake, closes_at: datetime) -> bool:
        """See `Store`."""
        history = (*intake.history, EarlierDeadline(intake.closes_at, intake.as_of))
        with self._commit() as (db, _):
            return _new(
                db,
                "update intakes set closes_at = ?, history = ? where event = ? and history = ? and closing is null",
                (
                    _text(closes_at),
                    _json(history_record(history)),
                    event,
                    _json(history_record(intake.history)),
                ),
            )

    def record_closing(self, event: str, intake: Intake, closing: Closing, entries: Sequence[OutboxEntry]) -> bool:
        """See `Store`."""
        with self._commit() as (db, now):
            change = "update intakes set closing = ? where event = ? and closes_at = ? and closing is null"
            if not _new(db, change, (_json(closing_record(closing)), event, _text(intake.closes_at))):
                return False
            for entry in entries:
                _queue(db, now, entry)
        return True

    def forget(self, event: str, id: str, entries: Sequence[str]) -> None:
        """See `Store`."""
        with self._commit() as (db, _):
            for table in ("registrations", "kept"):
                db.execute(f"delete from {table} where event = ? and id = ?", (event, id))
            for email_id in entries:
                db.execute("delete from mails where id = ?", (email_id,))

    @contextmanager
    def _commit(self) -> Iterator[tuple[sqlite3.Connection, datetime]]:
        """One write transaction and its time."""
        with self._lock, _unavailable_as_ours(), self._transaction() as db:
            yield db, self._tick()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("begin immediate")
        try:
            yield self._connection
            self._connection.execute("commit")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("rollback")
            raise

    def _tick(self) -> datetime:
        last = self._connection.execute("select last from clock").fetchone()
        now = self._clock().astimezone(UTC)
        if last:
            now = max(now, _instant(last[0]) + _TICK)
        self._connection.execute("insert or replace into clock values (1, ?)", (_text(now),))
        return now

    def _due(self, table: str, limit: int) -> Sequence[str]:
        now = _text(self.now())
        rows = self._read(f"select id from {table} where due_at <= ? order by due_at limit ?", (now, limit))
        return [id for (id,) in rows]

    def _read(self, query: str, values: tuple[object, ...]) -> list[Any]:
        with self._lock, _unavailable_as_ours():
            return self._connection.execute(query, values).fetchall()


_INTAKE = "opens_at, closes_at, history, closing"
_REGISTERED = "id, registration, received_at, came_at"
_INBOUND = "id, event, stored_at, record"
_MAIL = "id, mail, record, queued_at"
_STATE = "state = ?, due_at = ?, handed_over_at = ?, record = ?"
_ANEW = "update set " + ", ".join(
    f"{column} = excluded.{column}"
    for column in ("mail", "event", "address", "state", "due_at", "handed_over_at", "record")
)


@contextmanager
def _unavailable_as_ours() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in _PASSING:  # the lower byte is the primary code
            raise
        raise StoreUnavailable(_RETRY_AFTER) from error


def _new(db: sqlite3.Connection, change: str, values: tuple[object, ...]) -> bool:
    """Whether the change changed anything."""
    return db.execute(change, values).rowcount == 1


def _queue(db: sqlite3.Connection, now: datetime, entry: OutboxEntry, *, anew: bool = False) -> None:
    """Where it is queued anew, it was queued when it was first."""
    written = mail_record(entry)
    db.execute(
        f"insert into mails values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do {_ANEW if anew else 'nothing'}",
        (
            entry.id,
            _json(written),
            entry.event,
            written["address"],
            *_state(replace(entry, due_at=entry.not_before)),
            _text(now),
        ),
    )


def _state(record: OutboxEntry) -> tuple[object, ...]:
    """The values of `_STATE`."""
    status = mail_state(record)
    return (status["state"], _maybe(status["due_at"]), _maybe(status["handed_over_at"]), _json(shaped(status)))


def _inbound_state(inbound: InboundEmail) -> tuple[object, ...]:
    """The values of `due_at` and `record`."""
    return (_maybe(inbound.due_at), _json(shaped(inbound_record(inbound))))


def _intake(as_of: datetime, opens_at: str, closes_at: str, history: str, closing: str | None) -> Intake:
    recorded = closing_from(json.loads(closing) if closing else None)
    earlier = history_from(_read_json(history))
    return Intake(_instant(opens_at), _instant(closes_at), recorded, as_of=as_of, history=earlier)


def _registered(id: str, registration: str, received_at: str, arrived_at: str | None = None) -> Registered:
    read = registration_from(known(json.loads(registration)))
    return Registered(id, read, _instant(received_at), _instant(arrived_at) if arrived_at else None)


def _inbound(id: str, event: str, stored_at: str, record: str) -> InboundEmail:
    read = _with_instants(known(json.loads(record)))  # no deeper: answers have names of their own
    return inbound_from(id, event, _instant(stored_at), read, record)


def _mail(id: str, entry: str, record: str, enqueued_at: str) -> OutboxEntry:
    return mail_from(id, known({**_read_json(entry), **_read_json(record)}), _instant(enqueued_at), record)


def _json(value: object) -> str:
    """The record as JSON, with its instants as text."""
    return json.dumps(value, default=_text)


def _read_json(text: str) -> Any:
    """The record that was written; instants come back where they stood."""
    return json.loads(text, object_hook=_with_instants)


def _with_instants(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _instant(value) if name in _INSTANTS and value else value for name, value in record.items()}


_INSTANTS = {
    *("at", "due_at", "handed_over_at", "not_before", "held_since", "held_until", "closes_at", "moved_at", "came_at"),
}


def _text(instant: datetime) -> str:
    """Fixed width, so that texts sort as instants do."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def _maybe(instant: datetime | None) -> str | None:
    return _text(instant) if instant else None


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
