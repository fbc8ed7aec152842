"""Sending: claim, compose, post, settle."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from rollcall.desk.closing import close
from rollcall.desk.desk import Desk
from rollcall.desk.mail import InDoubt, MailRecord, MailState, NotSent, Sent, confirmation, roster_mail
from rollcall.desk.registering import register
from rollcall.desk.registration import registration_id
from rollcall.desk.sending import FIRST_WAIT, LEASE, LONGEST_WAIT, claim, send, send_due, settle, wait
from tests.builders import a_registration, an_event
from tests.conftest import Clock
from tests.desk.test_registering import Postbox, a_desk

EVENT = an_event()
ID = registration_id(EVENT.slug, a_registration())
MAIL = confirmation(EVENT.slug, ID, a_registration().email)


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def desk(tmp_path: Path, clock: Clock, postbox: Postbox) -> Desk:
    desk = a_desk(tmp_path, clock, postbox)
    register(desk, EVENT, a_registration())
    return desk


def record_of(desk: Desk) -> MailRecord:
    record = desk.store.mail(MAIL.id)
    assert record is not None
    return record


def test_a_mail_is_sent_once(desk: Desk, postbox: Postbox) -> None:
    assert send(desk, MAIL.id) is MailState.SENT
    assert send(desk, MAIL.id) is None
    assert [message.mail_id for message in postbox.messages] == [MAIL.id]
    assert list(send_due(desk)) == []


def test_there_is_no_such_mail(desk: Desk) -> None:
    assert send(desk, "none") is None


def test_what_will_never_be_taken_has_failed(desk: Desk, postbox: Postbox) -> None:
    postbox.answers = [NotSent(permanent=True, note="SendGrid answered 400")]
    assert send(desk, MAIL.id) is MailState.FAILED
    assert (record_of(desk).due_at, record_of(desk).note) == (None, "SendGrid answered 400")


@pytest.mark.parametrize("posted", [NotSent(False, "429", timedelta(minutes=3)), InDoubt("TimeoutError")])
def test_what_was_not_taken_is_due_again(desk: Desk, postbox: Postbox, clock: Clock, posted: NotSent | InDoubt) -> None:
    postbox.answers = [posted]
    assert send(desk, MAIL.id) is MailState.QUEUED
    assert send(desk, MAIL.id) is None
    clock.forward(LONGEST_WAIT)
    assert dict(send_due(desk)) == {MAIL.id: MailState.SENT}
    assert record_of(desk).attempts == 2


def test_a_sender_that_died_leaves_the_mail_due(desk: Desk, clock: Clock) -> None:
    claimed = claim(record_of(desk), clock.now)
    assert claimed is not None
    assert desk.store.save_mail(claimed)
    assert send(desk, MAIL.id) is None
    clock.forward(LEASE + timedelta(seconds=1))
    assert dict(send_due(desk)) == {MAIL.id: MailState.SENT}


def test_of_two_who_claim_one_has_it(desk: Desk, clock: Clock) -> None:
    one, other = claim(record_of(desk), clock.now), claim(record_of(desk), clock.now)
    assert one is not None
    assert other is not None
    assert desk.store.save_mail(one)
    assert not desk.store.save_mail(other)


def test_waits_grow_to_a_bound_and_are_never_shorter_than_asked(clock: Clock) -> None:
    record = MailRecord(MAIL)
    for attempts in range(1, 200):
        tried = replace(record, attempts=attempts)
        assert wait(tried, None) <= min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempts, 20))
        assert wait(tried, timedelta(hours=5)) == timedelta(hours=5)
    assert settle(record, Sent(), clock.now).state is MailState.SENT


def test_the_roster_is_of_the_closing(desk: Desk, postbox: Postbox, clock: Clock) -> None:
    clock.now = EVENT.closes_at + timedelta(seconds=1)
    assert close(desk, EVENT) is not None
    assert send(desk, roster_mail(EVENT.slug, 1, "").id) is MailState.SENT
    (message,) = postbox.messages
    assert message.subject.endswith("1 registered")
    assert "amina.diallo@mpt.example.org (queued)" in message.text


def test_a_roster_page_that_was_altered_is_not_sent(desk: Desk, clock: Clock) -> None:
    clock.now = EVENT.closes_at + timedelta(seconds=1)
    close(desk, EVENT)
    desk.store.write_roster_page(EVENT.slug, 0, [])
    with pytest.raises(ValueError, match="not those of its closing"):
        send(desk, roster_mail(EVENT.slug, 1, "").id)
