"""What is needed of a store to give out, erase and no longer keep personal data."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from rollcall.model.contribution import Contribution
from rollcall.model.email import OutboxEntry
from rollcall.model.inbound import InboundEmail
from rollcall.model.invitation import Invitation
from rollcall.model.personal_data import Access, Erasure, Held, Kept, Left, Retention
from rollcall.model.registration import QuarantinedForm, Registered
from rollcall.model.review import DifferingForm
from rollcall.model.staff import AuditEntry


class PersonalData(Protocol):
    """Documents `erasures/{registration}`, `accesses/{id}` and `retention/{slug}`, all at the top: a call of the sweep
    costs a query each, however many events. Only the function `erase` may call what deletes: no other account can.
    Of what is held, `MOST_HELD` of a kind at the most."""

    # --- what is held of a person

    def doubles_of(self, event: str, registration_id: str) -> Sequence[Registered]:
        """Those withdrawn for it, also by way of another."""

    def all_differing(self, event: str, registration_id: str) -> Sequence[DifferingForm]:
        """Also those that wait no more."""

    def quarantined_of(self, event: str, keys: Iterable[str], addresses: Iterable[str]) -> Sequence[QuarantinedForm]:
        """With one of these `person_key`s or normalized addresses."""

    def entries_to(self, event: str, address: str) -> Sequence[OutboxEntry]:
        """By e-mail address, however it is written."""

    def inbound_of(self, event: str, marks: Iterable[str], addresses: Iterable[str]) -> Sequence[InboundEmail]:
        """With a form of these registrations or `person_key`s, or from these normalized addresses. By id."""

    def contributions_of(self, event: str, ids: Iterable[str], addresses: Iterable[str]) -> Sequence[Contribution]:
        """Of these registrations, or from these normalized addresses. By id."""

    def invitations_of(self, event: str, ids: Iterable[str], addresses: Iterable[str]) -> Sequence[Invitation]:
        """As `contributions_of`: used for these, or sent there."""

    def audit_about(self, event: str, about: Iterable[str]) -> Sequence[AuditEntry]: ...

    # --- erasure

    def erasure(self, registration_id: str) -> Erasure | None: ...

    def save_erasure(
        self, erasure: Erasure, enqueue: Sequence[OutboxEntry] = (), audit: AuditEntry | None = None
    ) -> bool:
        """One commit; False, and nothing written, if somebody wrote it since it was read, or an entry exists."""

    def erasures(self, event: str) -> Sequence[Erasure]:
        """By registration."""

    def due_erasures(self, limit: int) -> Sequence[str]:
        """Ids of their registrations, the longest due first."""

    def erase_beside(self, held: Held, left: Left) -> bool:
        """Delete all but the registrations and their history, in commits of a bounded size; what is `left` takes the
        place of what it was. False if somebody wrote that since it was read: the caller begins again. What is kept by a
        registration's id alone goes by `Person.ids`, whether or not it is among `held`. Safe to repeat: whoever calls
        again finds less."""

    def erase_registrations(self, held: Held, erasure: Erasure) -> bool:
        """Delete these, their history and their `people`, and write the erasure, in one commit; False, and nothing
        written, if any of it was since it was read."""

    def leave_no_trace(self) -> None:
        """Of what was deleted, in files of our own. Of a large database it takes seconds, in which nobody writes."""

    # --- what is kept no longer

    def retention(self, event: str) -> Retention | None: ...

    def retentions(self) -> Mapping[str, Retention]: ...

    def save_retention(self, retention: Retention) -> bool:
        """If nobody wrote it since it was read; else False."""

    def kept_ids(self, event: str, kind: Kept, limit: int) -> Sequence[str]:
        """Of what `forget` would delete or strip."""

    def forget(self, event: str, kind: Kept, ids: Sequence[str]) -> None:
        """One commit for each bounded number of these, with all that is below them. Safe to repeat."""

    # --- who looked

    def note_access(self, *accesses: Access) -> None: ...

    def accesses_of(self, registration_id: str) -> Sequence[Access]:
        """The newest first."""

    def accesses(self, event: str, after: tuple[datetime, str] | None, limit: int) -> Sequence[Access]:
        """A page, the newest first; `after`: time and id of the last of the page before."""

    def forget_accesses(self, before: datetime, limit: int) -> int:
        """Delete so many at the most, of any event; how many it were."""
