"""What is given out of a person: as JSON for programs, and as PDF as others print and read it."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rollcall.desk.desk import Desk
from rollcall.documents.personal_data import MOST_SHOWN, GivenOut, as_json, as_pdf, given_out
from rollcall.language import languages
from rollcall.model.event import Event
from rollcall.model.personal_data import Erasure, ErasureStatus, Ground, Held, HeldRegistration, Person
from rollcall.model.registration import Actor, Change, Revision, Way, Why
from tests.support.builders import a_form, a_registration, an_event_in, registered
from tests.support.contributions import EVENT
from tests.support.left_out import leave_out
from tests.support.much_held import FOCAL, OTHER, OWN, PRIVATE, SECRETARY, MuchHeld, much_held

AT = datetime(2004, 2, 3, 8, tzinfo=UTC)
IN_ALL = an_event_in(*languages())
NAMES = {
    "family_name": "العلي",
    "first_name": "محمد",
    "organization": "Ministère des Postes – 部委",
    "address": "شارع ١٢\nبيروت\nКиев",
}


@pytest.fixture
def much(desk: Desk) -> MuchHeld:
    return much_held(desk)


def one_person(**changes: Any) -> Held:
    """Whose name was corrected."""
    answers: dict[str, str] = {name: changes.pop(name) for name in ("organization", "address") if name in changes}
    now = a_registration(**changes)
    now = replace(now, answers=dict(now.answers) | answers)
    after = registered(now, id="A", revision=2, changed_at=AT)
    before = registered(replace(now, first_name="Amnia"), id="A")
    made = Revision(Change(Actor.STAFF, Way.DESK, Why.CHANGED, who=SECRETARY), before, after)
    person = Person("intgov04", frozenset("A"), frozenset(), frozenset(), frozenset([OWN]), frozenset())
    return Held(person, [HeldRegistration(after, [made], None, [], [], [])], [], [], [], [], [])


def given(held: Held, event: Event = EVENT, *, to_staff: bool = False) -> GivenOut:
    return given_out(event, held, AT, to_staff=to_staff)


def told(held: Held, event: Event = EVENT, *, to_staff: bool = False) -> Any:
    return json.loads(as_json(given(held, event, to_staff=to_staff)))


def printed(folder: Path, held: Held, event: Event) -> str:
    """As poppler reads it, on one line."""
    if not shutil.which("pdftotext"):
        leave_out("reading what is held of a person: poppler-utils is not installed")
    path = folder / "held.pdf"
    path.write_bytes(as_pdf(event, given(held, event)))
    read = subprocess.run(["pdftotext", "-enc", "UTF-8", path, "-"], capture_output=True, check=True, timeout=60)
    return " ".join(re.sub("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", read.stdout.decode()).split())


def test_the_json_says_what_was_sent(much: MuchHeld) -> None:
    said = told(much.held())
    first, double = said["registrations"]
    sent = {name: text for name, text in a_form(first_name="Aminata", email=PRIVATE).items() if text}
    assert {name: one["answer"] for name, one in first["answers"].items()} == sent
    assert first["answers"]["title"] == {"label": "Title", "answer": "ms", "words": "Ms."}
    assert (first["id"], first["status"]) == (much.id, {"code": "registered", "words": "Registered"})
    assert double["entered"] == {
        "source": {"code": "fax", "words": "By fax"},
        "note": "wants a vegetarian lunch",
        "scan": True,
    }
    assert [one["revision"] for one in said["history"] if one["registration_id"] == much.id] == [2, 3, 4]
    assert said["history"][0]["changes"]["first_name"] == {"label": "First name", "before": "Amina", "after": "Aminata"}
    assert {one["answers"]["category"]["answer"] for one in said["forms"]} == {"associate", "member-state"}
    (contribution,) = said["contributions"]
    assert contribution["papers"]["1"]["files"][0]["bytes"] == 5
    assert (said["schema_version"], said["kept_until"]) == (1, EVENT.keep_until.isoformat())


def test_every_time_is_an_instant(much: MuchHeld) -> None:
    times = re.findall(r'"(?:\w*_at|at|as_of|until|kept_until)": "([^"]*)"', as_json(given(much.held())))
    assert len(times) > 20
    assert {datetime.fromisoformat(one).tzinfo for one in times} == {UTC}


def test_of_an_e_mail_with_others_only_the_persons_form_is_given(much: MuchHeld) -> None:
    emails = {one["id"]: one for one in told(much.held())["emails_received"]}
    together, question = emails[much.together], emails[much.question]
    assert set(together) == {"at", "id", "forms"}
    assert list(together["forms"]) == ["1"]
    assert (question["from"], question["subject"]) == (PRIVATE, "Geneva")
    assert "crutches" in question["text"]


@pytest.mark.parametrize("to_staff", [True, False])
def test_nobody_else_is_in_it(much: MuchHeld, *, to_staff: bool) -> None:
    for said in (as_json(given(much.held(), to_staff=to_staff)), str(given(much.held(), to_staff=to_staff))):
        assert OTHER not in said
        assert FOCAL not in said


def test_where_an_e_mail_went_to_another_address_that_is_not_told(desk: Desk) -> None:
    much = much_held(desk)
    held = much.held()
    to_focal = replace(held.emails[0], to=FOCAL, reason=f"550 {FOCAL}", id=f"intgov04.{FOCAL}")
    (one,) = told(replace(held, emails=[to_focal]))["emails_sent"]
    assert FOCAL not in str(one)
    assert "another address" in str(given(replace(held, emails=[to_focal])))


def test_the_staff_are_named_to_the_staff_alone() -> None:
    assert SECRETARY in json.dumps(told(one_person(), to_staff=True)["history"])
    history = told(one_person())["history"]
    assert SECRETARY not in json.dumps(history)
    assert history[0]["by"] == {"code": "staff", "words": "the staff"}


@pytest.mark.parametrize("status", ErasureStatus)
def test_an_erasure_that_was_asked_for_is_in_it(status: ErasureStatus) -> None:
    asked = Erasure("A", "intgov04", status, AT, Ground.ASKED, SECRETARY, AT, "We must keep it.")
    (said,) = told(replace(one_person(), erasure=asked))["erasures"]
    assert (said["status"]["code"], said["answer"], "by" in said) == (status, "We must keep it.", False)


def test_answers_that_are_asked_no_more_are_in_it() -> None:
    held = one_person()
    registration = replace(held.registrations[0].registered.registration, answers={"shoe_size": "38"})
    there = replace(held.registrations[0], registered=registered(registration, id="A"), history=[])
    said = told(replace(held, registrations=[there]))
    assert said["registrations"][0]["answers"]["shoe_size"]["answer"] == "38"


@pytest.mark.parametrize("code", languages())
def test_in_each_language_all_scripts_can_be_read_and_copied(tmp_path: Path, code: str) -> None:
    event = IN_ALL.in_language(code)
    text = printed(tmp_path, one_person(**NAMES), event)
    for words in NAMES.values():
        assert sorted(words.split()) == sorted(word for word in words.split() if word in text)


def test_the_pdf_says_its_title_and_language_and_is_tagged(tmp_path: Path) -> None:
    printed(tmp_path, one_person(), IN_ALL.in_language("fr"))
    read = subprocess.run(
        ["pdfinfo", tmp_path / "held.pdf"], capture_output=True, check=True, timeout=60
    ).stdout.decode()
    assert re.search("^Title: .*Amina Diallo", read, re.M)
    assert re.search("^Tagged: +yes", read, re.M)
    assert b"/Lang(fr" in (tmp_path / "held.pdf").read_bytes()


def test_of_thousands_the_newest_are_shown_and_all_are_in_the_json(much: MuchHeld) -> None:
    held = much.held()
    first = min(held.emails, key=lambda one: one.enqueued_at)
    many = [replace(first, enqueued_at=first.enqueued_at - timedelta(days=one)) for one in range(1, MOST_SHOWN + 2)]
    (sent,) = [one for one in given(replace(held, emails=[*held.emails, *many])).sections if one.key == "emails_sent"]
    ((_, rows),) = sent.read
    assert (len(rows), len(sent.parts)) == (MOST_SHOWN, MOST_SHOWN + 1 + len(held.emails))
    assert sent.more == f"{1 + len(held.emails)} earlier ones are in the JSON."
    assert rows[-1] == given(held).sections[4].read[0][1][-1]


@pytest.mark.parametrize("text", ["123456x" * 428, "123456\n" * 860])
def test_any_number_of_numbers_can_be_printed(text: str) -> None:
    """A long answer, or one that was changed. Typst gives up at the 512th in a text that is set on its own."""
    assert as_pdf(EVENT, given(one_person(address=text))).startswith(b"%PDF")
