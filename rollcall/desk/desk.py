"""The Desk: what a registration desk works with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rollcall.desk.intakes import RecentIntakes
from rollcall.desk.ports import Compose, Draw, EmailReader, Files, Links, Post, Store
from rollcall.model.event import SMOKE_TEST, Event


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
    """The address that our e-mails come from."""

    def event(self, slug: str) -> Event | None:
        """The event with this slug, also the smoke test's, which is not among `events`."""
        return SMOKE_TEST if slug == SMOKE_TEST.slug else self.events.get(slug)
