"""`receive_email`: SendGrid's Inbound Parse delivers the e-mails that people send us."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from flask import Request, Response

from handlers.internal import answer_post, done, log_inbound
from handlers.logs import log, log_broken
from handlers.signature import is_signed, why_refused
from rollcall.desk.desk import Desk
from rollcall.desk.receive import read_in, receive
from rollcall.model.inbound import InboundEmail

LARGEST_BODY = 64_000_000
"""Bytes; SendGrid takes e-mails of 30 MB at most, and posts them as multipart/form-data."""


def receive_email(desk: Desk, keys: Sequence[EllipticCurvePublicKey], request: Request) -> Response:
    """200 once it is stored, read or not (`send_due_mail` reads it again). 401, final, for what SendGrid did not sign.
    503 if it could not be stored: SendGrid retries for three days."""

    def work() -> Response:
        if not is_signed(request, keys):
            log("WARNING", "inbound e-mail refused", why=why_refused(request))
            return Response(status=401)
        # of the request's headers only the type belongs to the e-mail: it says how to read the body
        content_type = " ".join(request.headers.get("Content-Type", "").split()).encode("utf-8", "replace")
        id = receive(desk, b"Content-Type: %s\r\n\r\n" % content_type + request.get_data(cache=False))
        inbound = _read_at_once(desk, id)
        return done({"inbound": id, "status": inbound and inbound.status})

    request.max_content_length = LARGEST_BODY
    return answer_post(request, work)


def _read_at_once(desk: Desk, id: str) -> InboundEmail | None:
    try:
        inbound = read_in(desk, id)
    except Exception as error:  # it is stored, and is read again
        log_broken(error, inbound=id)
        return None
    if inbound:
        log_inbound(inbound)
    return inbound
