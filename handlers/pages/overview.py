"""The events; of one, what, when, where and how; and how to get there."""

import json
from datetime import datetime
from urllib.parse import urljoin

from flask import Request, Response
from markupsafe import Markup

from handlers import responses
from handlers.languages import in_language_of, spoken_to
from handlers.pages.feeds import newest
from handlers.pages.kept import FOR_ALL, answer, kept
from handlers.pages.public import Public
from handlers.pages.visit import OVERVIEW, TRAVEL, Visit
from handlers.responses import form_address, own_address
from rollcall.model.event import Event
from templates import map_of

_SHOWN = 5
"""Of what is new."""


def events(public: Public, request: Request) -> Response:
    """Those with pages, the last first."""
    having = [in_language_of(request, event, None) for event in public.events.values() if event.has_pages]
    having.sort(key=lambda event: event.day_of(event.starts), reverse=True)
    key = (request.path, spoken_to(request, None), tuple(event.language for event in having))

    def made() -> Response:
        rows = [(event, own_address(request, event)) for event in having]
        return responses.page(200, "site/events", rows=rows)

    return answer(request, public.kept.get(key, lambda: kept(made(), FOR_ALL)))


def overview(visit: Visit, status: int = 200) -> Response:
    """`status`: 503 where nothing beyond the event's file is known."""
    return visit.page(
        status,
        OVERVIEW,
        "overview",
        form=form_address(visit.request, visit.event),
        subscribe=_for_calendars(visit),
        json_ld=json_ld(visit),
        newest=newest(visit)[:_SHOWN],
        incomplete=status != 200,
    )


def travel(visit: Visit) -> Response:
    venue = visit.event.venue
    return visit.page(200, TRAVEL, "travel", map=map_of(venue) if venue else "")


def _for_calendars(visit: Visit) -> str:
    """Programs subscribe to what they open by this scheme."""
    return "webcal:" + visit.address("calendar.ics").partition(":")[2]


def json_ld(visit: Visit) -> Markup:
    """As https://developers.google.com/search/docs/appearance/structured-data/event asks for it."""
    event = visit.event
    mode = "Mixed" if event.venue and event.online else "Offline" if event.venue else "Online"
    said = {
        "@context": "https://schema.org",
        "@type": "Event",
        "name": event.title,
        "startDate": _instant(event, event.starts),
        "endDate": _instant(event, event.ends),
        "eventStatus": "https://schema.org/EventScheduled",
        "eventAttendanceMode": f"https://schema.org/{mode}EventAttendanceMode",
        "location": [
            *_places(event),
            *([{"@type": "VirtualLocation", "url": visit.address()}] if event.online else []),
        ],
        "organizer": {"@type": "Organization", "name": event.organizer, "email": event.contact.email},
        "inLanguage": list(event.languages),
        "url": visit.address(),
    }
    if event.look.logo:
        said["image"] = urljoin(visit.root, f"{own_address(visit.request, event, '')}/{event.look.logo.name}")
    return Markup(json.dumps(said, ensure_ascii=False).replace("<", "\\u003c"))  # none of it ends the element


def _instant(event: Event, when: object) -> str:
    return when.astimezone(event.zone).isoformat() if isinstance(when, datetime) else str(when)


def _places(event: Event) -> list[dict[str, object]]:
    venue = event.venue
    if venue is None:
        return []
    address = {
        "@type": "PostalAddress",
        "streetAddress": ", ".join(venue.address),
        "addressCountry": venue.country,
    }
    return [{"@type": "Place", "name": venue.inside, "address": address}]
