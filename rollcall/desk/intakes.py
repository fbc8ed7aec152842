"""The intakes, cached for some seconds by each instance."""

from collections.abc import Callable, Mapping, Set
from datetime import datetime, timedelta

from rollcall.desk.ports import Intakes
from rollcall.model.event import Event
from rollcall.model.intake import READ_AGAIN_AFTER, Intake


class RecentIntakes:
    """`seconds` counts up (`time.monotonic`): the age of a reading, which decides no deadline."""

    def __init__(self, store: Intakes, seconds: Callable[[], float]) -> None:
        self._store = store
        self._seconds = seconds
        self._read: dict[str, tuple[float, Intake]] = {}
        self._known: Set[str] = frozenset()

    def recent(self, event: Event) -> Intake:
        """At most `READ_AGAIN_AFTER` old, and not from before a deadline that has passed since."""
        at, intake = self._read.get(event.slug, (0.0, None))
        age = timedelta(seconds=self._seconds() - at)
        if intake is None or age >= READ_AGAIN_AFTER or (not intake.past and intake.as_of + age > intake.closes_at):
            return self.fresh(event)
        return intake

    def now(self, event: Event) -> datetime:
        """The store's time, counted on: good for what no deadline hangs on."""
        self.recent(event)
        at, intake = self._read[event.slug]
        return intake.as_of + timedelta(seconds=self._seconds() - at)

    def have_all(self, events: Mapping[str, Event]) -> None:
        """Have each in the store, so that a query finds those whose deadline passes though nobody opened their page."""
        if events.keys() <= self._known:
            return
        for slug in events.keys() - self._store.known_events():
            self._store.intake(events[slug])
        self._known = self._known | events.keys()

    def fresh(self, event: Event) -> Intake:
        asked_at = self._seconds()
        intake = self._store.intake(event)
        self._read[event.slug] = (asked_at, intake)
        return intake
