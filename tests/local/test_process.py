"""`make run` as a process: how it starts, goes on, refuses to start, and ends."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from rollcall.local.__main__ import main
from rollcall.local.emulator import free_port
from tests.support.builders import EVENTS, a_form
from tests.support.left_out import leave_out
from tests.support.local_run import local_run, outbox
from tests.support.served import ROOT, process, until

PATH = "/register/intgov04"


def start(database: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A start that is refused."""
    environment = {**os.environ, "DATABASE": str(database), **environment}
    command = [sys.executable, "-m", "rollcall.local"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.slow
def test_a_run_on_firestore_confirms(tmp_path: Path, emulator: str) -> None:
    with local_run(tmp_path / "database", STORE="firestore", FIRESTORE_EMULATOR_HOST=emulator) as served:
        assert served.post_json(PATH, a_form()).status == 201
        (confirmation,) = until(lambda: outbox(served, "confirmation"))
        assert confirmation["at"].startswith("2004-01-14T")


@pytest.mark.slow
def test_the_database_outlives_the_process(tmp_path: Path) -> None:
    database = tmp_path / "database"
    with local_run(database) as served:
        assert "14 January 2004" in served.ask("GET", "/").text
        reference = served.post_json(PATH, a_form()).json["reference"]
        until(lambda: outbox(served, "confirmation"))
    assert {path.stat().st_mode & 0o077 for path in (database, *database.rglob("*"))} == {0}  # nobody else's
    with local_run(database) as served:
        again = served.post_json(PATH, a_form())
        assert (again.status, again.json["reference"]) == (200, reference)
        assert len(outbox(served, "confirmation")) == 1
    with local_run(database, AT="2004-02-21T00:00:01+01:00") as served:
        until(lambda: outbox(served, "roster"))
    with local_run(database) as served:  # after the deadline a plain run begins anew
        assert served.post_json(PATH, a_form()).status == 201
    assert len(list(tmp_path.glob("database-*"))) == 1


def test_a_folder_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "database").mkdir(mode=0o755)
    with local_run(tmp_path / "database"):
        assert (tmp_path / "database").stat().st_mode & 0o777 == 0o700


@pytest.mark.slow
def test_a_start_that_is_refused_leaves_the_database_alone(tmp_path: Path) -> None:
    database = tmp_path / "database"
    with local_run(database) as served:
        assert served.post_json(PATH, a_form()).status == 201
        for port, said in ((served.port, f"Port {served.port} is taken"), (free_port(), "is in use by another run")):
            assert said in start(database, AT="2004-01-13T12:00:00+01:00", PORT=str(port)).stderr
        assert served.post_json(PATH, a_form()).status == 200
    assert list(tmp_path.glob("database-*")) == []


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"PORT": "abc"}, "PORT=abc is not a port"),
        ({"PORT": "70000"}, "PORT=70000 is not a port; say a number from 1 to 65535"),
        ({"STORE": "paper"}, "STORE=paper is not known; say STORE=sqlite"),
        ({"STORE": "firestore", "FIRESTORE_EMULATOR_HOST": "localhost:9"}, "nobody answers at FIRESTORE_EMULATOR_HOST"),
        ({"STORE": "firestore", "FIRESTORE_EMULATOR_HOST": "here"}, "nobody answers at FIRESTORE_EMULATOR_HOST=here"),
        ({"AT": "soon"}, "AT=soon is not a time"),
        ({"AT": "0001-01-01T00:00:00+02:00"}, "is not a time"),
        ({"AT": "9999-12-31T23:59:55Z"}, "is not a time"),
        ({"AT": "2004-02-20"}, r"does not say in which zone; write it as AT=2004-02-20T00:00:00\+01:00"),
        ({"AT": "2004-02-20T18:00"}, r"does not say in which zone; write it as AT=2004-02-20T18:00\+01:00"),
        ({"EVENTS": "nowhere"}, "nowhere: there is no such folder; write one: make new-event"),
        ({"EVENTS": "docs"}, "docs: holds no event file; write one"),
        ({"DATABASE": "docs"}, "DATABASE=docs holds other things; name another folder"),
        ({"DATABASE": "README.md"}, "DATABASE=README.md cannot be used: .*Not a directory.*; name another folder"),
        ({"DATABASE": "/proc/none/database"}, "DATABASE=/proc/none/database cannot be used: .*; name another folder"),
        ({"SENDGRID_ANSWERS": "202"}, "SENDGRID_ANSWERS=202 is no error"),
        ({"SENDGRID_ANSWERS": "no"}, "SENDGRID_ANSWERS=no is no error"),
    ],
)
def test_a_wrong_setting_is_said_in_a_line(
    tmp_path: Path, environment: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"DATABASE": str(tmp_path / "database"), "PORT": str(free_port()), **environment}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=said):
        main([])


def test_a_run_does_not_begin_where_a_file_is_wrong_in_one_of_its_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (EVENTS / "examples" / "online-seminar.toml").read_text("utf-8")
    (tmp_path / "seminar.toml").write_text(text.replace('es = "Seminario', 'es = ""  } # "'), "utf-8")
    monkeypatch.setenv("EVENTS", str(tmp_path))
    monkeypatch.setenv("PORT", str(free_port()))
    with pytest.raises(SystemExit, match=r"seminar\.toml:3: title\.es: is empty"):
        main([])


def test_a_run_ends_though_the_interrupt_was_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As one was within gRPC: the run then went on, deaf to all that followed."""
    monkeypatch.setenv("DATABASE", str(tmp_path / "database"))
    monkeypatch.setenv("PORT", str(free_port()))
    monkeypatch.setattr("rollcall.local.__main__._told", [signal.SIGTERM])
    main([])
    assert "Stopped." in capsys.readouterr().out


def test_help_starts_no_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    assert "SENDGRID_ANSWERS" in capsys.readouterr().out


@pytest.mark.slow
def test_the_database_of_another_version_is_set_aside(tmp_path: Path) -> None:
    database = tmp_path / "database"
    database.mkdir()
    with sqlite3.connect(database / "rollcall.sqlite3") as old:
        old.execute("create table mails (id text)")
    with local_run(database) as served:
        assert served.post_json(PATH, a_form()).status == 201
    assert len(list(tmp_path.glob("database-*/rollcall.sqlite3"))) == 1


@pytest.mark.slow
def test_a_run_that_ends_stops_its_emulator(tmp_path: Path) -> None:
    if shutil.which("gcloud") is None:
        leave_out("an emulator of our own: gcloud is not installed")
    port, said = free_port(), tmp_path / "database.run.json"
    settings = {"PORT": str(port), "DATABASE": str(tmp_path / "database"), "STORE": "firestore"}
    with process(["rollcall.local"], port, {**settings, "FIRESTORE_EMULATOR_HOST": ""}):
        emulator = until(lambda: said.exists() and json.loads(said.read_text("utf-8")))["emulator"]
        host, _, emulators_port = emulator.partition(":")
        socket.create_connection((host, int(emulators_port)), timeout=5).close()
    assert not said.exists()

    def is_gone() -> bool:
        try:
            socket.create_connection((host, int(emulators_port)), timeout=5).close()
        except ConnectionRefusedError:
            return True
        return False

    assert until(is_gone)  # Java takes a moment to end
