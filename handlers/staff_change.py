"""The staff change a registration to what a form in an e-mail says of its person."""

from functools import partial

from flask import Request, Response

from handlers.change import Changing, change
from handlers.email_links import GONE, no_link, note_opened, opened, resolving
from handlers.responses import message, page
from rollcall.desk import amend
from rollcall.desk.desk import Desk
from rollcall.model import personal_data
from rollcall.model.event import Event
from rollcall.model.inbound import InboundForm
from rollcall.model.links import LinkPurpose, Opened
from rollcall.model.registration import Actor, Registered, as_asked
from rollcall.model.review import ItemId, ItemKind
from schemas.faults import sentences
from schemas.form import written

_DONE = (b"changed", b"address", b"again", b"unchanged")


def staff_change(desk: Desk, event: Event, request: Request, token: str, address: str) -> Response:
    """Once it is saved, the page offers to mark the e-mail as dealt with."""
    if request.query_string in _DONE:
        return _changed(desk, event, request, token)
    return change(desk, event, request, Actor.STAFF, address, partial(_to_change, desk, event, request, token, address))


def _to_change(desk: Desk, event: Event, request: Request, token: str, address: str) -> Changing | Response:
    link = opened(desk, event, LinkPurpose.AMEND, token)
    if not isinstance(link, Opened):
        return no_link(event, request, LinkPurpose.AMEND, link)
    inbound = desk.store.inbound(link.id)
    if inbound is None or link.number >= len(inbound.forms):
        return message(request, GONE, event)
    form = inbound.forms[link.number]
    there = _whose(desk, event, form)
    ids, about = [there.id] if there else [], str(ItemId(ItemKind.INBOUND, link.id))
    note_opened(desk, event, link, personal_data.Opened.REVIEW, *ids, about=about)
    if there is None:
        return page(410, "no_person", event=event, inbound=inbound)
    unclear = {name: faults for name, faults in form.faults.items() if form.answers.get(name)}
    suggested = {**written(as_asked(there)), **{name: text for name, text in form.answers.items() if text}}
    return Changing(there, Actor.STAFF, address, suggested, sentences(event, unclear))


def _whose(desk: Desk, event: Event, form: InboundForm) -> Registered | None:
    id = form.registration_id
    if id is None and form.person and (found := desk.store.registration_of(event.slug, form.person)):
        id = found.id
    return amend.read(desk, event, id) if id else None


def _changed(desk: Desk, event: Event, request: Request, token: str) -> Response:
    link = opened(desk, event, LinkPurpose.AMEND, token)
    if not isinstance(link, Opened):
        return no_link(event, request, LinkPurpose.AMEND, link)
    inbound = desk.store.inbound(link.id)
    if inbound is None:
        return message(request, GONE, event)
    said = request.query_string.decode()
    return resolving(desk, event, link, inbound, press=request.method == "POST", said=said)
