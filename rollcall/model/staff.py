"""The staff of an event, and what they did at their desk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    VIEWER = "viewer"
    EDITOR = "editor"


class Receives(StrEnum):
    ROSTER = "roster"
    DIGEST = "digest"
    ALERTS = "alerts"


@dataclass(frozen=True)
class StaffMember:
    address: str
    role: Role = Role.EDITOR
    language: str | None = None
    """Of their pages and e-mails (BCP 47); None: `Event.staff_language`."""
    receives: frozenset[Receives] = frozenset(Receives)


class Action(StrEnum):
    CHANGED = "changed"
    ADDRESS_CORRECTED = "address_corrected"
    RESENT = "resent"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    """Withdrawn as the double of another registration."""
    BROUGHT_BACK = "brought_back"
    LINKS_ENDED = "links_ended"
    ADMITTED = "admitted"
    NOT_ADMITTED = "not_admitted"
    ADDED = "added"
    """Registered by the staff, from a telephone call, a fax or paper."""
    DEADLINE_MOVED = "deadline_moved"
    OPENED_AGAIN = "opened_again"
    INVITED = "invited"
    INVITATION_REVOKED = "invitation_revoked"
    ANNOUNCEMENT_WRITTEN = "announcement_written"
    ANNOUNCEMENT_TRIED = "announcement_tried"
    """Sent to whoever pressed alone."""
    ANNOUNCED = "announced"
    REMINDED = "reminded"
    """Those whom we asked to complete a form."""
    ROOMING_LIST_SENT = "rooming_list_sent"
    ROSTER_DRAWN = "roster_drawn"
    ROSTER_SENT = "roster_sent"
    CONTRIBUTION_CORRECTED = "contribution_corrected"
    CONTRIBUTION_PUBLISHED = "contribution_published"
    CONTRIBUTION_HELD = "contribution_held"
    CONTRIBUTION_WITHDRAWN = "contribution_withdrawn"
    RECEIPT_SENT = "receipt_sent"
    PROGRAMME_CHANGED = "programme_changed"
    """Agenda, documents, or when something is published; `about` is its number."""
    REVIEW_TAKEN = "review_taken"
    REVIEW_RELEASED = "review_released"
    REVIEW_ENDED = "review_ended"
    """`about` is the item, `after` how it ended."""
    ERASURE_DECIDED = "erasure_decided"
    ERASURE_REFUSED = "erasure_refused"


@dataclass(frozen=True)
class AuditEntry:
    id: str
    """Of the press of the button, so that the same press writes it once."""
    by: str
    """Address of one of the staff."""
    at: datetime
    """By the desk's clock; for the order of the log."""
    action: Action
    registration_id: str | None = None
    revision: int | None = None
    """That this made, whose history has before and after."""
    about: str = ""
    """Id of what else it was done to; no personal data."""
    before: Mapping[str, str] = field(default_factory=dict)
    """With `after`: what no history of a registration has. No personal data."""
    after: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Press:
    """Of a button at the staff's desk."""

    id: str
    by: str
    at: datetime

    def entry(self, action: Action, **about: Any) -> AuditEntry:
        return AuditEntry(self.id, self.by, self.at, action, **about)
