"""What a roster and its files are made of."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import Any, Generic, TypeVar

from rollcall.documents.changes import RosterChange
from rollcall.language import N_, NP_, language
from rollcall.model.email import EmailStatus, OutboxEntry
from rollcall.model.event import Event
from rollcall.model.registration import BotSignal, QuarantinedForm, Registered, Registration
from rollcall.model.staff import AuditEntry

_T = TypeVar("_T")
NOT_GIVEN = N_("(not given)")
WHY_QUARANTINED = {
    BotSignal.HIDDEN_FIELD: N_("a field that people do not see was filled in"),
    BotSignal.TOO_FAST: N_("sent within 3 seconds of opening the page"),
}
_STATUS = {
    EmailStatus.PENDING: NP_("an e-mail", "pending"),
    EmailStatus.SENDING: NP_("an e-mail", "sending"),
    EmailStatus.UNKNOWN: NP_("an e-mail", "unknown"),
    EmailStatus.SENT: NP_("an e-mail", "sent"),
    EmailStatus.DELIVERED: NP_("an e-mail", "delivered"),
    EmailStatus.BOUNCED: NP_("an e-mail", "bounced"),
    EmailStatus.DROPPED: NP_("an e-mail", "dropped"),
    EmailStatus.FAILED: NP_("an e-mail", "failed"),
    EmailStatus.CANCELLED: NP_("an e-mail", "cancelled"),
}


def status_in_words(event: Event, status: EmailStatus) -> str:
    return language(event.language).pgettext("an e-mail", _STATUS[status])


def language_of(event: Event, registration: Registration) -> str:
    """In which to write to a person; empty where an event has but one."""
    return language(event.language).named(registration.language) if len(event.languages) > 1 else ""


@dataclass(frozen=True)
class Shown(Generic[_T]):
    """Some of a long list; `count` is of all."""

    shown: tuple[_T, ...] = ()
    count: int = 0

    def first(self, most: int) -> "Shown[_T]":
        return Shown(self.shown[:most], self.count)

    def last(self, most: int) -> "Shown[_T]":
        return Shown(self.shown[-most:], self.count)


NOTHING: Shown[Any] = Shown()


class Part(IntEnum):
    ROSTER = 0
    LATE = 1
    WITHDRAWN = 2


@dataclass(frozen=True)
class RosterRow:
    registered: Registered
    late: bool = False
    unsent: OutboxEntry | None = None
    """The last confirmation, unless it is sent."""
    on_closed_list: bool = True
    change: RosterChange | None = None
    """Since the version that the reader had."""

    @property
    def part(self) -> Part:
        if self.registered.is_withdrawn:
            return Part.WITHDRAWN
        return Part.LATE if self.late else Part.ROSTER


@dataclass(frozen=True)
class IncompleteForm:
    """Nobody has checked what it says."""

    name: str
    sender: str
    missing: str
    received_at: datetime


@dataclass(frozen=True)
class RosterContent:
    closes_at: datetime
    people: Iterable[RosterRow]
    """By id, late or not; read once."""
    quarantined: tuple[QuarantinedForm, ...] = ()
    """The last ones; so below."""
    not_completed: tuple[IncompleteForm, ...] = ()
    version: int = 1
    since: int | None = None
    erased: int = 0
    """Of those who were on this version."""
    log: Iterable[AuditEntry] = ()
    """Read once."""


ROSTER_TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".csv": "text/csv",
}
"""By file name extension: the workbook is for people, CSV for programs."""


Named = Shown[tuple[str | None, int]]
"""Names, and how often each was given, most frequent first. None: nothing was given."""


@dataclass(frozen=True)
class Drawn:
    files: tuple[Path, ...]
    organizations: Named
    hotels: Named
    doubles: int
    """People who may have registered twice."""


def roster_file_name(event: str, suffix: str) -> str:
    return f"{event}-roster{'-for-programs' if suffix == '.csv' else ''}{suffix}"
