"""How things stand."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from rollcall.desk.amend import withdraw
from rollcall.desk.close import close
from rollcall.desk.deliveries import record_deliveries
from rollcall.desk.desk import Desk
from rollcall.desk.health import MISSED_AFTER
from rollcall.desk.receive import read_in, receive
from rollcall.desk.register import register
from rollcall.desk.send import send, send_due
from rollcall.desk.staff.status import UnsentCounts, status, unsent_counts
from rollcall.model.email import (
    AT_ONCE,
    DeliveryEvent,
    EmailStatus,
    RateLimited,
    confirmation,
    roster_entry,
    staff_digest,
)
from rollcall.model.intake import OnRoster
from rollcall.model.registration import Actor, BotSignal, Change, Way, Why
from rollcall.ops.report import status_text
from tests.support.builders import a_registration, an_event, id_of
from tests.support.clock import Clock
from tests.support.desk import Postbox, restore

EVENT = an_event()
FOLDER = Path("events")
MINUTE = timedelta(minutes=1)


def test_looking_writes_nothing(desk: Desk) -> None:
    (one,) = status(desk.store, desk.events).events
    assert one.intake is None
    assert desk.store.known_intake(EVENT.slug) is None


def test_everything_that_came_in_is_counted(desk: Desk, clock: Clock) -> None:
    for name in ("A", "B"):
        register(desk, EVENT, a_registration(first_name=name))
    desk.store.quarantine(EVENT.slug, a_registration(first_name="C"), BotSignal.TOO_FAST)
    read_in(desk, receive(desk, b""))
    clock.now = EVENT.closes_at + MINUTE
    late = confirmation(EVENT.slug, "LATE", "late@example.org")
    desk.store.accept(EVENT.slug, "LATE", a_registration(first_name="D"), late)
    (one,) = status(desk.store, desk.events).events
    assert (one.registered, one.late, one.quarantined, sum(one.inbound.values()), one.received) == (2, 1, 1, 1, 5)
    for id in (id_of(desk.store, a_registration(first_name="A")), "LATE"):
        withdraw(desk, EVENT, id, Change(Actor.REGISTRANT, Way.LINK, Why.WITHDRAWN))
    (after,) = status(desk.store, desk.events).events
    assert (after.registered, after.late, after.withdrawn, after.received) == (1, 0, 2, 5)
    assert "withdrawn       2" in status_text(status(desk.store, desk.events), FOLDER)
    assert one.needs_review == 1


def test_how_long_a_mail_has_been_waiting(desk: Desk, clock: Clock) -> None:
    register(desk, EVENT, a_registration())
    clock.forward(5 * MINUTE)
    register(desk, EVENT, a_registration(first_name="B"))
    clock.forward(2 * MINUTE)
    (one,) = status(desk.store, desk.events).events
    assert one.emails.waiting == 2
    assert abs(one.emails.longest - 7 * MINUTE) < timedelta(seconds=1)


def test_mails_are_told_apart_by_what_becomes_of_them(clock: Clock) -> None:
    now = clock.now
    of_staff = replace(
        roster_entry(EVENT.slug, 1, "gone@example.org"), status=EmailStatus.BOUNCED, due_at=None, enqueued_at=now
    )
    word = staff_digest(EVENT.slug, "20040203", "staff@example.org", now + 60 * MINUTE)
    entries = [
        replace(confirmation(EVENT.slug, "A", "a@example.org"), enqueued_at=now - 3 * MINUTE),
        replace(
            confirmation(EVENT.slug, "B", "b@example.org"),
            status=EmailStatus.UNKNOWN,
            due_at=now,
            enqueued_at=now - 9 * MINUTE,
        ),
        replace(
            confirmation(EVENT.slug, "C", "c@example.org"), status=EmailStatus.FAILED, due_at=None, enqueued_at=AT_ONCE
        ),
        replace(word, due_at=word.not_before, enqueued_at=now - 20 * MINUTE),
        of_staff,
    ]
    assert unsent_counts(entries, now) == UnsentCounts(
        waiting=2,
        unknown=1,
        over_total=0,
        longest=9 * MINUTE,
        scheduled=1,
        undelivered={EmailStatus.FAILED: 1, EmailStatus.BOUNCED: 1},
        to_staff=(of_staff,),
    )


def test_a_closing_that_is_missed_is_seen(desk: Desk, clock: Clock) -> None:
    register(desk, EVENT, a_registration())
    clock.now = EVENT.closes_at + MISSED_AFTER - timedelta(seconds=1)
    assert not status(desk.store, desk.events).events[0].is_overdue
    clock.forward(timedelta(seconds=2))
    assert status(desk.store, desk.events).events[0].is_overdue
    close(desk, EVENT)
    (one,) = status(desk.store, desk.events).events
    assert not one.is_overdue
    assert one.intake is not None
    assert one.intake.closing is not None
    assert one.intake.closing.count == 1


def test_who_was_restored_stays_on_the_closed_list(desk: Desk, clock: Clock) -> None:
    register(desk, EVENT, a_registration())
    clock.now = EVENT.closes_at + MINUTE
    close(desk, EVENT)
    restore(desk, EVENT.slug, id_of(desk.store, a_registration()))
    (one,) = status(desk.store, desk.events).events
    assert (one.registered, one.late, one.list_is_whole) == (1, 0, True)


def test_a_closed_list_that_was_damaged_is_seen(desk: Desk, clock: Clock) -> None:
    register(desk, EVENT, a_registration())
    clock.now = EVENT.closes_at + MINUTE
    close(desk, EVENT)
    (version,) = desk.store.intake(EVENT).versions
    desk.store.write_roster_page(EVENT.slug, version.page_name(0), [OnRoster("SOMEBODY", 1)])
    (one,) = status(desk.store, desk.events).events
    assert (one.registered, one.list_is_whole) == (1, False)
    assert "NOT those that were closed" in status_text(status(desk.store, desk.events), FOLDER)


def test_a_queue_that_is_held_is_seen(desk: Desk, postbox: Postbox) -> None:
    register(desk, EVENT, a_registration())
    postbox.answers = [RateLimited(account_refused=True, note="SendGrid answered 401")]
    list(send_due(desk))
    breaker = status(desk.store, desk.events).breaker
    assert breaker.is_open
    assert breaker.account_refused


def test_what_is_delivered_waits_no_more(desk: Desk) -> None:
    register(desk, EVENT, a_registration())
    (enqueue,) = desk.store.due_entries(10)
    send(desk, enqueue)
    record_deliveries(desk, [DeliveryEvent(enqueue, EmailStatus.DELIVERED)])
    (one,) = status(desk.store, desk.events).events
    assert (one.emails.waiting, dict(one.emails.undelivered)) == (0, {})


def test_the_next_deadline_comes_first(desk: Desk, clock: Clock) -> None:
    days = {"past": -3, "later": 9, "next": 2, "long-past": -30}
    events = {slug: an_event(slug=slug, closes_at=clock.now + timedelta(days=at)) for slug, at in days.items()}
    events["unknown"] = an_event(slug="unknown")
    for slug in days:
        desk.store.intake(events[slug])
    in_order = [one.slug for one in status(desk.store, events).events]
    assert in_order == ["next", "later", "past", "long-past", "unknown"]


def test_an_event_without_a_file_is_there_all_the_same(desk: Desk, clock: Clock) -> None:
    register(desk, EVENT, a_registration())
    (gone,) = status(desk.store, {}).events
    assert (gone.slug, gone.event, gone.registered, gone.emails.waiting) == (EVENT.slug, None, 1, 1)
    clock.now = EVENT.closes_at + MINUTE
    close(desk, EVENT)
    assert "closed, 1 on the roster" in status_text(status(desk.store, {}), FOLDER)
    assert [one.event for one in status(desk.store, desk.events).events] == [EVENT]
