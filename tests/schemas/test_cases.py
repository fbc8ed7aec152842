"""Inputs that once went wrong: `tests/cases`."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from marshmallow import ValidationError

from rollcall.model.registration import Registration
from schemas.event import EventFileError, read_event
from schemas.form import faults_of, read_form
from tests.support.builders import an_event

CASES = Path(__file__).parents[1] / "cases"


def registration(name: str, **changes: str) -> Registration:
    return read_form(an_event(), json.loads((CASES / name).read_text("utf-8")) | changes)


def test_a_tab_is_white_space() -> None:
    assert registration("04-tab.json").family_name == "A B"


@pytest.mark.parametrize("title", ["mr", "Mr", "Mr.", "MR."])
def test_a_choice_is_taken_by_its_label(title: str) -> None:
    read = registration("05-category-by-its-label.json", title=title)
    assert (read.category, read.answers["title"]) == ("non-member", "mr")


@pytest.mark.parametrize(
    ("name", "changes", "fault"),
    [
        ("06-date-year-4.json", {}, {"signed_on": "not_in_days"}),
        ("06-date-year-4.json", {"signed_on": "20040220"}, {"signed_on": "not_a_date"}),
        ("06-date-year-4.json", {"signed_on": "2004-W08-5"}, {"signed_on": "not_a_date"}),
        ("07-lost-to-question-marks.json", {}, {"family_name": "lost_letters"}),
    ],
)
def test_what_is_asked_about(name: str, changes: dict[str, str], fault: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as refused:
        registration(name, **changes)
    assert {field: faults[0].code for field, faults in faults_of(refused.value).items()} == fault


def test_a_deadline_where_midnight_is_skipped() -> None:
    event = read_event(CASES / "09-midnight-skipped.toml")
    assert event.closes_at == datetime(2027, 4, 29, 22, tzinfo=UTC)


def test_a_zone_whose_sign_is_turned_round() -> None:
    with pytest.raises(EventFileError, match=r"Etc/GMT-3 is UTC\+3"):
        read_event(CASES / "10-etc-gmt-sign.toml")
