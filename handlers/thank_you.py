"""The pages after a registration. Their address is signed."""

from flask import Request, Response

from handlers.email_links import no_link, opened
from handlers.form_page import form_page, labelled_answers
from handlers.logs import log_unavailable
from handlers.responses import form_address, page, see_other
from rollcall.desk import amend
from rollcall.desk.desk import Desk
from rollcall.desk.register import Accepted, Duplicate
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event
from rollcall.model.form import HOTEL_NAME
from rollcall.model.links import VALID_FOR, LinkPurpose, Opened
from rollcall.model.registration import Registered, reference
from schemas.form import written

_CARRIED_OVER = ("organization", "category", "address", "fax", "hotel", HOTEL_NAME, "hotel_tel")
"""What people of one delegation share."""


def to_received(desk: Desk, event: Event, request: Request, outcome: Accepted | Duplicate) -> Response:
    """A redirect: a page to reload without registering again."""
    until = desk.intakes.now(event) + VALID_FOR[LinkPurpose.RECEIVED]
    path = desk.links.received(event, outcome.id, until, duplicate=isinstance(outcome, Duplicate))
    return see_other(f"{form_address(request, event)}/{path}")


def received(desk: Desk, event: Event, request: Request, purpose: LinkPurpose, token: str) -> Response:
    """Without the answers while the store is unavailable, or once they were changed."""
    link = opened(desk, event, purpose, token)
    if not isinstance(link, Opened):
        return no_link(event, request, purpose, link)
    there = _registered(desk, event, link)
    if there and there.is_withdrawn:
        return page(200, "withdrawn", event=event, registered=there)
    there = _as_sent(there)
    answers = written(there.registration) if there else {}
    return page(
        200,
        "received",
        event=event,
        reference=reference(link.id),
        duplicate=purpose is LinkPurpose.ALREADY_REGISTERED,
        registered=there,
        answers=labelled_answers(event, answers),
        shared=[field.label for field in event.fields if field.name in _CARRIED_OVER and field.name in answers],
        another=f"{form_address(request, event)}/{purpose}/{token}/another",
    )


def another(desk: Desk, event: Event, request: Request, purpose: LinkPurpose, token: str) -> Response:
    """The form for another person; empty where the link does not work."""
    link = opened(desk, event, purpose, token)
    there = _as_sent(_registered(desk, event, link)) if isinstance(link, Opened) else None
    answers = written(there.registration) if there else {}
    return form_page(desk, event, request, {name: answers[name] for name in _CARRIED_OVER if name in answers})


def _as_sent(there: Registered | None) -> Registered | None:
    return there if there and there.is_as_sent else None


def _registered(desk: Desk, event: Event, link: Opened) -> Registered | None:
    try:
        return amend.read(desk, event, link.id)
    except StoreUnavailable as error:
        log_unavailable(error)
        return None
