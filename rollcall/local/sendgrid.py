"""A stand-in for SendGrid: keeps what v3 Mail Send takes, and posts delivery events as the Event Webhook does."""

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Blueprint, Response, request

from handlers.signature import SIGNATURE, TIMESTAMP


@dataclass(frozen=True)
class Posted:
    at: str
    """ISO 8601."""
    body: Mapping[str, Any]
    """As v3 Mail Send takes it."""

    @property
    def email_id(self) -> str:
        return str(self.body["personalizations"][0]["custom_args"]["email_id"])

    @property
    def to(self) -> list[str]:
        return [address["email"] for one in self.body["personalizations"] for address in one["to"]]


class Outbox:
    """Outlives the process, as the database does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def keep(self, posted: Posted) -> None:
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(posted)) + "\n")

    def since(self, end: int) -> tuple[list[Posted], int]:
        """From this byte on, the oldest first; and where the file ends now."""
        if not self._path.exists():
            return [], 0
        with self._lock, self._path.open("rb") as file:
            file.seek(end)
            return [Posted(**json.loads(line)) for line in file], file.tell()


HANGS_UP = 0
"""The connection ends without an answer."""


class StandIn:
    """An e-mail to an address that begins with `bounce` bounces. With `answers`, a status or `HANGS_UP`, it accepts
    none."""

    def __init__(self, outbox: Outbox, answers: int | None = None) -> None:
        self.outbox = outbox
        self.answers = answers
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.public_key = self._key.public_key()
        self._reported = 0  # where the outbox ended when the last events were posted

    def events_due(self) -> bytes | None:
        """The next post, None for none."""
        due, self._reported = self.outbox.since(self._reported)
        return json.dumps([event for one in due for event in _delivery_events(one)]).encode() if due else None

    def signed(self, body: bytes) -> dict[str, str]:
        timestamp = str(int(time.time()))
        signature = self._key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return {SIGNATURE: base64.b64encode(signature).decode(), TIMESTAMP: timestamp}


def _delivery_events(posted: Posted) -> list[dict[str, str]]:
    about = {"email": posted.to[0], "email_id": posted.email_id}
    if posted.to[0].startswith("bounce"):
        outcome = {"event": "bounce", "reason": "550 5.1.1 There is no such mailbox."}
    else:
        outcome = {"event": "delivered", "response": "250 OK"}
    return [about | {"event": "processed"}, about | outcome]


def sendgrid_app(sendgrid: StandIn, now: Callable[[], datetime]) -> Blueprint:
    api = Blueprint("sendgrid", __name__)

    @api.post("/v3/mail/send")
    def mail_send() -> Response:
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return _errors(401, "The provided authorization grant is invalid, expired, or revoked")
        if sendgrid.answers == HANGS_UP:
            request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        if sendgrid.answers is not None:
            return _errors(sendgrid.answers or 500, "This stand-in was told to answer so")
        posted = Posted(now().isoformat(timespec="seconds"), request.get_json())
        sendgrid.outbox.keep(posted)
        return Response(status=202, headers={"X-Message-Id": posted.email_id})

    return api


def _errors(status: int, message: str) -> Response:
    errors = {"errors": [{"message": message, "field": None, "help": None}]}
    return Response(json.dumps(errors), status, content_type="application/json")
