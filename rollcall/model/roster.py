"""The roster of a closed event: what its files are made of."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from rollcall.model.email import OutboxEntry
from rollcall.model.registration import BotSignal, QuarantinedForm, Registered

_T = TypeVar("_T")
WHY_QUARANTINED = {
    BotSignal.HIDDEN_FIELD: "a field that people do not see was filled in",
    BotSignal.TOO_FAST: "sent within 3 seconds of opening the page",
}


@dataclass(frozen=True)
class Shown(Generic[_T]):
    """A list that may be longer than an e-mail, or memory: what is shown of it, and how many there are in all."""

    shown: tuple[_T, ...] = ()
    count: int = 0


NOTHING: Shown[Any] = Shown()


@dataclass(frozen=True)
class RosterRow:
    """Somebody who registered for a closed event."""

    registered: Registered
    late: bool = False
    """Not on the closed list."""
    unsent: OutboxEntry | None = None
    """The confirmation, where it is neither sent nor delivered."""
    doubles: tuple[str, ...] = ()
    """References of others who may be the same person."""


@dataclass(frozen=True)
class IncompleteForm:
    """A form that came by e-mail and whose sender did not complete it; nobody has checked what it says."""

    name: str
    """Empty where it says none."""
    sender: str
    missing: str
    """What is missing or wrong."""
    received_at: datetime


@dataclass(frozen=True)
class RosterContent:
    """What the files of a roster are about."""

    closes_at: datetime
    people: Iterable[RosterRow]
    """Everybody, by id, late or not: more than memory holds, and to be read once."""
    quarantined: tuple[QuarantinedForm, ...] = ()
    """The last forms in quarantine, the oldest first."""
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
    """The files of a roster, and what was counted meanwhile."""

    files: tuple[RosterFile, ...]
    """The CSV, which has those on the list, and the workbook, which has everything."""
    organizations: Named
    hotels: Named


def roster_file_id(event: str, sha256: str, as_of: datetime, suffix: str) -> str:
    """The id of a stored file of a roster: of the list with this SHA-256, as of this time."""
    return f"roster-{event}-{sha256[:16]}-{as_of:%Y%m%dT%H%M%S%f}{suffix}"


def roster_file_ending(event: str, id: str) -> str | None:
    """How the file's name ends, one of `ROSTER_TYPES`; None where it may not be the id of a roster of this event
    (`roster_file_id`)."""
    found = re.fullmatch(rf"roster-{re.escape(event)}-[0-9A-Za-z]+-[0-9A-Za-z]+\.({'|'.join(ROSTER_TYPES)})", id)
    return found[1] if found else None
