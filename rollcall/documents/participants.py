"""The list of participants, in the manner of such meetings: by category, then country, heads of delegation first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from rollcall.documents.typefaces import typeset
from rollcall.language import N_, language
from rollcall.model.event import Event
from rollcall.model.programme import Participant
from schemas.kinds import countries
from templates import days, in_zone, place
from templates.lines import isolated

HEADING, HEAD = N_("List of participants"), N_("Head of delegation")
_PAGES = Path(__file__).with_suffix(".typ")


@dataclass(frozen=True)
class Row:
    category: str
    country: str
    """Their names; empty where the form does not ask."""
    one: Participant


def in_order(event: Event, participants: Iterable[Participant]) -> Sequence[Row]:
    """Countries in the order of the event's language; people as they are given, but for heads of delegation."""
    categories = {choice.code: (place, choice.label) for place, choice in enumerate(event.categories)}
    known = {choice.code: (place, choice.label) for place, choice in enumerate(countries(language(event.language)))}
    last = len(categories), ""
    without = len(known), ""

    def rank(one: Participant) -> tuple[int, int, bool]:
        return categories.get(one.category, last)[0], known.get(one.country, without)[0], not one.head

    return [
        Row(categories.get(one.category, last)[1], known.get(one.country, without)[1], one)
        for one in sorted(participants, key=rank)
    ]


def grouped(rows: Iterable[Row]) -> Sequence[tuple[str, Sequence[tuple[str, Sequence[Participant]]]]]:
    return [
        (
            category,
            [
                (country, [row.one for row in people])
                for country, people in groupby(of_category, key=lambda row: row.country)
            ],
        )
        for category, of_category in groupby(rows, key=lambda row: row.category)
    ]


def participants_pdf(event: Event, participants: Iterable[Participant], at: datetime) -> bytes:
    spoken, rows = language(event.language), in_order(event, participants)
    title, head = spoken.gettext(HEADING), spoken.gettext(HEAD)
    about = {
        "title": title,
        "organizer": event.organizer,
        "event": event.title,
        "where": " · ".join((days(event), ", ".join(isolated(spoken, line) for line in place(event)))),
        "at": spoken.gettext("As of %(at)s", at=in_zone(at, event)),
        "count": spoken.ngettext("%(count)s participant", "%(count)s participants", len(rows)),
        "categories": [
            (
                category,
                [
                    (country, [(one.name, head if one.head else "", one.organization) for one in people])
                    for country, people in countries_of
                ],
            )
            for category, countries_of in grouped(rows)
        ],
    }
    return typeset(_PAGES, spoken, title, about)
