"""What `register` takes, and in which form it answers: by type, encoding and `Accept`."""

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

import pytest
from flask import Request
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from handlers.request_body import HIDDEN, LARGEST_BODY, SHOWN_AT, read_form
from handlers.responses import HttpProblem
from tests.support.builders import a_form, write_open_event
from tests.support.served import Answer, Served, function

PATH = "/register/open"
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
PARTS = {"Content-Type": "multipart/form-data; boundary=b"}
JSON = {"Content-Type": "application/json"}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
AXIOS = "application/json, text/plain, */*"
JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    events, store = tmp_path_factory.mktemp("events"), tmp_path_factory.mktemp("store") / "store.sqlite3"
    write_open_event(events)
    with function("register", EVENTS=str(events), STORE="sqlite", SQLITE_PATH=str(store)) as running:
        yield running


def multipart(form: Mapping[str, object]) -> bytes:
    """As a browser's `fetch` sends `FormData`."""
    parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in form.items()]
    return ("".join(parts) + "--b--\r\n").encode()


def kind(answer: Answer) -> str:
    return answer.headers["Content-Type"].split(";")[0]


@pytest.mark.parametrize("accept", ["application/json", AXIOS, "application/json;q=0.9, text/html;q=0.8"])
def test_who_sends_form_data_and_asks_for_json_gets_json(served: Served, accept: str) -> None:
    headers, form = PARTS | {"Accept": accept}, a_form(family_name=accept)
    accepted = served.ask("POST", PATH, multipart(form), headers)
    assert (accepted.status, accepted.json["status"]) == (201, "accepted")
    again = served.ask("POST", PATH, urlencode(form), URLENCODED | {"Accept": accept})
    assert (again.status, again.json) == (200, accepted.json | {"status": "duplicate"})
    wrong = served.ask("POST", PATH, multipart(form | {"email": "amina"}), headers)
    assert (wrong.status, kind(wrong), set(wrong.json["errors"])) == (422, "application/problem+json", {"email"})
    differs = served.ask("POST", PATH, multipart(form | {"hotel": "Another"}), headers)
    assert (differs.status, kind(differs)) == (409, "application/problem+json")
    broken = served.ask("POST", PATH, multipart(form)[:-9], headers)
    assert (broken.status, kind(broken)) == (400, "application/problem+json")


def test_the_pages_own_fields_are_no_fault_where_json_is_asked_for(served: Served) -> None:
    form = a_form(family_name="Own") | {SHOWN_AT: "2004-02-02T12:00:00+00:00", HIDDEN: ""}
    assert served.ask("POST", PATH, multipart(form), PARTS | {"Accept": "application/json"}).status == 201


@pytest.mark.parametrize("accept", [BROWSER, "*/*", None, "text/html", "text/html, application/json;q=0.9"])
def test_who_sends_a_form_and_asks_for_nothing_else_gets_pages(served: Served, accept: str | None) -> None:
    headers = URLENCODED | ({"Accept": accept} if accept else {})
    assert served.ask("POST", PATH, urlencode(a_form(family_name=str(accept))), headers).status == 303
    wrong = served.ask("POST", PATH, urlencode(a_form(email="amina")), headers)
    assert (wrong.status, kind(wrong)) == (422, "text/html")


@pytest.mark.parametrize("accept", [JAVA, "*/*", None, "application/json"])
def test_who_sends_json_gets_json(served: Served, accept: str | None) -> None:
    headers = JSON | ({"Accept": accept} if accept else {})
    assert served.ask("POST", PATH, json.dumps(a_form(family_name=f"J {accept}")), headers).json["status"] == "accepted"
    assert kind(served.ask("POST", PATH, "{", headers)) == "application/problem+json"


@pytest.mark.parametrize("accept", [BROWSER, "*/*"])
def test_what_is_not_there_is_a_page_for_browsers(served: Served, accept: str) -> None:
    answer = served.ask("GET", "/register/nowhere", headers={"Accept": accept})
    assert (answer.status, kind(answer)) == (404, "text/html" if accept == BROWSER else "application/problem+json")


@pytest.mark.parametrize("type", [None, "application/x-www-form-urlencoded", "text/plain;charset=UTF-8", "text/json"])
@pytest.mark.parametrize("body", [json.dumps(a_form()), f"\n {json.dumps([a_form()], indent=1)}"])
def test_json_without_its_type_is_told_what_to_send(served: Served, type: str | None, body: str) -> None:
    """curl's `-d` says that it is a form; `fetch` says that a text is plain text."""
    answer = served.ask("POST", PATH, body, {"Content-Type": type} if type else {})
    assert (answer.status, kind(answer)) == (415, "application/problem+json")
    assert "Content-Type: application/json" in answer.json["detail"]
    assert "application/json" in answer.headers["Accept"]


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip"])
@pytest.mark.parametrize("headers", [JSON, URLENCODED, PARTS], ids=["json", "urlencoded", "multipart"])
def test_a_body_in_gzip_is_taken(served: Served, headers: dict[str, str], coding: str) -> None:
    form = a_form(family_name="Zip")
    bodies = (json.dumps(form).encode(), urlencode(form).encode(), multipart(form))
    body = gzip.compress(bodies[[JSON, URLENCODED, PARTS].index(headers)])
    asked = headers | {"Content-Encoding": coding, "Accept": "application/json"}
    assert served.ask("POST", PATH, body, asked).json["status"] in ("accepted", "duplicate")


GZIPPED = gzip.compress(json.dumps(a_form(family_name="Broken")).encode())


@pytest.mark.parametrize(
    ("coding", "body", "status"),
    [
        ("gzip", gzip.compress(b"{}".ljust(LARGEST_BODY)), 422),
        ("gzip", gzip.compress(b"{}".ljust(LARGEST_BODY + 1)), 413),
        ("gzip", gzip.compress(b" " * 50_000_000), 413),
        ("gzip", GZIPPED[:-1], 400),
        ("gzip", GZIPPED[:40], 400),
        ("gzip", GZIPPED + b"more", 400),
        ("gzip", b"", 400),
        ("gzip", b"{}", 400),
        ("deflate", zlib.compress(b"{}"), 415),
        ("br", b"{}", 415),
        ("gzip, gzip", gzip.compress(GZIPPED), 415),
        ("identity", b"{}", 422),
    ],
    ids=range(12),  # not the bytes: they say when they were packed, and each worker packs its own
)
def test_what_cannot_be_unpacked_is_refused(served: Served, coding: str, body: bytes, status: int) -> None:
    answer = served.ask("POST", PATH, body, JSON | {"Content-Encoding": coding})
    assert (answer.status, kind(answer)) == (status, "application/problem+json")
    assert answer.headers.get("Accept-Encoding") == ("gzip" if status == 415 else None)


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b" " * 100_000_000)
    headers = Headers(JSON | {"Content-Encoding": "gzip"})
    builder = EnvironBuilder(method="POST", data=bomb, headers=headers)
    request = Request(builder.get_environ())
    tracemalloc.start()
    try:
        with pytest.raises(HttpProblem) as refused:
            read_form(request)
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()
    assert refused.value.status == 413
