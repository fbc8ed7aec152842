"""The commands as the person on duty runs them: processes, beside a `make run` that is a process too."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import grpc
import pytest
from google.cloud import firestore

from rollcall.desk.testing import address_of_test_person
from rollcall.local.emulator import free_port
from rollcall.store.firestore import FirestoreStore
from tests.support.builders import EVENTS, a_form, an_event
from tests.support.faulty_firestore import faulty_firestore
from tests.support.left_out import leave_out
from tests.support.served import ROOT, Served, process, until

PATH = "/register/intgov04"


def duty(command: str, db: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """`make <command>`, without make."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("PROJECT", "EVENTS", "AT")}
    environment = {**inherited, "BOOKS": str(db), **settings}
    call = [sys.executable, "-m", "rollcall.ops", command]
    return subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def done(command: str, db: Path, **settings: str) -> str:
    ran = duty(command, db, **settings)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def refused(command: str, db: Path, **settings: str) -> str:
    ran = duty(command, db, **settings)
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    return ran.stderr


def line(said: str, label: str) -> str:
    (found,) = re.findall(rf"^ *{label}  +(.*)$", said, re.MULTILINE)
    return str(found)


def letters_event(folder: Path, *changes: tuple[str, str]) -> str:
    """A folder with the letter's event file, changed so."""
    text = (EVENTS / "intgov04.toml").read_text("utf-8")
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    folder.mkdir(exist_ok=True)
    (folder / "intgov04.toml").write_text(text, "utf-8")
    return str(folder)


@pytest.fixture(scope="module", params=["sqlite", "firestore"])
def store(request: pytest.FixtureRequest) -> Mapping[str, str]:
    if request.param == "firestore":
        return {"STORE": "firestore", "FIRESTORE_EMULATOR_HOST": request.getfixturevalue("emulator")}
    return {"STORE": "sqlite"}


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory, store: Mapping[str, str]) -> Path:
    return tmp_path_factory.mktemp("duty") / "books"


@pytest.fixture(scope="module")
def run(db: Path, store: Mapping[str, str]) -> Iterator[Served]:
    """A local run that began at the letter's date."""
    port = free_port()
    with process(["rollcall.local"], port, {"PORT": str(port), "BOOKS": str(db), **store}) as served:
        yield served


def test_the_status_and_the_smoke_test_of_a_run(run: Served, db: Path) -> None:
    for person in ({"first_name": "A"}, {"first_name": "B", "email": "bounce@example.org"}):
        assert run.post_json(PATH, a_form(**person)).status == 201
    run.post_json(PATH, a_form(email=address_of_test_person("left")))
    until(lambda: {entry["state"] for entry in run.ask("GET", "/outbox.json").json} == {"bounced", "delivered"})
    said = done("smoke", db)
    assert f"http://localhost:{run.port}/register/intgov04" in said
    assert "the confirmation is delivered" in said
    assert "the test person and its mail are removed" in said
    last, *_ = run.ask("GET", "/outbox.json").json
    assert last["to"].startswith("rollcall-test-")
    assert (last["kind"], last["state"]) == ("test", "removed")
    assert "test · to rollcall-test-" in run.ask("GET", "/outbox").text
    said = done("status", db)
    assert f"Books: the local run at http://localhost:{run.port}." in said
    assert "It is 14 January 2004" in said
    assert "(intgov04)" in said
    assert line(said, "received") == "2 in all"
    assert line(said, "registered") == "2, and 0 late"
    assert line(said, "mails failed") == "1 bounced"
    assert line(said, "mails waiting") == "none; 1 to go out later"
    assert line(said, "deadline") == "the end of 20 February 2004 (Zurich time), 37 days from now"
    assert "The mail queue is not held." in said
    assert "example.org" not in said


def test_a_smoke_test_that_is_stopped_removes_its_person(run: Served, db: Path) -> None:
    call = [sys.executable, "-m", "rollcall.ops", "smoke"]
    environment = {**os.environ, "BOOKS": str(db), "PYTHONUNBUFFERED": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    running = subprocess.Popen(call, cwd=ROOT, env=environment, text=True, **pipes)  # type: ignore[call-overload]
    while "it is in the books" not in running.stdout.readline():
        assert running.poll() is None
    running.send_signal(signal.SIGTERM)
    rest, error = running.communicate(timeout=40)
    assert "the test person and its mail are removed" in rest
    assert error == "Stopped.\n"


def test_a_deadline_is_moved_and_the_file_is_to_say_so(run: Served, db: Path, tmp_path: Path) -> None:
    said = done("move-deadline", db, EVENT="intgov04", TO="2004-02-26T18:00")
    assert said.startswith(f"Books: the local run at http://localhost:{run.port}.\n")
    assert "was to close at the end of 20 February 2004" in said
    assert "now it closes at 26 February 2004, 18:00" in said
    toml = said.splitlines()[-1].partition("file too: ")[2]
    assert tomllib.loads(toml) == {"closes": datetime(2004, 2, 26, 18)}  # noqa: DTZ001
    again = done("move-deadline", db, EVENT="intgov04", TO="2004-02-26T18:00")
    assert "registration closes at 26 February 2004, 18:00 (Zurich time), as it was." in again
    assert line(done("status", db), "deadline").startswith("26 February 2004, 18:00 (Zurich time), 43 days")
    fault = refused("event-check", db)
    assert "intake.closes: the file says the end of 20 February 2004" in fault
    assert "the books say 26 February 2004, 18:00" in fault
    mended = letters_event(tmp_path / "mended", ("closes = 2004-02-20", toml))
    right = done("event-check", db, EVENTS=mended)
    for said in (fault, right):
        assert f"hecked beside the books of the local run at http://localhost:{run.port}, as of 14 January 2004" in said
    assert "Nothing is wrong" in right
    assert "closes = " not in done("move-deadline", db, EVENT="intgov04", TO="2004-02-26T18:00", EVENTS=mended)


def test_the_roster_is_sent_anew(tmp_path: Path) -> None:
    """A wrong address in the event's file: the roster comes back, and goes to the mended one."""
    wrong = letters_event(tmp_path / "wrong", ('staff = ["spumail@itu.int"]', 'staff = ["bounce@example.org"]'))
    mended = letters_event(tmp_path / "mended", ('staff = ["spumail@itu.int"]', 'staff = ["right@example.org"]'))
    db, port = tmp_path / "books", free_port()
    settings = {"PORT": str(port), "BOOKS": str(db), "EVENTS": wrong, "AT": "2004-02-20T23:59:55+01:00"}
    with process(["rollcall.local"], port, settings) as served:
        assert served.post_json(PATH, a_form()).status == 201
        assert served.post_json(PATH, a_form(email=address_of_test_person("left"))).status == 201

        def rosters(status: str) -> list[dict[str, str]]:
            entries = served.ask("GET", "/outbox.json").json
            return [entry for entry in entries if entry["kind"] == "roster" and entry["state"] == status]

        until(lambda: rosters("bounced"))
        said = done("status", db)
        assert "roster to bounce@example.org bounced: 550" in said
        assert line(said, "closing") == "closed, 1 on the roster"
        assert line(said, "registered") == "1, and 0 late"
        assert "Owed to right@example.org: roster" in done("send-roster", db, EVENT="intgov04", EVENTS=mended)
        (entry,) = until(lambda: rosters("delivered"))
        assert (entry["to"], "1 registered" in entry["subject"]) == ("right@example.org", True)
        assert "the intake is closed" in refused("move-deadline", db, EVENT="intgov04", TO="2004-02-26")
        said = done("smoke", db)
        assert 'the page is there, and says "Registration is closed"' in said
        assert f"No event in {wrong} is open now, and nobody can register: so only the page was tried" in said
        there = served.post_json(PATH, a_form(email=address_of_test_person("too-late")))
        assert there.status == 410
        assert "registration is not open" in refused("smoke", db, EVENT="intgov04")
        assert "Nothing is wrong" in done("event-check", db, EVENTS=mended)


def test_what_is_asked_for_wrongly(tmp_path: Path) -> None:
    db, port = tmp_path / "books", free_port()
    with process(["rollcall.local"], port, {"PORT": str(port), "BOOKS": str(db)}):
        for to, said in (
            ("2004-03-26", "after the event's end"),
            ("2004-01-14T08:00", "Not moved: an earlier deadline"),
            ("soon", "TO=soon: soon is not a date"),
        ):
            assert said in refused("move-deadline", db, EVENT="intgov04", TO=to)
        assert "EVENT=other: no such event" in refused("move-deadline", db, EVENT="other", TO="2004-02-26")
        assert refused("move-deadline", db, TO="2004-02-26").startswith("EVENT is missing, as EVENT=intgov04;")
        assert refused("move-deadline", db, EVENT="intgov04") == "TO is missing, as TO=2004-02-27T18:00\n"
        books_said, nothing, then = done("send-roster", db, EVENT="intgov04").splitlines()
        assert books_said == f"Books: the local run at http://localhost:{port}."
        assert nothing == "Nothing to send now."
        assert "the roster then goes to" in then
        assert "PROJECT=... says whose" in refused("smoke", db, URL="https://registration.example.org")
        assert "is no address of a page" in refused("smoke", db, URL=f"127.0.0.1:{port}/register")


def test_an_event_whose_file_is_gone_is_named(tmp_path: Path) -> None:
    """Two events, one of whose files somebody takes away; and what is not open is only looked at."""
    db, port, events = tmp_path / "books", free_port(), tmp_path / "events"
    letters_event(events)
    to_come = ("opens = 2004-01-14", "opens = 2004-02-01")
    (events / "other.toml").write_text((EVENTS / "intgov04.toml").read_text("utf-8").replace(*to_come), "utf-8")
    settings = {"PORT": str(port), "BOOKS": str(db), "EVENTS": str(events)}
    with process(["rollcall.local"], port, settings) as served:
        assert served.post_json(PATH, a_form()).status == 201
        whole = f"http://127.0.0.1:{port}{PATH}?lang=en"
        assert f"http://127.0.0.1:{port}{PATH}, with the books" in done("smoke", db, URL=whole)
    (events / "intgov04.toml").unlink()
    with process(["rollcall.local"], port, settings) as served:
        assert served.ask("GET", PATH).status == 404
        fault, *_ = refused("event-check", db).splitlines()
        assert fault.startswith(f"{events}/intgov04.toml: is not there")
        said = done("status", db)
        assert f"intgov04: the books know it, and there is no file of it in {events}" in said
        said = done("smoke", db)
        assert 'says "Registration is not yet open"' in said
        assert "only the page was tried" in said
        (events / "gone.toml").write_text((events / "other.toml").read_text("utf-8"), "utf-8")
        (events / "other.toml").unlink()
        assert "FAILED. It answered 404" in refused("smoke", db)


def test_each_run_has_its_own_books(tmp_path: Path) -> None:
    one, two = ((tmp_path / name, free_port()) for name in ("one", "two"))
    with ExitStack() as runs:
        for db, port in (one, two):
            runs.enter_context(process(["rollcall.local"], port, {"PORT": str(port), "BOOKS": str(db)}))
        for db, port in (one, two):
            assert f"Books: the local run at http://localhost:{port}." in done("status", db)


def test_without_a_run_and_without_a_project(tmp_path: Path) -> None:
    said = refused("status", tmp_path / "books")
    assert "make run" in said
    assert "PROJECT=" in said
    left_over = {
        "port": free_port(),
        "events": "events",
        "books": "books",
        "shift": 0,
        "emulator": None,
        "project": None,
    }
    (tmp_path / "books.run.json").write_text(json.dumps(left_over), "utf-8")  # of a run that was killed
    assert refused("status", tmp_path / "books") == said


def test_a_run_says_of_itself_only_while_it_runs(tmp_path: Path) -> None:
    db, port = tmp_path / "books", free_port()
    environment = {**os.environ, "PORT": str(port), "BOOKS": str(db)}
    running = subprocess.Popen([sys.executable, "-m", "rollcall.local"], cwd=ROOT, env=environment)
    until(lambda: (tmp_path / "books.run.json").exists())
    assert line(done("status", db), "received") == "0 in all"
    running.send_signal(signal.SIGINT)
    running.wait(timeout=30)
    assert not (tmp_path / "books.run.json").exists()


def test_event_files_are_checked_without_any_books(tmp_path: Path) -> None:
    db = tmp_path / "books"
    fault = refused("event-check", db)
    assert "events/intgov04.toml: intake.closes: the end of 20 February 2004 (Zurich time) has passed" in fault
    assert "EVENTS=<folder>" in fault
    assert "Checked without any books (PROJECT=... says which), as of " in fault
    right = done("event-check", db, AT="2004-01-20T12:00+01:00")
    assert "Nothing is wrong" in right
    assert "checked without any books (PROJECT=... says which), as of 20 January 2004, 11:00 UTC" in right
    assert "AT=soon is not a time" in refused("event-check", db, AT="soon")
    folder = letters_event(tmp_path / "events", ('staff = ["spumail@itu.int"]\n', ""), ("ends = 2004-02-27", ""))
    (tmp_path / "events" / "other.toml").write_text((EVENTS / "intgov04.toml").read_text("utf-8"), "utf-8")
    faults = refused("event-check", db, EVENTS=folder).splitlines()
    assert f"{folder}/intgov04.toml: staff: is missing; add it" in faults
    assert f"{folder}/intgov04.toml: ends: is missing; add it" in faults
    assert any(one.startswith(f"{folder}/other.toml: intake.closes: ") for one in faults)


def test_a_project_whose_books_know_no_event(emulator: str, tmp_path: Path) -> None:
    project = f"test-{uuid.uuid4().hex[:12]}"
    settings = {"PROJECT": project, "FIRESTORE_EMULATOR_HOST": emulator}
    assert "the books do not know the event yet" in done("status", tmp_path / "books", **settings)
    assert "has passed" in refused("event-check", tmp_path / "books", **settings)
    move = {**settings, "EVENT": "intgov04", "TO": "2004-02-26"}
    assert "do not know intgov04 yet" in refused("move-deadline", tmp_path / "books", **move)
    assert "URL=https://" in refused("smoke", tmp_path / "books", **settings)
    assert FirestoreStore(firestore.Client(project=project)).known_intake(an_event().slug) is None


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (grpc.StatusCode.NOT_FOUND, "404"),  # what Google answers where the project has no such database
        (grpc.StatusCode.PERMISSION_DENIED, "403"),
        (grpc.StatusCode.UNAUTHENTICATED, "401"),
    ],
)
def test_a_project_whose_books_are_not_there_or_are_not_ours(
    status: grpc.StatusCode, said: str, emulator: str, tmp_path: Path
) -> None:
    with faulty_firestore(emulator) as proxy:
        proxy.cut = status
        settings = {"PROJECT": "mistyped", "FIRESTORE_EMULATOR_HOST": proxy.address}
        assert refused("status", tmp_path / "books", **settings).startswith(
            f"The books cannot be reached, or read, now: {said} "
        )


def test_a_login_that_is_missing_is_said(tmp_path: Path) -> None:
    if shutil.which("gcloud") is None:
        leave_out("the login at Google: gcloud is not installed")
    environment = {"PROJECT": "nobodys", "CLOUDSDK_CONFIG": str(tmp_path), "FIRESTORE_EMULATOR_HOST": ""}
    assert "gcloud auth login" in refused("status", tmp_path / "books", **environment)
