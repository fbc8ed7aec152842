"""`send_due_mail`: Cloud Scheduler asks every minute; mails that are due are sent: retries and lapsed leases."""

from collections import Counter

from flask import Request, Response

from handlers.private import done, log_mail, run_privately
from rollcall.desk.desk import Desk
from rollcall.desk.sending import send_due


def send_due_mail(desk: Desk, request: Request) -> Response:
    """200 with how many mails now stand how; 503 where the store could not be reached."""

    def work() -> Response:
        states: Counter[str] = Counter()
        for mail_id, state in send_due(desk):
            if state is not None:
                log_mail(mail_id, state)
                states[state.value] += 1
        return done({"mails": dict(states)})

    return run_privately(request, work)
