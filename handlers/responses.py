"""Pages for people, JSON and RFC 9457 problem details for programs, and their headers."""

import base64
import gzip
import hashlib
import json
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from types import MappingProxyType
from urllib.parse import quote

from flask import Request, Response
from flask import request as current_request
from werkzeug.http import parse_accept_header

from handlers.languages import in_language_of, spoken_to
from handlers.logs import log_fault, log_unavailable
from rollcall.language import N_, Language, language, languages
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event, Look
from rollcall.model.links import TO_STAFF, LinkPurpose
from templates import render

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
PRIVATE = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # a page's address may hold a reference
}
"""Headers of every answer of every function."""
MAY_GO_BACK = {"Cache-Control": "private, no-cache"}
"""Of a page with a form: with `no-store`, Back loses what was typed, in Firefox always, in Chromium after a POST."""
OF_ONE_REGISTRATION = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
REGISTER, CONTRIBUTE, EVENTS = "register", "contribute", "events"
"""The first part of the path, of the functions that are for everybody."""
FIND = "find"
"""Where whoever lost the link to their registration asks for another: below the form's page."""
_PUBLIC = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_LOADS_NOTHING = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""Of an answer that is no page; making the policy of pages would delay the first answer by 5 ms."""
_SECURITY = {**PRIVATE, **_PUBLIC, "Content-Security-Policy": _LOADS_NOTHING}
_MOST_CONTACTS = 50  # of events; else whoever tries addresses would have thousands of files read
_LONGEST_ACCEPT = 2_000  # characters; a browser's has 150, and each type in it costs
GAP = "\0"
"""Stands in no page."""
_AS_GZIP, _WITHOUT_FRAME = zlib.MAX_WBITS | 16, -zlib.MAX_WBITS
_LEVEL = 6  # a third of a millisecond; 9 makes no page smaller
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Max-Age": "7200",  # seconds, the most that Chromium keeps
}


class HttpProblem(Exception):
    """Answered before it reaches the desk. `title` and `detail` are marked with `N_`."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        params: Mapping[str, object] = MappingProxyType({}),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.params = params
        """What `detail` names."""
        self.headers = headers

    def detail_in(self, spoken: Language) -> str:
        return spoken.gettext(self.detail, **self.params)


NO_SUCH_PAGE = HttpProblem(404, N_("Not found"), N_("There is no such page."))
NO_SUCH_EVENT = HttpProblem(404, N_("No such event"), N_("There is no event at this address. Please check the link."))
WENT_WRONG = HttpProblem(
    500,
    N_("Something went wrong"),
    N_("Something went wrong on our side. Please try again; if it happens again, please write to us."),
)
UNAVAILABLE = HttpProblem(
    503,
    N_("Please try again in a minute"),
    N_("Our database is unavailable. Please try again in a minute. Sending twice is safe."),
)


def allow(request: Request, *methods: str) -> None:
    if request.method not in methods:
        detail = N_("This address cannot be used in this way.")
        raise HttpProblem(405, N_("Not possible here"), detail, headers={"Allow": ", ".join(methods)})


def is_of_one_registration(request: Request) -> bool:
    return path_below(request)[1:2] in (
        [LinkPurpose.OWN],
        [LinkPurpose.ADDRESS],
        [LinkPurpose.AMEND],
        [LinkPurpose.CONTRIBUTION],
        [LinkPurpose.PAPERS],
        [FIND],
    )


def page(status: int, name: str, event: Event | None = None, **context: object) -> Response:
    """In the language of its event, else in that of whoever asks. `sends_to`, in `context`, is of a page whose script
    sends files: to that host, beside ours."""
    spoken = spoken_to(current_request, event)
    if event:
        context["other_languages"] = _in_other_languages(current_request, event, status)
        context.setdefault("posted", current_request.method == "POST")
        context["find"] = f"{form_address(current_request, event)}/{FIND}"
        has_pages = event.has_pages and _function(current_request)
        context["event_pages"] = address_below(EVENTS, current_request, event) if has_pages else ""
        if event.look.logo:
            context["logo"] = f"{own_address(current_request, event, '')}/{event.look.logo.name}"
    text = render(f"pages/{name}.html", spoken, event=event, **context)
    response = Response(text, status, content_type="text/html; charset=utf-8")
    sends_to = context.get("sends_to")
    response.headers["Content-Security-Policy"] = _page_policy(
        event, spoken, None if sends_to is None else str(sends_to)
    )
    return said_in(spoken, event, response)


def see_other(address: str) -> Response:
    """After a press: what is shown there may be loaded again (RFC 9110, 15.4.4)."""
    return Response(status=303, headers={"Location": address})


def as_file(name: str) -> dict[str, str]:
    """The header by which a browser stores it under this name, and does not show it."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def json_response(status: int, answer: Mapping[str, object], content_type: str = "application/json") -> Response:
    return Response(json.dumps(answer, default=_plain), status, content_type=content_type)


def problem(request: Request, error: HttpProblem, event: Event | None, **more: object) -> Response:
    """RFC 9457 problem details, in the language of the event, else in that of whoever asks."""
    spoken = spoken_to(request, event)
    title, detail = spoken.gettext(error.title), error.detail_in(spoken)
    details = {"type": "about:blank", "title": title, "status": error.status, "detail": detail, **more}
    response = json_response(error.status, details, "application/problem+json")
    response.headers.extend(error.headers)
    return said_in(spoken, event, response)


def said_in(spoken: Language, event: Event | None, response: Response) -> Response:
    response.content_language.add(spoken.code)
    if event is None or len(event.languages) > 1:
        response.vary.add("Accept-Language")
    return response


def _in_other_languages(request: Request, event: Event, status: int) -> list[tuple[Language, str]]:
    """Where the page is in the event's other languages; where the event is in each, if there is no such page."""
    below = path_below(request)[1:]
    if below[:1] and below[0] in TO_STAFF:
        return []
    if status == 404:
        return [(language(code), own_address(request, event, code)) for code in event.languages]
    others = [code for code in event.languages if code != event.language]
    return [(language(code), "/".join([own_address(request, event, code), *map(quote, below)])) for code in others]


def compress_page(request: Request, response: Response) -> None:
    """In gzip (RFC 9110, 12.5.3), unless it is already."""
    # whoever chooses part of a page's text learns something of the rest by its length (BREACH): no page of ours has a
    # secret that whoever asks for it does not have, in its address
    page = response.get_data() if response.mimetype == "text/html" and not response.content_encoding else b""
    if not page:
        return
    response.vary.add("Accept-Encoding")
    if takes_gzip(request):
        response.set_data(compressed(page))
        response.content_encoding = "gzip"


class KeptPage:
    """The same for everybody but for one text, in place of `GAP`: rendered and compressed once."""

    def __init__(self, page: Response) -> None:
        self._headers = [*page.headers]
        self._before, self._after = page.get_data().split(GAP.encode())
        begin, end = zlib.compressobj(_LEVEL, wbits=_AS_GZIP), zlib.compressobj(_LEVEL, wbits=_WITHOUT_FRAME)
        self._beginning = begin.compress(self._before) + begin.flush(zlib.Z_FULL_FLUSH)
        self._end = end.compress(self._after) + end.flush()

    def shown(self, request: Request, text: str) -> Response:
        given = text.encode()
        page, length = self._before + given + self._after, len(given)
        response = Response(page, headers=self._headers)
        if takes_gzip(request):
            # the text as it is: a block that is not compressed (RFC 1951, 3.2.4)
            block = struct.pack("<BHH", 0, length, length ^ 0xFFFF) + given
            checked = struct.pack("<II", zlib.crc32(page), len(page))
            response.set_data(b"".join((self._beginning, block, self._end, checked)))
            response.content_encoding = "gzip"
            response.vary.add("Accept-Encoding")
        return response


def takes_gzip(request: Request) -> bool:
    header = request.headers.get("Accept-Encoding", "")
    return len(header) <= _LONGEST_ACCEPT and _takes_gzip(header)


@lru_cache(maxsize=256)
def _takes_gzip(header: str) -> bool:
    return bool(parse_accept_header(header)["gzip"])


def compressed(text: bytes) -> bytes:
    return gzip.compress(text, _LEVEL, mtime=0)


def reads_json(request: Request) -> bool:
    """By `Accept` (RFC 9110, 12.5.1). Where that leaves it open, whoever sends a form reads pages, and others JSON; the
    `Accept` of whoever sends JSON says nothing, since programs have one with HTML by default (Java's)."""
    if request.mimetype == "application/json":
        return True
    ours = ["text/html", "application/json", "application/problem+json"]
    if request.mimetype not in FORM_TYPES:
        ours.reverse()
    if len(request.headers.get("Accept", "")) > _LONGEST_ACCEPT:
        return ours[0] != "text/html"
    return request.accept_mimetypes.best_match(ours, default=ours[0]) != "text/html"


def answered(request: Request, events: Mapping[str, Event], route: Callable[[], Response]) -> Response:
    """The answer of a function that is for everybody, with its headers, whatever goes wrong."""
    try:
        response = route()
    except HttpProblem as error:
        response = problem_or_page(request, error, events)
    except StoreUnavailable as error:
        response = unavailable(error, problem_or_page(request, UNAVAILABLE, events))
    except Exception as error:  # a stack trace, or a message that quotes what was typed, helps nobody
        log_fault(error)
        response = problem_or_page(request, WENT_WRONG, events)
    add_security_headers(response)
    compress_page(request, response)
    if is_of_one_registration(request):
        response.headers.update(OF_ONE_REGISTRATION)
    return response


def problem_or_page(request: Request, error: HttpProblem, events: Mapping[str, Event]) -> Response:
    """The page names the contact of the event at this address; of every event, where the address has none."""
    # no page sends another type or encoding than we read: only programs do
    is_for_program = error.status == 415 and "text/html" not in request.headers.get("Accept", "")
    event = event_at(request, events)
    if is_for_program or reads_json(request):
        return problem(request, error, event)
    response = message(request, error, event, events=() if event or len(events) > _MOST_CONTACTS else events.values())
    response.headers.extend(error.headers)
    return response


def message(request: Request, error: HttpProblem, event: Event | None, **context: object) -> Response:
    spoken = spoken_to(request, event)
    heading, sentences = spoken.gettext(error.title), [error.detail_in(spoken)]
    return page(error.status, "message", event, heading=heading, sentences=sentences, **context)


def unavailable(error: StoreUnavailable, response: Response) -> Response:
    """The 503, logged, with its `Retry-After`."""
    log_unavailable(error)
    response.headers["Retry-After"] = str(int(error.retry_after.total_seconds()))
    return response


def logo(event: Event) -> Response:
    """Its address changes with it."""
    file = event.look.logo
    if file is None:
        raise NO_SUCH_PAGE
    response = Response(file.content, content_type=file.type)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def add_security_headers(response: Response) -> None:
    there = {name.lower() for name, _ in response.headers}
    response.headers.extend([(name, value) for name, value in _SECURITY.items() if name.lower() not in there])


def add_cors_headers(request: Request, response: Response, event: Event) -> None:
    """Let a page of one of the event's `origins` read the answer, and answer its preflight (Fetch Standard, 3.3)."""
    if not event.origins:
        return
    response.vary.add("Origin")
    origin = request.headers.get("Origin")
    if origin not in event.origins:
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = "Retry-After"
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        response.headers.update(_PREFLIGHT)
        # whatever libraries add (htmx, Sentry, OpenTelemetry): none of it changes what we do
        asked = request.headers.get("Access-Control-Request-Headers")
        response.headers["Access-Control-Allow-Headers"] = asked or "content-type, idempotency-key"


def path_below(request: Request) -> list[str]:
    """The parts of the path below the function's name, or of all of it if the function is alone on a host, without that
    of the language."""
    parts = _parts_below(request)
    return parts[:1] + parts[2:] if _names_language(parts) else parts


def language_in_path(request: Request) -> str | None:
    parts = _parts_below(request)
    return parts[1] if _names_language(parts) else None


def _names_language(parts: list[str]) -> bool:
    return len(parts) > 1 and parts[1] in languages()


def _parts_below(request: Request) -> list[str]:
    parts = [part for part in request.path.split("/") if part]
    return parts[1:] if _function(request) else parts


def _function(request: Request) -> str:
    """Its name in the path; empty if the function is alone on a host."""
    first = request.path.lstrip("/").split("/")[0]
    return first if first in (REGISTER, CONTRIBUTE, EVENTS) else ""


def event_at(request: Request, events: Mapping[str, Event]) -> Event | None:
    """In the language of whoever asks."""
    event = events.get("".join(path_below(request)[:1]))
    return in_language_of(request, event, language_in_path(request)) if event else None


def form_address(request: Request, event: Event, code: str | None = None) -> str:
    """Its path, as the browser knows it, in this language, else in that which the page's own address names."""
    return address_below(REGISTER, request, event, code)


def own_address(request: Request, event: Event, code: str | None = None) -> str:
    """As `form_address`, of the event below the function that answers."""
    return address_below(_function(request), request, event, code)


def address_below(function: str, request: Request, event: Event, code: str | None = None) -> str:
    """As `form_address`, below one of the functions that stand beside each other; if the one that answers is alone on a
    host, there. `code` is empty for the address that names no language."""
    code = language_in_path(request) if code is None else code
    prefix = f"/{function}" if _function(request) else ""
    in_language = f"/{code}" if code in event.languages else ""
    return f"{request.script_root}{prefix}/{quote(event.slug)}{in_language}"


@cache
def _page_policy(event: Event | None, spoken: Language, sends_to: str | None) -> str:
    """CSP Level 3: pages load nothing but the event's logo (their icon stands in them), run only our own style and
    script, known by their hashes, and send their form only to where it came from."""
    look = event.look if event else Look()
    style, script = [render("pages/page.css")], [render("pages/page.js", spoken)]
    if event and event.asks_only_some:
        script.append(render("pages/conditions.js"))
    if look.colour:
        style.append(render("pages/colour.css", colour=look.colour))
    if sends_to is not None:
        script.append(render("pages/contribute/uploads.js", spoken))
    said = policy(style, script, images="'self' data:" if look.logo else "data:")
    return said if sends_to is None else f"{said}; connect-src 'self' {sends_to}".rstrip()


def policy(style: Sequence[str], script: Sequence[str], images: str) -> str:
    """Of a page that runs these styles and scripts alone, known by their hashes."""
    scripts = " ".join(map(_hash, script)) or "'none'"
    return (
        f"default-src 'none'; style-src {' '.join(map(_hash, style))}; script-src {scripts}; "
        f"img-src {images}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
