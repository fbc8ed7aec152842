"""Contributions to the event: papers that people send in, and what becomes of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import PurePosixPath

from rollcall.model.registration import Actor, Way

EMAILED_TO = "contribution"
"""After the event's slug and a +, in the address to which contributions are e-mailed."""
LARGEST_FILE = 50_000_000
"""Bytes."""
MOST_FILES = 6
"""Of a paper: one a language version."""
MOST_PAPERS = 30
"""Of a contribution: with its revisions, addenda and corrigenda."""
FILE_IDS_BEGIN = "PAPER"
"""By it the public function that takes papers may reach these, and no inbound e-mail (deploy/accounts.py)."""
LONGEST_TITLE = LONGEST_SOURCE = 300
LONGEST_ABSTRACT = 3000
"""Characters."""


class PaperKind(StrEnum):
    ORIGINAL = "original"
    REVISION = "revision"
    ADDENDUM = "addendum"
    CORRIGENDUM = "corrigendum"


class PaperStatus(StrEnum):
    WAITING = "waiting"
    PUBLISHED = "published"
    HELD = "held"
    """By the staff, with a reason that its submitter was told; or since nobody could look into it (`Paper.doubt`)."""


class PaperDoubt(StrEnum):
    """Why the staff look at its files before anybody else."""

    NOT_SCANNED = "not_scanned"
    NOT_INSPECTED = "not_inspected"
    """Too large or too complicated to be looked into."""
    ACTIVE = "active"
    """It runs or fetches something: a macro, a script."""


class Stage(StrEnum):
    """Of a contribution, as the staff count them: each is at one."""

    NEEDS_REVIEW = "needs_review"
    """They look at a file of it before anybody else (`PaperDoubt`)."""
    WAITING = "waiting"
    """For them to publish all of it."""
    PUBLISHED = "published"
    HELD = "held"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class PaperFile:
    id: str
    """In `Files`; of our own making."""
    name: str
    """As whoever sent it called it, made harmless; with the ending of its kind."""
    type: str
    """Media type, told by its content."""
    language: str
    """BCP 47; empty where nobody said."""
    size: int
    sha256: str


@dataclass(frozen=True)
class Paper:
    kind: PaperKind
    number: int
    """Of its kind: 1 is (Rev.1); of the original 0."""
    files: tuple[PaperFile, ...]
    status: PaperStatus = PaperStatus.WAITING
    reason: str = ""
    """Why it is held, as its submitter was told."""
    doubt: PaperDoubt | None = None
    received_at: datetime | None = None
    """The time of the commit that brought it; None only before that commit."""
    arrived_at: datetime | None = None
    """When SendGrid received its e-mail; None for a page."""

    @property
    def is_text(self) -> bool:
        return self.kind in (PaperKind.ORIGINAL, PaperKind.REVISION)

    @property
    def in_doubt(self) -> bool:
        """Nobody has judged it yet."""
        return self.doubt is not None and self.status is PaperStatus.HELD and not self.reason


@dataclass(frozen=True)
class Upload:
    """A file on its way in, as its signed token says it."""

    id: str
    """In `Uploads`, and later in `Files`."""
    name: str
    """As whoever sends it calls it, until somebody looked into it."""
    size: int
    type: str = ""
    """With those below, once somebody looked into it."""
    sha256: str = ""
    doubt: PaperDoubt | None = None

    def in_language(self, code: str) -> PaperFile:
        return PaperFile(self.id, self.name, self.type, code, self.size, self.sha256)


@dataclass(frozen=True)
class Draft:
    title: str
    source: str
    name: str
    """Of the person who sends it."""
    email: str
    files: tuple[PaperFile, ...]
    item: str = ""
    abstract: str = ""
    registration_id: str = ""
    consent: str = ""
    """To publication: the words agreed to; empty where it was not given."""
    language: str = "en"
    """In which its submitter is written to (BCP 47)."""
    doubt: PaperDoubt | None = None


@dataclass(frozen=True)
class Contribution:
    id: str
    event: str
    title: str
    source: str
    name: str
    email: str
    papers: tuple[Paper, ...]
    """In the order in which they came; the first is the original."""
    item: str = ""
    abstract: str = ""
    registration_id: str = ""
    consent: str = ""
    language: str = "en"
    number: int | None = None
    """Given once by `number_due`, in the order of receipt; never again to another."""
    withdrawn: bool = False
    revision: int = 1
    """Of this record: 1 as it was sent; each change makes the next."""
    link: int = 0
    """Links to it of a lower number have been ended."""
    key: str = ""
    """`submission_key` of the original, or after those withdrawn before it a further one."""
    inbound_id: str = ""
    receipts: int = 0
    """For so many of its papers one is enqueued; `number_due` does it for the others."""
    created_at: datetime | None = field(default=None, compare=False)
    """When the original was received: the time of its commit."""
    version: object = field(default=None, compare=False)

    @property
    def receipts_due(self) -> bool:
        return self.receipts < len(self.papers)

    @property
    def status(self) -> PaperStatus:
        """Of the newest paper that is its text."""
        return self.text.status

    @property
    def stage(self) -> Stage:
        if self.withdrawn:
            return Stage.WITHDRAWN
        if any(one.in_doubt for one in self.current):
            return Stage.NEEDS_REVIEW
        waits = any(one.status is PaperStatus.WAITING for one in self.current)
        return Stage.WAITING if waits else Stage(self.status)

    @property
    def current(self) -> tuple[Paper, ...]:
        """Its text, and its addenda and corrigenda."""
        return tuple(one for one in self.papers if one is self.text or not one.is_text)

    @property
    def text(self) -> Paper:
        """The last revision, or the original."""
        return next(one for one in reversed(self.papers) if one.is_text)

    @property
    def published(self) -> tuple[Paper, ...]:
        """What everybody may read: the last text that was published, and its addenda and corrigenda."""
        public = [one for one in self.papers if one.status is PaperStatus.PUBLISHED]
        texts = [one for one in public if one.is_text]
        if self.withdrawn or self.number is None or not texts:
            return ()
        return texts[-1], *(one for one in public if not one.is_text)

    @property
    def was_published(self) -> bool:
        """Everybody knows its number, though it may be withdrawn since."""
        return self.number is not None and any(one.status is PaperStatus.PUBLISHED for one in self.papers)

    def next_number(self, kind: PaperKind) -> int:
        return 1 + sum(one.kind is kind for one in self.papers)

    def with_paper(self, kind: PaperKind, files: tuple[PaperFile, ...], **more: object) -> "Contribution":
        paper = Paper(kind, self.next_number(kind), files, **more)  # type: ignore[arg-type]
        return replace(self, papers=(*self.papers, paper))


@dataclass(frozen=True)
class ContributionChange:
    """One of its history: as it was before, and who changed it."""

    number: int
    """The revision that it made."""
    before: Mapping[str, str]
    """Of what differs alone, as text; no personal data but names and titles."""
    after: Mapping[str, str]
    by: Actor
    way: Way
    who: str
    """Address of the one of the staff; empty for the submitter."""
    at: datetime


def without_submitter(one: Contribution) -> Contribution:
    """What stays of one that was published: the event's document, with the files that everybody may read. Of one that
    is withdrawn, its number."""
    papers = tuple(
        replace(paper, files=tuple(map(_unnamed, paper.files)) if paper in one.published else (), reason="")
        for paper in one.papers
        if paper is one.papers[0] or paper in one.published  # the first says whether it was late
    )
    said = {"title": "", "source": "", "item": "", "abstract": ""} if one.withdrawn else {}
    gone = {"name": "", "email": "", "registration_id": "", "inbound_id": "", "consent": "", "key": "", **said}
    return replace(one, papers=papers, receipts=len(papers), link=one.link + bool(one.email), language="en", **gone)  # type: ignore[arg-type]


def _unnamed(file: PaperFile) -> PaperFile:
    return replace(file, name=f"paper{PurePosixPath(file.name).suffix}")


_LETTERS = {PaperKind.REVISION: "Rev", PaperKind.ADDENDUM: "Add", PaperKind.CORRIGENDUM: "Corr"}


def file_id(id: str) -> str:
    """Of a paper's file, in `Uploads` and in `Files`; as hard to guess."""
    return FILE_IDS_BEGIN + id[len(FILE_IDS_BEGIN) :]


def designation(event: str, number: int | None, paper: Paper | None = None) -> str:
    """`INTGOV04-C/7 (Rev.1)`, as the ITU numbers documents; empty without a number."""
    if number is None:
        return ""
    suffix = f" ({_LETTERS[paper.kind]}.{paper.number})" if paper and paper.kind in _LETTERS else ""
    return f"{event.upper()}-C/{number}{suffix}"


def is_late(paper: Paper, closes_at: datetime) -> bool:
    """One that came by e-mail counts from its arrival at SendGrid (whole seconds: the deadline's own is too late)."""
    in_time_by_email = paper.arrived_at is not None and paper.arrived_at < closes_at
    return paper.received_at is not None and paper.received_at > closes_at and not in_time_by_email
