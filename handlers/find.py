"""Whoever lost the link to their registration asks for another, by e-mail."""

from collections.abc import Mapping, Sequence

from flask import Request, Response
from marshmallow import ValidationError

from handlers.email_links import kept_no_longer
from handlers.form_page import CHANGE, UNAVAILABLE
from handlers.logs import log
from handlers.request_body import read_page_form
from handlers.responses import FIND, form_address, page, see_other, unavailable
from rollcall.desk.desk import Desk
from rollcall.language import language
from rollcall.model.email import links_to
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event
from rollcall.model.registration import normalized_address
from schemas.faults import sentences
from schemas.form import address_asked, faults_of, read_address

_SENT = b"sent"


def find_registration(desk: Desk, event: Event, request: Request) -> Response:
    """Answers the same, whoever is registered."""
    if problem := kept_no_longer(event, desk.intakes.now(event)):
        raise problem
    if request.method != "POST":
        if request.query_string == _SENT:
            return page(200, "found", event=event)
        return _form(event, 200)
    email = read_page_form(request).typed.get("email", "")
    if request.query_string == CHANGE:
        return _form(event, 200, email)
    try:
        address = read_address(event, email)
    except ValidationError as error:
        return _form(event, 422, email, errors=sentences(event, faults_of(error)))
    try:
        mark = desk.links.mark(event.slug, normalized_address(address))
        desk.store.enqueue(links_to(event.slug, mark, address, desk.intakes.now(event)))
    except StoreUnavailable as error:
        why = language(event.language).gettext(UNAVAILABLE)
        return unavailable(error, _form(event, 503, email, problem=why))
    log("INFO", "links asked for", event=event.slug)
    return see_other(f"{form_address(request, event)}/{FIND}?sent")


def _form(
    event: Event,
    status: int,
    email: str = "",
    errors: Mapping[str, Sequence[str]] | None = None,
    problem: str | None = None,
) -> Response:
    asked, errors = address_asked(event), errors or {}
    return page(status, "find", event=event, asked_for=asked, email=email, errors=errors, problem=problem)
