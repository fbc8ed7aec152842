"""What every answer says of itself, and which pages elsewhere may read it, as Google serves the functions."""

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.builders import write_open_event
from tests.support.served import Served, function

ELSEWHERE = "https://www.example.org"
LIBRARIES = (
    "baggage,content-type,hx-current-url,hx-request,hx-target,hx-trigger,sentry-trace,traceparent,x-requested-with"
)
"""What htmx, Sentry, OpenTelemetry and jQuery add to a request, as a browser asks whether they may."""
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": LIBRARIES}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("events")
    write_open_event(folder, ELSEWHERE, "http://localhost:8000")
    write_open_event(folder, slug="nowhere")
    db = tmp_path_factory.mktemp("store") / "store.sqlite3"
    with function("register", STORE="sqlite", EVENTS=str(folder), SQLITE_PATH=str(db)) as running:
        yield running


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/register/open", 200),
        ("GET", "/register", 200),
        ("GET", "/register/none", 404),
        ("PUT", "/register/open", 405),
        ("POST", "/register/open", 415),
        ("OPTIONS", "/register/open", 204),
    ],
)
def test_every_answer_keeps_to_itself(served: Served, method: str, path: str, status: int) -> None:
    answer = served.ask(method, path)
    assert answer.status == status
    for name, value in (
        ("Cache-Control", "private, no-cache" if (method, path) == ("GET", "/register/open") else "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ):
        assert answer.headers[name] == value
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    is_page = answer.headers.get("Content-Type", "").startswith("text/html")
    assert is_page or "; sandbox" in answer.headers["Content-Security-Policy"]


def test_the_policy_allows_the_pages_own_style_and_script_by_their_hashes(served: Served) -> None:
    for path in ("/register/open", "/register", "/register/none"):
        page = served.ask("GET", path, headers={"Accept": "text/html"})
        policy = page.headers["Content-Security-Policy"]
        for element in ("style", "script"):
            (text,) = re.findall(f"<{element}>(.*?)</{element}>", page.text, re.DOTALL)
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"{element}-src 'sha256-{digest}';" in policy
        assert policy.startswith("default-src 'none';")
        assert "form-action 'self'; base-uri 'none'; frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<[^>]*\s(style|on\w+)=", page.text)


def test_a_private_function_keeps_to_itself(tmp_path: Path) -> None:
    with function("close_intake", STORE="sqlite", SQLITE_PATH=str(tmp_path / "store.sqlite3")) as close_intake:
        for method, status in (("POST", 200), ("GET", 405)):
            answer = close_intake.ask(method, "/")
            assert (answer.status, answer.headers["X-Content-Type-Options"]) == (status, "nosniff")
            assert answer.headers["Cache-Control"] == "no-store"


def test_a_preflight_of_a_page_elsewhere(served: Served) -> None:
    answer = served.ask("OPTIONS", "/register/open", headers={"Origin": ELSEWHERE, **PREFLIGHT})
    assert (answer.status, answer.text) == (204, "")
    assert answer.headers["Access-Control-Allow-Origin"] == ELSEWHERE
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert answer.headers["Access-Control-Allow-Headers"] == PREFLIGHT["Access-Control-Request-Headers"]
    assert int(answer.headers["Access-Control-Max-Age"]) > 0
    assert answer.headers["Vary"] == "Origin"


def test_every_answer_to_a_page_elsewhere_can_be_read_there(served: Served) -> None:
    as_json = {"Origin": ELSEWHERE, "Content-Type": "application/json"}
    answers = [
        served.ask("POST", "/register/open", "{}", as_json),
        served.ask("POST", "/register/open", "{", as_json),
        served.ask("PUT", "/register/open", "", as_json),
        served.ask("GET", "/register/open/nothing", headers=as_json),
        served.ask("GET", "/open", headers=as_json),
    ]
    assert [answer.status for answer in answers] == [422, 400, 405, 404, 200]
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == ELSEWHERE
        assert "Origin" in answer.headers["Vary"]
        assert "Access-Control-Allow-Methods" not in answer.headers


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        ("/register/open", "https://example.org"),
        ("/register/open", f"{ELSEWHERE}.attacker.example"),
        ("/register/open", "null"),
        ("/register/open", None),
        ("/register/nowhere", ELSEWHERE),
        ("/register", ELSEWHERE),
    ],
)
def test_other_pages_are_told_nothing(served: Served, path: str, origin: str | None) -> None:
    headers = {**PREFLIGHT, **({"Origin": origin} if origin else {})}
    for answer in (served.ask("OPTIONS", path, headers=headers), served.ask("GET", path, headers=headers)):
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
        assert ("Origin" in answer.headers.get("Vary", "")) == (path == "/register/open")


def test_a_plain_options(served: Served) -> None:
    answer = served.ask("OPTIONS", "/register/open")
    assert (answer.status, answer.headers["Allow"]) == (204, "GET, HEAD, POST, OPTIONS")
