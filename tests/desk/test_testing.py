"""Test persons: stored like everybody, and on no list."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rollcall.desk.close import close, listed
from rollcall.desk.deliveries import record_deliveries
from rollcall.desk.desk import Desk
from rollcall.desk.register import Accepted, register
from rollcall.desk.send import send
from rollcall.desk.staff_alerts import alert_for
from rollcall.desk.testing import address_of_test_person, is_test
from rollcall.emails import roster, staff_digest
from rollcall.model import email
from rollcall.model.email import DeliveryEvent, DeliveryKind, Email, EmailStatus, SendResult, confirmation
from rollcall.model.registration import BotSignal, person_key
from rollcall.model.roster import Shown
from rollcall.ops.status import status
from tests.support.builders import a_registration, an_event, id_of
from tests.support.clock import Clock
from tests.support.desk import Postbox

EVENT = an_event()
TEST_PERSON = a_registration(email=address_of_test_person("0a1b"))
ID = "7KQX93M4T0000000000000AA"
OWED = confirmation(EVENT.slug, ID, TEST_PERSON.email)


@pytest.mark.parametrize(
    ("address", "one"),
    [
        (TEST_PERSON.email, True),
        (TEST_PERSON.email.upper(), True),
        ("amina.diallo@mpt.example.org", False),
        ("rollcall-test-1@mpt.example.org", False),
        ("amina@sink.sendgrid.net", False),
        ("rollcall-test-1@sink.sendgrid.net.example.org", False),
    ],
)
def test_the_address_says_who_is_one(address: str, one: bool) -> None:
    assert is_test(address) is one


def test_one_is_registered_and_written_to_like_everybody(desk: Desk, postbox: Postbox) -> None:
    assert isinstance(register(desk, EVENT, TEST_PERSON), Accepted)
    send(desk, confirmation(EVENT.slug, id_of(desk.store, TEST_PERSON), "").id)
    assert [message.to for message in postbox.messages] == [TEST_PERSON.email]


def test_one_is_in_no_closing_and_on_no_roster(desk: Desk, clock: Clock) -> None:
    register(desk, EVENT, TEST_PERSON)
    register(desk, EVENT, a_registration())
    clock.now = EVENT.closes_at + timedelta(seconds=1)
    late = a_registration(email=address_of_test_person("late"))
    desk.store.accept(EVENT.slug, "LATE", late, confirmation(EVENT.slug, "LATE", late.email))
    desk.store.quarantine(EVENT.slug, late, BotSignal.TOO_FAST)
    closing = close(desk, EVENT)
    assert closing
    assert closing.count == 1
    intake = desk.store.intake(EVENT)
    assert list(listed(desk.store, EVENT, intake, closing)) == [id_of(desk.store, a_registration())]
    drawn = roster.gather(desk, EVENT, intake)
    assert drawn.by_category == {a_registration().category: 1}
    assert "sink.sendgrid.net" not in drawn.attached[0].content.decode()
    assert a_registration().email in drawn.attached[0].content.decode()
    assert (drawn.late, drawn.quarantined) == (Shown(), Shown())


def test_nobody_is_told_of_one_whose_mail_does_not_arrive(desk: Desk) -> None:
    desk.store.accept(EVENT.slug, ID, TEST_PERSON, OWED)
    desk.store.quarantine(EVENT.slug, TEST_PERSON, BotSignal.TOO_FAST)
    record_deliveries(desk, [DeliveryEvent(OWED.id, DeliveryKind.BOUNCED)])
    entry = desk.store.entry(OWED.id)
    assert entry is not None
    assert entry.status is EmailStatus.BOUNCED
    assert alert_for(desk, entry) == []
    assert [one.id for one in desk.store.unsent_entries(EVENT.slug, None, 99)] == [OWED.id]
    needs = staff_digest.gather(desk, EVENT)
    assert (needs.undelivered, needs.quarantined) == (Shown(), Shown())


def test_no_copy_of_the_mail_to_a_late_one_goes_to_the_staff(desk: Desk, clock: Clock, postbox: Postbox) -> None:
    clock.now = EVENT.closes_at + timedelta(seconds=1)
    desk.store.intake(EVENT)
    desk.store.accept(EVENT.slug, ID, TEST_PERSON, OWED)
    send(desk, OWED.id)
    (message,) = postbox.messages
    assert message.copies_to == ()
    assert "eceived after the deadline" in message.subject


def test_one_is_not_in_the_status(desk: Desk) -> None:
    desk.store.intake(EVENT)
    nothing = status(desk.store, desk.events).events
    register(desk, EVENT, TEST_PERSON)
    desk.store.quarantine(EVENT.slug, TEST_PERSON, BotSignal.TOO_FAST)
    assert [replace(one, intake=None) for one in status(desk.store, desk.events).events] == [
        replace(one, intake=None) for one in nothing
    ]


def test_one_may_be_forgotten_while_its_mail_is_being_sent(desk: Desk) -> None:
    def post(message: Email) -> SendResult:
        desk.store.forget(EVENT.slug, ID, person_key(TEST_PERSON), [message.email_id])
        return email.Accepted()

    desk.store.accept(EVENT.slug, ID, TEST_PERSON, OWED)
    attempted = send(replace(desk, post=post), OWED.id)
    assert attempted is not None
    assert attempted.status is EmailStatus.SENT
    assert desk.store.entry(OWED.id) is None
    assert desk.store.registered(EVENT.slug, ID) is None
