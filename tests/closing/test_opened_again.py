"""A closed intake is opened again: nobody who was on a roster falls off it, and nobody is on it who came too late."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from rollcall.desk.amend import amend, withdraw
from rollcall.desk.close import close
from rollcall.desk.deadline import TooEarly, move_deadline
from rollcall.desk.desk import Desk
from rollcall.desk.register import Accepted, Closed, Duplicate, register
from rollcall.desk.roster import standing
from rollcall.desk.staff.deadline import AfterEvent, Moved, Overtaken, mark, meaning, move
from rollcall.desk.staff.status import status
from rollcall.desk.versions import draw, look
from rollcall.model.email import confirmation
from rollcall.model.registration import Actor, Registered, Registration, Way, new_id
from rollcall.model.staff import Press
from rollcall.ops.report import status_text
from tests.support.builders import CANNOT_COME, a_registration, desk_with, id_of
from tests.support.desk import EVENT, Postbox, on_version, restore
from tests.support.movable import MovableStore

SLUG, SECOND, DAY = EVENT.slug, timedelta(seconds=1), timedelta(days=1)
AGAIN = EVENT.closes_at + 2 * DAY
At = tuple[Desk, Callable[..., None]]


def person(name: str) -> Registration:
    return a_registration(first_name=name, email=f"{name.lower()}@example.org")


def there(desk: Desk, name: str) -> Registered:
    found = desk.store.registered(SLUG, id_of(desk.store, person(name)))
    assert found
    return found


def comes_late(desk: Desk, name: str) -> None:
    """As an e-mail does."""
    id = new_id()
    assert desk.store.accept(SLUG, id, person(name), confirmation(SLUG, id, person(name).email))


def opened_again(desk: Desk, **changed: object) -> object:
    intake = desk.store.intake(EVENT)
    press = Press(new_id(), EVENT.staff[0].address, intake.as_of)
    return move(desk.store, EVENT, AGAIN, **{"seen": mark(intake), "press": press, **changed})  # type: ignore[arg-type]


def names(desk: Desk, number: int) -> set[str]:
    found = desk.store.registered_among(SLUG, on_version(desk.store, EVENT, number))
    return {one.registration.first_name for one in found}


@pytest.fixture(params=["sqlite", "firestore"])
def closed(request: pytest.FixtureRequest, tmp_path: Path) -> At:
    """With Ada, Ben and Cid on version 1, and Late, who was not in time."""
    project = request.getfixturevalue("project") if request.param == "firestore" else None
    movable = MovableStore(EVENT.closes_at - DAY, project)
    desk = desk_with(movable.store, Postbox().post, tmp_path, events={SLUG: EVENT}, seconds=movable.seconds)
    for name in ("Ada", "Ben", "Cid"):
        assert isinstance(register(desk, EVENT, person(name)), Accepted)
    movable.move_on(EVENT.closes_at + SECOND)
    comes_late(desk, "Late")
    assert close(desk, EVENT)
    return desk, movable.move_on


def test_who_was_on_it_stays_and_who_came_late_comes_on(closed: At) -> None:
    desk, move_on = closed
    assert isinstance(register(desk, EVENT, person("Eva")), Closed)
    assert opened_again(desk) == Moved(AGAIN, opened_again=True)
    assert isinstance(register(desk, EVENT, person("Late")), Duplicate)
    assert isinstance(register(desk, EVENT, person("Eva")), Accepted)
    withdraw(desk, EVENT, there(desk, "Ben").id, CANNOT_COME)
    cid = there(desk, "Cid")
    answers = {**cid.registration.answers, "hotel": "Hotel Epsom"}
    assert amend(desk, EVENT, cid.id, 1, replace(cid.registration, answers=answers), Actor.REGISTRANT, Way.LINK)
    move_on(AGAIN + SECOND)
    comes_late(desk, "Too late")
    closing = close(desk, EVENT)
    assert closing
    assert closing.count == 4
    assert names(desk, 1) == {"Ada", "Ben", "Cid"}
    assert names(desk, 2) == {"Ada", "Cid", "Late", "Eva"}
    assert close(desk, EVENT) is None
    assert draw(desk.store, EVENT) is None


def test_no_version_is_drawn_while_it_is_open(closed: At) -> None:
    desk, move_on = closed
    opened_again(desk)
    register(desk, EVENT, person("Eva"))
    move_on(EVENT.closes_at + DAY)
    assert (draw(desk.store, EVENT), look(desk.store, EVENT)) == (None, None)
    assert desk.store.due_looks(AGAIN) == []
    found = status(desk.store, desk.events)
    assert (found.events[0].registered, found.events[0].late) == (5, 0)
    assert "not yet; it was opened again, and 1 versions of the roster stand" in status_text(found, Path("events"))


def test_it_closes_and_opens_again_and_again(closed: At) -> None:
    desk, move_on = closed
    for times in (1, 2, 3):
        later = EVENT.closes_at + times * DAY
        intake = desk.store.intake(EVENT)
        press = Press(new_id(), EVENT.staff[0].address, intake.as_of)
        assert move(desk.store, EVENT, later, mark(intake), press) == Moved(later, opened_again=True)
        assert isinstance(register(desk, EVENT, person(f"P{times}")), Accepted)
        move_on(later + SECOND)
        assert close(desk, EVENT)
    intake = desk.store.intake(EVENT)
    assert [(one.number, one.count) for one in intake.versions] == [(1, 3), (2, 5), (3, 6), (4, 7)]
    assert intake.closings == intake.versions
    assert len({one.name for one in intake.versions}) == 4


def test_whom_a_database_that_was_restored_makes_younger(closed: At) -> None:
    desk, move_on = closed
    opened_again(desk)
    move_on(AGAIN + SECOND)
    assert close(desk, EVENT)
    restore(desk, SLUG, there(desk, "Ada").id)
    intake = desk.store.intake(EVENT)
    assert intake.is_late(there(desk, "Ada").received_at)
    on_time = {
        one.registered.registration.first_name for one in standing(desk.store, EVENT, intake, None) if one.on_time
    }
    assert "Ada" in on_time


def test_an_earlier_deadline_after_that_lies_ahead(closed: At) -> None:
    desk, _ = closed
    opened_again(desk)
    refused = move_deadline(desk.store, EVENT, EVENT.closes_at)
    assert isinstance(refused, TooEarly)
    assert refused.earliest > EVENT.closes_at


def test_what_is_refused(closed: At) -> None:
    desk, _ = closed
    intake = desk.store.intake(EVENT)
    press = Press(new_id(), EVENT.staff[0].address, intake.as_of)
    seen = mark(intake)
    assert isinstance(move(desk.store, EVENT, EVENT.closes_at, seen, press), TooEarly)
    assert move(desk.store, EVENT, EVENT.over_at + SECOND, seen, press) == AfterEvent()
    assert isinstance(opened_again(desk, seen=mark(replace(intake, closing=None))), Overtaken)
    assert desk.store.intake(EVENT).closing == intake.closing


def test_who_comes_on_time_is_told_before(closed: At) -> None:
    desk, _ = closed
    means = meaning(desk.store, EVENT, desk.store.intake(EVENT), AGAIN)
    assert (means.late, means.become_late.count, means.come_on_time.count) == (1, 0, 1)
    assert [one.registration.first_name for one in means.come_on_time.first] == ["Late"]
