"""What one page is made for: an event in a language, what is published of it, and what is over by now."""

import zlib
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TypeVar
from urllib.parse import urljoin

from flask import Request, Response

from handlers import responses
from handlers.pages.public import Public, Snapshot, as_of_file
from handlers.request_body import number_in
from handlers.responses import CONTRIBUTE, NO_SUCH_PAGE, address_below, own_address, path_below
from rollcall.language import N_, language
from rollcall.model.event import Event
from rollcall.model.programme import Site
from templates import render

OVERVIEW = ""
AGENDA, DOCUMENTS, CONTRIBUTIONS = "agenda", "documents", "contributions"
PARTICIPANTS, TRAVEL = "participants", "travel"
FEED, CALENDAR, LIST = "feed.atom", "calendar.ics", "participants.pdf"
HEADINGS = {
    OVERVIEW: N_("Overview"),
    AGENDA: N_("Agenda"),
    DOCUMENTS: N_("Documents"),
    CONTRIBUTIONS: N_("Contributions"),
    PARTICIPANTS: N_("Participants"),
    TRAVEL: N_("Venue and hotels"),
}
_ROOM = 10_000
"""Bytes of a page's rows, compressed; the rest of its 14,000 is for what is around them."""
_BESIDE = 40
"""Bytes, beside a row's text."""
Row = TypeVar("Row")


@dataclass(frozen=True)
class Visit:
    public: Public
    request: Request
    event: Event
    snapshot: Snapshot
    now: datetime

    @cached_property
    def site(self) -> Site:
        return self.snapshot.site or as_of_file(self.event)

    @property
    def not_yet_open(self) -> bool:
        return self.now < self.event.opens_at

    @property
    def closed(self) -> bool:
        return self.now > self.site.closes_at

    @property
    def contributions_close_at(self) -> datetime | None:
        """None: none are asked for."""
        call = self.event.contributions
        return (self.site.contributions_close_at or call.closes_at) if call else None

    @property
    def contributions_late(self) -> bool:
        at = self.contributions_close_at
        return at is not None and self.now > at

    @property
    def over(self) -> bool:
        return self.event.is_over(self.now)

    @cached_property
    def here(self) -> str:
        """The path of the event's pages."""
        return own_address(self.request, self.event)

    @property
    def contribute(self) -> str:
        return address_below(CONTRIBUTE, self.request, self.event)

    @property
    def root(self) -> str:
        """As `https://www.example.org/`."""
        return self.public.address or self.request.host_url

    def address(self, *below: str) -> str:
        """As others know it."""
        return urljoin(self.root, "/".join((self.here, *below)))

    def absolute(self, path: str) -> str:
        return urljoin(self.root, path)

    @property
    def _number(self) -> str | None:
        return self.request.args.get("page") if self.request.query_string else None

    @property
    def key(self) -> Hashable:
        """The same for visits that are answered the same."""
        phases = (self.not_yet_open, self.closed, self.contributions_late, self.over)
        asked = (self.request.script_root, self.request.path, self._number, self.root)
        return asked, self.event.language, self.snapshot.version, phases

    def has(self, name: str) -> bool:
        match name:
            case "contributions":
                return bool(self.event.contributions or self.site.contributions)
            case "participants":
                return self.site.participants is not None
            case "travel":
                return bool(self.event.venue or self.event.hotels)
            case _:
                return True

    def _heading(self, name: str) -> str:
        if name == TRAVEL and not self.event.hotels:
            return N_("Venue")
        return N_("Hotels") if name == TRAVEL and not self.event.venue else HEADINGS[name]

    def page(self, status: int, name: str, template: str, **context: object) -> Response:
        """`name`: of the page to which it belongs."""
        if not self.has(name):
            raise NO_SUCH_PAGE
        event, spoken = self.event, language(self.event.language)
        pages = [
            (one, spoken.gettext(self._heading(one)), f"{self.here}/{one}" if one else self.here)
            for one in HEADINGS
            if self.has(one)
        ]
        response = responses.page(
            status,
            f"site/{template}",
            event=event,
            visit=self,
            pages=pages,
            of=name,
            heading=spoken.gettext(self._heading(name)),
            links=self._links(),
            **context,
        )
        response.headers["Content-Security-Policy"] = _policy(event)
        return self.said(response)

    def said(self, response: Response) -> Response:
        """In the event's language; an address that names one is answered in no other."""
        responses.said_in(language(self.event.language), self.event, response)
        if responses.language_in_path(self.request):
            response.vary.discard("Accept-Language")
        return response

    def _links(self) -> list[tuple[str, str, str]]:
        below = path_below(self.request)[1:]
        query = f"?page={self._number}" if self._number and self._number.isdecimal() else ""

        def there(code: str | None) -> str:
            return urljoin(self.root, "/".join((own_address(self.request, self.event, code), *below))) + query

        links = [("canonical", "", there(None))]
        if len(self.event.languages) > 1:
            links += [("alternate", code, there(code)) for code in self.event.languages]
            links.append(("alternate", "x-default", there("")))
        return links

    def part(
        self, rows: Sequence[Row], text: Callable[[Row], str]
    ) -> tuple[Sequence[Row], int, Sequence[Sequence[Row]]]:
        """The rows of the page that is asked for, its number, and those of all pages: each has as many as keep it below
        14 kB as it travels. `text`: what is written of a row."""
        parts = _parts(rows, text)
        number = number_in(self._number or "1", 3)
        if number is None or not 1 <= number <= len(parts):
            raise NO_SUCH_PAGE
        return parts[number - 1], number, parts


def _parts(rows: Sequence[Row], text: Callable[[Row], str]) -> Sequence[Sequence[Row]]:
    # compressed each by itself, a row has more bytes than among others: no page becomes larger than reckoned
    parts: list[list[Row]] = [[]]
    room = _ROOM
    for row in rows:
        weight = len(zlib.compress(text(row).encode())) + _BESIDE
        if weight > room and parts[-1]:
            parts.append([])
            room = _ROOM
        parts[-1].append(row)
        room -= weight
    return parts


def _policy(event: Event) -> str:
    """They run nothing at all: what is in JSON-LD is no script (HTML Standard, 4.12.1, "data block")."""
    look = event.look
    style = [render("pages/page.css"), render("pages/site/site.css")]
    if look.colour:
        style.append(render("pages/colour.css", colour=look.colour))
    return responses.policy(style, [], images="'self' data:" if look.logo else "data:")
