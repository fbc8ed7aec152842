"""Contributions at the staff's desk: found, read, published, held, corrected; and all of them as files."""

import html
import io
import os
import re
import subprocess
import tracemalloc
from dataclasses import replace
from datetime import timedelta
from zipfile import ZipFile

import openpyxl
import pytest
from flask import Flask

from handlers.staff import staff
from rollcall.desk.contributions.change import By, add_paper
from rollcall.desk.contributions.submit import number_due
from rollcall.desk.desk import Desk
from rollcall.model.contribution import Contribution, PaperDoubt, PaperKind, PaperStatus, Stage
from rollcall.model.email import EmailKind
from rollcall.model.registration import Actor, Way
from rollcall.model.staff import Action
from tests.support.clock import Clock
from tests.support.contributions import kept
from tests.support.staff_contributions import (
    CLOSES_AT,
    EDITOR,
    VIEWER,
    a_file,
    an_event_with_papers,
    numbered,
    submitted,
)
from tests.support.staff_pages import StaffPages

EVENT = an_event_with_papers()
NASTY = "<script>alert(1)</script>"
SUBMITTER = By(Actor.REGISTRANT, Way.LINK)


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return replace(desk, events={EVENT.slug: EVENT})


@pytest.fixture
def pages(desk: Desk) -> StaffPages:
    return StaffPages(desk, EDITOR, EVENT)


def at(one: Contribution, below: str = "") -> str:
    return f"contributions/{one.id}{f'/{below}' if below else ''}"


def seen(pages: StaffPages, path: str) -> dict[str, str]:
    """What the page that asks for the button to be pressed carries."""
    answer = pages.get(path)
    assert answer.status == 200
    found = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.text))
    return {"button": found["_button"], "_revision": found["_revision"]}


def revised(desk: Desk, one: Contribution, kind: PaperKind = PaperKind.REVISION, content: bytes = b"another") -> None:
    add_paper(desk, EVENT, one.id, kind, (a_file(desk, content),), SUBMITTER)
    list(number_due(desk))


def counts(pages: StaffPages, show: str = "") -> dict[str, int]:
    text = pages.get(f"contributions{f'?show={show}' if show else ''}").text
    return {name: int(count) for name, count in re.findall(r'>([\w ]+)</a> <span class="tag">(\d+)</span>', text)}


def test_they_are_counted_and_found_by_where_they_stand(desk: Desk, pages: StaffPages, clock: Clock) -> None:
    numbered(desk, EVENT, title="New one")
    numbered(desk, EVENT, title="Doubtful one", doubt=PaperDoubt.ACTIVE)
    published = numbered(desk, EVENT, title="Published one")
    pages.post(at(published, "publish"), **seen(pages, at(published, "publish")), papers="0")
    clock.now = CLOSES_AT + timedelta(seconds=1)
    submitted(desk, EVENT, title="Late one")
    found = counts(pages)
    assert found == {"All": 4, "To be looked at": 1, "New": 2, "Published": 1, "Held": 0, "Withdrawn": 0, "Late": 1}
    assert "does not balance" not in pages.get("contributions").text
    for show, title in (("published", "Published one"), ("needs_review", "Doubtful one"), ("late", "Late one")):
        text = pages.get(f"contributions?show={show}").text
        assert [one for one in re.findall(r'dir="auto">(\w+ one)<', text)] == [title]
    assert "no number yet" in pages.get("contributions?show=late").text


def test_nothing_is_published_whose_submitter_does_not_agree(desk: Desk, pages: StaffPages) -> None:
    one = numbered(desk, EVENT, consent="")
    page = pages.get(at(one)).text
    assert at(one, "publish") not in page
    assert "has not agreed to publication" in page
    assert pages.post(at(one, "publish"), **seen(pages, at(one, "publish")), papers="0").status == 409
    assert kept(desk.store, one.id).stage is Stage.WAITING


def test_a_page_has_fifty(desk: Desk, pages: StaffPages) -> None:
    for _ in range(51):
        submitted(desk, EVENT)
    list(number_due(desk))
    numbers = [re.findall(r'ltr" href="[^"]*">INTGOV04-C/(\d+)<', pages.get(path).text) for path in
               ("contributions", "contributions?page=2", "contributions?page=3")]  # fmt: skip
    assert [numbers[0][0], numbers[0][-1], len(numbers[0]), numbers[1:]] == ["51", "2", 50, [["1"], []]]
    assert 'rel="next"' not in pages.get("contributions?page=2").text
    assert pages.get("contributions?page=x&show=nonsense").status == 200


def test_the_page_says_all_of_it(desk: Desk, pages: StaffPages) -> None:
    file = a_file(desk, b"x" * 1001, name="exposé.pdf", language="fr")
    one = numbered(
        desk, EVENT, file, abstract="Why it matters.", registration_id="R" * 24, doubt=PaperDoubt.NOT_SCANNED
    )
    text = html.unescape(pages.get(at(one)).text)
    for said in (
        "INTGOV04-C/1", "Names of countries", "Ministère des Postes", "Why it matters.", "amina@mpt.example.org",
        "exposé.pdf", "French", "2 kB", file.sha256, "The virus scanner did not answer.", "Receipt of a contribution",
        f"registrations/{'R' * 24}", "I agree.",
    ):  # fmt: skip
        assert said in text


def test_a_paper_is_published_once_by_a_button_pressed_twice(desk: Desk, pages: StaffPages, clock: Clock) -> None:
    one = numbered(desk, EVENT)
    revised(desk, one)
    carried = seen(pages, at(one, "publish"))
    for _ in range(2):
        answer = pages.post(at(one, "publish"), **carried, papers="1")
        assert answer.status == 303
        assert answer.headers["Location"].endswith("?published")
    assert [paper.status for paper in kept(desk.store, one.id).papers] == [PaperStatus.WAITING, PaperStatus.PUBLISHED]
    assert kept(desk.store, one.id).stage is Stage.PUBLISHED
    (entry,) = desk.store.audit(EVENT.slug, None, 9)
    assert (entry.action, entry.by, entry.about) == (Action.CONTRIBUTION_PUBLISHED, EDITOR, one.id)
    page = pages.get(f"{at(one)}?published").text
    assert "It is published" in page
    assert "Revision 1" in page
    assert "Replaced" in page
    assert f"/events/{EVENT.slug}/contributions/{one.number}" in page
    assert '– → <strong dir="auto">–' not in page
    clock.forward(2 * desk.limits.publication_lease)
    assert desk.store.due_publications(9) == [EVENT.slug]


def test_what_was_changed_meanwhile_is_shown(desk: Desk, pages: StaffPages) -> None:
    one = numbered(desk, EVENT)
    carried = seen(pages, at(one, "publish"))
    revised(desk, one)
    answer = pages.post(at(one, "publish"), **carried, papers="0")
    assert answer.status == 409
    assert "was changed meanwhile" in answer.text
    assert "(Rev.1)" in answer.text
    assert kept(desk.store, one.id).published == ()


def test_of_two_editors_at_once_the_second_is_told(desk: Desk, pages: StaffPages) -> None:
    one = numbered(desk, EVENT)
    first, second = (seen(pages, at(one, "correct")) for _ in range(2))
    said = {"title": "Numbers", "source": one.source, "name": one.name}
    assert pages.post(at(one, "correct"), **first, **said).status == 303
    assert pages.post(at(one, "correct"), **second, **{**said, "title": "Names"}).status == 409
    assert kept(desk.store, one.id).title == "Numbers"
    assert "Names of countries" in pages.get(at(one)).text  # in its history


def test_holding_needs_a_reason_that_its_submitter_is_told(desk: Desk, pages: StaffPages) -> None:
    one = numbered(desk, EVENT)
    carried = seen(pages, at(one, "hold"))
    assert pages.post(at(one, "hold"), **carried, papers="0").status == 422
    assert pages.post(at(one, "hold"), **carried, reason="No source").status == 422
    assert pages.post(at(one, "hold"), **carried, papers="7", reason="No source").status == 422
    assert pages.post(at(one, "hold"), **carried, papers="0", reason="No source").status == 303
    assert kept(desk.store, one.id).papers[0].reason == "No source"
    entries = desk.store.due_entries(9)
    assert [entry.kind for entry in desk.store.entries_among(entries)].count(EmailKind.NOTICE) == 1
    assert "No source" in pages.get("log").text
    history = pages.get(at(one)).text.partition("<h2>History</h2>")[2]
    assert "No source" in history


def test_a_withdrawn_one_keeps_its_number_and_offers_nothing(desk: Desk, pages: StaffPages) -> None:
    one = numbered(desk, EVENT)
    assert pages.post(at(one, "withdraw"), **seen(pages, at(one, "withdraw"))).status == 303
    assert kept(desk.store, one.id).withdrawn
    page = pages.get(at(one)).text
    assert "Withdrawn" in page
    assert at(one, "publish") not in page
    assert pages.post(at(one, "publish"), **seen(pages, at(one, "publish")), papers="0").status == 409


def test_the_receipt_goes_out_again_as_often_as_it_is_asked_for(desk: Desk, pages: StaffPages) -> None:
    one = numbered(desk, EVENT)
    for _ in range(2):
        carried = seen(pages, at(one, "receipt"))
        for _ in range(2):
            assert pages.post(at(one, "receipt"), **carried).status == 303
    kinds = [entry.kind for entry in desk.store.entries_among(desk.store.due_entries(9))]
    assert kinds.count(EmailKind.RECEIPT) == 3
    assert pages.get(at(one)).text.count("Receipt of a contribution") == 3
    for _ in range(7):
        answer = pages.post(at(one, "receipt"), **seen(pages, at(one, "receipt")))
    assert answer.status == 409


def test_it_is_put_on_the_agenda_once(desk: Desk, pages: StaffPages) -> None:
    one = numbered(desk, EVENT)
    carried = seen(pages, at(one, "agenda"))
    for _ in range(2):
        assert pages.post(at(one, "agenda"), **carried, place="1").status == 303
    agenda = desk.store.programme(EVENT.slug).agenda
    assert agenda is not None
    assert [item.contributions for item in agenda] == [(), (1,)]
    other = numbered(desk, EVENT)
    assert pages.post(at(other, "agenda"), **carried, place="0").status == 409  # shown before it was changed
    assert pages.post(at(other, "agenda"), **carried, place="5").status == 422


def test_what_people_typed_is_text(desk: Desk, pages: StaffPages) -> None:
    one = numbered(
        desk,
        EVENT,
        a_file(desk, name=f"{NASTY}.pdf"),
        title=NASTY,
        source=NASTY,
        item=NASTY,
        abstract=NASTY,
        name=NASTY,
    )
    revised(desk, one)
    pages.post(at(one, "hold"), **seen(pages, at(one, "hold")), papers="0", reason=NASTY)
    paths = [at(one, below) for below in ("", "publish", "hold", "correct", "agenda", "receipt", "withdraw")]
    for path in (*paths, "contributions", "log", "", "review"):
        answer = pages.get(path)
        assert answer.status == 200
        assert NASTY not in answer.text, path
    for below in ("hold", "correct", "agenda"):
        answer = pages.post(at(one, below), papers=NASTY, reason=NASTY, title=NASTY, place=NASTY)
        assert answer.status == 422
        assert NASTY not in answer.text, below


def test_a_viewer_sees_and_does_nothing(desk: Desk, pages: StaffPages) -> None:
    one = numbered(desk, EVENT)
    viewer = replace(pages, address=VIEWER)
    assert viewer.get("contributions").status == 200
    page = viewer.get(at(one))
    assert one.title in page.text
    assert at(one, "publish") not in page.text
    for below in ("publish", "hold", "correct", "agenda", "receipt", "withdraw"):
        assert "<form" not in viewer.get(at(one, below)).text
        assert viewer.post(at(one, below), papers="0", reason="x", title="x", source="x", name="x").status == 403
    assert kept(desk.store, one.id).revision == 1
    assert desk.store.audit(EVENT.slug, None, 9) == []


def test_a_form_of_another_site_does_nothing(desk: Desk, pages: StaffPages) -> None:
    one = numbered(desk, EVENT)
    assert pages.post(at(one, "publish"), "forged", papers="0", _revision="1").status == 403
    assert kept(desk.store, one.id).revision == 1


def test_another_events_contribution_is_not_there(desk: Desk) -> None:
    other = an_event_with_papers(slug="other")
    both = replace(desk, events={EVENT.slug: EVENT, other.slug: other})
    one, elsewhere = numbered(both, EVENT), StaffPages(both, EDITOR, other)
    for below in ("", "publish", "withdraw", f"files/{one.papers[0].files[0].id}"):
        assert elsewhere.get(at(one, below)).status == 404
    assert elsewhere.post(at(one, "publish"), papers="0", _revision="1").status == 404
    assert not kept(both.store, one.id).published
    assert counts(elsewhere)["All"] == 0
    assert ZipFile(io.BytesIO(elsewhere.get("contributions/all.zip").content)).namelist() == ["list.xlsx"]
    for id in ("x", "..", "A" * 24):
        assert elsewhere.get(f"contributions/{id}").status == 404


def test_a_file_is_a_download_that_runs_nothing(desk: Desk, pages: StaffPages) -> None:
    content = b"<html>" + b"x" * 3_000_000
    file = a_file(desk, content, name="page.pdf", type="application/pdf")
    one, other = numbered(desk, EVENT, file), numbered(desk, EVENT)
    answer = pages.get(at(one, f"files/{file.id}"))
    assert answer.content == content
    assert answer.headers["Content-Disposition"] == 'attachment; filename="INTGOV04-C-001-en.pdf"'
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert pages.get(at(other, f"files/{file.id}")).status == 404
    assert pages.get(at(one, "files/rollcall.sqlite3")).status == 404


def test_the_archive_has_every_file_under_a_name_of_ours(desk: Desk, pages: StaffPages) -> None:
    pdf, word = a_file(desk, b"in English"), a_file(desk, b"en fran\xc3\xa7ais", name="../../évil.docx", language="fr")
    one = numbered(desk, EVENT, pdf, word, replace(pdf, id=a_file(desk, b"again").id, sha256="0"))
    revised(desk, one, content=b"revised")
    numbered(desk, EVENT, doubt=PaperDoubt.ACTIVE)
    gone = numbered(desk, EVENT)
    pages.post(at(gone, "withdraw"), **seen(pages, at(gone, "withdraw")))
    answer = pages.get("contributions/all.zip")
    whole = ZipFile(io.BytesIO(answer.content))
    assert whole.testzip() is None
    names = [
        "INTGOV04-C-001-en.pdf", "INTGOV04-C-001-fr.docx", "INTGOV04-C-001-en-2.pdf", "INTGOV04-C-001-Rev1-en.pdf",
        "list.xlsx",
    ]  # fmt: skip
    assert whole.namelist() == names
    assert whole.read(names[3]) == b"revised"
    sheet = openpyxl.load_workbook(io.BytesIO(whole.read("list.xlsx"))).worksheets[0]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert [(row[0], row[5], row[6]) for row in rows] == [
        ("INTGOV04-C/3", "Withdrawn", ""), ("INTGOV04-C/2", "To be looked at", ""),
        ("INTGOV04-C/1", "New", "\n".join(names[:4])),
    ]  # fmt: skip
    assert answer.headers["Content-Disposition"] == 'attachment; filename="intgov04-contributions.zip"'


def test_an_archive_is_never_all_in_memory(desk: Desk, pages: StaffPages) -> None:
    for _ in range(2):
        numbered(desk, EVENT, a_file(desk, os.urandom(12_000_000)))
    with Flask("staff").test_request_context(pages.path("contributions/all.zip")) as served:
        response = staff(desk, lambda _: EDITOR, served.request)
        tracemalloc.start()
        size = sum(map(len, response.iter_encoded()))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert size > 24_000_000
    assert most < 6_000_000


def test_an_archive_has_a_bound_and_the_next_has_the_rest(desk: Desk, pages: StaffPages) -> None:
    for size in (600_000_000, 1_500_000_000, 300_000_000, 500_000_000):
        numbered(desk, EVENT, a_file(desk, str(size).encode(), size=size))
    links = re.findall(r'href="/staff/intgov04/(contributions/all.zip\?before=\d+)"', pages.get("contributions").text)
    names = [ZipFile(io.BytesIO(pages.get(link).content)).namelist()[:-1] for link in links]
    assert names == [[f"INTGOV04-C-00{n}-en.pdf" for n in part] for part in ((4, 3), (2,), (1,))]


def test_the_list_is_a_workbook_and_a_pdf(desk: Desk, pages: StaffPages) -> None:
    numbered(desk, EVENT, title='=HYPERLINK("http://evil.example.org")', source="@SUM(1)", abstract="+1")
    submitted(desk, EVENT, title="Not yet numbered")
    sheet = openpyxl.load_workbook(io.BytesIO(pages.get("contributions/list.xlsx").content)).worksheets[0]
    cells = [cell for row in sheet.iter_rows(min_row=2) for cell in row]
    assert '=HYPERLINK("http://evil.example.org")' in [cell.value for cell in cells]
    assert {cell.data_type for cell in cells if cell.value} <= {"s", "inlineStr"}
    pdf = pages.get("contributions/list.pdf")
    assert pdf.headers["Content-Type"] == "application/pdf"
    text = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf.content, capture_output=True, check=True).stdout
    for said in ("2 contributions", "INTGOV04-C/1", "Not yet numbered", "@SUM(1)", "page 1"):
        assert said in text.decode()
