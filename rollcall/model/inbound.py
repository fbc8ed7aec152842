"""Messages that come in: what is read in one, and what came of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from rollcall.model.registration import Registered, Registration


@dataclass(frozen=True)
class Glance:
    """What must be known of a message before it is kept."""

    id: str
    """24 base 32 digits, the same for the same delivery each time it is posted to us."""
    recipients: tuple[str, ...]
    """Whom its envelope names, as far as that can be read."""


@dataclass(frozen=True)
class FoundForm:
    """A filled-in form that was found in a message."""

    answers: Mapping[str, str]
    """As the person wrote them, by field name; a choice that was recognised as its value."""
    registration: Registration | None
    """None where something is missing or wrong."""
    faults: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Sentences by field name."""
    quoted: bool = False
    """Whether all of it was found in what the sender quotes."""


@dataclass(frozen=True)
class Reading:
    """What was understood of a message."""

    sender: str
    """The address in From; empty where there is none."""
    subject: str
    message_id: str
    """Its Message-ID, with the angle brackets; empty where there is none."""
    references: tuple[str, ...]
    """Its References and then its In-Reply-To, each once, with the angle brackets (RFC 5322, 3.6.4)."""
    came_at: datetime | None
    """When SendGrid received it, by SendGrid's own trace; None where that cannot be read."""
    forms: tuple[FoundForm, ...] = ()
    not_read: tuple[str, ...] = ()
    """Names of the attachments in which no form could be read: scans, papers."""
    text: str = ""
    """The beginning of what it says, for the staff."""
    automatic: str = ""
    """Why it is a machine's and not a person's (RFC 3834), if it is: the header that says so; no personal data."""
    unproven: str = ""
    """Why it may not be the sender's, if so; no personal data."""
    spam: bool = False
    """Whether SendGrid takes it for spam."""
    recipients: tuple[str, ...] = ()
    """As in `Glance`."""


class Standing(StrEnum):
    """What came of a message; of all that came in, each has one."""

    UNREAD = "not yet read"
    """It is kept, and is read again soon."""
    REGISTERED = "registered"
    """Every form in it is in the books."""
    WAITING = "waiting for the person"
    """The sender was told what is missing."""
    NEEDS_A_PERSON = "needs a person"
    AUTOMATIC = "ignored as automatic"
    SPAM = "spam"


class FormStanding(StrEnum):
    """What came of a form in a message."""

    REGISTERED = "registered"
    KNOWN = "known"
    """The same form of the same person was in the books."""
    DIFFERS = "differs"
    """Another form of the same person is in the books and stands."""
    INCOMPLETE = "incomplete"
    """Something is missing or wrong."""
    NOT_YET_OPEN = "not yet open"
    HELD_BACK = "held back"
    """Not registered by itself: the message may not be the sender's, or is a machine's."""


IN_THE_BOOKS = (FormStanding.REGISTERED, FormStanding.KNOWN)


@dataclass(frozen=True)
class ReadForm:
    """A form in a message, and what came of it."""

    standing: FormStanding
    registration_id: str | None = None
    """Whose it is, where that can be known: in the books if registered or known."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """As understood, by field name; empty where the registration has them."""
    faults: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Sentences by field name."""


@dataclass(frozen=True)
class Incoming:
    """A message in the books, and what came of it. The message itself is a file under the same id."""

    id: str
    event: str
    stored_at: datetime
    """The store's commit time."""
    standing: Standing = Standing.UNREAD
    due_at: datetime | None = None
    """When it is next to be read; None once it was. While it is being read, the end of the reader's lease."""
    attempts: int = 0
    """How often somebody began to read it."""
    sender: str = ""
    subject: str = ""
    message_id: str = ""
    references: tuple[str, ...] = ()
    came_at: datetime | None = None
    forms: tuple[ReadForm, ...] = ()
    not_read: tuple[str, ...] = ()
    text: str = ""
    """The beginning of what it says, where it needs a person."""
    reason: str = ""
    """Why it needs a person, in words for the staff."""
    answered: bool = False
    """Whether a reply to the sender was owed."""
    dealt_with: bool = False
    """Whether the staff said that they have dealt with it."""
    version: object = field(default=None, compare=False)
    """The store's mark of this reading, for `save_incoming`."""

    @property
    def received_at(self) -> datetime:
        """When it reached SendGrid, and so us: never after it was kept."""
        return min(self.came_at or self.stored_at, self.stored_at)

    @property
    def thread(self) -> tuple[str, ...]:
        """The References of an answer to it; the last is its In-Reply-To (RFC 5322, 3.6.4). Empty where it has no
        Message-ID."""
        if not self.message_id:
            return ()
        return (*(one for one in self.references[-LONGEST_THREAD:] if one != self.message_id), self.message_id)


LONGEST_THREAD = 10
"""References that an answer repeats, the last ones: mail programs cut longer lists too (RFC 5537, 3.4.4)."""


@dataclass(frozen=True)
class Reply:
    """What a reply to the sender of a message is about."""

    incoming: Incoming
    people: Mapping[str, Registered]
    """Those of its forms that are in the books, by registration id."""
    links: Mapping[int, str]
    """By a form's place among the message's forms: the address of the form's page with its answers filled in."""
    form_page: str
    """The address of the empty form's page."""
    answers_to: str
    """The address to which an answer to the reply goes."""


def standing_now(incoming: Incoming, registered: Collection[str]) -> Standing:
    """How the message stands, now that the people with these registration ids are in the books: what waited for the
    person may have come on the form's page, or by another message."""
    waits = incoming.standing is Standing.WAITING
    if waits and all(form.registration_id in registered for form in incoming.forms):
        return Standing.REGISTERED
    return incoming.standing
