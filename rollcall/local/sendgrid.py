"""A stand-in for SendGrid: takes what v3 Mail Send takes, and keeps it for the outbox instead of delivering it."""

import base64
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request

from rollcall.desk.mail import Attachment


@dataclass(frozen=True)
class Posted:
    """A message that was handed to the stand-in."""

    mail_id: str
    to: tuple[str, ...]
    subject: str
    at: str
    """ISO 8601, the local run's time."""
    text: str
    html: str
    attachments: tuple[Attachment, ...]


class Outbox:
    """The requests taken so far, in a file of JSON lines, so that they outlive the process as the books do."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def keep(self, body: dict[str, Any], at: str) -> None:
        """Keep the body of a Mail Send request."""
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"at": at, "body": body}) + "\n")

    def posted(self) -> list[Posted]:
        """Every message, the newest first."""
        if not self._path.exists():
            return []
        lines = self._path.read_text("utf-8").splitlines()
        return [_posted(json.loads(line)) for line in reversed(lines)]


def sendgrid_app(outbox: Outbox, now: Callable[[], datetime]) -> Blueprint:
    """The part of SendGrid's API that Rollcall uses."""
    api = Blueprint("sendgrid", __name__)

    @api.post("/v3/mail/send")
    def mail_send() -> Response:
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return _errors(401, "The provided authorization grant is invalid, expired, or revoked")
        body = request.get_json()
        outbox.keep(body, now().isoformat(timespec="seconds"))
        return Response(status=202, headers={"X-Message-Id": body["personalizations"][0]["custom_args"]["mail_id"]})

    return api


def _errors(status: int, message: str) -> Response:
    errors = {"errors": [{"message": message, "field": None, "help": None}]}
    return Response(json.dumps(errors), status, content_type="application/json")


def _posted(kept: dict[str, Any]) -> Posted:
    body = kept["body"]
    person = body["personalizations"][0]
    content = {part["type"]: part["value"] for part in body["content"]}
    return Posted(
        mail_id=person["custom_args"]["mail_id"],
        to=tuple(address["email"] for address in [*person["to"], *person.get("cc", [])]),
        subject=body["subject"],
        at=kept["at"],
        text=content["text/plain"],
        html=content["text/html"],
        attachments=tuple(
            Attachment(file["filename"], file["type"], base64.b64decode(file["content"]))
            for file in body.get("attachments", [])
        ),
    )
