"""Closing an intake whose deadline has passed."""

from dataclasses import replace

from rollcall.desk.amend import as_at
from rollcall.desk.desk import Desk
from rollcall.desk.roster import write_pages
from rollcall.desk.scan import everyone
from rollcall.desk.versions import next_look, to_staff
from rollcall.model.event import Event
from rollcall.model.intake import Closing, OnRoster


def close(desk: Desk, event: Event) -> Closing | None:
    """Close the intake if its deadline has passed and no closing is recorded. Safe to call at any time, by several
    callers at once. Returns the closing if this call recorded it.

    1. Read the deadline and the store's time together.
    2. Write the ids of all registrations committed, and not withdrawn, by the deadline, in pages by id. No later commit
       can have such a time, so after a crash a second call writes the same pages. Whom the staff admitted meanwhile
       comes with the next version.
    3. In one commit record the closing and enqueue the staff's e-mails.
    """
    intake = desk.store.intake(event)
    if intake.closing is not None or not intake.past:
        return None
    then = (as_at(desk.store, event.slug, one, intake.closes_at) for one in everyone(desk.store, event.slug))
    rows = (OnRoster(one.id, one.revision) for one in then if one and not one.is_withdrawn)
    number = len(intake.earlier_versions) + 1
    version = write_pages(desk.store, event.slug, number, intake.closing_name, rows, intake.closes_at)
    closing = Closing(version.count, version.sha256, version.pages)
    anew = replace(intake, later_versions=(), looks_at=next_look(event, intake.as_of))
    return closing if desk.store.record_closing(event.slug, anew, closing, to_staff(event, number)) else None
