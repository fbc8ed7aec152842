"""Handlers called in the test's own process, and a store that is away."""

import gc
import os
import runpy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from unittest import mock

from flask import Flask, Request, Response
from werkzeug.test import EnvironBuilder

from rollcall.desk.desk import Desk
from rollcall.documents.roster_content import ROSTER_TYPES
from rollcall.local.emulator import free_port
from rollcall.model.event import Event
from rollcall.store.firestore import FirestoreStore
from tests.support.builders import desk_with
from tests.support.desk import Postbox
from tests.support.served import KEYS, ROOT, Answer

_APP = Flask("as functions-framework has one")
AT_ONCE = timedelta(seconds=0.2)
_NO_TEXT = ("application/pdf", "application/zip", ROSTER_TYPES[".xlsx"])


def ask(
    handle: Callable[[Request], Response],
    method: str,
    path: str,
    body: bytes | str = b"",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """What the handler answers to one request."""
    content = body.encode() if isinstance(body, str) else body
    builder = EnvironBuilder(path=path, method=method, data=content, headers=list((headers or {}).items()))
    with _APP.request_context(builder.get_environ()) as served:
        response = handle(served.request)
        content = response.get_data()
    text = "" if response.mimetype in _NO_TEXT or response.content_encoding else content.decode()
    return Answer(response.status_code, dict(response.headers), text, content)


@contextmanager
def desk_without_store(folder: Path, events: Mapping[str, Event]) -> Iterator[Desk]:
    """A desk whose Firestore is at an address where nobody listens; it gives up at once."""
    with mock.patch.dict(os.environ, FIRESTORE_EMULATOR_HOST=f"127.0.0.1:{free_port()}"):
        store = FirestoreStore("none", retry_within=AT_ONCE)
        yield desk_with(store, Postbox().post, folder, events=events)


def start_main(**environment: str | None) -> str:
    """What is said when `main.py` does not start with these settings; empty where it starts. None unsets one."""
    settings = {name: value for name, value in ({**KEYS, **environment}).items() if value is not None}
    kept = {name: value for name, value in os.environ.items() if name not in environment}
    try:
        with mock.patch.dict(os.environ, kept | settings, clear=True):
            runpy.run_path(str(ROOT / "main.py"), run_name="started")
    except (Exception, SystemExit) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        gc.enable()
    return ""
