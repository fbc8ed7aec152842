"""Following a link of ours: a form is completed, an inbound e-mail is marked as dealt with, a person is thanked."""

from dataclasses import dataclass, replace
from itertools import chain

from rollcall.desk.desk import Desk
from rollcall.desk.ports import Intakes
from rollcall.model.event import Event
from rollcall.model.inbound import REGISTERED, FormStatus, InboundEmail, InboundForm, InboundStatus
from rollcall.model.links import Opened
from rollcall.model.registration import Registered, Registration, normalized_address, person_key

_DONE = (*REGISTERED, FormStatus.ERASED)


@dataclass(frozen=True)
class Completed:
    """Its person is registered, by this form or another."""

    registered: Registered | None


def form_to_complete(desk: Desk, opened: Opened) -> InboundForm | Completed | None:
    """None if the database does not have it. Who is registered otherwise is told to that address alone."""
    inbound = desk.store.inbound(opened.id)
    if inbound is None or opened.number >= len(inbound.forms):
        return None
    form, there = inbound.forms[opened.number], None
    if form.status is FormStatus.ERASED:
        return None
    if form.status in REGISTERED:
        return Completed(desk.store.registered(opened.event, form.registration_id or ""))
    if form.person and normalized_address(form.answers.get("email", "")) == normalized_address(inbound.sender):
        there = desk.store.registration_of(opened.event, form.person)
    return Completed(there) if there and not there.is_withdrawn else form


def used_by(desk: Desk, opened: Opened, registration: Registration) -> Registered | None:
    """Whom this link registered before, if that is this person under another address."""
    found = form_to_complete(desk, opened)
    there = found.registered if isinstance(found, Completed) else None
    if (
        there is None
        or there.is_withdrawn
        or normalized_address(there.registration.email) == normalized_address(registration.email)
    ):
        return None
    moved = replace(there.registration, email=registration.email)
    return there if person_key(moved) == person_key(registration) else None


def note_completed(desk: Desk, opened: Opened, registration_id: str) -> None:
    registered = desk.store.registered(opened.event, registration_id)
    while registered and (inbound := desk.store.inbound(opened.id)):
        after = completed(inbound, opened.number, registered)
        if after == inbound or desk.store.save_inbound(after):
            return


def completed(inbound: InboundEmail, place: int, by: Registered) -> InboundEmail:
    """Once, and by its own person: another's form leaves it as it is."""
    form = next(iter(inbound.forms[place : place + 1]), None)
    if form is None or form.status in _DONE or not is_of(form, by.registration):
        return inbound
    done = InboundForm(FormStatus.REGISTERED, by.id, person=person_key(by.registration))
    forms = (*inbound.forms[:place], done, *inbound.forms[place + 1 :])
    if inbound.status is InboundStatus.WAITING_FOR_SENDER and all(form.status in _DONE for form in forms):
        return replace(inbound, forms=forms, status=InboundStatus.REGISTERED)
    return replace(inbound, forms=forms)


def is_of(form: InboundForm, registration: Registration) -> bool:
    """Whether this may be its person, by what the form says of it without fault or doubt. Both names tell a person; the
    address may be what was to be corrected."""
    if not form.answers:
        return form.person in (None, person_key(registration))
    unclear = {*form.faults, *chain.from_iterable(form.doubts.values())}
    told = {name: text for name, text in form.answers.items() if text and name not in unclear}
    has_names = told.keys() >= {"family_name", "first_name"}
    email = registration.email if has_names else told.get("email", registration.email)
    names = {"family_name": registration.family_name, "first_name": registration.first_name} | told
    its = replace(registration, family_name=names["family_name"], first_name=names["first_name"], email=email)
    return person_key(its) == person_key(registration)


def resolve(desk: Desk, opened: Opened) -> bool:
    """Off the staff's list; False where there is none."""
    while inbound := desk.store.inbound(opened.id):
        if inbound.resolved or desk.store.save_inbound(replace(inbound, resolved=True)):
            return True
    return False


def revoke(store: Intakes, event: Event, link: str) -> bool:
    """End this one link, by its `link_id`; False where that was done before."""
    while link not in (intake := store.intake(event)).revoked_links:
        if store.revoke_link(event.slug, intake, link):
            return True
    return False
