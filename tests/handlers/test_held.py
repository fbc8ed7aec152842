"""All that is held of a person, by their own link."""

import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

import pytest

from handlers.register import register
from rollcall.desk.amend import withdraw
from rollcall.desk.desk import Desk
from tests.support.builders import LINKS, NOT_ME
from tests.support.clock import Clock
from tests.support.contributions import EVENT
from tests.support.in_process import ask
from tests.support.much_held import FOCAL, OTHER, OWN, PRIVATE, SECRETARY, MuchHeld, much_held
from tests.support.served import Answer

FILES = ("held", "held.json", "held.pdf")


@pytest.fixture
def much(desk: Desk) -> MuchHeld:
    return much_held(desk)


def own(much: MuchHeld) -> str:
    return urlsplit(LINKS.own(EVENT, much.there)).path


def get(much: MuchHeld, below: str, method: str = "GET") -> Answer:
    return ask(partial(register, much.desk), method, f"{own(much)}{below}", headers={"Accept": "text/html"})


def test_the_own_page_leads_there(much: MuchHeld) -> None:
    assert f'href="{own(much)}/held"' in get(much, "").text
    page = get(much, "/held")
    assert (page.status, '<h1 dir="auto">All that is held of Aminata Diallo</h1>' in page.text) == (200, True)
    for name in ("held.pdf", "held.json"):
        assert f'href="{own(much)}/{name}"' in page.text


def test_the_page_says_what_came_and_what_was_sent_and_of_nobody_else(much: MuchHeld) -> None:
    text = get(much, "/held").text
    for said in (OWN, PRIVATE, "crutches", "vegetarian", "Hôtel Cornavin", "ITU Associate", "Names of countries"):
        assert said in text
    assert "Responsible for personal data" in text
    assert "the end of 26 February 2005" in text
    assert OTHER not in text
    assert FOCAL not in text


def test_no_member_of_the_staff_is_named(much: MuchHeld) -> None:
    """Court of Justice of the EU, C-579/21. The secretariat's address is where one asks."""
    said = json.loads(get(much, "/held.json").text)
    asked = [said.pop("secretariat"), said.pop("notes")]
    assert SECRETARY in str(asked)
    assert SECRETARY not in json.dumps(said)
    assert [list(one) for one in said["accesses"]] == [["at"]]
    assert [one["what"]["code"] for one in said["staff_actions"]] == ["added", "merged"]


@pytest.mark.parametrize("name", FILES)
def test_nothing_of_it_is_kept_or_found(much: MuchHeld, name: str) -> None:
    answer = get(much, f"/{name}")
    assert answer.status == 200
    assert (answer.headers["Cache-Control"], answer.headers["X-Robots-Tag"]) == ("no-store", "noindex")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert get(much, f"/{name}", "POST").status == 405


def test_files_are_named_by_the_reference(much: MuchHeld) -> None:
    for ending, kind in (("json", "application/json"), ("pdf", "application/pdf")):
        answer = get(much, f"/held.{ending}")
        assert answer.headers["Content-Type"] == kind
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{much.there.reference}.{ending}"'


@pytest.mark.parametrize("name", FILES)
def test_a_double_opens_nothing_of_the_registration_that_counts(much: MuchHeld, name: str) -> None:
    double = much.desk.store.registered(EVENT.slug, much.double)
    assert double is not None
    answer = get(replace(much, id=much.double), f"/{name}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "crutches" not in answer.text


def test_whoever_was_registered_by_somebody_else_is_told_nothing_of_them(much: MuchHeld) -> None:
    withdraw(much.desk, EVENT, much.id, NOT_ME)
    assert "/held" not in get(much, "").text
    assert [get(much, f"/{name}").status for name in FILES] == [404] * 3


def test_it_is_open_after_the_event_and_then_not(much: MuchHeld, clock: Clock) -> None:
    clock.now = EVENT.over_at + timedelta(days=1)
    assert get(much, "/held").status == 200
    clock.now = EVENT.keep_until + timedelta(days=1)
    assert [get(much, f"/{name}").status for name in FILES] == [410] * 3


def test_what_people_typed_is_text(desk: Desk) -> None:
    said = "<script>alert(1)</script>"
    text = get(much_held(desk, answers={"organization": said, "hotel": f'"><img src=x onerror={said}>'}), "/held").text
    assert said not in text
    assert "<img" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
