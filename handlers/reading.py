"""Reading: what was sent to `register`, in whichever of its types, as it was sent."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Request

LARGEST_BODY = 64_000
"""Bytes; a form filled to every limit in four-byte characters is well below."""
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


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

    @property
    def typed(self) -> dict[str, str]:
        """What a person typed, by field name, to show it again."""
        return {name: str(value) for name, value in self.answers.items()} if isinstance(self.answers, Mapping) else {}


def read(request: Request) -> Form:
    """The form in the request's body. Raises `Refused`: 400 not parseable, 413 too large, 415 another type."""
    if (request.content_length or 0) > LARGEST_BODY or len(request.get_data()) > LARGEST_BODY:
        raise Refused(413, "Too large", f"A form may have {LARGEST_BODY // 1000} kB at the most.")
    if request.mimetype in FORM_TYPES:
        return Form({**request.files.to_dict(), **request.form.to_dict()}, as_json=False)
    if request.mimetype != "application/json":
        types = ", ".join(("application/json", *FORM_TYPES))
        raise Refused(415, "Another type is needed", f"Please send one of {types}.", Accept=types)
    try:
        return Form(json.loads(request.get_data(), parse_constant=_no_constant), as_json=True)
    except (ValueError, RecursionError):
        raise Refused(400, "Not readable", "This is not JSON (RFC 8259) in UTF-8.") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def idempotency_key(request: Request) -> str | None:
    """The request's `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header: a string in quotation marks; many
    clients leave those out). Raises `Refused`, 400, where it cannot be one."""
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return None
    key = header.strip().removeprefix('"').removesuffix('"')
    if not _KEY.fullmatch(key):
        raise Refused(
            400, "Not readable", "An Idempotency-Key has 1 to 255 visible ASCII characters, in quotation marks."
        )
    return key


_KEY = re.compile("[!-~]{1,255}")
