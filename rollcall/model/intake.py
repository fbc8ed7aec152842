"""The intake of an event: when it opens, when it closes, and what its closing recorded."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

READ_AGAIN_AFTER = timedelta(seconds=15)
"""How late an instance may see that a deadline was moved."""
GOOD_FOR = timedelta(seconds=30)
"""How long after a reading a commit may still be judged by it; a later one is judged by a reading of its own."""
MOVED_AHEAD = timedelta(minutes=2)
"""How far ahead a deadline that is moved earlier must still lie: well above `GOOD_FOR`, so that no reading from before
the move can judge a commit after the new deadline."""


@dataclass(frozen=True)
class Closing:
    """What was on the roster when the intake closed: how many, and the SHA-256 over their ids in the pages' order."""

    count: int
    sha256: str
    pages: int


@dataclass(frozen=True)
class EarlierDeadline:
    """What the deadline was until it was moved."""

    closes_at: datetime
    moved_at: datetime


@dataclass(frozen=True)
class Intake:
    """The present truth about an event's intake, as the store had it at `as_of` (the store's own time)."""

    opens_at: datetime
    closes_at: datetime
    closing: Closing | None
    as_of: datetime
    history: tuple[EarlierDeadline, ...] = ()
    """The deadlines before this one, the first first."""
    version: object = field(default=None, compare=False)
    """The store's mark of this reading, for `record_closing` and `move_deadline`."""

    @property
    def not_yet_open(self) -> bool:
        """Whether it had not opened when this was read."""
        return self.as_of < self.opens_at

    @property
    def past(self) -> bool:
        """Whether the deadline had passed when this was read."""
        return self.as_of > self.closes_at

    def can_judge(self, received_at: datetime) -> bool:
        """Whether a commit at this time may be judged by this reading (`GOOD_FOR`)."""
        return received_at - self.as_of <= GOOD_FOR

    def is_late(self, received_at: datetime) -> bool:
        """On the roster if and only if committed at or before the deadline."""
        return received_at > self.closes_at


def e_mailed_in_time(received_at: datetime, arrived_at: datetime | None, closes_at: datetime) -> bool:
    """Whether a late form was e-mailed before the deadline: SendGrid had it then, the store only later. SendGrid's time
    is of whole seconds, so that of the deadline itself is too late, as likely as not."""
    return arrived_at is not None and arrived_at < closes_at < received_at
