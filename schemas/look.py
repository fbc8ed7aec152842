"""`[look]` of an event file: a colour and a logo."""

import re
from hashlib import sha256
from pathlib import Path
from typing import Any

from marshmallow import ValidationError, fields

from rollcall.model.event import Logo, Look
from schemas.event_tables import Table, line

LARGEST_LOGO = 100_000  # bytes: a phone on a poor line waits for it
_COLOUR = re.compile("#[0-9a-fA-F]{6}")
_LEAST_CONTRAST = 4.5  # white letters stand on it, and it stands on white (WCAG 2.2, 1.4.3)
_TYPES = {".png": ("image/png", b"\x89PNG\r\n\x1a\n"), ".svg": ("image/svg+xml", b"<")}


class _Colour(fields.Field[str]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or not _COLOUR.fullmatch(value):
            raise ValidationError("should be six hexadecimal digits, as #0b5394")
        if (contrast := _contrast_with_white(value)) < _LEAST_CONTRAST:
            raise ValidationError(
                f"is too light to be read on white: its contrast is {contrast:.1f}, and should be 4.5 or more; take a "
                "darker colour"
            )
        return value.lower()


class LookTable(Table):
    says = {  # noqa: RUF012
        "colour": "The colour of headers, links and buttons, dark enough to be read on white: `#0b5394`.",
        "logo": "A PNG or SVG file beside this one, of 100 kB at the most. It stands at the top of each page.",
    }
    colour = _Colour(load_default=None)
    logo = line(required=False)


def look_of(folder: Path, colour: str | None = None, logo: str | None = None) -> Look:
    """Raises `ValidationError`."""
    return Look(colour, _logo(folder, logo) if logo else None)


def _logo(folder: Path, name: str) -> Logo:
    path = folder / name
    type, begins = _TYPES.get(path.suffix.lower(), ("", b""))
    if not type or Path(name).name != name:
        raise ValidationError(f"{name} should be a PNG or SVG file beside the event file", "look.logo")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValidationError(f"{path} cannot be read: {error.strerror}", "look.logo") from None
    if len(content) > LARGEST_LOGO:
        raise ValidationError(f"{name} should have {LARGEST_LOGO // 1000} kB at the most; make it smaller", "look.logo")
    is_svg = path.suffix.lower() != ".svg" or b"<svg" in content[:2000]
    if not content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(begins) or not is_svg:
        raise ValidationError(f"{name} is not what its name says", "look.logo")
    return Logo(f"logo-{sha256(content).hexdigest()[:16]}{path.suffix.lower()}", type, content)


def _contrast_with_white(colour: str) -> float:
    """WCAG 2.2, relative luminance and contrast ratio."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shares)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
