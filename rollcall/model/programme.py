"""What the event's own pages show: agenda, documents, contributions, participants."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time


@dataclass(frozen=True)
class Said:
    """A text in several languages (BCP 47). The first is that for all others."""

    words: Mapping[str, str]

    def in_language(self, code: str) -> str:
        return self.words.get(code) or next(iter(self.words.values()), "")

    def language_for(self, code: str) -> str:
        """That of `in_language`."""
        return code if self.words.get(code) else next(iter(self.words), "")


@dataclass(frozen=True)
class AgendaItem:
    day: date
    title: Said
    starts: time | None = None
    """On clocks at the event."""
    ends: time | None = None
    chair: str = ""
    speakers: tuple[str, ...] = ()
    contributions: tuple[int, ...] = ()
    """Numbers."""


@dataclass(frozen=True)
class Document:
    id: str
    """In its address."""
    title: Said
    day: date | None = None
    languages: tuple[str, ...] = ()
    link: str = ""
    """Elsewhere; else there is a file."""
    file: str = ""
    """Its id in `Files`, or its name beside the event file."""
    type: str = ""
    size: int = 0


@dataclass(frozen=True)
class Programme:
    """As the event file says it (`Event.programme`), or as the staff last changed it: then what is None there is as the
    file says."""

    agenda: tuple[AgendaItem, ...] | None = None
    documents: tuple[Document, ...] | None = None
    contributions_close_at: datetime | None = None
    participants_from: datetime | None = None
    """When the list of participants is published; None: as the file says, or never."""
    changed_by: str = ""
    changed_at: datetime | None = None
    number: int = 0
    """Of the change; 0: nobody changed anything."""
    version: object = field(default=None, compare=False)


NO_PROGRAMME = Programme()


@dataclass(frozen=True)
class CallForContributions:
    """`[contributions]` of an event file."""

    closes_at: datetime
    text: str = ""
    """What is asked for."""
    items: tuple[str, ...] = ()
    """Agenda items or questions to choose from; empty: written freely."""
    publish_at_once: bool = False


# --- what is published of an event: a snapshot, written by `rollcall.desk.site.publish`, read by the function `pages`


@dataclass(frozen=True)
class PublishedFile:
    name: str
    """Of its object among what is published, and in its address; nobody can guess another's."""
    shown: str
    """What a browser stores it as."""
    type: str
    size: int
    language: str = ""


@dataclass(frozen=True)
class PublishedPaper:
    designation: str
    files: tuple[PublishedFile, ...]
    published_on: date


@dataclass(frozen=True)
class PublishedContribution:
    number: int
    title: str
    source: str
    item: str
    abstract: str
    papers: tuple[PublishedPaper, ...]
    late: bool
    withdrawn: bool = False
    """Then nothing but the number is shown."""


@dataclass(frozen=True)
class PublishedDocument:
    title: Said
    day: date | None
    languages: tuple[str, ...]
    link: str
    file: PublishedFile | None


@dataclass(frozen=True)
class Participant:
    """Who agreed to be listed."""

    name: str
    organization: str
    country: str
    """ISO 3166-1 alpha-2, or empty."""
    category: str
    """Its code."""
    head: bool = False
    """Of a delegation."""


@dataclass(frozen=True)
class Site:
    """All that the public pages of an event know beside its file."""

    event: str
    as_of: datetime
    """Everything committed by then is in it."""
    closes_at: datetime
    """The deadline for registrations, as it now stands."""
    contributions_close_at: datetime | None = None
    agenda: tuple[AgendaItem, ...] = ()
    documents: tuple[PublishedDocument, ...] = ()
    contributions: tuple[PublishedContribution, ...] = ()
    participants: tuple[Participant, ...] | None = None
    """None while the list is not published."""
