"""The scan of each minute does not grow with the number of events, open or closed, once an instance has had all of them
in the store. Each document that a query answers with is a read that Google charges for."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from handlers.close_intake import close_intake
from rollcall.desk.close import close
from rollcall.desk.desk import Desk
from rollcall.desk.health import check_health
from rollcall.desk.ports import Store
from rollcall.desk.send import send_due
from rollcall.model.email import Accepted
from rollcall.model.event import Event
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import an_event, desk_with
from tests.support.clock import Clock
from tests.support.scheduler import POST

HOUR = timedelta(hours=1)


@dataclass
class Line:
    """What passed between a store and Firestore."""

    calls: int = 0
    documents: int = 0


class Counting(grpc.UnaryStreamClientInterceptor):  # type: ignore[misc]
    """Counts queries and readings, and the documents that come of them."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def intercept_unary_stream(self, go_on: Any, details: Any, request: Any) -> Iterator[Any]:
        self._line.calls += 1
        return self._counted(go_on(details, request))

    def _counted(self, answers: Iterator[Any]) -> Iterator[Any]:
        for answer in answers:
            self._line.documents += any(field.name in ("document", "found") for field, _ in answer.ListFields())
            yield answer


def some_events(now_or_so: Any, open_ones: int, closed: int, due: int) -> Mapping[str, Event]:
    """So many that are open, closed already, and due to be closed."""
    return {
        f"{kind}-{number}": an_event(slug=f"{kind}-{number}", closes_at=now_or_so + ahead)
        for kind, count, ahead in (("open", open_ones, HOUR), ("closed", closed, -HOUR), ("due", due, -HOUR))
        for number in range(count)
    }


def a_desk(store: Store, events: Mapping[str, Event], folder: Path) -> Desk:
    return desk_with(store, lambda _: Accepted(), folder, events=events)


@pytest.mark.slow
@pytest.mark.parametrize("due", [0, 2])
def test_a_scan_asks_as_much_of_firestore_for_many_events_as_for_few(project: str, tmp_path: Path, due: int) -> None:
    took = []
    for number, (open_ones, closed) in enumerate([(1, 1), (40, 30)]):
        line = Line()
        channel = grpc.intercept_channel(grpc.insecure_channel(os.environ["FIRESTORE_EMULATOR_HOST"]), Counting(line))
        store = FirestoreStore(f"{project}-{number}", channel)
        events = some_events(store.now(), open_ones, closed, due)
        desk = a_desk(store, events, tmp_path)
        desk.intakes.have_all(events)
        for slug, event in events.items():
            assert not slug.startswith("closed") or close(desk, event)
        list(send_due(desk))  # the rosters
        line.calls = line.documents = 0
        assert len(desk.due_to_close(store.now())) == due
        check_health(desk)
        took.append(line)
    few, many = took
    assert many == few
    assert few.documents <= 2 * due + due  # one for each that is due, in each scan; its intake, by whoever watches
    # the time and the query; the circuit breaker, the time and the entries, contributions without a receipt, the query,
    # the intakes
    assert few.calls == 7 + due


class TestEventsThatNobodyOpened:
    """Nobody ever looked at their page: the store does not know them."""

    def test_they_are_closed(self, tmp_path: Path, clock: Clock) -> None:
        events = some_events(clock.now, 1, 0, 2)
        desk = a_desk(SqliteStore(tmp_path / "store.sqlite3", clock), events, tmp_path)
        assert close_intake(desk, POST).json == {"closed": {"due-0": 0, "due-1": 0}}
        assert close_intake(desk, POST).json == {"closed": {}}

    def test_they_are_closed_when_their_deadline_passes_later(self, tmp_path: Path, clock: Clock) -> None:
        desk = a_desk(SqliteStore(tmp_path / "store.sqlite3", clock), some_events(clock.now, 2, 0, 0), tmp_path)
        assert close_intake(desk, POST).json == {"closed": {}}
        clock.forward(HOUR + timedelta(seconds=1))
        assert set(check_health(desk).overdue_closings) == set()  # it is due for a second
        assert close_intake(desk, POST).json == {"closed": {"open-0": 0, "open-1": 0}}

    def test_one_whose_file_has_gone_is_left_alone(self, tmp_path: Path, clock: Clock) -> None:
        events = some_events(clock.now, 0, 0, 2)
        desk = a_desk(SqliteStore(tmp_path / "store.sqlite3", clock), events, tmp_path)
        desk.intakes.have_all(events)
        without = replace(desk, events={"due-1": events["due-1"]})
        assert close_intake(without, POST).json == {"closed": {"due-1": 0}}

    def test_a_deadline_that_was_moved_nearer_is_found(self, tmp_path: Path, clock: Clock) -> None:
        events = some_events(clock.now, 1, 0, 0)
        desk = a_desk(SqliteStore(tmp_path / "store.sqlite3", clock), events, tmp_path)
        assert desk.due_to_close(desk.store.now()) == []
        (event,) = events.values()
        assert desk.store.move_deadline(event.slug, desk.store.intake(event), clock.now + HOUR / 2)
        clock.forward(HOUR / 2 + timedelta(seconds=1))
        assert desk.due_to_close(desk.store.now()) == [event]
