"""Pages and e-mails as Jinja2 renders them, and how times and places are said."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any
from unicodedata import bidirectional, east_asian_width

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from rollcall.language import ENGLISH, Language, language
from rollcall.model.event import Event


def render(name: str, spoken: Language | None = None, **context: object) -> str:
    """A template under `templates/`, filled in, in this language or that of its `event`."""
    return _pages().get_template(name).render(_spoken(spoken, context))


def render_email(name: str, subject: str, spoken: Language | None = None, **context: Any) -> tuple[str, str]:
    """As text and as HTML, from one template under `templates/emails/`."""
    context = _spoken(spoken, context)
    spoken = context["spoken"]

    def rendered(form: str) -> str:
        parts = _parts(form, spoken.code)
        body = _emails(form).get_template(f"emails/{name}.jinja").render({**parts, **context, "subject": subject})
        lines = (line.rstrip() for line in parts["document"](subject, Markup(body)).split("\n"))
        return re.sub("\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"

    text = rendered("text")
    return text if spoken.dir == "ltr" else _from_right_to_left(text), rendered("html")


def _from_right_to_left(text: str) -> str:
    """Mail programs give each line of a text the direction of its first letter, also where it goes on with a sentence:
    U+200F goes before."""
    return "\n".join(f"\u200f{line}" if _begins_in_another_script(line) else line for line in text.split("\n"))


def _begins_in_another_script(line: str) -> bool:
    strong = [way for way in map(bidirectional, _ISOLATE.sub("", line)) if way in ("L", "R", "AL")]
    return strong[:1] == ["L"] and len(set(strong)) > 1


_ISOLATE = re.compile("\u2068[^\u2069]*\u2069")


def _spoken(spoken: Language | None, context: Mapping[str, object]) -> dict[str, Any]:
    event = context.get("event")
    return {**context, "spoken": spoken or language(event.language if isinstance(event, Event) else ENGLISH)}


def words(code: StrEnum) -> str:
    """As people read it: `needs review`."""
    return code.value.replace("_", " ").replace("-", " ")


def dialled(number: str) -> str:
    """A telephone number for a `tel:` address (RFC 3966): `+41227305111`; without the `(0)` that callers leave out."""
    digits = "".join(character for character in number.replace("(0)", "") if character.isdecimal())
    return f"+{digits}" if number.lstrip().startswith("+") else digits


def in_zone(instant: datetime, event: Event) -> str:
    """`20 February 2004, 23:58 (Zurich time)`."""
    spoken, local = language(event.language), instant.astimezone(event.zone)
    return spoken.gettext(
        "%(day)s, %(time)s (%(place)s time)",
        day=spoken.day(local),
        time=spoken.time(local),
        place=spoken.city(event.zone),
    )


def in_utc(instant: datetime, code: str = ENGLISH) -> str:
    """`20 February 2004, 22:58 UTC`."""
    spoken, utc = language(code), instant.astimezone(UTC)
    return spoken.gettext("%(day)s, %(time)s UTC", day=spoken.day(utc), time=spoken.time(utc))


def deadline(instant: datetime, event: Event) -> str:
    """As `in_zone`, or `the end of 20 February 2004 (Zurich time)`."""
    day, spoken = event.day_ended_at(instant), language(event.language)
    if day is None:
        return in_zone(instant, event)
    return spoken.gettext("the end of %(day)s (%(place)s time)", day=spoken.day(day), place=spoken.city(event.zone))


def dates(event: Event) -> str:
    """`26–27 February 2004`."""
    return language(event.language).span(event.day_of(event.starts), event.day_of(event.ends))


def days(event: Event) -> str:
    """`26–27 February 2004 (Thursday and Friday)`, with the hours where it has any."""
    spoken = language(event.language)
    if isinstance(event.starts, datetime) and isinstance(event.ends, datetime):
        return _hours(event.starts.astimezone(event.zone), event.ends.astimezone(event.zone), event, spoken)
    return _whole_days(event.starts, event.ends, spoken)


def _hours(starts: datetime, ends: datetime, event: Event, spoken: Language) -> str:
    said = {"starts": spoken.time(starts), "ends": spoken.time(ends), "place": spoken.city(event.zone)}
    if starts.date() == ends.date():
        day = spoken.weekday_and_day(starts)
        return spoken.gettext("%(day)s, %(starts)s–%(ends)s (%(place)s time)", day=day, **said)
    first, last = spoken.day(starts), spoken.day(ends)
    return spoken.gettext(
        "%(first)s, %(starts)s to %(last)s, %(ends)s (%(place)s time)", first=first, last=last, **said
    )


def _whole_days(starts: date, ends: date, spoken: Language) -> str:
    if starts == ends:
        return spoken.weekday_and_day(starts)
    days, first, last = spoken.span(starts, ends), spoken.weekday(starts), spoken.weekday(ends)
    if ends.toordinal() - starts.toordinal() == 1:
        return spoken.gettext("%(days)s (%(first)s and %(last)s)", days=days, first=first, last=last)
    return spoken.gettext("%(days)s (%(first)s to %(last)s)", days=days, first=first, last=last)


def place(event: Event) -> tuple[str, ...]:
    """In lines, as for an envelope."""
    spoken, venue = language(event.language), event.venue
    if venue is None:
        return (spoken.gettext("Online"),)
    return venue.inside, *venue.address, *((spoken.gettext("and online"),) if event.online else ())


def _filled(text: str, indent: str = "") -> str:
    """In lines of 72 columns, broken at blanks and between wide letters; an address is never broken."""
    lines = [""]
    for blank, unit in _UNIT.findall(text.strip()):
        longer = f"{lines[-1]}{' ' if blank else ''}{unit}"
        if lines[-1] and columns(longer) > _COLUMNS:
            lines.append(indent + unit)
        else:
            lines[-1] = longer
    return "\n".join(lines)


@pass_context
def _isolated(context: Context, text: object) -> str:
    return isolated(_spoken_in(context), str(text))


def isolated(spoken: Language, text: str) -> str:
    """In a text from right to left, what is in another script or has digits, such as a telephone number, keeps its own
    order (UAX 9: FSI, PDI). Addresses stay as they are: mail programs would make the marks part of the link."""
    if spoken.dir == "ltr":
        return text
    return "\n".join(f"\u2068{line}\u2069" if _may_be_turned(line) else line for line in text.split("\n"))


def _may_be_turned(line: str) -> bool:
    return "@" not in line and "://" not in line and any(bidirectional(one) in ("L", "EN") for one in line)


def columns(line: str) -> int:
    """Where letters have one width or twice that, as those of Chinese."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in line)


_COLUMNS = 72
_WIDE, _OPENING = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60", "（《〈「『【〔“‘"
_CLOSING = "，。、；：？！）》〉」』】〕…”’"
# What is never broken, and the blanks before it: a word, or one wide letter, with the marks that no line's end may part
# from it. A no-break space is no blank.
_SHORT = "\u2068[^\u2069]{,30}\u2069"  # a telephone number: marks in two lines isolate nothing
_UNIT = re.compile(rf"([ \t\r\n]*)([{_OPENING}]*(?:(?:{_SHORT}|[^ \t\r\n{_WIDE}])+|[{_WIDE}])[{_CLOSING}]*)")


@cache
def _pages() -> Environment:
    return _environment(lambda name: name is not None and name.endswith(".html"))


@cache
def _emails(form: str) -> Environment:
    """`html` or `text`: their parts differ, the templates do not."""
    environment = _environment(form == "html")
    environment.filters["filled"] = _filled
    environment.filters["isolated"] = _isolated
    return environment


@cache
def _parts(form: str, code: str) -> dict[str, Any]:
    """What e-mails in this language are made of."""
    module = _emails(form).get_template(f"emails/as-{form}.jinja").make_module({"spoken": language(code)})
    return {name: part for name, part in vars(module).items() if not name.startswith("_")}


def _environment(autoescape: bool | Callable[[str | None], bool]) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    said: Any = environment  # the extension adds to it what its type does not have
    said.install_gettext_callables(_gettext, _ngettext, newstyle=True, pgettext=_pgettext)
    environment.filters.update(
        dialled=dialled, in_zone=in_zone, in_utc=in_utc, deadline=deadline, days=days, place=place
    )
    return environment


# One environment speaks all languages, so that each template is compiled once: what is said is looked up where a page
# or an e-mail is rendered. A macro that says something is imported `with context`.
@pass_context
def _gettext(context: Context, message: str) -> str:
    return _spoken_in(context).catalogue.gettext(message)


@pass_context
def _ngettext(context: Context, one: str, many: str, count: int) -> str:
    return _spoken_in(context).catalogue.ngettext(one, many, count)


@pass_context
def _pgettext(context: Context, about: str, message: str) -> str:
    return _spoken_in(context).catalogue.pgettext(about, message)


def _spoken_in(context: Context) -> Language:
    spoken: Language = context["spoken"]
    return spoken
