"""The pages of hotels: who stays where, and the lists that go to them."""

import html
import io
import re
from dataclasses import replace

import openpyxl
import pytest

from rollcall.desk.desk import Desk
from rollcall.desk.register import register
from rollcall.desk.send import send_due
from rollcall.model.event import Event
from rollcall.model.form import FormField
from rollcall.model.hotels import hotel_id
from rollcall.model.staff import Action, Role, StaffMember
from tests.support.builders import a_registration, an_event
from tests.support.desk import Postbox
from tests.support.staff_pages import StaffPages

EDITOR, VIEWER = "editor@example.org", "viewer@example.org"
LETTER = an_event(staff=(StaffMember(EDITOR), StaffMember(VIEWER, Role.VIEWER)))
EVENT = replace(
    LETTER,
    fields=(
        *LETTER.fields,
        FormField("arrival", "date", "Arrival", ""),
        FormField("departure", "date", "Departure", ""),
    ),
)
TO = "desk@cornavin.example.org"
NASTY = "<script>alert(1)</script>"
HOTEL = f"hotels/{hotel_id('Hôtel Cornavin')}"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return replace(desk, events={EVENT.slug: EVENT})


@pytest.fixture
def pages(desk: Desk) -> StaffPages:
    return StaffPages(desk, EDITOR, EVENT)


def person(desk: Desk, name: str, event: Event = EVENT, **answers: str) -> None:
    one = a_registration(first_name=name, email=f"{name.lower()[:5].strip('<')}@example.org")
    stay = {"arrival": "2004-02-25", "departure": "2004-02-28"}
    register(desk, event, replace(one, answers={**one.answers, **stay, **answers}))


def text(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", " ", page))


def sending(pages: StaffPages, **fields: str) -> dict[str, str]:
    """What the page that asks for the button to be pressed carries."""
    answer = pages.post(HOTEL, email=TO, **fields)
    assert answer.status == 200
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.text))


def test_hotels_are_listed_with_people_nights_and_days(desk: Desk, pages: StaffPages) -> None:
    person(desk, "Ada")
    person(desk, "Bea", hotel="CORNAVIN")
    person(desk, "Cem", hotel="")
    said = " ".join(text(pages.get("hotels").text).split())
    assert "Hôtel Cornavin 2 6 (not given) 1" in said or "CORNAVIN 2 6 (not given) 1" in said
    assert "Wednesday, 25 February 2004 3 0" in said


def test_a_hotel_shows_its_own_people(desk: Desk, pages: StaffPages) -> None:
    person(desk, "Ada")
    person(desk, "Bea", hotel="Epsom")
    answer = pages.get(HOTEL)
    assert "Ada" in answer.text
    assert "Bea" not in answer.text
    assert pages.get(f"hotels/{hotel_id('Nowhere')}").status == 404
    assert pages.get("hotels/..").status == 404
    assert pages.get("hotels/__x__").status == 404


def test_what_people_typed_is_text(desk: Desk, pages: StaffPages) -> None:
    person(desk, NASTY, hotel=f"Cornavin {NASTY}")
    at = pages.path(f"hotels/{hotel_id(f'Cornavin {NASTY}')}")
    for page in (pages.get("hotels"), pages.ask("GET", at)):
        assert page.status == 200
        assert NASTY not in page.text
        assert html.escape(NASTY) in page.text


def test_the_address_is_checked_and_then_the_list_goes_out(desk: Desk, pages: StaffPages, postbox: Postbox) -> None:
    person(desk, "Ada")
    assert pages.post(HOTEL, email="nonsense").status == 422
    hidden = sending(pages)
    assert TO in pages.post(HOTEL, email=TO).text
    assert desk.store.rooming_lists(EVENT.slug, HOTEL.removeprefix("hotels/")).sent == ()
    for _ in range(2):  # pressed twice
        answer = pages.post(HOTEL, hidden["_button"], email=TO, seen=hidden["seen"], send="1")
        assert (answer.status, answer.headers["Location"]) == (303, f"/staff/{EVENT.slug}/{HOTEL}?sent=1")
    list(send_due(desk))
    assert [one.to for one in postbox.messages].count(TO) == 1
    said = pages.get(f"{HOTEL}?sent=1")
    assert TO in said.text
    assert "on its way" in said.text
    (entry,) = desk.store.audit(EVENT.slug, None, 9)
    assert (entry.action, entry.by) == (Action.ROOMING_LIST_SENT, EDITOR)


def test_of_two_who_send_the_second_is_told(desk: Desk, pages: StaffPages) -> None:
    person(desk, "Ada")
    hidden = sending(pages)
    assert pages.post(HOTEL, email=TO, seen=hidden["seen"], send="1").status == 303
    assert pages.post(HOTEL, email=TO, seen=hidden["seen"], send="1").status == 409


def test_a_viewer_sees_and_sends_nothing(desk: Desk, pages: StaffPages) -> None:
    person(desk, "Ada")
    viewer = replace(pages, address=VIEWER)
    page = viewer.get(HOTEL)
    assert "Ada" in page.text
    assert "<form" not in page.text
    assert viewer.post(HOTEL, email=TO, seen="0", send="1").status == 403
    assert desk.store.audit(EVENT.slug, None, 9) == []


def test_a_form_of_another_site_sends_nothing(desk: Desk, pages: StaffPages) -> None:
    person(desk, "Ada")
    assert pages.post(HOTEL, "forged", email=TO, seen="0", send="1").status == 403
    assert desk.store.audit(EVENT.slug, None, 9) == []


def test_files_are_of_a_version_or_of_now(desk: Desk, pages: StaffPages) -> None:
    person(desk, "Ada")
    hidden = sending(pages)
    pages.post(HOTEL, email=TO, seen=hidden["seen"], send="1")
    person(desk, "Bea")
    names = {}
    for version in ("0", "1"):
        answer = pages.get(f"{HOTEL}/list.xlsx?version={version}")
        rows = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0].iter_rows(min_row=2, values_only=True)
        names[version] = [row[2] for row in rows]
    assert names == {"0": ["Ada", "Bea"], "1": ["Ada"]}
    pdf = pages.get(f"{HOTEL}/list.pdf")
    assert (pdf.content[:5], pdf.headers["Content-Type"]) == (b"%PDF-", "application/pdf")
    for version in ("2", "-1", "x", "9" * 30):
        assert pages.get(f"{HOTEL}/list.pdf?version={version}").status == 404


def test_the_page_says_what_changed_since_the_last_list(desk: Desk, pages: StaffPages) -> None:
    person(desk, "Ada")
    hidden = sending(pages)
    pages.post(HOTEL, email=TO, seen=hidden["seen"], send="1")
    list(send_due(desk))
    assert "None." in pages.get(HOTEL).text
    person(desk, "Bea")
    said = " ".join(text(pages.get(HOTEL).text).split())
    assert re.search(r"Changes since version 1 Diallo, Bea \(\S+\) New", said)
