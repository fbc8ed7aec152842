"""Reading: what was sent to `register`, in whichever of its types, as it was sent.

Nothing is guessed: what did not come whole, or leaves open what is meant, is refused in plain words.
"""

import io
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from rollcall.model.fault import Fault

LARGEST_BODY = 64_000
"""Bytes; a form filled to every limit in four-byte characters is well below."""
_KEY = re.compile("[ -~]{1,255}")
_LARGEST_HEARD_OUT = 32 << 20
"""Bytes; Cloud Run takes no longer request over HTTP/1."""
_HEARD_OUT_FOR = 10.0
"""Seconds."""
MOST_FIELDS = 100
"""Many times what any form has; an answer names each field that the form has not."""
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")

_NOTHING = "Nothing was registered"


class Refused(Exception):
    """A request that is answered before it comes to the desk."""

    def __init__(self, status: int, title: str, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.headers = headers


@dataclass(frozen=True)
class Form:
    """What was sent, as it was sent, and by which kind of client."""

    answers: Any
    as_json: bool
    faults: Mapping[str, list[Fault]] = field(default_factory=dict)
    """By field name, where what was sent leaves open what is meant; such a field has no answer."""

    @property
    def typed(self) -> dict[str, str]:
        """What a person typed, by field name, to show it again."""
        return {name: str(value) for name, value in self.answers.items()} if isinstance(self.answers, Mapping) else {}


def take_in(request: Request) -> None:
    """Have the whole body, of whatever method and address, before anything is decided.

    Raises `Refused`: 413 for more than `LARGEST_BODY`, of which nothing is kept; 400 for what did not come whole.
    """
    request.max_content_length = LARGEST_BODY + 1  # a body in chunks that is longer is cut there without a word
    try:
        body = request.get_data()
    except RequestEntityTooLarge:
        _hear_out(request)
        leave(request)
        raise _too_large() from None
    except Exception:  # each server has errors of its own for a bad chunk, or somebody who hung up
        leave(request)
        raise _cut_short() from None
    if len(body) > LARGEST_BODY:
        raise _too_large()
    if len(body) < (request.content_length or 0):
        raise _cut_short()


def read(request: Request) -> Form:
    """The form in the request's body, which was taken in.

    Raises `Refused`: 400 not readable, 413 too many fields, 415 another type or character set.
    """
    reader = _READERS.get(request.mimetype)
    if reader is None:
        types = ", ".join(_READERS)
        raise Refused(415, "Another type is needed", f"Please send one of {types}. {_NOTHING}.", Accept=types)
    if not _is_utf8(request.mimetype_params.get("charset", "utf-8")):
        raise Refused(415, "Another character set is needed", f"Please send it in UTF-8. {_NOTHING}.")
    form = reader(request)
    if isinstance(form.answers, Mapping) and len({*form.answers, *form.faults}) > MOST_FIELDS:
        raise _too_many()
    return form


def idempotency_key(request: Request) -> str | None:
    """The request's `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header: a string in quotation marks; many
    clients leave those out). Raises `Refused`, 400, where it cannot be one."""
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return None
    key = header.strip().removeprefix('"').removesuffix('"')
    if not _KEY.fullmatch(key):
        raise Refused(400, "Not readable", "An Idempotency-Key has 1 to 255 ASCII characters, in quotation marks.")
    return key


def _read_json(request: Request) -> Form:
    """RFC 8259: UTF-8, with or without a byte order mark. Of two members of one name, each reader takes another (4), so
    that neither is taken here."""
    try:
        text = request.get_data().decode("utf-8-sig")
        return Form(json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_constant), as_json=True)
    except (ValueError, RecursionError):
        raise Refused(400, "Not readable", f"This is not JSON (RFC 8259) in UTF-8. {_NOTHING}.") from None


def _each_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    for name, count in Counter(name for name, _ in members).items():
        if count > 1:
            raise Refused(400, "Not clear", f"The field {name!a} is given {count} times. {_NOTHING}.")
    return dict(members)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _read_urlencoded(request: Request) -> Form:
    """WHATWG URL, 5.1. What is not UTF-8 becomes U+FFFD, which the form's fields refuse, each for itself."""
    pairs = [pair.partition(b"=") for pair in request.get_data().split(b"&") if pair]
    return _form((_percent_decoded(name), _percent_decoded(value)) for name, _, value in pairs)


def _percent_decoded(text: bytes) -> str:
    return unquote_to_bytes(text.replace(b"+", b" ")).decode("utf-8", "replace")


def _read_multipart(request: Request) -> Form:
    """RFC 7578, whole to its closing boundary. Bytes that are not text become U+FFFD, as in `_read_urlencoded`."""
    body = request.get_data()
    parser = FormDataParser(silent=False, max_form_parts=MOST_FIELDS)
    try:
        _, fields, files = parser.parse(io.BytesIO(body), request.mimetype, len(body), request.mimetype_params)
    except RequestEntityTooLarge:
        raise _too_many() from None
    except ValueError:
        raise _cut_short() from None
    if None in fields or None in files:
        raise Refused(400, "Not readable", f"A part of the form has no name. {_NOTHING}.")
    return _form(fields.items(multi=True), files)


def _form(given: Iterable[tuple[str, str]], files: Iterable[str] = ()) -> Form:
    given = list(given)
    times = Counter(name for name, _ in given)
    faults = {name: [Fault("repeated")] for name in times if times[name] > 1}
    faults |= {name: [Fault("file")] for name in files}
    return Form({name: value for name, value in given if name not in faults}, as_json=False, faults=faults)


_READERS: dict[str, Callable[[Request], Form]] = {
    "application/json": _read_json,
    **dict(zip(FORM_TYPES, (_read_urlencoded, _read_multipart), strict=True)),
}


def _is_utf8(charset: str) -> bool:
    """ASCII is UTF-8 too."""
    return charset.lower() in ("utf-8", "utf8", "us-ascii", "ascii")


def _hear_out(request: Request) -> None:
    """Let a body of a stated length be sent to its end, and keep nothing of it: whoever is still sending when we answer
    and hang up may see a broken connection in place of the answer (RFC 9112, 9.6)."""
    left, until = request.content_length or 0, time.monotonic() + _HEARD_OUT_FOR
    if left <= _LARGEST_HEARD_OUT:
        with suppress(Exception):  # it ends early, then
            while left > 0 and time.monotonic() < until:
                block = request.environ["wsgi.input"].read(min(left, 1 << 16))
                left = left - len(block) if block else 0


def leave(request: Request) -> None:
    """Leave the rest of the body: the framework reads what is left before it answers, and would fail as we did."""
    request.stream = io.BytesIO()


def _cut_short() -> Refused:
    return Refused(400, "Not readable", f"The form did not come whole. {_NOTHING}; please send it again.")


def _too_large() -> Refused:
    return Refused(413, "Too large", f"A form may have {LARGEST_BODY // 1000} kB at the most. {_NOTHING}.")


def _too_many() -> Refused:
    return Refused(413, "Too large", f"A form may have {MOST_FIELDS} fields at the most. {_NOTHING}.")
