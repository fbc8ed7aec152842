"""Filled-in forms in files: PDF, Word, spreadsheets, JSON, CSV, text, HTML."""

import codecs
import csv
import io
import json
import logging
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any

from rollcall.inbound.charsets import decode
from rollcall.inbound.grouping import MOST_FORMS, Answered
from rollcall.inbound.html import Page, text_of_html
from rollcall.inbound.labels import TooMuch, Vocabulary, bounded, vocabulary
from rollcall.inbound.lists import answered, forms_in_rows
from rollcall.inbound.mime import File
from rollcall.inbound.pdf import rows_of
from rollcall.inbound.sheets import rows_in
from rollcall.inbound.text import forms_in_text
from rollcall.model.event import Event
from rollcall.model.inbound import Doubt

# A form takes some thousands of bytes; some files are made to take all the memory and time there is.
MOST_BYTES = {"pdf": 3_000_000, "package": 20_000_000, "text": 2_000_000}
MOST_PAGES = 200
MOST_OPERATIONS = 100_000
"""Of a PDF's page, with what they are about."""
MOST_OF_STREAM = 3_000_000
"""Bytes, unpacked, of a PDF's page, table or font."""
MOST_UNPACKED = 50_000_000
MOST_XML = 3_000_000
"""Bytes of text."""
MOST_LISTED = 400_000
"""Characters, of which a row takes twenty."""
MOST_ENTRIES = 1000
MOST_ELEMENTS = 50_000
MOST_WITHIN = 5
"""Paragraphs in one another, as in text boxes."""
MOST_FIELDS = 2000
_LOOKED_AT = 4096
"""Characters, for the delimiter: the most of them in a line."""

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_DELIMITERS = ",;\t|"


def may_hold_form(file: File) -> bool:
    """By its kind."""
    packed = b"%PDF-" in file.content[:1024] or file.content.startswith(b"PK")
    return packed or _reader_of_text(file.type, file.name.lower()) is not None


def forms_in_file(event: Event, file: File) -> list[Answered]:
    """None in one that is too much. Raises whatever the libraries raise for a broken file."""
    try:
        return _forms_in_file(event, file)
    except TooMuch:
        return []


def _forms_in_file(event: Event, file: File) -> list[Answered]:
    name, size = file.name.lower(), len(file.content)
    if b"%PDF-" in file.content[:1024]:
        return _in_pdf(event, file.content) if size <= MOST_BYTES["pdf"] else []
    if file.content.startswith(b"PK"):
        return _in_package(event, file.content) if size <= MOST_BYTES["package"] else []
    read = _reader_of_text(file.type, name)
    if read is None or size > MOST_BYTES["text"]:
        return []
    wide = file.content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text, doubts = decode(file.content, "utf-16" if wide else "")
    return [_doubted(form, doubts) for form in read(event, text)]


def _reader_of_text(type: str, name: str) -> Callable[[Event, str], list[Answered]] | None:
    if type.endswith("/json") or name.endswith(".json"):
        return _in_json
    if type in ("text/csv", "text/tab-separated-values") or name.endswith((".csv", ".tsv")):
        return _in_csv
    if type == "text/html" or name.endswith((".htm", ".html")):
        return _in_html
    return forms_in_text if type == "text/plain" or name.endswith(".txt") else None


def _doubted(form: Answered, doubts: Iterable[Doubt]) -> Answered:
    """By its letters beyond ASCII, which alone depend on the charset."""
    if not "".join(form.answers.values()).isascii():
        for doubt in doubts:
            form = form.doubted(doubt)
    return form


def _in_html(event: Event, text: str) -> list[Answered]:
    return forms_in_text(event, text_of_html(text))


def _in_json(event: Event, text: str) -> list[Answered]:
    """Keys are names or labels; a list of people may be an object's one array."""
    told = json.loads(bounded(text, MOST_LISTED))
    if isinstance(told, dict):
        arrays = (value for value in told.values() if isinstance(value, list))
        lists = [array for array in arrays if any(isinstance(one, dict) for one in array)]
        told = lists[0] if len(lists) == 1 else [told]
    people = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    words = vocabulary(event, (key for one in people for key in one))
    return _filled_in(words, (_as_text(one) for one in people))


def _as_text(one: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in one.items():
        if isinstance(value, list) and all(isinstance(line, str) for line in value):
            yield key, "\n".join(value)
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            yield key, str(value)


def _in_csv(event: Event, text: str) -> list[Answered]:
    first, _, rest = bounded(text, MOST_LISTED).partition("\n")
    said = re.fullmatch(r'"?sep=(.)"?\s*', first, re.IGNORECASE)  # Excel's own way to say the delimiter
    if said:
        delimiter, text = said.group(1), rest
    else:
        lines = text[:_LOOKED_AT].splitlines()
        delimiter = max(_DELIMITERS, key=lambda one: max((line.count(one) for line in lines), default=0))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return _in_rows(event, [[_unguarded(cell) for cell in row] for row in reader])


def _in_rows(event: Event, rows: list[list[str]]) -> list[Answered]:
    """A list, or a form of two columns."""
    text = bounded("\n".join("\t".join(row) for row in rows), MOST_LISTED)
    words = vocabulary(event, (cell for row in rows for cell in row))
    return forms_in_rows(words, rows) or forms_in_text(event, text)


def _unguarded(cell: str) -> str:
    return cell[1:] if cell[:2] in ("'+", "'=", "'-", "'@") else cell


def _filled_in(words: Vocabulary, people: Iterable[Iterable[tuple[str, str]]]) -> list[Answered]:
    forms = (answered(words, said) for said in people)
    return list(islice((form for form in forms if form.is_form(words.fields)), MOST_FORMS + 1))


def _in_pdf(event: Event, content: bytes) -> list[Answered]:
    with bounds_of_pdf():
        return _in_pages(event, content)


@contextmanager
def bounds_of_pdf() -> Iterator[None]:
    from pypdf import apply_configuration

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it quotes what is in the file
    with apply_configuration(
        zlib_maximum_output_length=MOST_OF_STREAM,
        lzw_maximum_output_length=MOST_OF_STREAM,
        run_length_maximum_output_length=MOST_OF_STREAM,
        brotli_maximum_output_length=MOST_OF_STREAM,
        array_based_stream_maximum_output_length=MOST_OF_STREAM,
        stream_decoding_work_maximum_length=2 * MOST_OF_STREAM,
        stream_parsing_work_maximum_count=MOST_OPERATIONS,
        page_tree_maximum_entries=2 * MOST_PAGES,
        page_tree_maximum_page_entries=50 * MOST_PAGES,
        form_fields_maximum_entries=MOST_FIELDS,
    ):
        yield


def _in_pages(event: Event, content: bytes) -> list[Answered]:
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        return []
    if len(reader.pages) > MOST_PAGES:
        return []
    fields = reader.get_fields() or {}
    words = vocabulary(event, (str(field.get("/TU", name)) for name, field in fields.items()))
    ours = False
    copies: dict[str, list[tuple[str, str]]] = {}
    ticked: dict[str, list[str]] = {}
    for name, field in fields.items():
        several, _, code = name.partition(":")  # a box of a blank form of ours, of which more may be ticked
        if code and several in words.fields:
            ours = True
            ticked.setdefault(several, []).append(code if _typed(field.get("/V")) else "")
            continue
        label, copy = _label_of(words, name, str(field.get("/TU", "")))
        ours = ours or label in words.fields
        copies.setdefault(copy, []).append((label, _typed(field.get("/V"))))
    copies.setdefault("", []).extend((name, " ".join(filter(None, codes))) for name, codes in ticked.items())
    filled_in = _filled_in(words, copies.values())
    if filled_in or ours:  # where its fields were left blank, its text is labels and what they explain
        return filled_in
    return [_drawn(form) for form in forms_in_text(event, _text_of_pdf(words, reader))]


def _drawn(form: Answered) -> Answered:
    """PDF says where letters stand, not which is read first; and some fonts do not say which they are."""
    turned = [name for name, answer in form.answers.items() if any(map(is_right_to_left, answer))]
    lost = [name for name, answer in form.answers.items() if "\ufffd" in answer]
    form = replace(form, answers={name: answer.replace("\ufffd", "") for name, answer in form.answers.items()})
    form = form.doubted(Doubt.RIGHT_TO_LEFT_PDF, *turned) if turned else form
    return form.doubted(Doubt.LOST_LETTERS, *lost) if lost else form


def is_right_to_left(character: str) -> bool:
    return unicodedata.bidirectional(character) in ("R", "AL", "AN")


def _typed(value: object) -> str:
    """A name, as `/ms`, is a ticked box (ISO 32000-1, 12.7.4.2)."""
    if not isinstance(value, str):
        return ""
    if value.startswith("/"):
        return "" if value == "/Off" else value[1:]
    return value.replace("\r\n", "\n").replace("\r", "\n")


def _label_of(words: Vocabulary, name: str, tooltip: str) -> tuple[str, str]:
    """And the copy of the form: `form2.family_name`, `family_name_2`."""
    for known in sorted(words.fields, key=len, reverse=True):  # `hotel_tel` before `tel`
        if copy := re.fullmatch(rf"(.*[._#-])?{known}|{known}([._#-](?:.*[._-])?\d+)", name):
            return known, copy[1] or copy[2] or ""
    last = name.rpartition(".")[2]
    return (last if words.called(last) or not tooltip else tooltip), ""


def _text_of_pdf(words: Vocabulary, reader: Any) -> str:
    rows: list[list[str]] = [[]]
    label: tuple[str, ...] = ()
    for cells in rows_of(reader.pages):
        if cells and 0 < len(rows[-1]) < 3 and not words.called(rows[-1][0].rstrip(" :")):
            joined = f"{rows[-1][0]} {cells[0]}"
            if words.called(joined.rstrip(" :")):  # it is wrapped, beside the answer
                cells = [joined, "\n".join([*rows.pop()[1:], *cells[1:]])]
        begins = words.called(cells[0].rstrip(" :")) if cells else ()
        if label and cells and not begins and words.explains(label, cells[0]):
            del cells[0]  # below the label, beside the answer
            if not cells:
                continue
        label = begins or label
        rows.append(cells)
    return "\n".join("\t".join(cells) for cells in rows)


def _in_package(event: Event, content: bytes) -> list[Answered]:
    if content.count(b"PK\1\2") > MOST_ENTRIES:
        raise TooMuch
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        entries = packed.infolist()
        texts = [entry for entry in entries if _is_text(packed, entry)]
        if sum(entry.file_size for entry in entries) > MOST_UNPACKED or sum(one.file_size for one in texts) > MOST_XML:
            raise TooMuch
        names = packed.namelist()
        if "word/document.xml" in names:
            return _in_docx(event, content)
        parts = {entry.filename: packed.read(entry) for entry in texts}
    is_ods = "content.xml" in parts and parts.get("mimetype") == b"application/vnd.oasis.opendocument.spreadsheet"
    return _in_sheets(event, parts) if is_ods or "xl/workbook.xml" in parts else []


def _is_text(packed: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    """By its beginning: a part of any name may be XML."""
    with packed.open(entry) as part:
        return part.read(64).lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1] in (b"", b"<") or entry.filename == "mimetype"


def _in_sheets(event: Event, parts: Mapping[str, bytes]) -> list[Answered]:
    sheets: list[list[list[str]]] = []
    left = MOST_LISTED
    for rows in rows_in(parts):
        left -= sum(20 + sum(map(len, row)) + len(row) for row in rows)
        if left < 0:
            raise TooMuch
        sheets.append(rows)
    return [form for rows in sheets for form in _in_rows(event, rows)]


def _in_docx(event: Event, content: bytes) -> list[Answered]:
    import docx

    return forms_in_text(event, text_of_docx(docx.Document(io.BytesIO(content)).element.body))


def text_of_docx(body: Any) -> str:
    """In order, with content controls and text boxes (ECMA-376, part 1, 17)."""
    from lxml import etree

    page = Page()
    within = 0
    walk = etree.iterwalk(body, events=("start", "end"))
    for number, (event, element) in enumerate(walk):
        tag = str(element.tag).removeprefix(WORD)
        within += (tag == "p") * (1 if event == "start" else -1)
        if number > 2 * MOST_ELEMENTS or within > MOST_WITHIN:
            raise TooMuch
        if event == "end":
            if tag == "p":
                page.end_line()
            elif tag == "tr":
                page.end_row()
        elif tag in ("del", "moveFrom") or (tag == "r" and _is_struck(element)):
            walk.skip_subtree()
            page.strike()
        elif element.tag == _FALLBACK or tag == "rt" or _is_placeholder(element, tag):
            walk.skip_subtree()
        elif tag == "tr":
            page.begin_row()
        elif tag == "tc":
            page.begin_cell()
        else:
            _write(element, tag, page)
    return page.text()


def _write(element: Any, tag: str, page: Page) -> None:
    if tag == "t":
        page.write(element.text or "")
    elif tag == "tab":
        page.write("\t")
    elif tag == "noBreakHyphen":
        page.write("-")
    elif tag in ("br", "cr"):
        page.break_line()
    elif tag == "p":
        _begin_paragraph(element, page)
    elif tag == "sym":
        page.write(chr(int(element.get(f"{WORD}char", "20"), 16)))
    elif tag == "checkBox":
        page.write("[x] " if _is_on(element) else "[ ] ")
    elif tag == "ddList":
        page.write(_chosen(element))


def _begin_paragraph(element: Any, page: Page) -> None:
    if element.find(f".//{WORD}t") is None:
        page.break_line()
    else:
        page.end_line()


def _is_placeholder(element: Any, tag: str) -> bool:
    return tag == "sdt" and element.find(f"{WORD}sdtPr/{WORD}showingPlcHdr") is not None


def _is_struck(run: Any) -> bool:
    return run.find(f"{WORD}t") is not None and any(
        _is_true(run.find(f"{WORD}rPr/{WORD}{tag}")) for tag in ("strike", "dstrike")
    )


def _is_on(box: Any) -> bool:
    """Word 97's checkbox (17.16.8, 17.16.12)."""
    checked, default = box.find(f"{WORD}checked"), box.find(f"{WORD}default")
    return _is_true(default if checked is None else checked)


def _chosen(entries: Any) -> str:
    """Of Word 97's drop-down list (17.16.9); its first entry stands there before anybody chooses."""
    result = entries.find(f"{WORD}result")
    if result is None:
        return ""
    texts = [entry.get(f"{WORD}val", "") for entry in entries.iterfind(f"{WORD}listEntry")]
    number = result.get(f"{WORD}val", "")
    return texts[int(number)] if number.isdecimal() and int(number) < len(texts) else ""


def _is_true(toggle: Any) -> bool:
    return toggle is not None and toggle.get(f"{WORD}val", "1") not in ("0", "false", "off")
