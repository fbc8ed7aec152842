"""The event as a calendar entry (RFC 5545), updated and cancelled as RFC 5546 has it (4.1.2, 4.1.3)."""

# By UID and SEQUENCE most programs replace the entry, or remove it. Outlook for Windows and phones does so only for
# METHOD:REQUEST with its reader as ATTENDEE, else it adds another (github.com/mangstadt/biweekly/issues/87 and 97); but
# then calendars would answer us by e-mail. So the e-mails say what to do by hand.

# Written without a library: icalendar takes ten times as long, and 60 ms of a start (docs/performance.md).

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256

from rollcall.language import language
from rollcall.model.event import Event
from rollcall.model.programme import AgendaItem, Site
from rollcall.model.registration import Registered
from templates import place

_READ_AGAIN = "PT1H"
_OCTETS = 74
"""Of a line, without the blank that begins the next: 75 with it (RFC 5545, 3.1)."""
_TEXT = str.maketrans({"\\": r"\\", ";": r"\;", ",": r"\,", "\n": r"\n"})
_PARAMETER = str.maketrans({"^": "^^", '"': "^'", "\n": "^n"})  # RFC 6868
_QUOTED = re.compile("[ ,;:'’]")
_BREAK = re.compile("\r\n?")


def invitation(event: Event, registered: Registered) -> bytes:
    """By this revision."""
    return _calendar(event, registered, "PUBLISH", "CONFIRMED")


def cancellation(event: Event, registered: Registered) -> bytes:
    return _calendar(event, registered, "CANCEL", "CANCELLED")


def public_calendar(event: Event, site: Site, address: str) -> bytes:
    """To subscribe to: the event, and each item of its agenda that has a time."""
    questions = language(event.language).gettext("Questions: %(email)s", email=event.contact.email)
    whole = _entry(event, "event", site.as_of, questions, f"URL:{address}")
    items = (_item(event, one, site.as_of) for one in site.agenda if one.starts)
    name = _text(event.title)
    to_subscribe = (
        f"NAME:{name}",  # RFC 7986
        f"X-WR-CALNAME:{name}",
        f"REFRESH-INTERVAL;VALUE=DURATION:{_READ_AGAIN}",
        f"X-PUBLISHED-TTL:{_READ_AGAIN}",
    )
    return _written(event, "PUBLISH", *to_subscribe, *whole, *(line for item in items for line in item))


def _item(event: Event, item: AgendaItem, stamp: datetime) -> Iterator[str]:
    # each time programs take the calendar as it then is: whatever tells items apart will do for a name
    told = sha256(repr((item.day, item.starts, sorted(item.title.words.items()))).encode()).hexdigest()
    assert item.starts
    yield "BEGIN:VEVENT"
    yield _said("SUMMARY", item.title.in_language(event.language), item.title.language_for(event.language))
    yield _at("DTSTART", _instant(event, item.day, item.starts))
    if item.ends and item.ends > item.starts:
        yield _at("DTEND", _instant(event, item.day, item.ends))
    yield _at("DTSTAMP", stamp)
    yield f"UID:{told[:20]}@{event.slug}.rollcall"
    yield _where(event)
    yield "END:VEVENT"


def _instant(event: Event, day: date, at: time) -> datetime:
    return datetime.combine(day, at, event.zone)


def _calendar(event: Event, registered: Registered, method: str, status: str) -> bytes:
    spoken, stamp = language(event.language), registered.changed_at or registered.received_at
    said = (
        spoken.gettext("Your reference: %(reference)s", reference=registered.reference),
        spoken.gettext("Questions: %(email)s", email=event.contact.email),
    )
    rest = [f"STATUS:{status}"]
    if event.website:
        rest.append(f"URL:{event.website}")
    lines = _entry(event, registered.id, stamp, "\n".join(said), *rest, revision=registered.revision)
    return _written(event, method, *lines)


def _entry(event: Event, id: str, stamp: datetime, description: str, *rest: str, revision: int = 0) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield _said("SUMMARY", event.title, event.language)
    yield _at("DTSTART", event.starts)
    # exclusive for whole days (RFC 5545, 3.6.1)
    yield _at("DTEND", event.ends if isinstance(event.ends, datetime) else event.ends + timedelta(days=1))
    yield _at("DTSTAMP", stamp)
    yield f"UID:{id}@{event.slug}.rollcall"
    if revision:
        yield f"SEQUENCE:{revision - 1}"
    yield _said("DESCRIPTION", description, event.language)
    yield _where(event)
    yield f"ORGANIZER;CN={_parameter(event.organizer)};LANGUAGE={event.language}:mailto:{event.contact.email}"
    yield from rest
    yield "END:VEVENT"


def _where(event: Event) -> str:
    return _said("LOCATION", ", ".join(place(event)), event.language)


def _said(name: str, text: str, code: str) -> str:
    """In this language (RFC 5545, 3.2.10)."""
    return f"{name};LANGUAGE={code}:{_text(text)}"


def _at(name: str, at: date) -> str:
    if isinstance(at, datetime):  # not all programs read a time zone's rules right
        return f"{name}:{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return f"{name};VALUE=DATE:{at:%Y%m%d}"


def _text(text: str) -> str:
    return _BREAK.sub("\n", text).translate(_TEXT)


def _parameter(text: str) -> str:
    escaped = _BREAK.sub("\n", text).translate(_PARAMETER)
    return f'"{escaped}"' if _QUOTED.search(text) else escaped


def _written(event: Event, method: str, *lines: str) -> bytes:
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//Rollcall//Registration desk//{event.language.upper()}")
    whole: Iterable[str] = (*head, f"METHOD:{method}", *lines, "END:VCALENDAR")
    return b"".join(_folded(line.encode()) + b"\r\n" for line in whole)


def _folded(line: bytes) -> bytes:
    """Within no letter, and no escaped one, which some programs would not read."""
    lines = []
    while len(line) > _OCTETS:
        end = _OCTETS
        while line[end] & 0xC0 == 0x80:  # goes on with a letter (RFC 3629)
            end -= 1
        end -= line[end - 1] in b"\\^"
        lines.append(line[:end])
        line = line[end:]
    return b"\r\n ".join((*lines, line))
