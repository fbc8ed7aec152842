"""Signed links."""

from dataclasses import dataclass
from enum import StrEnum


class LinkPurpose(StrEnum):
    """Its place in the link's path."""

    COMPLETE = "complete"
    RESOLVE = "resolve"
    ROSTER = "roster"


@dataclass(frozen=True)
class Opened:
    event: str
    id: str
    """Of the inbound e-mail, or of the file."""
    place: int
    """Of the form in the e-mail."""


@dataclass(frozen=True)
class LinkExpired:
    pass


@dataclass(frozen=True)
class LinkDamaged:
    """Cut, altered, invented, or made for another purpose."""
