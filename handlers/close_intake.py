"""`close_intake`: Cloud Scheduler calls it every minute."""

from flask import Request, Response

from handlers.internal import answer_post, done
from handlers.logs import log, log_fault
from rollcall.desk.close import close
from rollcall.desk.desk import Desk
from rollcall.model.errors import StoreUnavailable


def close_intake(desk: Desk, request: Request) -> Response:
    """Close each intake whose deadline has passed, once. 200 with the events that this call closed; 503 if the store
    is unavailable. A fault with one is logged, and does not keep the others open."""

    def work() -> Response:
        closed = {}
        for event in desk.due_to_close(desk.store.now()):
            try:
                closing = close(desk, event)
            except StoreUnavailable:
                raise
            except Exception as error:
                log_fault(error, event=event.slug)
                continue
            if closing:
                log("INFO", "intake closed", event=event.slug, on_roster=closing.count)
                closed[event.slug] = closing.count
        return done({"closed": closed})

    return answer_post(request, work)
