"""Upgrades: today's code reads what every version wrote, in the shapes that tests/contract/samples has."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from google.cloud import firestore

from rollcall.desk.ports import Store
from rollcall.model.email import AT_ONCE, AttemptOutcome, EmailKind, EmailStatus, roster_entry
from rollcall.model.errors import StoreUnavailable
from rollcall.model.inbound import FormStatus, InboundStatus
from rollcall.model.intake import Closing
from rollcall.model.registration import BotSignal
from rollcall.store.codec import SHAPE, NewerShape
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import OtherSchema, SqliteStore
from tests.conftest import Clock
from tests.contract import sample
from tests.contract.sample import (
    CLOSING,
    CONFIRMATIONS,
    EVENT,
    HISTORY,
    INCOMING,
    KEPT,
    MAILS,
    MOVED_TO,
    OPEN,
    PAGE,
    PEOPLE,
    QUEUE,
    SAMPLES,
)

NEWEST = sample.numbers()[-1]
STORE_A_SAMPLE = """Today's code writes other documents than the newest sample has. If the last release would misread
them, raise SHAPE in rollcall/store/codec.py (which says when that is so), and have the earlier shapes read too. Then
store a sample: .venv/bin/python -m tests.contract.sample (first delete the newest where no release wrote it)."""


@dataclass(frozen=True)
class Loaded:
    """Books that have a sample in them."""

    store: Store
    change: Callable[[Callable[[dict[str, Any]], dict[str, Any]]], None]
    """Writes over every record, as the function makes it."""


_JSON_COLUMNS = {
    "registrations": "registration",
    "kept": "registration",
    "mails": "record",
    "incoming": "record",
    "mail_queue": "queue",
}


def _load(request: pytest.FixtureRequest, store: str, number: int, tmp_path: Path) -> Loaded:
    if store == "sqlite":
        path = tmp_path / "books.sqlite3"
        sample.sqlite_from_text(path, (SAMPLES / str(number) / "books.sql").read_text("utf-8"))

        def change_rows(changed: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
            with sqlite3.connect(path) as connection:
                connection.create_function("changed", 1, lambda entry: json.dumps(changed(json.loads(entry))))
                for table, column in _JSON_COLUMNS.items():
                    connection.execute(f"update {table} set {column} = changed({column})")
            connection.close()

        return Loaded(SqliteStore(path, Clock(sample.NOON + sample.DAY)), change_rows)

    client = firestore.Client(project=request.getfixturevalue("project"))
    sample.firestore_from_text(client, (SAMPLES / str(number) / "firestore.json").read_text("utf-8"))

    def change_documents(changed: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        for snapshot in sample.all_documents(client):
            snapshot.reference.set(changed(snapshot.to_dict() or {}))

    return Loaded(FirestoreStore(client), change_documents)


@pytest.fixture(params=[(store, number) for store in ("sqlite", "firestore") for number in sample.numbers()], ids=str)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each sample that is stored, as today's code opens it."""
    kind, number = request.param
    return _load(request, kind, number, tmp_path).store


@pytest.fixture(params=["sqlite", "firestore"])
def newest(request: pytest.FixtureRequest, tmp_path: Path) -> Loaded:
    """The newest sample."""
    return _load(request, request.param, NEWEST, tmp_path)


def assert_all_is_read(store: Store) -> None:
    intake, open_intake = store.intake(EVENT), store.intake(OPEN)
    assert (intake.opens_at, intake.closes_at) == (EVENT.opens_at, MOVED_TO[-1])
    assert (intake.closing, intake.history) == (CLOSING, HISTORY)
    assert (open_intake.opens_at, open_intake.closes_at) == (OPEN.opens_at, OPEN.closes_at)
    assert (open_intake.closing, open_intake.history) == (None, ())

    assert store.known_events() == {"sample", "open"}
    assert store.due_intakes(OPEN.closes_at + sample.HOUR) == ["open"]

    registered = store.registrations("sample", None, 10)
    assert {one.id: (one.registration, one.registration.e164, one.arrived_at) for one in registered} == {
        id: (registration, registration.e164, arrived_at) for id, (registration, _, arrived_at) in PEOPLE.items()
    }
    for one in registered:
        written, key, _ = PEOPLE[one.id]
        names = (written.family_name, written.first_name, written.email, written.signed_on)
        read = one.registration
        assert (read.family_name, read.first_name, read.email, read.signed_on) == names
        assert store.registered("sample", one.id) == one
        assert key is None or store.registered_under("sample", key.id) == one.id
    kept = {one.id: (one.form.registration, one.sign) for one in store.quarantined("sample", None, 10)}
    assert kept == KEPT
    assert sorted(store.people("sample", list(PEOPLE)), key=lambda one: one.id) == registered
    assert store.roster_page("sample", "2-000000") == PAGE

    assert [store.entry(entry.id) for entry in MAILS] == list(MAILS)
    unsent = [entry for entry in MAILS if entry.status not in (EmailStatus.SENT, EmailStatus.DELIVERED)]
    assert sorted(store.unsent_entries("sample", None, 99), key=MAILS.index) == unsent
    assert set(store.due_entries(20)) >= {entry.id for entry in MAILS if entry.due_at == AT_ONCE}
    assert store.recently_sent("MAI@mpt.example.org", sample.NOON - sample.HOUR, 50) == 6
    queue = store.circuit_breaker()
    assert replace(queue, as_of=QUEUE.as_of) == QUEUE

    inbound = store.all_inbound("sample", None, 10)
    assert [replace(one, stored_at=sample.NOON) for one in inbound] == list(INCOMING)
    assert [store.inbound(one.id) for one in inbound] == inbound
    assert "M0" in store.due_inbound(10)


def test_what_every_version_wrote_is_read(store: Store) -> None:
    assert_all_is_read(store)


def test_what_every_version_wrote_is_worked_on(store: Store) -> None:
    """A mail is sent, a message read, a person registered again, a queue let go, a deadline moved, an intake closed."""
    queued, unread, intake = store.entry(CONFIRMATIONS["B"].id), store.inbound("M0"), store.intake(OPEN)
    assert queued
    assert unread
    sent = replace(queued, status=EmailStatus.SENT, due_at=None, attempts=MAILS[0].attempts)
    assert store.save_entry(sent, [roster_entry("sample", 9, "a@example.org")])
    assert store.entry(queued.id) == sent
    assert not store.save_entry(queued)
    done = replace(INCOMING[1], id="M0", stored_at=unread.stored_at, version=unread.version)
    assert store.save_inbound(done)
    assert store.inbound("M0") == done
    assert store.accept("sample", "A", PEOPLE["A"][0], CONFIRMATIONS["A"]) is None
    assert store.save_circuit_breaker(replace(store.circuit_breaker(), open_until=None), [])
    assert store.circuit_breaker().open_until is None
    assert store.move_deadline("open", intake, OPEN.closes_at + sample.DAY)
    moved = store.intake(OPEN)
    assert moved.closes_at == OPEN.closes_at + sample.DAY
    assert not store.move_deadline("open", intake, OPEN.closes_at)
    assert store.record_closing("open", moved, Closing(0, "", 0), [roster_entry("open", 1, "a@example.org")])
    assert not store.record_closing("open", moved, Closing(1, "", 0), [])
    assert store.intake(OPEN).closing == Closing(0, "", 0)
    assert store.intake(EVENT).closing == CLOSING


def test_the_sample_has_something_of_every_kind() -> None:
    forms = [form for message in INCOMING for form in message.forms]
    assert {entry.kind for entry in MAILS} == set(EmailKind)
    assert {entry.status for entry in MAILS} == set(EmailStatus)
    assert {attempt.outcome for entry in MAILS for attempt in entry.attempts} == set(AttemptOutcome)
    assert {message.status for message in INCOMING} == set(InboundStatus)
    assert {form.status for form in forms} == set(FormStatus)
    assert {sign for _, sign in KEPT.values()} == set(BotSignal)


def test_the_sample_has_something_in_every_field() -> None:
    """A field that is new in the desk's dataclasses, and that nobody writes down, would else be lost in silence."""
    forms, entries = [form for one in INCOMING for form in one.forms], [entry for entry in MAILS]
    attempts = [attempt for entry in MAILS for attempt in entry.attempts]
    people = [registration for registration, _, _ in PEOPLE.values()]
    for ones in (MAILS, entries, attempts, INCOMING, forms, [QUEUE], people, [CLOSING], HISTORY):
        names = {one.name for one in fields(ones[0])} - {"version", "queued_at"}  # the store's own
        filled_in = {name for name in names for one in ones if getattr(one, name) not in _NOTHING}
        assert names - filled_in == set(), type(ones[0])


_NOTHING: tuple[object, ...] = (None, "", (), {}, 0, False, AT_ONCE)


def test_the_newest_sample_is_what_today_s_code_writes_to_firestore(project: str) -> None:
    client = firestore.Client(project=project)
    sample.fill(FirestoreStore(client))
    assert sample.firestore_as_text(client) == newest_documents(), STORE_A_SAMPLE
    assert {snapshot.get("shape") for snapshot in sample.all_documents(client)} == {SHAPE}


def test_the_newest_sample_is_what_today_s_code_writes_to_sqlite(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "books.sqlite3"
    sample.fill(SqliteStore(path, clock))
    stored = (SAMPLES / str(NEWEST) / "books.sql").read_text("utf-8")
    assert sample.without_times(sample.sqlite_as_text(path)) == sample.without_times(stored), STORE_A_SAMPLE


def test_whoever_writes_a_document_writes_it_in_today_s_shape(project: str) -> None:
    client = firestore.Client(project=project)
    sample.firestore_from_text(client, (SAMPLES / "0" / "firestore.json").read_text("utf-8"))
    store = FirestoreStore(client)
    for entry in MAILS:
        read = store.entry(entry.id)
        assert read
        assert store.save_entry(read)
    for message in store.all_inbound("sample", None, 10):
        assert store.save_inbound(message)
    assert store.save_circuit_breaker(store.circuit_breaker(), [])
    assert store.move_deadline("open", store.intake(OPEN), OPEN.closes_at)
    for id, (registration, sign) in KEPT.items():
        store.quarantine("sample", id, registration, sign)
    store.write_roster_page("sample", "2-000000", PAGE)
    now, newest = (json.loads(text) for text in (sample.firestore_as_text(client), newest_documents()))
    written = [path for path in now if path.split("/")[-2] in ("mails", "incoming", "queues", "kept", "roster")]
    assert len(written) == len(MAILS) + len(INCOMING) + 1 + len(KEPT) + 1
    assert {path: now[path] for path in written} == {path: newest[path] for path in written}
    assert now["intakes/open"]["shape"] == SHAPE


def test_a_field_that_this_code_does_not_know_is_passed_over(newest: Loaded) -> None:
    """So a version that only added fields can be taken back."""

    def more(value: Any, place: str = "") -> Any:
        if isinstance(value, list):
            return [more(one, place) for one in value]
        if isinstance(value, dict) and place not in ("answers", "e164", "faults"):
            return {name: more(one, name) for name, one in value.items()} | {"new": 1}
        return value

    newest.change(more)
    assert_all_is_read(newest.store)


def test_a_field_that_this_code_does_not_know_is_left_in_firestore(project: str) -> None:
    client = firestore.Client(project=project)
    sample.firestore_from_text(client, newest_documents())
    store, document = FirestoreStore(client), client.document("mails", CONFIRMATIONS["B"].id)
    document.update({"new": 1})
    entry = store.entry(document.id)
    assert entry
    assert store.save_entry(replace(entry, status=EmailStatus.SENT))
    written = document.get().to_dict() or {}
    assert (written["new"], written["state"]) == (1, "sent")


def test_what_has_a_newer_shape_is_not_touched(newest: Loaded) -> None:
    read = [newest.store.entry(entry.id) for entry in MAILS]
    newest.change(lambda entry: {**entry, "shape": SHAPE + 1})
    store = newest.store
    readings: list[Callable[[], object]] = [
        lambda: store.registered("sample", "A"),
        lambda: store.registrations("sample", None, 10),
        lambda: store.people("sample", ["A"]),
        lambda: store.quarantined("sample", None, 10),
        lambda: store.entry(MAILS[0].id),
        lambda: store.unsent_entries("sample", None, 99),
        lambda: store.inbound("M1"),
        lambda: store.all_inbound("sample", None, 10),
        lambda: store.circuit_breaker(),
    ]
    if isinstance(store, FirestoreStore):  # in SQLite these are columns, and their version is the file's
        readings += [
            lambda: store.intake(EVENT),
            lambda: store.registered_under("sample", "a key"),
            lambda: store.roster_page("sample", "2-000000"),
        ]
    for reading in readings:
        with pytest.raises(StoreUnavailable) as unavailable:
            reading()
        assert isinstance(unavailable.value.__cause__, NewerShape)
    assert not any(store.save_entry(entry) for entry in read if entry)
    assert store.due_entries(10) != []


class TestSqliteFiles:
    """Books of an earlier version are made today's where they are."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "books.sqlite3"
        sample.sqlite_from_text(path, (SAMPLES / "0" / "books.sql").read_text("utf-8"))
        return path

    def test_the_tables_are_those_of_new_books(self, path: Path, tmp_path: Path, clock: Clock) -> None:
        SqliteStore(path, clock).close()
        SqliteStore(tmp_path / "new.sqlite3", clock).close()
        columns, indexes, version = (
            "select t.name, cid, c.name from sqlite_master t, pragma_table_info(t.name) c order by 1, 2",
            "select name, sql from sqlite_master where type = 'index' order by 1",
            "pragma user_version",
        )
        for question in (columns, indexes, version):
            assert _asked(path, question) == _asked(tmp_path / "new.sqlite3", question)

    def test_its_mails_were_queued_before_it_was_upgraded(self, path: Path, clock: Clock) -> None:
        ((last,),) = _asked(path, "select last from clock")
        store = SqliteStore(path, clock)
        assert {entry.enqueued_at.isoformat() for entry in store.unsent_entries("sample", None, 99)} == {last}

    def test_several_open_it_at_once(self, path: Path, clock: Clock) -> None:
        together, opened = Barrier(4), []

        def one() -> None:
            together.wait()
            opened.append(SqliteStore(path, clock))

        threads = [Thread(target=one) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(opened) == 4
        assert opened[0].entry(CONFIRMATIONS["A"].id) == MAILS[0]

    @pytest.mark.parametrize("version", [0, 3, 99])
    def test_books_that_it_cannot_read_stay_as_they_are(self, path: Path, clock: Clock, version: int) -> None:
        with sqlite3.connect(path) as connection:
            connection.execute(f"pragma user_version = {version}")
        connection.close()
        before = sample.sqlite_as_text(path)
        with pytest.raises(OtherSchema):
            SqliteStore(path, clock)
        assert sample.sqlite_as_text(path) == before


def newest_documents() -> str:
    """The newest sample's, for Firestore."""
    return (SAMPLES / str(NEWEST) / "firestore.json").read_text("utf-8")


def _asked(path: Path, question: str) -> list[Any]:
    connection = sqlite3.connect(path)
    answer = connection.execute(question).fetchall()
    connection.close()
    return answer
