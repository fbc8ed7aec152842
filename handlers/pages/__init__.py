"""`pages`: the event's own pages. They are made of event files and of what is published, and know no Desk."""

from collections.abc import Callable

from flask import Request, Response

from handlers import responses
from handlers.languages import in_language_of
from handlers.logs import log_fault
from handlers.pages import feeds, files, lists, overview
from handlers.pages.kept import ASKS_FIRST, FOR_ALL, answer, kept
from handlers.pages.public import OF_FILE, Public, Snapshot
from handlers.pages.visit import (
    AGENDA,
    CALENDAR,
    CONTRIBUTIONS,
    DOCUMENTS,
    FEED,
    LIST,
    OVERVIEW,
    PARTICIPANTS,
    TRAVEL,
    Visit,
)
from handlers.request_body import discard_rest
from handlers.responses import CONTRIBUTE, NO_SUCH_PAGE, HttpProblem, address_below, allow, path_below
from rollcall.language import N_
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event

__all__ = ["pages"]

_PAGES: dict[str, Callable[[Visit], Response]] = {
    OVERVIEW: overview.overview,
    AGENDA: lists.agenda,
    DOCUMENTS: lists.documents,
    CONTRIBUTIONS: lists.contributions,
    TRAVEL: overview.travel,
    FEED: feeds.feed,
    CALENDAR: feeds.calendar,
}
_OF_PEOPLE = {PARTICIPANTS: lists.participants, LIST: lists.participants_pdf}
_ELSEWHERE = HttpProblem(404, N_("Not found"), N_("The pages of this event are elsewhere."))


def pages(public: Public, request: Request) -> Response:
    """The pages below `/events` (docs/api.md: each address)."""
    try:
        discard_rest(request)
        allow(request, "GET", "HEAD")
        response = _page(public, request)
        if "ETag" in response.headers:  # kept with all its headers
            return response
    except HttpProblem as error:
        response = responses.problem_or_page(request, error, public.events)
    except Exception as error:
        log_fault(error)
        response = responses.problem_or_page(request, responses.WENT_WRONG, public.events)
    responses.add_security_headers(response)
    responses.compress_page(request, response)
    return response


def _page(public: Public, request: Request) -> Response:
    if not (parts := path_below(request)):
        return overview.events(public, request)
    slug, *below = parts
    event = _event(public, request, slug)
    if event.website:
        return responses.message(request, _ELSEWHERE, event, elsewhere=event.website)
    try:
        return _below(public, request, event, below)
    except StoreUnavailable as error:
        nothing_known = Visit(public, request, event, OF_FILE, public.now())
        return responses.unavailable(error, overview.overview(nothing_known, 503))


def _below(public: Public, request: Request, event: Event, below: list[str]) -> Response:
    def shown(make: Callable[[Visit], Response], snapshot: Snapshot, cache_control: str = FOR_ALL) -> Response:
        visit = Visit(public, request, event, snapshot, public.now())
        return answer(request, public.kept.get(visit.key, lambda: kept(make(visit), cache_control)))

    match below:
        case [name] if name in _OF_PEOPLE:
            # whoever withdraws their consent is off it at once: no older one is shown, also while it cannot be read
            return shown(_OF_PEOPLE[name], public.sites.fresh(event), ASKS_FIRST)
        case [] | [_] if (name := "".join(below)) in _PAGES:
            return shown(_PAGES[name], public.sites.recent(event))
        case ["contributions", number]:
            return shown(lambda visit: lists.contribution(visit, number), public.sites.recent(event))
        case ["files", name]:
            response = files.file(public.sites, request, event, name)
            responses.add_security_headers(response)
            return response
        case ["contribute"] if event.contributions:
            return Response(status=308, headers={"Location": address_below(CONTRIBUTE, request, event)})
        case [name] if name.startswith("logo-"):
            return responses.logo(event)
        case _:
            raise NO_SUCH_PAGE


def _event(public: Public, request: Request, slug: str) -> Event:
    event, code = public.events.get(slug), responses.language_in_path(request)
    if event is None:
        raise responses.NO_SUCH_EVENT
    if code and code not in event.languages:
        raise NO_SUCH_PAGE
    return in_language_of(request, event, code)
