"""The programme at the staff's desk: agenda, documents, the list of participants, the contributions' deadline."""

import html
import re
from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from rollcall.desk.contribution_ports import Inspected
from rollcall.desk.desk import Desk
from rollcall.model.contribution import PaperDoubt
from rollcall.model.form import FormField
from rollcall.model.programme import LISTED, NEVER, AgendaItem, Document, Programme, Said
from rollcall.model.staff import Action
from tests.support.clock import Clock
from tests.support.inbound import A_PDF
from tests.support.staff_contributions import AGENDA, CLOSES_AT, EDITOR, VIEWER, an_event_with_papers
from tests.support.staff_pages import StaffPages

LETTER = an_event_with_papers()
EVENT = replace(LETTER, fields=(*LETTER.fields, FormField(LISTED, "consent", "List me", "")))
NASTY = "<script>alert(1)</script>"
ITEM = {"day": "2004-02-27", "starts": "09:30", "ends": "11:00", "title_en": "Closing", "chair": "Ms Diallo"}
RUNS = A_PDF.replace(b"/Catalog", b"/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>")
BOUNDARY = "b0undary"
UPLOAD = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return replace(desk, events={EVENT.slug: EVENT})


@pytest.fixture
def pages(desk: Desk) -> StaffPages:
    return StaffPages(desk, EDITOR, EVENT)


def carried(pages: StaffPages, path: str = "programme") -> dict[str, str]:
    answer = pages.get(path)
    assert answer.status == 200
    found = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.text))
    return {"button": found["_button"], "_revision": found["_revision"]}


def agenda(desk: Desk) -> list[str]:
    return [one.title.in_language("en") for one in desk.store.programme(EVENT.slug).agenda or ()]


def with_file(pages: StaffPages, path: str, content: bytes, **fields: str) -> tuple[bytes, dict[str, str]]:
    parts = {**carried(pages, path), **fields}
    parts["_button"] = parts.pop("button")
    body = b"".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in parts.items()
    )
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'.encode()
    return body + head + content + f"\r\n--{BOUNDARY}--\r\n".encode(), UPLOAD


def test_what_the_file_says_is_shown_until_it_is_changed(desk: Desk, pages: StaffPages) -> None:
    text = pages.get("programme").text
    assert [one for one in ("Opening", "Names and numbers") if one in text] == ["Opening", "Names and numbers"]
    assert text.count("As the event’s file says it.") == 2
    assert "desk.example.org/events/intgov04" in text
    for _ in range(2):  # pressed twice
        first = carried(pages, "programme/agenda/add")
    for _ in range(2):
        answer = pages.post("programme/agenda/add", **first, **ITEM, speakers="Li Na\nJ. Doe", contributions="3, 7")
        assert (answer.status, answer.headers["Location"]) == (303, "/staff/intgov04/programme?changed")
    item = AgendaItem(
        date(2004, 2, 27), Said({"en": "Closing"}), time(9, 30), time(11), "Ms Diallo", ("Li Na", "J. Doe"), (3, 7)
    )
    assert desk.store.programme(EVENT.slug).agenda == (*AGENDA, item)
    (entry,) = desk.store.audit(EVENT.slug, None, 9)
    assert (entry.action, entry.by, entry.about) == (Action.PROGRAMME_CHANGED, EDITOR, "1")
    assert "3 agenda items" in pages.get("log").text
    text = html.unescape(pages.get("programme?changed").text)
    for said in ("Li Na and J. Doe", "C/3, C/7", "As it was changed at this desk.", "The programme is changed", EDITOR):
        assert said in text
    pages.post("programme/agenda/again", **carried(pages))
    assert desk.store.programme(EVENT.slug).agenda is None
    text = pages.get("programme/versions/1").text
    assert "Closing" in text
    assert "<form" not in text
    assert pages.get("programme/versions/3").status == 404


def test_an_item_is_placed_by_its_time_and_moved_where_that_says_nothing(desk: Desk, pages: StaffPages) -> None:
    assert ">Move<" not in pages.get("programme").text
    for title, starts in (("Coffee", "09:30"), ("Sometime", ""), ("Anytime", "")):
        said = {**ITEM, "day": "2004-02-26", "title_en": title, "starts": starts, "ends": ""}
        assert pages.post("programme/agenda/add", **carried(pages), **said).status == 303
    assert ">Move<" in pages.get("programme").text
    assert agenda(desk) == ["Opening", "Coffee", "Names and numbers", "Sometime", "Anytime"]
    pages.post("programme/agenda/4/up", **carried(pages))
    assert agenda(desk)[3:] == ["Anytime", "Sometime"]
    pages.post("programme/agenda/0/down", **carried(pages))  # times say that it is first
    pages.post("programme/agenda/3/remove", **carried(pages))
    assert agenda(desk) == ["Opening", "Coffee", "Names and numbers", "Sometime"]
    later = {**ITEM, "day": "2004-02-26", "title_en": "Coffee", "starts": "13:00", "ends": ""}
    pages.post("programme/agenda/1", **carried(pages, "programme/agenda/1"), **later)
    assert agenda(desk) == ["Opening", "Names and numbers", "Coffee", "Sometime"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"day": "2004-03-01"}, "day-error"),
        ({"day": ""}, "day-error"),
        ({"starts": "25:00"}, "starts-error"),
        ({"ends": "09:00"}, "ends-error"),
        ({"starts": ""}, "ends-error"),
        ({"title_en": " "}, "title_en-error"),
        ({"contributions": "3, x"}, "contributions-error"),
        ({"contributions": "0"}, "contributions-error"),
        ({"chair": "x" * 301}, "chair-error"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(
    desk: Desk, pages: StaffPages, wrong: dict[str, str], said: str
) -> None:
    answer = pages.post("programme/agenda/add", **carried(pages), **{**ITEM, "speakers": NASTY, **wrong})
    assert answer.status == 422
    assert f'id="{said}"' in answer.text
    assert html.escape(NASTY) in answer.text
    assert NASTY not in answer.text
    assert desk.store.programme(EVENT.slug).number == 0


def test_of_two_at_once_the_second_is_told(desk: Desk, pages: StaffPages) -> None:
    shown, other = carried(pages, "programme/agenda/0"), carried(pages, "programme/agenda/add")
    assert pages.post("programme/agenda/add", **other, **ITEM).status == 303
    changed = {**ITEM, "day": "2004-02-26", "title_en": "Another"}
    answer = pages.post("programme/agenda/0", **shown, **changed)
    assert answer.status == 409
    assert "Another" in answer.text
    assert "was changed meanwhile" in answer.text
    assert pages.post("programme/agenda/0/remove", **shown).status == 409
    assert pages.post("programme/agenda/again", **shown).status == 409
    assert agenda(desk) == ["Opening", "Names and numbers", "Closing"]


def test_a_document_is_a_link_or_a_file_that_is_downloaded(desk: Desk, pages: StaffPages) -> None:
    content, add = A_PDF, "programme/documents/add"
    said = {"title_en": "Rules", "day": "2004-02-01", "languages": "en\nfr"}
    assert pages.post(add, **carried(pages, add), **said).status == 422
    assert pages.post(add, **carried(pages, add), **said, link="javascript:alert(1)").status == 422
    linked = {**said, "title_en": "Elsewhere", "link": "https://www.example.org/x"}
    assert pages.post(add, **carried(pages, add), **linked).status == 303
    fields = {"title_en": "Rules", "languages": "en"}
    body, headers = with_file(pages, add, content, **fields)
    for _ in range(2):  # pressed twice
        assert pages.ask("POST", pages.path(add), body, headers).status == 303
    link, file = desk.store.programme(EVENT.slug).documents or ()
    assert (link.link, link.languages, link.day) == ("https://www.example.org/x", ("en", "fr"), date(2004, 2, 1))
    assert (file.type, file.size) == ("application/pdf", len(content))
    answer = pages.get(f"programme/documents/{file.id}/download")
    assert answer.content == content
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    path = f"programme/documents/{file.id}"
    assert pages.post(path, **carried(pages, path), title_en="The rules").status == 303
    assert [one.title.words for one in desk.store.programme(EVENT.slug).documents or ()][1] == {"en": "The rules"}
    assert pages.get(f"{path}/download").content == content
    pages.post(f"{path}/remove", **carried(pages))
    assert desk.store.programme(EVENT.slug).documents == (link,)
    assert pages.get(f"{path}/download").status == 404


@pytest.mark.parametrize("content", [b"<html><script>alert(1)</script>", b"", RUNS])
def test_a_file_that_runs_something_is_not_taken(desk: Desk, pages: StaffPages, content: bytes) -> None:
    refuses(desk, pages, content)


def test_a_file_that_nobody_looked_into_is_not_taken(desk: Desk, pages: StaffPages) -> None:
    found = Inspected(type="application/pdf", doubt=PaperDoubt.NOT_SCANNED)
    refuses(desk, replace(pages, desk=replace(desk, inspect=lambda: lambda path, name: found)), A_PDF)


def refuses(desk: Desk, pages: StaffPages, content: bytes) -> None:
    add = "programme/documents/add"
    answer = pages.ask("POST", pages.path(add), *with_file(pages, add, content, title_en="Rules"))
    assert answer.status == 422
    assert 'aria-invalid="true"' in answer.text or 'id="file-error"' in answer.text
    assert "Rules" in answer.text
    assert desk.store.programme(EVENT.slug).number == 0


def test_participants_are_published_now_later_or_never(desk: Desk, pages: StaffPages, clock: Clock) -> None:
    at = "programme/participants"
    assert "is not published" in pages.get("programme").text
    assert pages.post(at, **carried(pages), **{"from": ""}).status == 422
    assert pages.post(at, **carried(pages), **{"from": "2004-02-20", "time": "12:00"}).status == 303
    assert "published from 20 February 2004, 12:00" in pages.get("programme").text
    assert pages.post(at, **carried(pages), **{"from": "", "never": "1"}).status == 303
    assert desk.store.programme(EVENT.slug).participants_from == NEVER
    clock.forward(timedelta(minutes=1))
    assert pages.post(at, **carried(pages), now="1").status == 303
    published_from = desk.store.programme(EVENT.slug).participants_from
    assert published_from is not None
    assert published_from <= desk.store.now()
    assert "is published from" in pages.get("log").text
    nobody = replace(pages, desk=replace(desk, events={EVENT.slug: LETTER}), event=LETTER)
    assert nobody.post(at, _revision="3", now="1").status == 409


def test_the_deadline_is_moved_after_a_page_that_says_what_to(desk: Desk, pages: StaffPages) -> None:
    page = pages.get("programme/deadline?day=2004-02-15&time=")
    assert "the end of 15 February 2004" in page.text
    assert desk.store.programme(EVENT.slug).number == 0
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    for _ in range(2):  # pressed twice
        answer = pages.post("programme/deadline", hidden["_button"], _revision="0", day="2004-02-15", time="")
        assert answer.status == 303
    moved = desk.store.programme(EVENT.slug).contributions_close_at
    assert moved is not None
    assert moved > CLOSES_AT
    for day in ("", "2004-03-15", "2004-01-15"):
        assert pages.post("programme/deadline", **carried(pages), day=day, time="").status == 422
    assert pages.get("programme/deadline?day=x").status == 422


def test_what_anybody_typed_is_text(desk: Desk, pages: StaffPages) -> None:
    said = Said({"en": NASTY})
    item = AgendaItem(date(2004, 2, 26), said, chair=NASTY, speakers=(NASTY,))
    document = Document("D" * 16, said, link=f"https://www.example.org/{NASTY}")
    event = replace(EVENT, programme=Programme(agenda=(item,), documents=(document,)))
    pages = replace(pages, desk=replace(desk, events={EVENT.slug: event}))
    for path in ("programme", "programme/agenda/0", f"programme/documents/{document.id}"):
        answer = pages.get(path)
        assert answer.status == 200
        assert NASTY not in answer.text
        assert html.escape(NASTY) in answer.text


def test_a_viewer_sees_and_changes_nothing(desk: Desk, pages: StaffPages) -> None:
    viewer = replace(pages, address=VIEWER)
    text = viewer.get("programme").text
    assert "Opening" in text
    assert "<form" not in text
    assert "agenda/add" not in text
    for path in (
        "agenda/add", "agenda/0", "agenda/0/remove", "agenda/again", "documents/add", "documents/again", "participants",
        "deadline",
    ):  # fmt: skip
        assert viewer.post(f"programme/{path}", _revision="0", **ITEM, now="1").status == 403, path
    assert desk.store.programme(EVENT.slug).number == 0


def test_an_event_without_pages_and_papers_has_no_programme(desk: Desk) -> None:
    event = replace(EVENT, website="https://www.example.org/", contributions=None)
    pages = StaffPages(replace(desk, events={event.slug: event}), EDITOR, event)
    assert pages.get("programme").status == 404
    nav = pages.get("log").text
    assert "Programme</a>" not in nav
    assert "Contributions</a>" not in nav
    assert "Programme</a>" in StaffPages(desk, EDITOR, EVENT).get("log").text
