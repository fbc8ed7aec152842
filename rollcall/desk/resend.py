"""Resending what the staff did not get to the addresses that they have now."""

from collections.abc import Sequence

from rollcall.desk.ports import Store
from rollcall.desk.scan import unsent_entries
from rollcall.desk.versions import draw, further_copies, to_staff
from rollcall.model.email import AT_ONCE, UNDELIVERED, EmailKind, OutboxEntry, staff_digest
from rollcall.model.event import Event
from rollcall.model.staff import Receives


def resend_to_staff(store: Store, event: Event) -> Sequence[OutboxEntry]:
    """The next version of the roster if it changed since the last one, else another copy of that; and a digest if one
    did not arrive."""
    intake = store.known_intake(event.slug)
    if intake is None:
        return []
    rosters, digests = _rosters(store, event), []
    if _digest_was_lost(store, event):
        stamp = f"{intake.as_of:%Y%m%dT%H%M%S}"
        digests = [staff_digest(event.slug, stamp, to, AT_ONCE) for to in event.told(Receives.DIGEST)]
    for entry in digests:
        store.enqueue(entry)
    return [*rosters, *digests]


def _rosters(store: Store, event: Event) -> Sequence[OutboxEntry]:
    if version := draw(store, event):
        return to_staff(event, version.number)
    if not (versions := store.intake(event).versions):
        return []
    entries = further_copies(store, event, versions[-1], event.told(Receives.ROSTER))
    for entry in entries:
        store.enqueue(entry)
    return entries


def _digest_was_lost(store: Store, event: Event) -> bool:
    return any(
        entry.kind is EmailKind.STAFF_DIGEST and entry.status in UNDELIVERED
        for entry in unsent_entries(store, event.slug)
    )
