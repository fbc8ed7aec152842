"""Whether e-mails arrived."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rollcall.documents.review_words import email_in_words
from rollcall.documents.roster_content import status_in_words
from rollcall.model.email import UNDELIVERED, AttemptOutcome, EmailStatus, OutboxEntry
from rollcall.model.event import Event

_OUTCOMES = {
    AttemptOutcome.IN_PROGRESS: EmailStatus.SENDING,
    AttemptOutcome.ACCEPTED: EmailStatus.SENT,
    AttemptOutcome.REJECTED: EmailStatus.FAILED,
    AttemptOutcome.RATE_LIMITED: EmailStatus.PENDING,
    AttemptOutcome.UNKNOWN: EmailStatus.UNKNOWN,
    AttemptOutcome.POSTPONED: EmailStatus.PENDING,
    AttemptOutcome.OVER_TOTAL: EmailStatus.PENDING,
    AttemptOutcome.CANCELLED: EmailStatus.CANCELLED,
}


@dataclass(frozen=True)
class Tried:
    at: datetime
    status: str
    note: str


@dataclass(frozen=True)
class SentEmail:
    about: str
    to: str
    at: datetime
    status: str
    reason: str
    undelivered: bool
    attempts: Sequence[Tried]


@dataclass(frozen=True)
class Delivery:
    """Of an e-mail that carries a version of a list."""

    number: int
    """Of the version."""
    to: str
    at: datetime
    status: str
    is_bad: bool
    why: str


def delivery_of(event: Event, number: int, entry: OutboxEntry) -> Delivery:
    bad = entry.status in UNDELIVERED
    status = status_in_words(event, entry.status)
    return Delivery(number, entry.to, entry.enqueued_at, status, bad, entry.why if bad else "")


def sent_email(event: Event, one: OutboxEntry) -> SentEmail:
    return SentEmail(
        about=email_in_words(event, one.kind),
        to=one.to,
        at=one.attempts[-1].at if one.attempts else one.enqueued_at,
        status=status_in_words(event, one.status),
        reason=one.why,
        undelivered=one.status in UNDELIVERED,
        attempts=[Tried(try_.at, status_in_words(event, _OUTCOMES[try_.outcome]), try_.note) for try_ in one.attempts],
    )
