"""To the registrant: what we have, where the event is, whether the registration is late."""

from collections.abc import Mapping
from datetime import date
from urllib.parse import quote_plus

from rollcall.desk.desk import Desk
from rollcall.documents.calendar import invitation
from rollcall.emails.wording import details, first_lines, person_of, unlinked, worded
from rollcall.language import N_, language
from rollcall.model.email import Attachment, Email, NotNeeded, OutboxEntry
from rollcall.model.event import Event, Venue
from rollcall.model.form import nights
from rollcall.model.intake import Intake, e_mailed_in_time
from rollcall.model.registration import Registered
from templates import dates
from templates.lines import isolated

_MAP = "https://www.google.com/maps/search/?api=1&query="
"""https://developers.google.com/maps/documentation/urls/get-started"""


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake) -> Email | NotNeeded:
    registered = person_of(desk, entry)
    event = event.in_language(registered.registration.language)
    if registered.is_withdrawn:
        return NotNeeded("the registration is withdrawn")
    return word(entry, event, registered, intake, desk.links.own(event, registered))


def word(entry: OutboxEntry, event: Event, registered: Registered, intake: Intake, not_me: str) -> Email:
    spoken, late = language(event.language), intake.is_late(registered.received_at)
    in_time = e_mailed_in_time(registered.received_at, registered.arrived_at, intake.closes_at)
    copies_to = event.staff if late else ()
    calendar_entry = None if late else f"{event.slug}.ics"
    answers = registered.registration.answers
    return worded(
        entry,
        event,
        spoken.gettext(
            _subject(late, in_time),
            event=isolated(spoken, event.title),
            dates=dates(event),
            reference=isolated(spoken, registered.reference),
        ),
        "confirmation",
        copies_to=tuple(address for address in copies_to if address != entry.to),
        attachments=(Attachment(calendar_entry, "text/calendar", invitation(event, registered)),)
        if calendar_entry
        else (),
        registered=registered,
        dear=unlinked(registered.registration.addressed_as),
        details=[(label, first_lines(text)) for label, text in details(event, registered)],
        late=late,
        in_time=in_time,
        closes_at=intake.closes_at,
        calendar_entry=calendar_entry,
        map=map_of(event.venue) if event.venue else None,
        listed_hotel=_listed(event, event.hotel_of(answers)),
        hotel=unlinked(event.hotel_of(answers)),
        hotel_tel=unlinked(answers.get("hotel_tel", "")),
        nights=nights(answers),
        stay=_stay(answers, event),
        not_me=not_me,
    )


def _stay(answers: Mapping[str, str], event: Event) -> str:
    if not nights(answers):
        return ""
    return language(event.language).span(
        date.fromisoformat(answers["arrival"]), date.fromisoformat(answers["departure"])
    )


def map_of(venue: Venue) -> str:
    return _MAP + quote_plus(", ".join((venue.building, *venue.address)))


def _listed(event: Event, name: str) -> list[tuple[str, str]]:
    """How to reach the hotel, and how to book."""
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


def _subject(late: bool, in_time: bool) -> str:
    if not late:
        return N_("Registration confirmed: %(event)s, %(dates)s (%(reference)s)")
    if in_time:
        return N_("Received in time, recorded late: %(event)s, %(dates)s (%(reference)s)")
    return N_("Received after the deadline: %(event)s, %(dates)s (%(reference)s)")
