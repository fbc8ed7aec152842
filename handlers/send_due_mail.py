"""`send_due_mail`: Cloud Scheduler asks every minute; mails that are due are sent, and messages that were not yet read
are read: retries and lapsed leases. Mails go first: a stranger's message may take more time or memory than there is."""

from collections import Counter

from flask import Request, Response

from handlers.logs import log_fault
from handlers.private import done, log_attempt, log_message, run_privately
from rollcall.desk.desk import Desk
from rollcall.desk.receiving import read_due
from rollcall.desk.sending import send_due


def send_due_mail(desk: Desk, request: Request) -> Response:
    """200 with how many messages and mails now stand how; 503 where the store could not be reached. What goes wrong
    with one in a way that nobody foresaw is logged, and keeps no other waiting."""

    def work() -> Response:
        states: Counter[str] = Counter()
        for mail_id, attempted in send_due(desk):
            if isinstance(attempted, Exception):
                log_fault(attempted, mail=mail_id)
                continue
            log_attempt(mail_id, attempted)
            states[attempted.state.value] += 1
        standings: Counter[str] = Counter()
        for incoming_id, incoming in read_due(desk):
            if isinstance(incoming, Exception):
                log_fault(incoming, incoming=incoming_id)
                continue
            log_message(incoming)
            standings[incoming.standing.value] += 1
        return done({"messages": dict(standings), "mails": dict(states)})

    return run_privately(request, work)
