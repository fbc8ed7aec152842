"""Text as people write it: tidied, never rewritten."""

import re
import unicodedata
from typing import Any

from marshmallow import ValidationError, fields

from rollcall.model.fault import Fault

LOST = "\ufffd"
"""A decoder's replacement character (Unicode, 5.22)."""
_UNREADABLE = ("Cc", "Cs", "Zl", "Zp")
# Zero-width spaces, and the bidi controls that messengers put around pasted text (UAX #9). Joiners and marks (U+200C to
# U+200F, U+061C) stay: Persian, Indic and mixed texts need them.
_UNMEANT = dict.fromkeys((0x200B, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
_INVISIBLE = ("Cf", "Zs", "Zl", "Zp", "Mn", "Me")
_INVISIBLE_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"  # Hangul's fillers, the empty braille pattern


def fault(code: str, **params: str | int) -> ValidationError:
    return ValidationError([Fault(code, params)])


def messages(**codes: str) -> dict[str, Any]:
    """A field's `error_messages`: a fault in place of each of Marshmallow's sentences."""
    return {key: [Fault(code)] for key, code in {"required": "required", "null": "required", **codes}.items()}


class Text(fields.String):
    """A line, trimmed, in Unicode NFC (UAX #15). `max_length` in characters."""

    AS_SENT = (
        3  # times `max_length`, before NFC, which may take the square of it: a letter may come as three characters
    )

    default_error_messages = messages(invalid="not_text", invalid_utf8="not_text")
    line_breaks = ""
    lost_letters = re.compile(r"\?\?|[^\W\d_]\?[^\W\d_]")
    """Programs put a question mark for each letter that their character set has not."""

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_length = max_length

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).strip()
        if len(text) <= self.AS_SENT * self.max_length:
            text = self.tidy(text)
        if len(text) > self.max_length:
            raise fault("too_long", max_length=self.max_length, length=len(text))
        if LOST in text:
            raise fault("lost_character")
        if "?" in text and self.lost_letters.search(text):
            raise fault("lost_letters")
        for character in "" if text.isprintable() else text:  # a third of a form's check, where each was looked at
            if _unreadable(character) and character not in self.line_breaks:
                raise fault("control_character", character=f"U+{ord(character):04X}")
        self.check(text)
        return text

    def check(self, text: str) -> None:
        """Raises `ValidationError`."""

    def tidy(self, text: str) -> str:
        """Idempotent. White space of any kind is one space."""
        return _tidied(text)


# What mail programs link by themselves, in NFKC. One letter before a full stop is a short name (`J.Li`), and of the
# longer endings only common ones count (`St.John`): rollcall/emails/wording.py keeps the others from being links.
_WEB_ADDRESS = re.compile(
    r"\w:[/\\]|//|\\\\|\bwww\d?[.。]|\S@\w|\d(?:\.\d+){3}|\w[.。]\w{2,}/"
    r"|[^\W_][\w-]*[^\W_][.。](?:xn--[\w-]+|[a-z]{2}|com|net|org|edu|gov|int|mil|info|biz|mobi|asia|aero|coop|museum|app|dev"
    r"|xyz|top|site|online|shop|store|club|click|link|live|icu|vip|win|fun|website|tech|cloud|blog|news|email|zip|mov|host"
    r"|example|test|invalid|рф|中国)(?![\w-])",
    re.IGNORECASE,
)


class Signature(Text):
    """A name, typed."""

    def check(self, text: str) -> None:
        if _WEB_ADDRESS.search(unicodedata.normalize("NFKC", text)):
            raise fault("web_address")


class Name(Signature):
    lost_letters = re.compile(r"\?")


class Lines(Text):
    r"""Line breaks as `\n`, one blank line at most between two."""

    MOST = 20
    CUT = "[…]"  # ends a long answer in our e-mails, which may come back quoted
    line_breaks = "\n"

    def tidy(self, text: str) -> str:
        lines = "\n".join(map(super().tidy, text.splitlines()))
        return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")

    def check(self, text: str) -> None:
        if text.endswith(self.CUT):
            raise fault("cut")
        lines = text.count("\n") + 1
        if lines > self.MOST:
            raise fault("too_many_lines", most=self.MOST, lines=lines)


def shown(text: str) -> str:
    """A line that nobody is asked about, without what a person would be asked to remove."""
    return "".join(one for one in _tidied(text) if not _unreadable(one))


def is_blank(text: str) -> bool:
    """Whether nothing in it can be seen: white space, format characters, marks without a letter, fillers."""
    # a letter of ASCII says it at once
    return not (text[:1].isascii() and text[:1].isalnum()) and all(
        character.isspace() or unicodedata.category(character) in _INVISIBLE or character in _INVISIBLE_LETTERS
        for character in text
    )


def _tidied(text: str) -> str:
    if text.isascii():
        return " ".join(text.split())
    return " ".join(unicodedata.normalize("NFC", text.translate(_UNMEANT)).split())


def _unreadable(character: str) -> bool:
    """Control characters, lone surrogates, and noncharacters (Unicode, 23.7): XML, so a workbook, cannot hold some."""
    code = ord(character)
    return unicodedata.category(character) in _UNREADABLE or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
