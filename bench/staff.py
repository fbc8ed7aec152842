"""The staff's pages with many people: the processor's time of each beside a bare function's, what it reads, memory.

Everything is in one process for each number of people: the pages as `handlers/staff` answers them, on a real SQLite
store, and a bare function that answers two bytes in the same Flask. Documents are counted where the store asks its
database for them; a count is none. Prints the table of docs/performance.md, updates the page, and writes
`bench/results/staff.json`. Takes five minutes, nearly all of it to register 110,000 people.
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Response

from bench.machine import no_arguments, write_results
from bench.page import put
from rollcall.model.email import confirmation
from rollcall.model.registration import new_id
from rollcall.store.database import Document
from rollcall.store.personal_data_documents import DocumentStore
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import a_registration, an_event, desk_with
from tests.support.desk import Postbox
from tests.support.in_process import ask
from tests.support.staff_pages import StaffPages

PEOPLE = (10_000, 100_000)
GOAL = timedelta(milliseconds=300)
"""Of a processor, with the fewer people."""
PAGES = {
    "registrations, everybody": "registrations",
    "registrations, a name": "registrations?q=dala",
    "registrations, a name heard badly": "registrations?q=dallla",
    "registrations, a category": "registrations?is-category=associate",
    "registrations, those late": "registrations?standing=late",
    "registrations, not delivered": "registrations?delivery=undelivered",
    "overview": "",
    "overview, its chart": "chart.svg?from=2004-01-14&counts=1.2.3.4.5.6.7.8.9",
}
_TURNS = 3
_EVENT = an_event()


@dataclass(frozen=True)
class Measured:
    milliseconds: float
    """Of a processor."""
    ratio: float
    """To the bare function."""
    documents: int


def main() -> None:
    """`python -m bench.staff`."""
    found: dict[int, dict[str, Measured]] = {}
    memory: dict[int, tuple[float, float]] = {}
    for people in PEOPLE:
        command = [sys.executable, "-m", "bench.staff", str(people)]
        answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        found[people] = {name: Measured(**one) for name, one in answer["pages"].items()}
        memory[people] = tuple(answer["memory"])
    made = table(found, memory)
    print(made)
    put(made)
    write_results("staff", {people: {name: asdict(one) for name, one in of.items()} for people, of in found.items()})
    slow = [name for name, one in found[PEOPLE[0]].items() if one.milliseconds > GOAL / timedelta(milliseconds=1)]
    if slow:
        raise SystemExit(f"slower than {GOAL / timedelta(milliseconds=1):.0f} ms: {', '.join(slow)}")


def table(found: dict[int, dict[str, Measured]], memory: dict[int, tuple[float, float]]) -> str:
    head = "".join(f" {people:,} people: ms | ratio | documents |" for people in found)
    lines = [f"| a page of the staff's |{head}", f"|{' --- |' * (1 + 3 * len(found))}"]
    for name in PAGES:
        cells = (
            f" {one.milliseconds:.0f} | {one.ratio:.0f} | {one.documents:,} |"
            for one in (of[name] for of in found.values())
        )
        lines.append(f"| {name} |{''.join(cells)}")
    grown = (f" {before:.0f} to {after:.0f} MB | | |" for before, after in memory.values())
    return "\n".join([*lines, f"| memory, before and after all of them |{''.join(grown)}"])


def measure(people: int) -> None:
    """In a process of its own; prints JSON."""
    with tempfile.TemporaryDirectory() as folder:
        now = [_EVENT.opens_at]
        store = SqliteStore(Path(folder) / "store.sqlite3", lambda: now[0], durable=False)
        _register(store, people, now)
        now[0] = _EVENT.closes_at + timedelta(days=1)
        desk = desk_with(store, Postbox().post, Path(folder), events={_EVENT.slug: _EVENT}, seconds=time.monotonic)
        read = _counting(store)
        at_desk = StaffPages(desk, _EVENT.staff[0].address)
        bare = _time_of(lambda: ask(lambda _: Response("ok"), "GET", "/"))
        before, pages = _memory(), {}
        for name, path in PAGES.items():
            at_desk.get(path)
            read.clear()
            taken = _time_of(lambda path=path: at_desk.get(path))  # type: ignore[misc]
            pages[name] = asdict(Measured(taken * 1000, taken / bare, sum(read) // _TURNS))
        print(json.dumps({"pages": pages, "memory": (before, _memory())}))
        store.close()


def _time_of(one: Callable[[], Any]) -> float:
    """Seconds of a processor: the least of some turns."""
    turns = []
    for _ in range(_TURNS):
        began = time.process_time()
        one()
        turns.append(time.process_time() - began)
    return min(turns)


def _memory() -> float:
    """The most until now, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _register(store: SqliteStore, people: int, now: list[datetime]) -> None:
    """In a month, with 4,000 names, one in 500 of them late; one confirmation in 100 bounced, the others arrived."""
    chance, someone = random.Random(people), a_registration()
    letters = ("bcdfgklmnprstvz", "aeiou")
    names = ["".join(map(chance.choice, letters * chance.randint(2, 4))).title() for _ in range(4000)]
    month = (_EVENT.closes_at - _EVENT.opens_at) * 500 / 499
    for number in range(people):
        now[0] = _EVENT.opens_at + month * (number / people)
        person = replace(
            someone,
            family_name=chance.choice(names),
            first_name=chance.choice(names),
            email=f"{number}@mail{number % 300}.example.org",
            category=chance.choice(_EVENT.categories).code,
        )
        id = new_id()
        store.accept(_EVENT.slug, id, person, confirmation(_EVENT.slug, id, person.email))
    status = "case abs(random()) % 100 when 0 then 'bounced' else 'delivered' end"
    store._file._connection.execute(
        f"update documents set record = json_set(record, '$.status', {status}, '$.due_at', null)"
        " where collection = 'outbox'"
    )


def _counting(store: DocumentStore) -> list[int]:
    """How many documents each call to the database found."""
    database: Any = store._database
    read: list[int] = []

    def counted(call: Callable[..., Any]) -> Callable[..., Iterator[Document]]:
        def called(*given: Any) -> Iterator[Document]:
            found: Iterable[Document] = call(*given)
            for one in [found] if isinstance(found, Document) else found:
                read.append(1)
                yield one

        return called

    def one_of(call: Callable[..., Iterator[Document]]) -> Callable[..., Document]:
        return lambda *given: next(call(*given))

    database.query, database.read_many, database.scan = map(
        counted, (database.query, database.read_many, database.scan)
    )
    database.read = one_of(counted(database.read))
    return read


if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1].isdecimal():
        measure(int(sys.argv[1]))
    else:
        no_arguments(__doc__)
        main()
