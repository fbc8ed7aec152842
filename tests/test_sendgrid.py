"""The real `sendgrid` client over HTTP, each request held against SendGrid's schema."""

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from rollcall.local.emulator import free_port
from rollcall.model.email import Accepted, Attachment, Email, RateLimited, Rejected, Unknown
from rollcall.sendgrid import KEPT, LONGEST_HEADER, LONGEST_NAME, TIMEOUT, SendGridPoster, request_body
from tests.support.counting_sendgrid import counting_sendgrid
from tests.support.sendgrid_api import (
    Behaviour,
    SendGridApi,
    answers,
    answers_garbage,
    answers_half,
    hangs_up,
    is_slow,
    resets,
    resets_unread,
    sendgrid_api,
)
from tests.support.threaded import QuietHandler, http_server

MESSAGE = Email(
    email_id="intgov04.A.confirmation",
    to="amina.diallo@mpt.example.org",
    reply_to="spumail@itu.int",
    sender_name="Strategy and Policy Unit",
    subject="Registration confirmed",
    text="Dear Ms. Diallo",
    html="<p>Dear Ms. Diallo</p>",
    attachments=(Attachment("intgov04.ics", "text/calendar", b"BEGIN:VCALENDAR\r\n"),),
)

AT_NOON = {"Date": "Mon, 02 Feb 2004 12:00:00 GMT"}
REVOKED = b'{"errors": [{"message": "The provided authorization grant is invalid, expired, or revoked"}]}'


@pytest.fixture
def api() -> Iterator[SendGridApi]:
    with sendgrid_api() as running:
        yield running


def poster(api: SendGridApi, timeout: float = TIMEOUT) -> SendGridPoster:
    return SendGridPoster("SG.key", "registration@rollcall.example", api.url, timeout)


def test_the_request_is_what_sendgrid_takes(api: SendGridApi) -> None:
    assert poster(api).post(replace(MESSAGE, copies_to=("spumail@itu.int",))) == Accepted()
    assert api.faults == []
    (body,) = api.bodies
    assert body["from"] == {"email": "registration@rollcall.example", "name": "Strategy and Policy Unit"}
    assert body["reply_to"] == {"email": "spumail@itu.int"}
    assert body["personalizations"] == [
        {
            "to": [{"email": "amina.diallo@mpt.example.org"}],
            "custom_args": {"email_id": "intgov04.A.confirmation"},
        },
        {"to": [{"email": "spumail@itu.int"}]},
    ]
    assert body["headers"] == {
        "Message-ID": "<intgov04.A.confirmation@rollcall.example>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
    }
    assert [part["type"] for part in body["content"]] == ["text/plain", "text/html"]
    (file,) = body["attachments"]
    assert (file["filename"], base64.b64decode(file["content"])) == ("intgov04.ics", b"BEGIN:VCALENDAR\r\n")


def test_the_schema_check_sees_a_fault(api: SendGridApi) -> None:
    without_sender = request_body(MESSAGE, "a@example.org") | {"from": {"name": "nobody"}}
    request = Request(f"{api.url}/v3/mail/send", json.dumps(without_sender).encode(), {"Authorization": "Bearer k"})
    urlopen(request).close()
    assert api.faults


def test_nobody_is_tracked(api: SendGridApi) -> None:
    SendGridPoster("SG.key", "a@example.org", api.url).post(MESSAGE)
    assert api.bodies[0]["tracking_settings"] == {
        "click_tracking": {"enable": False, "enable_text": False},
        "open_tracking": {"enable": False},
        "subscription_tracking": {"enable": False},
    }
    assert api.faults == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Union internationale, Genève", "Union internationale, Genève"),
        ("ITU\r\nBcc: all@example.org", "ITU Bcc: all@example.org"),
        ('<evil@example.org> "ITU"\x00\u202e', "evil@example.org ITU"),
        ("x" * 500, "x" * LONGEST_NAME),
        (" \n", None),
    ],
)
def test_the_senders_name_is_one_line_and_no_address(name: str, shown: str | None) -> None:
    assert request_body(replace(MESSAGE, sender_name=name), "a@example.org")["from"].get("name") == shown


def test_attachments_keep_their_order() -> None:
    files = (Attachment("a.csv", "text/csv", b"a"), Attachment("b.csv", "text/csv", b"b"))
    body = request_body(replace(MESSAGE, attachments=files), "a@example.org")
    assert [file["filename"] for file in body["attachments"]] == ["a.csv", "b.csv"]


def headers_of(*thread: str, answers: bool = True) -> dict[str, str]:
    headers: dict[str, str] = request_body(replace(MESSAGE, thread=thread, answers=answers), "a@example.org")["headers"]
    return headers


def test_an_answer_is_in_its_thread_and_says_that_no_person_wrote_it(api: SendGridApi) -> None:
    answer = replace(MESSAGE, thread=("<first@example.org>", "<last@example.org>"), answers=True)
    assert poster(api).post(answer) == Accepted()
    assert api.faults == []
    headers = api.bodies[0]["headers"]
    assert headers["In-Reply-To"] == "<last@example.org>"
    assert headers["References"] == "<first@example.org> <last@example.org>"
    assert headers["Auto-Submitted"] == "auto-replied"
    reserved = "x-sg-id x-sg-eid received dkim-signature content-type content-transfer-encoding to from subject"
    assert not {name.lower() for name in headers} & {*reserved.split(), "reply-to", "cc", "bcc"}


def test_an_answer_to_a_message_without_an_id_is_an_answer() -> None:
    assert headers_of() == {
        "Message-ID": "<intgov04.A.confirmation@example.org>",
        "Auto-Submitted": "auto-replied",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
    }


@pytest.mark.parametrize(
    "hostile",
    [
        "<a@b>\r\nBcc: all@example.org",
        "<a\r\n@b>",
        "<a b@c>",
        "<a\x00@b>",
        "<é@example.org>",
        "<a@b> <c@d>",
        "<a<b@c>",
        "a@b",
        "<>",
        "",
        f"<{'a' * 1000}@b>",
    ],
)
def test_what_is_no_message_id_is_left_out(hostile: str) -> None:
    assert headers_of(hostile, "<last@example.org>")["References"] == "<last@example.org>"
    assert not {"References", "In-Reply-To"} & headers_of("<first@example.org>", hostile).keys()


def test_space_around_a_message_id_is_not_its_own() -> None:
    assert headers_of(" <a@b>\r\n")["References"] == "<a@b>"


def test_a_long_thread_keeps_its_first_and_its_last() -> None:
    thread = [f"<{number:03}{'x' * 60}@example.org>" for number in range(40)]
    kept = headers_of(*thread)["References"].split()
    assert len(" ".join(kept)) <= LONGEST_HEADER
    assert kept == [thread[0], *thread[1 - len(kept) :]]
    longest = [f"<{number}{'x' * (LONGEST_HEADER // 2 - 4)}>" for number in range(3)]
    assert headers_of(*longest)["References"].split() == [longest[0], longest[2]]


def test_a_strangers_attachment_breaks_nothing(api: SendGridApi) -> None:
    files = (Attachment("scan\r\n.pdf", "image/x; name=scan\r\n", b"%PDF"), Attachment("b", "", b"b"))
    assert poster(api).post(replace(MESSAGE, attachments=files)) == Accepted()
    assert api.faults == []
    assert [(file["filename"], file["type"]) for file in api.bodies[0]["attachments"]] == [
        ("scan .pdf", "application/octet-stream"),
        ("b", "application/octet-stream"),
    ]


def test_a_subject_is_one_line() -> None:
    body = request_body(replace(MESSAGE, subject="Hello\r\nBcc: all@example.org"), "a@example.org")
    assert body["subject"] == "Hello Bcc: all@example.org"


def test_a_domain_goes_as_dns_has_it() -> None:
    body = request_body(replace(MESSAGE, to="info@bücher.example"), "a@example.org")
    assert body["personalizations"][0]["to"] == [{"email": "info@xn--bcher-kva.example"}]


@pytest.mark.parametrize(
    ("status", "headers", "posted"),
    [
        (200, {}, Unknown("SendGrid answered 200")),
        (400, {}, Rejected(True, "SendGrid answered 400")),
        (413, {}, Rejected(True, "SendGrid answered 413")),
        (401, {}, RateLimited(True, "SendGrid answered 401")),
        (403, {}, RateLimited(True, "SendGrid answered 403")),
        (429, {}, RateLimited(False, "SendGrid answered 429")),
        (429, {"Retry-After": "30"}, RateLimited(False, "SendGrid answered 429", timedelta(seconds=30))),
        (429, {"Retry-After": "soon"}, RateLimited(False, "SendGrid answered 429")),
        (
            429,
            AT_NOON | {"X-RateLimit-Reset": "1075723260"},
            RateLimited(False, "SendGrid answered 429", timedelta(minutes=1)),
        ),
        (429, AT_NOON | {"X-RateLimit-Reset": "1075723199"}, RateLimited(False, "SendGrid answered 429", timedelta(0))),
        (429, {"Retry-After": "Mon, 02 Feb 2004 12:30:00 -0000"}, RateLimited(False, "SendGrid answered 429")),
        (
            429,
            {"Date": "Mon, 02 Feb 2004 12:00:00", "X-RateLimit-Reset": "1075723260"},
            RateLimited(False, "SendGrid answered 429", timedelta(minutes=1)),
        ),
        (429, AT_NOON | {"X-RateLimit-Reset": "soon"}, RateLimited(False, "SendGrid answered 429")),
        (
            429,
            AT_NOON | {"Retry-After": "Mon, 02 Feb 2004 12:30:00 GMT"},
            RateLimited(False, "SendGrid answered 429", timedelta(minutes=30)),
        ),
        (418, {}, Rejected(False, "SendGrid answered 418")),
        (500, {}, Unknown("SendGrid answered 500")),
        (0, {}, Unknown("no clear answer from SendGrid: RemoteDisconnected")),
    ],
)
def test_every_answer_is_understood(api: SendGridApi, status: int, headers: dict[str, str], posted: object) -> None:
    api.answers.append((status, headers))
    assert poster(api).post(MESSAGE) == posted


@pytest.mark.parametrize(
    ("behaviour", "posted"),
    [
        (answers(500, {}, b"<html>Internal Server Error</html>"), Unknown("SendGrid answered 500")),
        (answers(503, {"Retry-After": "30"}, b""), Unknown("SendGrid answered 503")),
        (answers(401, {}, REVOKED), RateLimited(True, "SendGrid answered 401")),
        (answers(429, {"Retry-After": "7"}, b"{}"), RateLimited(False, "SendGrid answered 429", timedelta(seconds=7))),
        (answers(202, {}, b"\xff\xfe not JSON"), Accepted()),
    ],
)
def test_a_body_changes_nothing(api: SendGridApi, behaviour: Behaviour, posted: object) -> None:
    api.answers.append(behaviour)
    assert poster(api).post(MESSAGE) == posted


@pytest.mark.parametrize("behaviour", [is_slow, resets, resets_unread, answers_garbage, answers_half])
def test_no_clear_answer_leaves_it_in_doubt(api: SendGridApi, behaviour: Behaviour) -> None:
    api.answers.append(behaviour)
    assert isinstance(poster(api, timeout=0.5).post(MESSAGE), Unknown)
    assert len(api.bodies) == (0 if behaviour is resets_unread else 1)
    assert poster(api).post(MESSAGE) == Accepted()


def test_a_connection_is_kept_for_the_next(api: SendGridApi) -> None:
    """Whatever it answered, as long as it says the whole and ends nothing."""
    at = poster(api)
    api.answers += [(202, {}), answers(429, {}, b"{}"), answers(500, {}, b"<html>"), answers(400, {}, REVOKED)]
    assert [type(at.post(MESSAGE)) for _ in range(5)] == [Accepted, RateLimited, Unknown, Rejected, Accepted]
    assert len(api.connections) == 1


def test_a_connection_that_ended_while_idle_costs_nothing(api: SendGridApi) -> None:
    at = poster(api)
    for _ in range(3):
        assert at.post(MESSAGE) == Accepted()
        api.end_connections()
    assert (len(api.bodies), len(api.connections)) == (3, 3)


@pytest.mark.parametrize("behaviour", [is_slow, resets, resets_unread, hangs_up, answers_garbage, answers_half])
def test_what_a_kept_connection_left_in_doubt_is_posted_once(api: SendGridApi, behaviour: Behaviour) -> None:
    """Nobody knows whether SendGrid has it, also where not a byte came back (RFC 9112, 9.3.1)."""
    at = poster(api, timeout=0.5)
    assert at.post(MESSAGE) == Accepted()
    api.answers.append(behaviour)
    assert isinstance(at.post(replace(MESSAGE, email_id="in-doubt")), Unknown)
    assert at.post(MESSAGE) == Accepted()
    posted = [body["personalizations"][0]["custom_args"]["email_id"] for body in api.bodies]
    assert posted.count("in-doubt") == (0 if behaviour is resets_unread else 1)
    assert len(api.connections) == 2


def test_sendgrid_may_end_a_connection_with_its_answer(api: SendGridApi) -> None:
    at = poster(api)
    api.answers += [(202, {"Connection": "close"}), (429, {"Connection": "close"})]
    assert [type(at.post(MESSAGE)) for _ in range(3)] == [Accepted, RateLimited, Accepted]
    assert len(api.connections) == 3


def test_an_instance_that_slept_takes_no_old_connection(api: SendGridApi) -> None:
    """Its end may not have come through to it yet."""
    passed = [0.0]
    at = SendGridPoster("SG.key", "a@example.org", api.url, seconds=lambda: passed[0])
    for now in (0.0, KEPT - 0.1, 3600.0, 3600.1):
        passed[0] = now
        assert at.post(MESSAGE) == Accepted()
    assert len(api.connections) == 2


def test_no_two_threads_share_a_connection(api: SendGridApi) -> None:
    at, ids = poster(api), [f"{number}" for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        posted = list(pool.map(lambda id: at.post(replace(MESSAGE, email_id=id)), ids))
    assert posted == [Accepted()] * len(ids)
    assert sorted(body["personalizations"][0]["custom_args"]["email_id"] for body in api.bodies) == sorted(ids)
    assert len(api.connections) <= 8


def test_a_proxy_of_the_environment_is_used(api: SendGridApi, monkeypatch: pytest.MonkeyPatch) -> None:
    class Proxy(QuietHandler):
        def do_CONNECT(self) -> None:
            asked.append((self.path, self.headers["Proxy-Authorization"]))
            self.send_error(502)

    asked: list[tuple[str, str]] = []
    with http_server(Proxy) as proxy:
        monkeypatch.setenv("https_proxy", proxy.replace("//", "//name:word@"))
        at = SendGridPoster("SG.key", "a@example.org", "https://sendgrid.invalid")
        assert at.post(MESSAGE) == Unknown("no clear answer from SendGrid: OSError")
    assert asked == [("sendgrid.invalid:443", "Basic bmFtZTp3b3Jk")]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_takes_the_key_elsewhere(api: SendGridApi, status: int) -> None:
    class Elsewhere(QuietHandler):
        def do_GET(self) -> None:
            asked.append(self.headers["Authorization"])
            self.send_response(200)
            self.end_headers()

    asked: list[str | None] = []
    with http_server(Elsewhere) as elsewhere:
        api.answers.append((status, {"Location": f"{elsewhere}/"}))
        assert poster(api).post(MESSAGE) == Unknown(f"SendGrid answered {status}")
    assert asked == []


def test_a_name_that_is_nowhere() -> None:
    nowhere = SendGridPoster("SG.key", "registration@rollcall.example", "http://sendgrid.invalid")
    assert nowhere.post(MESSAGE) == Rejected(False, "SendGrid could not be reached")


def test_nobody_there() -> None:
    nobody = SendGridPoster("SG.key", "registration@rollcall.example", f"http://127.0.0.1:{free_port()}")
    assert nobody.post(MESSAGE) == Rejected(False, "SendGrid could not be reached")


def test_a_hundred_e_mails_need_one_handshake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever TLS says between them (session tickets) is no news."""
    with counting_sendgrid(tmp_path, latency=0) as over_tls:
        monkeypatch.setenv("SSL_CERT_FILE", str(over_tls.certificates))
        at = SendGridPoster("SG.key", "a@example.org", over_tls.url)
        assert {at.post(MESSAGE) for _ in range(100)} == {Accepted()}
        assert over_tls.came() == {MESSAGE.email_id: 100}
        assert over_tls.connections() == 1


def test_certificates_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are many, and to read them takes longer than an e-mail does."""
    with counting_sendgrid(tmp_path, latency=0) as over_tls:
        monkeypatch.setenv("SSL_CERT_FILE", str(over_tls.certificates))
        trusting = SendGridPoster("SG.key", "a@example.org", over_tls.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
        assert [trusting.post(MESSAGE), trusting.post(MESSAGE)] == [Accepted(), Accepted()]
        assert over_tls.came() == {MESSAGE.email_id: 2}
        distrusting = SendGridPoster("SG.key", "a@example.org", over_tls.url)
        assert distrusting.post(MESSAGE) == Rejected(permanent=False, note="SendGrid could not be reached")
