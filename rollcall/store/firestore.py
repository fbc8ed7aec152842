"""The books in Firestore: production, and its emulator.

    intakes/{event}                     deadline and closing
    intakes/{event}/registrations/{id}  a person's registration, created once; its create time is its commit time
    intakes/{event}/keys/{key}          whose registration came under this idempotency key
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

from collections.abc import Callable, Iterator, Mapping, Sequence
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

from rollcall.desk.errors import StoreUnavailable
from rollcall.desk.event import Event
from rollcall.desk.incoming import Incoming
from rollcall.desk.intake import Closing, EarlierDeadline, Intake
from rollcall.desk.mail import AT_ONCE, Mail, MailQueue, MailRecord, MailState
from rollcall.desk.registration import KeptForm, Registered, Registration, Sign, fold
from rollcall.store.records import (
    NEWLY_IN,
    incoming_from,
    incoming_record,
    intake_from,
    intake_record,
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

_TRANSIENT = (Aborted, DeadlineExceeded, InternalServerError, ServiceUnavailable, TooManyRequests, Unknown)
"""Faults that pass by themselves; TooManyRequests is RESOURCE_EXHAUSTED."""
_UNREACHABLE = (Cancelled, DataLoss, Forbidden, RetryError, TransportError, Unauthenticated)
"""No trying again mends these at once; what was typed must come back all the same."""
_BOUND = 8.0
"""Seconds within which a call is tried again: a person is waiting, the library's own minute would be too long."""
_ONE_TRY = 3.0
"""Seconds for an answer to one try."""
_RETRY_AFTER = timedelta(seconds=10)
_UNSENT = [state.value for state in MailState if state not in (MailState.SENT, MailState.DELIVERED)]


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

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def now(self) -> datetime:
        """See `RecordingStore`. The time of a read: it sees every commit before it (Firestore's strong consistency)."""
        with _unavailable_as_ours():
            snapshot: Any = self._client.document("intakes/-").get(**_Call())
        return plain(snapshot.read_time)

    def intake(self, event: Event) -> Intake:
        """See `IntakeStore`."""
        with _unavailable_as_ours():
            document = self._client.document("intakes", event.slug)
            snapshot: Any = document.get(**_Call())
            if not snapshot.exists:
                announced = Intake(event.opens_at, event.closes_at, None, as_of=AT_ONCE)
                with suppress(AlreadyExists):
                    document.create(shaped(intake_record(announced)), **_Call())
                snapshot = document.get(**_Call())
        return _intake(snapshot)

    def known_intake(self, event: str) -> Intake | None:
        """See `WatchingStore`."""
        with _unavailable_as_ours():
            snapshot: Any = self._client.document("intakes", event).get(**_Call())
        return _intake(snapshot) if snapshot.exists else None

    def known_intakes(self) -> Mapping[str, Intake]:
        """See `WatchingStore`."""
        with _unavailable_as_ours():
            return {snapshot.id: _intake(snapshot) for snapshot in self._client.collection("intakes").stream(**_Call())}

    def accept(
        self,
        event: str,
        id: str,
        registration: Registration,
        mail: Mail,
        key: str | None = None,
        came_at: datetime | None = None,
    ) -> datetime | None:
        """See `RegisteringStore`."""
        call, batch = _Call(), self._client.batch()
        written = shaped(registration_record(registration)) | ({"came_at": came_at} if came_at else {})
        batch.create(self._registrations(event).document(id), written)
        self._queue(batch, mail)
        if key:
            batch.create(self._key(event, key), shaped({"registration_id": id}))
        try:
            with _unavailable_as_ours():
                batch.commit(**call)
        except AlreadyExists:
            ours = call.faults and (key is None or self.registered_under(event, key) == id)
            there = self.registered(event, id) if ours else None
            return there.received_at if there and there.registration == registration else None
        committed_at: Any = batch.commit_time
        return plain(committed_at)

    def registered_under(self, event: str, key: str) -> str | None:
        """See `RegisteringStore`."""
        with _unavailable_as_ours():
            snapshot: Any = self._key(event, key).get(**_Call())
        id: str | None = _written(snapshot)["registration_id"] if snapshot.exists else None
        return id

    def registered(self, event: str, id: str) -> Registered | None:
        """See `RegisteringStore`."""
        with _unavailable_as_ours():
            snapshot = self._registrations(event).document(id).get(**_Call())
        return _registered(snapshot) if snapshot.exists else None

    def queue(self, mail: Mail) -> None:
        """See `RegisteringStore`."""
        batch = self._client.batch()
        self._queue(batch, mail)
        with _unavailable_as_ours(), suppress(AlreadyExists):
            batch.commit(**_Call())

    def keep(self, event: str, id: str, registration: Registration, sign: Sign) -> None:
        """See `RegisteringStore`."""
        written = shaped({"registration": registration_record(registration), "sign": sign.value})
        with _unavailable_as_ours():
            self._kept(event).document(id).set(written, **_Call())

    def take_in(self, event: str, id: str) -> None:
        """See `ReceivingStore`."""
        with _unavailable_as_ours(), suppress(AlreadyExists):
            self._incoming(id).create(_incoming_document(replace(NEWLY_IN, event=event)), **_Call())

    def incoming(self, id: str) -> Incoming | None:
        """See `ReceivingStore`."""
        with _unavailable_as_ours():
            snapshot = self._incoming(id).get(**_Call())
        return _incoming(snapshot) if snapshot.exists else None

    def save_incoming(self, incoming: Incoming, owed: Sequence[Mail] = ()) -> bool:
        """See `ReceivingStore`. A mail that is there speaks against the whole commit: it is made again without."""
        batch = self._client.batch()
        as_read = self._client.write_option(last_update_time=incoming.version)
        batch.update(self._incoming(incoming.id), _incoming_document(incoming), option=as_read)
        for mail in owed:
            self._queue(batch, mail)
        if _committed(batch, lambda: self.incoming(incoming.id) == incoming):
            return True
        not_there = [mail for mail in owed if self.mail(mail.id) is None]
        return len(not_there) < len(owed) and self.save_incoming(incoming, not_there)

    def due_incoming(self, limit: int) -> Sequence[str]:
        """See `ReceivingStore`."""
        return self._due("incoming", limit)

    def all_incoming(self, event: str, after: str | None, limit: int) -> Sequence[Incoming]:
        """See `RosterStore`."""
        of_event = FieldFilter("event", "==", event)
        with _unavailable_as_ours():
            pages = _page(self._client.collection("incoming"), after, limit, of_event)
            return [_incoming(snapshot) for snapshot in pages]

    def due_mails(self, limit: int) -> Sequence[str]:
        """See `SendingStore`."""
        return self._due("mails", limit)

    def mail(self, id: str) -> MailRecord | None:
        """See `RecordingStore`."""
        with _unavailable_as_ours():
            snapshot = self._client.document("mails", id).get(**_Call())
        return _mail(snapshot) if snapshot.exists else None

    def save_mail(self, record: MailRecord, owed: Sequence[Mail] = ()) -> bool:
        """See `RecordingStore`."""
        batch = self._client.batch()
        as_read = self._client.write_option(last_update_time=record.version)
        batch.update(self._client.document("mails", record.mail.id), _mail_document(record), option=as_read)
        self._owe(batch, owed)
        return _committed(batch, lambda: self.mail(record.mail.id) == record)

    def put_off(self, id: str, until: datetime) -> None:
        """See `SendingStore`."""
        with _unavailable_as_ours():
            self._client.document("mails", id).update({"due_at": until}, **_Call())

    def handed_over_lately(self, to: str, since: datetime, limit: int) -> int:
        """See `SendingStore`."""
        mails = self._client.collection("mails")
        lately = mails.where(filter=FieldFilter("address", "==", fold(to)))
        lately = lately.where(filter=FieldFilter("handed_over_at", ">", since)).limit(limit)
        with _unavailable_as_ours():
            answers: Any = lately.count().get(**_Call())
        return int(answers[0][0].value)

    def mail_queue(self) -> MailQueue:
        """See `SendingStore`."""
        with _unavailable_as_ours():
            snapshot: Any = self._mail_queue().get(**_Call())
        as_of = plain(snapshot.read_time)
        return queue_from(_written(snapshot), as_of, snapshot.update_time) if snapshot.exists else MailQueue(as_of)

    def save_mail_queue(self, queue: MailQueue, owed: Sequence[Mail]) -> bool:
        """See `SendingStore`."""
        batch = self._client.batch()
        if queue.version is None:
            batch.create(self._mail_queue(), shaped(queue_record(queue)))
        else:
            as_read = self._client.write_option(last_update_time=queue.version)
            batch.update(self._mail_queue(), shaped(queue_record(queue)), option=as_read)
        self._owe(batch, owed)
        return _committed(batch, lambda: replace(self.mail_queue(), as_of=queue.as_of) == queue)

    def registrations(self, event: str, after: str | None, limit: int) -> Sequence[Registered]:
        """See `RosterStore`."""
        with _unavailable_as_ours():
            return [_registered(snapshot) for snapshot in _page(self._registrations(event), after, limit)]

    def roster_page(self, event: str, name: str) -> Sequence[str]:
        """See `RosterStore`."""
        with _unavailable_as_ours():
            snapshot: Any = self._roster_page(event, name).get(**_Call())
        ids: list[str] = _written(snapshot)["ids"] if snapshot.exists else []
        return ids

    def kept(self, event: str, after: str | None, limit: int) -> Sequence[KeptForm]:
        """See `RosterStore`."""
        with _unavailable_as_ours():
            return [_kept(snapshot) for snapshot in _page(self._kept(event), after, limit)]

    def people(self, event: str, ids: Sequence[str]) -> Sequence[Registered]:
        """See `RosterStore`."""
        documents = [self._registrations(event).document(id) for id in dict.fromkeys(ids)]
        if not documents:
            return []
        with _unavailable_as_ours():
            snapshots: Any = self._client.get_all(documents, **_Call())
            return [_registered(snapshot) for snapshot in snapshots if snapshot.exists]

    def unsent_mails(self, event: str, after: str | None, limit: int) -> Sequence[MailRecord]:
        """See `RosterStore`."""
        of_event, is_unsent = FieldFilter("event", "==", event), FieldFilter("state", "in", _UNSENT)
        with _unavailable_as_ours():
            pages = _page(self._client.collection("mails"), after, limit, of_event, is_unsent)
            return [_mail(snapshot) for snapshot in pages]

    def write_roster_page(self, event: str, name: str, ids: Sequence[str]) -> None:
        """See `ClosingStore`."""
        with _unavailable_as_ours():
            self._roster_page(event, name).set(shaped({"ids": list(ids)}), **_Call())

    def move_deadline(self, event: str, intake: Intake, closes_at: datetime) -> bool:
        """See `MovingStore`. Where an answer was lost this may say False of what it wrote: the caller looks again."""
        history = (*intake.history, EarlierDeadline(intake.closes_at, intake.as_of))
        moved = shaped(intake_record(replace(intake, closes_at=closes_at, history=history)))
        as_read = self._client.write_option(last_update_time=intake.version)
        try:
            with _unavailable_as_ours():
                self._client.document("intakes", event).update(moved, option=as_read, **_Call())
        except FailedPrecondition:
            return False
        return True

    def record_closing(self, event: str, intake: Intake, closing: Closing, mails: Sequence[Mail]) -> bool:
        """See `ClosingStore`."""
        batch = self._client.batch()
        as_read = self._client.write_option(last_update_time=intake.version)
        closed = shaped(intake_record(replace(intake, closing=closing)))
        batch.update(self._client.document("intakes", event), closed, option=as_read)
        for mail in mails:
            self._queue(batch, mail)
        return _committed(batch, lambda: False)

    def forget(self, event: str, id: str, mails: Sequence[str]) -> None:
        """See `ForgettingStore`."""
        batch = self._client.batch()
        batch.delete(self._registrations(event).document(id))
        batch.delete(self._kept(event).document(id))
        for mail_id in mails:
            batch.delete(self._client.document("mails", mail_id))
        with _unavailable_as_ours():
            batch.commit(**_Call())

    def _registrations(self, event: str) -> firestore.CollectionReference:
        return self._client.collection("intakes", event, "registrations")

    def _kept(self, event: str) -> firestore.CollectionReference:
        return self._client.collection("intakes", event, "kept")

    def _roster_page(self, event: str, name: str) -> firestore.DocumentReference:
        return self._client.document("intakes", event, "roster", name)

    def _key(self, event: str, key: str) -> firestore.DocumentReference:
        return self._client.document("intakes", event, "keys", key)

    def _incoming(self, id: str) -> firestore.DocumentReference:
        return self._client.document("incoming", id)

    def _mail_queue(self) -> firestore.DocumentReference:
        return self._client.document("queues/mails")

    def _due(self, collection: str, limit: int) -> Sequence[str]:
        due = FieldFilter("due_at", "<=", self.now())
        query = self._client.collection(collection).where(filter=due).order_by("due_at").select(()).limit(limit)
        with _unavailable_as_ours():
            return [snapshot.id for snapshot in query.stream(**_Call())]

    def _queue(self, batch: firestore.WriteBatch, mail: Mail) -> None:
        batch.create(self._client.document("mails", mail.id), _newly_owed(mail))

    def _owe(self, batch: firestore.WriteBatch, mails: Sequence[Mail]) -> None:
        for mail in mails:
            batch.set(self._client.document("mails", mail.id), _newly_owed(mail))


@contextmanager
def _unavailable_as_ours() -> Iterator[None]:
    """What passes by itself, or with the network, means that the store cannot be reached."""
    try:
        yield
    except (*_TRANSIENT, *_UNREACHABLE) as error:
        raise StoreUnavailable(_RETRY_AFTER) from error


def _committed(batch: firestore.WriteBatch, is_ours: Callable[[], bool]) -> bool:
    """Whether the commit was made; its precondition may speak against it. Where a try ended without an answer, what
    speaks against it may be our own commit: then `is_ours` looks whether what is there is what was to be written."""
    call = _Call()
    try:
        with _unavailable_as_ours():
            batch.commit(**call)
    except (AlreadyExists, FailedPrecondition, NotFound):
        return bool(call.faults) and is_ours()
    return True


def _mail_document(record: MailRecord) -> dict[str, Any]:
    return shaped({**mail_record(record.mail), **mail_state(record)})


def _newly_owed(mail: Mail) -> dict[str, Any]:
    return _mail_document(MailRecord(mail, due_at=mail.not_before))


def _incoming_document(incoming: Incoming) -> dict[str, Any]:
    return shaped({"event": incoming.event, **incoming_record(incoming)})


def _written(snapshot: Any) -> Mapping[str, Any]:
    return known(snapshot.to_dict())


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


def _intake(snapshot: Any) -> Intake:
    return intake_from(_written(snapshot), plain(snapshot.read_time), snapshot.update_time)


def _registered(snapshot: Any) -> Registered:
    written = _written(snapshot)
    came_at = maybe(written.get("came_at"))
    return Registered(snapshot.id, registration_from(written), plain(snapshot.create_time), came_at)


def _incoming(snapshot: Any) -> Incoming:
    written = _written(snapshot)
    return incoming_from(snapshot.id, written["event"], plain(snapshot.create_time), written, snapshot.update_time)


def _kept(snapshot: Any) -> KeptForm:
    written = _written(snapshot)
    form = Registered(snapshot.id, registration_from(written["registration"]), plain(snapshot.update_time))
    return KeptForm(form, Sign(written["sign"]))


def _mail(snapshot: Any) -> MailRecord:
    return mail_from(snapshot.id, _written(snapshot), plain(snapshot.create_time), snapshot.update_time)
