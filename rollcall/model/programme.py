"""What the event's own pages show: agenda, documents, contributions, participants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from rollcall.model.registration import Registration

LISTED = "listed"
"""The field that asks for consent to stand on the public list of participants."""
HEAD_OF_DELEGATION = "head_of_delegation"
"""A field too."""
NEVER = datetime(9000, 1, 1, tzinfo=UTC)
"""As `Programme.participants_from`: the list is not published, whatever the event file says."""
_OFFICE, _OPEN = "application/vnd.openxmlformats-officedocument", "application/vnd.oasis.opendocument"
DOCUMENT_TYPES = {
    ".pdf": "application/pdf",
    ".txt": "text/plain",
    ".docx": f"{_OFFICE}.wordprocessingml.document",
    ".xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    ".pptx": f"{_OFFICE}.presentationml.presentation",
    ".odt": f"{_OPEN}.text",
    ".ods": f"{_OPEN}.spreadsheet",
    ".odp": f"{_OPEN}.presentation",
}
"""Media types of what may be published, by how a file's name ends. None of them runs anything."""


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


@dataclass(frozen=True)
class Document:
    id: str
    title: Said
    day: date | None = None
    languages: tuple[str, ...] = ()
    link: str = ""
    """Elsewhere; else there is a file."""
    file: str = ""
    """Its id in `Files`, or its name beside the event file: that has a dot."""
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
    items: tuple[str, ...] = ()
    """Agenda items or questions to choose from; empty: written freely."""
    publish_at_once: bool = False


def with_item(agenda: Sequence[AgendaItem], item: AgendaItem, place: int | None = None) -> tuple[AgendaItem, ...]:
    """In place of the one there, or one more; in the order of days and times."""
    others = [one for number, one in enumerate(agenda) if number != place]
    at = 1 + max((number for number, one in enumerate(others) if _is_before(one, item)), default=-1)
    if place is not None and (agenda[place].day, agenda[place].starts) == (item.day, item.starts):
        at = place
    return (*others[:at], item, *others[at:])


def with_two_swapped(agenda: Sequence[AgendaItem], place: int) -> tuple[AgendaItem, ...] | None:
    """This one and the next; None where their times say the order."""
    if not 0 <= place < len(agenda) - 1 or _is_before(agenda[place], agenda[place + 1], ties=False):
        return None
    return (*agenda[:place], agenda[place + 1], agenda[place], *agenda[place + 2 :])


def _is_before(one: AgendaItem, other: AgendaItem, *, ties: bool = True) -> bool:
    """`ties`: what their days and times leave open."""
    if one.day != other.day or other.starts is None:
        return one.day < other.day or (ties and one.day == other.day)
    return one.starts is not None and (one.starts <= other.starts if ties else one.starts < other.starts)


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
    name: str
    organization: str
    country: str
    """ISO 3166-1 alpha-2, or empty."""
    category: str
    head: bool = False


def participant_of(registration: Registration) -> Participant | None:
    """None: who did not agree to be listed."""
    answers = registration.answers
    if answers.get(LISTED) != "yes":
        return None
    return Participant(
        registration.full_name,
        answers.get("organization", ""),
        answers.get("country", ""),
        registration.category,
        head=answers.get(HEAD_OF_DELEGATION) == "yes",
    )


@dataclass(frozen=True)
class Gone:
    """A file that is published no longer."""

    name: str
    at: datetime


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
    """By family name, then first name; None while the list is not published."""
    # what follows is for `rollcall.desk.site.publish` alone
    of_file: str = ""
    """Changes with what the event file says of it."""
    stored: int = 0
    """Registrations, when the participants were read."""
    anew_at: datetime | None = None
    """To be gathered anew then, though nobody changed anything."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Of files that are there, or on their way, by where each comes from."""
    gone: tuple[Gone, ...] = ()
    """For a while, since whoever was copying one may not know yet."""

    @property
    def files(self) -> tuple[PublishedFile, ...]:
        papers = (paper for one in self.contributions for paper in one.papers)
        of_documents = (one.file for one in self.documents if one.file)
        return *of_documents, *(file for paper in papers for file in paper.files)
