"""Text as people write it: tidied, never rewritten."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from marshmallow import ValidationError, fields

from rollcall.model.fault import Fault

LOST = "\ufffd"
"""A decoder's replacement character (Unicode, 5.22)."""
_UNREADABLE = ("Cc", "Cs", "Zl", "Zp")
_UNMEANT = dict.fromkeys((0x200B, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
"""Zero-width spaces, and the bidi controls that messengers put around pasted text (UAX #9). Joiners and marks (U+200C
to U+200F, U+061C) stay: Persian, Indic and mixed texts need them."""
_INVISIBLE = ("Cf", "Zs", "Zl", "Zp", "Mn", "Me")
_INVISIBLE_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"
"""Hangul's fillers, the empty braille pattern."""


def coded(**codes: str) -> dict[str, Any]:
    """Error messages for a `Coded` field: fault codes by Marshmallow's key."""
    return {key: Fault(code) for key, code in codes.items()}


class Coded(fields.Field[Any]):
    """Its `ValidationError`s may have `Fault`s in place of sentences."""

    default_error_messages = coded(required="required", null="required")

    def make_error(self, key: str, **params: Any) -> ValidationError:
        message: object = self.error_messages[key]
        if isinstance(message, Fault):
            return ValidationError([replace(message, params=params)])
        return super().make_error(key, **params)


class Text(Coded, fields.String):
    """A line, trimmed, in Unicode NFC (UAX #15). `max_length` in characters.

    Refuses control characters, lone surrogates and noncharacters: unreadable, and some cannot be stored.
    """

    default_error_messages = coded(
        invalid="not_text",
        invalid_utf8="not_text",
        too_long="too_long",
        control="control_character",
        lost="lost_character",
    )
    line_breaks = ""

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_length = max_length

    def _deserialize(
        self,
        value: Any,
        attr: str | None,
        data: Mapping[str, Any] | None,
        **kwargs: Any,
    ) -> str:
        text = self.tidy(super()._deserialize(value, attr, data, **kwargs))
        if len(text) > self.max_length:
            raise self.make_error("too_long", max_length=self.max_length, length=len(text))
        if LOST in text:
            raise self.make_error("lost")
        for character in "" if text.isprintable() else text:  # a third of a form's check, where each was looked at
            if _unreadable(character) and character not in self.line_breaks:
                raise self.make_error("control", character=f"U+{ord(character):04X}")
        self.check(text)
        return text

    def check(self, text: str) -> None:
        """Raises `make_error(...)`."""

    def tidy(self, text: str) -> str:
        """Idempotent."""
        return unicodedata.normalize("NFC", text.translate(_UNMEANT)).strip()


class Lines(Text):
    r"""Line breaks as `\n`, lines trimmed at the end, one blank line at most between two."""

    MOST = 20
    default_error_messages = coded(too_many="too_many_lines")
    line_breaks = "\n"

    def tidy(self, text: str) -> str:
        lines = "\n".join(line.rstrip() for line in super().tidy(text).splitlines())
        return re.sub(r"\n{3,}", "\n\n", lines)

    def check(self, text: str) -> None:
        lines = text.count("\n") + 1
        if lines > self.MOST:
            raise self.make_error("too_many", most=self.MOST, lines=lines)


def is_blank(text: str) -> bool:
    """White space, format characters, marks without a letter, fillers."""
    return all(
        character.isspace() or unicodedata.category(character) in _INVISIBLE or character in _INVISIBLE_LETTERS
        for character in text
    )


def _unreadable(character: str) -> bool:
    """Noncharacters (Unicode, 23.7) too: XML, and so a workbook, cannot hold some."""
    code = ord(character)
    return unicodedata.category(character) in _UNREADABLE or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
