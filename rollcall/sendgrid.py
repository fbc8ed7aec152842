"""Posting an e-mail through SendGrid's v3 Mail Send (https://www.twilio.com/docs/sendgrid/api-reference/mail-send)."""

import base64
import re
import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.request import HTTPSHandler, OpenerDirector, Request, build_opener

from email_validator import EmailNotValidError, validate_email
from python_http_client import Client
from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Attachment as FileAttachment
from sendgrid.helpers.mail import (
    ClickTracking,
    Content,
    CustomArg,
    Disposition,
    FileContent,
    FileName,
    FileType,
    From,
    Header,
    Mail,
    OpenTracking,
    Personalization,
    ReplyTo,
    Subject,
    SubscriptionTracking,
    To,
    TrackingSettings,
)

from rollcall.model.email import Accepted, Attachment, Email, RateLimited, Rejected, SendResult, Unknown

TIMEOUT = 20.0
"""Seconds for each part of an answer; the library has no limit of its own."""
EMAIL_ID = "email_id"
"""The custom argument that SendGrid gives back with each delivery event."""
_ACCEPTED = 202
_NO_CONNECTION = (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError)
_NEVER = (400, 413)
"""The same e-mail will meet these again: malformed, too large."""
_REFUSED = (401, 403)
"""Our key, account or sender, whatever the e-mail."""
_TOO_FAST = 429
_MESSAGE_ID = re.compile("<[!-;=?-~]+>")
"""RFC 5322, 3.6.4, in ASCII and as it may have been obsolete (4.5.4): what stands in angle brackets, without spaces."""
LONGEST_HEADER = 900
"""Characters of a header's value: a line has 998 (RFC 5322, 2.1.1) with its name, and SendGrid may not fold it."""
LONGEST_NAME = 78
_LONGEST_ID = LONGEST_HEADER // 2 - 1
"""Any two have room."""
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_ANY_TYPE = "application/octet-stream"


class SendGridPoster:
    """From one address; threads may share it. `host` is SendGrid's API or a stand-in; `timeout` in seconds."""

    def __init__(self, api_key: str, sender: str, host: str, timeout: float = TIMEOUT) -> None:
        self._sender = sender
        headers = SendGridAPIClient(api_key).client.request_headers
        self._mail_send = _OfOneContext(host, headers, version=3, url_path=["mail", "send"], timeout=timeout)

    def post(self, email: Email) -> SendResult:
        """Raises nothing for what SendGrid or the network did."""
        try:
            answer = self._mail_send.post(request_body=request_body(email, self._sender))
        except HTTPError as error:
            return _answered(error)
        except URLError as error:
            # only a connection that was never made is certain: afterwards the request may have arrived
            if isinstance(error.reason, _NO_CONNECTION):
                return Rejected(permanent=False, note="SendGrid could not be reached")
            return Unknown("no clear answer from SendGrid: URLError")
        except (OSError, HTTPException) as error:
            return Unknown(f"no clear answer from SendGrid: {type(error).__name__}")
        if answer.status_code != _ACCEPTED:  # a redirect is followed as a GET, by which nothing is accepted
            return Unknown(f"SendGrid answered {answer.status_code}")
        return Accepted()


class _OfOneContext(Client):  # type: ignore[misc]
    """The library makes a TLS context for each request and reads all trusted certificates: most of an e-mail's
    processor time. Here one is made for all."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])  # as `http.client` does for its own
        self._opener = build_opener(HTTPSHandler(context=context))

    def _make_request(self, _opener: OpenerDirector, request: Request, timeout: float | None = None) -> Any:
        return super()._make_request(self._opener, request, timeout)


def request_body(email: Email, sender: str) -> dict[str, Any]:
    """A copy has no `email_id`: its delivery events are not the e-mail's. Without tracking, or SendGrid puts
    addresses of its own in place of our links, a picture into the e-mail, and a link by which the person gets no
    e-mail of ours."""
    mail = Mail(from_email=From(sender, _phrase(email.sender_name)), subject=Subject(_one_line(email.subject)))
    for address in reversed((email.to, *email.copies_to)):  # `get()` turns them round
        mail.add_personalization(_personalization(email, address))
    for name, value in _headers(email, sender).items():
        mail.add_header(Header(name, value))
    mail.reply_to = ReplyTo(_posted_as(email.reply_to))
    mail.add_content(Content("text/plain", email.text))
    mail.add_content(Content("text/html", email.html))
    for attachment in reversed(email.attachments):  # `get()` turns them round
        mail.add_attachment(_file(attachment))
    mail.tracking_settings = TrackingSettings(
        click_tracking=ClickTracking(enable=False, enable_text=False),
        open_tracking=OpenTracking(enable=False),
        subscription_tracking=SubscriptionTracking(enable=False),
    )
    body: dict[str, Any] = mail.get()
    return body


def _headers(email: Email, sender: str) -> dict[str, str]:
    """None that SendGrid reserves (its page "Mail Send"). The Message-ID stays the same, so that a mail program can
    tell that two copies are one. No machine is to answer: `Auto-Submitted` (RFC 3834, 5) and, for Exchange, `X-Auto-
    Response-Suppress` (MS-OXCMAIL, 2.1.3.2.20) without `NDR`, since we want to know what did not arrive."""
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
    """Strangers write them."""
    return len(text) <= _LONGEST_ID and _MESSAGE_ID.fullmatch(text) is not None


def _fitting(thread: list[str]) -> list[str]:
    """Its first and its last ones."""
    while len(" ".join(thread)) > LONGEST_HEADER:
        thread = [thread[0], *thread[2:]]
    return thread


def _personalization(email: Email, address: str) -> Personalization:
    one = Personalization()
    one.add_to(To(_posted_as(address)))
    if address == email.to:
        one.add_custom_arg(CustomArg(EMAIL_ID, email.email_id))
    return one


def _posted_as(address: str) -> str:
    """The address with its domain as DNS has it (RFC 5890): SendGrid accepts no other."""
    try:
        parts = validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        return address
    return parts.ascii_email or f"{parts.local_part}@{parts.ascii_domain}"


def _one_line(text: str) -> str:
    """The library passes CR and LF on, which begin another header."""
    return " ".join(text.split())


def _phrase(name: str) -> str | None:
    """One line of printable characters (RFC 5322, 3.2.5). Not every mail program understands angle brackets in it."""
    printable = "".join(one for one in _one_line(name) if one.isprintable() and one not in '<>"')
    return printable[:LONGEST_NAME].strip() or None


def _file(attachment: Attachment) -> FileAttachment:
    return FileAttachment(
        FileContent(base64.b64encode(attachment.content).decode()),
        FileName(_one_line(attachment.name)),
        FileType(attachment.type if _MEDIA_TYPE.fullmatch(attachment.type) else _ANY_TYPE),
        Disposition("attachment"),
    )


def _answered(error: HTTPError) -> SendResult:
    note = f"SendGrid answered {error.status_code}"
    if error.status_code in _REFUSED or error.status_code == _TOO_FAST:
        return RateLimited(error.status_code in _REFUSED, note, _asked_to_wait(error.headers or {}))
    if error.status_code >= 500:
        return Unknown(note)
    return Rejected(error.status_code in _NEVER, note)


def _asked_to_wait(headers: Mapping[str, str]) -> timedelta | None:
    """`Retry-After` (RFC 9110 10.2.3), else `X-RateLimit-Reset` (SendGrid's page "Rate Limits"), measured from the
    answer's own `Date`."""
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
