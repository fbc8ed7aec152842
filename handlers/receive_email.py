"""`receive_email`: SendGrid's Inbound Parse hands on the e-mail that came for us."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from flask import Request, Response

from handlers.internal import done, log_inbound, run_privately
from handlers.logs import log, log_fault, log_unavailable
from handlers.signature import is_signed, why_refused
from rollcall.desk.desk import Desk
from rollcall.desk.receive import read_in, receive
from rollcall.model.errors import StoreUnavailable
from rollcall.model.inbound import InboundEmail

LARGEST_BODY = 64_000_000
"""Bytes; SendGrid takes messages of 30 MB at the most, and posts them as multipart/form-data."""


def receive_email(desk: Desk, keys: Sequence[EllipticCurvePublicKey], request: Request) -> Response:
    """200 once the message is kept, whatever is in it, and whether or not it could be read at once (`send_due_mail`
    reads it again). 401, with nothing kept, for what is not signed by SendGrid, which takes a 4xx as final. 503 where
    the message could not be kept: SendGrid posts it again for three days.
    """

    def work() -> Response:
        if not is_signed(request, keys):
            log("WARNING", "inbound e-mail refused", why=why_refused(request))
            return Response(status=401)
        # SendGrid's headers belong to the message as little as ours; only the type says how the body is to be read
        id = receive(desk, b"Content-Type: %s\r\n\r\n" % _content_type(request) + request.get_data(cache=False))
        return done({"message": id, "standing": _standing(_read_at_once(desk, id))})

    request.max_content_length = LARGEST_BODY
    return run_privately(request, work)


def _read_at_once(desk: Desk, id: str) -> InboundEmail | None:
    try:
        inbound = read_in(desk, id)
    except StoreUnavailable as error:
        log_unavailable(error, inbound=id)
        return None
    except Exception as error:  # it is kept, and is read again
        log_fault(error, inbound=id)
        return None
    if inbound:
        log_inbound(inbound)
    return inbound


def _content_type(request: Request) -> bytes:
    return " ".join(request.headers.get("Content-Type", "").split()).encode("utf-8", "replace")


def _standing(inbound: InboundEmail | None) -> str | None:
    return inbound.status.value if inbound else None
