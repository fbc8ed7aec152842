"""The commands beside a local run that is a process, and on a project's database."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import pytest

from rollcall.local.emulator import free_port
from rollcall.model.email import confirmation
from rollcall.ops.__main__ import main
from rollcall.ops.connect import NoDatabase, connect
from rollcall.ops.local_run import DATABASE_FILE, Run, announced, local_run
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import EVENTS, a_form, a_registration, an_event
from tests.support.clock import Clock
from tests.support.faulty_firestore import faulty_firestore
from tests.support.left_out import leave_out
from tests.support.served import ROOT, Served, process, until

PATH = "/register/intgov04"


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, Any]:
    """The exit code and the JSON of a command in this process."""
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--json"])
    return ended.value.code, json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("firestore", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest) -> Mapping[str, str]:
    if request.param == "firestore":
        return {"STORE": "firestore", "FIRESTORE_EMULATOR_HOST": request.getfixturevalue("emulator")}
    return {"STORE": "sqlite"}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory, store: Mapping[str, str]) -> Path:
    return tmp_path_factory.mktemp("on-call") / "database"


@pytest.fixture(scope="module")
def run(database: Path, store: Mapping[str, str]) -> Iterator[Served]:
    """A local run that began at the letter's date."""
    port = free_port()
    with process(["rollcall.local"], port, {"PORT": str(port), "DATABASE": str(database), **store}) as served:
        yield served
    assert local_run(database) is None


def test_the_smoke_test_of_a_run_leaves_the_status_as_it_was(
    run: Served, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for person in ({"first_name": "A"}, {"first_name": "B", "email": "bounce@example.org"}):
        assert run.post_json(PATH, a_form(**person)).status == 201
    until(lambda: {entry["status"] for entry in run.ask("GET", "/outbox.json").json} == {"bounced", "delivered"})
    code, seen = called(capsys, "smoke", "--database", str(database))
    assert (code, seen["url"]) == (0, f"http://localhost:{run.port}")
    assert [step["step"] for step in seen["steps"]] == [
        *("page_of intgov04", "page_of smoke-test", "registered", "stored", "delivered", "deleted")
    ]
    last, *_ = run.ask("GET", "/outbox.json").json
    assert last["to"].startswith("smoke-test-")
    assert (last["kind"], last["status"]) == ("removed", "removed")
    code, seen = called(capsys, "status", "--database", str(database))
    (event,) = seen["events"]
    assert (code, seen["database"]) == (0, f"the local run at http://localhost:{run.port}")
    assert (event["received"], event["emails_undelivered"], event["emails_waiting"]) == (2, {"bounced": 1}, 0)
    assert seen["without_file"] == []


def test_a_smoke_test_that_is_stopped_deletes_its_person(run: Served, database: Path) -> None:
    call = [sys.executable, "-m", "rollcall.ops", "smoke", "--database", str(database)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    running = subprocess.Popen(call, cwd=ROOT, text=True, **pipes)  # type: ignore[call-overload]
    while "it is in the database" not in running.stdout.readline():
        assert running.poll() is None
    running.send_signal(signal.SIGTERM)
    rest, error = running.communicate(timeout=40)
    assert "the test person and its outbox entry are deleted" in rest
    assert error == "Stopped.\n"


def test_a_deadline_of_a_run_is_moved(
    run: Served, database: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run.ask("GET", PATH).status == 200  # so that the database knows the event
    move = ("move-deadline", "--event", "intgov04", "--to", "2004-02-26T18:00", "--database", str(database))
    code, asked = called(capsys, *move)
    assert (code, asked["error"]["code"]) == (1, "not_agreed")
    monkeypatch.setenv("YES", "1")
    code, moved = called(capsys, *move)
    assert (code, moved["closes_at"]) == (0, "2004-02-26T17:00:00+00:00")
    assert moved["write_in_file"] == "closes = 2004-02-26T18:00:00"
    code, checked = called(capsys, "event-check", "--database", str(database))
    assert code == 1
    assert "the database says 26 February 2004, 18:00" in checked["faults"][0]


@pytest.mark.slow
def test_a_roster_that_bounced_is_resent_to_the_mended_address(
    tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the deadline, which the run finds passed, to the e-mail at the right address."""
    events = {name: _event_with_staff(tmp_path / name, f"{name}@example.org") for name in ("bounce", "right")}
    database, port = tmp_path / "database", free_port()
    database.mkdir()
    store = SqliteStore(database / DATABASE_FILE, clock)
    store.intake(an_event())
    person = a_registration()
    store.accept("intgov04", "A", person, confirmation("intgov04", "A", person.email))
    store.close()
    settings = {"PORT": str(port), "DATABASE": str(database), "EVENTS": events["bounce"]}
    with process(["rollcall.local"], port, settings | {"AT": "2004-02-21T10:00:00+01:00"}) as served:

        def rosters(status: str) -> list[dict[str, str]]:
            entries = served.ask("GET", "/outbox.json").json
            return [entry for entry in entries if entry["kind"] == "roster" and entry["status"] == status]

        until(lambda: rosters("bounced"))
        _, seen = called(capsys, "status", "--database", str(database))
        (event,) = seen["events"]
        assert (event["registered"], event["list_is_whole"]) == (1, True)
        assert [one["to"] for one in event["undelivered_to_staff"]] == ["bounce@example.org"]
        resend = ("send-roster", "--event", "intgov04", "--database", str(database), "--events", events["right"])
        assert called(capsys, *resend)[0] == 0
        (entry,) = until(lambda: rosters("delivered"))
        assert (entry["to"], "1 registered" in entry["subject"]) == ("right@example.org", True)


def _event_with_staff(folder: Path, address: str) -> str:
    folder.mkdir()
    letter = (EVENTS / "intgov04.toml").read_text("utf-8")
    (folder / "intgov04.toml").write_text(letter.replace('staff = ["spumail@itu.int"]', f'staff = ["{address}"]'))
    return str(folder)


def test_make_passes_its_variables_on(tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@" "$EVENT" "$TO" "$JSON"')
    python.chmod(0o755)
    (tmp_path / ".venv" / "run").touch()
    call = [
        "make",
        "--no-print-directory",
        "-f",
        str(ROOT / "Makefile"),
        "move-deadline",
        "EVENT=it's",
        "TO=2004-02-27",
        *("-o", ".venv/run", "-o", "compiled"),
    ]
    shown = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert shown == "-m rollcall.ops move-deadline it's 2004-02-27 \n"


def test_an_option_is_what_the_environment_says(
    run: Served, database: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"DATABASE": str(database), "EVENT": "other", "TO": "2004-02-27", "JSON": "1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        main(["move-deadline"])
    refused = json.loads(capsys.readouterr().out)
    assert refused["database"] == f"the local run at http://localhost:{run.port}"
    assert refused["error"]["message"].startswith("EVENT=other: no such event")


def test_a_run_that_was_killed_is_no_run(tmp_path: Path) -> None:
    with announced(Run(free_port(), "events", None, 0, None, None), tmp_path / "database"):
        assert local_run(tmp_path / "database") is not None
        with pytest.raises(NoDatabase):
            connect("", tmp_path / "database")


def test_what_another_version_says_of_its_run_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "database.run.json").write_text('{"port": 8080, "books": "."}')
    assert local_run(tmp_path / "database") is None


@pytest.mark.parametrize("given", ["prot=8081", "PROJCT=desk"])
def test_make_passes_over_no_setting_in_silence(given: str) -> None:
    made = subprocess.run(["make", "-n", "status", given], cwd=ROOT, capture_output=True, text=True, check=False)
    assert f"{given.split('=')[0]} is not a setting here" in made.stderr
    assert made.returncode == 2


def test_each_run_is_found_by_its_own_database(tmp_path: Path, clock: Clock) -> None:
    SqliteStore(tmp_path / DATABASE_FILE, clock)
    one, two = (Run(port, "events", str(tmp_path), 0, None, None) for port in (8081, 8082))
    with announced(one, tmp_path / "one"), announced(two, tmp_path / "two"):
        assert [local_run(tmp_path / name) for name in ("one", "two")] == [
            Run(run.port, "events", str(tmp_path), 0, None, None) for run in (one, two)
        ]
        with announced(two, tmp_path / "one"):  # began while the first was ending
            pass
    assert local_run(tmp_path / "one") is None


def test_a_project_whose_database_knows_no_event(project: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, seen = called(capsys, "status", "--project", project)
    assert (code, [event["closes_at"] for event in seen["events"]]) == (0, [None])
    assert called(capsys, "event-check", "--project", project)[0] == 1
    code, refused = called(capsys, "move-deadline", "--project", project, "--event", "intgov04", "--to", "2004-02-26")
    assert (code, refused["error"]["code"]) == (1, "unknown_event")
    code, refused = called(capsys, "smoke", "--project", project)
    assert (code, refused["error"]["code"]) == (1, "no_url")
    assert FirestoreStore(project).known_intake(an_event().slug) is None


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (grpc.StatusCode.NOT_FOUND, "404"),  # what Google answers where the project has no such database
        (grpc.StatusCode.PERMISSION_DENIED, "403"),
        (grpc.StatusCode.UNAUTHENTICATED, "401"),
    ],
)
def test_a_database_that_is_not_there_or_is_not_ours(
    status: grpc.StatusCode,
    said: str,
    emulator: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with faulty_firestore(emulator) as proxy:
        proxy.cut = status
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", proxy.address)
        code, refused = called(capsys, "status", "--project", "mistyped")
    assert (code, refused["error"]["code"]) == (1, "store_unavailable")
    assert refused["error"]["message"].startswith(f"The database cannot be reached, or read, now: {said} ")


@pytest.mark.slow
def test_a_login_that_is_missing_is_said(tmp_path: Path) -> None:
    if shutil.which("gcloud") is None:
        leave_out("the login at Google: gcloud is not installed")
    environment = {**os.environ, "CLOUDSDK_CONFIG": str(tmp_path), "FIRESTORE_EMULATOR_HOST": ""}
    call = [sys.executable, "-m", "rollcall.ops", "status", "--project", "nobodys"]
    ran = subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, "gcloud auth login" in ran.stderr) == (1, True)
