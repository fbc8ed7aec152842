"""The form's page in each of its states, and the blank form."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from urllib.parse import urljoin

from flask import Request, Response
from flask import request as current_request

from handlers.logs import log_fault
from handlers.request_body import SHOWN_AT, Form, bot_fields
from handlers.responses import (
    GAP,
    MAY_GO_BACK,
    WENT_WRONG,
    HttpProblem,
    KeptPage,
    as_file,
    form_address,
    page,
    path_below,
    said_in,
    unavailable,
)
from rollcall.desk.desk import Desk
from rollcall.desk.register import intake_now
from rollcall.language import N_, language
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event
from schemas.form import asked_of, can_be_printed, in_codes, in_labels

Shows = Callable[..., Response]
"""`responses.page`, or the same in another frame."""
SEND, CHECK, CHANGE = b"send", b"check", b"change"
"""What the query of a posted form asks for; any other is as `SEND`."""
SIGNATURE = "signature"
_KEPT = 256
"""Empty forms of 30 kB each, by event and language: those most asked for."""
UNAVAILABLE = N_(
    "Our database is unavailable. Your answers are still here; please try again in a minute. Sending twice is safe."
)


def form_page(desk: Desk, event: Event, request: Request, values: Mapping[str, str] = MappingProxyType({})) -> Response:
    """The form, empty but for these values; a page that says so while the intake is not open."""
    intake = intake_now(desk, event)
    if intake.not_yet_open or intake.past:
        name = "not_open" if intake.not_yet_open else "closed"
        links = _links_to_translations(desk, request, event)
        at = {"opens_at": intake.opens_at, "closes_at": intake.closes_at}
        return page(200, name, event=event, answers=[], links=links, **at)
    bots = bot_fields(desk.intakes.now(event))
    if values or path_below(request)[1:]:
        return filled_in(desk, request, event, 200, {**values, **bots}, closes_at=intake.closes_at)
    asked = request.script_root, request.path, _another_address(request)
    return _empty_form(desk, event, intake.closes_at, *asked).shown(request, bots[SHOWN_AT])


@lru_cache(_KEPT)
def _empty_form(desk: Desk, event: Event, closes_at: datetime, root: str, path: str, action: str) -> KeptPage:
    """The arguments are all that it depends on, the request's among them."""
    links = _links_to_translations(desk, current_request, event)
    empty = {SHOWN_AT: GAP}
    return KeptPage(filled_in(desk, current_request, event, 200, empty, closes_at=closes_at, links=links))


def _links_to_translations(desk: Desk, request: Request, event: Event) -> list[tuple[str, str, str]]:
    """For search engines, which need absolute addresses: relation, language and address."""
    if len(event.languages) == 1 or path_below(request)[1:]:
        return []
    addresses = [("alternate", code, form_address(request, event, code)) for code in event.languages]
    addresses.append(("alternate", "x-default", form_address(request, event, "")))
    addresses.append(("canonical", "", form_address(request, event)))
    public = desk.links.form_page(event)
    return [(relation, code, urljoin(public, path)) for relation, code, path in addresses]


def filled_in(
    desk: Desk,
    request: Request,
    event: Event,
    status: int,
    values: Mapping[str, str],
    *,
    closes_at: datetime | None = None,
    links: Sequence[tuple[str, str, str]] = (),
    errors: Mapping[str, Sequence[str]] | None = None,
    problem: str | None = None,
    once_more: str | None = None,
    template: str = "form",
    show: Shows = page,
    **context: Any,
) -> Response:
    """templates/pages/form.html says what each is; `context`, what a template that extends it has besides."""
    response = show(
        status,
        template,
        event=event,
        asks=asked_of(event),
        values=in_codes(event, values),
        errors=errors or {},
        problem=problem,
        once_more=once_more,
        links=links,
        blank_forms=(form_address(request, event), desk.links.forms_to(event)),
        as_pdf=can_be_printed(event),
        closes_at=closes_at or _recent_deadline(desk, event),
        **{"action": _another_address(request), **context},
    )
    response.headers.update(MAY_GO_BACK)
    return response


def given_back(
    desk: Desk, request: Request, event: Event, values: Mapping[str, str], error: Exception, **context: Any
) -> Response:
    """The form as the person filled it in, to be sent again."""
    spoken = language(event.language)
    context["closes_at"] = event.closes_at  # the event file's: nobody waits for the store again
    if isinstance(error, StoreUnavailable):
        context["problem"] = spoken.gettext(UNAVAILABLE)
        return unavailable(error, filled_in(desk, request, event, 503, values, **context))
    log_fault(error)
    return filled_in(desk, request, event, 500, values, problem=WENT_WRONG.detail_in(spoken), **context)


def to_check(request: Request, event: Event, form: Form) -> Response:
    """The answers, to be signed. With a script, the form's page shows them itself."""
    signature = next((one for one in asked_of(event) if one.field.name == SIGNATURE), None)
    values = {name: text for name, text in in_codes(event, form.typed).items() if name != SIGNATURE}
    response = page(
        200,
        "check",
        event=event,
        answers=labelled_answers(event, values),
        values=values,
        signature=signature,
        signed=form.typed.get(SIGNATURE, ""),
        action=_another_address(request),
    )
    response.headers.update(MAY_GO_BACK)
    return response


def _another_address(request: Request) -> str:
    """Not the page's own: a browser that loses the connection would replace the page by its error page."""
    return "?again" if request.query_string == SEND else "?send"


def blank_form(desk: Desk, event: Event, name: str) -> Response:
    """`form.pdf` or `form.txt`, with the deadline as it now stands."""
    from rollcall.documents.blank_form import blank_form_pdf, blank_form_text

    event = replace(event, closes_at=_recent_deadline(desk, event))
    return_to = desk.forms_return_to(event)
    if name == "form.pdf" and not can_be_printed(event):
        raise HttpProblem(404, N_("Not found"), N_("This form is not there as PDF, only as text."))
    spoken = language(event.language)
    if name == "form.txt":
        text = Response(blank_form_text(event, return_to), content_type="text/plain; charset=utf-8")
        return said_in(spoken, event, text)
    headers = as_file(f"{event.slug}-form.pdf")
    pdf = Response(blank_form_pdf(event, return_to), content_type="application/pdf", headers=headers)
    return said_in(spoken, event, pdf)


def _recent_deadline(desk: Desk, event: Event) -> datetime:
    """The event file's, while the store cannot be reached."""
    try:
        return desk.intakes.recent(event).closes_at
    except StoreUnavailable:
        return event.closes_at


def labelled_answers(event: Event, answers: Mapping[str, str]) -> list[tuple[str, str]]:
    return labelled(event, in_labels(event, answers))


def labelled(event: Event, said: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(field.label, text) for field in event.fields if (text := said.get(field.name, "").strip())]
