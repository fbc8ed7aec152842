"""Resending what the staff did not get to the addresses that they have now."""

from collections.abc import Sequence

from rollcall.desk.ports import Store
from rollcall.desk.scan import unsent_entries
from rollcall.model.email import AT_ONCE, UNDELIVERED, EmailKind, OutboxEntry, roster_entry, staff_digest
from rollcall.model.event import Event


def resend_to_staff(store: Store, event: Event) -> Sequence[OutboxEntry]:
    """The roster if the intake is closed, and a digest if one did not arrive; new ones at each call."""
    intake = store.known_intake(event.slug)
    if intake is None:
        return []
    stamp = f"{intake.as_of:%Y%m%dT%H%M%S}"
    entries = []
    digest_was_lost = _digest_was_lost(store, event)
    for number, to in enumerate(event.staff, start=1):
        if intake.closing:
            entries.append(roster_entry(event.slug, number, to, stamp))
        if digest_was_lost:
            entries.append(staff_digest(event.slug, stamp, number, to, AT_ONCE))
    for entry in entries:
        store.enqueue(entry)
    return entries


def _digest_was_lost(store: Store, event: Event) -> bool:
    return any(
        entry.kind is EmailKind.STAFF_DIGEST and entry.status in UNDELIVERED
        for entry in unsent_entries(store, event.slug)
    )
