"""The intake of an event."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

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
    version: object = field(default=None, compare=False)

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


def e_mailed_in_time(received_at: datetime, arrived_at: datetime | None, closes_at: datetime) -> bool:
    """SendGrid's time is in whole seconds: the deadline's own second is too late."""
    return arrived_at is not None and arrived_at < closes_at < received_at
