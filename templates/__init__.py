"""Pages and e-mails as Jinja2 renders them, and how times and places are said."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from rollcall.language import ENGLISH, Language, language
from rollcall.model.event import Event, Venue
from templates.bytecode import Bytecode
from templates.lines import filled, from_right_to_left, isolated

_MAP = "https://www.google.com/maps/search/?api=1&query="
"""https://developers.google.com/maps/documentation/urls/get-started"""
_TELEPHONE = re.compile(r"\+[0-9][0-9 ()-]*[0-9]")  # as in blank_form.typ


def render(name: str, spoken: Language | None = None, **context: object) -> str:
    """A template under `templates/`, filled in, in this language or that of its `event`."""
    return _pages().get_template(name).render(_spoken(spoken, context))


def render_email(name: str, subject: str, **context: Any) -> tuple[str, str]:
    """As text and as HTML, from one template under `templates/emails/`."""
    context = _spoken(None, {**context, "subject": subject})
    spoken = context["spoken"]

    def rendered(form: str) -> str:
        body = _filled_in(form, name, context)
        document = _parts(form, spoken.code)["document"](subject, Markup(body))
        lines = map(str.rstrip, str(document).split("\n"))
        return re.sub("\n\n\n+", "\n\n", "\n".join(lines)).strip() + "\n"

    text = rendered("text")
    return text if spoken.dir == "ltr" else from_right_to_left(text), rendered("html")


def _filled_in(form: str, name: str, context: Mapping[str, Any]) -> str:
    parts = {**_parts(form, context["spoken"].code), "kept": partial(_kept, form)}
    return _emails(form).get_template(f"emails/{name}.jinja").render({**parts, **context})


@lru_cache(1024)
def _kept(form: str, name: str, **context: Any) -> str:
    """A part of 2 kB that is the same for many: the arguments are all that it sees."""
    part = _filled_in(form, name, _spoken(None, context))
    return Markup(part) if form == "html" else part


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


def with_numbers(text: str) -> Markup:
    """A sentence for a page: a telephone number in it keeps its order, also in Arabic, and stays on its line."""
    return Markup(_TELEPHONE.sub(r'<span class="number" dir="ltr">\g<0></span>', str(escape(text))))


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


def map_of(venue: Venue) -> str:
    return _MAP + quote_plus(", ".join((venue.building, *venue.address)))


@pass_context
def _isolated(context: Context, text: object) -> str:
    return isolated(_spoken_in(context), str(text))


@cache
def _pages() -> Environment:
    return _environment("pages", lambda name: name is not None and name.endswith(".html"))


@cache
def _emails(form: str) -> Environment:
    """`html` or `text`: their parts differ, the templates do not."""
    environment = _environment(form, form == "html")
    environment.filters.update(filled=filled, map_of=map_of)
    return environment


@cache
def _parts(form: str, code: str) -> dict[str, Any]:
    """What e-mails in this language are made of."""
    module = _emails(form).get_template(f"emails/as-{form}.jinja").make_module({"spoken": language(code)})
    return {name: part for name, part in vars(module).items() if not name.startswith("_")}


def compile_ahead() -> None:
    """As templates/bytecode.py says."""
    environments = {"pages": _pages(), "html": _emails("html"), "text": _emails("text")}
    for form, environment in environments.items():
        folder = "pages/" if form == "pages" else "emails/"
        for name in environment.list_templates():
            if name.startswith(folder):
                Bytecode(form).write(environment, _SOURCES, name)


_SOURCES = FileSystemLoader(Path(__file__).parent)


def _environment(form: str, autoescape: bool | Callable[[str | None], bool]) -> Environment:
    environment = Environment(
        loader=_SOURCES,
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.i18n"],
        bytecode_cache=Bytecode(form),
    )
    environment.policies["ext.i18n.trimmed"] = True
    said: Any = environment  # the extension adds to it what its type does not have
    said.newstyle_gettext = True
    environment.globals.update(_=_gettext, gettext=_gettext, ngettext=_ngettext, pgettext=_pgettext)
    environment.filters.update(
        dialled=dialled,
        in_zone=in_zone,
        in_utc=in_utc,
        deadline=deadline,
        days=days,
        place=place,
        with_numbers=with_numbers,
        isolated=_isolated,
    )
    return environment


# One environment speaks all languages, so that each template is compiled once: what is said is looked up where a page
# or an e-mail is rendered. A macro that says something is imported `with context`. Jinja's own wrappers of these would
# make two calls more for each sentence.
@pass_context
def _gettext(context: Context, message: str, /, **names: object) -> str:
    return _said(context, _spoken_in(context).catalogue.gettext(message), names)


@pass_context
def _ngettext(context: Context, one: str, many: str, num: int, /, **names: object) -> str:
    return _said(context, _spoken_in(context).catalogue.ngettext(one, many, num), {"num": num, **names})


@pass_context
def _pgettext(context: Context, about: str, message: str, /, **names: object) -> str:
    return _said(context, _spoken_in(context).catalogue.pgettext(about, message), names)


def _said(context: Context, sentence: str, names: Mapping[str, object]) -> str:
    return (Markup(sentence) if context.eval_ctx.autoescape else sentence) % names


def _spoken_in(context: Context) -> Language:
    spoken: Language = context["spoken"]
    return spoken
