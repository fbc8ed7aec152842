"""Finding registrations: by words, by what was chosen, by how they stand, and by whether their e-mail arrived.

The index answers for one term; whatever else is asked for is looked at in what was read. A request reads no more than
`MOST_READ` registrations, and says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from difflib import SequenceMatcher
from enum import StrEnum
from functools import cached_property
from itertools import islice

from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.model import finding
from rollcall.model.email import DONE, UNDELIVERED, EmailKind, OutboxEntry, confirmation
from rollcall.model.event import Event
from rollcall.model.finding import facet
from rollcall.model.intake import Intake, OnRoster, RosterVersion
from rollcall.model.registration import Registered, RegistrationStatus

ROWS = 40
"""Each with its confirmation, so a page reads some 80 documents."""
BATCH = 100
MOST_READ = 500
MOST_ALIKE = 200
MOST_HEARD = 3
"""Words that are looked for by their sound."""
MOST_TERMS = 30
"""Firestore's limit for one query."""
_CLOCKS_DIFFER = timedelta(hours=1)


class Standing(StrEnum):
    ON_TIME = "on_time"
    ADMITTED = "admitted"
    LATE = "late"
    WITHDRAWN = "withdrawn"


class Delivery(StrEnum):
    """Of the last confirmation."""

    UNDELIVERED = "undelivered"
    WAITING = "waiting"


class How(StrEnum):
    AS_TYPED = "as_typed"
    ALIKE = "alike"
    """Names that sound like what was typed, the likest first."""
    SHORTER = "shorter"
    """Words that begin as the first letters of what was typed."""


@dataclass(frozen=True)
class Sought:
    text: str = ""
    chosen: tuple[tuple[str, str], ...] = ()
    """Field and code."""
    language: str = ""
    standing: Standing | None = None
    delivery: Delivery | None = None
    day: date | None = None
    """On which it was received, at the event."""

    @cached_property
    def words(self) -> tuple[str, ...]:
        return finding.typed(self.text)


@dataclass(frozen=True)
class Row:
    registered: Registered
    standing: Standing
    confirmation: OutboxEntry | None
    """The last one."""


@dataclass(frozen=True)
class Found:
    rows: Sequence[Row]
    after: str | None = None
    """The place past which there may be more."""
    looked_at: int = 0
    """So many were read, and the page is not full yet; 0 where nothing is left to read."""
    how: How = How.AS_TYPED
    instead: str = ""
    """What was looked for where `how` is `SHORTER`."""


def search(desk: Desk, event: Event, sought: Sought, after: str | None = None, *, alike: bool = False) -> Found:
    """A page of results. Where nobody has the words that were typed, those who have the likest."""
    intake = desk.intakes.recent(event)
    judge = Judge(desk.store, event, intake)
    if not alike:
        found = _page(desk.store, event, intake, judge, sought, after)
        if found.rows or after or found.after or not sought.words:
            return found
    return _alike(desk.store, event, judge, sought) or _shorter(desk.store, event, intake, judge, sought) or Found(())


def all_found(desk: Desk, event: Event, sought: Sought) -> Iterator[Row]:
    """However many; a page of results in memory at a time."""
    intake, store = desk.intakes.fresh(event), desk.store
    judge = Judge(store, event, intake)
    candidates = _candidates(store, event, intake, sought, None)
    kept = (one for _, one in candidates if one and _keeps(event, judge, sought, one))
    while page := list(islice(kept, BATCH)):
        yield from _rows(store, event, judge, page)


class Judge:
    """How each registration stands. Whom a closing has is on time though a restored document is younger: a few pages of
    the roster are read where one seems late."""

    def __init__(self, store: Store, event: Event, intake: Intake) -> None:
        self._store, self._event, self._intake = store, event.slug, intake
        self._pages: dict[str, Sequence[OnRoster]] = {}

    def standing(self, one: Registered) -> Standing:
        if one.is_withdrawn:
            return Standing.WITHDRAWN
        if not self._intake.is_late(one.received_at):
            return Standing.ON_TIME
        if one.admitted:
            return Standing.ADMITTED
        return Standing.ON_TIME if self._is_listed(one) else Standing.LATE

    def _is_listed(self, one: Registered) -> bool:
        versions = {*self._intake.closings, *(self._intake.versions[-1:] if one.admitted is None else ())}
        return any(self._has(version, one.id) for version in versions)

    def _has(self, version: RosterVersion, id: str) -> bool:
        """Its pages are in the order of ids."""
        low, high = 0, version.pages
        while low < high:
            middle = (low + high) // 2
            page = self._page(version.page_name(middle))
            if not page or id < page[0].id:
                high = middle
            elif id > page[-1].id:
                low = middle + 1
            else:
                return any(row.id == id for row in page)
        return False

    def _page(self, name: str) -> Sequence[OnRoster]:
        if name not in self._pages:
            self._pages[name] = self._store.roster_page(self._event, name)
        return self._pages[name]


def _page(store: Store, event: Event, intake: Intake, judge: Judge, sought: Sought, after: str | None) -> Found:
    kept: list[Registered] = []
    for number, (place, one) in enumerate(_candidates(store, event, intake, sought, after), start=1):
        if one and _keeps(event, judge, sought, one):
            if len(kept) == ROWS:
                return Found(_rows(store, event, judge, kept), after)
            kept.append(one)
        after = place
        if number == MOST_READ:
            return Found(_rows(store, event, judge, kept), after, looked_at=number)
    return Found(_rows(store, event, judge, kept))


def _alike(store: Store, event: Event, judge: Judge, sought: Sought) -> Found | None:
    words, rest = sought.words, replace(sought, text="")
    for word in sorted(words, key=len, reverse=True)[:MOST_HEARD]:
        heard = store.find(event.slug, [f"~{finding.sound(word)}"], None, MOST_ALIKE)
        kept = [one for one in heard if finding.sounds_like(one, words) and _keeps(event, judge, rest, one)]
        if kept:
            kept.sort(key=lambda one: _likeness(one, words), reverse=True)
            return Found(_rows(store, event, judge, kept[:ROWS]), how=How.ALIKE)
    return None


def _likeness(one: Registered, words: Sequence[str]) -> float:
    """Of its names to what was typed: more is liker."""
    names = finding.names(one.registration)
    return sum(max((SequenceMatcher(None, word, name).ratio() for name in names), default=0.0) for word in words)


def _shorter(store: Store, event: Event, intake: Intake, judge: Judge, sought: Sought) -> Found | None:
    for length in reversed(finding.BEGINNINGS[1:]):
        begun = " ".join(word[:length] for word in sought.words)
        if begun != " ".join(sought.words):
            found = _page(store, event, intake, judge, replace(sought, text=begun), None)
            if found.rows:
                return replace(found, after=None, looked_at=0, how=How.SHORTER, instead=begun)
    return None


_Candidates = Iterator[tuple[str, Registered | None]]
"""Each with its place; None stands for what was read and cannot be meant."""


def _candidates(store: Store, event: Event, intake: Intake, sought: Sought, after: str | None) -> _Candidates:
    if sought.delivery:
        return _by_delivery(store, event, sought.delivery, after)
    # where nothing else is asked for, what the index finds first is the page
    return _by_terms(store, event, _terms(event, intake, sought), after, ROWS + 1 if sought == Sought() else BATCH)


def _by_terms(store: Store, event: Event, terms: Sequence[str], after: str | None, size: int) -> _Candidates:
    while page := store.find(event.slug, terms, after, size):
        yield from ((one.id, one) for one in page)
        if len(page) < size:
            return
        after = page[-1].id


def _by_delivery(store: Store, event: Event, delivery: Delivery, after: str | None) -> _Candidates:
    """In the order of ids, as the outbox has them."""
    while entries := store.unsent_entries(event.slug, after, BATCH):
        meant = {one.id: one.registration_id for one in entries if _is_meant(one, delivery) and one.registration_id}
        there = {one.id: one for one in store.registered_among(event.slug, meant.values())}
        for entry in entries:
            one = there.get(meant.get(entry.id, ""))
            yield entry.id, one if one and one.confirmed == entry.revision else None
        after = entries[-1].id


def _is_meant(entry: OutboxEntry, delivery: Delivery) -> bool:
    undelivered = entry.status in UNDELIVERED
    return entry.kind is EmailKind.CONFIRMATION and undelivered == (delivery is Delivery.UNDELIVERED)


def _terms(event: Event, intake: Intake, sought: Sought) -> Sequence[str]:
    """Of what is asked for, what fewest have, as far as one can tell: one of these terms."""
    local = sought.text.partition("@")[0]  # a domain is that of many
    words = sorted(finding.typed(local) or sought.words, key=len, reverse=True)
    for word in words:
        if term := finding.term_for(word):
            return [term]
    if sought.standing is Standing.WITHDRAWN:
        return [facet(finding.STATUS, RegistrationStatus.WITHDRAWN.value)]
    if sought.standing is Standing.ADMITTED:
        return [facet(finding.STATUS, finding.ADMITTED)]
    if sought.day and (terms := _received(*_day(event, sought.day))):
        return terms
    if sought.standing is Standing.LATE and (terms := _received(intake.closes_at, intake.as_of)):
        return terms
    if sought.chosen:
        return [facet(*max(sought.chosen, key=lambda one: _choices(event, one[0])))]
    if sought.language:
        return [facet(finding.LANGUAGE, sought.language)]
    return [finding.EVERYONE]


def _received(first: datetime, last: datetime) -> list[str]:
    """None where they are too many: then all registrations are looked at."""
    first, last = first - _CLOCKS_DIFFER, last + _CLOCKS_DIFFER
    days = (last.date() - first.date()).days + 1
    if days > MOST_TERMS:
        return []
    return [facet(finding.RECEIVED, (first.date() + timedelta(days=day)).isoformat()) for day in range(days)]


def _day(event: Event, day: date) -> tuple[datetime, datetime]:
    begins, ends = (datetime.combine(day + timedelta(days=more), time(), event.zone) for more in (0, 1))
    return begins.astimezone(UTC), ends.astimezone(UTC)


def _choices(event: Event, name: str) -> int:
    field = event.field(name)
    return len(field.choices) if field else 0


def _keeps(event: Event, judge: Judge, sought: Sought, one: Registered) -> bool:
    person = one.registration
    return (
        (not sought.words or finding.matches(one, sought.words))
        and all(code in finding.codes(person, name) for name, code in sought.chosen)
        and sought.language in ("", person.language)
        and (sought.standing is None or sought.standing is judge.standing(one))
        and sought.day in (None, event.day_of(one.received_at))
    )


def _rows(store: Store, event: Event, judge: Judge, people: Sequence[Registered]) -> Sequence[Row]:
    ids = [confirmation(event.slug, one.id, "", revision=one.confirmed).id for one in people]
    entries = {entry.id: entry for entry in store.entries_among(ids)}
    return [Row(one, judge.standing(one), entries.get(id)) for one, id in zip(people, ids, strict=True)]


def is_found(store: Store, event: Event, intake: Intake, sought: Sought, one: Registered) -> bool:
    """Whether the pages of results have it."""
    if not _keeps(event, Judge(store, event, intake), sought, one):
        return False
    if sought.delivery is None:
        return True
    entry = store.entry(confirmation(event.slug, one.id, "", revision=one.confirmed).id)
    return entry is not None and entry.status not in DONE and _is_meant(entry, sought.delivery)
