"""`register`: the form's page, and a registration that comes from it or from a JSON client."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never
from urllib.parse import quote

from flask import Request, Response
from marshmallow import ValidationError

from handlers.bot_check import shown_now, sign_in, without_traces
from handlers.logs import log, log_fault, log_unavailable
from handlers.request_body import FORM_TYPES, Form, Refused, idempotency_key, read, take_in
from handlers.security_headers import guard, share
from rollcall.desk.desk import Desk
from rollcall.desk.follow_up import form_to_complete, inbound_to_resolve, note_completed, resolve
from rollcall.desk.ports import forms_return_to
from rollcall.desk.register import (
    Accepted,
    Closed,
    Conflict,
    Duplicate,
    KeyReused,
    Late,
    NotYetOpen,
    Outcome,
    Quarantined,
    intake_now,
)
from rollcall.desk.register import register as register_at_desk
from rollcall.links import COMPLETING, RESOLVING, ROSTER
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event
from rollcall.model.inbound import Opened
from rollcall.model.intake import Intake
from rollcall.model.registration import BotSignal, Registration, is_reference, person_key
from rollcall.model.roster import ROSTER_TYPES, roster_file_ending
from schemas.faults import sentences
from schemas.form import faults_of, form_fields, in_labels, read_form
from templates import deadline, in_zone, render

_TRY_AGAIN = (
    "We could not reach our books just now, and do not know yet whether you are registered. What you wrote is still "
    "here: please send it again in a moment. That is always right."
)
_UNREACHABLE = "We cannot reach our books just now. Please send it again in a moment; that is always right."
_WENT_WRONG = "Something went wrong on our side. Please try again; if it happens again, please write to us."
_DIFFERS = (
    "Somebody has already registered under this name and e-mail address, with other answers. Nothing was changed. "
    "We have written to that address; to change a registration, please answer that mail or write to {email}."
)
_KEY_REUSED = (
    "This Idempotency-Key came before, with another form. Nothing was registered; "
    "please send each form under a key of its own."
)
_ONCE_MORE = "Your form is kept, and everything you wrote is here. Please look it over and press Register once more."
_WHY_ONCE_MORE = {
    BotSignal.TOO_FAST: f"That went very fast. {_ONCE_MORE}",
    BotSignal.HIDDEN_FIELD: f"A field that stays empty was filled in, perhaps by your browser. {_ONCE_MORE}",
}


def register(desk: Desk, request: Request) -> Response:
    """The page of events (`/register`), of an event's form (`/register/<event>`) and of what happens next
    (`/register/<event>/received/<reference>`), the form to fill in elsewhere (`/register/<event>/form.pdf`,
    `/register/<event>/form.txt`), and `/register/openapi.json`; POST to `/register/<event>` registers.

    Behind links in our mails: the form of a message, filled in as far as it was understood
    (`/register/<event>/complete/<token>`; POST registers), what the staff say of a message
    (`/register/<event>/dealt-with/<token>`), and the file of a roster that no mail could carry
    (`/register/<event>/roster/<token>`); all answer 410 where the link holds no more.

    Answers to a POST: 201 accepted, 200 known, 202 kept for staff, 303 to a page for the page's own form; 400 not
    parseable, 403 not yet open, 404 no such event, 405, 409 differs, 410 closed or late, 413 too large, 415 another
    type, 422 with what is wrong per field or for a key that came with another form, 503 with `Retry-After`. Problems
    are RFC 9457 problem details, or pages for the page's form.
    """
    try:
        take_in(request)
        response = _route(desk, request)
    except Refused as refused:
        response = _refusal(request, refused)
    except StoreUnavailable as error:
        response = _unavailable(request, error)
    except Exception as error:  # a stack trace, or a message that quotes what was typed, helps no registrant
        log_fault(error)
        response = _refusal(request, Refused(500, "Something went wrong", _WENT_WRONG))
    guard(response)
    event = desk.events.get((_below(request) or [""])[0])
    if event:
        share(request, response, event)
    return response


def _route(desk: Desk, request: Request) -> Response:
    match _below(request):
        case []:
            _allow(request, "GET", "HEAD")
            return _page(200, "events", rows=[(event, _link(request, event)) for event in desk.events.values()])
        case ["openapi.json"]:
            _allow(request, "GET", "HEAD")
            return _openapi(desk)
        case [slug]:
            event = _event(desk, slug)
            _allow(request, "GET", "HEAD", "POST", "OPTIONS")
            if request.method == "OPTIONS":
                return Response(status=204, headers={"Allow": "GET, HEAD, POST, OPTIONS"})
            return _post(desk, event, request) if request.method == "POST" else _form_page(desk, event, request)
        case [slug, ("form.pdf" | "form.txt") as name]:
            _allow(request, "GET", "HEAD")
            return _blank_form(desk, _event(desk, slug), name)
        case [slug, "complete", token]:
            _allow(request, "GET", "HEAD", "POST")
            event = _event(desk, slug)
            return _complete(desk, event, request, _opened(desk, event, COMPLETING, token))
        case [slug, "dealt-with", token]:
            _allow(request, "GET", "HEAD", "POST")
            event = _event(desk, slug)
            return _deal_with(desk, event, request, _opened(desk, event, RESOLVING, token))
        case [slug, "roster", token]:
            _allow(request, "GET", "HEAD")
            event = _event(desk, slug)
            return _roster(desk, event, request, _opened(desk, event, ROSTER, token))
        case [slug, ("received" | "already-registered") as how, reference] if is_reference(reference):
            _allow(request, "GET", "HEAD")
            return _page(
                200, "received", event=_event(desk, slug), reference=reference, known=how == "already-registered"
            )
        case _:
            raise Refused(404, "Not found", "There is no such page.")


def _below(request: Request) -> list[str]:
    """The parts of the address below this function's own."""
    return _parts(request)[1:] if _under_its_name(request) else _parts(request)


def _under_its_name(request: Request) -> bool:
    """Whether the browser knows this function under its name, or alone on a host."""
    return _parts(request)[:1] == ["register"]


def _parts(request: Request) -> list[str]:
    return [part for part in request.path.split("/") if part]


def _event(desk: Desk, slug: str) -> Event:
    event = desk.event(slug)
    if event is None:
        raise Refused(404, "No such event", "There is no event at this address. Please check the link you were sent.")
    return event


def _allow(request: Request, *methods: str) -> None:
    if request.method not in methods:
        raise Refused(405, "Not possible here", "This address cannot be used in this way.", Allow=", ".join(methods))


def _openapi(desk: Desk) -> Response:
    from schemas.openapi import openapi_json

    return Response(openapi_json(tuple(desk.events.values())), content_type="application/json")


def _blank_form(desk: Desk, event: Event, name: str) -> Response:
    from rollcall.documents.blank_form import blank_form_pdf, blank_form_text

    intake = _recent_intake(desk, event)
    now_closing = replace(event, closes_at=intake.closes_at) if intake else event
    to = forms_return_to(desk.links, event)
    if name == "form.txt":
        return Response(blank_form_text(now_closing, to), content_type="text/plain; charset=utf-8")
    as_file = {"Content-Disposition": f'attachment; filename="{event.slug}-form.pdf"'}
    return Response(blank_form_pdf(now_closing, to), content_type="application/pdf", headers=as_file)


def _form_page(desk: Desk, event: Event, request: Request) -> Response:
    intake = intake_now(desk, event)
    if intake.not_yet_open:
        return _page(200, "not_open", event=event, opens_at=intake.opens_at, answers=[])
    if intake.past:
        return _page(200, "closed", event=event, closes_at=intake.closes_at, answers=[])
    values, here, forms_to = shown_now(desk.intakes.now(event)), _link(request, event), desk.links.forms_to(event)
    return _filled_in(200, event, values, intake=intake, blank_forms=(here, forms_to))


def _opened(desk: Desk, event: Event, purpose: str, token: str) -> Opened | None:
    """What the link was made for; None where it holds no more, or is not of this event."""
    opened = desk.links.opened(purpose, token, desk.intakes.now(event))
    return opened if opened and opened.event == event.slug else None


def _complete(desk: Desk, event: Event, request: Request, opened: Opened | None) -> Response:
    """The form's page with the answers that came in a message. Whoever sends it is registered also where the link holds
    no more: it took them longer, that is all. It has not the page's own two fields: the link is no robot's, and one
    answer is soon filled in."""
    if request.method == "POST":
        return _post(desk, event, request, opened)
    if opened is None:
        return _page(410, "no_link", event=event, form_page=_link(request, event), purpose=COMPLETING)
    intake = intake_now(desk, event)
    if intake.past or intake.not_yet_open:
        return _form_page(desk, event, request)
    form = form_to_complete(desk, opened)
    if form is None:
        return _page(200, "completed", event=event, form_page=_link(request, event))
    return _filled_in(200, event, form.answers, errors=sentences(event, form.faults), intake=intake)


def _deal_with(desk: Desk, event: Event, request: Request, opened: Opened | None) -> Response:
    """What the staff say of a message: only the button does it, since programs open the links in mails too."""
    inbound = inbound_to_resolve(desk, opened) if opened else None
    if opened is None or inbound is None:
        return _page(410, "no_link", event=event, form_page=_link(request, event), purpose=RESOLVING)
    if request.method == "POST":
        resolve(desk, opened)
        log("INFO", "message dealt with", event=event.slug, inbound=opened.id)
        return _page(200, "dealt_with", event=event, inbound=inbound)
    return _page(200, "dealt_with" if inbound.resolved else "deal_with", event=event, inbound=inbound)


def _roster(desk: Desk, event: Event, request: Request, opened: Opened | None) -> Response:
    """A roster that no mail could carry, as it was put away: piece by piece, since Cloud Run hands on no answer over
    32 MiB in one (https://cloud.google.com/run/quotas)."""
    ending = roster_file_ending(event.slug, opened.id) if opened else None
    pieces = desk.files().pieces(opened.id) if opened and ending else None
    if ending is None or pieces is None:
        return _page(410, "no_link", event=event, form_page=_link(request, event), purpose=ROSTER)
    if request.method == "GET":
        log("INFO", "roster given out", event=event.slug, ending=ending)
    as_file = {"Content-Disposition": f'attachment; filename="{event.slug}-roster.{ending}"'}
    return Response(_whole_or_cut(pieces), mimetype=ROSTER_TYPES[ending], headers=as_file)


def _whole_or_cut(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The status is out by now. Where the rest cannot be had, the server breaks off, so that a browser does not take
    half a roster for one."""
    try:
        yield from pieces
    except StoreUnavailable as error:
        log_unavailable(error)
        raise


def _post(desk: Desk, event: Event, request: Request, completes: Opened | None = None) -> Response:
    """`completes` is the form in a message that this one completes."""
    key = idempotency_key(request)
    form = read(request)
    try:
        registration = _checked(event, without_traces(form))
    except ValidationError as error:
        return _invalid(desk, event, form, error)
    try:
        sign = sign_in(form, desk.intakes.now(event))
        outcome = register_at_desk(desk, event, registration, key, sign)
        if completes and isinstance(outcome, Accepted | Duplicate | Late):
            note_completed(desk, completes, person_key(registration), outcome.id)
    except StoreUnavailable as error:
        return _unavailable(request, error, event, form)
    except Exception as error:
        if form.as_json:
            raise
        log_fault(error)
        return _filled_in(500, event, form.typed, problem=_WENT_WRONG, intake=None)
    log("INFO", "form received", event=event.slug, outcome=type(outcome).__name__)
    return _json_answer(event, outcome) if form.as_json else _page_answer(desk, event, request, form, outcome)


def _checked(event: Event, form: Form) -> Registration:
    """As `read_form`; what is wrong in how a field was sent is said in place of what is wrong in what it says."""
    try:
        registration = read_form(event, form.answers)
    except ValidationError as error:
        raise ValidationError({**faults_of(error), **form.faults}) from None
    if form.faults:
        raise ValidationError({**form.faults})
    return registration


def _invalid(desk: Desk, event: Event, form: Form, error: ValidationError) -> Response:
    errors = sentences(event, faults_of(error))
    log("INFO", "form refused", event=event.slug, fields=[name for name in errors if name in _known_names(event)])
    if form.as_json:
        detail = "Some fields are missing or cannot be read; nothing was registered."
        return _problem(422, "Please check the form", detail, errors=errors)
    return _filled_in(422, event, form.typed, errors=errors, intake=_recent_intake(desk, event))


def _recent_intake(desk: Desk, event: Event) -> Intake | None:
    """The intake, for a page that can do without: what was typed comes back also when the books cannot be reached."""
    try:
        return desk.intakes.recent(event)
    except StoreUnavailable:
        return None


def _known_names(event: Event) -> set[str]:
    return {field.name for field in form_fields(event)}


def _json_answer(event: Event, outcome: Outcome) -> Response:
    match outcome:
        case Accepted():
            return _json(201, {"status": "accepted", "event": event.slug, "reference": outcome.reference})
        case Duplicate():
            return _json(200, {"status": "known", "event": event.slug, "reference": outcome.reference})
        case Conflict():
            return _problem(409, "Registered with other answers", _DIFFERS.format(email=event.contact.email))
        case Late():
            return _problem(
                410,
                "Received late",
                _late(event, outcome.closes_at),
                reference=outcome.reference,
                closes_at=outcome.closes_at,
            )
        case Closed(closes_at):
            return _problem(410, "Registration is closed", _closed(event, closes_at), closes_at=closes_at)
        case NotYetOpen(opens_at):
            return _problem(403, "Registration is not yet open", _not_yet_open(event, opens_at), opens_at=opens_at)
        case KeyReused():
            return _problem(422, "Idempotency-Key already used", _KEY_REUSED)
        case Quarantined():
            return _json(202, {"status": "kept", "event": event.slug})
        case _:
            assert_never(outcome)


def _page_answer(desk: Desk, event: Event, request: Request, form: Form, outcome: Outcome) -> Response:
    match outcome:
        case Accepted():
            return _see(request, event, "received", outcome.reference)
        case Duplicate():
            return _see(request, event, "already-registered", outcome.reference)
        case Conflict():
            problem = _DIFFERS.format(email=event.contact.email)
            return _filled_in(409, event, form.typed, problem=problem, intake=_recent_intake(desk, event))
        case Late():
            return _page(410, "late", event=event, reference=outcome.reference, closes_at=outcome.closes_at)
        case Closed(closes_at):
            return _page(410, "closed", event=event, closes_at=closes_at, answers=_answers(event, form))
        case NotYetOpen(opens_at):
            return _page(403, "not_open", event=event, opens_at=opens_at, answers=_answers(event, form))
        case KeyReused():
            return _filled_in(422, event, form.typed, problem=_KEY_REUSED, intake=_recent_intake(desk, event))
        case Quarantined(sign):
            # without the page's own two fields: whatever filled them in, one more press registers
            values, once_more = without_traces(form).typed, _WHY_ONCE_MORE[sign]
            return _filled_in(202, event, values, once_more=once_more, intake=_recent_intake(desk, event))
        case _:
            assert_never(outcome)


def _late(event: Event, closes_at: datetime) -> str:
    return (
        f"Your form came after the deadline ({deadline(closes_at, event)}). It is kept as late, and the secretariat "
        f"decides and writes to you. You can ask {event.contact.email}."
    )


def _closed(event: Event, closes_at: datetime) -> str:
    return (
        f"Registration closed at {deadline(closes_at, event)}. Nothing was registered. "
        f"Please write to {event.contact.email}."
    )


def _not_yet_open(event: Event, opens_at: datetime) -> str:
    return f"Registration opens on {in_zone(opens_at, event)}. Nothing was registered; please send the form again then."


def _answers(event: Event, form: Form) -> list[tuple[str, str]]:
    typed = in_labels(event, form.typed)
    return [(field.label, text) for field in form_fields(event) if (text := typed.get(field.name, "").strip())]


def _filled_in(
    status: int,
    event: Event,
    values: Mapping[str, str],
    *,
    errors: Mapping[str, Sequence[str]] | None = None,
    problem: str | None = None,
    once_more: str | None = None,
    blank_forms: tuple[str, str | None] | None = None,
    intake: Intake | None,
) -> Response:
    closes_at = intake.closes_at if intake else event.closes_at
    return _page(
        status,
        "form",
        event=event,
        fields=form_fields(event),
        values=values,
        errors=errors or {},
        problem=problem,
        once_more=once_more,
        blank_forms=blank_forms,
        closes_at=closes_at,
    )


def _see(request: Request, event: Event, how: str, reference: str) -> Response:
    """303 to a page that can be loaded again without registering again."""
    location = f"{_link(request, event)}/{how}/{reference}"
    return Response(status=303, headers={"Location": location})


def _link(request: Request, event: Event) -> str:
    """The form's address as the browser knows this function."""
    prefix = "/register" if _under_its_name(request) else ""
    return f"{request.script_root}{prefix}/{quote(event.slug)}"


def _refusal(request: Request, refused: Refused) -> Response:
    if _wants_page(request):
        response = _page(refused.status, "message", heading=refused.title, sentences=[refused.detail], event=None)
    else:
        response = _problem(refused.status, refused.title, refused.detail)
    response.headers.extend(refused.headers)
    return response


def _unavailable(
    request: Request, error: StoreUnavailable, event: Event | None = None, form: Form | None = None
) -> Response:
    """503; a person's form comes back as they filled it in."""
    log_unavailable(error)
    if event and form and not form.as_json:
        response = _filled_in(503, event, form.typed, problem=_TRY_AGAIN, intake=None)
    else:
        response = _refusal(request, Refused(503, "Please try again in a moment", _UNREACHABLE))
    response.headers["Retry-After"] = str(int(error.retry_after.total_seconds()))
    return response


def _wants_page(request: Request) -> bool:
    return request.mimetype in FORM_TYPES or "text/html" in request.headers.get("Accept", "")


def _page(status: int, name: str, **context: object) -> Response:
    return Response(render(f"pages/{name}.html", **context), status, content_type="text/html; charset=utf-8")


def _json(status: int, answer: Mapping[str, object], content_type: str = "application/json") -> Response:
    return Response(json.dumps(answer, default=_plain), status, content_type=content_type)


def _problem(status: int, title: str, detail: str, **more: object) -> Response:
    """RFC 9457 problem details."""
    problem = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return _json(status, problem, "application/problem+json")


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
