"""An event's file that changes while the intake is open."""

import csv
import io
from dataclasses import replace

import openpyxl

from rollcall.model.event import Event
from rollcall.model.registration import Registered
from schemas.form import read_form
from tests.emails.samples import confirmed
from tests.support.builders import an_event_asking, registered, roster_files

NEEDED = '[[form.fields]]\nname = "family_name"\n[[form.fields]]\nname = "email"\n'
MEALS = """
[[form.fields]]
name = "meal"
label = "Meal"
kind = "choice"
choices = [{ code = "fish", label = "Fish" }, { code = "rice", label = "Rice" }]
"""
BADGE = '[[form.fields]]\nname = "badge"\nlabel = "Name on the badge"\n'
BEFORE = an_event_asking(NEEDED + MEALS + BADGE)
CAME_BEFORE = registered(
    read_form(BEFORE, {"family_name": "Diallo", "email": "a@example.org", "meal": "fish", "badge": "AD"})
)


def rows(event: Event, *people: Registered) -> tuple[list[dict[str, str]], list[dict[str, object]]]:
    """Of the CSV, and of the workbook's first sheet, by heading."""
    table, workbook = roster_files(*people, event=event)
    sheet = openpyxl.load_workbook(io.BytesIO(workbook)).worksheets[0]
    headings, *cells = sheet.iter_rows(values_only=True)
    of_table = list(csv.DictReader(io.StringIO(table.decode("utf-8"), newline="")))
    return of_table, [dict(zip(map(str, headings), row, strict=True)) for row in cells]


def test_a_new_field_is_empty_for_those_who_came_before() -> None:
    after = an_event_asking(NEEDED + MEALS + BADGE + '[[form.fields]]\nname = "diet"\nrequired = true\n')
    ((row,), (cells,)) = rows(after, CAME_BEFORE)
    assert (row["diet"], row["badge"], cells["Dietary needs"]) == ("", "AD", "")
    assert "Dietary needs" not in confirmed(CAME_BEFORE, event=after).text


def test_a_field_that_is_gone_keeps_its_answers_in_the_roster_marked_so() -> None:
    after = an_event_asking(NEEDED + MEALS)
    (_, (cells,)) = rows(after, CAME_BEFORE)
    assert cells["No longer asked"] == "badge: AD"
    (_, (as_it_was,)) = rows(BEFORE, CAME_BEFORE)
    assert "No longer asked" not in as_it_was


def test_a_choice_that_is_gone_is_shown_by_its_old_label() -> None:
    after = an_event_asking(NEEDED + MEALS.replace('{ code = "fish", label = "Fish" }, ', "") + BADGE)
    (_, (cells,)) = rows(after, CAME_BEFORE)
    assert cells["Meal"] == "Fish"
    assert "Meal: Fish" in confirmed(CAME_BEFORE, event=after).text


def test_a_label_that_was_mended_is_shown_as_it_is_now() -> None:
    after = an_event_asking(NEEDED + MEALS.replace('"Fish"', '"Trout"') + BADGE)
    (_, (cells,)) = rows(after, CAME_BEFORE)
    assert cells["Meal"] == "Trout"


def test_each_registration_says_by_which_form_it_was_made() -> None:
    assert CAME_BEFORE.registration.form_version == BEFORE.form_version
    assert an_event_asking(NEEDED + MEALS + BADGE).form_version == BEFORE.form_version
    assert an_event_asking(NEEDED + MEALS).form_version != BEFORE.form_version
    assert replace(BEFORE, title="Another").form_version == BEFORE.form_version
