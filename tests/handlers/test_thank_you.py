"""What comes before and after a registration: answers to check, the page that thanks, the form for another person."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from html import unescape
from unittest import mock
from urllib.parse import urlencode

import pytest

from handlers.register import register
from rollcall.desk import amend
from rollcall.desk.desk import Desk
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Hotel
from rollcall.model.registration import Registered
from tests.support.builders import CANNOT_COME, LINKS, a_form, a_registration, an_event, write_open_event
from tests.support.clock import Clock
from tests.support.desk import EVENT
from tests.support.in_process import ask
from tests.support.served import Answer, Served, function

PATH = "/register/open"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
OPEN = an_event(slug="open")
SOON = datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("events")
    write_open_event(folder)
    db = tmp_path_factory.mktemp("books") / "books.sqlite3"
    with function("register", EVENTS=str(folder), STORE="sqlite", SQLITE_PATH=str(db)) as running:
        yield running


def post(served: Served, path: str = PATH, **changes: object) -> Answer:
    return served.ask("POST", path, urlencode(a_form(**changes)), FORM)


def filled_in(page: Answer) -> dict[str, str]:
    """What the page's form would send, but for the choices."""
    fields = re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in fields if name not in ("title", "category")}


def test_the_form_for_another_person_has_what_a_delegation_shares(served: Served) -> None:
    thanks = served.ask("GET", post(served, first_name="First").headers["Location"])
    (address,) = re.findall(r'href="([^"]+/another)"', thanks.text)
    page = served.ask("GET", address)
    given = {name: text for name, text in filled_in(page).items() if text and name != "shown_at"}
    form = a_form()
    assert given == {name: form[name] for name in ("organization", "fax", "hotel", "hotel_tel")}
    assert re.findall(r'value="([\w-]+)"[^>]* checked', page.text) == ["member-state"]
    assert "BP 3000\nConakry\nGuinée</textarea>" in page.text
    assert "/received/" in post(served, address, first_name="Second").headers["Location"]


@pytest.mark.parametrize(
    ("token", "heading"),
    [
        (LINKS.received(OPEN, "ABC", SOON - timedelta(hours=2), duplicate=False), "This link has expired"),
        (LINKS.received(OPEN, "ABC", SOON, duplicate=False)[:-2], "This link is damaged"),
        (LINKS.received(an_event(slug="other"), "ABC", SOON, duplicate=False), "This link is damaged"),
    ],
    ids=["expired", "cut", "another event's"],
)
def test_a_link_that_does_not_work_says_that_the_registration_stands(served: Served, token: str, heading: str) -> None:
    page = served.ask("GET", f"{PATH}/{token}", headers=FORM)
    assert page.status == 410
    assert heading in page.text
    assert "If you have registered, that stands." in page.text
    empty = served.ask("GET", f"{PATH}/{token}/another", headers=FORM)
    assert (empty.status, filled_in(empty)["organization"]) == (200, "")


NEW = "amina@elsewhere.example.org"


@pytest.fixture
def moved(desk: Desk) -> Registered:
    """Amina, who has another address, hotel and fax since she registered."""
    there = registered_by(desk, **a_form())
    told = replace(a_registration(), email=NEW, answers={**a_registration().answers, "hotel": "Secret Inn"})
    amend.amend(desk, EVENT, there.id, 1, told)
    amend.confirm_address(desk, EVENT, there.id, NEW)
    return there


def registered_by(desk: Desk, **form: object) -> Registered:
    sent(desk, **form)
    (there,) = desk.store.registrations(EVENT.slug, None, 2)
    return there


def sent(desk: Desk, **form: object) -> Answer:
    """The page that thanks."""
    handle = partial(register, desk)
    thanks = ask(handle, "POST", "/register/intgov04", urlencode(form), FORM).headers["Location"]
    return ask(handle, "GET", thanks, headers=FORM)


def test_whoever_sent_the_form_sees_nothing_of_what_was_changed_since(desk: Desk, clock: Clock) -> None:
    there = registered_by(desk, **a_form())
    link = LINKS.received(EVENT, there.id, clock.now + timedelta(days=1), duplicate=False)
    told = replace(a_registration(), answers={**a_registration().answers, "hotel": "Secret Inn"})
    amend.amend(desk, EVENT, there.id, 1, told)
    for below in ("", "/another"):
        page = ask(partial(register, desk), "GET", f"/register/intgov04/{link}{below}", headers=FORM)
        assert (page.status, "Secret" in page.text) == (200, False)


@pytest.mark.parametrize("withdrawn", [False, True])
def test_the_form_with_the_old_address_does_not_tell_the_new_one(
    desk: Desk, moved: Registered, *, withdrawn: bool
) -> None:
    if withdrawn:
        amend.withdraw(desk, EVENT, moved.id, CANNOT_COME)
    page = sent(desk, **a_form(hotel="Secret Inn"))
    assert (page.status, moved.reference in page.text) == (200, True)
    assert NEW not in page.text


def test_the_page_thanks_while_the_store_is_unavailable(desk: Desk) -> None:
    path = LINKS.received(an_event(), "7KQX93M4ABCDEFGHJKMNPQRS", SOON, duplicate=False)
    with mock.patch.object(desk.store, "registered", side_effect=StoreUnavailable(timedelta(0))):
        page = ask(partial(register, desk), "GET", f"/register/intgov04/{path}", headers=FORM)
    assert page.status == 200
    assert "You are registered" in page.text
    assert "7KQ-X93-M4" in page.text


def test_answers_are_checked_before_they_are_signed(served: Served) -> None:
    page = post(served, f"{PATH}?check", first_name="Checked", hotel="<b>Cornavin</b>", signature="")
    assert page.status == 200
    for said in ("Check your answers before you sign", "Administration of ITU Member State", "&lt;b&gt;Cornavin"):
        assert said in page.text
    form = {name: unescape(text) for name, text in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)}
    assert form == {name: str(a_form(first_name="Checked", hotel="<b>Cornavin</b>")[name]) for name in form}
    assert "signature" not in form
    back = served.ask("POST", f"{PATH}?change", urlencode(form), FORM)
    assert (back.status, filled_in(back)["first_name"]) == (200, "Checked")
    signed = served.ask("POST", f"{PATH}?send", urlencode(form | {"signature": "Amina"}), FORM)
    assert "/received/" in signed.headers["Location"]


def test_what_is_wrong_is_said_before_the_signature_is_asked_for(served: Served) -> None:
    page = post(served, f"{PATH}?check", email="amina", signature="")
    assert page.status == 422
    assert "check 1 answer" in page.text
    assert "signature-error" not in page.text


def test_a_program_knows_nothing_of_the_steps(served: Served) -> None:
    assert served.post_json(f"{PATH}?check", a_form(first_name="Program", signature="")).status == 422
    assert served.post_json(f"{PATH}?change", a_form(first_name="Program")).status == 201


def test_a_form_never_goes_to_the_address_of_its_page(served: Served) -> None:
    """Else a browser that loses the connection replaces the page by its error page."""
    at = ""
    for _ in range(3):
        page = served.ask("POST", f"{PATH}{at}", urlencode(a_form(email="amina")), FORM)
        (to,) = re.findall(r'<form method="post" action="([^"]*)"', page.text)
        assert to != at
        at = to


def test_the_blank_forms_stay_on_the_page_after_a_fault(served: Served) -> None:
    page = post(served, email="amina")
    assert f'href="{PATH}/form.pdf"' in page.text
    assert "mailto:open@forms.example.org" in page.text


@pytest.mark.parametrize("path", ["/register/none", "/register/open/none/such", "/elsewhere"])
def test_an_error_page_says_whom_to_ask(served: Served, path: str) -> None:
    page = served.ask("GET", path, headers={"Accept": "text/html"})
    assert page.status == 404
    assert "Robert Shaw" in page.text
    assert 'href="tel:+41227306819"' in page.text


def test_suggested_hotels_are_described_to_the_field(desk: Desk) -> None:
    event = an_event(hotels=(Hotel("Hotel Cornavin", "+41 (0)22 716 12 12", None),))
    page = ask(partial(register, replace(desk, events={event.slug: event})), "GET", f"/register/{event.slug}")
    (described,) = re.findall(r'name="hotel"[^>]* aria-describedby="([\w-]+)"', page.text)
    (help,) = re.findall(f'id="{described}">(.*?)</div>', page.text)
    assert "Hotel Cornavin" in help
    assert 'href="tel:+41227161212"' in help
