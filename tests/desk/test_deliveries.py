"""Recording: delivery reports, twice, in any order, about mails of ours and of others."""

from itertools import permutations

import pytest

from rollcall.desk.deliveries import record_deliveries
from rollcall.desk.desk import Desk
from rollcall.desk.register import register
from rollcall.desk.send import send
from rollcall.model.email import Delivery, DeliveryReport, MailKind, MailState
from tests.desk.test_send import EVENT, MAIL, record_of
from tests.support.builders import a_registration


@pytest.fixture
def desk(desk: Desk) -> Desk:
    register(desk, EVENT, a_registration())
    send(desk, MAIL.id)
    return desk


@pytest.mark.parametrize(
    ("deliveries", "state"),
    [
        ((Delivery.TAKEN, Delivery.DELIVERED), MailState.DELIVERED),
        ((Delivery.TAKEN, Delivery.DELIVERED, Delivery.BOUNCED), MailState.BOUNCED),
        ((Delivery.TAKEN, Delivery.DROPPED), MailState.DROPPED),
        ((Delivery.DROPPED, Delivery.DELIVERED), MailState.DELIVERED),
        ((Delivery.TAKEN,), MailState.SENT),
    ],
)
def test_order_and_repetition_change_nothing(desk: Desk, deliveries: tuple[Delivery, ...], state: MailState) -> None:
    sent = record_of(desk)
    for order in permutations(deliveries):
        for delivery in (*order, *order):
            record_deliveries(desk, [DeliveryReport(MAIL.id, delivery)])
        after = record_of(desk)
        assert (after.state, after.due_at, after.attempts) == (state, None, sent.attempts)


def test_the_reason_is_kept(desk: Desk) -> None:
    reports = [DeliveryReport(MAIL.id, Delivery.BOUNCED, "550 no such mailbox")]
    assert record_deliveries(desk, reports) == {MAIL.id: MailState.BOUNCED}
    assert record_deliveries(desk, reports) == {}
    assert record_of(desk).why == "550 no such mailbox"


def test_staff_are_told_of_what_bounced(desk: Desk) -> None:
    record_deliveries(desk, [DeliveryReport(MAIL.id, Delivery.BOUNCED)])
    kinds = [record.mail.kind for record in desk.store.unsent_mails(EVENT.slug, None, 99)]
    assert sorted(kinds) == [MailKind.CONFIRMATION, MailKind.NEEDS_A_PERSON]


def test_a_mail_of_somebody_else_is_passed_over(desk: Desk) -> None:
    assert record_deliveries(desk, [DeliveryReport("other.A.confirmation", Delivery.DELIVERED)]) == {}
