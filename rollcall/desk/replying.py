"""Replying: what the sender of a message is told; and the links by which a form is completed, or a message is marked as
dealt with."""

from dataclasses import replace
from datetime import datetime

from rollcall.desk.desk import Desk, Opened
from rollcall.desk.event import Event
from rollcall.desk.incoming import IN_THE_BOOKS, FormStanding, Incoming, ReadForm, Reply, Standing
from rollcall.desk.needs_a_person import LINK_HOLDS


def draw_up_reply(desk: Desk, event: Event, incoming_id: str, now: datetime) -> Reply:
    """What came of the message, as the books stand now. Raises `StoreUnavailable`; `LookupError` where it is gone."""
    incoming = _there(desk.store.incoming(incoming_id), incoming_id)
    ids = [form.registration_id for form in incoming.forms if form.standing in IN_THE_BOOKS and form.registration_id]
    found = [desk.store.registered(event.slug, id) for id in ids]
    until = now + LINK_HOLDS
    return Reply(
        incoming=incoming,
        people={one.id: one for one in found if one},
        links={
            place: desk.links.completing(event, incoming.id, place, until)
            for place, form in enumerate(incoming.forms)
            if form.standing is FormStanding.INCOMPLETE
        },
        form_page=desk.links.form_page(event),
        links_until=until,
        answers_to=desk.links.forms_to(event) or event.staff[0],
    )


def form_to_complete(desk: Desk, opened: Opened) -> ReadForm | None:
    """The form that the link is for, where something is still missing in it. Raises `StoreUnavailable`."""
    incoming = desk.store.incoming(opened.incoming_id)
    if incoming is None or opened.place >= len(incoming.forms):
        return None
    form = incoming.forms[opened.place]
    return form if form.standing is FormStanding.INCOMPLETE else None


def note_completed(desk: Desk, opened: Opened, registration_id: str) -> None:
    """Note that the form that the link is for was registered on the form's page. Raises `StoreUnavailable`."""
    while True:
        incoming = _there(desk.store.incoming(opened.incoming_id), opened.incoming_id)
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


def deal_with(desk: Desk, opened: Opened) -> bool:
    """Take the message off the staff's list; False where there is none. Raises `StoreUnavailable`."""
    while incoming := desk.store.incoming(opened.incoming_id):
        if incoming.dealt_with or desk.store.save_incoming(replace(incoming, dealt_with=True)):
            return True
    return False


def _there(incoming: Incoming | None, id: str) -> Incoming:
    if incoming is None:
        raise LookupError(f"message {id} is not there")
    return incoming
