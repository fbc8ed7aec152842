"""The store, on any database of documents: which document holds what, and what one commit writes.

    events/{slug}                         deadline, its history, closing
    events/{slug}/registrations/{id}      a person's registration; its create time is when it was received
    events/{slug}/people/{key}            whose registration this person's is (`person_key`)
    events/{slug}/idempotency/{key}       the registration that came under this key; expires at `expires_at`
    events/{slug}/quarantine/{key}        a form that waits for a review, the last one of each person
    events/{slug}/rosters/{version}-{page}  ids on a page of the closed list
    outbox/{id}                           an e-mail to be sent, and every attempt; create time: when it was enqueued
    inbound/{id}                          an e-mail that came in; create time: when it was stored
    queues/outbox                         the circuit breaker

A person's request writes only documents keyed by that person, and no counter is kept.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from rollcall.model.email import AT_ONCE, DONE, CircuitBreaker, EmailStatus, OutboxEntry
from rollcall.model.event import SMOKE_TEST, Event
from rollcall.model.inbound import InboundEmail
from rollcall.model.intake import Closing, EarlierDeadline, Intake
from rollcall.model.registration import (
    BotSignal,
    IdempotencyKey,
    QuarantinedForm,
    Registered,
    Registration,
    fold,
    person_key,
)
from rollcall.store import codec
from rollcall.store.codec import known, versioned

Values = Mapping[str, Any]
"""Text, whole numbers, truth values, instants, None, lists and mappings of such, by field name."""

_BREAKER = "queues/outbox"
_UNSENT = [status.value for status in EmailStatus if status not in DONE]


@dataclass(frozen=True)
class Document:
    id: str
    values: Values | None
    """None where there is none; then the rest is meaningless, but for `read_at`."""
    read_at: datetime
    created_at: datetime
    updated_at: datetime
    version: object


@dataclass(frozen=True)
class Create:
    """Fails where it is there."""

    path: str
    values: Values


@dataclass(frozen=True)
class Replace:
    """Keeps the create time."""

    path: str
    values: Values


@dataclass(frozen=True)
class Update:
    """These fields, others stay; fails where it is not there, or not of this version."""

    path: str
    values: Values
    version: object = None


@dataclass(frozen=True)
class Delete:
    path: str


Write = Create | Replace | Update | Delete


@dataclass(frozen=True)
class Query:
    """Operators: `==`, `<`, `<=`, `>`, `in`. By `order_by`, else by id."""

    collection: str
    where: tuple[tuple[str, str, Any], ...] = ()
    order_by: str | None = None
    after: str | None = None
    """An id: documents past it."""
    limit: int | None = None
    ids_only: bool = False


class NotCommitted(Exception):
    """Nothing was written. `may_be_ours`: an earlier try ended without an answer, so what is there may be of that
    try."""

    def __init__(self, *, may_be_ours: bool) -> None:
        super().__init__("a precondition of the commit does not hold")
        self.may_be_ours = may_be_ours


class Database(Protocol):
    """A database of documents with one clock. Every method may raise `StoreUnavailable`."""

    def read(self, path: str) -> Document:
        """After every commit acknowledged before, before every later one."""

    def read_many(self, paths: Sequence[str]) -> Iterable[Document]:
        """Those that are there, in no order, with a meaningless `read_at`."""

    def commit(self, *writes: Write) -> datetime:
        """All or none, and when. Raises `NotCommitted`."""

    def query(self, query: Query) -> Iterable[Document]:
        """`values` is empty where only ids were asked for; `read_at` may be meaningless."""

    def count(self, query: Query) -> int:
        """Up to the query's limit."""


class DocumentStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    # --- intakes

    def now(self) -> datetime:
        return self._database.read("events/-").read_at

    def intake(self, event: Event) -> Intake:
        intake = self.known_intake(event.slug)
        if intake is None:
            announced = Intake(event.opens_at, event.closes_at, None, as_of=AT_ONCE)
            with suppress(NotCommitted):
                self._database.commit(Create(_event(event.slug), versioned(codec.intake_record(announced))))
            intake = _intake(self._database.read(_event(event.slug)))
        return intake

    def known_intake(self, event: str) -> Intake | None:
        found = self._database.read(_event(event))
        return _intake(found) if found.values is not None else None

    def known_intakes(self) -> Mapping[str, Intake]:
        # a query's time is not certain in every database
        events = self.known_events()
        found = {event: self.known_intake(event) for event in sorted(events)}
        return {event: intake for event, intake in found.items() if intake}

    def known_events(self) -> Set[str]:
        return {found.id for found in self._database.query(Query("events", ids_only=True))}

    def due_intakes(self, now: datetime) -> Sequence[str]:
        due = (("closing", "==", None), ("closes_at", "<", now))
        return [found.id for found in self._database.query(Query("events", due, "closes_at", ids_only=True))]

    def move_deadline(self, event: str, intake: Intake, closes_at: datetime) -> bool:
        """After a lost answer it may say False of what it wrote: the caller looks again."""
        history = (*intake.history, EarlierDeadline(intake.closes_at, intake.as_of))
        moved = codec.intake_record(replace(intake, closes_at=closes_at, history=history))
        return self._committed(Update(_event(event), versioned(moved), intake.version))

    def write_roster_page(self, event: str, name: str, ids: Sequence[str]) -> None:
        self._database.commit(Replace(f"{_event(event)}/rosters/{name}", versioned({"ids": list(ids)})))

    def roster_page(self, event: str, name: str) -> Sequence[str]:
        found = self._database.read(f"{_event(event)}/rosters/{name}")
        ids: list[str] = _values(found)["ids"] if found.values is not None else []
        return ids

    def record_closing(self, event: str, intake: Intake, closing: Closing, entries: Sequence[OutboxEntry]) -> bool:
        closed = versioned(codec.intake_record(replace(intake, closing=closing)))
        return self._committed(Update(_event(event), closed, intake.version), *map(_new, entries))

    # --- registrations

    def accept(
        self,
        event: str,
        id: str,
        registration: Registration,
        entry: OutboxEntry,
        key: IdempotencyKey | None = None,
        arrived_at: datetime | None = None,
    ) -> datetime | None:
        writes = [
            Create(_registration(event, id), versioned(codec.registration_record(registration, arrived_at))),
            Create(_person(event, person_key(registration)), versioned(codec.person_record(id))),
            _new(entry),
        ]
        if key:
            under = f"{_event(event)}/idempotency/{key.id}"
            writes.append(Create(under, versioned(codec.idempotency_record(key, id))))
        try:
            return self._database.commit(*writes)
        except NotCommitted as refused:
            there = self.registration_of(event, person_key(registration)) if refused.may_be_ours else None
            return there.received_at if there and there.id == id else None

    def registered(self, event: str, id: str) -> Registered | None:
        found = self._database.read(_registration(event, id))
        return _registered(found) if found.values is not None else None

    def registration_of(self, event: str, person: str) -> Registered | None:
        found = self._database.read(_person(event, person))
        return self.registered(event, _values(found)["registration_id"]) if found.values is not None else None

    def registered_under(self, event: str, key: str) -> str | None:
        found = self._database.read(f"{_event(event)}/idempotency/{key}")
        id: str | None = _values(found)["registration_id"] if found.values is not None else None
        return id

    def registrations(self, event: str, after: str | None, limit: int) -> Sequence[Registered]:
        query = Query(f"{_event(event)}/registrations", after=after, limit=limit)
        return [_registered(found) for found in self._database.query(query)]

    def registered_among(self, event: str, ids: Iterable[str]) -> Sequence[Registered]:
        paths = [_registration(event, id) for id in dict.fromkeys(ids)]
        return [_registered(found) for found in self._database.read_many(paths)]

    def people_among(self, event: str, people: Iterable[str]) -> Set[str]:
        paths = [_person(event, person) for person in dict.fromkeys(people)]
        return {found.id for found in self._database.read_many(paths)}

    def quarantine(self, event: str, registration: Registration, signal: BotSignal) -> None:
        path = f"{_event(event)}/quarantine/{person_key(registration)}"
        self._database.commit(Replace(path, versioned(codec.quarantine_record(registration, signal))))

    def quarantined(self, event: str, after: str | None, limit: int) -> Sequence[QuarantinedForm]:
        query = Query(f"{_event(event)}/quarantine", after=after, limit=limit)
        return [
            codec.quarantined_from(found.id, _values(found), found.updated_at) for found in self._database.query(query)
        ]

    def forget_test_person(self, id: str, person: str, entries: Sequence[str]) -> None:
        event = SMOKE_TEST.slug
        paths = (_registration(event, id), _person(event, person), f"{_event(event)}/quarantine/{person}")
        self._database.commit(*map(Delete, (*paths, *map(_entry_path, entries))))

    # --- outbox

    def enqueue(self, entry: OutboxEntry) -> None:
        with suppress(NotCommitted):
            self._database.commit(_new(entry))

    def entry(self, id: str) -> OutboxEntry | None:
        found = self._database.read(_entry_path(id))
        return _entry(found) if found.values is not None else None

    def save_entry(self, entry: OutboxEntry, enqueue: Sequence[OutboxEntry] = ()) -> bool:
        written = Update(_entry_path(entry.id), versioned(codec.entry_record(entry)), entry.version)
        return self._committed(written, *map(_renewed, enqueue), is_ours=lambda: self.entry(entry.id) == entry)

    def due_entries(self, limit: int) -> Sequence[str]:
        return self._due("outbox", limit)

    def postpone(self, id: str, until: datetime) -> None:
        self._database.commit(Update(_entry_path(id), {"due_at": until}))

    def unsent_entries(self, event: str, after: str | None, limit: int) -> Sequence[OutboxEntry]:
        where = (("event", "==", event), ("status", "in", _UNSENT))
        return [_entry(found) for found in self._database.query(Query("outbox", where, after=after, limit=limit))]

    def recently_sent(self, to: str, since: datetime, limit: int) -> int:
        where = (("address", "==", fold(to)), ("last_sent_at", ">", since))
        return self._database.count(Query("outbox", where, limit=limit))

    def circuit_breaker(self) -> CircuitBreaker:
        found = self._database.read(_BREAKER)
        if found.values is None:
            return CircuitBreaker(found.read_at)
        return codec.breaker_from(_values(found), found.read_at, found.version)

    def save_circuit_breaker(self, breaker: CircuitBreaker, enqueue: Sequence[OutboxEntry]) -> bool:
        record = versioned(codec.breaker_record(breaker))
        written = Create(_BREAKER, record) if breaker.version is None else Update(_BREAKER, record, breaker.version)

        def is_ours() -> bool:
            return replace(self.circuit_breaker(), as_of=breaker.as_of) == breaker

        return self._committed(written, *map(_renewed, enqueue), is_ours=is_ours)

    # --- inbound

    def add_inbound(self, event: str, id: str) -> None:
        new = replace(codec.NEW_INBOUND, id=id, event=event)
        with suppress(NotCommitted):
            self._database.commit(Create(_inbound_path(id), _inbound_values(new)))

    def inbound(self, id: str) -> InboundEmail | None:
        found = self._database.read(_inbound_path(id))
        return _inbound(found) if found.values is not None else None

    def save_inbound(self, inbound: InboundEmail, enqueue: Sequence[OutboxEntry] = ()) -> bool:
        """An entry that is there speaks against the whole commit: it is made again without."""
        written = Update(_inbound_path(inbound.id), _inbound_values(inbound), inbound.version)
        if self._committed(written, *map(_new, enqueue), is_ours=lambda: self.inbound(inbound.id) == inbound):
            return True
        not_there = [entry for entry in enqueue if self.entry(entry.id) is None]
        return len(not_there) < len(enqueue) and self.save_inbound(inbound, not_there)

    def due_inbound(self, limit: int) -> Sequence[str]:
        return self._due("inbound", limit)

    def all_inbound(self, event: str, after: str | None, limit: int) -> Sequence[InboundEmail]:
        query = Query("inbound", (("event", "==", event),), after=after, limit=limit)
        return [_inbound(found) for found in self._database.query(query)]

    def _due(self, collection: str, limit: int) -> Sequence[str]:
        due = Query(collection, (("due_at", "<=", self.now()),), "due_at", limit=limit, ids_only=True)
        return [found.id for found in self._database.query(due)]

    def _committed(self, *writes: Write, is_ours: Callable[[], bool] = lambda: False) -> bool:
        try:
            self._database.commit(*writes)
        except NotCommitted as refused:
            return refused.may_be_ours and is_ours()
        return True


def _event(slug: str) -> str:
    return f"events/{slug}"


def _registration(event: str, id: str) -> str:
    return f"events/{event}/registrations/{id}"


def _person(event: str, person: str) -> str:
    return f"events/{event}/people/{person}"


def _entry_path(id: str) -> str:
    return f"outbox/{id}"


def _inbound_path(id: str) -> str:
    return f"inbound/{id}"


def _new(entry: OutboxEntry) -> Write:
    return Create(_entry_path(entry.id), versioned(codec.entry_record(replace(entry, due_at=entry.not_before))))


def _renewed(entry: OutboxEntry) -> Write:
    return Replace(_entry_path(entry.id), versioned(codec.entry_record(replace(entry, due_at=entry.not_before))))


def _inbound_values(inbound: InboundEmail) -> Values:
    return versioned({"event": inbound.event, **codec.inbound_record(inbound)})


def _values(found: Document) -> Mapping[str, Any]:
    return known(found.values or {})


def _intake(found: Document) -> Intake:
    return codec.intake_from(_values(found), found.read_at, found.version)


def _registered(found: Document) -> Registered:
    return codec.registered_from(found.id, _values(found), found.created_at)


def _entry(found: Document) -> OutboxEntry:
    return codec.entry_from(found.id, _values(found), found.created_at, found.version)


def _inbound(found: Document) -> InboundEmail:
    values = _values(found)
    return codec.inbound_from(found.id, values["event"], found.created_at, values, found.version)
