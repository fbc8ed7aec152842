"""Closing: when the deadline has passed, the list is written once and sent to the staff."""

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.desk.scan import everyone
from rollcall.model.email import roster_entry
from rollcall.model.event import Event
from rollcall.model.intake import Closing, Intake

ROSTER_PAGE = 500
"""Ids a page. Fixed: pages must be the same each time."""


def due_to_close(desk: Desk, now: datetime) -> list[Event]:
    """Of those with a file, the longest past first."""
    desk.intakes.have_all(desk.events)
    return [desk.events[slug] for slug in desk.store.due_intakes(now) if slug in desk.events]


def close(desk: Desk, event: Event) -> Closing | None:
    """Close the intake if its deadline has passed and no closing is recorded. Safe to call at any time, any number
    of times, by several callers at once.

    1. Ask the store for the deadline and for its own time, in one reading.
    2. Write the ids of all registrations committed at or before the deadline, in pages by id, a page in memory at a
       time. No commit from now on can have such a time, so a crash here and a second call write the same pages.
    3. In one commit, the same size however many people there are, record the closing and enqueue the staff's e-mails.

    Returns the closing if this call recorded it.
    """
    intake = desk.store.intake(event)
    if intake.closing is not None or not intake.past:
        return None
    closing = _write_pages(desk, event, intake)
    entries = [roster_entry(event.slug, number, to) for number, to in enumerate(event.staff, start=1)]
    return closing if desk.store.record_closing(event.slug, intake, closing, entries) else None


def listed(store: Store, event: Event, intake: Intake, closing: Closing) -> Iterator[str]:
    """In order, a page in memory at a time. Raises `ValueError` at the end where the pages are not the closing's:
    whoever stops before does not know."""
    checksum = _Checksum()
    for number in range(closing.pages):
        ids = store.roster_page(event.slug, page_name(intake, number))
        checksum.add(ids)
        yield from ids
    if checksum.sha256 != closing.sha256:
        raise ValueError(f"the roster pages of {event.slug} are not those of its closing")


def list_is_whole(store: Store, event: Event, intake: Intake, closing: Closing) -> bool:
    try:
        deque(listed(store, event, intake, closing), maxlen=0)
    except ValueError:
        return False
    return True


def page_name(intake: Intake, number: int) -> str:
    """Each deadline has pages of its own: whoever was slow to close by an earlier one does not write over the
    closing's."""
    return f"{len(intake.history)}-{number:06}"


def _write_pages(desk: Desk, event: Event, intake: Intake) -> Closing:
    ids = (one.id for one in everyone(desk.store, event.slug) if not intake.is_late(one.received_at))
    checksum, pages = _Checksum(), 0
    while page := list(islice(ids, ROSTER_PAGE)):
        desk.store.write_roster_page(event.slug, page_name(intake, pages), page)
        checksum.add(page)
        pages += 1
    return Closing(checksum.count, checksum.sha256, pages)


class _Checksum:
    """SHA-256 over the ids with a line feed between."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.count = 0

    def add(self, ids: Sequence[str]) -> None:
        for id in ids:
            self._digest.update(f"\n{id}".encode() if self.count else id.encode())
            self.count += 1

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()
