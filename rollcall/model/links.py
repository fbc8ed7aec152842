"""The signed links in our e-mails: what each is for, and what opening one finds."""

from dataclasses import dataclass
from enum import StrEnum


class LinkPurpose(StrEnum):
    """What a link is for; its place in the link's path."""

    COMPLETE = "complete"
    """To complete a form that came by e-mail."""
    RESOLVE = "resolve"
    """To mark an inbound e-mail as dealt with."""
    ROSTER = "roster"
    """To download a file of a roster."""


@dataclass(frozen=True)
class Opened:
    """A link that holds."""

    event: str
    id: str
    """Of the inbound e-mail or of the file."""
    place: int
    """Which form in the inbound e-mail, from 0."""


@dataclass(frozen=True)
class LinkExpired:
    """A link that we made, past its time."""


@dataclass(frozen=True)
class LinkDamaged:
    """Not a link that we made for this purpose: cut, altered or invented."""
