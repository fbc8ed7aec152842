"""The signed links that we give out: what each is for, and what opening one finds."""

from dataclasses import dataclass
from enum import StrEnum


class LinkPurpose(StrEnum):
    """What a link is for; its place in the link's path."""

    COMPLETE = "complete"
    RESOLVE = "resolve"
    ROSTER = "roster"
    RECEIVED = "received"
    ALREADY_REGISTERED = "already-registered"


@dataclass(frozen=True)
class Opened:
    event: str
    id: str
    """Of the inbound e-mail, the file or the registration."""
    place: int
    """Of the form in the e-mail."""


@dataclass(frozen=True)
class LinkExpired:
    pass


@dataclass(frozen=True)
class LinkDamaged:
    """Not a link that we made for this purpose: cut, altered or invented."""
