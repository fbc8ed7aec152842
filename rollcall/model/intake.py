"""The intake of an event."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from rollcall.model.registration import Outline, Registered

READ_AGAIN_AFTER = timedelta(seconds=15)
"""An instance reads an intake again when its copy is this old."""
GOOD_FOR = timedelta(seconds=30)
"""For so long after a reading we may decide by it whether a commit was late."""
MOVED_AHEAD = timedelta(minutes=2)
"""An earlier deadline lies so far ahead: no reading from before the move can judge a commit after it."""


@dataclass(frozen=True)
class Closing:
    count: int
    sha256: str
    pages: int


class OnRoster(NamedTuple):
    """A line of a roster version: a registration, and its revision at that time."""

    id: str
    revision: int


@dataclass(frozen=True)
class RosterVersion:
    number: int
    """1 is the first closing's."""
    count: int
    sha256: str
    """Over the ids alone."""
    pages: int
    drawn_at: datetime
    """When that began; of the closing's, the deadline."""
    name: str
    """Of no other version, nor of another drawing of this one."""

    def page_name(self, number: int) -> str:
        return f"{self.name}-{number:06}"

    @property
    def is_closings(self) -> bool:
        return self.name.isdecimal()


@dataclass(frozen=True)
class EarlierDeadline:
    closes_at: datetime
    moved_at: datetime


@dataclass(frozen=True)
class Intake:
    opens_at: datetime
    closes_at: datetime
    closing: Closing | None
    as_of: datetime
    """By the store's own time."""
    history: tuple[EarlierDeadline, ...] = ()
    """Oldest first."""
    revoked_links: tuple[str, ...] = ()
    """Each by its `link_id`."""
    later_versions: tuple[RosterVersion, ...] = ()
    """Since the closing."""
    earlier_versions: tuple[RosterVersion, ...] = ()
    """From before it was opened again."""
    looks_at: datetime | None = None
    """When to look whether the roster changed; None: no more, or not yet."""
    version: object = field(default=None, compare=False)

    @property
    def versions(self) -> tuple[RosterVersion, ...]:
        """Of the roster, by number; none before the first closing."""
        if self.closing is None:
            return self.earlier_versions
        count, sha256, pages = self.closing.count, self.closing.sha256, self.closing.pages
        number = len(self.earlier_versions) + 1
        closings = RosterVersion(number, count, sha256, pages, self.closes_at, self.closing_name)
        return *self.earlier_versions, closings, *self.later_versions

    @property
    def closings(self) -> tuple[RosterVersion, ...]:
        """Whoever is on one of these versions was in time."""
        return tuple(one for one in self.versions if one.is_closings)

    def moved(self, closes_at: datetime) -> "Intake":
        """To another deadline. A closed one is open again; its versions of the roster stay as they are."""
        history = (*self.history, EarlierDeadline(self.closes_at, self.as_of))
        if self.closing is None:
            return replace(self, closes_at=closes_at, history=history)
        return replace(
            self,
            closes_at=closes_at,
            history=history,
            closing=None,
            earlier_versions=self.versions,
            later_versions=(),
            looks_at=None,
        )

    @property
    def closing_name(self) -> str:
        """Each deadline's: who closes late by an earlier one overwrites nothing."""
        return str(len(self.history))

    @property
    def not_yet_open(self) -> bool:
        return self.as_of < self.opens_at

    @property
    def past(self) -> bool:
        return self.as_of > self.closes_at

    def can_judge(self, received_at: datetime) -> bool:
        return received_at - self.as_of <= GOOD_FOR

    def is_late(self, received_at: datetime) -> bool:
        return received_at > self.closes_at

    def leaves_out(self, one: Registered | Outline) -> bool:
        return self.is_late(one.received_at) and not one.admitted


def e_mailed_in_time(received_at: datetime, arrived_at: datetime | None, closes_at: datetime) -> bool:
    """SendGrid's time is in whole seconds: the deadline's own second is too late."""
    return arrived_at is not None and arrived_at < closes_at < received_at
