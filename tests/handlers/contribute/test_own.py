"""A submitter's own contribution: each page of it, and each outcome of a further paper, a correction, a withdrawal."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest

from rollcall.desk.contribution_ports import Inspected
from rollcall.desk.contributions import change
from rollcall.desk.desk import Desk
from rollcall.model.contribution import MOST_PAPERS, Contribution, PaperDoubt, PaperKind, PaperStatus
from rollcall.model.email import contribution_notice
from rollcall.model.errors import StoreUnavailable
from rollcall.model.registration import Actor
from rollcall.model.staff import Press
from tests.support.clock import Clock
from tests.support.contributing import PAPER, PATH, Contributing, a_contribution, errors, heading, tokens, typed_in
from tests.support.desk import EVENT

AWAY = StoreUnavailable(timedelta(seconds=5))
CORRECTED = {name: text for name, text in a_contribution().items() if name in ("title", "source", "item", "abstract")}
BETTER = {"file1": ("better.txt", b"Everybody's.\n")}
PRESS = Press("1", "staff@example.org", datetime(2004, 2, 2, 12, tzinfo=UTC))


@pytest.fixture
def person(desk: Desk) -> Contributing:
    return Contributing(desk)


@pytest.fixture
def one(person: Contributing) -> Contribution:
    return person.sent()


def publish(person: Contributing, one: Contribution, *places: int) -> None:
    now = person.now(one)
    change.publish(person.desk, EVENT, one.id, now.revision, places or (0,), replace(PRESS, id=str(now.revision)))


def changes(person: Contributing, one: Contribution) -> list[Actor]:
    return [made.by for made in person.desk.store.contribution_history(one.id)]


# ---- seeing


def test_shows_what_was_received_and_what_becomes_of_it(person: Contributing, one: Contribution) -> None:
    page = person.get(person.address(one))
    file = one.text.files[0]
    assert (page.status, heading(page)) == (200, "Your contribution")
    for said in (
        "INTGOV04-C/1",
        "Names of countries",
        "paper.txt",
        file.sha256,
        "It is published once the secretariat has looked at it.",
    ):
        assert said in page.text
    assert (page.headers["Cache-Control"], page.headers["X-Robots-Tag"]) == ("no-store", "noindex")


def test_says_that_it_has_no_number_yet(person: Contributing) -> None:
    assert person.send(**a_contribution()).status == 303
    [one] = person.desk.store.contributions_without_receipts()
    assert "It has no number yet" in person.get(person.address(one)).text


def test_ones_own_file_is_stored_and_never_shown(person: Contributing, one: Contribution) -> None:
    answer = person.get(f"{person.address(one)}/files/0/0")
    assert (answer.status, answer.content) == (200, PAPER)
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''paper.txt"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Length" not in answer.headers  # Cloud Run passes on no such answer of more than 32 MiB


@pytest.mark.parametrize("below", ["files/1/0", "files/0/1", "files/-1/0", "files/x/0", "files/0/0/0", "other"])
def test_there_is_nothing_else_below_it(person: Contributing, one: Contribution, below: str) -> None:
    assert person.get(f"{person.address(one)}/{below}").status == 404


def test_a_published_one_says_where_everybody_reads_it(person: Contributing, one: Contribution) -> None:
    publish(person, one)
    page = person.get(person.address(one))
    assert "It is published." in page.text
    assert 'href="/events/intgov04/' in page.text


def test_a_held_one_says_why(person: Contributing, one: Contribution) -> None:
    change.hold(person.desk, EVENT, one.id, 1, (0,), "It names <people>.", PRESS)
    assert "It names &lt;people&gt;." in person.get(person.address(one)).text


def test_a_doubtful_one_says_that_the_staff_look_first(desk: Desk) -> None:
    seen = Inspected("paper.pdf", ".pdf", "application/pdf", 9, "9" * 64, doubt=PaperDoubt.NOT_INSPECTED)
    person = Contributing(replace(desk, inspect=lambda: lambda path, name: seen))
    assert "The secretariat looks at them first" in person.get(person.address(person.sent())).text


def test_a_late_one_is_named_late(person: Contributing, clock: Clock) -> None:
    assert EVENT.contributions
    clock.now = EVENT.contributions.closes_at + timedelta(seconds=1)
    assert "Received late" in person.get(person.address(person.sent())).text


def test_what_was_sent_is_never_markup(person: Contributing) -> None:
    bad = "<script>alert(1)</script>"
    one = person.sent(files={"file1": (f"{bad}.txt", PAPER)}, title=bad, source=bad, abstract=bad, name=bad)
    for below in ("", "/paper", "/correct", "/withdraw"):
        page = person.get(f"{person.address(one)}{below}")
        assert (page.status, "<script>alert" in page.text) == (200, False)


# ---- links


def test_a_link_that_was_ended_damaged_or_made_for_something_else_opens_nothing(
    person: Contributing, one: Contribution
) -> None:
    address = person.address(one)
    token = address.rpartition("/")[2]
    ended = replace(person.now(one), link=1)
    with mock.patch.object(type(person.desk.store), "contribution", return_value=ended):
        assert (person.get(address).status, heading(person.get(address))) == (410, "This link has been ended")
    for other in (f"{address[:-3]}AAA", f"{PATH}/papers/{token}", f"{PATH}/submitted/{token}"):
        assert person.get(other).status == 410
    assert person.get(f"{PATH}/contribution").status == 404


def test_the_page_after_sending_opens_no_contribution(person: Contributing) -> None:
    after = person.send(**a_contribution()).headers["Location"]
    token = after.rpartition("/")[2]
    assert person.get(f"{PATH}/contribution/{token}").status == 410


def test_an_id_of_another_event_is_not_found(person: Contributing, one: Contribution) -> None:
    with mock.patch.object(type(person.desk.store), "contribution", return_value=replace(one, event="other")):
        assert person.get(person.address(one)).status == 404


def test_opening_and_a_bare_post_change_nothing(person: Contributing, one: Contribution) -> None:
    before = person.now(one)
    for below in ("", "/paper", "/correct", "/withdraw"):
        person.get(f"{person.address(one)}{below}")
        person.post(f"{person.address(one)}{below}")
    assert person.now(one) == before


# ---- a further paper


@pytest.mark.parametrize(
    ("kind", "designated"),
    [
        ("revision", "INTGOV04-C/1 (Rev.1)"),
        ("addendum", "INTGOV04-C/1 (Add.1)"),
        ("corrigendum", "INTGOV04-C/1 (Corr.1)"),
    ],
)
def test_a_further_paper_is_added(person: Contributing, one: Contribution, kind: str, designated: str) -> None:
    answer = person.send(f"{person.address(one)}/paper?send", BETTER, kind=kind, language1="en")
    assert answer.headers["Location"] == f"{person.address(one)}?sent"
    page = person.get(answer.headers["Location"])
    assert designated in page.text
    assert "We have received it" in page.text
    assert [paper.kind for paper in person.now(one).papers] == [PaperKind.ORIGINAL, PaperKind(kind)]
    assert person.get(f"{person.address(one)}/files/1/0").content == BETTER["file1"][1]


def test_the_same_file_again_is_no_other_paper(person: Contributing, one: Contribution) -> None:
    answer = person.send(f"{person.address(one)}/paper?send", kind="revision", language1="en")
    assert answer.headers["Location"].endswith("?unchanged")
    assert len(person.now(one).papers) == 1


def test_what_is_wrong_with_a_further_paper_is_told_and_its_file_stays(person: Contributing, one: Contribution) -> None:
    address = f"{person.address(one)}/paper?send"
    page = person.send(address, BETTER)
    assert (page.status, {*errors(page)}) == (422, {"kind", "language1"})
    assert person.send(address, {}, kind="addendum", language1="en", **tokens(page)).status == 303
    assert person.now(one).papers[1].kind is PaperKind.ADDENDUM


def test_there_is_a_bound_on_papers(person: Contributing, one: Contribution) -> None:
    many = replace(person.now(one), papers=person.now(one).papers * MOST_PAPERS)
    address = person.address(one)
    with mock.patch.object(type(person.desk.store), "contribution", return_value=many):
        page = person.send(f"{address}/paper?send", BETTER, kind="revision", language1="en")
    assert (page.status, {*tokens(page)}) == (409, {"upload1"})
    assert EVENT.secretariat in page.text


def test_while_the_store_is_away_a_further_paper_stays_in_its_form(person: Contributing, one: Contribution) -> None:
    address = f"{person.address(one)}/paper?send"
    with mock.patch.object(type(person.desk.store), "save_contribution", side_effect=AWAY):
        page = person.send(address, BETTER, kind="revision", language1="en")
    assert (page.status, {*tokens(page)}) == (503, {"upload1"})
    assert person.send(address, {}, kind="revision", language1="en", **tokens(page)).status == 303


def test_a_published_text_stays_until_the_staff_publish_the_revision(person: Contributing, one: Contribution) -> None:
    publish(person, one)
    assert (
        "What is published stays until the secretariat has looked at this."
        in person.get(f"{person.address(one)}/paper").text
    )
    person.send(f"{person.address(one)}/paper?send", BETTER, kind="revision", language1="en")
    assert [paper.status for paper in person.now(one).papers] == [PaperStatus.PUBLISHED, PaperStatus.WAITING]
    assert "<p>Replaced</p>" not in person.get(person.address(one)).text
    publish(person, one, 1)
    assert "<p>Replaced</p>" in person.get(person.address(one)).text


# ---- correcting


def test_title_source_item_and_abstract_can_be_corrected(person: Contributing, one: Contribution) -> None:
    address = person.address(one)
    form = person.get(f"{address}/correct")
    assert typed_in(form)["title"] == "Names of countries"
    said = CORRECTED | {"title": "Names of states", "consent": "yes", "_revision": "1"}
    answer = person.post(f"{address}/correct?send", **said)
    assert answer.headers["Location"].endswith("?saved")
    now = person.now(one)
    assert (now.title, now.consent, now.revision) == ("Names of states", one.consent, 2)
    page = person.get(address)
    assert '<del dir="auto">Names of countries</del> → <ins dir="auto">Names of states</ins>' in page.text
    assert changes(person, one) == [Actor.REGISTRANT]


def test_consent_can_be_given_and_taken_back_until_it_is_published(person: Contributing) -> None:
    one = person.sent(consent="")
    person.post(f"{person.address(one)}/correct?send", **CORRECTED, consent="yes", _revision="1")
    assert person.now(one).consent.startswith("I agree")
    assert '<ins dir="auto">I agree that' in person.get(person.address(one)).text
    person.post(f"{person.address(one)}/correct?send", **CORRECTED, _revision="2")
    assert person.now(one).consent == ""


def test_a_title_that_reads_as_a_paper_is_shown_as_it_was(person: Contributing, one: Contribution) -> None:
    said = CORRECTED | {"title": "Agenda 2: security", "consent": "yes"}
    person.post(f"{person.address(one)}/correct?send", **said, _revision="1")
    assert '<ins dir="auto">Agenda 2: security</ins>' in person.get(person.address(one)).text


def test_what_is_wrong_with_a_correction_is_told_and_nothing_is_lost(person: Contributing, one: Contribution) -> None:
    page = person.post(f"{person.address(one)}/correct?send", **CORRECTED | {"title": ""}, _revision="1")
    assert (page.status, {*errors(page)}) == (422, {"title"})
    assert typed_in(page)["source"] == "Ministère des Postes, Guinée"
    assert person.now(one).revision == 1


def test_a_correction_of_what_the_staff_corrected_meanwhile_is_asked_about(
    person: Contributing, one: Contribution
) -> None:
    person.post(
        f"{person.address(one)}/correct?send", **CORRECTED | {"title": "By another"}, consent="yes", _revision="1"
    )
    page = person.post(
        f"{person.address(one)}/correct?send", **CORRECTED | {"title": "Mine"}, consent="yes", _revision="1"
    )
    assert (page.status, typed_in(page)["title"]) == (409, "Mine")
    assert 'name="_revision" value="2"' in page.text
    person.post(f"{person.address(one)}/correct?send", **CORRECTED | {"title": "Mine"}, consent="yes", _revision="2")
    assert person.now(one).title == "Mine"


def test_once_it_is_published_the_staff_correct_it_and_the_page_says_so(
    person: Contributing, one: Contribution
) -> None:
    publish(person, one)
    address = person.address(one)
    assert f'please write to <a dir="ltr" href="mailto:{EVENT.secretariat}">' in person.get(address).text
    for answer in (
        person.get(f"{address}/correct"),
        person.post(f"{address}/correct?send", **CORRECTED | {"title": "Mine"}, _revision="2"),
    ):
        assert answer.headers["Location"] == address
    assert person.now(one).title == "Names of countries"


def test_while_the_store_is_away_a_correction_stays_in_its_form(person: Contributing, one: Contribution) -> None:
    said = CORRECTED | {"title": "Names of states", "consent": "yes", "_revision": "1"}
    with mock.patch.object(type(person.desk.store), "save_contribution", side_effect=AWAY):
        page = person.post(f"{person.address(one)}/correct?send", **said)
    assert (page.status, typed_in(page)["title"]) == (503, "Names of states")


# ---- withdrawing


def test_it_is_withdrawn_in_two_steps_and_keeps_its_number(person: Contributing, one: Contribution) -> None:
    address = person.address(one)
    assert heading(person.get(f"{address}/withdraw")) == "Do you want to withdraw this contribution?"
    assert not person.now(one).withdrawn
    answer = person.post(f"{address}/withdraw?send")
    now = person.now(one)
    assert (answer.headers["Location"], now.withdrawn, now.number) == (f"{address}?withdrawn", True, 1)
    assert heading(person.get(address)) == "Your contribution is withdrawn"
    assert person.desk.store.entry(contribution_notice(now).id)


def test_a_withdrawn_one_is_not_changed_any_more(person: Contributing, one: Contribution) -> None:
    address = person.address(one)
    person.post(f"{address}/withdraw?send")
    before = person.now(one)
    for below in ("paper", "correct", "withdraw"):
        assert f"{address}/{below}" not in person.get(address).text
        assert person.get(f"{address}/{below}").headers["Location"] == address
    person.send(f"{address}/paper?send", BETTER, kind="revision", language1="en")
    assert person.now(one) == before


def test_a_withdrawn_one_is_off_the_public_pages_at_once(person: Contributing, one: Contribution) -> None:
    publish(person, one)
    person.post(f"{person.address(one)}/withdraw?send")
    found = person.desk.published().site(EVENT.slug)
    assert found
    assert b"Names of countries" not in found[0]


def test_what_cannot_be_published_now_is_due_and_the_press_counts(desk: Desk, clock: Clock) -> None:
    def fail(_desk: object, _event: object) -> None:
        raise AWAY

    person = Contributing(replace(desk, republish=fail))
    one = person.sent()
    publish(person, one)
    assert person.post(f"{person.address(one)}/withdraw?send").status == 303
    assert person.now(one).withdrawn
    clock.forward(desk.limits.publication_lease + timedelta(seconds=1))
    assert list(desk.store.due_publications(9)) == [EVENT.slug]


Act = Callable[[Contributing, str], object]
ACTS: dict[str, Act] = {
    "a paper": lambda person, address: person.send(f"{address}/paper?send", BETTER, kind="revision", language1="en"),
    "a correction": lambda person, address: person.post(f"{address}/correct?send", **CORRECTED, _revision="1"),
    "a withdrawal": lambda person, address: person.post(f"{address}/withdraw?send"),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_once_the_event_is_over_nothing_is_changed(
    person: Contributing, one: Contribution, clock: Clock, act: Act
) -> None:
    address, before = person.address(one), person.now(one)
    clock.now = EVENT.over_at + timedelta(seconds=1)
    assert heading(person.get(address)) == "This link has expired"
    act(person, address)
    assert person.now(one) == before
