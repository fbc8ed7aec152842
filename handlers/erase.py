"""`erase`: Cloud Scheduler calls it every ten minutes. No other function may delete."""

from flask import Request, Response

from handlers.internal import answer_post, done, keeping_nothing_waiting
from handlers.logs import log, log_broken
from rollcall.desk.desk import Desk
from rollcall.desk.personal_data.erase import erase_due
from rollcall.desk.personal_data.expire import NeverDeleted, expire_due
from rollcall.model.personal_data import ACCESSES_KEPT, Erasure


def erase(desk: Desk, request: Request) -> Response:
    """Persons, events and accesses whose time has come. 200 with how many; 503 if the store is unavailable. A fault
    with one is logged, and keeps no other waiting."""

    def work() -> Response:
        erased, deleted, forgotten = 0, dict[str, int](), 0
        with keeping_nothing_waiting():
            for id, erasure in erase_due(desk):
                if isinstance(erasure, Erasure):
                    log("INFO", "person erased", event=erasure.event, registration=id, **erasure.erased)
                    erased += 1
                else:
                    log_broken(erasure, registration=id)
        with keeping_nothing_waiting():
            for slug, expired in expire_due(desk):
                if isinstance(expired, NeverDeleted):
                    log("ERROR", "event kept without end", event=slug)
                elif isinstance(expired, Exception):
                    log_broken(expired, event=slug)
                else:
                    log("INFO", "event deleted", event=slug, done=expired.is_done, **expired.counts)
                    deleted[slug] = sum(expired.counts.values())
        with keeping_nothing_waiting():
            forgotten = desk.store.forget_accesses(desk.store.now() - ACCESSES_KEPT, desk.limits.accesses_a_call)
        return done({"erased": erased, "deleted": deleted, "accesses": forgotten})

    return answer_post(request, work)
