"""Contributions: all of them, by where they stand, and their files in one archive."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import RawIOBase
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from flask import Response

from handlers.logs import log
from handlers.request_body import number_in
from handlers.responses import allow, as_file
from handlers.staff.pages import staff_page
from handlers.staff.people import Tag
from handlers.staff.visit import Visit
from rollcall.desk.contributions.submit import contributions_close_at
from rollcall.desk.staff.contributions import (
    Counts,
    Listing,
    all_contributions,
    archived,
    in_archive,
    is_late_one,
    listing,
)
from rollcall.documents.contributions import (
    LIST_TYPES,
    ContributionList,
    contributions_workbook,
    file_names,
    late_in_words,
    list_name,
    stage_in_words,
)
from rollcall.language import N_
from rollcall.model.contribution import Contribution, PaperFile, Stage, designation
from rollcall.model.personal_data import Opened

MOST_SHOWN = 50
_LATE = "late"
_NO_NUMBER = N_("no number yet")


@dataclass(frozen=True)
class Filter:
    label: str
    count: int
    address: str
    is_chosen: bool


@dataclass(frozen=True)
class Row:
    address: str
    number: str
    title: str
    source: str
    item: str
    received: datetime | None
    files: str
    tags: Sequence[Tag]


@dataclass(frozen=True)
class ContributionsPage:
    filters: Sequence[Filter]
    balances: bool
    rows: Sequence[Row]
    number: int
    """Of the page of results."""
    previous: str
    next: str
    files: Sequence[tuple[str, str]]
    """Name and address: lists, and archives of the files."""
    queue: str


def contributions_page(visit: Visit) -> Response:
    allow(visit.request, "GET", "HEAD")
    given = visit.request.args
    chosen, number = given.get("show", ""), max(1, number_in(given.get("page", ""), 4) or 1)
    stage = Stage(chosen) if chosen in set(Stage) else None
    store, event = visit.desk.store, visit.event
    closes_at = contributions_close_at(store, event)
    skip = (number - 1) * MOST_SHOWN
    found = listing(store, event.slug, closes_at, stage, skip, MOST_SHOWN, late=chosen == _LATE)
    shown = {"show": chosen} if stage or chosen == _LATE else {}
    page = ContributionsPage(
        filters=_filters(visit, found.counts, shown.get("show", "")),
        balances=found.counts.balances,
        rows=[_row(visit, one, closes_at) for one in found.shown],
        number=number,
        previous=visit.address("contributions", **shown, page=str(number - 1)) if number > 1 else "",
        next=visit.address("contributions", **shown, page=str(number + 1)) if found.found > skip + MOST_SHOWN else "",
        files=_files(visit, found),
        queue=visit.address("review"),
    )
    return staff_page(visit, "contributions", page)


def _filters(visit: Visit, counts: Counts, chosen: str) -> list[Filter]:
    those = [("", visit.spoken.gettext("All"), counts.received)]
    those += [(one.value, stage_in_words(visit.event, one), counts.stages.get(one, 0)) for one in Stage]
    those.append((_LATE, late_in_words(visit.event), counts.late))
    return [
        Filter(label, count, visit.address("contributions", **({"show": code} if code else {})), code == chosen)
        for code, label, count in those
    ]


def _row(visit: Visit, one: Contribution, closes_at: datetime | None) -> Row:
    return Row(
        address=visit.address("contributions", one.id),
        number=designation(one.event, one.number) or visit.spoken.gettext(_NO_NUMBER),
        title=one.title,
        source=one.source,
        item=one.item,
        received=one.created_at,
        files=_files_in_words(visit, [file for paper in one.papers for file in paper.files]),
        tags=tags_of(visit, one, closes_at),
    )


def tags_of(visit: Visit, one: Contribution, closes_at: datetime | None) -> list[Tag]:
    late = [Tag(late_in_words(visit.event), bad=True)] if is_late_one(one, closes_at) else []
    bad = one.stage in (Stage.NEEDS_REVIEW, Stage.HELD, Stage.WITHDRAWN)
    return [Tag(stage_in_words(visit.event, one.stage), bad), *late]


def _files_in_words(visit: Visit, files: Sequence[PaperFile]) -> str:
    codes = sorted({file.language for file in files if file.language})
    count = visit.spoken.ngettext("%(count)s file", "%(count)s files", len(files))
    said = f"{count} ({', '.join(codes)})" if codes else count
    return f"{said}, {in_kilobytes(visit, sum(file.size for file in files))}"


def in_kilobytes(visit: Visit, size: int) -> str:
    return visit.spoken.gettext("%(count)s kB", count=visit.spoken.number(-(-size // 1000)))


def _files(visit: Visit, found: Listing) -> list[tuple[str, str]]:
    lists = [
        (f"{ending.removeprefix('.').upper()}", visit.address("contributions", f"list{ending}"))
        for ending in LIST_TYPES
    ]
    archives = found.archives
    if len(archives) <= 1:
        return [*lists, ("ZIP", visit.address("contributions", "all.zip"))]
    parts = zip(archives, [*archives[1:], 1], strict=True)
    return [
        *lists,
        *(
            (f"ZIP {above - 1}–{last}", visit.address("contributions", "all.zip", before=str(above)))
            for above, last in parts
        ),
    ]


def contributions_list(visit: Visit, ending: str) -> Response:
    allow(visit.request, "GET", "HEAD")
    store, event = visit.desk.store, visit.event
    kind, made = LIST_TYPES[ending]
    those = list(all_contributions(store, event.slug))
    said = ContributionList(store.now(), those, contributions_close_at(store, event))
    visit.opened(Opened.CONTRIBUTION, about=f"list{ending}")
    log("INFO", "list of contributions downloaded", event=event.slug, ending=ending)
    return Response(made(event, said), mimetype=kind, headers=as_file(list_name(event, ending)))


def archive(visit: Visit) -> Response:
    """Of all files and a list of them, made as it is sent: a file in memory at no time, and nothing on the disk."""
    allow(visit.request, "GET", "HEAD")
    before = number_in(visit.request.args.get("before", ""), 6)
    visit.opened(Opened.CONTRIBUTION, about=f"all.zip {before or ''}".strip())
    log("INFO", "archive of contributions downloaded", event=visit.event.slug, before=before)
    headers = as_file(list_name(visit.event, f"-below-{before}.zip" if before else ".zip"))
    pieces = _archive(visit, before) if visit.request.method == "GET" else []
    return Response(pieces, mimetype="application/zip", headers=headers)


class _Sent(RawIOBase):
    """What an archive has become since it was last asked."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _archive(visit: Visit, before: int | None) -> Iterator[bytes]:
    desk, event = visit.desk, visit.event
    at, closes_at = desk.store.now(), contributions_close_at(desk.store, event)
    there: list[Contribution] = []
    names: dict[str, list[str]] = {}
    sent = _Sent()
    with ZipFile(sent, "w", ZIP_DEFLATED) as whole:
        for one in in_archive(desk.store, event.slug, before):
            there.append(one)
            names[one.id] = []
            for paper in archived(one):
                for file, name in zip(paper.files, file_names(one, paper), strict=True):
                    if pieces := desk.files().pieces(file.id):
                        names[one.id].append(name)
                        with whole.open(_entry(name, paper.received_at or at), "w") as into:
                            for piece in pieces:
                                into.write(piece)
                                yield sent.taken()
        said = ContributionList(at, there, closes_at, names)
        whole.writestr(_entry("list.xlsx", at), contributions_workbook(event, said))
    yield sent.taken()


def _entry(name: str, at: datetime) -> ZipInfo:
    entry = ZipInfo(name, at.astimezone(UTC).timetuple()[:6])
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry
