"""The ports of the staff's desk. They may raise `StoreUnavailable`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from rollcall.model.announcement import Announcement
from rollcall.model.email import EmailStatus, OutboxEntry
from rollcall.model.hotels import RoomingLists
from rollcall.model.inbound import InboundEmail
from rollcall.model.invitation import Invitation
from rollcall.model.registration import Outline, QuarantinedForm, Registered, Registration
from rollcall.model.review import DifferingForm, Handling, ItemId, Waiting
from rollcall.model.staff import AuditEntry


class Search(Protocol):
    def registrations_like(self, event: str, registration: Registration, limit: int) -> Sequence[Registered]:
        """Those of its `similarity_key`."""

    def entries_about(self, registration_id: str, limit: int) -> Sequence[OutboxEntry]: ...

    def similarities(self, event: str) -> Iterator[tuple[str, str]]:
        """By id: each one's id, and what it has in common with its likely doubles."""

    def outlines(self, event: str, answers: Sequence[str]) -> Iterator[Outline]:
        """Of everyone, by id, with these answers. Not all in memory at once."""

    def stored(self, event: str) -> int:
        """How many registrations and inbound e-mails there are, as the database counts them."""

    def find(self, event: str, terms: Sequence[str], after: str | None, limit: int) -> Sequence[Registered]:
        """A page by name, past the registration `after`: those with one of at most 30 terms (`finding.terms`)."""


class Announcements(Protocol):
    def announcement(self, id: str) -> Announcement | None: ...

    def announcements(self, event: str, limit: int) -> Sequence[Announcement]:
        """In no order."""

    def due_announcements(self, limit: int) -> Sequence[str]:
        """Ids of those to go on enqueueing, the longest due first; one query, whatever the events."""

    def save_announcement(
        self, announcement: Announcement, enqueue: Sequence[OutboxEntry] = (), audit: AuditEntry | None = None
    ) -> bool:
        """One commit; False, and nothing written, if somebody wrote it since it was read, or an entry exists."""

    def count_about(self, about: str) -> Mapping[EmailStatus, int]: ...

    def undelivered_about(self, about: str, limit: int) -> Sequence[OutboxEntry]: ...


class Invitations(Protocol):
    def invitation(self, event: str, id: str) -> Invitation | None: ...

    def invitations(self, event: str, limit: int) -> Sequence[Invitation]:
        """The newest first."""

    def save_invitation(
        self,
        event: str,
        invitation: Invitation,
        enqueue: Sequence[OutboxEntry] = (),
        audit: AuditEntry | None = None,
    ) -> bool:
        """As `save_announcement`."""


class Hotels(Protocol):
    def rooming_lists(self, event: str, hotel: str) -> RoomingLists:
        """Empty if there are none. Their pages are roster pages."""

    def record_rooming_list(self, event: str, lists: RoomingLists, entry: OutboxEntry, audit: AuditEntry) -> bool:
        """One commit, if nobody wrote them since they were read, and neither entry exists; else False."""


class Audit(Protocol):
    """What the staff did. Each action and its entry are one commit, which is refused if the entry exists."""

    def audit_entry(self, event: str, id: str) -> AuditEntry | None: ...

    def audit(self, event: str, before: datetime | None, limit: int) -> Sequence[AuditEntry]:
        """A page, the newest first."""

    def audit_of(self, event: str, registration_id: str) -> Sequence[AuditEntry]:
        """The oldest first."""

    def note(self, event: str, audit: AuditEntry, enqueue: Sequence[OutboxEntry] = ()) -> bool:
        """One commit, of what changes nothing else. False, and nothing written, if the audit entry or one of these
        exists."""


class Review(Protocol):
    """What waits for the staff: past `since`, the longest waiting first."""

    def quarantined_waiting(self, event: str, since: datetime, limit: int) -> Sequence[QuarantinedForm]:
        """Also of people who have registered since."""

    def quarantined_form(self, event: str, item: str) -> QuarantinedForm | None:
        """Until another form of its person comes."""

    def differing_waiting(self, event: str, since: datetime, limit: int) -> Sequence[DifferingForm]: ...

    def differing_of(self, event: str, registration_id: str, limit: int) -> Sequence[DifferingForm]: ...

    def inbound_waiting(self, event: str, since: datetime, limit: int) -> Sequence[InboundEmail]: ...

    def undelivered(self, event: str, since: datetime, limit: int) -> Sequence[OutboxEntry]:
        """Without those that were dismissed."""

    def handlings(self, event: str, items: Iterable[ItemId]) -> Mapping[ItemId, Handling]:
        """Of those that somebody touched; at most a page is asked for."""

    def save_handling(self, event: str, handling: Handling, audit: AuditEntry, ended: Sequence[Waiting] = ()) -> bool:
        """In one commit with what ended, if nobody wrote any of it since it was read; else False."""


class StaffDesk(Search, Announcements, Invitations, Hotels, Audit, Review, Protocol):
    """What it keeps, and looks for."""
