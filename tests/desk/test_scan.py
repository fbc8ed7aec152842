"""Lists that are longer than one reading."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.desk import scan
from rollcall.desk.scan import Newest, audit_entries, in_step
from rollcall.model.staff import Action, Press
from rollcall.store.sqlite import SqliteStore

NOON = datetime(2004, 2, 2, 12, tzinfo=UTC)
ids = st.text("AB.-0", max_size=4)


@given(st.sets(ids), st.sets(ids))
def test_two_lists_are_gone_through_side_by_side(those: set[str], asked: set[str]) -> None:
    find = in_step(sorted(those), str)
    assert [find(id) for id in sorted(asked)] == [id if id in those else None for id in sorted(asked)]


@given(st.lists(st.integers(0, 9)), st.integers(1, 5))
def test_the_newest_are_the_end_of_the_sorted_list(minutes: list[int], most: int) -> None:
    newest = Newest[int](most)
    for place, minute in enumerate(minutes):
        newest.add(NOON + timedelta(minutes=minute), place)
    assert newest.count == len(minutes)
    assert list(newest.in_order()) == sorted(range(len(minutes)), key=lambda place: minutes[place])[-most:]


def test_the_log_has_each_entry_once_though_several_are_of_one_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "PAGE_SIZE", 3)
    store = SqliteStore(tmp_path / "db.sqlite", lambda: NOON)
    pressed = [NOON, NOON, NOON + timedelta(minutes=1), NOON + timedelta(minutes=1), NOON + timedelta(minutes=2)]
    for place, at in enumerate(pressed):
        assert store.note("intgov04", Press(f"P{place}", "a@example.org", at).entry(Action.RESENT))
    found = list(audit_entries(store, "intgov04"))
    assert sorted(one.id for one in found) == [f"P{place}" for place in range(5)]
    assert [one.at for one in found] == sorted(pressed, reverse=True)
