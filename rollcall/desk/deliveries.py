"""Delivery events, recorded with their outbox entries."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import reduce

from rollcall.desk.desk import Desk
from rollcall.desk.staff_digests import digests_about
from rollcall.model.email import DeliveryEvent, EmailStatus, LateBounce, OutboxEntry, after_delivery_event

_LATEST_BOUNCE = timedelta(days=7)
"""Mail servers give up after five days (RFC 5321, 4.5.4.1)."""
_CLOCKS_DIFFER = timedelta(minutes=1)


def record_deliveries(desk: Desk, events: Iterable[DeliveryEvent | LateBounce]) -> dict[str, EmailStatus]:
    """The staff are told of an e-mail that will not arrive. The same events again change nothing. Returns the new
    statuses, by e-mail id. SendGrid posts many together, and often two of one e-mail: each is read and written once."""
    told: dict[str, list[DeliveryEvent | LateBounce]] = {}
    for event in events:
        email_id = event.email_id if isinstance(event, DeliveryEvent) else _bounced(desk, event)
        told.setdefault(email_id, []).append(event)
    changed, ids = {}, [id for id in told if id]
    for first in range(0, len(ids), desk.limits.page):
        for entry in desk.store.entries_among(ids[first : first + desk.limits.page]):
            after = _record(desk, entry, told[entry.id])
            if after:
                changed[after.id] = after.status
    return changed


def _record(desk: Desk, entry: OutboxEntry | None, events: Sequence[DeliveryEvent | LateBounce]) -> OutboxEntry | None:
    while entry:
        after = reduce(lambda one, event: after_delivery_event(one, event.status, event.reason), events, entry)
        if after == entry:
            return None
        if desk.store.save_entry(after, digests_about(desk, after)):
            return after
        entry = desk.store.entry(entry.id)
    return None


def _bounced(desk: Desk, event: LateBounce) -> str:
    # which of several it was nobody knows: of the last one the staff are told that this address does not take e-mails
    at = min(event.at, desk.store.now())  # the local run's clock is moved, SendGrid's is not
    sent = desk.store.sent_to(event.to, at - _LATEST_BOUNCE, at + _CLOCKS_DIFFER)
    return sent[-1].id if sent else ""
