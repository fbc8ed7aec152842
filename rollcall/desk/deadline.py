"""Moving a deadline, earlier or later, so that no answer given before becomes untrue."""

from dataclasses import dataclass
from datetime import datetime

from rollcall.desk.ports import Intakes
from rollcall.model.event import Event
from rollcall.model.intake import MOVED_AHEAD, Intake


@dataclass(frozen=True)
class Moved:
    closes_at: datetime


@dataclass(frozen=True)
class TooEarly:
    """An earlier deadline cannot lie before `earliest`."""

    earliest: datetime


@dataclass(frozen=True)
class AlreadyClosed:
    """The list stands."""


Moving = Moved | TooEarly | AlreadyClosed


def move_deadline(store: Intakes, event: Event, closes_at: datetime) -> Moving:
    """Whoever was answered "registered" by the old deadline is on the roster by the new one: an earlier one lies ahead
    until every instance has read it. A later one counts at once, also after the old one has passed, until the closing
    is recorded."""
    while True:
        intake = store.intake(event)
        if intake.closes_at == closes_at:
            return Moved(closes_at)
        refused = why_not(intake, closes_at)
        if refused:
            return refused
        if store.move_deadline(event.slug, intake, closes_at):
            return Moved(closes_at)


def why_not(intake: Intake, closes_at: datetime) -> TooEarly | AlreadyClosed | None:
    earliest = intake.as_of + MOVED_AHEAD
    if intake.closing:
        return AlreadyClosed()
    if closes_at < min(earliest, intake.closes_at):
        return TooEarly(earliest)
    return None
