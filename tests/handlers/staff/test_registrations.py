"""The page of registrations: a view is its address, and what is found can be taken away."""

import csv
import io
import re
from html import unescape

import openpyxl
import pytest

from handlers.staff import registrations
from rollcall.desk.desk import Desk
from rollcall.desk.staff import search as searching
from rollcall.documents.roster import guarded
from rollcall.model.email import EmailStatus
from tests.support.desk import EVENT
from tests.support.people import called, settle, someone
from tests.support.staff_pages import StaffPages

FORMULA = '=HYPERLINK("https://evil.example","x")'
SCRIPT = '<script>alert("x")</script>'


@pytest.fixture
def at_desk(desk: Desk) -> StaffPages:
    return StaffPages(desk, EVENT.staff[0].address)


def link(text: str, name: str) -> str:
    """Where a link with this text leads, below the event's desk."""
    found = re.search(rf'href="/staff/{EVENT.slug}/([^"]*)"[^>]*>{re.escape(name)}<', text)
    assert found, name
    return unescape(found[1])


def table(text: str) -> list[list[str]]:
    body = text.partition("<tbody>")[2].partition("</tbody>")[0]
    cell = re.compile(r"<t[hd][^>]*>(.*?)</t[hd]>", re.S)
    return [[re.sub("<[^>]+>", "", one).strip() for one in cell.findall(row)] for row in body.split("</tr>")[:-1]]


def test_shows_everybody_by_name_with_where_their_confirmation_is(desk: Desk, at_desk: StaffPages) -> None:
    called(desk, EVENT, "Zhou Wei", "Åberg Eva", "Diallo Amina")
    settle(desk, EVENT, "0000", EmailStatus.BOUNCED)
    answer = at_desk.get("registrations")
    assert answer.status == 200
    assert [(row[0], row[-1]) for row in table(answer.text)] == [
        ("Åberg Eva", "pending"),
        ("Diallo Amina", "pending"),
        ("Zhou Wei", "bounced"),
    ]
    assert f'href="/staff/{EVENT.slug}/registrations/0000"' in answer.text
    assert '<span class="tag bad">bounced</span>' in answer.text


def test_a_view_is_its_address(desk: Desk, at_desk: StaffPages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "ROWS", 2)
    called(desk, EVENT, *(f"Same {letter}" for letter in "ABCDE"))
    first = at_desk.get("registrations?q=same&is-category=member-state&column=tel&column=REFERENCE").text
    assert [row[0] for row in table(first)] == ["Same A", "Same B"]
    assert table(first)[0][1] == "+224 30 41 13 31"
    second = at_desk.get(link(first, "Next page")).text
    third = at_desk.get(link(second, "Next page")).text
    assert [[row[0] for row in table(page)] for page in (second, third)] == [["Same C", "Same D"], ["Same E"]]
    assert len(table(third)[0]) == 3
    assert "Next page" not in third
    back = at_desk.get(link(third, "Previous page")).text
    assert table(back) == table(second)
    assert table(at_desk.get(link(back, "Previous page")).text) == table(first)
    assert '<option value="member-state" selected>' in third


def test_whoever_finds_nobody_is_told_what_to_do(desk: Desk, at_desk: StaffPages) -> None:
    assert "Nobody is registered yet." in at_desk.get("registrations").text
    called(desk, EVENT, "Diallo Amina")
    text = at_desk.get("registrations?q=xxxxxx").text
    assert "Type less" in text
    assert "Names that sound like this" not in text
    assert "Names that sound like this" in at_desk.get("registrations?q=Diallo").text
    assert "Diallo Amina" in at_desk.get(link(text, "Show everyone")).text
    assert "These names sound like “Dialo”" in at_desk.get("registrations?q=Dialo").text


@pytest.mark.parametrize(
    "query",
    [
        "after=..%2Fx",
        "after=%00",
        "standing=no",
        "day=2004-02-31",
        "is-category=%27",
        "column=no",
        "language=xx",
        "after=~~",
    ],
)
def test_an_address_that_says_nonsense_shows_what_it_can(desk: Desk, at_desk: StaffPages, query: str) -> None:
    called(desk, EVENT, "Diallo Amina")
    answer = at_desk.get(f"registrations?{query}")
    assert (answer.status, [row[0] for row in table(answer.text)]) == (200, ["Diallo Amina"])


def test_no_answer_and_no_search_is_run_as_a_page(desk: Desk, at_desk: StaffPages) -> None:
    someone(desk, EVENT, "A", family_name=SCRIPT, answers={"organization": SCRIPT})
    for text in (at_desk.get("registrations").text, at_desk.get("registrations?q=%3Cscript%3Ealert").text):
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text


def test_all_that_is_found_is_exported_and_no_formula(
    desk: Desk, at_desk: StaffPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "ROWS", 1)
    called(desk, EVENT, "Same Åsa", "Other Eva")
    someone(desk, EVENT, "F", family_name="Same", first_name="B", answers={"organization": FORMULA})
    page = at_desk.get("registrations?q=same&column=organization&column=SENT").text
    answer = at_desk.get(link(page, "CSV"))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{EVENT.slug}-registrations.csv"'
    head, *rows = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert head == ["Family name", "First name", "Administration or organization", "Confirmation"]
    assert rows[0][:2] == ["Same", "Åsa"]
    assert rows[1] == ["Same", "B", guarded(FORMULA), "pending"]
    assert rows[1][2].startswith("'=")


def test_the_workbook_has_the_same_as_text(desk: Desk, at_desk: StaffPages) -> None:
    someone(desk, EVENT, "F", family_name="Same", first_name="B", answers={"organization": FORMULA})
    body = b"".join(registrations_export(at_desk))
    sheet = openpyxl.load_workbook(io.BytesIO(body)).active
    assert sheet is not None
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[1] == ["Same", "B", FORMULA]
    assert sheet["C2"].data_type == "s"


def registrations_export(at_desk: StaffPages) -> list[bytes]:
    """A workbook is no text."""
    from flask import Request
    from werkzeug.test import EnvironBuilder

    from handlers.staff.visit import Visit

    path = at_desk.path("registrations/export.xlsx")
    request = Request(EnvironBuilder(path=path, query_string="column=organization").get_environ())
    visit = Visit.of(at_desk.desk, request, at_desk.address, EVENT.slug)
    return list(registrations.export(visit, ".xlsx").iter_encoded())


def test_a_long_export_says_where_it_stops(desk: Desk, at_desk: StaffPages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registrations, "MOST_EXPORTED", 2)
    called(desk, EVENT, *(f"Same {letter}" for letter in "ABC"))
    lines = at_desk.get("registrations/export.csv").text.splitlines()
    assert len(lines) == 4
    assert "only the first 2" in lines[-1]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_beside_the_first_and_the_last_day_there_is_none(at_desk: StaffPages, day: str) -> None:
    for path in ("registrations", "registrations/export.csv", "write/new"):
        assert at_desk.get(f"{path}?day={day}").status == 200
