"""A local SendGrid: takes Mail Send requests over HTTP and holds each against SendGrid's published schema."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

from tests.support.threaded import QuietHandler, http_server

_SCHEMA = OpenAPI.from_file_path(str(Path(__file__).parent / "sendgrid" / "tsg_mail_v3.json"))


Behaviour = Callable[[BaseHTTPRequestHandler], None]
"""What is done about a request that was read."""


@dataclass
class SendGridApi:
    """What came, and how the next requests are answered."""

    url: str
    bodies: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """Each way in which a request broke the schema."""
    answers: list[tuple[int, dict[str, str]] | Behaviour] = field(default_factory=list)
    """Status and headers of the next answers, or what to do instead of answering properly; 202 when there are none.
    Status 0 hangs up without an answer."""
    connections: list[socket.socket] = field(default_factory=list)
    """Each that was made; it is kept open, as SendGrid does, until a behaviour ends it."""

    def end_connections(self) -> None:
        """All that are idle."""
        for one in self.connections:
            with suppress(OSError):  # over by itself
                one.shutdown(socket.SHUT_RDWR)


def answers(status: int, headers: Mapping[str, str], body: bytes) -> Behaviour:
    """A whole answer."""

    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(status)  # with the headers ordered alone: a `Date` may be among them
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return behaviour


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    """The connection is closed without an answer."""
    handler.close_connection = True


def is_slow(handler: BaseHTTPRequestHandler) -> None:
    """It answers when the client has given up and gone: only then is there an end to read."""
    handler.connection.recv(1)
    hangs_up(handler)


def resets(handler: BaseHTTPRequestHandler) -> None:
    """The connection is reset (RST: closed without lingering, socket(7)) after the request was read."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    hangs_up(handler)


def resets_unread(handler: BaseHTTPRequestHandler) -> None:
    """The connection is reset before a byte of the request was read."""
    resets(handler)


def answers_garbage(handler: BaseHTTPRequestHandler) -> None:
    """The answer is not HTTP."""
    handler.wfile.write(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
    hangs_up(handler)


def answers_half(handler: BaseHTTPRequestHandler) -> None:
    """The connection is closed in the middle of an answer."""
    handler.wfile.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n{")
    hangs_up(handler)


@dataclass(frozen=True)
class _Request:
    """A request in the shape that openapi-core reads."""

    host_url: str
    path: str
    body: bytes
    parameters: RequestParameters
    method: str = "post"
    content_type: str = "application/json"


@contextmanager
def sendgrid_api() -> Iterator[SendGridApi]:
    """A server for the time of a test."""
    api = SendGridApi("")
    answering = threading.Lock()

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def handle(self) -> None:
            api.connections.append(self.connection)
            super().handle()

        def handle_one_request(self) -> None:
            with suppress(OSError):
                self.connection.recv(1, socket.MSG_PEEK)  # until one comes
            with answering:
                unread = api.answers[:1] == [resets_unread] and api.answers.pop(0)
            if unread:
                resets_unread(self)
                return
            super().handle_one_request()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            api.faults += _faults(self, body)
            api.bodies.append(json.loads(body))
            with answering:
                answer = api.answers.pop(0) if api.answers else (202, {})
            if callable(answer):
                answer(self)
            elif answer[0] == 0:
                hangs_up(self)
            else:
                answers(*answer, b"")(self)

    with http_server(Handler) as api.url:
        yield api


def _faults(handler: BaseHTTPRequestHandler, body: bytes) -> list[str]:
    request = _Request(
        "https://api.sendgrid.com",
        handler.path,
        body,
        RequestParameters(
            query=ImmutableMultiDict(), header=Headers(list(handler.headers.items())), cookie=ImmutableMultiDict()
        ),
    )
    errors = [str(error.__cause__ or error) for error in _SCHEMA.iter_request_errors(request)]  # type: ignore[arg-type]
    return errors + _blind_spots(json.loads(body))


def _blind_spots(body: dict[str, Any]) -> list[str]:
    """What the published schema lets pass and SendGrid does not."""
    faults = []
    if not body.get("personalizations"):
        faults.append("no personalizations")
    if not body.get("subject") or not body.get("content"):
        faults.append("no subject or no content")
    if "custom_args" in body:
        faults.append("custom_args belong in the personalization")
    return faults
