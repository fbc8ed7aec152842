"""A message read: what is understood of it, and that nothing is raised whatever it is."""

import base64
import json
import tracemalloc
from dataclasses import asdict
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rollcall.desk.ports import EmailReader
from rollcall.inbound import reading as in_this_process
from rollcall.inbound import webhook
from rollcall.inbound.message import message_of
from rollcall.inbound.reading import LONGEST_NOT_READ, LONGEST_SUBJECT, LONGEST_TEXT, MOST_NOT_READ, MOST_REFERENCES
from rollcall.inbound.webhook import open_post
from rollcall.model.email import Attachment
from rollcall.model.inbound import MachineSign, ParsedEmail, Reason, ReviewReason
from tests.support.builders import an_event
from tests.support.inbound import A_PDF, TO, parsed_post, raw_post, stored

CASES = Path(__file__).parent.parent / "cases"
READER: EmailReader = in_this_process
EVENT = an_event()


def read(mime: bytes, **post: Any) -> ParsedEmail:
    return READER.read(stored(*raw_post(mime, **post)), EVENT)


def a_message(**headers: str) -> EmailMessage:
    message = EmailMessage()
    for name, value in {"From": "Amina Diallo <amina@mpt.example.org>", "Subject": "Form", **headers}.items():
        message[name.replace("_", "-")] = value
    message.set_content("Please find the form attached.\n")
    return message


def nasty_message() -> bytes:
    """One of everything, for mutation."""
    message = a_message(Message_ID="<1@mpt.example.org>", References="<0@x> <00@x>", Auto_Submitted="no")
    message["Received"] = "from a by mx.sendgrid.net with ESMTP; Fri, 15 Mar 2024 18:44:40.663 +0000 (UTC)"
    message.add_alternative("<p>Nom&nbsp;: <b>Diallo</b> <img src='cid:1'></p>", subtype="html", charset="iso-8859-1")
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="formulaire signé № 12.pdf")
    message.add_attachment("a;b\n1;2\n", subtype="csv", filename="liste.csv")
    message.add_attachment(a_message(Subject="=?utf-8?q?=C3=A9?="))
    return bytes(message)


def test_a_message_that_a_person_wrote() -> None:
    message = a_message(
        Message_ID="<form-1@mpt.example.org>",
        References="<a@x.org> <b@x.org>",
        In_Reply_To="<b@x.org>",
        Received="from mail.mpt.example.org by mx.sendgrid.net with ESMTP; Fri, 15 Mar 2024 18:44:40 +0000 (UTC)",
    )
    message.add_attachment(b"\xff\xd8\xff", maintype="image", subtype="jpeg", filename="scan.jpg")
    assert read(bytes(message)) == ParsedEmail(
        sender="amina@mpt.example.org",
        subject="Form",
        message_id="<form-1@mpt.example.org>",
        references=("<a@x.org>", "<b@x.org>"),
        arrived_at=datetime(2024, 3, 15, 18, 44, 40, tzinfo=UTC),
        not_read=("scan.jpg",),
        text="Please find the form attached.",
        is_proven=True,
        recipients=("intgov04@forms.example.org",),
        sender_name="Amina Diallo",
    )
    assert not read(bytes(message), spf="none").is_proven


def test_what_speaks_against_it() -> None:
    message = bytes(a_message(Precedence="bulk"))
    reading = read(message, sender="x@elsewhere.example.com", spam_score=7)
    assert (reading.automatic, reading.unproven, reading.spam) == (
        MachineSign.PRECEDENCE,
        Reason(ReviewReason.FROM_NOT_ALIGNED),
        True,
    )


def test_both_modes_read_the_same() -> None:
    message = a_message(Message_ID="<form-1@mpt.example.org>")
    head, _, body = message.as_bytes().replace(b"\n", b"\r\n").partition(b"\r\n\r\n")
    parsed = READER.read(stored(*parsed_post(head + b"\r\n", text=body)), EVENT)
    assert parsed == read(message.as_bytes())


def test_the_recipients_are_the_envelope_s() -> None:
    raw = stored(*raw_post(bytes(a_message(To="others@example.org")), to=[TO, "other@forms.example.org"]))
    assert READER.glance(raw).recipients == (TO, "other@forms.example.org")


class TestText:
    def test_its_beginning(self) -> None:
        assert read(b"From: a@x.org\r\n\r\n" + b"x" * 5000).text == "x" * LONGEST_TEXT

    def test_of_html_where_there_is_no_other(self) -> None:
        html = b"From: a@x.org\r\nContent-Type: text/html\r\n\r\n<p>Family name: Diallo</p>"
        assert "Family name: Diallo" in read(html).text
        assert "<p>" not in read(html).text

    def test_of_html_where_the_text_is_blank(self) -> None:
        message = EmailMessage()
        message.set_content(" \n\n")
        message.add_alternative("<p>Family name: Diallo</p>", subtype="html")
        assert "Family name: Diallo" in read(bytes(message)).text

    def test_of_a_message_within_where_it_says_nothing_itself(self) -> None:
        within = b"From: a@x.org\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nFamily name: Diallo"
        assert read(within).text == "Family name: Diallo"


class TestIds:
    @pytest.mark.parametrize(
        ("written", "id"),
        [
            ("<1@x.org>", "<1@x.org>"),
            (" <1@x.org> (added by x)", "<1@x.org>"),
            ("<[b378dfc50603435b@microsoft.com]>", "<[b378dfc50603435b@microsoft.com]>"),  # as Exchange writes some
            ("<1@x\r\n .org>", ""),
            ("1@x.org", ""),
            ("<é@x.org>", ""),
            ("<" + "x" * 1000 + ">", ""),
            ("", ""),
        ],
    )
    def test_message_id(self, written: str, id: str) -> None:
        assert read(f"From: a@x.org\r\nMessage-ID: {written}\r\n\r\n".encode()).message_id == id

    def test_references_are_the_last_ones_each_once(self) -> None:
        ids = [f"<{number}@x.org>" for number in range(60)]
        reading = read(f"References: {' '.join(ids + ids)}\r\nIn-Reply-To: {ids[-1]} <new@x.org>\r\n\r\n".encode())
        assert reading.references == (*ids[-MOST_REFERENCES + 1 :], "<new@x.org>")


def test_text_below_a_picture_belongs_to_the_letter() -> None:
    """Apple Mail cuts the text there."""
    (form,) = read((CASES / "apple-split.eml").read_bytes()).forms
    assert form.registration
    assert form.answers["email"] == "apple@i.example.org"


class TestAttachments:
    def test_those_of_messages_within_too_and_no_logo(self) -> None:
        within = a_message()
        within.add_attachment(A_PDF, maintype="application", subtype="pdf", filename="form.pdf")
        message = a_message()
        message.add_alternative('<img src="cid:logo@x">', subtype="html")
        message.add_attachment(b"\x89", maintype="image", subtype="png", filename="logo.png", cid="<logo@x>")
        message.add_attachment(
            b"\xff\xd8\xff", maintype="image", subtype="jpeg", filename="scan.jpg", disposition="inline"
        )
        message.add_attachment(within)
        assert READER.attachments(stored(*raw_post(bytes(message)))) == (
            Attachment("scan.jpg", "image/jpeg", b"\xff\xd8\xff"),
            Attachment("form.pdf", "application/pdf", A_PDF),
        )

    def test_one_without_a_name_gets_one(self) -> None:
        message = b"Content-Type: application/pdf\r\n\r\n" + A_PDF
        attached = Attachment("attachment.pdf", "application/pdf", A_PDF)
        assert READER.attachments(stored(*raw_post(message))) == (attached,)

    def test_a_program_is_named_and_stays(self) -> None:
        message = a_message()
        message.add_attachment(b"MZ", maintype="application", subtype="pdf", filename="form.pdf.exe")
        (attached,) = READER.attachments(stored(*raw_post(bytes(message))))
        assert (attached.name, attached.content, attached.withheld) == ("form.pdf.exe", b"", True)


class TestBounds:
    def test_nothing_kept_is_longer_than_it_may_be(self) -> None:
        part = b'--b\r\nContent-Type: application/pdf; name="' + b"x" * 250 + b'.pdf"\r\n\r\n\r\n'
        reading = read(
            b"Subject: " + b"s" * 5000 + b"\r\n"
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * 150
        )  # fmt: skip
        assert len(reading.subject) == LONGEST_SUBJECT
        assert len(reading.not_read) == MOST_NOT_READ
        assert {len(name) for name in reading.not_read} == {LONGEST_NOT_READ}

    def test_memory_grows_with_the_size_and_no_faster(self) -> None:
        size = 20_000_000
        message = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        raw = stored(*raw_post(message + base64.encodebytes(b"\xff\xd8\xff".ljust(size))))
        tracemalloc.start()
        READER.glance(raw)
        READER.read(raw, EVENT)
        assert len(READER.attachments(raw)[0].content) == size
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 6 * size


class TestWhatIsRaisedWithin:
    """No input is known that raises; so it is provoked where the reader calls."""

    def provoked(self, *_: object) -> Any:
        raise KeyError("content-transfer-encoding")

    def test_what_is_known_of_the_sender_is_kept_when_forms_cannot_be_looked_for(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(in_this_process, "find_forms", self.provoked)
        message = a_message()
        message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="form.pdf")
        reading = read(bytes(message))
        assert (reading.sender, reading.forms, reading.not_read) == ("amina@mpt.example.org", (), ("form.pdf",))

    def test_the_beginning_is_kept_when_it_cannot_be_taken_apart(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(in_this_process, "message_of", self.provoked)
        raw = stored(*raw_post(bytes(a_message())))
        reading = READER.read(raw, EVENT)
        assert "Please find the form attached." in reading.text
        assert reading.unproven
        assert READER.attachments(raw) == ()

    def test_it_has_an_id_when_it_cannot_be_opened(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(webhook, "open_post", self.provoked)
        assert len(READER.glance(b"x").id) == 24


def holds_of_any(raw: bytes) -> None:
    """What holds of any bytes: they are read the same each time, into what stores and JSON take, and nothing is raised
    that the reader would have to catch."""
    glance, reading, attachments = READER.glance(raw), READER.read(raw, EVENT), READER.attachments(raw)
    assert (glance, reading, attachments) == (READER.glance(raw), READER.read(raw, EVENT), READER.attachments(raw))
    assert len(glance.id) == 24
    assert reading.unproven != Reason(ReviewReason.NOT_TAKEN_APART)
    assert message_of(open_post(raw)) == message_of(open_post(raw))
    names = [(one.name, one.type) for one in attachments]
    texts = json.dumps([asdict(glance), asdict(reading), names], default=str, ensure_ascii=False)
    texts.encode()  # no lone surrogate
    assert "\\u0000" not in texts


BYTES = st.binary(max_size=300)
SIGNS = (
    b": ; \" = ?= =?utf-8?b? =?utf-8?q?= -- --xYzZY ( ) < > @ , *0*= *=utf-8''% +2AA- \\ud800 boundary= charset=utf-7"
)
PIECES = st.sampled_from(
    [
        *SIGNS.split(b" "),
        *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\0", b"\xff", b"\xe9", b" ", b"\t"),
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n",
        b"Content-Type: message/rfc822\r\n\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b'Content-Disposition: form-data; name="email"\r\n\r\n',
    ]
)


class TestAnyBytes:
    @settings(deadline=None)
    @given(BYTES)
    @example(b"")
    @example(b"Content-Type: multipart/form-data; boundary=\r\n\r\n--\r\n")
    def test_as_the_whole(self, raw: bytes) -> None:
        holds_of_any(raw)

    @settings(deadline=None)
    @given(BYTES)
    def test_as_the_post(self, body: bytes) -> None:
        holds_of_any(stored("multipart/form-data; boundary=xYzZY", body))

    @settings(deadline=None)
    @given(BYTES)
    def test_as_the_message(self, mime: bytes) -> None:
        holds_of_any(stored(*raw_post(mime)))

    @settings(deadline=None)
    @given(st.lists(PIECES | st.binary(max_size=5), max_size=40))
    def test_as_pieces_of_messages(self, pieces: list[bytes]) -> None:
        holds_of_any(stored(*raw_post(b"".join(pieces))))

    @settings(deadline=None)
    @given(BYTES, BYTES, BYTES, BYTES)
    def test_as_fields(self, headers: bytes, text: bytes, name: bytes, charset: bytes) -> None:
        file = (name.decode("latin-1"), charset.decode("latin-1"), text)
        charsets = {"text": charset.decode("latin-1"), "html": charset.decode("latin-1")}
        holds_of_any(stored(*parsed_post(headers, text=text, html=text, charsets=charsets, files=[file])))

    @pytest.mark.slow
    @settings(max_examples=300, deadline=None)
    @given(st.data())
    def test_as_a_message_that_was_damaged(self, data: st.DataObject) -> None:
        """Some places of a whole post are cut, repeated, or written over."""
        _, body = raw_post(nasty_message(), dkim="{@mpt.example.org : pass}", spam_score=1)
        for _ in range(data.draw(st.integers(1, 6))):
            start = data.draw(st.integers(0, len(body)))
            end = start + data.draw(st.integers(0, 40))
            put = data.draw(PIECES | st.binary(max_size=10) | st.just(body[start:end] * 2))
            body = body[:start] + put + body[end:]
        holds_of_any(stored("multipart/form-data; boundary=xYzZY", body))
