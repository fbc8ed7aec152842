"""How things stand, for the person on duty: what came in, what became of it, what waits and what failed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from rollcall.desk.close import list_is_whole, listed
from rollcall.desk.health import MISSED_AFTER, due_since, overdue
from rollcall.desk.ports import Store
from rollcall.desk.scan import everyone, in_step, messages_now, still_quarantined, unsent_entries
from rollcall.desk.testing import is_test
from rollcall.model.email import TO_STAFF, UNDELIVERED, CircuitBreaker, EmailStatus, OutboxEntry
from rollcall.model.event import Event
from rollcall.model.inbound import InboundStatus
from rollcall.model.intake import Intake


@dataclass(frozen=True)
class UnsentCounts:
    """How the mails of an event stand that are neither sent nor delivered; those of test persons are left out."""

    waiting: int
    """Owed by now, and not settled."""
    in_doubt: int
    """How many of these may have been taken, and wait for a delivery report."""
    longest: timedelta
    """For how long the one that is owed longest has been waiting; zero where none is."""
    later: int
    """Owed at a time that is to come: words to the staff."""
    undelivered: Mapping[EmailStatus, int]
    """Mails that will not arrive by themselves; states that do not occur are absent."""
    to_staff: tuple[OutboxEntry, ...]
    """Those of them that were for the staff, by id."""


@dataclass(frozen=True)
class EventStatus:
    """How an event stands; test persons are left out."""

    event: Event
    intake: Intake | None
    """None where the books do not know the event yet."""
    registered: int
    """On the roster: received in time, or, once the intake is closed, on the list that the closing recorded."""
    late: int
    kept: int
    """Forms kept for the staff, but for those of people who registered after all."""
    inbound: Mapping[InboundStatus, int]
    """How many of the messages that came in stand how; those that do not occur are absent."""
    left_to_staff: int
    """Messages that need a person, and with which the staff have not yet dealt."""
    entries: UnsentCounts
    list_is_whole: bool = True
    """Whether the list in the books is the one that the closing recorded."""

    @property
    def received(self) -> int:
        """Everything that came in and is in the books: registrations, kept forms, messages. A registration that came in
        a message is counted as both."""
        return self.registered + self.late + self.kept + sum(self.inbound.values())

    @property
    def is_overdue(self) -> bool:
        """Whether its deadline passed a while ago and no closing is recorded."""
        return self.intake is not None and overdue(self.intake) > MISSED_AFTER


@dataclass(frozen=True)
class WithoutFile:
    """An event that the books know and of which there is no file here: no page is shown of it, and nobody closes it."""

    slug: str
    intake: Intake
    registered: int
    """In time or late; test persons are left out."""
    entries: UnsentCounts
    """Nobody can write one without its file: they wait, or fail in the end."""


@dataclass(frozen=True)
class Status:
    """How things stand."""

    queue: CircuitBreaker
    events: tuple[EventStatus, ...]
    """The next deadline first, then those that have passed, the last first; those that the books do not know last."""
    without_file: tuple[WithoutFile, ...] = ()
    """By deadline."""

    @property
    def as_of(self) -> datetime:
        """The store's time."""
        return self.queue.as_of


def status(store: Store, events: Mapping[str, Event]) -> Status:
    """How things stand now, counted with a page in memory at a time. Writes nothing. Raises `StoreUnavailable`."""
    queue, intakes = store.circuit_breaker(), store.known_intakes()
    status = [_event_status(store, event, intakes.get(slug), queue.as_of) for slug, event in events.items()]
    without_file = [
        _without_file(store, slug, intake, queue.as_of) for slug, intake in intakes.items() if slug not in events
    ]
    return Status(
        queue,
        tuple(sorted(status, key=lambda one: _place(one, queue.as_of))),
        tuple(sorted(without_file, key=lambda one: one.intake.closes_at)),
    )


def unsent_counts(unsent: Iterable[OutboxEntry], now: datetime) -> UnsentCounts:
    """How these mails stand, none of which is sent or delivered."""
    waiting = in_doubt = later = 0
    longest, undelivered, to_staff = timedelta(0), Counter[EmailStatus](), []
    for entry in unsent:
        if is_test(entry.to):
            continue
        if entry.status in UNDELIVERED:
            undelivered[entry.status] += 1
            if entry.kind in TO_STAFF:
                to_staff.append(entry)
        elif entry.not_before > now:
            later += 1
        else:
            waiting += 1
            in_doubt += entry.status is EmailStatus.UNKNOWN
            longest = max(longest, now - due_since(entry))
    to_staff.sort(key=lambda entry: entry.id)
    return UnsentCounts(waiting, in_doubt, longest, later, undelivered, tuple(to_staff))


def _event_status(store: Store, event: Event, intake: Intake | None, now: datetime) -> EventStatus:
    registered, late, list_is_whole = _people(store, event, intake)
    inbound, left_to_staff = Counter[InboundStatus](), 0
    for one, status, _ in messages_now(store, event.slug):
        inbound[status] += 1
        left_to_staff += one.needs_review
    return EventStatus(
        event=event,
        intake=intake,
        registered=registered,
        late=late,
        kept=sum(1 for _ in still_quarantined(store, event.slug)),
        inbound=inbound,
        left_to_staff=left_to_staff,
        entries=unsent_counts(unsent_entries(store, event.slug), now),
        list_is_whole=list_is_whole,
    )


def _without_file(store: Store, slug: str, intake: Intake, now: datetime) -> WithoutFile:
    registered = sum(1 for _ in everyone(store, slug))
    return WithoutFile(slug, intake, registered, unsent_counts(unsent_entries(store, slug), now))


def _people(store: Store, event: Event, intake: Intake | None) -> tuple[int, int, bool]:
    """How many are registered, how many late, and whether the closed list is whole. That list decides, if it is: a
    document that was restored has another time."""
    closing = intake.closing if intake else None
    whole = intake is None or closing is None or list_is_whole(store, event, intake, closing)
    if intake and closing and whole:
        on_list = in_step(listed(store, event, intake, closing), str)
        are_late = (on_list(one.id) is None for one in everyone(store, event.slug))
    else:
        are_late = (intake is not None and intake.is_late(one.received_at) for one in everyone(store, event.slug))
    counted = Counter(are_late)
    return counted[False], counted[True], whole


def _place(one: EventStatus, now: datetime) -> tuple[int, timedelta]:
    if one.intake is None:
        return 2, timedelta(0)
    ahead = one.intake.closes_at - now
    return (0, ahead) if ahead > timedelta(0) else (1, -ahead)
