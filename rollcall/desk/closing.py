"""Closing: when the deadline has passed, the list is drawn up once and the staff are owed it."""

import hashlib
from collections import Counter
from datetime import datetime
from itertools import islice

from rollcall.desk.desk import Desk, RosterStore
from rollcall.desk.event import Event
from rollcall.desk.incoming import Standing, standing_now
from rollcall.desk.intake import Closing, Intake
from rollcall.desk.mail import MailKind, Roster, roster_mail
from rollcall.desk.needs_a_person import still_kept
from rollcall.desk.pages import everyone, messages

ROSTER_PAGE = 500
"""Registrations on a page of the roster. Fixed: pages must be the same each time."""


def due_to_close(desk: Desk, now: datetime) -> list[Event]:
    """The events whose intake should be closed at this time of the store's, the longest due first. Those of which there
    is no file any more are left alone.

    Raises `StoreUnavailable`.
    """
    desk.intakes.have_all(desk.events)
    return [desk.events[slug] for slug in desk.store.due_intakes(now) if slug in desk.events]


def close(desk: Desk, event: Event) -> Closing | None:
    """Close the intake if its deadline has passed and no closing is recorded. Safe to call at any time, any number
    of times, by several callers at once.

    1. Ask the store for the deadline and for its own time, in one reading.
    2. Write the ids of all registrations committed at or before the deadline, in pages by id. No commit from now on
       can have such a time, so a crash here and a second call write the same pages.
    3. In one commit, record the closing and queue the staff's mails.

    Returns the closing if this call recorded it. Raises `StoreUnavailable`.
    """
    intake = desk.store.intake(event)
    if intake.closing is not None or not intake.past:
        return None
    closing = _write_pages(desk, event, intake)
    mails = [roster_mail(event.slug, number, to) for number, to in enumerate(event.staff, start=1)]
    return closing if desk.store.record_closing(event.slug, intake, closing, mails) else None


def draw_up_roster(store: RosterStore, event: Event, intake: Intake) -> Roster:
    """The roster as its closing recorded it, with the late ones and the confirmations not sent up to now.

    Raises `StoreUnavailable`; `ValueError` where the pages are not those that the closing recorded.
    """
    if intake.closing is None:
        raise ValueError(f"the intake of {event.slug} is not closed")
    on_roster = set(listed(store, event, intake, intake.closing))
    registered = list(everyone(store, event.slug))
    ids = {one.id for one in registered}
    incoming = sorted(messages(store, event.slug), key=lambda one: one.received_at)
    standings = [standing_now(one, ids) for one in incoming]
    return Roster(
        closes_at=intake.closes_at,
        registered=tuple(one for one in registered if one.id in on_roster),
        late=tuple(one for one in registered if one.id not in on_roster),
        confirmations={
            record.mail.registration_id: record
            for record in store.unsent_mails(event.slug)
            if record.mail.kind is MailKind.CONFIRMATION and record.mail.registration_id
        },
        kept=still_kept(store, event.slug, ids),
        incoming=Counter(standings),
        dealt_with=sum(one.dealt_with for one in incoming),
        not_completed=tuple(
            one for one, standing in zip(incoming, standings, strict=True) if standing is Standing.WAITING
        ),
    )


def listed(store: RosterStore, event: Event, intake: Intake, closing: Closing) -> list[str]:
    """The ids that the closing recorded. Raises `StoreUnavailable`; `ValueError` where the pages are not its own."""
    ids = [id for number in range(closing.pages) for id in store.roster_page(event.slug, page_name(intake, number))]
    if _checksum(ids) != closing.sha256:
        raise ValueError(f"the roster pages of {event.slug} are not those of its closing")
    return ids


def page_name(intake: Intake, number: int) -> str:
    """The name of a page of the roster. Each deadline has pages of its own: whoever was slow in drawing up the list of
    an earlier one does not write over those of the closing."""
    return f"{len(intake.history)}-{number:06}"


def _write_pages(desk: Desk, event: Event, intake: Intake) -> Closing:
    ids = (one.id for one in everyone(desk.store, event.slug) if not intake.is_late(one.received_at))
    written: list[str] = []
    pages = 0
    while page := list(islice(ids, ROSTER_PAGE)):
        desk.store.write_roster_page(event.slug, page_name(intake, pages), page)
        written += page
        pages += 1
    return Closing(count=len(written), sha256=_checksum(written), pages=pages)


def _checksum(ids: list[str]) -> str:
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()
