"""The calendar entry, read back by others' readers."""

import ctypes
import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

from rollcall.documents.calendar import invitation
from rollcall.model.event import Event
from tests.support.builders import an_event, registered
from tests.support.left_out import leave_out

NODE = Path(__file__).parents[1] / "node"
IN_WINTER = datetime(2027, 2, 16, 8, 0, tzinfo=UTC), datetime(2027, 2, 17, 16, 30, tzinfo=UTC)
IN_SUMMER = datetime(2027, 7, 6, 7, 0, tzinfo=UTC), datetime(2027, 7, 7, 15, 30, tzinfo=UTC)
OVER_THE_CHANGE = datetime(2027, 3, 26, 8, 0, tzinfo=UTC), datetime(2027, 3, 29, 15, 0, tzinfo=UTC)


def entry_of(event: Event) -> Any:
    calendar = Calendar.from_ical(invitation(event, registered()).decode())
    (entry,) = calendar.walk("VEVENT")
    return entry


def test_whole_days_end_on_the_day_after() -> None:
    entry = entry_of(an_event())
    assert (entry["dtstart"].dt, entry["dtend"].dt) == (date(2004, 2, 26), date(2004, 2, 28))


def as_icalendar(content: bytes) -> list[float]:
    entry: Any = Calendar.from_ical(content.decode()).walk("VEVENT")[0]
    return [entry["dtstart"].dt.timestamp(), entry["dtend"].dt.timestamp()]


def as_node(name: str, content: bytes) -> list[float]:
    node = shutil.which("node")
    if not node or not (NODE / "node_modules").is_dir():
        leave_out(f"{name} needs Node.js and `make tests/node/node_modules`")
    read = subprocess.run([node, NODE / "read_calendar.mjs"], input=content, capture_output=True, check=True)
    seconds: dict[str, list[float]] = json.loads(read.stdout)
    return seconds[name]


class IcalTime(ctypes.Structure):
    """`struct icaltimetype` (libical 3, icaltime.h)."""

    _fields_ = (
        *((name, ctypes.c_int) for name in ("year", "month", "day", "hour", "minute", "second", "is_date", "is_dst")),
        ("zone", ctypes.c_void_p),
    )


def as_libical(content: bytes) -> list[float]:
    try:
        ical = ctypes.CDLL("libical.so.3")
    except OSError:
        leave_out("libical needs its library (apt-get install libical3)")
    ical.icalparser_parse_string.restype = ical.icalcomponent_get_inner.restype = ctypes.c_void_p
    ical.icalcomponent_get_dtstart.restype = ical.icalcomponent_get_dtend.restype = IcalTime
    ical.icaltime_as_timet_with_zone.restype = ctypes.c_long
    calendar = ctypes.c_void_p(ical.icalparser_parse_string(content))
    entry = ctypes.c_void_p(ical.icalcomponent_get_inner(calendar))
    times = ical.icalcomponent_get_dtstart(entry), ical.icalcomponent_get_dtend(entry)
    return [ical.icaltime_as_timet_with_zone(time, ctypes.c_void_p(time.zone)) for time in times]


@pytest.mark.parametrize("hours", [IN_WINTER, IN_SUMMER, OVER_THE_CHANGE], ids=["winter", "summer", "over the change"])
@pytest.mark.parametrize(
    "read",
    [as_icalendar, partial(as_node, "ical.js"), partial(as_node, "node-ical"), as_libical],
    ids=["icalendar", "ical.js", "node-ical", "libical"],
)
def test_every_program_reads_the_same_hours(
    read: Callable[[bytes], list[float]], hours: tuple[datetime, datetime]
) -> None:
    starts, ends = hours
    content = invitation(an_event(starts=starts, ends=ends), registered())
    assert read(content) == [starts.timestamp(), ends.timestamp()]


def test_nothing_depends_on_a_time_zones_definition() -> None:
    """ical.js reads one whose onsets are dates, not rules, an hour late."""
    starts, ends = IN_SUMMER
    text = invitation(an_event(starts=starts, ends=ends), registered()).decode()
    assert "DTSTART:20270706T070000Z" in text
    assert "DTEND:20270707T153000Z" in text
    assert "TZ" not in text


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
