"""Time that is moved: real time plus a constant."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from rollcall.desk.desk import Store
from rollcall.desk.event import Event
from rollcall.desk.intake import Closing, Intake
from rollcall.desk.mail import AT_ONCE, Mail, MailRecord
from rollcall.desk.registration import Registered, Registration


class MovedTime:
    """A `Store` whose times are another's, moved by `shift`: for the Firestore emulator, which has only real time.

    Moved are the times that a store gives or compares. A deadline is only kept, and stays as it is.
    """

    def __init__(self, store: Store, shift: timedelta) -> None:
        self._store = store
        self._shift = shift

    def now(self) -> datetime:
        """See `SendingStore`."""
        return self._store.now() + self._shift

    def intake(self, event: Event) -> Intake:
        """See `IntakeStore`."""
        intake = self._store.intake(event)
        return replace(intake, as_of=intake.as_of + self._shift)

    def accept(self, event: str, id: str, registration: Registration, mail: Mail) -> datetime | None:
        """See `RegisteringStore`."""
        received_at = self._store.accept(event, id, registration, mail)
        return received_at + self._shift if received_at else None

    def registered(self, event: str, id: str) -> Registered | None:
        """See `RegisteringStore`."""
        registered = self._store.registered(event, id)
        return self._moved(registered) if registered else None

    def queue(self, mail: Mail) -> None:
        """See `RegisteringStore`."""
        self._store.queue(mail)

    def due_mails(self, limit: int) -> Sequence[str]:
        """See `SendingStore`."""
        return self._store.due_mails(limit)

    def mail(self, id: str) -> MailRecord | None:
        """See `SendingStore`."""
        record = self._store.mail(id)
        return _due(record, self._shift) if record else None

    def save_mail(self, record: MailRecord) -> bool:
        """See `SendingStore`."""
        return self._store.save_mail(_due(record, -self._shift))

    def registrations(self, event: str, after: str | None, limit: int) -> Sequence[Registered]:
        """See `RosterStore`."""
        return [self._moved(registered) for registered in self._store.registrations(event, after, limit)]

    def roster_page(self, event: str, number: int) -> Sequence[str]:
        """See `RosterStore`."""
        return self._store.roster_page(event, number)

    def unsent_mails(self, event: str) -> Sequence[MailRecord]:
        """See `RosterStore`."""
        return [_due(record, self._shift) for record in self._store.unsent_mails(event)]

    def write_roster_page(self, event: str, number: int, ids: Sequence[str]) -> None:
        """See `ClosingStore`."""
        self._store.write_roster_page(event, number, ids)

    def record_closing(self, event: str, intake: Intake, closing: Closing, mails: Sequence[Mail]) -> bool:
        """See `ClosingStore`."""
        return self._store.record_closing(event, intake, closing, mails)

    def _moved(self, registered: Registered) -> Registered:
        return replace(registered, received_at=registered.received_at + self._shift)


def _due(record: MailRecord, shift: timedelta) -> MailRecord:
    """`AT_ONCE` is at once in any time, and stays as it is."""
    if record.due_at is None or record.due_at == AT_ONCE:
        return record
    return replace(record, due_at=record.due_at + shift)
