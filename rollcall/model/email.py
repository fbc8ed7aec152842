"""The e-mails that we send."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from rollcall.model.announcement import Announcement
from rollcall.model.contribution import Contribution
from rollcall.model.inbound import InboundEmail
from rollcall.model.intake import Intake
from rollcall.model.invitation import Invitation
from rollcall.model.registration import Registered, normalized_address

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""Indexed, a constant makes no hot range."""


class EmailKind(StrEnum):
    CONFIRMATION = "confirmation"
    CONFLICT = "conflict"
    """Another form came in the registrant's name, and changed nothing."""
    ROSTER = "roster"
    STAFF_DIGEST = "staff-digest"
    REPLY = "reply"
    WITHDRAWAL = "withdrawal"
    """To the staff: whoever has the mailbox says that somebody else registered with it."""
    LINKS = "links"
    """To a registrant: the links to all registrations under this address."""
    ADDRESS = "address"
    """To the address that a registrant wants to have instead: is it theirs?"""
    ANNOUNCEMENT = "announcement"
    INVITATION = "invitation"
    ROOMING_LIST = "rooming-list"
    RECEIPT = "receipt"
    """Of a contribution, or of a further paper of it."""
    NOTICE = "notice"
    """To whoever submitted a contribution: it is held, or withdrawn."""
    ERASURE = "erasure"
    """To a registrant, the last one: their personal data is erased. Or it is not, and why."""


TO_STAFF = (EmailKind.ROSTER, EmailKind.STAFF_DIGEST, EmailKind.WITHDRAWAL)
NOT_TO_REGISTRANTS = (*TO_STAFF, EmailKind.ROOMING_LIST)


class EmailStatus(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    UNKNOWN = "unknown"
    """It waits for delivery events, then is sent again."""
    SENT = "sent"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    DROPPED = "dropped"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNDELIVERED = (EmailStatus.BOUNCED, EmailStatus.DROPPED, EmailStatus.FAILED)
DONE = (EmailStatus.SENT, EmailStatus.DELIVERED, EmailStatus.CANCELLED)


class AttemptOutcome(StrEnum):
    IN_PROGRESS = "in_progress"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RATE_LIMITED = "rate_limited"
    UNKNOWN = "unknown"
    POSTPONED = "postponed"
    OVER_TOTAL = "over_total"
    """Postponed since the event had its e-mails of an hour (`Event.emails_an_hour`)."""
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Attempt:
    id: str
    at: datetime
    outcome: AttemptOutcome = AttemptOutcome.IN_PROGRESS
    note: str = ""
    """No personal data."""

    @property
    def may_be_accepted(self) -> bool:
        return self.outcome in (AttemptOutcome.IN_PROGRESS, AttemptOutcome.ACCEPTED, AttemptOutcome.UNKNOWN)


@dataclass(frozen=True)
class OutboxEntry:
    """The id says what it is about, so that it cannot be enqueued twice."""

    id: str
    kind: EmailKind
    event: str
    to: str
    registration_id: str | None = None
    not_before: datetime = AT_ONCE
    inbound_id: str | None = None
    thread: tuple[str, ...] = ()
    """Its References; the last is its In-Reply-To."""
    status: EmailStatus = EmailStatus.PENDING
    due_at: datetime | None = AT_ONCE
    """While it is being sent, the end of the lease; None once it is settled."""
    attempts: tuple[Attempt, ...] = ()
    reason: str = ""
    revision: int = 1
    """Of the registration, or the version of the roster or rooming list, which it is about."""
    about: str = ""
    """Id of the announcement, the invitation or the contribution; of a trial of an announcement, with its language."""
    dismissed: bool = False
    """By one of the staff: nobody is told any more that it did not arrive."""
    enqueued_at: datetime = field(default=AT_ONCE, compare=False)
    version: object = field(default=None, compare=False)
    """The store's mark of this reading."""

    @property
    def is_over_total(self) -> bool:
        over = bool(self.attempts) and self.attempts[-1].outcome is AttemptOutcome.OVER_TOTAL
        return over and self.status is EmailStatus.PENDING

    @property
    def is_lost(self) -> bool:
        """It did not arrive, and the staff have not put that right."""
        return self.status in UNDELIVERED and not self.dismissed

    @property
    def lost_at(self) -> datetime | None:
        at = max((attempt.at for attempt in self.attempts), default=max(self.not_before, self.enqueued_at))
        return at if self.is_lost else None

    @property
    def why(self) -> str:
        return self.reason or (self.attempts[-1].note if self.attempts else "")


@dataclass(frozen=True)
class CircuitBreaker:
    """While it is open, entries stay due, and spend no attempts."""

    as_of: datetime
    opened_at: datetime | None = None
    open_until: datetime | None = None
    """None while it is closed."""
    times_opened: int = 0
    """In a row."""
    account_refused: bool = False
    """Only a person can mend it."""
    note: str = ""
    version: object = field(default=None, compare=False)

    @property
    def is_open(self) -> bool:
        return self.open_until is not None and self.as_of < self.open_until


@dataclass(frozen=True)
class AsTheyStand:
    """What e-mails depend on, read together."""

    as_of: datetime
    registered: Mapping[str, Registered]
    """Whom each is about."""
    intakes: Mapping[str, Intake]
    """By event."""
    breaker: CircuitBreaker | None


@dataclass(frozen=True)
class DeliveryEvent:
    email_id: str
    status: EmailStatus
    """One of `BY_DELIVERY_EVENTS`."""
    reason: str = ""


@dataclass(frozen=True)
class LateBounce:
    """An e-mail that a server accepted and then sent back: SendGrid does not say which it was."""

    status: ClassVar = EmailStatus.BOUNCED
    to: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True)
class Attachment:
    name: str
    type: str
    content: bytes
    withheld: bool = False
    """From the staff, since it is of no kind that is handed on; then it has no content."""


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
    """Their delivery events are not this e-mail's."""
    attachments: tuple[Attachment, ...] = ()
    thread: tuple[str, ...] = ()
    answers: bool = False


@dataclass(frozen=True)
class Accepted:
    note: str = ""


@dataclass(frozen=True)
class Rejected:
    permanent: bool
    note: str
    fault: Exception | None = field(default=None, compare=False, repr=False)
    """It may quote what was typed."""


@dataclass(frozen=True)
class RateLimited:
    """No other e-mail would be accepted now."""

    account_refused: bool
    note: str
    retry_after: timedelta | None = None


@dataclass(frozen=True)
class Unknown:
    """SendGrid may have it, or not."""

    note: str


SendResult = Accepted | Rejected | RateLimited | Unknown


@dataclass(frozen=True)
class NotNeeded:
    note: str


Written = Email | NotNeeded

BY_DELIVERY_EVENTS = (EmailStatus.SENT, EmailStatus.DROPPED, EmailStatus.DELIVERED, EmailStatus.BOUNCED)
"""They come twice and in any order: each over those before it."""


def after_delivery_event(entry: OutboxEntry, status: EmailStatus, reason: str = "") -> OutboxEntry:
    beaten = BY_DELIVERY_EVENTS[: BY_DELIVERY_EVENTS.index(status)]
    if entry.status in BY_DELIVERY_EVENTS and entry.status not in beaten:
        return entry
    return replace(entry, status=status, due_at=None, reason=reason)


def confirmation(
    event: str, registration_id: str, to: str, thread: tuple[str, ...] = (), revision: int = 1
) -> OutboxEntry:
    id = f"{event}.{registration_id}.confirmation{f'.{revision}' if revision > 1 else ''}"
    return OutboxEntry(id, EmailKind.CONFIRMATION, event, to, registration_id, revision=revision, thread=thread)


def conflict_notice(event: str, registered: Registered, now: datetime) -> OutboxEntry:
    """One an hour."""
    id, to = f"{event}.{registered.id}.conflict.{now:%Y%m%dT%H}", registered.registration.email
    return OutboxEntry(id, EmailKind.CONFLICT, event, to, registered.id)


def address_check(event: str, registered: Registered) -> OutboxEntry:
    id, to = f"{event}.{registered.id}.address.{registered.revision}", registered.new_email
    return OutboxEntry(id, EmailKind.ADDRESS, event, to, registered.id, revision=registered.revision)


def new_link(event: str, registered: Registered) -> OutboxEntry:
    id, to = f"{event}.{registered.id}.links.{registered.revision}", registered.registration.email
    return OutboxEntry(id, EmailKind.LINKS, event, to, registered.id, revision=registered.revision)


def links_to(event: str, mark: str, address: str, now: datetime) -> OutboxEntry:
    """One an hour: who asks for them on and on must not use up what one address gets in a day. `mark`: of the address,
    by `Links.mark`, since the id is in logs, at SendGrid, and in the head of the e-mail."""
    return OutboxEntry(f"{event}.{mark}.links.{now:%Y%m%dT%H}", EmailKind.LINKS, event, address)


def roster_entry(event: str, version: int, to: str, copy: int = 1) -> OutboxEntry:
    """Another copy is one that was asked for."""
    id = f"{event}.roster.{version}.{_digest_of(to)}{f'.{copy}' if copy > 1 else ''}"
    return OutboxEntry(id, EmailKind.ROSTER, event, to, revision=version)


def rooming_list_entry(event: str, hotel: str, version: int, to: str, number: int = 1) -> OutboxEntry:
    """`hotel`: its id. `number`: the how manieth list that it is sent."""
    id = f"{event}.{EmailKind.ROOMING_LIST}.{hotel}.{version}.{number}"
    return OutboxEntry(id, EmailKind.ROOMING_LIST, event, to, revision=version)


def hotel_of(entry: OutboxEntry) -> str:
    """The id of the hotel whose rooming list it is."""
    return entry.id.removeprefix(f"{entry.event}.{entry.kind}.").partition(".")[0]


def staff_digest(event: str, stamp: str, to: str, not_before: datetime) -> OutboxEntry:
    id = f"{event}.staff-digest.{stamp}.{_digest_of(to)}"
    return OutboxEntry(id, EmailKind.STAFF_DIGEST, event, to, not_before=not_before, due_at=not_before)


def withdrawal_notice(event: str, registration_id: str, revision: int, to: str) -> OutboxEntry:
    id = f"{event}.{registration_id}.withdrawal.{revision}.{_digest_of(to)}"
    return OutboxEntry(id, EmailKind.WITHDRAWAL, event, to, registration_id, revision=revision)


def announcement_entry(announcement: Announcement, registration_id: str, to: str) -> OutboxEntry:
    id = f"{announcement.event}.{registration_id}.announcement.{announcement.id}"
    kind = EmailKind.ANNOUNCEMENT
    return OutboxEntry(id, kind, announcement.event, to, registration_id, about=announcement.id)


def announcement_trial(announcement: Announcement, code: str, to: str, stamp: str) -> OutboxEntry:
    """To one of the staff, in this language."""
    id = f"{announcement.event}.announcement.{announcement.id}.{code}.{stamp}"
    return OutboxEntry(id, EmailKind.ANNOUNCEMENT, announcement.event, to, about=f"{announcement.id}.{code}")


def invitation_entry(event: str, invitation: Invitation) -> OutboxEntry:
    id = f"{event}.invitation.{invitation.id}"
    return OutboxEntry(id, EmailKind.INVITATION, event, invitation.email, about=invitation.id)


def contribution_receipts(one: Contribution) -> list[OutboxEntry]:
    """Of each paper that has none."""
    return [contribution_receipt(one, place) for place in range(one.receipts + 1, len(one.papers) + 1)]


def contribution_receipt(one: Contribution, place: int, copy: int = 1) -> OutboxEntry:
    """Of the paper at this place, from 1. Another copy is one that was asked for."""
    id = f"{one.event}.{one.id}.{EmailKind.RECEIPT}.{place}{f'.{copy}' if copy > 1 else ''}"
    return OutboxEntry(id, EmailKind.RECEIPT, one.event, one.email, revision=place, about=one.id)


def contribution_notice(one: Contribution) -> OutboxEntry:
    """Of this revision of its record."""
    id = f"{one.event}.{one.id}.{EmailKind.NOTICE}.{one.revision}"
    return OutboxEntry(id, EmailKind.NOTICE, one.event, one.email, revision=one.revision, about=one.id)


def erasure_notice(event: str, registered: Registered) -> OutboxEntry:
    """The last one to this person: only once it is settled are they erased."""
    id, to = f"{event}.{registered.id}.{EmailKind.ERASURE}", registered.registration.email
    return OutboxEntry(id, EmailKind.ERASURE, event, to, registered.id)


def request_notice(event: str, registered: Registered, asked_at: datetime) -> OutboxEntry:
    """That erasure was asked for by the person's link, which somebody else may have. One a day."""
    one = erasure_notice(event, registered)
    return replace(one, id=f"{one.id}.asked.{asked_at:%Y%m%d}")


def refusal_notice(event: str, registered: Registered, refusals: int) -> OutboxEntry:
    """Of an erasure that was asked for, the last of so many."""
    one = erasure_notice(event, registered)
    return replace(one, id=f"{one.id}.refused.{refusals}", revision=refusals)


def reply_entry(inbound: InboundEmail, to: str, stamp: str = "") -> OutboxEntry:
    """One, however often that very e-mail came (RFC 3834, 2); and one for each time that the staff ask (`stamp`)."""
    about = hashlib.sha256(
        "\x1f".join((normalized_address(to), inbound.message_id or inbound.id)).encode()
    ).hexdigest()[:24]
    id = f"{inbound.event}.{about}.reply{f'.{stamp}' if stamp else ''}"
    return OutboxEntry(id, EmailKind.REPLY, inbound.event, to, inbound_id=inbound.id, thread=inbound.thread)


def is_reminder(entry: OutboxEntry) -> bool:
    return entry.kind is EmailKind.REPLY and not entry.id.endswith(".reply")


def email_id_in(message_id: str) -> str:
    return message_id.strip("<>").rpartition("@")[0]


def is_email_id(event: str, text: str) -> bool:
    """Whether it can be one of ours. Not every text can be an id in a store."""
    return re.fullmatch(rf"{re.escape(event)}\.[0-9A-Za-z.-]+", text) is not None


def is_reply_id(event: str, text: str) -> bool:
    return re.fullmatch(rf"{re.escape(event)}\.[0-9a-f]{{24}}\.reply(\.[0-9A-Z]+)?", text) is not None


def is_not_to_registrants(id: str) -> bool:
    """By the id alone: a sweep reads no entry before it sends it."""
    return any(f".{kind}." in id for kind in NOT_TO_REGISTRANTS)


def _digest_of(address: str) -> str:
    return hashlib.sha256(normalized_address(address).encode()).hexdigest()[:24]
