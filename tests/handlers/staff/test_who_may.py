"""Whoever asks for a page of the staff's desk sees the events that name them, and no others."""

from dataclasses import replace

import pytest

from handlers.responses import HttpProblem
from handlers.staff import staff
from rollcall.desk.desk import Desk
from rollcall.model.staff import StaffMember
from tests.support.builders import an_event
from tests.support.desk import EVENT
from tests.support.in_process import ask
from tests.support.staff_pages import StaffPages

STAFF = "registration@example.org"


@pytest.fixture
def at_desk(desk: Desk) -> StaffPages:
    return StaffPages(desk, EVENT.staff[0].address)


def test_nobody_is_shown_anything_without_a_name(desk: Desk) -> None:
    def unknown(_: object) -> str:
        raise HttpProblem(403, "Who are you?", "Please sign in.")

    answer = ask(lambda request: staff(desk, unknown, request), "GET", f"/staff/{EVENT.slug}/log")
    assert answer.status == 403
    assert EVENT.title not in answer.text


def test_whoever_no_event_names_sees_none(desk: Desk) -> None:
    answer = StaffPages(desk, "stranger@example.org").get("log")
    assert answer.status == 403
    assert EVENT.title not in answer.text


def test_another_events_staff_is_told_that_it_is_not_there(desk: Desk) -> None:
    other = an_event(slug="other", staff=(StaffMember(STAFF),))
    both = replace(desk, events={**desk.events, other.slug: other})
    assert StaffPages(both, STAFF).get("log").status == 404
    assert StaffPages(both, STAFF, other).get("log").status == 200


def test_an_address_is_the_same_however_it_is_written(at_desk: StaffPages) -> None:
    assert replace(at_desk, address=at_desk.address.upper()).get("log").status == 200


def test_one_event_is_opened_at_once_and_several_are_listed(at_desk: StaffPages) -> None:
    answer = at_desk.ask("GET", "/staff/")
    assert (answer.status, answer.headers["Location"]) == (303, f"/staff/{EVENT.slug}")
    other = an_event(slug="other", title="Another event")
    both = replace(at_desk, desk=replace(at_desk.desk, events={**at_desk.desk.events, other.slug: other}))
    assert "Another event" in both.ask("GET", "/staff/").text


def test_what_staff_see_is_kept_by_nobody(at_desk: StaffPages) -> None:
    headers = at_desk.get("log").headers
    assert headers["X-Robots-Tag"] == "noindex"
    assert headers["Cache-Control"] in ("no-store", "private, no-cache")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("before", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"])
def test_the_log_begins_anew_where_no_clock_shows_that_time(at_desk: StaffPages, before: str) -> None:
    assert at_desk.get(f"log?before={before}").status == 200
