"""Telling the staff anew, once a wrong address is mended."""

from dataclasses import replace
from datetime import timedelta

from rollcall.desk.close import close
from rollcall.desk.deliveries import record_deliveries
from rollcall.desk.desk import Desk
from rollcall.desk.register import register
from rollcall.desk.resend import resend_to_staff
from rollcall.desk.send import send_due
from rollcall.desk.staff_digests import digests_within_the_hour
from rollcall.model.email import DeliveryEvent, EmailKind, EmailStatus, confirmation, staff_digest
from tests.support.builders import a_registration, an_event, id_of, staff_of
from tests.support.clock import Clock
from tests.support.desk import Postbox

WRONG = an_event()
MENDED = replace(WRONG, staff=staff_of("right@example.org", "second@example.org"))


def test_the_roster_goes_to_whom_the_file_names_now(desk: Desk, clock: Clock, postbox: Postbox) -> None:
    register(desk, WRONG, a_registration())
    clock.now = WRONG.closes_at + timedelta(seconds=1)
    close(desk, WRONG)
    list(send_due(desk))
    first = {message.to: message for message in postbox.messages}
    clock.forward(timedelta(minutes=5))
    enqueue = resend_to_staff(desk.store, MENDED)
    assert [(entry.kind, entry.to) for entry in enqueue] == [(EmailKind.ROSTER, to) for to in MENDED.staff_addresses]
    postbox.messages.clear()
    list(send_due(desk))
    assert {message.to for message in postbox.messages} == set(MENDED.staff_addresses)
    for message in postbox.messages:
        assert (message.text, message.subject) == (first["spumail@itu.int"].text, first["spumail@itu.int"].subject)
        assert message.attachments[0] == first["spumail@itu.int"].attachments[0]


def test_each_call_enqueues_e_mails_of_its_own(desk: Desk, clock: Clock) -> None:
    register(desk, WRONG, a_registration())
    clock.now = WRONG.closes_at + timedelta(seconds=1)
    close(desk, WRONG)
    ids = []
    for _ in range(2):
        clock.forward(timedelta(seconds=1))
        ids += [entry.id for entry in resend_to_staff(desk.store, MENDED)]
    assert len(set(ids)) == 4
    assert all(desk.store.entry(id) for id in ids)


def test_before_the_closing_there_is_no_roster_yet(desk: Desk) -> None:
    desk.store.intake(WRONG)
    assert resend_to_staff(desk.store, MENDED) == []


def test_a_digest_that_did_not_arrive_is_enqueued_anew(desk: Desk, clock: Clock, postbox: Postbox) -> None:
    register(desk, WRONG, a_registration())
    (lost,) = digests_within_the_hour(WRONG, clock.now)
    desk.store.enqueue(lost)
    clock.forward(timedelta(hours=2))
    list(send_due(desk))
    bounced = confirmation(WRONG.slug, id_of(desk.store, a_registration()), "").id
    record_deliveries(desk, [DeliveryEvent(bounced, EmailStatus.BOUNCED)])
    assert bounced in [one.id for one in desk.store.unsent_entries(WRONG.slug, None, 9)]
    assert resend_to_staff(desk.store, MENDED) == []  # that was no word to the staff
    record_deliveries(desk, [DeliveryEvent(lost.id, EmailStatus.BOUNCED)])
    enqueue = resend_to_staff(desk.store, MENDED)
    assert [(entry.kind, entry.to) for entry in enqueue] == [
        (EmailKind.STAFF_DIGEST, to) for to in MENDED.staff_addresses
    ]
    used = staff_digest(WRONG.slug, "20040202T13", MENDED.secretariat, clock.now)
    assert used.id not in [entry.id for entry in enqueue]
    list(send_due(desk))
    assert {message.to for message in postbox.messages} >= set(MENDED.staff_addresses)
