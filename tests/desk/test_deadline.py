"""Moving a deadline, while instances have the old one in mind."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from rollcall.desk.close import close
from rollcall.desk.deadline import AlreadyClosed, Moved, TooEarly, move_deadline
from rollcall.desk.desk import Desk, RecentIntakes
from rollcall.desk.ports import Store
from rollcall.desk.register import Accepted, Closed, Late, register
from rollcall.emails import roster
from rollcall.model.email import roster_entry
from rollcall.model.intake import GOOD_FOR, MOVED_AHEAD, READ_AGAIN_AFTER, Intake, OnRoster
from tests.support.builders import a_registration, an_event, id_of
from tests.support.clock import Clock
from tests.support.desk import on_version

EVENT = an_event()
SECOND = timedelta(seconds=1)


class Meanwhile:
    """A store in which something happens just before a deadline is moved."""

    def __init__(self, store: Store, happens: Callable[[], object]) -> None:
        self._store = store
        self._happens = [happens]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def move_deadline(self, event: str, intake: Intake, closes_at: datetime) -> bool:
        while self._happens:
            self._happens.pop()()
        return self._store.move_deadline(event, intake, closes_at)


def another_instance(desk: Desk, clock: Clock) -> Desk:
    return replace(desk, intakes=RecentIntakes(desk.store, lambda: clock.now.timestamp()))


def a_frozen_instance(desk: Desk) -> Desk:
    """One that was stopped for a while by its machine, and believes that no time has passed."""
    return replace(desk, intakes=RecentIntakes(desk.store, lambda: 0.0))


def test_the_bounds_hold_together() -> None:
    assert READ_AGAIN_AFTER < GOOD_FOR < MOVED_AHEAD


def test_a_later_deadline_counts_at_once(desk: Desk, clock: Clock) -> None:
    other = another_instance(desk, clock)
    clock.now = EVENT.closes_at + SECOND
    assert register(other, EVENT, a_registration()) == Closed(EVENT.closes_at)
    later = EVENT.closes_at + timedelta(days=3)
    assert move_deadline(desk.store, EVENT, later) == Moved(later)
    assert isinstance(register(other, EVENT, a_registration()), Accepted)
    assert desk.store.intake(EVENT).history[0].closes_at == EVENT.closes_at


def test_a_later_deadline_may_come_soon(desk: Desk, clock: Clock) -> None:
    """Whoever needs a minute more has it: nobody who read the old deadline is on the roster wrongly by it."""
    clock.now = EVENT.closes_at - SECOND
    later = EVENT.closes_at + 2 * SECOND
    assert later < clock.now + MOVED_AHEAD
    assert move_deadline(desk.store, EVENT, later) == Moved(later)


def test_whoever_moves_it_at_the_same_time_is_not_passed_over(desk: Desk) -> None:
    store, first, later = desk.store, *(EVENT.closes_at + timedelta(days=days) for days in (1, 3))
    busy = cast(Store, Meanwhile(store, lambda: store.move_deadline(EVENT.slug, store.intake(EVENT), first)))
    assert move_deadline(busy, EVENT, later) == Moved(later)
    intake = store.intake(EVENT)
    assert (intake.closes_at, [one.closes_at for one in intake.history]) == (later, [EVENT.closes_at, first])


def test_a_closing_that_is_recorded_at_the_same_time_stands(desk: Desk, clock: Clock) -> None:
    clock.now = EVENT.closes_at + SECOND
    busy = cast(Store, Meanwhile(desk.store, lambda: close(desk, EVENT)))
    assert move_deadline(busy, EVENT, EVENT.closes_at + timedelta(days=1)) == AlreadyClosed()
    assert desk.store.intake(EVENT).closes_at == EVENT.closes_at


def test_an_earlier_deadline_lies_ahead(desk: Desk, clock: Clock) -> None:
    refused = move_deadline(desk.store, EVENT, clock.now + MOVED_AHEAD - SECOND)
    assert isinstance(refused, TooEarly)
    assert timedelta(0) <= refused.earliest - (clock.now + MOVED_AHEAD) < SECOND
    assert desk.store.intake(EVENT).closes_at == EVENT.closes_at
    assert move_deadline(desk.store, EVENT, clock.now + MOVED_AHEAD + SECOND) == Moved(clock.now + MOVED_AHEAD + SECOND)


@pytest.mark.parametrize("frozen", [False, True])
def test_whoever_is_answered_registered_is_on_the_roster(desk: Desk, clock: Clock, frozen: bool) -> None:
    """All along an earlier deadline's coming, by an instance that had read the old one just before it was moved."""
    other = a_frozen_instance(desk) if frozen else another_instance(desk, clock)
    assert not other.intakes.recent(EVENT).past
    earlier = clock.now + MOVED_AHEAD + SECOND
    assert move_deadline(desk.store, EVENT, earlier) == Moved(earlier)
    answered = {}
    for number in range(75):
        clock.forward(2 * SECOND)
        registration = a_registration(first_name=str(number))
        outcome = register(other, EVENT, registration)
        answered[getattr(outcome, "id", registration.first_name)] = outcome
    assert {type(outcome) for outcome in answered.values()} >= {Accepted}
    closing = close(desk, EVENT)
    assert closing
    on_roster = set(on_version(desk.store, EVENT))
    assert on_roster == {id for id, outcome in answered.items() if isinstance(outcome, Accepted)}
    stored = {one.id for one in desk.store.registrations(EVENT.slug, None, 500)}
    assert stored == {id for id, outcome in answered.items() if isinstance(outcome, Accepted | Late)}


def test_a_closed_list_stands(desk: Desk, clock: Clock) -> None:
    clock.now = EVENT.closes_at + SECOND
    close(desk, EVENT)
    assert move_deadline(desk.store, EVENT, EVENT.closes_at + timedelta(days=1)) == AlreadyClosed()


def test_whoever_was_slow_in_drawing_up_an_earlier_list_does_not_change_the_closed_one(
    desk: Desk, clock: Clock
) -> None:
    register(desk, EVENT, a_registration())
    clock.now = EVENT.closes_at + SECOND
    old = desk.store.intake(EVENT)
    later = EVENT.closes_at + timedelta(days=1)
    move_deadline(desk.store, EVENT, later)
    register(desk, EVENT, a_registration(first_name="Another"))
    clock.now = later + SECOND
    closing = close(desk, EVENT)
    slow = [OnRoster(id_of(desk.store, a_registration()), 1)]
    desk.store.write_roster_page(EVENT.slug, f"{old.closing_name}-000000", slow)
    assert closing
    assert closing.count == len(on_version(desk.store, EVENT)) == 2
    entry = roster_entry(EVENT.slug, 1, EVENT.secretariat)
    assert roster.gather(desk, EVENT, entry, desk.store.intake(EVENT)).on_roster == 2


def test_who_is_late_by_the_new_deadline_is_told_so_by_an_instance_with_the_old_one(desk: Desk, clock: Clock) -> None:
    other = a_frozen_instance(desk)
    assert not other.intakes.recent(EVENT).past
    earlier = clock.now + MOVED_AHEAD + SECOND
    move_deadline(desk.store, EVENT, earlier)
    clock.now = earlier + SECOND
    assert isinstance(register(other, EVENT, a_registration()), Late)
    still_with_the_old = replace(other, intakes=RecentIntakes(desk.store, lambda: 0.0))
    still_with_the_old.intakes._read[EVENT.slug] = (0.0, replace(desk.store.intake(EVENT), closes_at=EVENT.closes_at))
    assert isinstance(register(still_with_the_old, EVENT, a_registration()), Late)


def test_an_instance_has_a_new_deadline_after_some_seconds(desk: Desk, clock: Clock) -> None:
    other = another_instance(desk, clock)
    assert other.intakes.recent(EVENT).closes_at == EVENT.closes_at
    later = EVENT.closes_at + timedelta(days=1)
    move_deadline(desk.store, EVENT, later)
    clock.forward(READ_AGAIN_AFTER - SECOND)
    assert other.intakes.recent(EVENT).closes_at == EVENT.closes_at
    clock.forward(SECOND)
    assert other.intakes.recent(EVENT).closes_at == later


def test_a_deadline_moved_while_the_closing_is_drawn_up_wins(desk: Desk, clock: Clock) -> None:
    """Between the pages and their recording: the closing looks again at the next call."""
    clock.now = EVENT.closes_at + SECOND
    intake = desk.store.intake(EVENT)
    later = EVENT.closes_at + timedelta(days=1)
    assert desk.store.move_deadline(EVENT.slug, intake, later)
    assert close(desk, EVENT) is None
    clock.now = later + SECOND
    assert close(desk, EVENT) is not None
