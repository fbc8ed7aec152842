"""`send_due_mail`: Cloud Scheduler calls it every minute; it sends the e-mails that are due and reads the inbound ones
that nobody has read yet. Sending comes first: a stranger's e-mail may take more time or memory than there is.

Before all that it reports what is overdue, so that a call that dies on the way has still been seen. Without that entry
no call started, or the store is unavailable.
"""

from collections import Counter

from flask import Request, Response

from handlers.internal import answer_post, done, log_attempt, log_inbound
from handlers.logs import log, log_fault
from rollcall.desk.desk import Desk
from rollcall.desk.health import check_health
from rollcall.desk.receive import read_due
from rollcall.desk.send import send_due
from rollcall.model.errors import StoreUnavailable


def send_due_mail(desk: Desk, request: Request) -> Response:
    """200 with how many e-mails now have which status; 503 where the store is unavailable. An unexpected fault with one
    is logged, and does not keep the others waiting."""

    def work() -> Response:
        _report_health(desk)
        emails: Counter[str] = Counter()
        for email_id, attempted in send_due(desk):
            if isinstance(attempted, Exception):
                log_fault(attempted, email=email_id)
            else:
                log_attempt(email_id, attempted)
                emails[attempted.status] += 1
        inbound: Counter[str] = Counter()
        for inbound_id, read in read_due(desk):
            if isinstance(read, Exception):
                log_fault(read, inbound=inbound_id)
            else:
                log_inbound(read)
                inbound[read.status] += 1
        return done({"inbound": inbound, "emails": emails})

    return answer_post(request, work)


def _report_health(desk: Desk) -> None:
    """Log what should be done by now. A fault in this must not keep the e-mails waiting."""
    try:
        seen = check_health(desk)
    except StoreUnavailable:
        raise
    except Exception as error:
        log_fault(error)
        return
    log(
        "WARNING" if seen.circuit_open else "INFO",
        "outbox checked",
        longest_waiting_seconds=int(seen.longest_waiting.total_seconds()),
        circuit_open=seen.circuit_open,
    )
    for slug, late in seen.overdue_closings.items():
        log("ERROR", "closing missed", event=slug, overdue_seconds=int(late.total_seconds()))
