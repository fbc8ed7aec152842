"""Recording: delivery reports, twice, in any order, about e-mails of ours and of others."""

from itertools import permutations

import pytest

from rollcall.desk.deliveries import record_deliveries
from rollcall.desk.desk import Desk
from rollcall.desk.send import send
from rollcall.model.email import DeliveryEvent, DeliveryKind, EmailKind, EmailStatus, confirmation
from tests.support.builders import a_registration
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
        ((DeliveryKind.ACCEPTED, DeliveryKind.DELIVERED), EmailStatus.DELIVERED),
        ((DeliveryKind.ACCEPTED, DeliveryKind.DELIVERED, DeliveryKind.BOUNCED), EmailStatus.BOUNCED),
        ((DeliveryKind.ACCEPTED, DeliveryKind.DROPPED), EmailStatus.DROPPED),
        ((DeliveryKind.DROPPED, DeliveryKind.DELIVERED), EmailStatus.DELIVERED),
        ((DeliveryKind.ACCEPTED,), EmailStatus.SENT),
    ],
)
def test_order_and_repetition_change_nothing(
    desk: Desk, deliveries: tuple[DeliveryKind, ...], status: EmailStatus
) -> None:
    sent = entry_of(desk, ENTRY.id)
    for order in permutations(deliveries):
        for delivery in (*order, *order):
            record_deliveries(desk, [DeliveryEvent(ENTRY.id, delivery)])
        after = entry_of(desk, ENTRY.id)
        assert (after.status, after.due_at, after.attempts) == (status, None, sent.attempts)


def test_the_reason_is_kept(desk: Desk) -> None:
    reports = [DeliveryEvent(ENTRY.id, DeliveryKind.BOUNCED, "550 no such mailbox")]
    assert record_deliveries(desk, reports) == {ENTRY.id: EmailStatus.BOUNCED}
    assert record_deliveries(desk, reports) == {}
    assert entry_of(desk, ENTRY.id).why == "550 no such mailbox"


def test_staff_are_told_of_what_bounced(desk: Desk) -> None:
    record_deliveries(desk, [DeliveryEvent(ENTRY.id, DeliveryKind.BOUNCED)])
    kinds = [entry.kind for entry in desk.store.unsent_entries(EVENT.slug, None, 99)]
    assert sorted(kinds) == [EmailKind.CONFIRMATION, EmailKind.STAFF_DIGEST]


def test_an_e_mail_of_somebody_else_is_passed_over(desk: Desk) -> None:
    assert record_deliveries(desk, [DeliveryEvent("other.A.confirmation", DeliveryKind.DELIVERED)]) == {}
