"""Checking the event files before they are deployed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rollcall.desk.ports import Store
from rollcall.model.email import confirmation
from rollcall.model.event import Event
from rollcall.model.intake import Closing, Intake
from rollcall.model.registration import BotSignal
from rollcall.ops.commands import check
from rollcall.ops.event_check import check_events, check_folder, faults
from rollcall.store.sqlite import SqliteStore
from schemas.event import as_written, deadline_from
from tests.support.builders import EVENTS, a_registration, an_event
from tests.support.clock import Clock

EVENT = an_event()
NOW = datetime(2004, 1, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Store:
    return SqliteStore(tmp_path / "rollcall.sqlite3", clock, durable=False)


def an_intake(event: Event = EVENT, **changes: Any) -> Intake:
    return replace(Intake(event.opens_at, event.closes_at, None, as_of=NOW), **changes)


def accept(store: Store, id: str, email: str) -> None:
    assert store.accept(EVENT.slug, id, a_registration(email=email), confirmation(EVENT.slug, id, email))


def test_an_event_to_come_is_fine() -> None:
    assert faults(EVENT, None, NOW) == []
    assert faults(EVENT, an_intake(), NOW) == []


def test_a_deadline_that_has_passed_of_an_event_that_nobody_knows() -> None:
    (fault,) = faults(EVENT, None, EVENT.closes_at + DAY)
    assert fault.startswith("intake.closes: the end of 20 February 2004 (Zurich time) has passed")
    assert "write a later one" in fault


def test_a_fresh_clone_has_no_fault() -> None:
    """Without a database there is nothing to deploy: the letter's event is over, and an example."""
    _, found = check_folder(EVENTS, None, EVENT.closes_at + 9000 * DAY, may_be_over=True)
    assert found == []
    _, found = check_folder(EVENTS, None, EVENT.closes_at + 9000 * DAY)
    assert len(found) == 1


def test_a_text_that_lacks_a_language_is_told_and_stops_nobody(tmp_path: Path) -> None:
    text = (EVENTS / "examples" / "online-seminar.toml").read_text("utf-8")
    (tmp_path / "seminar.toml").write_text(text.replace(', es = "La sala', ' }  # "'), "utf-8")
    checked = check(None, tmp_path, NOW)
    assert checked.is_done
    assert ": online.text: is not there in es" in str(checked.data["remarks"])
    assert ": online.text: is not there in es" in checked.text


def test_the_file_of_an_event_that_is_past_may_stay() -> None:
    after = EVENT.closes_at + 400 * DAY
    edited = replace(EVENT, closes_at=EVENT.closes_at + 2 * DAY, opens_at=EVENT.opens_at - DAY)
    assert faults(edited, an_intake(as_of=after), after) == []


def test_an_event_that_is_past_is_not_opened_again_by_its_file() -> None:
    """The database decides: whoever reads the new date in the file would be told "closed"."""
    after = EVENT.closes_at + DAY
    (fault,) = faults(replace(EVENT, closes_at=after + DAY), an_intake(as_of=after), after)
    assert "the database says the end of 20 February 2004" in fault
    assert "make move-deadline" in fault


def test_a_deadline_is_not_after_the_events_end() -> None:
    last = deadline_from("2004-02-27", EVENT)
    assert faults(replace(EVENT, closes_at=last), None, NOW) == []
    (fault,) = faults(replace(EVENT, closes_at=last + timedelta(seconds=1)), None, NOW)
    assert "is after the event's end (26–27 February 2004" in fault
    hours = replace(EVENT, starts=NOW + DAY, ends=NOW + 2 * DAY, closes_at=NOW + 2 * DAY)
    assert faults(hours, None, NOW) == []
    assert len(faults(replace(hours, closes_at=NOW + 3 * DAY), None, NOW)) == 1


def test_file_and_database_that_disagree(store: Store, clock: Clock) -> None:
    intake = store.intake(EVENT)
    to = deadline_from("2004-02-27T18:00", EVENT)
    assert store.move_deadline(EVENT.slug, intake, to)
    (fault,) = check_events({EVENT.slug: EVENT}, store, clock.now)
    assert fault.startswith("intgov04.toml: intake.closes: the file says the end of 20 February 2004")
    assert "the database says 27 February 2004, 18:00 (Zurich time) (it was moved on 2 February 2004, 13:00" in fault
    assert "write closes = 2004-02-27T18:00:00;" in fault
    assert "make move-deadline EVENT=intgov04 TO=2004-02-20" in fault
    assert check_events({EVENT.slug: replace(EVENT, closes_at=to)}, store, clock.now) == []


def test_moving_is_not_offered_where_it_would_be_refused() -> None:
    """Once the intake is closed, to a time after the event, and to one that has passed."""
    after = EVENT.closes_at + DAY
    closed = an_intake(as_of=after, closing=Closing(0, "", 0))
    (fault,) = faults(replace(EVENT, closes_at=after + DAY), closed, after)
    assert fault.endswith("if it is right, write closes = 2004-02-20")
    _, fault = faults(replace(EVENT, closes_at=EVENT.closes_at + 30 * DAY), an_intake(), NOW)
    assert fault.endswith("if it is right, write closes = 2004-02-20")
    moved = an_intake(closes_at=EVENT.closes_at + 5 * DAY, as_of=after)
    (fault,) = faults(EVENT, moved, after)
    assert fault.endswith("if it is right, write closes = 2004-02-25")


def test_a_file_that_was_edited(store: Store, clock: Clock) -> None:
    store.intake(EVENT)
    edited = replace(EVENT, closes_at=EVENT.closes_at - DAY, opens_at=EVENT.opens_at - DAY)
    opens, closes = check_events({EVENT.slug: edited}, store, clock.now)
    assert "intake.opens" in opens
    assert "write opens = 2004-01-14" in opens
    assert "write closes = 2004-02-20;" in closes
    assert "moved on" not in closes
    assert "TO=2004-02-19" in closes


def test_all_faults_are_said_and_nothing_is_written(store: Store, clock: Clock) -> None:
    events = {slug: an_event(slug=slug, closes_at=clock.now - DAY) for slug in ("one", "two")}
    assert [fault.split(":")[0] for fault in check_events(events, store, clock.now)] == ["one.toml", "two.toml"]
    assert store.known_intake("one") is None


@pytest.mark.parametrize("came", ["registered", "quarantined", "wrote"])
def test_an_event_for_which_somebody_came_and_whose_file_is_gone(store: Store, clock: Clock, came: str) -> None:
    store.intake(EVENT)
    assert check_events({}, store, clock.now) == []  # nobody came
    if came == "registered":
        accept(store, "A", "a@example.org")
    elif came == "quarantined":
        store.quarantine(EVENT.slug, a_registration(), BotSignal.TOO_FAST)
    else:
        store.add_inbound(EVENT.slug, "M")
    (fault,) = check_events({}, store, clock.now)
    assert fault.startswith("intgov04.toml: is not there, or cannot be used, and the database knows the event")
    assert "it is open until 20 February 2004, 23:00 UTC; put its file back, or say EVENTS=" in fault
    assert check_events({EVENT.slug: EVENT}, store, clock.now) == []


def test_an_event_whose_file_is_gone_is_missed_until_it_is_closed(store: Store, clock: Clock) -> None:
    accept(store, "A", "a@example.org")
    intake = store.intake(EVENT)
    clock.now = EVENT.closes_at + DAY
    (fault,) = check_events({}, store, clock.now)
    assert "its deadline, 20 February 2004, 23:00 UTC, has passed, and it is not closed" in fault
    assert store.record_closing(EVENT.slug, intake, Closing(1, "-", 1), [])
    assert check_events({}, store, clock.now) == []


@pytest.mark.parametrize("text", ["2004-02-20", "2004-02-20T18:00:00", "2004-02-20T00:00:01"])
def test_a_deadline_is_written_as_it_was_read(text: str) -> None:
    assert as_written(deadline_from(text, EVENT), EVENT, ends=True) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a date"),
        ("soon", "soon is not a date"),
        ("2004-02-30", "is not a date"),
        ("2004-02-20T25:00", "is not a date"),
        *(
            (text, "is not a date")
            for text in ("20040220", "2004-W08-5", "2004-02-20 18:00", "2004-02-20T18", "2004-2-20")
        ),
        *((text, "as clocks in Europe/Zurich show it") for text in ("2004-02-19+01:00", "2004-02-20T18:00+01:00")),
        *(
            (text, "is not a date")
            for text in ("2004-02-20T18:00Z", "20 February 2004", "2004-02-20T18:00:00.5", "tomorrow")
        ),
        ("2004-03-28T02:30", "happens never"),
    ],
)
def test_a_deadline_that_cannot_be_read(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        deadline_from(text, EVENT)
