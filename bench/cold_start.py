"""How long an instance takes from its process's start to its first 201, as ratios to the bare function.

Subjects take turns, each in a new process, with its files in the disk cache and a database that is there. The bench
tries to connect every two milliseconds and posts a form as soon as it can. For comparison: the framework alone, with a
function that does nothing.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bench.firestore import Database, take_first
from bench.ratios import Goal, ratios, spread
from bench.subjects import FLOOR, PRODUCT, Subject, framework_alone

_GOAL = Goal(1.25)


@dataclass(frozen=True)
class Start:
    """One start."""

    subject: str
    seconds: float
    cpu: float
    """Seconds."""


def run(emulator: str, subjects: Sequence[Subject], times: int) -> dict[str, object]:
    everyone, db = [*subjects, framework_alone()], Database(emulator)
    for subject in everyone:
        start(db, subject)  # fills the disk cache and creates the intake
    starts = [start(db, subject) for _ in range(times) for subject in everyone]
    print(f"Cold start to the first 201, {times} in turn; in brackets minimum and maximum")
    print(f"  {'':16} {'seconds':>20} {'times the floor':>20} {'CPU seconds':>20} {'times the floor':>20}  goal")
    of_floor = [one for one in starts if one.subject == FLOOR]
    for subject in everyone:
        of = [one for one in starts if one.subject == subject.name]
        seconds, cpu = [one.seconds for one in of], [one.cpu for one in of]
        longer = ratios(seconds, [one.seconds for one in of_floor])
        more = ratios(cpu, [one.cpu for one in of_floor])
        held = _GOAL.says(longer.median) if subject.name == PRODUCT else ""
        line = f"  {subject.name:16} {spread(seconds)!s:>20} {longer!s:>20} {spread(cpu)!s:>20} {more!s:>20}  {held}"
        print(line.rstrip())
    return {"starts": [asdict(one) for one in starts]}


def start(db: Database, subject: Subject) -> Start:
    """From the process's start to its first 201."""
    began = time.perf_counter()
    with db.served(subject) as server:
        take_first(subject, server)
        return Start(subject.name, time.perf_counter() - began, server.cpu())
