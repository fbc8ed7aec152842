"""The roster's files: CSV for programs, XLSX for people.

A roster may be larger than memory: SQLite sorts it in a temporary file, and rows are written one at a time.
"""

import csv
import io
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from rollcall.model.email import EmailStatus
from rollcall.model.event import Event
from rollcall.model.intake import e_mailed_in_time
from rollcall.model.registration import QuarantinedForm, Registered, Registration, fold
from rollcall.model.roster import (
    ROSTER_TYPES,
    WHY_QUARANTINED,
    Drawn,
    IncompleteForm,
    Named,
    RosterContent,
    RosterFile,
    RosterRow,
    Shown,
)
from schemas.form import form_fields, in_labels, written

Row = tuple[str, ...]
_Of = TypeVar("_Of")

_TELEPHONE = re.compile(r"\+?[\d\s().\-/]*\d[\d\s().\-/]*")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # OWASP, CSV Injection
_WIDTHS = {"organization": 36, "address": 36, "category": 24, "email": 32, "hotel": 24, "title": 7}
_USUAL_WIDTH = 18
NAMED = 200
"""Most frequent organizations, and hotels, counted by name."""
_LONGEST_IN_CELL = 32_767
"""Characters, Excel's limit."""
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_CONTROL = re.compile(r"[\x00-\x08\x0B-\x1F]")


def draw(event: Event, content: RosterContent, folder: Path) -> Drawn:
    table, workbook = folder / f"{event.slug}-roster.csv", folder / f"{event.slug}-roster.xlsx"
    with closing(SortedRows()) as rows:
        rows.add(event, content)
        write_table(roster_sheet(event), rows.of(late=False), table)
        write_workbook(event, content, rows, workbook)
        named = rows.named("organization"), rows.named("hotel")
    files = RosterFile(table, ROSTER_TYPES["csv"]), RosterFile(workbook, ROSTER_TYPES["xlsx"])
    return Drawn(files, *named)


@dataclass(frozen=True)
class Column:
    """`width` in characters."""

    label: str
    width: int


@dataclass(frozen=True)
class Sheet(Generic[_Of]):
    name: str
    columns: tuple[Column, ...]
    row: Callable[[_Of], Row]


def roster_sheet(event: Event) -> Sheet[RosterRow]:
    answers = _answers(event)

    def row(one: RosterRow) -> Row:
        registered = one.registered
        confirmation = one.unsent.status if one.unsent else EmailStatus.SENT
        received, doubles = _time(registered.received_at, event), ", ".join(one.doubles)
        return (registered.reference, *answers(registered), received, confirmation.value, doubles)

    after = Column("Received", 17), Column("Confirmation", 14), Column("May be the same as", 18)
    return Sheet("Roster", (Column("Reference", 14), *_form_columns(event), *after), row)


def late_sheet(event: Event, closes_at: datetime) -> Sheet[RosterRow]:
    roster = roster_sheet(event)

    def row(one: RosterRow) -> Row:
        received_at, arrived_at = one.registered.received_at, one.registered.arrived_at
        in_time = e_mailed_in_time(received_at, arrived_at, closes_at)
        return (*roster.row(one), _time(arrived_at, event) if arrived_at and in_time else "")

    return Sheet("Late", (*roster.columns, Column("E-mailed in time, at", 19)), row)


def not_completed_sheet(event: Event) -> Sheet[IncompleteForm]:
    def row(one: IncompleteForm) -> Row:
        return one.name, one.sender, one.missing, _time(one.received_at, event)

    across = ("Name", 28), ("E-mail address of the sender", 32), ("Missing", 48), ("Received", 17)
    return Sheet("Not completed", tuple(Column(label, width) for label, width in across), row)


def quarantine_sheet(event: Event) -> Sheet[QuarantinedForm]:
    answers = _answers(event)

    def row(one: QuarantinedForm) -> Row:
        return (WHY_QUARANTINED[one.signal], _time(one.form.received_at, event), *answers(one.form))

    return Sheet("Needs review", (Column("Why", 30), Column("Received", 17), *_form_columns(event)), row)


def harmless(cell: str) -> str:
    """Guards against CSV injection (OWASP); telephone numbers stay as written."""
    if cell.startswith(_FORMULA_STARTS) and not _TELEPHONE.fullmatch(cell):
        return "'" + cell
    return cell


Place = tuple[int, str, str, str]
"""Category, organization, family name, first name."""


def place(event: Event) -> Callable[[Registration], Place]:
    order = {category.code: number for number, category in enumerate(event.categories)}

    def of(person: Registration) -> Place:
        organization = person.answers.get("organization", "")
        number = order.get(person.category, len(order))
        return number, fold(organization), fold(person.family_name), fold(person.first_name)

    return of


class SortedRows:
    """Rows by place, then in the order in which they were added."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("")  # nobody else sees it, and it is gone when it is closed
        self._file.execute("pragma journal_mode = off")
        self._file.execute(f"create table people (late, {_PLACE}, organization, hotel, cells)")

    def close(self) -> None:
        self._file.close()

    def add(self, event: Event, content: RosterContent) -> None:
        on_list, late, place_of = roster_sheet(event), late_sheet(event, content.closes_at), place(event)

        def values(one: RosterRow) -> tuple[object, ...]:
            person = one.registered.registration
            named = person.answers.get("organization"), person.answers.get("hotel")
            cells = (late if one.late else on_list).row(one)
            return (one.late, *place_of(person), *named, json.dumps(cells, ensure_ascii=False))

        self._file.executemany("insert into people values (?, ?, ?, ?, ?, ?, ?, ?)", map(values, content.people))

    def of(self, *, late: bool) -> Iterator[Row]:
        """Sorts only keys, and looks each row up at its turn."""
        in_order = self._file.execute(f"select rowid from people where late = ? order by {_PLACE}, rowid", (late,))
        for number in in_order:
            ((cells,),) = self._file.execute("select cells from people where rowid = ?", number)
            yield tuple(json.loads(cells))

    def count(self, *, late: bool) -> int:
        ((count,),) = self._file.execute("select count(*) from people where late = ?", (late,))
        return int(count)

    def named(self, what: str) -> Named:
        counted = f"select {what} as name, count(*) as times from people where not late group by name"
        shown = self._file.execute(f"{counted} order by times desc, name limit ?", (NAMED,)).fetchall()
        ((count,),) = self._file.execute(f"select count(*) from ({counted})")
        return Shown(tuple(shown), count)


_PLACE = "category, place_of_organization, family_name, first_name"


def write_table(sheet: Sheet[RosterRow], rows: Iterable[Row], path: Path) -> None:
    """CSV (RFC 4180), in UTF-8 with the byte order mark that spreadsheets need."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([column.label for column in sheet.columns])
        writer.writerows(map(harmless, row) for row in rows)


def write_workbook(event: Event, content: RosterContent, rows: SortedRows, path: Path) -> None:
    """xlsxwriter makes all but the rows, which go straight into the zipped sheets: it would write each sheet to disk
    twice, 2,400 bytes a person, and on Cloud Run the disk is memory."""
    not_completed, quarantined, place_of = not_completed_sheet(event), quarantine_sheet(event), place(event)
    in_order = sorted(content.quarantined, key=lambda one: place_of(one.form.registration))
    filled: list[tuple[Sheet[Any], int, Iterable[Row]]] = [
        (roster_sheet(event), rows.count(late=False), rows.of(late=False)),
        (late_sheet(event, content.closes_at), rows.count(late=True), rows.of(late=True)),
        (not_completed, len(content.not_completed), map(not_completed.row, content.not_completed)),
        (quarantined, len(content.quarantined), map(quarantined.row, in_order)),
    ]
    filled = [filled[0], *(one for one in filled[1:] if one[1])]
    frame = io.BytesIO()
    with xlsxwriter.Workbook(frame, {"in_memory": True}) as workbook:
        workbook.set_properties({"title": f"Roster: {event.title}", "created": content.closes_at.replace(tzinfo=None)})
        for sheet, count, _ in filled:
            _add_sheet(workbook, event, sheet, count)
    its_rows = {f"xl/worksheets/sheet{number}.xml": one[2] for number, one in enumerate(filled, start=1)}
    with ZipFile(frame) as parts, ZipFile(path, "w") as whole:
        for part in parts.infolist():
            entry = ZipInfo(part.filename, part.date_time)
            entry.compress_type = ZIP_DEFLATED
            with whole.open(entry, "w") as into:
                into.writelines(_with_rows(parts.read(part), its_rows.get(part.filename)))


def _add_sheet(workbook: xlsxwriter.Workbook, event: Event, sheet: Sheet[Any], count: int) -> None:
    page = workbook.add_worksheet(sheet.name)
    header = workbook.add_format({"bold": True, "bg_color": "#DCE6F1", "text_wrap": True, "valign": "top", "border": 1})
    body = workbook.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
    for number, column in enumerate(sheet.columns):
        page.set_column(number, number, column.width, body)
        page.write_string(0, number, column.label, header)
    page.freeze_panes(1, 1)
    page.autofilter(0, 0, max(count, 1), len(sheet.columns) - 1)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    printed = event.title.replace("&", "&&")[:120]  # & begins a code there; Excel takes 255 characters in all
    page.set_header(f"&L{printed}&R{sheet.name}")
    page.set_footer("&LPrinted &D&RPage &P of &N")


def _with_rows(part: bytes, rows: Iterable[Row] | None) -> Iterator[bytes]:
    """Rows as ECMA-376, part 1, 18.3.1 has them, in the format of their columns."""
    if rows is None:
        yield part
        return
    until, end, after = part.partition(b"</sheetData>")
    (style,) = set(re.findall(r'<col [^>]*style="(\d+)"', until.decode()))
    yield re.sub(rb"<dimension [^>]*/>", b"", until)  # how far the sheet goes; it may be left out
    for line, row in enumerate(rows, start=2):
        cells = "".join(
            f'<c r="{xl_col_to_name(number)}{line}" s="{style}" t="inlineStr"><is><t xml:space="preserve">'
            f"{_in_xml(text)}</t></is></c>"
            for number, text in enumerate(row)
        )
        yield f'<row r="{line}">{cells}</row>'.encode()
    yield end + after


def _in_xml(text: str) -> str:
    """Escapes as ECMA-376, part 1, 18.4.8 and 22.9.2.19 have them."""
    escaped = _CONTROL.sub(lambda found: f"_x{ord(found[0]):04X}_", _ESCAPE.sub("_x005F_", text[:_LONGEST_IN_CELL]))
    return escape(escaped)


def _form_columns(event: Event) -> Iterator[Column]:
    return (Column(field.label, _WIDTHS.get(field.name, _USUAL_WIDTH)) for field in form_fields(event))


def _answers(event: Event) -> Callable[[Registered], Row]:
    names = [field.name for field in form_fields(event)]

    def of(one: Registered) -> Row:
        said = in_labels(event, written(one.registration))
        said.setdefault("signed_on", one.received_at.astimezone(event.zone).date().isoformat())
        return tuple(said.get(name, "") for name in names)

    return of


def _time(instant: datetime, event: Event) -> str:
    return f"{instant.astimezone(event.zone):%Y-%m-%d %H:%M}"
