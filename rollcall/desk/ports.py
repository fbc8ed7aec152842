"""The ports of the desk: what it asks of whatever keeps, sends, reads and links.

Every method of a store and of `Files` may raise `StoreUnavailable`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime
from pathlib import Path
from typing import Protocol

from rollcall.model.email import Attachment, CircuitBreaker, Email, OutboxEntry, SendResult
from rollcall.model.event import Event
from rollcall.model.inbound import Envelope, InboundEmail, Opened, ParsedEmail
from rollcall.model.intake import Closing, Intake
from rollcall.model.registration import BotSignal, IdempotencyKey, QuarantinedForm, Registered, Registration
from rollcall.model.roster import About, Drawn, RosterContent


class Registrations(Protocol):
    """The registrations of each event, and the forms in quarantine."""

    def accept(
        self,
        event: str,
        id: str,
        registration: Registration,
        entry: OutboxEntry,
        key: IdempotencyKey | None = None,
        arrived_at: datetime | None = None,
    ) -> datetime | None:
        """Write the registration, whose it is, its confirmation and the key it came under, if any, in one commit, all
        or none, reading nothing. `id` is new; `arrived_at`: see `Registered`.

        Returns the commit's time; None, with nothing written, where this person or this key is already there. A commit
        whose answer was lost is found out.
        """

    def registered(self, event: str, id: str) -> Registered | None:
        """The registration with this id."""

    def registration_of(self, event: str, person: str) -> Registered | None:
        """The registration of the person with this key."""

    def registered_under(self, event: str, key: str) -> str | None:
        """The id of the registration that came under this idempotency key."""

    def registrations(self, event: str, after: str | None, limit: int) -> Sequence[Registered]:
        """A page of the event's registrations by id, from the first id past `after`."""

    def registered_among(self, event: str, ids: Iterable[str]) -> Sequence[Registered]:
        """Those of these registrations that are there, in no order; asked for no more than a page at a time."""

    def people_among(self, event: str, people: Iterable[str]) -> Set[str]:
        """Those of these people, by key, who are registered; asked for no more than a page at a time."""

    def quarantine(self, event: str, registration: Registration, signal: BotSignal) -> None:
        """Put the form in quarantine, in place of the one of this person that is there, if any."""

    def quarantined(self, event: str, after: str | None, limit: int) -> Sequence[QuarantinedForm]:
        """A page of the event's quarantined forms by id, from the first id past `after`."""

    def forget_test_person(self, id: str, person: str, entries: Sequence[str]) -> None:
        """Delete from the smoke test's event the registration with this id, the person with this key, the person's
        quarantined form and these outbox entries in one commit; what is not there is passed over."""


class Outbox(Protocol):
    """The e-mails to be sent, and whether any may go out."""

    def enqueue(self, entry: OutboxEntry) -> None:
        """Add the entry; nothing happens where it is there."""

    def entry(self, id: str) -> OutboxEntry | None:
        """The entry with this id."""

    def save_entry(self, entry: OutboxEntry, enqueue: Sequence[OutboxEntry] = ()) -> bool:
        """In one commit write the entry and enqueue these, if nobody wrote it since it was read; False, with nothing
        written, if somebody did. Of the enqueued, one that is there starts anew: whoever enqueues it again sees to it
        that nobody is sending it."""

    def due_entries(self, limit: int) -> Sequence[str]:
        """Ids of entries that are due now, the longest due first."""

    def postpone(self, id: str, until: datetime) -> None:
        """Have the entry due at that time, whatever else it says, and whether or not it can be read."""

    def unsent_entries(self, event: str, after: str | None, limit: int) -> Sequence[OutboxEntry]:
        """A page of the event's entries that are neither sent nor delivered, by id, from the first id past `after`."""

    def recently_sent(self, to: str, since: datetime, limit: int) -> int:
        """How many e-mails to this address (folded) SendGrid accepted, or may have accepted, after `since`; counted no
        further than `limit`."""

    def circuit_breaker(self) -> CircuitBreaker:
        """The circuit breaker as it is now."""

    def save_circuit_breaker(self, breaker: CircuitBreaker, enqueue: Sequence[OutboxEntry]) -> bool:
        """As `save_entry`, for the circuit breaker."""


class Inbound(Protocol):
    """The inbound e-mails; each itself is a file under the same id."""

    def add_inbound(self, event: str, id: str) -> None:
        """Note that this e-mail came in, still to be read, due at once (`AT_ONCE`); nothing happens where it is
        there."""

    def inbound(self, id: str) -> InboundEmail | None:
        """The e-mail with this id."""

    def save_inbound(self, inbound: InboundEmail, enqueue: Sequence[OutboxEntry] = ()) -> bool:
        """In one commit write what came of the e-mail and enqueue these entries, if nobody wrote it since it was read;
        False, with nothing written, if somebody did. An entry that is there stays as it is. `id`, `event` and
        `stored_at` are never changed."""

    def due_inbound(self, limit: int) -> Sequence[str]:
        """Ids of e-mails that are due to be read now, the longest due first."""

    def all_inbound(self, event: str, after: str | None, limit: int) -> Sequence[InboundEmail]:
        """A page of the event's e-mails by id, from the first id past `after`."""


class Intakes(Protocol):
    """The intake of each event: its deadline, its closing and the pages of its roster."""

    def now(self) -> datetime:
        """The store's time: not before any commit that was acknowledged, and before every one that comes after."""

    def intake(self, event: Event) -> Intake:
        """The event's intake now, made from its file where there is none yet."""

    def known_intake(self, event: str) -> Intake | None:
        """The event's intake now, where there is one."""

    def known_intakes(self) -> Mapping[str, Intake]:
        """All intakes, by event."""

    def known_events(self) -> Set[str]:
        """The events that have an intake."""

    def due_intakes(self, now: datetime) -> Sequence[str]:
        """The events whose deadline lies before `now` and of which no closing is recorded, the longest passed first.
        What it takes does not grow with how many are open or closed."""

    def move_deadline(self, event: str, intake: Intake, closes_at: datetime) -> bool:
        """Write the deadline, and what it was, if the intake is as it was read; False, with nothing written, if not."""

    def write_roster_page(self, event: str, name: str, ids: Sequence[str]) -> None:
        """Write a page of the roster; the same page again changes nothing."""

    def roster_page(self, event: str, name: str) -> Sequence[str]:
        """The registration ids on a page of the roster; empty where it was not written."""

    def record_closing(self, event: str, intake: Intake, closing: Closing, entries: Sequence[OutboxEntry]) -> bool:
        """In one commit record the closing and enqueue the entries, if the intake is as it was read; False if not."""


class Store(Registrations, Outbox, Inbound, Intakes, Protocol):
    """Keeps what it is told, atomically, and says when. It never decides."""


Compose = Callable[[OutboxEntry, Event, About, Intake], Email]
"""Makes an e-mail out of what it is about; pure."""

Draw = Callable[[Event, RosterContent, Path], Drawn]
"""Draws up the files of a roster in the folder, which is empty, with no more of it in memory than a page."""

Post = Callable[[Email], SendResult]
"""Hands an e-mail to SendGrid; says what became of it and does not raise for that."""


LARGEST_PIECE = 1 << 20
"""Bytes that a piece of a file has at the most."""


class Files(Protocol):
    """Where messages are kept as they came, and rosters that no mail can carry. Every method may raise
    `StoreUnavailable`."""

    def put(self, id: str, content: bytes) -> None:
        """Keep the file under this id, whole or not at all; it is there for good when this returns. Where there is one
        already, nothing changes."""

    def put_file(self, id: str, path: Path) -> None:
        """As `put`, of a file on the disk, without having it in memory."""

    def get(self, id: str) -> bytes | None:
        """The file with this id."""

    def pieces(self, id: str) -> Iterator[bytes] | None:
        """The file with this id in pieces, none larger than `LARGEST_PIECE` and none empty, which is all of it that is
        in memory. Taking the next one may raise `StoreUnavailable` too: then what was taken is not the whole file."""


class EmailReader(Protocol):
    """Reads messages as SendGrid's Inbound Parse posts them. Never raises, whatever the bytes are."""

    def glance(self, raw: bytes) -> Envelope:
        """Which delivery it is, and to whom."""

    def read(self, raw: bytes, event: Event, asked: Mapping[str, str] | None = None) -> ParsedEmail:
        """What is understood of it, with the forms of this event in it; read, where answers (by field name) are given,
        as if it quoted them."""

    def attachments(self, raw: bytes) -> tuple[Attachment, ...]:
        """The files that are attached to it."""


class Links(Protocol):
    """The addresses that we give out. What is signed in them is no personal data, and holds until `until`."""

    def form_page(self, event: Event) -> str:
        """The page of the event's form."""

    def forms_to(self, event: Event) -> str | None:
        """The e-mail address to which filled-in forms may be sent, if there is one."""

    def completing(self, event: Event, inbound_id: str, place: int, until: datetime) -> str:
        """The form's page with the answers filled in of the form at this place in the message."""

    def resolving(self, event: Event, inbound_id: str, until: datetime) -> str:
        """The page at which the staff say that they have dealt with the message."""

    def roster(self, event: Event, file_id: str, until: datetime) -> str:
        """The file itself, which is a roster of the event's."""

    def opened(self, purpose: str, token: str, now: datetime) -> Opened | None:
        """What the link was made for; None where we did not make it for this purpose (`completing`, `resolving`,
        `roster`), or it holds no more."""


def forms_return_to(links: Links, event: Event) -> str:
    """The e-mail address to which a form goes back: the event's own, or else the first of the staff."""
    return links.forms_to(event) or event.staff[0]
