"""Registrations: found, filtered, in columns that are chosen, and exported so. A view is its address."""

import csv
import io
import json
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Response

from handlers.logs import log
from handlers.responses import allow, as_file
from handlers.roster_files import whole_or_broken_off
from handlers.staff.pages import staff_page
from handlers.staff.visit import Visit, root
from rollcall.desk.staff.chosen import ANSWER, filters_of, query_of, sought_from
from rollcall.desk.staff.search import Delivery, Found, How, Row, Sought, Standing, all_found, search
from rollcall.documents.roster import guarded
from rollcall.documents.roster_content import ROSTER_TYPES, language_of, status_in_words
from rollcall.documents.workbook import Column, Sheet, write_workbook
from rollcall.language import N_, NP_, Language, language
from rollcall.model.email import UNDELIVERED
from rollcall.model.event import Event
from rollcall.model.personal_data import Opened
from schemas.form import asked_of, in_words
from schemas.kinds import OneChoice

MOST_EXPORTED = 100_000
_BACK = 30
"""So many pages before this one are known by its address."""
_PLACE = re.compile(r"(?!\.)[0-9A-Za-z.-]{1,200}")
_BETWEEN = "~"
_PIECE = 1 << 16
_STANDINGS = {
    Standing.ON_TIME: N_("On time"),
    Standing.ADMITTED: N_("Admitted late"),
    Standing.LATE: N_("Late"),
    Standing.WITHDRAWN: N_("Withdrawn"),
}
_DELIVERIES = {Delivery.UNDELIVERED: N_("Not delivered"), Delivery.WAITING: N_("Waiting to be sent")}
_REFERENCE, _STANDING, _RECEIVED, _LANGUAGE, _CONFIRMATION = "REFERENCE", "STANDING", "RECEIVED", "LANGUAGE", "SENT"
"""Columns that are no field of the form: no field has a capital in its name."""
_NAMES = ("family_name", "first_name")
_WIDTH = 20


@dataclass(frozen=True)
class Filter:
    name: str
    label: str
    choices: Sequence[tuple[str, str]]
    """Code and label."""
    chosen: str


@dataclass(frozen=True)
class ColumnChoice:
    name: str
    label: str
    shown: bool


@dataclass(frozen=True)
class TableRow:
    address: str
    name: str
    cells: Sequence[tuple[str, str]]
    """Kind (`text`, `number`, `tag`, `bad`) and text."""


@dataclass(frozen=True)
class RegistrationsPage:
    text: str
    filters: Sequence[Filter]
    more: Sequence[Filter]
    """By the answers to the form's choices."""
    more_chosen: bool
    day: date | None
    columns: Sequence[ColumnChoice]
    head: Sequence[str]
    rows: Sequence[TableRow]
    number: int
    """Of the page of results."""
    previous: str | None
    next: str | None
    looked_at: int
    how: How
    instead: str
    alike: str | None
    """Where names that sound so are."""
    everyone: str | None
    """Without words and filters; None where there are none."""
    exports: Sequence[tuple[str, str]]
    most_exported: int
    write: str | None
    """Where an announcement to them is written; None for viewers, and where it would go to others."""
    held: str
    """Where an e-mail address is looked up in all events."""


@dataclass(frozen=True)
class View:
    """What the address asks for."""

    sought: Sought
    columns: Sequence[str]
    places: Sequence[str]
    """Past which each page began, this one last."""
    alike: bool

    @property
    def query(self) -> list[tuple[str, str]]:
        """Without the place."""
        return [*filters_of(self.sought), *(("column", name) for name in self.columns)]


def registrations_page(visit: Visit) -> Response:
    """A list; with more than its usual columns, or by an answer, what people said can be read in it."""
    allow(visit.request, "GET", "HEAD")
    view = _view(visit)
    after = view.places[-1] if view.places else None
    if asked := sorted({*view.columns, *dict(view.sought.chosen)} - set(_usual(visit.event))):
        visit.opened(Opened.EXPORT, about=", ".join(asked))
    found = search(visit.desk, visit.event, view.sought, after, alike=view.alike)
    return staff_page(visit, "registrations", _page(visit, view, found))


def export(visit: Visit, ending: str) -> Response:
    """All that is found. As CSV it is streamed; a workbook is made first, in a file."""
    allow(visit.request, "GET", "HEAD")
    view, event = _view(visit), visit.event
    head = [_labels(event)[name] for name in (*_names_of(event), *view.columns)]
    cells = _exported(visit, view)
    name = f"{event.slug}-registrations{ending}"
    headers = as_file(name)
    visit.opened(Opened.EXPORT, about=ending.removeprefix("."))
    log("INFO", "registrations exported", event=event.slug, ending=ending)
    if ending == ".csv":
        return Response(whole_or_broken_off(as_csv(head, cells)), mimetype=ROSTER_TYPES[ending], headers=headers)
    body = whole_or_broken_off(_as_workbook(event, head, cells, visit))
    return Response(body, mimetype=ROSTER_TYPES[ending], headers=headers)


def _view(visit: Visit) -> View:
    given, event = visit.request.args, visit.event
    known = _labels(event)
    columns = [name for name in dict.fromkeys(given.getlist("column")) if name in known and name not in _NAMES]
    places = [place for place in given.get("after", "").split(_BETWEEN) if _PLACE.fullmatch(place)]
    sought = sought_from(event, given.to_dict())
    return View(sought, columns or _usual(event), places, alike="alike" in given)


def _page(visit: Visit, view: View, found: Found) -> RegistrationsPage:
    event, sought = visit.event, view.sought
    spoken, labels = language(event.language), _labels(event)

    def address(*more: tuple[str, str], of: Sequence[tuple[str, str]] = view.query, below: str = "") -> str:
        return f"{visit.address('registrations', *filter(None, [below]))}?{urlencode([*of, *more])}"

    pages = (*view.places[-_BACK:], found.after) if found.after else ()
    standing = _filter(spoken, "standing", N_("Status"), _STANDINGS, sought.standing)
    delivery = _filter(spoken, "delivery", N_("Confirmation"), _DELIVERIES, sought.delivery)
    filters = [standing, delivery]
    if len(event.languages) > 1:
        names = [(code, spoken.named(code)) for code in event.languages]
        filters.append(Filter("language", spoken.gettext("Language"), names, sought.language))
    chosen = dict(sought.chosen)
    before = _BETWEEN.join(view.places[:-1])
    return RegistrationsPage(
        text=sought.text,
        filters=filters,
        more=[
            Filter(ANSWER + one.field.name, one.field.label, list(one.labels.items()), chosen.get(one.field.name, ""))
            for one in _choices(event)
        ],
        more_chosen=bool(chosen),
        day=sought.day,
        columns=[
            ColumnChoice(name, label, name in view.columns) for name, label in labels.items() if name not in _NAMES
        ],
        head=[spoken.gettext("Name"), *(labels[name] for name in view.columns)],
        rows=[_row(visit, view, row) for row in found.rows],
        number=len(view.places) + 1,
        previous=address(*([("after", before)] if before else [])) if view.places else None,
        next=address(("after", _BETWEEN.join(pages))) if pages else None,
        looked_at=found.looked_at,
        how=found.how,
        instead=found.instead,
        alike=address(("alike", "")) if _could_be_alike(view, found) else None,
        everyone=None if sought == Sought() else address(of=[("column", name) for name in view.columns]),
        exports=[
            (name, address(below=f"export{ending}"))
            for name, ending in (("CSV", ".csv"), ("XLSX", ".xlsx"))
            if found.how is How.AS_TYPED and found.rows
        ],
        most_exported=MOST_EXPORTED,
        write=_write(visit, sought) if found.how is How.AS_TYPED and found.rows and visit.may_edit else None,
        held=f"{root(visit.request)}/held",
    )


def _write(visit: Visit, sought: Sought) -> str:
    return "?".join(filter(None, (visit.address("write", "new"), query_of(sought))))


def _filter(spoken: Language, name: str, label: str, words: Mapping[Any, str], chosen: StrEnum | None) -> Filter:
    choices = [(code.value, spoken.gettext(one)) for code, one in words.items()]
    return Filter(name, spoken.gettext(label), choices, chosen or "")


def _could_be_alike(view: View, found: Found) -> bool:
    """Where nobody was found, those whose names are alike were looked for already."""
    return bool(view.sought.words and not view.alike and found.how is How.AS_TYPED and (found.rows or found.after))


def _row(visit: Visit, view: View, row: Row) -> TableRow:
    event, registered = visit.event, row.registered
    words = _cells(event, row)
    bad = {
        _STANDING: row.standing in (Standing.LATE, Standing.WITHDRAWN),
        _CONFIRMATION: row.confirmation is not None and row.confirmation.status in UNDELIVERED,
    }
    kinds = {name: "bad" if is_bad else "tag" for name, is_bad in bad.items()} | {
        _REFERENCE: "number",
        _RECEIVED: "number",
    }
    person = registered.registration
    name = " ".join(filter(None, (person.family_name, person.first_name)))
    cells = [(kinds.get(one, "text") if words.get(one) else "text", words.get(one, "")) for one in view.columns]
    return TableRow(visit.address("registrations", registered.id), name, cells)


def _cells(event: Event, row: Row) -> dict[str, str]:
    spoken, registered = language(event.language), row.registered
    confirmation = row.confirmation
    return {
        **in_words(event, registered.registration),
        _REFERENCE: registered.reference,
        _STANDING: spoken.gettext(_STANDINGS[row.standing]),
        _RECEIVED: f"{registered.received_at.astimezone(event.zone):%Y-%m-%d %H:%M}",
        _LANGUAGE: language_of(event, registered.registration),
        _CONFIRMATION: status_in_words(event, confirmation.status) if confirmation else "",
    }


def _labels(event: Event) -> dict[str, str]:
    """Of all columns that there are."""
    spoken = language(event.language)
    several = {_LANGUAGE: spoken.gettext("Language")} if len(event.languages) > 1 else {}
    return {
        _REFERENCE: spoken.gettext("Reference"),
        **{field.name: field.label for field in event.fields},
        **several,
        _RECEIVED: spoken.gettext("Received"),
        _STANDING: spoken.gettext("Status"),
        _CONFIRMATION: spoken.gettext("Confirmation"),
    }


def _usual(event: Event) -> Sequence[str]:
    asked = [name for name in ("organization", "category", "country") if event.field(name)]
    return (_REFERENCE, *asked, _STANDING, _CONFIRMATION)


def _choices(event: Event) -> list[OneChoice]:
    return [one for one in asked_of(event) if isinstance(one, OneChoice)]


def _names_of(event: Event) -> list[str]:
    return [name for name in _NAMES if event.field(name)]


def _exported(visit: Visit, view: View) -> Iterator[list[str]]:
    """A last line says so where there are more."""
    event, spoken = visit.event, visit.spoken
    names = (*_names_of(event), *view.columns)
    for number, row in enumerate(all_found(visit.desk, event, view.sought)):
        if number == MOST_EXPORTED:
            yield [spoken.gettext("There are more: only the first %(count)s are here.", count=spoken.number(number))]
            return
        cells = _cells(event, row)
        yield [cells.get(name, "") for name in names]


def as_csv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """With a byte order mark, by which Excel knows that it is UTF-8."""
    into = io.StringIO()
    table = csv.writer(into)
    into.write("\ufeff")
    table.writerow(head)
    for row in rows:
        table.writerow(map(guarded, row))
        if into.tell() > _PIECE:
            yield into.getvalue()
            into.seek(0)
            into.truncate()
    yield into.getvalue()


def _as_workbook(event: Event, head: Sequence[str], rows: Iterable[Sequence[str]], visit: Visit) -> Iterator[bytes]:
    """The rows are written down first: a sheet says before them how many they are."""
    spoken = language(event.language)
    names = [str(number) for number in range(len(head))]
    columns = {name: Column(label, _WIDTH) for name, label in zip(names, head, strict=True)}
    now = visit.desk.intakes.now(event)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+", encoding="utf-8") as lines:
        count = 0
        for row in rows:
            count += 1
            lines.write(json.dumps(row) + "\n")
        lines.seek(0)
        cells = (dict(zip(names, json.loads(line), strict=False)) for line in lines)
        sheet = Sheet(spoken.pgettext("sheet, at most 31 characters", _SHEET), columns, cells, count)
        path = Path(folder) / "export.xlsx"
        write_workbook(path, event.title, spoken, now, [sheet])
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece


_SHEET = NP_("sheet, at most 31 characters", "Registrations")
