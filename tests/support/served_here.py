"""The local run's application in this process: a port, and no start to wait for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from rollcall.desk.desk import Desk
from rollcall.local.app import local_app
from rollcall.local.sendgrid import Outbox, StandIn
from tests.support.threaded import at_work


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


@contextmanager
def served_here(desk: Desk, folder: Path, clock: Callable[[], datetime]) -> Iterator[int]:
    """The port that it answers on."""
    app = local_app(desk, StandIn(Outbox(folder / "outbox.jsonl")), clock)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    with at_work(server):
        yield server.server_port
