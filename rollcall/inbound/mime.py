"""Header fields, parameters, and parts between boundaries (RFC 2045 to 2047, 2231), as places in the bytes.

Python's `email` raises on some real e-mails and copies them often; libraries for form data miss what follows a forged
last boundary.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from email.errors import MessageError
from email.header import decode_header
from itertools import count, islice
from urllib.parse import unquote_to_bytes

from rollcall.inbound.charsets import clean, text_of
from rollcall.model.inbound import Doubt

LONGEST_HEADERS = 256 * 1024
"""Bytes, of a part."""
MOST_LINES = 1000
"""Of a part's header; an e-mail's own has 256 kB of them at the most."""
LONGEST_PREAMBLE = 100_000
"""Bytes, above a boundary that nobody declared."""
LONGEST_VALUE = 8192
"""Characters."""
LONGEST_PARAMETER = 1000

# Possessive (`*+`), so that nothing is tried twice, however long the header is
_FIELDS = re.compile(rb"(?:(?:[ \t]|[!-9;-~]*+[ \t]*+:|>?From )[^\n]*+(?:\n|\Z))*+")
_BLANK = re.compile(rb"[ \t]*\r?\n|\Z")
_PARAMETER = re.compile(r"""(?:\A|;)\s*+([^\s=;"]++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^;]*+))""")
_ESCAPED = re.compile(r'\\(["\\])')
_AFTER_BOUNDARY = re.compile(rb"(?:--)?[ \t]*+(?:\r*+\n|\Z)")
_LIKELY_BOUNDARY = re.compile(
    rb"^--([^\r\n]{0,199}?[^ \t\r\n])[ \t]*+\r?\n(?=content-[a-z-]+:)", re.MULTILINE | re.IGNORECASE
)
_ENCODED_WORD = r"=\?[^?\s]+\?[bBqQ]\?.*?\?="
_ENCODED_WORDS = re.compile(rf"{_ENCODED_WORD}(?:\s*{_ENCODED_WORD})*", re.DOTALL)


@dataclass(frozen=True)
class Headers:
    fields: tuple[tuple[str, str], ...] = ()
    """Names in lower case."""

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for each, value in self.fields if each == name)

    def first(self, name: str) -> str:
        return next(iter(self.all(name)), "")


@dataclass(frozen=True)
class File:
    name: str
    """Without path; may be empty."""
    type: str
    """In lower case, without parameters."""
    content: bytes
    inline: bool = False
    """Shown within the text, as a logo is."""


@dataclass(frozen=True)
class Parts:
    plain: tuple[str, ...] = ()
    html: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    within: tuple["Parts", ...] = field(default=())
    """Attached or forwarded e-mails."""
    doubts: tuple[Doubt, ...] = ()
    """Of its texts: each form in them has these."""
    whole: bool = True
    """Else there are more."""


def headers_of(
    raw: bytes, start: int, end: int, longest: int = LONGEST_HEADERS, lines: int | None = None
) -> tuple[Headers, int]:
    """And where the body begins: at the first line that is no field."""
    stop = _FIELDS.match(raw, start, end).end()  # type: ignore[union-attr]  # it matches nothing, too
    body = blank.end() if (blank := _BLANK.match(raw, stop, end)) else stop
    pairs = (line.partition(":") for line in _unfolded(text_of(raw[start : min(stop, start + longest)]), lines))
    fields = ((name.strip().lower(), value.strip()[:LONGEST_VALUE]) for name, _, value in pairs)
    return Headers(tuple((name, value) for name, value in fields if name)), body


def _unfolded(headers: str, lines: int | None) -> Iterator[str]:
    folded: list[str] = []
    for line in islice(headers.split("\n", lines or -1), lines):
        if line[:1] not in (" ", "\t"):
            yield "\n".join(folded)
            folded = []
        folded.append(line.rstrip("\r"))
    yield "\n".join(folded)


def parts_between(raw: bytes, start: int, end: int, boundary: bytes) -> Iterator[tuple[int, int]]:
    """RFC 2046, 5.1.1. The last boundary may be missing."""
    delimiter = b"\n--" + boundary
    begun = None
    at_once = raw.startswith(delimiter[1:], start, end)
    at = start - 1 if at_once else raw.find(delimiter, start, end)
    while at_once or at != -1:
        at_once = False
        after = at + len(delimiter)
        line_end = _AFTER_BOUNDARY.match(raw, after, end)
        if line_end:
            if begun is not None:
                yield begun, max(begun, at - raw.endswith(b"\r", at - 1, at))
            begun = None if raw.startswith(b"--", after) else line_end.end()
            after = line_end.end() - 1
        at = raw.find(delimiter, after, end)
    if begun is not None:
        yield begun, end


def likely_boundary(raw: bytes, start: int, end: int) -> bytes | None:
    found = _LIKELY_BOUNDARY.search(raw, start, min(end, start + LONGEST_PREAMBLE))
    return found[1] if found else None


def decoded(value: str) -> str:
    return " ".join(clean(_ENCODED_WORDS.sub(_decoded_words, value)).split())


def parameter(value: str, name: str) -> str:
    """Decoded by RFC 2231 or, as many programs do, RFC 2047."""
    found: dict[str, str] = {}
    for key, quoted, bare in _PARAMETER.findall(value.replace("\r", "").replace("\n", "")):
        found.setdefault(key.lower(), _ESCAPED.sub(r"\1", quoted) or bare.strip(' \t"'))
    if name in found:
        return decoded(found[name][:LONGEST_PARAMETER])
    pieces = [found[key] for key in _extended(found, name)]
    charset, quote, text = pieces[0].partition("'") if pieces else ("", "", "")
    if quote and "'" in text:
        pieces[0] = text.partition("'")[2]
    return text_of(unquote_to_bytes("".join(pieces)[:LONGEST_PARAMETER]), charset if quote else "")


def _extended(found: Collection[str], name: str) -> Iterator[str]:
    """RFC 2231, 3 and 4: `name*`, or `name*0`, `name*1*`, and so on."""
    if f"{name}*" in found:
        yield f"{name}*"
    for number in count():
        key = next((key for key in (f"{name}*{number}", f"{name}*{number}*") if key in found), None)
        if key is None:
            return
        yield key


def _decoded_words(words: re.Match[str]) -> str:
    try:
        pairs = decode_header(words[0])
    except MessageError:  # base64 that is none
        return words[0]
    return "".join(
        word if isinstance(word, str) else text_of(word, (charset or "").partition("*")[0]) for word, charset in pairs
    )
