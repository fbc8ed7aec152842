"""Replying: what the sender of a message is told; and the links by which a form is completed, or a message is marked as
dealt with."""

from dataclasses import replace

from rollcall.desk.desk import Desk
from rollcall.desk.needs_a_person import LINK_HOLDS
from rollcall.desk.ports import forms_return_to
from rollcall.model.event import Event
from rollcall.model.inbound import REGISTERED, FormStatus, InboundEmail, InboundForm, InboundStatus, Reply
from rollcall.model.intake import Intake
from rollcall.model.links import Opened


def draw_up_reply(desk: Desk, event: Event, inbound_id: str, intake: Intake) -> Reply:
    """What came of the message, as the books stand now. Raises `StoreUnavailable`; `LookupError` where it is gone."""
    inbound = _there(desk.store.inbound(inbound_id), inbound_id)
    ids = [form.registration_id for form in inbound.forms if form.status in REGISTERED and form.registration_id]
    found = [desk.store.registered(event.slug, id) for id in ids]
    until = max(intake.closes_at, intake.as_of) + LINK_HOLDS  # the deadline may be moved
    return Reply(
        inbound=inbound,
        people={one.id: one for one in found if one},
        links={
            place: desk.links.completing(event, inbound.id, place, until)
            for place, form in enumerate(inbound.forms)
            if form.status is FormStatus.INCOMPLETE
        },
        form_page=desk.links.form_page(event),
        answers_to=forms_return_to(desk.links, event),
    )


def form_to_complete(desk: Desk, opened: Opened) -> InboundForm | None:
    """The form that the link is for, where something is still missing in it and its person did not register in another
    way."""
    inbound = desk.store.inbound(opened.id)
    if inbound is None or opened.place >= len(inbound.forms):
        return None
    form = inbound.forms[opened.place]
    if form.status is not FormStatus.INCOMPLETE:
        return None
    came_since = form.person and desk.store.people_among(opened.event, [form.person])
    return None if came_since else form


def note_completed(desk: Desk, opened: Opened, person: str, registration_id: str) -> None:
    """Note that the form that the link is for is registered, for the person with this key."""
    done = InboundForm(FormStatus.REGISTERED, registration_id, person=person)
    while True:
        inbound = _there(desk.store.inbound(opened.id), opened.id)
        after = completed(inbound, opened.place, done)
        if after == inbound or desk.store.save_inbound(after):
            return


def completed(inbound: InboundEmail, place: int, done: InboundForm) -> InboundEmail:
    """The e-mail once the form at this place is done."""
    forms = (*inbound.forms[:place], done, *inbound.forms[place + 1 :])
    if inbound.status is InboundStatus.WAITING_FOR_SENDER and all(form.status in REGISTERED for form in forms):
        return replace(inbound, forms=forms, status=InboundStatus.REGISTERED)
    return replace(inbound, forms=forms)


def inbound_to_resolve(desk: Desk, opened: Opened) -> InboundEmail | None:
    """The message that the link is for."""
    return desk.store.inbound(opened.id)


def resolve(desk: Desk, opened: Opened) -> bool:
    """Take the message off the staff's list; False where there is none."""
    while inbound := desk.store.inbound(opened.id):
        if inbound.resolved or desk.store.save_inbound(replace(inbound, resolved=True)):
            return True
    return False


def _there(inbound: InboundEmail | None, id: str) -> InboundEmail:
    if inbound is None:
        raise LookupError(f"message {id} is not there")
    return inbound
