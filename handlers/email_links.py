"""The pages behind links in our e-mails. Opening one changes nothing, since mail programs open links too."""

from datetime import datetime

from flask import Request, Response

from handlers.form_page import SEND, filled_in, form_page
from handlers.logs import log
from handlers.responses import HttpProblem, form_address, message, own_address, page
from rollcall.desk.desk import Desk
from rollcall.desk.follow_up import Completed, form_to_complete, used_by
from rollcall.desk.follow_up import resolve as resolve_at_desk
from rollcall.desk.personal_data.accesses import note_access
from rollcall.desk.register import intake_now
from rollcall.language import N_, language
from rollcall.model import personal_data
from rollcall.model.event import Event
from rollcall.model.inbound import InboundEmail
from rollcall.model.links import LinkDamaged, LinkExpired, LinkPurpose, LinkRevoked, NoLink, Opened, link_id
from rollcall.model.registration import Registration
from rollcall.model.review import ItemId, ItemKind
from schemas.faults import sentences

_NOT_THERE = N_(
    "The e-mail that this link belongs to is not in our database. Please fill in the form here. If you have registered "
    "already, sending it again is safe."
)
_USED = N_(
    "This link has been used: %(name)s is registered, with the reference %(reference)s. Nothing was changed. To "
    "correct that registration, use the link in its confirmation or write to %(email)s."
)
_NO_LINK = {LinkExpired: "expired", LinkRevoked: "revoked", LinkDamaged: "damaged"}
GONE = HttpProblem(
    410, N_("This e-mail is no longer here"), N_("There is nothing left to do: it is in no digest any more.")
)


_TO_WHAT_WAS_GIVEN = (LinkPurpose.OWN, LinkPurpose.ADDRESS, LinkPurpose.CONTRIBUTION)
_KEPT_NO_LONGER = HttpProblem(
    410,
    N_("Personal data of this event was deleted"),
    N_("It was kept until %(day)s, as was said when it was given. You need do nothing."),
)


def opened(desk: Desk, event: Event, purpose: LinkPurpose, token: str) -> Opened | NoLink:
    """Raises `HttpProblem`: 410 what it opens is kept no longer."""
    token, now = _whole(token), desk.intakes.now(event)
    if purpose in _TO_WHAT_WAS_GIVEN and (problem := kept_no_longer(event, now)):
        log_refused(event, purpose, LinkExpired())
        raise problem
    found = desk.links.opened(event, purpose, token, now)
    if isinstance(found, Opened) and link_id(token) in desk.intakes.recent(event).revoked_links:
        found = LinkRevoked()
    if isinstance(found, Opened):
        log("INFO", "link opened", event=event.slug, purpose=purpose, link=link_id(token))
    else:
        log_refused(event, purpose, found)
    return found


def kept_no_longer(event: Event, now: datetime) -> HttpProblem | None:
    if now <= event.keep_until:
        return None
    params = {"day": language(event.language).day(event.last_day_kept)}
    return HttpProblem(410, _KEPT_NO_LONGER.title, _KEPT_NO_LONGER.detail, params)


def for_staff(desk: Desk, event: Event, purpose: LinkPurpose, token: str) -> Event:
    """In the language of the one whose link it is."""
    found = desk.links.opened(event, purpose, _whole(token), desk.intakes.now(event))
    return event.for_member(desk.links.member(event, found) if isinstance(found, Opened) else None)


def note_opened(
    desk: Desk, event: Event, link: Opened, what: personal_data.Opened, *registration_ids: str, about: str
) -> None:
    """By the one of the staff whose link it is, or by their mail program."""
    member = desk.links.member(event, link)
    note_access(desk, event, member.address if member else "", what, *registration_ids, about=about)


def _whole(token: str) -> str:
    return "".join(token.split())  # mail programs break long lines


def pressed(request: Request) -> bool:
    """The page's button: scanners of e-mails that post to what they find there have the link alone."""
    return request.method == "POST" and request.query_string == SEND


def log_refused(event: Event, purpose: LinkPurpose, fault: NoLink) -> None:
    log("WARNING", "link refused", event=event.slug, purpose=purpose, why=_NO_LINK[type(fault)])


def no_link(event: Event, request: Request, purpose: LinkPurpose, fault: NoLink) -> Response:
    """410: why the link does not work, and what to do instead."""
    why = _NO_LINK[type(fault)]
    addresses = {"form_page": form_address(request, event), "own_page": own_address(request, event)}
    return page(410, "no_link", event=event, **addresses, purpose=purpose, why=why)


def used(desk: Desk, event: Event, completes: Opened, registration: Registration) -> HttpProblem | None:
    """Where the link was used by this person, who now writes another address: that would register them twice."""
    there = used_by(desk, completes, registration)
    if there is None:
        return None
    about = {"name": there.registration.full_name, "reference": there.reference, "email": event.contact.email}
    return HttpProblem(409, N_("This link has been used"), _USED, about)


def complete(desk: Desk, event: Event, request: Request, link: Opened | NoLink) -> Response:
    """The form from an e-mail, filled in as far as it was understood."""
    if not isinstance(link, Opened):
        return no_link(event, request, LinkPurpose.COMPLETE, link)
    intake = intake_now(desk, event)
    if intake.past or intake.not_yet_open:
        return form_page(desk, event, request)
    match form_to_complete(desk, link):
        case None:
            return filled_in(desk, request, event, 410, {}, problem=language(event.language).gettext(_NOT_THERE))
        case Completed(there) if there and there.is_withdrawn:
            return page(200, "withdrawn", event=event, registered=there)
        case Completed(there):
            where, shown = form_address(request, event), there if there and there.is_as_sent else None
            return page(200, "completed", event=event, form_page=where, registered=shown)
        case form:
            # without the fields that tell robots from people: the link is no robot's, and a missing answer is soon
            # filled in
            return filled_in(desk, request, event, 200, form.answers, errors=sentences(event, form.faults))


def resolve(desk: Desk, event: Event, request: Request, token: str) -> Response:
    link = opened(desk, event, LinkPurpose.RESOLVE, token)
    if not isinstance(link, Opened):
        return no_link(event, request, LinkPurpose.RESOLVE, link)
    inbound = desk.store.inbound(link.id)
    if inbound is None:
        return message(request, GONE, event)
    return resolving(desk, event, link, inbound, press=pressed(request))


def resolving(
    desk: Desk, event: Event, link: Opened, inbound: InboundEmail, *, press: bool, said: str = ""
) -> Response:
    """`said`: what was done before."""
    note_opened(desk, event, link, personal_data.Opened.REVIEW, about=str(ItemId(ItemKind.INBOUND, link.id)))
    if press:
        resolve_at_desk(desk, link)
        log("INFO", "inbound e-mail resolved", event=event.slug, inbound=link.id)
    resolved = inbound.resolved or press
    return page(200, "resolve", event=event, inbound=inbound, resolved=resolved, said=said)
