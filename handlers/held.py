"""All that is held of a person, given out as a page, as JSON and as PDF."""

from collections.abc import Callable

from flask import Response

from handlers.logs import log
from handlers.responses import as_file
from rollcall.desk.desk import Desk
from rollcall.documents.personal_data import GivenOut, as_json, as_pdf, given_out
from rollcall.model.event import Event
from rollcall.model.personal_data import Held


def answer(
    desk: Desk, event: Event, held: Held, name: str, show: Callable[[GivenOut], Response], *, to_staff: bool
) -> Response:
    there = held.registrations[0].registered
    given = given_out(event, held, desk.intakes.now(event), to_staff=to_staff)
    log("INFO", "personal data given out", event=event.slug, registration=there.id, to_staff=to_staff, file=name)
    match name:
        case "held.json":
            return _file(as_json(given).encode(), "application/json", f"{there.reference}.json")
        case "held.pdf":
            return _file(as_pdf(event, given), "application/pdf", f"{there.reference}.pdf")
        case _:
            return show(given)


def _file(content: bytes, media_type: str, name: str) -> Response:
    return Response(content, content_type=media_type, headers=as_file(name))
