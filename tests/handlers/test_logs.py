"""What the functions print and log: nothing that anybody typed, on both stores, whatever is sent; the request that each
entry belongs to; and every message is in docs/operations.md."""

import ast
import json
import logging
import re
import socket
import uuid
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from handlers.logs import hide_requests, log_fault, trace_of
from handlers.register import register
from handlers.request_body import HIDDEN
from rollcall.desk.desk import Desk
from rollcall.local.emulator import free_port
from rollcall.local.trigger import trigger_of
from rollcall.model.email import confirmation
from rollcall.model.links import link_id
from tests.support.builders import a_form, a_registration, an_event, id_of, opened, write_open_event
from tests.support.clock import Clock
from tests.support.desk import EVENT
from tests.support.in_process import ask, desk_without_store
from tests.support.served import ROOT, Served, function
from tests.support.stores import store_settings
from tests.support.webhook import PUBLIC_KEY, signed

PATH = "/register/open"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
TYPED = {
    "family_name": "Typedfamily",
    "first_name": "Typedfirst",
    "organization": "Typedorganization",
    "address": "Typedstreet\nTypedtown",
    "tel": "+41 22 730 99 01",
    "fax": "+41 22 730 99 02",
    "email": "typed.email@typed.example.org",
    "hotel": "Typedhotel",
    "hotel_tel": "022 730 99 03",
    "signature": "Typedsignature",
}
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PERSONAL = ["typed", "730 99", "73099"]
"""In any letter case: what none of the above may leave behind."""


@pytest.fixture(params=["sqlite", "firestore"])
def environment(request: pytest.FixtureRequest, tmp_path: Path, events_folder: Path) -> Mapping[str, str]:
    write_open_event(events_folder)
    return {"EVENTS": str(events_folder), **store_settings(request, tmp_path)}


def send_everything(served: Served) -> list[str]:
    """One request of each kind; the references that were given out."""
    form = a_form(**TYPED)
    accepted = served.post_json(PATH, form)
    requests = [
        ("json", form, 200),
        ("json", form | {"hotel": "Typedother"}, 409),
        ("json", form | {"email": "typed@", "signed_on": "Typeddate", "Typedname": "x"}, 422),
        ("form", form | {"email": "typed@"}, 422),
        ("form", form | {"first_name": "Typedrobot", HIDDEN: "Typedmessage"}, 202),
        ("form", form | {"first_name": "Typedpage"}, 303),
    ]
    for kind, body, status in requests:
        answer = served.post_json(PATH, body) if kind == "json" else served.ask("POST", PATH, urlencode(body), FORM)
        assert answer.status == status
    assert served.ask("GET", answer.headers["Location"]).status == 200
    assert served.ask("GET", f"{answer.headers['Location']}/another").status == 200
    as_json = {
        "Content-Type": "application/json",
        "Idempotency-Key": '"typed-key"',
        "Origin": "https://typed.example",
        "traceparent": "00-typed",
        "X-Cloud-Trace-Context": f"{TRACE}/typed;o=1",
        "X-Forwarded-For": "typed",
        "User-Agent": "Typed/1.0",
    }
    assert served.ask("POST", PATH, '{"family_name": "Typedfamily"', as_json).status == 400
    assert served.ask("POST", PATH, "x=Typed" * 20_000, FORM).status == 413
    assert served.ask("POST", PATH, "Typedfamily", {"Content-Type": "text/typed"}).status == 415
    assert served.ask("GET", f"{PATH}?family_name=Typedfamily").status == 200
    assert served.ask("GET", "/register/typed").status == 404
    return [accepted.json["reference"]]


def test_the_logs_hold_nothing_that_was_typed(environment: Mapping[str, str], tmp_path: Path) -> None:
    log, environment = tmp_path / "log", {"GOOGLE_CLOUD_PROJECT": "p-test", **environment}
    with log.open("wb") as output, function("register", output, **environment) as served:
        references = send_everything(served)
    told = log.read_text("utf-8")
    for outcome in ("Accepted", "Duplicate", "Conflict", "Quarantined", "form refused"):
        assert outcome in told  # it is this log, and it does say what happened
    assert [text for text in (*PERSONAL, *references) if text.lower() in told.lower()] == []


def test_nor_do_they_while_the_store_is_unavailable(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with desk_without_store(tmp_path, {"open": an_event(slug="open")}) as desk:
        handle = partial(register, desk)
        as_json = {"Content-Type": "application/json"}
        assert ask(handle, "POST", PATH, json.dumps(a_form(**TYPED)), as_json).status == 503
        assert ask(handle, "POST", PATH, urlencode(a_form(**TYPED)), FORM).status == 503
    logged = "".join(capfd.readouterr())
    assert "store unavailable" in logged
    assert [text for text in PERSONAL if text in logged.lower()] == []


WHOLE = f"00-{TRACE}-{SPAN}-01"
FIELDS = {
    "logging.googleapis.com/trace": f"projects/p-test/traces/{TRACE}",
    "logging.googleapis.com/spanId": SPAN,
    "logging.googleapis.com/trace_sampled": True,
}


@pytest.mark.parametrize(
    ("w3c", "google", "fields"),
    [
        (WHOLE, "", FIELDS),
        (f"cc-{TRACE}-{SPAN}-ff", "", FIELDS),
        (f"00-{TRACE}-{SPAN}-00", "", FIELDS | {"logging.googleapis.com/trace_sampled": False}),
        ("", f"{TRACE}/{int(SPAN, 16)};o=1", FIELDS),
        ("", f"{TRACE.upper()}/{int(SPAN, 16)};o=1", FIELDS),
        (
            "",
            f"{TRACE}/1",
            FIELDS | {"logging.googleapis.com/spanId": f"{1:016}"} | {"logging.googleapis.com/trace_sampled": False},
        ),
        ("00-typed", f"{TRACE}/{int(SPAN, 16)};o=1", FIELDS),
        ("", "", {}),
        (f"ff-{TRACE}-{SPAN}-01", "", {}),
        (f"00-{'0' * 32}-{SPAN}-01", "", {}),
        (f"00-{TRACE}-{'0' * 16}-01", "", {}),
        (f"00-{TRACE.upper()}-{SPAN}-01", "", {}),
        (f"{WHOLE}\n", "", {}),
        (f"{WHOLE}-typed", "", {}),
        (f" {WHOLE}", "", {}),
        (f"00-{TRACE}-{SPAN}", "", {}),
        ("", f"{TRACE}/{1 << 64};o=1", {}),
        ("", f"{TRACE}/١;o=1", {}),
        ("", f"{TRACE}/1;o=typed", {}),
        ("", TRACE, {}),
    ],
)
def test_which_request_it_is(w3c: str, google: str, fields: Mapping[str, object]) -> None:
    assert trace_of("p-test", w3c, google) == fields
    assert trace_of("", w3c, google) == {}


def entries(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text("utf-8").splitlines() if line.startswith("{")]


def test_an_unexpected_fault_is_logged_by_type_and_place(capsys: pytest.CaptureFixture[str]) -> None:
    """What it quotes may be what somebody typed."""
    try:
        raise ValueError(f"cannot read {TYPED['family_name']}")
    except ValueError as error:
        log_fault(error, event="open")
    logged = json.loads(capsys.readouterr().out)
    assert (logged["fault"], logged["event"]) == ("ValueError", "open")
    assert logged["at"].rpartition(":")[0] == __file__
    assert not any(typed in json.dumps(logged).lower() for typed in PERSONAL)


@pytest.mark.slow
@pytest.mark.parametrize(("service", "told"), [({"K_SERVICE": "register"}, FIELDS), ({}, {})])
def test_each_entry_says_to_which_request_it_belongs(
    tmp_path: Path,
    events_folder: Path,
    emulator: str,
    storage_emulator: str,
    service: Mapping[str, str],
    told: Mapping[str, object],
) -> None:
    """A function that a browser calls, and one that Eventarc calls; where Google's front is, which alone says it."""
    write_open_event(events_folder)
    project = f"test-{uuid.uuid4().hex[:12]}"
    environment = {
        "EVENTS": str(events_folder),
        "STORE": "firestore",
        "FIRESTORE_EMULATOR_HOST": emulator,
        "STORAGE_EMULATOR_HOST": storage_emulator,
        "FILES": "gs://none",
        "PUBLISHED": "gs://none",
        "GOOGLE_CLOUD_PROJECT": project,
        "SENDGRID_API_KEY": "SG.key",
        "SENDGRID_HOST": f"http://127.0.0.1:{free_port()}",
        "MAIL_FROM": "registration@rollcall.example",
        **service,
    }
    expected = json.loads(json.dumps(told).replace("p-test", project))
    log = tmp_path / "log"
    with log.open("wb") as output, function("register", output, **environment) as served:
        as_json = {"Content-Type": "application/json"}
        for headers in (as_json | {"traceparent": WHOLE}, as_json):
            assert served.ask("POST", PATH, json.dumps(a_form()), headers).status in (200, 201)
    with log.open("ab") as output, function("send_mail", output, **environment) as served:
        trigger = trigger_of(confirmation("open", id_of(opened(environment), a_registration(), "open"), "").id)
        assert served.ask("POST", "/", b"", trigger | {"traceparent": WHOLE}).status == 200
    with_it, without_it, attempted = entries(log)
    assert [with_it["message"], without_it["message"]] == ["form received"] * 2
    assert attempted["message"] == "e-mail attempted"
    for entry in (with_it, attempted):
        assert {name: entry[name] for name in FIELDS.keys() & entry.keys()} == expected
    assert not FIELDS.keys() & without_it.keys()


@pytest.mark.slow
def test_no_server_logs_the_secret_part_of_a_link(tmp_path: Path, events_folder: Path) -> None:
    """Whatever is wrong with the request or with us; and a person reads what to do."""
    write_open_event(events_folder)
    (tmp_path / "folder").mkdir()
    environment = {"EVENTS": str(events_folder), "SQLITE_PATH": str(tmp_path / "folder"), "GUNICORN_LOG_LEVEL": "debug"}
    link, log = f"{PATH}/complete/TypedToken", tmp_path / "log"
    with log.open("wb") as output, function("register", output, **environment) as served:
        page = served.ask("GET", link, headers={"Accept": "text/html"})
        form = served.ask("POST", link, urlencode(a_form(**TYPED)), FORM)
        for first, *headers in (
            (f"GET {link} HTTP/9.9", "Host: x"),
            (f"GET {link} HTTP/1.1", "Host: x", "A b: c"),
            (f"GET {link} HTTP/1.1", "Host: x", "SCRIPT_NAME: /typed"),
            (f"GET {link} HTTP/1.1", f"Host: xn--{'a' * 80}.typed"),
            (f"GET {link} HTTP/1.1", "Host: typed", "X: " + "a" * 9000),
        ):
            with socket.create_connection(("127.0.0.1", served.port), timeout=30) as connection:
                connection.sendall("\r\n".join([first, *headers, "", ""]).encode())
                assert connection.recv(60)[9:10] in (b"4", b"5")
    assert (page.status, form.status) == (503, 503)
    assert "Please try again in a minute" in page.text
    told = log.read_text("utf-8")
    assert [entry["fault"] for entry in entries(log)].count("OperationalError") >= 2
    assert "Listening at" in told  # what gunicorn says of its processes stays
    assert [
        text
        for text in ("typed", "Traceback", "127.0.0.1:")
        if text in told.lower().replace("listening at: http://127.0.0.1:", "")
    ] == []


@pytest.mark.slow
def test_a_webhook_whose_desk_cannot_be_built_is_called_again(tmp_path: Path, events_folder: Path) -> None:
    """SendGrid repeats an e-mail after a 5xx alone."""
    write_open_event(events_folder)
    environment = {
        "EVENTS": str(events_folder),
        "SQLITE_PATH": str(tmp_path),
        "FILES": str(tmp_path / "files"),
        "SENDGRID_PARSE_KEY": PUBLIC_KEY,
        "MAIL_FROM": "registration@rollcall.example",
    }
    log = tmp_path / "log"
    with log.open("wb") as output, function("receive_email", output, **environment) as served:
        answer = served.ask("POST", "/receive-email", b"typed", signed(b"typed"))
    assert answer.status == 503
    assert "typed" not in answer.text + log.read_text("utf-8")
    assert [entry["message"] for entry in entries(log)] == ["unexpected fault"]


def test_what_a_server_logs_of_a_fault_is_its_kind_and_place(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("a server")
    hide_requests(logger.name)
    try:
        raise ValueError(TYPED["email"])
    except ValueError:
        logger.exception("Error handling request %s", f"{PATH}/complete/typed")
    logger.error("Error on request %s", PATH)
    logger.warning("Invalid request from ip=127.0.0.1: typed")
    printed = capsys.readouterr()
    fault, plain = map(json.loads, printed.out.splitlines())
    assert (fault["message"], fault["fault"]) == ("server fault", "ValueError")
    assert fault["at"].rpartition(":")[0] == __file__
    assert plain.keys() == {"severity", "message", "logger"}
    assert PATH not in printed.out + printed.err
    assert "typed" not in printed.out + printed.err


@pytest.mark.parametrize(
    ("path", "message", "why"),
    [
        ("{path}", "link opened", None),
        ("{path}x", "link refused", "damaged"),
        ("{old}", "link refused", "expired"),
        ("complete/{token}", "link refused", "damaged"),
    ],
)
def test_each_link_is_logged_without_its_secret_part(
    desk: Desk, clock: Clock, capsys: pytest.CaptureFixture[str], path: str, message: str, why: str | None
) -> None:
    good, old = (
        desk.links.received(EVENT, "0" * 24, clock.now + timedelta(days=days), duplicate=False) for days in (1, -1)
    )
    token = good.partition("/")[2]
    ask(partial(register, desk), "GET", f"/register/{EVENT.slug}/{path.format(path=good, old=old, token=token)}")
    entry = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (entry["message"], entry["event"], entry.get("why")) == (message, EVENT.slug, why)
    assert entry.get("link", link_id(token)) == link_id(token)
    assert not any(part in json.dumps(entry) for part in token.split(".") if part)


def messages_in_the_code() -> dict[str, set[str]]:
    """What `log` is told to say, everywhere; each with its severities."""
    said: dict[str, set[str]] = {}
    for folder in ("handlers", "rollcall", "schemas", "templates"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "log":
                    severity, message, *_ = node.args
                    severities = {one.value for one in ast.walk(severity) if isinstance(one, ast.Constant)}
                    said.setdefault(ast.literal_eval(message), set()).update(map(str, severities))
    return said


def test_every_message_is_in_the_operations_page() -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    table = page.partition("| message | severity |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `([^`]+)` \| ([A-Z, ]+) \|", table, re.MULTILINE)
    assert {message: set(severities.split(", ")) for message, severities in rows} == messages_in_the_code()
