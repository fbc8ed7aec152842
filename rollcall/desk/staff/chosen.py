"""To whom the staff write: to all, or to those that a page of registrations shows."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

from rollcall.desk.desk import Desk
from rollcall.desk.staff.search import Delivery, Sought, Standing, all_found, is_found
from rollcall.model.event import Event
from rollcall.model.registration import Registered

ANSWER = "is-"
"""Before the name of a field of the form."""
_LONGEST_TEXT = 200
_Code = TypeVar("_Code", bound=StrEnum)


def sought_from(event: Event, given: Mapping[str, str]) -> Sought:
    """From the query of a page of registrations. What is no filter, or no code of a choice, is passed over."""
    return Sought(
        text=given.get("q", "").strip()[:_LONGEST_TEXT].strip(),
        chosen=tuple(_chosen(event, given)),
        language=given.get("language", "") if given.get("language") in event.languages else "",
        standing=_one_of(Standing, given.get("standing")),
        delivery=_one_of(Delivery, given.get("delivery")),
        day=day_from(given.get("day", "")),
    )


def parsed(query: str) -> dict[str, str]:
    return dict(parse_qsl(query))


def query_of(sought: Sought) -> str:
    return urlencode(filters_of(sought))


def filters_of(sought: Sought) -> list[tuple[str, str]]:
    """Names and values of the query, without those that ask for nothing."""
    said = [
        ("q", sought.text),
        ("standing", sought.standing or ""),
        ("delivery", sought.delivery or ""),
        ("language", sought.language),
        ("day", sought.day.isoformat() if sought.day else ""),
        *((f"{ANSWER}{name}", code) for name, code in sought.chosen),
    ]
    return [(name, text) for name, text in said if text]


def chosen_by(desk: Desk, event: Event, query: str) -> Callable[[Registered], bool]:
    """Raises `ValueError` where a filter means nothing any more, since without it everybody would be written to."""
    sought, intake = sought_from(event, parsed(query)), desk.intakes.fresh(event)
    if not still_means(event, query):
        raise ValueError("what the announcement's people are chosen by has changed in the event's file")
    return lambda one: is_found(desk.store, event, intake, sought, one)


def still_means(event: Event, query: str) -> bool:
    """What it meant when the announcement was written."""
    return query_of(sought_from(event, parsed(query))) == query


def count(desk: Desk, event: Event, query: str) -> int:
    sought = sought_from(event, parsed(query))
    if sought == Sought():
        return sum(not one.is_withdrawn for one in desk.store.outlines(event.slug, ()))
    return sum(not row.registered.is_withdrawn for row in all_found(desk, event, sought))


def _chosen(event: Event, given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for field in event.fields:
        code = given.get(f"{ANSWER}{field.name}", "")
        if code in [choice.code for choice in field.choices]:
            yield field.name, code


def _one_of(kind: type[_Code], code: str | None) -> _Code | None:
    return kind(code) if code in [one.value for one in kind] else None


def day_from(text: str) -> date | None:
    """None too for the first and the last year that there are: what lies beside their days is no day."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if date.min.year < day.year < date.max.year else None
