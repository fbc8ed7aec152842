"""The store, on any database of documents: which document holds what, and what one commit writes.

    events/{slug}                           deadline, its history, revoked links, closing, later versions, next look
    events/{slug}/registrations/{id}        created when it was received; `name_key` and `terms`, by which it is found
    …/registrations/{id}/history/{n}        what changed at revision n, by whom, in what way and why
    events/{slug}/conflicts/{id}            the last form that differed from this registration, for an hour
    events/{slug}/differing/{id}-{digest}   each form that differed from this registration, for the staff
    events/{slug}/review/{kind}-{id}        who of the staff has an item of the review queue, and how it ended
    events/{slug}/people/{key}              whose registration this person's is
    events/{slug}/idempotency/{key}         the registration under this key, made by it or found
    events/{slug}/quarantine/{key}          the last form of each person
    events/{slug}/rosters/{version}-{page}  ids, and each one's revision
    outbox/{id}                             created when it was enqueued
    inbound/{id}                            created when it was stored
    announcements/{id}                      what the staff write to people, and how far it is enqueued
    events/{slug}/invitations/{id}          to register late, by a link for one person
    events/{slug}/hotels/{id}               versions of its rooming list, whose pages are in rosters, and those sent
    events/{slug}/audit/{id}                what one of the staff did, by one press of a button
    contributions/{id}                      created when it was received; its papers, and their files' names
    contributions/{id}/history/{n}          what changed at revision n, and who changed it
    contributionkeys/{event}-{key}          the contribution that was made under this key
    events/{slug}/numbers/contributions     the last number that was given to one
    events/{slug}/programme/{n}             agenda and documents as the staff changed them; `now` is the last
    publications/{slug}                     when the event's pages are published again
    erasures/{registration}                 that a person is to be, or was, erased; says nothing of the person
    accesses/{id}                           what one of the staff looked at, for 90 days
    retention/{slug}                        until when the event's personal data is kept, and what is left after that
    queues/outbox                           the circuit breaker

A person's request writes only documents keyed by that person, and no counter is kept.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import TypeVar

from rollcall.model.email import AT_ONCE, DONE, AsTheyStand, CircuitBreaker, EmailStatus, OutboxEntry
from rollcall.model.event import SMOKE_TEST, Event
from rollcall.model.inbound import InboundEmail
from rollcall.model.intake import Closing, Intake, OnRoster, RosterVersion
from rollcall.model.invitation import Invitation
from rollcall.model.registration import (
    Beside,
    BotSignal,
    Change,
    ConflictingForm,
    Entered,
    IdempotencyKey,
    KeyUse,
    QuarantinedForm,
    Registered,
    Registration,
    Revision,
    mailbox,
    new_id,
    normalized_address,
    person_key,
)
from rollcall.model.review import DifferingForm
from rollcall.model.staff import AuditEntry
from rollcall.store import codec, staff_codec
from rollcall.store.codec import known, versioned
from rollcall.store.database import (
    ASKED_AT_ONCE,
    Create,
    Database,
    Delete,
    Document,
    NotCommitted,
    Query,
    Replace,
    Update,
    Values,
    Write,
)

_T = TypeVar("_T")
_BREAKER = "queues/outbox"
_UNSENT = [status.value for status in EmailStatus if status not in DONE]


class Documents:
    def __init__(self, database: Database) -> None:
        self._database = database

    # --- intakes

    def now(self) -> datetime:
        return self._database.read("events/-").read_at  # no such document: only the time of the reading

    def intake(self, event: Event) -> Intake:
        intake = self.known_intake(event.slug)
        if intake is None:
            announced = Intake(event.opens_at, event.closes_at, None, as_of=AT_ONCE)
            with suppress(NotCommitted):
                self._database.commit(Create(event_path(event.slug), versioned(codec.intake_record(announced))))
            intake = _intake(self._database.read(event_path(event.slug)))
        return intake

    def known_intake(self, event: str) -> Intake | None:
        return self._read(event_path(event), _intake)

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

    def due_looks(self, now: datetime) -> Sequence[str]:
        due = Query("events", (("looks_at", "<=", now),), "looks_at", ids_only=True)
        return [found.id for found in self._database.query(due)]

    def move_deadline(self, event: str, intake: Intake, closes_at: datetime, audit: AuditEntry | None = None) -> bool:
        moved = versioned(codec.intake_record(intake.moved(closes_at)))
        return self._committed(Update(event_path(event), moved, intake.version), *audited(event, audit))

    def revoke_link(self, event: str, intake: Intake, link: str) -> bool:
        revoked = codec.intake_record(replace(intake, revoked_links=(*intake.revoked_links, link)))
        return self._committed(Update(event_path(event), versioned(revoked), intake.version))

    def write_roster_page(self, event: str, name: str, rows: Sequence[OnRoster]) -> None:
        path = f"{event_path(event)}/rosters/{name}"
        self._database.commit(Replace(path, versioned(codec.roster_page_record(rows))))

    def roster_page(self, event: str, name: str) -> Sequence[OnRoster]:
        path = f"{event_path(event)}/rosters/{name}"
        return self._read(path, lambda found: codec.roster_page_from(values_of(found))) or []

    def record_closing(self, event: str, intake: Intake, closing: Closing, entries: Sequence[OutboxEntry]) -> bool:
        closed = versioned(codec.intake_record(replace(intake, closing=closing)))
        return self._committed(Update(event_path(event), closed, intake.version), *map(_renewed, entries))

    def record_look(
        self,
        event: str,
        intake: Intake,
        looks_at: datetime | None,
        version: RosterVersion | None = None,
        entries: Sequence[OutboxEntry] = (),
        audit: AuditEntry | None = None,
    ) -> bool:
        later = (*intake.later_versions, version) if version else intake.later_versions
        looked = replace(intake, later_versions=later, looks_at=looks_at)

        def is_ours() -> bool:
            there = self.known_intake(event)
            return there is not None and replace(there, as_of=looked.as_of) == looked

        written = Update(event_path(event), versioned(codec.intake_record(looked)), intake.version)
        return self._committed(written, *map(_renewed, entries), *audited(event, audit), is_ours=is_ours)

    # --- registrations

    def accept(
        self,
        event: str,
        id: str,
        registration: Registration,
        entry: OutboxEntry,
        key: IdempotencyKey | None = None,
        arrived_at: datetime | None = None,
        audit: AuditEntry | None = None,
        entered: Entered | None = None,
        admitted: bool | None = None,
        inbound_id: str = "",
        invitation: Invitation | None = None,
    ) -> datetime | None:
        received_at = self._database.about_now()
        new = Registered(
            id, registration, received_at, arrived_at, admitted=admitted, entered=entered, inbound_id=inbound_id
        )
        writes = [
            Create(registration_path(event, id), versioned(codec.first_record(new))),
            _person(event, person_key(registration), id),
            created(entry),
            *audited(event, audit),
            *_used(event, invitation, id),
        ]
        if key:
            writes.append(_under(event, key, KeyUse(id, is_duplicate=False)))
        try:
            return self._database.commit(*writes).at
        except NotCommitted as refused:
            there = self.registration_of(event, person_key(registration)) if refused.may_be_ours else None
            return there.received_at if there and there.id == id else None

    def registered(self, event: str, id: str) -> Registered | None:
        return self._read(registration_path(event, id), registered_in)

    def registration_of(self, event: str, person: str) -> Registered | None:
        id = self._read(person_path(event, person), _registration_id)
        found, before = self.registered(event, id) if id else None, {id}
        while found and found.double_of and found.double_of not in before:
            before.add(found.double_of)
            found = self.registered(event, found.double_of)
        return found

    def save_registration(
        self,
        event: str,
        before: Registered,
        after: Registered,
        change: Change,
        enqueue: Sequence[OutboxEntry] = (),
        person: str | None = None,
        audit: AuditEntry | None = None,
        beside: Beside | None = None,
        invitation: Invitation | None = None,
    ) -> datetime | None:
        updated, made = _revised(event, before, after, change)
        writes = [
            updated,
            made,
            *map(created, enqueue),
            *audited(event, audit),
            *_used(event, invitation, after.id),
        ]
        if person:
            writes.append(_person(event, person, after.id))
        if beside:
            writes += _revised(event, *beside)
        try:
            return self._database.commit(*writes).at
        except NotCommitted as refused:
            there = self._database.read(made.path) if refused.may_be_ours else None
            return there.created_at if there and there.values == made.values else None

    def history(self, event: str, registered: Registered) -> Sequence[Revision]:
        found = self._database.query(Query(f"{registration_path(event, registered.id)}/history"))
        changes = sorted((int(one.id), one.created_at, values_of(one)) for one in found)
        return codec.revisions_from(
            registered, [(at, change) for number, at, change in changes if number <= registered.revision]
        )

    def registrations_under(self, event: str, address: str, limit: int) -> Sequence[Registered]:
        under = (("address", "==", normalized_address(address)),)
        return self._all(Query(registrations_path(event), under, limit=limit), registered_in)

    def keep_conflict(self, event: str, id: str, form: ConflictingForm, differing: DifferingForm | None = None) -> None:
        record = versioned(codec.conflict_record(form.registration, form.until))
        writes = [Replace(conflict_path(event, id), record)]
        if differing:
            writes.append(
                Replace(differing_path(event, differing.id), versioned(staff_codec.differing_record(differing)))
            )
        self._database.commit(*writes)

    def conflict(self, event: str, id: str) -> ConflictingForm | None:
        return self._read(conflict_path(event, id), lambda found: codec.conflict_from(values_of(found)))

    def use_of_key(self, event: str, key: str) -> KeyUse | None:
        return self._read(idempotency_path(event, key), lambda found: codec.key_use_from(values_of(found)))

    def remember_use(self, event: str, key: IdempotencyKey, use: KeyUse) -> bool:
        return self._committed(_under(event, key, use))

    def registrations(self, event: str, after: str | None, limit: int) -> Sequence[Registered]:
        return self._all(Query(registrations_path(event), after=after, limit=limit), registered_in)

    def registered_among(self, event: str, ids: Iterable[str]) -> Sequence[Registered]:
        paths = [registration_path(event, id) for id in dict.fromkeys(ids)]
        return [registered_in(found) for found in self._database.read_many(paths)]

    def people_among(self, event: str, people: Iterable[str]) -> Set[str]:
        paths = [person_path(event, person) for person in dict.fromkeys(people)]
        return {found.id for found in self._database.read_many(paths)}

    def quarantine(
        self, event: str, registration: Registration, signal: BotSignal, waits_since: datetime = AT_ONCE
    ) -> None:
        path = quarantine_path(event, person_key(registration))
        record = codec.quarantine_record(registration, signal, waits_since, new_id())
        self._database.commit(Replace(path, versioned(record)))

    def quarantined(self, event: str, after: str | None, limit: int) -> Sequence[QuarantinedForm]:
        return self._all(Query(f"{event_path(event)}/quarantine", after=after, limit=limit), quarantined_in)

    def forget_test_person(self, id: str, person: str, entries: Sequence[str]) -> None:
        event = SMOKE_TEST.slug
        paths = (
            registration_path(event, id),
            person_path(event, person),
            quarantine_path(event, person),
        )
        self._database.commit(*map(Delete, (*paths, *map(entry_path, entries))))

    # --- outbox

    def enqueue(self, entry: OutboxEntry) -> None:
        with suppress(NotCommitted):
            self._database.commit(created(entry))

    def entry(self, id: str) -> OutboxEntry | None:
        return self._read(entry_path(id), entry_in)

    def entries_among(self, ids: Iterable[str]) -> Sequence[OutboxEntry]:
        return [entry_in(found) for found in self._database.read_many([entry_path(id) for id in dict.fromkeys(ids)])]

    def triggered_entry(self, id: str, event: bytes) -> OutboxEntry | None:
        found = self._database.triggered(event)
        return entry_in(found) if found and found.id == id else None

    def as_they_stand(self, entries: Sequence[OutboxEntry], *, intakes: Set[str], breaker: bool) -> AsTheyStand:
        about = {one.id: registration_path(one.event, one.registration_id) for one in entries if one.registration_id}
        events = {slug: event_path(slug) for slug in intakes}
        paths = [*dict.fromkeys([*about.values(), *events.values(), *([_BREAKER] if breaker else [])])]
        found = dict(zip(paths, self._database.read_together(paths), strict=True))
        return AsTheyStand(
            as_of=found[paths[0]].read_at,
            registered={id: registered_in(found[path]) for id, path in about.items() if found[path].values is not None},
            intakes={slug: _intake(found[path]) for slug, path in events.items() if found[path].values is not None},
            breaker=_breaker(found[_BREAKER]) if breaker else None,
        )

    def save_entry(self, entry: OutboxEntry, enqueue: Sequence[OutboxEntry] = ()) -> OutboxEntry | None:
        return self.save_entries([entry], enqueue).get(entry.id)

    def save_entries(
        self, entries: Sequence[OutboxEntry], enqueue: Sequence[OutboxEntry] = ()
    ) -> Mapping[str, OutboxEntry]:
        writes = [Update(entry_path(one.id), versioned(codec.entry_record(one)), one.version) for one in entries]
        try:
            versions = self._database.commit(*writes, *map(_renewed, enqueue)).versions
            return {one.id: replace(one, version=version) for one, version in zip(entries, versions, strict=False)}
        except NotCommitted as refused:
            is_known = len(entries) == 1 and not refused.may_be_ours
        there = {} if is_known else {one.id: one for one in self.entries_among(one.id for one in entries)}
        ours = {one.id: there[one.id] for one in entries if there.get(one.id) == one}
        unwritten = [one for one in entries if one.id in there and there[one.id].version == one.version]
        others = self.save_entries(unwritten, enqueue) if 0 < len(unwritten) < len(entries) else {}
        return {**ours, **others}

    def due_entries(self, limit: int) -> Mapping[str, OutboxEntry | None]:
        due = (("shard", "in", list(range(codec.SHARDS))), ("due_at", "<=", self.now()))
        found = self._database.query(Query("outbox", due, "due_at", limit=limit))
        return {one.id: _entry_if_readable(one) for one in found}

    def postpone(self, id: str, until: datetime) -> None:
        self._database.commit(Update(entry_path(id), {"due_at": until}))

    def unsent_entries(self, event: str, after: str | None, limit: int) -> Sequence[OutboxEntry]:
        where = (("event", "==", event), ("status", "in", _UNSENT))
        return self._all(Query("outbox", where, after=after, limit=limit), entry_in)

    def recently_sent(self, to: Iterable[str], since: datetime, limit: int) -> Counter[str]:
        batches = in_batches(sorted(set(map(mailbox, to))), ASKED_AT_ONCE)
        return sum((self._counted(some, since, limit) for some in batches), Counter[str]())

    def _counted(self, addresses: Sequence[str], since: datetime, limit: int) -> Counter[str]:
        lately = ("last_sent_at", ">", since)
        if len(addresses) > 1:
            query = Query("outbox", (("address", "in", addresses), lately), "last_sent_at", limit=limit)
            found = [values_of(one)["address"] for one in self._database.query(query)]
            if len(found) < limit:  # then these are all
                return Counter(found)
        queries = {one: Query("outbox", (("address", "==", one), lately), limit=limit) for one in addresses}
        return Counter({one: self._database.count(query) for one, query in queries.items()})

    def sent_to_registrants(self, event: str, since: datetime, limit: int) -> int:
        where = (("to_registrants_of", "==", event), ("last_sent_at", ">", since))
        return self._database.count(Query("outbox", where, limit=limit))

    def sent_to(self, to: str, since: datetime, until: datetime) -> Sequence[OutboxEntry]:
        where = (("address", "==", mailbox(to)), ("last_sent_at", ">", since), ("last_sent_at", "<=", until))
        entries = map(entry_in, self._database.query(Query("outbox", where, "last_sent_at")))
        return [entry for entry in entries if normalized_address(entry.to) == normalized_address(to)]

    def circuit_breaker(self) -> CircuitBreaker:
        return _breaker(self._database.read(_BREAKER))

    def save_circuit_breaker(self, breaker: CircuitBreaker, enqueue: Sequence[OutboxEntry]) -> bool:
        written = saved(_BREAKER, codec.breaker_record(breaker), breaker.version)

        def is_ours() -> bool:
            return replace(self.circuit_breaker(), as_of=breaker.as_of) == breaker

        return self._committed(written, *map(_renewed, enqueue), is_ours=is_ours)

    # --- inbound

    def add_inbound(self, event: str, id: str) -> None:
        new = InboundEmail(id, event, stored_at=AT_ONCE, due_at=AT_ONCE)
        with suppress(NotCommitted):
            self._database.commit(Create(inbound_path(id), versioned(codec.inbound_record(new))))

    def inbound(self, id: str) -> InboundEmail | None:
        return self._read(inbound_path(id), inbound_in)

    def save_inbound(
        self, inbound: InboundEmail, enqueue: Sequence[OutboxEntry] = (), audit: AuditEntry | None = None
    ) -> bool:
        """If entries exist, the commit fails; then it is made again without them."""
        written = Update(inbound_path(inbound.id), versioned(codec.inbound_record(inbound)), inbound.version)
        writes = written, *map(created, enqueue), *audited(inbound.event, audit)
        if self._committed(*writes, is_ours=lambda: self.inbound(inbound.id) == inbound):
            return True
        not_there = [entry for entry in enqueue if self.entry(entry.id) is None]
        return len(not_there) < len(enqueue) and self.save_inbound(inbound, not_there, audit)

    def due_inbound(self, limit: int) -> Sequence[str]:
        return self._due("inbound", limit)

    def all_inbound(self, event: str, after: str | None, limit: int) -> Sequence[InboundEmail]:
        return self._all(Query("inbound", (("event", "==", event),), after=after, limit=limit), inbound_in)

    def audit_entry(self, event: str, id: str) -> AuditEntry | None:
        return self._read(audit_path(event, id), lambda found: staff_codec.audit_from(id, values_of(found)))

    def _read(self, path: str, decode: Callable[[Document], _T]) -> _T | None:
        return _decoded(self._database.read(path), decode)

    def _all(self, query: Query, decode: Callable[[Document], _T]) -> Sequence[_T]:
        return [decode(found) for found in self._database.query(query)]

    def _due(self, collection: str, limit: int) -> Sequence[str]:
        due = Query(collection, (("due_at", "<=", self.now()),), "due_at", limit=limit, ids_only=True)
        return [found.id for found in self._database.query(due)]

    def _committed(self, *writes: Write, is_ours: Callable[[], bool] = lambda: False) -> bool:
        """Without `is_ours`, after a lost answer, it may say False of what it wrote: the caller looks again."""
        try:
            self._database.commit(*writes)
        except NotCommitted as refused:
            return refused.may_be_ours and is_ours()
        return True


def in_batches(them: Iterable[_T], size: int) -> Iterator[list[_T]]:
    rest = iter(them)
    while batch := list(islice(rest, size)):
        yield batch


def event_path(slug: str) -> str:
    return f"events/{slug}"


def below_event(collection: str, event: str, id: str) -> str:
    return f"{event_path(event)}/{collection}/{id}"


audit_path = partial(below_event, "audit")
conflict_path = partial(below_event, "conflicts")
differing_path = partial(below_event, "differing")
idempotency_path = partial(below_event, "idempotency")
invitation_path = partial(below_event, "invitations")
person_path = partial(below_event, "people")
quarantine_path = partial(below_event, "quarantine")
registration_path = partial(below_event, "registrations")


def registrations_path(event: str) -> str:
    return f"{event_path(event)}/registrations"


def audited(event: str, audit: AuditEntry | None) -> list[Write]:
    return [Create(audit_path(event, audit.id), versioned(staff_codec.audit_record(audit)))] if audit else []


def entry_path(id: str) -> str:
    return f"outbox/{id}"


def inbound_path(id: str) -> str:
    return f"inbound/{id}"


def created(entry: OutboxEntry) -> Write:
    return Create(entry_path(entry.id), versioned(codec.entry_record(replace(entry, due_at=entry.not_before))))


def saved(path: str, record: Values, version: object) -> Write:
    return Create(path, versioned(record)) if version is None else Update(path, versioned(record), version)


def values_of(found: Document) -> Values:
    return known(found.values or {})


def entry_in(found: Document) -> OutboxEntry:
    return codec.entry_from(found.id, values_of(found), found.created_at, found.version)


def _entry_if_readable(found: Document) -> OutboxEntry | None:
    try:
        return entry_in(found)
    except Exception:  # who sends it reads it again, and says why not
        return None


def _decoded(found: Document | None, decode: Callable[[Document], _T]) -> _T | None:
    return decode(found) if found and found.values is not None else None


def _breaker(found: Document) -> CircuitBreaker:
    if found.values is None:
        return CircuitBreaker(found.read_at)
    return codec.breaker_from(values_of(found), found.read_at, found.version)


def quarantined_in(found: Document) -> QuarantinedForm:
    return codec.quarantined_from(found.id, values_of(found), found.updated_at, found.version)


def inbound_in(found: Document) -> InboundEmail:
    return codec.inbound_from(found.id, values_of(found), found.created_at, found.version)


def _revised(event: str, before: Registered, after: Registered, change: Change) -> tuple[Write, Create]:
    path = registration_path(event, after.id)
    old, new = codec.registered_record(before), codec.registered_record(after)
    record = {**codec.change_record(old, new, change), "commit": new_id()}  # others may change the very same
    updated = Update(path, versioned({**new, **codec.found_by(after)}), before.version)
    return updated, Create(f"{path}/history/{after.revision}", versioned(record))


def _person(event: str, person: str, id: str) -> Write:
    return Create(person_path(event, person), versioned(codec.person_record(id)))


def _used(event: str, invitation: Invitation | None, id: str) -> list[Write]:
    return [Update(invitation_path(event, invitation.id), {"used_by": id}, invitation.version)] if invitation else []


def _under(event: str, key: IdempotencyKey, use: KeyUse) -> Write:
    return Create(idempotency_path(event, key.id), versioned(codec.idempotency_record(key, use)))


def _renewed(entry: OutboxEntry) -> Write:
    return Replace(entry_path(entry.id), versioned(codec.entry_record(replace(entry, due_at=entry.not_before))))


def _registration_id(found: Document) -> str:
    id: str = values_of(found)["registration_id"]
    return id


def _intake(found: Document) -> Intake:
    return codec.intake_from(values_of(found), found.read_at, found.version)


def registered_in(found: Document) -> Registered:
    return codec.registered_from(found.id, values_of(found), found.created_at, found.updated_at, found.version)
