"""Erasing a person, on request."""

from collections.abc import Iterator

from rollcall.desk.desk import Desk
from rollcall.model.personal_data import Erasure


def erase_due(desk: Desk) -> Iterator[tuple[str, Erasure | Exception]]:
    """By registration, each with the exception that nobody foresaw."""
    yield from ()
