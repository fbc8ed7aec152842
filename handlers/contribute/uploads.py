"""A file that the form's script sends by itself, in pieces, before the form."""

from urllib.parse import urljoin, urlsplit

from flask import Request, Response

from handlers.logs import log
from handlers.request_body import number_in, read_page_form
from handlers.responses import HttpProblem, json_response, own_address
from rollcall.desk.desk import Desk
from rollcall.language import N_
from rollcall.model.contribution import LARGEST_FILE, Upload, file_id
from rollcall.model.event import Event
from rollcall.model.registration import new_id

LONGEST_NAME = 200
"""Characters; of the end of what a file is called, which has its kind."""
_ANOTHER_PAGE = HttpProblem(403, N_("Not possible here"), N_("This address cannot be used in this way."))
_NOT_TAKEN = HttpProblem(
    422,
    N_("Please check the form"),
    N_("A file may have at most 50 MB. Please choose a smaller one."),
)


def begin(desk: Desk, event: Event, request: Request) -> Response:
    """Where to send the file, and what the form says of it then."""
    origin = request.headers.get("Origin", "")
    if urlsplit(origin).netloc != request.host:
        raise _ANOTHER_PAGE
    said = read_page_form(request).typed
    size = number_in(said.get("size", ""), 9) or 0
    if not 0 < size <= LARGEST_FILE or event.is_over(desk.intakes.now(event)):
        raise _NOT_TAKEN
    file = Upload(file_id(new_id()), said.get("name", "")[-LONGEST_NAME:], size)
    address = urljoin(f"{own_address(request, event, '')}/", desk.uploads().begin(file.id, size, origin))
    log("INFO", "upload begun", event=event.slug, upload=file.id, size=size)
    return json_response(201, {"token": desk.links.upload(event, file), "address": address})
