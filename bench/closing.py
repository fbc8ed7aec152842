"""What closing an event takes, and drawing up its roster, for 1,000, 10,000 and 100,000 registrations: whether both are
linear in time and hold no more than a page in memory, and whether the commit that closes takes the same for all.

The books, in SQLite and in the Firestore emulator, are filled with people, of whom one in a hundred is late, and with
their confirmations, of which one in fifty did not arrive. Then, each in a process of its own:

1. The intake is closed; the commit that decides is also taken by itself.
2. The roster is drawn up and its e-mail written, as `send` does it. The CSV, the workbook and the mail are taken by
   themselves too; the rest of the whole is reading the people and sorting their rows.

Memory is the most that the process had (VmHWM, proc(5)), and, since on Cloud Run files are in memory too, the most that
its temporary files took, looked at again and again. The processor's time is the process's own. What the emulator takes
is not in it, but is in the seconds: it has no indexes, and goes through all documents for each page, so that its
seconds grow with the square of the people, as Firestore's do not.

Prints a table, and writes it to `bench/results/closing.json`. Needs Linux, and gcloud's Firestore emulator. What is
measured can be said: `SIZES=100000 STORES=firestore python -m bench.closing`; that takes the emulator half an hour, and
is left out unless it is said.
"""

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.emulator import emulator
from bench.machine import keep
from bench.serving import MB, ROOT
from rollcall.desk.close import close
from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.documents.roster import SortedRows, roster_sheet, write_table, write_workbook
from rollcall.emails import roster as roster_email
from rollcall.model.email import Attempt, AttemptOutcome, EmailStatus, OutboxEntry, Unknown, confirmation, roster_entry
from rollcall.model.event import Event
from rollcall.model.intake import Closing, Intake
from rollcall.model.registration import Registration, registration_id
from rollcall.model.roster import Drawn, RosterContent, RosterFile
from rollcall.store.codec import mail_record, mail_state, registration_record, shaped
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import a_registration, an_event, desk_with

_USUAL = {"sqlite": (1000, 10_000, 100_000), "firestore": (1000, 10_000)}
ONE_IN_LATE, ONE_IN_UNDELIVERED = 100, 50
_AT_ONCE = 250
"""People in a commit of the filling."""


@dataclass(frozen=True)
class Took:
    """What one step took: seconds, and seconds of processor."""

    seconds: float
    cpu: float


@dataclass(frozen=True)
class Measured:
    """What one process did."""

    store: str
    registrations: int
    work: str
    took: dict[str, Took]
    """By step; the whole is named as the work."""
    memory_started: float
    memory_most: float
    """MB, of the process."""
    files_most: float
    """MB, of its temporary files."""
    sizes: dict[str, int]
    """Bytes, by file."""


@dataclass(frozen=True)
class Database:
    """Books, and where another process finds them."""

    store: str
    where: str
    """The file, or the project in the emulator."""
    registrations: int
    files: str
    """The folder of its files."""
    closes_at: str = ""

    @property
    def event(self) -> Event:
        """The event that is closed."""
        closes_at = datetime.fromisoformat(self.closes_at) if self.closes_at else datetime.now(UTC) + timedelta(days=1)
        return an_event(closes_at=closes_at, opens_at=closes_at - timedelta(days=30))

    def opened(self) -> Store:
        """The books."""
        if self.store == "sqlite":
            return SqliteStore(Path(self.where), lambda: datetime.now(UTC))
        from google.cloud import firestore

        import rollcall.store.firestore as store_module

        store_module._ONE_TRY = store_module._BOUND = 120.0  # without an index, a page takes longer than Google would
        return store_module.FirestoreStore(firestore.Client(project=self.where))


def main() -> None:
    """`python -m bench.closing`."""
    stores, sizes = os.environ.get("STORES", " ".join(_USUAL)).split(), os.environ.get("SIZES", "").split()
    run({store: tuple(map(int, sizes)) or _USUAL[store] for store in stores})


def run(sizes: Mapping[str, Sequence[int]]) -> None:
    """Measure, print and write; by store, for so many people."""
    found: list[Measured] = []
    print(_HEAD)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if "firestore" in sizes:
            stack.enter_context(emulator())
        for store in sizes:
            for size in sizes[store]:
                db = _filled(store, folder, size)
                for work in ("close", "roster"):
                    found.append(_in_a_process_of_its_own(work, db))
                    _show(found[-1])
    keep("closing", [asdict(one) for one in found])


def _in_a_process_of_its_own(work: str, db: Database) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.closing", work, json.dumps(asdict(db))]
        files = {"TMPDIR": folder, "SQLITE_TMPDIR": folder}
        ran = subprocess.run(command, cwd=ROOT, env={**os.environ, **files}, stdout=subprocess.PIPE, check=True)
    said = json.loads(ran.stdout)
    return Measured(**{**said, "took": {step: Took(**took) for step, took in said["took"].items()}})


def measure_one(work: str, db: Database) -> None:
    """In a process of its own: do the work, and say what it took."""
    store, watch = db.opened(), Watch(Path(tempfile.gettempdir()))
    desk = desk_with(store, lambda _: Unknown("nothing is posted"), Path(db.files), events={})
    store.intake(db.event)  # the connection is made
    memory_started = _memory()
    with watch.watched():
        sizes = _close(desk, db.event, watch) if work == "close" else _roster(desk, db.event, watch)
    measured = Measured(
        db.store,
        db.registrations,
        work,
        watch.took,
        memory_started,
        _memory(),
        watch.files_most / MB,
        sizes,
    )
    print(json.dumps(asdict(measured)))


def _close(desk: Desk, event: Event, watch: "Watch") -> dict[str, int]:
    class Timed:
        """The store, whose deciding commit is taken by itself."""

        def __getattr__(self, name: str) -> Any:
            return getattr(desk.store, name)

        def record_closing(self, slug: str, intake: Intake, closing: Closing, entries: Sequence[OutboxEntry]) -> bool:
            with watch.step("the commit alone"):
                return desk.store.record_closing(slug, intake, closing, entries)

    timed: Any = Timed()
    with watch.step("close"):
        closed = close(replace(desk, store=timed), event)
    if closed is None:
        raise SystemExit("it was not closed")
    return {"on the list": closed.count}


def _roster(desk: Desk, event: Event, watch: "Watch") -> dict[str, int]:
    sizes: dict[str, int] = {}

    def draw(event: Event, content: RosterContent, folder: Path) -> Drawn:
        """As the product's, step by step."""
        table, workbook = RosterFile(folder / "roster.csv", ""), RosterFile(folder / "roster.xlsx", "")
        with closing(SortedRows()) as rows:
            with watch.step("the people"):
                rows.add(event, content)
            with watch.step("the CSV"):
                write_table(roster_sheet(event), rows.of(late=False), table.path)
            with watch.step("the workbook"):
                write_workbook(event, content, rows, workbook.path)
            named = rows.named("organization"), rows.named("hotel")
        sizes.update({one.path.name: one.path.stat().st_size for one in (table, workbook)})
        return Drawn((table, workbook), *named)

    intake = desk.store.intake(event)
    with watch.step("roster"):
        roster = roster_email.gather(desk, event, intake, draw)
        with watch.step("the mail"):
            message = roster_email.word(roster_entry(event.slug, 1, event.staff[0]), event, roster, intake)
    sizes["mail"] = len(message.text.encode()) + len(message.html.encode())
    sizes["attached"] = sum(len(one.content) for one in message.attachments)
    return sizes


@dataclass
class Watch:
    """Looks at what steps take, and at the temporary files."""

    folder: Path
    took: dict[str, Took] = field(default_factory=dict)
    files_most: int = 0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One step."""
        began, cpu_began = time.perf_counter(), time.process_time()
        yield
        self.took[name] = Took(time.perf_counter() - began, time.process_time() - cpu_began)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look at the files again and again."""
        stop = threading.Event()
        thread = threading.Thread(target=self._watch, args=(stop,))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _watch(self, stop: threading.Event) -> None:
        while not stop.wait(0.2):
            self.files_most = max(self.files_most, self._files())

    def _files(self) -> int:
        """Bytes on the disk of those in the folder, and of those that have no name there any more but are open."""
        found: dict[tuple[int, int], int] = {}
        for path in (*self.folder.rglob("*"), *Path("/proc/self/fd").iterdir()):
            try:
                told, named = path.stat(), os.readlink(path) if path.parent.name == "fd" else str(path)
            except OSError:
                continue  # it is gone meanwhile
            if named.startswith(str(self.folder)):
                found[told.st_dev, told.st_ino] = told.st_blocks * 512
        return sum(found.values())


def _memory() -> float:
    """MB at the most up to now; ru_maxrss would have that of the process that started this one."""
    (most,) = re.findall(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"), re.MULTILINE)
    return int(most) * 1024 / MB


def _filled(store: str, folder: Path, size: int) -> Database:
    """Books of the event: its people, its deadline, those who came late."""
    where = str(folder / f"{size}.sqlite3") if store == "sqlite" else f"closing-{uuid.uuid4().hex[:8]}"
    db = Database(store, where, size, str(folder / "files"))
    fill = _fill_sqlite if store == "sqlite" else _fill_firestore
    opened = db.opened()
    fill(db, range(size))
    db = replace(db, closes_at=opened.now().isoformat())
    opened.intake(db.event)
    fill(db, range(size, size + size // ONE_IN_LATE))
    return db


def _person(event: Event, anybody: Registration, place: int) -> tuple[str, Registration, OutboxEntry]:
    answers = {
        "title": "ms",
        "organization": f"Ministère des Postes et Télécommunications, section {place % 20_011}",
        "address": f"BP {place}\nConakry\nGuinée",
        "tel": "+224 30 41 13 31",
        "fax": "+224 30 45 31 16",
        "hotel": f"Hôtel Cornavin {place % 307}",
        "hotel_tel": "022 716 12 12",
        "signature": f"Amina Diallo {place}",
    }
    category = event.categories[place % len(event.categories)].code
    person = replace(
        anybody,
        first_name=f"Amina {place}",
        family_name=f"Diallo {place % 997}",
        email=f"amina.diallo.{place}@mpt.example.org",
        category=category,
        answers=answers,
    )
    id = registration_id(event.slug, person)
    status = EmailStatus.BOUNCED if place % ONE_IN_UNDELIVERED == 0 else EmailStatus.DELIVERED
    attempt = Attempt(f"{place:016}", datetime.now(UTC), AttemptOutcome.ACCEPTED)
    entry = confirmation(event.slug, id, person.email)
    return (
        id,
        person,
        replace(
            entry,
            status=status,
            due_at=None,
            attempts=(attempt,),
            reason="550 no such mailbox" * (status is EmailStatus.BOUNCED),
        ),
    )


def _fill_sqlite(db: Database, places: range) -> None:
    now, event, anybody = db.opened().now().isoformat(timespec="microseconds"), db.event, a_registration()
    with closing(sqlite3.connect(db.where)) as file, file:
        for id, person, entry in (_person(event, anybody, place) for place in places):
            written = json.dumps(shaped(registration_record(person)))
            file.execute("insert into registrations values (?, ?, ?, ?, null)", (event.slug, id, now, written))
            mail, state = mail_record(entry), shaped(mail_state(entry))
            values = (entry.id, _json(mail), event.slug, mail["address"], state["state"], _json(state), now)
            file.execute("insert into mails values (?, ?, ?, ?, ?, null, null, ?, ?)", values)


def _json(entry: dict[str, Any]) -> str:
    return json.dumps(entry, default=lambda instant: instant.isoformat(timespec="microseconds"))


def _fill_firestore(db: Database, places: range) -> None:
    from google.cloud import firestore

    client, event, anybody = firestore.Client(project=db.where), db.event, a_registration()

    def commit(begin: int) -> None:
        batch = client.batch()
        for place in range(begin, min(begin + _AT_ONCE, places.stop)):
            id, person, entry = _person(event, anybody, place)
            batch.create(
                client.document("intakes", event.slug, "registrations", id), shaped(registration_record(person))
            )
            written = shaped({**mail_record(entry), **mail_state(entry)})
            batch.create(client.document("mails", entry.id), written)
        batch.commit(timeout=120)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(commit, range(places.start, places.stop, _AT_ONCE)))


_HEAD = (
    f"{'store':10} {'people':>7} {'work':17} {'seconds':>8} {'cpu s':>7} {'MB':>6} {'most MB':>8} {'files MB':>9}  B"
)


def _show(one: Measured) -> None:
    for step, took in one.took.items():
        line = f"{one.store:10} {one.registrations:7} {step:17} {took.seconds:8.3f} {took.cpu:7.3f}"
        if step == one.work:
            said = ", ".join(f"{name} {size:,}" for name, size in one.sizes.items())
            line += f" {one.memory_started:6.0f} {one.memory_most:8.0f} {one.files_most:9.1f}  {said}"
        print(line, flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure_one(sys.argv[1], Database(**json.loads(sys.argv[2])))
    else:
        main()
