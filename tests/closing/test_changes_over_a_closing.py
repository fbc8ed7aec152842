"""A thousand changes, withdrawals and returns by many at once, while the deadline passes and the roster is drawn."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from rollcall.desk.amend import Amended, TooLate, amend, withdraw
from rollcall.desk.close import close
from rollcall.desk.desk import Desk
from rollcall.desk.limits import Limits
from rollcall.desk.register import Accepted, Closed, register
from rollcall.desk.roster import listed
from rollcall.model.email import EmailKind
from rollcall.model.registration import Registered, Registration, Revision, Way, Why
from tests.support.builders import CANNOT_COME, a_registration, an_event, desk_with
from tests.support.desk import Postbox
from tests.support.movable import MovableStore

EVENT = an_event()
SLUG = EVENT.slug
STEPS, THREADS, PEOPLE = 1000, 20, 60

pytestmark = pytest.mark.slow


@dataclass
class Rush:
    """The deadline passes when half of the steps are done."""

    movable: MovableStore
    people: list[Registered] = field(default_factory=list)
    told: list[tuple[str, object]] = field(default_factory=list)
    """The hotel that was asked for, and the outcome."""
    _steps: Iterator[int] = field(default_factory=lambda: iter(range(STEPS)))
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def desk(self) -> Desk:
        """An instance's own."""
        return desk_with(
            self.movable.store,
            Postbox().post,
            Path("unused"),
            events={SLUG: EVENT},
            seconds=self.movable.seconds,
            limits=Limits(revisions=STEPS),
        )

    def begin(self) -> None:
        desk = self.desk()
        for number in range(PEOPLE):
            accepted = register(desk, EVENT, a_registration(first_name=f"Person {number}"))
            assert isinstance(accepted, Accepted)
        self.people += self.movable.store.registrations(SLUG, None, PEOPLE)
        assert len(self.people) == PEOPLE

    def changes(self, thread: int) -> None:
        desk, chance = self.desk(), Random(thread)
        while (number := self._next()) is not None:
            one, hotel = chance.choice(self.people), f"Hotel {number}"
            self.told.append((hotel, self._step(desk, one.id, with_hotel(one, hotel), chance)))

    def closes(self) -> None:
        desk = self.desk()
        while close(desk, EVENT) is None and not desk.store.intake(EVENT).closing:
            pass

    def _step(self, desk: Desk, id: str, form: Registration, chance: Random) -> object:
        match chance.choice(["change", "change", "withdraw", "register"]):
            case "change":
                there = desk.store.registered(SLUG, id)
                assert there is not None
                return amend(desk, EVENT, id, there.revision, form)
            case "withdraw":
                return withdraw(desk, EVENT, id, CANNOT_COME)
            case _:
                return register(desk, EVENT, form)

    def _next(self) -> int | None:
        with self._one_at_a_time:
            number = next(self._steps, None)
        if number == STEPS // 2:
            self.movable.move_on(EVENT.closes_at + timedelta(seconds=1))
        return number


def with_hotel(one: Registered, hotel: str) -> Registration:
    return replace(one.registration, answers={**one.registration.answers, "hotel": hotel})


@pytest.mark.parametrize("store", ["sqlite", "firestore"])
def test_what_was_told_in_time_stands_and_version_1_is_exact(request: pytest.FixtureRequest, store: str) -> None:
    project = request.getfixturevalue("project") if store == "firestore" else None
    rush = Rush(MovableStore(EVENT.closes_at - timedelta(minutes=10), project))
    rush.begin()
    with ThreadPoolExecutor(THREADS + 2) as threads:
        working = [threads.submit(rush.changes, thread) for thread in range(THREADS)]
        working += [threads.submit(rush.closes) for _ in range(2)]
    for worked in working:
        worked.result()
    assert len(rush.told) == STEPS
    history = [(one, history_of(rush, one)) for one in rush.people]
    assert_told_is_made(rush, [made for _, revisions in history for made in revisions if is_made(made)])
    assert_version_1_is_exact(rush, history)


def assert_told_is_made(rush: Rush, made: Sequence[Revision]) -> None:
    """And nothing else."""
    withdrawals = [one for one in made if one.change.why is Why.WITHDRAWN]
    changes = {key(one): hotel_of(one.after) for one in made if one.change.why is not Why.WITHDRAWN}
    by_link = [(there.registered, hotel) for hotel, there in rush.told if isinstance(there, Amended)]
    assert Counter((there.id, there.revision) for there, _ in by_link) == Counter(
        key(one) for one in made if one.change.way is Way.LINK
    )
    returned = Counter((there.id, hotel) for hotel, there in rush.told if isinstance(there, Accepted))
    assert returned == Counter((one.after.id, hotel_of(one.after)) for one in made if one.change.way is Way.FORM)
    for there, hotel in by_link:
        assert there.is_withdrawn or changes[there.id, there.revision] == hotel
    late = [one for one in made if one not in withdrawals and stood_since(one.after) > EVENT.closes_at]
    assert late == []
    too_late = [told for _, told in rush.told if isinstance(told, TooLate | Closed)]
    assert min(map(len, (changes, withdrawals, returned, too_late))) > 5


def assert_version_1_is_exact(rush: Rush, history: Sequence[tuple[Registered, Sequence[Revision]]]) -> None:
    store = rush.movable.store
    (first,) = store.intake(EVENT).versions
    expected = {}
    for one, revisions in history:
        states = [one, *(each.after for each in revisions if not each.after.came_too_late)]
        then = [state for state in states if stood_since(state) <= EVENT.closes_at][-1]
        if not then.is_withdrawn:
            expected[one.id] = then.revision
    assert {row.id: row.revision for row in listed(store, SLUG, first)} == expected
    assert 0 < len(expected) < PEOPLE


def history_of(rush: Rush, one: Registered) -> Sequence[Revision]:
    """Without a gap, and each with its e-mail."""
    store = rush.movable.store
    there = store.registered(SLUG, one.id)
    assert there is not None
    history = store.history(SLUG, there)
    assert [each.number for each in history] == list(range(2, there.revision + 1))
    owed = [1, *(each.number for each in history if each.change.why is not Why.TOO_LATE)]
    entries = store.entries_about(one.id, STEPS)
    assert sorted(entry.revision for entry in entries if entry.kind is EmailKind.CONFIRMATION) == owed
    return history


def is_made(revision: Revision) -> bool:
    """Not one that came too late, nor the one that took it back."""
    return not revision.after.came_too_late and revision.change.why is not Why.TOO_LATE


def key(revision: Revision) -> tuple[str, int]:
    return revision.after.id, revision.number


def hotel_of(there: Registered) -> str:
    return there.registration.answers["hotel"]


def stood_since(there: Registered) -> datetime:
    return there.changed_at or there.received_at
