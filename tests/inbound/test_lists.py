"""Lists of people: rows of cells below a heading."""

import pytest

from rollcall.inbound.labels import vocabulary
from rollcall.inbound.lists import forms_in_rows
from rollcall.model.inbound import Doubt, Doubts
from tests.support.builders import an_event

WORDS = vocabulary(an_event())
HEADING = ["Family name", "First name", "E-mail"]
AMINA = ["Diallo", "Amina", "a@example.org"]
SEKOU = ["Camara", "Sekou", "s@example.org"]


def read(*rows: list[str]) -> list[tuple[dict[str, str], Doubts]]:
    return [(dict(form.answers), form.doubts) for form in forms_in_rows(WORDS, rows)]


def people(*rows: list[str]) -> list[str]:
    return [answers.get("family_name", "") for answers, _ in read(*rows)]


def test_nobody_is_lost_at_a_row_that_is_different() -> None:
    assert people(HEADING, AMINA, ["Second group"], [], ["Ba", "", "b@example.org"], SEKOU) == [
        *("Diallo", "Ba", "Camara")
    ]
    (form, *_) = forms_in_rows(WORDS, [["Our delegation"], HEADING, AMINA, ["Second group"]])
    assert form.beside == "Our delegation\nSecond group"


@pytest.mark.parametrize("row", [[*SEKOU, "too many"], ["", "", "x@example.org", "x"], ["", "", "Total:", "2"]])
def test_a_row_that_fits_no_columns_is_not_read(row: list[str]) -> None:
    assert read(HEADING, AMINA, row)[1] == ({}, {Doubt.ROW_NOT_READ: ("  ".join(filter(None, row)),)})


def test_a_gap_keeps_its_column() -> None:
    assert read(HEADING, ["Diallo", "", "a@example.org"]) == [({"family_name": "Diallo", "email": "a@example.org"}, {})]


def test_an_unknown_column_casts_doubt_where_it_says_something() -> None:
    heading = ["No.", *HEADING, "Passport"]
    assert [doubts for _, doubts in read(heading, ["1", *AMINA, "X0"], ["2.", *SEKOU, ""])] == [
        {Doubt.UNKNOWN_LABEL: ("Passport",)},
        {},
    ]


def test_what_all_share_stands_above_the_heading_and_fills_no_column() -> None:
    rows = (["Organization", "NGO"], [*HEADING, "Address"], [*AMINA, "Bern"])
    ((answers, _),) = read(*rows)
    assert (answers["organization"], answers["address"]) == ("NGO", "Bern")
    ((answers, _),) = read(["Organization", "NGO"], [*HEADING, "Organization"], [*AMINA, ""])
    assert "organization" not in answers


def test_two_columns_of_one_field_cast_doubt_where_they_differ() -> None:
    heading = [*HEADING, "Email address"]
    assert [doubts for _, doubts in read(heading, [*AMINA, "A@example.org"], [*SEKOU, "x@example.org"])] == [
        {},
        {Doubt.TWO_ANSWERS: ("email",)},
    ]


def test_the_second_telephone_is_the_hotels() -> None:
    ((answers, doubts),) = read([*HEADING, "Tel.", "Hotel", "Tel."], [*AMINA, "1", "Cornavin", "2"])
    assert (answers["tel"], answers["hotel_tel"], doubts) == ("1", "2", {})
