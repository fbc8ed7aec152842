"""Who stays where, and the rooming lists that hotels are sent."""

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from rollcall.desk.ports import Store
from rollcall.desk.roster import (
    Pair,
    answers_now,
    as_listed,
    erased_from,
    side_by_side,
    without_late_revision,
    write_pages,
)
from rollcall.desk.scan import PAGE_SIZE
from rollcall.model.email import EmailStatus, OutboxEntry, rooming_list_entry
from rollcall.model.event import Event
from rollcall.model.form import HOTEL_NAME, nights
from rollcall.model.hotels import RoomingLists, as_the_hotel_sees, hotel_id, hotel_of, listed_hotel
from rollcall.model.intake import Intake, OnRoster, RosterVersion
from rollcall.model.registration import Registered, normalized_address
from rollcall.model.staff import Action, Press

_ASKED = ("hotel", HOTEL_NAME, "arrival", "departure")
MOST_HOTELS = 1000
"""Told apart; where people write the name, there may be as many as people."""


@dataclass
class Stays:
    """Of some people. `arrivals`, `departures`: by day (ISO 8601); some may not have said it."""

    people: int = 0
    nights: int = 0
    arrivals: Counter[str] = field(default_factory=Counter)
    departures: Counter[str] = field(default_factory=Counter)

    def add(self, answers: Mapping[str, str]) -> None:
        self.people += 1
        self.nights += nights(answers) or 0
        for counted, name in ((self.arrivals, "arrival"), (self.departures, "departure")):
            if day := answers.get(name):
                counted[day] += 1


@dataclass
class AtHotel:
    id: str
    stays: Stays = field(default_factory=Stays)
    spellings: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, answers: Mapping[str, str]) -> None:
        self.stays.add(answers)
        self.spellings[name] += 1

    @property
    def name(self) -> str:
        """As most write it."""
        return max(self.spellings, key=lambda name: (self.spellings[name], name), default="")


@dataclass(frozen=True)
class OneHotel:
    id: str
    name: str
    """Empty where there is no such hotel."""
    stays: Stays
    guests: Sequence[str]
    """Ids of the registrations, in order."""


@dataclass(frozen=True)
class Hotels:
    hotels: Sequence[AtHotel]
    """The fullest first."""
    all: Stays
    not_said: int
    others: int
    """People in hotels beyond the first `MOST_HOTELS` found."""


def hotels(store: Store, event: Event, intake: Intake) -> Hotels:
    found: dict[str, AtHotel] = {}
    everyone, not_said, others = Stays(), 0, 0
    for _, answers in answers_now(store, event, intake, _ASKED):
        everyone.add(answers)
        name = hotel_of(event, answers)
        id = hotel_id(name)
        if not name:
            not_said += 1
        elif hotel := found.get(id):
            hotel.add(name, answers)
        elif len(found) == MOST_HOTELS:
            others += 1
        else:
            found[id] = AtHotel(id)
            found[id].add(name, answers)
    fullest = sorted(found.values(), key=lambda one: (-one.stays.people, one.name))
    return Hotels(fullest, everyone, not_said, others)


def one_hotel(store: Store, event: Event, intake: Intake, lists: RoomingLists) -> OneHotel:
    """Its name as the event file has it, else as most guests write it, else as on the last list."""
    at, ids = AtHotel(lists.hotel), []
    for id, answers in answers_now(store, event, intake, _ASKED):
        if (name := hotel_of(event, answers)) and hotel_id(name) == at.id:
            at.add(name, answers)
            ids.append(id)
    listed = listed_hotel(event, at.id)
    return OneHotel(at.id, listed.name if listed else at.name or lists.name, at.stays, ids)


def guests(store: Store, event: Event, hotel: OneHotel) -> Iterator[Registered]:
    """By id."""
    ids = iter(hotel.guests)
    while page := list(islice(ids, PAGE_SIZE)):
        found = {one.id: one for one in store.registered_among(event.slug, page)}
        there = (without_late_revision(store, event.slug, found[id]) for id in page if id in found)
        # somebody may have changed it since
        yield from (one for one in there if _stays_at(event, hotel, one) and not one.is_withdrawn)


def _stays_at(event: Event, hotel: OneHotel, one: Registered) -> bool:
    name = hotel_of(event, one.registration.answers)
    return bool(name) and hotel_id(name) == hotel.id


@dataclass(frozen=True)
class ListSent:
    version: RosterVersion
    entry: OutboxEntry


@dataclass(frozen=True)
class NobodyThere:
    """Nor on an earlier list."""


@dataclass(frozen=True)
class SentMeanwhile:
    """By this press before, or by somebody else since the page was shown."""


def send_list(
    store: Store, event: Event, hotel: str, to: str, seen: int, press: Press
) -> ListSent | NobodyThere | SentMeanwhile:
    """Freeze the list of a hotel's guests as they now stand and enqueue it to the hotel. `seen`: how many had been sent
    when the page was shown.

    1. Read what the hotel was sent, and stop if there is more than the page showed.
    2. If a guest stands otherwise than on the last version, write the pages of the next one under a name of their own.
    3. In one commit record version and sending, enqueue the e-mail and note who did it. If somebody sent one
       meanwhile, nothing of it is written.
    """
    lists = store.rooming_lists(event.slug, hotel)
    if len(lists.sent) != seen:
        return SentMeanwhile()
    intake = store.intake(event)
    there = one_hotel(store, event, intake, lists)
    version = _frozen(store, event, there, lists, intake.as_of)
    if version.count == 0 and not lists.versions:
        return NobodyThere()
    entry = rooming_list_entry(event.slug, hotel, version.number, to, len(lists.sent) + 1)
    audit = press.entry(Action.ROOMING_LIST_SENT, about=hotel, after={"version": str(version.number)})
    sent = lists.with_sent(version, entry, there.name)
    done = store.record_rooming_list(event.slug, sent, entry, audit)
    return ListSent(version, entry) if done else SentMeanwhile()


def _frozen(store: Store, event: Event, hotel: OneHotel, lists: RoomingLists, at: datetime) -> RosterVersion:
    """The last version if the hotel would read the same, else the next, not recorded yet."""
    last = lists.versions[-1] if lists.versions else None
    if last and _same(store, event, hotel, last):
        return last
    number = len(lists.versions) + 1
    rows = (OnRoster(one.id, one.revision) for one in guests(store, event, hotel))
    name = f"hotel-{lists.hotel}-{number}-{secrets.token_hex(8)}"
    return write_pages(store, event.slug, number, name, rows, at)


def _same(store: Store, event: Event, hotel: OneHotel, last: RosterVersion) -> bool:
    is_shorter = erased_from(store, event.slug)[last.name]
    return not is_shorter and next(changes_since_version(store, event, hotel, last), None) is None


def changes_since_version(store: Store, event: Event, hotel: OneHotel, version: RosterVersion) -> Iterator[Pair]:
    """Who came, left or changed for the hotel: as on that list, and as they now stand."""
    for then, now in side_by_side(as_listed(store, event.slug, version), guests(store, event, hotel)):
        seen = [as_the_hotel_sees(event, one.registration) if one else None for one in (then, now)]
        if seen[0] != seen[1]:
            yield then, now


def has_newer(store: Store, lists: RoomingLists, version: RosterVersion, to: str) -> bool:
    """Whether the hotel is sent a later version at this address too."""
    later = (store.entry(one.entry_id) for one in lists.sent if one.version > version.number)
    return any(one is not None and normalized_address(one.to) == normalized_address(to) for one in later)


def version_numbered(lists: RoomingLists, number: int) -> RosterVersion | None:
    return lists.versions[number - 1] if 0 < number <= len(lists.versions) else None


def last_sent(store: Store, lists: RoomingLists, before: int) -> RosterVersion | None:
    """The newest version of a lower number that the hotel was sent, as far as anybody knows."""
    arrived = (EmailStatus.SENT, EmailStatus.DELIVERED)
    for one in reversed(lists.sent):
        entry = store.entry(one.entry_id) if one.version < before else None
        if entry and entry.status in arrived:
            return lists.versions[one.version - 1]
    return None
