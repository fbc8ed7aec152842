"""Forms posted by wrk (Debian's package), from a process of its own that keeps its connections.

wrk, since one thread of it in C asks for far more than two cores can answer here and so takes little of what is
measured, and since its script (`form.lua`) makes each form another person's. What it says of the time until an answer
is corrected for requests that it would have sent while it waited for a slow one.
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
    """What came of it."""

    created: int
    """Answers 201."""
    seconds: float
    p50: float
    p90: float
    p99: float
    """Milliseconds until an answer."""

    @property
    def rate(self) -> float:
        """Registrations a second."""
        return self.created / self.seconds


def post_forms(url: str, form: Mapping[str, object], number: str, connections: int, seconds: int) -> Load:
    """Post the form again and again, over so many connections at once, with another number in place of `number`.

    Raises `SystemExit` where one is answered otherwise than 201, or not at all.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("The bench needs wrk, a Debian package: apt-get install wrk")
    how = ("--threads=1", f"--connections={connections}", f"--duration={seconds}s", f"--timeout={_LOST_AFTER}s")
    ran = subprocess.run(
        [wrk, *how, f"--script={_SCRIPT}", url],
        env={**os.environ, "FORM": json.dumps(form), "NUMBER": number, "RUN": uuid.uuid4().hex[:8]},
        capture_output=True,
        text=True,
        check=True,
    )
    return load_from(ran.stderr)


def load_from(said: str) -> Load:
    """What `form.lua` said at the end."""
    first, _, refusal = said.partition("\n")
    counted = json.loads(first)
    if counted.pop("refused") + counted.pop("lost"):
        raise SystemExit(f"Not every form was answered 201: {first} {refusal}")
    return Load(**counted)
