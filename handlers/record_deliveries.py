"""`record_deliveries`: SendGrid's Event Webhook calls it."""

import time
from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from flask import Request, Response

from handlers.internal import answer_post, done
from handlers.logs import log
from handlers.signature import Unsigned, signed_body
from rollcall.desk.deliveries import record_deliveries as record_at_desk
from rollcall.desk.desk import Desk
from rollcall.model.email import UNDELIVERED
from schemas.deliveries import read_deliveries

LARGEST_BODY = 4_000_000  # bytes; SendGrid posts what it has every 30 seconds or at 768 kB


def record_deliveries(
    desk: Desk, keys: Sequence[EllipticCurvePublicKey], request: Request, now: Callable[[], float] = time.time
) -> Response:
    """200 with how many delivery events were read and e-mails changed; 401 for what SendGrid did not sign or is no list
    of events; 503 if the store is unavailable (SendGrid posts it again for 24 hours)."""

    def work() -> Response:
        body = signed_body(request, keys, LARGEST_BODY, now)
        if isinstance(body, Unsigned):
            return _refused(body.why)
        try:
            events = read_deliveries(body)
        except (ValueError, RecursionError):
            return _refused("signed, but no list of delivery events")
        changed = record_at_desk(desk, events)
        for email_id, status in changed.items():
            log(
                "WARNING" if status in UNDELIVERED else "INFO",
                "delivery event recorded",
                email=email_id,
                status=status.value,
            )
        return done({"events": len(events), "emails": len(changed)})

    return answer_post(request, work)


def _refused(why: str) -> Response:
    log("WARNING", "delivery events refused", why=why)
    return Response(status=401)
