"""E-mail that is sent in from the outbox page, as a newcomer does, and what comes of it."""

import io
import re
from collections.abc import Mapping
from datetime import timedelta
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from rollcall.documents.blank_form import blank_form_pdf
from rollcall.local.sample import SAMPLE_PAPER, SENDER, filled_in, sample_text
from tests.support.blank_form import filled_in as filled_in_pdf
from tests.support.builders import a_form, an_event
from tests.support.clock import Clock
from tests.support.inbound import A_PDF
from tests.support.local_run import outbox
from tests.support.papers import a_pdf
from tests.support.served import Answer, Served, until

TO = "intgov04@forms.rollcall.example"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
ANSWERS = {name: str(value) for name, value in a_form().items()}
AMINA = "Amina Diallo <amina.diallo@mpt.example.org>"


def send_in(served: Served, **fields: Any) -> dict[str, Any]:
    """Send an e-mail in; what the page then shows of it."""
    boundary, body = encode_multipart({"to": TO, **fields})
    sent = served.ask("POST", "/send-in", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
    assert (sent.status, sent.headers["Location"]) == (303, "/outbox#came-in")

    def once_read() -> dict[str, Any] | None:
        """The sweep of the first minute may have come first, and read it a moment later."""
        shown: dict[str, Any] = served.ask("GET", "/messages.json").json[0]
        return shown if shown["status"] != "unread" else None

    read: dict[str, Any] = until(once_read)
    return read


def a_file(content: bytes, name: str) -> FileStorage:
    return FileStorage(io.BytesIO(content), name)


def test_a_form_in_an_email_is_registered_and_confirmed(served: Served) -> None:
    page = served.ask("GET", "/outbox").text
    assert "[x] Administration of ITU Member State" in page
    shown = send_in(served, **{"from": SENDER, "subject": "My form", "text": sample_text(an_event(), TO)})
    assert (shown["status"], shown["from"]) == ("registered", "wanjiru.kamau@cck.example")
    assert shown["at"].startswith("2004-02-02T")
    (form,) = shown["forms"]
    assert (form["status"], form["faults"]) == ("registered", {})
    (mail,) = until(lambda: outbox(served, "confirmation"))
    assert mail["to"] == "wanjiru.kamau@cck.example"
    assert form["reference"] in mail["text"]
    page = served.ask("GET", "/outbox").text
    for said in ("My form", "wanjiru.kamau@cck.example", "A form: registered", form["reference"]):
        assert said in page


def test_what_is_missing_is_asked_for_and_completed_under_the_link(served: Served) -> None:
    text = filled_in(an_event(), TO, {**ANSWERS, "organization": ""})
    shown = send_in(served, **{"from": AMINA, "subject": "My form", "text": text})
    assert shown["status"] == "waiting_for_sender"
    assert list(shown["forms"][0]["faults"]) == ["Administration or organization"]
    assert shown["forms"][0]["reference"] is None
    (reply,) = until(lambda: outbox(served, "reply"))
    assert reply["to"] == "amina.diallo@mpt.example.org"
    link = urlsplit(re.findall(r"http://\S+/complete/[\w.-]+", reply["text"])[0])
    page = served.ask("GET", link.path, headers={"Accept": "text/html"})
    assert 'value="Diallo"' in page.text
    completed = complete(served, link.path, page.text)
    assert completed.status == 303
    assert "/received/" in completed.headers["Location"]
    (confirmation,) = until(lambda: outbox(served, "confirmation"))
    assert confirmation["to"] == "amina.diallo@mpt.example.org"


def complete(served: Served, path: str, page: str) -> Answer:
    """Press the page's button, and once more where it asks for that, which a test is fast enough for."""
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    answer = served.ask("POST", path, urlencode({**ANSWERS, **hidden}), FORM)
    return served.ask("POST", path, urlencode(ANSWERS), FORM) if answer.status == 202 else answer


def test_a_form_in_a_pdf_is_registered(served: Served) -> None:
    answers = ANSWERS | {name: f"/{ANSWERS[name]}" for name in ("title", "category")}
    form = a_file(filled_in_pdf(an_event(), answers), "form.pdf")
    letter = {"from": AMINA, "subject": "Form", "text": "Please find my form attached."}
    shown = send_in(served, **letter, attachment=form)
    assert [(form["status"], form["faults"]) for form in shown["forms"]] == [("registered", {})]
    again = send_in(served, **letter, attachment=a_file(blank_form_pdf(an_event(), TO), "form.pdf"))
    assert again["status"] != "registered"


def test_a_paper_goes_to_the_address_for_contributions_and_its_receipt_can_be_answered(served: Served) -> None:
    to = TO.replace("@", "+contribution@")
    assert f'name="to" value="{to}"' in served.ask("GET", "/outbox").text
    letter = {"to": to, "from": SENDER, "subject": "Contribution", "text": SAMPLE_PAPER}
    shown = send_in(served, **letter, attachment=a_file(a_pdf({}), "paper.pdf"))
    assert (shown["status"], shown["papers"]) == ("contributed", ["received"])
    assert served.ask("POST", "/send-due-mail").status == 200
    (receipt,) = until(lambda: outbox(served, "receipt"))
    page = served.ask("GET", "/outbox").text
    assert "Papers: received" in page
    assert f'name="answers" value="{escape(receipt["message_id"])}"' in page


SOURCE = f"""\
From: Amina Diallo <amina.diallo@mpt.example.org>
To: {TO}
Subject: =?utf-8?Q?Inscription_=C3=A0_l'atelier?=
Message-ID: <one@mpt.example.org>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

{filled_in(an_event(), TO, ANSWERS)}"""


@pytest.mark.parametrize("fields", [{"raw": SOURCE}, {"eml": SOURCE.encode()}], ids=["pasted", "a file"])
def test_a_whole_email_is_sent_in(served: Served, fields: Mapping[str, Any]) -> None:
    files = {name: a_file(value, "form.eml") for name, value in fields.items() if isinstance(value, bytes)}
    shown = send_in(served, **{**fields, **files})
    assert (shown["status"], shown["subject"]) == ("registered", "Inscription à l'atelier")
    (mail,) = until(lambda: outbox(served, "confirmation"))
    assert mail["to"] == "amina.diallo@mpt.example.org"


@pytest.mark.slow
def test_a_large_email_is_sent_in(served: Served) -> None:
    assert send_in(served, raw=SOURCE + "\n" + "More.\n" * 200_000)["subject"] == "Inscription à l'atelier"


def test_strangers_text_is_shown_as_text(served: Served) -> None:
    send_in(served, **{"from": '"<b>" <b@example.org>', "subject": "<script>alert(1)</script>", "text": "Hello"})
    page = served.ask("GET", "/outbox").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page


def test_the_staff_hear_next_morning_of_what_needs_review(served: Served, clock: Clock) -> None:
    shown = send_in(served, **{"from": AMINA, "subject": "A question", "text": "When does it begin?"})
    assert (shown["status"], shown["forms"]) == ("needs_review", [])
    assert outbox(served, "staff-digest") == []
    clock.now = clock.now.replace(day=3, hour=7, minute=1)
    (digest,) = until(lambda: outbox(served, "staff-digest"))
    assert digest["to"] == "spumail@itu.int"
    assert "A question" in digest["text"]


def test_programs_stay_and_what_the_staff_get_opens_nothing_here(served: Served, clock: Clock) -> None:
    files = {"Форма №1.pdf.exe": A_PDF, "a.html": b"<script>alert(1)</script>", "a.pdf": b"MZ"}
    attached = [a_file(content, name) for name, content in files.items()]
    send_in(served, **{"from": AMINA, "subject": "Forms", "text": "Dear all", "attachment": attached})
    clock.now += timedelta(days=1)
    (digest,) = until(lambda: outbox(served, "staff-digest"))
    (file,) = digest["attachments"]
    assert file["name"] == "1-Форма _1_pdf.pdf"
    assert "(not attached: only PDF" in digest["text"]
    answer = served.ask("GET", file["url"])
    assert answer.text == A_PDF.decode()
    assert answer.headers["Content-Disposition"].startswith("attachment; filename")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_an_email_of_ours_is_answered_from_the_page(served: Served) -> None:
    send_in(served, **{"from": SENDER, "subject": "My form", "text": sample_text(an_event(), TO)})
    (ours,) = until(lambda: outbox(served, "confirmation"))
    page = served.ask("GET", "/outbox").text
    assert f'name="answers" value="{escape(ours["message_id"])}"' in page
    assert f'name="to" value="{TO}"' in page
    answer = {"from": ours["to"], "subject": f"Re: {ours['subject']}", "answers": ours["message_id"]}
    shown = send_in(served, **answer, text="Hotel: Hotel Epsom")
    assert (shown["status"], shown["forms"][0]["status"]) == ("changed", "changed")
    assert shown["forms"][0]["reference"] in ours["text"]
