"""What the pages are made of: event files, and what is published. Nothing else is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from handlers.logs import log_fault, log_unavailable
from handlers.pages.kept import KeptAnswers
from rollcall.desk.contribution_ports import Published
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event
from rollcall.model.programme import PublishedDocument, Site
from rollcall.record import from_json

READ_AGAIN_AFTER = 5.0
"""Seconds."""
_RETRY_AFTER = timedelta(minutes=1)


@dataclass(frozen=True)
class Snapshot:
    site: Site | None
    """None: nothing is published yet, and all is as the event file says."""
    version: object = None


OF_FILE = Snapshot(None)


class RecentSites:
    """What is published, cached for some seconds by each instance. `seconds` counts up (`time.monotonic`)."""

    def __init__(self, published: Callable[[], Published], seconds: Callable[[], float]) -> None:
        self.published = published
        self._seconds = seconds
        self._read: dict[str, tuple[float, Snapshot]] = {}

    def recent(self, event: Event, at_most: float = READ_AGAIN_AFTER) -> Snapshot:
        """At most so many seconds old; the last one known, while it cannot be read. Raises `StoreUnavailable`."""
        at, known = self._read.get(event.slug, (0.0, None))
        asked_at = self._seconds()
        if known and asked_at - at < at_most:
            return known
        try:
            return self.fresh(event)
        except StoreUnavailable as error:
            if known is None:
                raise
            log_unavailable(error, event=event.slug)
            self._read[event.slug] = (asked_at, known)  # nobody waits for it again at once
            return known

    def fresh(self, event: Event) -> Snapshot:
        asked_at = self._seconds()
        found = self.published().site(event.slug)
        _, known = self._read.get(event.slug, (0.0, None))
        if found is None:
            snapshot = OF_FILE
        elif known and known.version == found[1]:
            snapshot = known
        else:
            snapshot = Snapshot(_read(found[0]), found[1])
        self._read[event.slug] = (asked_at, snapshot)
        return snapshot


@dataclass(frozen=True)
class Public:
    events: Mapping[str, Event]
    sites: RecentSites
    now: Callable[[], datetime]
    address: str = ""
    """Of the forms, as `https://www.example.org/register`; empty: whoever asks says on which host we are."""
    kept: KeptAnswers = field(default_factory=KeptAnswers)


def as_of_file(event: Event) -> Site:
    """Before anything is published, in the event's language; its files are not there yet."""
    documents = event.programme.documents or ()
    return Site(
        event=event.slug,
        as_of=event.opens_at,
        closes_at=event.closes_at,
        contributions_close_at=event.contributions.closes_at if event.contributions else None,
        agenda=event.programme.agenda or (),
        documents=tuple(
            PublishedDocument(one.title, one.day, one.languages, one.link, None) for one in documents if one.link
        ),
    )


def _read(written: bytes) -> Site:
    """What another version of our code wrote may not be readable."""
    try:
        site: Site = from_json(Site, written)
        return site
    except Exception as error:
        log_fault(error)
        raise StoreUnavailable(_RETRY_AFTER) from error
