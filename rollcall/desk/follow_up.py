"""Replying: what the sender of a message is told; and the links by which a form is completed, or a message is marked as
dealt with."""

from dataclasses import replace

from rollcall.desk.desk import Desk, Opened, forms_return_to
from rollcall.desk.needs_a_person import LINK_HOLDS
from rollcall.model.event import Event
from rollcall.model.inbound import IN_THE_BOOKS, FormStanding, Incoming, ReadForm, Reply, Standing
from rollcall.model.intake import Intake


def draw_up_reply(desk: Desk, event: Event, incoming_id: str, intake: Intake) -> Reply:
    """What came of the message, as the books stand now. Raises `StoreUnavailable`; `LookupError` where it is gone."""
    incoming = _there(desk.store.incoming(incoming_id), incoming_id)
    ids = [form.registration_id for form in incoming.forms if form.standing in IN_THE_BOOKS and form.registration_id]
    found = [desk.store.registered(event.slug, id) for id in ids]
    until = max(intake.closes_at, intake.as_of) + LINK_HOLDS  # the deadline may be moved
    return Reply(
        incoming=incoming,
        people={one.id: one for one in found if one},
        links={
            place: desk.links.completing(event, incoming.id, place, until)
            for place, form in enumerate(incoming.forms)
            if form.standing is FormStanding.INCOMPLETE
        },
        form_page=desk.links.form_page(event),
        answers_to=forms_return_to(desk.links, event),
    )


def form_to_complete(desk: Desk, opened: Opened) -> ReadForm | None:
    """The form that the link is for, where something is still missing in it and its person did not register in another
    way. Raises `StoreUnavailable`."""
    incoming = desk.store.incoming(opened.id)
    if incoming is None or opened.place >= len(incoming.forms):
        return None
    form = incoming.forms[opened.place]
    if form.standing is not FormStanding.INCOMPLETE:
        return None
    came_since = form.registration_id and desk.store.registered(opened.event, form.registration_id)
    return None if came_since else form


def note_completed(desk: Desk, opened: Opened, registration_id: str) -> None:
    """Note that the form that the link is for was registered on the form's page. Raises `StoreUnavailable`."""
    while True:
        incoming = _there(desk.store.incoming(opened.id), opened.id)
        after = completed(incoming, opened.place, registration_id)
        if after == incoming or desk.store.save_incoming(after):
            return


def completed(incoming: Incoming, place: int, registration_id: str) -> Incoming:
    """The message once the form at this place is in the books."""
    done = ReadForm(FormStanding.REGISTERED, registration_id)
    forms = (*incoming.forms[:place], done, *incoming.forms[place + 1 :])
    if incoming.standing is Standing.WAITING and all(form.standing in IN_THE_BOOKS for form in forms):
        return replace(incoming, forms=forms, standing=Standing.REGISTERED)
    return replace(incoming, forms=forms)


def message_to_deal_with(desk: Desk, opened: Opened) -> Incoming | None:
    """The message that the link is for. Raises `StoreUnavailable`."""
    return desk.store.incoming(opened.id)


def deal_with(desk: Desk, opened: Opened) -> bool:
    """Take the message off the staff's list; False where there is none. Raises `StoreUnavailable`."""
    while incoming := desk.store.incoming(opened.id):
        if incoming.dealt_with or desk.store.save_incoming(replace(incoming, dealt_with=True)):
            return True
    return False


def _there(incoming: Incoming | None, id: str) -> Incoming:
    if incoming is None:
        raise LookupError(f"message {id} is not there")
    return incoming
