"""When the staff get a digest of what needs review: within the hour, or on the next morning."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from rollcall.desk.desk import Desk
from rollcall.model.email import UNDELIVERED, EmailKind, OutboxEntry, staff_digest
from rollcall.model.event import Event

MORNING = time(8)
"""In the event's zone."""
NOTICE = timedelta(minutes=2)
"""From enqueueing a digest until it goes out: nobody sends the one that a slow commit enqueues again."""


def within_the_hour(event: Event, now: datetime) -> Sequence[OutboxEntry]:
    """At the end of this hour, one for each of the staff."""
    hour = (now.astimezone(UTC) + NOTICE).replace(minute=0, second=0, microsecond=0)
    return _digests(event, f"{hour:%Y%m%dT%H}", hour + timedelta(hours=1))


def next_morning(event: Event, now: datetime) -> Sequence[OutboxEntry]:
    local = (now + NOTICE).astimezone(event.zone)
    day = local.date() if local.time() < MORNING else local.date() + timedelta(days=1)
    return _digests(event, f"{day:%Y%m%d}", datetime.combine(day, MORNING, event.zone).astimezone(UTC))


def alert_for(desk: Desk, entry: OutboxEntry) -> Sequence[OutboxEntry]:
    """What to enqueue because this e-mail will not arrive; nothing about a digest."""
    event = desk.events.get(entry.event)
    return within_the_hour(event, desk.store.now()) if event and is_for_staff(entry) else []


def is_for_staff(entry: OutboxEntry) -> bool:
    return entry.status in UNDELIVERED and entry.kind is not EmailKind.STAFF_DIGEST


def _digests(event: Event, stamp: str, not_before: datetime) -> Sequence[OutboxEntry]:
    return [staff_digest(event.slug, stamp, number, to, not_before) for number, to in enumerate(event.staff, start=1)]
