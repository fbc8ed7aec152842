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
    """What is shown of a long list, and how many there are."""

    shown: tuple[_T, ...] = ()
    count: int = 0


NOTHING: Shown[Any] = Shown()


@dataclass(frozen=True)
class RosterRow:
    registered: Registered
    late: bool = False
    unsent: OutboxEntry | None = None
    """The confirmation, unless it is sent."""
    doubles: tuple[str, ...] = ()
    """References of others who may be the same person."""


@dataclass(frozen=True)
class IncompleteForm:
    """Its sender did not complete it; nobody has checked what it says."""

    name: str
    sender: str
    missing: str
    received_at: datetime


@dataclass(frozen=True)
class RosterContent:
    closes_at: datetime
    people: Iterable[RosterRow]
    """By id, late or not; to be read once."""
    quarantined: tuple[QuarantinedForm, ...] = ()
    """The last, the oldest first; so below."""
    not_completed: tuple[IncompleteForm, ...] = ()


ROSTER_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""By the end of its name."""


@dataclass(frozen=True)
class RosterFile:
    path: Path
    type: str


Named = Shown[tuple[str | None, int]]
"""Names with their counts, the most named first, then by name; None if none was given. `count` is of names."""


@dataclass(frozen=True)
class Drawn:
    files: tuple[RosterFile, ...]
    """CSV of those on the list; workbook of everything."""
    organizations: Named
    hotels: Named


def roster_file_id(event: str, sha256: str, as_of: datetime, suffix: str) -> str:
    """Of the list with this SHA-256, as of this time."""
    return f"roster-{event}-{sha256[:16]}-{as_of:%Y%m%dT%H%M%S%f}{suffix}"


def roster_file_ending(event: str, id: str) -> str | None:
    """One of `ROSTER_TYPES`; None if it is not the id of a roster of this event."""
    found = re.fullmatch(rf"roster-{re.escape(event)}-[0-9A-Za-z]+-[0-9A-Za-z]+\.({'|'.join(ROSTER_TYPES)})", id)
    return found[1] if found else None
