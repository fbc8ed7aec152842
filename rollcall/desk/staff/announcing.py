"""Enqueueing an announcement, a page of registrations at a time."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from rollcall.desk.desk import Desk
from rollcall.desk.roster import without_late_revision
from rollcall.desk.staff.announce import is_written_to
from rollcall.desk.staff.chosen import chosen_by
from rollcall.model.announcement import Announcement, AnnouncementStatus
from rollcall.model.email import announcement_entry
from rollcall.model.errors import StoreUnavailable

_MOST = 10
"""Announcements, so that one that waits keeps no other waiting."""


def enqueue_due(desk: Desk) -> Iterator[tuple[str, Announcement | Exception]]:
    """Go on with the announcements that were sent off. Safe to call at any time, by several callers at once: each
    commit writes a page of outbox entries and moves the cursor past it, or is refused. One with which something
    unforeseen goes wrong waits, and comes with its exception."""
    left = desk.limits.announcement_pages
    for id in desk.store.due_announcements(_MOST):
        there = desk.store.announcement(id)
        try:
            while there and there.due_at and left > 0:
                left -= 1
                there = _next_page(desk, there)
        except StoreUnavailable:
            raise
        except Exception as error:
            _put_off(desk, id)
            yield id, error
        else:
            if there:
                yield id, there


def _next_page(desk: Desk, there: Announcement) -> Announcement | None:
    """How it stands then, by this call or another."""
    event = desk.event(there.event)
    if event is None:
        raise LookupError("its event has no file any more")
    is_chosen = chosen_by(desk, event, there.to)
    page = desk.store.registrations(event.slug, there.cursor or None, desk.limits.page)
    stands = (without_late_revision(desk.store, event.slug, one) for one in page)
    people = [one for one in stands if is_written_to(one, is_chosen)]
    entries = [announcement_entry(there, one.id, one.registration.email) for one in people]
    after = replace(there, cursor=page[-1].id if page else there.cursor, enqueued=there.enqueued + len(entries))
    if len(page) < desk.limits.page:
        after = replace(after, status=AnnouncementStatus.ENQUEUED, due_at=None)
    if not desk.store.save_announcement(after, entries):
        now = desk.store.announcement(there.id)
        if now != there:
            return now
        # a database that was restored may have entries that the cursor did not come to
        done = {one.id for one in desk.store.entries_among([one.id for one in entries])}
        desk.store.save_announcement(after, [one for one in entries if one.id not in done])
    return desk.store.announcement(there.id)


def _put_off(desk: Desk, id: str) -> None:
    with suppress(StoreUnavailable):
        if there := desk.store.announcement(id):
            desk.store.save_announcement(replace(there, due_at=desk.store.now() + desk.limits.longest_backoff))
