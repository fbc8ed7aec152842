"""The deadline passes while people register: several real processes, both stores, clocks that are right and wrong."""

import base64
import csv
import io
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import grpc
import openpyxl
import pytest

from rollcall.desk.deadline import Moved, move_deadline
from rollcall.desk.ports import Store
from rollcall.local.trigger import trigger_of
from rollcall.model.email import EmailKind, Unknown, roster_entry
from rollcall.model.event import Event
from rollcall.model.registration import reference
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import SqliteStore
from schemas.event import read_events
from tests.support.builders import EVENTS, a_form, a_registration, desk_with, id_of
from tests.support.desk import on_version
from tests.support.faulty_firestore import FaultyFirestore, faulty_firestore
from tests.support.left_out import leave_out
from tests.support.sendgrid_api import SendGridApi, sendgrid_api
from tests.support.served import Answer, Served, function, until
from tests.support.stores import store_settings

SLUG = "soon"
ANYBODY = a_registration()
STAFF = ["spumail@itu.int", "second@itu.int"]
CLOCKS = (0, +2, -2)
"""Seconds by which the machines' clocks are fast."""
THREADS = 12
TOO_LATE = 100
"""How many people come after the deadline."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def skewed_clock(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A library that skews the clock of the process into which it is loaded."""
    compiler = shutil.which("cc")
    if compiler is None:
        leave_out("machines whose clocks are wrong: there is no C compiler")
    library = tmp_path_factory.mktemp("clock") / "skewed_clock.so"
    source = Path(__file__).with_name("skewed_clock.c")
    subprocess.run([str(compiler), "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    return str(library)


@dataclass(frozen=True)
class Database:
    """A store, and where the functions find them."""

    environment: dict[str, str]

    def store(self) -> Store:
        """The store, as another process opens it."""
        if self.environment["STORE"] == "firestore":
            return FirestoreStore(self.environment["GOOGLE_CLOUD_PROJECT"])
        return SqliteStore(Path(self.environment["SQLITE_PATH"]), lambda: datetime.now(UTC))

    @property
    def event(self) -> Event:
        """As its file announces it: it closes some days from now."""
        return read_events(Path(self.environment["EVENTS"]))[SLUG]

    def close_in(self, seconds: float) -> datetime:
        """Make the intake, which nobody has read yet, with a deadline so many seconds from now; gives the deadline."""
        closes_at = self.store().now() + timedelta(seconds=seconds)
        return self.store().intake(replace(self.event, closes_at=closes_at)).closes_at

    def on_roster(self) -> list[str]:
        """The first names of those whom the closing recorded."""
        store = self.store()
        return [one.registration.first_name for one in store.registered_among(SLUG, on_version(store, self.event))]


@pytest.fixture(params=["sqlite", "firestore"])
def db(request: pytest.FixtureRequest, tmp_path: Path, events_folder: Path) -> Database:
    closes = datetime.now(UTC).date() + timedelta(days=9)
    letter = (EVENTS / "intgov04.toml").read_text("utf-8").replace("closes = 2004-02-20", f"closes = {closes}")
    letter = letter.replace('staff = ["spumail@itu.int"]', f"staff = {STAFF}")
    (events_folder / f"{SLUG}.toml").write_text(letter, "utf-8")
    environment = {"EVENTS": str(events_folder), **store_settings(request, tmp_path)}
    return Database(environment)


@dataclass
class Rush:
    """People who register and schedulers who call, each thread again and again until it is over."""

    over: threading.Event = field(default_factory=threading.Event)
    answers: dict[str, Answer] = field(default_factory=dict)
    """By the person's first name."""
    closed: list[dict[str, int]] = field(default_factory=list)
    """What the calls that closed anything answered."""
    pause: float = 0.0
    """Seconds between two people of a thread: the emulator, without indexes, takes long to list many."""

    def register(self, served: Served, thread: int) -> None:
        """The people of one thread; who is asked to come again comes again."""
        number = 0
        while not self.over.wait(self.pause):
            name = f"Person {thread} {(number := number + 1)}."
            while (answer := send(served, name)).status == 503:
                pass
            self.answers[name] = answer

    def close(self, served: Served) -> None:
        """A scheduler that cannot wait."""
        while not self.over.is_set():
            if closed := served.ask("POST", "/").json["closed"]:
                self.closed.append(closed)

    def run(self, registers: Sequence[Served], closers: Sequence[Served]) -> None:
        """Until the intake was closed, and some more people came."""
        with ThreadPoolExecutor(THREADS + 2 * len(closers)) as threads:
            working = [
                threads.submit(self.register, registers[thread % len(registers)], thread) for thread in range(THREADS)
            ]
            working += [threads.submit(self.close, served) for served in [*closers, *closers]]
            try:
                until(lambda: self.closed and self.too_late() >= TOO_LATE, seconds=90)
            finally:
                self.over.set()
        for worked in working:
            worked.result()

    def too_late(self) -> int:
        """How many were told that they come too late."""
        return [answer.status for answer in list(self.answers.values())].count(410)

    def told(self, *statuses: int, stored: bool) -> set[str]:
        """First names of the people who were answered so, with a reference to quote or without."""
        return {
            name
            for name, answer in self.answers.items()
            if answer.status in statuses and stored is ("reference" in answer.json)
        }


def test_who_was_told_yes_is_on_the_roster_and_nobody_else(db: Database, skewed_clock: str) -> None:
    rush = Rush()
    with ExitStack() as stack:
        machines = [("register", skew) for skew in CLOCKS] + [("close_intake", skew) for skew in CLOCKS[1:]]
        served = started(stack, db, machines, skewed_clock)
        registers, closers = served[: len(CLOCKS)], served[len(CLOCKS) :]
        db.close_in(4)
        assert [served.ask("POST", "/").json for served in closers] == [{"closed": {}}] * 2
        rush.run(registers, closers)

        yes, late, refused = rush.told(200, 201, stored=True), rush.told(410, stored=True), rush.told(410, stored=False)
        assert yes | late | refused == {name for name in rush.answers}
        assert set(db.on_roster()) == yes
        assert len(db.on_roster()) == len(yes)
        assert {one.registration.first_name for one in db.store().registrations(SLUG, None, 100_000)} == yes | late
        assert rush.closed == [{SLUG: len(yes)}]
        assert len(yes) > THREADS
        assert [served.ask("POST", "/").json for served in closers] == [{"closed": {}}] * 2

        api = stack.enter_context(sendgrid_api())
        assert_the_staff_have_it(stack, db, api, rush, yes, late)


def assert_the_staff_have_it(
    stack: ExitStack, db: Database, api: SendGridApi, rush: Rush, yes: set[str], late: set[str]
) -> None:
    """One roster for each of the staff; its list is who was told yes, and who came late is named apart."""
    sender = {"SENDGRID_API_KEY": "SG.key", "SENDGRID_HOST": api.url, "MAIL_FROM": "registration@rollcall.example"}
    send_mail = stack.enter_context(function("send_mail", **db.environment, **sender))
    for to in (*STAFF, *STAFF):
        assert send_mail.ask("POST", "/", b"", trigger_of(roster_entry(SLUG, 1, to).id)).status == 200
    assert [body["personalizations"][0]["to"] for body in api.bodies] == [[{"email": email}] for email in STAFF]
    enqueue = [entry for entry in db.store().unsent_entries(SLUG, None, 100_000)]
    assert {entry.kind for entry in enqueue} == {EmailKind.CONFIRMATION}
    names = {one.id: one.registration.first_name for one in db.store().registrations(SLUG, None, 100_000)}
    assert sorted(names[entry.registration_id or ""] for entry in enqueue) == sorted(yes | late)
    for body in api.bodies:
        lines = base64.b64decode(body["attachments"][1]["content"]).decode("utf-8").splitlines()
        assert {row["first_name"] for row in csv.DictReader(lines)} == yes
        workbook = openpyxl.load_workbook(io.BytesIO(base64.b64decode(body["attachments"][0]["content"])))
        rows = workbook["Late"].iter_rows(2, values_only=True) if late else ()
        assert {row[4] for row in rows} == late


def test_a_deadline_moved_earlier_while_instances_have_the_old_one(db: Database) -> None:
    """Moved as little ahead as readings are good for: the desk itself asks for more (`MOVED_AHEAD`). No instance reads
    the intake again by itself."""
    rush = Rush(pause=0.1)
    with ExitStack() as stack:
        short_sighted = {"source": "tests/support/impatient.py", "GOOD_FOR": "2"}
        *registers, closer = started(stack, db, SOME_MACHINES, **short_sighted)
        assert [send(served, f"Before {number}").status for number, served in enumerate(registers)] == [201, 201]
        before = {"Before 0", "Before 1"}
        store = db.store()
        intake = store.intake(db.event)
        closes_at = intake.as_of + timedelta(seconds=3)
        assert store.move_deadline(SLUG, intake, closes_at)
        rush.run(registers, [closer])
    yes = before | rush.told(200, 201, stored=True)
    assert set(db.on_roster()) == yes
    assert rush.closed == [{SLUG: len(yes)}]
    assert rush.too_late() >= TOO_LATE


def test_a_deadline_moved_later_while_instances_have_the_old_one(db: Database) -> None:
    """Nobody is refused before a fresh look."""
    with ExitStack() as stack:
        *registers, close = started(stack, db, SOME_MACHINES)
        closes_at = db.close_in(2)
        for served in registers:
            assert served.ask("GET", f"/register/{SLUG}").status == 200
        move(db, closes_at + timedelta(days=1))
        until(lambda: datetime.now(UTC) > closes_at)
        assert [send(served, f"After {number}").status for number, served in enumerate(registers)] == [201, 201]
        assert close.ask("POST", "/").json == {"closed": {}}


def move(db: Database, closes_at: datetime) -> None:
    """The staff move the deadline."""
    store = db.store()
    desk = desk_with(store, lambda message: Unknown("nothing is posted"), Path("unused"), events={})
    assert move_deadline(desk.store, db.event, closes_at) == Moved(closes_at)


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
@pytest.mark.parametrize("skew", [+2, -2])
def test_the_clock_is_really_wrong(db: Database, skewed_clock: str, skew: int) -> None:
    with ExitStack() as stack:
        (register,) = started(stack, db, [("register", skew)], skewed_clock)
        answer = send(register, "Anybody")
        shown = parsedate_to_datetime(answer.headers["Date"])
    assert answer.status == 201
    assert abs((shown - datetime.now(UTC)).total_seconds() - skew) < 1.9


def test_a_machine_whose_clock_ran_ahead_for_weeks_closes_nothing_for_good(db: Database, skewed_clock: str) -> None:
    weeks = int(timedelta(days=20).total_seconds())
    with ExitStack() as stack:
        register, close = started(stack, db, [("register", weeks), ("close_intake", weeks)], skewed_clock)
        assert send(register, "Ahead").status in (201, 410)  # Firestore goes by its own clock
        close.ask("POST", "/")
    with ExitStack() as stack:
        (register,) = started(stack, db, [("register", 0)])
        assert send(register, "Right").status == 201
        assert db.store().intake(db.event).closing is None


def test_a_form_that_is_under_way_when_the_deadline_passes_is_kept_as_late(db: Database) -> None:
    with ExitStack() as stack:
        on_the_way = stack.enter_context(way_to(db))
        (close,) = started(stack, db, [("close_intake", 0)])
        (register,) = started(stack, on_the_way, [("register", 0)])
        closes_at = db.close_in(2)
        assert send(register, "Early").status == 201
        with ThreadPoolExecutor() as thread, on_the_way.held_up():
            answering = thread.submit(send, register, "Under way")
            until(lambda: datetime.now(UTC) > closes_at)
        answer = answering.result()
        id = id_of(db.store(), replace(ANYBODY, first_name="Under way"), SLUG)
        assert (answer.status, answer.json["reference"]) == (410, reference(id))
        again = send(register, "Under way")
        assert (again.status, again.json["reference"]) == (410, reference(id))
        assert close.ask("POST", "/").json == {"closed": {SLUG: 1}}
    assert db.on_roster() == ["Early"]
    everyone = [one.registration.first_name for one in db.store().registrations(SLUG, None, 10)]
    assert sorted(everyone) == ["Early", "Under way"]


@dataclass(frozen=True)
class Way:
    """The way of a commit to the store."""

    environment: dict[str, str]
    held_up: Callable[[], AbstractContextManager[object]]
    """While this lasts, no commit arrives."""


@contextmanager
def way_to(db: Database) -> Iterator[Way]:
    """To SQLite past the write lock, to Firestore over a line that can be held up."""
    if "SQLITE_PATH" in db.environment:
        yield Way(db.environment, lambda: locked(db.environment["SQLITE_PATH"]))
        return
    with faulty_firestore(db.environment["FIRESTORE_EMULATOR_HOST"]) as line:
        yield Way(db.environment | {"FIRESTORE_EMULATOR_HOST": line.address}, lambda: commits_held_up(line))


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Another process has SQLite's write lock."""
    with closing(sqlite3.connect(path, isolation_level=None)) as elsewhere:
        elsewhere.execute("begin immediate")
        yield
        elsewhere.execute("commit")


@contextmanager
def commits_held_up(line: FaultyFirestore) -> Iterator[None]:
    """Commits wait on the line, and arrive in the end."""
    goes_on = threading.Event()

    def wait(answers: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        goes_on.wait()
        yield from answers

    line.order("Commit", *[wait] * 9)
    yield
    line.forget_orders()
    goes_on.set()


SOME_MACHINES = [("register", 0), ("register", 0), ("close_intake", 0)]


def started(
    stack: ExitStack, db: "Database | Way", machines: Sequence[tuple[str, int]], skewed_clock: str = "", **how: str
) -> list[Served]:
    """Functions, started at once, each on a machine whose clock is so many seconds fast. None has read the intake."""

    def start(machine: tuple[str, int]) -> Served:
        target, skew = machine
        clock = {"LD_PRELOAD": skewed_clock, "CLOCK_SKEW": str(skew)} if skew else {}
        served = stack.enter_context(function(target, **db.environment, **clock, **how))
        if target == "register":
            assert served.ask("GET", "/register/openapi.json").status == 200
        return served

    with ThreadPoolExecutor() as threads:
        return list(threads.map(start, machines))


def send(served: Served, name: str) -> Answer:
    return served.post_json(f"/register/{SLUG}", a_form(first_name=name))
