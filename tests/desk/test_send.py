"""Sending: claim, write, post, settle; on a real SQLite store with a clock that a test moves."""

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier, Lock
from threading import Event as Signal
from typing import Any, cast

import pytest

from rollcall.desk.close import close
from rollcall.desk.deliveries import record_deliveries
from rollcall.desk.desk import Desk
from rollcall.desk.limits import Limits
from rollcall.desk.register import register
from rollcall.desk.send import (
    Attempted,
    CircuitChange,
    _claim,
    _Claimed,
    _settle,
    _write_and_post,
    backoff,
    claim,
    send,
    send_due,
    settle,
)
from rollcall.model.email import (
    BY_DELIVERY_EVENTS,
    Accepted,
    AsTheyStand,
    AttemptOutcome,
    DeliveryEvent,
    Email,
    EmailKind,
    EmailStatus,
    NotNeeded,
    OutboxEntry,
    RateLimited,
    Rejected,
    SendResult,
    Unknown,
    confirmation,
    is_not_to_registrants,
    roster_entry,
    staff_digest,
)
from rollcall.model.errors import StoreUnavailable
from rollcall.model.registration import BotSignal
from tests.support.builders import a_registration, an_event
from tests.support.clock import Clock
from tests.support.desk import Postbox

EVENT = an_event()
ID = "7KQX93M4T0000000000000AA"
ENTRY = confirmation(EVENT.slug, ID, a_registration().email)
SECOND = timedelta(seconds=1)
LIMITS = Limits(max_attempts=9, to_one_address=6, due_at_once=8, senders=4)


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.store.accept(EVENT.slug, ID, a_registration(), ENTRY)
    return replace(desk, limits=LIMITS)


def record_of(desk: Desk, id: str = ENTRY.id) -> OutboxEntry:
    entry = desk.store.entry(id)
    assert entry is not None
    return entry


def as_it_stands(desk: Desk, id: str = ENTRY.id) -> AsTheyStand:
    return desk.store.as_they_stand([record_of(desk, id)], intakes={EVENT.slug}, breaker=True)


def state_after(desk: Desk) -> EmailStatus | None:
    attempted = send(desk, ENTRY.id)
    return attempted.status if attempted else None


def outcomes(entry: OutboxEntry) -> list[AttemptOutcome]:
    return [attempt.outcome for attempt in entry.attempts]


def attempts_of_a_sweep(desk: Desk) -> dict[str, Attempted]:
    attempts = dict(send_due(desk))
    assert all(isinstance(attempted, Attempted) for attempted in attempts.values())
    return cast(dict[str, Attempted], attempts)


def sweep_until_it_fails(desk: Desk, clock: Clock, every: timedelta) -> None:
    give_up_at = clock.now + timedelta(days=9)
    while swept(desk).get(ENTRY.id) is not EmailStatus.FAILED:
        assert clock.now < give_up_at
        clock.forward(every)


def swept(desk: Desk) -> dict[str, EmailStatus]:
    return {email_id: attempted.status for email_id, attempted in attempts_of_a_sweep(desk).items()}


def sent_in_turn(desk: Desk) -> dict[str, EmailStatus]:
    """What is due is sent one after another, by nobody else at the same moment."""
    came = {email_id: send(desk, email_id) for email_id in desk.store.due_entries(1000)}
    return {email_id: attempted.status for email_id, attempted in came.items() if attempted}


def enqueue_digests(desk: Desk, clock: Clock, count: int) -> list[OutboxEntry]:
    """So many digests, which have something to tell."""
    desk.store.quarantine(EVENT.slug, a_registration(first_name="Robot"), BotSignal.TOO_FAST)
    entries = [staff_digest(EVENT.slug, "x", f"staff{number}@example.org", clock.now) for number in range(count)]
    for entry in entries:
        desk.store.enqueue(entry)
    return entries


def staff_entries(desk: Desk) -> list[OutboxEntry]:
    return [one for one in desk.store.unsent_entries(EVENT.slug, None, 99) if one.kind is EmailKind.STAFF_DIGEST]


def test_an_e_mail_is_sent_once(desk: Desk, postbox: Postbox) -> None:
    assert state_after(desk) is EmailStatus.SENT
    assert send(desk, ENTRY.id) is None
    assert [message.email_id for message in postbox.messages] == [ENTRY.id]
    assert swept(desk) == {}
    assert outcomes(record_of(desk)) == [AttemptOutcome.ACCEPTED]


def test_there_is_no_such_e_mail(desk: Desk) -> None:
    assert send(desk, "none") is None


def test_what_will_never_be_taken_has_failed_and_staff_are_told(desk: Desk, postbox: Postbox, clock: Clock) -> None:
    postbox.answers = [Rejected(permanent=True, note="SendGrid answered 400")]
    assert state_after(desk) is EmailStatus.FAILED
    assert (record_of(desk).due_at, record_of(desk).why) == (None, "SendGrid answered 400")
    assert desk.store.registered(EVENT.slug, ID) is not None
    (told,) = staff_entries(desk)
    assert (told.to, told.due_at) == ("spumail@itu.int", clock.now.replace(hour=13, minute=0))
    assert swept(desk) == {}
    clock.forward(timedelta(hours=1))
    assert swept(desk) == {told.id: EmailStatus.SENT}
    assert "SendGrid answered 400" in postbox.messages[-1].text
    assert "Amina Diallo" in postbox.messages[-1].html


def test_staff_are_told_once_an_hour_however_much_there_is(desk: Desk, postbox: Postbox, clock: Clock) -> None:
    for name in ("A", "B"):
        register(desk, EVENT, a_registration(first_name=name))
    postbox.answers = [Rejected(permanent=True, note="SendGrid answered 400")] * 3
    swept(desk)
    clock.forward(timedelta(hours=1))
    assert len(swept(desk)) == 1
    assert postbox.messages[-1].text.count("SendGrid answered 400") == 3
    register(desk, EVENT, a_registration(first_name="C"))
    postbox.answers = [Rejected(permanent=True, note="SendGrid answered 413")]
    swept(desk)
    clock.forward(timedelta(hours=1))
    swept(desk)
    assert "SendGrid answered 413" in postbox.messages[-1].text


def test_what_was_not_taken_is_due_again(desk: Desk, postbox: Postbox, clock: Clock) -> None:
    postbox.answers = [Rejected(False, "SendGrid could not be reached")]
    assert state_after(desk) is EmailStatus.PENDING
    assert send(desk, ENTRY.id) is None
    clock.forward(LIMITS.longest_backoff)
    assert swept(desk) == {ENTRY.id: EmailStatus.SENT}
    assert outcomes(record_of(desk)) == [AttemptOutcome.REJECTED, AttemptOutcome.ACCEPTED]
    assert record_of(desk).attempts[0].note == "SendGrid could not be reached"


def test_what_is_never_taken_is_given_up(desk: Desk, postbox: Postbox, clock: Clock) -> None:
    postbox.answers = [Rejected(False, "SendGrid could not be reached")] * 1000
    sweep_until_it_fails(desk, clock, LIMITS.longest_backoff + SECOND)
    assert len(record_of(desk).attempts) == LIMITS.max_attempts
    assert len(staff_entries(desk)) == 1


class TestInDoubt:
    """Nobody knows whether the message was taken."""

    def test_it_waits_for_reports_and_is_sent_again(self, desk: Desk, postbox: Postbox, clock: Clock) -> None:
        postbox.answers = [Unknown("SendGrid answered 500")]
        assert state_after(desk) is EmailStatus.UNKNOWN
        clock.forward(LIMITS.unknown_waits[0] - SECOND)
        assert swept(desk) == {}
        clock.forward(LIMITS.first_backoff + SECOND)
        assert swept(desk) == {ENTRY.id: EmailStatus.SENT}
        assert {message.email_id for message in postbox.messages} == {ENTRY.id}
        assert outcomes(record_of(desk)) == [AttemptOutcome.UNKNOWN, AttemptOutcome.ACCEPTED]

    @pytest.mark.parametrize("delivery", BY_DELIVERY_EVENTS)
    def test_a_report_settles_it(self, desk: Desk, postbox: Postbox, clock: Clock, delivery: EmailStatus) -> None:
        postbox.answers = [Unknown("TimeoutError")]
        state_after(desk)
        record_deliveries(desk, [DeliveryEvent(ENTRY.id, delivery)])
        clock.forward(timedelta(days=9))
        assert ENTRY.id not in swept(desk)
        assert len([message for message in postbox.messages if message.email_id == ENTRY.id]) == 1

    def test_it_is_handed_over_five_times_at_the_most_and_then_shown_to_staff(
        self, desk: Desk, postbox: Postbox, clock: Clock
    ) -> None:
        postbox.answers = [Unknown("SendGrid answered 500")] * 100
        began = clock.now
        sweep_until_it_fails(desk, clock, timedelta(minutes=1))
        assert (
            len([message for message in postbox.messages if message.email_id == ENTRY.id])
            == len(LIMITS.unknown_waits)
            == 5
        )
        assert timedelta(days=1) < clock.now - began < timedelta(days=2)
        assert len(staff_entries(desk)) == 1

    def test_a_report_after_it_was_given_up_still_counts(self, desk: Desk, postbox: Postbox, clock: Clock) -> None:
        postbox.answers = [Unknown("SendGrid answered 500")] * 5
        sweep_until_it_fails(desk, clock, timedelta(hours=1))
        record_deliveries(desk, [DeliveryEvent(ENTRY.id, EmailStatus.DELIVERED)])
        assert record_of(desk).status is EmailStatus.DELIVERED


class TestLease:
    """A sender has an e-mail to itself for a while."""

    def take(self, desk: Desk, clock: Clock, attempt: str = "a") -> OutboxEntry:
        taken = claim(record_of(desk), clock.now, attempt, 0, LIMITS)
        assert desk.store.save_entry(taken)
        return taken

    def test_a_sender_that_died_leaves_the_e_mail_due(self, desk: Desk, postbox: Postbox, clock: Clock) -> None:
        self.take(desk, clock)
        clock.forward(LIMITS.lease - SECOND)
        assert send(desk, ENTRY.id) is None
        clock.forward(2 * SECOND)
        assert swept(desk) == {ENTRY.id: EmailStatus.UNKNOWN}
        assert postbox.messages == []
        clock.forward(LIMITS.unknown_waits[0] + LIMITS.first_backoff)
        assert swept(desk) == {ENTRY.id: EmailStatus.SENT}
        assert len(postbox.messages) == 1

    def test_what_a_dead_sender_had_handed_over_is_not_sent_again(
        self, desk: Desk, postbox: Postbox, clock: Clock
    ) -> None:
        self.take(desk, clock)
        record_deliveries(desk, [DeliveryEvent(ENTRY.id, EmailStatus.SENT)])
        clock.forward(timedelta(days=1))
        assert swept(desk) == {}
        assert postbox.messages == []
        assert record_of(desk).status is EmailStatus.SENT

    def test_a_sender_that_was_stopped_too_long_does_not_post(self, desk: Desk, postbox: Postbox, clock: Clock) -> None:
        began, stands = desk.seconds(), as_it_stands(desk)
        claimed = claim(record_of(desk), stands.as_of, "stopped", 0, LIMITS)
        clock.forward(LIMITS.lease)
        assert _write_and_post(desk, _Claimed(claimed, stands, began)) == Rejected(
            False, "the lease had lapsed before it was posted"
        )
        assert postbox.messages == []

    def test_a_roster_that_was_drawn_up_for_too_long_is_not_posted(
        self, desk: Desk, postbox: Postbox, clock: Clock
    ) -> None:
        def write(at: Desk, entry: OutboxEntry, *about: Any) -> Email | NotNeeded:
            clock.forward(LIMITS.staff_lease)
            return desk.write(at, entry, *about)

        (entry,) = enqueue_digests(desk, clock, 1)
        began, stands = desk.seconds(), as_it_stands(desk, entry.id)
        claimed = claim(record_of(desk, entry.id), stands.as_of, "slow", 0, LIMITS)
        slow = replace(desk, write=write)
        assert _write_and_post(slow, _Claimed(claimed, stands, began)) == Rejected(
            False, "the lease had lapsed before it was posted"
        )
        assert postbox.messages == []

    def test_a_roster_has_longer_to_be_written_and_posted(self, desk: Desk, clock: Clock) -> None:
        (to_staff,) = enqueue_digests(desk, clock, 1)
        lasts = [
            (claim(record_of(desk, id), clock.now, "a", 0, LIMITS).due_at or clock.now) - clock.now
            for id in (ENTRY.id, to_staff.id)
        ]
        assert lasts == [LIMITS.lease, LIMITS.staff_lease]
        assert LIMITS.lease < LIMITS.staff_lease

    def test_of_two_who_claim_one_has_it(self, desk: Desk, clock: Clock) -> None:
        one, other = (claim(record_of(desk), clock.now, attempt, 0, LIMITS) for attempt in "ab")
        assert desk.store.save_entry(one)
        assert not desk.store.save_entry(other)

    def test_what_a_slow_sender_learns_counts_where_it_is_certain(self, desk: Desk, clock: Clock) -> None:
        """Its lease lapsed and another sender has the e-mail: only that the message was taken changes anything."""
        self.take(desk, clock, "slow")
        clock.forward(LIMITS.lease + SECOND)
        swept(desk)
        clock.forward(LIMITS.unknown_waits[0] + LIMITS.first_backoff)
        other = self.take(desk, clock, "other")
        assert settle(other, "slow", Accepted(), clock.now, LIMITS).status is EmailStatus.SENT
        answers: list[SendResult] = [
            Rejected(True, "400"),
            Rejected(False, "429"),
            Unknown("500"),
            RateLimited(True, "401"),
        ]
        for posted in answers:
            after = settle(other, "slow", posted, clock.now, LIMITS)
            assert (after.status, after.due_at) == (EmailStatus.SENDING, other.due_at)

    def test_a_report_that_comes_before_the_answer_is_not_undone(self, desk: Desk, clock: Clock) -> None:
        claimed = self.take(desk, clock)
        record_deliveries(desk, [DeliveryEvent(ENTRY.id, EmailStatus.BOUNCED, "no such mailbox")])
        settled = settle(record_of(desk), claimed.attempts[-1].id, Accepted(), clock.now, LIMITS)
        assert (settled.status, settled.due_at) == (EmailStatus.BOUNCED, None)
        assert settle(record_of(desk), "a", Unknown("reset"), clock.now, LIMITS).status is EmailStatus.BOUNCED


class TestHold:
    """SendGrid refuses us, or our pace: the whole queue waits, and no e-mail spends its attempts."""

    def test_the_queue_waits_and_goes_on_after_the_mend(self, desk: Desk, postbox: Postbox, clock: Clock) -> None:
        for name in "ABC":
            register(desk, EVENT, a_registration(first_name=name))
        postbox.answers = [RateLimited(True, "SendGrid answered 401")] * 4
        began = send(desk, ENTRY.id)
        assert began
        assert began.circuit is CircuitChange.OPENED
        assert list(send_due(desk)) == []
        assert send(desk, ENTRY.id) is None
        holds: list[CircuitChange | None] = []
        while not holds or holds[-1] is not None:
            clock.forward(timedelta(minutes=1))
            holds += [attempted.circuit for attempted in attempts_of_a_sweep(desk).values()]
        assert holds == [CircuitChange.STILL_OPEN] * 3 + [CircuitChange.CLOSED] + [None] * 3
        assert sorted({entry.status for entry in map(desk.store.entry, desk_entries(desk)) if entry}) == [
            EmailStatus.SENT
        ]

    def test_staff_are_told_once(self, desk: Desk, postbox: Postbox, clock: Clock) -> None:
        postbox.answers = [RateLimited(True, "SendGrid answered 401")] * 40
        for _ in range(60 * 5):
            clock.forward(timedelta(minutes=1))
            list(send_due(desk))
        assert len(staff_entries(desk)) == 1
        postbox.answers = []
        clock.forward(LIMITS.longest_open)
        assert len(swept(desk)) == 2
        told = [message for message in postbox.messages if "Needs review" in message.subject][-1]
        assert "SendGrid has refused our e-mails since" in told.text
        assert "2 February 2004, 13:01 (Zurich time)" in told.html

    def test_one_e_mail_that_is_always_refused_does_not_keep_the_others(
        self, desk: Desk, postbox: Postbox, clock: Clock
    ) -> None:
        for number in range(20):
            register(desk, EVENT, a_registration(first_name=str(number), email=f"{number}@example.org"))
        poisoned = min(desk_entries(desk))
        taken: set[str] = set()

        def post(message: Email) -> SendResult:
            if message.email_id == poisoned:
                return RateLimited(True, "SendGrid answered 403")
            taken.add(message.email_id)
            return Accepted()

        poisoning = replace(desk, post=post)
        for _ in range(60):
            list(send_due(poisoning))
            clock.forward(timedelta(minutes=1))
        assert taken >= set(desk_entries(desk)) - {poisoned}

    def test_a_hold_of_days_is_told_after_the_mend(self, desk: Desk, postbox: Postbox, clock: Clock) -> None:
        postbox.answers = [RateLimited(True, "SendGrid answered 401")] * 10_000
        for _ in range(24 * 5):
            clock.forward(timedelta(hours=1))
            list(send_due(desk))
        postbox.answers = []
        clock.forward(LIMITS.longest_open)
        swept(desk)
        told = [message for message in postbox.messages if "Needs review" in message.subject][-1]
        assert "SendGrid has refused our e-mails since" in told.text

    def test_a_day_of_refusals_fails_no_e_mail(self, desk: Desk, postbox: Postbox, clock: Clock) -> None:
        postbox.answers = [RateLimited(True, "SendGrid answered 403")] * 10_000
        for _ in range(60 * 24):
            clock.forward(timedelta(minutes=1))
            list(send_due(desk))
        assert record_of(desk).status is EmailStatus.PENDING
        held = [len(entry.attempts) for entry in (record_of(desk), *staff_entries(desk))]
        assert 90 < sum(held) < 110
        postbox.answers = []
        clock.forward(LIMITS.longest_open)
        assert swept(desk)[ENTRY.id] is EmailStatus.SENT

    @pytest.mark.parametrize(
        ("asked", "waits"),
        [
            (None, LIMITS.first_open),
            (timedelta(seconds=5), LIMITS.first_open),
            (timedelta(minutes=40), timedelta(minutes=40)),
            (timedelta(days=400), timedelta(hours=1)),
        ],
    )
    def test_too_fast_waits_as_long_as_it_was_asked_to(
        self, desk: Desk, postbox: Postbox, clock: Clock, asked: timedelta | None, waits: timedelta
    ) -> None:
        postbox.answers = [RateLimited(False, "SendGrid answered 429", asked)]
        state_after(desk)
        clock.forward(waits - SECOND)
        assert swept(desk) == {}
        clock.forward(2 * SECOND)
        assert swept(desk) == {ENTRY.id: EmailStatus.SENT}
        assert staff_entries(desk) == []


class TestToOneAddress:
    """Nobody can have us flood a stranger; a delegation's confirmations all arrive."""

    def test_what_is_too_much_in_a_day_waits(self, desk: Desk, postbox: Postbox, clock: Clock) -> None:
        for number in range(LIMITS.to_one_address + 5):
            register(desk, EVENT, a_registration(first_name=str(number), email="Victim@example.org"))
        register(desk, EVENT, a_registration(first_name="Other", email="other@example.org"))
        sent_in_turn(desk)
        sent_in_turn(desk)

        def sent() -> int:
            return len([message for message in postbox.messages if message.to == "Victim@example.org"])

        assert sent() == LIMITS.to_one_address
        assert len([message for message in postbox.messages if message.to == "other@example.org"]) == 1
        clock.forward(LIMITS.address_window / 2)
        sent_in_turn(desk)
        assert sent() == LIMITS.to_one_address
        clock.forward(LIMITS.address_window)
        sent_in_turn(desk)
        assert sent() == LIMITS.to_one_address + 5

    def test_a_flood_is_put_before_a_person(self, desk: Desk, postbox: Postbox, clock: Clock) -> None:
        for number in range(LIMITS.to_one_address * 5):
            register(desk, EVENT, a_registration(first_name=str(number), email="victim@example.org"))
        for _ in range(24 * 6):
            while sent_in_turn(desk):
                pass
            clock.forward(timedelta(hours=1))
        to_victim = [message for message in postbox.messages if message.to == "victim@example.org"]
        assert len(to_victim) == LIMITS.to_one_address * 4
        failed = [one for one in desk.store.unsent_entries(EVENT.slug, None, 99) if one.to == "victim@example.org"]
        assert {one.status for one in failed} == {EmailStatus.FAILED}
        assert len(failed) == LIMITS.to_one_address
        assert "enough went to this address in a day" in [m for m in postbox.messages if "review" in m.subject][-1].text

    def test_a_delegation_in_doubt_is_not_postponed(self, desk: Desk, postbox: Postbox, clock: Clock) -> None:
        for number in range(LIMITS.to_one_address - 1):
            register(desk, EVENT, a_registration(first_name=str(number)))
        postbox.answers = [Unknown("SendGrid answered 500")] * LIMITS.to_one_address
        swept(desk)
        clock.forward(LIMITS.unknown_waits[0] + LIMITS.first_backoff)
        assert list(swept(desk).values()) == [EmailStatus.SENT] * LIMITS.to_one_address

    def test_what_was_not_taken_does_not_count(self, desk: Desk, postbox: Postbox, clock: Clock) -> None:
        for number in range(LIMITS.to_one_address - 1):
            register(desk, EVENT, a_registration(first_name=str(number)))
        postbox.answers = [Rejected(False, "SendGrid could not be reached")] * LIMITS.to_one_address
        swept(desk)
        clock.forward(LIMITS.longest_backoff)
        assert list(swept(desk).values()) == [EmailStatus.SENT] * LIMITS.to_one_address

    def test_the_same_address_written_otherwise_is_the_same(self, desk: Desk, postbox: Postbox) -> None:
        for number in range(LIMITS.to_one_address):
            register(desk, EVENT, a_registration(first_name=str(number), email="victim@example.org"))
        register(desk, EVENT, a_registration(first_name="again", email="VICTIM@example.org"))
        sent_in_turn(desk)
        assert len([message for message in postbox.messages if "victim" in message.to.lower()]) == LIMITS.to_one_address


class TestSweep:
    """A backlog goes out in one sweep, several at a time."""

    @pytest.fixture
    def desk(self, desk: Desk) -> Desk:
        for number in range(2 * LIMITS.due_at_once):
            register(desk, EVENT, a_registration(first_name=str(number), email=f"{number}@example.org"))
        return desk

    def test_page_after_page_goes_out(self, desk: Desk, postbox: Postbox) -> None:
        assert list(swept(desk).values()) == [EmailStatus.SENT] * (2 * LIMITS.due_at_once + 1)
        assert {message.email_id for message in postbox.messages} == set(desk_entries(desk))
        assert len(postbox.messages) == 2 * LIMITS.due_at_once + 1

    def test_several_are_sent_at_once_and_no_more_than_so_many(self, desk: Desk) -> None:
        together, most = Barrier(LIMITS.senders, timeout=60), AtOnce()

        def post(_: Email) -> SendResult:
            with most:
                if most.begun <= LIMITS.senders:
                    together.wait()
                return Accepted()

        assert len(swept(replace(desk, post=post))) == 2 * LIMITS.due_at_once + 1
        assert most.most == LIMITS.senders

    def test_those_to_staff_are_sent_one_at_a_time(self, desk: Desk, clock: Clock) -> None:
        enqueue_digests(desk, clock, 4)
        most = AtOnce()

        def post(message: Email) -> SendResult:
            if is_not_to_registrants(message.email_id):
                with most:
                    Signal().wait(0.2)  # another would come meanwhile, if it might
            return Accepted()

        swept(replace(desk, post=post))
        assert (most.begun, most.most) == (4, 1)

    def test_no_more_are_taken_up_once_the_queue_is_held(self, desk: Desk, postbox: Postbox, clock: Clock) -> None:
        postbox.answers = [RateLimited(False, "SendGrid answered 429")] * 1000
        holds = [attempted.circuit for attempted in attempts_of_a_sweep(desk).values()]
        assert holds.count(CircuitChange.OPENED) == 1
        assert 1 <= len(postbox.messages) <= LIMITS.senders
        posted = len(postbox.messages)
        clock.forward(LIMITS.first_open + SECOND)
        assert [attempted.circuit for attempted in attempts_of_a_sweep(desk).values()] == [CircuitChange.STILL_OPEN]
        assert len(postbox.messages) == posted + 1

    def test_when_one_finds_that_the_hold_is_over_the_others_follow(
        self, desk: Desk, postbox: Postbox, clock: Clock
    ) -> None:
        postbox.answers = [RateLimited(False, "SendGrid answered 429")]
        send(desk, ENTRY.id)
        clock.forward(LIMITS.first_open + SECOND)
        holds = [attempted.circuit for attempted in attempts_of_a_sweep(desk).values()]
        assert holds == [CircuitChange.CLOSED] + [None] * (2 * LIMITS.due_at_once)

    def test_it_takes_up_no_page_after_its_time(self, desk: Desk, clock: Clock) -> None:
        def post(_: Email) -> SendResult:
            clock.now = began + LIMITS.sweep_for + SECOND
            return Accepted()

        began = clock.now
        assert len(swept(replace(desk, post=post))) == LIMITS.due_at_once
        assert len(swept(desk)) == LIMITS.due_at_once + 1

    def test_nor_an_e_mail_to_staff(self, desk: Desk, clock: Clock) -> None:
        enqueue_digests(desk, clock, 3)
        began = clock.now

        def post(message: Email) -> SendResult:
            if is_not_to_registrants(message.email_id):
                clock.now = began + LIMITS.sweep_for + SECOND
            return Accepted()

        assert sum(map(is_not_to_registrants, swept(replace(desk, post=post)))) == 1
        assert sum(map(is_not_to_registrants, swept(desk))) == 2

    def test_an_e_mail_that_cannot_even_be_postponed_keeps_no_other_waiting(self, desk: Desk) -> None:
        class Store:
            def __getattr__(self, name: str) -> Any:
                return getattr(desk.store, name)

            def postpone(self, id: str, until: datetime) -> None:
                raise KeyError(id)

        def post(message: Email) -> SendResult:
            if message.email_id == ENTRY.id:
                raise RuntimeError
            return Accepted()

        came = dict(send_due(replace(desk, store=cast(Any, Store()), post=post)))
        assert isinstance(came.pop(ENTRY.id), KeyError)
        assert len(came) == 2 * LIMITS.due_at_once

    def test_what_is_under_way_is_told_though_the_books_are_away(self, desk: Desk) -> None:
        together, went = Barrier(LIMITS.senders, timeout=60), AtOnce()

        def post(_: Email) -> SendResult:
            with went:
                if together.wait() == 0:
                    raise StoreUnavailable(SECOND)
                Signal().wait(0.2)  # the one that found it has said so by then
                return Accepted()

        came: list[object] = []
        with pytest.raises(StoreUnavailable):
            came.extend(send_due(replace(desk, post=post)))
        assert len(came) == LIMITS.senders - 1
        assert went.begun == LIMITS.senders


class TestGroup:
    """A sweep claims several in one commit, and settles several in one."""

    @pytest.fixture
    def entries(self, desk: Desk) -> list[OutboxEntry]:
        for number in range(LIMITS.senders - 1):
            register(desk, EVENT, a_registration(first_name=str(number), email=f"{number}@example.org"))
        return [record_of(desk, id) for id in desk.store.due_entries(99)]

    def test_what_another_took_meanwhile_is_left_to_it(
        self, desk: Desk, clock: Clock, entries: list[OutboxEntry]
    ) -> None:
        taken, erased, *others = entries
        assert desk.store.save_entry(claim(taken, clock.now, "another's", 0, LIMITS))
        desk.store.forget_test_person("none", "none", [erased.id])
        assert set(_claim(desk, {one.id: one for one in entries})) == {one.id for one in others}
        assert [one.id for one in record_of(desk, taken.id).attempts] == ["another's"]
        assert {record_of(desk, one.id).status for one in others} == {EmailStatus.SENDING}

    def test_a_sweep_that_died_after_it_claimed_them_leaves_them_due(
        self, desk: Desk, postbox: Postbox, clock: Clock, entries: list[OutboxEntry]
    ) -> None:
        _claim(desk, {one.id: one for one in entries})
        assert swept(desk) == {}
        clock.forward(LIMITS.lease + SECOND)
        assert swept(desk) == {one.id: EmailStatus.UNKNOWN for one in entries}
        clock.forward(LIMITS.unknown_waits[0] + LIMITS.first_backoff)
        assert swept(desk) == {one.id: EmailStatus.SENT for one in entries}
        assert sorted(one.email_id for one in postbox.messages) == sorted(one.id for one in entries)

    def test_each_is_settled_as_it_went(self, desk: Desk, entries: list[OutboxEntry]) -> None:
        """One is rejected, one is reported before it is settled, and one is erased."""
        rejected, reported, erased, other = (one.id for one in entries)
        claimed = {
            id: one for id, one in _claim(desk, {one.id: one for one in entries}).items() if isinstance(one, _Claimed)
        }
        record_deliveries(desk, [DeliveryEvent(reported, EmailStatus.BOUNCED, "no such mailbox")])
        desk.store.forget_test_person("none", "none", [erased])
        results = {id: Rejected(True, "400") if id == rejected else Accepted() for id in claimed}
        came = _settle(desk, {id: (one, results[id]) for id, one in claimed.items()})
        assert {id: record_of(desk, id).status for id in (rejected, reported, other)} == {
            rejected: EmailStatus.FAILED,
            reported: EmailStatus.BOUNCED,
            other: EmailStatus.SENT,
        }
        assert {id: one.status for id, one in came.items()}[erased] is EmailStatus.SENT
        assert desk.store.entry(erased) is None
        assert outcomes(record_of(desk, reported)) == [AttemptOutcome.ACCEPTED]

    def test_to_one_address_each_counts_for_those_after_it(self, desk: Desk, clock: Clock) -> None:
        several = [confirmation(EVENT.slug, str(number), "victim@example.org") for number in range(9)]
        for one in several:
            desk.store.enqueue(one)
        clock.forward(SECOND)
        claimed = _claim(desk, {one.id: record_of(desk, one.id) for one in several})
        assert sum(isinstance(one, _Claimed) for one in claimed.values()) == LIMITS.to_one_address
        postponed = [one for one in claimed.values() if isinstance(one, Attempted)]
        assert {one.note for one in postponed} == {"enough went to this address in a day"}


class AtOnce:
    """Counts how many are in it, and were at the most at once."""

    def __init__(self) -> None:
        self._lock, self._now = Lock(), 0
        self.begun = self.most = 0

    def __enter__(self) -> None:
        with self._lock:
            self._now += 1
            self.begun += 1
            self.most = max(self.most, self._now)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._now -= 1


def test_an_e_mail_that_cannot_be_written_does_not_stop_the_others(desk: Desk, postbox: Postbox) -> None:
    desk.store.enqueue(confirmation(EVENT.slug, "0NOBODY", "nobody@example.org"))
    desk.store.enqueue(confirmation("removed", "A", "nobody@example.org"))
    statuses = swept(desk)
    assert statuses[ENTRY.id] is EmailStatus.SENT
    assert list(statuses.values()).count(EmailStatus.PENDING) == 2
    (attempt,) = record_of(desk, f"{EVENT.slug}.0NOBODY.confirmation").attempts
    assert attempt.note == "could not be written: Gone"


def test_an_e_mail_with_which_something_unforeseen_goes_wrong_does_not_stop_the_others(
    desk: Desk, postbox: Postbox, tmp_path: Path
) -> None:
    desk.store.enqueue(confirmation(EVENT.slug, "0BROKEN", "nobody@example.org"))
    with sqlite3.connect(tmp_path / "rollcall.sqlite3") as db:
        db.execute("update documents set record = json_remove(record, '$.kind') where id like '%0BROKEN%'")
    came = dict(send_due(desk))
    assert isinstance(came.pop(f"{EVENT.slug}.0BROKEN.confirmation"), KeyError)
    assert came == {ENTRY.id: Attempted(EmailStatus.SENT)}
    assert dict(send_due(desk)) == {}  # it is postponed, and does not fill the next sweep


def test_a_roster_that_cannot_be_sent_is_told_to_the_staff(desk: Desk, postbox: Postbox, clock: Clock) -> None:
    clock.now = EVENT.closes_at + SECOND
    close(desk, EVENT)
    state_after(desk)
    postbox.answers = [Rejected(permanent=True, note="SendGrid answered 413")]
    send(desk, roster_entry(EVENT.slug, 1, EVENT.secretariat).id)
    clock.forward(timedelta(hours=1))
    swept(desk)
    assert "Roster: failed: SendGrid answered 413" in postbox.messages[-1].text
    assert "The staff" in postbox.messages[-1].html


def test_an_e_mail_that_is_no_longer_needed_is_cancelled_and_counts_nowhere_as_failed(
    desk: Desk, postbox: Postbox, clock: Clock
) -> None:
    entry = staff_digest(EVENT.slug, "x", "staff@example.org", clock.now)
    desk.store.enqueue(entry)
    assert send(desk, entry.id) == Attempted(EmailStatus.CANCELLED, "nothing needs review any more")
    assert (record_of(desk, entry.id).due_at, outcomes(record_of(desk, entry.id))) == (None, [AttemptOutcome.CANCELLED])
    assert (postbox.messages, staff_entries(desk), send(desk, entry.id)) == ([], [], None)
    record_deliveries(desk, [DeliveryEvent(entry.id, EmailStatus.DELIVERED)])  # of an attempt of unknown result before
    assert record_of(desk, entry.id).status is EmailStatus.DELIVERED


def test_word_that_cannot_be_sent_owes_no_word(desk: Desk, postbox: Postbox, clock: Clock) -> None:
    postbox.answers = [Rejected(permanent=True, note="SendGrid answered 400")] * 9
    for _ in range(9):
        swept(desk)
        clock.forward(timedelta(hours=1))
    assert len(postbox.messages) == 2


def test_waits_grow_to_a_bound(clock: Clock) -> None:
    entry = ENTRY
    longest = timedelta(0)
    for _ in range(100):
        entry = claim(entry, clock.now, str(len(entry.attempts)), 0, Limits())
        entry = replace(settle(entry, entry.attempts[-1].id, Rejected(False, ""), clock.now, LIMITS), due_at=clock.now)
        doubled = LIMITS.first_backoff * 2.0 ** min(len(entry.attempts), 20)
        assert backoff(entry, LIMITS) <= min(LIMITS.longest_backoff, doubled) + SECOND
        longest = max(longest, backoff(entry, LIMITS))
    assert longest > LIMITS.longest_backoff / 2


def test_the_roster_is_of_the_closing(desk: Desk, postbox: Postbox, clock: Clock) -> None:
    clock.now = EVENT.closes_at + SECOND
    assert close(desk, EVENT) is not None
    attempted = send(desk, roster_entry(EVENT.slug, 1, EVENT.secretariat).id)
    assert attempted
    assert attempted.status is EmailStatus.SENT
    (message,) = postbox.messages
    assert message.subject.endswith("1 registered")
    assert "Confirmation: pending" in message.text


def test_what_bounced_is_on_the_roster(desk: Desk, postbox: Postbox, clock: Clock) -> None:
    state_after(desk)
    record_deliveries(desk, [DeliveryEvent(ENTRY.id, EmailStatus.BOUNCED, "550 no such mailbox")])
    clock.now = EVENT.closes_at + SECOND
    close(desk, EVENT)
    send(desk, roster_entry(EVENT.slug, 1, EVENT.secretariat).id)
    assert "bounced: 550 no such mailbox" in postbox.messages[-1].text
    (table,) = (file for file in postbox.messages[-1].attachments if file.name.endswith(".csv"))
    assert b",bounced\r\n" in table.content


def test_a_roster_page_that_was_altered_is_not_sent(desk: Desk, postbox: Postbox, clock: Clock) -> None:
    clock.now = EVENT.closes_at + SECOND
    close(desk, EVENT)
    desk.store.write_roster_page(EVENT.slug, desk.store.intake(EVENT).versions[0].page_name(0), [])
    send(desk, roster_entry(EVENT.slug, 1, EVENT.secretariat).id)
    assert postbox.messages == []
    assert record_of(desk, roster_entry(EVENT.slug, 1, EVENT.secretariat).id).why == "could not be written: ValueError"


def desk_entries(desk: Desk) -> list[str]:
    """The confirmations of everybody."""
    people = desk.store.registrations(EVENT.slug, None, 500)
    return [confirmation(EVENT.slug, one.id, "").id for one in people]
