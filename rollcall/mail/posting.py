"""Posting a message through SendGrid's v3 Mail Send (https://www.twilio.com/docs/sendgrid/api-reference/mail-send)."""

import base64
from datetime import timedelta
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

from email_validator import EmailNotValidError, validate_email
from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Attachment as FileAttachment
from sendgrid.helpers.mail import (
    Cc,
    Content,
    CustomArg,
    Disposition,
    FileContent,
    FileName,
    FileType,
    From,
    Mail,
    Personalization,
    ReplyTo,
    Subject,
    To,
)

from rollcall.desk.mail import Attachment, InDoubt, Message, NotSent, Posted, Sent

TIMEOUT = 20.0
"""Seconds for one request; the library has no limit of its own."""
MAIL_ID = "mail_id"
"""The custom argument that SendGrid gives back with each delivery report."""
_NEVER = (400, 413)
"""Statuses that the same message will meet again: malformed, too large."""


class SendGridPoster:
    """Posts messages from one sender's address. `host` is SendGrid's API or a stand-in for it."""

    def __init__(self, api_key: str, sender: str, host: str) -> None:
        self._sender = sender
        self._sendgrid = SendGridAPIClient(api_key, host=host)
        self._sendgrid.client.timeout = TIMEOUT

    def post(self, message: Message) -> Posted:
        """Hand the message over. Never raises for what SendGrid or the network did."""
        try:
            self._sendgrid.send(request_body(message, self._sender))
        except HTTPError as error:
            return _answered(error)
        except URLError as error:
            # only a connection that was never made is certain: afterwards the request may have arrived
            if isinstance(error.reason, ConnectionRefusedError):
                return NotSent(permanent=False, note="SendGrid could not be reached")
            return InDoubt("no clear answer from SendGrid: URLError")
        except (OSError, HTTPException) as error:
            return InDoubt(f"no clear answer from SendGrid: {type(error).__name__}")
        return Sent()


def request_body(message: Message, sender: str) -> dict[str, Any]:
    """The request as SendGrid's schema wants it."""
    to = Personalization()
    to.add_to(To(_posted_as(message.to)))
    for address in message.cc:
        to.add_cc(Cc(_posted_as(address)))
    to.add_custom_arg(CustomArg(MAIL_ID, message.mail_id))
    mail = Mail(from_email=From(sender), subject=Subject(_one_line(message.subject)))
    mail.add_personalization(to)
    mail.reply_to = ReplyTo(_posted_as(message.reply_to))
    mail.add_content(Content("text/plain", message.text))
    mail.add_content(Content("text/html", message.html))
    for attachment in reversed(message.attachments):  # `get()` turns them round
        mail.add_attachment(_file(attachment))
    body: dict[str, Any] = mail.get()
    return body


def _posted_as(address: str) -> str:
    """The address with its domain as DNS has it (RFC 5890): SendGrid takes no other."""
    try:
        parts = validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        return address
    return parts.ascii_email or f"{parts.local_part}@{parts.ascii_domain}"


def _one_line(subject: str) -> str:
    """The library passes CR and LF on, which begin another header."""
    return " ".join(subject.split())


def _file(attachment: Attachment) -> FileAttachment:
    return FileAttachment(
        FileContent(base64.b64encode(attachment.content).decode()),
        FileName(attachment.name),
        FileType(attachment.type),
        Disposition("attachment"),
    )


def _answered(error: HTTPError) -> Posted:
    note = f"SendGrid answered {error.status_code}"
    if error.status_code >= 500:
        return InDoubt(note)
    return NotSent(error.status_code in _NEVER, note, _retry_after(error))


def _retry_after(error: HTTPError) -> timedelta | None:
    seconds = str((error.headers or {}).get("Retry-After", ""))
    return timedelta(seconds=int(seconds)) if seconds.isdecimal() else None
