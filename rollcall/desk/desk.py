"""The Desk: what a registration desk works with, and its ports in its own words, a few methods a verb."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from rollcall.desk.event import Event
from rollcall.desk.intake import Closing, Intake, IntakeStore, RecentIntakes
from rollcall.desk.mail import About, Mail, MailRecord, Message, Posted
from rollcall.desk.registration import KeptForm, Registered, Registration, Sign


class RegisteringStore(IntakeStore, Protocol):
    """What registering asks of the books. Every method may raise `StoreUnavailable`."""

    def accept(self, event: str, id: str, registration: Registration, mail: Mail) -> datetime | None:
        """Write the registration and the mail owed for it in one commit, both or neither, reading nothing.

        Returns the commit's time; None, with nothing written, where this id is already there.
        """
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


class SendingStore(Protocol):
    """What sending asks of the books. Every method may raise `StoreUnavailable`."""

    def now(self) -> datetime:
        """The store's time: not before any commit that was acknowledged, and before every one that comes after."""
        ...

    def due_mails(self, limit: int) -> Sequence[str]:
        """Ids of mails that are due now, the longest due first."""
        ...

    def mail(self, id: str) -> MailRecord | None:
        """The mail with this id."""
        ...

    def save_mail(self, record: MailRecord) -> bool:
        """Write the record if nobody wrote it since it was read; False, with nothing written, if somebody did."""
        ...


class RosterStore(Protocol):
    """What drawing up a roster asks of the books. Every method may raise `StoreUnavailable`."""

    def registrations(self, event: str, after: str | None, limit: int) -> Sequence[Registered]:
        """A page of the event's registrations by id, from the first id past `after`."""
        ...

    def roster_page(self, event: str, number: int) -> Sequence[str]:
        """The registration ids on a page of the roster; empty where it was not written."""
        ...

    def kept(self, event: str, after: str | None, limit: int) -> Sequence[KeptForm]:
        """A page of the event's kept forms by id, from the first id past `after`."""
        ...

    def unsent_mails(self, event: str) -> Sequence[MailRecord]:
        """The event's mails that were not sent (yet)."""
        ...


class ClosingStore(IntakeStore, RosterStore, Protocol):
    """What closing asks of the books. Every method may raise `StoreUnavailable`."""

    def write_roster_page(self, event: str, number: int, ids: Sequence[str]) -> None:
        """Write a page of the roster; the same page again changes nothing."""
        ...

    def record_closing(self, event: str, intake: Intake, closing: Closing, mails: Sequence[Mail]) -> bool:
        """In one commit record the closing and queue the mails, if the intake is as it was read; False if not."""
        ...


class Store(RegisteringStore, SendingStore, ClosingStore, Protocol):
    """The books: keeps what it is told, atomically, and says when. It never decides."""


Compose = Callable[[Mail, Event, About, Intake], Message]
"""Makes the message of a mail out of what it is about; pure."""

Post = Callable[[Message], Posted]
"""Hands a message to whoever delivers it; says what became of it and does not raise for that."""


@dataclass(frozen=True)
class Desk:
    """What a desk works with."""

    store: Store
    intakes: RecentIntakes
    events: Mapping[str, Event]
    """By slug."""
    compose: Compose
    post: Post
