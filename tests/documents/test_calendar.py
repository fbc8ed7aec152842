"""The calendar entry, read back by others' readers."""

import ctypes
import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

from rollcall.documents.calendar import cancellation, invitation
from rollcall.model.event import Event
from schemas.event import read_event
from templates import place
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


Read = list[Any]
"""Start, end (seconds since 1970, or year, month and day), title, place, method, UID, sequence, status, stamp."""
TITLES = {
    "ar": "منتدى الاتحاد الدولي للاتصالات: ورشة عمل بشأن إدارة الإنترنت، ٢٠٠٤",
    "en": "ITU Forum: Workshop on Internet Governance; for all, as ever",
    "es": "Foro de la UIT: Taller sobre la gobernanza de Internet, ¿y mañana?",
    "fr": "Forum de l’UIT\u00a0: Atelier sur la gouvernance de l’Internet, à Genève",
    "ru": "Форум МСЭ: Практикум по вопросам управления использованием Интернета",
    "zh": "国际电联论坛：互联网治理讲习班，由国际电联战略与政策部门主办，欢迎各成员国主管部门和部门成员参加",
}


def as_icalendar(content: bytes) -> Read:
    calendar = Calendar.from_ical(content.decode())
    entry: Any = calendar.walk("VEVENT")[0]
    starts, ends, words = entry["dtstart"].dt, entry["dtend"].dt, [str(entry["summary"]), str(entry["location"])]
    words += [str(calendar["method"]), str(entry["uid"]), entry["sequence"], str(entry["status"])]
    words += [entry["dtstamp"].dt.timestamp()]
    if isinstance(starts, datetime):
        return [starts.timestamp(), ends.timestamp(), *words]
    return [*([day.year, day.month, day.day] for day in (starts, ends)), *words]


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
    ical.icalcomponent_get_dtstamp.restype = IcalTime
    for text in ("component_get_summary", "component_get_location", "component_get_uid"):
        getattr(ical, f"ical{text}").restype = ctypes.c_char_p
    ical.icalproperty_method_to_string.restype = ical.icalproperty_status_to_string.restype = ctypes.c_char_p
    ical.icaltime_as_timet_with_zone.restype = ctypes.c_long

    def in_seconds(time: IcalTime) -> int:
        seconds: int = ical.icaltime_as_timet_with_zone(time, ctypes.c_void_p(time.zone))
        return seconds

    calendar = ctypes.c_void_p(ical.icalparser_parse_string(content))
    entry = ctypes.c_void_p(ical.icalcomponent_get_inner(calendar))
    times = ical.icalcomponent_get_dtstart(entry), ical.icalcomponent_get_dtend(entry)
    words = [ical.icalcomponent_get_summary(entry).decode(), ical.icalcomponent_get_location(entry).decode()]
    words += [ical.icalproperty_method_to_string(ical.icalcomponent_get_method(calendar)).decode()]
    words += [ical.icalcomponent_get_uid(entry).decode(), ical.icalcomponent_get_sequence(entry)]
    words += [ical.icalproperty_status_to_string(ical.icalcomponent_get_status(entry)).decode()]
    words += [in_seconds(ical.icalcomponent_get_dtstamp(entry))]
    if times[0].is_date:
        return [*([time.year, time.month, time.day] for time in times), *words]
    return [*map(in_seconds, times), *words]


READERS = pytest.mark.parametrize(
    "read",
    [as_icalendar, partial(as_node, "ical.js"), partial(as_node, "node-ical"), as_libical],
    ids=["icalendar", "ical.js", "node-ical", "libical"],
)


@READERS
def test_whole_days_end_on_the_day_after(read: Callable[[bytes], Read]) -> None:
    assert read(invitation(an_event(), registered()))[:2] == [[2004, 2, 26], [2004, 2, 28]]


@READERS
@pytest.mark.parametrize("hours", [IN_WINTER, IN_SUMMER, OVER_THE_CHANGE], ids=["winter", "summer", "over the change"])
def test_every_program_reads_the_same_hours(read: Callable[[bytes], Read], hours: tuple[datetime, datetime]) -> None:
    starts, ends = hours
    content = invitation(an_event(starts=starts, ends=ends), registered())
    assert read(content)[:2] == [starts.timestamp(), ends.timestamp()]


def test_hours_in_the_events_file_are_those_of_its_zone(tmp_path: Path) -> None:
    letter = (EVENTS / "intgov04.toml").read_text("utf-8")
    letter = letter.replace("starts = 2004-02-26", "starts = 2027-07-06T09:00:00")
    letter = letter.replace("day = 2004-02-26", "day = 2027-07-06").replace("day = 2004-02-27", "day = 2027-07-07")
    (tmp_path / "hours.toml").write_text(letter.replace("ends = 2004-02-27", "ends = 2027-07-07T17:30:00"), "utf-8")
    content = invitation(read_event(tmp_path / "hours.toml"), registered())
    assert as_icalendar(content)[:2] == [time.timestamp() for time in IN_SUMMER]


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


@READERS
@pytest.mark.parametrize("code", TITLES)
def test_every_program_reads_the_words_of_each_language(read: Callable[[bytes], Read], code: str) -> None:
    """Lines are folded at octets, within a letter where need be (RFC 5545, 3.1)."""
    event = an_event(title=TITLES[code], language=code)
    content = invitation(event, registered())
    assert read(content)[2:4] == [TITLES[code], ", ".join(place(event))]
    assert max(map(len, content.split(b"\r\n"))) <= 75


@READERS
@pytest.mark.parametrize("text", ["x" * 53 + ";" * 80, "\\" * 80, "𝕏,^é" * 40], ids=["stops", "backslashes", "all"])
def test_every_program_reads_whatever_a_title_has(read: Callable[[bytes], Read], text: str) -> None:
    content = invitation(an_event(title=text), registered())
    assert read(content)[2] == text
    assert max(map(len, content.split(b"\r\n"))) <= 75
    if text.endswith(";"):
        assert b"\\\r\n" not in content, "some programs read no escape in two lines"


@pytest.mark.parametrize("name", ["O'Neil: “a”; b, c", 'The "Union" ^ all', "^n\nUnion", "Union"])
def test_an_organizer_may_have_any_name(name: str) -> None:
    entry = entry_of(an_event(organizer=name))
    assert entry["organizer"].params["cn"] == name
    assert entry["organizer"] == "mailto:spumail@itu.int"


@READERS
def test_every_program_reads_which_is_newer_and_which_one_cancels(read: Callable[[bytes], Read]) -> None:
    """RFC 5546, 2.1.5: the same UID, a higher SEQUENCE, the later DTSTAMP."""
    one, event = registered(), an_event()
    at = [one.received_at + timedelta(hours=number) for number in range(3)]
    changed, withdrawn = (registered(revision=number + 1, changed_at=at[number]) for number in (1, 2))
    sent = (invitation(event, one), invitation(event, changed), cancellation(event, withdrawn))
    uid = f"{one.id}@intgov04.rollcall"
    assert [read(content)[4:] for content in sent] == [
        ["PUBLISH", uid, 0, "CONFIRMED", at[0].timestamp()],
        ["PUBLISH", uid, 1, "CONFIRMED", at[1].timestamp()],
        ["CANCEL", uid, 2, "CANCELLED", at[2].timestamp()],
    ]
    assert read(sent[2])[:4] == read(sent[0])[:4]


def test_a_cancellation_has_what_it_must_have_and_names_nobody() -> None:
    """RFC 5546, 3.2.5 and 4.1.3: of a published event, which had no ATTENDEE."""
    invited, cancelled = (
        Calendar.from_ical(written(an_event(), registered()).decode()).walk("VEVENT")[0]
        for written in (invitation, cancellation)
    )
    assert cancelled["organizer"] == invited["organizer"]
    assert cancelled.keys() >= {"UID", "SEQUENCE", "DTSTAMP", "ORGANIZER", "STATUS"}
    assert "ATTENDEE" not in cancelled


@pytest.mark.parametrize("code", TITLES)
def test_an_entry_names_the_language_of_its_words(code: str) -> None:
    """RFC 5545, 3.2.10."""
    event = an_event(language=code)
    entry = entry_of(event)
    assert {entry[name].params["language"] for name in ("summary", "location", "description", "organizer")} == {code}
    assert f"//{code.upper()}\r\n".encode() in invitation(event, registered())


def test_a_line_break_in_a_title_is_no_property() -> None:
    entry = entry_of(an_event(title="Forum\r\nATTACH:http://example.org/"))
    assert "attach" not in entry
    assert "Forum" in entry["summary"]
