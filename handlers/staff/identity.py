"""Who asks: whom Identity-Aware Proxy vouches for."""

from collections.abc import Callable
from functools import partial

from flask import Request

from handlers.logs import log
from handlers.request_body import discard_rest
from handlers.responses import UNAVAILABLE, HttpProblem
from handlers.staff import Identify
from rollcall.language import N_
from rollcall.model.errors import IdentityUnknown, NotIdentified

HEADER = "X-Goog-IAP-JWT-Assertion"
_NOT_IDENTIFIED = HttpProblem(
    403, N_("This page is for the staff"), N_("We cannot tell who you are. Please open this page anew, and sign in.")
)


def by_signed_header(address_in: Callable[[str], str]) -> Identify:
    """`address_in` a header; it raises `NotIdentified` and `IdentityUnknown`."""
    return partial(_identified, address_in)


def _identified(address_in: Callable[[str], str], request: Request) -> str:
    """Raises `HttpProblem`; then nothing of the body was read."""
    try:
        return address_in(request.headers.get(HEADER, ""))
    except NotIdentified as error:
        log("WARNING", "staff not identified", why=str(error))
        problem = _NOT_IDENTIFIED
    except IdentityUnknown as error:
        log("ERROR", "staff cannot be identified", why=str(error), cause=type(error.__cause__).__name__)
        problem = UNAVAILABLE
    discard_rest(request)
    raise problem
