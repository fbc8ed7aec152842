"""One web application: each function under its name, and the outbox beside them."""

import base64
import io
import json
import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote

import functions_framework
from cloudevents.http import from_http
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from flask import Flask, Response, abort, current_app, request, send_file

from handlers.close_intake import close_intake
from handlers.contribute import contribute
from handlers.erase import erase
from handlers.pages import pages
from handlers.pages.public import Public, RecentSites
from handlers.receive_email import receive_email
from handlers.record_deliveries import record_deliveries
from handlers.register import register
from handlers.send_due_mail import send_due_mail
from handlers.send_mail import send_mail
from rollcall.desk.desk import Desk
from rollcall.desk.register import intake_now
from rollcall.local.sendgrid import Outbox, Posted, StandIn, sendgrid_app
from rollcall.local.sending_in import came_in, sample_emails, sending_in
from rollcall.local.staff import local_staff, staff_of_this_machine
from rollcall.model.event import SMOKE_TEST
from templates import render


def _triggered(desk: Desk) -> str:
    send_mail(desk, from_http(dict(request.headers), request.get_data()))
    return "OK"


FUNCTIONS: Mapping[str, Callable[[Desk, EllipticCurvePublicKey], Any]] = {
    "register": lambda desk, _: register(desk, request),
    "pages": lambda _desk, _: pages(current_app.config["PUBLIC"], request),
    "contribute": lambda desk, _: contribute(desk, request),
    "receive_email": lambda desk, key: receive_email(desk, (key,), request),
    "record_deliveries": lambda desk, key: record_deliveries(desk, (key,), request),
    "send_mail": lambda desk, _: _triggered(desk),
    "send_due_mail": lambda desk, _: send_due_mail(desk, request),
    "close_intake": lambda desk, _: close_intake(desk, request),
    "erase": lambda desk, _: erase(desk, request),
    "staff": lambda desk, _: local_staff(desk, request),
}
_AT = {"pages": "events"}
"""Where it is not the function's name."""
_OURS = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?")
_FOR_ALL = ("/register", "/register/", "/register/<path:rest>")
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def local_app(desk: Desk, sendgrid: StandIn, now: Callable[[], datetime]) -> Flask:
    app = Flask(__name__)
    app.config["PUBLIC"] = Public(desk.events, RecentSites(desk.published, time.monotonic), now)
    outbox = sendgrid.outbox
    app.register_blueprint(sendgrid_app(sendgrid, now), url_prefix="/sendgrid")
    app.register_blueprint(sending_in(desk, sendgrid, now))
    app.register_blueprint(staff_of_this_machine(desk))
    for name, function in FUNCTIONS.items():
        root = f"/{_AT.get(name, name.replace('_', '-'))}"
        view = partial(_answer, function, desk, sendgrid.public_key)
        for path in (root, f"{root}/", f"{root}/<path:rest>"):
            app.add_url_rule(path, path, view, methods=METHODS, provide_automatic_options=False)
    app.before_request(_refuse_other_sites)
    app.after_request(functions_framework.read_request)
    app.after_request(_not_sniffed)

    @app.get("/")
    def index() -> str:
        rows = [(event, f"/register/{event.slug}", intake_now(desk, event)) for event in desk.events.values()]
        return render("local/index.html", rows=rows, now=now())

    @app.get("/outbox", strict_slashes=False)
    def outbox_page() -> str:
        return render(
            "local/outbox.html", emails=_emails(desk, outbox), inbound=came_in(desk), samples=sample_emails(desk)
        )

    @app.get("/outbox.json")
    def outbox_json() -> Response:
        return Response(json.dumps(_emails(desk, outbox), ensure_ascii=False), content_type="application/json")

    @app.get("/outbox/<int:number>/<name>")
    def attachment(number: int, name: str) -> Response:
        for posted in outbox.since(0)[0][number : number + 1]:
            for file in posted.body.get("attachments", []):
                if file["filename"] == name:
                    content = io.BytesIO(base64.b64decode(file["content"]))
                    served = send_file(content, file["type"], as_attachment=True, download_name=name)
                    served.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
                    return served
        abort(404)

    return app


def _refuse_other_sites() -> None:
    """A page elsewhere, opened in a browser on this machine, neither reads what is here (by a name of its own that
    leads here) nor posts to it; but its form may come to `register`, as in the cloud."""
    if not _OURS.fullmatch(request.host):
        abort(Response("This run answers at http://localhost and nowhere else.\n", 421))
    of_a_page = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin", request.host_url.rstrip("/"))  # browsers of before 2023 say only this
    # a page without a referrer, as the staff's, has no origin for the others
    is_ours = of_a_page in ("none", "same-origin") if of_a_page else origin == request.host_url.rstrip("/")
    if request.method == "POST" and not is_ours and request.endpoint not in _FOR_ALL:
        abort(Response("A page of another site posts nothing here.\n", 403))


def _not_sniffed(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response


def _answer(function: Callable[..., Any], desk: Desk, key: EllipticCurvePublicKey, **_path: str) -> Any:
    """The function reads the path from the request."""
    return function(desk, key)


def _emails(desk: Desk, outbox: Outbox) -> list[dict[str, Any]]:
    """The newest first."""
    return [_shown(desk, number, posted) for number, posted in enumerate(outbox.since(0)[0])][::-1]


def _shown(desk: Desk, number: int, posted: Posted) -> dict[str, Any]:
    content = {part["type"]: part["value"] for part in posted.body["content"]}
    entry = desk.store.entry(posted.email_id)
    gone = "removed" if posted.email_id.startswith(f"{SMOKE_TEST.slug}.") else "unknown"
    return {
        "id": posted.email_id,
        "kind": entry.kind.value if entry else gone,
        "to": ", ".join(posted.to),
        "subject": posted.body["subject"],
        "message_id": posted.body["headers"]["Message-ID"],
        "reply_to": posted.body["reply_to"]["email"],
        "at": posted.at,
        "status": entry.status.value if entry else gone,
        "text": content["text/plain"],
        "html": content["text/html"],
        "attachments": [
            {"name": file["filename"], "type": file["type"], "url": f"/outbox/{number}/{quote(file['filename'])}"}
            for file in posted.body.get("attachments", [])
        ],
    }
