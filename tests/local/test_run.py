"""`make run` as a newcomer meets it: a process, a port, a browser's and a program's requests."""

import csv
import io
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import openpyxl
import pytest
from icalendar import Calendar

from rollcall.links import SignedLinks
from rollcall.local.emulator import free_port
from rollcall.model.email import EmailKind
from rollcall.store.folder import FolderFiles
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import a_form, an_event
from tests.support.left_out import leave_out
from tests.support.local_run import local_run, outbox
from tests.support.served import ROOT, Served, process, until

PATH = "/register/intgov04"
BEFORE_THE_DEADLINE = "2004-02-20T23:59:50+01:00"


def test_a_registration_is_confirmed(tmp_path: Path, store: Mapping[str, str]) -> None:
    with local_run(tmp_path / "books", **store) as served:
        index = served.ask("GET", "/").text
        assert 'href="/register/intgov04"' in index
        assert 'href="/outbox"' in index
        assert "14 January 2004" in index
        reference = served.post_json(PATH, a_form()).json["reference"]
        (mail,) = until(lambda: outbox(served, "confirmation"))
        assert (mail["id"][:9], mail["to"]) == ("intgov04.", "amina.diallo@mpt.example.org")
        assert mail["at"].startswith("2004-01-14T")
        assert set(mail) == {"id", "kind", "to", "subject", "at", "state", "text", "html", "attachments"}
        for body in (mail["text"], mail["html"]):
            for said in (reference, "Salle B", "+41 22 730 51 11", "Hôtel Cornavin", "022 716 12 12", "Robert Shaw"):
                assert said in body
        (file,) = mail["attachments"]
        entry: Any = Calendar.from_ical(served.ask("GET", file["url"]).text)
        assert str(entry.walk("VEVENT")[0]["dtstart"].dt) == "2004-02-26"
        assert mail["subject"] in served.ask("GET", "/outbox").text
        served.post_json(PATH, a_form())
        differs = served.post_json(PATH, a_form(hotel="Another"))
        assert differs.status == 409
        (notice,) = until(lambda: outbox(served, "conflict"))
        assert "Another" not in notice["text"].replace("Another registration form", "")
        served.post_json(PATH, a_form(hotel="A third"))
        served.ask("POST", "/send-due-mail")
        assert len(served.ask("GET", "/outbox.json").json) == 2


def test_what_sendgrid_reports_is_on_the_mail(tmp_path: Path, store: Mapping[str, str]) -> None:
    with local_run(tmp_path / "books", **store) as served:
        served.post_json(PATH, a_form())
        served.post_json(PATH, a_form(email="bounce@example.org"))

        def statuses() -> dict[str, str]:
            return {mail["to"]: mail["state"] for mail in served.ask("GET", "/outbox.json").json}

        until(lambda: statuses() == {"amina.diallo@mpt.example.org": "delivered", "bounce@example.org": "bounced"})
        assert served.ask("POST", "/record-deliveries", b"[]").status == 401


def test_the_intake_closes_by_itself(tmp_path: Path, store: Mapping[str, str]) -> None:
    with local_run(tmp_path / "books", AT=BEFORE_THE_DEADLINE, **store) as served:
        names = ["Zoé", "Ángela", "=1+1"]
        for name in names:
            assert served.post_json(PATH, a_form(first_name=name)).status == 201
        (mail,) = until(lambda: outbox(served, "roster"))
        assert mail["to"] == "spumail@itu.int"
        assert mail["subject"].endswith("3 registered")
        files = {file["name"]: file["url"] for file in mail["attachments"]}
        rows = list(
            csv.DictReader(io.StringIO(served.ask("GET", files["intgov04-roster.csv"]).text.removeprefix("\ufeff")))
        )
        assert [row["First name"] for row in rows] == ["'=1+1", "Zoé", "Ángela"]
        assert {row["Tel."] for row in rows} == {"+224 30 41 13 31"}
        closed = served.ask("GET", PATH)
        assert "Registration is closed" in closed.text
        assert "spumail@itu.int" in closed.text
        assert served.post_json(PATH, a_form(first_name="Late")).status == 410
        assert served.post_json(PATH, a_form(first_name="Zoé")).status == 200
        assert served.ask("POST", "/close-intake").json == {"closed": {}}
        assert len(outbox(served, "roster")) == 1


def test_the_books_outlive_the_process(tmp_path: Path) -> None:
    db = tmp_path / "books"
    with local_run(db) as served:
        reference = served.post_json(PATH, a_form()).json["reference"]
        until(lambda: outbox(served, "confirmation"))
    with local_run(db) as served:
        known = served.post_json(PATH, a_form())
        assert (known.status, known.json["reference"]) == (200, reference)
        assert len(outbox(served, "confirmation")) == 1
    with local_run(db, AT=BEFORE_THE_DEADLINE) as served:
        until(lambda: outbox(served, "roster"))
    with local_run(db) as served:  # after the deadline a plain run begins anew
        assert served.post_json(PATH, a_form()).status == 201
    assert len(list(tmp_path.glob("books-*"))) == 1


def start(db: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A start that is refused."""
    environment = {**os.environ, "BOOKS": str(db), **environment}
    command = [sys.executable, "-m", "rollcall.local"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_start_that_is_refused_leaves_the_books_alone(tmp_path: Path) -> None:
    db = tmp_path / "books"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = start(db, PORT=str(port))
    assert f"Port {port} is taken" in refused.stderr
    with local_run(db) as served:
        assert served.post_json(PATH, a_form()).status == 201
        assert "14 January 2004" in served.ask("GET", "/").text
        for environment in ({"PORT": str(served.port)}, {"PORT": str(free_port())}):
            refused = start(db, AT="2004-01-13T12:00:00+01:00", **environment)
            assert "is taken" in refused.stderr or "is in use by another run" in refused.stderr
        assert served.post_json(PATH, a_form()).status == 200
    assert list(tmp_path.glob("books-*")) == []


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"PORT": "abc"}, "PORT"),
        ({"STORE": "paper"}, "STORE=paper"),
        ({"AT": "soon"}, "AT=soon is not a time"),
        ({"SENDGRID_ANSWERS": "202"}, "SENDGRID_ANSWERS=202 is not what"),
        ({"SENDGRID_ANSWERS": "no"}, "SENDGRID_ANSWERS=no is not what"),
    ],
)
def test_a_wrong_setting_is_said_in_a_line(tmp_path: Path, environment: dict[str, str], said: str) -> None:
    refused = start(tmp_path / "books", **{"PORT": str(free_port()), **environment})
    assert refused.returncode == 1
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_books_of_another_version_are_set_aside(tmp_path: Path) -> None:
    db = tmp_path / "books"
    db.mkdir()
    with sqlite3.connect(db / "rollcall.sqlite3") as old:
        old.execute("create table mails (id text)")
    with local_run(db) as served:
        assert served.post_json(PATH, a_form()).status == 201
    assert len(list(tmp_path.glob("books-*/rollcall.sqlite3"))) == 1


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with local_run(tmp_path / "books") as running:
        yield running


def test_private_functions_take_posts(served: Served) -> None:
    assert served.ask("GET", "/close-intake").status == 405
    assert served.ask("POST", "/close-intake").json == {"closed": {}}


def test_the_link_to_a_roster_that_no_mail_could_carry_works_here_too(tmp_path: Path) -> None:
    file_id, until_new_year = "roster-intgov04-0123456789abcdef-20040221T000005.csv", datetime(2005, 1, 1, tzinfo=UTC)
    with local_run(tmp_path / "books") as served:
        FolderFiles(tmp_path / "books" / "messages").put(file_id, b"Reference\r\n")
        link = SignedLinks("local", f"http://localhost:{served.port}/register").roster(
            an_event(), file_id, until_new_year
        )
        with urlopen(link) as answer:
            assert answer.read() == b"Reference\r\n"
            assert answer.headers["Content-Disposition"] == 'attachment; filename="intgov04-roster.csv"'


def test_the_roster_is_a_workbook_too(tmp_path: Path) -> None:
    with local_run(tmp_path / "books", AT=BEFORE_THE_DEADLINE) as served:
        served.post_json(PATH, a_form())
        (mail,) = until(lambda: outbox(served, "roster"))
        assert [file["name"] for file in mail["attachments"]] == ["intgov04-roster.csv", "intgov04-roster.xlsx"]
        with urlopen(f"http://127.0.0.1:{served.port}{mail['attachments'][1]['url']}") as file:
            sheet = openpyxl.load_workbook(io.BytesIO(file.read()))["Roster"]
        assert [cell.value for cell in sheet[2]][3:5] == ["Diallo", "Amina"]


@pytest.mark.parametrize(
    ("answers", "status", "note", "held"),
    [
        ("401", "queued", "SendGrid answered 401", True),
        ("400", "failed", "SendGrid answered 400", False),
        ("500", "in doubt", "SendGrid answered 500", False),
        ("0", "in doubt", "no clear answer from SendGrid: ", False),
    ],
)
def test_sendgrids_faults_can_be_made_to_happen(
    tmp_path: Path, answers: str, status: str, note: str, held: bool
) -> None:
    db = tmp_path / "books"
    with local_run(db, SENDGRID_ANSWERS=answers) as served:
        assert served.post_json(PATH, a_form()).status == 201
        store = SqliteStore(db / "rollcall.sqlite3", lambda: datetime(2004, 1, 1, tzinfo=UTC))  # moves no time on

        def stands() -> tuple[str, str, bool] | None:
            records, queue = store.unsent_entries("intgov04", None, 99), store.circuit_breaker()
            (record,) = (one for one in records if one.kind is EmailKind.CONFIRMATION)
            notes = [queue.note, *(attempt.note for attempt in record.attempts)]
            said = next((one for one in notes if one.startswith(note)), None)
            return (record.status.value, said, queue.open_until is not None) if said else None

        assert until(stands)[::2] == (status, held)
        store.close()
        assert served.ask("GET", "/outbox.json").json == []
    if answers == "400":
        with local_run(db) as served:  # it takes them again
            assert served.post_json(PATH, a_form(first_name="B")).status == 201
            (mail,) = until(lambda: outbox(served, "confirmation"))
            assert mail["attachments"]


def test_a_run_that_is_ended_ends_its_emulator(tmp_path: Path) -> None:
    if shutil.which("gcloud") is None:
        leave_out("an emulator of our own: gcloud is not installed")
    port, said = free_port(), tmp_path / "books.run.json"
    settings = {
        "PORT": str(port),
        "BOOKS": str(tmp_path / "books"),
        "STORE": "firestore",
        "FIRESTORE_EMULATOR_HOST": "",
    }
    with process(["rollcall.local"], port, settings):
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
