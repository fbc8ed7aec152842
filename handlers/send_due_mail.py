"""`send_due_mail`: Cloud Scheduler asks every minute; mails that are due are sent, and messages that were not yet read
are read: retries and lapsed leases. Mails go first: a stranger's message may take more time or memory than there is.

Before all that it looks at what is overdue, and says so: whoever does the work, and does not get to the end of it, has
then been seen. Where no sweep says anything, there is none, or the books cannot be reached.
"""

from collections import Counter

from flask import Request, Response

from handlers.internal import done, log_attempt, log_inbound, run_privately
from handlers.logs import log, log_fault
from rollcall.desk.desk import Desk
from rollcall.desk.health import check_health
from rollcall.desk.receive import read_due
from rollcall.desk.send import send_due
from rollcall.model.errors import StoreUnavailable


def send_due_mail(desk: Desk, request: Request) -> Response:
    """200 with how many messages and mails now stand how; 503 where the store could not be reached. What goes wrong
    with one in a way that nobody foresaw is logged, and keeps no other waiting."""

    def work() -> Response:
        _look(desk)
        statuses: Counter[str] = Counter()
        for email_id, attempted in send_due(desk):
            if isinstance(attempted, Exception):
                log_fault(attempted, mail=email_id)
                continue
            log_attempt(email_id, attempted)
            statuses[attempted.status.value] += 1
        standings: Counter[str] = Counter()
        for inbound_id, inbound in read_due(desk):
            if isinstance(inbound, Exception):
                log_fault(inbound, inbound=inbound_id)
                continue
            log_inbound(inbound)
            standings[inbound.status.value] += 1
        return done({"messages": dict(standings), "mails": dict(statuses)})

    return run_privately(request, work)


def _look(desk: Desk) -> None:
    """Say what should have been done by now. Whoever only looks must not keep the mails waiting."""
    try:
        seen = check_health(desk)
    except StoreUnavailable:
        raise
    except Exception as error:
        log_fault(error)
        return
    log(
        "WARNING" if seen.circuit_open else "INFO",
        "queue looked at",
        longest_waiting_seconds=int(seen.longest_waiting.total_seconds()),
        held=seen.circuit_open,
    )
    for slug, late in seen.overdue_closings.items():
        log("ERROR", "closing missed", event=slug, overdue_seconds=int(late.total_seconds()))
