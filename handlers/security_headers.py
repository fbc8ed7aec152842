"""Headers that keep an answer to itself, and say which pages elsewhere may read it."""

import base64
import hashlib
from functools import cache

from flask import Request, Response

from rollcall.model.event import Event
from templates import render

ALWAYS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # a page's address may hold a reference
}
"""On every answer of every function."""

_ON_PAGES = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_LOADS_NOTHING = "default-src 'none'; frame-ancestors 'none'"
"""The policy of what is no page; making that of pages would cost whoever waits for the first answer 5 ms."""
_READ_ELSEWHERE = "Retry-After"
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "content-type, idempotency-key",
    "Access-Control-Max-Age": "7200",  # seconds, the most that Chromium keeps
}


def guard(response: Response) -> None:
    """Put on the headers of a public function's answer: a page of ours, or JSON."""
    response.headers.update(ALWAYS)
    response.headers.update(_ON_PAGES)
    is_page = response.mimetype == "text/html"
    response.headers["Content-Security-Policy"] = page_policy() if is_page else _LOADS_NOTHING


@cache
def page_policy() -> str:
    """The Content Security Policy (CSP Level 3) of our pages: our own style and script, known by their hashes, and a
    form that is sent to where it came from; nothing is loaded, and nothing that somebody slipped in is run."""
    style, script = _hash(render("pages/page.css")), _hash(render("pages/page.js"))
    return (
        f"default-src 'none'; style-src {style}; script-src {script}; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def share(request: Request, response: Response, event: Event) -> None:
    """Let a page of one of the event's `origins` read the answer (CORS, Fetch Standard 3.3). A preflight is answered
    for it too; pages elsewhere get no such header, and their browser keeps the answer from them."""
    if not event.origins:
        return
    response.vary.add("Origin")
    origin = request.headers.get("Origin")
    if origin not in event.origins:
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = _READ_ELSEWHERE
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        response.headers.update(_PREFLIGHT)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
