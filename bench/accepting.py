"""What it takes to accept a registration, as ratios to a function that only writes its three documents.

functions-framework's server serves each subject (`bench.subjects`) as deployed: on one processor, with one worker and
as many threads; each time with a Firestore emulator of its own. Once both are warm, wrk loads it at several
concurrencies (`bench.load`). Subjects take turns, and each round reverses their order. A ratio is between two subjects
of one round, so that both had the same machine; printed are the median of the rounds, the minimum and the maximum.

CPU time is that of the function's processes, without the emulator and wrk; waiting for those is in rates and latencies.
Memory is measured after the load.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from bench.emulator import NO_PAUSE, emulator
from bench.firestore import Database, hold_to_same_documents, left_by, take_first
from bench.load import Load, post_forms
from bench.ratios import Goal, Spread, ratios, spread
from bench.serving import Running
from bench.subjects import FLOOR, FORM, NODE, NUMBER, PRODUCT, THREADS, Subject
from tests.support.faulty_firestore import faulty_firestore

_WARM_UP_CONNECTIONS = 8
_COUNTED = 50
"""Registrations whose calls to Firestore are counted."""


@dataclass(frozen=True)
class Plan:
    """How long to measure."""

    rounds: int
    warm_up: int
    """Seconds of load before each measurement."""
    seconds: int
    """Of each load."""
    concurrencies: Sequence[int]


FULL = Plan(rounds=5, warm_up=8, seconds=5, concurrencies=(1, 8, 32))
QUICK = Plan(rounds=3, warm_up=3, seconds=2, concurrencies=(8,))


@dataclass(frozen=True)
class Loaded:
    """One subject under one load in one round."""

    subject: str
    round: int
    concurrency: int
    rate: float
    """Registrations a second."""
    cpu: float
    """Milliseconds for each."""
    p50: float
    p90: float
    p99: float
    """Milliseconds of latency."""
    memory: float
    """MB."""


_MEASURES: dict[str, tuple[Callable[[Loaded], float], Goal | None]] = {
    "CPU ms per registration": (lambda one: one.cpu, Goal(1.1)),
    "registrations a second": (lambda one: one.rate, Goal(0.8, at_least=True)),
    "p50 ms": (lambda one: one.p50, None),
    "p99 ms": (lambda one: one.p99, Goal(1.25)),
    "memory MB": (lambda one: one.memory, Goal(1.2)),
}


def run(address: str, subjects: Sequence[Subject], plan: Plan) -> dict[str, object]:
    """Measure and print."""
    hold_to_same_documents({subject.name: left_by(subject, address) for subject in subjects})
    found = _compared(subjects, plan)
    calls = calls_of(address, next(subject for subject in subjects if subject.name == PRODUCT), _COUNTED)
    print(f"\nCalls to Firestore for {_COUNTED} registrations of the product: {calls} (goal: one each)")
    return {**found, "calls": {"registrations": _COUNTED, "calls": calls}}


def _compared(subjects: Sequence[Subject], plan: Plan) -> dict[str, object]:
    loaded = list(_measured(subjects, plan))
    for concurrency in plan.concurrencies:
        _show(concurrency, [one for one in loaded if one.concurrency == concurrency])
    return {
        "plan": {**asdict(plan), "threads": THREADS},
        "loaded": [asdict(one) for one in loaded],
        "ratios": [line for concurrency in plan.concurrencies for line in _ratios(loaded, concurrency)],
    }


def calls_of(address: str, subject: Subject, registrations: int) -> int:
    """Calls to Firestore for so many registrations, after a first one."""
    with faulty_firestore(address) as line, Database(line.address).served(subject) as server:
        take_first(subject, server)
        before = len(line.calls)
        for _ in range(registrations):
            take_first(subject, server)
        return len(line.calls) - before


def _measured(subjects: Sequence[Subject], plan: Plan) -> Iterator[Loaded]:
    for round in range(plan.rounds):
        for subject in subjects if round % 2 == 0 else reversed(subjects):
            with emulator(NO_PAUSE) as address, _warmed_up(subject, Database(address), plan.warm_up) as (server, url):
                for concurrency in plan.concurrencies:
                    before = server.cpu()
                    load = post_forms(url, FORM, NUMBER, concurrency, plan.seconds)
                    cpu = (server.cpu() - before) * 1000 / load.created
                    yield _loaded(subject, round, concurrency, load, cpu, server.memory())
        print(f"Round {round + 1} of {plan.rounds} is over", flush=True)


@contextmanager
def _warmed_up(subject: Subject, db: Database, seconds: int) -> Iterator[tuple[Running, str]]:
    """The subject and its URL after so many seconds of load; they warm up the emulator too."""
    with db.served(subject) as server:
        take_first(subject, server)
        url = f"http://127.0.0.1:{server.served.port}{subject.path}"
        post_forms(url, FORM, NUMBER, _WARM_UP_CONNECTIONS, seconds)
        yield server, url


def _loaded(subject: Subject, round: int, concurrency: int, load: Load, cpu: float, memory: float) -> Loaded:
    return Loaded(subject.name, round, concurrency, load.rate, cpu, load.p50, load.p90, load.p99, memory)


def _ratios(loaded: Sequence[Loaded], concurrency: int) -> Iterator[dict[str, object]]:
    of = [one for one in loaded if one.concurrency == concurrency]
    for subject in _names(of):
        for measure in _MEASURES:
            ratio = asdict(_to(of, subject, FLOOR, measure))
            yield {"subject": subject, "concurrency": concurrency, "measure": measure, "to_floor": ratio}


def _show(concurrency: int, loaded: Sequence[Loaded]) -> None:
    print(f"\nAt concurrency {concurrency}; in brackets minimum and maximum of {_rounds(loaded)} rounds")
    print(f"  {'':24} {'':16} {'':>28} {'times the floor':>20}  goal")
    for measure, (_, goal) in _MEASURES.items():
        for subject in _names(loaded):
            value, ratio = spread(_series(loaded, subject, measure)), _to(loaded, subject, FLOOR, measure)
            held = goal.says(ratio.median) if goal and subject == PRODUCT else ""
            beside = str(ratio) if subject != FLOOR else ""
            print(f"  {measure:24} {subject:16} {value!s:>28} {beside:>20}  {held}".rstrip())
    if NODE in _names(loaded):
        far = _to(loaded, PRODUCT, NODE, "CPU ms per registration")
        print(f"  The product's CPU is {far} times the Node function's  {Goal(1.0).says(far.median)}")


def _to(loaded: Sequence[Loaded], subject: str, other: str, measure: str) -> Spread:
    return ratios(_series(loaded, subject, measure), _series(loaded, other, measure))


def _series(loaded: Sequence[Loaded], subject: str, measure: str) -> list[float]:
    """Round by round."""
    of = sorted((one for one in loaded if one.subject == subject), key=lambda one: one.round)
    return [_MEASURES[measure][0](one) for one in of]


def _names(loaded: Sequence[Loaded]) -> list[str]:
    """In the order of the first round."""
    return list(dict.fromkeys(one.subject for one in loaded))


def _rounds(loaded: Sequence[Loaded]) -> int:
    return len({one.round for one in loaded})
