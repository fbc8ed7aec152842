"""`contribute`: contributions from the form's page, and what their submitters do with them."""

from flask import Request, Response

from handlers import responses
from handlers.contribute import form, own, papers, uploads
from handlers.contribute.pieces import put_piece
from handlers.languages import in_language_of
from handlers.request_body import read_body_with_files
from handlers.responses import HttpProblem, allow
from rollcall.desk.desk import Desk
from rollcall.language import N_
from rollcall.model.event import Event
from rollcall.model.links import LinkPurpose

_ASKS_NONE = HttpProblem(404, N_("Not found"), N_("No contributions are asked for."))


def contribute(desk: Desk, request: Request) -> Response:
    """The pages below `/contribute` (docs/api.md: each address and status)."""
    return responses.answered(request, desk.events, lambda: _route(desk, request))


def _route(desk: Desk, request: Request) -> Response:
    match responses.path_below(request):
        case [slug, "uploads", name]:
            allow(request, "PUT")
            _asking(desk, request, slug)
            return put_piece(desk, request, name)
        case path:
            read_body_with_files(request)
            return _page(desk, request, path)


def _page(desk: Desk, request: Request, path: list[str]) -> Response:
    match path:
        case [slug]:
            allow(request, "GET", "HEAD", "POST")
            return form.contribution_form(desk, _asking(desk, request, slug), request)
        case [slug, "uploads"]:
            allow(request, "POST")
            return uploads.begin(desk, _asking(desk, request, slug), request)
        case [slug, name] if name.startswith("logo-"):
            allow(request, "GET", "HEAD")
            return responses.logo(_event(desk, request, slug))
        case [slug, LinkPurpose.SUBMITTED, token]:
            allow(request, "GET", "HEAD")
            return form.submitted(desk, _event(desk, request, slug), request, token)
        case [slug, LinkPurpose.PAPERS, token]:
            allow(request, "GET", "HEAD", "POST")
            return papers.complete(desk, _asking(desk, request, slug), request, token)
        case [slug, LinkPurpose.CONTRIBUTION, token, *below]:
            return own.answer(desk, _event(desk, request, slug), request, token, below)
        case _:
            raise responses.NO_SUCH_PAGE


def _asking(desk: Desk, request: Request, slug: str) -> Event:
    event = _event(desk, request, slug)
    if event.contributions is None:
        raise _ASKS_NONE
    return event


def _event(desk: Desk, request: Request, slug: str) -> Event:
    event = desk.events.get(slug)
    if event is None:
        raise responses.NO_SUCH_PAGE
    return in_language_of(request, event, responses.language_in_path(request))
