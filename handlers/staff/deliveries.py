"""Whether the e-mails that carry a version of a list arrived."""

from dataclasses import dataclass
from datetime import datetime

from rollcall.documents.roster_content import status_in_words
from rollcall.model.email import UNDELIVERED, OutboxEntry
from rollcall.model.event import Event


@dataclass(frozen=True)
class Delivery:
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
