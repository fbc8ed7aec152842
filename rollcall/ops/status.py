"""How things stand: what came in, what waits and what failed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from rollcall.desk.health import MISSED_AFTER, due_since, overdue
from rollcall.desk.ports import Store
from rollcall.desk.roster import are_whole, is_news, standing, without_late_revision
from rollcall.desk.scan import everyone, inbound_emails_now, still_quarantined, unsent_entries
from rollcall.model.email import TO_STAFF, UNDELIVERED, CircuitBreaker, EmailStatus, OutboxEntry
from rollcall.model.event import SMOKE_TEST, Event
from rollcall.model.inbound import InboundStatus
from rollcall.model.intake import Intake
from rollcall.model.registration import Registered

_AHEAD = timedelta(hours=1)  # people register while we count


@dataclass(frozen=True)
class UnsentCounts:
    waiting: int
    unknown: int
    """Among those waiting: SendGrid may have accepted them."""
    over_total: int
    """Among those waiting: the event had its e-mails of an hour."""
    longest: timedelta
    """Zero where none waits."""
    scheduled: int
    """Staff digests to come."""
    undelivered: Mapping[EmailStatus, int]
    to_staff: tuple[OutboxEntry, ...]
    """By id."""


@dataclass(frozen=True)
class EventStatus:
    slug: str
    event: Event | None
    """None where it has no file: no page is shown, nobody closes it, no e-mail of it can be written."""
    intake: Intake | None
    """None where nobody opened its page yet."""
    registered: int
    """In time. Without those who withdrew, as `late`."""
    late: int
    withdrawn: int
    changed: int
    """Of those registered, in time or late: their answers are not the first ones."""
    quarantined: int
    inbound: Mapping[InboundStatus, int]
    needs_review: int
    emails: UnsentCounts
    list_is_whole: bool = True
    """The pages of the closing, and of the last version of the roster."""
    not_on_last_version: int = 0
    """People of whom the next version of the roster would tell."""
    ahead: int = 0
    """Whose time is still to come: the clock ran ahead when they registered."""

    @property
    def received(self) -> int:
        """A registration by e-mail counts twice."""
        return self.registered + self.late + self.withdrawn + self.quarantined + sum(self.inbound.values())

    @property
    def is_overdue(self) -> bool:
        return self.intake is not None and overdue(self.intake) > MISSED_AFTER

    @property
    def look_is_overdue(self) -> bool:
        looks_at = self.intake.looks_at if self.intake else None
        return self.intake is not None and looks_at is not None and self.intake.as_of - looks_at > MISSED_AFTER


@dataclass(frozen=True)
class Status:
    breaker: CircuitBreaker
    events: tuple[EventStatus, ...]
    """The next deadline first, then those past; unknown ones last."""


def status(store: Store, events: Mapping[str, Event]) -> Status:
    """Writes nothing."""
    breaker, intakes = store.circuit_breaker(), store.known_intakes()
    slugs = {*events, *intakes} - {SMOKE_TEST.slug}
    stand = [_event_status(store, slug, events.get(slug), intakes.get(slug), breaker.as_of) for slug in sorted(slugs)]
    return Status(breaker, tuple(sorted(stand, key=lambda one: _place(one, breaker.as_of))))


def unsent_counts(unsent: Iterable[OutboxEntry], now: datetime) -> UnsentCounts:
    waiting = unknown = over_total = scheduled = 0
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
            over_total += entry.is_over_total
            longest = max(longest, now - due_since(entry))
    to_staff.sort(key=lambda entry: entry.id)
    return UnsentCounts(waiting, unknown, over_total, longest, scheduled, undelivered, tuple(to_staff))


def _event_status(store: Store, slug: str, event: Event | None, intake: Intake | None, now: datetime) -> EventStatus:
    counted, is_whole = _people(store, slug, event, intake, now)
    inbound, to_review = Counter[InboundStatus](), 0
    for one, inbound_status, _ in inbound_emails_now(store, slug):
        inbound[inbound_status] += 1
        to_review += one.needs_review
    return EventStatus(
        slug=slug,
        event=event,
        intake=intake,
        registered=counted["registered"],
        late=counted["late"],
        withdrawn=counted["withdrawn"],
        changed=counted["changed"],
        quarantined=sum(1 for _ in still_quarantined(store, slug)),
        inbound=inbound,
        needs_review=to_review,
        emails=unsent_counts(unsent_entries(store, slug), now),
        list_is_whole=is_whole,
        not_on_last_version=counted["news"],
        ahead=counted["ahead"],
    )


def _people(
    store: Store, slug: str, event: Event | None, intake: Intake | None, now: datetime
) -> tuple[Counter[str], bool]:
    """Whether the roster's pages are whole, and how many people are what. Once closed, its list decides who is late: a
    restored document has another time."""
    counted = Counter[str]()
    rosters = {intake.versions[0], intake.versions[-1]} if intake and intake.closing else set()
    whole = are_whole(store, slug, *rosters)
    if event and intake and rosters and whole:
        for one in standing(store, event, intake, intake.versions[-1]):
            counted.update(_kinds(one.registered, now, late=not one.on_time))
            counted["news"] += is_news(store, event, one)
        return counted, whole
    for there in everyone(store, slug):
        late = intake is not None and intake.leaves_out(there)
        counted.update(_kinds(without_late_revision(store, slug, there), now, late=late))
    return counted, whole


def _kinds(one: Registered, now: datetime, *, late: bool) -> Iterator[str]:
    yield "withdrawn" if one.is_withdrawn else "late" if late else "registered"
    if one.confirmed > 1 and not one.is_withdrawn:
        yield "changed"
    if one.received_at - now > _AHEAD:
        yield "ahead"


def _place(one: EventStatus, now: datetime) -> tuple[int, timedelta]:
    if one.intake is None:
        return 2, timedelta(0)
    ahead = one.intake.closes_at - now
    return (0, ahead) if ahead > timedelta(0) else (1, -ahead)
