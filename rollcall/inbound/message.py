"""An e-mail taken apart: header fields, texts, files, e-mails within it."""

import binascii
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal, NamedTuple
from urllib.parse import unquote

from rollcall.inbound.charsets import Decoded, clean, decode
from rollcall.inbound.mime import (
    MOST_LINES,
    File,
    Headers,
    Parts,
    decoded,
    headers_of,
    likely_boundary,
    parameter,
    parts_between,
)
from rollcall.inbound.webhook import Post
from rollcall.model.inbound import Doubt

DEEPEST = 20
"""Levels of nesting; deeper parts stay files."""
MOST_PARTS = 500
LONGEST_NAME = 255
LONGEST_HEAD = 2048
"""Bytes in which HTML may name its charset."""

_MESSAGES = ("message/rfc822", "message/global", "message/news")
_BODIES = ("text/plain", "text/html")
_TYPE = re.compile(r"\s*([\w!#$&^.+-]+/[\w!#$&^.+-]+)", re.ASCII)
_SAYING_NOTHING = re.compile(
    r"text/plain|application/(octet-stream|binary|(x-|force-)?download|(x-)?unknown)|binary/.*"
)
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset=[\"']?([\w-]{1,40})", re.IGNORECASE)
_CONTENT_ID_USED = re.compile(r"cid:([^\"'\s<>)]+)", re.IGNORECASE)

_TYPES = mimetypes.MimeTypes()
_TYPES.add_type("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx")
_TYPES.add_type("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx")
_TYPES.add_type("application/vnd.oasis.opendocument.text", ".odt")
_TYPES.add_type("application/rtf", ".rtf")


@dataclass(frozen=True)
class TakenApart:
    headers: Headers
    parts: Parts


def take_apart(mime: bytes) -> TakenApart:
    """Never raises: what cannot be taken apart is text."""
    empty_lines = len(mime) - len(mime.lstrip(b"\r\n"))
    budget = iter(range(MOST_PARTS))
    taken = _message(mime, empty_lines, len(mime), 0, budget)
    return TakenApart(taken.headers, _counted(taken.parts, budget))


def _counted(parts: Parts, left: Iterator[int]) -> Parts:
    return replace(parts, whole=next(left, None) is not None)


def message_of(post: Post) -> TakenApart:
    """Of either mode. Never raises."""
    if "email" in post.fields:
        return take_apart(post.fields["email"])
    pieces = _Pieces()
    pieces.say("plain", post.decoded("text"))
    pieces.say("html", post.decoded("html"))
    budget = iter(range(MOST_PARTS))
    for file, _ in zip(post.files, budget, strict=False):
        about = post.about_files.get(file.field, {})
        name = _file_name(file.name, about.get("filename", ""), about.get("name", ""))
        type = _type(file.type or about.get("type", ""), name, "application/octet-stream")
        if type in _MESSAGES:
            pieces.within.append(_message(file.content, 0, len(file.content), 1, budget).parts)
        else:
            pieces.files.append(_Found(name, type, file.content, about.get("content-id", "").strip("<>"), False))
    return TakenApart(_headers(post), _counted(pieces.parts(), budget))


def first_of(post: Post, length: int) -> tuple[Headers, bytes]:
    """The first header, and so many bytes of what is below."""
    if "email" not in post.fields:
        return _headers(post), post.fields.get("text", b"")[:length]
    mime = post.fields["email"]
    headers, body = headers_of(mime, len(mime) - len(mime.lstrip(b"\r\n")), len(mime))
    return headers, mime[body : body + length]


class _Found(NamedTuple):
    name: str
    type: str
    content: bytes
    content_id: str
    with_text: bool


@dataclass
class _Pieces:
    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    files: list[_Found] = field(default_factory=list)
    within: list[Parts] = field(default_factory=list)
    doubts: dict[Doubt, None] = field(default_factory=dict)

    def say(self, kind: Literal["plain", "html"], said: Decoded) -> None:
        if text := said.text.replace("\r\n", "\n").replace("\r", "\n"):
            (self.html if kind == "html" else self.plain).append(text)
            self.doubts |= dict.fromkeys(said.doubts)

    def parts(self) -> Parts:
        """Ignores `inline`, which many programs set on scans and forms. Texts are one: Apple Mail cuts them at each
        picture."""
        used = {unquote(used) for html in self.html for used in _CONTENT_ID_USED.findall(html)}
        files = (
            File(name, type, content, with_text or (type.startswith("image/") and content_id in used))
            for name, type, content, content_id, with_text in self.files
        )
        plain, html = (("\n".join(texts),) if texts else () for texts in (self.plain, self.html))
        return Parts(plain, html, tuple(files), tuple(self.within), tuple(self.doubts))


def _headers(post: Post) -> Headers:
    """Of parsed mode."""
    block = post.fields.get("headers", b"").lstrip(b"\r\n")
    headers, _ = headers_of(block, 0, len(block))
    alone = ((name, post.text(name)) for name in ("from", "subject") if not headers.all(name))
    return Headers(headers.fields + tuple((name, value) for name, value in alone if value))


def _message(raw: bytes, start: int, end: int, depth: int, budget: Iterator[int]) -> TakenApart:
    pieces = _Pieces()
    _take(pieces, raw, start, end, "", depth, budget)
    return TakenApart(headers_of(raw, start, end, lines=MOST_LINES if depth else None)[0], pieces.parts())


def _take(pieces: _Pieces, raw: bytes, start: int, end: int, around: str, depth: int, budget: Iterator[int]) -> None:
    headers, body = headers_of(raw, start, end, lines=MOST_LINES if depth else None)
    declared = headers.first("content-type")
    name = _file_name(parameter(headers.first("content-disposition"), "filename"), parameter(declared, "name"))
    type = _type(declared, name, "message/rfc822" if around == "multipart/digest" else "text/plain")
    if depth < DEEPEST and type in _MESSAGES:
        pieces.within.append(_message(*_opened(headers, raw, body, end, depth), budget).parts)
        return
    if depth < DEEPEST and (type.startswith("multipart/") or not declared):
        boundary = parameter(declared, "boundary").encode()
        source, deeper, places = raw, depth + 1, _places(boundary, raw, body, end)
        if not places and _encoding(headers):
            source, begins, ends, deeper = _opened(headers, raw, body, end, depth)
            places = _places(boundary, source, begins, ends)
        for place, _ in zip(places, budget, strict=False):
            _take(pieces, source, *place, type, deeper, budget)
        if places:
            return
    _keep(pieces, headers, type, name, around, _content(headers, raw, body, end))


def _opened(headers: Headers, raw: bytes, start: int, end: int, depth: int) -> tuple[bytes, int, int, int]:
    """Some parts are encoded, against RFC 2045, 6.4. Decoded bytes are held beside encoded ones, and so count for
    several levels."""
    if not _encoding(headers):
        return raw, start, end, depth + 1
    content = _content(headers, raw, start, end)
    return content, 0, len(content), depth + DEEPEST // 4


def _places(boundary: bytes, raw: bytes, start: int, end: int) -> list[tuple[int, int]]:
    named = list(islice(parts_between(raw, start, end, boundary), MOST_PARTS)) if boundary else []
    if named or not (likely := likely_boundary(raw, start, end)):
        return named
    return list(islice(parts_between(raw, start, end, likely), MOST_PARTS))


def _keep(pieces: _Pieces, headers: Headers, type: str, name: str, around: str, content: bytes) -> None:
    attached = headers.first("content-disposition").lower().startswith("attachment")
    if type.startswith("multipart/") or (type in _BODIES and not attached):
        charset = parameter(headers.first("content-type"), "charset") or _charset_within(content, type)
        pieces.say("html" if type == "text/html" else "plain", decode(content, charset))
        return
    beside = around == "multipart/related" and type.startswith("image/") and not attached
    instead = around == "multipart/alternative" and not name
    content_id = headers.first("content-id").strip("<> ")
    pieces.files.append(_Found(name, type, content, content_id, beside or instead))


def _charset_within(content: bytes, type: str) -> str:
    found = _META_CHARSET.search(content[:LONGEST_HEAD]) if type == "text/html" else None
    return found[1].decode("ascii") if found else ""


def _encoding(headers: Headers) -> str:
    encoding = headers.first("content-transfer-encoding").lower()
    return next((one for one in ("quoted-printable", "base64") if one in encoding), "")


def _content(headers: Headers, raw: bytes, start: int, end: int) -> bytes:
    encoded = memoryview(raw)[start:end]
    match _encoding(headers):
        case "quoted-printable":
            return binascii.a2b_qp(encoded)
        case "base64":
            return _from_base64(encoded)
        case _:
            return bytes(encoded)


def _from_base64(encoded: memoryview) -> bytes:
    try:
        return binascii.a2b_base64(encoded)
    except binascii.Error:  # digits are missing, at the end most often
        digits = bytes(encoded).translate(None, _NOT_BASE64)
        digits = digits[: len(digits) - (len(digits) % 4 == 1)]
        return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def _type(declared: str, name: str, otherwise: str) -> str:
    """By the name where the type says nothing."""
    match = _TYPE.match(declared)
    type = match[1].lower() if match else otherwise
    guessed = _TYPES.guess_type(name)[0] if name and _SAYING_NOTHING.fullmatch(type) else None
    return guessed or type


def _file_name(*names: str) -> str:
    """Without path or control characters."""
    name = decoded(next(filter(None, names), ""))
    name = "".join(character for character in name if character.isprintable())
    return re.split(r"[/\\]", clean(name))[-1].strip()[-LONGEST_NAME:]
