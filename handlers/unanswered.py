"""Requests that reach no handler of ours: to an address that functions-framework keeps for itself, or while the Desk
cannot be built."""

from collections.abc import Mapping

from flask import Response, request
from werkzeug.exceptions import HTTPException

from handlers.logs import log_broken
from handlers.request_body import discard_rest
from handlers.responses import UNAVAILABLE, HttpProblem, add_security_headers, compress_page, problem_or_page
from rollcall.language import N_
from rollcall.model.event import Event


def unanswered(error: Exception, events: Mapping[str, Event]) -> Response:
    """503 for a fault, so that whoever called calls again."""
    # the framework's own answer, and its line in the log, would quote the request
    discard_rest(request)
    if isinstance(error, HTTPException):
        problem = HttpProblem(
            error.code or 500, N_("Not possible here"), N_("This address cannot be used in this way.")
        )
    else:
        log_broken(error)
        problem = UNAVAILABLE
    response = problem_or_page(request, problem, events)
    add_security_headers(response)
    compress_page(request, response)
    return response
