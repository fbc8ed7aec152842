"""The rows of a spreadsheet: Excel's `.xlsx`, and `.ods`."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time

from rollcall.inbound.labels import TooMuch

MOST_CELLS = 200_000
"""Of a sheet, from its first cell to its last: two cells far apart would take all the memory there is."""
MOST_COPIES = 5_000_000
"""Characters, where one text stands in many cells."""
MOST_SHEETS = 20

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_PLACE = re.compile(rb"\br\s*=\s*[\"']([A-Za-z]*)([0-9]+)[\"']")
_CELL = re.compile(rb"<(?:\w+:)?c(?=[\s/>])")
_SHARED = re.compile(rb"<(?:\w+:)?si(?=[\s/>])")
_OF_SHARED = re.compile(rb"\bt\s*=\s*[\"']s[\"']")


def rows_in(parts: Mapping[str, bytes]) -> Iterator[list[list[str]]]:
    """Of each sheet that is not hidden. Raises what the library raises for broken parts."""
    from python_calamine import CalamineWorkbook, SheetVisibleEnum

    if any(b"\0" in part for part in parts.values()):  # UTF-16, which no program writes here, hides what is counted
        raise TooMuch
    longest = max(max(map(len, _SHARED.split(part)[1:]), default=0) for part in parts.values())
    if longest * sum(len(_OF_SHARED.findall(part)) for part in parts.values()) > MOST_COPIES:
        raise TooMuch
    if max(max(_cells_of_excel(part), _cells_of_ods(part)) for part in parts.values()) > MOST_CELLS:
        raise TooMuch
    workbook = CalamineWorkbook.from_filelike(_packed(parts))
    shown = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible is SheetVisibleEnum.Visible]
    if len(shown) > MOST_SHEETS:
        raise TooMuch
    for name in shown:
        try:
            rows = workbook.get_sheet_by_name(name).to_python()
        except BaseException as error:  # a panic of Rust's is no `Exception`, as from a date of -1e300
            if type(error).__module__ != "pyo3_runtime":
                raise
            raise ValueError from error
        yield [list(map(_text, row)) for row in rows]


def _packed(parts: Mapping[str, bytes]) -> io.BytesIO:
    # anew: the library does not see how large its parts say they are, and what else is between them
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    file.seek(0)
    return file


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return "x" if cell else ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _cells_of_excel(part: bytes) -> int:
    """A cell that does not say where it stands is the next one."""
    places = [(_number(letters[:4]), int(row[:9])) for letters, row in _PLACE.findall(part)]
    unplaced = len(_CELL.findall(part)) - sum(column > 0 for column, _ in places)
    height = max((row for _, row in places), default=0)
    return max(height, 1) * (max((column for column, _ in places), default=0) + max(unplaced, 0))


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - 64
    return number


def _cells_of_ods(part: bytes) -> int:
    """Rows and cells may stand for many (`number-rows-repeated`); empty ones at the end do not count."""
    from lxml import etree

    if _TABLE[1:-1].encode() not in part:
        return 0
    most = height = width = rows = copies = 0
    root = etree.fromstring(part, etree.XMLParser(resolve_entities=False, no_network=True))
    for element in root.iter(f"{_TABLE}table", f"{_TABLE}table-row"):
        if element.tag == f"{_TABLE}table":
            height = width = rows = 0
            continue
        times = int(element.get(f"{_TABLE}number-rows-repeated", "1"))
        rows += times
        columns = 0
        for cell in element:
            alike = int(cell.get(f"{_TABLE}number-columns-repeated", "1"))
            columns += alike
            if len(cell) or any(name.startswith(_OFFICE) for name in cell.attrib):
                height, width = rows, max(width, columns)
                blanks = sum(int(one.get(f"{_TEXT}c", "1")) for one in cell.iter(f"{_TEXT}s"))
                copies += times * alike * (blanks + sum(map(len, (*cell.itertext(), *cell.attrib.values()))))
        most = max(most, height * width)
    return most if copies <= MOST_COPIES else MOST_CELLS + 1
