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
    """All of them. Answers share them: nobody may change them."""
    plain: tuple[str, Headers] | None = None
    """The same of what is compressed, for whoever takes it only as it is."""


def kept(response: Response, cache_control: str) -> Kept:
    body = response.get_data()
    response.headers["Cache-Control"] = cache_control
    add_security_headers(response)
    tag = sha256(str(response.headers).encode() + body).hexdigest()[:20]
    if response.mimetype == "application/pdf":
        return Kept(body, tag, _of(response, tag, body))
    response.vary.add("Accept-Encoding")
    smaller, tag_of_it = compressed(body), f"{tag}-gzip"
    plain = tag, _of(response, tag, body)
    headers = _of(response, tag_of_it, smaller)
    headers["Content-Encoding"] = "gzip"
    return Kept(smaller, tag_of_it, headers, plain)


def _of(response: Response, tag: str, body: bytes) -> Headers:
    headers = response.headers.copy()
    headers["ETag"], headers["Content-Length"] = f'"{tag}"', str(len(body))
    return headers


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
    tag, headers = one.plain if one.plain and not takes_gzip(request) else (one.tag, one.headers)
    if "If-None-Match" in request.headers and request.if_none_match.contains_weak(tag):
        left = [(name, text) for name, text in headers if name not in ("Content-Encoding", "Content-Length")]
        return Response(status=304, headers=left)
    body = one.body if headers is one.headers else gzip.decompress(one.body)
    return Response([body], headers=headers)  # in a list, or its length would be written into them
