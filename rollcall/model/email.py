"""The e-mails that we send: what is queued in the outbox, what became of it, and what SendGrid answered."""

import hashlib
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from rollcall.model.inbound import InboundEmail
from rollcall.model.registration import Registered, fold

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""Due when it is enqueued. A constant needs no clock to write and, indexed, makes no hot range."""


class EmailKind(StrEnum):
    CONFIRMATION = "confirmation"
    """To the registrant, late or not."""
    CONFLICT = "conflict"
    """To the registrant: another form came in the same name, and changed nothing."""
    ROSTER = "roster"
    STAFF_DIGEST = "staff-digest"
    REPLY = "reply"
    """To the sender of an inbound e-mail."""


TO_STAFF = (EmailKind.ROSTER, EmailKind.STAFF_DIGEST)


class EmailStatus(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    """Claimed under a lease."""
    UNKNOWN = "unknown"
    """SendGrid may have it: it waits for delivery events, then is sent again."""
    SENT = "sent"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    DROPPED = "dropped"
    """SendGrid suppresses it: the address bounced before, for example."""
    FAILED = "failed"
    """It needs review."""
    CANCELLED = "cancelled"
    """There was nothing left to say."""


UNDELIVERED = (EmailStatus.BOUNCED, EmailStatus.DROPPED, EmailStatus.FAILED)
DONE = (EmailStatus.SENT, EmailStatus.DELIVERED, EmailStatus.CANCELLED)
"""Nothing is left to do, for all we know."""


class AttemptOutcome(StrEnum):
    IN_PROGRESS = "in_progress"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RATE_LIMITED = "rate_limited"
    """And no other e-mail would have been accepted."""
    UNKNOWN = "unknown"
    POSTPONED = "postponed"
    """Enough went to this address lately."""
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Attempt:
    id: str
    """Random: a sender knows its own claim."""
    at: datetime
    outcome: AttemptOutcome = AttemptOutcome.IN_PROGRESS
    note: str = ""
    """No personal data."""

    @property
    def may_be_accepted(self) -> bool:
        return self.outcome in (AttemptOutcome.IN_PROGRESS, AttemptOutcome.ACCEPTED, AttemptOutcome.UNKNOWN)


@dataclass(frozen=True)
class OutboxEntry:
    """An e-mail to be sent, and every attempt. The id is made from what it is about, so that it cannot be enqueued
    twice. `due_at` is when it is next to be claimed: None once it is settled; while it is being sent, the end of the
    lease."""

    id: str
    kind: EmailKind
    event: str
    to: str
    registration_id: str | None = None
    not_before: datetime = AT_ONCE
    inbound_id: str | None = None
    thread: tuple[str, ...] = ()
    """Message-IDs with angle brackets: the References of this answer, the last one its In-Reply-To."""
    status: EmailStatus = EmailStatus.PENDING
    due_at: datetime | None = AT_ONCE
    attempts: tuple[Attempt, ...] = ()
    reason: str = ""
    """In the words of the delivery event."""
    enqueued_at: datetime = field(default=AT_ONCE, compare=False)
    """No decision hangs on it."""
    version: object = field(default=None, compare=False)
    """The store's mark of this reading."""

    @property
    def why(self) -> str:
        return self.reason or (self.attempts[-1].note if self.attempts else "")


@dataclass(frozen=True)
class CircuitBreaker:
    """Whether e-mails may go out at all, as the store had it at `as_of`. It is open while SendGrid would accept none of
    ours: entries then stay due, and spend no attempts."""

    as_of: datetime
    opened_at: datetime | None = None
    """When it opened last."""
    open_until: datetime | None = None
    """When the next e-mail tries; None while it is closed."""
    times_opened: int = 0
    """In a row."""
    account_refused: bool = False
    """SendGrid refuses our key or account: only a person can mend it."""
    note: str = ""
    """No personal data."""
    version: object = field(default=None, compare=False)
    """The store's mark of this reading."""

    @property
    def is_open(self) -> bool:
        return self.open_until is not None and self.as_of < self.open_until


class DeliveryKind(StrEnum):
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    DROPPED = "dropped"


@dataclass(frozen=True)
class DeliveryEvent:
    email_id: str
    kind: DeliveryKind
    reason: str = ""


@dataclass(frozen=True)
class Attachment:
    name: str
    type: str
    content: bytes


@dataclass(frozen=True)
class Email:
    email_id: str
    to: str
    reply_to: str
    sender_name: str
    subject: str
    text: str
    html: str
    copies_to: tuple[str, ...] = ()
    """Each gets an e-mail of its own, whose delivery events are not this one's."""
    attachments: tuple[Attachment, ...] = ()
    thread: tuple[str, ...] = ()
    answers: bool = False
    """Also one without a Message-ID, and so without a thread."""


@dataclass(frozen=True)
class Accepted:
    note: str = ""


@dataclass(frozen=True)
class Rejected:
    """`permanent` where SendGrid will not accept the same e-mail later either."""

    permanent: bool
    note: str
    fault: Exception | None = field(default=None, compare=False, repr=False)
    """It may quote what was typed: hence no `repr`."""


@dataclass(frozen=True)
class RateLimited:
    """SendGrid would accept no other e-mail now; `account_refused` where that is our key's or account's fault."""

    account_refused: bool
    note: str
    retry_after: timedelta | None = None


@dataclass(frozen=True)
class Unknown:
    """No clear answer: SendGrid may have it, or not."""

    note: str


SendResult = Accepted | Rejected | RateLimited | Unknown


@dataclass(frozen=True)
class NotNeeded:
    """There is nothing left to say."""

    note: str


DELIVERY_STATUSES = {
    DeliveryKind.ACCEPTED: EmailStatus.SENT,
    DeliveryKind.DROPPED: EmailStatus.DROPPED,
    DeliveryKind.DELIVERED: EmailStatus.DELIVERED,
    DeliveryKind.BOUNCED: EmailStatus.BOUNCED,
}
"""Each over those before it. They come twice and in any order, so only this order decides: of two copies, one delivered
and one dropped, it is delivered; what bounces later has bounced."""

_RANKS = {status: rank for rank, status in enumerate(DELIVERY_STATUSES.values(), start=1)}


def after_delivery_event(entry: OutboxEntry, kind: DeliveryKind, reason: str = "") -> OutboxEntry:
    status = DELIVERY_STATUSES[kind]
    if _RANKS[status] <= _RANKS.get(entry.status, 0):
        return entry
    return replace(entry, status=status, due_at=None, reason=reason)


def confirmation(event: str, registration_id: str, to: str, thread: tuple[str, ...] = ()) -> OutboxEntry:
    id = f"{event}.{registration_id}.confirmation"
    return OutboxEntry(id, EmailKind.CONFIRMATION, event, to, registration_id, thread=thread)


def conflict_notice(event: str, registered: Registered) -> OutboxEntry:
    """Once, to the address on file."""
    to = registered.registration.email
    return OutboxEntry(f"{event}.{registered.id}.conflict", EmailKind.CONFLICT, event, to, registered.id)


def roster_entry(event: str, number: int, to: str, stamp: str = "") -> OutboxEntry:
    """`number` by the order in the event's file; the stamp tells a resent one from the closing's own."""
    return OutboxEntry(f"{event}.roster.{stamp and f'{stamp}.'}{number}", EmailKind.ROSTER, event, to)


def staff_digest(event: str, stamp: str, number: int, to: str, not_before: datetime) -> OutboxEntry:
    """The stamp says which digest of many it is."""
    id = f"{event}.staff-digest.{stamp}.{number}"
    return OutboxEntry(id, EmailKind.STAFF_DIGEST, event, to, not_before=not_before, due_at=not_before)


def reply_entry(inbound: InboundEmail, to: str) -> OutboxEntry:
    """One, however often that very e-mail came (RFC 3834, 2)."""
    about = hashlib.sha256("\x1f".join((fold(to), inbound.message_id or inbound.id)).encode()).hexdigest()[:24]
    id = f"{inbound.event}.{about}.reply"
    return OutboxEntry(id, EmailKind.REPLY, inbound.event, to, inbound_id=inbound.id, thread=inbound.thread)


def is_reply_id(event: str, text: str) -> bool:
    return re.fullmatch(rf"{re.escape(event)}\.[0-9a-f]{{24}}\.reply", text) is not None


def is_to_staff(id: str) -> bool:
    return any(f".{kind}." in id for kind in TO_STAFF)
