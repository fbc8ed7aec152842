"""The form for whoever was invited to register though the intake is closed."""

from typing import assert_never

from flask import Request, Response

from handlers import form_page as pages
from handlers import thank_you
from handlers.email_links import no_link, opened
from handlers.logs import log
from handlers.register import registration_in
from handlers.request_body import read_page_form
from handlers.responses import HttpProblem, message
from rollcall.desk.desk import Desk
from rollcall.desk.register import Accepted, Conflict, Duplicate
from rollcall.desk.staff import invite
from rollcall.desk.staff.invite import Ended, Used
from rollcall.language import N_, language
from rollcall.model.event import Event
from rollcall.model.invitation import Invitation
from rollcall.model.links import LinkDamaged, LinkExpired, LinkPurpose, LinkRevoked, Opened
from schemas import form as schema
from schemas.faults import sentences

_USED = HttpProblem(
    410,
    N_("This link has been used"),
    N_("It was for one person, who is registered. If that was not you, please write to %(email)s."),
)
_CONFLICT = N_(
    "This person is registered, with other answers. Nothing was changed. To correct that registration, use the link in "
    "its confirmation or write to %(email)s."
)


def late(desk: Desk, event: Event, request: Request, token: str) -> Response:
    link = opened(desk, event, LinkPurpose.LATE, token)
    if not isinstance(link, Opened):
        return no_link(event, request, LinkPurpose.LATE, link)
    if request.method == "POST":
        return _post(desk, event, request, link)
    found = invite.opened(desk, event, link.id)
    if isinstance(found, Invitation):
        return pages.filled_in(desk, request, event, 200, {}, closes_at=found.until)
    return _refused(event, request, found)


def _post(desk: Desk, event: Event, request: Request, link: Opened) -> Response:
    form = read_page_form(request, schema.names_sent_several_times(event))
    step = request.query_string
    if step == pages.CHANGE:
        return pages.filled_in(desk, request, event, 200, form.typed)
    registration, faults = registration_in(event, form, step)
    if faults:
        return pages.filled_in(desk, request, event, 422, form.typed, errors=sentences(event, faults))
    if step == pages.CHECK or registration is None:
        return pages.to_check(request, event, form)
    try:
        outcome = invite.register_invited(desk, event, link.id, registration)
    except Exception as error:
        return pages.given_back(desk, request, event, form.typed, error)
    log("INFO", "form received", event=event.slug, outcome=type(outcome).__name__, invitation=link.id)
    match outcome:
        case Accepted() | Duplicate():
            return thank_you.to_received(desk, event, request, outcome)
        case Conflict():
            problem = language(event.language).gettext(_CONFLICT, email=event.contact.email)
            return pages.filled_in(desk, request, event, 409, form.typed, problem=problem)
        case Used() | Ended():
            return _refused(event, request, outcome)
        case _:
            assert_never(outcome)


def _refused(event: Event, request: Request, why: Used | Ended) -> Response:
    if isinstance(why, Used):
        used = HttpProblem(_USED.status, _USED.title, _USED.detail, {"email": event.contact.email})
        return message(request, used, event)
    if why.invitation is None:
        return no_link(event, request, LinkPurpose.LATE, LinkDamaged())
    fault = LinkRevoked() if why.invitation.revoked else LinkExpired()
    return no_link(event, request, LinkPurpose.LATE, fault)
