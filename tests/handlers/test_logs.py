"""What `register` prints and logs holds nothing that anybody typed, on both stores, whatever is sent."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import pytest

from handlers.traces import HIDDEN
from rollcall.local.emulator import free_port
from tests.builders import a_form, write_open_event
from tests.conftest import where_the_books_are
from tests.served import Served, function

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
PERSONAL = ["typed", "730 99", "73099"]
"""In any letter case: what none of the above may leave behind."""


@pytest.fixture(params=["sqlite", "firestore"])
def environment(request: pytest.FixtureRequest, tmp_path: Path, events_folder: Path) -> Mapping[str, str]:
    write_open_event(events_folder)
    return {"EVENTS": str(events_folder), **where_the_books_are(request, tmp_path)}


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
    as_json = {"Content-Type": "application/json", "Idempotency-Key": '"typed-key"', "Origin": "https://typed.example"}
    assert served.ask("POST", PATH, '{"family_name": "Typedfamily"', as_json).status == 400
    assert served.ask("POST", PATH, "x=Typed" * 20_000, FORM).status == 413
    assert served.ask("POST", PATH, "Typedfamily", {"Content-Type": "text/typed"}).status == 415
    assert served.ask("GET", f"{PATH}?family_name=Typedfamily").status == 200
    assert served.ask("GET", "/register/typed").status == 404
    reference = accepted.json["reference"]
    assert served.ask("GET", f"{PATH}/received/{reference}").status == 200
    return [reference]


def test_the_logs_hold_nothing_that_was_typed(environment: Mapping[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as output, function("register", output, **environment) as served:
        references = send_everything(served)
    told = log.read_text("utf-8")
    for outcome in ("Accepted", "Known", "Differs", "Kept", "form refused"):
        assert outcome in told  # it is this log, and it does say what happened
    assert [text for text in (*PERSONAL, *references) if text.lower() in told.lower()] == []


def test_nor_do_they_where_the_store_cannot_be_reached(tmp_path: Path, events_folder: Path) -> None:
    write_open_event(events_folder)
    nobody = {"FIRESTORE_EMULATOR_HOST": f"127.0.0.1:{free_port()}", "GOOGLE_CLOUD_PROJECT": "none"}
    log = tmp_path / "log"
    nobody |= {"STORE": "firestore", "EVENTS": str(events_folder)}
    with log.open("wb") as output, function("register", output, **nobody) as served:
        assert served.post_json(PATH, a_form(**TYPED)).status == 503
        assert served.ask("POST", PATH, urlencode(a_form(**TYPED)), FORM).status == 503
    told = log.read_text("utf-8")
    assert "store unavailable" in told
    assert [text for text in PERSONAL if text in told.lower()] == []
