"""The pieces of an upload, where they come through us: answered as Cloud Storage does, with which the page's script
speaks otherwise (Cloud Storage, "Perform resumable uploads")."""

import re
from collections.abc import Iterator

from flask import Request, Response

from handlers.logs import log_unavailable
from handlers.request_body import body_in_pieces, discard_rest
from rollcall.desk.desk import Desk
from rollcall.model.errors import StoreUnavailable

_NAME = re.compile(r"([0-9A-Z]{1,64})\.([0-9]{1,12})")
_RANGE = re.compile(r"bytes (?:([0-9]{1,12})-([0-9]{1,12})|\*)/([0-9]{1,12})")


def put_piece(desk: Desk, request: Request, name: str) -> Response:
    """`name`: the end of the address that `Uploads.begin` gave. 200 it is whole; 308 more is to come, behind what
    `Range` says; 400 the headers do not fit each other; 404 no such upload; 413 more than was said."""
    if request.method != "PUT":
        return _answer(request, 405, Allow="PUT")
    named, ranged = _NAME.fullmatch(name), _RANGE.fullmatch(request.headers.get("Content-Range", ""))
    if not named:
        return _answer(request, 404)
    if not ranged:
        return _answer(request, 400)
    size, total, length = int(named[2]), int(ranged[3]), request.content_length or 0
    first, after = (int(ranged[1]), int(ranged[2]) + 1) if ranged[1] else (0, 0)
    if total > size or after > size:
        return _answer(request, 413)
    if total < size or length != after - first or (ranged[1] and first >= after):
        return _answer(request, 400)
    try:
        came = desk.uploads().put_piece(named[1], size, first, _received(request, length))
    except StoreUnavailable as error:
        log_unavailable(error)
        return _answer(request, 503, **{"Retry-After": str(int(error.retry_after.total_seconds()))})
    if came is None:
        return _answer(request, 404)
    if came == size:
        return _answer(request, 200)
    return _answer(request, 308, **({"Range": f"bytes=0-{came - 1}"} if came else {}))


def _received(request: Request, length: int) -> Iterator[bytes]:
    """Up to where the connection broke, or became too slow: what came is kept."""
    try:
        yield from body_in_pieces(request, length)
    except Exception:  # each server has errors of its own for who hung up
        return


def _answer(request: Request, status: int, **headers: str) -> Response:
    discard_rest(request)
    return Response(status=status, headers=headers)
