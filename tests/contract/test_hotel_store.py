"""What every store must do for the rooming lists of hotels."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from grpc import StatusCode

from rollcall.desk.ports import Store
from rollcall.model.email import OutboxEntry, rooming_list_entry
from rollcall.model.hotels import RoomingLists
from rollcall.model.intake import RosterVersion
from rollcall.model.staff import Action, AuditEntry, Press
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import an_event
from tests.support.clock import Clock
from tests.support.faulty_firestore import Fault, answer_lost, faulty_firestore, refused

EVENT = an_event()
SLUG = EVENT.slug
AT = EVENT.opens_at + timedelta(days=1)
FreshStore = Callable[[], Store]


@pytest.fixture(params=["sqlite", "firestore"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> FreshStore:
    if request.param == "sqlite":
        return lambda: SqliteStore(tmp_path / "rollcall.sqlite3", clock)
    project = request.getfixturevalue("project")
    return lambda: FirestoreStore(project)


def a_version(number: int) -> RosterVersion:
    return RosterVersion(number, 3, "ab" * 32, 1, AT, f"hotel-H-{number}")


def to_hotel(number: int, copy: int = 1) -> OutboxEntry:
    return rooming_list_entry(SLUG, "H", number, "desk@hotel.example.org", copy)


def noted(id: str) -> AuditEntry:
    return Press(id, "staff@example.org", AT).entry(Action.ROOMING_LIST_SENT, about="H")


def record(store: Store, lists: RoomingLists, number: int, press: str = "P", copy: int = 1) -> bool:
    entry = to_hotel(number, copy)
    return store.record_rooming_list(SLUG, lists.with_sent(a_version(number), entry, "Hotel H"), entry, noted(press))


def test_what_a_hotel_was_sent_is_kept_with_entry_and_audit(fresh: FreshStore) -> None:
    store = fresh()
    assert store.rooming_lists(SLUG, "H") == RoomingLists("H")
    assert record(store, store.rooming_lists(SLUG, "H"), 1)
    assert record(store, store.rooming_lists(SLUG, "H"), 2, "Q")
    kept = fresh().rooming_lists(SLUG, "H")
    assert (kept.versions, kept.name) == ((a_version(1), a_version(2)), "Hotel H")
    assert [(one.version, one.entry_id) for one in kept.sent] == [(1, to_hotel(1).id), (2, to_hotel(2).id)]
    assert fresh().entry(to_hotel(2).id) is not None
    assert fresh().audit_entry(SLUG, "Q") == noted("Q")
    assert fresh().rooming_lists("another", "H") == RoomingLists("H")


def test_of_two_who_send_a_list_one_does(fresh: FreshStore) -> None:
    store = fresh()
    seen = store.rooming_lists(SLUG, "H")
    assert record(store, seen, 1)
    assert not record(fresh(), seen, 1, "Q", copy=2)
    assert not record(fresh(), store.rooming_lists(SLUG, "H"), 1, "P", copy=2)  # that button was pressed
    assert [fresh().entry(to_hotel(1, copy).id) is not None for copy in (1, 2)] == [True, False]
    assert fresh().audit_entry(SLUG, "Q") is None


@pytest.mark.parametrize("fault", [answer_lost(StatusCode.UNAVAILABLE), refused(StatusCode.UNAVAILABLE)])
def test_a_lost_answer_does_not_send_a_list_twice(
    fault: Fault, emulator: str, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty_firestore(emulator) as line:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", line.address)
        store = FirestoreStore(project)
        seen = store.rooming_lists(SLUG, "H")
        line.order("Commit", fault)
        assert record(store, seen, 1)
        assert len(store.rooming_lists(SLUG, "H").sent) == 1
