"""The books in Firestore: production, and its emulator.

    intakes/{event}                     deadline and closing
    intakes/{event}/registrations/{id}  a person's registration, created once; its create time is its commit time
    intakes/{event}/keys/{key}          whose registration came under this idempotency key; goes itself at `expires_at`
    intakes/{event}/kept/{id}           a form that is kept for the staff, the last one of each person
    intakes/{event}/roster/{name}       a page of the closed list
    mails/{id}                          a mail we owe, and where it stands; its create time is when it was queued
    incoming/{id}                       a message that came in, and what came of it; its create time is its commit time
    queues/mails                        whether mails may go out at all; written when a hold begins, goes on or ends

Each says of which shape it is (see `records`). A person's request writes only documents keyed by that person, and no
counter is kept.

Every call is tried again, the very same, while Firestore has a transient fault and the bound allows. Where a try ended
without an answer, its commit may have been done: it is then found out by reading what is there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from google.api_core.exceptions import (
    Aborted,
    AlreadyExists,
    Cancelled,
    DataLoss,
    DeadlineExceeded,
    FailedPrecondition,
    Forbidden,
    InternalServerError,
    NotFound,
    RetryError,
    ServiceUnavailable,
    TooManyRequests,
    Unauthenticated,
    Unknown,
)
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import TransportError
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter
from google.cloud.firestore_v1.services.firestore import FirestoreClient

from rollcall.model.email import AT_ONCE, DONE, CircuitBreaker, EmailStatus, OutboxEntry
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event
from rollcall.model.inbound import InboundEmail
from rollcall.model.intake import Closing, EarlierDeadline, Intake
from rollcall.model.registration import BotSignal, IdempotencyKey, QuarantinedForm, Registered, Registration, fold
from rollcall.store.codec import (
    NEW_INBOUND,
    inbound_from,
    inbound_record,
    intake_from,
    intake_record,
    key_record,
    known,
    mail_from,
    mail_record,
    mail_state,
    maybe,
    plain,
    queue_from,
    queue_record,
    registration_from,
    registration_record,
    shaped,
)
from rollcall.store.firestore_rpc import Calls, Read, Write, firestore_api

_TRANSIENT = (Aborted, DeadlineExceeded, InternalServerError, ServiceUnavailable, TooManyRequests, Unknown)
"""Faults that pass by themselves; TooManyRequests is RESOURCE_EXHAUSTED."""
_UNREACHABLE = (Cancelled, DataLoss, Forbidden, TransportError, Unauthenticated)
"""No trying again mends these at once; what was typed must come back all the same."""
_BOUND = 8.0
"""Seconds within which a call is tried again: a person is waiting, the library's own minute would be too long."""
_ONE_TRY = 3.0
"""Seconds for an answer to one try."""
_RETRY_AFTER = timedelta(seconds=10)
_MAIL_QUEUE = "queues/mails"
_UNSENT = [status.value for status in EmailStatus if status not in DONE]


class _Call(dict[str, Any]):
    """How one call is made, as the library's arguments; it remembers the tries that ended without a clear answer."""

    def __init__(self) -> None:
        self.faults: list[Exception] = []
        again = Retry(
            if_exception_type(*_TRANSIENT), initial=0.1, maximum=2.0, timeout=_BOUND, on_error=self.faults.append
        )
        super().__init__(retry=again, timeout=_for_one_try)


def _for_one_try(call: Callable[..., Any]) -> Callable[..., Any]:
    """The library's own timeout bounds all tries together, so that one lost answer would leave no time for another."""
    return partial(call, timeout=_ONE_TRY)


class FirestoreStore:
    """A `Store` in Firestore. Its times are Firestore's own, of commits and of reads."""

    def __init__(self, client: firestore.Client, api: FirestoreClient | None = None) -> None:
        """`client` is for queries, `api` for all else: by default the machine's own."""
        self._client = client
        self._calls = Calls(client.project, api or firestore_api())

    def now(self) -> datetime:
        """See `Store`. The time of a read: it sees every commit before it (Firestore's strong consistency)."""
        return self._read("intakes/-").read_at

    def intake(self, event: Event) -> Intake:
        """See `IntakeStore`."""
        path = f"intakes/{event.slug}"
        read = self._read(path)
        if read.values is None:
            announced = Intake(event.opens_at, event.closes_at, None, as_of=AT_ONCE)
            with suppress(AlreadyExists):
                self._commit(self._calls.create(path, shaped(intake_record(announced))))
            read = self._read(path)
        return _intake(read)

    def known_events(self) -> Set[str]:
        """See `IntakeStore`."""
        with _unavailable_as_ours():
            return {snapshot.id for snapshot in self._client.collection("intakes").select(()).stream(**_Call())}

    def known_intake(self, event: str) -> Intake | None:
        """See `Store`."""
        read = self._read(f"intakes/{event}")
        return _intake(read) if read.values is not None else None

    def known_intakes(self) -> Mapping[str, Intake]:
        """See `Store`."""
        with _unavailable_as_ours():
            found = map(_found, self._client.collection("intakes").stream(**_Call()))
            return {read.id: _intake(read) for read in found}

    def accept(
        self,
        event: str,
        id: str,
        registration: Registration,
        entry: OutboxEntry,
        key: IdempotencyKey | None = None,
        arrived_at: datetime | None = None,
    ) -> datetime | None:
        """See `Store`."""
        call = _Call()
        written = shaped(registration_record(registration)) | ({"came_at": arrived_at} if arrived_at else {})
        writes = [self._calls.create(_registration_path(event, id), written), self._queued(entry)]
        if key:
            writes.append(self._calls.create(_key_path(event, key.id), shaped(key_record(key, id))))
        try:
            return self._commit(*writes, call=call)
        except AlreadyExists:
            ours = call.faults and (key is None or self.registered_under(event, key.id) == id)
            there = self.registered(event, id) if ours else None
            return there.received_at if there and there.registration == registration else None

    def registered_under(self, event: str, key: str) -> str | None:
        """See `Store`."""
        read = self._read(_key_path(event, key))
        id: str | None = _values(read)["registration_id"] if read.values is not None else None
        return id

    def registered(self, event: str, id: str) -> Registered | None:
        """See `Store`."""
        read = self._read(_registration_path(event, id))
        return _registered(read) if read.values is not None else None

    def enqueue(self, entry: OutboxEntry) -> None:
        """See `Store`."""
        with suppress(AlreadyExists):
            self._commit(self._queued(entry))

    def quarantine(self, event: str, id: str, registration: Registration, signal: BotSignal) -> None:
        """See `Store`."""
        written = shaped({"registration": registration_record(registration), "sign": signal.value})
        self._commit(self._calls.replace(_kept_path(event, id), written))

    def add_inbound(self, event: str, id: str) -> None:
        """See `Store`."""
        with suppress(AlreadyExists):
            self._commit(self._calls.create(f"incoming/{id}", _inbound_document(replace(NEW_INBOUND, event=event))))

    def inbound(self, id: str) -> InboundEmail | None:
        """See `Store`."""
        read = self._read(f"incoming/{id}")
        return _inbound(read) if read.values is not None else None

    def save_inbound(self, inbound: InboundEmail, enqueue: Sequence[OutboxEntry] = ()) -> bool:
        """See `Store`. A mail that is there speaks against the whole commit: it is made again without."""
        written = self._calls.update(f"incoming/{inbound.id}", _inbound_document(inbound), inbound.version)
        entries = map(self._queued, enqueue)
        if self._committed(written, *entries, is_ours=lambda: self.inbound(inbound.id) == inbound):
            return True
        not_there = [entry for entry in enqueue if self.entry(entry.id) is None]
        return len(not_there) < len(enqueue) and self.save_inbound(inbound, not_there)

    def due_inbound(self, limit: int) -> Sequence[str]:
        """See `Store`."""
        return self._due("incoming", limit)

    def all_inbound(self, event: str, after: str | None, limit: int) -> Sequence[InboundEmail]:
        """See `Store`."""
        of_event = FieldFilter("event", "==", event)
        with _unavailable_as_ours():
            pages = _page(self._client.collection("incoming"), after, limit, of_event)
            return [_inbound(_found(snapshot)) for snapshot in pages]

    def due_entries(self, limit: int) -> Sequence[str]:
        """See `Store`."""
        return self._due("mails", limit)

    def entry(self, id: str) -> OutboxEntry | None:
        """See `Store`."""
        read = self._read(f"mails/{id}")
        return _mail(read) if read.values is not None else None

    def save_entry(self, record: OutboxEntry, enqueue: Sequence[OutboxEntry] = ()) -> bool:
        """See `Store`."""
        written = self._calls.update(f"mails/{record.id}", _mail_document(record), record.version)
        return self._committed(
            written, *map(self._reenqueued, enqueue), is_ours=lambda: self.entry(record.id) == record
        )

    def postpone(self, id: str, until: datetime) -> None:
        """See `Store`."""
        self._commit(self._calls.update(f"mails/{id}", {"due_at": until}))

    def recently_sent(self, to: str, since: datetime, limit: int) -> int:
        """See `Store`."""
        entries = self._client.collection("mails")
        lately = entries.where(filter=FieldFilter("address", "==", fold(to)))
        lately = lately.where(filter=FieldFilter("handed_over_at", ">", since)).limit(limit)
        with _unavailable_as_ours():
            answers: Any = lately.count().get(**_Call())
        return int(answers[0][0].value)

    def circuit_breaker(self) -> CircuitBreaker:
        """See `Store`."""
        read = self._read(_MAIL_QUEUE)
        return CircuitBreaker(read.read_at) if read.values is None else _circuit_breaker(read)

    def save_circuit_breaker(self, breaker: CircuitBreaker, enqueue: Sequence[OutboxEntry]) -> bool:
        """See `Store`."""
        record = shaped(queue_record(breaker))
        if breaker.version is None:
            written = self._calls.create(_MAIL_QUEUE, record)
        else:
            written = self._calls.update(_MAIL_QUEUE, record, breaker.version)
        is_ours: Callable[[], bool] = lambda: replace(self.circuit_breaker(), as_of=breaker.as_of) == breaker  # noqa: E731
        return self._committed(written, *map(self._reenqueued, enqueue), is_ours=is_ours)

    def registrations(self, event: str, after: str | None, limit: int) -> Sequence[Registered]:
        """See `Store`."""
        with _unavailable_as_ours():
            pages = _page(self._client.collection("intakes", event, "registrations"), after, limit)
            return [_registered(_found(snapshot)) for snapshot in pages]

    def roster_page(self, event: str, name: str) -> Sequence[str]:
        """See `Store`."""
        read = self._read(_roster_path(event, name))
        ids: list[str] = _values(read)["ids"] if read.values is not None else []
        return ids

    def quarantined(self, event: str, after: str | None, limit: int) -> Sequence[QuarantinedForm]:
        """See `Store`."""
        with _unavailable_as_ours():
            pages = _page(self._client.collection("intakes", event, "kept"), after, limit)
            return [_kept(_found(snapshot)) for snapshot in pages]

    def people(self, event: str, ids: Sequence[str]) -> Sequence[Registered]:
        """See `Store`."""
        documents = [self._client.document(_registration_path(event, id)) for id in dict.fromkeys(ids)]
        if not documents:
            return []
        with _unavailable_as_ours():
            snapshots: Any = self._client.get_all(documents, **_Call())
            return [_registered(_found(snapshot)) for snapshot in snapshots if snapshot.exists]

    def unsent_entries(self, event: str, after: str | None, limit: int) -> Sequence[OutboxEntry]:
        """See `Store`."""
        of_event, is_unsent = FieldFilter("event", "==", event), FieldFilter("state", "in", _UNSENT)
        with _unavailable_as_ours():
            pages = _page(self._client.collection("mails"), after, limit, of_event, is_unsent)
            return [_mail(_found(snapshot)) for snapshot in pages]

    def due_intakes(self, now: datetime) -> Sequence[str]:
        """See `Store`."""
        still_open = self._client.collection("intakes").where(filter=FieldFilter("closing", "==", None))
        due = still_open.where(filter=FieldFilter("closes_at", "<", now)).order_by("closes_at").select(())
        with _unavailable_as_ours():
            return [snapshot.id for snapshot in due.stream(**_Call())]

    def write_roster_page(self, event: str, name: str, ids: Sequence[str]) -> None:
        """See `Store`."""
        self._commit(self._calls.replace(_roster_path(event, name), shaped({"ids": list(ids)})))

    def move_deadline(self, event: str, intake: Intake, closes_at: datetime) -> bool:
        """See `Store`. Where an answer was lost this may say False of what it wrote: the caller looks again."""
        history = (*intake.history, EarlierDeadline(intake.closes_at, intake.as_of))
        moved = shaped(intake_record(replace(intake, closes_at=closes_at, history=history)))
        try:
            self._commit(self._calls.update(f"intakes/{event}", moved, intake.version))
        except FailedPrecondition:
            return False
        return True

    def record_closing(self, event: str, intake: Intake, closing: Closing, entries: Sequence[OutboxEntry]) -> bool:
        """See `Store`."""
        closed = shaped(intake_record(replace(intake, closing=closing)))
        written = self._calls.update(f"intakes/{event}", closed, intake.version)
        return self._committed(written, *map(self._queued, entries), is_ours=lambda: False)

    def forget(self, event: str, id: str, entries: Sequence[str]) -> None:
        """See `Store`."""
        paths = [_registration_path(event, id), _kept_path(event, id), *(f"mails/{email_id}" for email_id in entries)]
        self._commit(*map(self._calls.delete, paths))

    def _read(self, path: str) -> Read:
        try:
            with _unavailable_as_ours():
                return self._calls.read(path, _Call())
        except NotFound as error:  # not the document, which may be missing, but the database, or its project
            raise StoreUnavailable(_RETRY_AFTER) from error

    def _commit(self, *writes: Write, call: _Call | None = None) -> datetime:
        with _unavailable_as_ours():
            return self._calls.commit(writes, call or _Call())

    def _committed(self, *writes: Write, is_ours: Callable[[], bool]) -> bool:
        """Whether the commit was made; its precondition may speak against it. Where a try ended without an answer, that
        may be because of our own commit: then `is_ours` looks whether what is there is what was to be written."""
        call = _Call()
        try:
            self._commit(*writes, call=call)
        except (AlreadyExists, FailedPrecondition, NotFound):
            return bool(call.faults) and is_ours()
        return True

    def _queued(self, entry: OutboxEntry) -> Write:
        return self._calls.create(f"mails/{entry.id}", _newly_owed(entry))

    def _reenqueued(self, entry: OutboxEntry) -> Write:
        return self._calls.replace(f"mails/{entry.id}", _newly_owed(entry))

    def _due(self, collection: str, limit: int) -> Sequence[str]:
        due = FieldFilter("due_at", "<=", self.now())
        query = self._client.collection(collection).where(filter=due).order_by("due_at").select(()).limit(limit)
        with _unavailable_as_ours():
            return [snapshot.id for snapshot in query.stream(**_Call())]


@contextmanager
def _unavailable_as_ours() -> Iterator[None]:
    """What passes by itself, or with the network, means that the store cannot be reached."""
    try:
        yield
    except RetryError as error:  # the bound was over: what stood in the way all the time is its cause
        raise StoreUnavailable(_RETRY_AFTER) from error.cause or error
    except (*_TRANSIENT, *_UNREACHABLE) as error:
        raise StoreUnavailable(_RETRY_AFTER) from error


def _mail_document(record: OutboxEntry) -> dict[str, Any]:
    return shaped({**mail_record(record), **mail_state(record)})


def _newly_owed(entry: OutboxEntry) -> dict[str, Any]:
    return _mail_document(replace(entry, due_at=entry.not_before))


def _inbound_document(inbound: InboundEmail) -> dict[str, Any]:
    return shaped({"event": inbound.event, **inbound_record(inbound)})


def _registration_path(event: str, id: str) -> str:
    return f"intakes/{event}/registrations/{id}"


def _key_path(event: str, key: str) -> str:
    return f"intakes/{event}/keys/{key}"


def _kept_path(event: str, id: str) -> str:
    return f"intakes/{event}/kept/{id}"


def _roster_path(event: str, name: str) -> str:
    return f"intakes/{event}/roster/{name}"


def _page(
    collection: firestore.CollectionReference, after: str | None, limit: int, *where: FieldFilter
) -> Iterator[Any]:
    """Documents by id."""
    query: Any = collection
    for one in where:
        query = query.where(filter=one)
    query = query.order_by("__name__").limit(limit)
    if after:
        query = query.start_after({"__name__": collection.document(after)})
    yield from query.stream(**_Call())


def _found(snapshot: Any) -> Read:
    """What a query found."""
    times = plain(snapshot.read_time), plain(snapshot.create_time)
    return Read(snapshot.id, snapshot.to_dict(), *times, snapshot.update_time.timestamp_pb())


def _values(read: Read) -> Mapping[str, Any]:
    """Of a document that is there."""
    return known(read.values or {})


def _intake(read: Read) -> Intake:
    return intake_from(_values(read), read.read_at, read.version)


def _registered(read: Read) -> Registered:
    written = _values(read)
    return Registered(read.id, registration_from(written), read.created_at, maybe(written.get("came_at")))


def _inbound(read: Read) -> InboundEmail:
    written = _values(read)
    return inbound_from(read.id, written["event"], read.created_at, written, read.version)


def _kept(read: Read) -> QuarantinedForm:
    written = _values(read)
    form = Registered(read.id, registration_from(written["registration"]), read.updated_at)
    return QuarantinedForm(form, BotSignal(written["sign"]))


def _circuit_breaker(read: Read) -> CircuitBreaker:
    return queue_from(_values(read), read.read_at, read.version)


def _mail(read: Read) -> OutboxEntry:
    return mail_from(read.id, _values(read), read.created_at, read.version)
