"""Watching: what should have been done by now and was not, seen from beside those who do it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from rollcall.desk.close import due_to_close
from rollcall.desk.desk import Desk
from rollcall.model.email import AttemptOutcome, MailRecord
from rollcall.model.intake import Intake

MISSED_AFTER = timedelta(minutes=1)
"""How long after its deadline an intake is closed at the latest: `close` is called every minute."""
LOOKED_AT = 20
"""Mails that are looked at, of those that are due; where more are, new ones come first."""


@dataclass(frozen=True)
class Watch:
    """What was seen."""

    longest_waiting: timedelta
    """How long somebody has been waiting for the longest owed of the mails that were looked at; zero where none
    is due."""
    held: bool
    """Whether the queue is held and mails are due: none goes out. Nothing ends a hold that nobody waits for."""
    overdue: Mapping[str, timedelta]
    """By event, how long ago the deadline passed of each intake that should be closed and is not."""


def watch(desk: Desk) -> Watch:
    """See how long mails have been waited for, and which closings are overdue; nothing is changed. It reads the queue,
    the mails that are due up to `LOOKED_AT`, and the intakes that should be closed.

    Raises `StoreUnavailable`.
    """
    queue = desk.store.mail_queue()
    due = [desk.store.mail(id) for id in desk.store.due_mails(LOOKED_AT)]
    intakes = {event.slug: desk.store.intake(event) for event in due_to_close(desk, queue.as_of)}
    return Watch(
        longest_waiting=max((waited_for(record, queue.as_of) for record in due if record), default=timedelta(0)),
        held=queue.held_until is not None and bool(due),
        overdue={slug: late for slug, intake in intakes.items() if (late := overdue(intake)) > MISSED_AFTER},
    )


def waited_for(record: MailRecord, now: datetime) -> timedelta:
    """How long somebody has been waiting for the mail, whatever was tried meanwhile; zero where it may not go yet, or
    is settled. For as long as it was put off, since too many went to its address, nobody was to have it."""
    if record.due_at is None:
        return timedelta(0)
    return max(now - _to_go_since(record, record.due_at), timedelta(0))


def _to_go_since(record: MailRecord, due_at: datetime) -> datetime:
    """When the mail was to go out at first, or at first after it was put off."""
    since = list(takewhile(lambda attempt: attempt.outcome is not AttemptOutcome.PUT_OFF, reversed(record.attempts)))
    if len(since) == len(record.attempts):
        return owed_since(record)
    return since[-1].at if since else due_at


def owed_since(record: MailRecord) -> datetime:
    """When the mail was to go out at first. `due_at` says when it is next to be tried."""
    return max(record.mail.not_before, record.queued_at)


def overdue(intake: Intake) -> timedelta:
    """How long the intake should be closed already; zero where it is closed, or its deadline has not passed."""
    if intake.closing is not None:
        return timedelta(0)
    return max(intake.as_of - intake.closes_at, timedelta(0))
