"""`close_intake`: Cloud Scheduler asks every minute; each intake whose deadline has passed is closed, once."""

from flask import Request, Response

from handlers.logs import log
from handlers.private import done, run_privately
from rollcall.desk.closing import close
from rollcall.desk.desk import Desk


def close_intake(desk: Desk, request: Request) -> Response:
    """200 with the events whose intake this call closed; 503 where the store could not be reached."""

    def work() -> Response:
        closed = {event.slug: closing.count for event in desk.events.values() if (closing := close(desk, event))}
        for slug, count in closed.items():
            log("INFO", "intake closed", event=slug, on_roster=count)
        return done({"closed": closed})

    return run_privately(request, work)
