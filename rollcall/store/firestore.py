"""The books in Firestore: production, and its emulator.

    intakes/{event}                     deadline and closing
    intakes/{event}/registrations/{id}  a person's registration, created once; its create time is its commit time
    intakes/{event}/kept/{id}           a form that is kept for the staff, the last one of each person
    intakes/{event}/roster/{number}     a page of the closed list
    mails/{id}                          a mail we owe, and where it stands

A person's request writes only documents keyed by that person, and no counter is kept.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from google.api_core.exceptions import (
    Aborted,
    AlreadyExists,
    DeadlineExceeded,
    FailedPrecondition,
    InternalServerError,
    NotFound,
    RetryError,
    ServiceUnavailable,
    TooManyRequests,
    Unknown,
)
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import TransportError
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from rollcall.desk.errors import StoreUnavailable
from rollcall.desk.event import Event
from rollcall.desk.intake import Closing, Intake
from rollcall.desk.mail import Mail, MailRecord, MailState
from rollcall.desk.registration import KeptForm, Registered, Registration, Sign
from rollcall.store.records import (
    closing_from,
    closing_record,
    mail_from,
    mail_record,
    mail_state,
    plain,
    registration_from,
    registration_record,
)

_TRANSIENT = (Aborted, DeadlineExceeded, InternalServerError, ServiceUnavailable, TooManyRequests, Unknown)
_CALL: Any = {
    "retry": Retry(if_exception_type(ServiceUnavailable, TooManyRequests), initial=0.1, maximum=2.0, timeout=8.0),
    "timeout": 10.0,
}
"""How each call is made, in seconds: a person is waiting, so that the library's own minute would be too long."""
_RETRY_AFTER = timedelta(seconds=10)
_UNSENT = [state.value for state in MailState if state is not MailState.SENT]


class FirestoreStore:
    """A `Store` in Firestore. Its times are Firestore's own, of commits and of reads."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def now(self) -> datetime:
        """See `SendingStore`. The time of a read: it sees every commit before it (Firestore's strong consistency)."""
        with _unavailable_as_ours():
            snapshot: Any = self._client.document("intakes/-").get(**_CALL)
        return plain(snapshot.read_time)

    def intake(self, event: Event) -> Intake:
        """See `IntakeStore`."""
        with _unavailable_as_ours():
            document = self._client.document("intakes", event.slug)
            snapshot: Any = document.get(**_CALL)
            if not snapshot.exists:
                announced = {"opens_at": event.opens_at, "closes_at": event.closes_at, "closing": None}
                with suppress(AlreadyExists):
                    document.create(announced, **_CALL)
                snapshot = document.get(**_CALL)
            written = snapshot.to_dict()
        return Intake(
            opens_at=plain(written["opens_at"]),
            closes_at=plain(written["closes_at"]),
            closing=closing_from(written["closing"]),
            as_of=plain(snapshot.read_time),
            version=snapshot.update_time,
        )

    def accept(self, event: str, id: str, registration: Registration, mail: Mail) -> datetime | None:
        """See `RegisteringStore`."""
        batch = self._client.batch()
        batch.create(self._registrations(event).document(id), registration_record(registration))
        self._queue(batch, mail)
        try:
            with _unavailable_as_ours():
                batch.commit(**_CALL)
        except AlreadyExists:
            return None
        committed_at: Any = batch.commit_time
        return plain(committed_at)

    def registered(self, event: str, id: str) -> Registered | None:
        """See `RegisteringStore`."""
        with _unavailable_as_ours():
            snapshot = self._registrations(event).document(id).get(**_CALL)
        return _registered(snapshot) if snapshot.exists else None

    def queue(self, mail: Mail) -> None:
        """See `RegisteringStore`."""
        batch = self._client.batch()
        self._queue(batch, mail)
        with _unavailable_as_ours(), suppress(AlreadyExists):
            batch.commit(**_CALL)

    def keep(self, event: str, id: str, registration: Registration, sign: Sign) -> None:
        """See `RegisteringStore`."""
        written = {"registration": registration_record(registration), "sign": sign.value}
        with _unavailable_as_ours():
            self._kept(event).document(id).set(written, **_CALL)

    def due_mails(self, limit: int) -> Sequence[str]:
        """See `SendingStore`."""
        due = FieldFilter("due_at", "<=", self.now())
        query = self._client.collection("mails").where(filter=due).order_by("due_at").select(()).limit(limit)
        with _unavailable_as_ours():
            return [snapshot.id for snapshot in query.stream(**_CALL)]

    def mail(self, id: str) -> MailRecord | None:
        """See `SendingStore`."""
        with _unavailable_as_ours():
            snapshot = self._client.document("mails", id).get(**_CALL)
        return _mail(snapshot) if snapshot.exists else None

    def save_mail(self, record: MailRecord) -> bool:
        """See `SendingStore`."""
        unchanged = self._client.write_option(last_update_time=record.version)
        document = self._client.document("mails", record.mail.id)
        try:
            with _unavailable_as_ours():
                document.update(mail_state(record), option=unchanged, **_CALL)
        except (FailedPrecondition, NotFound):
            return False
        return True

    def registrations(self, event: str, after: str | None, limit: int) -> Sequence[Registered]:
        """See `RosterStore`."""
        with _unavailable_as_ours():
            return [_registered(snapshot) for snapshot in _page(self._registrations(event), after, limit)]

    def roster_page(self, event: str, number: int) -> Sequence[str]:
        """See `RosterStore`."""
        with _unavailable_as_ours():
            snapshot: Any = self._roster_page(event, number).get(**_CALL)
        ids: list[str] = snapshot.to_dict()["ids"] if snapshot.exists else []
        return ids

    def kept(self, event: str, after: str | None, limit: int) -> Sequence[KeptForm]:
        """See `RosterStore`."""
        with _unavailable_as_ours():
            return [_kept(snapshot) for snapshot in _page(self._kept(event), after, limit)]

    def unsent_mails(self, event: str) -> Sequence[MailRecord]:
        """See `RosterStore`."""
        mails = self._client.collection("mails")
        query = mails.where(filter=FieldFilter("event", "==", event)).where(filter=FieldFilter("state", "in", _UNSENT))
        with _unavailable_as_ours():
            return [_mail(snapshot) for snapshot in query.stream(**_CALL)]

    def write_roster_page(self, event: str, number: int, ids: Sequence[str]) -> None:
        """See `ClosingStore`."""
        with _unavailable_as_ours():
            self._roster_page(event, number).set({"ids": list(ids)}, **_CALL)

    def record_closing(self, event: str, intake: Intake, closing: Closing, mails: Sequence[Mail]) -> bool:
        """See `ClosingStore`."""
        batch = self._client.batch()
        as_read = self._client.write_option(last_update_time=intake.version)
        batch.update(self._client.document("intakes", event), {"closing": closing_record(closing)}, option=as_read)
        for mail in mails:
            self._queue(batch, mail)
        try:
            with _unavailable_as_ours():
                batch.commit(**_CALL)
        except FailedPrecondition:
            return False
        return True

    def _registrations(self, event: str) -> firestore.CollectionReference:
        return self._client.collection("intakes", event, "registrations")

    def _kept(self, event: str) -> firestore.CollectionReference:
        return self._client.collection("intakes", event, "kept")

    def _roster_page(self, event: str, number: int) -> firestore.DocumentReference:
        return self._client.document("intakes", event, "roster", f"{number:06}")

    def _queue(self, batch: firestore.WriteBatch, mail: Mail) -> None:
        written = {**mail_record(mail), **mail_state(MailRecord(mail, due_at=mail.not_before))}
        batch.create(self._client.document("mails", mail.id), written)


@contextmanager
def _unavailable_as_ours() -> Iterator[None]:
    """What passes by itself, or with the network, means that the store cannot be reached."""
    try:
        yield
    except (*_TRANSIENT, RetryError, TransportError) as error:
        raise StoreUnavailable(_RETRY_AFTER) from error


def _page(collection: firestore.CollectionReference, after: str | None, limit: int) -> Iterator[Any]:
    """Documents by id."""
    query = collection.order_by("__name__").limit(limit)
    if after:
        query = query.start_after({"__name__": collection.document(after)})
    yield from query.stream(**_CALL)


def _registered(snapshot: Any) -> Registered:
    return Registered(snapshot.id, registration_from(snapshot.to_dict()), plain(snapshot.create_time))


def _kept(snapshot: Any) -> KeptForm:
    written = snapshot.to_dict()
    form = Registered(snapshot.id, registration_from(written["registration"]), plain(snapshot.update_time))
    return KeptForm(form, Sign(written["sign"]))


def _mail(snapshot: Any) -> MailRecord:
    return mail_from(snapshot.id, snapshot.to_dict(), snapshot.update_time)
