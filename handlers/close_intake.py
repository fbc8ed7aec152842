"""`close_intake`: Cloud Scheduler asks every minute; each intake whose deadline has passed is closed, once."""

from flask import Request, Response

from handlers.internal import done, run_privately
from handlers.logs import log, log_fault
from rollcall.desk.close import close, due_to_close
from rollcall.desk.desk import Desk
from rollcall.model.errors import StoreUnavailable


def close_intake(desk: Desk, request: Request) -> Response:
    """200 with the events whose intake this call closed; 503 where the store could not be reached. What goes wrong with
    one event in a way that nobody foresaw is logged, and keeps no other open."""

    def work() -> Response:
        closed = {}
        for event in due_to_close(desk, desk.store.now()):
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

    return run_privately(request, work)
