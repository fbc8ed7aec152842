"""Health: what should have been done by now and was not, seen from beside those who do it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from rollcall.desk.close import due_to_close
from rollcall.desk.desk import Desk
from rollcall.model.email import AttemptOutcome, OutboxEntry
from rollcall.model.intake import Intake

MISSED_AFTER = timedelta(minutes=1)
"""How long after its deadline an intake is closed at the latest: `close` is called every minute."""
LOOKED_AT = 20
"""Due entries that are looked at; where more are due, new ones come first."""


@dataclass(frozen=True)
class Health:
    """What was seen."""

    longest_waiting: timedelta
    """Of the e-mails looked at, how long the one that waits longest has been waiting; zero where none is due."""
    circuit_open: bool
    """Whether the circuit breaker is open and e-mails are due: none goes out. It stays open where none is due."""
    overdue_closings: Mapping[str, timedelta]
    """By event, how long ago the deadline passed of each intake that should be closed and is not."""


def check_health(desk: Desk) -> Health:
    """How long e-mails have been waiting, and which closings are overdue. Writes nothing, and reads the circuit
    breaker, at most `LOOKED_AT` due entries, and the intakes that should be closed.

    Raises `StoreUnavailable`.
    """
    breaker = desk.store.circuit_breaker()
    due = [desk.store.entry(id) for id in desk.store.due_entries(LOOKED_AT)]
    intakes = {event.slug: desk.store.intake(event) for event in due_to_close(desk, breaker.as_of)}
    return Health(
        longest_waiting=max((waited_for(entry, breaker.as_of) for entry in due if entry), default=timedelta(0)),
        circuit_open=breaker.open_until is not None and bool(due),
        overdue_closings={slug: late for slug, intake in intakes.items() if (late := overdue(intake)) > MISSED_AFTER},
    )


def waited_for(entry: OutboxEntry, now: datetime) -> timedelta:
    """How long somebody has been waiting for the e-mail, whatever was tried meanwhile; zero where it may not go yet, or
    is settled. While it is postponed, since too many went to its address, nobody waits."""
    if entry.due_at is None:
        return timedelta(0)
    return max(now - _to_go_since(entry, entry.due_at), timedelta(0))


def _to_go_since(entry: OutboxEntry, due_at: datetime) -> datetime:
    """When the e-mail was first due, or first due after it was postponed."""
    since = list(takewhile(lambda attempt: attempt.outcome is not AttemptOutcome.POSTPONED, reversed(entry.attempts)))
    if len(since) == len(entry.attempts):
        return due_since(entry)
    return since[-1].at if since else due_at


def due_since(entry: OutboxEntry) -> datetime:
    """When the e-mail was first due. `due_at` is its next attempt."""
    return max(entry.not_before, entry.enqueued_at)


def overdue(intake: Intake) -> timedelta:
    """How long the intake should be closed already; zero where it is closed, or its deadline has not passed."""
    if intake.closing is not None:
        return timedelta(0)
    return max(intake.as_of - intake.closes_at, timedelta(0))
