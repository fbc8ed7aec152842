"""The books in an SQLite file: the embedded default, for a laptop or one small server."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rollcall.desk.errors import StoreUnavailable
from rollcall.desk.event import Event
from rollcall.desk.intake import Closing, Intake
from rollcall.desk.mail import Mail, MailRecord
from rollcall.desk.registration import KeptForm, Registered, Registration, Sign
from rollcall.store.records import (
    closing_from,
    closing_record,
    mail_from,
    mail_record,
    mail_state,
    registration_from,
    registration_record,
)

_TABLES = """
create table if not exists clock (only integer primary key check (only = 1), last text not null);
create table if not exists intakes (event text primary key, opens_at text, closes_at text, closing text) without rowid;
create table if not exists registrations (
    event text, id text, received_at text not null, registration text not null, primary key (event, id)
) without rowid;
create table if not exists kept (
    event text, id text, received_at text not null, registration text not null, sign text not null,
    primary key (event, id)
) without rowid;
create table if not exists roster_pages (
    event text, number integer, ids text, primary key (event, number)
) without rowid;
create table if not exists mails (
    id text primary key, mail text not null, event text not null,
    state text not null, due_at text, attempts integer not null, note text not null
) without rowid;
create index if not exists mails_due on mails (due_at) where due_at is not null;
create index if not exists mails_unsent on mails (event) where state <> 'sent';
"""
_BUSY_AFTER = timedelta(seconds=5)
_RETRY_AFTER = timedelta(seconds=5)
_TICK = timedelta(microseconds=1)


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
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = full")
        self._connection.executescript(_TABLES)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def now(self) -> datetime:
        """See `SendingStore`."""
        with self._commit() as (_, now):
            return now

    def intake(self, event: Event) -> Intake:
        """See `IntakeStore`."""
        with self._commit() as (books, now):
            books.execute(
                "insert or ignore into intakes values (?, ?, ?, null)",
                (event.slug, _text(event.opens_at), _text(event.closes_at)),
            )
            opens_at, closes_at, closing = books.execute(
                "select opens_at, closes_at, closing from intakes where event = ?", (event.slug,)
            ).fetchone()
        recorded = closing_from(json.loads(closing) if closing else None)
        return Intake(_instant(opens_at), _instant(closes_at), recorded, as_of=now)

    def accept(self, event: str, id: str, registration: Registration, mail: Mail) -> datetime | None:
        """See `RegisteringStore`."""
        with self._commit() as (books, now):
            written = books.execute(
                "insert or ignore into registrations values (?, ?, ?, ?)",
                (event, id, _text(now), json.dumps(registration_record(registration))),
            )
            if written.rowcount == 0:
                return None
            _queue(books, mail)
        return now

    def registered(self, event: str, id: str) -> Registered | None:
        """See `RegisteringStore`."""
        rows = self._read(
            "select id, registration, received_at from registrations where event = ? and id = ?", (event, id)
        )
        return _registered(*rows[0]) if rows else None

    def queue(self, mail: Mail) -> None:
        """See `RegisteringStore`."""
        with self._commit() as (books, _):
            _queue(books, mail)

    def keep(self, event: str, id: str, registration: Registration, sign: Sign) -> None:
        """See `RegisteringStore`."""
        with self._commit() as (books, now):
            books.execute(
                "insert or replace into kept values (?, ?, ?, ?, ?)",
                (event, id, _text(now), json.dumps(registration_record(registration)), sign.value),
            )

    def due_mails(self, limit: int) -> Sequence[str]:
        """See `SendingStore`."""
        rows = self._read("select id from mails where due_at <= ? order by due_at limit ?", (_text(self.now()), limit))
        return [id for (id,) in rows]

    def mail(self, id: str) -> MailRecord | None:
        """See `SendingStore`."""
        rows = self._read(f"select {_MAIL} from mails where id = ?", (id,))
        return _mail(*rows[0]) if rows else None

    def save_mail(self, record: MailRecord) -> bool:
        """See `SendingStore`."""
        values = mail_state(record)
        due_at = _text(record.due_at) if record.due_at else None
        with self._commit() as (books, _):
            written = books.execute(
                "update mails set state = ?, due_at = ?, attempts = ?, note = ?"
                " where id = ? and state || coalesce(due_at, '') || attempts = ?",
                (values["state"], due_at, values["attempts"], values["note"], record.mail.id, record.version),
            )
        return written.rowcount == 1

    def registrations(self, event: str, after: str | None, limit: int) -> Sequence[Registered]:
        """See `RosterStore`."""
        rows = self._read(
            "select id, registration, received_at from registrations where event = ? and id > ? order by id limit ?",
            (event, after or "", limit),
        )
        return [_registered(*row) for row in rows]

    def roster_page(self, event: str, number: int) -> Sequence[str]:
        """See `RosterStore`."""
        rows = self._read("select ids from roster_pages where event = ? and number = ?", (event, number))
        ids: list[str] = json.loads(rows[0][0]) if rows else []
        return ids

    def kept(self, event: str, after: str | None, limit: int) -> Sequence[KeptForm]:
        """See `RosterStore`."""
        rows = self._read(
            "select id, registration, received_at, sign from kept where event = ? and id > ? order by id limit ?",
            (event, after or "", limit),
        )
        return [KeptForm(_registered(*row), Sign(sign)) for *row, sign in rows]

    def unsent_mails(self, event: str) -> Sequence[MailRecord]:
        """See `RosterStore`."""
        rows = self._read(f"select {_MAIL} from mails where event = ? and state <> 'sent' order by id", (event,))
        return [_mail(*row) for row in rows]

    def write_roster_page(self, event: str, number: int, ids: Sequence[str]) -> None:
        """See `ClosingStore`."""
        with self._commit() as (books, _):
            books.execute(
                "insert or replace into roster_pages values (?, ?, ?)", (event, number, json.dumps(list(ids)))
            )

    def record_closing(self, event: str, intake: Intake, closing: Closing, mails: Sequence[Mail]) -> bool:
        """See `ClosingStore`."""
        with self._commit() as (books, _):
            written = books.execute(
                "update intakes set closing = ? where event = ? and closes_at = ? and closing is null",
                (json.dumps(closing_record(closing)), event, _text(intake.closes_at)),
            )
            if written.rowcount == 0:
                return False
            for mail in mails:
                _queue(books, mail)
        return True

    @contextmanager
    def _commit(self) -> Iterator[tuple[sqlite3.Connection, datetime]]:
        """One write transaction and its time."""
        with self._lock, _unavailable_as_ours():
            self._connection.execute("begin immediate")
            try:
                now = self._tick()
                yield self._connection, now
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

    def _read(self, query: str, values: tuple[object, ...]) -> list[Any]:
        with self._lock, _unavailable_as_ours():
            return self._connection.execute(query, values).fetchall()


_MAIL = "id, mail, state, due_at, attempts, note, state || coalesce(due_at, '') || attempts"


@contextmanager
def _unavailable_as_ours() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StoreUnavailable(_RETRY_AFTER) from error


def _queue(books: sqlite3.Connection, mail: Mail) -> None:
    new = mail_state(MailRecord(mail, due_at=mail.not_before))
    books.execute(
        "insert or ignore into mails values (?, ?, ?, ?, ?, ?, ?)",
        (
            mail.id,
            json.dumps(mail_record(mail), default=_text),
            mail.event,
            new["state"],
            _text(new["due_at"]),
            new["attempts"],
            new["note"],
        ),
    )


def _registered(id: str, registration: str, received_at: str) -> Registered:
    return Registered(id, registration_from(json.loads(registration)), _instant(received_at))


def _mail(id: str, mail: str, state: str, due_at: str | None, attempts: int, note: str, version: str) -> MailRecord:
    written = {"state": state, "due_at": _instant(due_at) if due_at else None, "attempts": attempts, "note": note}
    owed = json.loads(mail)
    return mail_from(id, {**owed, "not_before": _instant(owed["not_before"]), **written}, version)


def _text(instant: datetime) -> str:
    """Fixed width, so that texts sort as instants do."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
