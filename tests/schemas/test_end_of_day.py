"""When a day ends, in every zone of the database and whatever its clocks do at midnight."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.model.event import end_of
from schemas.event import as_written, deadline_from
from templates import deadline
from tests.support.builders import an_event

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
ZONES = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)


@st.composite
def days_of_change(draw: st.DrawFn) -> tuple[date, ZoneInfo]:
    """A zone, and a day about which its clocks change, where they do so in some year."""
    zone = draw(ZONES)
    first = date(draw(st.integers(1971, 2037)), 1, 1)
    noons = [datetime(first.year, 1, 1, 12, tzinfo=UTC) + number * DAY for number in range(366)]
    offsets = [noon.astimezone(zone).utcoffset() for noon in noons]
    changes = [number for number in range(1, 366) if offsets[number - 1] != offsets[number]] or [0]
    return first + (draw(st.sampled_from(changes)) + draw(st.integers(-2, 1))) * DAY, zone


any_days = st.tuples(st.dates(date(1971, 1, 1), date(2400, 1, 1)), ZONES)


@settings(max_examples=400, deadline=None)
@given(days_of_change() | any_days)
def test_the_end_of_a_day_is_its_last_instant(of: tuple[date, ZoneInfo]) -> None:
    day, zone = of
    end = end_of(day, zone)
    assert (end - SECOND).astimezone(zone).date() <= day
    assert all((end + minutes * 60 * SECOND).astimezone(zone).date() > day for minutes in range(26 * 60))


@settings(max_examples=200, deadline=None)
@given(days_of_change() | any_days)
def test_a_date_is_read_written_and_shown_as_one_date(of: tuple[date, ZoneInfo]) -> None:
    day, zone = of
    event = an_event(zone=zone)
    try:
        closes_at = deadline_from(day.isoformat(), event)
    except ValueError as error:
        assert "happens never" in str(error)  # noqa: PT017
        assert end_of(day, zone) == end_of(day - DAY, zone)
        return
    assert as_written(closes_at, event, ends=True) == day.isoformat()
    assert as_written(closes_at, event, ends=False) >= (day + DAY).isoformat()
    assert deadline(closes_at, event).startswith(f"the end of {day.day} ")


@pytest.mark.parametrize(
    ("zone", "day", "ends"),
    [
        ("Europe/Zurich", "2004-02-20", "2004-02-20T23:00"),
        ("Africa/Cairo", "2027-04-29", "2027-04-29T22:00"),  # the clocks go from 00:00 to 01:00
        ("Africa/Cairo", "2026-10-29", "2026-10-29T22:00"),  # from 24:00 back to 23:00
        ("Asia/Beirut", "2026-03-28", "2026-03-28T22:00"),
        ("Asia/Beirut", "2026-10-24", "2026-10-24T22:00"),
        ("America/Santiago", "2026-09-05", "2026-09-06T04:00"),
        ("America/Santiago", "2026-04-04", "2026-04-05T04:00"),
        ("America/Havana", "2026-03-07", "2026-03-08T05:00"),
        ("America/Havana", "2026-10-31", "2026-11-01T04:00"),  # from 01:00 back to 00:00: the first one
        ("Atlantic/Azores", "2026-03-28", "2026-03-29T01:00"),
        ("Atlantic/Azores", "2026-10-24", "2026-10-25T00:00"),
        ("America/St_Johns", "2010-11-06", "2010-11-07T03:30"),  # from 00:01 back into the day
        ("Pacific/Apia", "2011-12-29", "2011-12-30T10:00"),  # the 30th is left out
        ("Antarctica/Troll", "2026-02-20", "2026-02-21T00:00"),
    ],
)
def test_where_clocks_skip_or_repeat_midnight(zone: str, day: str, ends: str) -> None:
    assert end_of(date.fromisoformat(day), ZoneInfo(zone)) == datetime.fromisoformat(f"{ends}+00:00")
