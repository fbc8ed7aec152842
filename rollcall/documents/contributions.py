"""Contributions in words, their files' names, and the list of them, as workbook and PDF."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from rollcall.documents.rooming_list import table_pdf
from rollcall.documents.roster_content import ROSTER_TYPES
from rollcall.documents.workbook import Column, Sheet, write_workbook
from rollcall.language import N_, NP_, Language, language
from rollcall.model.contribution import (
    Contribution,
    ContributionChange,
    Paper,
    PaperDoubt,
    PaperKind,
    PaperStatus,
    Stage,
    designation,
    is_late,
)
from rollcall.model.event import Event
from rollcall.model.registration import Actor
from templates import in_zone

_STAGES = {
    Stage.NEEDS_REVIEW: NP_("contributions", "To be looked at"),
    Stage.WAITING: NP_("contributions", "New"),
    Stage.PUBLISHED: NP_("contributions", "Published"),
    Stage.HELD: NP_("contributions", "Held"),
    Stage.WITHDRAWN: NP_("contributions", "Withdrawn"),
}
_STATUSES = {
    PaperStatus.WAITING: _STAGES[Stage.WAITING],
    PaperStatus.PUBLISHED: _STAGES[Stage.PUBLISHED],
    PaperStatus.HELD: _STAGES[Stage.HELD],
}
_KINDS = {
    PaperKind.ORIGINAL: N_("As first sent"),
    PaperKind.REVISION: N_("Revision %(number)s"),
    PaperKind.ADDENDUM: N_("Addendum %(number)s"),
    PaperKind.CORRIGENDUM: N_("Corrigendum %(number)s"),
}
_DOUBTS = {
    PaperDoubt.NOT_SCANNED: N_("The virus scanner did not answer."),
    PaperDoubt.NOT_INSPECTED: N_("It is too large or too complicated for our program to look into."),
    PaperDoubt.ACTIVE: N_("It may run or fetch something."),
}
_CHANGED = {
    "title": N_("Title of the contribution"),
    "source": N_("Source"),
    "item": N_("Agenda item or question"),
    "abstract": N_("Abstract"),
    "name": N_("Name"),
    "consent": N_("Publication"),
}
_IN_NAME = {PaperKind.REVISION: "Rev", PaperKind.ADDENDUM: "Add", PaperKind.CORRIGENDUM: "Corr"}
_PAPER = re.compile(r"(\w+) (\d+): (\w+)")


@dataclass(frozen=True)
class ContributionList:
    at: datetime
    contributions: Sequence[Contribution]
    closes_at: datetime | None
    """Of contributions; None where none are asked for any more."""
    files: Mapping[str, Sequence[str]] | None = None
    """By contribution: names of those that lie beside the list."""


def stage_in_words(event: Event, stage: Stage) -> str:
    return language(event.language).pgettext("contributions", _STAGES[stage])


def late_in_words(event: Event) -> str:
    return language(event.language).pgettext("contributions", NP_("contributions", "Late"))


def paper_status_in_words(event: Event, status: PaperStatus) -> str:
    return language(event.language).pgettext("contributions", _STATUSES[status])


def doubt_in_words(event: Event, doubt: PaperDoubt) -> str:
    return language(event.language).gettext(_DOUBTS[doubt])


def paper_in_words(event: Event, kind: PaperKind, number: int) -> str:
    return language(event.language).gettext(_KINDS[kind], number=number)


def change_in_words(event: Event, change: ContributionChange) -> list[tuple[str, str, str]]:
    names = sorted(change.before.keys() | change.after.keys())
    differing = ((name, change.before.get(name, ""), change.after.get(name, "")) for name in names)
    return [_one_changed(event, *one) for one in differing if one[1] != one[2]]


def _one_changed(event: Event, name: str, before: str, after: str) -> tuple[str, str, str]:
    spoken = language(event.language)
    if name in _CHANGED:
        return spoken.gettext(_CHANGED[name]), before, after
    if name == "withdrawn":
        return stage_in_words(event, Stage.WITHDRAWN), "", spoken.gettext("Yes")
    if name.startswith("reason "):
        return spoken.gettext("Reason"), before, after
    if (paper := _PAPER.fullmatch(after or before)) is None:
        return name, before, after
    was, now = _PAPER.fullmatch(before), _PAPER.fullmatch(after)
    said = [paper_status_in_words(event, PaperStatus(one[3])) if one else "" for one in (was, now)]
    return paper_in_words(event, PaperKind(paper[1]), int(paper[2])), said[0], said[1]


def changed_by(event: Event, change: ContributionChange) -> str:
    submitter = N_("its submitter")
    spoken = language(event.language)
    return change.who or spoken.gettext(submitter if change.by is Actor.REGISTRANT else N_("the staff"))


def file_names(one: Contribution, paper: Paper) -> list[str]:
    """Of our own making, in the order of its files: `INTGOV04-C-007-Rev1-en.docx`."""
    number = f"{one.number:03}" if one.number is not None else "000"
    kind = f"-{_IN_NAME[paper.kind]}{paper.number}" if paper.kind in _IN_NAME else ""
    names: list[str] = []
    for file in paper.files:
        code = re.sub("[^0-9A-Za-z-]", "", file.language)
        ending = PurePosixPath(file.name).suffix
        stem = f"{one.event.upper()}-C-{number}{kind}{f'-{code}' if code else ''}"
        taken = sum(name in (f"{stem}{ending}", *(f"{stem}-{n}{ending}" for n in range(2, 9))) for name in names)
        names.append(f"{stem}{f'-{taken + 1}' if taken else ''}{ending}")
    return names


def list_name(event: Event, ending: str) -> str:
    return f"{event.slug}-contributions{ending}"


def contributions_workbook(event: Event, said: ContributionList) -> bytes:
    with TemporaryDirectory(prefix="contributions-") as folder:
        path, spoken = Path(folder) / "list.xlsx", language(event.language)
        title = spoken.gettext("%(label)s: %(text)s", label=spoken.gettext("Contributions"), text=event.title)
        write_workbook(path, title, spoken, said.at, [_sheet(event, said)])
        return path.read_bytes()


def _sheet(event: Event, said: ContributionList) -> Sheet:
    spoken = language(event.language)
    columns = {name: Column(spoken.gettext(label), width, wraps) for name, (label, width, wraps) in _COLUMNS.items()}
    rows = (_row(event, spoken, said, one) for one in said.contributions)
    name, first = spoken.pgettext("sheet, at most 31 characters", _SHEET), ("number", "title", "source", "status")
    return Sheet(name, columns, rows, len(said.contributions), matter_most=first)


_SHEET = NP_("sheet, at most 31 characters", "Contributions")
_COLUMNS = {
    "number": (N_("Number"), 17, False),
    "title": (N_("Title of the contribution"), 40, True),
    "source": (N_("Source"), 24, True),
    "item": (N_("Agenda item or question"), 20, True),
    "received": (N_("Received"), 22, True),
    "status": (N_("Status"), 14, True),
    "files": (N_("Files"), 36, True),
    "name": (N_("Name"), 24, True),
    "email": (N_("E-mail"), 28, True),
    "abstract": (N_("Abstract"), 60, True),
}


def _row(event: Event, spoken: Language, said: ContributionList, one: Contribution) -> Mapping[str, str]:
    names = (name for paper in one.papers for name in file_names(one, paper))
    files = said.files.get(one.id, ()) if said.files is not None else names
    return {
        "number": designation(event.slug, one.number),
        "title": one.title,
        "source": one.source,
        "item": one.item,
        "received": in_zone(one.created_at, event) if one.created_at else "",
        "status": ", ".join(_standing(event, said, one)),
        "files": "\n".join(files),
        "name": one.name,
        "email": one.email,
        "abstract": one.abstract,
    }


def _standing(event: Event, said: ContributionList, one: Contribution) -> Iterator[str]:
    yield stage_in_words(event, one.stage)
    if said.closes_at and is_late(one.papers[0], said.closes_at):
        yield late_in_words(event)


def contributions_pdf(event: Event, said: ContributionList) -> bytes:
    spoken, shown = language(event.language), ("number", "title", "source", "item", "received", "status")
    rows = (_row(event, spoken, said, one) for one in said.contributions)
    count = len(said.contributions)
    return table_pdf(
        event,
        title=spoken.gettext("Contributions"),
        at=spoken.gettext("As of %(at)s", at=in_zone(said.at, event)),
        count=spoken.ngettext("%(count)s contribution", "%(count)s contributions", count),
        columns=[spoken.gettext(_COLUMNS[name][0]) for name in shown],
        rows=[[row[name] for name in shown] for row in rows],
    )


LIST_TYPES: Mapping[str, tuple[str, Callable[[Event, ContributionList], bytes]]] = {
    ".pdf": ("application/pdf", contributions_pdf),
    ".xlsx": (ROSTER_TYPES[".xlsx"], contributions_workbook),
}
"""Media type, and how it is made."""
