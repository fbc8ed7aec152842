"""Languages as their speakers write them. The dates are those of ICU (Node's `Intl`), and of the organizations' own
letters where ICU has no long form for a span (Chinese)."""

import shutil
import subprocess
import sys
from datetime import date, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from rollcall.language import ENGLISH, NP_, language, languages
from tests.support.served import ROOT

SIX = ("ar", "en", "es", "fr", "ru", "zh")
NO_BREAK = str.maketrans("\N{NARROW NO-BREAK SPACE}\N{NO-BREAK SPACE}", "  ")
"""CLDR's versions differ in which blank stands before the Russian г."""


def test_the_six_are_there() -> None:
    assert sorted(languages()) == list(SIX)
    assert languages()[0] == ENGLISH


@pytest.mark.parametrize("code", ["de", "FR", "fr-CH", "", "..", "xx/../fr"])
def test_a_language_that_is_none_of_them(code: str) -> None:
    with pytest.raises(LookupError):
        language(code)


@pytest.mark.parametrize(
    ("code", "name", "dir"),
    [
        ("ar", "العربية", "rtl"),
        ("en", "English", "ltr"),
        ("es", "Español", "ltr"),
        ("fr", "Français", "ltr"),
        ("ru", "Русский", "ltr"),
        ("zh", "中文", "ltr"),
    ],
)
def test_each_has_its_own_name_and_direction(code: str, name: str, dir: str) -> None:
    assert (language(code).name, language(code).dir) == (name, dir)


@pytest.mark.parametrize(
    ("code", "day", "weekday"),
    [
        ("ar", "20 فبراير 2004", "الجمعة"),
        ("en", "20 February 2004", "Friday"),
        ("es", "20 de febrero de 2004", "viernes"),
        ("fr", "20 février 2004", "vendredi"),
        ("ru", "20 февраля 2004 г.", "пятница"),
        ("zh", "2004年2月20日", "星期五"),
    ],
)
def test_days(code: str, day: str, weekday: str) -> None:
    spoken, friday = language(code), date(2004, 2, 20)
    assert spoken.day(friday).translate(NO_BREAK) == day
    assert spoken.weekday(friday) == weekday
    both = spoken.weekday_and_day(friday).translate(NO_BREAK)
    assert day in both
    assert weekday in both


@pytest.mark.parametrize("code", SIX)
def test_times_have_twenty_four_hours(code: str) -> None:
    """A deadline at 23:58 is not to be mistaken for one in the morning."""
    assert language(code).time(time(23, 58)) == "23:58"
    assert language(code).time(time(0, 5)).lstrip("0") in (":05", "0:05")
    assert language(code).time(time(8, 5)) == ("8:05" if code == "es" else "08:05")


@pytest.mark.parametrize(
    ("code", "within_a_month", "within_a_year", "over_a_year"),
    [
        ("ar", "26–27 فبراير 2004", "26 فبراير – 2 مارس 2004", "30 ديسمبر 2003 – 2 يناير 2004"),
        ("en", "26–27 February 2004", "26 February – 2 March 2004", "30 December 2003 – 2 January 2004"),
        (
            "es",
            "26–27 de febrero de 2004",
            "26 de febrero – 2 de marzo de 2004",
            "30 de diciembre de 2003 – 2 de enero de 2004",
        ),
        ("fr", "26–27 février 2004", "26 février – 2 mars 2004", "30 décembre 2003 – 2 janvier 2004"),
        ("ru", "26–27 февраля 2004 г.", "26 февраля – 2 марта 2004 г.", "30 декабря 2003 г. – 2 января 2004 г."),
        ("zh", "2004年2月26–27日", "2004年2月26日 – 3月2日", "2003年12月30日 – 2004年1月2日"),
    ],
)
def test_spans(code: str, within_a_month: str, within_a_year: str, over_a_year: str) -> None:
    spoken = language(code)

    def said(first: date, last: date) -> str:
        return spoken.span(first, last).translate(NO_BREAK)

    assert said(date(2004, 2, 26), date(2004, 2, 27)) == within_a_month
    assert said(date(2004, 2, 26), date(2004, 3, 2)) == within_a_year
    assert said(date(2003, 12, 30), date(2004, 1, 2)) == over_a_year
    assert spoken.span(date(2004, 2, 20), date(2004, 2, 20)) == spoken.day(date(2004, 2, 20))
    assert said(date(2003, 2, 26), date(2004, 2, 27)).count("200") == 2, "a month of two years is no month"


@pytest.mark.parametrize(
    ("code", "two", "three", "one_of_three"),
    [
        ("ar", "أ وب", "أ وب وج", "أ أو ب أو ج"),
        ("en", "a and b", "a, b and c", "a, b or c"),
        ("es", "a y b", "a, b y c", "a, b o c"),
        ("fr", "a et b", "a, b et c", "a, b ou c"),
        ("ru", "а и б", "а, б и в", "а, б или в"),
        ("zh", "甲和乙", "甲、乙和丙", "甲、乙或丙"),
    ],
)
def test_lists(code: str, two: str, three: str, one_of_three: str) -> None:
    letters = {"ar": "أبج", "ru": "абв", "zh": "甲乙丙"}.get(code, "abc")
    assert language(code).listed([]) == ""
    assert language(code).listed(letters[:1]) == letters[0]
    assert language(code).listed(letters[:2]) == two
    assert language(code).listed(letters) == three
    assert language(code).either(letters) == one_of_three


@pytest.mark.parametrize(
    ("code", "zurich", "cairo"),
    [
        ("ar", "زيورخ", "القاهرة"),
        ("en", "Zurich", "Cairo"),
        ("es", "Zúrich", "El Cairo"),
        ("fr", "Zurich", "Le Caire"),
        ("ru", "Цюрих", "Каир"),
        ("zh", "苏黎世", "开罗"),
    ],
)
def test_cities(code: str, zurich: str, cairo: str) -> None:
    assert language(code).city(ZoneInfo("Europe/Zurich")) == zurich
    assert language(code).city(ZoneInfo("Africa/Cairo")) == cairo
    assert language(code).city(ZoneInfo("UTC")) == "UTC"


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("ar", "1,234,567"),
        ("en", "1,234,567"),
        ("es", "1.234.567"),
        ("fr", "1 234 567"),
        ("ru", "1 234 567"),
        ("zh", "1,234,567"),
    ],
)
def test_numbers(code: str, number: str) -> None:
    assert language(code).number(1234567).translate(NO_BREAK) == number


@pytest.mark.parametrize(
    ("code", "alike"),
    [
        ("ar", [{0}, {1}, {2}, {3, 10, 103}, {11, 99, 111}, {100, 101, 102}]),
        ("en", [{1}, {0, 2, 11, 100}]),
        ("es", [{1}, {0, 2, 11, 100}]),
        ("fr", [{0, 1}, {2, 11, 100}]),
        ("ru", [{1, 21, 101}, {2, 4, 22, 104}, {0, 5, 11, 12, 14, 20, 111}]),
        ("zh", [{0, 1, 2, 5, 100}]),
    ],
)
def test_plural_forms(code: str, alike: list[set[int]]) -> None:
    """Which numbers take one form: the groups of CLDR's plural rules, below a million."""
    plural = getattr(language(code).catalogue, "plural", lambda number: int(number != 1))
    form_of = [{plural(number) for number in group} for group in alike]
    assert all(len(forms) == 1 for forms in form_of)
    assert len(set.union(*form_of)) == len(alike)


def test_english_is_what_stands_in_the_code() -> None:
    spoken = language(ENGLISH)
    assert spoken.gettext("50 %") == "50 %"
    assert spoken.gettext("Closed at %(at)s.", at="23:58") == "Closed at 23:58."
    assert spoken.pgettext("of a door", NP_("of a door", "Open")) == "Open"
    said = [spoken.ngettext("%(count)s form of %(who)s", "%(count)s forms of %(who)s", n, who="us") for n in (1, 2)]
    assert said == ["1 form of us", "2 forms of us"]


@pytest.mark.parametrize("code", SIX)
def test_nothing_said_is_nothing_in_every_language(code: str) -> None:
    """A field without help."""
    assert language(code).gettext("") == ""


def test_without_compiled_catalogues_nothing_starts(tmp_path: Path) -> None:
    """As from a fresh clone, where nobody said `make`."""
    (tmp_path / "rollcall").mkdir()
    shutil.copy(ROOT / "rollcall" / "language.py", tmp_path / "rollcall")
    shutil.copytree(ROOT / "templates" / "locales", tmp_path / "templates" / "locales")
    start = [sys.executable, "-c", "from rollcall.language import languages; languages()"]
    assert subprocess.run(start, cwd=tmp_path, check=False).returncode == 0
    (tmp_path / "templates" / "locales" / "fr" / "LC_MESSAGES" / "rollcall.mo").unlink()
    failed = subprocess.run(start, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "fr/LC_MESSAGES/rollcall.mo is missing: `make compiled` makes it" in failed.stderr
