"""What all pages of the staff's desk have in common, and those that are about no group of things."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import Request, Response

from handlers import responses
from handlers.languages import spoken_to
from handlers.responses import MAY_GO_BACK, HttpProblem, see_other
from handlers.staff.visit import BUTTON, Visit, events_of, root
from rollcall.desk.desk import Desk
from rollcall.language import N_, Language, language
from rollcall.model.email import Email
from rollcall.model.event import Event
from templates import render


@dataclass(frozen=True)
class Nav:
    """What the frame of each page of an event shows."""

    sections: Sequence[tuple[str, str, bool]]
    """Address, name, and whether the page belongs to it."""
    event_address: str
    all_events: str | None
    """Where they choose another event; None where there is one alone."""
    address: str
    """Of the one of the staff."""
    may_edit: bool


@dataclass(frozen=True)
class EventsPage:
    events: Sequence[tuple[Event, str]]
    """Each with the address of its desk."""
    held: str
    """Address of the page that looks an e-mail address up in all of them."""


@dataclass(frozen=True)
class MessagePage:
    heading: str
    detail: str
    back: str | None
    """None where no page here is theirs."""


_SECTIONS = (
    ("", N_("Overview")),
    ("registrations", N_("Registrations")),
    ("add", N_("Add a person")),
    ("review", N_("Review queue")),
    ("contributions", N_("Contributions")),
    ("programme", N_("Programme")),
    ("hotels", N_("Hotels")),
    ("rosters", N_("Rosters")),
    ("write", N_("Write to people")),
    ("deadline", N_("Deadline")),
    ("log", N_("Log")),
)


def staff_page(visit: Visit, name: str, context: object, status: int = 200, *, presses: bool = True) -> Response:
    """`templates/pages/staff/<name>.html`; `context` is the dataclass that the template knows as `page`. `button` is
    what each of its forms carries; None where they may only look or nothing is pressed: then no store is asked."""
    frame = _frame(visit, visit.spoken, presses=presses)
    text = render(f"pages/staff/{name}.html", visit.spoken, event=visit.event, page=context, **frame)
    return _html(text, status, visit.event, visit.spoken)


def framed(visit: Visit, status: int, name: str, event: Event, **context: Any) -> Response:
    """As `responses.page`: a page that registrants have too, in the staff's frame. `event`: as it asks the staff."""
    spoken = language(event.language)
    context |= {"layout": "pages/staff/event.html", "other_languages": (), "posted": True, **_frame(visit, spoken)}
    return _html(render(f"pages/{name}.html", spoken, event=event, **context), status, event, spoken)


def _frame(visit: Visit, spoken: Language, *, presses: bool = True) -> dict[str, Any]:
    button = visit.button() if visit.may_edit and presses else None
    return {"nav": _nav(visit, spoken), "button": button, "button_name": BUTTON}


def email_page(email: Email) -> Response:
    """As a mail program shows it: it runs nothing, and loads nothing."""
    response = Response(email.html, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
    )
    return response


def message(request: Request, visit: Visit | None, error: HttpProblem) -> Response:
    spoken = spoken_to(request, visit.event if visit else None)
    back = None if visit is None and error.status == 403 else f"{root(request)}/"
    context = MessagePage(spoken.gettext(error.title), error.detail_in(spoken), back)
    if visit:
        response = staff_page(visit, "message", context, error.status, presses=False)
    else:
        response = _html(render("pages/staff/alone.html", spoken, page=context), error.status, None, spoken)
    response.headers.extend(error.headers)
    return response


def events(desk: Desk, request: Request, address: str) -> Response:
    """Of those that name this address; straight to its desk where that is one."""
    found = events_of(desk, address)
    rows = [(event, f"{root(request)}/{event.slug}") for event in found]
    if len(rows) == 1:
        return see_other(rows[0][1])
    spoken = spoken_to(request, None)
    page = EventsPage(rows, f"{root(request)}/held")
    return _html(render("pages/staff/events.html", spoken, page=page), 200, None, spoken)


def alone(status: int, name: str, event: Event, context: object) -> Response:
    """As `staff_page`, in no event's frame; in the language of this one."""
    spoken = language(event.language)
    text = render(f"pages/staff/{name}.html", spoken, page=context)
    return _html(text, status, None, spoken)


def _nav(visit: Visit, spoken: Language) -> Nav:
    here = visit.request.path.rstrip("/")
    sections = []
    left_out = {"contributions": visit.event.contributions is None, "programme": not visit.event.has_pages}
    for path, name in _SECTIONS:
        if left_out.get(path):
            continue
        address = visit.address(*filter(None, [path]))
        belongs = here == address or (bool(path) and here.startswith(f"{address}/"))
        sections.append((address, spoken.gettext(name), belongs))
    several = len(events_of(visit.desk, visit.member.address)) > 1
    return Nav(
        sections, visit.address(), f"{root(visit.request)}/" if several else None, visit.member.address, visit.may_edit
    )


def _html(text: str, status: int, event: Event | None, spoken: Language) -> Response:
    response = Response(text, status, content_type="text/html; charset=utf-8")
    response.content_language.add(spoken.code)
    response.headers["Content-Security-Policy"] = _policy(event, spoken)
    response.headers.update(MAY_GO_BACK)
    return response


@cache
def _policy(event: Event | None, spoken: Language) -> str:
    """As `responses` has it, with the staff's own style and pictures from here."""
    style = [render("pages/page.css"), render("pages/staff/staff.css")]
    script = [render("pages/page.js", spoken)]
    if event and event.asks_only_some:
        script.append(render("pages/conditions.js"))
    return responses.policy(style, script, images="'self' data:")
