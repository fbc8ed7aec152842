"""Signed links."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class LinkPurpose(StrEnum):
    """Its place in the link's path."""

    COMPLETE = "complete"
    RESOLVE = "resolve"
    WITHDRAW = "withdraw"
    ROSTER = "roster"
    RECEIVED = "received"
    ALREADY_REGISTERED = "already-registered"


VALID_FOR = {
    LinkPurpose.COMPLETE: timedelta(days=30),
    LinkPurpose.RESOLVE: timedelta(days=30),
    LinkPurpose.ROSTER: timedelta(days=14),
    LinkPurpose.WITHDRAW: timedelta(days=30),
    LinkPurpose.RECEIVED: timedelta(days=1),
    LinkPurpose.ALREADY_REGISTERED: timedelta(days=1),
}
"""From when the link is made; a `COMPLETE` link from the deadline, if that is later; a `WITHDRAW` link at least until
the event is over. Whoever has a roster link sees every address; `make send-roster` makes new ones."""


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
    """Cut, altered, invented, or made for another purpose."""
