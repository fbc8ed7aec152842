"""The roster's files: a workbook for people, CSV for programs.

SQLite sorts and groups what may be larger than memory; rows are written one at a time.
"""

import csv
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rollcall.documents.changes import News, RosterChange, by_whom
from rollcall.documents.roster_content import (
    NOT_GIVEN,
    WHY_QUARANTINED,
    Drawn,
    Named,
    Part,
    RosterContent,
    RosterRow,
    Shown,
    language_of,
    roster_file_name,
    status_in_words,
)
from rollcall.documents.staff_log import action_in_words, state_in_words
from rollcall.documents.workbook import Column, Sheet, write_workbook
from rollcall.language import N_, NP_, language
from rollcall.model.email import EmailStatus
from rollcall.model.event import Event
from rollcall.model.finding import name_in_order
from rollcall.model.form import nights
from rollcall.model.hotels import hotel_key
from rollcall.model.intake import e_mailed_in_time
from rollcall.model.registration import Registered, Registration, Revision, reference, similarity_key, without_accents
from rollcall.model.staff import AuditEntry
from schemas.form import asked_of, in_words, written
from schemas.kinds import Answer

Cells = Mapping[str, str | int]
"""By column."""

NAMED = 200
"""Organizations, and hotels."""
DOUBLES_NAMED = 5
LANGUAGE = "Language"
"""A column, as those of the changes: no field has a capital in its name."""
NIGHTS = "nights"
NO_LONGER_ASKED = "no_longer_asked"
"""Answers to fields that the form had when they were given."""
_COLUMNS = {
    "reference": Column(N_("Reference"), 12, wraps=False),
    "received": Column(N_("Received"), 11, wraps=False),
    "confirmation": Column(N_("Confirmation"), 13, wraps=False),
    "doubles": Column(N_("May be the same as"), 12, wraps=False),
    NIGHTS: Column(N_("Nights"), 7, wraps=False),
    NO_LONGER_ASKED: Column(N_("No longer asked"), 28),
    "in_time": Column(N_("E-mailed in time"), 12, wraps=False),
    "same_hotel": Column(N_("Hotel"), 28),
    "sign": Column(N_("Please sign"), 36),
    "count_of": Column(N_("Count of"), 16),
    "counted": Column(N_("Name"), 64),
    "people": Column(N_("People"), 10, wraps=False),
    "name": Column(N_("Name"), 28),
    "sender": Column(N_("E-mail address of the sender"), 32),
    "missing": Column(N_("Missing or wrong"), 48),
    "why": Column(N_("Why it needs review"), 20),
    LANGUAGE: Column(N_("Language"), 10, wraps=False),
    "What": Column(N_("Changed"), 18),
    "Before": Column(N_("In version %(number)s"), 26),
    "Now": Column(N_("Now"), 26),
    "When": Column(N_("Date and time"), 11, wraps=False),
    "By": Column(N_("By"), 16),
    "Did": Column(N_("What"), 22),
    "was": Column(N_("Before"), 22),
    "is": Column(N_("After"), 22),
    "reason": Column(N_("Reason"), 36),
}
_WIDTHS = {"title": 6, "category": 20, "organization": 30, "hotel": 20, "first_name": 14, "hotel_tel": 13}
"""Where it differs from that of the field's kind."""
_TO_SIGN_IN = 32.0  # points
_NEEDED_ON_PAPER = (
    "why",
    "in_time",
    "reference",
    "family_name",
    "first_name",
    "organization",
    "category",
    "hotel",
    "arrival",
    "departure",
    NIGHTS,
    "tel",
    "email",
    "confirmation",
    "doubles",
    "title",
    LANGUAGE,
)
"""Of a sheet with all answers; then the form's other questions, as many as have room."""


def draw(event: Event, content: RosterContent, folder: Path) -> Drawn:
    workbook, table = (folder / roster_file_name(event.slug, ending) for ending in (".xlsx", ".csv"))
    with closing(SortedRows(event)) as rows:
        rows.add(also_in_table(event, content.people, table), content.closes_at)
        rows.add_log(content.log)
        spoken = language(event.language)
        title = roster_title(event, content.version)
        write_workbook(workbook, title, spoken, content.closes_at, sheets(event, content, rows))
        organizations, hotels = (
            rows.named(name) if event.field(name) else Shown((), 0) for name in ("organization", "hotel")
        )
        return Drawn((workbook, table), organizations, hotels, rows.doubles())


def roster_title(event: Event, version: int) -> str:
    spoken = language(event.language)
    if version == 1:
        return spoken.gettext("Roster: %(event)s", event=event.title)
    return spoken.gettext("Roster, version %(number)s: %(event)s", number=version, event=event.title)


def also_in_table(event: Event, people: Iterable[RosterRow], path: Path) -> Iterator[RosterRow]:
    """Writes those on the list as CSV on the way (RFC 4180): answers as typed, choices as codes, times in UTC."""
    names = ["reference", *_asked(event), "received_at", "confirmation"]
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, names, extrasaction="ignore")
        table.writeheader()
        for one in people:
            if one.part is Part.ROSTER:
                received_at = one.registered.received_at.astimezone(UTC).isoformat(timespec="seconds")
                about = {"reference": one.registered.reference, "received_at": received_at}
                cells = {**_answers(event, one.registered), **about, "confirmation": _sent(one).value}
                table.writerow({name: guarded(text) for name, text in cells.items()})
            yield one


def guarded(text: str) -> str:
    """With an apostrophe before each sign by which a spreadsheet program, whatever it divides cells at, begins a
    formula (OWASP, CSV injection); telephone numbers as they are."""
    return text if _NUMBER.fullmatch(text) else _FORMULA.sub("'", text)


_NUMBER = re.compile(r"[0-9+()./ -]*")
_SIGNS = "=+\\-@\uff0b\uff0d\uff1d\uff20\ufe62\ufe63\ufe66\u2212"
_FORMULA = re.compile(rf"""(?:\A|(?<=[;\t\r\n|:,"']))(?=[\s"']{{0,9}}[{_SIGNS}])""")


def sheets(event: Event, content: RosterContent, rows: "SortedRows") -> list[Sheet]:
    spoken = language(event.language)
    columns = {
        name: replace(column, label=spoken.gettext(column.label, number=content.since or ""))
        for name, column in _COLUMNS.items()
    }
    columns |= {answer.field.name: _column(answer) for answer in asked_of(event)}

    def sheet(name: str, across: Iterable[str], cells: Iterable[Cells], count: int, **printed: Any) -> Sheet:
        shown = {one: columns[one] for one in across if one in columns}
        named = spoken.pgettext("sheet, at most 31 characters", name)
        return Sheet(named, shown, cells, count, matter_most=_NEEDED_ON_PAPER, **printed)

    fields, person = _asked(event), ("family_name", "first_name", "organization")
    stay = [name for name in fields if name in ("arrival", "departure", NIGHTS)]
    in_language = (LANGUAGE,) if len(event.languages) > 1 else ()
    roster = "reference", *fields, *in_language, "received", "confirmation", "doubles"
    if rows.some_no_longer_asked:
        roster = *roster, NO_LONGER_ASKED
    at_hotel, at_door = ("same_hotel", *person, *stay, "tel", "email", "reference"), (*person, "reference", "sign")
    changes = "reference", *person, "What", "Before", "Now", "When", "By"
    listed, late, withdrawn = (rows.count(part) for part in Part)
    totals = list(_totals(event, rows, content.erased))
    by_hotel, by_name = rows.of(order="hotel_key = '', hotel_key, name"), rows.of(order="name")
    not_completed, quarantined = _not_completed(event, content), _quarantined(event, content)
    made = (
        sheet(NP_("sheet, at most 31 characters", "Roster"), roster, rows.of(), listed),
        sheet(NP_("sheet, at most 31 characters", "Changes"), changes, rows.changes(), rows.count_in("changes")),
        sheet(
            NP_("sheet, at most 31 characters", "By hotel"), at_hotel, by_hotel, listed if event.field("hotel") else 0
        ),
        sheet(
            NP_("sheet, at most 31 characters", "At the door"),
            at_door,
            by_name,
            listed if event.venue else 0,
            portrait=True,
            least_height=_TO_SIGN_IN,
        ),
        sheet(
            NP_("sheet, at most 31 characters", "Totals"),
            ("count_of", "counted", "people"),
            totals,
            len(totals),
            portrait=True,
        ),
        sheet(NP_("sheet, at most 31 characters", "Late"), (*roster, "in_time"), rows.of(Part.LATE), late),
        sheet(NP_("sheet, at most 31 characters", "Withdrawn"), roster, rows.of(Part.WITHDRAWN), withdrawn),
        sheet(
            NP_("sheet, at most 31 characters", "Not completed"),
            ("name", "sender", "missing", "received"),
            not_completed,
            len(not_completed),
        ),
        sheet(
            NP_("sheet, at most 31 characters", "Needs review"),
            ("why", "received", *fields, *in_language),
            quarantined,
            len(quarantined),
        ),
        sheet(
            NP_("sheet, at most 31 characters", "Log"),
            ("When", "By", "Did", "reference", "was", "is", "reason"),
            rows.log(),
            rows.count_in("log"),
        ),
    )
    return [one for one in made if one.count or one is made[0]]


Place = tuple[int, str, str]
"""Category, organization, name."""


def place(event: Event) -> Callable[[Registration], Place]:
    order = {category.code: number for number, category in enumerate(event.categories)}

    def of(person: Registration) -> Place:
        organization = without_accents(person.answers.get("organization", ""))
        return order.get(person.category, len(order)), organization, name_in_order(person)

    return of


class SortedRows:
    def __init__(self, event: Event) -> None:
        self._event = event
        self.some_no_longer_asked = False
        self._names = ["reference", *_asked(event), LANGUAGE, "received", "confirmation", NO_LONGER_ASKED]
        self._file = sqlite3.connect("")  # nobody else sees it, and it is gone when it is closed
        self._file.execute("pragma journal_mode = off")
        self._file.execute(f"create table people ({_KEPT})")
        self._file.execute(f"create table changes (news, {_PLACE}, cells)")
        self._file.execute("create table log (cells)")

    def close(self) -> None:
        self._file.close()

    def add(self, people: Iterable[RosterRow], closes_at: datetime) -> None:
        place_of, event = place(self._event), self._event

        def row(one: RosterRow) -> dict[str, object]:
            registered, person = one.registered, one.registered.registration
            if one.change:
                self._add_change(one.change)
            reference, arrived_at, in_time = registered.reference, registered.arrived_at, ""
            if arrived_at and e_mailed_in_time(registered.received_at, arrived_at, closes_at):
                in_time = _time(arrived_at, event)
            confirmed = status_in_words(event, _sent(one))
            cells = {"reference": reference, **_cells(event, registered), "confirmation": confirmed}
            self.some_no_longer_asked = self.some_no_longer_asked or bool(cells[NO_LONGER_ASKED])
            hotel = event.hotel_of(person.answers) or None
            category, organization_key, name = place_of(person)
            return {
                "part": one.part,
                "category": category,
                "organization_key": organization_key,
                "name": name,
                "organization": person.answers.get("organization"),
                "represents": cells.get("category"),
                "hotel": hotel,
                "hotel_key": hotel_key(hotel or ""),
                "confirmation": confirmed,
                "similarity": None if registered.is_withdrawn else hash(similarity_key(person)),
                "reference": reference,
                "cells": json.dumps([cells.get(name, "") for name in self._names], ensure_ascii=False),
                "in_time": in_time,
                "doubles": "",
            }

        filled = ", ".join(f":{column.strip()}" for column in _KEPT.split(","))
        self._file.executemany(f"insert into people values ({filled})", map(row, people))
        self._file.execute("create index similar on people (similarity)")
        self._file.execute(_MARK_DOUBLES, (DOUBLES_NAMED,))
        for what in ("organization", "hotel"):
            self._file.execute(_TAKE_USUAL_SPELLING.format(what=what, roster=Part.ROSTER))

    def add_log(self, entries: Iterable[AuditEntry]) -> None:
        """The newest first."""
        rows = ((json.dumps(_log_cells(self._event, one)),) for one in entries)
        self._file.executemany("insert into log values (?)", rows)

    def of(self, part: Part = Part.ROSTER, *, order: str = "") -> Iterator[Cells]:
        """By place, or in this order. Sorts only keys, and looks each row up at its turn."""
        not_given = language(self._event.language).gettext(NOT_GIVEN)
        in_order = self._file.execute(
            f"select rowid from people where part = ? order by {order or _PLACE}, rowid", (part,)
        )
        for number in in_order:
            ((cells, in_time, doubles, hotel),) = self._file.execute(
                "select cells, in_time, doubles, hotel from people where rowid = ?", number
            )
            own: dict[str, str] = dict(zip(self._names, json.loads(cells), strict=True))
            yield {**own, "in_time": in_time, "doubles": doubles, "same_hotel": hotel or not_given}

    def changes(self) -> Iterator[Cells]:
        in_order = self._file.execute(f"select cells from changes order by news, {_PLACE}, rowid")
        return (json.loads(cells) for (cells,) in in_order)

    def log(self) -> Iterator[Cells]:
        """The oldest first."""
        in_order = self._file.execute("select cells from log order by rowid desc")
        return (json.loads(cells) for (cells,) in in_order)

    def count(self, part: Part = Part.ROSTER) -> int:
        return self.count_in("people where part = ?", (part,))

    def doubles(self) -> int:
        return self.count_in("people where doubles > ''")

    def named(self, what: str) -> Named:
        counted = f"select {what}, count(*) as times from people where part = {Part.ROSTER:d} group by {what}"
        shown = self._file.execute(f"{counted} order by times desc, {what} limit ?", (NAMED,)).fetchall()
        return Shown(tuple(shown), self.count_in(f"({counted})"))

    def _add_change(self, change: RosterChange) -> None:
        place_of = place(self._event)(change.then.registration)
        rows = [(change.news, *place_of, json.dumps(cells)) for cells in _change_cells(self._event, change)]
        self._file.executemany("insert into changes values (?, ?, ?, ?, ?)", rows)

    def count_in(self, those: str, given: tuple[object, ...] = ()) -> int:
        ((count,),) = self._file.execute(f"select count(*) from {those}", given)
        return int(count)


def _change_cells(event: Event, change: RosterChange) -> Iterator[Cells]:
    """One for each field: who, what, when and by whom. Of those who came or left, the hotel too: it has a guest more
    or less."""
    spoken, registration = language(event.language), change.then.registration
    person = {"reference": change.now.reference, **written(registration)}

    def cells(label: str, before: str, after: str, made: Revision | None) -> Cells:
        at, by = (made.after.changed_at, by_whom(event, made.change)) if made else (None, "")
        when = _time(at or change.at, event)
        return {**person, "What": label, "Before": before, "Now": after, "When": when, "By": by}

    listed, not_listed = spoken.gettext("on the roster"), spoken.gettext("not on the roster")
    field, hotel = event.field("hotel"), in_words(event, registration).get("hotel")
    if change.news is News.CAME:
        yield cells(spoken.gettext("Registration"), not_listed, listed, change.last)
        if field and hotel:
            yield cells(field.label, "", hotel, change.last)
    elif change.news is News.LEFT:
        yield cells(spoken.gettext("Registration"), listed, spoken.gettext("withdrawn"), change.last)
        if field and hotel:
            yield cells(field.label, hotel, "", change.last)
    elif not change.fields:
        yield cells(spoken.gettext("Changed, and changed back"), "", "", change.last)
    not_given = spoken.gettext(NOT_GIVEN)
    for one, made in change.fields:
        yield cells(one.label, one.before or not_given, one.after or not_given, made)


def _log_cells(event: Event, entry: AuditEntry) -> Cells:
    return {
        "When": _time(entry.at, event),
        "By": entry.by,
        "Did": action_in_words(event, entry.action),
        "reference": reference(entry.registration_id) if entry.registration_id else "",
        "was": state_in_words(event, entry.before),
        "is": state_in_words(event, entry.after),
        "reason": entry.reason,
    }


_PLACE = "category, organization_key, name"
_KEPT = (
    f"part, {_PLACE}, organization, represents, hotel, hotel_key, confirmation, similarity, reference, cells,"
    " in_time, doubles"
)
# people with one similarity get each other's references
_MARK_DOUBLES = """
    update people set doubles = (
        select group_concat(reference, ', ') from (
            select reference from people as other
            where other.similarity = people.similarity and other.rowid != people.rowid order by rowid limit ?
        )
    )
    where similarity in (select similarity from people group by similarity having count(*) > 1)
"""
# of the spellings of one name, all take the most frequent; their cells keep their own
_TAKE_USUAL_SPELLING = """
    update people set {what} = usual.{what} from (
        select key, {what}, max(times) from (
            select {what}_key as key, {what}, count(*) as times from people
            where part = {roster:d} and {what}_key != '' group by key, {what}
        )
        group by key
    ) as usual
    where {what}_key = usual.key and people.{what} != usual.{what}
"""


def _totals(event: Event, rows: SortedRows, erased: int) -> Iterator[Cells]:
    spoken = language(event.language)

    def counted(of: str, name: str, people: int) -> Cells:
        return {"count_of": of, "counted": name, "people": people}

    of_people = spoken.gettext("People")
    yield counted(of_people, spoken.gettext("On the roster"), rows.count())
    yield counted(of_people, spoken.gettext("Late"), rows.count(Part.LATE))
    if withdrawn := rows.count(Part.WITHDRAWN):
        yield counted(of_people, spoken.gettext("Withdrawn"), withdrawn)
    if erased:
        yield counted(of_people, spoken.gettext("Erased"), erased)
    yield counted(of_people, spoken.gettext("May have registered twice"), rows.doubles())
    category = event.field("category")
    of = {"represents": category.label} if category else {}
    of |= {"confirmation": spoken.gettext("Confirmation")}
    named_by = {"hotel": spoken.gettext("Hotel"), "organization": spoken.gettext("Organization")}
    of |= {name: word for name, word in named_by.items() if event.field(name)}
    for what, label in of.items():
        named = rows.named(what)
        for name, times in named.shown:
            yield counted(label, name or spoken.gettext(NOT_GIVEN), times)
        if others := named.count - len(named.shown):
            rest = spoken.ngettext("%(count)s other, on the roster", "%(count)s others, on the roster", others)
            yield counted(label, rest, rows.count() - sum(times for _, times in named.shown))


def _not_completed(event: Event, content: RosterContent) -> list[Cells]:
    return [
        {"name": one.name, "sender": one.sender, "missing": one.missing, "received": _time(one.received_at, event)}
        for one in content.not_completed
    ]


def _quarantined(event: Event, content: RosterContent) -> list[Cells]:
    place_of = place(event)
    in_order = sorted(content.quarantined, key=lambda one: place_of(one.form.registration))
    spoken = language(event.language)
    return [{"why": spoken.gettext(WHY_QUARANTINED[one.signal]), **_cells(event, one.form)} for one in in_order]


def _cells(event: Event, one: Registered) -> Mapping[str, str]:
    words, asked = in_words(event, one.registration), {field.name for field in event.fields}
    gone = "\n".join(f"{name}: {text}" for name, text in words.items() if name not in asked)
    about = {LANGUAGE: language_of(event, one.registration), "received": _time(one.received_at, event)}
    return {**_answers(event, one), **words, NO_LONGER_ASKED: gone, **about}


def _answers(event: Event, one: Registered) -> Mapping[str, str]:
    """A form without a date was signed on the day it came."""
    answers = written(one.registration)
    slept = nights(answers)
    return {
        "signed_on": one.received_at.astimezone(event.zone).date().isoformat(),
        **answers,
        NIGHTS: "" if slept is None else str(slept),
    }


def _asked(event: Event) -> list[str]:
    names = [field.name for field in event.fields]
    if {"arrival", "departure"} <= {*names}:
        names.insert(names.index("departure") + 1, NIGHTS)
    return names


def _sent(one: RosterRow) -> EmailStatus:
    return one.unsent.status if one.unsent else EmailStatus.SENT


def _column(answer: Answer) -> Column:
    field = answer.field
    return Column(field.label, _WIDTHS.get(field.name, answer.width), wraps=answer.wraps)


def _time(instant: datetime, event: Event) -> str:
    return f"{instant.astimezone(event.zone):%Y-%m-%d %H:%M}"
