"""Filled-in forms in files: PDF, Word, JSON, CSV, text, HTML."""

import codecs
import csv
import io
import json
import logging
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from rollcall.inbound.charsets import text_of
from rollcall.inbound.grouping import MOST_FORMS, Answered
from rollcall.inbound.html import Page, text_of_html
from rollcall.inbound.labels import Vocabulary, vocabulary
from rollcall.inbound.lists import answered, forms_in_rows
from rollcall.inbound.mime import File
from rollcall.inbound.pdf import rows_of
from rollcall.inbound.text import forms_in_text
from rollcall.model.event import Event

# A form takes some thousands of bytes; some files are made to take all the memory and time there is.
MOST_BYTES = {"pdf": 3_000_000, "docx": 20_000_000, "text": 2_000_000}
MOST_PAGES = 200
MOST_UNPACKED = 50_000_000
MOST_XML = 3_000_000
"""Bytes of text."""
MOST_ROWS = 2000

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_DELIMITERS = ",;\t|"


def forms_in_file(event: Event, file: File) -> list[Answered]:
    """Raises whatever the libraries raise for a broken file."""
    name, size = file.name.lower(), len(file.content)
    if b"%PDF-" in file.content[:1024]:
        return _in_pdf(event, file.content) if size <= MOST_BYTES["pdf"] else []
    if file.content.startswith(b"PK"):
        return _in_docx(event, file.content) if size <= MOST_BYTES["docx"] else []
    if size > MOST_BYTES["text"]:
        return []
    if file.type.endswith("/json") or name.endswith(".json"):
        return _in_json(vocabulary(event), _text_in(file))
    if file.type in ("text/csv", "text/tab-separated-values") or name.endswith((".csv", ".tsv")):
        return _in_csv(vocabulary(event), _text_in(file))
    if file.type == "text/html" or name.endswith((".htm", ".html")):
        return forms_in_text(event, text_of_html(_text_in(file)))
    if file.type == "text/plain" or name.endswith(".txt"):
        return forms_in_text(event, _text_in(file))
    return []


def _text_in(file: File) -> str:
    wide = file.content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return text_of(file.content, "utf-16" if wide else "")


def _in_json(words: Vocabulary, text: str) -> list[Answered]:
    """Keys are names or labels; a list of people may be an object's one array."""
    told = json.loads(text)
    if isinstance(told, dict):
        arrays = (value for value in told.values() if isinstance(value, list))
        lists = [array for array in arrays if any(isinstance(one, dict) for one in array)]
        told = lists[0] if len(lists) == 1 else [told]
    people = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    return _filled_in(words, (_as_text(one) for one in people))


def _as_text(one: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in one.items():
        if isinstance(value, list) and all(isinstance(line, str) for line in value):
            yield key, "\n".join(value)
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            yield key, str(value)


def _in_csv(words: Vocabulary, text: str) -> list[Answered]:
    first, _, rest = text.partition("\n")
    said = re.fullmatch(r'"?sep=(.)"?\s*', first, re.IGNORECASE)  # Excel's own way to say the delimiter
    if said:
        delimiter, text = said.group(1), rest
    else:
        delimiter = max(_DELIMITERS, key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return forms_in_rows(words, islice(([_unguarded(cell) for cell in row] for row in rows), MOST_ROWS))


def _unguarded(cell: str) -> str:
    return cell[1:] if cell[:2] in ("'+", "'=", "'-", "'@") else cell


def _filled_in(words: Vocabulary, people: Iterable[Iterable[tuple[str, str]]]) -> list[Answered]:
    forms = (answered(words, said) for said in people)
    return list(islice((form for form in forms if form.is_form), MOST_FORMS + 1))


def _in_pdf(event: Event, content: bytes) -> list[Answered]:
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it quotes what is in the file
    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        return []
    if len(reader.pages) > MOST_PAGES:
        return []
    words = vocabulary(event)
    ours = False
    copies: dict[str, list[tuple[str, str]]] = {}
    for name, field in (reader.get_fields() or {}).items():
        label, copy = _label_of(words, name, str(field.get("/TU", "")))
        ours = ours or label in words.fields
        copies.setdefault(copy, []).append((label, _typed(field.get("/V"))))
    # Where a form with fields was left blank, its text is labels and what they explain.
    return _filled_in(words, copies.values()) or ([] if ours else forms_in_text(event, _text_of_pdf(words, reader)))


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
    lines = []
    label: tuple[str, ...] = ()
    for cells in rows_of(reader.pages):
        begins = words.called(cells[0].rstrip(" :")) if cells else ()
        if label and cells and not begins and words.explains(label, cells[0]):
            del cells[0]  # below the label, beside the answer
        label = begins or label
        lines.append("\t".join(cells))
    return "\n".join(lines)


def _in_docx(event: Event, content: bytes) -> list[Answered]:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        entries = packed.infolist()
        texts = sum(entry.file_size for entry in entries if entry.filename.endswith((".xml", ".rels")))
        unpacked = sum(entry.file_size for entry in entries)
        if texts > MOST_XML or unpacked > MOST_UNPACKED or "word/document.xml" not in packed.namelist():
            return []
    import docx

    return forms_in_text(event, _text_of_docx(docx.Document(io.BytesIO(content)).element.body))


def _text_of_docx(body: Any) -> str:
    """In order, with content controls and text boxes (ECMA-376, part 1, 17)."""
    from lxml import etree

    page = Page()
    walk = etree.iterwalk(body, events=("start", "end"))
    for event, element in walk:
        tag = str(element.tag).removeprefix(_WORD)
        if event == "end":
            if tag == "p":
                page.end_line()
            elif tag == "tr":
                page.end_row()
        elif element.tag == _FALLBACK or tag in ("del", "moveFrom") or _is_unmeant(element, tag):
            walk.skip_subtree()
            page.end_line()
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
    elif tag in ("br", "cr"):
        page.break_line()
    elif tag == "p":
        _begin_paragraph(element, page)
    elif tag == "sym":
        page.write(chr(int(element.get(f"{_WORD}char", "20"), 16)))
    elif tag == "checkBox":
        page.write("[x] " if _is_on(element) else "[ ] ")


def _begin_paragraph(element: Any, page: Page) -> None:
    if element.find(f".//{_WORD}t") is None:
        page.break_line()
    else:
        page.end_line()


def _is_unmeant(element: Any, tag: str) -> bool:
    if tag == "sdt":
        return element.find(f"{_WORD}sdtPr/{_WORD}showingPlcHdr") is not None
    if tag == "r":
        strike = element.find(f"{_WORD}rPr/{_WORD}strike")
        return strike is not None and strike.get(f"{_WORD}val", "1") not in ("0", "false", "off")
    return False


def _is_on(box: Any) -> bool:
    """Word 97's checkbox (17.16.8, 17.16.12)."""
    for tag in ("checked", "default"):
        said = box.find(_WORD + tag)
        if said is not None:
            return said.get(f"{_WORD}val", "1") not in ("0", "false", "off")
    return False
