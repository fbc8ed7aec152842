"""Mails we owe, the messages they become, and what became of posting one."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Generic, TypeVar

from rollcall.model.inbound import Incoming, Reply, Standing
from rollcall.model.registration import KeptForm, Registered, fold

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""A mail is due at once when it is queued. A constant needs no clock to write and, indexed, makes no hot range."""


class MailKind(StrEnum):
    """What a mail is about."""

    CONFIRMATION = "confirmation"
    """To the registrant: what we have, where the event is. Says so where the registration is late."""
    DIFFERENT_FORM = "different-form"
    """To the registrant: a second, different form came in the same name, and changed nothing."""
    ROSTER = "roster"
    """To one of the staff: the closed list."""
    NEEDS_A_PERSON = "needs-a-person"
    """To one of the staff: what does not go by itself."""
    REPLY = "reply"
    """To the sender of a message: what came of the forms in it."""


TO_STAFF = (MailKind.ROSTER, MailKind.NEEDS_A_PERSON)


class MailState(StrEnum):
    """Where a mail stands."""

    QUEUED = "queued"
    SENDING = "sending"
    """A sender has it, under a lease."""
    IN_DOUBT = "in doubt"
    """It may have been taken, or not: it waits for delivery reports, then is sent again."""
    SENT = "sent"
    """SendGrid has it."""
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    DROPPED = "dropped"
    """SendGrid would not deliver it: the address is on its list of addresses that bounced before, for example."""
    FAILED = "failed"
    """We gave it up; it needs a person."""


UNDELIVERED = (MailState.BOUNCED, MailState.DROPPED, MailState.FAILED)
"""The states in which a mail will not arrive by itself any more."""


@dataclass(frozen=True)
class Mail:
    """A message we owe. The id is made from what it is about, so that it cannot be queued twice."""

    id: str
    kind: MailKind
    event: str
    to: str
    registration_id: str | None
    """Whom it is about; None for a mail to staff or about a message."""
    not_before: datetime = AT_ONCE
    incoming_id: str | None = None
    """The message that it is about."""
    thread: tuple[str, ...] = ()
    """Message-IDs, with the angle brackets: the References of this answer, the last of them its In-Reply-To."""


class AttemptOutcome(StrEnum):
    """What became of one attempt to post a mail."""

    UNDER_WAY = "under way"
    TAKEN = "taken"
    NOT_TAKEN = "not taken"
    HELD = "held"
    """Not taken, and no other mail would have been."""
    IN_DOUBT = "in doubt"
    PUT_OFF = "put off"
    """Not made: enough went to this address lately."""


@dataclass(frozen=True)
class Attempt:
    """One attempt to post a mail."""

    id: str
    """Drawn at random, so that a sender knows its own claim from another's."""
    at: datetime
    """When the mail was claimed for it."""
    outcome: AttemptOutcome = AttemptOutcome.UNDER_WAY
    note: str = ""
    """What SendGrid or the network said; no personal data."""

    @property
    def may_be_taken(self) -> bool:
        """Whether the message was handed over, for all we know."""
        return self.outcome in (AttemptOutcome.UNDER_WAY, AttemptOutcome.TAKEN, AttemptOutcome.IN_DOUBT)


@dataclass(frozen=True)
class MailRecord:
    """A mail in the books.

    `due_at` is when it is next to be taken up: None once it is settled, and the end of the lease while it is being
    sent, so that a sender that died leaves it due again.
    """

    mail: Mail
    state: MailState = MailState.QUEUED
    due_at: datetime | None = AT_ONCE
    attempts: tuple[Attempt, ...] = ()
    """Every attempt, the first first."""
    reason: str = ""
    """Why it bounced or was dropped, in the words of the delivery report."""
    queued_at: datetime = field(default=AT_ONCE, compare=False)
    """The store's own time at which the mail was first queued; it is never written by hand, and no decision hangs on
    it."""
    version: object = field(default=None, compare=False)
    """The store's mark of this reading, for `save_mail`."""

    @property
    def why(self) -> str:
        """Why it stands as it does, where somebody said so."""
        return self.reason or (self.attempts[-1].note if self.attempts else "")


@dataclass(frozen=True)
class MailQueue:
    """Whether mails may go out at all, as the store had it at `as_of` (the store's own time).

    A queue is held while SendGrid would take no mail of ours: each mail then stays due, and none spends its attempts.
    """

    as_of: datetime
    held_since: datetime | None = None
    """When the present hold began; the last one's beginning after its end."""
    held_until: datetime | None = None
    """When the next mail tries whether it is over; None while the queue is not held."""
    held_times: int = 0
    """How often in a row it was held."""
    our_fault: bool = False
    """Whether SendGrid refuses us (our key, our account), so that only a person can mend it."""
    note: str = ""
    """What SendGrid said; no personal data."""
    version: object = field(default=None, compare=False)
    """The store's mark of this reading, for `save_mail_queue`."""

    @property
    def waits(self) -> bool:
        """Whether no mail may go out now."""
        return self.held_until is not None and self.as_of < self.held_until


class Delivery(StrEnum):
    """What SendGrid tells of a mail that it took."""

    TAKEN = "taken"
    """It has it, and is at it."""
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    DROPPED = "dropped"


@dataclass(frozen=True)
class DeliveryReport:
    """What SendGrid tells of one mail."""

    mail_id: str
    delivery: Delivery
    reason: str = ""
    """In the words of whoever did not take it."""


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a message."""

    name: str
    type: str
    content: bytes


_T = TypeVar("_T")


@dataclass(frozen=True)
class Shown(Generic[_T]):
    """A list that may be longer than a mail, or memory: what is shown of it, and how many there are in all."""

    shown: tuple[_T, ...] = ()
    count: int = 0


@dataclass(frozen=True)
class OnRoster:
    """Somebody in the books of a closed event."""

    registered: Registered
    late: bool = False
    """Not on the closed list."""
    unsent: MailRecord | None = None
    """The confirmation, where it is neither sent nor delivered."""


@dataclass(frozen=True)
class NotCompleted:
    """A form that came by e-mail and whose sender did not do what was asked; nobody has checked what it says."""

    first_name: str
    family_name: str
    """Empty where it says none, as the first name."""
    sender: str
    faults: tuple[str, ...]
    """The fields that are missing or wrong."""
    too_early: bool
    """Whether nothing is wrong, but it came before registration opened."""
    received_at: datetime


@dataclass(frozen=True)
class RosterContent:
    """What the files of a roster are about."""

    closes_at: datetime
    people: Iterable[OnRoster]
    """Everybody, by id, late or not: more than memory holds, and to be read once."""
    kept: tuple[KeptForm, ...] = ()
    """The last forms that need a person, the first received first."""
    not_completed: tuple[NotCompleted, ...] = ()
    """The same of forms that were not completed."""


ROSTER_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""The type of each file of a roster, by how its name ends."""


@dataclass(frozen=True)
class RosterFile:
    """A file of the roster, on the disk."""

    path: Path
    type: str


Named = Shown[tuple[str | None, int]]
"""Names with how often each was given, the most named first, then by name; None where none was. `count` is of names."""


@dataclass(frozen=True)
class Drawn:
    """A roster drawn up."""

    files: tuple[RosterFile, ...]
    """The CSV, which has those on the list, and the workbook, which has everything."""
    organizations: Named
    hotels: Named


@dataclass(frozen=True)
class LinkedFile:
    """A file that no mail can carry: it is where the link leads."""

    name: str
    size: int
    """Bytes."""
    link: str


@dataclass(frozen=True)
class Roster:
    """The closed list of an event as a mail tells of it: counted in full, and of each list no more than a mail shows.
    What is shown of a list is what came last, the first of that first, unless otherwise said."""

    closes_at: datetime
    as_of: datetime
    """When it was drawn up; the store's time."""
    by_category: Mapping[str, int] = field(default_factory=dict)
    """How many of those on the list are of a category, by its code."""
    organizations: Named = Shown()
    hotels: Named = Shown()
    undelivered: Shown[OnRoster] = Shown()
    """Those on the list whose confirmation did not go out: first those whom it will not reach by itself."""
    late: Shown[OnRoster] = Shown()
    kept: Shown[KeptForm] = Shown()
    """The forms that need a person."""
    incoming: Mapping[Standing, int] = field(default_factory=dict)
    """How many of the messages that came in stand how; those that do not occur are absent."""
    dealt_with: int = 0
    """With how many of those that need a person the staff have dealt."""
    not_completed: Shown[NotCompleted] = Shown()
    attached: tuple[Attachment, ...] = ()
    """Its files, where a mail can carry them."""
    linked: tuple[LinkedFile, ...] = ()
    """The same files, where no mail can."""
    links_hold_until: datetime | None = None


@dataclass(frozen=True)
class ForStaff:
    """A message that needs a person."""

    incoming: Incoming
    link: str
    """The address at which the staff say that they have dealt with it."""
    attachments: tuple[Attachment, ...]
    """Its attachments, where they are small enough to go along."""
    people: Mapping[str, Registered] = field(default_factory=dict)
    """Those of its forms' people who are in the books, by registration id."""


@dataclass(frozen=True)
class NeedsAPerson:
    """What does not go by itself, up to now."""

    undelivered: Shown[tuple[Registered | None, MailRecord]]
    """Mails that will not arrive by themselves, and whom each is about; None for a roster."""
    kept: Shown[KeptForm]
    """The forms that are kept for the staff. What is shown is, here as below, what came last, the first of that
    first."""
    queue: MailQueue
    incoming: Shown[ForStaff] = Shown()
    """The messages that need a person."""


About = Registered | Roster | NeedsAPerson | Reply
"""What a mail is about."""


@dataclass(frozen=True)
class Message:
    """A mail composed: what is handed to the poster."""

    mail_id: str
    to: str
    reply_to: str
    subject: str
    text: str
    html: str
    copies_to: tuple[str, ...] = ()
    """Who gets the same, as a message of its own: its delivery reports are not the mail's."""
    attachments: tuple[Attachment, ...] = ()
    thread: tuple[str, ...] = ()
    """See `Mail.thread`."""
    answers: bool = False
    """Whether it answers a message that came in; there may be one without a Message-ID, and so no thread."""


@dataclass(frozen=True)
class Sent:
    """The message was taken over."""

    note: str = ""


@dataclass(frozen=True)
class NotSent:
    """The message was certainly not taken; `permanent` where the same message will not be taken later either."""

    permanent: bool
    note: str
    fault: Exception | None = field(default=None, compare=False, repr=False)
    """What broke while it was composed. It may quote what was typed: hence no `repr`."""


@dataclass(frozen=True)
class Held:
    """The message was certainly not taken, and no other would be now; `our_fault` where SendGrid refuses our key or
    our account, rather than our pace."""

    our_fault: bool
    note: str
    retry_after: timedelta | None = None


@dataclass(frozen=True)
class InDoubt:
    """Nobody answered clearly: it may have been taken, or not."""

    note: str


Posted = Sent | NotSent | Held | InDoubt


def confirmation(event: str, registration_id: str, to: str, thread: tuple[str, ...] = ()) -> Mail:
    """The confirmation owed for a registration, in answer to the message that the thread ends with, if any."""
    id = f"{event}.{registration_id}.confirmation"
    return Mail(id, MailKind.CONFIRMATION, event, to, registration_id, thread=thread)


def different_form(event: str, registered: Registered) -> Mail:
    """The notice owed, once, to the address on file when a different form came for the same person."""
    to = registered.registration.email
    return Mail(f"{event}.{registered.id}.different-form", MailKind.DIFFERENT_FORM, event, to, registered.id)


def roster_mail(event: str, number: int, to: str, stamp: str = "") -> Mail:
    """The roster owed to one of the staff, `number` by their order in the event's file; the stamp, made from a time,
    tells one that is sent anew from the closing's own."""
    return Mail(f"{event}.roster.{stamp and f'{stamp}.'}{number}", MailKind.ROSTER, event, to, None)


def needs_a_person_mail(event: str, stamp: str, number: int, to: str, not_before: datetime) -> Mail:
    """What needs a person, owed to one of the staff; the stamp, made from a time, says which mail of many it is."""
    return Mail(f"{event}.needs-a-person.{stamp}.{number}", MailKind.NEEDS_A_PERSON, event, to, None, not_before)


def reply_mail(incoming: Incoming, to: str) -> Mail:
    """The reply owed to the sender of a message; one, however often the very message came (RFC 3834, 2)."""
    about = hashlib.sha256("\x1f".join((fold(to), incoming.message_id or incoming.id)).encode()).hexdigest()[:24]
    id = f"{incoming.event}.{about}.reply"
    return Mail(id, MailKind.REPLY, incoming.event, to, None, incoming_id=incoming.id, thread=incoming.thread)


def is_reply_id(event: str, text: str) -> bool:
    """Whether it may be the id of a reply of ours (`reply_mail`)."""
    return re.fullmatch(rf"{re.escape(event)}\.[0-9a-f]{{24}}\.reply", text) is not None


def roster_file_id(event: str, sha256: str, as_of: datetime, suffix: str) -> str:
    """The id under which a file of a roster is kept that no mail can carry: of the list with this SHA-256, drawn up at
    this time; `suffix` is its name's."""
    return f"roster-{event}-{sha256[:16]}-{as_of:%Y%m%dT%H%M%S%f}{suffix}"


def roster_file_ending(event: str, id: str) -> str | None:
    """How the file's name ends, one of `ROSTER_TYPES`; None where it may not be the id of a roster of this event
    (`roster_file_id`)."""
    found = re.fullmatch(rf"roster-{re.escape(event)}-[0-9A-Za-z]+-[0-9A-Za-z]+\.({'|'.join(ROSTER_TYPES)})", id)
    return found[1] if found else None


def is_to_staff(id: str) -> bool:
    """Whether this is the id of a mail to the staff, of those made above."""
    return any(f".{kind}." in id for kind in TO_STAFF)
