"""Load by wrk (Debian's package), in a process of its own that keeps its connections.

wrk takes little of the two cores, and its script (`form.lua`) makes each form another person's. It corrects latencies
for the requests that it would have sent while it waited for a slow one.
"""

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = Path(__file__).with_name("form.lua")
_LOST_AFTER = 30
"""Seconds without an answer."""


@dataclass(frozen=True)
class Load:
    created: int
    """Answers 201; of a page, 200."""
    seconds: float
    p50: float
    p90: float
    p99: float
    """Milliseconds of latency."""

    @property
    def rate(self) -> float:
        """Registrations, or pages, a second."""
        return self.created / self.seconds


def post_forms(url: str, form: Mapping[str, object], number: str, connections: int, seconds: int) -> Load:
    """Post the form again and again, each time with another number in place of `number`. Raises `SystemExit` unless
    every answer is 201."""
    made = {"FORM": json.dumps(form), "NUMBER": number, "RUN": uuid.uuid4().hex[:8]}
    return _load(url, connections, seconds, made)


def get_page(url: str, connections: int, seconds: int) -> Load:
    """As a browser does. Raises `SystemExit` unless every answer is 200."""
    return _load(url, connections, seconds, {})


def _load(url: str, connections: int, seconds: int, environment: Mapping[str, str]) -> Load:
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("The bench needs wrk, a Debian package: apt-get install wrk")
    how = ("--threads=1", f"--connections={connections}", f"--duration={seconds}s", f"--timeout={_LOST_AFTER}s")
    ran = subprocess.run(
        [wrk, *how, f"--script={_SCRIPT}", url],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return load_from(ran.stderr)


def load_from(said: str) -> Load:
    """Reads the output of `form.lua`."""
    first, _, refusal = said.partition("\n")
    counted = json.loads(first)
    if counted.pop("refused") + counted.pop("lost"):
        raise SystemExit(f"Not every request was answered as it should be: {first} {refusal}")
    return Load(**counted)
