"""How things stand: what came in, what waits and what failed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from rollcall.desk.contributions.submit import contributions_close_at
from rollcall.desk.health import MISSED_AFTER, due_since, overdue
from rollcall.desk.personal_data.ask import waiting
from rollcall.desk.ports import Store
from rollcall.desk.roster import Places, Standing, are_whole, is_news, listed_among, without_late_revision
from rollcall.desk.scan import PAGE_SIZE, inbound_emails_now, still_quarantined, unsent_entries
from rollcall.desk.staff.contributions import Counts, counts_of
from rollcall.model.email import TO_STAFF, UNDELIVERED, CircuitBreaker, EmailKind, EmailStatus, OutboxEntry
from rollcall.model.event import SMOKE_TEST, Event
from rollcall.model.inbound import InboundStatus
from rollcall.model.intake import Intake, OnRoster
from rollcall.model.personal_data import ErasureStatus, Retention
from rollcall.model.registration import Outline, Registered

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
class Tally:
    """Those registered, late or not, without those who withdrew."""

    days: Mapping[date, int] = field(default_factory=Counter)
    """Of receiving, on the calendar at the event."""
    answers: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By field: how often each code was chosen, the empty one where none was."""
    languages: Mapping[str, int] = field(default_factory=Counter)


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
    unconfirmed: int = 0
    """Registrations whose last confirmation was not delivered."""
    admitted: int = 0
    """Among those registered: late, and admitted."""
    stored: int = 0
    """Registrations and inbound e-mails, as the database counts them."""
    tally: "Tally" = field(default_factory=lambda: Tally())
    contributions: Counts = field(default_factory=Counts)
    retention: Retention | None = None
    """None where the sweep has not seen the event yet."""
    asked_to_erase: Sequence[date] = ()
    """By when each has to be answered, the first first."""
    erased: int = 0
    erased_from: Mapping[str, int] = field(default_factory=dict)
    """Each version of the roster, by its name."""

    @property
    def received(self) -> int:
        """A registration by e-mail counts twice, and a contribution."""
        people = self.registered + self.late + self.withdrawn + self.quarantined
        return people + sum(self.inbound.values()) + self.contributions.received

    @property
    def balances(self) -> bool:
        """Nothing that is stored is missing here. Not so while something comes in."""
        return self.received - self.quarantined == self.stored + self.contributions.stored

    @property
    def is_overdue(self) -> bool:
        return self.intake is not None and overdue(self.intake) > MISSED_AFTER

    @property
    def answers_overdue(self) -> int:
        """To people who ask to be erased."""
        event, intake = self.event, self.intake
        return sum(day < event.day_of(intake.as_of) for day in self.asked_to_erase) if event and intake else 0

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
    breaker, intakes = store.circuit_breaker(), store.known_intakes()
    slugs = {*events, *intakes} - {SMOKE_TEST.slug}
    stand = [event_status(store, slug, events.get(slug), intakes.get(slug), breaker.as_of) for slug in sorted(slugs)]
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


def event_status(
    store: Store, slug: str, event: Event | None, intake: Intake | None, now: datetime, *, news: bool = True
) -> EventStatus:
    """Reads everything that there is of the event. Without `news` it does not look at the history of those who changed,
    and `not_on_last_version` stays 0."""
    retention = store.retention(slug)
    is_deleted = retention is not None and retention.is_deleted  # with the roster's pages
    people = _People(store, slug, event, None if is_deleted else intake, now, news=news)
    inbound, to_review = Counter[InboundStatus](), 0
    for one, inbound_status, _ in inbound_emails_now(store, slug):
        inbound[inbound_status] += 1
        to_review += one.needs_review
    erasures = store.erasures(slug)
    counted, unconfirmed, erased = people.counted, _Unconfirmed(store, slug), listed_among(erasures)
    if news and intake and intake.versions:
        counted["news"] += erased[intake.versions[-1].name]
    emails = unsent_counts(unconfirmed.among(unsent_entries(store, slug)), now)
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
        emails=emails,
        list_is_whole=people.list_is_whole,
        not_on_last_version=counted["news"],
        erased_from=erased,
        ahead=counted["ahead"],
        unconfirmed=unconfirmed.count,
        admitted=counted["admitted"],
        stored=store.stored(slug),
        tally=people.tally,
        retention=retention,
        contributions=counts_of(store, slug, contributions_close_at(store, event) if event else None),
        asked_to_erase=[one.answer_by for one in waiting(store, event)] if event else (),
        erased=sum(one.status is ErasureStatus.ERASED for one in erasures),
    )


class _People:
    """Whether the roster's pages are whole, and how many people are what. Once closed, its list decides who is late: a
    restored document has another time."""

    def __init__(
        self, store: Store, slug: str, event: Event | None, intake: Intake | None, now: datetime, *, news: bool
    ) -> None:
        self.counted = Counter[str]()
        self.list_is_whole = True
        self._event = event
        self._days, self._languages = Counter[date](), Counter[str]()
        self._answers = {name: Counter[str]() for name in tallied(event)}
        place: Places | None = None
        if event and intake and intake.versions:
            last = intake.versions[-1]
            self.list_is_whole = are_whole(store, slug, *{*intake.closings, last})
            place = Places(store, slug, intake, last) if self.list_is_whole else None
        for outline in store.outlines(slug, [name for name in self._answers if name != "category"]):
            there = _as_it_counts(store, slug, outline)
            on_time = intake is None or not intake.leaves_out(there)
            listed: OnRoster | None = None
            if place:
                _, listed, on_time = place.of(there)
            self._count(there, intake, now, late=not on_time)
            if event and news and place:
                self.counted["news"] += _is_news(store, event, there, listed, on_time=on_time)

    @property
    def tally(self) -> Tally:
        return Tally(self._days, self._answers, self._languages)

    def _count(self, one: Outline | Registered, intake: Intake | None, now: datetime, *, late: bool) -> None:
        self.counted["ahead"] += one.received_at - now > _AHEAD
        if one.is_withdrawn:
            self.counted["withdrawn"] += 1
            return
        self.counted["late" if late else "registered"] += 1
        self.counted["changed"] += one.confirmed > 1
        self.counted["admitted"] += bool(one.admitted and intake and intake.is_late(one.received_at))
        if self._event:
            self._days[self._event.day_of(one.received_at)] += 1
        said = one.registration if isinstance(one, Registered) else one
        self._languages[said.language] += 1
        for name, counter in self._answers.items():
            counter[said.category if name == "category" else said.answers.get(name, "")] += 1


class _Unconfirmed:
    """Registrations whose last confirmation was not delivered, counted a page at a time as entries are read."""

    def __init__(self, store: Store, slug: str) -> None:
        self.count = 0
        self._store, self._slug = store, slug
        self._revisions = dict[str, int]()

    def among(self, entries: Iterable[OutboxEntry]) -> Iterator[OutboxEntry]:
        for entry in entries:
            if entry.status in UNDELIVERED and entry.kind is EmailKind.CONFIRMATION:
                self._revisions[entry.registration_id or ""] = entry.revision
            if len(self._revisions) == PAGE_SIZE:
                self._look()
            yield entry
        self._look()

    def _look(self) -> None:
        about, self._revisions = self._revisions, {}
        if about:
            there = self._store.registered_among(self._slug, about)
            self.count += sum(one.confirmed == about[one.id] for one in there)


def tallied(event: Event | None) -> list[str]:
    """Fields by whose answers people are counted: whom they represent, and countries."""
    fields = event.fields if event else ()
    return [field.name for field in fields if field.name == "category" or field.kind == "country"]


def _as_it_counts(store: Store, slug: str, outline: Outline) -> Outline | Registered:
    """As `without_late_revision`."""
    there = store.registered(slug, outline.id) if outline.came_too_late else None
    return without_late_revision(store, slug, there) if there else outline


def _is_news(store: Store, event: Event, one: Outline | Registered, listed: OnRoster | None, *, on_time: bool) -> bool:
    """As `is_news`, which reads a history: only that of whom it may be."""
    on_roster = on_time and not one.is_withdrawn
    if listed is None or not on_roster:
        return on_roster != (listed is not None)
    there = store.registered(event.slug, one.id) if one.revision != listed.revision else None
    return there is not None and is_news(
        store,
        event,
        Standing(
            without_late_revision(store, event.slug, there), on_closed_list=True, on_time=True, listed=listed.revision
        ),
    )


def _place(one: EventStatus, now: datetime) -> tuple[int, timedelta]:
    if one.intake is None:
        return 2, timedelta(0)
    ahead = one.intake.closes_at - now
    return (0, ahead) if ahead > timedelta(0) else (1, -ahead)
