"""Answers kept in the process, each as it is sent, with its strong validator (RFC 9110, 8.8)."""

import gzip
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock

from flask import Request, Response
from werkzeug.datastructures import Headers

from handlers.responses import add_security_headers, compressed, takes_gzip

MOST = 8_000_000
"""Bytes, of one process."""
FOR_ALL = "public, max-age=30"
ASKS_FIRST = "no-cache"
"""Whoever has it asks whether it still stands, each time."""


@dataclass(frozen=True)
class Kept:
    body: bytes
    tag: str
    headers: Headers
    """All of them, as is the body: compressed, but for what is no text."""
    plain_tag: str = ""
    """Of what is compressed, for whoever takes it only as it is."""


def kept(response: Response, cache_control: str) -> Kept:
    body = response.get_data()
    response.headers["Cache-Control"] = cache_control
    add_security_headers(response)
    is_text = response.mimetype != "application/pdf"
    if is_text:
        response.vary.add("Accept-Encoding")
    headers = response.headers
    headers.remove("Content-Length")
    tag = sha256(str(headers).encode() + body).hexdigest()[:20]
    if not is_text:
        headers["ETag"] = f'"{tag}"'
        return Kept(body, tag, headers)
    headers["ETag"], headers["Content-Encoding"] = f'"{tag}-gzip"', "gzip"
    return Kept(compressed(body), f"{tag}-gzip", headers, tag)


class KeptAnswers:
    """The least lately asked for go first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._size = 0
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        with self._lock:
            if there := self._kept.get(key):
                self._kept.move_to_end(key)
                return there
        made = make()
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._size += len(made.body)
            while self._size > self._most:
                _, gone = self._kept.popitem(last=False)
                self._size -= len(gone.body)
        return made


def answer(request: Request, one: Kept) -> Response:
    """304 to whoever has it."""
    body, tag, headers = one.body, one.tag, one.headers.copy()
    if one.plain_tag and not takes_gzip(request):
        body, tag = gzip.decompress(body), one.plain_tag
        headers["ETag"] = f'"{tag}"'
        headers.remove("Content-Encoding")
    if "If-None-Match" in request.headers and request.if_none_match.contains_weak(tag):
        headers.remove("Content-Encoding")
        return Response(status=304, headers=headers)
    return Response(body, headers=headers)
