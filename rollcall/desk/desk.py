"""The Desk: what a registration desk works with, and its ports in its own words, a few methods a verb."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from rollcall.model.email import About, Attachment, Drawn, Mail, MailQueue, MailRecord, Message, Posted, RosterContent
from rollcall.model.event import Event
from rollcall.model.inbound import Glance, Incoming, Reading
from rollcall.model.intake import Closing, Intake, IntakeStore, RecentIntakes
from rollcall.model.registration import KeptForm, Key, Registered, Registration, Sign


class RegisteringStore(IntakeStore, Protocol):
    """What registering asks of the books. Every method may raise `StoreUnavailable`."""

    def accept(
        self,
        event: str,
        id: str,
        registration: Registration,
        mail: Mail,
        key: Key | None = None,
        came_at: datetime | None = None,
    ) -> datetime | None:
        """Write the registration, the mail owed for it and the key it came under, if any, in one commit, all or none,
        reading nothing. `came_at`: see `Registered`.

        Returns the commit's time; None, with nothing written, where this id or this key is already there. A commit
        whose outcome nobody told us is found out: where the very same registration is there, it is its time.
        """
        ...

    def registered_under(self, event: str, key: str) -> str | None:
        """The id of the registration that came under this key."""
        ...

    def registered(self, event: str, id: str) -> Registered | None:
        """The registration with this id."""
        ...

    def queue(self, mail: Mail) -> None:
        """Owe this mail too; nothing happens where it is already owed."""
        ...

    def keep(self, event: str, id: str, registration: Registration, sign: Sign) -> None:
        """Keep the form for the staff, in place of the one that is kept for this id, if any."""
        ...


class RecordingStore(Protocol):
    """What recording delivery reports asks of the books. Every method may raise `StoreUnavailable`."""

    def now(self) -> datetime:
        """The store's time: not before any commit that was acknowledged, and before every one that comes after."""
        ...

    def mail(self, id: str) -> MailRecord | None:
        """The mail with this id."""
        ...

    def save_mail(self, record: MailRecord, owed: Sequence[Mail] = ()) -> bool:
        """In one commit write the record and owe these mails, if nobody wrote the record since it was read; False, with
        nothing written, if somebody did. Whoever owes a mail that is owed already sees to it that nobody is sending it.
        """
        ...


class SendingStore(RecordingStore, Protocol):
    """What sending asks of the books. Every method may raise `StoreUnavailable`."""

    def due_mails(self, limit: int) -> Sequence[str]:
        """Ids of mails that are due now, the longest due first."""
        ...

    def put_off(self, id: str, until: datetime) -> None:
        """Have the mail due at that time, whatever else its record says, and whether or not it can be read."""
        ...

    def handed_over_lately(self, to: str, since: datetime, limit: int) -> int:
        """How many mails to this address (case, width and spacing folded) were, or may have been, handed over after
        `since`; counted no further than `limit`."""
        ...

    def mail_queue(self) -> MailQueue:
        """How the queue stands now."""
        ...

    def save_mail_queue(self, queue: MailQueue, owed: Sequence[Mail]) -> bool:
        """As `save_mail`, for the queue."""
        ...


class RosterStore(Protocol):
    """What drawing up a roster asks of the books. Every method may raise `StoreUnavailable`."""

    def registrations(self, event: str, after: str | None, limit: int) -> Sequence[Registered]:
        """A page of the event's registrations by id, from the first id past `after`."""
        ...

    def roster_page(self, event: str, name: str) -> Sequence[str]:
        """The registration ids on a page of the roster; empty where it was not written."""
        ...

    def kept(self, event: str, after: str | None, limit: int) -> Sequence[KeptForm]:
        """A page of the event's kept forms by id, from the first id past `after`."""
        ...

    def people(self, event: str, ids: Sequence[str]) -> Sequence[Registered]:
        """Those of these registrations that are in the books, in no order; asked for no more than a page at a time."""
        ...

    def unsent_mails(self, event: str, after: str | None, limit: int) -> Sequence[MailRecord]:
        """A page of the event's mails that are neither sent nor delivered, by id, from the first id past `after`."""
        ...

    def all_incoming(self, event: str, after: str | None, limit: int) -> Sequence[Incoming]:
        """A page of the event's messages by id, from the first id past `after`."""
        ...


class ClosingStore(IntakeStore, RosterStore, Protocol):
    """What closing asks of the books. Every method may raise `StoreUnavailable`."""

    def due_intakes(self, now: datetime) -> Sequence[str]:
        """The events whose deadline lies before `now` and of which no closing is recorded, the longest passed first.
        What it takes does not grow with how many are open or closed."""
        ...

    def write_roster_page(self, event: str, name: str, ids: Sequence[str]) -> None:
        """Write a page of the roster; the same page again changes nothing."""
        ...

    def record_closing(self, event: str, intake: Intake, closing: Closing, mails: Sequence[Mail]) -> bool:
        """In one commit record the closing and queue the mails, if the intake is as it was read; False if not."""
        ...


class MovingStore(IntakeStore, Protocol):
    """What moving a deadline asks of the books. Every method may raise `StoreUnavailable`."""

    def move_deadline(self, event: str, intake: Intake, closes_at: datetime) -> bool:
        """Write the deadline, and what it was, if the intake is as it was read; False, with nothing written, if not."""
        ...


class WatchingStore(RosterStore, Protocol):
    """What seeing how things stand asks of the books; it writes nothing. Every method may raise `StoreUnavailable`."""

    def known_intake(self, event: str) -> Intake | None:
        """The event's intake now, where the books have one."""
        ...

    def known_intakes(self) -> Mapping[str, Intake]:
        """All intakes that the books have, by event."""
        ...

    def mail_queue(self) -> MailQueue:
        """How the queue stands now."""
        ...


class TellingStore(WatchingStore, Protocol):
    """What telling the staff anew asks of the books. Every method may raise `StoreUnavailable`."""

    def queue(self, mail: Mail) -> None:
        """See `RegisteringStore`."""
        ...


class ReceivingStore(RegisteringStore, Protocol):
    """What receiving asks of the books. Every method may raise `StoreUnavailable`."""

    def now(self) -> datetime:
        """See `RecordingStore`."""
        ...

    def take_in(self, event: str, id: str) -> None:
        """Note that this message came in, still to be read, due at once (`AT_ONCE`); nothing happens where it is
        there."""
        ...

    def incoming(self, id: str) -> Incoming | None:
        """The message with this id."""
        ...

    def save_incoming(self, incoming: Incoming, owed: Sequence[Mail] = ()) -> bool:
        """In one commit write what came of the message and owe these mails, if nobody wrote it since it was read;
        False, with nothing written, if somebody did. A mail that is owed already stays as it is. `id`, `event` and
        `stored_at` are never changed."""
        ...

    def due_incoming(self, limit: int) -> Sequence[str]:
        """Ids of messages that are due to be read now, the longest due first."""
        ...

    def handed_over_lately(self, to: str, since: datetime, limit: int) -> int:
        """See `SendingStore`."""
        ...


class ForgettingStore(Protocol):
    """What removing a test person asks of the books. Every method may raise `StoreUnavailable`."""

    def forget(self, event: str, id: str, mails: Sequence[str]) -> None:
        """Take the registration with this id, the form kept for it, and these mails out of the books, in one commit;
        what is not there is passed over. For test persons only: of anybody else nothing is ever deleted."""
        ...


class Store(ReceivingStore, SendingStore, ClosingStore, MovingStore, WatchingStore, ForgettingStore, Protocol):
    """The books: keeps what it is told, atomically, and says when. It never decides."""


Compose = Callable[[Mail, Event, About, Intake], Message]
"""Makes the message of a mail out of what it is about; pure."""

Draw = Callable[[Event, RosterContent, Path], Drawn]
"""Draws up the files of a roster in the folder, which is empty, with no more of it in memory than a page."""

Post = Callable[[Message], Posted]
"""Hands a message to whoever delivers it; says what became of it and does not raise for that."""


LARGEST_PIECE = 1 << 20
"""Bytes that a piece of a file has at the most."""


class Files(Protocol):
    """Where messages are kept as they came, and rosters that no mail can carry. Every method may raise
    `StoreUnavailable`."""

    def put(self, id: str, content: bytes) -> None:
        """Keep the file under this id, whole or not at all; it is there for good when this returns. Where there is one
        already, nothing changes."""
        ...

    def put_file(self, id: str, path: Path) -> None:
        """As `put`, of a file on the disk, without having it in memory."""
        ...

    def get(self, id: str) -> bytes | None:
        """The file with this id."""
        ...

    def pieces(self, id: str) -> Iterator[bytes] | None:
        """The file with this id in pieces, none larger than `LARGEST_PIECE` and none empty, which is all of it that is
        in memory. Taking the next one may raise `StoreUnavailable` too: then what was taken is not the whole file."""
        ...


class EmailReader(Protocol):
    """Reads messages as SendGrid's Inbound Parse posts them. Never raises, whatever the bytes are."""

    def glance(self, raw: bytes) -> Glance:
        """Which delivery it is, and to whom."""
        ...

    def read(self, raw: bytes, event: Event, asked: Mapping[str, str] | None = None) -> Reading:
        """What is understood of it, with the forms of this event in it; read, where answers (by field name) are given,
        as if it quoted them."""
        ...

    def attachments(self, raw: bytes) -> tuple[Attachment, ...]:
        """The files that are attached to it."""
        ...


@dataclass(frozen=True)
class Opened:
    """What a link of ours was made for."""

    event: str
    id: str
    """Of the message; of the file, where it is a roster."""
    place: int
    """Of the form in the message, which has more than one at times."""


class Links(Protocol):
    """The addresses that we give out. What is signed in them is no personal data, and holds until `until`."""

    def form_page(self, event: Event) -> str:
        """The page of the event's form."""
        ...

    def forms_to(self, event: Event) -> str | None:
        """The e-mail address to which filled-in forms may be sent, if there is one."""
        ...

    def completing(self, event: Event, incoming_id: str, place: int, until: datetime) -> str:
        """The form's page with the answers filled in of the form at this place in the message."""
        ...

    def dealing_with(self, event: Event, incoming_id: str, until: datetime) -> str:
        """The page at which the staff say that they have dealt with the message."""
        ...

    def roster(self, event: Event, file_id: str, until: datetime) -> str:
        """The file itself, which is a roster of the event's."""
        ...

    def opened(self, purpose: str, token: str, now: datetime) -> Opened | None:
        """What the link was made for; None where we did not make it for this purpose (`completing`, `dealing_with`,
        `roster`), or it holds no more."""
        ...


def forms_return_to(links: Links, event: Event) -> str:
    """The e-mail address to which a form goes back: the event's own, or else the first of the staff."""
    return links.forms_to(event) or event.staff[0]


@dataclass(frozen=True)
class Desk:
    """What a desk works with."""

    store: Store
    intakes: RecentIntakes
    events: Mapping[str, Event]
    """By slug."""
    compose: Compose
    draw: Draw
    post: Post
    files: Callable[[], Files]
    """Made where it is needed first, as is `reader`: a person who waits for the form's page does not pay for it."""
    reader: Callable[[], EmailReader]
    links: Links
    sender: str
    """The address that our mails come from."""
