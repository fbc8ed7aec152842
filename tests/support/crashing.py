"""The functions, as functions-framework serves them, with hook points at which the process dies by SIGKILL.

Files in the folder `CRASHING` say what is wanted, and are read at each hook point:

    database  name of the database to use
    crash_at  the hook point at which to die; removed then, so that it happens once
    shift     seconds by which time is moved forward
"""

import os
import signal
from datetime import timedelta
from functools import cache
from pathlib import Path

import functions_framework
from cloudevents.http import CloudEvent
from flask import Request, Response

import main
from handlers.send_mail import send_mail as answer_send_mail
from rollcall.desk.desk import Desk
from tests.support.answering import answering
from tests.support.hooks import Hooks, hooked_desk, impatient_poster, open_store

FOLDER = Path(os.environ["CRASHING"])
_ANSWERING = answering(os.environ)


@functions_framework.http
def register(request: Request) -> Response:
    return _ANSWERING["register"](_desk(), request)


@functions_framework.cloud_event
def send_mail(trigger: CloudEvent) -> None:
    answer_send_mail(_desk(), trigger)


@functions_framework.http
def send_due_mail(request: Request) -> Response:
    return _ANSWERING["send_due_mail"](_desk(), request)


@functions_framework.http
def record_deliveries(request: Request) -> Response:
    return _ANSWERING["record_deliveries"](_desk(), request)


@functions_framework.http
def receive_email(request: Request) -> Response:
    return _ANSWERING["receive_email"](_desk(), request)


@functions_framework.http
def close_intake(request: Request) -> Response:
    return _ANSWERING["close_intake"](_desk(), request)


@functions_framework.http
def staff(request: Request) -> Response:
    return _ANSWERING["staff"](_desk(), request)


def _die_where_ordered(point: str) -> None:
    order = FOLDER / "crash_at"
    if order.exists() and order.read_text() == point:
        order.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


_HOOKS = Hooks(_die_where_ordered)


def _desk() -> Desk:
    _HOOKS.begin()
    return _desk_with((FOLDER / "database").read_text())


@cache
def _desk_with(database: str) -> Desk:
    store = open_store(os.environ, FOLDER, database, _ahead)
    return hooked_desk(store, FOLDER / f"{database}.files", impatient_poster(os.environ), main.EVENTS, _HOOKS)


def _ahead() -> timedelta:
    return timedelta(seconds=float((FOLDER / "shift").read_text()))
