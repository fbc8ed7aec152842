"""The intake of an event: when it opens, when it closes, and what its closing recorded."""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from rollcall.model.event import Event

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


class IntakeStore(Protocol):
    """Where the present intake is read."""

    def intake(self, event: Event) -> Intake:
        """The event's intake now, made from its file where there is none yet."""
        ...

    def known_events(self) -> Set[str]:
        """The events that the books have an intake of."""
        ...


class RecentIntakes:
    """The intakes that this instance read in the last seconds.

    `seconds` counts up (`time.monotonic`); it measures only how old a reading is, and decides no deadline.
    """

    def __init__(self, store: IntakeStore, seconds: Callable[[], float]) -> None:
        self._store = store
        self._seconds = seconds
        self._read: dict[str, tuple[float, Intake]] = {}
        self._known: Set[str] = frozenset()

    def recent(self, event: Event) -> Intake:
        """The intake as it was at most `READ_AGAIN_AFTER` ago, and not from before a deadline that has passed since."""
        at, intake = self._read.get(event.slug, (0.0, None))
        age = timedelta(seconds=self._seconds() - at)
        if intake is None or age >= READ_AGAIN_AFTER or (not intake.past and intake.as_of + age > intake.closes_at):
            return self.fresh(event)
        return intake

    def now(self, event: Event) -> datetime:
        """The store's time, counted on from a reading of the last seconds: good for what no deadline hangs on."""
        self.recent(event)
        at, intake = self._read[event.slug]
        return intake.as_of + timedelta(seconds=self._seconds() - at)

    def have_all(self, events: Mapping[str, Event]) -> None:
        """Have each of these, by slug, in the books, so that a query finds those whose deadline passes though nobody
        ever opened their page. The books are asked once: an event that they know they know for good."""
        if events.keys() <= self._known:
            return
        for slug in events.keys() - self._store.known_events():
            self._store.intake(events[slug])
        self._known = self._known | events.keys()

    def fresh(self, event: Event) -> Intake:
        """The intake as it is now."""
        asked_at = self._seconds()
        intake = self._store.intake(event)
        self._read[event.slug] = (asked_at, intake)
        return intake
