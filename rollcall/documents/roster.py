"""The roster's files, CSV and XLSX. SQLite sorts what may be larger than memory; rows are written one at a time."""

import csv
import io
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import starmap
from pathlib import Path
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from rollcall.model.email import EmailStatus
from rollcall.model.event import Event
from rollcall.model.intake import e_mailed_in_time
from rollcall.model.registration import Registered, Registration, fold, similarity_key
from rollcall.model.roster import (
    WHY_QUARANTINED,
    Drawn,
    Named,
    RosterContent,
    RosterRow,
    Shown,
)
from schemas.form import form_fields, in_labels, written

Row = tuple[str, ...]

_TELEPHONE = re.compile(r"\+?[\d\s().\-/]*\d[\d\s().\-/]*")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # OWASP, CSV Injection
_WIDTHS = {"organization": 36, "address": 36, "category": 24, "email": 32, "hotel": 24, "title": 7}
_USUAL_WIDTH = 18
NAMED = 200
"""Organizations, and hotels."""
DOUBLES_NAMED = 5
_LONGEST_IN_CELL = 32_767  # characters, Excel's limit
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_CONTROL = re.compile(r"[\x00-\x08\x0B-\x1F]")


def draw(event: Event, content: RosterContent, folder: Path) -> Drawn:
    table, workbook = folder / f"{event.slug}-roster.csv", folder / f"{event.slug}-roster.xlsx"
    with closing(SortedRows()) as rows:
        rows.add(event, content)
        write_table(roster_sheet(event, rows), table)
        write_workbook(event, content, rows, workbook)
        return Drawn((table, workbook), rows.named("organization"), rows.named("hotel"), rows.doubles())


@dataclass(frozen=True)
class Column:
    """`width` in characters."""

    label: str
    width: int


@dataclass(frozen=True)
class Sheet:
    name: str
    columns: tuple[Column, ...]
    count: int
    rows: Iterable[Row]


def roster_sheet(event: Event, rows: "SortedRows") -> Sheet:
    after = Column("Received", 17), Column("Confirmation", 14), Column("May be the same as", 18)
    columns = Column("Reference", 14), *_form_columns(event), *after
    return Sheet("Roster", columns, rows.count(late=False), (row[:-1] for row in rows.of(late=False)))


def sheets(event: Event, content: RosterContent, rows: "SortedRows") -> list[Sheet]:
    """The roster, and what else there is."""
    roster, answers, place_of = roster_sheet(event, rows), _answers(event), place(event)
    late_columns = *roster.columns, Column("E-mailed in time, at", 19)
    not_completed = [
        (one.name, one.sender, one.missing, _time(one.received_at, event)) for one in content.not_completed
    ]
    across = ("Name", 28), ("E-mail address of the sender", 32), ("Missing", 48), ("Received", 17)
    quarantined = (
        (WHY_QUARANTINED[one.signal], _time(one.form.received_at, event), *answers(one.form))
        for one in sorted(content.quarantined, key=lambda one: place_of(one.form.registration))
    )
    review_columns = Column("Why", 30), Column("Received", 17), *_form_columns(event)
    others = (
        Sheet("Late", late_columns, rows.count(late=True), rows.of(late=True)),
        Sheet("Not completed", tuple(starmap(Column, across)), len(not_completed), not_completed),
        Sheet("Needs review", review_columns, len(content.quarantined), quarantined),
    )
    return [roster, *(sheet for sheet in others if sheet.count)]


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
    """Sorted by place, then as they were added."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("")  # nobody else sees it, and it is gone when it is closed
        self._file.execute("pragma journal_mode = off")
        self._file.execute(
            f"create table people (late, {_PLACE}, organization, hotel, similarity, reference, cells, in_time, doubles)"
        )

    def close(self) -> None:
        self._file.close()

    def add(self, event: Event, content: RosterContent) -> None:
        place_of, answers = place(event), _answers(event)

        def values(one: RosterRow) -> tuple[object, ...]:
            registered, person = one.registered, one.registered.registration
            confirmation = one.unsent.status if one.unsent else EmailStatus.SENT
            received = _time(registered.received_at, event)
            cells = registered.reference, *answers(registered), received, confirmation.value
            arrived_at, in_time = registered.arrived_at, ""
            if arrived_at and e_mailed_in_time(registered.received_at, arrived_at, content.closes_at):
                in_time = _time(arrived_at, event)
            return (
                one.late,
                *place_of(person),
                person.answers.get("organization"),
                person.answers.get("hotel"),
                hash(similarity_key(person)),
                registered.reference,
                json.dumps(cells, ensure_ascii=False),
                in_time,
                "",
            )

        self._file.executemany(f"insert into people values ({', '.join('?' * 12)})", map(values, content.people))
        self._file.execute("create index similar on people (similarity)")
        self._file.execute(_MARK_DOUBLES, (DOUBLES_NAMED,))

    def of(self, *, late: bool) -> Iterator[Row]:
        """Sorts only keys, and looks each row up at its turn. The last cell is of late rows alone."""
        in_order = self._file.execute(f"select rowid from people where late = ? order by {_PLACE}, rowid", (late,))
        for number in in_order:
            ((cells, *more),) = self._file.execute("select cells, doubles, in_time from people where rowid = ?", number)
            yield (*json.loads(cells), *more)

    def count(self, *, late: bool) -> int:
        return self._count("people where late = ?", (late,))

    def doubles(self) -> int:
        return self._count("people where doubles > ''")

    def named(self, what: str) -> Named:
        counted = f"select {what} as name, count(*) as times from people where not late group by name"
        shown = self._file.execute(f"{counted} order by times desc, name limit ?", (NAMED,)).fetchall()
        return Shown(tuple(shown), self._count(f"({counted})"))

    def _count(self, those: str, given: tuple[object, ...] = ()) -> int:
        ((count,),) = self._file.execute(f"select count(*) from {those}", given)
        return int(count)


_PLACE = "category, place_of_organization, family_name, first_name"
# people with one similarity get each other's references
_MARK_DOUBLES = """
    update people set doubles = (
        select group_concat(reference, ', ') from (
            select reference from people as other
            where other.similarity = people.similarity and other.rowid != people.rowid order by rowid limit ?
        )
    )
    where similarity in (select similarity from people group by similarity having count(*) > 1)
"""


def write_table(sheet: Sheet, path: Path) -> None:
    """CSV (RFC 4180), in UTF-8 with the byte order mark that spreadsheets need."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([column.label for column in sheet.columns])
        writer.writerows(map(harmless, row) for row in sheet.rows)


def write_workbook(event: Event, content: RosterContent, rows: SortedRows, path: Path) -> None:
    """The rows go straight into the zipped sheets: xlsxwriter would write them to disk twice, 2,400 bytes a person,
    and on Cloud Run the disk is memory."""
    filled = sheets(event, content, rows)
    frame = io.BytesIO()
    with xlsxwriter.Workbook(frame, {"in_memory": True}) as workbook:
        workbook.set_properties({"title": f"Roster: {event.title}", "created": content.closes_at.replace(tzinfo=None)})
        for sheet in filled:
            _add_sheet(workbook, event, sheet)
    its_rows = {f"xl/worksheets/sheet{number}.xml": sheet.rows for number, sheet in enumerate(filled, start=1)}
    with ZipFile(frame) as parts, ZipFile(path, "w") as whole:
        for part in parts.infolist():
            entry = ZipInfo(part.filename, part.date_time)
            entry.compress_type = ZIP_DEFLATED
            with whole.open(entry, "w") as into:
                into.writelines(_with_rows(parts.read(part), its_rows.get(part.filename)))


def _add_sheet(workbook: xlsxwriter.Workbook, event: Event, sheet: Sheet) -> None:
    page = workbook.add_worksheet(sheet.name)
    header = workbook.add_format({"bold": True, "bg_color": "#DCE6F1", "text_wrap": True, "valign": "top", "border": 1})
    body = workbook.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
    for number, column in enumerate(sheet.columns):
        page.set_column(number, number, column.width, body)
        page.write_string(0, number, column.label, header)
    page.freeze_panes(1, 1)
    page.autofilter(0, 0, max(sheet.count, 1), len(sheet.columns) - 1)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    printed = event.title.replace("&", "&&")[:120]  # & begins a code there; Excel takes 255 characters in all
    page.set_header(f"&L{printed}&R{sheet.name}")
    page.set_footer("&LPrinted &D&RPage &P of &N")


def _with_rows(part: bytes, rows: Iterable[Row] | None) -> Iterator[bytes]:
    """As in ECMA-376, part 1, 18.3.1, in their columns' format."""
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
    """As in ECMA-376, part 1, 18.4.8 and 22.9.2.19."""
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
