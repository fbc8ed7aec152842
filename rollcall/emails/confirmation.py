"""To the registrant about each revision: what changed and how, what we have, where the event is."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from rollcall.desk.desk import Desk
from rollcall.documents.calendar import invitation
from rollcall.emails import moved, withdrawn
from rollcall.emails.wording import (
    Ways,
    about_registration,
    address,
    changes,
    details,
    first_lines,
    how_it_came,
    person_of,
    revision_of,
    unlinked,
    ways_of,
    worded,
)
from rollcall.language import N_, language
from rollcall.model.email import Attachment, Email, NotNeeded, OutboxEntry, Written
from rollcall.model.event import Event
from rollcall.model.form import nights
from rollcall.model.intake import Intake, e_mailed_in_time
from rollcall.model.registration import Registered, Revision, Why, same_mailbox
from rollcall.model.staff import Receives

_AS_THE_FIRST = (Why.ADMITTED, Why.NOT_ADMITTED, Why.ADDRESS_CORRECTED, Why.RESENT, Why.ONE_OF_TWO)
"""Revisions by which nothing was changed that the person knows of: they hear how they are registered."""
_EXAMPLES = ("hotel", "organization", "tel")
"""Fields that many forms have, and people change."""


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake, registered: Registered | None) -> Written:
    registered = person_of(desk, event, entry, registered)
    event = event.in_language(registered.registration.language)
    revision = revision_of(desk, entry, registered) if entry.revision > 1 else None
    ways = ways_of(desk, event, registered, intake)
    if revision and revision.after.came_too_late:
        return NotNeeded("the change came too late")
    if not same_mailbox(entry.to, registered.registration.email):
        if revision and revision.after.new_email not in ("", revision.before.new_email):
            return moved.word(entry, event, revision, ways)
        return NotNeeded("another address is on file by now")
    if revision and revision.change.why is Why.WITHDRAWN:
        if not registered.is_withdrawn:
            return NotNeeded("the registration is no longer withdrawn")
        return withdrawn.word(entry, event, revision, intake, ways)
    if registered.is_withdrawn:
        return NotNeeded("the registration is withdrawn")
    return word(entry, event, registered, intake, ways, revision)


def word(
    entry: OutboxEntry,
    event: Event,
    registered: Registered,
    intake: Intake,
    ways: Ways,
    revision: Revision | None = None,
) -> Email:
    """`revision` is the one that it is about, none for the first; `registered` is what stands now."""
    late = intake.leaves_out(registered)
    in_time = late and e_mailed_in_time(registered.received_at, registered.arrived_at, intake.closes_at)
    copies_to = event.told(Receives.ALERTS) if late else ()
    calendar_entry = None if late else f"{event.slug}.ics"
    about = revision.after if revision else replace(registered, revision=1, changed_at=registered.received_at)
    why = revision.change.why if revision and revision.change.why not in _AS_THE_FIRST else None
    changed = changes(event, revision.before.registration, revision.after.registration) if revision else []
    answers, until = registered.registration.answers, event.changes_end(intake.closes_at)
    subject = _subject(why, late, in_time, only_address=bool(registered.new_email) and not changed)
    return worded(
        entry,
        event,
        about_registration(event, registered, subject),
        "confirmation",
        reply_to=ways.answers_to,
        copies_to=tuple(one for one in copies_to if one != entry.to),
        attachments=(Attachment(calendar_entry, "text/calendar", invitation(event, about)),) if calendar_entry else (),
        registered=registered,
        dear=unlinked(registered.registration.addressed_as),
        why=why,
        how=how_it_came(event, revision.change) if revision else "",
        changes=changed,
        old_email=address(revision.before.registration.email) if revision else "",
        new_email=address(registered.new_email),
        details=[(label, first_lines(text)) for label, text in details(event, registered)],
        late=late,
        in_time=in_time,
        admitted=bool(registered.admitted) and intake.is_late(registered.received_at),
        no_longer_admitted=registered.admitted is False,
        closes_at=intake.closes_at,
        calendar_entry=calendar_entry,
        listed_hotel=_listed(event, event.hotel_of(answers)),
        hotel=unlinked(event.hotel_of(answers)),
        hotel_tel=unlinked(answers.get("hotel_tel", "")),
        nights=nights(answers),
        stay=_stay(answers, event),
        own=ways.own,
        changes_until=until,
        may_change=intake.as_of <= until,
        example=next((field.label for field in map(event.field, _EXAMPLES) if field), ""),
    )


def _stay(answers: Mapping[str, str], event: Event) -> str:
    if not nights(answers):
        return ""
    return language(event.language).span(
        date.fromisoformat(answers["arrival"]), date.fromisoformat(answers["departure"])
    )


def _listed(event: Event, name: str) -> list[tuple[str, str]]:
    field, hotel = event.field("hotel"), next((one for one in event.hotels if one.name == name), None)
    if field is None or not field.choices or hotel is None:
        return []
    spoken = language(event.language)
    said = (
        (N_("Hotel"), hotel.name),
        (N_("Address"), hotel.address),
        (N_("Tel."), hotel.tel),
        (N_("Website"), hotel.website),
        (N_("Rates"), hotel.rates),
        (N_("Say when you book"), hotel.block_code),
        (N_("Book by"), hotel.book_by and spoken.day(hotel.book_by)),
    )
    return [(spoken.gettext(label), text) for label, text in said if text]


def _subject(why: Why | None, late: bool, in_time: bool, only_address: bool) -> str:
    match why:
        case Why.CHANGED if only_address:
            return N_("New e-mail address to be confirmed: %(event)s, %(dates)s (%(reference)s)")
        case Why.CHANGED:
            return N_("Registration changed: %(event)s, %(dates)s (%(reference)s)")
        case Why.BACK:
            return N_("Registered again: %(event)s, %(dates)s (%(reference)s)")
        case Why.ADDRESS_CONFIRMED:
            return N_("E-mail address changed: %(event)s, %(dates)s (%(reference)s)")
    if not late:
        return N_("Registration confirmed: %(event)s, %(dates)s (%(reference)s)")
    if in_time:
        return N_("Received in time, recorded late: %(event)s, %(dates)s (%(reference)s)")
    return N_("Received after the deadline: %(event)s, %(dates)s (%(reference)s)")
