"""`register`: the form's page, and registrations from it or from JSON clients."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from flask import Request, Response
from marshmallow import ValidationError

from handlers import email_links, responses, roster_files, thank_you
from handlers import form_page as pages
from handlers.languages import in_language_of
from handlers.logs import log, log_fault
from handlers.request_body import Form, idempotency_key, read_body, read_form
from handlers.responses import HttpProblem, form_address, page, problem
from rollcall.desk import register as at_desk
from rollcall.desk.desk import Desk
from rollcall.desk.follow_up import note_completed
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event
from rollcall.model.fault import Fault
from rollcall.model.links import LinkPurpose, Opened
from rollcall.model.registration import BotSignal, Registration
from schemas import form as schema
from schemas.faults import sentences
from templates import deadline, in_zone

_UNAVAILABLE = (
    "Our database is unavailable. Your answers are still here; please try again in a minute. Sending twice is safe."
)
_WENT_WRONG = "Something went wrong on our side. Please try again; if it happens again, please write to us."
_CONFLICT = (
    "Somebody has already registered under this name and e-mail address, with other answers. Nothing was changed. "
    "We have written to that address; to change a registration, please answer that e-mail or write to {email}."
)
_KEY_REUSED = "This Idempotency-Key came with another form. Nothing was registered; please use a new key for each form."
_LATE = "The deadline was {at}. Your form is kept; the secretariat decides and writes to you. Questions: {email}."
_CLOSED = "Registration closed at {at}. Nothing was registered. Please write to {email}."
_NOT_OPEN = "Registration opens on {at}. Nothing was registered; please send the form again then."
_ONCE_MORE = "Everything you wrote is still here. Please check it and press Register once more."
_WHY_ONCE_MORE = {
    BotSignal.TOO_FAST: f"That was very fast. {_ONCE_MORE}",
    BotSignal.HIDDEN_FIELD: f"A field that should be empty was filled in, perhaps by your browser. {_ONCE_MORE}",
}


def register(desk: Desk, request: Request) -> Response:
    """The pages below `/register`, and the registrations posted there (docs/api.md: each address and
    status)."""
    try:
        read_body(request)
        response = _route(desk, request)
    except HttpProblem as error:
        response = responses.problem_or_page(request, error, desk.events)
    except StoreUnavailable as error:
        response = responses.unavailable(error, responses.problem_or_page(request, responses.UNAVAILABLE, desk.events))
    except Exception as error:  # a stack trace, or a message that quotes what was typed, helps no registrant
        log_fault(error)
        wrong = HttpProblem(500, "Something went wrong", _WENT_WRONG)
        response = responses.problem_or_page(request, wrong, desk.events)
    event = responses.event_at(request, desk.events)
    responses.add_security_headers(response, event)
    if event:
        responses.add_cors_headers(request, response, event)
    return response


def _route(desk: Desk, request: Request) -> Response:
    match responses.path_below(request):
        case []:
            _allow(request, "GET", "HEAD")
            events = (in_language_of(request, event, None) for event in desk.events.values())
            rows = [(event, form_address(request, event)) for event in events]
            return page(200, "events", rows=rows)
        case ["openapi.json"]:
            _allow(request, "GET", "HEAD")
            return _openapi(desk)
        case [slug]:
            event = _event(desk, request, slug)
            _allow(request, "GET", "HEAD", "POST", "OPTIONS")
            if request.method == "OPTIONS":
                return Response(status=204, headers={"Allow": "GET, HEAD, POST, OPTIONS"})
            return _post(desk, event, request) if request.method == "POST" else pages.form_page(desk, event, request)
        case [slug, ("form.pdf" | "form.txt") as name]:
            _allow(request, "GET", "HEAD")
            return pages.blank_form(desk, _event(desk, request, slug), name)
        case [slug, name] if name.startswith("logo-"):
            _allow(request, "GET", "HEAD")
            return responses.logo(_event(desk, request, slug))
        case [slug, (LinkPurpose.RECEIVED | LinkPurpose.ALREADY_REGISTERED) as purpose, token]:
            _allow(request, "GET", "HEAD")
            return thank_you.received(desk, _event(desk, request, slug), request, LinkPurpose(purpose), token)
        case [slug, (LinkPurpose.RECEIVED | LinkPurpose.ALREADY_REGISTERED) as purpose, token, "another"]:
            _allow(request, "GET", "HEAD", "POST")
            event = _event(desk, request, slug)
            if request.method == "POST":
                return _post(desk, event, request)
            return thank_you.another(desk, event, request, LinkPurpose(purpose), token)
        case [slug, LinkPurpose.COMPLETE, token]:
            _allow(request, "GET", "HEAD", "POST")
            event = _event(desk, request, slug)
            opened = email_links.opened(desk, event, LinkPurpose.COMPLETE, token)
            if request.method == "POST":  # registers whether or not the link still works
                return _post(desk, event, request, opened if isinstance(opened, Opened) else None)
            return email_links.complete(desk, event, request, opened)
        case [slug, LinkPurpose.RESOLVE, token]:
            _allow(request, "GET", "HEAD", "POST")
            return email_links.resolve(desk, _event(desk, request, slug), request, token)
        case [slug, LinkPurpose.WITHDRAW, token]:
            _allow(request, "GET", "HEAD", "POST")
            return email_links.withdraw(desk, _event(desk, request, slug), request, token)
        case [slug, LinkPurpose.ROSTER, token]:
            _allow(request, "GET", "HEAD")
            return roster_files.roster_file(desk, _event(desk, request, slug), request, token)
        case _:
            raise HttpProblem(404, "Not found", "There is no such page.")


def _event(desk: Desk, request: Request, slug: str) -> Event:
    event, code = desk.event(slug), responses.language_in_path(request)
    if event is None:
        raise HttpProblem(404, "No such event", "There is no event at this address. Please check the link.")
    if code and code not in event.languages:
        raise HttpProblem(404, "Not found", "There is no such page.")
    return in_language_of(request, event, code)


def _allow(request: Request, *methods: str) -> None:
    if request.method not in methods:
        text = "This address cannot be used in this way."
        raise HttpProblem(405, "Not possible here", text, Allow=", ".join(methods))


def _openapi(desk: Desk) -> Response:
    from schemas.openapi import openapi_json

    return Response(openapi_json(tuple(desk.events.values())), content_type="application/json")


def _post(desk: Desk, event: Event, request: Request, completes: Opened | None = None) -> Response:
    """`completes` is the form in an inbound e-mail that this one completes."""
    key = idempotency_key(request)
    form = read_form(request, schema.names_sent_several_times(event))
    step = b"" if form.as_json else request.query_string
    if step == pages.CHANGE:
        return pages.filled_in(desk, request, event, 200, form.typed)
    try:
        registration = _registration(event, form.without_bot_fields())
    except ValidationError as error:
        faults = schema.faults_of(error)
        if step == pages.CHECK:
            faults.pop(pages.SIGNATURE, None)
        if faults:
            return _invalid(desk, event, request, form, faults)
    if step == pages.CHECK:
        return pages.to_check(request, event, form)
    try:
        if completes and (used := email_links.used(desk, event, completes, registration)):
            return _refused(desk, event, request, form, used)
        outcome = at_desk.register(desk, event, registration, key, form.bot_signal(desk.intakes.now(event)))
        if completes and isinstance(outcome, at_desk.Accepted | at_desk.Duplicate | at_desk.Late):
            note_completed(desk, completes, outcome.id)
    except Exception as error:
        if form.as_json:
            raise
        return _give_back(desk, event, request, form, error)
    log("INFO", "form received", event=event.slug, outcome=type(outcome).__name__)
    return _answer(desk, event, request, form, outcome)


def _registration(event: Event, form: Form) -> Registration:
    """Raises `ValidationError`: faults in how a field was sent replace those in what it says."""
    try:
        registration = schema.read_form(event, form.answers)
    except ValidationError as error:
        raise ValidationError({**schema.faults_of(error), **form.faults}) from None
    if form.faults:
        raise ValidationError({**form.faults})
    return registration


def _invalid(desk: Desk, event: Event, request: Request, form: Form, faults: Mapping[str, Sequence[Fault]]) -> Response:
    errors = sentences(event, faults)
    names = {field.name for field in event.fields}
    log("INFO", "form refused", event=event.slug, fields=[name for name in errors if name in names])
    if form.as_json:
        detail = "Some fields are missing or cannot be read; nothing was registered."
        return problem(422, "Please check the form", detail, errors=errors)
    return pages.filled_in(desk, request, event, 422, form.typed, errors=errors)


def _give_back(desk: Desk, event: Event, request: Request, form: Form, error: Exception) -> Response:
    """The form as the person filled it in, to be sent again."""
    if isinstance(error, StoreUnavailable):
        # with the event file's deadline: nobody waits for the store again
        page = pages.filled_in(desk, request, event, 503, form.typed, problem=_UNAVAILABLE, closes_at=event.closes_at)
        return responses.unavailable(error, page)
    log_fault(error)
    return pages.filled_in(desk, request, event, 500, form.typed, problem=_WENT_WRONG)


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
            why = HttpProblem(409, "Registered with other answers", _CONFLICT.format(email=event.contact.email))
            return _refused(desk, event, request, form, why)
        case at_desk.KeyReused():
            why = HttpProblem(422, "Idempotency-Key already used", _KEY_REUSED)
            return _refused(desk, event, request, form, why)
        case at_desk.Quarantined(signal):
            # without the bot fields: whatever filled them in, sending it once more registers
            values = form.without_bot_fields().typed
            return pages.filled_in(desk, request, event, 202, values, once_more=_WHY_ONCE_MORE[signal])
        case at_desk.Late() | at_desk.Closed() | at_desk.NotYetOpen():
            return _outside_intake(event, form, outcome)
        case _:
            assert_never(outcome)


def _refused(desk: Desk, event: Event, request: Request, form: Form, why: HttpProblem) -> Response:
    if form.as_json:
        return problem(why.status, why.title, why.detail)
    return pages.filled_in(desk, request, event, why.status, form.typed, problem=why.detail)


def _outside_intake(event: Event, form: Form, outcome: at_desk.Late | at_desk.Closed | at_desk.NotYetOpen) -> Response:
    email, answers = event.contact.email, pages.labelled_answers(event, form.typed)
    match outcome:
        case at_desk.Late(closes_at=at):
            if not form.as_json:
                return page(410, "late", event=event, reference=outcome.reference, closes_at=at)
            detail = _LATE.format(at=deadline(at, event), email=email)
            return problem(410, "Received late", detail, reference=outcome.reference, closes_at=at)
        case at_desk.Closed(closes_at=at):
            if not form.as_json:
                return page(410, "closed", event=event, closes_at=at, answers=answers)
            detail = _CLOSED.format(at=deadline(at, event), email=email)
            return problem(410, "Registration is closed", detail, closes_at=at)
        case at_desk.NotYetOpen(opens_at=at):
            if not form.as_json:
                return page(403, "not_open", event=event, opens_at=at, answers=answers)
            return problem(403, "Registration is not yet open", _NOT_OPEN.format(at=in_zone(at, event)), opens_at=at)
        case _:
            assert_never(outcome)
