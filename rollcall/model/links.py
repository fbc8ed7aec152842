"""Signed links."""

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class LinkPurpose(StrEnum):
    """Its place in the link's path."""

    COMPLETE = "complete"
    RESOLVE = "resolve"
    AMEND = "amend"
    """The staff's, for a form in an inbound e-mail that says something else than its person's registration."""
    OWN = "own"
    ADDRESS = "address"
    """Confirms the e-mail address that a registration is to have."""
    ROSTER = "roster"
    RECEIVED = "received"
    ALREADY_REGISTERED = "already-registered"
    LATE = "late"
    """Of one person, who may register though the intake is closed."""
    CONTRIBUTION = "contribution"
    PAPERS = "papers"
    """Completes what is missing of the papers in an inbound e-mail."""
    SUBMITTED = "submitted"
    """What follows after a contribution was sent in; nobody sees by it what was sent."""


TO_STAFF = (LinkPurpose.RESOLVE, LinkPurpose.AMEND, LinkPurpose.ROSTER)
"""Each is made for one address, and ends when that leaves the event's file."""
TO_EDITORS = (LinkPurpose.RESOLVE, LinkPurpose.AMEND)
"""Which end too when its role becomes another."""
SHORTEST_KEY = 32
"""Characters of a key that signs links: `secrets.token_urlsafe(32)` makes 43, of 256 bits."""

VALID_FOR = {
    LinkPurpose.COMPLETE: timedelta(days=30),
    LinkPurpose.PAPERS: timedelta(days=30),
    LinkPurpose.RESOLVE: timedelta(days=30),
    LinkPurpose.AMEND: timedelta(days=30),
    LinkPurpose.ROSTER: timedelta(days=14),
    LinkPurpose.RECEIVED: timedelta(days=1),
    LinkPurpose.ALREADY_REGISTERED: timedelta(days=1),
    LinkPurpose.SUBMITTED: timedelta(days=1),
}
"""From when the link is made; a `COMPLETE` link from the deadline, if that is later. Links of registrants to their own
registration work until `Event.keep_until`. Whoever has a roster link sees every address; `make send-roster` makes new
ones."""

_TOKEN = re.compile(
    rf"(/(?:{'|'.join(LinkPurpose)})/)[\w.~%=-]{{8,}}(?:\s*\n(?:[ \t]*[>|])*[ \t]*[\w.~%=-]{{20,}})*", re.IGNORECASE
)
"""A signed part, of which some programs write the end on the next line."""
BUTTON_VALID_FOR = timedelta(days=1)
"""Of the staff's pages, from when the page was made."""


@dataclass(frozen=True)
class Opened:
    event: str
    id: str
    """Of the inbound e-mail, the file, the registration or the invitation."""
    number: int = 0
    """The place of the form in the e-mail; for `OWN` and `CONTRIBUTION`, `link` of what it opens when it was made; for
    `SUBMITTED`, 1 where the same came before."""
    recipient: str = ""
    """The address it was made for, of which nobody can read it (`Links.is_for`)."""


@dataclass(frozen=True)
class LinkExpired:
    pass


@dataclass(frozen=True)
class LinkDamaged:
    """Cut, altered, invented, or made for another purpose."""


@dataclass(frozen=True)
class LinkRevoked:
    """By whoever is on call, or by its person; or since the address it was made for left the event's file."""


NoLink = LinkExpired | LinkDamaged | LinkRevoked


def without_tokens(text: str) -> str:
    """What people quote of our e-mails, with no link of theirs that still works; also where a program broke it."""
    return _TOKEN.sub(r"\1…", text)


def link_id(token: str) -> str:
    """By which a link is revoked. Without the signature, whose last character can be written in several ways."""
    return hashlib.sha256(token.rpartition(".")[0].encode()).hexdigest()[:32]
