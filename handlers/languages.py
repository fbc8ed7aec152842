"""In which language somebody is answered: that of the page's address, else what the browser asks for, else the event's
first."""

from functools import lru_cache

from flask import Request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from rollcall.language import Language, language, languages
from rollcall.model.event import Event

_LONGEST_HEADER = 1_000  # characters; a browser's has 60, and each language in it costs


def in_language_of(request: Request, event: Event, code: str | None) -> Event:
    """`code`: of the address, if it names one."""
    return event.in_language(code if code in event.languages else _asked_for(request, event.languages))


def spoken_to(request: Request, event: Event | None) -> Language:
    """That of the event, as it was read for this request; on a page about no event, what the browser asks for."""
    return language(event.language if event else _asked_for(request, languages()))


def _asked_for(request: Request, offered: tuple[str, ...]) -> str:
    header = request.headers.get("Accept-Language", "")
    return _best(header, offered) if len(header) <= _LONGEST_HEADER else offered[0]


@lru_cache(maxsize=256)
def _best(header: str, offered: tuple[str, ...]) -> str:
    """RFC 9110, 12.5.4; `zh-Hans-CN` is `zh`. Werkzeug's own `best_match` prefers `fr;q=0.1` to `en-GB`."""
    wanted: dict[str, float] = {}
    for tag, quality in parse_accept_header(header, LanguageAccept):  # the most wanted first, `*` last
        wanted.setdefault(tag.lower().split("-")[0], quality)
    others = wanted.pop("*", 0)
    named = [code for code, quality in wanted.items() if code in offered and quality >= (others or 0.001)]
    return next(iter(named + [code for code in offered if others and code not in wanted]), offered[0])
