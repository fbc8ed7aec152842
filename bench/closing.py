"""What closing an event and writing its roster take for 1,000, 10,000 and 100,000 registrations: whether time is
linear, memory a page, and the closing commit the same for all.

In SQLite and in the Firestore emulator one registration in a hundred is late, one confirmation in fifty bounced. Then,
each in a process of its own:

1. The intake is closed; the closing commit is also measured alone.
2. The roster is made and its e-mail written, as `send` does it. Reading the people with writing the CSV, the workbook
   and the e-mail are also measured alone.

Memory is the process's maximum (VmHWM, proc(5)), and that of its temporary files, sampled: on Cloud Run files are in
memory too. CPU time is the process's own. The emulator's time is only in the seconds: it has no indexes and scans all
documents for each page, so its seconds grow quadratically, as Firestore's do not.

Prints a table and writes `bench/results/closing.json`. Needs Linux and gcloud's Firestore emulator. 100,000 take the
emulator half an hour, so they run only when asked for: `SIZES=100000 STORES=firestore python -m bench.closing`.
"""

import json
import os
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
from bench.machine import no_arguments, write_results
from bench.serving import MB, ROOT, peak_memory
from rollcall.desk.close import close
from rollcall.desk.desk import Desk
from rollcall.documents.roster import SortedRows, also_in_table, sheets
from rollcall.documents.roster_content import Drawn, RosterContent
from rollcall.documents.workbook import write_workbook
from rollcall.emails import roster as roster_email
from rollcall.language import language
from rollcall.model.email import (
    AT_ONCE,
    Attempt,
    AttemptOutcome,
    EmailStatus,
    OutboxEntry,
    Unknown,
    confirmation,
    roster_entry,
)
from rollcall.model.event import Event
from rollcall.model.intake import Closing, Intake
from rollcall.model.registration import Registered, Registration, new_id, person_key
from rollcall.store import firestore as firestore_store
from rollcall.store.codec import entry_record, person_record, registered_record, versioned
from rollcall.store.database import Create, Database
from rollcall.store.firestore import FirestoreDatabase
from rollcall.store.firestore_rpc import FirestoreRpc, firestore_account, firestore_channel
from rollcall.store.personal_data_documents import DocumentStore
from rollcall.store.sqlite import SqliteDatabase
from tests.support.builders import a_registration, an_event, desk_with

_USUAL = {"sqlite": (1000, 10_000, 100_000), "firestore": (1000, 10_000)}
ONE_IN_LATE, ONE_IN_UNDELIVERED = 100, 50
_AT_ONCE = 160
"""People in a commit while the database is filled."""
_WITHOUT_INDEX = timedelta(minutes=2)
"""For one call: without indexes the emulator takes longer for a page than Firestore would."""


@dataclass(frozen=True)
class Took:
    """What one step took, in seconds."""

    seconds: float
    cpu: float


@dataclass(frozen=True)
class Measured:
    store: str
    registrations: int
    work: str
    took: dict[str, Took]
    """By step; the whole has the name of the work."""
    memory_started: float
    memory_most: float
    """MB, of the process."""
    files_most: float
    """MB, of its temporary files."""
    sizes: dict[str, int]
    """Bytes, by file."""


@dataclass(frozen=True)
class Filled:
    """A database with people in it, and where another process finds it."""

    store: str
    where: str
    """A file, or a project in the emulator."""
    registrations: int
    files: str
    closes_at: str = ""

    @property
    def event(self) -> Event:
        closes_at = datetime.fromisoformat(self.closes_at) if self.closes_at else datetime.now(UTC) + timedelta(days=1)
        return an_event(closes_at=closes_at, opens_at=closes_at - timedelta(days=30))

    def opened(self) -> Database:
        if self.store == "sqlite":
            return SqliteDatabase(Path(self.where), lambda: datetime.now(UTC), durable=True)
        firestore_store._ONE_TRY = _WITHOUT_INDEX
        rpc = FirestoreRpc(self.where, firestore_channel(), firestore_account(), timedelta(0))
        return FirestoreDatabase(rpc, timedelta(0), _WITHOUT_INDEX)


def main() -> None:
    """`python -m bench.closing`."""
    stores, sizes = os.environ.get("STORES", " ".join(_USUAL)).split(), os.environ.get("SIZES", "").split()
    run({store: tuple(map(int, sizes)) or _USUAL[store] for store in stores})


def run(sizes: Mapping[str, Sequence[int]]) -> None:
    """Measure, print and write: the sizes by store."""
    found: list[Measured] = []
    print(_HEAD)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if "firestore" in sizes:
            stack.enter_context(emulator())
        for store in sizes:
            for size in sizes[store]:
                filled = _filled(store, folder, size)
                for work in ("close", "roster"):
                    found.append(_in_a_process_of_its_own(work, filled))
                    _show(found[-1])
    write_results("closing", [asdict(one) for one in found])


def _in_a_process_of_its_own(work: str, filled: Filled) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.closing", work, json.dumps(asdict(filled))]
        files = {"TMPDIR": folder, "SQLITE_TMPDIR": folder}
        ran = subprocess.run(command, cwd=ROOT, env={**os.environ, **files}, stdout=subprocess.PIPE, check=True)
    said = json.loads(ran.stdout)
    return Measured(**{**said, "took": {step: Took(**took) for step, took in said["took"].items()}})


def measure_one(work: str, filled: Filled) -> None:
    """In a process of its own: do the work and print what it took."""
    store, watch = DocumentStore(filled.opened()), Watch(Path(tempfile.gettempdir()))
    desk = desk_with(store, lambda _: Unknown("nothing is posted"), Path(filled.files), events={})
    store.intake(filled.event)  # connects
    memory_started = peak_memory()
    with watch.watched():
        sizes = _close(desk, filled.event, watch) if work == "close" else _roster(desk, filled.event, watch)
    measured = Measured(
        filled.store,
        filled.registrations,
        work,
        watch.took,
        memory_started,
        peak_memory(),
        watch.files_most / MB,
        sizes,
    )
    print(json.dumps(asdict(measured)))


def _close(desk: Desk, event: Event, watch: "Watch") -> dict[str, int]:
    class Timed:
        """The store, with its closing commit measured alone."""

        def __getattr__(self, name: str) -> Any:
            return getattr(desk.store, name)

        def record_closing(self, slug: str, intake: Intake, closing: Closing, entries: Sequence[OutboxEntry]) -> bool:
            with watch.step("the commit alone"):
                return desk.store.record_closing(slug, intake, closing, entries)

    timed: Any = Timed()
    with watch.step("close"):
        closed = close(replace(desk, store=timed), event)
    if closed is None:
        raise SystemExit("the intake was not closed")
    return {"on the list": closed.count}


def _roster(desk: Desk, event: Event, watch: "Watch") -> dict[str, int]:
    sizes: dict[str, int] = {}

    def draw(event: Event, content: RosterContent, folder: Path) -> Drawn:
        """The product's, step by step."""
        workbook, table = folder / "roster.xlsx", folder / "roster.csv"
        with closing(SortedRows(event)) as rows:
            with watch.step("the people and the CSV"):
                rows.add(also_in_table(event, content.people, table), content.closes_at)
            with watch.step("the workbook"):
                write_workbook(
                    workbook, event.title, language(event.language), content.closes_at, sheets(event, content, rows)
                )
            counted = rows.named("organization"), rows.named("hotel"), rows.doubles()
        sizes.update({one.name: one.stat().st_size for one in (workbook, table)})
        return Drawn((workbook, table), *counted)

    intake, entry = desk.store.intake(event), roster_entry(event.slug, 1, event.secretariat)
    with watch.step("roster"):
        roster = roster_email.gather(desk, event, entry, intake, draw)
        with watch.step("the e-mail"):
            email = roster_email.word(entry, event, roster, intake)
    sizes["e-mail"] = len(email.text.encode()) + len(email.html.encode())
    sizes["attached"] = sum(len(one.content) for one in email.attachments)
    return sizes


@dataclass
class Watch:
    """Measures steps, and samples the temporary files."""

    folder: Path
    took: dict[str, Took] = field(default_factory=dict)
    files_most: int = 0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began, cpu_began = time.perf_counter(), time.process_time()
        yield
        self.took[name] = Took(time.perf_counter() - began, time.process_time() - cpu_began)

    @contextmanager
    def watched(self) -> Iterator[None]:
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
        """Bytes on disk of those in the folder and of those that are deleted but open."""
        found: dict[tuple[int, int], int] = {}
        for path in (*self.folder.rglob("*"), *Path("/proc/self/fd").iterdir()):
            try:
                status, named = path.stat(), os.readlink(path) if path.parent.name == "fd" else str(path)
            except OSError:
                continue  # gone meanwhile
            if named.startswith(str(self.folder)):
                found[status.st_dev, status.st_ino] = status.st_blocks * 512
        return sum(found.values())


def _filled(store: str, folder: Path, size: int) -> Filled:
    """A database with the event's people, its deadline, and those who came late."""
    where = str(folder / f"{size}.sqlite3") if store == "sqlite" else f"closing-{uuid.uuid4().hex[:8]}"
    filled = Filled(store, where, size, str(folder / "files"))
    database = filled.opened()
    _fill(database, filled.event, range(size))
    filled = replace(filled, closes_at=DocumentStore(database).now().isoformat())
    DocumentStore(database).intake(filled.event)
    _fill(database, filled.event, range(size, size + size // ONE_IN_LATE))
    return filled


def _person(event: Event, anybody: Registration, place: int) -> list[Create]:
    """A person whose confirmation was sent."""
    person = replace(
        anybody,
        first_name=f"Amina {place}",
        family_name=f"Diallo {place % 997}",
        email=f"amina.diallo.{place}@mpt.example.org",
        category=event.categories[place % len(event.categories)].code,
        answers={
            **anybody.answers,
            "organization": f"Ministère des Postes et Télécommunications, section {place % 20_011}",
            "address": f"BP {place}\nConakry\nGuinée",
            "hotel": f"Hôtel Cornavin {place % 307}",
            "signature": f"Amina Diallo {place}",
        },
    )
    id, bounced = new_id(), place % ONE_IN_UNDELIVERED == 0
    entry = replace(
        confirmation(event.slug, id, person.email),
        status=EmailStatus.BOUNCED if bounced else EmailStatus.DELIVERED,
        due_at=None,
        attempts=(Attempt(f"{place:016}", datetime.now(UTC), AttemptOutcome.ACCEPTED),),
        reason="550 no such mailbox" if bounced else "",
    )
    records = {
        f"events/{event.slug}/registrations/{id}": registered_record(Registered(id, person, AT_ONCE)),
        f"events/{event.slug}/people/{person_key(person)}": person_record(id),
        f"outbox/{entry.id}": entry_record(entry),
    }
    return [Create(path, versioned(record)) for path, record in records.items()]


def _fill(database: Database, event: Event, places: range) -> None:
    anybody = a_registration()

    def commit(begin: int) -> None:
        people = (_person(event, anybody, place) for place in range(begin, min(begin + _AT_ONCE, places.stop)))
        database.commit(*(write for person in people for write in person))

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
    if len(sys.argv) > 2:
        measure_one(sys.argv[1], Filled(**json.loads(sys.argv[2])))
    else:
        no_arguments(__doc__)
        main()
