"""The local run, in this process (no start to wait for, and a clock that a test moves) or as a process."""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rollcall.local.__main__ import in_folder, serving
from rollcall.local.emulator import free_port
from rollcall.local.sendgrid import StandIn
from rollcall.model.event import Event
from tests.support.builders import an_event
from tests.support.served import Served, process

EVERY = timedelta(seconds=0.02)


@contextmanager
def run_here(
    folder: Path,
    clock: Callable[[], datetime],
    answers: int | None = None,
    events: Mapping[str, Event] | None = None,
) -> Iterator[Served]:
    """Of the letter's event, or of these; `answers` is what SendGrid's stand-in answers to every e-mail."""
    folder.mkdir(exist_ok=True)
    db, letter = in_folder(folder, clock), an_event()
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        serving(listening, events or {letter.slug: letter}, db, StandIn(db.outbox, answers), EVERY),
    ):
        yield Served(listening.getsockname()[1])


def local_run(folder: Path, **environment: str) -> AbstractContextManager[Served]:
    port = free_port()
    return process(["rollcall.local"], port, {"PORT": str(port), "DATABASE": str(folder), **environment})


def outbox(served: Served, kind: str) -> list[dict[str, Any]]:
    """What SendGrid's stand-in was handed of this kind, once the desk knows that it was."""
    sent = ("sent", "delivered")
    return [one for one in served.ask("GET", "/outbox.json").json if one["kind"] == kind and one["status"] in sent]
