"""Text as people write it: tidied, never rewritten."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from marshmallow import fields


class Text(fields.String):
    """A line of text, trimmed and in Unicode NFC (UAX #15), otherwise as it was written.

    `max_length` is in characters. Control characters and lone surrogates are refused:
    they cannot be read, and some cannot be kept.
    """

    default_error_messages = {  # noqa: RUF012 (Marshmallow's own way to declare them)
        "required": "Please fill this in.",
        "null": "Please fill this in.",
        "invalid": "This should be text.",
        "invalid_utf8": "This should be text.",
        "too_long": "Please shorten this to {max_length} characters; it has {length}.",
        "control": "This holds a character that cannot be shown ({code}). Please remove it.",
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
        for character in text:
            if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") and character not in self.line_breaks:
                raise self.make_error("control", code=f"U+{ord(character):04X}")
        self.check(text)
        return text

    def check(self, text: str) -> None:
        """Raise `make_error(...)` for what this kind of text must not be."""

    def tidy(self, text: str) -> str:
        """The text without what nobody meant to write."""
        return unicodedata.normalize("NFC", text).strip()


class Lines(Text):
    """Lines of text: as `Text`, with line breaks kept as `\\n` and each line trimmed at its end."""

    line_breaks = "\n"

    def tidy(self, text: str) -> str:
        """As `Text.tidy`, for each line."""
        return "\n".join(line.rstrip() for line in super().tidy(text).splitlines())
