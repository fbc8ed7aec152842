"""Text as people write it: tidied, never rewritten."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from marshmallow import fields

LOST = "\ufffd"
"""What a decoder writes in place of what it could not read (Unicode, 5.22)."""
_UNREADABLE = ("Cc", "Cs", "Zl", "Zp")
_UNMEANT = dict.fromkeys((0x200B, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
"""Spaces of no width, and the bidi controls that telephones and messengers put around what is pasted (UAX #9). Joiners
and marks (U+200C to U+200F, U+061C) stay: Persian, Indic and mixed texts need them."""
_INVISIBLE = ("Cf", "Zs", "Zl", "Zp", "Mn", "Me")
_INVISIBLE_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"
"""Hangul's fillers and the braille pattern without a dot."""


class Text(fields.String):
    """A line of text, trimmed and in Unicode NFC (UAX #15), otherwise as it was written.

    `max_length` is in characters. Control characters, lone surrogates and noncharacters are refused: they cannot be
    read, and some cannot be kept.
    """

    default_error_messages = {  # noqa: RUF012 (Marshmallow's own way to declare them)
        "required": "Please fill this in.",
        "null": "Please fill this in.",
        "invalid": "This should be text.",
        "invalid_utf8": "This should be text.",
        "too_long": "Please shorten this to {max_length} characters; it has {length}.",
        "control": "This holds a character that cannot be shown ({code}). Please remove it.",
        "lost": f"This holds a character that got lost on the way ({LOST}). Please write it again.",
    }
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
            raise self.make_error("too_long", max_length=f"{self.max_length:,}", length=f"{len(text):,}")
        if LOST in text:
            raise self.make_error("lost")
        for character in "" if text.isprintable() else text:  # a third of a form's check, where each was looked at
            if _unreadable(character) and character not in self.line_breaks:
                raise self.make_error("control", code=f"U+{ord(character):04X}")
        self.check(text)
        return text

    def check(self, text: str) -> None:
        """Raise `make_error(...)` for what this kind of text must not be."""

    def tidy(self, text: str) -> str:
        """The text without what nobody meant to write. Tidied text stays as it is."""
        return unicodedata.normalize("NFC", text.translate(_UNMEANT)).strip()


class Lines(Text):
    """Lines of text: as `Text`, with line breaks kept as `\\n`, each line trimmed at its end and one blank line at the
    most between two others."""

    MOST = 20
    default_error_messages = {"too_many": "Please write this in {most} lines at the most; it has {lines}."}  # noqa: RUF012
    line_breaks = "\n"

    def tidy(self, text: str) -> str:
        """As `Text.tidy`, for each line."""
        lines = "\n".join(line.rstrip() for line in super().tidy(text).splitlines())
        return re.sub(r"\n{3,}", "\n\n", lines)

    def check(self, text: str) -> None:
        """See `Text.check`."""
        lines = text.count("\n") + 1
        if lines > self.MOST:
            raise self.make_error("too_many", most=self.MOST, lines=lines)


def is_blank(text: str) -> bool:
    """Whether nobody would see anything: white space, format characters, marks without a letter, fillers."""
    return all(
        character.isspace() or unicodedata.category(character) in _INVISIBLE or character in _INVISIBLE_LETTERS
        for character in text
    )


def _unreadable(character: str) -> bool:
    return unicodedata.category(character) in _UNREADABLE or _is_noncharacter(ord(character))


def _is_noncharacter(code: int) -> bool:
    """Never a character in any version of Unicode (23.7); XML, and so a workbook, cannot hold some."""
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
