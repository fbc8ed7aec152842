"""XLSX for people: all lines of a cell show, and a sheet prints one page wide in letters of 8 points or more.

Columns that have no room there are on the screen alone, behind the others."""

import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from math import ceil
from pathlib import Path
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from rollcall.language import Language

_LONGEST_IN_CELL = 32_767  # characters, Excel's limit
_TALLEST_ROW = 409.0  # points, Excel's limit
_WIDEST = 2.2  # digits, a Chinese character
_LINE, _TALL_LINE = 15.0, 19.0  # points, of a Latin script at 11 points, and of fonts that others fall back on
_LONGEST_SEEN = 1000  # characters: more than the tallest row shows
_WRITTEN_AT_ONCE = 1 << 16  # bytes
_MARGIN = 0.25  # inches
_PORTRAIT, _LANDSCAPE = 8.27, 11.69  # inches, A4
_LEAST_SCALE = 0.73  # prints 11 points as 8
_NARROWEST = 0.75  # of a column's width, on paper
_BOLD = 1.15  # times as wide
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_CONTROL = re.compile(r"[\x00-\x08\x0B-\x1F]")


@dataclass(frozen=True)
class Column:
    """`width` in characters; less for those that wrap, where what is printed is too wide for a page."""

    label: str
    width: int
    wraps: bool = True


@dataclass(frozen=True)
class Sheet:
    """`least_height` of a row, in points. `matter_most`: what has a place on paper before others."""

    name: str
    columns: Mapping[str, Column]
    rows: Iterable[Mapping[str, str | int]]
    count: int
    portrait: bool = False
    least_height: float = 0.0
    matter_most: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Laid:
    """`printed`: so many columns, the first ones."""

    columns: Mapping[str, Column]
    widths: Sequence[float]
    printed: int


def write_workbook(path: Path, title: str, spoken: Language, created: datetime, sheets: Sequence[Sheet]) -> None:
    """The rows go straight into the zipped sheets: xlsxwriter would write them to disk twice, 2,400 bytes a person,
    and on Cloud Run the disk is memory."""
    frame = io.BytesIO()
    with xlsxwriter.Workbook(frame, {"in_memory": True}) as workbook:
        workbook.set_properties({"title": title, "created": created.replace(tzinfo=None)})
        for sheet in sheets:
            _add_sheet(workbook, title, spoken, sheet)
    filled = {f"xl/worksheets/sheet{number}.xml": sheet for number, sheet in enumerate(sheets, start=1)}
    with ZipFile(frame) as parts, ZipFile(path, "w") as whole:
        for part in parts.infolist():
            entry = ZipInfo(part.filename, part.date_time)
            entry.compress_type = ZIP_DEFLATED
            sheet_there = filled.get(part.filename)
            with whole.open(entry, "w") as packed, io.BufferedWriter(packed, _WRITTEN_AT_ONCE) as into:
                into.writelines(_with_rows(parts.read(part), sheet_there) if sheet_there else [parts.read(part)])


def _laid(sheet: Sheet) -> _Laid:
    by_rank = {name: sheet.columns[name] for name in sheet.matter_most if name in sheet.columns} | dict(sheet.columns)
    room, printed = _across(sheet.portrait), set[str]()
    for name, column in by_rank.items():
        if (narrowest := _narrowest(column) + _PADDING) <= room:
            room -= narrowest
            printed.add(name)
    on_paper = {name: column for name, column in sheet.columns.items() if name in printed}
    others = [max(column.width, _label_width(column)) for name, column in sheet.columns.items() if name not in printed]
    widths = [*_widths(list(on_paper.values()), sheet.portrait), *others]
    return _Laid(on_paper | dict(sheet.columns), widths, len(on_paper))


_PADDING = 5 / 7
"""Of a column, in characters of 7 pixels (ECMA-376, part 1, 18.3.1.13)."""


def _across(portrait: bool) -> float:
    """In those characters."""
    return ((_PORTRAIT if portrait else _LANDSCAPE) - 2 * _MARGIN) * 96 / _LEAST_SCALE / 7


def _label_width(column: Column) -> float:
    """No word of a label is broken."""
    return max(sum(map(_wide, word)) for word in column.label.split()) * _BOLD


def _narrowest(column: Column) -> float:
    return max(column.width * (_NARROWEST if column.wraps else 1), _label_width(column))


def _widths(columns: Sequence[Column], portrait: bool) -> list[float]:
    across = _across(portrait) - _PADDING * len(columns)
    least = list(map(_narrowest, columns))
    wide = [max(column.width, narrowest) for column, narrowest in zip(columns, least, strict=True)]
    narrower = {place for place, column in enumerate(columns) if column.wraps}
    while narrower:
        room = across - sum(width for place, width in enumerate(wide) if place not in narrower)
        share = min(1.0, room / sum(wide[place] for place in narrower))
        if not (too_narrow := {place for place in narrower if wide[place] * share < least[place]}):
            return [width * share if place in narrower else width for place, width in enumerate(wide)]
        for place in too_narrow:
            wide[place] = least[place]
        narrower -= too_narrow
    return wide


def row_height(row: Sequence[str | int], widths: Sequence[float]) -> float:
    """Points. LibreOffice does not fit rows by itself."""
    highest = _LINE
    for cell, width in zip(row, widths, strict=True):
        if isinstance(cell, str):
            fits = len(cell) * _WIDEST <= width and "\n" not in cell
            line = _LINE if cell.isascii() or max(cell) < "\u0590" else _TALL_LINE
            highest = max(highest, line * (1 if fits else _lines(cell[:_LONGEST_SEEN], width)))
    return min(highest, _TALLEST_ROW)


@lru_cache(4096)
def _lines(text: str, width: float) -> int:
    count = 0
    for line in text.split("\n"):
        count, used = count + 1, 0.0
        for word in line.split(" "):
            wide = sum(map(_wide, word))
            if used and used + wide > width:
                count, used = count + 1, 0.0
            broken = ceil(wide / width) - 1 if wide > width else 0
            count, used = count + broken, used + wide - broken * width + 0.5
    return count


@cache
def _wide(letter: str) -> float:
    """In digits of Calibri, rounded up."""
    if letter in "mwMW@%жмфшщыюЖМФШЩЫЮ":
        return 1.75
    if letter in "fijlt.,:;!|'()[]/-":
        return 0.68
    if letter.isupper() or "\u0590" <= letter < "\u0900":
        return 1.3
    return _WIDEST if letter > "\u1100" and unicodedata.east_asian_width(letter) in "WF" else 1.05


def _add_sheet(workbook: xlsxwriter.Workbook, title: str, spoken: Language, sheet: Sheet) -> None:
    page = workbook.add_worksheet(sheet.name)
    from_right = spoken.dir == "rtl"
    # names of the other direction too stay in their column
    text = {"text_wrap": True, "align": "right" if from_right else "left", "valign": "top"}
    header = workbook.add_format({**text, "bold": True, "bg_color": "#DCE6F1", "border": 1})
    body = workbook.add_format({**text, "num_format": "@", "bottom": 1, "bottom_color": "#C9D1D9"})
    laid = _laid(sheet)
    for place, (column, width) in enumerate(zip(laid.columns.values(), laid.widths, strict=True)):
        page.set_column(place, place, width, body)
        page.write_string(0, place, column.label, header)
    bold = [width / _BOLD for width in laid.widths]
    page.set_row(0, row_height([column.label for column in laid.columns.values()], bold))
    page.freeze_panes(1, 1)
    if from_right:
        page.right_to_left()
    page.autofilter(0, 0, max(sheet.count, 1), len(sheet.columns) - 1)
    page.set_portrait() if sheet.portrait else page.set_landscape()
    page.set_paper(9)  # A4
    page.set_margins(left=_MARGIN, right=_MARGIN, top=0.6, bottom=0.6)
    page.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})  # nor offer to make a telephone number a number
    page.fit_to_pages(1, 0)
    page.print_area(0, 0, sheet.count, laid.printed - 1)
    page.repeat_rows(0)
    # isolated, since what stands there runs from left to right by itself (Unicode Standard Annex 9, 2.7)
    first, last = ("&R\u2067{}\u2069", "&L\u2067{}\u2069") if from_right else ("&L{}", "&R{}")
    printed = title.replace("&", "&&")[:120]  # & begins a code there; Excel takes 255 characters in all
    page.set_header(first.format(printed) + last.format(sheet.name))
    day, number = (
        spoken.gettext("Printed %(day)s", day="&D"),
        spoken.gettext("Page %(page)s of %(pages)s", page="&P", pages="&N"),
    )
    more = len(laid.columns) - laid.printed
    not_printed = spoken.ngettext("%(count)s more column on the screen", "%(count)s more columns on the screen", more)
    page.set_footer(first.format(day) + (f"&C{not_printed}" if more else "") + last.format(number))


def _with_rows(part: bytes, sheet: Sheet) -> Iterator[bytes]:
    """As in ECMA-376, part 1, 18.3.1, in their columns' format."""
    until, end, after = part.partition(b"</sheetData>")
    (style,) = set(re.findall(r'<col [^>]*style="(\d+)"', until.decode()))
    yield re.sub(rb"<dimension [^>]*/>", b"", until)  # how far the sheet goes; it may be left out
    laid = _laid(sheet)
    names = [xl_col_to_name(number) for number in range(len(laid.columns))]
    for line, cells_of in enumerate(sheet.rows, start=2):
        row = [cells_of.get(name, "") for name in laid.columns]
        height = max(row_height(row, laid.widths), sheet.least_height)
        cells = "".join(_cell(f"{name}{line}", style, value) for name, value in zip(names, row, strict=True))
        yield f'<row r="{line}" ht="{height:g}" customHeight="1">{cells}</row>'.encode()
    yield end + after


def _cell(place: str, style: str, value: str | int) -> str:
    if isinstance(value, int):
        return f'<c r="{place}" s="{style}"><v>{value}</v></c>'
    return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{_in_xml(value)}</t></is></c>'


def _in_xml(text: str) -> str:
    """As in ECMA-376, part 1, 18.4.8 and 22.9.2.19."""
    escaped = _CONTROL.sub(lambda found: f"_x{ord(found[0]):04X}_", _ESCAPE.sub("_x005F_", text[:_LONGEST_IN_CELL]))
    return escape(escaped)
