"""The form for a contribution: each answer of it, and what survives."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from io import BytesIO
from unittest import mock

import pytest
from pypdf import PdfWriter
from pypdf.actions import JavaScript

from handlers.register import register
from handlers.request_body import LARGEST_REQUEST
from rollcall.desk.contribution_ports import Inspected
from rollcall.desk.desk import Desk
from rollcall.model.contribution import Contribution, PaperDoubt, PaperStatus
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import SMOKE_TEST
from rollcall.model.registration import reference
from rollcall.store.folder_uploads import FolderUploads
from tests.support.builders import a_form
from tests.support.clock import Clock
from tests.support.contributing import PAPER, PATH, Contributing, a_contribution, errors, heading, tokens, typed_in
from tests.support.desk import EVENT
from tests.support.in_process import ask

AWAY = StoreUnavailable(timedelta(seconds=5))
TYPED = {name: text for name, text in a_contribution().items() if name in ("title", "source", "name", "email")}
FORGOTTEN = {"title": "title", "source": "source", "item": "item", "name": "name", "email": "email"}


def a_pdf_with_a_script() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_open_action(JavaScript("app.alert(1)"))
    content = BytesIO()
    writer.write(content)
    return content.getvalue()


@pytest.fixture
def person(desk: Desk) -> Contributing:
    return Contributing(desk)


def only(person: Contributing) -> Contribution:
    (one,) = person.all()
    return one


def test_a_contribution_is_taken_with_all_that_was_said(person: Contributing) -> None:
    answer = person.send(**a_contribution())
    one = only(person)
    (file,) = one.text.files
    assert (answer.status, one.number, one.text.status) == (303, 1, PaperStatus.WAITING)
    assert (one.title, one.source, one.item) == (
        "Names of countries",
        "Ministère des Postes, Guinée",
        "Domain names and addresses",
    )
    assert (one.name, one.email, one.language) == ("Amina Diallo", "amina.diallo@mpt.example.org", "en")
    assert one.consent.startswith("I agree that this contribution")
    assert (file.name, file.type, file.language, file.size) == ("paper.txt", "text/plain", "fr", len(PAPER))
    assert person.desk.files().get(file.id) == PAPER


def test_the_page_after_it_says_what_happens_next_and_not_who_sent_it(person: Contributing) -> None:
    page = person.get(person.send(**a_contribution()).headers["Location"])
    assert heading(page) == "Your contribution is received"
    assert "Within minutes you receive an e-mail with its number" in page.text
    assert 'href="/events/intgov04' in page.text
    assert not [said for said in a_contribution().values() if len(said) > 5 and said in page.text]


def test_the_same_sent_twice_is_one(person: Contributing) -> None:
    person.send(**a_contribution())
    again = person.send(**a_contribution(title="Names of countries and cities"))
    assert heading(person.get(again.headers["Location"])) == "We have this contribution already"
    assert only(person).title == "Names of countries"


def test_each_fault_is_told_at_once_and_nothing_is_lost(person: Contributing) -> None:
    page = person.send(**a_contribution(email="amina", language1="", consent=""))
    assert (page.status, {*errors(page)}) == (422, {"email", "language1"})
    assert 'href="#email"' in page.text
    assert 'href="#language1"' in page.text
    assert typed_in(page).items() >= (TYPED | {"email": "amina"}).items()
    assert "paper.txt" in page.text
    assert person.send(files={}, **a_contribution(), **tokens(page)).status == 303
    assert only(person).text.files[0].name == "paper.txt"


def test_what_must_be_filled_in(person: Contributing) -> None:
    page = person.send(files={}, language1="")
    assert {*errors(page)} == {*FORGOTTEN, "file1"}
    assert errors(page)["file1"] == "Please choose the file."


def test_a_file_that_was_looked_into_is_not_looked_into_again(desk: Desk) -> None:
    looked = []

    def inspect(path: object, name: str) -> Inspected:
        looked.append(name)
        return desk.inspect()(path, name)  # type: ignore[arg-type]

    person = Contributing(replace(desk, inspect=lambda: inspect))
    page = person.send(**a_contribution(email=""))
    assert person.send(files={}, **a_contribution(), **tokens(page)).status == 303
    assert looked == ["paper.txt"]


def test_several_language_versions(person: Contributing) -> None:
    files = {"file1": ("a.txt", PAPER), "file3": ("c.txt", b"Of whom?\n")}
    person.send(files=files, **a_contribution(language3="other"))
    assert [(one.name, one.language) for one in only(person).text.files] == [("a.txt", "fr"), ("c.txt", "")]


def test_a_file_that_is_left_out_is_not_taken(person: Contributing) -> None:
    page = person.send(files={"file1": ("a.txt", PAPER), "file2": ("b.txt", b"b")}, **a_contribution())
    assert {*errors(page)} == {"language2"}
    answer = person.send(files={}, **a_contribution(), **tokens(page), remove2="yes")
    assert answer.status == 303
    assert [one.name for one in only(person).text.files] == ["a.txt"]


def test_another_file_in_its_place(person: Contributing) -> None:
    page = person.send(**a_contribution(email=""))
    person.send(files={"file1": ("b.txt", b"Better\n")}, **a_contribution(), **tokens(page))
    assert [one.name for one in only(person).text.files] == ["b.txt"]


@pytest.mark.parametrize(
    ("called", "content", "said"),
    [
        ("paper.txt", b"", "This file is empty"),
        ("paper.svg", b"<svg onload='x()'/>", "We do not take files of this kind"),
        ("paper.pdf", a_pdf_with_a_script(), "This file has macros, scripts or other active content"),
    ],
)
def test_a_file_that_is_not_taken_is_told_at_its_place(
    person: Contributing, called: str, content: bytes, said: str
) -> None:
    files = {"file1": ("a.txt", PAPER), "file2": (called, content)}
    page = person.send(files=files, **a_contribution(language2="en"))
    assert page.status == 422
    assert {*errors(page)} == {"file2"}
    assert said in errors(page)["file2"]
    assert {*tokens(page)} == {"upload1"}


def test_what_nobody_could_look_into_is_held_and_said(desk: Desk) -> None:
    seen = Inspected("paper.pdf", ".pdf", "application/pdf", 9, "9" * 64, doubt=PaperDoubt.NOT_SCANNED)
    person = Contributing(replace(desk, inspect=lambda: lambda path, name: seen))
    page = person.get(person.send(**a_contribution()).headers["Location"])
    assert (only(person).text.status, only(person).text.doubt) == (PaperStatus.HELD, PaperDoubt.NOT_SCANNED)
    assert "The secretariat looks at them first" in page.text


def test_without_consent_only_the_staff_read_it_and_that_is_said(person: Contributing) -> None:
    page = person.get(person.send(**a_contribution(consent="")).headers["Location"])
    assert only(person).consent == ""
    assert "Only the secretariat reads it" in page.text


def test_after_the_deadline_it_is_taken_and_named_late(person: Contributing, clock: Clock) -> None:
    assert "The deadline for contributions has passed" not in person.get().text
    assert EVENT.contributions
    clock.now = EVENT.contributions.closes_at + timedelta(seconds=1)
    assert "What comes now is taken, and marked as late." in person.get().text
    assert "is marked as late" in person.get(person.send(**a_contribution()).headers["Location"]).text


def test_once_the_event_is_over_nothing_is_taken(person: Contributing, clock: Clock) -> None:
    clock.now = EVENT.over_at + timedelta(seconds=1)
    assert (heading(person.get()), person.get().status) == ("The event is over", 200)
    answer = person.send(**a_contribution())
    assert (heading(answer), answer.status) == ("The event is over", 410)
    assert person.all() == []


@pytest.mark.parametrize("path", ["/contribute", "/contribute/other", f"/contribute/{SMOKE_TEST.slug}", f"{PATH}/x"])
def test_there_is_no_other_page(person: Contributing, path: str) -> None:
    assert person.get(path).status == 404


def test_an_event_that_asks_for_none_has_no_such_page(desk: Desk) -> None:
    person = Contributing(replace(desk, events={EVENT.slug: replace(EVENT, contributions=None, translated=None)}))
    assert person.get().status == 404
    assert person.send(**a_contribution()).status == 404


# ---- the store and the files are away


def test_while_the_store_is_away_what_was_typed_and_what_arrived_stays(person: Contributing) -> None:
    with mock.patch.object(type(person.desk.store), "accept_contribution", side_effect=AWAY):
        page = person.send(**a_contribution())
    assert (page.status, page.headers["Retry-After"]) == (503, "5")
    assert typed_in(page).items() >= TYPED.items()
    assert person.send(files={}, **a_contribution(), **tokens(page)).status == 303
    assert len(person.all()) == 1


def test_while_no_file_can_be_stored_what_was_typed_stays(person: Contributing) -> None:
    with mock.patch.object(FolderUploads, "put", side_effect=AWAY):
        page = person.send(**a_contribution())
    assert page.status == 503
    assert typed_in(page).items() >= TYPED.items()
    assert "choose it again" in errors(page)["file1"]


def test_a_fault_of_ours_loses_nothing(person: Contributing) -> None:
    with mock.patch.object(type(person.desk.store), "accept_contribution", side_effect=RuntimeError("hush-hush")):
        page = person.send(**a_contribution())
    assert page.status == 500
    assert "hush-hush" not in page.text
    assert (typed_in(page).items() >= TYPED.items(), {*tokens(page)}) == (True, {"upload1"})


def test_a_lost_answer_of_the_store_makes_no_second_one(person: Contributing) -> None:
    accept = person.desk.store.accept_contribution

    def lose(one: Contribution) -> None:
        accept(one)
        raise AWAY

    with mock.patch.object(type(person.desk.store), "accept_contribution", side_effect=lose):
        page = person.send(**a_contribution())
    again = person.send(files={}, **a_contribution(), **tokens(page))
    assert (page.status, again.status, len(person.all())) == (503, 303, 1)


def test_two_at_once_are_one(person: Contributing) -> None:
    form = a_contribution() | tokens(person.send(**a_contribution(email="")))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: person.send(files={}, **form | {"email": "amina@example.org"}), range(4)))
    assert [one.status for one in answers] == [303] * 4
    assert len(person.all()) == 1


def test_more_than_one_request_may_have_is_told(person: Contributing) -> None:
    page = person.send(files={"file1": ("a.txt", b"x" * LARGEST_REQUEST)}, **a_contribution())
    assert (page.status, heading(page)) == (413, "Too large")


def test_whoever_dies_before_the_commit_leaves_files_alone(person: Contributing) -> None:
    with (
        mock.patch.object(type(person.desk.store), "accept_contribution", side_effect=SystemExit),
        pytest.raises(SystemExit),
    ):
        person.send(**a_contribution())
    assert person.all() == []
    assert person.send(**a_contribution()).status == 303


# ---- uploads, and who they belong to


def test_a_token_of_another_event_or_an_invented_one_is_none(person: Contributing) -> None:
    page = person.send(**a_contribution(email=""))
    upload = person.desk.links.uploaded(EVENT, tokens(page)["upload1"])
    assert upload
    elsewhere = person.desk.links.upload(replace(EVENT, slug="other"), upload)
    for token in (elsewhere, "x", elsewhere[:-1]):
        assert errors(person.send(files={}, **a_contribution(), upload1=token)).keys() == {"file1"}
    assert person.all() == []


def test_an_upload_that_is_gone_is_asked_for_again(person: Contributing) -> None:
    page = person.send(**a_contribution(email=""))
    with mock.patch.object(FolderUploads, "keep", side_effect=LookupError):
        again = person.send(files={}, **a_contribution(), **tokens(page))
    assert (again.status, {*errors(again)}, tokens(again)) == (422, {"file1"}, {})


# ---- robots, programs, languages


def test_a_robots_field_is_asked_about_once_and_nothing_is_lost(person: Contributing) -> None:
    page = person.send(message="Buy", **a_contribution())
    assert (page.status, "You" in heading(page)) == (202, False)
    assert "press Send once more" in page.text
    assert person.all() == []
    assert 'name="message"' not in page.text
    assert person.send(files={}, **a_contribution(), **tokens(page)).status == 303


def test_whoever_is_very_fast_presses_once_more(person: Contributing, clock: Clock) -> None:
    shown_at = re.search('name="shown_at" value="([^"]+)"', person.get().text)
    assert shown_at
    assert person.send(shown_at=shown_at[1], **a_contribution()).status == 202
    clock.forward(timedelta(seconds=5))
    assert person.send(shown_at=shown_at[1], **a_contribution()).status == 303


def test_a_program_is_told_that_this_is_for_pages(person: Contributing) -> None:
    answer = person.post(f"{PATH}?send", {"Content-Type": "application/json", "Accept": "application/json"}, title="x")
    assert answer.status == 415
    assert person._ask("DELETE", PATH, b"", {}).status == 405


def test_the_form_in_another_language_keeps_all(person: Contributing) -> None:
    page = person.send(f"{PATH}/fr?change", **a_contribution())
    assert (page.status, 'lang="fr"' in page.text) == (200, True)
    assert typed_in(page).items() >= TYPED.items()
    assert 'value="Domain names and addresses" id="item" checked> ' in page.text
    assert person.send(f"{PATH}/fr?send", files={}, **a_contribution(), **tokens(page)).status == 303
    assert (only(person).language, only(person).item) == ("fr", "Domain names and addresses")


def test_what_was_typed_is_never_markup(person: Contributing) -> None:
    bad = '"><script>alert(1)</script>'
    page = person.send(
        files={"file1": (bad, PAPER)}, **a_contribution(title=bad, source=bad, abstract=bad, language1="")
    )
    assert page.status == 422
    assert "<script>alert" not in page.text


# ---- a registration's reference


def test_a_reference_counts_only_with_its_own_address(person: Contributing) -> None:
    as_json = {"Content-Type": "application/json"}
    ask(partial(register, person.desk), "POST", f"/register/{EVENT.slug}", json.dumps(a_form()), as_json)
    (there,) = person.desk.store.registrations(EVENT.slug, None, 9)
    its_own = person.send(**a_contribution(reference=reference(there.id).lower()))
    others = person.send(
        files={"file1": ("b.txt", b"b\n")}, **a_contribution(reference=there.reference, email="b@example.org")
    )
    unknown = person.send(
        files={"file1": ("c.txt", b"c\n")}, **a_contribution(reference="000-000-000", email="c@example.org")
    )
    person.send(files={"file1": ("d.txt", b"d\n")}, **a_contribution(reference="000-000-000"))
    assert [one.registration_id for one in person.all()] == [there.id, "", "", ""]
    assert its_own.status == others.status == unknown.status == 303
    pages = [re.sub("<a href.*", "", person.get(one.headers["Location"]).text) for one in (others, unknown)]
    assert pages[0] == pages[1]


def test_a_reference_that_is_none_is_asked_about(person: Contributing) -> None:
    assert errors(person.send(**a_contribution(reference="7KQ-X93-M4")))["reference"].startswith("This is no reference")
