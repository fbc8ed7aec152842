"""The pages behind links in our e-mails, as Google serves them, on both stores."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from rollcall.desk.ports import Store
from rollcall.model.email import confirmation
from rollcall.model.inbound import FormStatus, InboundForm, InboundStatus
from rollcall.model.registration import person_key
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import SqliteStore
from schemas.form import read_form
from tests.support.builders import CANNOT_COME, registered, write_event
from tests.support.clock import Clock
from tests.support.linked_pages import (
    CLOSED,
    COMPLETE_FORM,
    INCOMPLETE,
    OPEN,
    YESTERDAY,
    LinkedPages,
    completing,
    resolving,
)
from tests.support.served import function
from tests.support.stores import store_settings


@pytest.fixture(scope="module", params=["sqlite", "firestore"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LinkedPages]:
    events, today, day = tmp_path_factory.mktemp("events"), datetime.now(UTC).date(), timedelta(days=1)
    write_event(events, "open", today - 9 * day, today + 9 * day)
    write_event(events, "closed", today - 9 * day, today - 5 * day)
    environment = store_settings(request, tmp_path_factory.mktemp("store"))
    store: Store
    if request.param == "sqlite":
        store = SqliteStore(Path(environment["SQLITE_PATH"]), Clock(datetime.now(UTC)))
    else:
        store = FirestoreStore(environment["GOOGLE_CLOUD_PROJECT"])
    with function("register", EVENTS=str(events), **environment) as served:
        yield LinkedPages(served, store)


def test_shows_the_answers_that_were_understood_and_what_is_missing(desk: LinkedPages) -> None:
    desk.add_inbound("PAGE", INCOMPLETE)
    page = desk.get(completing("PAGE"))
    assert page.status == 200
    assert 'value="amina.diallo@mpt.example.org"' in page.text
    assert "Hôtel &lt;b&gt;Cornavin" in page.text
    assert re.search(r'value="member-state"[^>]* checked', page.text)
    assert 'id="signature-error"><span class="hidden">Error:</span> Type your name' in page.text
    assert "check 1 answer" in page.text
    assert 'name="shown_at"' not in page.text
    assert page.headers["Cache-Control"] == "private, no-cache"
    assert page.headers["Referrer-Policy"] == "no-referrer"


def of(family_name: str, **changes: str) -> InboundForm:
    """The incomplete form of this person."""
    return replace(INCOMPLETE, answers={**INCOMPLETE.answers, "family_name": family_name, **changes})


def test_completing_registers_and_updates_the_inbound_email(desk: LinkedPages) -> None:
    other = of("Other")
    desk.add_inbound("BOTH", of("Completed"), other)
    form = COMPLETE_FORM | {"family_name": "Completed"}
    person = person_key(read_form(OPEN, form))
    accepted = desk.post(completing("BOTH"), **form)
    assert accepted.status == 303
    assert re.fullmatch(r"/register/open/en/received/[\w.-]+", accepted.headers["Location"])
    registered = desk.store.registration_of("open", person)
    assert registered is not None
    noted = desk.inbound("BOTH")
    assert noted.forms == (InboundForm(FormStatus.REGISTERED, registered.id, person=person), other)
    assert noted.status is InboundStatus.WAITING_FOR_SENDER
    used = desk.get(completing("BOTH"))
    assert "<h1>This form is complete" in used.text
    assert "This link has been used." in used.text
    assert "Amina Completed</dd>" in used.text
    assert f"{registered.reference}</dd>" in used.text
    assert "Cornavin" not in used.text
    assert "Other" in desk.get(completing("BOTH", 1)).text
    assert desk.post(completing("BOTH", 1), **form | {"family_name": "Other"}).status == 303
    assert desk.inbound("BOTH").status is InboundStatus.REGISTERED


def test_a_used_link_does_not_tell_the_name_that_was_changed_since(desk: LinkedPages) -> None:
    there = registered(id="CHANGED")
    desk.store.accept("open", there.id, there.registration, confirmation("open", there.id, there.registration.email))
    before = desk.store.registered("open", there.id)
    assert before
    after = replace(before, revision=2, registration=replace(there.registration, family_name="Keïta"))
    assert desk.store.save_registration("open", before, after, CANNOT_COME)
    desk.add_inbound("CHANGED", InboundForm(FormStatus.REGISTERED, there.id))
    page = desk.get(completing("CHANGED"))
    assert (page.status, "This link has been used." in page.text, "Keïta" in page.text) == (200, True, False)


def test_another_persons_form_is_registered_as_its_own_and_leaves_the_first_one_open(desk: LinkedPages) -> None:
    came = desk.add_inbound("LENT", of("Lender"))
    for name in ("family_name", "first_name"):
        form = COMPLETE_FORM | {"family_name": "Lender", name: "Borrower"}
        assert desk.post(completing("LENT"), **form).status == 303
        assert desk.store.registration_of("open", person_key(read_form(OPEN, form)))
        assert desk.inbound("LENT") == came
    assert 'value="Lender"' in desk.get(completing("LENT")).text
    assert (
        "/received/" in desk.post(completing("LENT"), **COMPLETE_FORM | {"family_name": "Lender"}).headers["Location"]
    )
    assert desk.inbound("LENT").status is InboundStatus.REGISTERED


def test_a_used_link_registers_its_person_no_second_time(desk: LinkedPages) -> None:
    """Under another address: with the same, it is a duplicate, or a conflict."""
    desk.add_inbound("ONCE", of("Once"))
    form = COMPLETE_FORM | {"family_name": "Once"}
    desk.post(completing("ONCE"), **form)
    noted = desk.inbound("ONCE")
    again = desk.post(completing("ONCE"), **form | {"email": "another@mpt.example.org"})
    assert again.status == 409
    assert "This link has been used: Amina Once is registered" in again.text
    assert 'value="another@mpt.example.org"' in again.text
    other = desk.post(completing("ONCE"), **form | {"first_name": "Fatou"})
    assert "/received/" in other.headers["Location"]
    assert desk.inbound("ONCE") == noted


def test_a_corrected_address_completes_the_form(desk: LinkedPages) -> None:
    desk.add_inbound("TYPO", of("Typo", email="amina@mpt.exmaple.org"))
    assert desk.post(completing("TYPO"), **COMPLETE_FORM | {"family_name": "Typo"}).status == 303
    assert desk.inbound("TYPO").status is InboundStatus.REGISTERED


def test_whether_somebody_is_registered_is_told_to_that_address_alone(desk: LinkedPages) -> None:
    """Anybody may e-mail a form of theirs and open the link of our reply."""
    form = COMPLETE_FORM | {"family_name": "Asked"}
    person = person_key(read_form(OPEN, form))
    assert desk.served.post_json("/register/open", form).status == 201
    desk.add_inbound("ASKS", replace(of("Asked"), person=person))
    assert 'value="Asked"' in desk.get(completing("ASKS")).text
    desk.add_inbound("SELF", replace(of("Asked"), person=person), sender=form["email"].title())
    assert "Amina Asked</dd>" in desk.get(completing("SELF")).text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_of_somebody_who_left_the_staff_has_ended(desk: LinkedPages, method: str) -> None:
    came = desk.add_inbound(f"LEAVER{method}", status=InboundStatus.NEEDS_REVIEW)
    link = resolving(came.id, to="leaver@example.org")
    page = desk.get(link) if method == "GET" else desk.post(link)
    assert page.status == 410
    assert "<h1>This link has been ended</h1>" in page.text
    assert "somebody@example.org" not in page.text
    assert desk.inbound(came.id) == came


@pytest.mark.parametrize("place", [0, 1])
def test_a_link_to_what_the_database_does_not_have_says_so(desk: LinkedPages, place: int) -> None:
    """Deleted, or restored from before: nobody knows whether that person is registered."""
    if place:
        desk.add_inbound("GONE1", INCOMPLETE)
    link, form = completing(f"GONE{place}", place), COMPLETE_FORM | {"family_name": f"Gone {place}"}
    page = desk.get(link)
    assert page.status == 410
    assert "not in our database" in page.text
    assert "complete</h1>" not in page.text
    assert desk.post(link, **form).status == 303
    assert desk.store.registration_of("open", person_key(read_form(OPEN, form)))


@pytest.mark.parametrize("status", [FormStatus.NEEDS_REVIEW, FormStatus.NOT_YET_OPEN])
def test_a_form_that_nobody_registered_is_not_complete(desk: LinkedPages, status: FormStatus) -> None:
    desk.add_inbound(f"OPEN{status}", replace(INCOMPLETE, status=status, person="NOBODY"))
    page = desk.get(completing(f"OPEN{status}"))
    assert (page.status, "complete</h1>" in page.text) == (200, False)
    assert 'value="amina.diallo@mpt.example.org"' in page.text


def test_completing_twice_is_a_duplicate(desk: LinkedPages) -> None:
    desk.add_inbound("AGAIN", of("Again"))
    form = COMPLETE_FORM | {"family_name": "Again"}
    desk.post(completing("AGAIN"), **form)
    again = desk.post(completing("AGAIN"), **form)
    assert "/already-registered/" in again.headers["Location"]


def test_a_duplicate_updates_the_inbound_email(desk: LinkedPages) -> None:
    desk.add_inbound("ELSEWHERE", of("Elsewhere"))
    form = COMPLETE_FORM | {"family_name": "Elsewhere"}
    assert desk.served.post_json("/register/open", form).status == 201
    assert "/already-registered/" in desk.post(completing("ELSEWHERE"), **form).headers["Location"]
    assert desk.inbound("ELSEWHERE").status is InboundStatus.REGISTERED


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"signature": ""}, 422), ({"message": "I am a robot"}, 202)],
    ids=["invalid", "quarantined"],
)
def test_what_is_not_registered_changes_no_inbound_email(
    desk: LinkedPages, changes: dict[str, str], status: int
) -> None:
    came = desk.add_inbound(f"NOT{status}", INCOMPLETE)
    answer = desk.post(completing(came.id), **COMPLETE_FORM | {"family_name": came.id} | changes)
    assert answer.status == status
    assert f'value="{came.id}"' in answer.text
    assert desk.inbound(came.id) == came


def test_a_conflict_changes_no_inbound_email(desk: LinkedPages) -> None:
    came = desk.add_inbound("DIFFERS", of("Differing"))
    form = COMPLETE_FORM | {"family_name": "Differing"}
    desk.served.post_json("/register/open", form)
    assert desk.post(completing("DIFFERS"), **form | {"hotel": "Another"}).status == 409
    assert desk.inbound("DIFFERS") == came


@pytest.mark.parametrize(
    ("link", "heading"),
    [
        (completing("HELD", until=YESTERDAY), "This link has expired"),
        (completing("HELD", event=CLOSED).replace("/closed/", "/open/"), "This link is damaged"),
        (resolving("HELD").replace("/resolve/", "/complete/"), "This link is damaged"),
        (completing("HELD")[:-2], "This link is damaged"),
        ("https://desk.example.org/register/open/complete/%00%ff", "This link is damaged"),
    ],
    ids=["expired", "another event's", "for another purpose", "cut", "garbage"],
)
def test_a_link_that_does_not_work_says_why_and_leads_to_the_empty_form(
    desk: LinkedPages, link: str, heading: str
) -> None:
    page = desk.get(link)
    assert page.status == 410
    assert f"<h1>{heading}</h1>" in page.text
    assert re.search(r'href="/register/open(/en)?"', page.text)
    assert "somebody@example.org" not in page.text


def test_registers_from_a_page_whose_link_has_expired(desk: LinkedPages) -> None:
    form = COMPLETE_FORM | {"family_name": "Slow"}
    answer = desk.post(completing("NOBODY", until=YESTERDAY), **form)
    assert answer.status == 303
    assert desk.store.registration_of("open", person_key(read_form(OPEN, form))) is not None


def test_shows_nothing_personal_after_the_deadline(desk: LinkedPages) -> None:
    desk.add_inbound("CLOSED", INCOMPLETE, event=CLOSED)
    page = desk.get(completing("CLOSED", event=CLOSED))
    assert page.status == 200
    assert "Registration is closed" in page.text
    assert "Diallo" not in page.text
    assert desk.post(completing("CLOSED", event=CLOSED), **COMPLETE_FORM).status == 410
    assert desk.inbound("CLOSED").status is InboundStatus.WAITING_FOR_SENDER


def test_the_button_resolves_and_opening_the_link_does_not(desk: LinkedPages) -> None:
    came = desk.add_inbound("STAFF", status=InboundStatus.NEEDS_REVIEW)
    page = desk.get(resolving("STAFF"))
    assert page.status == 200
    assert "Our &lt;i&gt;form" in page.text
    assert page.text.count("<button") == 1
    assert "somebody@example.org" in page.text
    assert "What it says" not in page.text
    assert desk.inbound("STAFF") == came
    desk.post(resolving("STAFF"))
    assert desk.inbound("STAFF") == came, "pressed by nobody"
    thanks = desk.post(f"{resolving('STAFF')}?send")
    assert (thanks.status, "Thank you" in thanks.text, "somebody@example.org" in thanks.text) == (200, True, True)
    assert desk.inbound("STAFF").resolved
    assert "Thank you" in desk.get(resolving("STAFF")).text
    assert desk.post(f"{resolving('STAFF')}?send").status == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("link", "heading"),
    [
        (resolving("LEFT", until=YESTERDAY), "This link has expired"),
        (resolving("LEFT")[:-2], "This link is damaged"),
        (completing("LEFT").replace("/complete/", "/resolve/"), "This link is damaged"),
        (resolving("NOWHERE"), "This e-mail is no longer here"),
    ],
    ids=["expired", "cut", "for another purpose", "no such e-mail"],
)
def test_a_staff_link_that_does_not_work_says_why_and_does_nothing(
    desk: LinkedPages, link: str, heading: str, method: str
) -> None:
    if desk.store.inbound("LEFT") is None:
        desk.add_inbound("LEFT", status=InboundStatus.NEEDS_REVIEW)
    page = desk.get(link) if method == "GET" else desk.post(link)
    assert page.status == 410
    assert f"<h1>{heading}</h1>" in page.text
    assert not desk.inbound("LEFT").resolved


def test_other_methods_and_events(desk: LinkedPages) -> None:
    path = urlsplit(completing("PAGE")).path
    assert desk.served.ask("PUT", path).headers["Allow"] == "GET, HEAD, POST"
    assert desk.served.ask("HEAD", path).text == ""
    assert desk.get(completing("PAGE").replace("/open/", "/nowhere/")).status == 404


def test_a_json_client_completes_a_form_too(desk: LinkedPages) -> None:
    desk.add_inbound("JSON", of("Json"))
    form = json.dumps(COMPLETE_FORM | {"family_name": "Json"})
    path = urlsplit(completing("JSON")).path
    assert desk.served.ask("POST", path, form, {"Content-Type": "application/json"}).status == 201
    assert desk.inbound("JSON").status is InboundStatus.REGISTERED
