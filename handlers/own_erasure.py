"""A person asks, by their own link, to be erased. The staff decide: somebody else may have the link."""

from flask import Request, Response

from handlers.logs import log
from handlers.responses import HttpProblem, page, see_other
from rollcall.desk.desk import Desk
from rollcall.desk.personal_data import ask
from rollcall.language import N_
from rollcall.model.event import Event
from rollcall.model.personal_data import Erasure, ErasureStatus
from rollcall.model.registration import Registered
from templates import in_zone

_ERASED = HttpProblem(
    410,
    N_("This registration is erased"),
    N_("It was erased on %(at)s, with all that we held of its person. Nothing here names you any more."),
)


def being_erased(event: Event, there: Registered, erasure: Erasure | None) -> Response | None:
    """The page in place of all others."""
    if erasure is None or erasure.status is not ErasureStatus.DUE:
        return None
    return page(200, "erasing", event=event, registered=there, decided_at=erasure.decided_at)


def erased(desk: Desk, event: Event, id: str) -> HttpProblem | None:
    """Where that is why a registration is not there."""
    erasure = ask.erased(desk.store, event, id)
    if erasure is None or erasure.erased_at is None:
        return None
    return HttpProblem(_ERASED.status, _ERASED.title, _ERASED.detail, {"at": in_zone(erasure.erased_at, event)})


def to_ask(desk: Desk, event: Event, there: Registered, address: str) -> Response:
    can_withdraw = not there.is_withdrawn and not event.is_over(desk.intakes.now(event))
    return page(200, "erase", event=event, registered=there, address=address, can_withdraw=can_withdraw)


def asked(desk: Desk, event: Event, request: Request, there: Registered, address: str) -> Response:
    """A press. Scanners of e-mails that post to what they find there have the link alone."""
    match request.query_string:
        case b"ask":
            ask.ask(desk, event, there)
            log("INFO", "erasure asked for", event=event.slug, registration=there.id)
            return see_other(f"{address}?asked")
        case b"back":
            ask.take_back(desk, there)
            log("INFO", "erasure taken back", event=event.slug, registration=there.id)
            return see_other(f"{address}?taken-back")
        case _:
            return to_ask(desk, event, there, address)
