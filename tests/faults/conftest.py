"""Rollcall running, for the tests of faults and crashes."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.builders import EVENTS
from tests.support.faulty_firestore import faulty_firestore
from tests.support.running import SLUG, Rollcall
from tests.support.webhook import PUBLIC_KEY


@pytest.fixture(scope="session", params=["sqlite", "firestore"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rollcall]:
    """The same processes for all tests: after a crash gunicorn starts a worker anew, as Cloud Run an instance."""
    folder, events = tmp_path_factory.mktemp("crashing"), tmp_path_factory.mktemp("events")
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    letter = (EVENTS / "intgov04.toml").read_text("utf-8").replace("Europe/Zurich", "UTC")
    (events / f"{SLUG}.toml").write_text(letter.replace("closes = 2004-02-20", f"closes = {tomorrow}"), "utf-8")
    with ExitStack() as stack:
        environment = {
            "CRASHING": str(folder),
            "STORE": request.param,
            "EVENTS": str(events),
            "SENDGRID_API_KEY": "SG.key",
            "SENDGRID_WEBHOOK_KEY": PUBLIC_KEY,
            "SENDGRID_PARSE_KEY": PUBLIC_KEY,
            "MAIL_FROM": "registration@rollcall.example",
        }
        line = None
        if request.param == "firestore":
            line = stack.enter_context(faulty_firestore(request.getfixturevalue("emulator")))
            environment["FIRESTORE_EMULATOR_HOST"] = line.address
        rollcall = Rollcall(request.param, folder, environment, stack)
        rollcall.line = line
        environment["SENDGRID_HOST"] = rollcall.api.url
        yield rollcall


@pytest.fixture
def rollcall(running: Rollcall) -> Rollcall:
    running.begin()
    return running
