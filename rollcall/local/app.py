"""One web application that looks like the cloud domain: each function under its name, and the outbox beside them."""

import json
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import functions_framework
from cloudevents.http import from_http
from flask import Flask, Response, abort, redirect, request

from handlers.close_intake import close_intake
from handlers.receive_email import receive_email
from handlers.record_deliveries import record_deliveries
from handlers.register import register
from handlers.send_due_mail import send_due_mail
from handlers.send_mail import send_mail
from rollcall.desk.desk import Desk
from rollcall.desk.register import intake_now
from rollcall.local.sendgrid import Outbox, Posted, StandIn, sendgrid_app
from rollcall.local.sending_in import came_in, sample_emails, sending_in
from rollcall.model.event import SMOKE_TEST
from templates import render

HTTP_FUNCTIONS = {"register": register, "send_due_mail": send_due_mail, "close_intake": close_intake}
SIGNED_FUNCTIONS = {"receive_email": receive_email, "record_deliveries": record_deliveries}
TRIGGERED_FUNCTIONS = {"send_mail": send_mail}
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def local_app(desk: Desk, sendgrid: StandIn, now: Callable[[], datetime]) -> Flask:
    """All functions on this desk, SendGrid's stand-in under `/sendgrid`, and the pages for whoever runs it."""
    app = Flask(__name__)
    outbox = sendgrid.outbox
    app.register_blueprint(sendgrid_app(sendgrid, now), url_prefix="/sendgrid")
    app.register_blueprint(sending_in(desk, sendgrid, now))
    for name, function in HTTP_FUNCTIONS.items():
        _mount(app, name, partial(_called, function, desk))
    for name, signed in SIGNED_FUNCTIONS.items():
        _mount(app, name, partial(_called, signed, desk, (sendgrid.public_key,)))
    for name, triggered in TRIGGERED_FUNCTIONS.items():
        _mount(app, name, partial(_triggered, desk, triggered))
    app.after_request(functions_framework.read_request)

    @app.get("/")
    def index() -> str:
        rows = [(event, f"/register/{event.slug}", intake_now(desk, event)) for event in desk.events.values()]
        return render("local/index.html", rows=rows, now=now())

    @app.get("/outbox")
    def outbox_page() -> str:
        return render(
            "local/outbox.html", emails=_emails(desk, outbox), inbound=came_in(desk), samples=sample_emails(desk)
        )

    @app.get("/outbox.json")
    def outbox_json() -> Response:
        return Response(json.dumps(_emails(desk, outbox), ensure_ascii=False), content_type="application/json")

    @app.get("/outbox/<int:number>/<name>")
    def attachment(number: int, name: str) -> Response:
        posted = outbox.posted()[::-1]
        if number < len(posted):
            for file in posted[number].attachments:
                if file.name == name:
                    as_file = {"Content-Disposition": f'attachment; filename="{name}"'}
                    return Response(file.content, content_type=file.type, headers=as_file)
        abort(404)

    @app.get("/outbox/")
    def outbox_without_slash() -> Any:
        return redirect("/outbox")

    return app


def _mount(app: Flask, name: str, answer: Callable[[], Any]) -> None:
    path = "/" + name.replace("_", "-")
    app.add_url_rule(path, name, lambda: answer(), methods=METHODS, provide_automatic_options=False)
    app.add_url_rule(
        f"{path}/<path:rest>", f"{name} below", lambda rest: answer(), methods=METHODS, provide_automatic_options=False
    )


def _called(function: Callable[..., Response], *given: object) -> Response:
    return function(*given, request)


def _triggered(desk: Desk, function: Callable[[Desk, Any], None]) -> Response:
    function(desk, from_http(dict(request.headers), request.get_data()))
    return Response("OK")


def _emails(desk: Desk, outbox: Outbox) -> list[dict[str, Any]]:
    posted = outbox.posted()
    return [_shown(desk, one, len(posted) - 1 - place) for place, one in enumerate(posted)]


def _shown(desk: Desk, posted: Posted, number: int) -> dict[str, Any]:
    entry = desk.store.entry(posted.email_id)
    gone = "removed" if posted.email_id.startswith(f"{SMOKE_TEST.slug}.") else "unknown"
    return {
        "id": posted.email_id,
        "kind": entry.kind.value if entry else gone,
        "to": ", ".join(posted.to),
        "subject": posted.subject,
        "at": posted.at,
        "status": entry.status.value if entry else gone,
        "text": posted.text,
        "html": posted.html,
        "attachments": [
            {"name": file.name, "type": file.type, "url": f"/outbox/{number}/{file.name}"}
            for file in posted.attachments
        ],
    }
