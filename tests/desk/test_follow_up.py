"""A form that is completed by answering our reply, without any of it quoted: read by the real reader."""

import pytest

from rollcall.desk.desk import Desk
from rollcall.desk.receive import read_in, receive
from rollcall.model.email import EmailKind
from rollcall.model.inbound import InboundEmail, InboundStatus, status_now
from rollcall.model.registration import person_key
from tests.support.builders import a_form_in_text, a_registration, an_event
from tests.support.inbound import raw_post, stored

EVENT = an_event()
AMINA = "amina.diallo@mpt.example.org"
MISSING = {
    "signature": "Signature: Amina Diallo",
    "email": f"E-mail: {AMINA}",
    "family_name": "Family name: Diallo",
    "category": "You represent: Administration of ITU Member State",
    "address": "Complete address: BP 3000\nConakry\nGuinée",
}


def came(desk: Desk, text: str, sender: str = AMINA, **headers: str) -> InboundEmail:
    """What came of an e-mail with this text."""
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in {"From": sender, **headers}.items())
    mime = f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}".encode()
    inbound = read_in(desk, receive(desk, stored(*raw_post(mime))))
    assert inbound is not None
    return inbound


def asked(desk: Desk) -> str:
    """The Message-ID of the reply that asks for what is missing."""
    (entry,) = [one for one in desk.store.unsent_entries(EVENT.slug, None, 99) if one.kind is EmailKind.REPLY]
    return f"<{entry.id}@desk.example.org>"


@pytest.mark.parametrize("name", MISSING)
def test_the_missing_line_alone_completes_the_form(desk: Desk, name: str) -> None:
    first = came(desk, a_form_in_text(**{name: ""}), Message_ID="<1@mpt.example.org>")
    assert first.status is InboundStatus.WAITING_FOR_SENDER
    answer = came(desk, f"{MISSING[name]}\n\nBest regards\nAmina", In_Reply_To=asked(desk))
    assert answer.status is InboundStatus.REGISTERED
    (registered,) = desk.store.registrations(EVENT.slug, None, 9)
    assert registered.registration == a_registration()
    now = desk.store.inbound(first.id)
    assert now is not None
    assert status_now(now, {person_key(registered.registration)}) is InboundStatus.REGISTERED


def test_a_stranger_completes_nobodys_form(desk: Desk) -> None:
    came(desk, a_form_in_text(signature=""), Message_ID="<1@mpt.example.org>")
    answer = came(desk, MISSING["signature"], "eve@example.com", In_Reply_To=asked(desk))
    assert (answer.status, answer.forms) == (InboundStatus.NEEDS_REVIEW, ())
    assert desk.store.registration_of(EVENT.slug, person_key(a_registration())) is None


@pytest.mark.parametrize("text", ["Thank you, I will look at it.", "Who can sign this for me?", ""])
def test_words_alone_complete_nothing(desk: Desk, text: str) -> None:
    came(desk, a_form_in_text(signature=""), Message_ID="<1@mpt.example.org>")
    assert came(desk, text, In_Reply_To=asked(desk)).status is InboundStatus.NEEDS_REVIEW


def test_a_robot_that_answers_our_answers_is_not_answered(desk: Desk) -> None:
    came(desk, a_form_in_text(signature=""), Message_ID="<1@mpt.example.org>")
    again = came(desk, "We received your e-mail.", Message_ID="<2@mpt.example.org>", In_Reply_To=asked(desk))
    assert (again.status, again.answered) == (InboundStatus.NEEDS_REVIEW, False)
    assert asked(desk)  # the one reply


@pytest.mark.parametrize("reference", ["<intgov04.a/b@x>", "<intgov04..reply@x>", "<intgov04.reply@x>", "<x>"])
def test_what_is_no_reply_of_ours_is_passed_over(desk: Desk, reference: str) -> None:
    assert came(desk, a_form_in_text(), In_Reply_To=reference).status is InboundStatus.REGISTERED
