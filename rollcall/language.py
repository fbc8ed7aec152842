"""What is said in a language: gettext's catalogues under `templates/locales`, and dates and lists as CLDR has them.

English stands in the code itself. A sentence with a name in it says `%(name)s`, in code and templates alike.
"""

import gettext
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from babel import Locale

CATALOGUES = Path(__file__).parent.parent / "templates" / "locales"
DOMAIN = "rollcall"
ENGLISH = "en"
_AS_IN_THE_UNITED_KINGDOM = "en-GB"
_DAY = re.compile(r"('[^']*')|d+")  # in a pattern of CLDR, where quoted letters stand for themselves


def N_(message: str) -> str:
    """Marks a text for the catalogues, where its language is not known yet."""
    return message


def NP_(context: str, message: str) -> str:
    """As `N_`, of a text that `Language.pgettext` translates."""
    return message


@dataclass(frozen=True)
class Language:
    code: str
    """BCP 47, as in addresses: `fr`."""
    catalogue: gettext.NullTranslations = field(repr=False, compare=False)

    @property
    def tag(self) -> str:
        """BCP 47, with the region whose dates we write."""
        return _AS_IN_THE_UNITED_KINGDOM if self.code == ENGLISH else self.code

    @property
    def name(self) -> str:
        """In itself."""
        return self.pgettext("this language, in itself", "English")

    @property
    def dir(self) -> str:
        return "rtl" if unicodedata.bidirectional(self.name[0]) in ("R", "AL") else "ltr"

    def gettext(self, message: str, **params: object) -> str:
        said = message and self.catalogue.gettext(message)  # which answers the empty one with its head
        return said % params if params else said

    def pgettext(self, context: str, message: str, **params: object) -> str:
        said = self.catalogue.pgettext(context, message)
        return said % params if params else said

    def ngettext(self, one: str, many: str, count: int, **params: object) -> str:
        """`count` is one of its names."""
        return self.catalogue.ngettext(one, many, count) % {"count": count, **params}

    @cached_property
    def locale(self) -> "Locale":
        from babel import Locale  # 15 ms of an instance's first page

        return Locale.parse(self.tag, sep="-")

    def day(self, day: date) -> str:
        """`20 February 2004`."""
        return self._dated(day, "long")

    def weekday_and_day(self, day: date) -> str:
        """`Friday, 20 February 2004`."""
        return self._dated(day, "full")

    def weekday(self, day: date) -> str:
        return self._dated(day, "cccc")

    def _dated(self, day: date, form: str) -> str:
        from babel.dates import format_date

        return format_date(day, form, self.locale)

    def time(self, local: time | datetime) -> str:
        """`23:58`, of 24 hours everywhere: a deadline is not to be mistaken by twelve."""
        from babel.dates import format_time

        return format_time(local, self.locale.datetime_skeletons["Hm"].pattern, locale=self.locale)

    def span(self, first: date, last: date) -> str:
        """`26–27 February 2004`."""
        from babel.dates import format_date, format_skeleton

        if first == last:
            return self.day(first)
        whole = self.locale.date_formats["long"].pattern
        if (first.year, first.month) == (last.year, last.month):
            return format_date(last, _DAY.sub(lambda day: day[1] or f"'{first.day}–'{day[0]}", whole), self.locale)
        said = [self.day(first), self.day(last)]
        if first.year == last.year:  # it is said once, at the outer end
            inner = last if whole.startswith("y") else first
            said[inner is last] = format_skeleton("MMMMd", inner, locale=self.locale)
        return " – ".join(said)

    def listed(self, parts: Sequence[str]) -> str:
        """`one, two and three`."""
        from babel.lists import format_list

        return format_list(parts, locale=self.locale)

    def either(self, parts: Sequence[str]) -> str:
        """`one, two or three`."""
        from babel.lists import format_list

        return format_list(parts, "or", locale=self.locale)

    def city(self, zone: ZoneInfo) -> str:
        """Of a time zone."""
        from babel.dates import get_timezone_location

        return get_timezone_location(zone, self.locale, return_city=True)

    def number(self, number: float) -> str:
        from babel.numbers import format_decimal

        return format_decimal(number, locale=self.locale)

    def named(self, code: str) -> str:
        """Another language in this one: `French`."""
        return str(self.locale.languages.get(code, code))


@cache
def language(code: str) -> Language:
    """Raises `LookupError`."""
    if code not in languages():
        raise LookupError(f"no catalogue speaks {code}")
    if code == ENGLISH:
        return Language(code, gettext.NullTranslations())
    with (CATALOGUES / code / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as compiled:
        return Language(code, gettext.GNUTranslations(compiled))


@cache
def languages() -> tuple[str, ...]:
    """The codes of all that there are."""
    folders = sorted(CATALOGUES.glob("*/LC_MESSAGES"))
    for folder in folders:  # each function's start comes here
        if not (folder / f"{DOMAIN}.mo").exists():
            raise RuntimeError(f"{folder / DOMAIN}.mo is missing: `make compiled` makes it of {DOMAIN}.po")
    return (ENGLISH, *(folder.parent.name for folder in folders))
