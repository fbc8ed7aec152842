"""Answers kept in the process, each as it is sent, with its strong validator (RFC 9110, 8.8)."""

import gzip
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock

from flask import Request, Response

from handlers.responses import compressed, takes_gzip

MOST = 8_000_000
"""Bytes, of one process."""
FOR_ALL = "public, max-age=30"
ASKS_FIRST = "no-cache"
"""Whoever has it asks whether it still stands, each time."""


@dataclass(frozen=True)
class Kept:
    body: bytes
    is_compressed: bool
    tag: str
    headers: tuple[tuple[str, str], ...]


def kept(response: Response) -> Kept:
    """As text, compressed; of a program's file the bytes."""
    body = response.get_data()
    is_text = response.mimetype != "application/pdf"
    if is_text:
        response.vary.add("Accept-Encoding")
    headers = tuple((name, value) for name, value in response.headers if name != "Content-Length")
    tag = sha256(repr(headers).encode() + body).hexdigest()[:20]
    return Kept(compressed(body) if is_text else body, is_text, tag, headers)


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


def answer(request: Request, one: Kept, cache_control: str, status: int = 200) -> Response:
    """304 to whoever has it."""
    as_kept = not one.is_compressed or takes_gzip(request)
    tag = f"{one.tag}-gzip" if one.is_compressed and as_kept else one.tag
    headers = [*one.headers, ("Cache-Control", cache_control)]
    if status == 200:
        headers.append(("ETag", f'"{tag}"'))
        if request.if_none_match.contains_weak(tag):
            return Response(status=304, headers=headers)
    if one.is_compressed and as_kept:
        headers.append(("Content-Encoding", "gzip"))
    return Response(one.body if as_kept else gzip.decompress(one.body), status, headers)
