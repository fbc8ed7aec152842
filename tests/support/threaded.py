"""Servers of a test's own, each in a thread beside it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer


class QuietHandler(BaseHTTPRequestHandler):
    """Writes no line for each request."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    """Connections that may wait; of more than the usual five, two sweeps at once have some reset."""


@contextmanager
def http_server(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Its address for so long, without a slash at the end."""
    server = _Server(("127.0.0.1", 0), handler)
    with at_work(server):
        yield f"http://127.0.0.1:{server.server_port}"


@contextmanager
def at_work(server: BaseServer) -> Iterator[None]:
    """The server answers for so long, and is closed then."""
    thread = threading.Thread(target=server.serve_forever, args=[0.02])  # seconds until it sees that it is to end
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
