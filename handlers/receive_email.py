"""`receive_email`: SendGrid's Inbound Parse delivers the e-mails that people send us."""

import time
from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from flask import Request, Response

from handlers.internal import answer_post, done, log_inbound
from handlers.logs import log, log_broken
from handlers.responses import HttpProblem
from handlers.signature import Unsigned, signed_body
from rollcall.desk.desk import Desk
from rollcall.desk.receive import read_in, receive
from rollcall.model.inbound import InboundEmail

LARGEST_BODY = 64_000_000
"""Bytes; SendGrid takes e-mails of 30 MB at most, and posts them as multipart/form-data."""


def receive_email(
    desk: Desk, keys: Sequence[EllipticCurvePublicKey], request: Request, now: Callable[[], float] = time.time
) -> Response:
    """200 once it is stored, read or not (`send_due_mail` reads it again). 401, final, for what SendGrid did not sign.
    503 if it could not be stored, or came too slowly: SendGrid retries for three days, and only after a 5xx."""

    def work() -> Response:
        try:
            body = signed_body(request, keys, LARGEST_BODY, now)
        except HttpProblem as problem:
            log("WARNING", "inbound e-mail not received", why=problem.title)
            return Response(status=503 if problem.status == 408 else problem.status)
        if isinstance(body, Unsigned):
            log("WARNING", "inbound e-mail refused", why=body.why)
            return Response(status=401)
        # of the request's headers only the type belongs to the e-mail: it says how to read the body
        content_type = " ".join(request.headers.get("Content-Type", "").split()).encode("utf-8", "replace")
        id = receive(desk, b"Content-Type: %s\r\n\r\n" % content_type + body)
        inbound = _read_at_once(desk, id)
        return done({"inbound": id, "status": inbound and inbound.status})

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
