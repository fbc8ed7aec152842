"""The functions of Rollcall: the map of the service.

Each builds the Desk on first use, from the environment (README, "Configuration"), and calls its handler. A handler is
imported by the function that needs it: a person waiting for the form does not pay for what mails and rosters need.
"""

import os
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import functions_framework
from environs import Env
from marshmallow.validate import OneOf

from handlers import Request, Response
from rollcall.desk.desk import Desk, Post, Store
from rollcall.desk.event import Event
from rollcall.desk.intake import Intake, RecentIntakes
from rollcall.desk.mail import About, Mail, Message
from schemas.event import read_events

if TYPE_CHECKING:
    from cloudevents.http import CloudEvent

env = Env()

# Read at import: a wrong configuration stops the start.
EVENTS = read_events(env.path("EVENTS", Path(__file__).parent / "events"))
STORE = env.str("STORE", "sqlite", validate=OneOf(["sqlite", "firestore"]))
if STORE == "sqlite" and "K_SERVICE" in os.environ:
    raise SystemExit("STORE=sqlite on Cloud Run would lose every registration with the instance; set STORE=firestore")


@functions_framework.http
def register(request: Request) -> Response:
    """The form's page, and registrations from it or from JSON clients. Public."""
    from handlers.register import register as answer

    return answer(desk(), request)


@functions_framework.cloud_event
def send_mail(trigger: "CloudEvent") -> None:
    """Sends the mail that was queued. Called by Firestore's trigger."""
    from handlers.send_mail import send_mail as answer

    answer(desk(), trigger)


@functions_framework.http
def send_due_mail(request: Request) -> Response:
    """Sends the mails that are due. Called by Cloud Scheduler."""
    from handlers.send_due_mail import send_due_mail as answer

    return answer(desk(), request)


@functions_framework.http
def close_intake(request: Request) -> Response:
    """Closes each intake whose deadline has passed. Called by Cloud Scheduler."""
    from handlers.close_intake import close_intake as answer

    return answer(desk(), request)


@cache
def desk() -> Desk:
    """The Desk of this instance."""
    store = _store()
    return Desk(
        store=store,
        intakes=RecentIntakes(store, time.monotonic),
        events=EVENTS,
        compose=_compose,
        post=lambda message: _post()(message),
    )


def _store() -> Store:
    if STORE == "firestore":
        from google.cloud import firestore

        from rollcall.store.firestore import FirestoreStore

        return FirestoreStore(firestore.Client())
    from rollcall.store.sqlite import SqliteStore

    return SqliteStore(env.path("SQLITE_PATH", Path("rollcall.sqlite3")), lambda: datetime.now(UTC))


def _compose(mail: Mail, event: Event, about: About, intake: Intake) -> Message:
    from rollcall.mail.composing import compose

    return compose(mail, event, about, intake)


@cache
def _post() -> Post:
    from rollcall.mail.posting import SendGridPoster

    api_key, sender = env.str("SENDGRID_API_KEY"), env.str("MAIL_FROM")
    return SendGridPoster(api_key, sender, env.str("SENDGRID_HOST", "https://api.sendgrid.com")).post


if os.environ.get("FUNCTION_TARGET") in ("send_mail", "send_due_mail"):
    _post()  # a sender without its key does not start
