"""In which language somebody is answered: that of the page's address, else what the browser asks for, else the event's
first."""

from collections.abc import Sequence

from flask import Request

from rollcall.language import ENGLISH, Language, language, languages
from rollcall.model.event import Event

_LONGEST_HEADER = 1_000  # characters; a browser's has 60, and each language in it costs


def in_language_of(request: Request, event: Event, code: str | None) -> Event:
    """`code`: of the address, if it names one."""
    return event.in_language(code or _asked_for(request, event.languages))


def spoken_to(request: Request) -> Language:
    """Of a page about no event."""
    return language(_asked_for(request, (ENGLISH, *languages())))


def _asked_for(request: Request, offered: Sequence[str]) -> str:
    """RFC 9110, 12.5.4; `zh-Hans-CN` is `zh`."""
    if len(request.headers.get("Accept-Language", "")) > _LONGEST_HEADER:
        return offered[0]
    return request.accept_languages.best_match(offered, default=offered[0]) or offered[0]
