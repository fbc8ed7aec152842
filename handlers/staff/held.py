"""All that is held of a person, for the staff: of a registration, or whatever there is under an e-mail address."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from flask import Request, Response
from marshmallow import ValidationError

from handlers import held
from handlers.logs import log
from handlers.request_body import read_page_form
from handlers.responses import allow
from handlers.staff.pages import alone, framed
from handlers.staff.visit import Visit, events_of, root
from rollcall.desk.desk import Desk
from rollcall.desk.personal_data.accesses import note_access
from rollcall.desk.personal_data.held import held as held_of
from rollcall.desk.personal_data.under import Under, under
from rollcall.documents.review_words import email_in_words
from rollcall.language import N_, language
from rollcall.model.event import Event
from rollcall.model.personal_data import Opened
from rollcall.model.registration import Registered
from schemas.faults import sentences
from schemas.form import address_asked, faults_of, read_address
from schemas.kinds import Answer
from templates import in_zone

_NAMED = 100
"""In the log of who opened whom; an address of more is no person's."""


@dataclass(frozen=True)
class Found:
    what: str
    name: str
    said: str
    """When, or a status."""
    address: str
    """Of its page; empty where it has none."""


@dataclass(frozen=True)
class UnderPage:
    home: str
    asks: Answer
    email: str
    errors: Mapping[str, Sequence[str]]
    events: Sequence[tuple[Event, Sequence[Found]]] | None
    """Those in which there is anything; None before anybody asked."""


def held_page(visit: Visit, there: Registered, name: str) -> Response:
    allow(visit.request, "GET", "HEAD")
    below, everything = visit.address("registrations", there.id), held_of(visit.desk, visit.event, there)
    visit.opened(Opened.PERSONAL_DATA, *sorted(everything.person.ids), about=name.removeprefix("held"))

    def show(given: object) -> Response:
        return framed(visit, 200, "held", visit.event, given=given, address=f"{below}/held", back=below)

    return held.answer(visit.desk, visit.event, everything, name, show, to_staff=True)


def under_page(desk: Desk, request: Request, member: str) -> Response:
    """A form that is posted, so that no address is in a URL or a log. It changes nothing."""
    allow(request, "GET", "HEAD", "POST")
    events = [event.for_member(event.member(member)) for event in events_of(desk, member)]
    asked = events[0]
    page = UnderPage(f"{root(request)}/", address_asked(asked), "", {}, None)
    if request.method != "POST":
        return alone(200, "held", asked, page)
    page = replace(page, email=read_page_form(request).typed.get("email", ""))
    try:
        address = read_address(asked, page.email)
    except ValidationError as error:
        return alone(422, "held", asked, replace(page, errors=sentences(asked, faults_of(error))))
    found = [under(desk.store, event, address) for event in events]
    for one in found:
        if not one.is_empty:
            note_access(desk, one.event, member, Opened.PERSONAL_DATA, *(it.id for it in one.registrations[:_NAMED]))
    log("INFO", "address looked up", events=[one.event.slug for one in found if not one.is_empty])
    shown = [(one.event, list(_found(one, f"{root(request)}/{one.event.slug}"))) for one in found if not one.is_empty]
    return alone(200, "held", asked, replace(page, events=shown))


def _found(one: Under, home: str) -> Iterator[Found]:
    event, spoken = one.event, language(one.event.language)

    def said(what: str, name: str, about: str, *below: str) -> Found:
        return Found(spoken.gettext(what), name, about, "/".join([home, *below]) if below else "")

    for there in one.registrations:
        gone = N_("Withdrawn as a double") if there.double_of else N_("Withdrawn")
        status = spoken.gettext(gone if there.is_withdrawn else N_("Registered"))
        yield said(N_("Registration"), there.registration.full_name, status, "registrations", there.id, "held")
    for kept in one.quarantined:
        at = in_zone(kept.form.received_at, event)
        name = kept.form.registration.full_name
        yield said(N_("Form in quarantine"), name, at, "review", "quarantined", kept.item)
    for its in one.contributions:
        at = in_zone(its.created_at, event) if its.created_at else ""
        yield said(N_("Contribution"), its.title, at, "contributions", its.id)
    for email in one.inbound:
        about = email.subject or spoken.gettext(N_("(no subject)"))
        yield said(N_("E-mail received"), about, in_zone(email.received_at, event), "review", "inbound", email.id)
    for invitation in one.invitations:
        at = in_zone(invitation.made_at, event)
        yield said(N_("Invitation"), invitation.whom, at, "deadline", "invitations", invitation.id)
    for entry in one.emails:
        yield said(N_("E-mail sent"), email_in_words(event, entry.kind), in_zone(entry.enqueued_at, event))
