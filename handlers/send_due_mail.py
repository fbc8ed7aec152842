"""`send_due_mail`: Cloud Scheduler calls it every minute."""

from collections import Counter

from flask import Request, Response

from handlers.internal import answer_post, done, keeping_nothing_waiting, log_attempt, log_inbound
from handlers.logs import log, log_broken, log_fault
from rollcall.desk.contributions.submit import number_due
from rollcall.desk.desk import Desk
from rollcall.desk.health import check_health
from rollcall.desk.receive import read_due
from rollcall.desk.send import send_due
from rollcall.desk.site.publish import publish_due
from rollcall.desk.staff.announcing import enqueue_due


def send_due_mail(desk: Desk, request: Request) -> Response:
    """Number the contributions, enqueue the announcements that were sent off, send the e-mails that are due, publish
    the events' pages, and read the inbound e-mails that nobody has read yet. 200 with how many now have which status;
    503 if the store is unavailable. A fault with one is logged, and keeps no other waiting."""

    def work() -> Response:
        _report_health(desk)  # first: seen even if this call dies on the way
        with keeping_nothing_waiting():
            for one in number_due(desk):
                log("INFO", "contribution numbered", event=one.event, contribution=one.id, number=one.number)
        for id, announced in enqueue_due(desk):
            if isinstance(announced, Exception):
                log_fault(announced, announcement=id)
            else:
                log(
                    "INFO", "announcement enqueued", announcement=id, status=announced.status, people=announced.enqueued
                )
        emails: Counter[str] = Counter()
        for email_id, attempted in send_due(desk):
            if isinstance(attempted, Exception):
                log_fault(attempted, email=email_id)
            else:
                log_attempt(email_id, attempted)
                emails[attempted.status] += 1
        with keeping_nothing_waiting():
            for slug, published in publish_due(desk):
                if isinstance(published, Exception):
                    log_broken(published, event=slug)
                else:
                    log("INFO", "pages published", event=slug, as_of=published.as_of.isoformat())
        inbound: Counter[str] = Counter()  # last: a stranger's e-mail may take more time or memory than there is
        for inbound_id, read in read_due(desk):
            if isinstance(read, Exception):
                log_fault(read, inbound=inbound_id)
            else:
                log_inbound(read)
                inbound[read.status] += 1
        return done({"inbound": inbound, "emails": emails})

    return answer_post(request, work)


def _report_health(desk: Desk) -> None:
    with keeping_nothing_waiting():
        seen = check_health(desk)
        log(
            "WARNING" if seen.circuit_open else "INFO",
            "outbox checked",
            longest_waiting_seconds=int(seen.longest_waiting.total_seconds()),
            circuit_open=seen.circuit_open,
        )
        for slug, late in seen.overdue_closings.items():
            log("ERROR", "closing missed", event=slug, overdue_seconds=int(late.total_seconds()))
