"""What the store keeps of contributions and of the event's pages."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from rollcall.model.contribution import Contribution, ContributionChange
from rollcall.model.email import OutboxEntry
from rollcall.model.programme import NO_PROGRAMME, Programme
from rollcall.model.registration import new_id
from rollcall.model.staff import AuditEntry
from rollcall.store import contribution_codec as codec
from rollcall.store.codec import versioned
from rollcall.store.database import ASKED_AT_ONCE, Create, Document, NotCommitted, Query, Update, Write
from rollcall.store.documents import Documents, audited, below_event, created, in_batches, saved, values_of

_ABREAST = 100
"""Contributions in memory at once."""


class ContributionDocuments(Documents):
    def accept_contribution(self, contribution: Contribution) -> datetime | None:
        record = versioned(codec.contribution_record(contribution))
        key = versioned({"contribution_id": contribution.id})
        try:
            return self._database.commit(
                Create(contribution_path(contribution.id), record),
                Create(contribution_key_path(contribution.event, contribution.key), key),
            ).at
        except NotCommitted as refused:
            ours = self.contribution_under(contribution.event, contribution.key) if refused.may_be_ours else None
            return ours.created_at if ours and ours.id == contribution.id else None

    def contribution(self, id: str) -> Contribution | None:
        return self._read(contribution_path(id), contribution_in)

    def contribution_under(self, event: str, key: str) -> Contribution | None:
        id = self._read(contribution_key_path(event, key), lambda found: str(values_of(found)["contribution_id"]))
        return self.contribution(id) if id else None

    def contributions(self, event: str, limit: int, before: int | None = None) -> Sequence[Contribution]:
        numbered = ("event", "==", event), ("number", ">", 0)
        where = (*numbered, ("number", "<", before)) if before is not None else numbered
        return self._all(Query("contributions", where, "number", descending=True, limit=limit), contribution_in)

    def contributions_numbered(self, event: str, numbers: Sequence[int]) -> Sequence[Contribution]:
        queries = (
            Query("contributions", (("event", "==", event), ("number", "in", asked)))
            for asked in in_batches(sorted(set(numbers)), ASKED_AT_ONCE)
        )
        return [contribution_in(found) for query in queries for found in self._database.query(query)]

    def contributions_without_receipts(self) -> Iterator[Contribution]:
        after: str | None = None
        while True:
            query = Query("contributions", (("receipts_due", "==", True),), after=after, limit=_ABREAST)
            found = list(self._database.query(query))
            yield from map(contribution_in, found)
            if len(found) < _ABREAST:
                return
            after = found[-1].id

    def count_contributions(self, event: str) -> int:
        return self._database.count(Query("contributions", (("event", "==", event),)))

    def save_contribution(
        self,
        before: Contribution,
        after: Contribution,
        change: ContributionChange | None,
        enqueue: Sequence[OutboxEntry] = (),
        audit: AuditEntry | None = None,
    ) -> datetime | None:
        path = contribution_path(after.id)
        updated = Update(path, versioned(codec.contribution_record(after)), before.version)
        writes: list[Write] = [updated, *map(created, enqueue), *audited(after.event, audit)]
        witness: Update | Create = updated
        if change:
            # others may change the very same
            record = {**codec.contribution_change_record(change), "commit": new_id()}
            witness = Create(f"{path}/history/{after.revision}", versioned(record))
            writes.append(witness)
        try:
            return self._database.commit(*writes).at
        except NotCommitted as refused:
            there = self._database.read(witness.path) if refused.may_be_ours else None
            return there.updated_at if there and there.values == witness.values else None

    def contribution_history(self, id: str) -> Sequence[ContributionChange]:
        found = self._database.query(Query(f"{contribution_path(id)}/history"))
        changes = [codec.contribution_change_from(values_of(one), one.created_at) for one in found]
        return sorted(changes, key=lambda change: change.number)

    def last_number(self, event: str) -> tuple[int, object]:
        found = self._read(_numbers_path(event), lambda found: (int(values_of(found)["last"]), found.version))
        return found or (0, None)

    def give_numbers(
        self, event: str, last: tuple[int, object], numbered: Sequence[Contribution], enqueue: Sequence[OutboxEntry]
    ) -> bool:
        number, version = last
        highest = max(number, *(one.number or 0 for one in numbered))
        given = (
            Update(contribution_path(one.id), versioned(codec.contribution_record(one)), one.version)
            for one in numbered
        )

        def is_ours() -> bool:
            there = {
                found.id: contribution_in(found)
                for found in self._database.read_many([contribution_path(one.id) for one in numbered])
            }
            return all(
                there[one.id].number == one.number and there[one.id].receipts >= one.receipts for one in numbered
            )

        last_given = saved(_numbers_path(event), {"last": highest}, version)
        return self._committed(last_given, *given, *map(created, enqueue), is_ours=is_ours)

    # --- the programme

    def programme(self, event: str, number: int | None = None) -> Programme:
        path = _programme_path(event, "now" if number is None else str(number))
        found = self._read(path, lambda found: codec.programme_from(values_of(found), found.version))
        return found or NO_PROGRAMME

    def save_programme(self, event: str, programme: Programme, audit: AuditEntry) -> bool:
        record = codec.programme_record(programme)
        return self._committed(
            saved(_programme_path(event, "now"), record, programme.version),
            Create(_programme_path(event, str(programme.number)), versioned(record)),
            *audited(event, audit),
            is_ours=lambda: self.audit_entry(event, audit.id) == audit,
        )

    # --- what is to be published again

    def publication_due(self, event: str, at: datetime) -> None:
        """`last_due_at`: what was marked may come as late as that, after a publication that took the earlier marks."""
        path = _publication_path(event)
        while True:
            found = self._database.read(path)
            there = values_of(found) if found.values else {}
            due_at, last = there.get("due_at") or at, there.get("last_due_at") or at
            record = {"due_at": min(due_at, at), "last_due_at": max(last, at)}
            if self._committed(saved(path, record, found.version if there else None)):
                return

    def publication_marked(self, event: str) -> datetime | None:
        return self._read(_publication_path(event), lambda found: values_of(found).get("last_due_at"))

    def due_publications(self, limit: int) -> Sequence[str]:
        return self._due("publications", limit)

    def published(self, event: str, as_of: datetime, next_at: datetime | None) -> None:
        path = _publication_path(event)
        found = self._database.read(path)
        there = values_of(found) if found.values else {}
        last = there.get("last_due_at")
        still_due = last if last and last > as_of else None  # what was marked may not be committed yet
        due_at = min(filter(None, (next_at, still_due)), default=None)
        if found.updated_at <= as_of and (there or due_at):
            record = {"due_at": due_at, "last_due_at": still_due}
            self._committed(saved(path, record, found.version if there else None))


def contribution_path(id: str) -> str:
    return f"contributions/{id}"


def contribution_key_path(event: str, key: str) -> str:
    return f"contributionkeys/{event}-{key}"


_programme_path = partial(below_event, "programme")


def _numbers_path(event: str) -> str:
    return below_event("numbers", event, "contributions")


def _publication_path(event: str) -> str:
    return f"publications/{event}"


def contribution_in(found: Document) -> Contribution:
    return codec.contribution_from(found.id, values_of(found), found.created_at, found.updated_at, found.version)
