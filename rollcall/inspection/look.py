"""What a file is, by its content, and whether somebody has to look at it first. In this process, and without a budget;
`inspector` has it done within one."""

import hashlib
import mmap
import re
from dataclasses import replace
from pathlib import Path
from typing import IO

from rollcall.desk.contribution_ports import Inspected
from rollcall.inbound.active import Bounds, Verdict, verdict_of_package, verdict_of_pdf
from rollcall.inbound.kinds import ZIP_END, ZIP_END_WITHIN, harmless_stem, has_markup_in_pdf, is_plain_text
from rollcall.inspection.properties import properties
from rollcall.model.contribution import LARGEST_FILE, PaperDoubt

BOUNDS = Bounds(unpacked=400_000_000, xml=80_000_000, parts=5_000, streams=100_000)
LONGEST_TEXT = 10_000_000
"""Bytes that are read as text at once: 20 times a long book."""

_DOC = ".doc", "application/msword"
_ODT = ".odt", "application/vnd.oasis.opendocument.text"
_DOCX = ".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_PDF = ".pdf", "application/pdf"
_TEXT = ".txt", "text/plain"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TEXT_NAMES = re.compile(r"[^.]*|.*\.(?:txt|text|asc|md)", re.IGNORECASE | re.DOTALL)
"""A script is text too: so its name says, beside its content, that it is none."""
_IN_UTF_16 = {name: name.encode("utf-16-le") for name in ("WordDocument", "EncryptedPackage", "_VBA_PROJECT")}
_PIECE = 1 << 20


def inspect(path: Path, name: str) -> Inspected:
    begun = begin(path, name)
    return begun if begun.fault else finish(path, begun)


def begin(path: Path, name: str) -> Inspected:
    """What its first bytes say: to be held, until `finish`."""
    size = path.stat().st_size
    if not size:
        return Inspected(name, fault="file_empty")
    if size > LARGEST_FILE:
        return Inspected(name, size=size, fault="file_too_large")
    with path.open("rb") as file:
        first = file.read(_PIECE)
        digest = hashlib.sha256(first)
        while piece := file.read(_PIECE):
            digest.update(piece)
    kind = _kind(first, name)
    if kind is None:
        return Inspected(name, size=size, sha256=digest.hexdigest(), fault="file_kind")
    begun = Inspected(name, size=size, sha256=digest.hexdigest(), doubt=PaperDoubt.NOT_INSPECTED)
    return _of_kind(begun, kind)


def finish(path: Path, begun: Inspected) -> Inspected:
    """Raises what libraries raise for a broken file."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        match begun.ending:
            case ".pdf":
                return _pdf(content, file, begun)
            case ".doc":
                return _doc(content, begun)
            case ".txt":
                return _text(content, begun)
            case _:
                return _package(file, begun)


def _kind(first: bytes, name: str) -> tuple[str, str] | None:
    if first.startswith(b"%PDF-"):
        return _PDF
    if first.startswith(b"PK\x03\x04"):
        return _ODT if _ODT[1].encode() in first[:200] else _DOCX
    if first.startswith(_OLE):
        return _DOC
    return _TEXT if _TEXT_NAMES.fullmatch(name.strip()) else None


def _pdf(content: mmap.mmap, file: IO[bytes], begun: Inspected) -> Inspected:
    if has_markup_in_pdf(content) or ZIP_END in content[-ZIP_END_WITHIN:]:
        return _refused(begun, "file_active")
    return _judged(begun, verdict_of_pdf(content, file, BOUNDS), file)


def _package(file: IO[bytes], begun: Inspected) -> Inspected:
    kind, verdict = verdict_of_package(file, BOUNDS)
    if verdict is Verdict.BROKEN:
        return _refused(begun, "file_damaged")
    if kind not in (_ODT, _DOCX):
        return _refused(begun, "file_kind")
    return _judged(_of_kind(begun, kind), verdict, file)


def _doc(content: mmap.mmap, begun: Inspected) -> Inspected:
    """Of before 2007: it is hard to tell what runs in it, so the staff look."""
    if content.find(_IN_UTF_16["EncryptedPackage"]) >= 0:
        return _refused(begun, "file_encrypted")
    if content.find(_IN_UTF_16["WordDocument"]) < 0:
        return _refused(begun, "file_kind")
    if content.find(_IN_UTF_16["_VBA_PROJECT"]) >= 0:
        return _refused(begun, "file_active")
    return replace(begun, doubt=PaperDoubt.ACTIVE)


def _text(content: mmap.mmap, begun: Inspected) -> Inspected:
    if len(content) > LONGEST_TEXT:
        return begun
    if ZIP_END in content[-ZIP_END_WITHIN:] or not is_plain_text(content[:], begun.ending):
        return _refused(begun, "file_kind")
    return replace(begun, doubt=None)


def _judged(begun: Inspected, verdict: Verdict, file: IO[bytes]) -> Inspected:
    match verdict:
        case Verdict.QUIET | Verdict.DOUBTFUL:
            doubt = PaperDoubt.ACTIVE if verdict is Verdict.DOUBTFUL else None
            return replace(begun, doubt=doubt, properties=properties(file, begun.ending))
        case Verdict.TOO_MUCH:
            return begun
        case Verdict.ACTIVE:
            return _refused(begun, "file_active")
        case Verdict.ENCRYPTED:
            return _refused(begun, "file_encrypted")
        case Verdict.BROKEN:
            return _refused(begun, "file_damaged")


def _of_kind(one: Inspected, kind: tuple[str, str]) -> Inspected:
    ending, type = kind
    return replace(one, name=harmless_stem(one.name) + ending, ending=ending, type=type)


def _refused(begun: Inspected, fault: str) -> Inspected:
    return replace(begun, fault=fault, doubt=None)
