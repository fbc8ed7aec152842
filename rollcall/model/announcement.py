"""What the staff write to people."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

LONGEST_SUBJECT = 150
LONGEST_TEXT = 10_000
"""Characters."""


class AnnouncementStatus(StrEnum):
    DRAFT = "draft"
    ENQUEUEING = "enqueueing"
    ENQUEUED = "enqueued"
    """To everybody: the outbox does the rest."""


@dataclass(frozen=True)
class Wording:
    subject: str
    text: str
    """Paragraphs are divided by empty lines."""


@dataclass(frozen=True)
class Announcement:
    id: str
    event: str
    words: Mapping[str, Wording]
    """By language (BCP 47); the event's first is there."""
    to: str = ""
    """Whom, as the query of the registrations' page has it; empty: everybody."""
    by: str = ""
    """Address of the one of the staff who wrote it last."""
    written_at: datetime | None = None
    status: AnnouncementStatus = AnnouncementStatus.DRAFT
    tried: str = ""
    """The `content` that was sent to one of the staff."""
    sent_by: str = ""
    sent_at: datetime | None = None
    expected: int = 0
    cursor: str = ""
    """Id of the last registration that was looked at."""
    enqueued: int = 0
    due_at: datetime | None = None
    """When to go on enqueueing it; None: not, or no more."""
    created_at: datetime | None = field(default=None, compare=False)
    version: object = field(default=None, compare=False)

    @property
    def content(self) -> str:
        """The same for the same words to the same people."""
        said = [(code, one.subject, one.text) for code, one in sorted(self.words.items())]
        return hashlib.sha256(repr((self.to, said)).encode()).hexdigest()[:32]

    @property
    def may_be_sent(self) -> bool:
        return self.status is AnnouncementStatus.DRAFT and self.tried == self.content

    def wording(self, *codes: str) -> Wording:
        """In the first of these languages that it has."""
        return next(self.words[code] for code in (*codes, *self.words) if code in self.words)
