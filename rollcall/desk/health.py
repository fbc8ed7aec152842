"""Health: what is overdue, checked apart from the code that should have done it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from rollcall.desk.desk import Desk
from rollcall.model.email import AttemptOutcome, OutboxEntry
from rollcall.model.intake import Intake

MISSED_AFTER = timedelta(minutes=1)
LOOKED_AT = 20
_POSTPONED = (AttemptOutcome.POSTPONED, AttemptOutcome.OVER_TOTAL)


@dataclass(frozen=True)
class Health:
    longest_waiting: timedelta
    circuit_open: bool
    """While entries are due."""
    overdue_closings: Mapping[str, timedelta]


def check_health(desk: Desk) -> Health:
    breaker = desk.store.circuit_breaker()
    due = desk.store.due_entries(LOOKED_AT)
    intakes = {event.slug: desk.store.intake(event) for event in desk.due_to_close(breaker.as_of)}
    waited = [waited_for(entry, breaker.as_of) for entry in due.values() if entry]
    for one in desk.store.contributions_without_receipts():  # which are not even enqueued
        if one.event in desk.events and (received_at := one.papers[one.receipts].received_at):
            waited.append(breaker.as_of - received_at)
    return Health(
        longest_waiting=max(waited, default=timedelta(0)),
        circuit_open=breaker.open_until is not None and bool(due),
        overdue_closings={slug: late for slug, intake in intakes.items() if (late := overdue(intake)) > MISSED_AFTER},
    )


def waited_for(entry: OutboxEntry, now: datetime) -> timedelta:
    """Retries included; zero if it is settled, not yet due, or postponed since its address, or everybody, got many."""
    if entry.due_at is None:
        return timedelta(0)
    return max(now - _to_go_since(entry, entry.due_at), timedelta(0))


def _to_go_since(entry: OutboxEntry, due_at: datetime) -> datetime:
    since = list(takewhile(lambda attempt: attempt.outcome not in _POSTPONED, reversed(entry.attempts)))
    if len(since) == len(entry.attempts):
        return due_since(entry)
    return since[-1].at if since else due_at


def due_since(entry: OutboxEntry) -> datetime:
    return max(entry.not_before, entry.enqueued_at)


def overdue(intake: Intake) -> timedelta:
    if intake.closing is not None:
        return timedelta(0)
    return max(intake.as_of - intake.closes_at, timedelta(0))
