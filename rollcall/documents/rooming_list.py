"""A rooming list for one hotel: its guests, and of each what the hotel needs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rollcall.documents.changes import News, erased_in_words
from rollcall.documents.roster_content import NOT_GIVEN, ROSTER_TYPES
from rollcall.documents.typefaces import typeset
from rollcall.documents.workbook import Column, Sheet, write_workbook
from rollcall.language import N_, NP_, Language, language
from rollcall.model.email import Attachment
from rollcall.model.event import Event
from rollcall.model.finding import name_in_order
from rollcall.model.form import nights
from rollcall.model.hotels import as_the_hotel_sees, asked_for_hotel
from rollcall.model.registration import Registered
from schemas.form import asked_of, in_words
from templates import days, in_zone

_PAGES = Path(__file__).with_suffix(".typ")
_NEWS = {News.CAME: N_("New"), News.LEFT: N_("No longer"), News.CHANGED: N_("Changed")}
_NIGHTS, _NEWS_OF, _WHAT = "nights", "News", "What"
"""Columns; no field has a capital in its name."""


@dataclass(frozen=True)
class Guest:
    reference: str
    said: Mapping[str, str]
    """In words, by field."""


@dataclass(frozen=True)
class GuestChange:
    news: News
    guest: Guest
    """Of those who left: as the hotel knows them."""
    fields: Sequence[tuple[str, str, str]] = ()
    """Label, before and after."""


@dataclass(frozen=True)
class RoomingList:
    hotel: str
    number: int
    """0: of no version, as it now stands."""
    at: datetime
    guests: Sequence[Guest]
    """By name."""
    since: int | None = None
    """The version that the hotel had."""
    changes: Sequence[GuestChange] = ()
    erased: int = 0
    """Of those who were on it."""
    erased_since: int = 0
    """Of those who were on that version."""


def rooming_list(
    event: Event, hotel: str, number: int, at: datetime, guests: Iterable[Registered], erased: int = 0
) -> RoomingList:
    named = [(name_in_order(one.registration), _guest(event, one)) for one in guests]
    return RoomingList(hotel, number, at, [guest for _, guest in sorted(named, key=itemgetter(0))], erased=erased)


def with_changes(
    event: Event,
    said: RoomingList,
    since: int,
    pairs: Iterable[tuple[Registered | None, Registered | None]],
    erased: int = 0,
) -> RoomingList:
    """`pairs`: those who stood otherwise in version `since`, then and now."""
    changes = [change for then, now in pairs if (change := _change(event, then, now))]
    changes.sort(key=lambda one: (one.news, one.guest.said["family_name"], one.guest.said["first_name"]))
    return replace(said, since=since, changes=changes, erased_since=erased)


def _change(event: Event, then: Registered | None, now: Registered | None) -> GuestChange | None:
    if then is None or now is None:
        one = then or now
        return GuestChange(News.LEFT if then else News.CAME, _guest(event, one)) if one else None
    if as_the_hotel_sees(event, then.registration) == as_the_hotel_sees(event, now.registration):
        return None
    before, after = _guest(event, then), _guest(event, now)
    labels = _labels(event)
    fields = [
        (label, before.said.get(name, ""), after.said.get(name, ""))
        for name, label in labels.items()
        if before.said.get(name, "") != after.said.get(name, "")
    ]
    return GuestChange(News.CHANGED, before, fields)


def _guest(event: Event, one: Registered) -> Guest:
    """Of all answers, those alone that are for the hotel."""
    person, said = one.registration, in_words(event, one.registration)
    slept = nights(person.answers)
    stay = {name: said.get(name, "") for name in asked_for_hotel(event)}
    names = {"family_name": person.family_name, "first_name": person.first_name}
    return Guest(one.reference, {**names, **stay, _NIGHTS: "" if slept is None else str(slept)})


def columns_of(event: Event) -> Sequence[tuple[str, str]]:
    """Name and label each, beside the reference."""
    return list(_labels(event).items())


def _labels(event: Event) -> Mapping[str, str]:
    fields = ("family_name", "first_name", *asked_for_hotel(event))
    labels = {}
    for one in event.fields:
        if one.name in fields:
            labels[one.name] = one.label
        if one.name == "departure" and event.field("arrival"):
            labels[_NIGHTS] = language(event.language).gettext("Nights")
    return labels


def rooming_list_files(event: Event, said: RoomingList) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(rooming_list_name(event, said, ending), kind, made(event, said))
        for ending, (kind, made) in ROOMING_LIST_TYPES.items()
    )


def rooming_list_name(event: Event, said: RoomingList, ending: str) -> str:
    return f"{event.slug}-rooming-list{f'-{said.number}' if said.number else ''}{ending}"


def rooming_list_title(event: Event, said: RoomingList) -> str:
    spoken = language(event.language)
    if not said.number:
        return spoken.gettext("Rooming list: %(hotel)s", hotel=said.hotel)
    return spoken.gettext("Rooming list, version %(number)s: %(hotel)s", number=said.number, hotel=said.hotel)


def rooming_list_workbook(event: Event, said: RoomingList) -> bytes:
    spoken = language(event.language)
    widths = {answer.field.name: (answer.width, answer.wraps) for answer in asked_of(event)}
    columns = {"reference": Column(spoken.gettext("Reference"), 12, wraps=False)}
    columns |= {name: Column(label, *widths.get(name, (7, False))) for name, label in _labels(event).items()}
    changed = {_NEWS_OF: Column(spoken.gettext("Changed"), 12), **columns, _WHAT: Column(spoken.gettext("What"), 60)}
    rows = [{"reference": one.reference, **one.said} for one in said.guests]
    news = [
        {
            _NEWS_OF: spoken.gettext(_NEWS[one.news]),
            "reference": one.guest.reference,
            **one.guest.said,
            _WHAT: "\n".join(_in_a_line(spoken, field) for field in one.fields),
        }
        for one in said.changes
    ]
    sheets = [Sheet(spoken.pgettext("sheet, at most 31 characters", _SHEET), columns, rows, len(rows))]
    if news:
        name = spoken.pgettext("sheet, at most 31 characters", NP_("sheet, at most 31 characters", "Changes"))
        sheets.append(Sheet(name, changed, news, len(news)))
    with TemporaryDirectory(prefix="rooming-list-") as folder:
        path = Path(folder) / "list.xlsx"
        write_workbook(path, rooming_list_title(event, said), spoken, said.at, sheets)
        return path.read_bytes()


_SHEET = NP_("sheet, at most 31 characters", "Rooming list")


def rooming_list_pdf(event: Event, said: RoomingList) -> bytes:
    spoken, labels = language(event.language), _labels(event)
    changes = [
        (spoken.gettext(_NEWS[one.news]), _name(one.guest), "\n".join(_in_a_line(spoken, two) for two in one.fields))
        for one in said.changes
    ]
    return table_pdf(
        event,
        title=rooming_list_title(event, said),
        at=spoken.gettext("As of %(at)s", at=in_zone(said.at, event)),
        count=counted(event, said),
        changes=changes,
        changed=changes_heading(event, said),
        columns=[spoken.gettext("Reference"), *labels.values()],
        rows=[[one.reference, *(one.said.get(name, "") for name in labels)] for one in said.guests],
    )


def table_pdf(of: Event, *, title: str, **about: Any) -> bytes:
    """`about`: the rest of what rooming_list.typ shows."""
    spoken = language(of.language)
    said = {
        "title": title,
        "event": f"{of.title} · {days(of)}",
        "organizer": of.organizer,
        "contact": " · ".join(filter(None, (of.contact.name, of.contact.tel, of.contact.email))),
        "changed": "",
        "unchanged": spoken.gettext("None."),
        **about,
    }
    return typeset(_PAGES, spoken, title, said)


ROOMING_LIST_TYPES: Mapping[str, tuple[str, Callable[[Event, RoomingList], bytes]]] = {
    ".pdf": ("application/pdf", rooming_list_pdf),
    ".xlsx": (ROSTER_TYPES[".xlsx"], rooming_list_workbook),
}
"""Media type, and how it is made."""


def counted(event: Event, said: RoomingList) -> str:
    spoken, count = language(event.language), len(said.guests)
    guests = spoken.ngettext("%(count)s guest", "%(count)s guests", count)
    return f"{guests} ({erased_in_words(spoken, said.erased)})" if said.erased else guests


def changes_heading(event: Event, said: RoomingList) -> str:
    spoken = language(event.language)
    return spoken.gettext("Changes since version %(number)s", number=said.since) if said.since else ""


def change_rows(event: Event, said: RoomingList) -> list[tuple[str, str]]:
    """Each with the person and how they changed."""
    spoken = language(event.language)
    rows = [
        (
            _name(one.guest),
            "\n".join([spoken.gettext(_NEWS[one.news]), *(_in_a_line(spoken, two) for two in one.fields)]),
        )
        for one in said.changes
    ]
    no_longer = (erased_in_words(spoken, said.erased_since), spoken.gettext(_NEWS[News.LEFT]))
    return [*rows, no_longer] if said.erased_since else rows


def _name(guest: Guest) -> str:
    return f"{guest.said['family_name']}, {guest.said['first_name']} ({guest.reference})"


def _in_a_line(spoken: Language, field: tuple[str, str, str]) -> str:
    label, before, after = field
    not_given = spoken.gettext(NOT_GIVEN)
    change = spoken.gettext("%(before)s → %(after)s", before=before or not_given, after=after or not_given)
    return spoken.gettext("%(label)s: %(text)s", label=label, text=change)
