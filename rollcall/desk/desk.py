"""The Desk: what a registration desk works with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rollcall.desk.intakes import RecentIntakes
from rollcall.desk.limits import Limits
from rollcall.desk.ports import EmailReader, Files, Links, Post, Store
from rollcall.model.email import Email, NotNeeded, OutboxEntry
from rollcall.model.event import SMOKE_TEST, Event
from rollcall.model.intake import Intake


@dataclass(frozen=True)
class Desk:
    store: Store
    intakes: RecentIntakes
    events: Mapping[str, Event]
    """By slug."""
    write: "Callable[[Desk, OutboxEntry, Event, Intake], Email | NotNeeded]"
    """From the store as it is now."""
    post: Post
    files: Callable[[], Files]
    """Made on first use, as is `reader`: whoever waits for the form's page does not pay for it."""
    reader: Callable[[], EmailReader]
    links: Links
    sender: str
    limits: Limits = field(default_factory=Limits)

    def event(self, slug: str) -> Event | None:
        """Also the smoke test's, which is not among `events`."""
        return SMOKE_TEST if slug == SMOKE_TEST.slug else self.events.get(slug)
