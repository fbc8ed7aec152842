"""The floor writes what the product writes, and the product calls Firestore no more often."""

from pathlib import Path

import pytest

from bench.accepting import calls_of
from bench.firestore import left_by, same_documents
from bench.subjects import EVENT, Subject, product, python_functions
from tests.support.builders import write_open_event


@pytest.fixture
def ours(events_folder: Path) -> Subject:
    write_open_event(events_folder, slug=EVENT)
    return product(events_folder)


def test_the_product_writes_the_three_documents_of_the_form(ours: Subject, emulator: str) -> None:
    registration, person, entry = left_by(ours, emulator)
    assert registration["email"] == entry["to"] == f"{'0' * 15}@mpt.example.org"
    assert person["registration_id"] == registration["id"] == 24
    assert registration["e164"] == {"tel": "+22430411331", "fax": "+22430453116", "hotel_tel": "+41227161212"}


def test_the_floors_write_the_same(ours: Subject, emulator: str) -> None:
    same_documents([ours, *python_functions()], emulator)


def test_what_is_not_the_same_ends_the_bench(ours: Subject, emulator: str, events_folder: Path) -> None:
    floor, _ = python_functions()
    other = Subject("other", floor.command, environment={"PYTHONPATH": str(events_folder)})
    copy = events_folder / "bench" / "floor"
    copy.mkdir(parents=True)
    text = Path("bench/floor/three_documents.py").read_text("utf-8")
    (copy / "three_documents.py").write_text(text.replace('"reason": ""', '"reason": "none"'), "utf-8")
    with pytest.raises(SystemExit, match="other writes"):
        same_documents([ours, other], emulator)


def test_a_registration_is_one_call(ours: Subject, emulator: str) -> None:
    assert calls_of(emulator, ours, 20) == 20
