"""Moving a deadline, so that no answer given before becomes untrue."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from rollcall.desk.limits import Limits
from rollcall.desk.ports import Store
from rollcall.model.event import Event
from rollcall.model.intake import MOVED_AHEAD, Intake


@dataclass(frozen=True)
class Moved:
    closes_at: datetime


@dataclass(frozen=True)
class TooEarly:
    earliest: datetime


@dataclass(frozen=True)
class AlreadyClosed:
    pass


def move_deadline(store: Store, event: Event, closes_at: datetime) -> Moved | TooEarly | AlreadyClosed:
    """An earlier deadline lies ahead until every instance has read it, so that whoever was answered "registered" is on
    the roster. A later one counts at once, until the closing is recorded."""
    while True:
        intake = store.intake(event)
        if intake.closes_at == closes_at:
            return Moved(closes_at)
        refused = why_not(intake, closes_at)
        if refused:
            return refused
        publication_due(store, event, intake)
        if store.move_deadline(event.slug, intake, closes_at):
            return Moved(closes_at)


def publication_due(store: Store, event: Event, intake: Intake) -> None:
    """Of its pages, which say the deadline, and name who is not late; before it moves."""
    if event.has_pages:
        store.publication_due(event.slug, intake.as_of + Limits.publication_lease)


def after_its_end(event: Event, closes_at: datetime) -> bool:
    """At its very end it is not."""
    return event.is_over(closes_at - timedelta(microseconds=1))


def why_not(intake: Intake, closes_at: datetime) -> TooEarly | AlreadyClosed | None:
    earliest = intake.as_of + MOVED_AHEAD
    if intake.closing:
        return AlreadyClosed()
    if closes_at < min(earliest, intake.closes_at):
        return TooEarly(earliest)
    return None
