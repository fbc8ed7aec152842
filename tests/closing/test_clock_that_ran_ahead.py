"""A clock that once ran ahead closes no intake for good, and one that is set back a little opens none (SQLite;
Firestore has Google's clock)."""

import logging
import os
from datetime import timedelta
from pathlib import Path

import pytest

from rollcall.desk.close import close
from rollcall.desk.contributions.submit import number_due
from rollcall.desk.desk import Desk
from rollcall.desk.register import Accepted, Closed, register
from rollcall.desk.send import send_due
from rollcall.desk.staff.status import status
from rollcall.model.email import Accepted as Sent
from rollcall.model.email import RateLimited, SendResult, Unknown
from rollcall.ops.report import status_text
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import a_registration
from tests.support.clock import Clock
from tests.support.contributions import sent_in
from tests.support.desk import EVENT, Postbox, on_version

DECADES = timedelta(days=36_500)
HOUR = timedelta(hours=1)
CLOSED_AT = EVENT.closes_at + timedelta(minutes=1)


def registers(desk: Desk, name: str) -> object:
    return register(desk, EVENT, a_registration(first_name=name, email=f"{name}@example.org"))


def on_roster(desk: Desk) -> int:
    intake = desk.store.intake(EVENT)
    assert intake.closing is not None
    assert len(on_version(desk.store, EVENT)) == intake.closing.count
    return intake.closing.count


@pytest.mark.parametrize("ahead", [3 * HOUR, timedelta(days=30), DECADES])
def test_an_intake_that_only_the_clock_closed_is_open_again(
    desk: Desk, clock: Clock, caplog: pytest.LogCaptureFixture, ahead: timedelta
) -> None:
    clock.now = EVENT.closes_at - 2.5 * HOUR
    assert isinstance(registers(desk, "before"), Accepted)
    clock.forward(ahead)
    assert isinstance(registers(desk, "meanwhile"), Closed)
    clock.forward(-ahead)
    with caplog.at_level(logging.WARNING):
        assert isinstance(registers(desk, "after"), Accepted)
    assert "the clock ran ahead" in caplog.text
    assert desk.store.now() - clock.now < HOUR
    assert len(caplog.records) == 1


def test_a_closing_by_a_clock_that_ran_ahead_is_made_again_with_everybody(
    desk: Desk, clock: Clock, postbox: Postbox
) -> None:
    registers(desk, "before")
    clock.forward(DECADES)
    assert close(desk, EVENT)
    list(send_due(desk))
    assert [one.subject for one in postbox.messages if "Roster" in one.subject]
    clock.forward(-DECADES)
    assert isinstance(registers(desk, "after"), Accepted)
    assert desk.store.intake(EVENT).closing is None
    clock.now = CLOSED_AT
    closing = close(desk, EVENT)
    assert closing
    assert closing.count == on_roster(desk) == 2
    postbox.messages.clear()
    list(send_due(desk))
    assert [one.subject for one in postbox.messages if "2 registered" in one.subject]


def test_a_clock_that_always_ran_ahead(desk: Desk, clock: Clock) -> None:
    """Of the file's own times none is before it was set right."""
    right = clock.now
    clock.forward(DECADES)
    assert isinstance(registers(desk, "meanwhile"), Closed)
    clock.now = right
    assert isinstance(registers(desk, "after"), Accepted)


def test_a_clock_that_is_set_back_a_little_opens_nothing(desk: Desk, clock: Clock) -> None:
    clock.now = CLOSED_AT
    registers(desk, "anybody")
    before = desk.store.now()
    clock.forward(-timedelta(minutes=119))
    assert isinstance(registers(desk, "later"), Closed)
    assert desk.store.now() > before


def test_a_clock_that_falls_behind_opens_nothing(desk: Desk, clock: Clock) -> None:
    """What was written in the hours after tells that the time was there before."""
    clock.now = EVENT.closes_at - 6 * HOUR
    while clock.now < CLOSED_AT:
        registers(desk, f"{clock.now:%H%M}")
        clock.forward(HOUR / 2)
    clock.now = CLOSED_AT
    assert close(desk, EVENT)
    clock.forward(-5 * HOUR)
    assert isinstance(registers(desk, "too-late"), Closed)
    assert desk.store.intake(EVENT).closing
    assert desk.store.now() > CLOSED_AT


def test_no_email_waits_for_the_year_that_the_clock_showed(desk: Desk, clock: Clock, postbox: Postbox) -> None:
    registers(desk, "before")
    clock.forward(DECADES)
    postbox.answers = [RateLimited(account_refused=True, note="SendGrid answered 401")]
    list(send_due(desk))
    clock.forward(-DECADES)
    postbox.messages.clear()
    desk.store.now()
    clock.forward(timedelta(minutes=1))
    list(send_due(desk))
    assert "before@example.org" in [one.to for one in postbox.messages]


@pytest.mark.parametrize("result", [Sent(), Unknown("no answer")], ids=["done", "to be tried again"])
def test_what_was_sent_by_a_clock_that_ran_ahead_does_not_count_for_ever(
    desk: Desk, clock: Clock, postbox: Postbox, result: SendResult
) -> None:
    """The limits of e-mails to one address, and of all, are of a day and of an hour."""
    registers(desk, "before")
    postbox.answers = [result]
    clock.forward(DECADES)
    list(send_due(desk))
    clock.forward(-DECADES)
    assert desk.store.recently_sent(["before@example.org"], desk.store.now() - HOUR, 9).total() == 1
    clock.forward(2 * HOUR)
    assert desk.store.recently_sent(["before@example.org"], desk.store.now() - HOUR, 9).total() == 0


def test_people_whose_time_is_still_to_come_are_seen(desk: Desk, clock: Clock) -> None:
    registers(desk, "before")
    clock.forward(timedelta(days=2))
    registers(desk, "ahead")
    assert status(desk.store, desk.events).events[0].ahead == 0
    clock.forward(-timedelta(days=2))
    found = status(desk.store, desk.events)
    assert found.events[0].ahead == 1
    assert "the time of 1 is STILL TO COME" in status_text(found, Path("events"))


def test_the_last_time_is_read_without_the_clock(tmp_path: Path, clock: Clock) -> None:
    store = SqliteStore(tmp_path / "rollcall.sqlite3", clock)
    assert store.last_time() is None
    assert store.now() == store.last_time() == clock.now


def test_the_files_are_their_owners_alone(tmp_path: Path, clock: Clock) -> None:
    """Also those that SQLite makes beside the database: what was committed last is in them."""
    before = os.umask(0o022)
    try:
        SqliteStore(tmp_path / "rollcall.sqlite3", clock).now()
        files = sorted(tmp_path.iterdir())
    finally:
        os.umask(before)
    assert [file.name for file in files] == [f"rollcall.sqlite3{end}" for end in ("", "-shm", "-wal")]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_a_contribution_that_came_while_the_clock_ran_ahead_waits_for_no_number(
    desk: Desk, clock: Clock, postbox: Postbox
) -> None:
    early = sent_in(desk, "early")
    clock.forward(HOUR * 24 * 5)
    meanwhile = sent_in(desk, "meanwhile")
    clock.forward(HOUR - HOUR * 24 * 5)
    late = sent_in(desk, "late")
    assert [(one.id, one.number) for one in number_due(desk)] == [(early.id, 1), (late.id, 2), (meanwhile.id, 3)]
    assert [attempted.status for _, attempted in send_due(desk) if not isinstance(attempted, Exception)] == ["sent"] * 3
