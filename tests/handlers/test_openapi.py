"""The OpenAPI document, and `register` as Google serves it held against it by schemathesis, on both stores."""

import json
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openapi_core import OpenAPI
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from schemas.event import read_event
from schemas.openapi import openapi_json
from tests.support.builders import EVENTS, a_form, an_event, write_event
from tests.support.served import Served, function
from tests.support.stores import store_settings

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EVENT, CONFERENCE = an_event(), read_event(EVENTS / "examples" / "conference.toml")
BEYOND_JSON_SCHEMA = (
    *(field.ask for event in (EVENT, CONFERENCE) for field in event.fields),
    "This is not asked of you",
    "This should be between",
    "This should be a day between",
    "This should not be before the day of your arrival",
    "Please shorten this",
    "This does not read as an e-mail address",
    "This holds question marks",
    "This reads as a web or e-mail address",
    "This should be the day on which you sign",
)
"""What is said of answers that JSON Schema lets pass: blank to the eye, too long once composed, no address, letters
that may have been lost, a name with a web address, a date that is no day of signing or out of bounds, what other
answers ask for or do not ask for."""

DOCUMENT: dict[str, Any] = json.loads(openapi_json((EVENT, an_event(slug="second"))))
FORM = DOCUMENT["components"]["schemas"]["Form-intgov04"]

schemathesis.openapi.format(
    "idn-email", st.from_regex(r"[a-z0-9]{1,20}@[a-z]{1,20}\.(example\.org|gov\.gn|int)", fullmatch=True)
)


@pytest.fixture(scope="module", params=["sqlite", "firestore"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    events, today, day = tmp_path_factory.mktemp("events"), datetime.now(UTC).date(), timedelta(days=1)
    write_event(events, "open", today - 9 * day, today + 9 * day)
    write_event(events, "closed", today - 9 * day, today - 5 * day)
    write_event(events, "later", today + 5 * day, today + 9 * day)
    write_conference(events, today)
    environment = {"EVENTS": str(events), **store_settings(request, tmp_path_factory.mktemp("store"))}
    with function("register", **environment) as running:
        yield running


def write_conference(folder: Path, today: date) -> None:
    """The example, open today; without its pages, which have days too."""
    days = {"opens": -9, "closes": 9, "starts": 30, "ends": 33}
    text, _, _ = (EVENTS / "examples" / "conference.toml").read_text("utf-8").partition("# The conference's own pages")
    for name, after in days.items():
        text = re.sub(rf"^{name} = .*$", f"{name} = {today + timedelta(days=after)}", text, flags=re.MULTILINE)
    text = re.sub("^book_by = .*$|^logo = .*$", "", text, flags=re.MULTILINE)
    (folder / "conference.toml").write_text(text, "utf-8")


def test_the_document_is_openapi() -> None:
    OpenAPI.from_dict(DOCUMENT).check_spec()
    assert set(DOCUMENT["paths"]) == {"/register/intgov04", "/register/second"}
    answers = DOCUMENT["paths"]["/register/second"]["post"]["responses"]
    assert set(map(int, answers)) == {200, 201, 202, 303, 400, 403, 404, 405, 408, 409, 410, 413, 415, 422, 503}


def test_the_form_is_described_as_the_page_shows_it() -> None:
    assert FORM["additionalProperties"] is False
    assert list(FORM["properties"]) == [field.name for field in EVENT.fields]
    for field in EVENT.fields:
        described = FORM["properties"][field.name]
        assert (described["title"], described.get("description", "")) == (field.label, field.help)
        assert (field.name in FORM["required"]) == field.required
        assert described.get("enum", []) == [choice.code for choice in field.choices]
        assert described.get("maxLength") == (None if field.choices else field.max_length)


@pytest.mark.parametrize("changes", [{}, {"address": "a\r\nb\n" + "c\n" * 17}, {"family_name": "محمد"}, {"fax": "1"}])
def test_the_document_lets_a_right_form_pass(changes: dict[str, str]) -> None:
    jsonschema.validate(a_form(**changes), FORM)


@pytest.mark.parametrize(
    "changes",
    [
        {"titel": "x"},
        {"category": "press"},
        {"address": "a\n" * 20 + "b"},
        {"tel": "none"},
        {"family_name": "x" * 101},
        *({"signature": f"a{mark}b"} for mark in "\0\n\x85\u2028\ufffd\ufffe\ufdd0\U0001fffe\U0010ffff"),
    ],
)
def test_the_document_does_not_let_a_wrong_form_pass(changes: dict[str, str]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(a_form(**changes), FORM)


def test_a_program_may_name_one_of_the_events_languages() -> None:
    for codes, allowed in ((("en",), []), (("en", "fr"), ["en", "fr"])):
        document = json.loads(openapi_json((replace(EVENT, languages=codes),)))
        content = document["paths"]["/register/intgov04"]["post"]["requestBody"]["content"]
        name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
        form = document["components"]["schemas"][name]
        assert form["properties"].get("language", {}).get("enum", []) == allowed
        assert "language" not in document["components"]["schemas"]["Form-intgov04"]["properties"]
        for code in ("fr", "de"):
            sent = a_form(language=code)
            assert jsonschema.Draft202012Validator(form).is_valid(sent) == (code in allowed)


@pytest.mark.parametrize("path", ["/register/openapi.json", "/openapi.json"])
def test_where_the_document_is(served: Served, path: str) -> None:
    answer = served.ask("GET", path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert set(answer.json["paths"]) == {f"/register/{slug}" for slug in ("open", "closed", "later", "conference")}
    OpenAPI.from_dict(answer.json).check_spec()
    fields = answer.json["components"]["schemas"]["Form-conference"]["properties"]
    assert fields["press_card"]["description"] == "(only if “You take part as” is “Press”)"
    assert fields["sessions"]["type"] == "array"
    assert served.ask("HEAD", path).status == 200
    assert served.ask("POST", path, "{}", {"Content-Type": "application/json"}).status == 405


def ask_as_documented(
    served: Served, slug: str, method: str, mode: GenerationMode, examples: int
) -> list[tuple[schemathesis.Case[Any], Any]]:
    """Requests that the document allows, or nearly; each answer was one that it names."""
    url = f"http://127.0.0.1:{served.port}/register/openapi.json"
    operation: Any = schemathesis.openapi.from_url(url)[f"/register/{slug}"][method]
    answered = []

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case[Any]) -> None:
        if mode is GenerationMode.POSITIVE and "Idempotency-Key" in (case.headers or {}):
            case.headers["Idempotency-Key"] = f'"{uuid.uuid4()}"'  # drawn at random, two forms would come under one key
        if mode is GenerationMode.POSITIVE and isinstance(case.body, dict) and "language" in case.body:
            case.body["language"] = "en"  # the sentences below are
        response = case.call()
        case.validate_response(response, checks=CHECKS)
        answered.append((case, response))

    ask()
    return answered


@pytest.mark.slow
@pytest.mark.parametrize("slug", ["open", "conference"])
def test_what_the_document_allows_is_accepted(served: Served, slug: str) -> None:
    statuses: Counter[int] = Counter()
    for case, response in ask_as_documented(served, slug, "POST", GenerationMode.POSITIVE, 60):
        statuses[response.status_code] += 1
        if response.status_code == 422:
            said = response.json()["errors"].values() if case.media_type == "application/json" else [[response.text]]
            sentences = [sentence for of_field in said for sentence in of_field]
            assert all(any(why in sentence for why in BEYOND_JSON_SCHEMA) for sentence in sentences), sentences
        else:
            assert response.status_code in (200, 201, 303, 409)
    if slug == "open":  # days at random are no stay at the conference
        assert statuses[201] > 0
        assert statuses[303] > 0


@pytest.mark.slow
def test_what_the_document_does_not_allow_is_answered_as_it_says(served: Served) -> None:
    answered = ask_as_documented(served, "open", "POST", GenerationMode.NEGATIVE, 80)
    assert {422} <= {response.status_code for _, response in answered}


@pytest.mark.slow
@pytest.mark.parametrize(("slug", "status"), [("closed", 410), ("later", 403)])
def test_when_the_intake_is_not_open(served: Served, slug: str, status: int) -> None:
    answered = ask_as_documented(served, slug, "POST", GenerationMode.POSITIVE, 10)
    assert {response.status_code for _, response in answered} <= {status, 422}


def test_the_page(served: Served) -> None:
    answered = ask_as_documented(served, "open", "GET", GenerationMode.POSITIVE, 1)
    assert [response.status_code for _, response in answered] == [200]
