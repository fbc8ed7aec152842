"""Watching: what should have been done by now and was not, seen from beside those who do it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from rollcall.desk.closing import due_to_close
from rollcall.desk.desk import Desk
from rollcall.desk.intake import Intake
from rollcall.desk.mail import MailRecord

MISSED_AFTER = timedelta(minutes=1)
"""How long after its deadline an intake is closed at the latest: `close` is called every minute."""
LOOKED_AT = 20
"""Mails that are looked at, of those that are due; where more are, some of these are about as old as any."""


@dataclass(frozen=True)
class Watch:
    """What was seen."""

    longest_due: timedelta
    """How long the longest due of the mails that were looked at is due and not taken up; zero where none is due."""
    held: bool
    """Whether the queue is held: then mails are due, and none goes out."""
    overdue: Mapping[str, timedelta]
    """By event, how long ago the deadline passed of each intake that should be closed and is not."""


def watch(desk: Desk) -> Watch:
    """See how long mails are due, and which closings are overdue; nothing is changed. It reads the queue, the mails
    that are due up to `LOOKED_AT`, and the intakes that should be closed.

    Raises `StoreUnavailable`.
    """
    queue = desk.store.mail_queue()
    due = [desk.store.mail(id) for id in desk.store.due_mails(LOOKED_AT)]
    intakes = {event.slug: desk.store.intake(event) for event in due_to_close(desk, queue.as_of)}
    return Watch(
        longest_due=max((due_for(record, queue.as_of) for record in due if record), default=timedelta(0)),
        held=queue.held_until is not None,
        overdue={slug: late for slug, intake in intakes.items() if (late := overdue(intake)) > MISSED_AFTER},
    )


def due_for(record: MailRecord, now: datetime) -> timedelta:
    """How long the mail is due; zero where it is not, or no more. `due_at` alone does not say: a new mail's is
    `AT_ONCE`."""
    if record.due_at is None:
        return timedelta(0)
    return max(now - max(record.due_at, record.queued_at, record.mail.not_before), timedelta(0))


def overdue(intake: Intake) -> timedelta:
    """How long the intake should be closed already; zero where it is closed, or its deadline has not passed."""
    if intake.closing is not None:
        return timedelta(0)
    return max(intake.as_of - intake.closes_at, timedelta(0))
