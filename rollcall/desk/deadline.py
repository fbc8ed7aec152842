"""Moving a deadline, earlier or later, so that no answer given before becomes untrue."""

from dataclasses import dataclass
from datetime import datetime

from rollcall.desk.ports import Intakes
from rollcall.model.event import Event
from rollcall.model.intake import MOVED_AHEAD, Intake


@dataclass(frozen=True)
class Moved:
    """The deadline is now this."""

    closes_at: datetime


@dataclass(frozen=True)
class TooEarly:
    """It was not moved: an earlier deadline cannot lie before `earliest`."""

    earliest: datetime


@dataclass(frozen=True)
class AlreadyClosed:
    """It was not moved: the closing is recorded, and the list stands."""


Moving = Moved | TooEarly | AlreadyClosed


def move_deadline(store: Intakes, event: Event, closes_at: datetime) -> Moving:
    """Move the event's deadline. Whoever was answered "registered" by the old one is on the roster by the new one:
    until an earlier deadline comes, every instance has read it. A later one counts as soon as it is written, also after
    the old one has passed, as long as no closing is recorded."""
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
    """What speaks against this deadline, by this reading of the intake."""
    earliest = intake.as_of + MOVED_AHEAD
    if intake.closing:
        return AlreadyClosed()
    if closes_at < min(earliest, intake.closes_at):
        return TooEarly(earliest)
    return None
