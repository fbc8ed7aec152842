"""When the staff get a digest of what needs review, and are told anything else of a morning."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from rollcall.desk.desk import Desk
from rollcall.model.email import EmailKind, OutboxEntry, staff_digest
from rollcall.model.event import Event
from rollcall.model.staff import Receives

MORNING = time(8)
"""In the event's zone."""
NOTICE = timedelta(minutes=2)
"""At least so long after it is enqueued: a slow commit then cannot enqueue again a digest that was sent already."""


def digests_within_the_hour(event: Event, now: datetime) -> Sequence[OutboxEntry]:
    """At the end of the hour."""
    hour = (now.astimezone(UTC) + NOTICE).replace(minute=0, second=0, microsecond=0)
    return _digests(event, f"{hour:%Y%m%dT%H}", hour + timedelta(hours=1))


def digests_next_morning(event: Event, now: datetime) -> Sequence[OutboxEntry]:
    morning = next_morning(event, now + NOTICE)
    return _digests(event, f"{morning.astimezone(event.zone):%Y%m%d}", morning)


def next_morning(event: Event, now: datetime) -> datetime:
    local = now.astimezone(event.zone)
    day = local.date() if local.time() < MORNING else local.date() + timedelta(days=1)
    return datetime.combine(day, MORNING, event.zone).astimezone(UTC)


def digests_about(desk: Desk, entry: OutboxEntry) -> Sequence[OutboxEntry]:
    """The digest that tells the staff of a lost e-mail; of a lost digest there is none."""
    event = desk.events.get(entry.event)
    return digests_within_the_hour(event, desk.store.now()) if event and is_lost(entry) else []


def is_lost(entry: OutboxEntry) -> bool:
    return entry.is_lost and entry.kind is not EmailKind.STAFF_DIGEST


def _digests(event: Event, stamp: str, not_before: datetime) -> Sequence[OutboxEntry]:
    return [staff_digest(event.slug, stamp, to, not_before) for to in event.told(Receives.DIGEST)]
