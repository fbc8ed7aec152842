"""The outbox page's other side: e-mail that is sent in, and what came of it."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, redirect, request

from rollcall.desk.desk import Desk
from rollcall.desk.scan import inbound_emails_now
from rollcall.documents.reasons import why
from rollcall.emails.wording import faults
from rollcall.local.inbound_parse import InboundPost, inbound_post, written
from rollcall.local.sample import SAMPLE_PAPER, SENDER, sample_text
from rollcall.local.sendgrid import StandIn
from rollcall.model.email import Attachment
from rollcall.model.event import Event
from rollcall.model.inbound import CHANGES, REGISTERED, InboundEmail, InboundForm, InboundStatus
from rollcall.model.registration import reference

LARGEST = 40_000_000
"""Bytes; SendGrid takes e-mails of 30 MB at the most."""


def sending_in(desk: Desk, sendgrid: StandIn, now: Callable[[], datetime]) -> Blueprint:
    """`/send-in`, which takes an e-mail as a person writes it or as a file, and `/messages.json`."""
    pages = Blueprint("sending in", __name__)

    @pages.post("/send-in")
    def send_in() -> Any:
        request.max_content_length = request.max_form_memory_size = LARGEST
        to = request.form.get("to", "")
        post = inbound_post(_message(to, now()), to, now())
        answer = _post(sendgrid, post)
        if answer.status_code != 200:
            return Response(answer.data, answer.status_code)
        return redirect("/outbox#came-in", 303)

    @pages.get("/messages.json")
    def messages_json() -> Response:
        return Response(json.dumps(came_in(desk), ensure_ascii=False), content_type="application/json")

    return pages


def came_in(desk: Desk) -> list[dict[str, Any]]:
    """The inbound e-mails of all events, the newest first."""
    shown = []
    for slug in desk.events:
        shown += [(one.stored_at, _shown(desk, one, status)) for one, status, _ in inbound_emails_now(desk.store, slug)]
    return [one for _, one in sorted(shown, key=lambda row: row[0], reverse=True)]


def sample_emails(desk: Desk) -> list[dict[str, str]]:
    """For each event that takes them by e-mail, a form and a paper."""
    events = desk.events.values()
    forms = [
        {"to": to, "from": SENDER, "subject": f"Registration: {event.title}", "text": sample_text(event, to)}
        for event in events
        if (to := desk.links.forms_to(event))
    ]
    papers = [
        {"to": to, "from": SENDER, "subject": f"Contribution: {event.title}", "text": SAMPLE_PAPER}
        for event in events
        if event.contributions and (to := desk.links.contributions_to(event))
    ]
    return forms + papers


def _message(to: str, at: datetime) -> bytes:
    """A file, its source as text, or what a person writes."""
    if (file := request.files.get("eml")) and file.filename:
        return bytes(file.read())
    if raw := request.form.get("raw", "").lstrip():
        return raw.encode()
    given = {name: request.form.get(name, "") for name in ("from", "subject", "text")}
    attachments = tuple(
        Attachment(file.filename, file.mimetype, file.read())
        for file in request.files.getlist("attachment")
        if file.filename
    )
    return written(
        given["from"], to, given["subject"], given["text"], at, attachments, answers=request.form.get("answers", "")
    )


def _post(sendgrid: StandIn, post: InboundPost) -> Any:
    headers = {**sendgrid.signed(post.body), "Content-Type": post.content_type}
    return current_app.test_client().post("/receive-email", data=post.body, headers=headers)


def _shown(desk: Desk, inbound: InboundEmail, status: InboundStatus) -> dict[str, Any]:
    event = desk.events[inbound.event]
    return {
        "id": inbound.id,
        "event": inbound.event,
        "at": inbound.received_at.isoformat(timespec="seconds"),
        "from": inbound.sender,
        "subject": inbound.subject,
        "status": status.value,
        "reason": why(event, inbound.reasons),
        "forms": [_form(event, form) for form in inbound.forms if not form.is_letter],
        "papers": [one.status.value for one in inbound.papers],
        "not_read": list(inbound.not_read),
        "answered": inbound.answered,
        "resolved": inbound.resolved,
    }


def _form(event: Event, form: InboundForm) -> dict[str, Any]:
    is_stored = form.status in (*REGISTERED, *CHANGES)
    return {
        "status": form.status.value,
        "reference": reference(form.registration_id) if form.registration_id and is_stored else None,
        "faults": dict(faults(event, form.faults)),
    }
