"""The private functions as Google serves them, with SendGrid's schema behind them, on both stores."""

import base64
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import main
from rollcall.local.trigger import trigger_of
from tests.support.builders import EVENTS, a_form, a_registration, id_of, opened
from tests.support.in_process import start_main
from tests.support.sendgrid_api import SendGridApi, sendgrid_api
from tests.support.served import Served, function
from tests.support.stores import store_settings
from tests.support.webhook import PUBLIC_KEY

SLUG = "soon"


class Functions:
    """All functions on the same database, each a server of its own."""

    def __init__(self, environment: dict[str, str], api: SendGridApi, stack: ExitStack) -> None:
        self._environment = environment
        self._stack = stack
        self._running: dict[str, Served] = {}
        self.api = api

    def __getitem__(self, target: str) -> Served:
        if target not in self._running:
            self._running[target] = self._stack.enter_context(function(target, **self._environment))
        return self._running[target]

    def close_now(self) -> None:
        """The deadline is this very moment, whatever an instance of `register` has read: the next one is a new one."""
        store = opened(self._environment)
        intake = store.known_intake(SLUG)
        assert intake
        assert store.move_deadline(SLUG, intake, store.now())
        del self._running["register"]


@pytest.fixture(params=["sqlite", "firestore"])
def functions(request: pytest.FixtureRequest, tmp_path: Path, events_folder: Path) -> Iterator[Functions]:
    """The functions, an event whose intake is open, and a local SendGrid."""
    closes = datetime.now(UTC).date() + timedelta(days=9)
    letter = (EVENTS / "intgov04.toml").read_text("utf-8")
    (events_folder / f"{SLUG}.toml").write_text(letter.replace("closes = 2004-02-20", f"closes = {closes}"), "utf-8")
    with sendgrid_api() as api, ExitStack() as stack:
        environment = {
            "EVENTS": str(events_folder),
            "SENDGRID_API_KEY": "SG.key",
            "SENDGRID_HOST": api.url,
            "MAIL_FROM": "registration@rollcall.example",
            **store_settings(request, tmp_path),
        }
        yield Functions(environment, api, stack)


@pytest.mark.slow
def test_from_the_form_to_the_roster(functions: Functions) -> None:
    """A registration is confirmed by the trigger, another by the sweep; then the intake closes, once."""
    api = functions.api
    for name in ("Trigger", "Sweep"):
        assert functions["register"].post_json(f"/register/{SLUG}", a_form(first_name=name)).status == 201
    id = _mail_id(functions, first_name="Trigger")
    for _ in range(2):  # the same trigger twice sends one mail
        assert functions["send_mail"].ask("POST", "/", b"", trigger_of(id)).status == 200
    assert _mail_ids(api) == [id]
    for _ in range(2):
        functions["send_due_mail"].ask("POST", "/")
    assert _mail_ids(api) == [id, _mail_id(functions, first_name="Sweep")]

    assert functions["close_intake"].ask("POST", "/").json == {"closed": {}}
    functions.close_now()
    assert functions["close_intake"].ask("POST", "/").json == {"closed": {SLUG: 2}}
    assert functions["close_intake"].ask("POST", "/").json == {"closed": {}}
    assert functions["register"].post_json(f"/register/{SLUG}", a_form(first_name="After")).status == 410
    assert functions["send_due_mail"].ask("POST", "/").json == {"inbound": {}, "emails": {"sent": 1}}
    roster = api.bodies[-1]
    assert roster["personalizations"][0]["to"] == [{"email": "spumail@itu.int"}]
    lines = base64.b64decode(roster["attachments"][-1]["content"]).decode()
    assert "Trigger" in lines
    assert "Sweep" in lines
    assert "After" not in lines
    assert api.faults == []


def test_a_trigger_that_is_about_something_else_fails(functions: Functions) -> None:
    headers = trigger_of("x") | {"ce-subject": "documents/events/x"}
    assert functions["send_mail"].ask("POST", "/", b"", headers).status == 503


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"STORE": "sqlite", "K_SERVICE": "register"}, "STORE=sqlite on Cloud Run"),
        ({"STORE": "paper"}, "STORE"),
        ({"STORE": "firestore"}, "GOOGLE_CLOUD_PROJECT"),
        ({"FUNCTION_TARGET": "send_mail"}, "SENDGRID_API_KEY"),
        ({"FUNCTION_TARGET": "send_mail", "SENDGRID_API_KEY": "two words"}, 'SENDGRID_API_KEY" invalid'),
        ({"EVENTS": "docs"}, "holds no event file"),
        ({"FUNCTION_TARGET": "record_deliveries"}, "SENDGRID_WEBHOOK_KEY"),
        ({"FUNCTION_TARGET": "record_deliveries", "SENDGRID_WEBHOOK_KEY": ""}, "SENDGRID_WEBHOOK_KEY"),
        ({"FUNCTION_TARGET": "record_deliveries", "SENDGRID_WEBHOOK_KEY": "a*"}, "SENDGRID_WEBHOOK_KEY is not"),
        ({"FUNCTION_TARGET": "record_deliveries", "SENDGRID_WEBHOOK_KEY": " "}, "SENDGRID_WEBHOOK_KEY is not"),
        ({"FUNCTION_TARGET": "record_deliveries", "SENDGRID_WEBHOOK_KEY": "aaaa"}, "SENDGRID_WEBHOOK_KEY is not"),
        ({"FUNCTION_TARGET": "receive_email", "SENDGRID_PARSE_KEY": f"{PUBLIC_KEY} aaaa"}, "SENDGRID_PARSE_KEY is not"),
    ],
)
def test_a_wrong_setting_stops_the_start(environment: dict[str, str], said: str) -> None:
    error = start_main(**environment)
    assert said in error
    assert "two words" not in error


def test_a_key_may_end_with_a_line_break(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.key\n")
    monkeypatch.setenv("MAIL_FROM", "a@b.example")
    poster: Any = main._post.__wrapped__()
    assert poster.__self__._mail_send.request_headers["Authorization"] == "Bearer SG.key"


def _mail_id(functions: Functions, **changes: Any) -> str:
    return f"{SLUG}.{id_of(opened(functions._environment), a_registration(**changes), SLUG)}.confirmation"


def _mail_ids(api: SendGridApi) -> list[str]:
    return [body["personalizations"][0]["custom_args"]["email_id"] for body in api.bodies]
