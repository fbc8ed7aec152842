"""What an instance takes from its process's start to its first 201, or its first page in each language, as ratios to
the bare function's first 201.

Subjects take turns, each in a new process, with its files in the disk cache and a database that is there. The bench
tries to connect every two milliseconds and posts a form as soon as it can. For comparison: the framework alone, with a
function that does nothing.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from bench.firestore import Database, take_first
from bench.ratios import Goal, ratios, spread
from bench.subjects import FLOOR, PRODUCT, Subject, framework_alone

_GOAL, _GOAL_OF_PAGES = Goal(1.1), Goal(1.25)
_LANGUAGES = ("en", "fr", "es", "ru", "zh", "ar")


@dataclass(frozen=True)
class Start:
    """One start."""

    subject: str
    seconds: float
    cpu: float
    """Seconds."""


def run(emulator: str, subjects: Sequence[Subject], times: int) -> dict[str, object]:
    db = Database(emulator)
    firsts = [(subject, False) for subject in (*subjects, framework_alone())]
    (ours,) = (subject for subject in subjects if subject.name == PRODUCT)
    for code in _LANGUAGES:
        firsts.append((replace(ours, name=f"{PRODUCT}, page in {code}", path=f"{ours.path}/{code}"), True))
    for subject, page in firsts:
        start(db, subject, page)  # fills the disk cache and creates the intake
    starts = [start(db, subject, page) for _ in range(times) for subject, page in firsts]
    print(f"Cold start to the first 201 or page, {times} in turn; in brackets minimum and maximum")
    print(f"  {'':23} {'seconds':>20} {'times the floor':>20} {'CPU seconds':>20} {'times the floor':>20}  goal")
    of_floor = [one for one in starts if one.subject == FLOOR]
    for subject, page in firsts:
        of = [one for one in starts if one.subject == subject.name]
        seconds, cpu = [one.seconds for one in of], [one.cpu for one in of]
        longer = ratios(seconds, [one.seconds for one in of_floor])
        more = ratios(cpu, [one.cpu for one in of_floor])
        goal = _GOAL_OF_PAGES if page else _GOAL
        held = goal.says(more.median) if subject.name.startswith(PRODUCT) else ""
        line = f"  {subject.name:23} {spread(seconds)!s:>20} {longer!s:>20} {spread(cpu)!s:>20} {more!s:>20}  {held}"
        print(line.rstrip())
    return {"starts": [asdict(one) for one in starts]}


def start(db: Database, subject: Subject, page: bool = False) -> Start:
    """From the process's start to its first 201, or its first page."""
    began = time.perf_counter()
    with db.served(subject) as server:
        if page:
            answer = server.first_answer(
                lambda served: served.ask("GET", subject.path, headers={"Accept": "text/html"})
            )
            if answer.status != 200:
                raise SystemExit(f"{subject.name} answered the first page {answer.status}")
        else:
            take_first(subject, server)
        return Start(subject.name, time.perf_counter() - began, server.cpu())
