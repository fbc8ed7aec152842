"""Reminding those whom we asked to complete a form."""

import uuid
from dataclasses import replace

import pytest

from rollcall.desk.desk import Desk
from rollcall.desk.receive import read_in, receive
from rollcall.desk.register import register
from rollcall.desk.send import send_due
from rollcall.desk.staff.remind import IntakeClosed, Reminded, remind
from rollcall.model.email import Email, is_reply_id
from rollcall.model.registration import Registration, new_id
from rollcall.model.staff import Press
from tests.support.builders import a_form_in_text, a_registration
from tests.support.clock import Clock
from tests.support.desk import EVENT, Postbox
from tests.support.inbound import raw_post, stored


def person(name: str) -> Registration:
    return a_registration(first_name=name, email=f"{name.lower()}@example.org")


@pytest.fixture
def asked(desk: Desk, postbox: Postbox) -> Desk:
    """Ada and Ben, to complete their forms."""
    for name in ("Ada", "Ben"):
        writes(desk, name, a_form_in_text(first_name=name, email=f"{name.lower()}@example.org", signature=""))
    list(send_due(desk))
    assert len(postbox.messages) == 2
    postbox.messages.clear()
    return desk


def writes(desk: Desk, name: str, text: str, head: str = "") -> None:
    raw = f"From: {name.lower()}@example.org\r\nMessage-ID: <{uuid.uuid4()}@example.org>\r\n{head}\r\n{text}"
    assert read_in(desk, receive(desk, stored(*raw_post(raw.encode()))))


def press(desk: Desk) -> Press:
    return Press(new_id(), EVENT.staff[0].address, desk.store.now())


def goes_out(desk: Desk, postbox: Postbox) -> list[Email]:
    postbox.messages.clear()
    list(send_due(desk))
    return sorted(postbox.messages, key=lambda one: one.to)


def test_the_reply_goes_out_again(asked: Desk, postbox: Postbox) -> None:
    assert remind(asked, EVENT, press(asked)) == Reminded(2, more=False)
    reminders = goes_out(asked, postbox)
    assert [one.to for one in reminders] == ["ada@example.org", "ben@example.org"]
    assert "/complete/" in reminders[0].html


def test_a_double_press_reminds_once_and_another_press_again(asked: Desk, postbox: Postbox) -> None:
    pressed = press(asked)
    assert remind(asked, EVENT, pressed) == remind(asked, EVENT, pressed) == Reminded(2, more=False)
    assert len(goes_out(asked, postbox)) == 2
    remind(asked, EVENT, press(asked))
    assert len(goes_out(asked, postbox)) == 2


def test_not_whoever_is_registered_by_now(asked: Desk, postbox: Postbox) -> None:
    register(asked, EVENT, person("Ada"))
    assert remind(asked, EVENT, press(asked)) == Reminded(1, more=False)
    register(asked, EVENT, person("Ben"))
    assert [one for one in goes_out(asked, postbox) if "/complete/" in one.html] == []


def test_not_once_registration_is_closed(asked: Desk, clock: Clock, postbox: Postbox) -> None:
    clock.now = EVENT.closes_at.replace(microsecond=1)
    assert remind(asked, EVENT, press(asked)) == IntakeClosed()
    assert goes_out(asked, postbox) == []


def test_the_limit_of_one_address_holds(asked: Desk, postbox: Postbox) -> None:
    few = replace(asked, limits=replace(asked.limits, to_one_address=1))
    remind(few, EVENT, press(few))
    assert goes_out(few, postbox) == []


def test_an_answer_to_a_reminder_completes_the_form(asked: Desk, postbox: Postbox) -> None:
    remind(asked, EVENT, press(asked))
    to_ada = goes_out(asked, postbox)[0]
    assert is_reply_id(EVENT.slug, to_ada.email_id)
    writes(asked, "Ada", "Signature: Ada Diallo\r\n", f"In-Reply-To: <{to_ada.email_id}@desk.example.org>\r\n")
    assert [one.registration.first_name for one in asked.store.registrations(EVENT.slug, None, 9)] == ["Ada"]
