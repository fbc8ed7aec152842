"""`send_due_mail`: Cloud Scheduler asks every minute; mails that are due are sent: retries and lapsed leases."""

from collections import Counter

from flask import Request, Response

from handlers.logs import log_fault
from handlers.private import done, log_attempt, run_privately
from rollcall.desk.desk import Desk
from rollcall.desk.sending import send_due


def send_due_mail(desk: Desk, request: Request) -> Response:
    """200 with how many mails now stand how; 503 where the store could not be reached."""

    def work() -> Response:
        states: Counter[str] = Counter()
        for mail_id, attempted in send_due(desk):
            if isinstance(attempted, Exception):
                log_fault(attempted, mail=mail_id)
                continue
            log_attempt(mail_id, attempted)
            states[attempted.state.value] += 1
        return done({"mails": dict(states)})

    return run_privately(request, work)
