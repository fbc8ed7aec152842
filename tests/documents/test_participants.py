"""The list of participants as others print and read it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rollcall.documents.participants import grouped, in_order, participants_pdf
from rollcall.model.programme import Participant
from tests.support.builders import an_event
from tests.support.event_pages import AS_OF, EVENT, a_participant
from tests.support.left_out import leave_out

NAMES = (
    "Ms. Amina Diallo",
    "Г-жа Ольга Иванова",
    "王 小明",
    "السيد محمد العلي",
    "Mr. José Ñuñez",
    "Κώστας Παπαδόπουλος",
)


def printed(folder: Path, code: str, *people: Participant) -> str:
    """As poppler reads it, on one line."""
    if not shutil.which("pdftotext"):
        leave_out("reading the list of participants: poppler-utils is not installed")
    path = folder / "list.pdf"
    path.write_bytes(participants_pdf(EVENT.in_language(code), people, AS_OF))
    read = subprocess.run(["pdftotext", "-enc", "UTF-8", path, "-"], capture_output=True, check=True, timeout=60)
    return " ".join(re.sub("[\u202a-\u202e\u2066-\u2069]", "", read.stdout.decode()).split())


@pytest.mark.parametrize("code", EVENT.languages)
def test_names_in_all_scripts_can_be_read_and_copied(tmp_path: Path, code: str) -> None:
    text = printed(tmp_path, code, *(a_participant(name) for name in NAMES))
    for name in NAMES:
        assert sorted(name.split()) == sorted(word for word in name.split() if word in text)
    assert EVENT.in_language(code).title.split()[0] in text


def test_it_says_of_what_and_of_when_it_is(tmp_path: Path) -> None:
    text = printed(tmp_path, "en", a_participant(NAMES[0]), a_participant(NAMES[4], head=True))
    assert text.startswith("ITU Strategy and Policy Unit (SPU) List of participants ITU Forum: Workshop on Internet")
    assert "26–27 February 2004 (Thursday and Friday) · Salle B, ITU Headquarters" in text
    assert "2 participants · As of 2 February 2004, 13:00 (Zurich time)" in text
    assert (
        "Administration of ITU Member State Senegal Mr. José Ñuñez Head of delegation Ministry of Posts Ms. Amina"
        in text
    )
    assert text.endswith("List of participants · page 1")


def test_categories_stand_as_the_form_has_them_and_people_as_given() -> None:
    people = [
        a_participant("1", category="non-member"),
        a_participant("2", country="ZA"),
        a_participant("3", country="DE"),
        a_participant("4", country="DE", head=True),
        a_participant("5", country="", category="sector-member"),
        a_participant("6", country="XX", category="gone"),
    ]
    found = [
        (category, [(country, [one.name for one in those]) for country, those in countries])
        for category, countries in grouped(in_order(EVENT, people))
    ]
    assert found == [
        ("Administration of ITU Member State", [("Germany", ["4", "3"]), ("South Africa", ["2"])]),
        ("ITU Sector Member", [("", ["5"])]),
        ("Non-Member", [("Senegal", ["1"])]),
        ("", [("", ["6"])]),
    ]


def test_where_the_form_asks_for_neither_it_is_a_plain_list(tmp_path: Path) -> None:
    fields = tuple(field for field in EVENT.fields if field.name != "category")
    event = an_event(fields=fields)
    rows = in_order(event, [a_participant(name, category="", country="") for name in "BA"])
    assert [(row.category, row.country, row.one.name) for row in rows] == [("", "", "B"), ("", "", "A")]
    assert participants_pdf(event, [], AS_OF).startswith(b"%PDF")


def test_the_same_list_is_the_same_file() -> None:
    people = [a_participant(name) for name in NAMES]
    assert participants_pdf(EVENT, people, AS_OF) == participants_pdf(EVENT, people, AS_OF)
