"""The roster as files for the staff: CSV for programs, XLSX for people."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

import xlsxwriter

from rollcall.desk.event import Event
from rollcall.desk.incoming import FormStanding, ReadForm
from rollcall.desk.mail import MailState, Roster
from rollcall.desk.registration import KeptForm, Registered, Sign, fold
from schemas.registration import form_fields, written

Rows = list[tuple[str, ...]]
_Of = TypeVar("_Of")

_TELEPHONE = re.compile(r"\+?[\d\s().\-/]*\d[\d\s().\-/]*")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # OWASP, CSV Injection
_WIDTHS = {"organization": 36, "address": 36, "category": 24, "email": 32, "hotel": 24, "title": 7}
_USUAL_WIDTH = 18
KEPT_IN_WORKBOOK = 1000
"""Kept forms in the workbook, and forms not completed, the last received; robots may send so many that no mail could
carry them."""
_LONGEST_CELL = 250
"""Characters of what nobody has checked."""
WHY_KEPT = {
    Sign.HIDDEN_FIELD: "a field that people do not see was filled in",
    Sign.TOO_FAST: "sent within 3 seconds of opening the page",
}
"""What the staff are told of each sign."""


@dataclass(frozen=True)
class Column(Generic[_Of]):
    """A column of a sheet; `width` in characters."""

    label: str
    width: int
    cell: Callable[[_Of], str]


@dataclass(frozen=True)
class NotCompleted:
    """A form that came by e-mail and whose sender did not do what was asked."""

    name: str
    """Empty where it says none."""
    sender: str
    missing: str
    """The labels of what is missing or wrong; that it came too early, where nothing is."""
    received_at: datetime


def not_completed(event: Event, roster: Roster) -> list[NotCompleted]:
    """The forms in messages that still wait for their senders, but for those of people in the books."""
    in_the_books = {one.id for one in (*roster.registered, *roster.late)}
    return [
        NotCompleted(
            name=_cell(f"{form.answers.get('first_name', '')} {form.answers.get('family_name', '')}"),
            sender=_cell(incoming.sender),
            missing=_missing(event, form),
            received_at=incoming.received_at,
        )
        for incoming in roster.not_completed
        for form in incoming.forms
        if form.standing in (FormStanding.INCOMPLETE, FormStanding.NOT_YET_OPEN)
        and form.registration_id not in in_the_books
    ]


def columns(event: Event, roster: Roster) -> list[Column[Registered]]:
    """What the roster says of each person: the reference, the form's fields in its order, what became of it."""
    return [
        Column("Reference", 14, lambda one: one.reference),
        *_form_columns(event),
        _received(event),
        Column("Confirmation", 14, lambda one: _confirmation(roster, one)),
    ]


def late_columns(event: Event, roster: Roster) -> list[Column[Registered]]:
    """As `columns`, and for whoever is late only in our books, when the form was e-mailed."""

    def e_mailed(one: Registered) -> str:
        return _time(one.came_at, event) if one.came_at and e_mailed_in_time(one, roster.closes_at) else ""

    return [*columns(event, roster), Column("E-mailed in time, at", 19, e_mailed)]


def e_mailed_in_time(late: Registered, closes_at: datetime) -> bool:
    """Whether the form of somebody late was e-mailed before the deadline: SendGrid had it then, our books only later.
    SendGrid's time is of whole seconds, so that of the deadline itself is too late, as likely as not."""
    return late.came_at is not None and late.came_at < closes_at < late.received_at


def kept_columns(event: Event, kept: Iterable[KeptForm]) -> list[Column[Registered]]:
    """What is said of each form that needs a person: why it is kept, when it came, the form's fields in its order."""
    why = {one.form.id: WHY_KEPT[one.sign] for one in kept}
    return [Column("Why", 30, lambda one: why[one.id]), _received(event), *_form_columns(event)]


def not_completed_columns(event: Event) -> list[Column[NotCompleted]]:
    """What is said of each form that its sender did not complete."""
    return [
        Column("Name", 28, lambda one: one.name),
        Column("E-mail address of the sender", 32, lambda one: one.sender),
        Column("Missing", 48, lambda one: one.missing),
        Column("Received", 17, lambda one: _time(one.received_at, event)),
    ]


def rows(event: Event, people: Iterable[Registered], across: list[Column[Registered]]) -> Rows:
    """A row a person, by category in the event's order, then organization, family name, first name."""
    order = {category.code: place for place, category in enumerate(event.categories)}

    def place(one: Registered) -> tuple[int, str, str, str]:
        person = one.registration
        organization = person.answers.get("organization", "")
        return (
            order.get(person.category, len(order)),
            fold(organization),
            fold(person.family_name),
            fold(person.first_name),
        )

    return [tuple(column.cell(one) for column in across) for one in sorted(people, key=place)]


def roster_csv(event: Event, roster: Roster) -> bytes:
    """The roster as CSV (RFC 4180) in UTF-8 with a byte order mark, which spreadsheets ask for."""
    across = columns(event, roster)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([column.label for column in across])
    writer.writerows([harmless(cell) for cell in row] for row in rows(event, roster.registered, across))
    return text.getvalue().encode("utf-8-sig")


def harmless(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would take for a formula. What reads as a telephone number
    is no danger, and stays as it was written."""
    if cell.startswith(_FORMULA_STARTS) and not _TELEPHONE.fullmatch(cell):
        return "'" + cell
    return cell


def roster_xlsx(event: Event, roster: Roster) -> bytes:
    """The roster as a workbook to read, filter and print: text cells only, the late ones, the forms that were
    not completed, and those that need a person, on sheets of their own."""
    file = io.BytesIO()
    workbook = xlsxwriter.Workbook(file, {"in_memory": True})
    workbook.set_properties({"title": f"Roster: {event.title}", "created": roster.closes_at.replace(tzinfo=None)})
    across = columns(event, roster)
    _sheet(workbook, "Roster", event, across, rows(event, roster.registered, across))
    if roster.late:
        across = late_columns(event, roster)
        _sheet(workbook, "Late", event, across, rows(event, roster.late, across))
    if waiting := not_completed(event, roster)[-KEPT_IN_WORKBOOK:]:
        missing = not_completed_columns(event)
        cells = [tuple(column.cell(one) for column in missing) for one in waiting]
        _sheet(workbook, "Not completed", event, missing, cells)
    if roster.kept:
        kept = roster.kept[-KEPT_IN_WORKBOOK:]
        across = kept_columns(event, kept)
        _sheet(workbook, "Needs a person", event, across, rows(event, [one.form for one in kept], across))
    workbook.close()
    return file.getvalue()


def _sheet(workbook: xlsxwriter.Workbook, name: str, event: Event, across: Sequence[Column[_Of]], people: Rows) -> None:
    sheet = workbook.add_worksheet(name)
    header = workbook.add_format({"bold": True, "bg_color": "#DCE6F1", "text_wrap": True, "valign": "top", "border": 1})
    body = workbook.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
    for number, column in enumerate(across):
        sheet.set_column(number, number, column.width)
        sheet.write_string(0, number, column.label, header)
    for line, row in enumerate(people, start=1):
        for number, cell in enumerate(row):
            sheet.write_string(line, number, cell, body)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(people), 1), len(across) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    printed = event.title.replace("&", "&&")[:120]  # & begins a code there; Excel takes 255 characters in all
    sheet.set_header(f"&L{printed}&R{name}")
    sheet.set_footer("&LPrinted &D&RPage &P of &N")


def _missing(event: Event, form: ReadForm) -> str:
    if form.standing is FormStanding.NOT_YET_OPEN:
        return "nothing, but it came before registration opened"
    return ", ".join(field.label for field in form_fields(event) if field.name in form.faults)


def _cell(text: str) -> str:
    """What nobody has checked, in one line that a workbook can hold: XML has no place for some characters."""
    return "".join(filter(str.isprintable, " ".join(text.split())))[:_LONGEST_CELL]


def _form_columns(event: Event) -> list[Column[Registered]]:
    return [
        Column(field.label, _WIDTHS.get(field.name, _USUAL_WIDTH), _answer(event, field.name))
        for field in form_fields(event)
    ]


def _received(event: Event) -> Column[Registered]:
    return Column("Received", 17, lambda one: _time(one.received_at, event))


def _time(instant: datetime, event: Event) -> str:
    return f"{instant.astimezone(event.zone):%Y-%m-%d %H:%M}"


def _confirmation(roster: Roster, one: Registered) -> str:
    record = roster.confirmations.get(one.id)
    return (record.state if record else MailState.SENT).value


def _answer(event: Event, name: str) -> Callable[[Registered], str]:
    if name == "category":
        return lambda one: event.category_label(one.registration.category)
    if name == "signed_on":
        return lambda one: (one.registration.signed_on or one.received_at.astimezone(event.zone).date()).isoformat()
    return lambda one: written(one.registration).get(name, "")
