"""A contribution's form: what it takes, and what it says of the rest."""

from dataclasses import replace

import pytest
from marshmallow import ValidationError

from rollcall.model.contribution import LONGEST_ABSTRACT, LONGEST_TITLE, PaperKind
from rollcall.model.event import Event
from schemas.contribution import CORRECTED, contribution_asks, in_codes, read_contribution, read_correction, read_kind
from schemas.form import faults_of
from tests.support.builders import an_event

EVENT = an_event()
SAID = {
    "title": " Names  of countries ",
    "source": "Guinea",
    "item": "Noms de domaine et adresses",
    "name": "Amina Diallo",
    "email": "amina@example.org",
}


def faults(event: Event, **changes: str) -> dict[str, str]:
    with pytest.raises(ValidationError) as error:
        read_contribution(event, SAID | changes)
    return {name: found[0].code for name, found in faults_of(error.value).items()}


def test_is_tidied_and_what_is_left_empty_is_empty() -> None:
    said = read_contribution(EVENT, SAID)
    assert (said["title"], said["email"], said["abstract"]) == ("Names of countries", "amina@example.org", "")
    assert (said["reference"], said["consent"]) == ("", "")


@pytest.mark.parametrize("code", EVENT.languages)
def test_an_item_is_kept_in_the_events_first_language(code: str) -> None:
    event = EVENT.in_language(code)
    assert event.contributions
    for chosen in (event.contributions.items[0], "Domain names and addresses"):
        assert read_contribution(event, SAID | {"item": chosen})["item"] == "Domain names and addresses"
        assert in_codes(event, {"item": chosen}) == {"item": "Domain names and addresses"}


def test_an_item_is_written_where_the_event_names_none() -> None:
    assert EVENT.contributions
    event = replace(EVENT, contributions=replace(EVENT.contributions, items=()), translated=None)
    assert read_contribution(event, SAID | {"item": "Question 7"})["item"] == "Question 7"
    assert read_contribution(event, SAID | {"item": ""})["item"] == ""


def test_the_words_agreed_to_are_kept() -> None:
    french = EVENT.in_language("fr")
    (consent,) = (one for one in contribution_asks(french) if one.field.name == "consent")
    assert read_contribution(french, SAID | {"consent": "yes"})["consent"] == consent.field.label


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"title": "x" * (LONGEST_TITLE + 1)}, "too_long"),
        ({"abstract": "x" * (LONGEST_ABSTRACT + 1)}, "too_long"),
        ({"abstract": "x\n" * 61 + "x"}, "too_many_lines"),
        ({"item": "Something else"}, "not_a_choice"),
        ({"email": "amina"}, "not_an_email_address"),
        ({"reference": "7KQ-X93-M4A"}, "not_a_reference"),
        ({"source": " \u2003"}, "required"),
        ({"surname": "x"}, "no_such_field"),
    ],
)
def test_what_is_not_taken(changes: dict[str, str], code: str) -> None:
    assert faults(EVENT, **changes) == {next(iter(changes)): code}


def test_an_abstract_has_more_lines_than_an_address() -> None:
    assert read_contribution(EVENT, SAID | {"abstract": "x\n" * 59 + "x"})["abstract"].count("\n") == 59


def test_a_reference_is_read_as_it_was_heard() -> None:
    assert read_contribution(EVENT, SAID | {"reference": "ooo ooo ooo"})["reference"] == "000-000-000"


def test_a_correction_has_nothing_of_the_person() -> None:
    corrected = {name: text for name, text in SAID.items() if name in CORRECTED}
    assert read_correction(EVENT, corrected).keys() == {*CORRECTED}
    with pytest.raises(ValidationError):
        read_correction(EVENT, SAID)


def test_a_further_paper_is_no_original() -> None:
    assert read_kind(EVENT, {"kind": "addendum"}, {}) is PaperKind.ADDENDUM
    with pytest.raises(ValidationError):
        read_kind(EVENT, {"kind": "original"}, {})
