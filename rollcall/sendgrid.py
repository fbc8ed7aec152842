"""SendGrid's v3 Mail Send (https://www.twilio.com/docs/sendgrid/api-reference/mail-send)."""

import base64
import json
import re
import select
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException
from io import BytesIO
from typing import Any
from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler, Request, build_opener
from urllib.response import addinfourl

from email_validator import EmailNotValidError, validate_email
from python_http_client import Client
from python_http_client.client import Response
from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient

from rollcall.model.email import Accepted, Attachment, Email, RateLimited, Rejected, SendResult, Unknown

HOSTS = {"global": "https://api.sendgrid.com", "eu": "https://api.eu.sendgrid.com"}
"""Of each region (https://www.twilio.com/docs/sendgrid/data-residency/migrate-subusers)."""
TIMEOUT = 20.0
"""Seconds for each part of an answer."""
KEPT = 5.0
"""Seconds without a request, until a connection is not used again: SendGrid keeps them for 20 at the least
(github.com/sendgrid/sendgrid-java/issues/69), nginx for 75."""
EMAIL_ID = "email_id"
"""The custom argument that each delivery event repeats."""
_ACCEPTED = 202
_NO_CONNECTION = (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError)
_NEVER = (400, 413)
_REFUSED = (401, 403)
"""Whatever the e-mail."""
_TOO_FAST = 429
_MESSAGE_ID = re.compile("<[!-;=?-~]+>")
"""RFC 5322, 3.6.4 and 4.5.4, in ASCII."""
LONGEST_HEADER = 900
"""Characters of a value: a line has 998 (RFC 5322, 2.1.1)."""
LONGEST_NAME = 78
_LONGEST_ID = LONGEST_HEADER // 2 - 1
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_ANY_TYPE = "application/octet-stream"


class SendGridPoster:
    """Thread-safe."""

    def __init__(
        self,
        api_key: str,
        sender: str,
        host: str,
        timeout: float = TIMEOUT,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sender = sender
        self._mail_send = _resource(api_key, host, timeout, seconds, "mail", "send")

    def post(self, email: Email) -> SendResult:
        try:
            answer = self._mail_send.post(request_body(email, self._sender))
        except HTTPError as error:
            return _answered(error)
        except _NO_CONNECTION:  # only this is certain: afterwards the request may have arrived
            return Rejected(permanent=False, note="SendGrid could not be reached")
        except (OSError, HTTPException) as error:
            return Unknown(f"no clear answer from SendGrid: {type(error).__name__}")
        if answer.status_code != _ACCEPTED:
            return Unknown(f"SendGrid answered {answer.status_code}")
        return Accepted()


class NotErased(Exception):
    """The message says why, and what to do."""


def erase_recipients(api_key: str, host: str, addresses: Sequence[str]) -> str:
    """The id of SendGrid's job, which goes on by itself. Raises `NotErased`."""
    try:
        answer = _resource(api_key, host, TIMEOUT, time.monotonic, "recipients", "erasejob").post(
            {"email_addresses": addresses}
        )
        return str(json.loads(answer.body)["job_id"])
    except HTTPError as error:
        raise NotErased(_why_not_erased(error)) from None
    except (OSError, HTTPException) as error:
        raise NotErased(f"SendGrid could not be reached: {type(error).__name__}") from None
    except (ValueError, KeyError, TypeError):
        raise NotErased("SendGrid's answer names no job") from None


def _why_not_erased(error: HTTPError) -> str:
    note = f"SendGrid answered {error.status_code}"
    if error.status_code in _REFUSED:
        scope = "the key needs recipients.erasejob.create, which SendGrid's support may have to enable for the account"
        return f"{note}: {scope}"
    if error.status_code == _TOO_FAST:
        return f"{note}: too fast; repeat it in {(error.headers or {}).get('X-RateLimit-Reset', '60')} seconds"
    try:
        return f"{note}: {'; '.join(str(one['message']) for one in json.loads(error.body)['errors'])}"
    except (ValueError, KeyError, TypeError):
        return note


def _resource(api_key: str, host: str, timeout: float, seconds: Callable[[], float], *path: str) -> "_KeepsOpen":
    headers = SendGridAPIClient(api_key).client.request_headers
    return _KeepsOpen(_Connections(seconds), host, headers, version=3, url_path=list(path), timeout=timeout)


class _KeepsOpen(Client):  # type: ignore[misc]
    def __init__(self, connections: "_Connections", *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._opener = build_opener(connections, _FollowsNone())

    def post(self, request_body: Mapping[str, Any]) -> Response:
        """As the library does, which builds an opener for each: half a millisecond."""
        headers = {**self.request_headers, "Content-Type": "application/json"}
        request = Request(self._build_url(None), json.dumps(request_body).encode(), headers, method="POST")
        return Response(self._make_request(self._opener, request))


class _FollowsNone(HTTPRedirectHandler):
    """A redirect is an answer like another: it would take our key elsewhere."""

    def redirect_request(self, *_: object) -> None:
        return None


class _Connections(HTTPSHandler, HTTPHandler):
    """To one host, each for one request at a time and kept for the next: to make one costs more CPU than the rest of an
    e-mail, and the TLS context of all more still. No request is sent twice: when a connection ends without an answer,
    nobody knows whether it was taken (RFC 9112, 9.3.1), and the desk decides."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])  # as `http.client` does for its own
        super().__init__(context=context)
        self._seconds = seconds
        self._idle: list[tuple[float, HTTPConnection]] = []
        """Since when; the last used is the first used again. One thread takes each: `pop` is atomic."""

    def do_open(self, http_class: Any, req: Any, **http_conn_args: Any) -> Any:
        """Also through a proxy of the environment (`https_proxy`), as urllib does."""
        headers = {**req.headers, **req.unredirected_hdrs}
        through = {name: headers.pop(name) for name in _TO_PROXY & headers.keys() if req._tunnel_host}
        connection: Any = self._quiet_one()
        if connection is None:
            connection = http_class(req.host, timeout=req.timeout, **http_conn_args)
            if req._tunnel_host:
                connection.set_tunnel(req._tunnel_host, headers=through)
        try:
            connection.request(req.get_method(), req.selector, req.data, headers)
            answer = connection.getresponse()
            body = answer.read()
        except BaseException:
            connection.close()
            raise
        if connection.sock:  # else SendGrid ends it (`Connection: close`)
            self._idle.append((self._seconds(), connection))
        whole: Any = addinfourl(BytesIO(body), answer.headers, req.full_url, answer.status)
        whole.msg = answer.reason
        return whole

    def _quiet_one(self) -> HTTPConnection | None:
        with suppress(IndexError):
            while True:
                since, connection = self._idle.pop()
                if self._seconds() - since < KEPT and not _has_news(connection.sock):
                    return connection
                connection.close()
        return None


_TO_PROXY = {"Proxy-authorization"}


def _has_news(idle: socket.socket) -> bool:
    """Where no answer is due it is the end of the connection, or nothing to go on with."""
    poll = select.poll()
    poll.register(idle, select.POLLIN)
    return bool(poll.poll(0))


def request_body(email: Email, sender: str) -> dict[str, Any]:
    """Tracking would rewrite our links and add a picture."""
    name = _phrase(email.sender_name)
    body: dict[str, Any] = {
        "personalizations": [{"to": [{"email": posted_as(email.to)}], "custom_args": {EMAIL_ID: email.email_id}}],
        "from": {"email": sender, "name": name} if name else {"email": sender},
        "reply_to": {"email": posted_as(email.reply_to)},
        "subject": _one_line(email.subject),
        "headers": _headers(email, sender),
        "content": [{"type": "text/plain", "value": email.text}, {"type": "text/html", "value": email.html}],
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
            "subscription_tracking": {"enable": False},
        },
    }
    body["personalizations"] += [{"to": [{"email": posted_as(address)}]} for address in email.copies_to]
    if email.attachments:
        body["attachments"] = list(map(_file, email.attachments))
    return body


def _headers(email: Email, sender: str) -> dict[str, str]:
    """By the same Message-ID mail programs recognize duplicates. `Auto-Submitted` (RFC 3834, 5) and Exchange's
    `X-Auto-Response-Suppress` (MS-OXCMAIL, 2.1.3.2.20) stop automatic replies, but no non-delivery reports."""
    headers = {
        "Message-ID": f"<{email.email_id}@{sender.rpartition('@')[2]}>",
        "Auto-Submitted": "auto-replied" if email.answers else "auto-generated",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
    }
    thread = [one for one in map(str.strip, email.thread) if _is_message_id(one)]
    if thread and thread[-1] == email.thread[-1].strip():  # an answer to a message that has no id is in no thread
        headers |= {"In-Reply-To": thread[-1], "References": " ".join(_fitting(thread))}
    return headers


def _is_message_id(text: str) -> bool:
    return len(text) <= _LONGEST_ID and _MESSAGE_ID.fullmatch(text) is not None


def _fitting(thread: list[str]) -> list[str]:
    while len(" ".join(thread)) > LONGEST_HEADER:
        thread = [thread[0], *thread[2:]]
    return thread


def posted_as(address: str) -> str:
    """SendGrid accepts only ASCII domains (RFC 5890)."""
    if address.isascii() and address.islower():
        return address
    try:
        parts = validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        return address
    return parts.ascii_email or f"{parts.local_part}@{parts.ascii_domain}"


def _one_line(text: str) -> str:
    """CR and LF begin another header."""
    return " ".join(text.split())


def _phrase(name: str) -> str:
    """A display name (RFC 5322, 3.2.5), without angle brackets, which confuse some mail programs."""
    printable = "".join(one for one in _one_line(name) if one.isprintable() and one not in '<>"')
    return printable[:LONGEST_NAME].strip()


def _file(attachment: Attachment) -> dict[str, str]:
    return {
        "content": base64.b64encode(attachment.content).decode(),
        "filename": _one_line(attachment.name),
        "type": attachment.type if _MEDIA_TYPE.fullmatch(attachment.type) else _ANY_TYPE,
        "disposition": "attachment",
    }


def _answered(error: HTTPError) -> SendResult:
    note = f"SendGrid answered {error.status_code}"
    if error.status_code in _REFUSED or error.status_code == _TOO_FAST:
        return RateLimited(error.status_code in _REFUSED, note, _asked_to_wait(error.headers or {}))
    if error.status_code >= 500 or error.status_code < 400:
        return Unknown(note)
    return Rejected(error.status_code in _NEVER, note)


def _asked_to_wait(headers: Mapping[str, str]) -> timedelta | None:
    """`Retry-After` (RFC 9110, 10.2.3), else `X-RateLimit-Reset` (SendGrid's "Rate Limits"), after the answer's own
    `Date`."""
    after = headers.get("Retry-After", "")
    if _SECONDS.fullmatch(after):
        return timedelta(seconds=int(after))
    answered_at = _date(headers.get("Date", ""))
    reset = headers.get("X-RateLimit-Reset", "")
    until = datetime.fromtimestamp(int(reset), UTC) if _SECONDS.fullmatch(reset) else _date(after)
    return max(until - answered_at, timedelta(0)) if until and answered_at else None


_SECONDS = re.compile("[0-9]{1,10}")


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
