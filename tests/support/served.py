"""Functions served by the real functions-framework, each in a process of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import IO, Any

from rollcall.local.emulator import free_port
from tests.support.builders import LINKS

KEYS = {"LINK_KEY": LINKS.key, "PAGES": LINKS.pages, "FORMS_HOST": str(LINKS.forms_host)}
"""Settings that every served function has, unless a test says otherwise."""
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str
    """Empty of a file that is none."""
    content: bytes = b""

    @property
    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.text)


@dataclass(frozen=True)
class Served:
    """A server on loopback."""

    port: int

    def ask(
        self, method: str, path: str, body: bytes | str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request, no redirect followed."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body.encode() if isinstance(body, str) else body, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers), response.read().decode())
        finally:
            connection.close()

    def post_json(self, path: str, form: object) -> Answer:
        """A form as a JSON client sends it."""
        return self.ask("POST", path, json.dumps(form), {"Content-Type": "application/json"})


@contextmanager
def process(
    command: list[str], port: int, environment: Mapping[str, str], output: IO[bytes] | None = None
) -> Iterator[Served]:
    """A server's process for as long as it is needed; what it prints and logs goes to `output`, or where ours goes."""
    settings = {**os.environ, **KEYS, **environment}
    running = subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=settings, stdout=output, stderr=output)
    try:
        wait_until_it_answers(running, port)
        yield Served(port)
    finally:
        running.terminate()
        running.wait(timeout=30)


@contextmanager
def function(
    target: str, output: IO[bytes] | None = None, /, source: str = "main.py", **environment: str
) -> Iterator[Served]:
    """One function of `main.py`, as Google serves it."""
    port = free_port()
    command = ["functions_framework", "--source", source, "--target", target, "--port", str(port)]
    with process(command, port, environment, output) as served:
        yield served


def wait_until_it_answers(running: subprocess.Popen[bytes], port: int) -> None:
    """Within a minute, and not if it stops."""
    give_up_at = time.monotonic() + 60
    while time.monotonic() < give_up_at:
        assert running.poll() is None, "the server stopped"
        try:
            HTTPConnection("127.0.0.1", port, timeout=1).connect()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the server does not answer")


def until(look: Any, seconds: float = 40) -> Any:
    """What `look` gives as soon as it gives anything; it is asked again and again, within a bound."""
    give_up_at = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < give_up_at, "it did not happen"
        time.sleep(0.1)
    return found
