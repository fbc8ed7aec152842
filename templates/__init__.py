"""Pages and e-mails as Jinja2 renders them, and how times are said."""

import re
import textwrap
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rollcall.model.event import Event


def render(name: str, **context: object) -> str:
    """A template under `templates/`, filled in."""
    return _pages().get_template(name).render(context)


def render_email(name: str, subject: str, lang: str = "en", dir: str = "ltr", **context: object) -> tuple[str, str]:
    """As text and as HTML, from one template under `templates/emails/`."""

    def rendered(form: str) -> str:
        environment = _emails(form)
        body = environment.get_template(f"emails/{name}.jinja").render(subject=subject, **context)
        document: Any = environment.globals["document"]
        lines = (line.rstrip() for line in document(lang, dir, subject, Markup(body)).split("\n"))
        return re.sub("\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"

    return rendered("text"), rendered("html")


def words(code: StrEnum) -> str:
    """As people read it: `needs review`."""
    return code.value.replace("_", " ").replace("-", " ")


def dialled(number: str) -> str:
    """A telephone number for a `tel:` address (RFC 3966): `+41227305111`; without the `(0)` that callers leave out."""
    digits = "".join(character for character in number.replace("(0)", "") if character.isdecimal())
    return f"+{digits}" if number.lstrip().startswith("+") else digits


def in_zone(instant: datetime, event: Event) -> str:
    """`20 February 2004, 23:58 (Zurich time)`."""
    local = instant.astimezone(event.zone)
    return f"{written_day(local)}, {local:%H:%M} ({_place(event)} time)"


def in_utc(instant: datetime) -> str:
    """`20 February 2004, 22:58 UTC`."""
    return f"{written_day(instant.astimezone(UTC))}, {instant.astimezone(UTC):%H:%M} UTC"


def deadline(instant: datetime, event: Event) -> str:
    """As `in_zone`, or `the end of 20 February 2004 (Zurich time)`."""
    day = event.day_ended_at(instant)
    return f"the end of {written_day(day)} ({_place(event)} time)" if day else in_zone(instant, event)


def dates(event: Event) -> str:
    """`26–27 February 2004`."""
    starts, ends = event.day_of(event.starts), event.day_of(event.ends)
    return written_day(starts) if starts == ends else span(starts, ends)


def days(event: Event) -> str:
    """`26–27 February 2004 (Thursday and Friday)`, with the hours where it has any."""
    if isinstance(event.starts, datetime) and isinstance(event.ends, datetime):
        return _hours(event.starts.astimezone(event.zone), event.ends.astimezone(event.zone), _place(event))
    return _whole_days(event.starts, event.ends)


def _hours(starts: datetime, ends: datetime, place: str) -> str:
    if starts.date() == ends.date():
        return f"{starts:%A} {written_day(starts)}, {starts:%H:%M}–{ends:%H:%M} ({place} time)"
    return f"{written_day(starts)}, {starts:%H:%M} to {written_day(ends)}, {ends:%H:%M} ({place} time)"


def _whole_days(starts: date, ends: date) -> str:
    if starts == ends:
        return f"{starts:%A} {written_day(starts)}"
    joined = "and" if ends.toordinal() - starts.toordinal() == 1 else "to"
    return f"{span(starts, ends)} ({starts:%A} {joined} {ends:%A})"


def span(starts: date, ends: date) -> str:
    """`26–27 February 2004`."""
    if (starts.year, starts.month) == (ends.year, ends.month):
        return f"{starts.day}–{written_day(ends)}"
    return f"{written_day(starts)} – {written_day(ends)}"


def written_day(day: date) -> str:
    """`20 February 2004`."""
    return f"{day.day} {day:%B} {day.year}"


def _place(event: Event) -> str:
    return event.zone.key.rpartition("/")[2].replace("_", " ")


def _filled(text: str, indent: str = "") -> str:
    """In lines of 72 characters; an address is never broken."""
    return textwrap.fill(
        " ".join(text.split()), 72, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


@cache
def _pages() -> Environment:
    return _environment(lambda name: name is not None and name.endswith(".html"))


@cache
def _emails(form: str) -> Environment:
    """`html` or `text`: their parts differ, the templates do not."""
    environment = _environment(form == "html")
    environment.filters["filled"] = _filled
    parts = environment.get_template(f"emails/as-{form}.jinja").make_module()
    environment.globals |= {name: part for name, part in vars(parts).items() if not name.startswith("_")}
    return environment


def _environment(autoescape: bool | Callable[[str | None], bool]) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(dialled=dialled, in_zone=in_zone, in_utc=in_utc, deadline=deadline, days=days)
    return environment
