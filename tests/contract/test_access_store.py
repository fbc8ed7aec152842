"""What every store must do for who of the staff opened what."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from grpc import StatusCode

from rollcall.desk.ports import Store
from rollcall.model.errors import StoreUnavailable
from rollcall.model.personal_data import Access, Opened
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import an_event
from tests.support.clock import Clock
from tests.support.faulty_firestore import Fault, answer_lost, faulty_firestore, refused

EVENT = an_event()
SLUG = EVENT.slug
FreshStore = Callable[[], Store]
ONE = Access("1", SLUG, "a@example.org", EVENT.opens_at, Opened.PERSON, "R", "about")


@pytest.fixture(params=["sqlite", "firestore"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> FreshStore:
    if request.param == "sqlite":
        return lambda: SqliteStore(tmp_path / "rollcall.sqlite3", clock)
    project = request.getfixturevalue("project")
    return lambda: FirestoreStore(project)


def after(days: int, id: str, **changes: object) -> Access:
    return replace(ONE, id=id, at=EVENT.opens_at + timedelta(days=days), **changes)  # type: ignore[arg-type]


def test_an_access_is_kept_as_it_was_noted(fresh: FreshStore) -> None:
    of_many = replace(ONE, id="2", what=Opened.EXPORT, registration_id="", about="csv", at=ONE.at + timedelta(1))
    fresh().note_access(ONE, of_many)
    assert fresh().accesses(SLUG, None, 9) == [of_many, ONE]
    assert fresh().accesses_of("R") == [ONE]
    assert fresh().accesses_of("another") == []


def test_those_of_a_person_come_the_newest_first(fresh: FreshStore) -> None:
    those = [after(day, str(day)) for day in (2, 0, 1)]
    fresh().note_access(*those, after(3, "X", registration_id="another"))
    assert [one.id for one in fresh().accesses_of("R")] == ["2", "1", "0"]


def test_page_after_page_has_each_of_the_event_once(fresh: FreshStore) -> None:
    """Also those of one moment."""
    there = [after(day, id) for day, id in ((0, "E"), (1, "B"), (1, "D"), (1, "A"), (1, "C"), (2, "F"))]
    fresh().note_access(*there, after(1, "BB", event="another"))
    found: list[Access] = []
    while page := fresh().accesses(SLUG, (found[-1].at, found[-1].id) if found else None, 2):
        assert len(page) <= 2
        found += page
    assert [one.id for one in found] == ["F", "D", "C", "B", "A", "E"]


def test_the_oldest_are_forgotten_of_every_event_so_many_at_once(fresh: FreshStore) -> None:
    store, before = fresh(), EVENT.opens_at + timedelta(days=3)
    store.note_access(*(after(day, str(day), event=("one", "two")[day % 2]) for day in range(5)))
    assert [fresh().forget_accesses(before, 2) for _ in range(3)] == [2, 1, 0]
    assert [one.id for one in (*fresh().accesses("one", None, 9), *fresh().accesses("two", None, 9))] == ["4", "3"]


@pytest.mark.parametrize("fault", [answer_lost(StatusCode.UNAVAILABLE), refused(StatusCode.UNAVAILABLE)])
def test_a_lost_answer_is_asked_for_again(
    fault: Fault, emulator: str, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty_firestore(emulator) as line:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", line.address)
        store = FirestoreStore(project)
        line.order("Commit", fault)
        store.note_access(ONE)
        assert store.accesses_of("R") == [ONE]


def test_what_cannot_be_noted_is_said(emulator: str, project: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with faulty_firestore(emulator) as line:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", line.address)
        store = FirestoreStore(project, retry_within=timedelta(seconds=0.2))
        line.order("Commit", *[refused(StatusCode.UNAVAILABLE)] * 9)
        with pytest.raises(StoreUnavailable):
            store.note_access(ONE)
