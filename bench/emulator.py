"""The Firestore emulator under a bench."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rollcall.local.emulator import firestore_emulator

NO_PAUSE = "-Xms6g -Xmx6g -Xmn4g -XX:+UseParallelGC"
"""For Java: with 6 GB it collects no garbage within a turn's twenty seconds. A collection pauses all connections and
decides the 99th percentile."""


@contextmanager
def emulator(java: str = "") -> Iterator[str]:
    """A new one, empty, in `FIRESTORE_EMULATOR_HOST` meanwhile. `java`: options."""
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
