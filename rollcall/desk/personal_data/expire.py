"""Keeping what names people no longer than promised."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rollcall.desk.desk import Desk


class NeverDeleted(Exception):
    """An event without a file, of which nobody knows until when it is kept."""


@dataclass(frozen=True)
class Deleted:
    """In one call, of an event whose time is over."""

    counts: Mapping[str, int] = field(default_factory=dict)
    """How many of each kind (`Kept`, and files)."""
    is_done: bool = True
    """False: the next call goes on."""


def expire_due(desk: Desk) -> Iterator[tuple[str, Deleted | Exception]]:
    """By event, each with the exception that nobody foresaw."""
    yield from ()
