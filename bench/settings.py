"""What the settings of `register` do: threads and workers in a rush, one processor or two at the start.

The product has one processor, the emulator and wrk the other (`bench.subjects`). Each round loads each setting in turn,
with as many connections as the platform lets into one instance. Prints two tables and writes
`bench/results/settings.json`: the reasons in `docs/deploy.md`.
"""

import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench.cold_start import start
from bench.emulator import emulator
from bench.firestore import Database, take_first
from bench.load import post_forms
from bench.machine import no_arguments, write_results
from bench.ratios import Spread, spread
from bench.subjects import EVENT, FORM, NUMBER, Subject, beside_them, product
from tests.support.builders import write_open_event

_SETTINGS = [(threads, workers) for workers in (1, 2) for threads in (4, 16, 80)]
_CONNECTIONS = 80
_ROUNDS, _WARM_UP, _SECONDS = 3, 4, 5
_STARTS = 9


@dataclass(frozen=True)
class Rush:
    """One setting under load."""

    threads: int
    workers: int
    rate: Spread
    """Registrations a second."""
    cpu: Spread
    """Milliseconds for each."""
    p50: Spread
    p99: Spread
    """Milliseconds of latency."""
    memory: Spread
    """MB."""


def main() -> None:
    """`python -m bench.settings`."""
    with tempfile.TemporaryDirectory() as folder, beside_them(), emulator() as address:
        write_open_event(Path(folder), slug=EVENT)
        db, subject = Database(address), product(Path(folder))
        write_results("settings", {"rush": [asdict(one) for one in _rush(db, subject)], "start": _starts(db, subject)})


def _rush(db: Database, subject: Subject) -> list[Rush]:
    rounds = [[_loaded(db, subject, *setting) for setting in _SETTINGS] for _ in range(_ROUNDS)]
    print(f"{'threads':>7} {'workers':>7} {'a second':>24} {'CPU ms':>18} {'p50 ms':>24} {'p99 ms':>26} {'MB':>24}")
    found = []
    for place, (threads, workers) in enumerate(_SETTINGS):
        measures = [spread(values) for values in zip(*(each[place] for each in rounds), strict=True)]
        found.append(Rush(threads, workers, *measures))
        rate, cpu, p50, p99, memory = map(str, measures)
        print(f"{threads:7} {workers:7} {rate:>24} {cpu:>18} {p50:>24} {p99:>26} {memory:>24}")
    return found


def _loaded(db: Database, subject: Subject, threads: int, workers: int) -> tuple[float, float, float, float, float]:
    settings = {**subject.environment, "THREADS": str(threads), "WORKERS": str(workers)}
    with db.served(replace(subject, environment=settings)) as server:
        take_first(subject, server)
        url = f"http://127.0.0.1:{server.served.port}{subject.path}"
        post_forms(url, FORM, NUMBER, _CONNECTIONS, _WARM_UP)
        before = server.cpu()
        load = post_forms(url, FORM, NUMBER, _CONNECTIONS, _SECONDS)
        cpu = (server.cpu() - before) * 1000 / load.created
        memory = server.memory()
    db.empty()
    return load.rate, cpu, load.p50, load.p99, memory


def _starts(db: Database, subject: Subject) -> dict[str, object]:
    """Seconds to the first 201 on one processor and on two."""
    found: dict[str, object] = {}
    for name, processors in (("one", "0"), ("two", "0,1")):
        seconds = spread([start(db, _bound(subject, processors)).seconds for _ in range(_STARTS)])
        print(f"start on {name} processor{'s' if name == 'two' else ''}: {seconds} s to the first 201")
        found[name] = asdict(seconds)
    return found


def _bound(subject: Subject, processors: str) -> Subject:
    return replace(subject, command=("taskset", "--cpu-list", processors, *subject.command))


if __name__ == "__main__":
    no_arguments(__doc__)
    main()
