"""The floor writes what the product writes, and the product calls Firestore no more often."""

import pytest

from bench.accepting import calls_of
from bench.firestore import Documents, hold_to_same_documents, left_by
from bench.subjects import EVENT, Subject, product, python_functions
from tests.support.builders import write_open_event

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    events = tmp_path_factory.mktemp("events")
    write_open_event(events, slug=EVENT)
    return product(events)


@pytest.fixture(scope="module")
def written(ours: Subject, emulator: str) -> Documents:
    return left_by(ours, emulator)


def test_the_product_writes_the_three_documents_of_the_form(written: Documents) -> None:
    registration, person, entry = written
    assert registration["email"] == entry["to"] == f"{'0' * 15}@mpt.example.org"
    assert person["registration_id"] == registration["id"] == 24


def test_the_floors_write_the_same(written: Documents, emulator: str) -> None:
    floors = {floor.name: left_by(floor, emulator) for floor in python_functions()}
    hold_to_same_documents({"product": written, **floors})


def test_other_documents_end_the_bench(written: Documents) -> None:
    registration, person, entry = written
    other = registration, person, {**entry, "reason": "none"}
    with pytest.raises(SystemExit, match="other writes"):
        hold_to_same_documents({"product": written, "other": other})


def test_a_registration_is_one_call(ours: Subject, emulator: str) -> None:
    assert calls_of(emulator, ours, 20) == 20
