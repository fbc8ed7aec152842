"""Time that is moved: real time plus a constant."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime, timedelta

from rollcall.desk.ports import Store
from rollcall.model.email import AT_ONCE, CircuitBreaker, OutboxEntry
from rollcall.model.event import Event
from rollcall.model.inbound import InboundEmail
from rollcall.model.intake import Closing, Intake
from rollcall.model.registration import BotSignal, IdempotencyKey, QuarantinedForm, Registered, Registration


class MovedTime:
    """A `Store` whose times are another's, moved by `shift`: for the Firestore emulator, which has only real time.

    Moved are the times that a store gives or compares. Those that are only kept stay as they are: a deadline, and when
    SendGrid received a message.
    """

    def __init__(self, store: Store, shift: timedelta) -> None:
        self._store = store
        self._shift = shift

    def now(self) -> datetime:
        """See `Store`."""
        return self._store.now() + self._shift

    def intake(self, event: Event) -> Intake:
        """See `IntakeStore`."""
        return self._read(self._store.intake(event))

    def known_events(self) -> Set[str]:
        """See `IntakeStore`."""
        return self._store.known_events()

    def known_intake(self, event: str) -> Intake | None:
        """See `Store`."""
        intake = self._store.known_intake(event)
        return self._read(intake) if intake else None

    def known_intakes(self) -> Mapping[str, Intake]:
        """See `Store`."""
        return {event: self._read(intake) for event, intake in self._store.known_intakes().items()}

    def accept(
        self,
        event: str,
        id: str,
        registration: Registration,
        mail: OutboxEntry,
        key: IdempotencyKey | None = None,
        arrived_at: datetime | None = None,
    ) -> datetime | None:
        """See `Store`."""
        key = key and replace(key, until=key.until - self._shift)
        received_at = self._store.accept(event, id, registration, self._reenqueued(mail), key, arrived_at)
        return received_at + self._shift if received_at else None

    def registered_under(self, event: str, key: str) -> str | None:
        """See `Store`."""
        return self._store.registered_under(event, key)

    def registered(self, event: str, id: str) -> Registered | None:
        """See `Store`."""
        registered = self._store.registered(event, id)
        return self._moved(registered) if registered else None

    def enqueue(self, mail: OutboxEntry) -> None:
        """See `Store`."""
        self._store.enqueue(self._reenqueued(mail))

    def quarantine(self, event: str, id: str, registration: Registration, signal: BotSignal) -> None:
        """See `Store`."""
        self._store.quarantine(event, id, registration, signal)

    def add_inbound(self, event: str, id: str) -> None:
        """See `Store`."""
        self._store.add_inbound(event, id)

    def inbound(self, id: str) -> InboundEmail | None:
        """See `Store`."""
        inbound = self._store.inbound(id)
        return _inbound(inbound, self._shift) if inbound else None

    def save_inbound(self, inbound: InboundEmail, enqueue: Sequence[OutboxEntry] = ()) -> bool:
        """See `Store`."""
        return self._store.save_inbound(_inbound(inbound, -self._shift), [self._reenqueued(mail) for mail in enqueue])

    def due_inbound(self, limit: int) -> Sequence[str]:
        """See `Store`."""
        return self._store.due_inbound(limit)

    def all_inbound(self, event: str, after: str | None, limit: int) -> Sequence[InboundEmail]:
        """See `Store`."""
        return [_inbound(one, self._shift) for one in self._store.all_inbound(event, after, limit)]

    def due_entries(self, limit: int) -> Sequence[str]:
        """See `Store`."""
        return self._store.due_entries(limit)

    def entry(self, id: str) -> OutboxEntry | None:
        """See `Store`."""
        record = self._store.entry(id)
        return _mail(record, self._shift) if record else None

    def save_entry(self, record: OutboxEntry, enqueue: Sequence[OutboxEntry] = ()) -> bool:
        """See `Store`."""
        return self._store.save_entry(_mail(record, -self._shift), [self._reenqueued(mail) for mail in enqueue])

    def postpone(self, id: str, until: datetime) -> None:
        """See `Store`."""
        self._store.postpone(id, until - self._shift)

    def recently_sent(self, to: str, since: datetime, limit: int) -> int:
        """See `Store`."""
        return self._store.recently_sent(to, since - self._shift, limit)

    def circuit_breaker(self) -> CircuitBreaker:
        """See `Store`."""
        return _queue(self._store.circuit_breaker(), self._shift)

    def save_circuit_breaker(self, breaker: CircuitBreaker, enqueue: Sequence[OutboxEntry]) -> bool:
        """See `Store`."""
        return self._store.save_circuit_breaker(
            _queue(breaker, -self._shift), [self._reenqueued(mail) for mail in enqueue]
        )

    def registrations(self, event: str, after: str | None, limit: int) -> Sequence[Registered]:
        """See `Store`."""
        return [self._moved(registered) for registered in self._store.registrations(event, after, limit)]

    def roster_page(self, event: str, name: str) -> Sequence[str]:
        """See `Store`."""
        return self._store.roster_page(event, name)

    def quarantined(self, event: str, after: str | None, limit: int) -> Sequence[QuarantinedForm]:
        """See `Store`."""
        return [replace(one, form=self._moved(one.form)) for one in self._store.quarantined(event, after, limit)]

    def people(self, event: str, ids: Sequence[str]) -> Sequence[Registered]:
        """See `Store`."""
        return [self._moved(registered) for registered in self._store.people(event, ids)]

    def unsent_entries(self, event: str, after: str | None, limit: int) -> Sequence[OutboxEntry]:
        """See `Store`."""
        return [_mail(record, self._shift) for record in self._store.unsent_entries(event, after, limit)]

    def due_intakes(self, now: datetime) -> Sequence[str]:
        """See `Store`. A deadline is not moved, and `now` is time that is."""
        return self._store.due_intakes(now)

    def write_roster_page(self, event: str, name: str, ids: Sequence[str]) -> None:
        """See `Store`."""
        self._store.write_roster_page(event, name, ids)

    def move_deadline(self, event: str, intake: Intake, closes_at: datetime) -> bool:
        """See `Store`."""
        return self._store.move_deadline(event, intake, closes_at)

    def record_closing(self, event: str, intake: Intake, closing: Closing, mails: Sequence[OutboxEntry]) -> bool:
        """See `Store`."""
        return self._store.record_closing(event, intake, closing, [self._reenqueued(mail) for mail in mails])

    def forget(self, event: str, id: str, mails: Sequence[str]) -> None:
        """See `Store`."""
        self._store.forget(event, id, mails)

    def _read(self, intake: Intake) -> Intake:
        return replace(intake, as_of=intake.as_of + self._shift)

    def _reenqueued(self, mail: OutboxEntry) -> OutboxEntry:
        return replace(mail, not_before=_moved(mail.not_before, -self._shift))

    def _moved(self, registered: Registered) -> Registered:
        return replace(registered, received_at=registered.received_at + self._shift)


def _mail(record: OutboxEntry, shift: timedelta) -> OutboxEntry:
    return replace(
        record,
        not_before=_moved(record.not_before, shift),
        due_at=_moved(record.due_at, shift) if record.due_at else None,
        attempts=tuple(replace(attempt, at=attempt.at + shift) for attempt in record.attempts),
        enqueued_at=record.enqueued_at + shift,
    )


def _inbound(inbound: InboundEmail, shift: timedelta) -> InboundEmail:
    return replace(
        inbound,
        stored_at=inbound.stored_at + shift,
        due_at=_moved(inbound.due_at, shift) if inbound.due_at else None,
    )


def _queue(queue: CircuitBreaker, shift: timedelta) -> CircuitBreaker:
    return replace(
        queue,
        as_of=queue.as_of + shift,
        opened_at=queue.opened_at and queue.opened_at + shift,
        open_until=queue.open_until and queue.open_until + shift,
    )


def _moved(due_at: datetime, shift: timedelta) -> datetime:
    """`AT_ONCE` is at once in any time, and stays as it is."""
    return due_at if due_at == AT_ONCE else due_at + shift
