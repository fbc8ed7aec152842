"""Following a link of ours: a form is completed, an inbound e-mail is marked as dealt with, a person is thanked."""

from dataclasses import dataclass, replace

from rollcall.desk.desk import Desk
from rollcall.model.inbound import REGISTERED, FormStatus, InboundEmail, InboundForm, InboundStatus
from rollcall.model.links import Opened
from rollcall.model.registration import Registered


@dataclass(frozen=True)
class Completed:
    """Its person is registered, by this form or another."""


def form_to_complete(desk: Desk, opened: Opened) -> InboundForm | Completed | None:
    """None if the database does not have it."""
    inbound = desk.store.inbound(opened.id)
    if inbound is None or opened.place >= len(inbound.forms):
        return None
    form = inbound.forms[opened.place]
    if form.status in REGISTERED or (form.person and desk.store.people_among(opened.event, [form.person])):
        return Completed()
    return form


def note_completed(desk: Desk, opened: Opened, person: str, registration_id: str) -> None:
    done = InboundForm(FormStatus.REGISTERED, registration_id, person=person)
    while inbound := desk.store.inbound(opened.id):
        after = completed(inbound, opened.place, done)
        if after == inbound or desk.store.save_inbound(after):
            return


def completed(inbound: InboundEmail, place: int, done: InboundForm) -> InboundEmail:
    forms = (*inbound.forms[:place], done, *inbound.forms[place + 1 :])
    if inbound.status is InboundStatus.WAITING_FOR_SENDER and all(form.status in REGISTERED for form in forms):
        return replace(inbound, forms=forms, status=InboundStatus.REGISTERED)
    return replace(inbound, forms=forms)


def registered(desk: Desk, opened: Opened) -> Registered | None:
    return desk.store.registered(opened.event, opened.id)


def resolve(desk: Desk, opened: Opened) -> bool:
    """Off the staff's list; False where there is none."""
    while inbound := desk.store.inbound(opened.id):
        if inbound.resolved or desk.store.save_inbound(replace(inbound, resolved=True)):
            return True
    return False
