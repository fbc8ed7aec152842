"""Watching: what is seen of e-mails that somebody waits for and of closings that are overdue."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from deploy.alerts import LONGEST_WAITING
from rollcall.desk.close import close
from rollcall.desk.desk import Desk
from rollcall.desk.health import MISSED_AFTER, check_health, waited_for
from rollcall.desk.register import register
from rollcall.desk.send import send_due
from rollcall.model.email import (
    Attempt,
    AttemptOutcome,
    EmailKind,
    OutboxEntry,
    RateLimited,
    Rejected,
    SendResult,
    Unknown,
)
from tests.support.builders import a_registration
from tests.support.clock import Clock
from tests.support.desk import EVENT, Postbox, a_desk

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
NOTHING = timedelta(0)


def about(seconds: timedelta) -> object:
    """The store's times go forward by a microsecond at each look."""
    return pytest.approx(seconds.total_seconds(), abs=0.01)


def longest_waiting(desk: Desk) -> float:
    return check_health(desk).longest_waiting.total_seconds()


def test_nothing_is_due(desk: Desk) -> None:
    seen = check_health(desk)
    assert (seen.longest_waiting, seen.circuit_open, seen.overdue_closings) == (NOTHING, False, {})


def test_a_new_e_mail_is_waited_for_since_it_was_queued(desk: Desk, clock: Clock) -> None:
    register(desk, EVENT, a_registration())
    clock.forward(3 * MINUTE)
    register(desk, EVENT, a_registration(first_name="Other"))
    clock.forward(4 * MINUTE)
    assert longest_waiting(desk) == about(7 * MINUTE)


def test_what_was_sent_is_due_no_more(desk: Desk, clock: Clock) -> None:
    register(desk, EVENT, a_registration())
    clock.forward(3 * MINUTE)
    assert len(list(send_due(desk))) == 1
    assert check_health(desk).longest_waiting == NOTHING


def test_an_e_mail_that_may_not_go_yet_is_not_due(desk: Desk, clock: Clock) -> None:
    tomorrow = clock.now + timedelta(days=1)
    desk.store.enqueue(OutboxEntry("later", EmailKind.STAFF_DIGEST, EVENT.slug, "staff@example.org", None, tomorrow))
    clock.forward(timedelta(hours=23))
    assert check_health(desk).longest_waiting == NOTHING
    clock.now = tomorrow + 5 * MINUTE
    assert longest_waiting(desk) == about(5 * MINUTE)


def desk_whose_email_is_answered(tmp_path: Path, clock: Clock, *answers: SendResult) -> Desk:
    """With one registration, whose confirmation is not yet tried."""
    postbox = Postbox()
    postbox.answers = list(answers)
    desk = a_desk(tmp_path, clock, postbox)
    register(desk, EVENT, a_registration())
    return desk


def test_a_held_queue_counts(tmp_path: Path, clock: Clock) -> None:
    desk = desk_whose_email_is_answered(tmp_path, clock, RateLimited(True, "SendGrid answered 401"))
    list(send_due(desk))
    clock.forward(30 * SECOND)
    list(send_due(desk))
    seen = check_health(desk)
    assert seen.circuit_open
    assert seen.longest_waiting.total_seconds() == about(30 * SECOND)


def test_a_hold_that_nobody_waits_for_is_no_trouble(tmp_path: Path, clock: Clock) -> None:
    """Only an e-mail that is taken ends it: as where the smoke test's was the only one, and is removed."""
    desk = desk_whose_email_is_answered(tmp_path, clock, RateLimited(False, "SendGrid answered 429"))
    list(send_due(desk))
    assert check_health(desk).circuit_open
    desk.store.forget_test_person("whose e-mail it was", "", list(desk.store.due_entries(9)))
    assert not check_health(desk).circuit_open


@pytest.mark.parametrize("answer", [Rejected(False, "SendGrid could not be reached"), Unknown("SendGrid answered 500")])
def test_what_is_tried_in_vain_is_waited_for_all_the_while(tmp_path: Path, clock: Clock, answer: SendResult) -> None:
    """Each try leaves it due at a later time, and the registrant has no e-mail."""
    desk = desk_whose_email_is_answered(tmp_path, clock, *[answer] * 99)
    longest = 0.0
    for _ in range(70):
        longest = max(longest, longest_waiting(desk))
        list(send_due(desk))
        clock.forward(MINUTE)
    assert longest > LONGEST_WAITING


def test_an_e_mail_that_cannot_be_composed_is_waited_for(tmp_path: Path, clock: Clock) -> None:
    desk = a_desk(tmp_path, clock)
    desk.store.enqueue(OutboxEntry("open.x", EmailKind.CONFIRMATION, EVENT.slug, "a@example.org", "not there"))
    for _ in range(20):
        list(send_due(desk))
        clock.forward(MINUTE)
    clock.forward(timedelta(hours=1))
    assert longest_waiting(desk) == about(80 * MINUTE)


def test_since_when_an_e_mail_is_waited_for(clock: Clock) -> None:
    """Not since it was last due; but for what was postponed, since too many went to its address."""
    entry = OutboxEntry("x", EmailKind.CONFIRMATION, EVENT.slug, "a@example.org", None)
    again = replace(entry, due_at=clock.now - MINUTE, enqueued_at=clock.now - timedelta(days=1))
    assert waited_for(again, clock.now) == timedelta(days=1)
    off = Attempt("y", clock.now - timedelta(hours=9), AttemptOutcome.POSTPONED)
    assert waited_for(replace(again, attempts=(off,)), clock.now) == MINUTE
    in_vain = [Attempt("z", clock.now - hours, AttemptOutcome.REJECTED) for hours in (60 * MINUTE, 3 * MINUTE)]
    assert waited_for(replace(again, attempts=(off, *in_vain)), clock.now) == timedelta(hours=1)
    assert waited_for(replace(again, due_at=None), clock.now) == NOTHING


@pytest.mark.parametrize(
    ("past", "missed"),
    [(-SECOND, False), (MISSED_AFTER - SECOND, False), (MISSED_AFTER + SECOND, True), (timedelta(days=2), True)],
)
def test_a_closing_is_missed_after_a_minute(desk: Desk, clock: Clock, past: timedelta, missed: bool) -> None:
    clock.now = EVENT.closes_at + past
    seen = check_health(desk).overdue_closings
    assert {slug: late.total_seconds() for slug, late in seen.items()} == ({EVENT.slug: about(past)} if missed else {})


def test_what_is_closed_is_not_missed(desk: Desk, clock: Clock) -> None:
    clock.now = EVENT.closes_at + timedelta(hours=1)
    assert close(desk, EVENT) is not None
    assert check_health(desk).overdue_closings == {}


def test_a_deadline_that_was_moved_is_the_one_that_counts(desk: Desk, clock: Clock) -> None:
    later: datetime = EVENT.closes_at + timedelta(days=1)
    assert desk.store.move_deadline(EVENT.slug, desk.store.intake(EVENT), later)
    clock.now = EVENT.closes_at + timedelta(hours=1)
    assert check_health(desk).overdue_closings == {}
