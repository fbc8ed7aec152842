"""The Firestore emulator under a bench."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rollcall.local.emulator import firestore_emulator

NO_PAUSE = "-Xms6g -Xmx6g -Xmn4g -XX:+UseParallelGC"
"""For Java: with so much room (6 GB) it collects no garbage within the twenty seconds of a turn. Where it did, all
connections waited for it, and the slowest answers told of nothing else."""


@contextmanager
def emulator(java: str = "") -> Iterator[str]:
    """One of its own, which begins with empty books, in `FIRESTORE_EMULATOR_HOST` for so long. `java`: options."""
    given = {name: os.environ.get(name) for name in ("FIRESTORE_EMULATOR_HOST", "JAVA_TOOL_OPTIONS")}
    _set({"FIRESTORE_EMULATOR_HOST": None, "JAVA_TOOL_OPTIONS": java or given["JAVA_TOOL_OPTIONS"]})
    try:
        with firestore_emulator() as address:
            os.environ["FIRESTORE_EMULATOR_HOST"] = address
            yield address
    finally:
        _set(given)


def _set(environment: Mapping[str, str | None]) -> None:
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
