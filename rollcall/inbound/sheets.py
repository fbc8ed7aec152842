"""The rows of a spreadsheet: Excel's `.xlsx`, and `.ods`."""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time

MOST_CELLS = 500_000
"""Of a sheet, from its first cell to its last: two cells far apart would take all the memory there is."""

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_PLACE = re.compile(rb"\br=[\"']([A-Z]{1,3})([0-9]{1,7})[\"']")


def rows_in(content: bytes) -> Iterator[list[list[str]]]:
    """Of each sheet that is not hidden. Raises what the library raises for a broken file."""
    from python_calamine import CalamineWorkbook, SheetVisibleEnum

    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        parts = [packed.read(name) for name in packed.namelist() if name.endswith(".xml")]
    if max(max(_cells_of_excel(part), _cells_of_ods(part)) for part in parts) > MOST_CELLS:
        return
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    for sheet in workbook.sheets_metadata:
        if sheet.visible is SheetVisibleEnum.Visible:
            rows = workbook.get_sheet_by_name(sheet.name).to_python()
            yield [list(map(_text, row)) for row in rows]


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return "x" if cell else ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _cells_of_excel(part: bytes) -> int:
    places = [(_number(letters), int(row)) for letters, row in _PLACE.findall(part)]
    return max((row for _, row in places), default=0) * max((column for column, _ in places), default=0)


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number


def _cells_of_ods(part: bytes) -> int:
    """Rows and cells may stand for many (`number-rows-repeated`); empty ones at the end do not count."""
    from lxml import etree

    if b"opendocument" not in part[:4096]:
        return 0
    most = height = width = rows = 0
    root = etree.fromstring(part, etree.XMLParser(resolve_entities=False, no_network=True))
    for element in root.iter(f"{_TABLE}table", f"{_TABLE}table-row"):
        if element.tag == f"{_TABLE}table":
            height = width = rows = 0
            continue
        rows += int(element.get(f"{_TABLE}number-rows-repeated", "1"))
        columns = 0
        for cell in element:
            columns += int(cell.get(f"{_TABLE}number-columns-repeated", "1"))
            if len(cell):
                height, width = rows, max(width, columns)
        most = max(most, height * width)
    return most
