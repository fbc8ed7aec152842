"""Dates as people write them."""

from datetime import date

LONGEST = 60
"""Characters of a text that is read as a date."""
_SETTINGS = {
    "DATE_ORDER": "DMY",
    "PARSERS": ["absolute-time"],  # none that is reckoned from today
    "REQUIRE_PARTS": ["day", "month", "year"],
    "RETURN_AS_TIMEZONE_AWARE": False,
}


def date_in(text: str) -> str:
    """The date that is written there in English, French or Spanish, as ISO 8601 has it; the text itself where none can
    be read. Of two numbers that may both be the month, the second is."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return _read(text) if len(text) <= LONGEST and any(character.isdigit() for character in text) else text


def _read(text: str) -> str:
    import dateparser

    try:
        read = dateparser.parse(text, languages=["en", "fr", "es"], settings=_SETTINGS)
    except (ArithmeticError, LookupError, TypeError, ValueError):  # as it does for some that are none
        return text
    return read.date().isoformat() if read else text
