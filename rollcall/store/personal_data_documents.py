"""What the store keeps of erasures, accesses and retention; and how it deletes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice

from rollcall.model.contribution import Contribution, without_submitter
from rollcall.model.email import EmailStatus, OutboxEntry
from rollcall.model.inbound import InboundEmail
from rollcall.model.invitation import Invitation
from rollcall.model.personal_data import (
    MOST_HELD,
    Access,
    Erasure,
    ErasureStatus,
    Held,
    Kept,
    Left,
    Retention,
    review_items,
)
from rollcall.model.registration import QuarantinedForm, Registered, mailbox, normalized_address
from rollcall.model.review import DifferingForm
from rollcall.model.staff import AuditEntry
from rollcall.store import codec, contribution_codec, staff_codec
from rollcall.store import personal_data_codec as own_codec
from rollcall.store.codec import versioned
from rollcall.store.contribution_documents import contribution_in, contribution_key_path, contribution_path
from rollcall.store.database import ASKED_AT_ONCE, Delete, Document, NotCommitted, Query, Replace, Update, Values, Write
from rollcall.store.documents import (
    audit_path,
    audited,
    conflict_path,
    created,
    differing_path,
    entry_in,
    entry_path,
    event_path,
    idempotency_path,
    in_batches,
    inbound_in,
    inbound_path,
    invitation_path,
    person_path,
    quarantine_path,
    quarantined_in,
    registered_in,
    registration_path,
    registrations_path,
    saved,
    values_of,
)
from rollcall.store.staff_documents import StaffDocuments, differing_in, invitation_in, review_path

_AT_ONCE = 200
"""Writes of a commit."""


class DocumentStore(StaffDocuments):
    # --- what is held of a person

    def doubles_of(self, event: str, registration_id: str) -> Sequence[Registered]:
        found: dict[str, Registered] = {}
        asked = [registration_id]
        while asked:
            query = Query(registrations_path(event), (("double_of", "==", asked.pop()),))
            new = [registered_in(one) for one in self._database.query(query) if one.id not in found]
            found |= {one.id: one for one in new}
            asked += [one.id for one in new]
        return list(found.values())

    def all_differing(self, event: str, registration_id: str) -> Sequence[DifferingForm]:
        its = (("registration_id", "==", registration_id),)
        return self._all(Query(f"{event_path(event)}/differing", its, limit=MOST_HELD), differing_in)

    def quarantined_of(self, event: str, keys: Iterable[str], addresses: Iterable[str]) -> Sequence[QuarantinedForm]:
        found = self._found(f"{event_path(event)}/quarantine", ("address", "in", addresses))
        found |= {one.id: one for one in self._database.read_many([quarantine_path(event, key) for key in keys])}
        return [quarantined_in(found[id]) for id in sorted(found)]

    def entries_to(self, event: str, address: str) -> Sequence[OutboxEntry]:
        where = ("event", "==", event), ("address", "==", mailbox(address))
        entries = map(entry_in, self._database.query(Query("outbox", where, limit=MOST_HELD)))
        known = normalized_address(address)
        return [one for one in entries if normalized_address(one.to) == known]

    def inbound_of(self, event: str, marks: Iterable[str], addresses: Iterable[str]) -> Sequence[InboundEmail]:
        found = {
            **self._found("inbound", ("marks", "array_contains_any", marks)),
            **self._found("inbound", ("address", "in", addresses)),
        }
        emails = [inbound_in(found[id]) for id in sorted(found)]
        return [one for one in emails if one.event == event]

    def contributions_of(self, event: str, ids: Iterable[str], addresses: Iterable[str]) -> Sequence[Contribution]:
        found = {
            **self._found("contributions", ("registration_id", "in", ids)),
            **self._found("contributions", ("address", "in", addresses)),
        }
        contributions = [contribution_in(found[id]) for id in sorted(found)]
        return [one for one in contributions if one.event == event]

    def invitations_of(self, event: str, ids: Iterable[str], addresses: Iterable[str]) -> Sequence[Invitation]:
        collection = f"{event_path(event)}/invitations"
        found = {
            **self._found(collection, ("used_by", "in", ids)),
            **self._found(collection, ("address", "in", addresses)),
        }
        return [invitation_in(found[id]) for id in sorted(found)]

    def audit_about(self, event: str, about: Iterable[str]) -> Sequence[AuditEntry]:
        found = self._found(f"{event_path(event)}/audit", ("about", "in", about))
        return [staff_codec.audit_from(id, values_of(found[id])) for id in sorted(found)]

    def _found(self, collection: str, where: tuple[str, str, Iterable[str]]) -> dict[str, Document]:
        field, operator, values = where
        return {
            one.id: one
            for asked in in_batches(sorted(set(values)), ASKED_AT_ONCE)
            for one in self._database.query(Query(collection, ((field, operator, list(asked)),), limit=MOST_HELD))
        }

    # --- erasure

    def erasure(self, registration_id: str) -> Erasure | None:
        return self._read(_erasure_path(registration_id), _erasure)

    def save_erasure(
        self, erasure: Erasure, enqueue: Sequence[OutboxEntry] = (), audit: AuditEntry | None = None
    ) -> bool:
        path = _erasure_path(erasure.registration_id)
        written = saved(path, own_codec.erasure_record(erasure), erasure.version)
        writes = written, *map(created, enqueue), *audited(erasure.event, audit)
        return self._committed(*writes, is_ours=lambda: self.erasure(erasure.registration_id) == erasure)

    def erasures(self, event: str) -> Sequence[Erasure]:
        return self._all(Query("erasures", (("event", "==", event),)), _erasure)

    def due_erasures(self, limit: int) -> Sequence[str]:
        return self._due("erasures", limit)

    def erase_beside(self, held: Held, left: Left) -> bool:
        """What leads to other documents goes after those: this may be killed between any two commits."""
        event, ids = held.person.event, sorted(held.person.ids)
        stays = {*(one.id for one in left.inbound), *(one.id for one in left.contributions)}
        papers = [(contribution_path(one.contribution.id), one) for one in held.contributions]
        keys = self._found(f"{event_path(event)}/idempotency", ("registration_id", "in", ids))
        for entry in left.audit:
            self._committed(Update(audit_path(event, entry.id), versioned(staff_codec.audit_record(entry))))
        if not all(
            [self._replaced(inbound_path(one.id), codec.inbound_record(one), one.version) for one in left.inbound]
        ):
            return False
        writes: list[Write] = [
            *(Delete(review_path(event, item)) for item in review_items(held) if item.id not in stays),
            *(Delete(entry_path(one.id)) for one in held.emails),
            *(Delete(inbound_path(one.id)) for one in held.inbound if one.id not in stays),
            *(Delete(quarantine_path(event, one.id)) for one in held.quarantined),
            *(Delete(invitation_path(event, one.id)) for one in held.invitations),
            *(Delete(idempotency_path(event, key)) for key in keys),
        ]
        for id in ids:
            writes.append(Delete(conflict_path(event, id)))
            writes += [Delete(differing_path(event, form.id)) for form in self.all_differing(event, id)]
        for path, one in papers:
            writes += [Delete(f"{path}/history/{change.number}") for change in one.history]
            writes += [Delete(contribution_key_path(event, one.contribution.key))] if one.contribution.key else []
        self._commit_all([*writes, *(Delete(path) for path, one in papers if one.contribution.id not in stays)])
        written = [(one, contribution_codec.contribution_record(one)) for one in left.contributions]
        return all([self._replaced(contribution_path(one.id), record, one.version) for one, record in written])

    def _replaced(self, path: str, record: Values, version: object) -> bool:
        return self._committed(Update(path, versioned(record), version))

    def erase_registrations(self, held: Held, erasure: Erasure) -> bool:
        event, writes = held.person.event, list[Write]()
        for one in held.registrations:
            path = registration_path(event, one.registered.id)
            writes += [Delete(f"{path}/history/{made.number}") for made in one.history]
            writes.append(Delete(path, one.registered.version))
        keys = self._database.read_many([person_path(event, key) for key in held.person.keys])
        theirs = [found.id for found in keys if values_of(found)["registration_id"] in held.person.ids]
        writes += [Delete(person_path(event, key)) for key in theirs]
        written = saved(_erasure_path(erasure.registration_id), own_codec.erasure_record(erasure), erasure.version)
        return self._committed(*writes, written, is_ours=lambda: self.erasure(erasure.registration_id) == erasure)

    def leave_no_trace(self) -> None:
        self._database.leave_no_trace()

    # --- what is kept no longer

    def retention(self, event: str) -> Retention | None:
        return self._read(_retention_path(event), _retention)

    def retentions(self) -> Mapping[str, Retention]:
        return {found.id: _retention(found) for found in self._database.query(Query("retention"))}

    def save_retention(self, retention: Retention) -> bool:
        path, record = _retention_path(retention.event), own_codec.retention_record(retention)
        return self._committed(
            saved(path, record, retention.version), is_ours=lambda: self.retention(retention.event) == retention
        )

    def kept_ids(self, event: str, kind: Kept, limit: int) -> Sequence[str]:
        its = ("event", "==", event)
        match kind:
            case Kept.OUTBOX:
                every = ("status", "in", [status.value for status in EmailStatus])  # the index is of both
                query = Query("outbox", (its, every), limit=limit, ids_only=True)
            case Kept.INBOUND | Kept.ANNOUNCEMENTS:
                query = Query(kind.value, (its,), limit=limit, ids_only=True)
            case Kept.ACCESSES:
                query = Query(kind.value, (its,), "at", descending=True, limit=limit, ids_only=True)
            case Kept.CONTRIBUTIONS:
                query = Query(kind.value, (its, ("address", ">", "")), "address", limit=limit, ids_only=True)
            case Kept.AUDIT:
                of_somebody = ("by", ">", "")
                query = Query(f"{event_path(event)}/audit", (of_somebody,), "by", limit=limit, ids_only=True)
            case Kept.ERASURES:
                own = (one for one in self.erasures(event) if not _is_bare(one))
                return [one.registration_id for one in islice(own, limit)]
            case Kept.PROGRAMME:
                changes = self._database.query(Query(f"{event_path(event)}/programme"))
                return [one.id for one in changes if values_of(one)["changed_by"]][:limit]
            case _:
                query = Query(f"{event_path(event)}/{kind.value}", limit=limit, ids_only=True)
        return [found.id for found in self._database.query(query)]

    def forget(self, event: str, kind: Kept, ids: Sequence[str]) -> None:
        match kind:
            case Kept.CONTRIBUTIONS:
                for one in filter(None, map(self.contribution, ids)):
                    self._forget_contribution(one)
                return
            case Kept.ERASURES:
                for erasure in filter(None, map(self.erasure, ids)):
                    self._forget_erasure(erasure)
                return
            case Kept.AUDIT:
                nothing: Values = {"by": "", "reason": "", "before": {}, "after": {}}
                writes: Iterable[Write] = (Update(audit_path(event, id), nothing) for id in ids)
            case Kept.PROGRAMME:
                writes = (Update(f"{event_path(event)}/programme/{id}", {"changed_by": ""}) for id in ids)
            case Kept.REGISTRATIONS:
                writes = (write for id in ids for write in self._with_history(registration_path(event, id)))
            case Kept.OUTBOX | Kept.INBOUND | Kept.ANNOUNCEMENTS | Kept.ACCESSES:
                writes = (Delete(f"{kind.value}/{id}") for id in ids)
            case _:
                writes = (Delete(f"{event_path(event)}/{kind.value}/{id}") for id in ids)
        self._commit_all(writes)

    def _forget_contribution(self, one: Contribution) -> None:
        """If somebody wrote it since it was read, it is found again."""
        path, key = contribution_path(one.id), contribution_key_path(one.event, one.key)
        *history, itself = self._with_history(path)
        if one.was_published:
            record = contribution_codec.contribution_record(without_submitter(one))
            itself = Update(path, versioned(record), one.version)
        self._commit_all([*history, Delete(key)])
        with suppress(NotCommitted):
            self._database.commit(itself)

    def _forget_erasure(self, erasure: Erasure) -> None:
        path = _erasure_path(erasure.registration_id)
        is_done = erasure.status is ErasureStatus.ERASED
        bare = Update(path, {"decided_by": "", "answer": ""}, erasure.version)
        with suppress(NotCommitted):
            self._database.commit(bare if is_done else Delete(path, erasure.version))

    def _with_history(self, path: str) -> Iterator[Write]:
        """The document last: what is below it is found by it."""
        made = self._database.query(Query(f"{path}/history", ids_only=True))
        yield from (Delete(f"{path}/history/{one.id}") for one in made)
        yield Delete(path)

    def _commit_all(self, writes: Iterable[Write]) -> None:
        for some in in_batches(writes, _AT_ONCE):
            self._database.commit(*some)

    # --- who looked

    def note_access(self, *accesses: Access) -> None:
        # `Replace` does no harm to what an earlier try wrote, whose answer was lost
        noted = (Replace(_access_path(one.id), versioned(own_codec.access_record(one))) for one in accesses)
        self._database.commit(*noted)

    def accesses_of(self, registration_id: str) -> Sequence[Access]:
        query = Query("accesses", (("registration_id", "==", registration_id),))
        found = [own_codec.access_from(one.id, values_of(one)) for one in self._database.query(query)]
        return sorted(found, key=lambda one: one.at, reverse=True)

    def accesses(self, event: str, after: tuple[datetime, str] | None, limit: int) -> Sequence[Access]:
        at, id = after or (None, None)
        where = (("event", "==", event),)
        query = Query("accesses", where, "at", descending=True, after=id, after_value=at, limit=limit)
        return [own_codec.access_from(one.id, values_of(one)) for one in self._database.query(query)]

    def forget_accesses(self, before: datetime, limit: int) -> int:
        query = Query("accesses", (("at", "<", before),), "at", limit=limit, ids_only=True)
        ids = [found.id for found in self._database.query(query)]
        self._commit_all(Delete(_access_path(id)) for id in ids)
        return len(ids)


def _erasure_path(registration_id: str) -> str:
    return f"erasures/{registration_id}"


def _access_path(id: str) -> str:
    return f"accesses/{id}"


def _retention_path(event: str) -> str:
    return f"retention/{event}"


def _is_bare(erasure: Erasure) -> bool:
    return erasure.status is ErasureStatus.ERASED and not (erasure.decided_by or erasure.answer)


def _erasure(found: Document) -> Erasure:
    return own_codec.erasure_from(found.id, values_of(found), found.version)


def _retention(found: Document) -> Retention:
    return own_codec.retention_from(found.id, values_of(found), found.version)
