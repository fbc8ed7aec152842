"""The Desk: what a registration desk works with."""

import time
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import NoReturn

from rollcall.desk.contribution_ports import Inspector, Published, Uploads
from rollcall.desk.limits import Limits
from rollcall.desk.ports import EmailReader, Files, Intakes, Links, Outbox, Post, Store
from rollcall.model.email import CircuitBreaker, OutboxEntry, Written
from rollcall.model.event import SMOKE_TEST, Event
from rollcall.model.inbound import InboundEmail, ParsedEmail
from rollcall.model.intake import READ_AGAIN_AFTER, Intake
from rollcall.model.registration import Registered


class RecentIntakes:
    """The intakes, cached for some seconds by each instance. `seconds` counts up (`time.monotonic`)."""

    def __init__(self, store: Intakes, seconds: Callable[[], float]) -> None:
        self._store = store
        self._seconds = seconds
        self._read: dict[str, tuple[float, Intake]] = {}
        self._known: Set[str] = frozenset()

    def recent(self, event: Event) -> Intake:
        """At most `READ_AGAIN_AFTER` old, and not from before a deadline that has passed since."""
        return self.at_hand(event) or self.fresh(event)

    def at_hand(self, event: Event) -> Intake | None:
        """The recent one, unless it must be read."""
        at, intake = self._read.get(event.slug, (0.0, None))
        age = timedelta(seconds=self._seconds() - at)
        if intake is None or age >= READ_AGAIN_AFTER or (not intake.past and intake.as_of + age > intake.closes_at):
            return None
        return intake

    def fresh(self, event: Event) -> Intake:
        asked_at = self._seconds()
        return self.was_read(event, self._store.intake(event), asked_at)

    def was_read(self, event: Event, intake: Intake, asked_at: float) -> Intake:
        self._read[event.slug] = (asked_at, intake)
        return intake

    def now(self, event: Event) -> datetime:
        """Good for what no deadline hangs on."""
        self.recent(event)
        at, intake = self._read[event.slug]
        return intake.as_of + timedelta(seconds=self._seconds() - at)

    def have_all(self, events: Mapping[str, Event]) -> None:
        """So that a query finds those whose deadline passes though nobody opened their page."""
        if events.keys() <= self._known:
            return
        for slug in events.keys() - self._store.known_events():
            if event := events.get(slug):  # its file can be used
                self._store.intake(event)
        self._known = self._known | events.keys()


class RecentBreaker:
    """Whether the circuit breaker was closed some seconds ago. An open one is read each time; of one that was opened
    since, SendGrid's next answer tells this instance. `at` counts up as `Desk.seconds`."""

    def __init__(self) -> None:
        self._closed_until = float("-inf")

    def was_closed(self, at: float) -> bool:
        return at < self._closed_until

    def was_read(self, breaker: CircuitBreaker, at: float) -> None:
        self._closed_until = at if breaker.open_until else at + READ_AGAIN_AFTER.total_seconds()


class LastHour:
    """What each event has sent its registrants lately, by this instance's last count."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._share: dict[str, tuple[datetime, int]] = {}
        self._told: dict[str, datetime] = {}

    def has_room(self, store: Outbox, event: Event, now: datetime, limits: Limits, beside: int = 0) -> bool:
        """For one more e-mail, which then counts; `beside`: those that are being claimed with it. Near the total each
        is counted afresh. So whatever instances do, all together stay below twice the total, and a few near it exceed
        it by what each sends at the same moment."""
        with self._lock:
            until, share = self._share.get(event.slug, (now, 0))
            if share < 1 or now >= until:
                total = event.emails_an_hour
                left = total - beside - store.sent_to_registrants(event.slug, now - limits.total_window, total)
                until, share = now + limits.count_again, -(-left // limits.shares)
            self._share[event.slug] = until, share - 1
            return share > 0

    def is_news(self, event: Event, now: datetime, limits: Limits) -> bool:
        """The first time in the window that this instance is asked."""
        with self._lock:
            told = self._told.get(event.slug)
            if told is not None and now - told < limits.total_window:
                return False
            self._told[event.slug] = now
            return True


def _none() -> NoReturn:
    raise LookupError("this function was not given what contributions and pages need")


TakePapers = Callable[["Desk", Event, InboundEmail, ParsedEmail, bytes], InboundEmail]
"""What the e-mail is then, with what came of its papers."""


@dataclass(frozen=True, eq=False)
class Desk:
    store: Store
    intakes: RecentIntakes
    events: Mapping[str, Event]
    """Going over the values reads all files; over the keys, none."""
    write: "Callable[[Desk, OutboxEntry, Event, Intake, Registered | None], Written]"
    post: Post
    files: Callable[[], Files]
    """Made on first use, as is `reader`: who waits for a page does not pay for it."""
    reader: Callable[[], EmailReader]
    links: Links
    sender: str
    limits: Limits = field(default_factory=Limits)
    seconds: Callable[[], float] = time.monotonic
    last_hour: LastHour = field(default_factory=LastHour)
    breaker: RecentBreaker = field(default_factory=RecentBreaker)
    uploads: "Callable[[], Uploads]" = _none
    """With those below, what only contributions and the event's pages need."""
    inspect: "Callable[[], Inspector]" = _none
    published: "Callable[[], Published]" = _none
    take_papers: "TakePapers | None" = None
    """Contributions in an inbound e-mail; None: there is no such room."""
    republish: "Callable[[Desk, Event], None]" = lambda desk, event: None
    """After a change of what its event's pages show."""
    compared: dict[str, datetime] = field(default_factory=dict)
    """When this instance last compared what is published of an event with its file."""

    def event(self, slug: str) -> Event | None:
        """Also the smoke test's, which is not among `events`."""
        return SMOKE_TEST if slug == SMOKE_TEST.slug else self.events.get(slug)

    def forms_return_to(self, event: Event) -> str:
        """The address for filled-in forms: the event's own, else the secretariat's."""
        return self.links.forms_to(event) or event.secretariat

    def due_to_close(self, now: datetime) -> list[Event]:
        """Of those with a file, the longest past first."""
        self.intakes.have_all(self.events)
        return [self.events[slug] for slug in self.store.due_intakes(now) if slug in self.events]

    def due_to_look(self, now: datetime) -> list[Event]:
        """Of those with a file: the roster may have changed."""
        return [self.events[slug] for slug in self.store.due_looks(now) if slug in self.events]
