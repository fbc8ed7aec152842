"""Recording: delivery reports, twice, in any order, about e-mails of ours and of others."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from rollcall.desk.deliveries import record_deliveries
from rollcall.desk.desk import Desk
from rollcall.desk.send import send
from rollcall.model.email import DeliveryEvent, EmailKind, EmailStatus, LateBounce, confirmation
from tests.support.builders import a_registration
from tests.support.clock import Clock
from tests.support.desk import EVENT, entry_of

ID = "7KQX93M4T0000000000000AA"
ENTRY = confirmation(EVENT.slug, ID, a_registration().email)


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.store.accept(EVENT.slug, ID, a_registration(), ENTRY)
    send(desk, ENTRY.id)
    return desk


@pytest.mark.parametrize(
    ("deliveries", "status"),
    [
        ((EmailStatus.SENT, EmailStatus.DELIVERED), EmailStatus.DELIVERED),
        ((EmailStatus.SENT, EmailStatus.DELIVERED, EmailStatus.BOUNCED), EmailStatus.BOUNCED),
        ((EmailStatus.SENT, EmailStatus.DROPPED), EmailStatus.DROPPED),
        ((EmailStatus.DROPPED, EmailStatus.DELIVERED), EmailStatus.DELIVERED),
        ((EmailStatus.SENT,), EmailStatus.SENT),
    ],
)
def test_order_and_repetition_change_nothing(
    desk: Desk, deliveries: tuple[EmailStatus, ...], status: EmailStatus
) -> None:
    sent = entry_of(desk, ENTRY.id)
    for order in permutations(deliveries):
        for delivery in (*order, *order):
            record_deliveries(desk, [DeliveryEvent(ENTRY.id, delivery)])
        after = entry_of(desk, ENTRY.id)
        assert (after.status, after.due_at, after.attempts) == (status, None, sent.attempts)


def test_the_reason_is_kept(desk: Desk) -> None:
    reports = [DeliveryEvent(ENTRY.id, EmailStatus.BOUNCED, "550 no such mailbox")]
    assert record_deliveries(desk, reports) == {ENTRY.id: EmailStatus.BOUNCED}
    assert record_deliveries(desk, reports) == {}
    assert entry_of(desk, ENTRY.id).why == "550 no such mailbox"


def test_staff_are_told_of_what_bounced(desk: Desk) -> None:
    record_deliveries(desk, [DeliveryEvent(ENTRY.id, EmailStatus.BOUNCED)])
    kinds = [entry.kind for entry in desk.store.unsent_entries(EVENT.slug, None, 99)]
    assert sorted(kinds) == [EmailKind.CONFIRMATION, EmailKind.STAFF_DIGEST]


def test_an_e_mail_of_somebody_else_is_passed_over(desk: Desk) -> None:
    assert record_deliveries(desk, [DeliveryEvent("other.A.confirmation", EmailStatus.DELIVERED)]) == {}


def late_bounce(clock: Clock, to: str = ENTRY.to) -> LateBounce:
    return LateBounce(to, clock.now, "550 no such mailbox")


@pytest.mark.parametrize("after", [timedelta(0), timedelta(hours=3), timedelta(days=5)])
def test_a_late_bounce_finds_its_e_mail_by_address_and_time(desk: Desk, clock: Clock, after: timedelta) -> None:
    record_deliveries(desk, [DeliveryEvent(ENTRY.id, EmailStatus.DELIVERED)])
    clock.now += after
    late = [late_bounce(clock, ENTRY.to.upper())]
    assert record_deliveries(desk, late) == {ENTRY.id: EmailStatus.BOUNCED}
    assert entry_of(desk, ENTRY.id).why == "550 no such mailbox"
    assert record_deliveries(desk, late) == {}
    assert EmailKind.STAFF_DIGEST in [entry.kind for entry in desk.store.unsent_entries(EVENT.slug, None, 99)]


def test_a_late_bounce_is_of_the_last_e_mail_before_it(desk: Desk, clock: Clock) -> None:
    clock.now += timedelta(hours=1)
    between = late_bounce(clock)
    clock.now += timedelta(hours=1)
    second = confirmation(EVENT.slug, "B", ENTRY.to)
    desk.store.accept(EVENT.slug, "B", a_registration(first_name="B"), second)
    send(desk, second.id)
    clock.now += timedelta(hours=1)
    assert record_deliveries(desk, [between]) == {ENTRY.id: EmailStatus.BOUNCED}
    assert record_deliveries(desk, [late_bounce(clock)]) == {second.id: EmailStatus.BOUNCED}


def test_a_bounce_of_nothing_that_we_sent_is_passed_over(desk: Desk, clock: Clock) -> None:
    assert record_deliveries(desk, [replace(late_bounce(clock), at=clock.now - timedelta(hours=1))]) == {}
    assert record_deliveries(desk, [late_bounce(clock, "other@example.org")]) == {}
    clock.now += timedelta(days=8)
    assert record_deliveries(desk, [late_bounce(clock)]) == {}


def test_a_late_bounce_of_a_clock_ahead_of_ours(desk: Desk, clock: Clock) -> None:
    """SendGrid's, where the local run plays the year of the letter."""
    ahead = replace(late_bounce(clock), at=clock.now + timedelta(days=8000))
    assert record_deliveries(desk, [ahead]) == {ENTRY.id: EmailStatus.BOUNCED}
