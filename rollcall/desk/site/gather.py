"""What is published of an event: of its file, the programme, contributions and participants."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from rollcall.desk.personal_data.deleted import deleted
from rollcall.desk.ports import Store
from rollcall.desk.roster import standing
from rollcall.desk.site.programme import programme_now, programme_of
from rollcall.model.contribution import Contribution, Paper, PaperStatus, designation, is_late
from rollcall.model.event import Event
from rollcall.model.finding import name_in_order
from rollcall.model.intake import Intake
from rollcall.model.programme import (
    DOCUMENT_TYPES,
    Document,
    Participant,
    Programme,
    PublishedContribution,
    PublishedDocument,
    PublishedFile,
    PublishedPaper,
    Site,
    participant_of,
)
from rollcall.model.registration import may_be_id
from rollcall.record import to_json

PAGE = 100
"""Contributions read at a time."""
_LONGEST_ENDING, _LONGEST_NAME = 8, 60
"""Characters."""


def gather(store: Store, event: Event, as_of: datetime, before: Site) -> Site:
    """Whatever was committed by `as_of` is in it. Its files are named by where each comes from: an id in `Files`, or a
    name and a digest of what is beside the event file. `before`: what is published now."""
    if not event.has_pages:
        return Site(event.slug, as_of, event.closes_at)
    intake, programme = store.intake(event), programme_now(store, event)
    stored = store.stored(event.slug)  # before the people: who comes between is looked for once more
    begins = programme.participants_from
    is_listed = begins is not None and begins <= as_of < event.keep_until and not deleted(store, event, as_of)
    contributions = published_contributions(event, programme, _numbered(store, event), before, event.day_of(as_of))
    return Site(
        event.slug,
        as_of,
        intake.closes_at,
        contributions_close_at=_contributions_close_at(event, programme),
        agenda=programme.agenda or (),
        documents=tuple(_documents(event, programme)),
        contributions=tuple(contributions),
        participants=tuple(participants(store, event, intake)) if is_listed else None,
        of_file=of_file(event),
        stored=stored,
        anew_at=min((at for at in (begins, event.keep_until) if begins and at and at > as_of), default=None),
    )


def of_file(event: Event) -> str:
    """Changes with what the file says of the site, and with the files beside it."""
    if not event.has_pages:
        return ""
    programme = programme_of(event)
    beside = [_source_beside(event, one.file) for one in programme.documents or () if one.file]
    closes_at = event.contributions and event.contributions.closes_at
    said = to_json([programme, beside, closes_at and closes_at.isoformat(), event.keep_until.isoformat()])
    return hashlib.sha256(said).hexdigest()[:16]


def _contributions_close_at(event: Event, programme: Programme) -> datetime | None:
    return programme.contributions_close_at or event.contributions.closes_at if event.contributions else None


def _numbered(store: Store, event: Event) -> Iterator[Contribution]:
    """The highest number first."""
    before = None
    while page := store.contributions(event.slug, PAGE, before):
        yield from page
        before = page[-1].number


def published_contributions(
    event: Event, programme: Programme, numbered: Iterable[Contribution], before: Site, today: date
) -> list[PublishedContribution]:
    """By number. One that was published and is withdrawn since keeps its number, and nothing else."""
    closes_at = _contributions_close_at(event, programme) or event.over_at
    days = {paper.designation: paper.published_on for one in before.contributions for paper in one.papers}

    def papers(one: Contribution) -> Iterator[PublishedPaper]:
        for paper in one.published:
            called = designation(event.slug, one.number, paper)
            yield PublishedPaper(called, tuple(_files(called, paper)), days.get(called, today))

    found = []
    for one in numbered:
        if one.number and one.published:
            late = is_late(one.papers[0], closes_at)
            said = one.title, one.source, one.item, one.abstract
            found.append(PublishedContribution(one.number, *said, tuple(papers(one)), late))
        elif one.number and one.withdrawn and any(paper.status is PaperStatus.PUBLISHED for paper in one.papers):
            found.append(PublishedContribution(one.number, "", "", "", "", (), late=False, withdrawn=True))
    return sorted(found, key=lambda one: one.number)


def _files(called: str, paper: Paper) -> Iterator[PublishedFile]:
    """Under names of our own making: what their sender called them may say more than is published."""
    stem = re.sub("[/ ().]+", "-", called).strip("-")
    languages = [file.language for file in paper.files]
    for place, file in enumerate(paper.files, 1):
        which = file.language if file.language and languages.count(file.language) == 1 else str(place)
        shown = f"{stem}-{which}" if len(languages) > 1 else stem
        ending = Path(file.name).suffix[:_LONGEST_ENDING].lower()
        yield PublishedFile(file.id, shown + ending, file.type, file.size, file.language)


def _documents(event: Event, programme: Programme) -> Iterator[PublishedDocument]:
    """Without those whose file is no longer beside the event file."""
    for one in programme.documents or ():
        file = _document_file(event, one) if one.file else None
        if file or one.link:
            yield PublishedDocument(one.title, one.day, one.languages, one.link, file)


def _document_file(event: Event, one: Document) -> PublishedFile | None:
    if may_be_id(one.file):
        title = re.sub(r"\W+", "-", one.title.in_language(event.language)).strip("-")[:_LONGEST_NAME]
        ending = next((ending for ending, type in DOCUMENT_TYPES.items() if type == one.type), "")
        return PublishedFile(one.file, (title or event.slug) + ending, one.type, one.size)
    source = _source_beside(event, one.file)
    return PublishedFile(source, one.file, one.type, one.size) if source else None


def _source_beside(event: Event, name: str) -> str:
    """Empty where there is no such file."""
    path = Path(event.folder) / Path(name).name
    try:
        stands = path.stat()
        return f"{path.name}/{_digest(path, stands.st_size, stands.st_mtime_ns)}"
    except OSError:
        return ""


@lru_cache(maxsize=1000)
def _digest(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def participants(store: Store, event: Event, intake: Intake) -> list[Participant]:
    """Those on the roster as it now stands who agreed to be listed, by name."""
    named = []
    for one in standing(store, event, intake, None):
        registration = one.registered.registration
        if one.is_on_roster and (listed := participant_of(registration)):
            named.append((name_in_order(registration), one.registered.id, listed))
    return [listed for _, _, listed in sorted(named, key=lambda one: one[:2])]


def with_names(site: Site, names: Mapping[str, str]) -> Site:
    """Its files under the names by which they are published; those without one are left out."""

    def named(files: Iterable[PublishedFile]) -> tuple[PublishedFile, ...]:
        return tuple(replace(one, name=names[one.name]) for one in files if one.name in names)

    documents = tuple(
        replace(one, file=next(iter(named([one.file])), None) if one.file else None) for one in site.documents
    )
    contributions = tuple(
        replace(one, papers=tuple(replace(paper, files=named(paper.files)) for paper in one.papers))
        for one in site.contributions
    )
    return replace(site, documents=documents, contributions=contributions)
