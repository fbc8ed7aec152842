"""The functions that Google or SendGrid call: what they answer and log."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from flask import Request, Response

from handlers.logs import log, log_broken, log_fault
from handlers.request_body import discard_rest
from handlers.responses import PRIVATE, HttpProblem, unavailable
from rollcall.desk.send import Attempted, CircuitChange
from rollcall.model.email import EmailStatus
from rollcall.model.errors import StoreUnavailable
from rollcall.model.inbound import InboundEmail


def answer_post(request: Request, work: Callable[[], Response]) -> Response:
    """The work's answer to a POST; 405 for other methods, 503 if the store is unavailable, 500 for a fault."""
    try:
        if request.method == "POST":
            response = work()
        else:
            discard_rest(request)
            response = Response(status=405, headers={"Allow": "POST"})
    except HttpProblem as error:
        response = Response(status=error.status)
    except StoreUnavailable as error:
        response = unavailable(error, Response(status=503))
    except Exception as error:
        log_fault(error)
        response = Response(status=500)
    response.headers.update(PRIVATE)
    return response


def done(result: Mapping[str, object]) -> Response:
    """200 with the result, for the logs of whoever called."""
    return Response(json.dumps(result), content_type="application/json")


@contextmanager
def keeping_nothing_waiting() -> Iterator[None]:
    """A fault of this work is logged, and what comes after it is done."""
    try:
        yield
    except StoreUnavailable:
        raise
    except Exception as error:
        log_fault(error)


def log_inbound(inbound: InboundEmail) -> None:
    log("INFO", "inbound e-mail read", inbound=inbound.id, status=inbound.status.value, forms=len(inbound.forms))


def log_attempt(email_id: str, attempted: Attempted) -> None:
    """The attempt, and the circuit breaker if the attempt opened or closed it."""
    log(
        "ERROR" if attempted.status is EmailStatus.FAILED else "INFO",
        "e-mail attempted",
        email=email_id,
        status=attempted.status.value,
        note=attempted.note,
    )
    if attempted.over_total:
        log("ERROR", "hourly total reached", event=email_id.partition(".")[0], email=email_id)
    if attempted.fault is not None:
        log_broken(attempted.fault, email=email_id)
    if attempted.circuit is CircuitChange.OPENED:
        log("ERROR", "circuit breaker opened", note=attempted.note)
    elif attempted.circuit is CircuitChange.CLOSED:
        log("INFO", "circuit breaker closed", note=attempted.note)
