"""The event as a calendar entry (RFC 5545), updated and cancelled as RFC 5546 has it (4.1.2, 4.1.3)."""

# By UID and SEQUENCE most programs replace the entry, or remove it. Outlook for Windows and phones does so only for
# METHOD:REQUEST with its reader as ATTENDEE, else it adds another (github.com/mangstadt/biweekly/issues/87 and 97); but
# then calendars would answer us by e-mail. So the e-mails say what to do by hand.

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256

from icalendar import Calendar, Event, vCalAddress, vDuration, vText

from rollcall.language import language
from rollcall.model import event as desk
from rollcall.model.programme import AgendaItem, Site
from rollcall.model.registration import Registered
from templates import place

_READ_AGAIN = timedelta(hours=1)


def invitation(event: desk.Event, registered: Registered) -> bytes:
    """By this revision."""
    return _calendar(event, registered, "PUBLISH", "CONFIRMED")


def cancellation(event: desk.Event, registered: Registered) -> bytes:
    return _calendar(event, registered, "CANCEL", "CANCELLED")


def public_calendar(event: desk.Event, site: Site, address: str) -> bytes:
    """To subscribe to: the event, and each item of its agenda that has a time."""
    spoken = language(event.language)
    whole = _entry(event, "event", site.as_of)
    whole.add("url", address)
    whole.add("description", spoken.gettext("Questions: %(email)s", email=event.contact.email), _in(event))
    items = [_item(event, one, site.as_of) for one in site.agenda if one.starts]
    return _written(event, "PUBLISH", [whole, *items], event.title)


def _item(event: desk.Event, item: AgendaItem, stamp: datetime) -> Event:
    # each time programs take the calendar as it then is: whatever tells items apart will do for a name
    told = sha256(repr((item.day, item.starts, sorted(item.title.words.items()))).encode()).hexdigest()
    entry = Event()
    entry.add("uid", f"{told[:20]}@{event.slug}.rollcall")
    entry.add("dtstamp", stamp)
    entry.add("summary", item.title.in_language(event.language), {"LANGUAGE": item.title.language_for(event.language)})
    assert item.starts
    entry.add("dtstart", _instant(event, item.day, item.starts))
    if item.ends and item.ends > item.starts:
        entry.add("dtend", _instant(event, item.day, item.ends))
    entry.add("location", ", ".join(place(event)), _in(event))
    return entry


def _instant(event: desk.Event, day: date, at: time) -> datetime:
    return datetime.combine(day, at, event.zone).astimezone(UTC)


def _calendar(event: desk.Event, registered: Registered, method: str, status: str) -> bytes:
    spoken = language(event.language)
    entry = _entry(event, registered.id, registered.changed_at or registered.received_at)
    entry.add("sequence", registered.revision - 1)
    said = (
        spoken.gettext("Your reference: %(reference)s", reference=registered.reference),
        spoken.gettext("Questions: %(email)s", email=event.contact.email),
    )
    entry.add("description", "\n".join(said), _in(event))
    if event.website:
        entry.add("url", event.website)
    entry.add("status", status)
    return _written(event, method, [entry])


def _entry(event: desk.Event, id: str, stamp: datetime) -> Event:
    entry = Event()
    entry.add("uid", f"{id}@{event.slug}.rollcall")
    entry.add("dtstamp", stamp)
    entry.add("summary", event.title, _in(event))
    if isinstance(event.starts, datetime) and isinstance(event.ends, datetime):
        entry.add("dtstart", event.starts.astimezone(UTC))  # not all programs read a time zone's rules right
        entry.add("dtend", event.ends.astimezone(UTC))
    else:
        entry.add("dtstart", event.starts)
        entry.add("dtend", event.ends + timedelta(days=1))  # exclusive (RFC 5545, 3.6.1)
    entry.add("location", ", ".join(place(event)), _in(event))
    organizer = vCalAddress(f"mailto:{event.contact.email}")
    organizer.params["cn"] = vText(event.organizer)
    organizer.params["language"] = vText(event.language)
    entry["organizer"] = organizer
    return entry


def _written(event: desk.Event, method: str, entries: Sequence[Event], name: str = "") -> bytes:
    """`name`: of a calendar to subscribe to."""
    calendar = Calendar()
    calendar.add("prodid", f"-//Rollcall//Registration desk//{event.language.upper()}")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    if name:
        calendar.add("name", name)  # RFC 7986
        calendar.add("x-wr-calname", name)
        calendar.add("refresh-interval", _READ_AGAIN, {"VALUE": "DURATION"})
        calendar.add("x-published-ttl", vDuration(_READ_AGAIN))
    for entry in entries:
        calendar.add_component(entry)
    written: bytes = calendar.to_ical()
    return written


def _in(event: desk.Event) -> dict[str, str]:
    """RFC 5545, 3.2.10."""
    return {"LANGUAGE": event.language}
