"""The functions with hook points at which their process dies: `functions_framework --source tests/support/crashing.py`.

There is a hook point before and after each call of a method of the store, of the files, and of posting; they are
numbered anew in each request: `before save_entry 2`. Files in the folder `CRASHING` say what is wanted, and are read at
each:

    books     name of the store to use
    crash_at  the hook point at which to die, by SIGKILL; removed then, so that it happens once
    shift     seconds by which time is moved forward
    passed    written: the hook points that were passed, a line each
"""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

import functions_framework
from cloudevents.http import CloudEvent
from flask import Request, Response
from google.cloud import firestore

import main
from handlers.close_intake import close_intake as answer_close_intake
from handlers.receive_email import receive_email as answer_receive_email
from handlers.record_deliveries import record_deliveries as answer_record_deliveries
from handlers.register import register as answer_register
from handlers.send_due_mail import send_due_mail as answer_send_due_mail
from handlers.send_mail import send_mail as answer_send_mail
from handlers.signature import verification_keys
from rollcall.desk.desk import Desk
from rollcall.desk.ports import Files, Store
from rollcall.model.email import CircuitBreaker
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.sendgrid import SendGridPoster
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import desk_with

FOLDER = Path(os.environ["CRASHING"])
_IMPATIENT = 1.0
"""Seconds that SendGrid has to answer."""


_passed: Counter[str] = Counter()
"""How often each hook point was passed in this request, in whatever thread; there is one request at a time."""
_hooking = threading.Lock()


@functions_framework.http
def register(request: Request) -> Response:
    return answer_register(_desk(), request)


@functions_framework.cloud_event
def send_mail(trigger: CloudEvent) -> None:
    answer_send_mail(_desk(), trigger)


@functions_framework.http
def send_due_mail(request: Request) -> Response:
    return answer_send_due_mail(_desk(), request)


@functions_framework.http
def record_deliveries(request: Request) -> Response:
    keys = verification_keys(os.environ["SENDGRID_WEBHOOK_KEY"])
    return answer_record_deliveries(_desk(), keys, request)


@functions_framework.http
def receive_email(request: Request) -> Response:
    keys = verification_keys(os.environ["SENDGRID_PARSE_KEY"])
    return answer_receive_email(_desk(), keys, request)


@functions_framework.http
def close_intake(request: Request) -> Response:
    return answer_close_intake(_desk(), request)


class Hooked:
    """A store, or files, with a hook point before and after each method."""

    def __init__(self, store: Store | Files) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return partial(_between_hooks, name, getattr(self._store, name))


class FirestoreAhead(FirestoreStore):
    """Firestore as it will be: what it reads is read later than now; what was committed stays where it was."""

    def now(self) -> datetime:
        return super().now() + _shift()

    def intake(self, event: Event) -> Intake:
        intake = super().intake(event)
        return replace(intake, as_of=intake.as_of + _shift())

    def circuit_breaker(self) -> CircuitBreaker:
        queue = super().circuit_breaker()
        return replace(queue, as_of=queue.as_of + _shift())


def _desk() -> Desk:
    _passed.clear()
    return _desk_with((FOLDER / "books").read_text())


@cache
def _desk_with(db: str) -> Desk:
    store = cast(Store, Hooked(_store(db)))
    api_key, sender, host = (os.environ[name] for name in ("SENDGRID_API_KEY", "MAIL_FROM", "SENDGRID_HOST"))
    poster = SendGridPoster(api_key, sender, host, _IMPATIENT)
    post = partial(_between_hooks, "post", poster.post)
    desk = desk_with(store, post, FOLDER / f"{db}.messages", events=main.EVENTS)
    files = cast(Files, Hooked(desk.files()))
    return replace(desk, files=lambda: files)


def _store(db: str) -> Store:
    if main.STORE == "firestore":
        return FirestoreAhead(firestore.Client(project=db))
    return SqliteStore(FOLDER / f"{db}.sqlite3", lambda: datetime.now(UTC) + _shift())


def _shift() -> timedelta:
    return timedelta(seconds=float((FOLDER / "shift").read_text()))


def _between_hooks(name: str, do: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    _hook(f"before {name}")
    done = do(*arguments, **named)
    _hook(f"after {name}")
    return done


def _hook(name: str) -> None:
    with _hooking:
        _passed[name] += 1
        point = f"{name} {_passed[name]}"
        with (FOLDER / "passed").open("a") as passed:
            passed.write(f"{point}\n")
        order = FOLDER / "crash_at"
        if order.exists() and order.read_text() == point:
            order.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
