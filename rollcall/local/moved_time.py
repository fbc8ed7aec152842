"""Time that is moved: real time plus a constant."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime, timedelta

from rollcall.desk.desk import Store
from rollcall.model.email import AT_ONCE, Mail, MailQueue, MailRecord
from rollcall.model.event import Event
from rollcall.model.inbound import Incoming
from rollcall.model.intake import Closing, Intake
from rollcall.model.registration import KeptForm, Key, Registered, Registration, Sign


class MovedTime:
    """A `Store` whose times are another's, moved by `shift`: for the Firestore emulator, which has only real time.

    Moved are the times that a store gives or compares. Those that are only kept stay as they are: a deadline, and when
    SendGrid received a message.
    """

    def __init__(self, store: Store, shift: timedelta) -> None:
        self._store = store
        self._shift = shift

    def now(self) -> datetime:
        """See `RecordingStore`."""
        return self._store.now() + self._shift

    def intake(self, event: Event) -> Intake:
        """See `IntakeStore`."""
        return self._read(self._store.intake(event))

    def known_events(self) -> Set[str]:
        """See `IntakeStore`."""
        return self._store.known_events()

    def known_intake(self, event: str) -> Intake | None:
        """See `WatchingStore`."""
        intake = self._store.known_intake(event)
        return self._read(intake) if intake else None

    def known_intakes(self) -> Mapping[str, Intake]:
        """See `WatchingStore`."""
        return {event: self._read(intake) for event, intake in self._store.known_intakes().items()}

    def accept(
        self,
        event: str,
        id: str,
        registration: Registration,
        mail: Mail,
        key: Key | None = None,
        came_at: datetime | None = None,
    ) -> datetime | None:
        """See `RegisteringStore`."""
        key = key and replace(key, until=key.until - self._shift)
        received_at = self._store.accept(event, id, registration, self._owed(mail), key, came_at)
        return received_at + self._shift if received_at else None

    def registered_under(self, event: str, key: str) -> str | None:
        """See `RegisteringStore`."""
        return self._store.registered_under(event, key)

    def registered(self, event: str, id: str) -> Registered | None:
        """See `RegisteringStore`."""
        registered = self._store.registered(event, id)
        return self._moved(registered) if registered else None

    def queue(self, mail: Mail) -> None:
        """See `RegisteringStore`."""
        self._store.queue(self._owed(mail))

    def keep(self, event: str, id: str, registration: Registration, sign: Sign) -> None:
        """See `RegisteringStore`."""
        self._store.keep(event, id, registration, sign)

    def take_in(self, event: str, id: str) -> None:
        """See `ReceivingStore`."""
        self._store.take_in(event, id)

    def incoming(self, id: str) -> Incoming | None:
        """See `ReceivingStore`."""
        incoming = self._store.incoming(id)
        return _incoming(incoming, self._shift) if incoming else None

    def save_incoming(self, incoming: Incoming, owed: Sequence[Mail] = ()) -> bool:
        """See `ReceivingStore`."""
        return self._store.save_incoming(_incoming(incoming, -self._shift), [self._owed(mail) for mail in owed])

    def due_incoming(self, limit: int) -> Sequence[str]:
        """See `ReceivingStore`."""
        return self._store.due_incoming(limit)

    def all_incoming(self, event: str, after: str | None, limit: int) -> Sequence[Incoming]:
        """See `RosterStore`."""
        return [_incoming(one, self._shift) for one in self._store.all_incoming(event, after, limit)]

    def due_mails(self, limit: int) -> Sequence[str]:
        """See `SendingStore`."""
        return self._store.due_mails(limit)

    def mail(self, id: str) -> MailRecord | None:
        """See `RecordingStore`."""
        record = self._store.mail(id)
        return _mail(record, self._shift) if record else None

    def save_mail(self, record: MailRecord, owed: Sequence[Mail] = ()) -> bool:
        """See `RecordingStore`."""
        return self._store.save_mail(_mail(record, -self._shift), [self._owed(mail) for mail in owed])

    def put_off(self, id: str, until: datetime) -> None:
        """See `SendingStore`."""
        self._store.put_off(id, until - self._shift)

    def handed_over_lately(self, to: str, since: datetime, limit: int) -> int:
        """See `SendingStore`."""
        return self._store.handed_over_lately(to, since - self._shift, limit)

    def mail_queue(self) -> MailQueue:
        """See `SendingStore`."""
        return _queue(self._store.mail_queue(), self._shift)

    def save_mail_queue(self, queue: MailQueue, owed: Sequence[Mail]) -> bool:
        """See `SendingStore`."""
        return self._store.save_mail_queue(_queue(queue, -self._shift), [self._owed(mail) for mail in owed])

    def registrations(self, event: str, after: str | None, limit: int) -> Sequence[Registered]:
        """See `RosterStore`."""
        return [self._moved(registered) for registered in self._store.registrations(event, after, limit)]

    def roster_page(self, event: str, name: str) -> Sequence[str]:
        """See `RosterStore`."""
        return self._store.roster_page(event, name)

    def kept(self, event: str, after: str | None, limit: int) -> Sequence[KeptForm]:
        """See `RosterStore`."""
        return [replace(one, form=self._moved(one.form)) for one in self._store.kept(event, after, limit)]

    def people(self, event: str, ids: Sequence[str]) -> Sequence[Registered]:
        """See `RosterStore`."""
        return [self._moved(registered) for registered in self._store.people(event, ids)]

    def unsent_mails(self, event: str, after: str | None, limit: int) -> Sequence[MailRecord]:
        """See `RosterStore`."""
        return [_mail(record, self._shift) for record in self._store.unsent_mails(event, after, limit)]

    def due_intakes(self, now: datetime) -> Sequence[str]:
        """See `ClosingStore`. A deadline is not moved, and `now` is time that is."""
        return self._store.due_intakes(now)

    def write_roster_page(self, event: str, name: str, ids: Sequence[str]) -> None:
        """See `ClosingStore`."""
        self._store.write_roster_page(event, name, ids)

    def move_deadline(self, event: str, intake: Intake, closes_at: datetime) -> bool:
        """See `MovingStore`."""
        return self._store.move_deadline(event, intake, closes_at)

    def record_closing(self, event: str, intake: Intake, closing: Closing, mails: Sequence[Mail]) -> bool:
        """See `ClosingStore`."""
        return self._store.record_closing(event, intake, closing, [self._owed(mail) for mail in mails])

    def forget(self, event: str, id: str, mails: Sequence[str]) -> None:
        """See `ForgettingStore`."""
        self._store.forget(event, id, mails)

    def _read(self, intake: Intake) -> Intake:
        return replace(intake, as_of=intake.as_of + self._shift)

    def _owed(self, mail: Mail) -> Mail:
        return replace(mail, not_before=_moved(mail.not_before, -self._shift))

    def _moved(self, registered: Registered) -> Registered:
        return replace(registered, received_at=registered.received_at + self._shift)


def _mail(record: MailRecord, shift: timedelta) -> MailRecord:
    return replace(
        record,
        mail=replace(record.mail, not_before=_moved(record.mail.not_before, shift)),
        due_at=_moved(record.due_at, shift) if record.due_at else None,
        attempts=tuple(replace(attempt, at=attempt.at + shift) for attempt in record.attempts),
        queued_at=record.queued_at + shift,
    )


def _incoming(incoming: Incoming, shift: timedelta) -> Incoming:
    return replace(
        incoming,
        stored_at=incoming.stored_at + shift,
        due_at=_moved(incoming.due_at, shift) if incoming.due_at else None,
    )


def _queue(queue: MailQueue, shift: timedelta) -> MailQueue:
    return replace(
        queue,
        as_of=queue.as_of + shift,
        held_since=queue.held_since and queue.held_since + shift,
        held_until=queue.held_until and queue.held_until + shift,
    )


def _moved(due_at: datetime, shift: timedelta) -> datetime:
    """`AT_ONCE` is at once in any time, and stays as it is."""
    return due_at if due_at == AT_ONCE else due_at + shift
