"""The smoke test's event: takes registrations like any other, and is on no list."""

from dataclasses import replace

import pytest

from rollcall.desk.deliveries import record_deliveries
from rollcall.desk.desk import Desk
from rollcall.desk.register import Accepted, Closed, register
from rollcall.desk.send import send
from rollcall.desk.staff.status import status
from rollcall.model import email
from rollcall.model.email import DeliveryEvent, Email, EmailKind, EmailStatus, SendResult, confirmation
from rollcall.model.event import SMOKE_TEST, smoke_test_address
from rollcall.model.registration import BotSignal, Registration, person_key
from rollcall.ops.event_check import check_events
from schemas.event import EventFileError, read_event
from tests.support.builders import EVENTS, a_registration, id_of
from tests.support.clock import Clock
from tests.support.desk import EVENT, Postbox

TEST_PERSON = a_registration(email=smoke_test_address("0a1b"), category="test")


def registered_entry(desk: Desk, registration: Registration = TEST_PERSON) -> str:
    """Register a test person; the id of the confirmation's entry."""
    assert isinstance(register(desk, SMOKE_TEST, registration), Accepted)
    return confirmation(SMOKE_TEST.slug, id_of(desk.store, registration, SMOKE_TEST.slug), "").id


def test_a_test_person_is_registered_and_written_to(desk: Desk, postbox: Postbox) -> None:
    send(desk, registered_entry(desk))
    (message,) = postbox.messages
    assert (message.to, message.copies_to) == (TEST_PERSON.email, ())


@pytest.mark.parametrize("address", ["amina.diallo@mpt.example.org", "a@sink.sendgrid.net.example.org"])
def test_nobody_with_an_address_of_their_own_is_registered(desk: Desk, address: str) -> None:
    assert isinstance(register(desk, SMOKE_TEST, a_registration(email=address)), Closed)
    assert desk.store.registrations(SMOKE_TEST.slug, None, 9) == []


def test_a_real_event_takes_any_address(desk: Desk) -> None:
    assert isinstance(register(desk, EVENT, TEST_PERSON), Accepted)


def test_it_is_not_among_the_events(desk: Desk) -> None:
    assert desk.event(SMOKE_TEST.slug) is SMOKE_TEST
    assert desk.event(EVENT.slug) is EVENT
    assert desk.event("other") is None
    assert SMOKE_TEST.slug not in desk.events


def test_it_is_neither_in_the_status_nor_in_the_check_nor_closed(desk: Desk, clock: Clock) -> None:
    registered_entry(desk)
    seen = status(desk.store, desk.events)
    assert [one.event for one in seen.events] == [EVENT]
    assert check_events({}, desk.store, clock.now) == []
    clock.now = SMOKE_TEST.opens_at.replace(year=8999)
    assert desk.due_to_close(clock.now) == [EVENT]


def test_the_staff_are_not_told_of_a_bounce(desk: Desk) -> None:
    entry_id = registered_entry(desk)
    record_deliveries(desk, [DeliveryEvent(entry_id, EmailStatus.BOUNCED)])
    entry = desk.store.entry(entry_id)
    assert entry is not None
    assert entry.status is EmailStatus.BOUNCED
    assert [one.id for one in desk.store.unsent_entries(SMOKE_TEST.slug, None, 99)] == [entry_id]
    assert list(desk.store.due_entries(99)) == []


def test_what_a_bot_sends_reaches_nobody(desk: Desk) -> None:
    register(desk, SMOKE_TEST, TEST_PERSON, signal=BotSignal.TOO_FAST)
    (entry,) = desk.store.unsent_entries(SMOKE_TEST.slug, None, 99)
    assert (entry.kind, entry.to) == (EmailKind.STAFF_DIGEST, "smoke-test@sink.sendgrid.net")


def test_a_person_may_be_forgotten_while_the_confirmation_is_being_sent(desk: Desk) -> None:
    entry_id = registered_entry(desk)
    id = id_of(desk.store, TEST_PERSON, SMOKE_TEST.slug)

    def post(message: Email) -> SendResult:
        desk.store.forget_test_person(id, person_key(TEST_PERSON), [message.email_id])
        return email.Accepted()

    attempted = send(replace(desk, post=post), entry_id)
    assert attempted is not None
    assert attempted.status is EmailStatus.SENT
    assert desk.store.entry(entry_id) is None
    assert desk.store.registered(SMOKE_TEST.slug, id) is None


def test_no_event_file_may_have_its_name() -> None:
    with pytest.raises(EventFileError, match=r"smoke-test\.toml: choose another name"):
        read_event(EVENTS / "smoke-test.toml")
