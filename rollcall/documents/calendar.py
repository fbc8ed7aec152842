"""The event as a calendar entry (RFC 5545), updated and cancelled as RFC 5546 has it (4.1.2, 4.1.3)."""

# By UID and SEQUENCE most programs replace the entry, or remove it. Outlook for Windows and phones does so only for
# METHOD:REQUEST with its reader as ATTENDEE, else it adds another (github.com/mangstadt/biweekly/issues/87 and 97); but
# then calendars would answer us by e-mail. So the e-mails say what to do by hand.

from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event, vCalAddress, vText

from rollcall.language import language
from rollcall.model import event as desk
from rollcall.model.registration import Registered
from templates import place


def invitation(event: desk.Event, registered: Registered) -> bytes:
    """By this revision."""
    return _calendar(event, registered, "PUBLISH", "CONFIRMED")


def cancellation(event: desk.Event, registered: Registered) -> bytes:
    return _calendar(event, registered, "CANCEL", "CANCELLED")


def _calendar(event: desk.Event, registered: Registered, method: str, status: str) -> bytes:
    spoken, entry = language(event.language), Event()
    in_words = {"LANGUAGE": spoken.code}  # RFC 5545, 3.2.10
    entry.add("uid", f"{registered.id}@{event.slug}.rollcall")
    entry.add("sequence", registered.revision - 1)
    entry.add("dtstamp", registered.changed_at or registered.received_at)
    entry.add("summary", event.title, in_words)
    if isinstance(event.starts, datetime) and isinstance(event.ends, datetime):
        entry.add("dtstart", event.starts.astimezone(UTC))  # not all programs read a time zone's rules right
        entry.add("dtend", event.ends.astimezone(UTC))
    else:
        entry.add("dtstart", event.starts)
        entry.add("dtend", event.ends + timedelta(days=1))  # exclusive (RFC 5545, 3.6.1)
    entry.add("location", ", ".join(place(event)), in_words)
    said = (
        spoken.gettext("Your reference: %(reference)s", reference=registered.reference),
        spoken.gettext("Questions: %(email)s", email=event.contact.email),
    )
    entry.add("description", "\n".join(said), in_words)
    if event.website:
        entry.add("url", event.website)
    organizer = vCalAddress(f"mailto:{event.contact.email}")
    organizer.params["cn"] = vText(event.organizer)
    organizer.params["language"] = vText(spoken.code)
    entry["organizer"] = organizer
    entry.add("status", status)
    calendar = Calendar()
    calendar.add("prodid", f"-//Rollcall//Registration desk//{spoken.code.upper()}")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(entry)
    written: bytes = calendar.to_ical()
    return written
