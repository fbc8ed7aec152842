"""Lists that are longer than one reading."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rollcall.desk.scan import DOUBLES_NAMED, Newest, in_step, likely_doubles
from tests.support.builders import a_registration, registered

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


def test_who_may_be_one_person_is_told_of_the_others() -> None:
    people = [
        registered(a_registration(family_name=name), id=f"{place:08}".ljust(24, "0"))
        for place, name in enumerate(["García", "Garcia", "Another", "GARCIÀ"])
    ]
    references = [one.reference for one in people]
    doubles = likely_doubles(people)
    assert [doubles(one) for one in people] == [
        (references[1], references[3]),
        (references[0], references[3]),
        (),
        (references[0], references[1]),
    ]


def test_of_many_who_may_be_one_person_some_are_named() -> None:
    somebody = registered()
    people = [replace(somebody, id=f"{place:08}".ljust(24, "0")) for place in range(2000)]
    doubles = likely_doubles(people)
    assert doubles(people[0]) == tuple(one.reference for one in people[1:6])
    assert {len(doubles(one)) for one in people} == {DOUBLES_NAMED}
