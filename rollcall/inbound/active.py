"""What in a PDF or in an office document runs, fetches, or carries another file. May raise what the libraries raise for
a broken file."""

import io
import logging
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

MOST_UNPACKED = 20_000_000
"""Bytes that are looked at in a PDF, or in the parts of a package; in more, nobody knows what is there."""
MOST_PARTS = 1000
MOST_STREAMS = 10_000

_PDF_END_WITHIN = 2048
# ISO 32000-1: actions (12.6.4), files within (7.11.4)
_PDF_ACTIVE = (
    *("JavaScript", "Launch", "EmbeddedFile", "EmbeddedFiles", "RichMedia", "XFA", "SubmitForm", "ImportData", "GoToE"),
    *("GoToR", "GoTo3DView", "Movie", "Sound", "Rendition", "Thread"),
)
_PDF_NAME = re.compile(b"/(?:" + "|".join(_PDF_ACTIVE).encode() + b")(?![A-Za-z0-9])")
_PDF_KEYS = frozenset({f"/{name}" for name in _PDF_ACTIVE} | {"/AA", "/JS", "/EF", "/OPI"})
_PDF_ELSEWHERE = frozenset({"/F", "/FFilter", "/Ref"})  # of a stream: its content is in another file (7.3.8.2, 8.10.4)
_PDF_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_PDF_STREAM = re.compile(rb"\bstream[ \t]*+\r?\n?")
_PDF_BLANK = b"\x00\t\n\x0c\r "
_PIECE = 16_384

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ODS = "application/vnd.oasis.opendocument.spreadsheet"
_XML = (".xml", ".rels", ".vml", ".rdf", ".svg")
_PARTS = re.compile(
    r"(?:.*\.(?:xml|rels|png|jpe?g|gif|bmp|tiff?|emf|wmf|svg|wdp|vml|odttf|rdf|psmdcp|sigs)|.*/printersettings\d+\.bin|"
    r"mimetype|.*/)"
)
_ACTIVE_PARTS = re.compile(
    r"vba|macrosheet|dialogsheet|activex|embeddings|externallink|connections|querytable|customui|ctrlprop|"
    r"(?:^|/)(?:scripts|basic)/"
)
_CARRIERS = (
    b"MZ",
    b"\x7fELF",
    b"\xd0\xcf\x11\xe0",
    b"PK\x03\x04",
    b"%PDF",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x1f\x8b",
    b"{\\rt",
)
_ACTIVE_XML = re.compile(rb"macroenabled|macrosheet|dde-link|<!(?:doctype|entity)|<script", re.IGNORECASE)
_IN_ASCII = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+<(?!\?xml[^>]*encoding\s*=\s*[\"'](?!utf-8|us-ascii|iso-8859-1|windows-1252))[^\x00]*+\Z",
    re.IGNORECASE,
)
_WORTH_A_LOOK = re.compile(
    rb"Relationship|instr|fld|<(?:\w+:)?f[\s/>]|formula|definedName|\bsrc\b|imagedata|[\s\"']on[a-z]", re.IGNORECASE
)
"""Names of elements and attributes cannot be written in other ways."""
_ACTIVE_FIELD = re.compile(r"(?:\A|\s)(?:DDE(?:AUTO)?|INCLUDE(?:TEXT|PICTURE)|IMPORT|LINK|DATABASE|QUOTE)\s")
_ACTIVE_FORMULA = re.compile(
    r"\b(?:WEBSERVICE|IMAGE|RTD|DDE|EXEC|CALL|REGISTER(?:\.ID)?|FOPEN)\s*\(|\|[^!]*!", re.IGNORECASE
)
_FORMULAS = ("f", "formula", "formula1", "formula2", "definedName")
_ELSEWHERE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:|[\\/]{2})", re.IGNORECASE)
_LINKS = re.compile(r"\s*(?:https?|mailto|tel|ftp):", re.IGNORECASE)
# on a drive of the sender's: what organizations' own templates leave in each document
_MAY_BE_NEARBY = ("/attachedTemplate", "/image")
_NEARBY = re.compile(r"(?:file:///)?[A-Za-z]:[\\/]")
_ACTIVE_RELATIONS = (
    *("/aFChunk", "/oleObject", "/package", "/control", "/vbaProject", "/attachedTemplate", "/frame", "/subDocument"),
)


def is_quiet_pdf(content: bytes) -> bool:
    """By its bytes, by what its streams unpack to, and by its objects as another program reads them."""
    if b"%%EOF" not in content[-_PDF_END_WITHIN:] or _names_action(content):
        return False
    return not any(map(_names_action, _packed_objects(content))) and not any(map(_is_active_object, _objects(content)))


def _names_action(content: bytes) -> bool:
    return _PDF_NAME.search(_PDF_ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), content)) is not None


def _packed_objects(content: bytes) -> Iterator[bytes]:
    """Whatever a stream may pack that begins with a number (7.5.7), or a comment: pictures do not. Raises `ValueError`
    where it is too much."""
    left = MOST_UNPACKED
    for number, stream in enumerate(_PDF_STREAM.finditer(content)):
        unpacking, unpacked, begins = zlib.decompressobj(), bytearray(), b""
        with suppress(zlib.error):
            for at in range(stream.end(), len(content), _PIECE):
                piece = unpacking.decompress(content[at : at + _PIECE], left)
                unpacked += piece
                begins = begins or piece.lstrip(_PDF_BLANK)[:1]
                if unpacking.eof or len(unpacked) >= left or (begins and begins not in b"+-0123456789%"):
                    break
        left -= len(unpacked)
        if left <= 0 or number >= MOST_STREAMS:
            raise ValueError("too much to look at")
        yield bytes(unpacked)


def _objects(content: bytes) -> Iterator[Any]:
    from pypdf import PdfReader
    from pypdf.generic import IndirectObject

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it quotes what is in the file
    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        raise ValueError("encrypted")
    ids = {(id, generation) for generation, placed in reader.xref.items() for id in placed if placed[id]}
    ids |= {(id, 0) for id in reader.xref_objStm}
    for id, generation in sorted(ids):
        yield reader.get_object(IndirectObject(id, generation, reader))


def _is_active_object(found: Any) -> bool:
    """What it refers to is looked at in its turn."""
    from pypdf.generic import ArrayObject, DictionaryObject, NameObject, StreamObject

    waiting = [found]
    while waiting:
        one = waiting.pop()
        if isinstance(one, NameObject) and one in _PDF_KEYS:
            return True
        if isinstance(one, ArrayObject):
            waiting += one
        elif isinstance(one, DictionaryObject):
            opens = one.get("/OpenAction")
            opens = opens.get_object() if opens is not None else None
            if isinstance(opens, DictionaryObject) and ("/Next" in opens or opens.get("/S") != "/GoTo"):
                return True
            if not _PDF_KEYS.isdisjoint(one) or (isinstance(one, StreamObject) and not _PDF_ELSEWHERE.isdisjoint(one)):
                return True
            waiting += one.values()
    return False


def kind_of_package(content: bytes) -> tuple[str, str] | None:
    """Ending and media type; None where it is no document, or an active one."""
    if content[-22:-18] != b"PK\x05\x06":
        return None  # something follows its end
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        entries = packed.infolist()
        names = [entry.filename.lower().replace("\\", "/") for entry in entries]
        if len(entries) > MOST_PARTS or sum(entry.file_size for entry in entries) > MOST_UNPACKED:
            return None
        if len(set(names)) < len(names):
            return None
        if not all(_PARTS.fullmatch(name) and not _ACTIVE_PARTS.search(name) for name in names):
            return None
        if any(_is_active_part(name, packed.read(entry)) for entry, name in zip(entries, names, strict=True)):
            return None
        if "content.xml" in names and packed.read("mimetype") == _ODS.encode():
            return ".ods", _ODS
    if "[content_types].xml" not in names:
        return None
    if "word/document.xml" in names:
        return ".docx", _WORD
    return (".xlsx", _SHEET) if "xl/workbook.xml" in names else None


def _is_active_part(name: str, content: bytes) -> bool:
    if not name.endswith(_XML):
        return content.startswith(_CARRIERS) and not name.endswith(".odttf")
    if not _IN_ASCII.match(content) or _ACTIVE_XML.search(content):
        return True  # or in an encoding in which it would not be seen
    if not _WORTH_A_LOOK.search(content):
        return False
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    fields = []
    for element in etree.fromstring(content, parser).iter("*"):
        tag = etree.QName(element).localname
        if tag == "Relationship":
            if _is_active_relation(element):
                return True
        elif tag in ("instrText", "delInstrText"):
            fields.append("".join(element.itertext()))
        elif tag == "fldChar":
            fields.append(" ")
        elif tag == "fldSimple":
            fields += [" ", *element.values(), " "]
        elif tag in _FORMULAS and _ACTIVE_FORMULA.search("".join(element.itertext())):
            return True
        if element.attrib and any(_is_active_attribute(tag, *one) for one in element.items()):
            return True
    return _ACTIVE_FIELD.search(f"{''.join(fields)} ".upper()) is not None


def _is_active_attribute(tag: str, name: str, value: str) -> bool:
    name = name.rpartition("}")[2].lower()
    if name == "formula":
        return _ACTIVE_FORMULA.search(value) is not None
    if name == "src" or (name == "href" and tag == "imagedata"):
        return _ELSEWHERE.match(value) is not None
    return name.startswith("on") and tag in (
        "svg",
        "image",
        "animate",
        "set",
        "a",
        "g",
        "path",
        "rect",
        "foreignObject",
    )


def _is_active_relation(relation: Any) -> bool:
    type: str = relation.get("Type", "")
    target: str = relation.get("Target", "")
    if relation.get("TargetMode", "").lower() != "external" and not _ELSEWHERE.match(target):
        return type.endswith(_ACTIVE_RELATIONS)
    if type.endswith("/hyperlink"):
        return _ELSEWHERE.match(target) is not None and not _LINKS.match(target)
    return not (type.endswith(_MAY_BE_NEARBY) and _NEARBY.match(target))
