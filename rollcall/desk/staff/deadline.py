"""Moving the deadline, or opening a closed intake again, with what that means told before."""

from dataclasses import dataclass, replace
from datetime import datetime
from heapq import nsmallest

from rollcall.desk.deadline import TooEarly, after_its_end, publication_due, why_not
from rollcall.desk.ports import Store
from rollcall.desk.scan import everyone
from rollcall.model.event import Event
from rollcall.model.intake import MOVED_AHEAD, Intake
from rollcall.model.registration import Registered
from rollcall.model.staff import Action, Press

NAMED = 10
"""Of those whom it concerns, the first to come."""


@dataclass(frozen=True)
class Moved:
    closes_at: datetime
    opened_again: bool = False


@dataclass(frozen=True)
class Overtaken:
    """Somebody moved it, or it was closed, since the page was shown."""

    intake: Intake


@dataclass(frozen=True)
class AfterEvent:
    pass


Refused = TooEarly | AfterEvent
Outcome = Moved | Overtaken | Refused


@dataclass(frozen=True)
class Concerned:
    count: int
    first: tuple[Registered, ...]


NOBODY = Concerned(0, ())


@dataclass(frozen=True)
class Meaning:
    """Of another deadline."""

    late: int
    """By the deadline as it stands, whatever comes of them."""
    become_late: Concerned = NOBODY
    come_on_time: Concerned = NOBODY


def meaning(store: Store, event: Event, intake: Intake, closes_at: datetime) -> Meaning:
    """Nobody is late before the deadline has passed, and an earlier one lies ahead: then it reads nothing."""
    if not intake.past and not intake.closing:
        return Meaning(0)
    late, become_late, come_on_time = 0, _Counted(), _Counted()
    for one in everyone(store, event.slug):
        if one.is_withdrawn:
            continue
        was, will_be = intake.leaves_out(one), replace(intake, closes_at=closes_at).leaves_out(one)
        late += was
        if will_be and not was:
            become_late.add(one)
        elif was and not will_be:
            come_on_time.add(one)
    return Meaning(late, become_late.concerned(), come_on_time.concerned())


def refused(event: Event, intake: Intake, closes_at: datetime) -> Refused | None:
    if after_its_end(event, closes_at):
        return AfterEvent()
    if intake.closing is None:
        why = why_not(intake, closes_at)
        return why if isinstance(why, TooEarly) else None
    earliest = intake.as_of + MOVED_AHEAD
    return TooEarly(earliest) if closes_at < earliest else None


def mark(intake: Intake) -> str:
    """What a page says that it showed, so that nobody decides about another deadline than the one that stands."""
    return f"{intake.closes_at.isoformat()} {'closed' if intake.closing else 'open'}"


def move(store: Store, event: Event, closes_at: datetime, seen: str, press: Press, reason: str = "") -> Outcome:
    """`seen`: the `mark` of the intake that was shown. A closed one is open again, and closes with the next version of
    the roster; versions that the staff have stay as they are."""
    while True:
        intake = store.intake(event)
        if made := store.audit_entry(event.slug, press.id):
            return Moved(intake.closes_at, opened_again=made.action is Action.OPENED_AGAIN)
        if mark(intake) != seen:
            return Overtaken(intake)
        if why := refused(event, intake, closes_at):
            return why
        if closes_at == intake.closes_at:
            return Moved(closes_at)
        action = Action.OPENED_AGAIN if intake.closing else Action.DEADLINE_MOVED
        before, after = ({"closes_at": one.isoformat()} for one in (intake.closes_at, closes_at))
        audit = press.entry(action, before=before, after=after, reason=reason)
        publication_due(store, event, intake)
        if store.move_deadline(event.slug, intake, closes_at, audit):
            return Moved(closes_at, opened_again=intake.closing is not None)


class _Counted:
    def __init__(self) -> None:
        self.count = 0
        self._first: list[Registered] = []

    def add(self, one: Registered) -> None:
        self.count += 1
        self._first = nsmallest(NAMED, [*self._first, one], key=lambda one: one.received_at)

    def concerned(self) -> Concerned:
        return Concerned(self.count, tuple(self._first))
