"""`close_intake`: Cloud Scheduler calls it every minute."""

from collections.abc import Callable
from typing import TypeVar

from flask import Request, Response

from handlers.internal import answer_post, done
from handlers.logs import log, log_fault
from rollcall.desk.close import close
from rollcall.desk.desk import Desk
from rollcall.desk.versions import look
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event

_T = TypeVar("_T")


def close_intake(desk: Desk, request: Request) -> Response:
    """Close each intake whose deadline has passed, once; and draw each roster again that changed since the last one, of
    a morning. 200 with the events that this call closed; 503 if the store is unavailable. A fault with one is logged,
    and does not keep the others waiting."""

    def work() -> Response:
        closed, now = {}, desk.store.now()
        for event in desk.due_to_close(now):
            if closing := _done(event, lambda event: close(desk, event)):
                log("INFO", "intake closed", event=event.slug, on_roster=closing.count)
                closed[event.slug] = closing.count
        for event in desk.due_to_look(now):
            if version := _done(event, lambda event: look(desk.store, event)):
                log("INFO", "roster drawn", event=event.slug, version=version.number, on_roster=version.count)
        return done({"closed": closed})

    return answer_post(request, work)


def _done(event: Event, work: Callable[[Event], _T]) -> _T | None:
    try:
        return work(event)
    except StoreUnavailable:
        raise
    except Exception as error:
        log_fault(error, event=event.slug)
        return None
