"""Rollcall running, for the tests of faults and crashes."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.builders import EVENTS
from tests.support.faulty_firestore import faulty_firestore
from tests.support.running import SLUG, InProcess, Processes, Rollcall, Way
from tests.support.sendgrid_api import sendgrid_api
from tests.support.webhook import PUBLIC_KEY


@pytest.fixture(scope="module", params=["sqlite", "firestore"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rollcall]:
    """The functions in this process."""
    with _rollcall(request, tmp_path_factory.mktemp("running"), in_process=True) as rollcall:
        yield rollcall


@pytest.fixture(scope="module", params=["sqlite", "firestore"])
def serving(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rollcall]:
    """The functions in processes of their own, the same ones for all tests."""
    with _rollcall(request, tmp_path_factory.mktemp("serving"), in_process=False) as rollcall:
        yield rollcall


@pytest.fixture
def rollcall(running: Rollcall) -> Rollcall:
    running.begin()
    return running


@pytest.fixture
def served(serving: Rollcall) -> Rollcall:
    serving.begin()
    return serving


@contextmanager
def _rollcall(request: pytest.FixtureRequest, folder: Path, in_process: bool) -> Iterator[Rollcall]:
    with ExitStack() as stack:
        api = stack.enter_context(sendgrid_api())
        environment = {
            "STORE": request.param,
            "EVENTS": str(_events(folder)),
            "SENDGRID_API_KEY": "SG.key",
            "SENDGRID_HOST": api.url,
            "SENDGRID_WEBHOOK_KEY": PUBLIC_KEY,
            "SENDGRID_PARSE_KEY": PUBLIC_KEY,
            "MAIL_FROM": "registration@rollcall.example",
            "IAP_AUDIENCE": "/projects/1/locations/europe-west6/services/staff",
            "PAGES": "https://desk.example.org/register",
        }
        line = None
        if request.param == "firestore":
            line = stack.enter_context(faulty_firestore(request.getfixturevalue("emulator")))
            environment |= {"FIRESTORE_EMULATOR_HOST": line.address, "GOOGLE_CLOUD_PROJECT": "each-test-has-its-own"}
        way: Way = InProcess(folder, environment) if in_process else Processes(folder, environment, stack)
        yield Rollcall(folder, environment, way, api, line)


def _events(folder: Path) -> Path:
    """A folder with an event that closes at the end of the next day, and takes place ten days later."""
    events = folder / "events"
    events.mkdir()
    today, day = datetime.now(UTC).date(), timedelta(days=1)
    letter = (EVENTS / "intgov04.toml").read_text("utf-8").replace("Europe/Zurich", "UTC")
    for was, now in {"2004-02-20": today + day, "2004-02-26": today + 11 * day, "2004-02-27": today + 12 * day}.items():
        letter = letter.replace(f" = {was}", f" = {now}")
    (events / f"{SLUG}.toml").write_text(letter, "utf-8")
    return events
