"""The local run: a process, and what it shows of the e-mails that were sent."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from rollcall.local.emulator import free_port
from tests.support.served import Served, process

SENT = ("sent", "delivered")


def local_run(db: Path, **environment: str) -> AbstractContextManager[Served]:
    port = free_port()
    return process(["rollcall.local"], port, {"PORT": str(port), "BOOKS": str(db), **environment})


def outbox(served: Served, kind: str) -> list[dict[str, Any]]:
    return [mail for mail in served.ask("GET", "/outbox.json").json if mail["kind"] == kind and mail["state"] in SENT]
