"""An e-mail, as SendGrid's Inbound Parse posts it.

Source: https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook, "raw,
full MIME message".
"""

import json
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP
from email.utils import format_datetime, make_msgid, parseaddr

from rollcall.model.email import Attachment

_BOUNDARY = "xYzZY"
"""SendGrid's, of every post."""
_SENDER_IP = "192.0.2.7"


@dataclass(frozen=True)
class InboundPost:
    content_type: str
    body: bytes


def written(
    sender: str,
    to: str,
    subject: str,
    text: str,
    at: datetime,
    attachments: tuple[Attachment, ...] = (),
    answers: str = "",
) -> bytes:
    """`answers`: the Message-ID of the e-mail that it answers, if any."""
    message = EmailMessage(policy=SMTP)
    for name, value in {"From": sender, "To": to, "Subject": subject}.items():
        message[name] = " ".join(value.split())
    message["Date"] = format_datetime(at)
    message["Message-ID"] = make_msgid(domain="mail.example")
    if answers:
        message["In-Reply-To"] = message["References"] = " ".join(answers.split())
    message.set_content(text)
    for file in attachments:
        maintype, _, subtype = (file.type or "application/octet-stream").partition("/")
        message.add_attachment(file.content, maintype=maintype, subtype=subtype, filename=file.name)
    return message.as_bytes()


def inbound_post(message: bytes, to: str, received_at: datetime) -> InboundPost:
    """From a host that may send for the sender."""
    headers = BytesHeaderParser().parsebytes(message)
    sender = str(headers.get("From", ""))
    trace = (
        f"Received: from mail.example ({_SENDER_IP}) by mx0001.sendgrid.net with ESMTP; {format_datetime(received_at)}"
    )
    fields: dict[str, str | bytes] = {
        "email": f"{trace}\r\n".encode() + message,
        "to": to,
        "from": sender,
        "subject": str(headers.get("Subject", "")),
        "envelope": json.dumps({"to": [to], "from": parseaddr(sender)[1]}),
        "sender_ip": _SENDER_IP,
        "SPF": "pass",
        "dkim": "none",
        "spam_score": "0.1",
        "charsets": json.dumps({"to": "UTF-8", "from": "UTF-8", "subject": "UTF-8"}),
    }
    body = b"".join(_part(name, value) for name, value in fields.items())
    return InboundPost(f"multipart/form-data; boundary={_BOUNDARY}", body + f"--{_BOUNDARY}--\r\n".encode())


def _part(name: str, value: str | bytes) -> bytes:
    """RFC 7578, 4.2."""
    start = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
    content = value.encode("utf-8", "replace") if isinstance(value, str) else value
    return start.encode() + content + b"\r\n"
