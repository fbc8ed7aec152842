"""A body comes in time or is given up: nobody keeps a thread with a byte, and an unsigned post is not even read."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from itertools import chain, repeat
from pathlib import Path
from typing import Any, NoReturn

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from handlers.receive_email import receive_email
from handlers.record_deliveries import record_deliveries
from handlers.request_body import LARGEST_BODY, MANY, PATIENCE, PATIENCE_WITH_MANY, SLOWEST, _hanging_up, read_body
from handlers.responses import HttpProblem
from handlers.signature import SIGNATURE, TIMESTAMP
from tests.support.builders import write_open_event
from tests.support.clock import Clock
from tests.support.desk import a_desk
from tests.support.served import Served, function, until
from tests.support.webhook import KEY, PUBLIC_KEY, TIME, signed


class Sender:
    """A client on a connection of its own, and the request as gunicorn hands it on."""

    def __init__(self, length: int | None) -> None:
        self.connection, self.ours = socket.socketpair()
        environ = EnvironBuilder(method="POST").get_environ()
        self._file = self.ours.makefile("rb")
        environ |= {"wsgi.input": self._file, "wsgi.input_terminated": True, "gunicorn.socket": self.ours}
        if length is None:
            environ["HTTP_TRANSFER_ENCODING"] = "chunked"
        else:
            environ["CONTENT_LENGTH"] = str(length)
        self.request = Request(environ)

    def close(self) -> None:
        for one in (self._file, self.ours, self.connection):
            one.close()


@pytest.fixture
def sender() -> Iterator[Callable[[int | None], Sender]]:
    with ExitStack() as stack:

        def connect(length: int | None) -> Sender:
            made = Sender(length)
            stack.callback(made.close)
            return made

        yield connect


def soon_over() -> Callable[[], float]:
    """A clock by which the patience is over in a moment."""
    return chain((0.0, PATIENCE - 0.05), repeat(PATIENCE + 1)).__next__


def status(request: Request, most: int = LARGEST_BODY, **more: Any) -> int:
    """200 where the body is read."""
    try:
        read_body(request, most, **more)
    except HttpProblem as problem:
        return problem.status
    return 200


@pytest.mark.parametrize("length", [60_000, None])
@pytest.mark.parametrize("begun", [b"", b"{"])
def test_a_body_that_does_not_come_is_given_up(
    sender: Callable[[int | None], Sender], length: int | None, begun: bytes
) -> None:
    slow = sender(length)
    slow.connection.sendall(begun)
    assert status(slow.request, seconds=soon_over()) == 408
    assert slow.request.get_data() == b""  # whoever asks next does not wait


def test_of_many_that_do_not_come_each_has_a_second(sender: Callable[[int | None], Sender]) -> None:
    """Or the page would wait ten seconds for each eight of them."""
    slow = sender(60_000)
    slow.connection.sendall(b"{")
    with ExitStack() as others:
        for _ in range(MANY):
            others.enter_context(_hanging_up(sender(60_000).request, PATIENCE))
        just_before = chain((0.0, PATIENCE_WITH_MANY - 0.05), repeat(PATIENCE_WITH_MANY + 1)).__next__
        assert status(slow.request, seconds=just_before) == 408


def test_a_byte_now_and_then_does_not_prolong_it(sender: Callable[[int | None], Sender]) -> None:
    slow, over = sender(60_000), threading.Event()

    def drip() -> None:
        with suppress(OSError):
            while not over.wait(0.005):
                slow.connection.sendall(b" ")

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        assert status(slow.request, seconds=soon_over()) == 408
    finally:
        over.set()
        dripping.join()


def test_a_large_body_may_take_as_long_as_it_is(sender: Callable[[int | None], Sender]) -> None:
    """The deadline moves with what has come, and no faster."""
    size = 30_000_000

    class Steady:
        """Comes at this many bytes a second, and tells the time that it took."""

        def __init__(self, pace: float) -> None:
            self.pace, self.sent = pace, 0

        def read(self, count: int) -> bytes:
            self.sent += count
            return b" " * count

        def seconds(self) -> float:
            return self.sent / self.pace

    class Stopping(Steady):
        """After two thirds nothing comes."""

        def read(self, count: int) -> bytes:
            return super().read(count)[: max(0, 20_000_000 - self.sent)]

    for body, expected in ((Steady(SLOWEST), 200), (Stopping(SLOWEST * 0.5), 408), (Stopping(SLOWEST * 2), 400)):
        request = sender(size).request
        request.environ["wsgi.input"] = body
        assert status(request, size, seconds=body.seconds) == expected


def test_a_body_said_to_be_too_large_is_not_kept(sender: Callable[[int | None], Sender]) -> None:
    for length in (LARGEST_BODY + 1, 40 << 20, 10**18):
        assert status(sender(length).request, seconds=chain((0.0,), repeat(PATIENCE + 1)).__next__) == 413


@pytest.mark.parametrize("asked", [{"HTTP_CONNECTION": "close"}, {"SERVER_PROTOCOL": "HTTP/1.0"}])
@pytest.mark.parametrize("length", [0, 2])
def test_no_client_is_waited_for_to_close_the_connection(
    sender: Callable[[int | None], Sender], length: int, asked: dict[str, str]
) -> None:
    """gunicorn would, for two seconds, and serve nobody meanwhile."""
    client = sender(length)
    client.request.environ |= asked
    client.connection.sendall(b"{}"[:length])
    assert read_body(client.request) == b"{}"[:length]
    client.ours.settimeout(5)
    assert client.ours.recv(1) == b""
    client.ours.sendall(b"answer")
    assert client.connection.recv(6) == b"answer"


class Unread:
    """A body of which no byte may be read."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(name)


OLD = str(int(TIME) - 4 * 86_400 - 60)
REFUSED = {
    "not signed": {},
    "no time stamp": {SIGNATURE: signed(b"")[SIGNATURE]},
    "no signature": {TIMESTAMP: TIME},
    "no base64": {TIMESTAMP: TIME, SIGNATURE: "*"},
    "no signature in base64": {TIMESTAMP: TIME, SIGNATURE: "AAAA"},
    "another script's digits": signed(b"", timestamp="١" * 10),
    "nine digits": signed(b"", timestamp=TIME[:9]),
    "eleven digits": signed(b"", timestamp=TIME + "0"),
    "a blank": signed(b"", timestamp=f" {TIME}"),
    "long ago": signed(b"", timestamp=OLD),
    "far ahead": signed(b"", timestamp=str(int(TIME) + 4 * 86_400 + 60)),
}


@pytest.mark.parametrize("headers", REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("handle", [receive_email, record_deliveries])
def test_what_sendgrid_cannot_have_signed_is_refused_unread(
    tmp_path: Path, clock: Clock, handle: Any, headers: dict[str, str]
) -> None:
    builder = EnvironBuilder(method="POST", headers=list(headers.items()))
    environ = builder.get_environ() | {"wsgi.input": Unread(), "CONTENT_LENGTH": "30000000"}
    answer = handle(a_desk(tmp_path, clock), [KEY.public_key()], Request(environ), lambda: float(TIME))
    assert answer.status_code == 401


@pytest.mark.parametrize("age", [0, 3 * 86_400, 4 * 86_400 - 60, -60])
def test_what_sendgrid_repeats_for_days_is_taken(tmp_path: Path, clock: Clock, age: int) -> None:
    request = Request(EnvironBuilder(method="POST", data=b"[]", headers=list(signed(b"[]").items())).get_environ())
    answer = record_deliveries(a_desk(tmp_path, clock), [KEY.public_key()], request, lambda: float(TIME) + age)
    assert answer.status_code == 200


def held(served: Served, path: str, method: str = "POST", **headers: str) -> socket.socket:
    """A request of which one byte has come."""
    connection = socket.create_connection(("127.0.0.1", served.port), timeout=30)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n{lines}\r\n{{".encode())
    return connection


@pytest.mark.slow
@pytest.mark.parametrize("threads", ["1", "4"])
def test_held_bodies_do_not_keep_the_page_from_others(tmp_path: Path, events_folder: Path, threads: str) -> None:
    write_open_event(events_folder)
    environment = {"EVENTS": str(events_folder), "SQLITE_PATH": str(tmp_path / "store.sqlite3"), "THREADS": threads}
    with (
        function("register", source="tests/support/impatient.py", PATIENCE="0.5", **environment) as served,
        ExitStack() as stack,
    ):
        for method, path, status in (
            ("POST", "/register/open", b"408"),
            ("GET", "/register/open", b"408"),
            ("POST", "/register/open/complete/x", b"408"),
            ("POST", "/robots.txt", b"404"),
        ):
            waiting = [stack.enter_context(held(served, path, method)) for _ in range(int(threads))]
            assert served.ask("GET", "/register/open").status == 200
            assert {one.recv(60)[9:12] for one in waiting} == {status}


@pytest.mark.slow
@pytest.mark.parametrize("threads", ["1", "4"])
def test_an_unsigned_byte_does_not_keep_sendgrid_waiting(tmp_path: Path, events_folder: Path, threads: str) -> None:
    write_open_event(events_folder)
    environment = {
        "EVENTS": str(events_folder),
        "SQLITE_PATH": str(tmp_path / "store.sqlite3"),
        "FILES": str(tmp_path / "files"),
        "SENDGRID_PARSE_KEY": PUBLIC_KEY,
        "MAIL_FROM": "registration@rollcall.example",
        "THREADS": threads,
    }
    with (
        function("receive_email", source="tests/support/impatient.py", PATIENCE="0.5", **environment) as served,
        ExitStack() as stack,
    ):
        waiting = [stack.enter_context(held(served, "/")) for _ in range(2 * int(threads))]
        waiting += [stack.enter_context(held(served, "/", "PUT")) for _ in range(2 * int(threads))]
        assert served.ask("POST", "/", b"x", signed(b"x")).status == 200
        assert {one.recv(60)[9:12] for one in waiting} == {b"401", b"405"}
        # it may be SendGrid's, which repeats after a 5xx alone
        made_up = [stack.enter_context(held(served, "/", **signed(b"y"))) for _ in range(int(threads))]
        assert served.ask("POST", "/", b"z", signed(b"z")).status == 200
        assert {one.recv(60)[9:12] for one in made_up} == {b"503"}
        assert until(lambda: (tmp_path / "files").exists())
