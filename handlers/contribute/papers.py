"""The form for the papers in an e-mail, filled in as far as they were understood."""

from dataclasses import replace

from flask import Request, Response

from handlers.contribute.files import rows_of
from handlers.contribute.form import Shown, form_page, posted
from handlers.email_links import no_link, opened
from handlers.responses import own_address, page, see_other
from rollcall.desk.contributions.emailed import papers_to_complete
from rollcall.desk.desk import Desk
from rollcall.language import N_, language
from rollcall.model.event import Event
from rollcall.model.links import LinkPurpose, Opened

_PURPOSE = LinkPurpose.PAPERS
_NEXT = b"next"
"""What the query says after another one of the same e-mail was sent."""
_NOT_THERE = N_("The e-mail that this link belongs to is not in our database. Please fill in the form here.")


def complete(desk: Desk, event: Event, request: Request, token: str) -> Response:
    link = opened(desk, event, _PURPOSE, token)
    if not isinstance(link, Opened):  # what is sent is taken whether or not the link still works
        return posted(desk, event, request) if request.method == "POST" else no_link(event, request, _PURPOSE, link)
    inbound = desk.store.inbound(link.id)
    waiting = papers_to_complete(inbound) if inbound and inbound.event == event.slug else []
    if request.method == "POST":
        sent = posted(desk, event, request, (link.id, waiting[0][0]) if waiting else None)
        return see_other(f"{request.path}?next") if sent.status_code == 303 and len(waiting) > 1 else sent
    if inbound is None:
        problem = language(event.language).gettext(_NOT_THERE)
        return form_page(desk, event, request, 410, Shown({}, rows_of((), None), problem=problem))
    if event.is_over(desk.intakes.now(event)):
        return page(410, "contribute/closed", event=event)
    if not waiting:
        return page(200, "contribute/completed", event=event, form_page=own_address(request, event))
    _, paper = waiting[0]
    values = {
        "title": paper.title,
        "source": paper.source,
        "item": paper.item,
        "abstract": paper.abstract,
        "name": inbound.sender_name,
        "email": inbound.sender,
        "consent": "yes" if inbound.consent else "",
    }
    faults = {name: found for name, found in paper.faults.items() if name in values}
    first, *others = rows_of(paper.files, paper.doubt)
    rows = (replace(first, fault=next(iter(paper.faults.get("files", ())), None)), *others)
    said = N_("We have received that contribution. Here is the next one in your e-mail.")
    next_one = language(event.language).gettext(said) if request.query_string == _NEXT else ""
    return form_page(desk, event, request, 200, Shown(values, rows, faults), next_one=next_one)
