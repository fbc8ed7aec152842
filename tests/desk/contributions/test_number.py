"""Numbers: 1 to n without a gap, in the order of the commits that brought the contributions, whoever gives them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event as Signal
from typing import cast

import pytest
from grpc import StatusCode

from rollcall.desk.contributions import submit as submitting
from rollcall.desk.contributions.change import Changed, add_paper, withdraw
from rollcall.desk.contributions.submit import Received, number_due, submit
from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.model.contribution import Contribution, PaperKind, is_late
from rollcall.model.email import contribution_receipts
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event
from rollcall.model.programme import CallForContributions
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import SqliteStore
from tests.support.contributions import (
    AT_ONCE,
    EVENT,
    SUBMITTER,
    a_contribution_desk,
    a_draft,
    a_file,
    kept,
    sent_in,
)
from tests.support.faulty_firestore import answer_lost, faulty_firestore, passes, refused
from tests.support.hooks import Hooked, Hooks

SLUG = EVENT.slug
FreshStore = Callable[[], Store]
TO_COME = date(2100, 1, 1)


@pytest.fixture(params=["sqlite", "firestore"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> FreshStore:
    """For an instance of its own, in the time that really is."""
    if request.param == "sqlite":
        return lambda: SqliteStore(tmp_path / "rollcall.sqlite3", lambda: datetime.now(UTC), durable=False)
    project = request.getfixturevalue("project")
    return lambda: FirestoreStore(project)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "rollcall.sqlite3", lambda: datetime.now(UTC), durable=False)
    yield store
    store.close()


def closing_at(deadline: datetime) -> Event:
    return replace(EVENT, contributions=CallForContributions(deadline), ends=TO_COME)


LATER = closing_at(datetime(2099, 1, 1, tzinfo=UTC))


def a_desk(store: Store, folder: Path, event: Event = LATER) -> Desk:
    return a_contribution_desk(store, folder, event=event)


def numbers(store: Store) -> list[int | None]:
    """In the order of receipt, of all that are there; each with its receipt."""
    there = sorted(store.contributions(SLUG, 999), key=_order)
    assert store.count_contributions(SLUG) == len(there)
    receipts = [contribution_receipts(replace(one, receipts=0)) for one in there]
    ids = [entry.id for each in receipts for entry in each]
    assert len(store.entries_among(ids)) == len(ids) == len(set(ids))
    assert not [one for one in there if one.receipts_due]
    return [one.number for one in there]


def _order(one: Contribution) -> tuple[datetime, str]:
    assert one.created_at
    return one.created_at, one.id


def test_fifty_at_once_over_the_deadline_have_each_their_number(fresh: FreshStore, tmp_path: Path) -> None:
    """While several give numbers, some revise and some withdraw."""
    deadline = fresh().now() + timedelta(milliseconds=400)
    event, over = closing_at(deadline), Signal()
    desk = a_desk(fresh(), tmp_path, event)

    def send(number: int) -> Received:
        outcome = submit(desk, event, a_draft(f"{number}"))
        assert isinstance(outcome, Received)
        if number % 10 == 3:
            id = outcome.contribution.id
            further = add_paper(desk, event, id, PaperKind.REVISION, (a_file(f"{number} again"),), SUBMITTER)
            assert isinstance(further, Changed)
        if number % 10 == 7:
            assert isinstance(withdraw(desk, event, outcome.contribution.id, SUBMITTER), Changed)
        return outcome

    def give() -> list[Contribution]:
        mine, given = a_desk(fresh(), tmp_path, event), []
        while not over.is_set():
            given += list(number_due(mine))
        return given

    with ThreadPoolExecutor(13) as pool:
        giving = [pool.submit(give) for _ in range(3)]
        try:
            sent = list(pool.map(send, range(48)))
            while desk.store.now() <= deadline:
                pass
            sent += map(send, (48, 49))
        finally:
            over.set()
        given = [one for each in giving for one in each.result()] + list(number_due(desk))

    assert numbers(fresh()) == list(range(1, 51))
    there = {one.id: one for one in fresh().contributions(SLUG, 999)}
    assert [there[one.contribution.id].created_at for one in sent] == [one.received_at for one in sent]
    first_late = sum(not is_late(one.papers[0], deadline) for one in there.values()) + 1
    assert all(is_late(one.papers[0], deadline) == ((one.number or 0) >= first_late) for one in there.values())
    assert 1 <= first_late <= 49
    assert {one.id: one.number for one in given} == {one.id: one.number for one in there.values()}


def test_more_than_a_commit_takes_come_in_order(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submitting, "AT_ONCE", 3)
    desk = a_desk(store, tmp_path)
    sent = [sent_in(desk, f"{number}", LATER) for number in range(8)]
    assert [(one.id, one.number) for one in number_due(desk)] == [(one.id, n) for n, one in enumerate(sent, 1)]
    assert numbers(store) == list(range(1, 9))


def test_what_is_received_after_the_numbers_were_counted_waits(store: Store, tmp_path: Path) -> None:
    """One that comes up later may not have come earlier: here, though it is read together with the first."""
    desk = a_desk(store, tmp_path)
    first, came = sent_in(desk, "first", LATER), list[Contribution]()

    class Slow(Hooked):
        def now(self) -> datetime:
            now = store.now()
            came.append(sent_in(desk, f"after {now}", LATER))
            return now

    slow = replace(desk, store=cast(Store, Slow(store, Hooks(lambda point: None))))
    giving = number_due(slow)
    assert next(giving).id == first.id
    assert kept(store, came[0].id).number is None


def test_events_have_numbers_of_their_own(store: Store, tmp_path: Path) -> None:
    other = replace(LATER, slug="another")
    desk = replace(a_desk(store, tmp_path), events={SLUG: LATER, other.slug: other})
    for content, event in (("first", LATER), ("first", other), ("second", LATER)):
        sent_in(desk, content, event)
    sent_in(desk, "third", replace(LATER, slug="without a file"))
    given = sorted((one.event, one.number) for one in number_due(desk))
    assert given == [("another", 1), (SLUG, 1), (SLUG, 2)]
    assert list(number_due(desk)) == []


def test_receipts_that_a_restored_database_has_already_stop_no_number(store: Store, tmp_path: Path) -> None:
    desk = a_desk(store, tmp_path)
    sent = [sent_in(desk, mark, LATER) for mark in "ab"]
    store.enqueue(contribution_receipts(sent[0])[0])
    assert [one.number for one in number_due(desk)] == [1, 2]
    assert numbers(store) == [1, 2]


class Killed(BaseException):
    """At a hook point: what comes after it, a later call does."""


def killed_at(desk: Desk, order: str | None, points: list[str]) -> Desk:
    def passing(point: str) -> None:
        points.append(point)
        if point == order:
            raise Killed

    return replace(desk, store=cast(Store, Hooked(desk.store, Hooks(passing))))


def test_killed_at_any_step_it_is_done_by_the_next_call(tmp_path: Path) -> None:
    event = replace(AT_ONCE, ends=TO_COME)
    points: list[str] = []

    def at(point: str | None) -> None:
        folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        store = SqliteStore(folder / "rollcall.sqlite3", lambda: datetime.now(UTC), durable=False)
        desk = a_desk(store, folder, event)
        for mark in "abc":
            sent_in(desk, mark, event)
        with suppress(Killed):
            list(number_due(killed_at(desk, point, points)))
        assert point in (None, points[-1])
        list(number_due(desk))
        assert numbers(store) == [1, 2, 3]
        marked = store.publication_marked(SLUG)
        assert marked
        assert marked <= store.now() + desk.limits.publication_lease
        store.close()

    at(None)
    assert "after give_numbers 1" in points
    for point in tuple(points):
        at(point)


@pytest.mark.parametrize("number", range(3))
def test_a_commit_whose_answer_was_lost_gives_no_number_twice(
    number: int, emulator: str, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the three: the mark before, the numbers, the mark after."""
    event = replace(AT_ONCE, ends=TO_COME)
    with faulty_firestore(emulator) as line:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", line.address)
        desk = a_desk(FirestoreStore(project), tmp_path, event)
        sent = [sent_in(desk, mark, event) for mark in "abc"]
        line.order("Commit", *[passes] * number, answer_lost(StatusCode.UNAVAILABLE))
        assert [(one.id, one.number) for one in number_due(desk)] == [(one.id, n) for n, one in enumerate(sent, 1)]
        assert line.ordered("Commit") is None
        assert numbers(desk.store) == [1, 2, 3]
        assert desk.store.due_publications(9) == [SLUG]


def test_commits_that_never_answered_give_no_number_twice(
    emulator: str, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty_firestore(emulator) as line:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", line.address)
        store = FirestoreStore(project, retry_within=timedelta(milliseconds=300))
        desk = a_desk(store, tmp_path)
        for mark in "abc":
            sent_in(desk, mark, LATER)
        line.order("Commit", *[answer_lost(StatusCode.UNAVAILABLE)] * 40)
        with suppress(StoreUnavailable):
            list(number_due(desk))
        line.forget_orders()
        line.order("Commit", refused(StatusCode.UNAVAILABLE))
        sent_in(desk, "d", LATER)
        list(number_due(desk))
        assert numbers(store) == [1, 2, 3, 4]
