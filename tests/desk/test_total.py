"""A total an hour: nobody makes us write to many strangers, and nothing is lost."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from rollcall.desk.desk import Desk, LastHour
from rollcall.desk.health import check_health
from rollcall.desk.limits import Limits
from rollcall.desk.register import register
from rollcall.desk.send import send_due
from rollcall.desk.staff.status import status
from rollcall.model.email import AttemptOutcome, Email, EmailKind, EmailStatus, roster_entry
from rollcall.ops.report import status_text
from tests.support.builders import a_registration
from tests.support.clock import Clock
from tests.support.desk import EVENT, Postbox

HOUR = timedelta(hours=1)
SLUG = EVENT.slug
SMALL = replace(EVENT, expected=2)
TOTAL = SMALL.emails_an_hour


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return replace(desk, events={SLUG: SMALL}, limits=replace(desk.limits, senders=1))


def come(desk: Desk, people: int) -> None:
    for number in range(people):
        register(desk, SMALL, a_registration(email=f"{number}@example.org"))


def to_registrants(postbox: Postbox) -> list[Email]:
    return [one for one in postbox.messages if one.to.endswith("@example.org")]


def test_more_than_the_total_waits_and_goes_out_as_hours_pass(desk: Desk, clock: Clock, postbox: Postbox) -> None:
    people = 3 * TOTAL
    come(desk, people)
    sent_by_hour = []
    for _ in range(8):
        before = len(to_registrants(postbox))
        for _ in range(60):
            list(send_due(desk))
            clock.forward(timedelta(minutes=1))
        sent_by_hour.append(len(to_registrants(postbox)) - before)
    assert sent_by_hour[0] == TOTAL
    assert max(sent_by_hour) <= TOTAL
    assert sum(sent_by_hour) == people
    assert len({one.to for one in to_registrants(postbox)}) == people


def test_those_of_a_group_count_together(desk: Desk, postbox: Postbox) -> None:
    come(desk, 3 * TOTAL)
    list(send_due(replace(desk, limits=Limits())))
    assert len(to_registrants(postbox)) == TOTAL


def test_the_staff_and_whoever_is_on_call_are_told(desk: Desk, clock: Clock, postbox: Postbox) -> None:
    come(desk, TOTAL + 2)
    attempted = [one for _, one in send_due(desk)]
    assert [getattr(one, "over_total", None) for one in attempted].count(True) == 2
    (digest,) = [one for one in desk.store.unsent_entries(SLUG, None, 99) if one.kind is EmailKind.STAFF_DIGEST]
    assert digest.not_before - clock.now <= HOUR
    assert "over the total  2" in status_text(status(desk.store, desk.events), Path())
    clock.now = digest.not_before
    list(send_due(desk))
    (told,) = [one for one in postbox.messages if one.to in EVENT.staff_addresses]
    assert "E-MAILS WAIT" in told.text


def test_waiting_so_spends_no_attempts_and_is_not_overdue(desk: Desk, clock: Clock) -> None:
    come(desk, 5 * TOTAL)
    for _ in range(9):
        list(send_due(desk))
        assert check_health(desk).longest_waiting < timedelta(minutes=31)
        clock.forward(timedelta(minutes=30))
    waiting = [one for one in desk.store.unsent_entries(SLUG, None, 99) if one.is_over_total]
    assert waiting
    assert {one.status for one in waiting} == {EmailStatus.PENDING}
    for one in waiting:
        assert [attempt.outcome for attempt in one.attempts] == [AttemptOutcome.OVER_TOTAL]


def test_what_goes_to_staff_is_not_held_and_does_not_count(desk: Desk, postbox: Postbox) -> None:
    for number in range(TOTAL + 1):
        desk.store.enqueue(roster_entry(SLUG, 1, f"staff{number}@itu.int"))
    list(send_due(desk))
    come(desk, TOTAL + 1)
    list(send_due(desk))
    assert len(to_registrants(postbox)) == TOTAL


def test_a_usual_opening_hour_is_not_held(desk: Desk, postbox: Postbox) -> None:
    desk = replace(desk, events={SLUG: EVENT})
    come(desk, 300)
    list(send_due(desk))
    assert len(to_registrants(postbox)) == 300


def test_another_event_is_not_held(desk: Desk, postbox: Postbox) -> None:
    other = replace(SMALL, slug="other")
    desk = replace(desk, events={SLUG: SMALL, "other": other})
    come(desk, TOTAL + 1)
    register(desk, other, a_registration(email="other@example.org"))
    list(send_due(desk))
    assert "other@example.org" in {one.to for one in to_registrants(postbox)}


@pytest.mark.parametrize("expected", [10, 50])
def test_several_instances_at_once_exceed_it_by_what_each_sends_at_a_time(
    desk: Desk, postbox: Postbox, expected: int
) -> None:
    instances, senders = 5, 4
    event = replace(EVENT, expected=expected)
    limits = replace(desk.limits, senders=senders)
    come(desk, 3 * event.emails_an_hour)
    desks = [replace(desk, events={SLUG: event}, limits=limits, last_hour=LastHour()) for _ in range(instances)]
    with ThreadPoolExecutor(instances) as pool:
        list(pool.map(lambda one: list(send_due(one)), desks))
    sent = len(to_registrants(postbox))
    assert event.emails_an_hour <= sent <= event.emails_an_hour + instances * senders


def test_a_usual_confirmation_costs_no_count(desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = replace(desk, events={SLUG: EVENT})
    counted: list[str] = []
    count = desk.store.sent_to_registrants

    def counting(event: str, since: datetime, limit: int) -> int:
        counted.append(event)
        return count(event, since, limit)

    monkeypatch.setattr(desk.store, "sent_to_registrants", counting)
    come(desk, 50)
    list(send_due(desk))
    assert counted == [SLUG]
    clock.forward(desk.limits.count_again + timedelta(seconds=1))
    register(desk, EVENT, a_registration())
    list(send_due(desk))
    assert counted == [SLUG, SLUG]
