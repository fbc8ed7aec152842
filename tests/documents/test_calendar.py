"""The calendar entry, read back by others' readers."""

import ctypes
import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

from rollcall.documents.calendar import invitation
from rollcall.model.event import Event
from schemas.event import read_event
from tests.support.builders import EVENTS, an_event, registered
from tests.support.left_out import leave_out

NODE = Path(__file__).parents[1] / "node"
IN_WINTER = datetime(2027, 2, 16, 8, 0, tzinfo=UTC), datetime(2027, 2, 17, 16, 30, tzinfo=UTC)
IN_SUMMER = datetime(2027, 7, 6, 7, 0, tzinfo=UTC), datetime(2027, 7, 7, 15, 30, tzinfo=UTC)
OVER_THE_CHANGE = datetime(2027, 3, 26, 8, 0, tzinfo=UTC), datetime(2027, 3, 29, 15, 0, tzinfo=UTC)


def entry_of(event: Event) -> Any:
    calendar = Calendar.from_ical(invitation(event, registered()).decode())
    (entry,) = calendar.walk("VEVENT")
    return entry


Read = list[float] | list[list[int]]
"""Start and end, in seconds since 1970 or as year, month and day."""


def as_icalendar(content: bytes) -> Read:
    entry: Any = Calendar.from_ical(content.decode()).walk("VEVENT")[0]
    starts, ends = entry["dtstart"].dt, entry["dtend"].dt
    if isinstance(starts, datetime):
        return [starts.timestamp(), ends.timestamp()]
    return [[day.year, day.month, day.day] for day in (starts, ends)]


def as_node(name: str, content: bytes) -> Read:
    node = shutil.which("node")
    if not node or not (NODE / "node_modules").is_dir():
        leave_out(f"{name} needs Node.js and `make tests/node/node_modules`")
    read = subprocess.run([node, NODE / "read_calendar.mjs"], input=content, capture_output=True, check=True)
    times: dict[str, Read] = json.loads(read.stdout)
    return times[name]


class IcalTime(ctypes.Structure):
    """`struct icaltimetype` (libical 3, icaltime.h)."""

    _fields_ = (
        *((name, ctypes.c_int) for name in ("year", "month", "day", "hour", "minute", "second", "is_date", "is_dst")),
        ("zone", ctypes.c_void_p),
    )


def as_libical(content: bytes) -> Read:
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
    if times[0].is_date:
        return [[time.year, time.month, time.day] for time in times]
    return [ical.icaltime_as_timet_with_zone(time, ctypes.c_void_p(time.zone)) for time in times]


READERS = pytest.mark.parametrize(
    "read",
    [as_icalendar, partial(as_node, "ical.js"), partial(as_node, "node-ical"), as_libical],
    ids=["icalendar", "ical.js", "node-ical", "libical"],
)


@READERS
def test_whole_days_end_on_the_day_after(read: Callable[[bytes], Read]) -> None:
    assert read(invitation(an_event(), registered())) == [[2004, 2, 26], [2004, 2, 28]]


@READERS
@pytest.mark.parametrize("hours", [IN_WINTER, IN_SUMMER, OVER_THE_CHANGE], ids=["winter", "summer", "over the change"])
def test_every_program_reads_the_same_hours(read: Callable[[bytes], Read], hours: tuple[datetime, datetime]) -> None:
    starts, ends = hours
    content = invitation(an_event(starts=starts, ends=ends), registered())
    assert read(content) == [starts.timestamp(), ends.timestamp()]


def test_hours_in_the_events_file_are_those_of_its_zone(tmp_path: Path) -> None:
    letter = (EVENTS / "intgov04.toml").read_text("utf-8")
    letter = letter.replace("starts = 2004-02-26", "starts = 2027-07-06T09:00:00")
    (tmp_path / "hours.toml").write_text(letter.replace("ends = 2004-02-27", "ends = 2027-07-07T17:30:00"), "utf-8")
    content = invitation(read_event(tmp_path / "hours.toml"), registered())
    assert as_icalendar(content) == [time.timestamp() for time in IN_SUMMER]


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
