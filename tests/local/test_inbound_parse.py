"""The stand-in's posts, read by werkzeug's form parser, and the e-mail in them by the email package."""

import json
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from rollcall.local.inbound_parse import inbound_post, written
from rollcall.model.email import Attachment

TO = "intgov04@forms.example.org"
AT = datetime(2004, 2, 2, 12, tzinfo=UTC)


def read(message: bytes) -> EmailMessage:
    return message_from_bytes(message, policy=default)


def test_a_post_has_sendgrids_fields_and_its_trace_on_top() -> None:
    message = b"From: A. Diallo <a.diallo@example.org>\r\nSubject: Form\r\n\r\n\xff\x00\r\n--xY\r\n"
    post = inbound_post(message, TO, AT)
    environ = EnvironBuilder(method="POST", data=post.body, content_type=post.content_type).get_environ()
    form = Request(environ).form
    trace, _, rest = form["email"].partition("\r\n")
    assert rest == message.decode("utf-8", "replace")
    assert message in post.body
    assert trace.startswith("Received: ")
    assert " by mx0001.sendgrid.net " in trace
    assert trace.endswith("; Mon, 02 Feb 2004 12:00:00 +0000")
    assert json.loads(form["envelope"]) == {"to": [TO], "from": "a.diallo@example.org"}
    assert (form["to"], form["from"], form["subject"]) == (TO, "A. Diallo <a.diallo@example.org>", "Form")
    assert (form["SPF"], form["dkim"]) == ("pass", "none")
    assert {"sender_ip", "charsets", "spam_score"} <= set(form)


def test_a_message_without_any_header_is_posted_too() -> None:
    assert b'"from": ""' in inbound_post(b"\x80", TO, AT).body


def test_what_a_person_writes_becomes_an_email() -> None:
    files = (Attachment("forme é.pdf", "application/pdf", b"%PDF"), Attachment("odd", "", b"\x00"))
    message = read(written("Zoë <zoe@example.org>", TO, "Élan", "Né à Zoug\r\n", AT, files))
    assert (message["From"], message["To"], message["Subject"]) == ("Zoë <zoe@example.org>", TO, "Élan")
    assert message["Date"].datetime == AT
    assert message["Message-ID"]
    body = message.get_body()
    assert body
    assert body.get_content().splitlines() == ["Né à Zoug"]
    assert [(part.get_filename(), part.get_content()) for part in message.iter_attachments()] == [
        ("forme é.pdf", b"%PDF"),
        ("odd", b"\x00"),
    ]


def test_a_line_break_begins_no_header() -> None:
    message = read(written("a@example.org\r\nBcc: x@example.org", TO, "Form\nX-Spam: no", "", AT))
    assert "Bcc" not in message
    assert "X-Spam" not in message
