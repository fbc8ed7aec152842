"""To the registrant: what we have, where the event is, whether the registration is late."""

from urllib.parse import quote_plus

from rollcall.desk.desk import Desk
from rollcall.documents.calendar import invitation
from rollcall.emails.wording import details, first_lines, person_of, unlinked, worded
from rollcall.model.email import Attachment, Email, NotNeeded, OutboxEntry
from rollcall.model.event import Event, Venue
from rollcall.model.intake import Intake, e_mailed_in_time
from rollcall.model.links import VALID_FOR, LinkPurpose
from rollcall.model.registration import Registered
from templates import dates

_MAP = "https://www.google.com/maps/search/?api=1&query="
"""https://developers.google.com/maps/documentation/urls/get-started"""


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake) -> Email | NotNeeded:
    registered = person_of(desk, entry)
    if registered.is_withdrawn:
        return NotNeeded("the registration is withdrawn")
    until = max(event.over_at, intake.as_of + VALID_FOR[LinkPurpose.WITHDRAW])
    return word(entry, event, registered, intake, desk.links.withdrawing(event, registered.id, until))


def word(entry: OutboxEntry, event: Event, registered: Registered, intake: Intake, not_me: str) -> Email:
    late = intake.is_late(registered.received_at)
    in_time = e_mailed_in_time(registered.received_at, registered.arrived_at, intake.closes_at)
    copies_to = event.staff if late else ()
    calendar_entry = None if late else f"{event.slug}.ics"
    answers = registered.registration.answers
    return worded(
        entry,
        event,
        f"{_outcome(late, in_time)}: {event.title}, {dates(event)} ({registered.reference})",
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
        map=map_of(event.venue),
        hotel=unlinked(answers.get("hotel", "")),
        hotel_tel=unlinked(answers.get("hotel_tel", "")),
        not_me=not_me,
    )


def map_of(venue: Venue) -> str:
    return _MAP + quote_plus(", ".join((venue.building, *venue.address)))


def _outcome(late: bool, in_time: bool) -> str:
    if not late:
        return "Registration confirmed"
    return "Received in time, recorded late" if in_time else "Received after the deadline"
