"""Mails we owe, the messages they become, and what became of posting one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from rollcall.desk.registration import KeptForm, Registered

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""A mail is due at once when it is queued. A constant needs no clock to write and, indexed, makes no hot range."""


class MailKind(StrEnum):
    """What a mail is about."""

    CONFIRMATION = "confirmation"
    """To the registrant: what we have, where the event is. Says so where the registration is late."""
    DIFFERENT_FORM = "different-form"
    """To the registrant: a second, different form came in the same name, and changed nothing."""
    ROSTER = "roster"
    """To one of the staff: the closed list."""
    NEEDS_A_PERSON = "needs-a-person"
    """To one of the staff: the forms that are kept for them."""


class MailState(StrEnum):
    """Where a mail stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True)
class Mail:
    """A message we owe. The id is made from what it is about, so that it cannot be queued twice."""

    id: str
    kind: MailKind
    event: str
    to: str
    registration_id: str | None
    """Whom it is about; None for a mail to staff."""
    not_before: datetime = AT_ONCE


@dataclass(frozen=True)
class MailRecord:
    """A mail in the books.

    `due_at` is when it is next to be taken up: None once it is settled, and the end of the lease while it is being
    sent, so that a sender that died leaves it due again.
    """

    mail: Mail
    state: MailState = MailState.QUEUED
    due_at: datetime | None = AT_ONCE
    attempts: int = 0
    note: str = ""
    """What SendGrid said when it did not take the mail; no personal data."""
    version: object = field(default=None, compare=False)
    """The store's mark of this reading, for `save_mail`."""


@dataclass(frozen=True)
class Roster:
    """The closed list of an event and what the staff want to know with it, each list in id order."""

    closes_at: datetime
    registered: tuple[Registered, ...]
    late: tuple[Registered, ...]
    confirmations: Mapping[str, MailState]
    """How the confirmation of a registration (by id) stands where it is not sent."""
    kept: tuple[KeptForm, ...] = ()
    """The forms that need a person, the first received first."""


@dataclass(frozen=True)
class NeedsAPerson:
    """The forms that need a person up to now, the first received first."""

    kept: tuple[KeptForm, ...]


About = Registered | Roster | NeedsAPerson
"""What a mail is about."""


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a message."""

    name: str
    type: str
    content: bytes


@dataclass(frozen=True)
class Message:
    """A mail composed: what is handed to the poster."""

    mail_id: str
    to: str
    reply_to: str
    subject: str
    text: str
    html: str
    cc: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class Sent:
    """The message was taken over."""


@dataclass(frozen=True)
class NotSent:
    """The message was certainly not taken; `permanent` where the same message will not be taken later either."""

    permanent: bool
    note: str
    retry_after: timedelta | None = None


@dataclass(frozen=True)
class InDoubt:
    """Nobody answered clearly: it may have been taken, or not."""

    note: str


Posted = Sent | NotSent | InDoubt


def confirmation(event: str, registration_id: str, to: str) -> Mail:
    """The confirmation owed for a registration."""
    return Mail(f"{event}.{registration_id}.confirmation", MailKind.CONFIRMATION, event, to, registration_id)


def different_form(event: str, registered: Registered) -> Mail:
    """The notice owed, once, to the address on file when a different form came for the same person."""
    to = registered.registration.email
    return Mail(f"{event}.{registered.id}.different-form", MailKind.DIFFERENT_FORM, event, to, registered.id)


def roster_mail(event: str, number: int, to: str) -> Mail:
    """The roster owed to one of the staff, `number` by their order in the event's file."""
    return Mail(f"{event}.roster.{number}", MailKind.ROSTER, event, to, None)


def needs_a_person_mail(event: str, day: date, number: int, to: str, not_before: datetime) -> Mail:
    """The forms that need a person, owed to one of the staff on the morning of that day."""
    return Mail(f"{event}.needs-a-person.{day}.{number}", MailKind.NEEDS_A_PERSON, event, to, None, not_before)
