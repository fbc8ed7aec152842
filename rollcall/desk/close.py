"""Closing an intake whose deadline has passed."""

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice

from rollcall.desk.amend import as_at
from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.desk.scan import everyone
from rollcall.model.email import roster_entry
from rollcall.model.event import Event
from rollcall.model.intake import Closing, Intake

ROSTER_PAGE = 500
"""Fixed: pages must be the same each time."""


def close(desk: Desk, event: Event) -> Closing | None:
    """Close the intake if its deadline has passed and no closing is recorded. Safe to call at any time, by several
    callers at once. Returns the closing if this call recorded it.

    1. Read the deadline and the store's time together.
    2. Write the ids of all registrations committed, and not withdrawn, by the deadline, in pages by id. No later commit
       can have such a time, so after a crash a second call writes the same pages.
    3. In one commit record the closing and enqueue the staff's e-mails.
    """
    intake = desk.store.intake(event)
    if intake.closing is not None or not intake.past:
        return None
    closing = _write_pages(desk, event, intake)
    entries = [roster_entry(event.slug, number, to) for number, to in enumerate(event.staff, start=1)]
    return closing if desk.store.record_closing(event.slug, intake, closing, entries) else None


def listed(store: Store, event: Event, intake: Intake, closing: Closing) -> Iterator[str]:
    """Raises `ValueError` at the end if the pages are not the closing's."""
    digest = hashlib.sha256()
    for number in range(closing.pages):
        ids = store.roster_page(event.slug, page_name(intake, number))
        digest.update(_lines(ids))
        yield from ids
    if digest.hexdigest() != closing.sha256:
        raise ValueError(f"the roster pages of {event.slug} are not those of its closing")


def list_is_whole(store: Store, event: Event, intake: Intake, closing: Closing) -> bool:
    try:
        deque(listed(store, event, intake, closing), maxlen=0)
    except ValueError:
        return False
    return True


def page_name(intake: Intake, number: int) -> str:
    """Each deadline's: who closes late by an earlier one overwrites nothing."""
    return f"{len(intake.history)}-{number:06}"


def _write_pages(desk: Desk, event: Event, intake: Intake) -> Closing:
    then = (as_at(desk.store, event.slug, one, intake.closes_at) for one in everyone(desk.store, event.slug))
    ids = (one.id for one in then if one and not one.is_withdrawn)
    digest, count, pages = hashlib.sha256(), 0, 0
    while page := list(islice(ids, ROSTER_PAGE)):
        desk.store.write_roster_page(event.slug, page_name(intake, pages), page)
        digest.update(_lines(page))
        count += len(page)
        pages += 1
    return Closing(count, digest.hexdigest(), pages)


def _lines(ids: Sequence[str]) -> bytes:
    return "".join(f"{id}\n" for id in ids).encode()
