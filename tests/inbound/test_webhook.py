"""What Inbound Parse posts, opened."""

import json
from collections.abc import Callable
from functools import partial

import pytest

from rollcall.inbound.webhook import (
    LONGEST_FIELD_HEADERS,
    LONGEST_OBJECT,
    MOST_FIELDS,
    Post,
    delivery_id,
    open_post,
)
from tests.support.inbound import BOUNDARY, parsed_post, raw_post, stored

MIME = b"From: Amina <amina@mpt.example.org>\r\nSubject: Form\r\n\r\nFamily name: Diallo\r\n"

# Captured from SendGrid by the authors of django-anymail (tests/test_sendgrid_inbound.py), shortened
CAPTURED = b"""\
--xYzZY
Content-Disposition: form-data; name="headers"

Date: Fri, 24 Jul 2020 16:43:46 UTC
To: =?utf-8?q?R=C3=A9cipiendaire_pr=C3=A9cieux?= <inbound@sg.example.com>
From: =?utf-8?q?Op=C3=A9rateur?= de test <sender@example.com>
Subject: =?cp850?q?Como_usted_pidi=A2?=

--xYzZY
Content-Disposition: form-data; name="subject"

Como usted pidi\xa2
--xYzZY
Content-Disposition: form-data; name="html"

<p>\xbfEsto se ve como esperabas?</p>
--xYzZY
Content-Disposition: form-data; name="text"

Test the ESP\x92s inbound charset handling\x85
--xYzZY
Content-Disposition: form-data; name="charsets"

{"to":"UTF-8","cc":"UTF-8","html":"iso-8859-1","subject":"cp850","from":"UTF-8","text":"windows-1252"}
--xYzZY--
""".replace(b"\n", b"\r\n")


def opened(body: bytes, content_type: str = f"multipart/form-data; boundary={BOUNDARY}") -> Post:
    return open_post(stored(content_type, body))


def test_a_raw_post_has_the_message_byte_for_byte() -> None:
    mime = bytes(range(256)) * 3 + b"\r\n\r\n"
    assert open_post(stored(*raw_post(mime))).fields["email"] == mime


def test_fields_of_a_parsed_post_are_in_the_charsets_that_sendgrid_says() -> None:
    post = opened(CAPTURED)
    assert post.text("subject") == "Como usted pidió"
    assert post.text("text") == "Test the ESP’s inbound charset handling…"
    assert post.text("html") == "<p>¿Esto se ve como esperabas?</p>"


def test_files_of_a_parsed_post() -> None:
    body = parsed_post(MIME, files=[("form.pdf", "application/pdf", b"%PDF\r\n--xYz\r\n"), ("", "image/png", b"\x89")])
    first, second = open_post(stored(*body)).files
    assert (first.field, first.name, first.type) == ("attachment1", "form.pdf", "application/pdf")
    assert first.content == b"%PDF\r\n--xYz\r\n"
    assert (second.field, second.name, second.content) == ("attachment2", "", b"\x89")


@pytest.mark.parametrize(
    "changed",
    [
        lambda body: body.replace(b"\r\n", b"\n"),
        lambda body: body.replace(b"--xYzZY--\r\n", b""),
        lambda body: b"an introduction\r\n" + body,
        lambda body: body.replace(b"--xYzZY\r\n", b"--xYzZY \t\r\n"),
    ],
    ids=["bare line feeds", "no last boundary", "a preamble", "spaces after boundaries"],
)
def test_a_body_that_is_put_together_otherwise_is_opened(changed: object) -> None:
    post = opened(changed(raw_post(MIME)[1]))  # type: ignore[operator]
    assert post.fields["email"].split() == MIME.split()
    assert post.envelope_from == "amina@mpt.example.org"


@pytest.mark.parametrize("content_type", ["", "multipart/form-data", "multipart/form-data; boundary=other", "a/b"])
def test_a_boundary_that_nobody_names_is_found(content_type: str) -> None:
    assert opened(raw_post(MIME)[1], content_type).fields["email"] == MIME


def test_a_body_that_is_a_message_is_one() -> None:
    part = b'\r\n--b\r\nContent-Disposition: attachment; name="x"\r\n\r\ny\r\n--b--\r\n'
    for mime in (MIME, b"Content-Type: multipart/mixed; boundary=b\r\n" + MIME + part):
        assert opened(mime, "message/rfc822").fields == {"email": mime}


@pytest.mark.parametrize("body", [b"", b"\0\0", b"nothing", b'{"email": 1}', b"--xYzZY", b"--xYzZY\r\n--xYzZY--"])
def test_a_body_that_is_nothing_has_no_fields(body: bytes) -> None:
    post = opened(body)
    assert post.fields == {}
    assert post.envelope_to == ()
    assert post.envelope_from is None


def test_the_envelope() -> None:
    post = open_post(stored(*raw_post(MIME, sender="a@x.example.org", to=["b@y.example.org", "c@y.example.org"])))
    assert post.envelope_from == "a@x.example.org"
    assert post.envelope_to == ("b@y.example.org", "c@y.example.org")


@pytest.mark.parametrize("sender", ["", "<>"])
def test_the_null_sender(sender: str) -> None:
    assert open_post(stored(*raw_post(MIME, sender=sender))).envelope_from == ""


@pytest.mark.parametrize("envelope", [b"", b"[]", b"{", b"null", b'{"to":1,"from":[]}', b'"a"', b"[" * 100_000])
def test_an_envelope_that_cannot_be_read_names_nobody(envelope: bytes) -> None:
    post = Post({"envelope": envelope})
    assert post.envelope_to == ()
    assert post.envelope_from is None


def test_a_lone_surrogate_is_left_out() -> None:
    post = Post({"envelope": b'{"to":["a\\ud800@x.example.org"],"from":"\\udfff\\u0000b@x.example.org"}'})
    assert post.envelope_to == ("a@x.example.org",)
    assert post.envelope_from == "b@x.example.org"


@pytest.mark.parametrize(
    ("field", "outcomes"),
    [
        ("none", ()),
        ("", ()),
        ("{@example.org : pass}", (("example.org", "pass"),)),
        ("{@Example.org : pass, @x.org : fail}", (("example.org", "pass"), ("x.org", "fail"))),
        ("{amina@example.org : pass}", (("example.org", "pass"),)),
        ("{@x.org : invalid (k=@example.org : pass), @y.org : fail}", (("x.org", "invalid"), ("y.org", "fail"))),
        ("@example.org : pass", ()),
        # https://github.com/sendgrid/docs/issues/6483
        ("{@x.org : invalid (public key: invalid data\n at /opt/perl/PublicKey.pm line 186)}", (("x.org", "invalid"),)),
    ],
)
def test_dkim(field: str, outcomes: object) -> None:
    assert open_post(stored(*raw_post(MIME, dkim=field))).dkim == outcomes


@pytest.mark.parametrize(("field", "spf"), [("pass", "pass"), (" SoftFail\n", "softfail"), ("", ""), ("1", "")])
def test_spf(field: str, spf: str) -> None:
    assert Post({"SPF": field.encode()}).spf == spf


@pytest.mark.parametrize(("field", "score"), [("5.1", 5.1), (" -0.3 ", -0.3), ("", None), ("five", None)])
def test_spam_score(field: str, score: float | None) -> None:
    assert Post({"spam_score": field.encode()}).spam_score == score


def test_a_field_forged_in_a_message_shows_tampering() -> None:
    """SendGrid's boundary is known to everybody."""
    forged = (
        MIME
        + b'\r\n--xYzZY\r\nContent-Disposition: form-data; name="SPF"\r\n\r\npass\r\n'
        + b'--xYzZY\r\nContent-Disposition: form-data; name="dkim"\r\n\r\n{@mpt.example.org : pass}\r\n--xYzZY--\r\n'
    )
    fields = {"email": forged, "SPF": b"fail", "dkim": b"none"}
    body = b"".join(
        f'--xYzZY\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n"
        for name, value in fields.items()
    )
    assert opened(body + b"--xYzZY--\r\n").tampered


@pytest.mark.parametrize("junk", ['form-data; name="{}"', "form-data", "attachment; {}"])
def test_too_many_fields_show_tampering(junk: str) -> None:
    field = "\r\n--xYzZY\r\nContent-Disposition: " + junk + "\r\n\r\npass"
    forged = MIME + field.format("SPF").encode() + "".join(map(field.format, range(MOST_FIELDS))).encode()
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode() for name in ("email", "SPF")]
    body = b"--xYzZY\r\n" + parts[0] + forged + b"\r\n--xYzZY\r\n" + parts[1] + b"fail\r\n--xYzZY--\r\n"
    assert opened(body).tampered


def test_only_the_beginning_of_a_field_s_headers_is_looked_at() -> None:
    """They come from anybody, and before the e-mail is stored."""
    late = b"X: y\r\n" * LONGEST_FIELD_HEADERS
    body = b"--xYzZY\r\n" + late + b'Content-Disposition: form-data; name="email"\r\n\r\n' + MIME + b"\r\n--xYzZY--\r\n"
    assert opened(body).fields == {}


def test_an_envelope_longer_than_sendgrid_s_is_none() -> None:
    def addressed(recipients: int) -> Post:
        return Post({"envelope": json.dumps({"to": ["a@x.org"] * recipients, "from": "b@x.org"}).encode()})

    assert len(addressed(1000).envelope_to) == 1000
    assert addressed(LONGEST_OBJECT // 10).envelope_to == ()


def test_a_charset_that_nobody_has_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python looks for a module of that name, and remembers each for good."""
    looked_for: list[str] = []
    monkeypatch.setattr("codecs.lookup", looked_for.append)
    disposition = b'Content-Disposition: form-data; name="email"; filename="=?no-such-1?q?a?= =?x-no.such-2?q?b?="'
    open_post(b"Content-Type: multipart/form-data; boundary=xYzZY\r\n\r\n--xYzZY\r\n" + disposition + b"\r\n\r\nx")
    assert looked_for == []


def test_a_message_forged_in_a_text_shows_tampering() -> None:
    forged = b'Hello\r\n--xYzZY\r\nContent-Disposition: form-data; name="email"\r\n\r\n' + MIME
    assert open_post(stored(*parsed_post(MIME, text=forged))).tampered


def test_what_sendgrid_posts_is_its_own() -> None:
    files = [(f"{number}.pdf", "application/pdf", b"") for number in range(27)]
    assert not open_post(stored(*parsed_post(MIME, text=b"x", html=b"y", files=files, spam_score=1))).tampered
    assert not open_post(stored(*raw_post(MIME, spam_score=1))).tampered


FILES = [("a.pdf", "application/pdf", b"a"), ("b.pdf", "application/pdf", b"b")]


class TestDeliveryId:
    def of(self, content_type: str, body: bytes) -> str:
        raw = stored(content_type, body)
        return delivery_id(open_post(raw), raw)

    def test_it_is_24_digits_that_a_file_name_takes(self) -> None:
        made = self.of(*raw_post(MIME))
        assert len(made) == 24
        assert made.isalnum()

    @pytest.mark.parametrize("build", [raw_post, partial(parsed_post, text=b"x", files=FILES)])
    def test_it_is_the_same_however_the_post_is_put_together(self, build: Callable[..., tuple[str, bytes]]) -> None:
        content_type, body = build(MIME, spam_score="1.0")
        parts = body.removesuffix(b"--xYzZY--\r\n").split(b"--xYzZY\r\n")[1:]
        reordered = b"".join(b"--xYzZY\r\n" + part for part in reversed(parts)) + b"--xYzZY--\r\n"
        again = [(content_type, reordered), build(MIME, boundary="another", spam_score="2.0")]
        assert {self.of(*post) for post in again} == {self.of(content_type, body)}

    def test_another_message_another_recipient_another_sender_another_file_is_another(self) -> None:
        posts = [
            raw_post(MIME),
            raw_post(MIME + b"x"),
            raw_post(MIME, to="other@forms.example.org"),
            raw_post(MIME, sender="other@mpt.example.org"),
            parsed_post(MIME, text=b"x"),
            parsed_post(MIME, html=b"x"),
            parsed_post(MIME, text=b"x", files=[("a", "image/png", b"")]),
            parsed_post(MIME, text=b"x", files=[("a", "image/png", b"1")]),
        ]
        assert len({self.of(*post) for post in posts}) == len(posts)

    def test_what_cannot_be_split_has_one_too(self) -> None:
        assert self.of("", b"x") == self.of("", b"x") != self.of("", b"y")


def test_what_is_said_of_files_is_read() -> None:
    about = {"attachment1": {"filename": "a.pdf", "type": "application/pdf", "n": 1}, "attachment2": None}
    post = Post({"attachment-info": json.dumps(about).encode()})
    assert post.about_files == {"attachment1": {"filename": "a.pdf", "type": "application/pdf"}, "attachment2": {}}
