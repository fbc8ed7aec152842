"""Bytes in parts: header fields, their values and parameters, and parts between boundaries (RFC 2045 to 2047, 2231).

Python's `email` raises on some real messages, copies them many times and takes a generator a level. So what is split
here are places in the bytes, in one pass a level, whether the parts are a message's or a post's; what stands in a
value is left to `email`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import MessageError
from email.header import decode_header
from email.message import Message

from rollcall.inbound.charsets import clean, text_of

LONGEST_HEADERS = 256 * 1024
"""Bytes of a part's header fields that are looked at."""
LONGEST_VALUE = 8192
"""Characters of a header field's value that are looked at."""
LONGEST_PARAMETER = 1000
"""Characters of a parameter that are looked at."""

# Possessive (`*+`), so that nothing is tried twice, however long the header is
_FIELDS = re.compile(rb"(?:(?:[!-9;-~]*[ \t]*:|[ \t]|>?From )[^\n]*+(?:\n|\Z))*+")
_BLANK = re.compile(rb"[ \t]*\r?\n|\Z")
_UNFOLDED = re.compile(r"\r*\n(?![ \t])")
_AFTER_BOUNDARY = re.compile(rb"(?:--)?[ \t]*(?:\r*\n|\Z)")
_LIKELY_BOUNDARY = re.compile(
    rb"^--([^\r\n]{0,199}?[^ \t\r\n])[ \t]*+\r?\n(?=content-[a-z-]+:)", re.MULTILINE | re.IGNORECASE
)
_ENCODED_WORD = r"=\?[^?\s]+\?[bBqQ]\?.*?\?="
_ENCODED_WORDS = re.compile(rf"{_ENCODED_WORD}(?:\s*{_ENCODED_WORD})*", re.DOTALL)


@dataclass(frozen=True)
class Headers:
    """The header fields of a message or part."""

    fields: tuple[tuple[str, str], ...] = ()
    """Names in lower case and values as they are written, in the order in which they stand."""

    def all(self, name: str) -> tuple[str, ...]:
        """The values of every field with this name (in lower case)."""
        return tuple(value for each, value in self.fields if each == name)

    def first(self, name: str) -> str:
        """The value of the first field with this name (in lower case); empty where there is none."""
        return next(iter(self.all(name)), "")


@dataclass(frozen=True)
class File:
    """A file in a message."""

    name: str
    """As the sender named it, without any path; empty where it has none."""
    type: str
    """Its media type in lower case, without parameters, as the sender said."""
    content: bytes
    inline: bool = False
    """Whether it is shown within the text (a logo, say), rather than attached."""


@dataclass(frozen=True)
class Parts:
    """The parts of a message, as far as they could be taken apart."""

    plain: tuple[str, ...] = ()
    """Its texts, decoded."""
    html: tuple[str, ...] = ()
    """Its HTML, decoded. Where a text and an HTML are two forms of one (multipart/alternative), both are here."""
    files: tuple[File, ...] = ()
    within: tuple["Parts", ...] = field(default=())
    """The messages that are attached to it or forwarded in it (message/rfc822)."""


def headers_of(raw: bytes, start: int, end: int) -> tuple[Headers, int]:
    """The header fields that stand from `start`, and where what they are about begins: after the first empty line, or
    at the first line that cannot be a header field's."""
    stop = _FIELDS.match(raw, start, end).end()  # type: ignore[union-attr]  # it matches nothing, too
    body = blank.end() if (blank := _BLANK.match(raw, stop, end)) else stop
    lines = _UNFOLDED.split(text_of(raw[start : min(stop, start + LONGEST_HEADERS)]))
    pairs = (line.partition(":") for line in lines)
    fields = ((name.strip().lower(), value.strip()[:LONGEST_VALUE]) for name, _, value in pairs)
    return Headers(tuple((name, value) for name, value in fields if name)), body


def parts_between(raw: bytes, start: int, end: int, boundary: bytes) -> Iterator[tuple[int, int]]:
    """Where each part begins and ends (RFC 2046, 5.1.1), in one pass.

    A last boundary that is missing is made up for. What stands after the last boundary is no part, unless a boundary
    follows.
    """
    delimiter = b"--" + boundary
    begun = None
    at = raw.find(delimiter, start, end)
    while at != -1:
        after = at + len(delimiter)
        line_end = _AFTER_BOUNDARY.match(raw, after, end)
        if line_end and (at == start or raw[at - 1] == 0x0A):
            if begun is not None:
                yield begun, max(begun, _without_line_end(raw, at))
            begun = None if raw.startswith(b"--", after) else line_end.end()
            after = line_end.end()
        at = raw.find(delimiter, after, end)
    if begun is not None:
        yield begun, end


def likely_boundary(raw: bytes, start: int, end: int) -> bytes | None:
    """The boundary of parts whose boundary nobody named: a line that begins with two hyphens, before a field such as
    `Content-Type`."""
    found = _LIKELY_BOUNDARY.search(raw, start, end)
    return found[1] if found else None


def decoded(value: str) -> str:
    """The value with its encoded words decoded (RFC 2047) and on one line; as it stands where they cannot be."""
    return " ".join(clean(_ENCODED_WORDS.sub(_decoded_words, value)).split())


def parameter(value: str, name: str) -> str:
    """A parameter of the value, as `charset` in `text/plain; charset=utf-8`, decoded as RFC 2231 has it or, as many do,
    RFC 2047; empty where it has none."""
    message = Message()
    message["content-type"] = value.replace("\r", "").replace("\n", "")
    try:
        found = message.get_param(name)
    except (LookupError, ValueError, TypeError):  # continuations that do not go together
        plain = re.search(rf"{re.escape(name)}[*\d]*=\s*\"?([^\";]*)", value, re.IGNORECASE)
        found = plain[1] if plain else None
    if isinstance(found, tuple):
        charset, _, text = found
        return text_of(text[:LONGEST_PARAMETER].encode("latin-1", "replace"), charset or "")
    return decoded((found or "")[:LONGEST_PARAMETER])


def _decoded_words(words: re.Match[str]) -> str:
    try:
        pairs = decode_header(words[0])
    except MessageError:  # base64 that is none
        return words[0]
    return "".join(
        word if isinstance(word, str) else text_of(word, (charset or "").partition("*")[0]) for word, charset in pairs
    )


def _without_line_end(raw: bytes, at: int) -> int:
    """The line's end before a boundary is the boundary's."""
    return at - 2 if raw.startswith(b"\r\n", at - 2) else at - 1
