"""Lists that are longer than one reading."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rollcall.desk.scan import Newest, in_step

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
