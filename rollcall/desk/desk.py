"""The Desk: what a registration desk works with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rollcall.desk.intakes import RecentIntakes
from rollcall.desk.limits import Limits
from rollcall.desk.ports import EmailReader, Files, Links, Post, Store
from rollcall.model.email import Email, NotNeeded, OutboxEntry
from rollcall.model.event import Event
from rollcall.model.intake import Intake


@dataclass(frozen=True)
class Desk:
    """What a desk works with."""

    store: Store
    intakes: RecentIntakes
    events: Mapping[str, Event]
    """By slug."""
    write: "Callable[[Desk, OutboxEntry, Event, Intake], Email | NotNeeded]"
    """Writes the e-mail of an entry from what is stored now, or finds that it is no longer needed."""
    post: Post
    files: Callable[[], Files]
    """Made where it is needed first, as is `reader`: a person who waits for the form's page does not pay for it."""
    reader: Callable[[], EmailReader]
    links: Links
    sender: str
    """The address that our e-mails come from."""
    limits: Limits = field(default_factory=Limits)
