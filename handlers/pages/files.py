"""Published files, to be stored: no browser shows one among our pages."""

from itertools import chain
from urllib.parse import quote

from flask import Request, Response

from handlers.pages.kept import FOR_ALL
from handlers.pages.public import RecentSites
from handlers.responses import NO_SUCH_PAGE
from rollcall.model.event import Event
from rollcall.model.programme import PublishedFile, Site

_JUST_NOW = 1.0
"""Seconds."""


def file(sites: RecentSites, request: Request, event: Event, name: str) -> Response:
    """In pieces; none but what the snapshot names."""
    # another instance may show a page that is newer than what this one knows
    found = _named(sites.recent(event).site, name) or _named(sites.recent(event, _JUST_NOW).site, name)
    if found is None:
        raise NO_SUCH_PAGE
    headers = {
        "Content-Type": found.type,
        "Content-Disposition": stored_as(found.shown),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": FOR_ALL,
        "ETag": f'"{found.name}"',
        "X-Robots-Tag": "noindex",
    }
    if request.if_none_match.contains_weak(found.name):
        return Response(status=304, headers=headers)
    if request.method == "HEAD":
        return Response(status=200, headers=headers)
    pieces = sites.published().file(found.name)
    if pieces is None:
        raise NO_SUCH_PAGE
    first = next(pieces, b"")  # while there is still another answer
    # without its length: Cloud Run passes on more than 32 MiB only in chunks
    return Response(chain([first], pieces), headers=headers)


def stored_as(name: str) -> str:
    """`Content-Disposition` (RFC 6266, Appendix D)."""
    plain = "".join(one if one.isascii() and (one.isalnum() or one in " ._-()") else "_" for one in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _named(site: Site | None, name: str) -> PublishedFile | None:
    return next((file for file in site.files if file.name == name), None) if site else None
