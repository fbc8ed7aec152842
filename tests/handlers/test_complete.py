"""The two pages behind links in our mails, as Google serves them, on both stores."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from google.cloud import firestore

from rollcall.desk.ports import Store
from rollcall.model.inbound import FormStatus, InboundForm, InboundStatus
from rollcall.model.registration import person_key
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import SqliteStore
from schemas.form import read_form
from tests.support.builders import write_event
from tests.support.clock import Clock
from tests.support.email_links import (
    CLOSED,
    COMPLETE_FORM,
    INCOMPLETE,
    OPEN,
    YESTERDAY,
    Desk,
    completing,
    resolving,
)
from tests.support.served import function
from tests.support.stores import store_settings


@pytest.fixture(scope="module", params=["sqlite", "firestore"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    events, today, day = tmp_path_factory.mktemp("events"), datetime.now(UTC).date(), timedelta(days=1)
    write_event(events, "open", today - 9 * day, today + 9 * day)
    write_event(events, "closed", today - 9 * day, today - 5 * day)
    environment = store_settings(request, tmp_path_factory.mktemp("books"))
    store: Store
    if request.param == "sqlite":
        store = SqliteStore(Path(environment["SQLITE_PATH"]), Clock(datetime.now(UTC)))
    else:
        store = FirestoreStore(firestore.Client(project=environment["GOOGLE_CLOUD_PROJECT"]))
    with function("register", EVENTS=str(events), **environment) as served:
        yield Desk(served, store)


def test_the_page_has_what_was_understood_and_what_is_missing(desk: Desk) -> None:
    desk.came("PAGE", INCOMPLETE)
    page = desk.get(completing("PAGE"))
    assert page.status == 200
    assert 'value="amina.diallo@mpt.example.org"' in page.text
    assert "Hôtel &lt;b&gt;Cornavin" in page.text
    assert re.search(r'value="member-state"[^>]* checked', page.text)
    assert 'id="signature-error">Please fill this in.' in page.text
    assert "check this" in page.text
    assert 'name="shown_at"' not in page.text  # one answer is soon filled in, and the link is no robot's
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"


def test_completing_the_form_registers_and_is_noted_with_the_message(desk: Desk) -> None:
    other = replace(INCOMPLETE, answers={**INCOMPLETE.answers, "family_name": "Other"})
    desk.came("BOTH", INCOMPLETE, other)
    form = COMPLETE_FORM | {"family_name": "Completed"}
    person = person_key(read_form(OPEN, form))
    accepted = desk.post(completing("BOTH"), **form)
    assert accepted.status == 303
    assert re.fullmatch(r"/register/open/received/[0-9A-Z-]{11}", accepted.headers["Location"])
    registered = desk.store.registration_of("open", person)
    assert registered is not None
    noted = desk.message("BOTH")
    assert noted.forms == (InboundForm(FormStatus.REGISTERED, registered.id, person=person), other)
    assert noted.status is InboundStatus.WAITING_FOR_SENDER
    assert "This form is complete" in desk.get(completing("BOTH")).text
    assert "Other" in desk.get(completing("BOTH", 1)).text
    assert desk.post(completing("BOTH", 1), **form | {"family_name": "Other"}).status == 303
    assert desk.message("BOTH").status is InboundStatus.REGISTERED


def test_completing_it_again_is_known(desk: Desk) -> None:
    desk.came("AGAIN", INCOMPLETE)
    form = COMPLETE_FORM | {"family_name": "Again"}
    desk.post(completing("AGAIN"), **form)
    again = desk.post(completing("AGAIN"), **form)
    assert "/already-registered/" in again.headers["Location"]


def test_a_form_that_was_registered_elsewhere_meanwhile_is_noted_too(desk: Desk) -> None:
    desk.came("ELSEWHERE", INCOMPLETE)
    form = COMPLETE_FORM | {"family_name": "Elsewhere"}
    assert desk.served.post_json("/register/open", form).status == 201
    assert "/already-registered/" in desk.post(completing("ELSEWHERE"), **form).headers["Location"]
    assert desk.message("ELSEWHERE").status is InboundStatus.REGISTERED


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"signature": ""}, 422), ({"message": "I am a robot"}, 202)],
    ids=["incomplete", "kept"],
)
def test_what_is_not_registered_is_not_noted(desk: Desk, changes: dict[str, str], status: int) -> None:
    came = desk.came(f"NOT{status}", INCOMPLETE)
    answer = desk.post(completing(came.id), **COMPLETE_FORM | {"family_name": came.id} | changes)
    assert answer.status == status
    assert f'value="{came.id}"' in answer.text
    assert desk.message(came.id) == came


def test_a_form_with_other_answers_is_not_noted(desk: Desk) -> None:
    came = desk.came("DIFFERS", INCOMPLETE)
    form = COMPLETE_FORM | {"family_name": "Differing"}
    desk.served.post_json("/register/open", form)
    assert desk.post(completing("DIFFERS"), **form | {"hotel": "Another"}).status == 409
    assert desk.message("DIFFERS") == came


@pytest.mark.parametrize(
    "link",
    [
        completing("HELD", until=YESTERDAY),
        completing("HELD", event=CLOSED).replace("/closed/", "/open/"),
        resolving("HELD").replace("/dealt-with/", "/complete/"),
        completing("HELD")[:-2],
        "https://desk.example.org/register/open/complete/%00%ff",
    ],
    ids=["ended", "another event's", "for another thing", "cut", "garbage"],
)
def test_a_link_that_does_not_hold_shows_the_way_to_the_empty_form(desk: Desk, link: str) -> None:
    page = desk.get(link)
    assert page.status == 410
    assert 'href="/register/open"' in page.text
    assert "somebody@example.org" not in page.text


def test_who_took_longer_than_the_link_holds_is_registered_all_the_same(desk: Desk) -> None:
    form = COMPLETE_FORM | {"family_name": "Slow"}
    answer = desk.post(completing("NOBODY", until=YESTERDAY), **form)
    assert answer.status == 303
    assert desk.store.registration_of("open", person_key(read_form(OPEN, form))) is not None


def test_after_the_deadline_nothing_personal_is_shown(desk: Desk) -> None:
    desk.came("CLOSED", INCOMPLETE, event=CLOSED)
    page = desk.get(completing("CLOSED", event=CLOSED))
    assert page.status == 200
    assert "Registration is closed" in page.text
    assert "Diallo" not in page.text
    assert desk.post(completing("CLOSED", event=CLOSED), **COMPLETE_FORM).status == 410
    assert desk.message("CLOSED").status is InboundStatus.WAITING_FOR_SENDER


def test_opening_the_staffs_link_changes_nothing_and_its_button_does(desk: Desk) -> None:
    came = desk.came("STAFF", status=InboundStatus.NEEDS_REVIEW)
    page = desk.get(resolving("STAFF"))
    assert page.status == 200
    assert "Our &lt;i&gt;form" in page.text
    assert page.text.count("<button") == 1
    assert "somebody@example.org" in page.text
    assert "nobody is written to" in page.text
    assert "What it says" not in page.text
    assert desk.message("STAFF") == came
    thanks = desk.post(resolving("STAFF"))
    assert (thanks.status, "Thank you" in thanks.text, "somebody@example.org" in thanks.text) == (200, True, True)
    assert desk.message("STAFF").resolved
    assert "Thank you" in desk.get(resolving("STAFF")).text
    assert desk.post(resolving("STAFF")).status == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "link",
    [
        resolving("LEFT", until=YESTERDAY),
        completing("LEFT").replace("/complete/", "/dealt-with/"),
        resolving("NOWHERE"),
    ],
    ids=["ended", "for another thing", "no such message"],
)
def test_a_staffs_link_that_does_not_hold_does_nothing(desk: Desk, link: str, method: str) -> None:
    if desk.store.inbound("LEFT") is None:
        desk.came("LEFT", status=InboundStatus.NEEDS_REVIEW)
    page = desk.get(link) if method == "GET" else desk.post(link)
    assert page.status == 410
    assert "each morning" in page.text
    assert not desk.message("LEFT").resolved


def test_other_methods_and_events(desk: Desk) -> None:
    path = urlsplit(completing("PAGE")).path
    assert desk.served.ask("PUT", path).headers["Allow"] == "GET, HEAD, POST"
    assert desk.served.ask("HEAD", path).text == ""
    assert desk.get(completing("PAGE").replace("/open/", "/nowhere/")).status == 404


def test_a_json_client_is_answered_as_ever(desk: Desk) -> None:
    desk.came("JSON", INCOMPLETE)
    form = json.dumps(COMPLETE_FORM | {"family_name": "Json"})
    path = urlsplit(completing("JSON")).path
    assert desk.served.ask("POST", path, form, {"Content-Type": "application/json"}).status == 201
    assert desk.message("JSON").status is InboundStatus.REGISTERED
