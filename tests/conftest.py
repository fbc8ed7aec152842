"""Real parts for the tests. What this machine lacks is left out and named at the end; on CI that is a failure."""

import os
import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from gcp_storage_emulator.server import create_server
from hypothesis import HealthCheck, settings

from rollcall.desk.desk import Desk
from rollcall.language import CATALOGUES, DOMAIN
from rollcall.local.emulator import NoEmulator, firestore_emulator, free_port
from tests.support.clock import Clock
from tests.support.desk import Postbox, a_desk
from tests.support.left_out import leave_out, left_out
from tests.support.shared import shared

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_configure(config: pytest.Config) -> None:
    """What is translated is compiled, also where nobody said `make`."""
    if not hasattr(config, "workerinput"):
        for catalogue in CATALOGUES.glob(f"*/LC_MESSAGES/{DOMAIN}.po"):
            compiled = catalogue.with_suffix(".mo")
            if not compiled.exists() or compiled.stat().st_mtime < catalogue.stat().st_mtime:
                with catalogue.open("rb") as written, compiled.open("wb") as file:
                    write_mo(file, read_po(written))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out, and why."""
    for line in left_out(terminalreporter.stats.get("skipped", [])):
        terminalreporter.write_line(line, yellow=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several workers (`--dist loadgroup`) a module's tests on one store stay together, since they share servers;
    groups in which a test is slow go first, so that no worker ends with a long one."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    groups: dict[str, list[pytest.Item]] = {}
    for item in items:
        marker = item.get_closest_marker("xdist_group")
        groups.setdefault(str(marker.args[0]) if marker else _together(item), []).append(item)
    items[:] = []
    for name, group in sorted(groups.items(), key=lambda named: not any(map(_is_slow, named[1]))):
        for item in group:
            item.add_marker(pytest.mark.xdist_group(name))
        items += group


def _together(item: pytest.Item) -> str:
    store = "firestore" if "firestore" in item.name else ""
    return f"{item.path.relative_to(item.config.rootpath)} {store}".strip()


def _is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None


@pytest.fixture
def clock() -> Clock:
    """Noon on a day when the intake is open."""
    return Clock(datetime(2004, 2, 2, 12, tzinfo=UTC))


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def desk(tmp_path: Path, clock: Clock, postbox: Postbox) -> Desk:
    return a_desk(tmp_path, clock, postbox)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the official Firestore emulator: one for all workers, since each test has a project of its own."""
    ours = tmp_path_factory.getbasetemp()
    folder = ours.parent if "PYTEST_XDIST_WORKER" in os.environ else ours
    try:
        with shared(folder, "firestore", firestore_emulator) as address:
            os.environ["FIRESTORE_EMULATOR_HOST"] = address
            yield address
    except NoEmulator as error:
        leave_out(f"everything on the Firestore emulator: {error}")


@pytest.fixture(scope="session")
def storage_emulator() -> Iterator[str]:
    """Address of a Cloud Storage emulator, as `STORAGE_EMULATOR_HOST` has it. It holds every bucket in memory, and
    knows no preconditions."""
    port = free_port()
    with create_server("127.0.0.1", port, in_memory=True):
        os.environ["STORAGE_EMULATOR_HOST"] = f"http://127.0.0.1:{port}"
        yield os.environ["STORAGE_EMULATOR_HOST"]


@pytest.fixture
def project(emulator: str) -> str:
    """A Google Cloud project of the test's own: the emulator keeps each project's documents apart."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the machine's Chromium."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        leave_out("everything in a browser: Chromium is not installed")
    return str(path)


@pytest.fixture
def events_folder(tmp_path: Path) -> Path:
    """A folder for event files made on the fly."""
    folder = tmp_path / "events"
    folder.mkdir()
    return folder


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Long bytes are no name, and may differ from one worker to the next."""
    return argname if isinstance(val, bytes) and len(val) > 60 else None
