"""How fast e-mails go out and a backlog drains: one instance against a SendGrid that answers after 150 ms.

functions-framework serves the functions as at Google, each on one processor, with the Firestore emulator. SendGrid is a
process of its own that speaks TLS; the functions trust its certificate beside the machine's. It counts e-mails by id,
and the bench fails unless each arrives once.

- `send-mail` is triggered for each e-mail, as many at a time as the instance has threads.
- `send-due-mail` is called as Scheduler calls it until nothing is due; by one sweep, and by two processes at the same
  moment, which Scheduler never does. The emulator has no indexes and scans all entries for each page and count, so the
  backlog is small.
- A large backlog is swept in this process with SQLite, by one sweep and by two at once.

Prints a table and writes `bench/results/sending.json`. Needs Linux, gcloud's Firestore emulator and what
`requirements-dev.txt` names.
"""

import os
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench.emulator import emulator
from bench.instances import SETTINGS, Bench, post
from bench.machine import no_arguments, write_results
from bench.serving import Processes
from rollcall.desk.limits import Limits
from rollcall.desk.ports import Store
from rollcall.desk.send import send_due
from rollcall.model.email import confirmation
from rollcall.model.registration import new_id
from rollcall.sendgrid import SendGridPoster
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import SqliteStore
from schemas.event import read_events
from tests.support.builders import a_registration, desk_with, write_open_event
from tests.support.counting_sendgrid import CountingSendGrid, counting_sendgrid
from tests.support.served import Served
from tests.support.trigger import triggers

LATENCY = 0.15
"""Seconds until SendGrid answers."""
SLUG = "open"
_TRIGGERED, _BACKLOG, _LARGE = 100, 1_000, 10_000
"""E-mails: for each at a time, in the emulator, in SQLite."""


@dataclass(frozen=True)
class Sending:
    by: str
    at_once: int
    entries: int
    seconds: float
    cpu: float
    """Seconds for one e-mail, of all functions together."""
    memory_most: float
    """MB, of the first function."""

    @property
    def per_second(self) -> float:
        return self.entries / self.seconds


def main() -> None:
    """`python -m bench.sending`."""
    print(_HEAD)
    with (
        tempfile.TemporaryDirectory() as folder,
        counting_sendgrid(Path(folder), LATENCY) as api,
        _bench(Path(folder), api) as bench,
    ):
        found = [_triggered(bench, api, _TRIGGERED * at_once, at_once) for at_once in (1, 4, 8, 16)]
        found += [_swept(bench, api, _BACKLOG, sweeps) for sweeps in (1, 2)]
        found += [_swept_here(bench, api, _LARGE, sweeps) for sweeps in (1, 2)]
    rows = [{**asdict(one), "per_second": one.per_second} for one in found]
    write_results("sending", rows)


@contextmanager
def _bench(folder: Path, api: CountingSendGrid) -> Iterator[Bench]:
    project, events = f"bench-{uuid.uuid4().hex[:8]}", folder / "events"
    events.mkdir()
    write_open_event(events, slug=SLUG)
    file = events / f"{SLUG}.toml"
    file.write_text(file.read_text("utf-8").replace("# expected = 300", f"expected = {_LARGE}"), "utf-8")
    with emulator() as address:
        environment = {
            **SETTINGS,
            "EVENTS": str(events),
            "FILES": "gs://none",
            "SENDGRID_HOST": api.url,
            "SSL_CERT_FILE": str(api.certificates),
            "GOOGLE_CLOUD_PROJECT": project,
            "FIRESTORE_EMULATOR_HOST": address,
            "STORAGE_EMULATOR_HOST": "http://localhost:1",  # no e-mail comes in
        }
        yield Bench(environment, FirestoreStore(project), events, folder)


def _triggered(bench: Bench, api: CountingSendGrid, entries: int, at_once: int) -> Sending:
    bench = _on_a_new_database(bench)
    ids = _accept(bench.store, entries)
    with ExitStack() as stack:
        server, _ = stack.enter_context(bench.served("send-mail", at_once))
        asked = triggers(bench.environment["GOOGLE_CLOUD_PROJECT"], ids)
        asks: list[Callable[[], None]] = [_asking(server.served, *one) for one in asked]
        one = _measure("send-mail", at_once, entries, [server], asks, at_once)
    _each_came_once(api, ids)
    return one


def _swept(bench: Bench, api: CountingSendGrid, entries: int, sweeps: int) -> Sending:
    bench = _on_a_new_database(bench)
    ids = _accept(bench.store, entries)

    def sweep_on(served: Served) -> None:
        while bench.store.due_entries(1):
            _asking(served, {})()

    with ExitStack() as stack:
        servers = [stack.enter_context(bench.served("send-due-mail", 1))[0] for _ in range(sweeps)]
        asks: list[Callable[[], None]] = [partial(sweep_on, server.served) for server in servers]
        one = _measure(_named(sweeps), Limits().senders, entries, servers, asks, sweeps)
    _each_came_once(api, ids)
    return one


def _swept_here(bench: Bench, api: CountingSendGrid, entries: int, sweeps: int) -> Sending:
    os.environ["SSL_CERT_FILE"] = str(api.certificates)
    store = SqliteStore(bench.folder / f"{sweeps}.sqlite3", lambda: datetime.now(UTC))
    sendgrid = SendGridPoster("SG.key", "registration@desk.example.org", api.url)
    desk = desk_with(store, sendgrid.post, bench.folder, events=read_events(bench.events))
    ids = _accept(store, entries)

    def sweep_on() -> None:
        while list(send_due(desk)):
            pass

    one = _measure(
        f"{_named(sweeps)}, SQLite", Limits().senders, entries, [Processes(os.getpid())], [sweep_on] * sweeps, sweeps
    )
    _each_came_once(api, ids)
    return one


def _named(sweeps: int) -> str:
    return "one sweep" if sweeps == 1 else f"{sweeps} sweeps"


def _on_a_new_database(bench: Bench) -> Bench:
    project = f"bench-{uuid.uuid4().hex[:8]}"
    store = FirestoreStore(project)
    return replace(bench, environment={**bench.environment, "GOOGLE_CLOUD_PROJECT": project}, store=store)


def _accept(store: Store, entries: int) -> Sequence[str]:
    """The ids of so many confirmations."""
    mark = uuid.uuid4().hex[:6]

    def accept(number: int) -> str:
        registration = a_registration(first_name=f"{mark} {number}", email=f"{mark}.{number}@mpt.example.org")
        id = new_id()
        entry = confirmation(SLUG, id, registration.email)
        store.accept(SLUG, id, registration, entry)
        return entry.id

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(accept, range(entries)))


def _asking(served: Served, headers: dict[str, str], body: bytes = b"") -> Callable[[], None]:
    def ask() -> None:
        if (status := post(served, headers, body)) != 200:
            raise SystemExit(f"it answered {status}")

    return ask


def _measure(
    by: str, at_once: int, entries: int, running: Sequence[Processes], asks: Sequence[Callable[[], None]], askers: int
) -> Sending:
    cpu = sum(one.cpu() for one in running)
    with running[0].watched(), ThreadPoolExecutor(askers) as pool:
        began = time.perf_counter()
        for asked in [pool.submit(ask) for ask in asks]:
            asked.result()
        seconds = time.perf_counter() - began
    cpu = (sum(one.cpu() for one in running) - cpu) / entries
    one = Sending(by, at_once, entries, seconds, cpu, running[0].most)
    print(
        f"{by:18} {at_once:8} {entries:8} {seconds:9.1f} {one.per_second:9.1f} {cpu * 1000:8.1f} "
        f"{one.memory_most:8.0f}",
        flush=True,
    )
    return one


def _each_came_once(api: CountingSendGrid, ids: Sequence[str]) -> None:
    came = api.came()
    if came != Counter(ids):
        wrong = {id: came[id] for id in {*came, *ids} if came[id] != 1 or id not in ids}
        raise SystemExit(f"{len(wrong)} of {len(ids)} e-mails did not arrive once: {dict(list(wrong.items())[:3])}")


_HEAD = f"{'by':18} {'at once':>8} {'e-mails':>8} {'seconds':>9} {'a second':>9} {'cpu ms':>8} {'most MB':>8}"

if __name__ == "__main__":
    no_arguments(__doc__)
    main()
