"""What a request costs grows with its length and no faster, whatever it is made of."""

import io
import time
from collections.abc import Callable

import pytest
from flask import Flask, Response, request
from werkzeug.test import EnvironBuilder

from handlers.register import register
from handlers.request_body import LARGEST_BODY, MOST_FIELDS
from rollcall.desk.desk import Desk
from tests.support.desk import EVENT

JSON, URLENCODED, MULTIPART = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
)
PART, END = b"--b\r\nContent-Disposition: form-data; name=a", b"\r\n--b--"
BODIES: list[tuple[str, bytes, bytes, bytes]] = [
    *((JSON, b"", unit, b"") for unit in (b"[", b'{"a":', b'"', b",", b"-", b" ", b"\n", b"\xef\xbb\xbf")),
    *((JSON, b'{"a":', unit, b"}") for unit in (b"1", b"[", b'{"a":', b"0.1", b"-")),
    *((JSON, b'{"a":[', unit, b"0]}") for unit in (b"1e999,", b"null,", b"{},", b'"",', b"NaN,", b'{"a":1,"a":1},')),
    *((JSON, b"{", unit, b'"b":1}') for unit in (b'"a":1,', b'"a":{"b":1},')),
    *((JSON, b'{"family_name":"', unit, b'"}') for unit in (b"\\ud800", b"\\n", b"\\u0041", b"\xff", b"\\\\")),
    *((URLENCODED, b"", unit, b"") for unit in (b"a&", b"&", b"=", b";", b"%6111=&", b"family_name=x&")),
    *((URLENCODED, b"a=", unit, b"") for unit in (b"%", b"%41", b"%ff", b"%zz", b"%f0%9f", b"+", b"\xff")),
    *((MULTIPART, b"--b", unit, b"") for unit in (b" ", b"\t", b"-", b"x", b"\r\nx", b"\r\n--", b"\r", b"\n")),
    *((MULTIPART, b"", unit, PART) for unit in (b"-", b"\r", b"\n", b"\r\n", b"\r\n--")),
    *((MULTIPART, PART, unit, b"\r\n\r\nx" + END) for unit in (b"\r\nX: y", b"\r\n ", b"\r\nx", b"; a=b", b'; a="b')),
    *((MULTIPART, PART, unit, b"\r\n\r\nx" + END) for unit in (b";", b"; n*=x''", b"; a*0*=utf-8''%41", b'\\"', b"=")),
    *(
        (MULTIPART, PART + b"\r\n\r\n", unit, END)
        for unit in (b"\r", b"\n", b"\r\n", b"-", b"\r\n--", b"\r\n--b ", b"x")
    ),
    *((MULTIPART, b"", unit, b"--b--") for unit in (PART + b"\r\n\r\n\r\n", PART + b"; filename=x\r\n\r\n\r\n")),
    *(
        (f"multipart/form-data; boundary={boundary}", b"", unit, b"")
        for boundary in ("-" * 60, '"' + " " * 60 + '"', "b" * 2000)
        for unit in (b"-", b"\r\n--", b" ", b"b")
    ),
    *(
        (MULTIPART, PART + b"\r\nContent-Type: text/plain; charset=" + charset + b"\r\n\r\n", b"\\u0041a-", END)
        for charset in (b"punycode", b"idna", b"utf-7", b"unicode_escape", b"hz", b"iso2022_jp", b"zlib")
    ),
]
HEADERS = [
    *("Accept", "Accept-Language", "Authorization", "Content-Encoding", "Content-Type", "Cookie", "Host"),
    *("Idempotency-Key", "If-None-Match", "Origin", "Range", "traceparent", "X-Cloud-Trace-Context", "X-Forwarded-For"),
]
UNITS = ("a", ",", ";", "=", '"', "\\", " ", "-", "*", "%41", "\xff", "/", "a/b,", "a/b;q=0.5,", 'W/"a",', '; a="b')


def answer(desk: Desk, sent: dict[str, object]) -> Response:
    with Flask(__name__).request_context(sent):
        return register(desk, request)


def environ(body: bytes = b"", content_type: str = "", path: str = f"/register/{EVENT.slug}") -> dict[str, object]:
    made = EnvironBuilder(method="POST" if body else "GET", path=path).get_environ()
    return made | {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": content_type}


def cost(work: Callable[[], object]) -> float:
    """Seconds of processor time, at best."""
    seconds = []
    for _ in range(3):
        begun = time.process_time()
        work()
        seconds.append(time.process_time() - begun)
    return min(seconds)


def grows_with_its_length(of: Callable[[int], Callable[[], object]], longest: int) -> None:
    """Of four times the length the square would cost sixteen times as much. What takes a moment at its longest is no
    square; nor is what a busy machine makes of one measurement. The floor is something short, not nothing, which may
    well be answered by another page."""
    measured = []
    for _ in range(4):
        floor = cost(of(longest // 64))
        quarter, whole = (max(0.0, cost(of(length)) - floor) for length in (longest // 4, longest))
        if whole <= max(9 * quarter, 4 * floor):
            return
        measured.append((floor, quarter, whole))
    raise AssertionError(measured)


@pytest.mark.parametrize(("content_type", "before", "unit", "after"), BODIES, ids=map(str, range(len(BODIES))))
def test_a_body(desk: Desk, content_type: str, before: bytes, unit: bytes, after: bytes) -> None:
    def post(length: int) -> Callable[[], object]:
        body = before + unit * ((length - len(before) - len(after)) // len(unit)) + after
        return lambda: answer(desk, environ(body, content_type))

    grows_with_its_length(post, LARGEST_BODY)


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("body", [b"", b"family_name=x"])
def test_a_header(desk: Desk, name: str, body: bytes) -> None:
    """64 kB are what Google's front takes of all headers together."""
    variable = name.upper().replace("-", "_")
    variable = variable if variable == "CONTENT_TYPE" else f"HTTP_{variable}"
    for unit in UNITS:

        def send(length: int, unit: str = unit) -> Callable[[], object]:
            sent = environ(body, URLENCODED, "/register/none" if not body else f"/register/{EVENT.slug}")
            return lambda: answer(
                desk, {**sent, "wsgi.input": io.BytesIO(body), variable: unit * (length // len(unit))}
            )

        grows_with_its_length(send, 64_000)


def test_no_accept_costs_more_than_a_page(desk: Desk) -> None:
    def asks(accept: str) -> Callable[[], object]:
        return lambda: answer(desk, environ(path="/register/none") | {"HTTP_ACCEPT": accept})

    assert cost(asks("a/b," * 16_000)) < 5 * cost(asks("text/html"))


@pytest.mark.parametrize("unit", ["/", "/a", "a", "%", "\xff", "register/", "../"])
def test_an_address(desk: Desk, unit: str) -> None:
    for below in ("/", f"/register/{EVENT.slug}/", f"/register/{EVENT.slug}/complete/", f"/register/{EVENT.slug}?"):

        def ask(length: int, below: str = below) -> Callable[[], object]:
            path, _, query = (below + unit * (length // len(unit))).partition("?")
            sent = environ() | {"PATH_INFO": path, "QUERY_STRING": query}
            return lambda: answer(desk, sent)

        grows_with_its_length(ask, 64_000)


def test_more_query_parameters_than_fields_cost_nothing(desk: Desk) -> None:
    def ask(count: int) -> Callable[[], object]:
        query = "&".join(f"family_name{number}=x" for number in range(count))
        return lambda: answer(desk, environ() | {"QUERY_STRING": query})

    assert cost(ask(10 * MOST_FIELDS)) < 3 * cost(ask(0))
