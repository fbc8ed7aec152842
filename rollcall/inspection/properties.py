"""What a document says of itself: title, author, language."""

import re
import unicodedata
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Any, cast

LONGEST = 300
"""Characters."""
_MOST_XML = 1_000_000
"""Bytes."""
_DC = "{http://purl.org/dc/elements/1.1/}"
_BY_WORD = re.compile(r"\s*Microsoft Word\s+-\s*", re.IGNORECASE)
_NO_TITLE = re.compile(
    r"(?:untitled|document ?\d*|microsoft word.*|.*\.(?:docx?|odt|rtf|pdf|txt|tex|dvi|indd|pages))?", re.IGNORECASE
)
"""What programs put there for want of one."""
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def properties(file: IO[bytes], ending: str) -> Mapping[str, str]:
    """`title`, `author`, `language` (BCP 47), each where the document has it; nothing where it cannot be read."""
    read = {".docx": _of_word, ".odt": _of_open_document, ".pdf": _of_pdf}.get(ending)
    said: Mapping[str, Any] = {}
    with suppress(Exception):  # libraries do not document what they raise for a broken file
        said = read(file) if read else {}
    title = _BY_WORD.sub("", _cleaned(said.get("title")))
    language = _cleaned(said.get("language")).replace("_", "-")
    found = {
        "title": "" if _NO_TITLE.fullmatch(title) else title,
        "author": _cleaned(said.get("author")),
        "language": language if _LANGUAGE.fullmatch(language) else "",
    }
    return {name: one for name, one in found.items() if one}


def _of_word(file: IO[bytes]) -> Mapping[str, Any]:
    core = _part(file, "docProps/core.xml")
    return {
        "title": core.findtext(f"{_DC}title"),
        "author": core.findtext(f"{_DC}creator"),
        "language": core.findtext(f"{_DC}language"),
    }


def _of_open_document(file: IO[bytes]) -> Mapping[str, Any]:
    meta = _part(file, "meta.xml")
    office = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"
    return {
        "title": meta.findtext(f".//{_DC}title"),
        "author": meta.findtext(f".//{office}initial-creator") or meta.findtext(f".//{_DC}creator"),
        "language": meta.findtext(f".//{_DC}language"),
    }


def _of_pdf(file: IO[bytes]) -> Mapping[str, Any]:
    """XMP where the older dictionary has nothing."""
    from pypdf import PdfReader

    reader = PdfReader(file)
    if reader.is_encrypted:
        reader.decrypt("")
    old, catalog = reader.metadata, cast(Any, reader.trailer["/Root"])
    xmp = None
    with suppress(Exception):
        xmp = reader.xmp_metadata
    titles = (xmp.dc_title or {}) if xmp else {}
    return {
        "title": (old and old.title) or titles.get("x-default") or next(iter(titles.values()), ""),
        "author": (old and old.author) or (", ".join(xmp.dc_creator or ()) if xmp else ""),
        "language": catalog.get("/Lang") or next(iter((xmp.dc_language or ()) if xmp else ()), ""),
    }


def _part(file: IO[bytes], name: str) -> Any:
    from lxml import etree

    with zipfile.ZipFile(file) as package, package.open(name) as part:
        return etree.fromstring(part.read(_MOST_XML), etree.XMLParser(resolve_entities=False, no_network=True))


def _cleaned(said: object) -> str:
    """On one line, without what is not seen."""
    text = said if isinstance(said, str) else ""
    seen = (one for one in text[: 4 * LONGEST] if one.isspace() or unicodedata.category(one) not in ("Cc", "Cs", "Cn"))
    return " ".join("".join(seen).split())[:LONGEST]
