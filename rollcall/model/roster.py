"""The roster of a closed event, and what else the staff are told: the contents, before anybody words them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar

from rollcall.model.email import Attachment, CircuitBreaker, OutboxEntry
from rollcall.model.inbound import InboundEmail, InboundStatus, Reply
from rollcall.model.registration import QuarantinedForm, Registered

_T = TypeVar("_T")


@dataclass(frozen=True)
class Shown(Generic[_T]):
    """A list that may be longer than a mail, or memory: what is shown of it, and how many there are in all."""

    shown: tuple[_T, ...] = ()
    count: int = 0


@dataclass(frozen=True)
class RosterRow:
    """Somebody in the books of a closed event."""

    registered: Registered
    late: bool = False
    """Not on the closed list."""
    unsent: OutboxEntry | None = None
    """The confirmation, where it is neither sent nor delivered."""


@dataclass(frozen=True)
class IncompleteForm:
    """A form that came by e-mail and whose sender did not do what was asked; nobody has checked what it says."""

    first_name: str
    family_name: str
    """Empty where it says none, as the first name."""
    sender: str
    faults: tuple[str, ...]
    """The fields that are missing or wrong."""
    too_early: bool
    """Whether nothing is wrong, but it came before registration opened."""
    received_at: datetime


@dataclass(frozen=True)
class RosterContent:
    """What the files of a roster are about."""

    closes_at: datetime
    people: Iterable[RosterRow]
    """Everybody, by id, late or not: more than memory holds, and to be read once."""
    kept: tuple[QuarantinedForm, ...] = ()
    """The last forms that need a person, the first received first."""
    not_completed: tuple[IncompleteForm, ...] = ()
    """The same of forms that were not completed."""


ROSTER_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""The type of each file of a roster, by how its name ends."""


@dataclass(frozen=True)
class RosterFile:
    """A file of the roster, on the disk."""

    path: Path
    type: str


Named = Shown[tuple[str | None, int]]
"""Names with how often each was given, the most named first, then by name; None where none was. `count` is of names."""


@dataclass(frozen=True)
class Drawn:
    """A roster drawn up."""

    files: tuple[RosterFile, ...]
    """The CSV, which has those on the list, and the workbook, which has everything."""
    organizations: Named
    hotels: Named


@dataclass(frozen=True)
class LinkedFile:
    """A file that no mail can carry: it is where the link leads."""

    name: str
    size: int
    """Bytes."""
    link: str


@dataclass(frozen=True)
class Roster:
    """The closed list of an event as a mail tells of it: counted in full, and of each list no more than a mail shows.
    What is shown of a list is what came last, the first of that first, unless otherwise said."""

    closes_at: datetime
    as_of: datetime
    """When it was drawn up; the store's time."""
    by_category: Mapping[str, int] = field(default_factory=dict)
    """How many of those on the list are of a category, by its code."""
    organizations: Named = Shown()
    hotels: Named = Shown()
    undelivered: Shown[RosterRow] = Shown()
    """Those on the list whose confirmation did not go out: first those whom it will not reach by itself."""
    late: Shown[RosterRow] = Shown()
    kept: Shown[QuarantinedForm] = Shown()
    """The forms that need a person."""
    inbound: Mapping[InboundStatus, int] = field(default_factory=dict)
    """How many of the messages that came in stand how; those that do not occur are absent."""
    resolved: int = 0
    """With how many of those that need a person the staff have dealt."""
    not_completed: Shown[IncompleteForm] = Shown()
    attached: tuple[Attachment, ...] = ()
    """Its files, where a mail can carry them."""
    linked: tuple[LinkedFile, ...] = ()
    """The same files, where no mail can."""
    links_hold_until: datetime | None = None


@dataclass(frozen=True)
class ForReview:
    """A message that needs a person."""

    inbound: InboundEmail
    link: str
    """The address at which the staff say that they have dealt with it."""
    attachments: tuple[Attachment, ...]
    """Its attachments, where they are small enough to go along."""
    people: Mapping[str, Registered] = field(default_factory=dict)
    """Those of its forms' people who are in the books, by registration id."""


@dataclass(frozen=True)
class StaffDigest:
    """What does not go by itself, up to now."""

    undelivered: Shown[tuple[Registered | None, OutboxEntry]]
    """Mails that will not arrive by themselves, and whom each is about; None for a roster."""
    kept: Shown[QuarantinedForm]
    """The forms that are kept for the staff. What is shown is, here as below, what came last, the first of that
    first."""
    queue: CircuitBreaker
    inbound: Shown[ForReview] = Shown()
    """The messages that need a person."""


def roster_file_id(event: str, sha256: str, as_of: datetime, suffix: str) -> str:
    """The id under which a file of a roster is kept that no mail can carry: of the list with this SHA-256, drawn up at
    this time; `suffix` is its name's."""
    return f"roster-{event}-{sha256[:16]}-{as_of:%Y%m%dT%H%M%S%f}{suffix}"


def roster_file_ending(event: str, id: str) -> str | None:
    """How the file's name ends, one of `ROSTER_TYPES`; None where it may not be the id of a roster of this event
    (`roster_file_id`)."""
    found = re.fullmatch(rf"roster-{re.escape(event)}-[0-9A-Za-z]+-[0-9A-Za-z]+\.({'|'.join(ROSTER_TYPES)})", id)
    return found[1] if found else None


About = Registered | Roster | StaffDigest | Reply
"""What an e-mail is about."""
