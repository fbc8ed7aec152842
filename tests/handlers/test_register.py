"""`register` as Google serves it, on both stores."""

import json
import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import pytest

from handlers.register import register
from rollcall.model.registration import is_reference
from tests.support.builders import a_form, an_event, write_event
from tests.support.in_process import ask, desk_without_store
from tests.support.served import Answer, Served, function
from tests.support.stores import store_settings

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
FORM_PATH = "/register/open"


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three events made on the fly: one whose intake is open now, one closed, one to come."""
    folder = tmp_path_factory.mktemp("events")
    today = datetime.now(UTC).date()
    day = timedelta(days=1)
    for slug, opens, closes in (
        ("open", today - 9 * day, today + 9 * day),
        ("closed", today - 9 * day, today - 5 * day),
        ("later", today + 5 * day, today + 9 * day),
    ):
        write_event(folder, slug, opens, closes)
    return folder


@pytest.fixture(scope="module", params=["sqlite", "firestore"])
def served(request: pytest.FixtureRequest, events: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    environment = {"EVENTS": str(events), **store_settings(request, tmp_path_factory.mktemp("store"))}
    with function("register", **environment) as running:
        yield running


def post_form(served: Served, path: str = FORM_PATH, **changes: object) -> Answer:
    return served.ask("POST", path, urlencode(a_form(**changes)), FORM)


def test_a_json_client_is_accepted_and_then_a_duplicate(served: Served) -> None:
    form = a_form(family_name="Json")
    accepted = served.post_json(FORM_PATH, form)
    assert accepted.status == 201
    assert is_reference(accepted.json["reference"])
    again = served.post_json(FORM_PATH, form)
    assert (again.status, again.json) == (200, accepted.json | {"status": "duplicate"})


def test_an_idempotency_key_gives_the_first_answer_again(served: Served) -> None:
    form = a_form(family_name="Key")
    headers = {"Content-Type": "application/json", "Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
    first = served.ask("POST", FORM_PATH, json.dumps(form), headers)
    again = served.ask("POST", FORM_PATH, json.dumps(form), headers)
    assert (first.status, first.json) == (201, again.json)
    assert again.status == 201
    bare = headers | {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
    other = served.ask("POST", FORM_PATH, json.dumps(form | {"first_name": "Other"}), bare)
    assert (other.status, other.json["title"]) == (422, "Idempotency-Key already used")
    for wrong in ("", '""', "x" * 256, "é"):
        refused = served.ask("POST", FORM_PATH, json.dumps(form), headers | {"Idempotency-Key": wrong})
        assert (refused.status, refused.json["title"]) == (400, "Not readable"), wrong


def test_case_width_and_spacing_do_not_make_another_person(served: Served) -> None:
    one = served.post_json(FORM_PATH, a_form(family_name="Folded Name"))
    other = served.post_json(FORM_PATH, a_form(family_name="ＦOLDED   name", email="Amina.Diallo@MPT.example.org"))
    assert (one.status, other.status) == (201, 200)
    assert one.json["reference"] == other.json["reference"]


def test_one_address_registers_many_people(served: Served) -> None:
    answers = [served.post_json(FORM_PATH, a_form(family_name="Focal", first_name=name)) for name in ("A", "B", "C")]
    assert [answer.status for answer in answers] == [201] * 3
    assert len({answer.json["reference"] for answer in answers}) == 3


def test_a_conflict_changes_nothing(served: Served) -> None:
    form = a_form(family_name="Differs")
    served.post_json(FORM_PATH, form)
    differs = served.post_json(FORM_PATH, {**form, "hotel": "Another"})
    assert differs.status == 409
    assert "reference" not in differs.json
    assert served.post_json(FORM_PATH, form).status == 200


def test_a_person_with_one_name_and_only_what_is_required(served: Served) -> None:
    required = ("title", "category", "organization", "address", "email", "signature")
    form = {name: value for name, value in a_form().items() if name in required}
    assert served.post_json(FORM_PATH, {**form, "family_name": "Suharto"}).status == 201


def test_the_page_registers_and_says_what_happens_next(served: Served) -> None:
    accepted = post_form(served, family_name="Page")
    assert accepted.status == 303
    assert re.fullmatch(r"/register/open/received/[\w.-]+", accepted.headers["Location"])
    page = served.ask("GET", accepted.headers["Location"])
    assert page.status == 200
    assert page.headers["Cache-Control"] == "no-store"
    for said in ("You are registered", "Amina Page", "amina.diallo@mpt.example.org", "BP 3000\nConakry", "Ms."):
        assert said in page.text
    reference = served.post_json(FORM_PATH, a_form(family_name="Page")).json["reference"]
    assert reference in page.text
    again = post_form(served, family_name="Page")
    assert "/already-registered/" in again.headers["Location"]
    assert "You are already registered" in served.ask("GET", again.headers["Location"]).text


def test_a_multipart_form_is_read_too(served: Served) -> None:
    parts = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in a_form(family_name="Parts").items()
    )
    answer = served.ask("POST", FORM_PATH, parts + "--b--\r\n", {"Content-Type": "multipart/form-data; boundary=b"})
    assert answer.status == 303


def test_the_page_keeps_every_value_beside_what_is_wrong(served: Served) -> None:
    page = post_form(served, email="amina", family_name="", organization="Ministère <b>&</b>", hotel="{{ 7*7 }}")
    assert page.status == 422
    assert "These 2 answers".lower() in page.text.lower()
    assert 'aria-describedby="email-help email-error" aria-invalid="true"' in page.text
    assert 'value="amina"' in page.text
    assert "Ministère &lt;b&gt;&amp;&lt;/b&gt;" in page.text
    assert "{{ 7*7 }}" in page.text
    assert "BP 3000\nConakry\nGuinée</textarea>" in page.text.replace("\r\n", "\n")


def test_a_conflict_gives_the_answers_back(served: Served) -> None:
    post_form(served, family_name="Kept")
    page = post_form(served, family_name="Kept", hotel="Beau-Rivage")
    assert page.status == 409
    assert "Beau-Rivage" in page.text


def test_problem_details(served: Served) -> None:
    answer = served.post_json(FORM_PATH, a_form(email="amina", titel="x"))
    assert answer.status == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(answer.json["errors"]) == {"email", "titel"}
    assert (answer.json["type"], answer.json["status"]) == ("about:blank", 422)


@pytest.mark.parametrize("body", [b"", b"{", b'{"a": NaN}', b"\xff\xfe", b"[" * 30_000])
def test_not_parseable(served: Served, body: bytes) -> None:
    answer = served.ask("POST", FORM_PATH, body, {"Content-Type": "application/json"})
    assert answer.status == 400
    assert "Traceback" not in answer.text


def test_too_large(served: Served) -> None:
    assert served.post_json(FORM_PATH, a_form(address="x" * 64_000)).status == 413
    assert post_form(served, address="x" * 64_000).status == 413


def test_another_type(served: Served) -> None:
    assert served.ask("POST", FORM_PATH, "x", {"Content-Type": "text/plain"}).status == 415
    assert served.ask("POST", FORM_PATH, "x").status == 415


def test_no_such_event_or_page(served: Served) -> None:
    assert served.post_json("/register/none", a_form()).status == 404
    assert served.ask("GET", "/register/none", headers={"Accept": "text/html"}).status == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_another_method(served: Served, method: str) -> None:
    answer = served.ask(method, FORM_PATH)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, POST, OPTIONS")


def test_closed(served: Served) -> None:
    answer = served.post_json("/register/closed", a_form())
    assert answer.status == 410
    assert datetime.fromisoformat(answer.json["closes_at"]) < datetime.now(UTC)
    page = post_form(served, "/register/closed")
    assert page.status == 410
    for wrote in ("Hôtel Cornavin", "You represent: <bdi>Administration of ITU Member State"):
        assert wrote in page.text  # what was written can be copied into an e-mail
    assert "spumail@itu.int" in served.ask("GET", "/register/closed").text


def test_not_yet_open(served: Served) -> None:
    answer = served.post_json("/register/later", a_form())
    assert answer.status == 403
    assert datetime.fromisoformat(answer.json["opens_at"]) > datetime.now(UTC)
    assert "not yet open" in served.ask("GET", "/register/later").text


def test_the_events_are_listed(served: Served) -> None:
    page = served.ask("GET", "/register")
    assert page.status == 200
    assert 'href="/register/open"' in page.text


def test_the_function_alone_on_a_host_needs_no_prefix(served: Served) -> None:
    assert served.ask("GET", "/open").status == 200
    assert served.post_json("/open", a_form(family_name="Alone")).status == 201
    assert 'href="/open"' in served.ask("GET", "/").text


def test_answers_503_while_the_store_is_unavailable(tmp_path: Path) -> None:
    """A person's form comes back, and a program is told when to retry."""
    with desk_without_store(tmp_path, {"open": an_event(slug="open")}) as desk:
        handle = partial(register, desk)
        answer = ask(handle, "POST", FORM_PATH, json.dumps(a_form()), {"Content-Type": "application/json"})
        assert (answer.status, answer.headers["Retry-After"], answer.json["status"]) == (503, "10", 503)
        page = ask(handle, "POST", FORM_PATH, urlencode(a_form()), FORM)
        assert (page.status, page.headers["Retry-After"]) == (503, "10")
        assert "Hôtel Cornavin" in page.text
        page = ask(handle, "POST", FORM_PATH, urlencode(a_form(email="amina")), FORM)
        assert page.status == 422
        assert "Hôtel Cornavin" in page.text


def test_an_unexpected_fault_gives_the_answers_back(events: Path, tmp_path: Path) -> None:
    db = tmp_path / "store.sqlite3"
    with function("register", STORE="sqlite", SQLITE_PATH=str(db), EVENTS=str(events)) as served:
        assert served.post_json(FORM_PATH, a_form()).status == 201
        with sqlite3.connect(db) as broken:
            broken.execute(
                "update documents set record = json_remove(record, '$.answers') where collection like '%/registrations'"
            )
        page = post_form(served)
        assert page.status == 500
        assert "Hôtel Cornavin" in page.text
        answer = served.post_json(FORM_PATH, a_form())
        assert (answer.status, answer.json["title"]) == (500, "Something went wrong")
