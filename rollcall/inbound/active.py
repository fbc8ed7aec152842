"""What in a PDF or in an office document runs, fetches, or carries another file. May raise what the libraries raise for
a broken file."""

import io
import logging
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain
from mmap import mmap
from typing import IO, Any


@dataclass(frozen=True)
class Bounds:
    """In more than this, nobody knows what is there; as in an e-mail."""

    unpacked: int = 20_000_000
    """Bytes that the streams of a PDF, or the parts of a package, unpack to."""
    xml: int = 20_000_000
    """Of these, what is XML: it is read whole."""
    parts: int = 1000
    streams: int = 10_000


class Verdict(IntEnum):
    QUIET = 0
    DOUBTFUL = 1
    """It may run or fetch something, or carry another file."""
    TOO_MUCH = 2
    BROKEN = 3
    ENCRYPTED = 4
    ACTIVE = 5
    """It surely runs something, or is another file as well."""


class _TooMuch(Exception):
    pass


_PDF_END_WITHIN = 2048
# ISO 32000-1: actions (12.6.4), files within (7.11.4)
_PDF_ACTIVE = (
    *("JavaScript", "Launch", "EmbeddedFile", "EmbeddedFiles", "RichMedia", "XFA", "SubmitForm", "ImportData", "GoToE"),
    *("GoToR", "GoTo3DView", "Movie", "Sound", "Rendition", "Thread"),
)
_PDF_NAME = re.compile(b"/(?:" + "|".join(_PDF_ACTIVE).encode() + b")(?![A-Za-z0-9])")
_PDF_RUNS = frozenset(("/JavaScript", "/JS", "/Launch", "/EmbeddedFile", "/EmbeddedFiles", "/EF", "/RichMedia", "/XFA"))
_PDF_KEYS = frozenset({f"/{name}" for name in _PDF_ACTIVE} | {"/AA", "/JS", "/EF", "/OPI"})
_PDF_ELSEWHERE = frozenset({"/F", "/FFilter", "/Ref"})  # of a stream: its content is in another file (7.3.8.2, 8.10.4)
_PDF_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_PDF_STREAM = re.compile(rb"\bstream[ \t]*+\r?\n?")
_PDF_BLANK = b"\x00\t\n\x0c\r "
_PIECE = 16_384
_WINDOW = 1 << 20
_LONGEST_NAME = 64  # bytes, each of its letters escaped

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OPEN_DOCUMENTS = {
    f"application/vnd.oasis.opendocument.{kind}".encode(): (ending, f"application/vnd.oasis.opendocument.{kind}")
    for kind, ending in (("spreadsheet", ".ods"), ("text", ".odt"))
}
_ZIP_END = 22  # bytes, without a comment (APPNOTE.TXT, 4.3.16)
_LOCAL_HEADER, _NAME_LENGTH = 30, 26  # bytes, and where in it the lengths of name and extra stand (4.3.7)
_LONGEST_DESCRIPTOR, _HAS_DESCRIPTOR = 24, 0x08  # bytes (4.3.9), and the flag (4.4.4)
_XML = (".xml", ".rels", ".vml", ".rdf", ".svg")
_PARTS = re.compile(
    r"(?:.*\.(?:xml|rels|png|jpe?g|gif|bmp|tiff?|emf|wmf|svg|wdp|vml|odttf|rdf|psmdcp|sigs)|.*/printersettings\d+\.bin|"
    r"mimetype|layout-cache|objectreplacements/object \d+|.*/)"
)
_RUNNING_PARTS = re.compile(r"vba|macrosheet|dialogsheet|activex|ctrlprop|(?:^|/)(?:scripts|basic)/[^/]")
_ACTIVE_PARTS = re.compile(r"embeddings|externallink|connections|querytable|customui|(?:^|/)(?:scripts|basic)/")
_PROGRAMS = (b"MZ", b"\x7fELF")
_CARRIERS = (
    b"\xd0\xcf\x11\xe0",
    b"PK\x03\x04",
    b"%PDF",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x1f\x8b",
    b"{\\rt",
)
_ACTIVE_XML = re.compile(
    rb"macroenabled|macrosheet|dde-(?:link|source|connection)|<!(?:doctype|entity)|<script", re.IGNORECASE
)
_IN_ASCII = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+<(?!\?xml[^>]*encoding\s*=\s*[\"'](?!utf-8|us-ascii|iso-8859-1|windows-1252))[^\x00]*+\Z",
    re.IGNORECASE,
)
_WORTH_A_LOOK = re.compile(
    rb"Relationship|instr|fld|<(?:\w+:)?f[\s/>]|formula|definedName|\bsrc\b|imagedata|:href|[\s\"']on[a-z]",
    re.IGNORECASE,
)
"""Names of elements and attributes cannot be written in other ways."""
_ACTIVE_FIELD = re.compile(r"(?:\A|\s)(?:DDE(?:AUTO)?|INCLUDE(?:TEXT|PICTURE)|IMPORT|LINK|DATABASE|QUOTE)\s")
_ACTIVE_FORMULA = re.compile(
    r"\b(?:WEBSERVICE|IMAGE|RTD|DDE|EXEC|CALL|REGISTER(?:\.ID)?|FOPEN)\s*\(|\|[^!]*!", re.IGNORECASE
)
_FETCHED = frozenset(
    ("imagedata", "image", "object", "object-ole", "plugin", "applet", "floating-frame", "section-source")
)
"""What is drawn or read from its `href`."""
_FORMULAS = ("f", "formula", "formula1", "formula2", "definedName")
_ELSEWHERE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:|[\\/]{2})", re.IGNORECASE)
_LINKS = re.compile(r"\s*(?:https?|mailto|tel|ftp):", re.IGNORECASE)
# on a drive of the sender's: what organizations' own templates leave in each document
_MAY_BE_NEARBY = ("/attachedTemplate", "/image")
_NEARBY = re.compile(r"(?:file:///)?[A-Za-z]:[\\/]")
_RUNNING_RELATIONS = ("/aFChunk", "/control", "/vbaProject")
_ACTIVE_RELATIONS = ("/oleObject", "/package", "/attachedTemplate", "/frame", "/subDocument")
_READ_ALREADY = frozenset({"p", "row", "table-row"})


def is_quiet_pdf(content: bytes) -> bool:
    return verdict_of_pdf(content, io.BytesIO(content)) is Verdict.QUIET


def verdict_of_pdf(content: bytes | mmap, file: IO[bytes], bounds: Bounds = Bounds()) -> Verdict:
    """By its objects as another program reads them, by its bytes, and by what its streams unpack to. `file`: the same,
    to be read. May raise what pypdf does."""
    from pypdf import PdfReader

    if b"%%EOF" not in content[-_PDF_END_WITHIN:]:
        return Verdict.BROKEN
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it quotes what is in the file
    reader = PdfReader(file)
    if reader.is_encrypted and not reader.decrypt(""):
        return Verdict.ENCRYPTED
    if any(map(_names_action, _windows(content))):
        return max(Verdict.DOUBTFUL, _of_objects(reader))
    try:
        packed = any(map(_names_action, _packed_objects(content, bounds)))
    except _TooMuch:
        return Verdict.TOO_MUCH
    return max(Verdict(packed), _of_objects(reader))


def _of_objects(reader: Any) -> Verdict:
    worst = Verdict.QUIET
    for found in _objects(reader):
        worst = max(worst, _of_object(found))
        if worst is Verdict.ACTIVE:
            break
    return worst


def _windows(content: bytes | mmap) -> Iterator[bytes]:
    """Each begins with the end of the one before, for a name that lies across."""
    for at in range(0, len(content), _WINDOW):
        yield content[max(0, at - _LONGEST_NAME) : at + _WINDOW]


def _names_action(content: bytes) -> bool:
    return _PDF_NAME.search(_PDF_ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), content)) is not None


def _packed_objects(content: bytes | mmap, bounds: Bounds) -> Iterator[bytes]:
    """In windows, whatever a stream may pack that begins with a number (7.5.7), or a comment: pictures do not."""
    left = bounds.unpacked
    for number, stream in enumerate(_PDF_STREAM.finditer(content)):
        if number >= bounds.streams:
            raise _TooMuch
        begins, end = b"", b""
        for piece in _unpacked(content, stream.end()):
            left -= len(piece)
            if left <= 0:
                raise _TooMuch
            yield end + piece
            begins = begins or piece.lstrip(_PDF_BLANK)[:1]
            if begins and begins not in b"+-0123456789%":
                break
            end = piece[-_LONGEST_NAME:]


def _unpacked(content: bytes | mmap, start: int) -> Iterator[bytes]:
    unpacking = zlib.decompressobj()
    with suppress(zlib.error):
        for at in range(start, len(content), _PIECE):
            packed = content[at : at + _PIECE]
            while packed and not unpacking.eof:
                yield unpacking.decompress(packed, _WINDOW)
                packed = unpacking.unconsumed_tail
            if unpacking.eof:
                return


def _objects(reader: Any) -> Iterator[Any]:
    from pypdf.generic import IndirectObject, StreamObject

    ids = {(id, generation) for generation, placed in reader.xref.items() for id in placed if placed[id]}
    ids |= {(id, 0) for id in reader.xref_objStm}
    for id, generation in sorted(ids):
        found = reader.get_object(IndirectObject(id, generation, reader))
        yield found
        if isinstance(found, StreamObject) and found.get("/Type") != "/ObjStm":
            reader.resolved_objects.pop((generation, id), None)  # else all pictures would be in memory at last


def _of_object(found: Any) -> Verdict:
    """What it refers to is looked at in its turn."""
    from pypdf.generic import ArrayObject, DictionaryObject, NameObject, StreamObject

    waiting, doubtful = [found], False
    while waiting:
        one = waiting.pop()
        if isinstance(one, NameObject):
            if one in _PDF_RUNS:
                return Verdict.ACTIVE
            doubtful |= one in _PDF_KEYS
        elif isinstance(one, ArrayObject):
            waiting += one
        elif isinstance(one, DictionaryObject):
            if not _PDF_RUNS.isdisjoint(one):
                return Verdict.ACTIVE
            opens = one.get("/OpenAction")
            opens = opens.get_object() if opens is not None else None
            doubtful |= isinstance(opens, DictionaryObject) and ("/Next" in opens or opens.get("/S") != "/GoTo")
            doubtful |= not _PDF_KEYS.isdisjoint(one)
            doubtful |= isinstance(one, StreamObject) and not _PDF_ELSEWHERE.isdisjoint(one)
            waiting += one.values()
    return Verdict(doubtful)


def kind_of_package(content: bytes) -> tuple[str, str] | None:
    """Ending and media type; None where it is no document, or not a quiet one."""
    kind, verdict = verdict_of_package(io.BytesIO(content))
    return kind if verdict is Verdict.QUIET else None


def verdict_of_package(file: IO[bytes], bounds: Bounds = Bounds()) -> tuple[tuple[str, str] | None, Verdict]:
    """And its kind: ending and media type; None where it is no document."""
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - _ZIP_END))
    if not file.read(_ZIP_END).startswith(b"PK\x05\x06"):
        return None, Verdict.BROKEN  # it was cut, or something follows its end
    with zipfile.ZipFile(file) as package:
        parts = {entry.filename.lower().replace("\\", "/"): entry for entry in package.infolist()}
        kind = _kind_of(package, parts)
        if len(parts) < len(package.infolist()):
            return kind, Verdict.ACTIVE
        sizes = {name: entry.file_size for name, entry in parts.items()}
        of_xml = sum(size for name, size in sizes.items() if name.endswith(_XML))
        if len(parts) > bounds.parts or sum(sizes.values()) > bounds.unpacked or of_xml > bounds.xml:
            return kind, Verdict.TOO_MUCH
        those = (_of_part(package, name, entry) for name, entry in parts.items())
        return kind, _worst(chain([_of_rest(file, package)], those))


def _of_rest(file: IO[bytes], package: zipfile.ZipFile) -> Verdict:
    """Bytes that are of no part: some programs read a damaged package from its beginning, and find another there."""
    end = after = 0
    for entry in sorted(package.infolist(), key=lambda entry: entry.header_offset):
        if not 0 <= entry.header_offset - end <= after:
            return Verdict.ACTIVE
        file.seek(entry.header_offset + _NAME_LENGTH)
        name, extra = struct.unpack("<HH", file.read(4))
        end = entry.header_offset + _LOCAL_HEADER + name + extra + entry.compress_size
        after = _LONGEST_DESCRIPTOR if entry.flag_bits & _HAS_DESCRIPTOR else 0
    return Verdict.QUIET if 0 <= package.start_dir - end <= after else Verdict.ACTIVE


def _kind_of(package: zipfile.ZipFile, parts: Mapping[str, zipfile.ZipInfo]) -> tuple[str, str] | None:
    if "content.xml" in parts and "mimetype" in parts:
        with package.open(parts["mimetype"]) as mimetype:
            return _OPEN_DOCUMENTS.get(mimetype.read(100))
    if "[content_types].xml" not in parts:
        return None
    if "word/document.xml" in parts:
        return ".docx", _WORD
    return (".xlsx", _SHEET) if "xl/workbook.xml" in parts else None


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    worst = Verdict.QUIET
    for verdict in verdicts:
        worst = max(worst, verdict)
        if worst is Verdict.ACTIVE:
            break
    return worst


def _of_part(package: zipfile.ZipFile, name: str, entry: zipfile.ZipInfo) -> Verdict:
    if _RUNNING_PARTS.search(name):
        return Verdict.ACTIVE
    if not _PARTS.fullmatch(name) or _ACTIVE_PARTS.search(name):
        return Verdict.DOUBTFUL
    with package.open(entry) as part:
        if name.endswith(_XML):
            return _of_xml(name, part.read())
        first = part.read(8)
    if first.startswith(_PROGRAMS):
        return Verdict.ACTIVE
    return Verdict(first.startswith(_CARRIERS) and not name.endswith(".odttf"))


def _of_xml(name: str, content: bytes) -> Verdict:
    if not content and name.startswith("configurations2/"):
        return Verdict.QUIET
    if not _IN_ASCII.match(content):
        return Verdict.DOUBTFUL  # an encoding in which it would not be seen
    if _ACTIVE_XML.search(content):
        return Verdict.ACTIVE
    if name == "meta-inf/manifest.xml" and b"encryption-data" in content:
        return Verdict.ENCRYPTED
    return _of_elements(content) if _WORTH_A_LOOK.search(content) else Verdict.QUIET


def _of_elements(content: bytes) -> Verdict:
    from lxml import etree

    fields, worst = [], Verdict.QUIET
    for _, element in etree.iterparse(io.BytesIO(content), tag="*", resolve_entities=False, no_network=True):
        tag = etree.QName(element).localname
        if tag == "Relationship":
            worst = max(worst, _of_relation(element))
        elif tag in ("instrText", "delInstrText"):
            fields.append("".join(element.itertext()))
        elif tag == "fldChar":
            fields.append(" ")
        elif tag == "fldSimple":
            fields += [" ", *element.values(), " "]
        elif tag in _FORMULAS and _ACTIVE_FORMULA.search("".join(element.itertext())):
            worst = max(worst, Verdict.DOUBTFUL)
        if element.attrib and any(_is_active_attribute(tag, *one) for one in element.items()):
            worst = max(worst, Verdict.DOUBTFUL)
        if tag in _READ_ALREADY:
            element.clear()  # else a long text would take ten times its bytes
    return max(worst, Verdict(_ACTIVE_FIELD.search(f"{''.join(fields)} ".upper()) is not None))


def _is_active_attribute(tag: str, name: str, value: str) -> bool:
    name = name.rpartition("}")[2].lower()
    if name == "formula":
        return _ACTIVE_FORMULA.search(value) is not None
    if name == "src" or (name == "href" and tag in _FETCHED):
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


def _of_relation(relation: Any) -> Verdict:
    type: str = relation.get("Type", "")
    target: str = relation.get("Target", "")
    if type.endswith(_RUNNING_RELATIONS):
        return Verdict.ACTIVE
    if relation.get("TargetMode", "").lower() != "external" and not _ELSEWHERE.match(target):
        return Verdict(type.endswith(_ACTIVE_RELATIONS))
    if type.endswith("/hyperlink"):
        return Verdict(_ELSEWHERE.match(target) is not None and not _LINKS.match(target))
    return Verdict(not (type.endswith(_MAY_BE_NEARBY) and _NEARBY.match(target)))
