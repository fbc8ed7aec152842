"""Hotels: who stays where, and what each hotel is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from heapq import nsmallest
from itertools import islice
from typing import assert_never

from flask import Response
from marshmallow import ValidationError

from handlers.logs import log
from handlers.request_body import number_in
from handlers.responses import NO_SUCH_PAGE, HttpProblem, allow, as_file, see_other
from handlers.staff.deliveries import Delivery, delivery_of
from handlers.staff.pages import staff_page
from handlers.staff.visit import Visit
from rollcall.desk.amend import was_pressed
from rollcall.desk.roster import as_listed, erased_from
from rollcall.desk.staff.hotels import (
    ListSent,
    NobodyThere,
    SentMeanwhile,
    Stays,
    changes_since_version,
    guests,
    hotels,
    last_sent,
    one_hotel,
    send_list,
    version_numbered,
)
from rollcall.documents.rooming_list import (
    ROOMING_LIST_TYPES,
    change_rows,
    columns_of,
    rooming_list,
    rooming_list_name,
    with_changes,
)
from rollcall.language import N_
from rollcall.model.event import Event
from rollcall.model.finding import name_in_order
from rollcall.model.hotels import RoomingLists, listed_hotel
from rollcall.model.intake import Intake, RosterVersion
from rollcall.model.personal_data import Opened
from schemas.faults import sentences
from schemas.form import faults_of, read_address

MOST_SHOWN = 500
"""Guests; and changes."""
_MOST_SENT = 20
_SENT = "sent"
_SENT_MEANWHILE = HttpProblem(
    409,
    N_("This list was sent a moment ago"),
    N_("Somebody pressed the button before you. Look at the hotel's page before you send it once more."),
)


@dataclass(frozen=True)
class Day:
    day: date
    arrivals: int
    departures: int


@dataclass(frozen=True)
class HotelRow:
    address: str
    name: str
    people: int
    nights: int


@dataclass(frozen=True)
class HotelsPage:
    hotels: Sequence[HotelRow]
    not_said: int
    others: int
    """In hotels that have no row."""
    nights_asked: bool
    days: Sequence[Day]
    is_asked: bool


@dataclass(frozen=True)
class GuestRow:
    address: str
    reference: str
    cells: Sequence[str]


@dataclass(frozen=True)
class VersionRow:
    version: RosterVersion
    files: Sequence[tuple[str, str]]
    erased: int
    """Of those on it."""


@dataclass(frozen=True)
class HotelPage:
    name: str
    address: str
    all_hotels: str
    columns: Sequence[str]
    guests: Sequence[GuestRow]
    count: int
    nights: int
    nights_asked: bool
    days: Sequence[Day]
    files: Sequence[tuple[str, str]]
    since: int | None
    """The last version that the hotel was sent, if any."""
    changes: Sequence[tuple[str, str]]
    more_changes: bool
    versions: Sequence[VersionRow]
    sent: Sequence[Delivery]
    to: str
    error: str
    checked: bool
    """Whether the address was read, and the button sends."""
    seen: int
    was_sent: bool


def hotels_page(visit: Visit) -> Response:
    allow(visit.request, "GET", "HEAD")
    store, event = visit.desk.store, visit.event
    found = hotels(store, event, store.intake(event))
    rows = [
        HotelRow(visit.address("hotels", one.id), one.name, one.stays.people, one.stays.nights) for one in found.hotels
    ]
    page = HotelsPage(
        hotels=rows,
        not_said=found.not_said,
        others=found.others,
        nights_asked=_asks_nights(event),
        days=_days(found.all),
        is_asked=event.field("hotel") is not None,
    )
    return staff_page(visit, "hotels", page)


def hotel_page(visit: Visit, hotel: str) -> Response:
    """A first POST checks the address, a second one sends."""
    allow(visit.request, "GET", "HEAD", "POST")
    store, event = visit.desk.store, visit.event
    intake, lists = store.intake(event), store.rooming_lists(event.slug, hotel)
    if not visit.is_post:
        listed = listed_hotel(event, hotel)
        usual = (listed.email if listed else None) or _last_address(visit, lists)
        return _shown(visit, intake, lists, usual or "", was_sent=_SENT in visit.request.args)
    form, press = visit.posted()
    typed = form.get("email", "")
    try:
        to = read_address(event, typed)
    except ValidationError as error:
        said = " ".join(" ".join(each) for each in sentences(event, faults_of(error)).values())
        return _shown(visit, intake, lists, typed, error=said)
    if "send" not in form:
        return _shown(visit, intake, lists, to, checked=True)
    seen = number_in(form.get("seen", ""), 8)
    outcome = send_list(store, event, hotel, to, -1 if seen is None else seen, press)
    match outcome:
        case ListSent():
            log("INFO", "rooming list enqueued", event=event.slug, email_id=outcome.entry.id)
        case SentMeanwhile() if was_pressed(visit.desk, event, press):
            pass
        case SentMeanwhile():
            raise _SENT_MEANWHILE
        case NobodyThere():
            raise NO_SUCH_PAGE
        case _:
            assert_never(outcome)
    return see_other(visit.address("hotels", hotel, **{_SENT: "1"}))


def rooming_list_file(visit: Visit, hotel: str, ending: str) -> Response:
    """Of a version, or as it now stands."""
    allow(visit.request, "GET", "HEAD")
    store, event = visit.desk.store, visit.event
    lists, number = store.rooming_lists(event.slug, hotel), visit.request.args.get("version", "0")
    if number == "0":
        intake = store.intake(event)
        there = one_hotel(store, event, intake, lists)
        if not there.name:
            raise NO_SUCH_PAGE
        said = rooming_list(event, there.name, 0, intake.as_of, guests(store, event, there))
    else:
        version = version_numbered(lists, number_in(number, 5) or 0)
        if version is None:
            raise NO_SUCH_PAGE
        of_version = as_listed(store, event.slug, version)
        erased = erased_from(store, event.slug)[version.name]
        said = rooming_list(event, lists.name, version.number, version.drawn_at, of_version, erased)
    visit.opened(Opened.ROOMING_LIST, about=f"{hotel} {said.number}{ending}")
    kind, made = ROOMING_LIST_TYPES[ending]
    headers = as_file(rooming_list_name(event, said, ending))
    log("INFO", "rooming list downloaded", event=event.slug, ending=ending)
    return Response(made(event, said), mimetype=kind, headers=headers)


def _shown(
    visit: Visit,
    intake: Intake,
    lists: RoomingLists,
    to: str,
    *,
    error: str = "",
    checked: bool = False,
    was_sent: bool = False,
) -> Response:
    store, event, hotel = visit.desk.store, visit.event, lists.hotel
    there = one_hotel(store, event, intake, lists)
    if not there.name:
        raise NO_SUCH_PAGE
    visit.opened(Opened.ROOMING_LIST, about=hotel)
    rows = nsmallest(MOST_SHOWN, guests(store, event, there), key=lambda one: name_in_order(one.registration))
    listed = rooming_list(event, there.name, 0, intake.as_of, rows)
    ids = {one.reference: one.id for one in rows}
    had = last_sent(store, lists, len(lists.versions) + 1)
    pairs = list(islice(changes_since_version(store, event, there, had), MOST_SHOWN + 1)) if had else []
    columns, erased = columns_of(event), erased_from(store, event.slug)
    changed = with_changes(event, listed, had.number, pairs[:MOST_SHOWN], erased[had.name]) if had else listed
    page = HotelPage(
        name=there.name,
        address=visit.address("hotels", hotel),
        all_hotels=visit.address("hotels"),
        columns=[label for _, label in columns],
        guests=[
            GuestRow(
                visit.address("registrations", ids[one.reference]),
                one.reference,
                [one.said.get(column, "") for column, _ in columns],
            )
            for one in listed.guests
        ],
        count=there.stays.people,
        nights=there.stays.nights,
        nights_asked=_asks_nights(event),
        days=_days(there.stays),
        files=_files(visit, hotel),
        since=had.number if had else None,
        changes=change_rows(event, changed),
        more_changes=len(pairs) > MOST_SHOWN,
        versions=[
            VersionRow(one, _files(visit, hotel, version=str(one.number)), erased[one.name])
            for one in reversed(lists.versions)
        ],
        sent=_sent(visit, lists),
        to=to,
        error=error,
        checked=checked,
        seen=len(lists.sent),
        was_sent=was_sent,
    )
    return staff_page(visit, "hotel", page, 422 if error else 200)


def _asks_nights(event: Event) -> bool:
    return event.field("arrival") is not None and event.field("departure") is not None


def _days(stays: Stays) -> list[Day]:
    days = sorted({*stays.arrivals, *stays.departures})
    return [Day(date.fromisoformat(day), stays.arrivals[day], stays.departures[day]) for day in days]


def _files(visit: Visit, hotel: str, **query: str) -> list[tuple[str, str]]:
    return [(name, visit.address("hotels", hotel, f"list.{name.lower()}", **query)) for name in ("PDF", "XLSX")]


def _last_address(visit: Visit, lists: RoomingLists) -> str | None:
    last = visit.desk.store.entry(lists.sent[-1].entry_id) if lists.sent else None
    return last.to if last else None


def _sent(visit: Visit, lists: RoomingLists) -> list[Delivery]:
    sent = ((one.version, visit.desk.store.entry(one.entry_id)) for one in reversed(lists.sent[-_MOST_SENT:]))
    return [delivery_of(visit.event, version, entry) for version, entry in sent if entry]
