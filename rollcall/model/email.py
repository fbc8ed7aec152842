"""The e-mails that we send: what is queued in the outbox, what became of it, and what SendGrid answered."""

import hashlib
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from rollcall.model.inbound import InboundEmail
from rollcall.model.registration import Registered, fold

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""An entry is due at once when it is enqueued. A constant needs no clock to write and, indexed, makes no hot range."""


class EmailKind(StrEnum):
    """What an e-mail is about."""

    CONFIRMATION = "confirmation"
    """To the registrant: what we have, where the event is. Says so where the registration is late."""
    CONFLICT = "conflict"
    """To the registrant: a second, different form came in the same name, and changed nothing."""
    ROSTER = "roster"
    """To one of the staff: the closed list."""
    STAFF_DIGEST = "staff-digest"
    """To one of the staff: what needs their review."""
    REPLY = "reply"
    """To the sender of an inbound e-mail: what came of the forms in it."""


TO_STAFF = (EmailKind.ROSTER, EmailKind.STAFF_DIGEST)


class EmailStatus(StrEnum):
    """Where an outbox entry stands."""

    PENDING = "pending"
    SENDING = "sending"
    """A sender has claimed it, under a lease."""
    UNKNOWN = "unknown"
    """SendGrid may have it, or not: it waits for delivery events, then is sent again."""
    SENT = "sent"
    """SendGrid has it."""
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    DROPPED = "dropped"
    """SendGrid would not deliver it: the address is on its list of addresses that bounced before, for example."""
    FAILED = "failed"
    """We gave up; it needs review."""
    CANCELLED = "cancelled"
    """When its turn came there was nothing left to say."""


UNDELIVERED = (EmailStatus.BOUNCED, EmailStatus.DROPPED, EmailStatus.FAILED)
"""The statuses of an e-mail that will not arrive by itself."""
DONE = (EmailStatus.SENT, EmailStatus.DELIVERED, EmailStatus.CANCELLED)
"""The statuses in which nothing is left to do, for all we know."""


class AttemptOutcome(StrEnum):
    """What became of one attempt to send an e-mail."""

    IN_PROGRESS = "in_progress"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RATE_LIMITED = "rate_limited"
    """Not accepted, and no other e-mail would have been."""
    UNKNOWN = "unknown"
    POSTPONED = "postponed"
    """Not made: enough went to this address lately."""
    CANCELLED = "cancelled"
    """Not made: there was nothing left to say."""


@dataclass(frozen=True)
class Attempt:
    """One attempt to send an e-mail."""

    id: str
    """Random, so that a sender knows its own claim from another's."""
    at: datetime
    """When the entry was claimed for it."""
    outcome: AttemptOutcome = AttemptOutcome.IN_PROGRESS
    note: str = ""
    """What SendGrid or the network said; no personal data."""

    @property
    def may_be_accepted(self) -> bool:
        """Whether SendGrid has the e-mail, for all we know."""
        return self.outcome in (AttemptOutcome.IN_PROGRESS, AttemptOutcome.ACCEPTED, AttemptOutcome.UNKNOWN)


@dataclass(frozen=True)
class OutboxEntry:
    """An e-mail to be sent, and every attempt to send it.

    The id is made from what the e-mail is about, so that it cannot be enqueued twice. `due_at` is when it is next to be
    claimed: None once it is settled, and the end of the lease while it is being sent, so that a sender that died leaves
    it due again.
    """

    id: str
    kind: EmailKind
    event: str
    to: str
    registration_id: str | None = None
    """Whom it is about; None for an e-mail to staff or about an inbound one."""
    not_before: datetime = AT_ONCE
    inbound_id: str | None = None
    """The inbound e-mail that it is about."""
    thread: tuple[str, ...] = ()
    """Message-IDs, with the angle brackets: the References of this answer, the last of them its In-Reply-To."""
    status: EmailStatus = EmailStatus.PENDING
    due_at: datetime | None = AT_ONCE
    attempts: tuple[Attempt, ...] = ()
    """The oldest first."""
    reason: str = ""
    """Why it bounced or was dropped, in the words of the delivery event."""
    enqueued_at: datetime = field(default=AT_ONCE, compare=False)
    """The store's own time at which it was first enqueued; no decision hangs on it."""
    version: object = field(default=None, compare=False)
    """The store's mark of this reading, for `save_entry`."""

    @property
    def why(self) -> str:
        """Why it stands as it does, where somebody said so."""
        return self.reason or (self.attempts[-1].note if self.attempts else "")


@dataclass(frozen=True)
class CircuitBreaker:
    """Whether e-mails may go out at all, as the store had it at `as_of` (the store's own time).

    It is open while SendGrid would accept no e-mail of ours: each entry then stays due, and none spends its attempts.
    """

    as_of: datetime
    opened_at: datetime | None = None
    """When it opened; after it has closed, when it last opened."""
    open_until: datetime | None = None
    """When the next e-mail tries whether SendGrid accepts again; None while it is closed."""
    times_opened: int = 0
    """In a row."""
    account_refused: bool = False
    """Whether SendGrid refuses our key or our account, so that only a person can mend it."""
    note: str = ""
    """What SendGrid said; no personal data."""
    version: object = field(default=None, compare=False)
    """The store's mark of this reading, for `save_circuit_breaker`."""

    @property
    def is_open(self) -> bool:
        """Whether no e-mail may go out now."""
        return self.open_until is not None and self.as_of < self.open_until


class DeliveryKind(StrEnum):
    """What SendGrid reports of an e-mail that it accepted."""

    ACCEPTED = "accepted"
    """It has it, and is at it."""
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    DROPPED = "dropped"


@dataclass(frozen=True)
class DeliveryEvent:
    """What SendGrid reports of one e-mail."""

    email_id: str
    kind: DeliveryKind
    reason: str = ""
    """In the words of whoever did not accept it."""


@dataclass(frozen=True)
class Attachment:
    """A file that goes with an e-mail."""

    name: str
    type: str
    content: bytes


@dataclass(frozen=True)
class Email:
    """An e-mail as it is handed to SendGrid."""

    email_id: str
    to: str
    reply_to: str
    sender_name: str
    subject: str
    text: str
    html: str
    copies_to: tuple[str, ...] = ()
    """Who gets the same, as an e-mail of its own: its delivery events are not this one's."""
    attachments: tuple[Attachment, ...] = ()
    thread: tuple[str, ...] = ()
    """See `OutboxEntry.thread`."""
    answers: bool = False
    """Whether it answers an inbound e-mail; there may be one without a Message-ID, and so no thread."""


@dataclass(frozen=True)
class Accepted:
    """SendGrid has it."""

    note: str = ""


@dataclass(frozen=True)
class Rejected:
    """SendGrid certainly does not have it; `permanent` where it will not accept the same e-mail later either."""

    permanent: bool
    note: str
    fault: Exception | None = field(default=None, compare=False, repr=False)
    """What broke while it was written. It may quote what was typed: hence no `repr`."""


@dataclass(frozen=True)
class RateLimited:
    """SendGrid certainly does not have it, and would accept no other now; `account_refused` where it refuses our key or
    our account, rather than our pace."""

    account_refused: bool
    note: str
    retry_after: timedelta | None = None


@dataclass(frozen=True)
class Unknown:
    """Nobody answered clearly: SendGrid may have it, or not."""

    note: str


SendResult = Accepted | Rejected | RateLimited | Unknown


@dataclass(frozen=True)
class NotNeeded:
    """The e-mail was not written: there is nothing left to say."""

    note: str


DELIVERY_STATUSES = {
    DeliveryKind.ACCEPTED: EmailStatus.SENT,
    DeliveryKind.DROPPED: EmailStatus.DROPPED,
    DeliveryKind.DELIVERED: EmailStatus.DELIVERED,
    DeliveryKind.BOUNCED: EmailStatus.BOUNCED,
}
"""What each delivery event makes of an e-mail, each over those before it. They come twice and in any order, so only
this order decides: of two copies, one delivered and one dropped, it is delivered; what bounces later has bounced."""

_RANKS = {status: rank for rank, status in enumerate(DELIVERY_STATUSES.values(), start=1)}


def after_delivery_event(entry: OutboxEntry, kind: DeliveryKind, reason: str = "") -> OutboxEntry:
    """The entry as the delivery event makes it: what SendGrid has is not sent again."""
    status = DELIVERY_STATUSES[kind]
    if _RANKS[status] <= _RANKS.get(entry.status, 0):
        return entry
    return replace(entry, status=status, due_at=None, reason=reason)


def confirmation(event: str, registration_id: str, to: str, thread: tuple[str, ...] = ()) -> OutboxEntry:
    """The confirmation of a registration, in answer to the inbound e-mail that the thread ends with, if any."""
    id = f"{event}.{registration_id}.confirmation"
    return OutboxEntry(id, EmailKind.CONFIRMATION, event, to, registration_id, thread=thread)


def conflict_notice(event: str, registered: Registered) -> OutboxEntry:
    """The notice, once, to the address on file when a different form came for the same person."""
    to = registered.registration.email
    return OutboxEntry(f"{event}.{registered.id}.conflict", EmailKind.CONFLICT, event, to, registered.id)


def roster_entry(event: str, number: int, to: str, stamp: str = "") -> OutboxEntry:
    """The roster for one of the staff, `number` by their order in the event's file; the stamp, made from a time, tells
    one that is resent from the closing's own."""
    return OutboxEntry(f"{event}.roster.{stamp and f'{stamp}.'}{number}", EmailKind.ROSTER, event, to)


def staff_digest(event: str, stamp: str, number: int, to: str, not_before: datetime) -> OutboxEntry:
    """What needs review, for one of the staff; the stamp, made from a time, says which digest of many it is."""
    id = f"{event}.staff-digest.{stamp}.{number}"
    return OutboxEntry(id, EmailKind.STAFF_DIGEST, event, to, not_before=not_before, due_at=not_before)


def reply_entry(inbound: InboundEmail, to: str) -> OutboxEntry:
    """The reply to the sender of an inbound e-mail; one, however often that very e-mail came (RFC 3834, 2)."""
    about = hashlib.sha256("\x1f".join((fold(to), inbound.message_id or inbound.id)).encode()).hexdigest()[:24]
    id = f"{inbound.event}.{about}.reply"
    return OutboxEntry(id, EmailKind.REPLY, inbound.event, to, inbound_id=inbound.id, thread=inbound.thread)


def is_reply_id(event: str, text: str) -> bool:
    """Whether it may be the id of a reply of ours (`reply_entry`)."""
    return re.fullmatch(rf"{re.escape(event)}\.[0-9a-f]{{24}}\.reply", text) is not None


def is_to_staff(id: str) -> bool:
    """Whether this is the id of an e-mail to the staff, of those made above."""
    return any(f".{kind}." in id for kind in TO_STAFF)
