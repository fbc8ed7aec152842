"""The event as a calendar entry (RFC 5545)."""

from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event, vCalAddress, vText

from rollcall.model import event as desk
from rollcall.model.registration import Registered
from templates import place


def invitation(event: desk.Event, registered: Registered) -> bytes:
    """Imported again, it replaces itself: one UID per registration."""
    entry = Event()
    entry.add("uid", f"{registered.id}@{event.slug}.rollcall")
    entry.add("dtstamp", registered.received_at)
    entry.add("summary", event.title)
    if isinstance(event.starts, datetime) and isinstance(event.ends, datetime):
        entry.add("dtstart", event.starts.astimezone(UTC))  # not all programs read a time zone's rules right
        entry.add("dtend", event.ends.astimezone(UTC))
    else:
        entry.add("dtstart", event.starts)
        entry.add("dtend", event.ends + timedelta(days=1))  # exclusive (RFC 5545, 3.6.1)
    entry.add("location", ", ".join(place(event)))
    entry.add("description", f"Your reference: {registered.reference}\nQuestions: {event.contact.email}")
    if event.website:
        entry.add("url", event.website)
    organizer = vCalAddress(f"mailto:{event.contact.email}")
    organizer.params["cn"] = vText(event.organizer)
    entry["organizer"] = organizer
    entry.add("status", "CONFIRMED")
    calendar = Calendar()
    calendar.add("prodid", "-//Rollcall//Registration desk//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(entry)
    written: bytes = calendar.to_ical()
    return written
