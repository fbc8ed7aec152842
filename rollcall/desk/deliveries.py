"""Delivery events, recorded with their outbox entries."""

from collections.abc import Iterable

from rollcall.desk.desk import Desk
from rollcall.desk.staff_digests import digests_about
from rollcall.model.email import DeliveryEvent, EmailStatus, after_delivery_event


def record_deliveries(desk: Desk, events: Iterable[DeliveryEvent]) -> dict[str, EmailStatus]:
    """The staff are told of an e-mail that will not arrive. The same events again change nothing. Returns the new
    statuses, by e-mail id."""
    changed = {}
    for event in events:
        status = _record(desk, event)
        if status:
            changed[event.email_id] = status
    return changed


def _record(desk: Desk, event: DeliveryEvent) -> EmailStatus | None:
    while True:
        entry = desk.store.entry(event.email_id)
        if entry is None:
            return None
        after = after_delivery_event(entry, event.kind, event.reason)
        if after == entry:
            return None
        if desk.store.save_entry(after, digests_about(desk, after)):
            return after.status
