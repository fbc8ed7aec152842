"""The form for the papers in an e-mail, from its link."""

from dataclasses import replace
from datetime import timedelta
from unittest import mock
from urllib.parse import urlsplit

import pytest

from rollcall.desk.desk import Desk
from rollcall.model.contribution import PaperFile
from rollcall.model.errors import StoreUnavailable
from rollcall.model.fault import Fault
from rollcall.model.inbound import InboundEmail, InboundPaper, InboundPaperStatus, InboundStatus
from tests.support.builders import LINKS
from tests.support.clock import Clock
from tests.support.contributing import PAPER, Contributing, a_contribution, errors, heading, tokens, typed_in
from tests.support.desk import EVENT

ID = "1" * 24
FILE = PaperFile("PAPER1", "paper.txt", "text/plain", "fr", len(PAPER), "1" * 64)
OTHER = replace(FILE, id="PAPER2", name="other.txt", sha256="2" * 64)
INCOMPLETE = InboundPaper(
    InboundPaperStatus.INCOMPLETE, title="Names", files=(FILE,), faults={"source": (Fault("not_found"),)}
)


@pytest.fixture
def person(desk: Desk, clock: Clock) -> Contributing:
    stored(desk, INCOMPLETE)
    return Contributing(desk)


def stored(desk: Desk, *papers: InboundPaper) -> InboundEmail:
    desk.store.add_inbound(EVENT.slug, ID)
    there = desk.store.inbound(ID)
    assert there
    for paper in papers:
        desk.files().put(paper.files[0].id, PAPER)
    read = {"status": InboundStatus.WAITING_FOR_SENDER, "sender": "amina@mpt.example.org", "sender_name": "Amina"}
    assert desk.store.save_inbound(replace(there, due_at=None, papers=papers, **read))  # type: ignore[arg-type]
    return inbound(desk)


def inbound(desk: Desk) -> InboundEmail:
    there = desk.store.inbound(ID)
    assert there
    return there


def link(id: str = ID) -> str:
    return urlsplit(LINKS.completing_papers(EVENT, id, EVENT.over_at)).path


def test_what_was_understood_stands_there_and_what_is_missing_is_asked(person: Contributing) -> None:
    page = person.get(link())
    assert (page.status, page.headers["Cache-Control"]) == (200, "no-store")
    typed = typed_in(page)
    assert (typed["title"], typed["name"], typed["email"]) == ("Names", "Amina", "amina@mpt.example.org")
    assert ({*errors(page)}, {*tokens(page)}) == ({"source"}, {"upload1"})
    assert "paper.txt" in page.text


def test_completing_it_takes_the_paper_and_notes_it(person: Contributing) -> None:
    sent = tokens(person.get(link()))
    answer = person.send(f"{link()}?send", {}, **a_contribution(), **sent)
    assert heading(person.get(answer.headers["Location"])) == "Your contribution is received"
    [one] = person.all()
    assert (one.inbound_id, one.text.files[0].name, one.text.files[0].id) == (ID, "paper.txt", "PAPER1")
    [paper] = inbound(person.desk).papers
    assert (paper.status, paper.contribution_id) == (InboundPaperStatus.RECEIVED, one.id)
    assert heading(person.get(link())) == "This contribution is complete"


def test_a_page_sent_twice_does_not_complete_the_next_one_too(person: Contributing) -> None:
    there = inbound(person.desk)
    two = (INCOMPLETE, replace(INCOMPLETE, title="Numbers", files=(OTHER,)))
    assert person.desk.store.save_inbound(replace(there, papers=two))
    sent = tokens(person.get(link()))
    for _ in range(2):
        assert person.send(f"{link()}?send", {}, **a_contribution(), **sent).status == 303
    assert [one.status for one in inbound(person.desk).papers] == [
        InboundPaperStatus.RECEIVED,
        InboundPaperStatus.INCOMPLETE,
    ]


def test_whoever_dies_before_it_is_noted_sends_it_again(person: Contributing) -> None:
    sent = tokens(person.get(link()))
    away = StoreUnavailable(timedelta(seconds=5))
    with mock.patch.object(type(person.desk.store), "save_inbound", side_effect=away):
        page = person.send(f"{link()}?send", {}, **a_contribution(), **sent)
    assert page.status == 503
    assert person.send(f"{link()}?send", {}, **a_contribution(), **tokens(page)).status == 303
    [one] = person.all()
    assert inbound(person.desk).papers[0].contribution_id == one.id


def test_several_papers_follow_each_other(desk: Desk) -> None:
    stored(desk, INCOMPLETE, replace(INCOMPLETE, title="Numbers", files=(OTHER,)))
    person = Contributing(desk)
    answer = person.send(f"{link()}?send", {}, **a_contribution(), **tokens(person.get(link())))
    page = person.get(answer.headers["Location"])
    assert "Here is the next one in your e-mail." in page.text
    assert typed_in(page)["title"] == "Numbers"
    person.send(f"{link()}?send", {}, **a_contribution(title="Numbers"), **tokens(page))
    assert [one.title for one in person.all()] == ["Names of countries", "Numbers"]
    assert all(one.status is InboundPaperStatus.RECEIVED for one in inbound(desk).papers)


def test_a_link_that_does_not_work_says_so_and_what_is_sent_is_taken(person: Contributing) -> None:
    damaged = f"{link()[:-4]}AAAA"
    assert (person.get(damaged).status, heading(person.get(damaged))) == (410, "This link is damaged")
    assert person.send(f"{damaged}?send", **a_contribution()).status == 303
    assert [one.inbound_id for one in person.all()] == [""]


def test_an_e_mail_that_is_gone_or_of_another_event_leaves_the_empty_form(person: Contributing) -> None:
    assert person.get(link("2" * 24)).status == 410
    other = replace(inbound(person.desk), event="other")
    with mock.patch.object(type(person.desk.store), "inbound", return_value=other):
        assert "Names" not in person.get(link()).text
