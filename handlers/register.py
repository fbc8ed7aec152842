"""`register`: the form's page, and registrations from it or from JSON clients."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from flask import Request, Response
from marshmallow import ValidationError

from handlers import email_links, responses, thank_you
from handlers import form_page as pages
from handlers.languages import in_language_of
from handlers.logs import log, log_fault
from handlers.request_body import Form, idempotency_key, read_body, read_form
from handlers.responses import HttpProblem, allow, form_address, page, problem
from rollcall.desk import register as at_desk
from rollcall.desk.desk import Desk
from rollcall.desk.follow_up import note_completed
from rollcall.language import N_, language
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event
from rollcall.model.fault import Fault
from rollcall.model.links import LinkPurpose, Opened
from rollcall.model.registration import BotSignal, Registration
from schemas import form as schema
from schemas.faults import sentences
from templates import deadline, in_zone

_CONFLICT = N_(
    "Somebody has already registered under this name and e-mail address, with other answers. Nothing was changed. We "
    "have just sent a link to that address, by which you can change the registration; what you wrote is kept there for "
    "an hour. If nothing arrives, please write to %(email)s."
)
_KEY_REUSED = HttpProblem(
    422,
    N_("Idempotency-Key already used"),
    N_("This Idempotency-Key came with another form. Nothing was registered; please use a new key for each form."),
)
_INVALID = HttpProblem(
    422, N_("Please check the form"), N_("Some fields are missing or cannot be read; nothing was registered.")
)
_LATE = N_(
    "The deadline was %(at)s. Your form is kept; the secretariat decides and writes to you. Questions: %(email)s."
)
_CLOSED = N_("Registration closed at %(at)s. Nothing was registered. Please write to %(email)s.")
_NOT_OPEN = N_("Registration opens on %(at)s. Nothing was registered; please send the form again then.")
_LANGUAGE = "language"
_WHY_ONCE_MORE = {
    BotSignal.TOO_FAST: N_(
        "That was very fast. Everything you wrote is still here. Please check it and press Register once more."
    ),
    BotSignal.HIDDEN_FIELD: N_(
        "A field that should be empty was filled in, perhaps by your browser. Everything you wrote is still here. "
        "Please check it and press Register once more."
    ),
}


def register(desk: Desk, request: Request) -> Response:
    """The pages below `/register`, and the registrations posted there (docs/api.md: each address and
    status)."""
    response = responses.answered(request, desk.events, lambda: _route(desk, request))
    if event := responses.event_at(request, desk.events):
        responses.add_cors_headers(request, response, event)
    return response


def _route(desk: Desk, request: Request) -> Response:
    read_body(request)
    match responses.path_below(request):
        case []:
            allow(request, "GET", "HEAD")
            events = (in_language_of(request, event, None) for event in desk.events.values())
            rows = [(event, form_address(request, event)) for event in events]
            return page(200, "events", rows=rows)
        case ["openapi.json"]:
            allow(request, "GET", "HEAD")
            return _openapi(desk)
        case [slug]:
            event = _event(desk, request, slug)
            allow(request, "GET", "HEAD", "POST", "OPTIONS")
            if request.method == "OPTIONS":
                return Response(status=204, headers={"Allow": "GET, HEAD, POST, OPTIONS"})
            return _post(desk, event, request) if request.method == "POST" else pages.form_page(desk, event, request)
        case [slug, ("form.pdf" | "form.txt") as name]:
            allow(request, "GET", "HEAD")
            return pages.blank_form(desk, _event(desk, request, slug), name)
        case [slug, name] if name.startswith("logo-"):
            allow(request, "GET", "HEAD")
            return responses.logo(_event(desk, request, slug))
        case [slug, (LinkPurpose.RECEIVED | LinkPurpose.ALREADY_REGISTERED) as purpose, token]:
            allow(request, "GET", "HEAD")
            return thank_you.received(desk, _event(desk, request, slug), request, LinkPurpose(purpose), token)
        case [slug, (LinkPurpose.RECEIVED | LinkPurpose.ALREADY_REGISTERED) as purpose, token, "another"]:
            allow(request, "GET", "HEAD", "POST")
            event = _event(desk, request, slug)
            if request.method == "POST":
                return _post(desk, event, request)
            return thank_you.another(desk, event, request, LinkPurpose(purpose), token)
        case [slug, LinkPurpose.COMPLETE, token]:
            allow(request, "GET", "HEAD", "POST")
            event = _event(desk, request, slug)
            opened = email_links.opened(desk, event, LinkPurpose.COMPLETE, token)
            if request.method == "POST":  # registers whether or not the link still works
                return _post(desk, event, request, opened if isinstance(opened, Opened) else None)
            return email_links.complete(desk, event, request, opened)
        case [slug, LinkPurpose.LATE, token]:
            allow(request, "GET", "HEAD", "POST")
            from handlers.late import late

            return late(desk, _event(desk, request, slug), request, token)
        case [slug, LinkPurpose.RESOLVE, token]:
            allow(request, "GET", "HEAD", "POST")
            event = email_links.for_staff(desk, _event(desk, request, slug), LinkPurpose.RESOLVE, token)
            return email_links.resolve(desk, event, request, token)
        case [slug, (LinkPurpose.OWN | LinkPurpose.ADDRESS | responses.FIND), *_]:
            from handlers import own

            return own.answer(desk, _event(desk, request, slug), request)
        case [slug, LinkPurpose.AMEND, *below]:
            from handlers import own

            event = email_links.for_staff(desk, _event(desk, request, slug), LinkPurpose.AMEND, "".join(below))
            return own.answer(desk, event, request)
        case [slug, LinkPurpose.ROSTER, token]:
            allow(request, "GET", "HEAD")
            from handlers.roster_files import roster_file

            event = email_links.for_staff(desk, _event(desk, request, slug), LinkPurpose.ROSTER, token)
            return roster_file(desk, event, request, token)
        case _:
            raise responses.NO_SUCH_PAGE


def _event(desk: Desk, request: Request, slug: str) -> Event:
    event, code = desk.event(slug), responses.language_in_path(request)
    if event is None:
        raise responses.NO_SUCH_EVENT
    if code and code not in event.languages and not _was_offered(request):
        raise responses.NO_SUCH_PAGE
    return in_language_of(request, event, code)


def _was_offered(request: Request) -> bool:
    """Perhaps, before the event's file was changed: links in e-mails keep working, and so do forms being filled in."""
    below = responses.path_below(request)[1:2]
    return below in [[purpose] for purpose in LinkPurpose] or request.mimetype in responses.FORM_TYPES


def _openapi(desk: Desk) -> Response:
    from schemas.openapi import openapi_json

    return Response(openapi_json(tuple(desk.events.values())), content_type="application/json")


def _post(desk: Desk, event: Event, request: Request, completes: Opened | None = None) -> Response:
    """`completes` is the form in an inbound e-mail that this one completes."""
    key = idempotency_key(request)
    event, form = _in_language_given(event, read_form(request, schema.names_sent_several_times(event)))
    step = b"" if form.as_json else request.query_string
    if step == pages.CHANGE:
        return pages.filled_in(desk, request, event, 200, form.typed)
    registration, faults = registration_in(event, form, step)
    if faults:
        return _invalid(desk, event, request, form, faults)
    if step == pages.CHECK or registration is None:
        return pages.to_check(request, event, form)
    try:
        if completes and (used := email_links.used(desk, event, completes, registration)):
            return _refused(desk, event, request, form, used)
        outcome = at_desk.register(desk, event, registration, key, form.bot_signal(desk.intakes.now(event)))
        if completes and isinstance(outcome, at_desk.Accepted | at_desk.Duplicate | at_desk.Late):
            note_completed(desk, completes, outcome.id)
    except Exception as error:
        return _give_back(desk, event, request, form, error)
    log("INFO", "form received", event=event.slug, outcome=type(outcome).__name__)
    return _answer(desk, event, request, form, outcome)


def registration_in(event: Event, form: Form, step: bytes) -> tuple[Registration | None, Mapping[str, Sequence[Fault]]]:
    """Or what is wrong with it. Before the answers are checked nobody needs to have signed."""
    try:
        return schema.read_form(event, form.without_bot_fields().answers, form.faults), {}
    except ValidationError as error:
        faults = schema.faults_of(error)
        if step == pages.CHECK:
            faults.pop(pages.SIGNATURE, None)
        return None, faults


def _in_language_given(event: Event, form: Form) -> tuple[Event, Form]:
    """A program may say it beside the answers."""
    if not form.as_json or not isinstance(form.answers, Mapping) or event.field(_LANGUAGE):
        return event, form
    answers = {**form.answers}
    code = answers.pop(_LANGUAGE, None) or event.language
    if code in event.languages:
        return event.in_language(code), replace(form, answers=answers)
    fault = Fault("not_a_choice", {"choices": language(event.language).either(event.languages)})
    return event, replace(form, answers=answers, faults={**form.faults, _LANGUAGE: [fault]})


def _invalid(desk: Desk, event: Event, request: Request, form: Form, faults: Mapping[str, Sequence[Fault]]) -> Response:
    errors = sentences(event, faults)
    names = {field.name for field in event.fields}
    log("INFO", "form refused", event=event.slug, fields=[name for name in errors if name in names])
    if form.as_json:
        return problem(request, _INVALID, event, errors=errors)
    return pages.filled_in(desk, request, event, 422, form.typed, errors=errors)


def _give_back(desk: Desk, event: Event, request: Request, form: Form, error: Exception) -> Response:
    """The form as the person filled it in, to be sent again; to a program, in the language that it names."""
    if not form.as_json:
        return pages.given_back(desk, request, event, form.typed, error)
    if isinstance(error, StoreUnavailable):
        return responses.unavailable(error, problem(request, responses.UNAVAILABLE, event))
    log_fault(error)
    return problem(request, responses.WENT_WRONG, event)


def _answer(desk: Desk, event: Event, request: Request, form: Form, outcome: at_desk.Outcome) -> Response:
    def registered(status: int, code: str, outcome: at_desk.Accepted | at_desk.Duplicate) -> Response:
        if form.as_json:
            answer = {"status": code, "event": event.slug, "reference": outcome.reference}
            return responses.json_response(status, answer)
        return thank_you.to_received(desk, event, request, outcome)

    match outcome:
        case at_desk.Accepted():
            return registered(201, "accepted", outcome)
        case at_desk.Duplicate():
            return registered(200, "duplicate", outcome)
        case at_desk.Conflict():
            about = {"email": event.contact.email}
            why = HttpProblem(409, N_("Registered with other answers"), _CONFLICT, about)
            return _refused(desk, event, request, form, why)
        case at_desk.KeyReused():
            return _refused(desk, event, request, form, _KEY_REUSED)
        case at_desk.Quarantined(signal):
            # without the bot fields: whatever filled them in, sending it once more registers
            values = form.without_bot_fields().typed
            why_once_more = language(event.language).gettext(_WHY_ONCE_MORE[signal])
            return pages.filled_in(desk, request, event, 202, values, once_more=why_once_more)
        case at_desk.Late() | at_desk.Closed() | at_desk.NotYetOpen():
            return _outside_intake(request, event, form, outcome)
        case _:
            assert_never(outcome)


def _refused(desk: Desk, event: Event, request: Request, form: Form, why: HttpProblem) -> Response:
    if form.as_json:
        return problem(request, why, event)
    detail = why.detail_in(language(event.language))
    return pages.filled_in(desk, request, event, why.status, form.typed, problem=detail)


def _outside_intake(
    request: Request, event: Event, form: Form, outcome: at_desk.Late | at_desk.Closed | at_desk.NotYetOpen
) -> Response:
    email = {"email": event.contact.email}
    more: dict[str, object]
    match outcome:
        case at_desk.Late(closes_at=at):
            name, more = "late", {"reference": outcome.reference, "closes_at": at}
            why = HttpProblem(410, N_("Received late"), _LATE, {"at": deadline(at, event), **email})
        case at_desk.Closed(closes_at=at):
            name, more = "closed", {"closes_at": at}
            why = HttpProblem(410, N_("Registration is closed"), _CLOSED, {"at": deadline(at, event), **email})
        case at_desk.NotYetOpen(opens_at=at):
            name, more = "not_open", {"opens_at": at}
            why = HttpProblem(403, N_("Registration is not yet open"), _NOT_OPEN, {"at": in_zone(at, event)})
        case _:
            assert_never(outcome)
    if form.as_json:
        return problem(request, why, event, **more)
    return page(why.status, name, event=event, answers=pages.labelled_answers(event, form.typed), **more)
