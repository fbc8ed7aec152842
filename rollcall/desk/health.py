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
"""`close_intake` is called every minute."""
LOOKED_AT = 20
"""Due entries, the longest due first."""


@dataclass(frozen=True)
class Health:
    longest_waiting: timedelta
    """Zero where nothing is due."""
    circuit_open: bool
    """And entries are due: none goes out."""
    overdue_closings: Mapping[str, timedelta]
    """By event, since when its intake should be closed."""


def check_health(desk: Desk) -> Health:
    """Reads the circuit breaker, due entries up to `LOOKED_AT` and the intakes to be closed."""
    breaker = desk.store.circuit_breaker()
    due = [desk.store.entry(id) for id in desk.store.due_entries(LOOKED_AT)]
    intakes = {event.slug: desk.store.intake(event) for event in due_to_close(desk, breaker.as_of)}
    return Health(
        longest_waiting=max((waited_for(entry, breaker.as_of) for entry in due if entry), default=timedelta(0)),
        circuit_open=breaker.open_until is not None and bool(due),
        overdue_closings={slug: late for slug, intake in intakes.items() if (late := overdue(intake)) > MISSED_AFTER},
    )


def waited_for(entry: OutboxEntry, now: datetime) -> timedelta:
    """Whatever was tried meanwhile; zero where it may not go yet, is settled, or is postponed for its address."""
    if entry.due_at is None:
        return timedelta(0)
    return max(now - _to_go_since(entry, entry.due_at), timedelta(0))


def _to_go_since(entry: OutboxEntry, due_at: datetime) -> datetime:
    since = list(takewhile(lambda attempt: attempt.outcome is not AttemptOutcome.POSTPONED, reversed(entry.attempts)))
    if len(since) == len(entry.attempts):
        return due_since(entry)
    return since[-1].at if since else due_at


def due_since(entry: OutboxEntry) -> datetime:
    """First; `due_at` says when next."""
    return max(entry.not_before, entry.enqueued_at)


def overdue(intake: Intake) -> timedelta:
    """Zero where it is closed, or not past."""
    if intake.closing is not None:
        return timedelta(0)
    return max(intake.as_of - intake.closes_at, timedelta(0))
