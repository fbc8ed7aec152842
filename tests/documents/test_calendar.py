"""The calendar entry, read back by the icalendar library."""

from datetime import UTC, date, datetime
from typing import Any

from icalendar import Calendar

from rollcall.documents.calendar import invitation
from rollcall.model.event import Event
from tests.support.builders import an_event, registered


def entry_of(event: Event) -> Any:
    calendar = Calendar.from_ical(invitation(event, registered()).decode())
    (entry,) = calendar.walk("VEVENT")
    return entry


def test_whole_days_end_on_the_day_after() -> None:
    entry = entry_of(an_event())
    assert (entry["dtstart"].dt, entry["dtend"].dt) == (date(2004, 2, 26), date(2004, 2, 28))


def test_hours_are_in_the_events_zone() -> None:
    event = an_event(starts=datetime(2004, 2, 26, 8, 30, tzinfo=UTC), ends=datetime(2004, 7, 27, 16, 0, tzinfo=UTC))
    entry = entry_of(event)
    assert entry["dtstart"].params["TZID"] == "Europe/Zurich"
    assert (entry["dtstart"].dt, entry["dtend"].dt) == (event.starts, event.ends)
    assert entry["dtend"].dt.hour == 18  # summer time
    text = invitation(event, registered()).decode()
    assert text.count("BEGIN:VTIMEZONE") == 1
    assert "TZOFFSETTO:+0200" in text


def test_who_where_and_the_reference() -> None:
    entry = entry_of(an_event())
    assert entry["location"] == "Salle B, ITU Headquarters, Place des Nations, CH-1211 Geneva 20, Switzerland"
    assert registered().reference in entry["description"]
    assert entry["dtstamp"].dt == registered().received_at
    assert entry["uid"] == f"{registered().id}@intgov04.rollcall"


def test_a_line_break_in_a_title_is_no_property() -> None:
    entry = entry_of(an_event(title="Forum\r\nATTACH:http://example.org/"))
    assert "attach" not in entry
    assert "Forum" in entry["summary"]
