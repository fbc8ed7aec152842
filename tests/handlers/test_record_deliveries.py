"""`record_deliveries` as Google serves it: signed posts count, all others change nothing."""

import base64
import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from handlers.record_deliveries import record_deliveries
from handlers.signature import SIGNATURE, TIMESTAMP, verification_keys
from rollcall.desk.ports import Store
from rollcall.model.email import EmailStatus, confirmation
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import EVENTS, a_registration, an_event
from tests.support.clock import Clock
from tests.support.in_process import ask, desk_without_store
from tests.support.served import Served, function
from tests.support.stores import store_settings
from tests.support.webhook import NEXT_KEY, PUBLIC_KEY, TIME, a_report, public, signed

MAIL = confirmation("intgov04", "A", "amina.diallo@mpt.example.org")


@pytest.fixture(params=["sqlite", "firestore"])
def db(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> tuple[Store, Mapping[str, str]]:
    """A store with a registration whose confirmation is pending, and how a function finds it."""
    environment = store_settings(request, tmp_path)
    store: Store
    if request.param == "sqlite":
        store = SqliteStore(Path(environment["SQLITE_PATH"]), clock)
    else:
        store = FirestoreStore(environment["GOOGLE_CLOUD_PROJECT"])
    store.accept("intgov04", "A", a_registration(), MAIL)
    return store, environment


@pytest.fixture
def served(db: tuple[Store, Mapping[str, str]]) -> Iterator[Served]:
    keys = f"{PUBLIC_KEY} {public(NEXT_KEY)}"  # while a key is changed there are two
    environment = {"EVENTS": str(EVENTS), "SENDGRID_WEBHOOK_KEY": keys, **db[1]}
    with function("record_deliveries", **environment) as running:
        yield running


def status(db: tuple[Store, Mapping[str, str]]) -> EmailStatus | None:
    record = db[0].entry(MAIL.id)
    return record.status if record else None


def test_signed_events_are_recorded_once(served: Served, db: tuple[Store, Mapping[str, str]]) -> None:
    body = json.dumps([a_report(event="processed"), a_report(event="delivered"), a_report(event="open")]).encode()
    first = served.ask("POST", "/", body, signed(body))
    assert (first.status, first.json) == (200, {"events": 2, "emails": 1})
    again = served.ask("POST", "/", body, signed(body, timestamp=str(int(TIME) + 60)))
    assert (again.status, again.json) == (200, {"events": 2, "emails": 0})
    assert status(db) is EmailStatus.DELIVERED
    body = json.dumps([a_report(event="bounce"), a_report(email_id="of.another.desk")]).encode()
    assert served.ask("POST", "/record-deliveries", body, signed(body, NEXT_KEY)).status == 200
    assert status(db) is EmailStatus.BOUNCED
    assert served.ask("GET", "/").status == 405


BODY = json.dumps([a_report(event="bounce")]).encode()


def without(name: str) -> dict[str, str]:
    return {header: value for header, value in signed(BODY).items() if header != name}


def test_what_sendgrid_did_not_sign_changes_nothing(served: Served, db: tuple[Store, Mapping[str, str]]) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    refused = {
        "unsigned": (BODY, {}),
        "no signature": (BODY, without(SIGNATURE)),
        "no time stamp": (BODY, without(TIMESTAMP)),
        "empty signature": (BODY, signed(BODY) | {SIGNATURE: ""}),
        "empty time stamp": (BODY, signed(BODY) | {TIMESTAMP: ""}),
        "another time stamp": (BODY, signed(BODY) | {TIMESTAMP: str(int(TIME) + 1)}),
        "a time stamp that is none": (BODY[1:], signed(BODY) | {TIMESTAMP: TIME + "["}),
        "a digit of the time stamp in the body": (TIME[-1:].encode() + BODY, signed(BODY) | {TIMESTAMP: TIME[:-1]}),
        "a digit of the body in the time stamp": (b"[]", signed(b"7[]") | {TIMESTAMP: TIME + "7"}),
        "not base64": (BODY, signed(BODY) | {SIGNATURE: "****"}),
        "base64 of nothing like it": (BODY, signed(BODY) | {SIGNATURE: base64.b64encode(b"x" * 70).decode()}),
        "not ASCII": (BODY, signed(BODY) | {SIGNATURE: "é"}),
        "cut off": (BODY, signed(BODY) | {SIGNATURE: signed(BODY)[SIGNATURE][:-8]}),
        "another's key": (BODY, signed(BODY, stranger)),
        "altered": (BODY.replace(b"bounce", b"bouncE"), signed(BODY)),
        "a byte more": (BODY + b" ", signed(BODY)),
        "not UTF-8": (b"\xff\xfe", signed(BODY)),
        "empty": (b"", signed(BODY)),
        "signed, not JSON": (b"[", signed(b"[")),
        "signed, not UTF-8": (b"\xff", signed(b"\xff")),
        "signed, no list": (b"{}", signed(b"{}")),
        "signed, too deep": (b"[" * 100_000, signed(b"[" * 100_000)),
    }
    for name, (body, headers) in refused.items():
        answer = served.ask("POST", "/", body, headers)
        assert (answer.status, answer.text) == (401, ""), name
    assert served.ask("POST", "/", b"", signed(BODY) | {"Content-Length": "5000000"}).status == 413
    assert status(db) is EmailStatus.PENDING
    assert served.ask("POST", "/", BODY, signed(BODY)).status == 200
    assert status(db) is EmailStatus.BOUNCED


def test_an_email_id_that_is_no_document_id_is_harmless(served: Served) -> None:
    for name in ("a/b", "..", "__x__", quote("é"), "x" * 2000, ""):
        body = json.dumps([a_report(email_id=name)]).encode()
        assert served.ask("POST", "/", body, signed(body)).json == {"events": 0, "emails": 0}


def test_answers_503_while_the_store_is_unavailable(tmp_path: Path) -> None:
    """SendGrid retries for a day."""
    with desk_without_store(tmp_path, {"intgov04": an_event()}) as desk:
        keys = verification_keys(PUBLIC_KEY)
        answer = ask(partial(record_deliveries, desk, keys), "POST", "/", BODY, signed(BODY))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
