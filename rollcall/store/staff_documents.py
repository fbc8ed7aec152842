"""What the store keeps for the staff's desk: announcements, invitations, rooming lists, the review queue, the log."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, assert_never

from rollcall.model.announcement import Announcement
from rollcall.model.email import UNDELIVERED, EmailStatus, OutboxEntry
from rollcall.model.hotels import RoomingLists
from rollcall.model.inbound import InboundEmail
from rollcall.model.invitation import Invitation
from rollcall.model.registration import Outline, QuarantinedForm, Registered, Registration, similarity_hash
from rollcall.model.review import EVER, DifferingForm, Handling, ItemId, Waiting
from rollcall.model.staff import AuditEntry
from rollcall.store import codec, staff_codec
from rollcall.store.contribution_documents import ContributionDocuments
from rollcall.store.database import Document, Query, Update, Write
from rollcall.store.documents import (
    audited,
    below_event,
    created,
    differing_path,
    entry_in,
    entry_path,
    event_path,
    inbound_in,
    inbound_path,
    invitation_path,
    quarantine_path,
    quarantined_in,
    registered_in,
    registration_path,
    registrations_path,
    saved,
    values_of,
)


class StaffDocuments(ContributionDocuments):
    # --- finding people

    def registrations_like(self, event: str, registration: Registration, limit: int) -> Sequence[Registered]:
        like = (("similar", "==", similarity_hash(registration)),)
        return self._all(Query(registrations_path(event), like, limit=limit), registered_in)

    def entries_about(self, registration_id: str, limit: int) -> Sequence[OutboxEntry]:
        return self._all(Query("outbox", (("registration_id", "==", registration_id),), limit=limit), entry_in)

    def similarities(self, event: str) -> Iterator[tuple[str, str]]:
        for found in self._database.scan(registrations_path(event), ("similar",)):
            yield found.id, (found.values or {}).get("similar") or ""

    def outlines(self, event: str, answers: Sequence[str]) -> Iterator[Outline]:
        only = (*codec.OUTLINED, *(f"answers.{name}" for name in answers), "schema_version")
        for found in self._database.scan(registrations_path(event), only):
            yield codec.outline_from(found.id, values_of(found), found.created_at, found.updated_at, answers)

    def stored(self, event: str) -> int:
        registrations, inbound = Query(registrations_path(event)), Query("inbound", (("event", "==", event),))
        return self._database.count(registrations) + self._database.count(inbound)

    def find(self, event: str, terms: Sequence[str], after: str | None, limit: int) -> Sequence[Registered]:
        place = self._read(registration_path(event, after), lambda found: found.values) if after else None
        query = Query(
            registrations_path(event),
            (("terms", "array_contains_any", list(terms)),),
            "name_key",
            after=after if place else None,
            after_value=place["name_key"] if place else None,
            limit=limit,
        )
        return self._all(query, registered_in)

    # --- announcements and invitations

    def announcement(self, id: str) -> Announcement | None:
        return self._read(_announcement_path(id), _announcement)

    def announcements(self, event: str, limit: int) -> Sequence[Announcement]:
        return self._all(Query("announcements", (("event", "==", event),), limit=limit), _announcement)

    def due_announcements(self, limit: int) -> Sequence[str]:
        return self._due("announcements", limit)

    def save_announcement(
        self, announcement: Announcement, enqueue: Sequence[OutboxEntry] = (), audit: AuditEntry | None = None
    ) -> bool:
        written = saved(
            _announcement_path(announcement.id), staff_codec.announcement_record(announcement), announcement.version
        )
        writes = written, *map(created, enqueue), *audited(announcement.event, audit)
        return self._committed(*writes, is_ours=lambda: self.announcement(announcement.id) == announcement)

    def count_about(self, about: str) -> Mapping[EmailStatus, int]:
        counts = {
            status: self._database.count(Query("outbox", (("about", "==", about), ("status", "==", status.value))))
            for status in EmailStatus
        }
        return {status: count for status, count in counts.items() if count}

    def undelivered_about(self, about: str, limit: int) -> Sequence[OutboxEntry]:
        where = (("about", "==", about), ("status", "in", [status.value for status in UNDELIVERED]))
        return self._all(Query("outbox", where, limit=limit), entry_in)

    def invitation(self, event: str, id: str) -> Invitation | None:
        return self._read(invitation_path(event, id), invitation_in)

    def invitations(self, event: str, limit: int) -> Sequence[Invitation]:
        newest = Query(f"{event_path(event)}/invitations", order_by="made_at", descending=True, limit=limit)
        return self._all(newest, invitation_in)

    def save_invitation(
        self,
        event: str,
        invitation: Invitation,
        enqueue: Sequence[OutboxEntry] = (),
        audit: AuditEntry | None = None,
    ) -> bool:
        path = invitation_path(event, invitation.id)
        written = saved(path, staff_codec.invitation_record(invitation), invitation.version)
        writes = written, *map(created, enqueue), *audited(event, audit)
        return self._committed(*writes, is_ours=lambda: self.invitation(event, invitation.id) == invitation)

    # --- hotels

    def rooming_lists(self, event: str, hotel: str) -> RoomingLists:
        return self._read(_hotel_path(event, hotel), _rooming_lists) or RoomingLists(hotel)

    def record_rooming_list(self, event: str, lists: RoomingLists, entry: OutboxEntry, audit: AuditEntry) -> bool:
        path, record = _hotel_path(event, lists.hotel), staff_codec.rooming_lists_record(lists)
        return self._committed(
            saved(path, record, lists.version),
            created(entry),
            *audited(event, audit),
            is_ours=lambda: self.audit_entry(event, audit.id) == audit,
        )

    # --- the review queue

    def quarantined_waiting(self, event: str, since: datetime, limit: int) -> Sequence[QuarantinedForm]:
        return [quarantined_in(found) for found in self._waiting(f"{event_path(event)}/quarantine", since, limit)]

    def quarantined_form(self, event: str, item: str) -> QuarantinedForm | None:
        query = Query(f"{event_path(event)}/quarantine", (("item", "==", item),), limit=1)
        return next(map(quarantined_in, self._database.query(query)), None)

    def differing_waiting(self, event: str, since: datetime, limit: int) -> Sequence[DifferingForm]:
        return [differing_in(found) for found in self._waiting(f"{event_path(event)}/differing", since, limit)]

    def differing_of(self, event: str, registration_id: str, limit: int) -> Sequence[DifferingForm]:
        its = ("registration_id", "==", registration_id)
        return [differing_in(one) for one in self._waiting(f"{event_path(event)}/differing", EVER, limit, its)]

    def inbound_waiting(self, event: str, since: datetime, limit: int) -> Sequence[InboundEmail]:
        return [inbound_in(found) for found in self._waiting("inbound", since, limit, ("event", "==", event))]

    def undelivered(self, event: str, since: datetime, limit: int) -> Sequence[OutboxEntry]:
        return [entry_in(found) for found in self._waiting("outbox", since, limit, ("event", "==", event))]

    def handlings(self, event: str, items: Iterable[ItemId]) -> Mapping[ItemId, Handling]:
        paths = [review_path(event, item) for item in dict.fromkeys(items)]
        found = (staff_codec.handling_from(values_of(one), one.version) for one in self._database.read_many(paths))
        return {handling.item: handling for handling in found}

    def save_handling(self, event: str, handling: Handling, audit: AuditEntry, ended: Sequence[Waiting] = ()) -> bool:
        path, record = review_path(event, handling.item), staff_codec.handling_record(handling)
        written = saved(path, record, handling.version)
        marked = [_ended(event, one) for one in ended]
        noted = audited(event, audit)
        return self._committed(written, *marked, *noted, is_ours=lambda: self.audit_entry(event, audit.id) == audit)

    def _waiting(
        self, collection: str, since: datetime, limit: int, *where: tuple[str, str, Any]
    ) -> Iterable[Document]:
        waits = ("waits_since", ">", since)
        return self._database.query(Query(collection, (*where, waits), "waits_since", limit=limit))

    # --- what the staff did

    def audit(self, event: str, before: datetime | None, limit: int) -> Sequence[AuditEntry]:
        where = (("at", "<", before),) if before else ()
        return self._audit(Query(f"{event_path(event)}/audit", where, "at", descending=True, limit=limit))

    def audit_of(self, event: str, registration_id: str) -> Sequence[AuditEntry]:
        found = self._audit(Query(f"{event_path(event)}/audit", (("registration_id", "==", registration_id),)))
        return sorted(found, key=lambda one: (one.at, one.revision or 0))

    def note(self, event: str, audit: AuditEntry, enqueue: Sequence[OutboxEntry] = ()) -> bool:
        noted = audited(event, audit)
        return self._committed(
            *noted, *map(created, enqueue), is_ours=lambda: self.audit_entry(event, audit.id) == audit
        )

    def _audit(self, query: Query) -> list[AuditEntry]:
        return [staff_codec.audit_from(found.id, values_of(found)) for found in self._database.query(query)]


_hotel_path = partial(below_event, "hotels")


def review_path(event: str, item: ItemId) -> str:
    return below_event("review", event, str(item))


def _ended(event: str, one: Waiting) -> Write:
    """If nobody wrote it since it was read."""
    match one:
        case QuarantinedForm(form):
            return Update(quarantine_path(event, form.id), {"waits_since": None}, form.version)
        case DifferingForm():
            return Update(differing_path(event, one.id), {"waits_since": None}, one.version)
        case InboundEmail():
            return Update(inbound_path(one.id), {"waits_since": None, "resolved": True}, one.version)
        case OutboxEntry():
            return Update(entry_path(one.id), {"waits_since": None, "dismissed": True}, one.version)
        case _:
            assert_never(one)


def _announcement_path(id: str) -> str:
    return f"announcements/{id}"


def _rooming_lists(found: Document) -> RoomingLists:
    return staff_codec.rooming_lists_from(found.id, values_of(found), found.version)


def _announcement(found: Document) -> Announcement:
    return staff_codec.announcement_from(found.id, values_of(found), found.created_at, found.version)


def invitation_in(found: Document) -> Invitation:
    return staff_codec.invitation_from(found.id, values_of(found), found.version)


def differing_in(found: Document) -> DifferingForm:
    return staff_codec.differing_from(values_of(found), found.version)
