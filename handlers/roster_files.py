"""The files of a roster that is too large for an e-mail."""

from collections.abc import Iterator
from typing import TypeVar

from flask import Request, Response

from handlers.email_links import no_link, note_opened, opened
from handlers.logs import log, log_unavailable
from handlers.responses import HttpProblem, as_file, message
from rollcall.desk.desk import Desk
from rollcall.documents.roster_content import ROSTER_TYPES, roster_file_name
from rollcall.language import N_
from rollcall.model import personal_data
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event
from rollcall.model.links import LinkPurpose, Opened
from rollcall.model.stored_files import roster_file_of

_Piece = TypeVar("_Piece", bytes, str)
_GONE = HttpProblem(
    410,
    N_("This roster is no longer here"),
    N_("Rosters are kept for a limited time. Please ask whoever runs the registration desk to send the roster again."),
)


def roster_file(desk: Desk, event: Event, request: Request, token: str) -> Response:
    """Streams the file: Cloud Run takes no other answer over 32 MiB (https://cloud.google.com/run/quotas)."""
    link = opened(desk, event, LinkPurpose.ROSTER, token)
    if not isinstance(link, Opened):
        return no_link(event, request, LinkPurpose.ROSTER, link)
    file = roster_file_of(event.slug, link.id)
    pieces = desk.files().pieces(link.id) if file and file.ending in ROSTER_TYPES else None
    if file is None or pieces is None:
        return message(request, _GONE, event)
    if request.method == "GET":
        log("INFO", "roster downloaded", event=event.slug, ending=file.ending)
    note_opened(desk, event, link, personal_data.Opened.ROSTER, about=link.id)
    headers = as_file(roster_file_name(event.slug, file.ending))
    return Response(whole_or_broken_off(pieces), mimetype=ROSTER_TYPES[file.ending], headers=headers)


def whole_or_broken_off(pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """The status is sent: an error breaks the connection off, so that no browser takes half a roster for a whole."""
    try:
        yield from pieces
    except StoreUnavailable as error:
        log_unavailable(error)
        raise
