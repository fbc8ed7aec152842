"""What was sent, read as it was sent: what is late, incomplete or ambiguous is refused, not guessed."""

import io
import json
import os
import re
import socket
import tempfile
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import IO, Any
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from handlers.responses import FORM_TYPES, HttpProblem, reads_json
from rollcall.language import N_
from rollcall.model.fault import Fault
from rollcall.model.registration import BotSignal, bot_signal_in

LARGEST_BODY = 64_000  # bytes; a form filled to every limit in four-byte characters has fewer
PATIENCE = 10.0  # seconds that any body may take
PATIENCE_WITH_MANY = 1.0  # while half of the threads (deploy/functions.py) wait for others already
MANY = max(1, int(os.environ.get("THREADS", "8")) // 2)
SLOWEST = 600_000  # bytes a second, beyond those: 30 MB may take a minute
SLOWEST_PERSON = 125_000  # bytes a second: 32 MB in four minutes, within what the function may take
MOST_FIELDS = 100  # many times what any form has
HIDDEN = "message"  # people do not see this field, and no browser fills it in by itself; robots do
SHOWN_AT = "shown_at"  # when the page was first shown: ISO 8601, the store's clock
_KEY = re.compile("[ -~]{1,255}")
LARGEST_REQUEST = 32 << 20  # bytes; Cloud Run accepts no longer one over HTTP/1
_PATIENCE_DRAINING = 1.0
_PIECE = 1 << 20  # bytes
_LARGEST_FIELD = 1 << 18  # bytes; no less than what the parser looks at together
_LOOK_EVERY = 0.1  # seconds
_NOT_READABLE, _ANOTHER_TYPE = N_("Not readable"), N_("Another type is needed")
_waited_for: dict[int, tuple[float, Request]] = {}  # until when (`time.monotonic`)


@dataclass(frozen=True)
class Form:
    answers: Any
    as_json: bool
    """How it is answered."""
    from_page: bool = False
    faults: Mapping[str, list[Fault]] = field(default_factory=dict)
    """Of ambiguous fields, which have no answer."""
    file: bytes = b""
    """The one that the page asks for, if any was chosen."""
    file_name: str = ""

    @property
    def typed(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.answers.items()} if isinstance(self.answers, Mapping) else {}

    def without_bot_fields(self) -> "Form":
        if not self.from_page:
            return self
        return replace(
            self, answers={name: text for name, text in self.typed.items() if name not in (HIDDEN, SHOWN_AT)}
        )

    def bot_signal(self, now: datetime) -> BotSignal | None:
        if self.as_json:
            return None
        return bot_signal_in(self.typed.get(HIDDEN, ""), _instant(self.typed.get(SHOWN_AT, "")), now)


def read_body(
    request: Request,
    most: int = LARGEST_BODY,
    patience: float = PATIENCE,
    seconds: Callable[[], float] = time.monotonic,
) -> bytes:
    """The whole body, whatever the method and address; afterwards `request.get_data` has it too. Raises `HttpProblem`:
    413 more than `most` bytes, 408 not here in time, 400 incomplete."""
    body = io.BytesIO()
    _read_into(body, request, most, patience, seconds)
    return body.getvalue()


def read_body_with_files(request: Request) -> None:
    """As `read_body`, of a form that may have files: onto the disk, for `read_page_with_files`."""
    if request.mimetype == "multipart/form-data":
        _read_into(tempfile.TemporaryFile(), request, LARGEST_REQUEST, slowest=SLOWEST_PERSON)  # noqa: SIM115
    else:
        read_body(request)


def _read_into(
    body: IO[bytes],
    request: Request,
    most: int,
    patience: float = PATIENCE,
    seconds: Callable[[], float] = time.monotonic,
    slowest: int = SLOWEST,
) -> None:
    """Whence the request has it then."""
    if not _has_body(request):
        return discard_rest(request)
    said = request.content_length or 0
    request.max_content_length = max(said, most) + 1  # a longer body in chunks is cut there without an error
    if len(_waited_for) >= MANY:
        patience = min(patience, PATIENCE_WITH_MANY)
    try:
        if said <= most:
            body.writelines(_pieces(request, said or most + 1, patience, seconds, slowest))
        elif said <= LARGEST_REQUEST:
            # whoever still sends when we hang up may see a broken connection in place of the answer (RFC 9112, 9.6)
            for _ in _pieces(request, said, _PATIENCE_DRAINING, seconds, SLOWEST):
                pass
        problem = _too_large(most) if max(said, body.tell()) > most else _incomplete() if body.tell() < said else None
    except TimeoutError:
        problem = _too_slow() if said <= most else _too_large(most)
    except Exception:  # each server has errors of its own for a bad chunk, or a client that hung up
        problem = _incomplete()
    if problem or _is_last(request):
        discard_rest(request)
    if problem:
        raise problem
    body.seek(0)
    request.stream = body


def read_form(request: Request, several: Collection[str] = ()) -> Form:
    """The form in the body, once that is read; the fields `several` may be there more than once. Raises `HttpProblem`:
    400 not readable, 413 too many fields, 415 another type or character set."""
    body = _decoded(request)
    reader, types = _READERS.get(request.mimetype), ", ".join(_READERS)
    if reader is not _read_json and body.lstrip().startswith((b"{", b"[")):
        told = N_("This reads as JSON: please send it with “Content-Type: application/json”. Nothing was registered.")
        raise HttpProblem(415, _ANOTHER_TYPE, told, headers={"Accept": types})
    if reader is None:
        raise _another_type(types)
    if request.mimetype_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8", "us-ascii", "ascii"):
        told = N_("Please send it in UTF-8. Nothing was registered.")
        raise HttpProblem(415, N_("Another character set is needed"), told)
    form = replace(reader(body, request, several), as_json=reads_json(request))
    if isinstance(form.answers, Mapping) and len({*form.answers, *form.faults}) > MOST_FIELDS:
        raise _too_many()
    return form


def read_page_form(request: Request, several: Collection[str] = (), file: str = "") -> Form:
    """As `read_form`, where pages of ours post and no program does: JSON, which may have what no page can show, is
    refused. `file`: the field of the file that the page asks for."""
    if request.mimetype not in FORM_TYPES:
        raise _another_type(", ".join(FORM_TYPES))
    if request.mimetype == "multipart/form-data" and file:
        return _read_multipart(_decoded(request), request, several, file)
    return read_form(request, several)


def read_page_with_files(request: Request, files: Collection[str]) -> tuple[Form, Mapping[str, FileStorage]]:
    """As `read_page_form`, after `read_body_with_files`; and those `files` that were chosen, each on the disk."""
    if request.mimetype != "multipart/form-data":
        return read_page_form(request), {}
    if request.headers.get("Content-Encoding"):
        raise _another_encoding()
    fields, parts = _parts_of(request.stream, request, _LARGEST_FIELD)
    if sum(len(text) for _, text in fields) > LARGEST_BODY:
        raise _too_large()
    chosen = {name: one for name in files if (one := parts.get(name)) and one.filename}
    return _form(fields, (), parts.keys() - {*files}), chosen


def number_in(text: str, digits: int) -> int | None:
    """A whole number of at most so many digits."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else None


def _decoded(request: Request) -> bytes:
    """Without its `Content-Encoding` (RFC 9110, 8.4)."""
    body = request.get_data()
    match request.headers.get("Content-Encoding", "").strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            unzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            try:
                body = unzip.decompress(body, LARGEST_BODY + 1)
            except zlib.error:
                raise _incomplete() from None
            if len(body) > LARGEST_BODY:
                raise _too_large()
            if not unzip.eof or unzip.unused_data:
                raise _incomplete()
            return body
        case _:
            raise _another_encoding()


def idempotency_key(request: Request) -> str | None:
    """draft-ietf-httpapi-idempotency-key-header: a quoted string. Raises `HttpProblem`, 400, if it cannot be one."""
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return None
    key = header.strip().removeprefix('"').removesuffix('"')  # many clients leave the quotation marks out
    if not _KEY.fullmatch(key):
        told = N_("An Idempotency-Key has 1 to 255 ASCII characters, in quotation marks.")
        raise HttpProblem(400, _NOT_READABLE, told)
    return key


def discard_rest(request: Request) -> None:
    """The framework would read it before it answers, and fail or wait as we did."""
    # gunicorn serves nobody for two seconds while a client does not close the connection that it asked to close
    if _has_body(request) or _is_last(request):
        _hang_up(request)
    request.stream = io.BytesIO()


def body_in_pieces(request: Request, size: int) -> Iterator[bytes]:
    """Bounded in memory. Raises `TimeoutError`, and what servers raise for who hung up."""
    return _pieces(request, size, PATIENCE, time.monotonic, SLOWEST_PERSON)


def _is_last(request: Request) -> bool:
    old = request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0"
    return old or "close" in request.headers.get("Connection", "").lower()


def _has_body(request: Request) -> bool:
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


def _pieces(
    request: Request, size: int, patience: float, seconds: Callable[[], float], slowest: int
) -> Iterator[bytes]:
    """Raises `TimeoutError`."""
    # whoever sends a byte and waits, or a byte now and then, keeps no thread
    late_at = seconds() + patience
    while size > 0:
        wanted, fault = min(_PIECE, size), None
        try:
            with _hanging_up(request, late_at - seconds()):
                piece = request.stream.read(wanted)
        except Exception as error:
            piece, fault = b"", error
        if len(piece) < wanted and seconds() >= late_at:
            raise TimeoutError
        if fault:
            raise fault
        if not piece:
            return
        yield piece
        size -= len(piece)
        late_at += len(piece) / slowest


@contextmanager
def _hanging_up(request: Request, seconds: float) -> Iterator[None]:
    # the server waits for a number of bytes of its own, with no time limit
    _watch()
    waiting = object()  # on a laptop, flask's `request` is the same object for every thread
    _waited_for[id(waiting)] = (time.monotonic() + seconds, request)
    try:
        yield
    finally:
        del _waited_for[id(waiting)]


@cache
def _watch() -> None:
    # one thread for all bodies: one each would cost a twentieth of a registration
    threading.Thread(target=_hang_up_on_the_late, daemon=True).start()


def _hang_up_on_the_late() -> None:
    while True:
        time.sleep(_LOOK_EVERY)
        now = time.monotonic()
        for late_at, request in _waited_for.copy().values():
            if now >= late_at:
                _hang_up(request)


def _hang_up(request: Request) -> None:
    # what waits for more sees the end of it; the answer can still be sent
    connection = request.environ.get("gunicorn.socket") or request.environ.get("werkzeug.socket")
    if connection:
        with suppress(OSError):  # the client was faster
            connection.shutdown(socket.SHUT_RD)


def bot_fields(now: datetime) -> dict[str, str]:
    return {SHOWN_AT: now.isoformat(timespec="milliseconds")}


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo else None


def _read_json(body: bytes, _request: Request, _several: Collection[str]) -> Form:
    """RFC 8259: UTF-8, with or without a byte order mark. Duplicate names are refused, since readers differ (4)."""
    try:
        text = body.decode("utf-8-sig")
        return Form(json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant), as_json=True)
    except (ValueError, RecursionError):
        told = N_("This is not JSON (RFC 8259) in UTF-8. Nothing was registered.")
        raise HttpProblem(400, _NOT_READABLE, told) from None


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(members)
    if len(unique) < len(members):
        [(name, _)] = Counter(name for name, _ in members).most_common(1)
        told = N_("The field %(name)s is given more than once. Nothing was registered.")
        raise HttpProblem(400, N_("Ambiguous"), told, {"name": ascii(name)})
    return unique


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _read_urlencoded(body: bytes, _request: Request, several: Collection[str]) -> Form:
    """WHATWG URL, 5.1. What is not UTF-8 becomes U+FFFD, which each field refuses for itself."""
    text = body.decode("utf-8", "replace")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise _too_many() from None
    return _form(pairs, several)


def _read_multipart(body: bytes, request: Request, several: Collection[str], file: str = "") -> Form:
    fields, files = _parts_of(io.BytesIO(body), request)
    chosen = files.poplist(file)
    if len(chosen) > 1:
        raise _incomplete()
    content, name = b"".join(one.read() for one in chosen), "".join(one.filename or "" for one in chosen)
    return replace(_form(fields, several, files), file=content, file_name=name)


def _parts_of(
    body: IO[bytes], request: Request, most: int | None = None
) -> tuple[list[tuple[str, str]], MultiDict[str, FileStorage]]:
    """RFC 7578, to its closing boundary; `most` bytes in the fields. What is not UTF-8 becomes U+FFFD too."""
    parser = FormDataParser(silent=False, max_form_parts=MOST_FIELDS, max_form_memory_size=most)
    try:
        _, fields, files = parser.parse(body, request.mimetype, None, request.mimetype_params)
    except RequestEntityTooLarge:
        raise _too_many() from None
    except ValueError:
        raise _incomplete() from None
    if None in fields or None in files:
        raise HttpProblem(400, _NOT_READABLE, N_("A part of the form has no name. Nothing was registered."))
    return list(fields.items(multi=True)), files


def _form(pairs: Iterable[tuple[str, str]], several: Collection[str], files: Iterable[str] = ()) -> Form:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    faults = {name: [Fault("repeated")] for name, those in values.items() if len(those) > 1 and name not in several}
    faults |= {name: [Fault("file")] for name in files}
    answers = {name: "\n".join(those) for name, those in values.items() if name not in faults}
    return Form(answers, as_json=False, from_page=True, faults=faults)


_READERS: dict[str, Callable[[bytes, Request, Collection[str]], Form]] = {
    "application/json": _read_json,
    **dict(zip(FORM_TYPES, (_read_urlencoded, _read_multipart), strict=True)),
}


def _another_type(types: str) -> HttpProblem:
    told = N_("Please send one of %(types)s. Nothing was registered.")
    return HttpProblem(415, _ANOTHER_TYPE, told, {"types": types}, {"Accept": types})


def _another_encoding() -> HttpProblem:
    told = N_("Please send it as it is, or in gzip. Nothing was registered.")
    return HttpProblem(415, N_("Another encoding is needed"), told, headers={"Accept-Encoding": "gzip"})


def _incomplete() -> HttpProblem:
    told = N_("The form arrived incomplete. Nothing was registered; please send it again.")
    return HttpProblem(400, _NOT_READABLE, told)


def _too_slow() -> HttpProblem:
    told = N_("The form took too long to arrive. Nothing was registered; please send it again.")
    return HttpProblem(408, N_("Too slow"), told)


def _too_large(most: int = LARGEST_BODY) -> HttpProblem:
    told = N_("A form may have at most %(most)s kB. Nothing was registered.")
    return HttpProblem(413, N_("Too large"), told, {"most": most // 1000})


def _too_many() -> HttpProblem:
    told = N_("A form may have at most %(most)s fields. Nothing was registered.")
    return HttpProblem(413, N_("Too large"), told, {"most": MOST_FIELDS})
