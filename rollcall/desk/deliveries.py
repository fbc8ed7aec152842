"""Delivery events, recorded with their outbox entries."""

from collections.abc import Iterable
from datetime import timedelta

from rollcall.desk.desk import Desk
from rollcall.desk.staff_digests import digests_about
from rollcall.model.email import DeliveryEvent, EmailStatus, LateBounce, OutboxEntry, after_delivery_event

_LATEST_BOUNCE = timedelta(days=7)
"""Mail servers give up after five days (RFC 5321, 4.5.4.1)."""
_CLOCKS_DIFFER = timedelta(minutes=1)


def record_deliveries(desk: Desk, events: Iterable[DeliveryEvent | LateBounce]) -> dict[str, EmailStatus]:
    """The staff are told of an e-mail that will not arrive. The same events again change nothing. Returns the new
    statuses, by e-mail id."""
    changed = {}
    for event in events:
        entry = _record(desk, event)
        if entry:
            changed[entry.id] = entry.status
    return changed


def _record(desk: Desk, event: DeliveryEvent | LateBounce) -> OutboxEntry | None:
    while entry := _entry_of(desk, event):
        after = after_delivery_event(entry, event.status, event.reason)
        if after == entry:
            return None
        if desk.store.save_entry(after, digests_about(desk, after)):
            return after
    return None


def _entry_of(desk: Desk, event: DeliveryEvent | LateBounce) -> OutboxEntry | None:
    if isinstance(event, DeliveryEvent):
        return desk.store.entry(event.email_id)
    # which of several it was nobody knows: of the last one the staff are told that this address does not take e-mails
    at = min(event.at, desk.store.now())  # the local run's clock is moved, SendGrid's is not
    sent = desk.store.sent_to(event.to, at - _LATEST_BOUNCE, at + _CLOCKS_DIFFER)
    return sent[-1] if sent else None
