"""The ports: what the desk needs of stores, files, SendGrid, the reader of e-mails and links. Stores and `Files` may
raise `StoreUnavailable`."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime
from pathlib import Path
from typing import Protocol

from rollcall.desk.contribution_ports import Contributions
from rollcall.desk.personal_data_ports import PersonalData
from rollcall.desk.staff_ports import StaffDesk
from rollcall.model.contribution import Contribution, Upload
from rollcall.model.email import AT_ONCE, AsTheyStand, Attachment, CircuitBreaker, Email, OutboxEntry, SendResult
from rollcall.model.event import Event
from rollcall.model.inbound import Envelope, InboundEmail, InboundForm, ParsedEmail
from rollcall.model.intake import Closing, Intake, OnRoster, RosterVersion
from rollcall.model.invitation import Invitation
from rollcall.model.links import LinkPurpose, NoLink, Opened
from rollcall.model.registration import (
    Beside,
    BotSignal,
    Change,
    ConflictingForm,
    Entered,
    IdempotencyKey,
    KeyUse,
    QuarantinedForm,
    Registered,
    Registration,
    Revision,
)
from rollcall.model.review import DifferingForm
from rollcall.model.staff import AuditEntry, StaffMember


class Registrations(Protocol):
    def accept(
        self,
        event: str,
        id: str,
        registration: Registration,
        entry: OutboxEntry,
        key: IdempotencyKey | None = None,
        arrived_at: datetime | None = None,
        audit: AuditEntry | None = None,
        entered: Entered | None = None,
        admitted: bool | None = None,
        inbound_id: str = "",
        invitation: Invitation | None = None,
    ) -> datetime | None:
        """Write registration, person, confirmation and key in one commit, and read nothing. Its time; None, and nothing
        written, if the person or the key exists, or somebody wrote the invitation, which this uses, since it was read.
        If the answer to the commit is lost, look whether it was written."""

    def registered(self, event: str, id: str) -> Registered | None: ...

    def registration_of(self, event: str, person: str) -> Registered | None:
        """In place of a double, the one that it is a double of."""

    def save_registration(
        self,
        event: str,
        before: Registered,
        after: Registered,
        change: Change,
        enqueue: Sequence[OutboxEntry] = (),
        person: str | None = None,
        audit: AuditEntry | None = None,
        beside: Beside | None = None,
        invitation: Invitation | None = None,
    ) -> datetime | None:
        """With its history, the entries and this other `person_key` of its person in one commit. Its time; None if
        somebody wrote the registration, or the one `beside` it, since it was read, or the key or an entry exists."""

    def history(self, event: str, registered: Registered) -> Sequence[Revision]:
        """The first change first."""

    def registrations_under(self, event: str, address: str, limit: int) -> Sequence[Registered]:
        """By e-mail address, however it is written."""

    def keep_conflict(self, event: str, id: str, form: ConflictingForm, differing: DifferingForm | None = None) -> None:
        """In place of the last one of this registration; for the staff beside all that say something else."""

    def conflict(self, event: str, id: str) -> ConflictingForm | None: ...

    def use_of_key(self, event: str, key: str) -> KeyUse | None: ...

    def remember_use(self, event: str, key: IdempotencyKey, use: KeyUse) -> bool:
        """False, and nothing written, if the key exists."""

    def registrations(self, event: str, after: str | None, limit: int) -> Sequence[Registered]:
        """A page by id, past `after`."""

    def registered_among(self, event: str, ids: Iterable[str]) -> Sequence[Registered]:
        """In no order; at most a page is asked for."""

    def people_among(self, event: str, people: Iterable[str]) -> Set[str]:
        """The registered ones; at most a page is asked for."""

    def quarantine(
        self, event: str, registration: Registration, signal: BotSignal, waits_since: datetime = AT_ONCE
    ) -> None:
        """In place of the person's last quarantined form."""

    def quarantined(self, event: str, after: str | None, limit: int) -> Sequence[QuarantinedForm]:
        """A page by person, past `after`."""

    def forget_test_person(self, id: str, person: str, entries: Sequence[str]) -> None:
        """The smoke test's: of anybody else no function but `erase` deletes anything."""


class Outbox(Protocol):
    def enqueue(self, entry: OutboxEntry) -> None:
        """Does nothing if it exists."""

    def entry(self, id: str) -> OutboxEntry | None: ...

    def entries_among(self, ids: Iterable[str]) -> Sequence[OutboxEntry]:
        """As `registered_among`."""

    def triggered_entry(self, id: str, event: bytes) -> OutboxEntry | None:
        """As the database's trigger brings it; None if it does not. It may have been written since."""

    def as_they_stand(self, entries: Sequence[OutboxEntry], *, intakes: Set[str], breaker: bool) -> AsTheyStand:
        """In one reading, of what is asked for; the registrations always."""

    def save_entry(self, entry: OutboxEntry, enqueue: Sequence[OutboxEntry] = ()) -> OutboxEntry | None:
        """One commit, if nobody wrote the entry since it was read; else None. To be saved again without being read. An
        entry of `enqueue` that exists starts anew: the caller makes sure that nobody is sending it."""

    def save_entries(
        self, entries: Sequence[OutboxEntry], enqueue: Sequence[OutboxEntry] = ()
    ) -> Mapping[str, OutboxEntry]:
        """As `save_entry`, in one commit for all that nobody wrote."""

    def due_entries(self, limit: int) -> Mapping[str, OutboxEntry | None]:
        """By id, the longest due first; None where it cannot be read."""

    def postpone(self, id: str, until: datetime) -> None:
        """Also an entry that cannot be read."""

    def unsent_entries(self, event: str, after: str | None, limit: int) -> Sequence[OutboxEntry]:
        """A page, by id, of those neither sent nor delivered."""

    def recently_sent(self, to: Iterable[str], since: datetime, limit: int) -> Counter[str]:
        """How many e-mails SendGrid may have accepted, by mailbox, counted up to `limit` each."""

    def sent_to_registrants(self, event: str, since: datetime, limit: int) -> int:
        """As `recently_sent`, to all of them together."""

    def sent_to(self, to: str, since: datetime, until: datetime) -> Sequence[OutboxEntry]:
        """What SendGrid may have accepted in this time, the first first."""

    def circuit_breaker(self) -> CircuitBreaker: ...

    def save_circuit_breaker(self, breaker: CircuitBreaker, enqueue: Sequence[OutboxEntry]) -> bool:
        """As `save_entry`."""


class Inbound(Protocol):
    def add_inbound(self, event: str, id: str) -> None:
        """Unread, due at once. Does nothing if it exists."""

    def inbound(self, id: str) -> InboundEmail | None: ...

    def save_inbound(
        self, inbound: InboundEmail, enqueue: Sequence[OutboxEntry] = (), audit: AuditEntry | None = None
    ) -> bool:
        """One commit, if nobody wrote the e-mail since it was read; else False. Entries that are there stay."""

    def due_inbound(self, limit: int) -> Sequence[str]:
        """Ids, the longest due first."""

    def all_inbound(self, event: str, after: str | None, limit: int) -> Sequence[InboundEmail]:
        """A page by id, past `after`."""


class Intakes(Protocol):
    def now(self) -> datetime:
        """After every commit that was acknowledged, before every one to come."""

    def intake(self, event: Event) -> Intake:
        """Made from the event's file if there is none."""

    def known_intake(self, event: str) -> Intake | None: ...

    def known_intakes(self) -> Mapping[str, Intake]: ...

    def known_events(self) -> Set[str]: ...

    def due_intakes(self, now: datetime) -> Sequence[str]:
        """Past their deadline without a closing, the longest past first; one query, however many are open."""

    def due_looks(self, now: datetime) -> Sequence[str]:
        """Whose `Intake.looks_at` has come; one query, however many are closed."""

    def move_deadline(self, event: str, intake: Intake, closes_at: datetime, audit: AuditEntry | None = None) -> bool:
        """`Intake.moved`, if nobody wrote the intake since it was read; else False."""

    def revoke_link(self, event: str, intake: Intake, link: str) -> bool:
        """As `move_deadline`."""

    def write_roster_page(self, event: str, name: str, rows: Sequence[OnRoster]) -> None: ...

    def roster_page(self, event: str, name: str) -> Sequence[OnRoster]:
        """Empty if there is none."""

    def record_closing(self, event: str, intake: Intake, closing: Closing, entries: Sequence[OutboxEntry]) -> bool:
        """As `move_deadline`, in one commit with the entries."""

    def record_look(
        self,
        event: str,
        intake: Intake,
        looks_at: datetime | None,
        version: RosterVersion | None = None,
        entries: Sequence[OutboxEntry] = (),
        audit: AuditEntry | None = None,
    ) -> bool:
        """As `record_closing`: when to look again, and the next version of the roster, if this look found one."""


class Store(Registrations, Outbox, Inbound, Intakes, StaffDesk, Contributions, PersonalData, Protocol):
    """Keeps what it is told, atomically, and says when. It never decides."""


Post = Callable[[Email], SendResult]
"""To SendGrid. Raises nothing."""


class Files(Protocol):
    """Inbound e-mails as they came, and rosters too large for an e-mail."""

    def put(self, id: str, content: bytes) -> None:
        """Whole or not at all, unless it is there."""

    def put_file(self, id: str, path: Path) -> None:
        """Never all of it in memory."""

    def get(self, id: str) -> bytes | None: ...

    def pieces(self, id: str) -> Iterator[bytes] | None:
        """One in memory at a time. Each may raise `StoreUnavailable`."""

    def ids(self, begins: str) -> Iterator[str]:
        """Of those whose id begins so, in no order."""

    def remove(self, id: str) -> None:
        """Does nothing if it is not there. No function but `erase` may."""


class EmailReader(Protocol):
    """Of what Inbound Parse posts. Raises nothing, whatever the bytes are."""

    def glance(self, raw: bytes) -> Envelope: ...

    def read(self, raw: bytes, event: Event, asked: InboundForm | None = None) -> ParsedEmail:
        """With the event's forms; what it says without one corrects the form that we asked about."""

    def attachments(self, raw: bytes) -> tuple[Attachment, ...]: ...

    def take_out(self, raw: bytes, places: Sequence[int], into: Path) -> None:
        """Those of `AttachedFile`, written as they are, each under its place; none of what is too much."""


class Links(Protocol):
    """Addresses that we give out, signed, without personal data. `to`: the one of the staff whom it is for."""

    def form_page(self, event: Event) -> str: ...

    def forms_to(self, event: Event) -> str | None:
        """An e-mail address, if it is set up."""

    def completing(self, event: Event, inbound_id: str, place: int, until: datetime) -> str:
        """The page of the form at this place in the e-mail."""

    def resolving(self, event: Event, inbound_id: str, to: str, until: datetime) -> str: ...

    def amending(self, event: Event, inbound_id: str, place: int, to: str, until: datetime) -> str:
        """The page of this form as a change of its person's registration."""

    def own(self, event: Event, registered: Registered) -> str:
        """Of this registration alone, until the event is over or its links are ended."""

    def confirming_address(self, event: Event, registered: Registered) -> str:
        """For whoever gets it at `Registered.new_email`."""

    def roster(self, event: Event, file_id: str, to: str, until: datetime) -> str: ...

    def pages_of(self, event: Event) -> str:
        """The event's own public pages, `/events/<slug>`."""

    def contribute(self, event: Event) -> str:
        """The page for sending in a contribution."""

    def contribution(self, event: Event, contribution: Contribution) -> str:
        """Its submitter's own page, until the event is over or its links are ended."""

    def completing_papers(self, event: Event, inbound_id: str, until: datetime) -> str:
        """The page for sending in the papers in this e-mail, filled in."""

    def submitted(self, event: Event, contribution_id: str, until: datetime, *, before: bool) -> str:
        """The end of the address of the page after it was sent in; `before`: the same was there."""

    def upload(self, event: Event, file: Upload) -> str:
        """A token, in a form of this event."""

    def uploaded(self, event: Event, token: str) -> Upload | None:
        """None where it is damaged, or of another event."""

    def contributions_to(self, event: Event) -> str | None:
        """An e-mail address, if it is set up: `<slug>+contribution@…`."""

    def late(self, event: Event, invitation: Invitation) -> str:
        """The form for whom it is for, until then."""

    def received(self, event: Event, registration_id: str, until: datetime, *, duplicate: bool) -> str:
        """The page that thanks a person: its path below the form's, which the browser has open."""

    def opened(self, event: Event, purpose: LinkPurpose, token: str, now: datetime) -> Opened | NoLink: ...

    def member(self, event: Event, opened: Opened) -> StaffMember | None:
        """Of the staff, for whom the link was made."""

    def is_for(self, opened: Opened, address: str) -> bool: ...

    def mark(self, *said: str) -> str:
        """An id that is the same for the same; whoever has no key cannot tell, or try, of what."""

    def button(self, member: str, now: datetime) -> str:
        """What a form of the staff's pages carries: whoever does not see the page cannot press its button."""

    def pressed(self, button: str, member: str, now: datetime) -> str | None:
        """The id of the press, the same each time; None if the button is too old, or not this member's."""
