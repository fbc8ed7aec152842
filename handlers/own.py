"""A person's own registration: seen, changed, withdrawn. Opening a page changes nothing, since mail programs open links
too."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeVar, assert_never
from urllib.parse import quote

from flask import Request, Response

from handlers import responses
from handlers.change import NOT_REGISTERED, Changing, change, changes_end, differences
from handlers.email_links import log_refused, no_link, opened, pressed
from handlers.form_page import CHANGE, labelled
from handlers.logs import log
from handlers.own_erasure import asked, being_erased, erased, to_ask
from handlers.request_body import read_page_form
from handlers.responses import NO_SUCH_PAGE, HttpProblem, allow, form_address, message, page, path_below, see_other
from rollcall.desk import amend
from rollcall.desk.amend import Amended, NothingNew, Taken, TooLate, TooManyChanges
from rollcall.desk.desk import Desk
from rollcall.desk.personal_data.ask import day_of_answer
from rollcall.desk.register import intake_now
from rollcall.documents.roster_content import status_in_words
from rollcall.language import N_, language
from rollcall.model.email import UNDELIVERED, EmailKind, EmailStatus
from rollcall.model.event import Event
from rollcall.model.links import LinkDamaged, LinkPurpose, LinkRevoked, NoLink, Opened
from rollcall.model.personal_data import Erasure, ErasureStatus
from rollcall.model.registration import Actor, Change, Registered, Registration, Way, Why, as_asked
from schemas.form import in_words, written

_T = TypeVar("_T")
_ANSWERS = b"answers"
"""What the query of the form asks for: filled in with the last form that changed nothing."""
_ENTRIES, _SHOWN = 200, 10
_KINDS = {
    EmailKind.CONFIRMATION: N_("Confirmation"),
    EmailKind.CONFLICT: N_("Another form in your name"),
    EmailKind.LINKS: N_("Link to your registration"),
    EmailKind.ADDRESS: N_("Is this your address?"),
    EmailKind.ANNOUNCEMENT: N_("Announcement"),
    EmailKind.ERASURE: N_("Erasure of personal data"),
}
_HELD = ["held"], ["held.json"], ["held.pdf"]
_OVER = HttpProblem(410, N_("The event is over"), N_("Nothing was changed, and you need do nothing."))
_TOO_MANY = HttpProblem(
    409,
    N_("This link cannot be ended here"),
    N_("This registration was changed very often. Please write to %(email)s."),
)
_TAKEN = HttpProblem(
    409,
    N_("There is another registration"),
    N_(
        "Another registration has this name and e-mail address, with the reference %(reference)s. Nothing was changed. "
        "Please write to %(email)s."
    ),
)


@dataclass(frozen=True)
class Sent:
    """An e-mail to the person."""

    about: str
    to: str
    at: datetime
    status: str
    undelivered: bool


def answer(desk: Desk, event: Event, request: Request) -> Response:
    match path_below(request)[1:]:
        case [LinkPurpose.OWN, token, "change"]:
            allow(request, "GET", "HEAD", "POST")
            address = _address(request, event, LinkPurpose.OWN, token)
            find = partial(_to_change, desk, event, request, token, address)
            return change(desk, event, request, Actor.REGISTRANT, address, find)
        case [LinkPurpose.OWN, token, *below]:
            return _own(desk, event, request, token, below)
        case [LinkPurpose.ADDRESS, token]:
            allow(request, "GET", "HEAD", "POST")
            return _address_check(desk, event, request, token)
        case [LinkPurpose.AMEND, token]:
            from handlers.staff_change import staff_change

            allow(request, "GET", "HEAD", "POST")
            return staff_change(desk, event, request, token, _address(request, event, LinkPurpose.AMEND, token))
        case [responses.FIND]:
            from handlers.find import find_registration

            allow(request, "GET", "HEAD", "POST")
            return find_registration(desk, event, request)
        case [(LinkPurpose.OWN | LinkPurpose.ADDRESS | LinkPurpose.AMEND) as purpose]:  # cut there
            return no_link(event, request, LinkPurpose(purpose), LinkDamaged())
        case _:
            raise NO_SUCH_PAGE


def registered_by(desk: Desk, event: Event, token: str) -> Registered | NoLink:
    """Nothing else judges whether a link to a registration was ended. Raises `HttpProblem`."""
    link = opened(desk, event, LinkPurpose.OWN, token)
    if not isinstance(link, Opened):
        return link
    there = amend.read(desk, event, link.id)
    if there is None:
        raise erased(desk, event, link.id) or NOT_REGISTERED
    if link.number < there.link:
        log_refused(event, LinkPurpose.OWN, LinkRevoked())
        return LinkRevoked()
    return there


def _own(desk: Desk, event: Event, request: Request, token: str, below: list[str]) -> Response:
    if below in ([], *_HELD):
        allow(request, "GET", "HEAD")
    elif below in (["keep-address"], ["new-link"], ["withdraw"], ["erase"]):
        allow(request, "GET", "HEAD", "POST")
    else:
        raise NO_SUCH_PAGE
    there = registered_by(desk, event, token)
    if not isinstance(there, Registered):
        return no_link(event, request, LinkPurpose.OWN, there)
    if there.double_of:
        return _double(desk, event, there)
    erasure = desk.store.erasure(there.id)
    if erasing := being_erased(event, there, erasure):
        return erasing
    address = _address(request, event, LinkPurpose.OWN, token)
    match below:
        case ["erase"] if request.method == "POST":
            return asked(desk, event, request, there, address)
        case ["erase"] if erasure and erasure.status is ErasureStatus.ASKED:
            return see_other(address)
        case ["erase"]:
            return to_ask(desk, event, there, address)
        case ["withdraw" | "keep-address"] if event.is_over(desk.intakes.now(event)):
            return message(request, _OVER, event)
        case ["withdraw"] if request.method == "POST":
            return _withdraw(desk, event, request, there, address)
        case ["withdraw"] if not there.is_withdrawn:
            return _to_withdraw(desk, event, there, address)
        case ["keep-address"] if request.method == "POST":
            return _keep_address(desk, event, there, address)
        case ["held" | "held.json" | "held.pdf" as name]:
            return _held(desk, event, there, name, address)
        case ["new-link"] if request.method == "POST":
            return _new_link(desk, event, request, there)
        case _:
            return _shown(desk, event, request, there, address, erasure)


def _held(desk: Desk, event: Event, there: Registered, name: str, address: str) -> Response:
    """Not to whoever has the mailbox with which somebody else had registered."""
    if amend.was_not_theirs(desk, event, there):
        raise NO_SUCH_PAGE
    from handlers import held
    from rollcall.desk.personal_data.held import held as held_of

    def show(given: object) -> Response:
        return page(200, "held", event=event, given=given, address=f"{address}/held", back=address)

    return held.answer(desk, event, held_of(desk, event, there), name, show, to_staff=False)


def _double(desk: Desk, event: Event, there: Registered) -> Response:
    """Whoever has this link may not have the other registration's."""
    other = amend.the_one_that_counts(desk, event, there)
    if other.is_withdrawn:
        return page(200, "withdrawn", event=event, registered=there)
    return page(200, "double", event=event, registered=other)


def _shown(
    desk: Desk, event: Event, request: Request, there: Registered, address: str, erasure: Erasure | None
) -> Response:
    until = changes_end(desk, event, there)
    may_change = desk.intakes.now(event) <= until
    other = _other_form(desk, event, there) if may_change and not there.is_withdrawn else None
    return page(
        200,
        "own",
        event=event,
        registered=there,
        address=address,
        said=request.query_string.decode("ascii", "replace"),
        not_me=amend.was_not_theirs(desk, event, there),
        late=desk.intakes.recent(event).leaves_out(there),
        over=event.is_over(desk.intakes.now(event)),
        until=until,
        may_change=may_change,
        erasure=erasure,
        answer_by=day_of_answer(event, erasure) if erasure else None,
        other=differences(event, as_asked(there), other) if other else [],
        answers=labelled(event, in_words(event, there.registration)),
        sent=_sent(desk, event, there),
    )


def _other_form(desk: Desk, event: Event, there: Registered) -> Registration | None:
    """The last form that said something else, while it is kept."""
    kept = desk.store.conflict(event.slug, there.id)
    if kept is None or desk.intakes.now(event) > kept.until:
        return None
    return replace(kept.registration, email=as_asked(there).email)


def _sent(desk: Desk, event: Event, there: Registered) -> list[Sent]:
    """The last ones, the newest first."""
    spoken = language(event.language)
    entries = [one for one in desk.store.entries_about(there.id, _ENTRIES) if one.kind in _KINDS]
    told = [one for one in entries if one.status is not EmailStatus.CANCELLED]
    told.sort(key=lambda one: one.enqueued_at, reverse=True)
    return [
        Sent(
            about=spoken.gettext(_KINDS[one.kind]),
            to=one.to,
            at=one.attempts[-1].at if one.attempts else one.enqueued_at,
            status=status_in_words(event, one.status),
            undelivered=one.status in UNDELIVERED,
        )
        for one in told[:_SHOWN]
    ]


def _to_change(desk: Desk, event: Event, request: Request, token: str, address: str) -> Changing | Response:
    there = registered_by(desk, event, token)
    if not isinstance(there, Registered):
        return no_link(event, request, LinkPurpose.OWN, there)
    if there.double_of:
        return _double(desk, event, there)
    if erasing := being_erased(event, there, desk.store.erasure(there.id)):
        return erasing
    other = _other_form(desk, event, there) if request.query_string == _ANSWERS else None
    return Changing(there, Actor.REGISTRANT, address, written(other or as_asked(there)))


def _to_withdraw(desk: Desk, event: Event, there: Registered, address: str, *, not_me: bool = False) -> Response:
    closes_at = intake_now(desk, event).closes_at
    until = closes_at if desk.intakes.now(event) <= closes_at else None
    return page(200, "withdraw", event=event, registered=there, address=address, not_me=not_me, until=until)


def _withdraw(desk: Desk, event: Event, request: Request, there: Registered, address: str) -> Response:
    not_me = read_page_form(request).typed.get("not_me") == "yes"
    if request.query_string == CHANGE and not there.is_withdrawn:
        return _to_withdraw(desk, event, there, address, not_me=not_me)
    change = Change(Actor.REGISTRANT, Way.LINK, Why.NOT_ME if not_me else Why.WITHDRAWN)
    outcome = amend.withdraw(desk, event, there.id, change)
    match outcome:
        case Amended() | NothingNew():
            log("INFO", "registration withdrawn", event=event.slug, registration=there.id)
            return see_other(address)
        case TooLate():
            return message(request, _OVER, event)
        case None:
            raise NOT_REGISTERED
        case _:
            assert_never(outcome)


def _keep_address(desk: Desk, event: Event, there: Registered, address: str) -> Response:
    _there(amend.keep_address(desk, event, there.id))
    return see_other(f"{address}?kept")


def _new_link(desk: Desk, event: Event, request: Request, there: Registered) -> Response:
    outcome = amend.end_links(desk, event, there.id, Actor.REGISTRANT, Way.LINK)
    match outcome:
        case Amended(now):
            log("INFO", "links ended", event=event.slug, registration=there.id)
            return page(200, "new_link", event=event, registered=now)
        case TooManyChanges():
            return _refused(request, event, _TOO_MANY)
        case None:
            raise NOT_REGISTERED
        case _:
            assert_never(outcome)


def _address_check(desk: Desk, event: Event, request: Request, token: str) -> Response:
    """To whoever got our e-mail at the address that a registration is to have. No personal data: links are passed
    on."""
    link = opened(desk, event, LinkPurpose.ADDRESS, token)
    if not isinstance(link, Opened):
        return no_link(event, request, LinkPurpose.ADDRESS, link)
    there = _there(amend.read(desk, event, link.id))
    if there.new_email and desk.links.is_for(link, there.new_email):
        if not pressed(request):
            return page(200, "address", event=event, registered=there, confirmed=False)
        outcome = amend.confirm_address(desk, event, there.id, there.new_email)
        if outcome is None:
            raise NOT_REGISTERED
        log("INFO", "address confirmed", event=event.slug, registration=there.id, outcome=type(outcome).__name__)
        if isinstance(outcome, Taken):
            return _refused(request, event, _TAKEN, reference=outcome.other.reference)
        there = outcome.registered
    if not desk.links.is_for(link, there.registration.email):
        log_refused(event, LinkPurpose.ADDRESS, LinkRevoked())
        return no_link(event, request, LinkPurpose.ADDRESS, LinkRevoked())
    return page(200, "address", event=event, registered=there, confirmed=True)


def _refused(request: Request, event: Event, why: HttpProblem, **about: str) -> Response:
    params = {"email": event.secretariat, **about}
    return message(request, HttpProblem(why.status, why.title, why.detail, params), event)


def _there(found: _T | None) -> _T:
    if found is None:
        raise NOT_REGISTERED
    return found


def _address(request: Request, event: Event, purpose: LinkPurpose, token: str) -> str:
    return f"{form_address(request, event)}/{purpose}/{quote(token)}"
