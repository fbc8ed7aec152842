"""The local run as a newcomer meets it: a browser's and a program's requests."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import openpyxl
import pytest
from icalendar import Calendar

from rollcall.links import SignedLinks
from rollcall.local.sendgrid import HANGS_UP
from rollcall.model.email import EmailKind
from rollcall.ops.local_run import DATABASE_FILE
from rollcall.store.folder import FolderFiles
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import a_form, an_event
from tests.support.clock import Clock
from tests.support.local_run import outbox, run_here
from tests.support.served import Served, until

PATH = "/register/intgov04"
EVENT = an_event()


def test_a_registration_is_confirmed_once(served: Served) -> None:
    reference = served.post_json(PATH, a_form()).json["reference"]
    (mail,) = until(lambda: outbox(served, "confirmation"))
    assert (mail["id"][:9], mail["to"]) == ("intgov04.", "amina.diallo@mpt.example.org")
    assert mail["at"].startswith("2004-02-02T")
    about = {"id", "kind", "to", "subject", "message_id", "reply_to", "at", "status"}
    assert set(mail) == about | {"text", "html", "attachments"}
    assert reference in mail["text"]
    (file,) = mail["attachments"]
    entry: Any = Calendar.from_ical(served.ask("GET", file["url"]).text)
    assert str(entry.walk("VEVENT")[0]["dtstart"].dt) == "2004-02-26"
    assert mail["subject"] in served.ask("GET", "/outbox").text
    served.post_json(PATH, a_form())
    assert served.post_json(PATH, a_form(hotel="Another")).status == 409
    until(lambda: outbox(served, "conflict"))
    served.post_json(PATH, a_form(hotel="A third"))
    served.ask("POST", "/send-due-mail")
    assert len(served.ask("GET", "/outbox.json").json) == 2


def test_the_first_page_shows_the_events_and_the_time(served: Served) -> None:
    index = served.ask("GET", "/").text
    for shown in ('href="/register/intgov04"', 'href="/outbox"', "2 February 2004", "open until"):
        assert shown in index
    assert "smoke-test" not in index
    assert "smoke-test" not in served.ask("GET", "/register", headers={"Accept": "text/html"}).text


def test_delivery_events_are_on_the_email(served: Served) -> None:
    served.post_json(PATH, a_form())
    served.post_json(PATH, a_form(email="bounce@example.org"))

    def statuses() -> dict[str, str]:
        return {one["to"]: one["status"] for one in served.ask("GET", "/outbox.json").json}

    until(lambda: statuses() == {"amina.diallo@mpt.example.org": "delivered", "bounce@example.org": "bounced"})
    assert served.ask("POST", "/record-deliveries", b"[]").status == 401


def test_the_intake_closes_by_itself(served: Served, clock: Clock) -> None:
    clock.now = EVENT.closes_at - timedelta(seconds=10)
    for name in ("Zoé", "Ángela", "=1+1"):
        assert served.post_json(PATH, a_form(first_name=name)).status == 201
    clock.now = EVENT.closes_at + timedelta(seconds=1)
    (mail,) = until(lambda: outbox(served, "roster"))
    assert mail["to"] == "spumail@itu.int"
    files = {file["name"]: file["url"] for file in mail["attachments"]}
    table = served.ask("GET", files["intgov04-roster-for-programs.csv"]).text
    assert {row["first_name"] for row in csv.DictReader(io.StringIO(table))} == {"'=1+1", "Ángela", "Zoé"}
    with urlopen(f"http://127.0.0.1:{served.port}{files['intgov04-roster.xlsx']}") as file:
        sheet = openpyxl.load_workbook(io.BytesIO(file.read()))["Roster"]
    assert [row[4].value for row in sheet.rows] == ["First name", "=1+1", "Ángela", "Zoé"]
    assert "Registration is closed" in served.ask("GET", PATH).text
    assert "closed at" in served.ask("GET", "/").text
    assert served.post_json(PATH, a_form(first_name="Late")).status == 410
    assert served.post_json(PATH, a_form(first_name="Zoé")).status == 200
    assert served.ask("POST", "/close-intake").json == {"closed": {}}
    assert len(outbox(served, "roster")) == 1


@pytest.mark.parametrize("host", ["attacker.example", "localhost.attacker.example:80", "192.0.2.1", "["])
def test_a_name_that_leads_here_is_not_answered(served: Served, host: str) -> None:
    """By DNS a page elsewhere could make this machine its own site, and read the outbox."""
    assert served.ask("GET", "/outbox.json", headers={"Host": host}).status == 421
    for ours in (f"localhost:{served.port}", "127.0.0.1", "[::1]:8080"):
        assert served.ask("GET", "/outbox.json", headers={"Host": ours}).status == 200


def test_a_page_elsewhere_posts_only_the_form(served: Served) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "cross-site"}
    for path in ("/send-in", "/close-intake", "/send-due-mail", "/erase", "/sendgrid/v3/mail/send"):
        assert served.ask("POST", path, "to=x", form).status == 403
    assert served.ask("POST", PATH, "family_name=x", form).status == 422
    assert served.ask("POST", "/close-intake", "", form | {"Sec-Fetch-Site": "same-origin"}).status == 200
    without_referrer = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
    assert served.ask("POST", "/close-intake", "", form | without_referrer).status == 200
    for origin in ("http://evil.example", "null"):
        before = {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin}
        assert served.ask("POST", "/close-intake", "", before).status == 403


def test_internal_functions_take_posts_alone(served: Served) -> None:
    assert served.ask("GET", "/close-intake").status == 405
    assert served.ask("POST", "/close-intake").json == {"closed": {}}
    assert served.ask("GET", "/erase").status == 405
    assert served.ask("POST", "/erase").json == {"erased": 0, "deleted": {}, "accesses": 0}


def test_the_link_to_a_roster_that_no_email_could_carry_works_here_too(served: Served, tmp_path: Path) -> None:
    file_id, until_new_year = "roster-intgov04-0123456789abcdef-20040221T000005.csv", datetime(2005, 1, 1, tzinfo=UTC)
    FolderFiles(tmp_path / "database" / "messages").put(file_id, b"Reference\r\n")
    key = (tmp_path / "database" / "link-key").read_text("ascii")
    links = SignedLinks(key, f"http://localhost:{served.port}/register")
    with urlopen(links.roster(EVENT, file_id, EVENT.secretariat, until_new_year)) as answer:
        assert answer.read() == b"Reference\r\n"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="intgov04-roster-for-programs.csv"'


@pytest.mark.parametrize(
    ("answers", "status", "note", "is_open"),
    [
        (401, "pending", "SendGrid answered 401", True),
        (400, "failed", "SendGrid answered 400", False),
        (500, "unknown", "SendGrid answered 500", False),
        (HANGS_UP, "unknown", "no clear answer from SendGrid: ", False),
    ],
)
def test_sendgrids_faults_can_be_made_to_happen(
    tmp_path: Path, clock: Clock, answers: int, status: str, note: str, is_open: bool
) -> None:
    with run_here(tmp_path, clock, answers) as served:
        assert served.post_json(PATH, a_form()).status == 201
        store = SqliteStore(tmp_path / DATABASE_FILE, clock)

        def stands() -> tuple[str, bool] | None:
            entries, breaker = store.unsent_entries("intgov04", None, 99), store.circuit_breaker()
            (entry,) = (one for one in entries if one.kind is EmailKind.CONFIRMATION)
            notes = [breaker.note, *(attempt.note for attempt in entry.attempts)]
            is_noted = any(one.startswith(note) for one in notes)
            return (entry.status.value, breaker.open_until is not None) if is_noted else None

        until(lambda: stands() == (status, is_open))
        store.close()
        assert served.ask("GET", "/outbox.json").json == []
