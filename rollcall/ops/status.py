"""How things stand: what came in, what became of it, what waits and what failed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from rollcall.desk.close import list_is_whole, listed
from rollcall.desk.health import MISSED_AFTER, due_since, overdue
from rollcall.desk.ports import Store
from rollcall.desk.scan import everyone, in_step, inbound_emails_now, still_quarantined, unsent_entries
from rollcall.model.email import TO_STAFF, UNDELIVERED, CircuitBreaker, EmailStatus, OutboxEntry
from rollcall.model.event import SMOKE_TEST, Event
from rollcall.model.inbound import InboundStatus
from rollcall.model.intake import Intake


@dataclass(frozen=True)
class UnsentCounts:
    """Neither sent nor delivered."""

    waiting: int
    """Due, and not settled."""
    unknown: int
    """Of these: SendGrid may have accepted them."""
    longest: timedelta
    """Zero where none waits."""
    scheduled: int
    """Staff digests to come."""
    undelivered: Mapping[EmailStatus, int]
    to_staff: tuple[OutboxEntry, ...]
    """By id."""


@dataclass(frozen=True)
class EventStatus:
    event: Event
    intake: Intake | None
    """None where nobody opened its page yet."""
    registered: int
    """In time; once closed, on the closing's list."""
    late: int
    quarantined: int
    """Without people who registered after all."""
    inbound: Mapping[InboundStatus, int]
    needs_review: int
    """In the review queue."""
    emails: UnsentCounts
    list_is_whole: bool = True
    """The stored list is the closing's."""

    @property
    def received(self) -> int:
        """A registration by e-mail counts twice."""
        return self.registered + self.late + self.quarantined + sum(self.inbound.values())

    @property
    def is_overdue(self) -> bool:
        return self.intake is not None and overdue(self.intake) > MISSED_AFTER


@dataclass(frozen=True)
class WithoutFile:
    """No page is shown, and nobody closes it."""

    slug: str
    intake: Intake
    registered: int
    """In time or late."""
    emails: UnsentCounts
    """They cannot be written: they wait, or fail in the end."""


@dataclass(frozen=True)
class Status:
    breaker: CircuitBreaker
    events: tuple[EventStatus, ...]
    """The next deadline first, then past ones, the last first; unknown ones last."""
    without_file: tuple[WithoutFile, ...] = ()

    @property
    def as_of(self) -> datetime:
        return self.breaker.as_of


def status(store: Store, events: Mapping[str, Event]) -> Status:
    """A page of results in memory at a time. Writes nothing."""
    breaker, intakes = store.circuit_breaker(), store.known_intakes()
    with_file = [_event_status(store, event, intakes.get(slug), breaker.as_of) for slug, event in events.items()]
    others = {slug: intake for slug, intake in intakes.items() if slug not in {*events, SMOKE_TEST.slug}}
    without_file = [_without_file(store, slug, intake, breaker.as_of) for slug, intake in others.items()]
    return Status(
        breaker,
        tuple(sorted(with_file, key=lambda one: _place(one, breaker.as_of))),
        tuple(sorted(without_file, key=lambda one: one.intake.closes_at)),
    )


def unsent_counts(unsent: Iterable[OutboxEntry], now: datetime) -> UnsentCounts:
    waiting = unknown = scheduled = 0
    longest, undelivered, to_staff = timedelta(0), Counter[EmailStatus](), []
    for entry in unsent:
        if entry.status in UNDELIVERED:
            undelivered[entry.status] += 1
            if entry.kind in TO_STAFF:
                to_staff.append(entry)
        elif entry.not_before > now:
            scheduled += 1
        else:
            waiting += 1
            unknown += entry.status is EmailStatus.UNKNOWN
            longest = max(longest, now - due_since(entry))
    to_staff.sort(key=lambda entry: entry.id)
    return UnsentCounts(waiting, unknown, longest, scheduled, undelivered, tuple(to_staff))


def _event_status(store: Store, event: Event, intake: Intake | None, now: datetime) -> EventStatus:
    registered, late, is_whole = _people(store, event, intake)
    inbound, to_review = Counter[InboundStatus](), 0
    for one, inbound_status, _ in inbound_emails_now(store, event.slug):
        inbound[inbound_status] += 1
        to_review += one.needs_review
    return EventStatus(
        event=event,
        intake=intake,
        registered=registered,
        late=late,
        quarantined=sum(1 for _ in still_quarantined(store, event.slug)),
        inbound=inbound,
        needs_review=to_review,
        emails=unsent_counts(unsent_entries(store, event.slug), now),
        list_is_whole=is_whole,
    )


def _without_file(store: Store, slug: str, intake: Intake, now: datetime) -> WithoutFile:
    registered = sum(1 for _ in everyone(store, slug))
    return WithoutFile(slug, intake, registered, unsent_counts(unsent_entries(store, slug), now))


def _people(store: Store, event: Event, intake: Intake | None) -> tuple[int, int, bool]:
    """Registered, late, and whether the closed list is whole; if so it decides: a restored document has another
    time."""
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
