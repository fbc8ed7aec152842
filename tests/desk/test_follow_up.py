"""A form that is completed by answering our reply, without any of it quoted: read by the real reader."""

from dataclasses import replace

import pytest

from rollcall.desk.desk import Desk
from rollcall.desk.follow_up import is_of
from rollcall.desk.receive import read_in, receive
from rollcall.model.email import EmailKind
from rollcall.model.fault import Fault
from rollcall.model.inbound import Doubt, FormStatus, InboundEmail, InboundForm, InboundStatus, status_now
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


@pytest.mark.parametrize("name", ["family_name", "first_name"])
def test_another_persons_form_in_an_answer_leaves_the_first_one_open(desk: Desk, name: str) -> None:
    first = came(desk, a_form_in_text(signature=""), Message_ID="<1@mpt.example.org>")
    answer = came(desk, a_form_in_text(**{name: "Fatou"}), In_Reply_To=asked(desk))
    assert answer.status is InboundStatus.REGISTERED
    assert desk.store.inbound(first.id) == first


CLEAR = InboundForm(FormStatus.INCOMPLETE, answers={"family_name": "Diallo", "first_name": "Amina", "email": AMINA})
WRONG, UNCLEAR = {"family_name": (Fault("too_long"),)}, {Doubt.TWO_ANSWERS: ("first_name",)}


@pytest.mark.parametrize(
    ("form", "changes", "same"),
    [
        (CLEAR, {}, True),
        (CLEAR, {"family_name": "DIALLO", "email": "other@example.org"}, True),
        (CLEAR, {"family_name": "Diallo-Barry"}, False),
        (CLEAR, {"first_name": ""}, False),
        (replace(CLEAR, faults=WRONG), {"family_name": "Barry"}, True),
        (replace(CLEAR, faults=WRONG), {"family_name": "Barry", "email": "other@example.org"}, False),
        (replace(CLEAR, doubts=UNCLEAR), {"first_name": "Fatou"}, True),
        (replace(CLEAR, answers={"first_name": "Amina"}), {"family_name": "Barry"}, True),
        (replace(CLEAR, answers={}, person=person_key(a_registration())), {}, True),
        (replace(CLEAR, answers={}, person=person_key(a_registration())), {"first_name": "Fatou"}, False),
        (replace(CLEAR, answers={}), {"first_name": "Fatou"}, True),
    ],
)
def test_whose_form_it_is_is_told_by_what_is_clear(form: InboundForm, changes: dict[str, str], *, same: bool) -> None:
    assert is_of(form, a_registration(**changes)) is same


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
