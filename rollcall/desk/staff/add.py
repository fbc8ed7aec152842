"""Registering a person for them, from a telephone call, a fax or paper."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from rollcall.desk.amend import read, still_there, take_back, was_pressed
from rollcall.desk.desk import Desk
from rollcall.desk.register import intake_now
from rollcall.model.email import confirmation
from rollcall.model.event import Event
from rollcall.model.registration import Entered, Registered, Registration, new_id, person_key
from rollcall.model.staff import Action, Press
from rollcall.model.stored_files import is_scan, scan_id

LARGEST_SCAN = 10_000_000
"""Bytes."""
SCAN_TYPES = {
    ".pdf": "application/pdf",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".tiff": "image/tiff",
}
_BEGINNINGS = {
    b"%PDF-": ".pdf",
    b"\xff\xd8\xff": ".jpg",
    b"\x89PNG\r\n\x1a\n": ".png",
    b"II*\0": ".tiff",
    b"MM\0*": ".tiff",
}


@dataclass(frozen=True)
class Added:
    registered: Registered


@dataclass(frozen=True)
class AddedLate:
    """Not on the roster unless they are admitted."""

    registered: Registered


@dataclass(frozen=True)
class IsThere:
    """Nothing was written: the person is registered, or was and withdrew."""

    registered: Registered
    says_the_same: bool


@dataclass(frozen=True)
class NotYetOpen:
    opens_at: datetime


def add(
    desk: Desk, event: Event, press: Press, registration: Registration, entered: Entered, admit_because: str = ""
) -> Added | AddedLate | IsThere | NotYetOpen:
    """In one commit with the confirmation, as if the person had registered. With a reason they are on the roster though
    late."""
    if was_pressed(desk, event, press):
        return _as_before(desk, event, press)
    intake = intake_now(desk, event)
    if intake.not_yet_open:
        return NotYetOpen(intake.opens_at)
    id, admitted = new_id(), True if admit_because and intake.past else None
    audit = press.entry(Action.ADDED, registration_id=id, revision=1, reason=admit_because if admitted else "")
    entry = confirmation(event.slug, id, registration.email)
    received_at = desk.store.accept(
        event.slug, id, registration, entry, audit=audit, entered=entered, admitted=admitted
    )
    if received_at:
        return _added(desk, event, Registered(id, registration, received_at, admitted=admitted, entered=entered))
    if was_pressed(desk, event, press):
        return _as_before(desk, event, press)
    there = take_back(desk, event, still_there(desk.store.registration_of(event.slug, person_key(registration))))
    return IsThere(there, there.registration == registration)


def _as_before(desk: Desk, event: Event, press: Press) -> Added | AddedLate:
    entry = desk.store.audit_entry(event.slug, press.id)
    return _added(desk, event, still_there(read(desk, event, entry.registration_id or "") if entry else None))


def _added(desk: Desk, event: Event, there: Registered) -> Added | AddedLate:
    return AddedLate(there) if desk.intakes.fresh(event).leaves_out(there) else Added(there)


def scan_ending(content: bytes) -> str | None:
    """By what is in it; None where it is of no kind that a scanner or a fax makes."""
    return next((ending for beginning, ending in _BEGINNINGS.items() if content.startswith(beginning)), None)


def keep_scan(desk: Desk, event: Event, content: bytes) -> str | None:
    """The id of the file, the same for the same scan; None as `scan_ending`."""
    ending = scan_ending(content)
    if ending is None:
        return None
    id = scan_id(event.slug, hashlib.sha256(content).hexdigest(), ending)
    desk.files().put(id, content)
    return id


def is_scan_of(event: Event, id: str) -> bool:
    return is_scan(event.slug, id) and f".{id.rpartition('.')[2]}" in SCAN_TYPES
