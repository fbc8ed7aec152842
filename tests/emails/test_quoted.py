"""A reply to an e-mail of ours quotes it, and is read again: what is missing is written above, and nothing that we say
is taken for an answer."""

from collections.abc import Callable, Mapping

import pytest

from rollcall.inbound.forms import find_forms
from rollcall.inbound.mime import Parts
from rollcall.model.email import Email
from rollcall.model.inbound import FormStatus, InboundForm, ParsedForm
from schemas.form import in_codes, written
from tests.emails.samples import (
    AMINA,
    ANSWERS,
    EVENT,
    INCOMPLETE,
    OTHER_HOTEL,
    PAST,
    REGISTERED,
    about,
    address_checked,
    another_address,
    back,
    changed,
    confirmed,
    conflicting,
    linked,
    moved_away,
    newly_linked,
    noticed,
    receipted,
    replied,
    withdrawal_of,
    without_hotel,
)
from tests.support.builders import LINKS, a_form, a_registration

MISSING = "E-mail: amina.diallo@mpt.example.org\nSignature: Amina Diallo\nFax: +224 30 45 31 16\n"
AS_REGISTERED = written(AMINA.registration)


def marked(above: str, email: Email) -> Parts:
    quoted = "\n".join(f"> {line}" for line in email.text.splitlines())
    return Parts(plain=(f"{above}\nOn Mon, 2 Feb 2004 at 14:00, Registration wrote:\n\n{quoted}\n",))


def below(above: str, email: Email) -> Parts:
    headers = "From: Registration\nSent: Monday, 2 February 2004 14:00\nTo: Focal Point\nSubject: Re: Registration\n"
    return Parts(plain=(f"{above}\n-----Original Message-----\n{headers}\n{email.text}",))


def in_html(above: str, email: Email) -> Parts:
    lines = "".join(f"<div>{line}</div>" for line in above.splitlines())
    quoted = f'<div class="gmail_quote">On Mon, 2 Feb 2004, Registration wrote:<blockquote>{email.html}</blockquote>'
    return Parts(html=(f"<html><body>{lines}{quoted}</div></body></html>",))


Quoting = Callable[[str, Email], Parts]
QUOTING = pytest.mark.parametrize("answer", [marked, below, in_html])


def answers(form: ParsedForm) -> Mapping[str, str]:
    return {name: text for name, text in form.answers.items() if text}


@QUOTING
def test_what_is_missing_written_above_completes_the_form(answer: Quoting) -> None:
    (form,) = find_forms(EVENT, answer(MISSING, replied(INCOMPLETE))).forms
    assert form.registration == a_registration()
    assert answers(form) == a_form()
    assert not form.quoted


@QUOTING
@pytest.mark.parametrize(
    ("email", "said"),
    [
        (replied(INCOMPLETE), INCOMPLETE.answers),
        (replied(INCOMPLETE, intake=PAST), INCOMPLETE.answers),
        (replied(REGISTERED), AS_REGISTERED),
        (replied(InboundForm(FormStatus.CONFLICT, answers=ANSWERS)), ANSWERS),
        (replied(InboundForm(FormStatus.NOT_YET_OPEN, answers=ANSWERS)), ANSWERS),
        (replied(REGISTERED, own={AMINA.id: LINKS.own(EVENT, AMINA)}), AS_REGISTERED),
        (confirmed(AMINA), AS_REGISTERED),
        (about(changed()), written(OTHER_HOTEL)),
        (about(another_address()), AS_REGISTERED),
        (about(back()), written(OTHER_HOTEL)),
    ],
    ids=[
        *("incomplete", "past", "registered", "differs", "not yet open", "own link", "confirmation"),
        *("changed", "another address", "back"),
    ],
)
def test_thanks_above_the_quote_change_no_answer(answer: Quoting, email: Email, said: Mapping[str, str]) -> None:
    (form,) = find_forms(EVENT, answer("Thank you very much!\n", email)).forms
    assert answers(form) == said
    assert form.quoted


@QUOTING
@pytest.mark.parametrize("code", EVENT.languages)
def test_what_we_say_is_no_answer_in_any_language(answer: Quoting, code: str) -> None:
    event = EVENT.in_language(code)
    (form,) = find_forms(EVENT, answer("Thank you very much!\n", replied(INCOMPLETE, event=event))).forms
    assert in_codes(event, answers(form)) == INCOMPLETE.answers
    (form,) = find_forms(EVENT, answer("Thank you very much!\n", confirmed(AMINA, event))).forms
    assert in_codes(event, answers(form)) == AS_REGISTERED
    assert form.registration == AMINA.registration
    (form,) = find_forms(EVENT, answer("Thank you very much!\n", about(changed(), event))).forms
    assert in_codes(event, answers(form)) == written(OTHER_HOTEL)


@QUOTING
def test_a_hotel_that_is_told_late_is_understood(answer: Quoting) -> None:
    one = without_hotel()
    (form,) = find_forms(EVENT, answer("Hotel: Beau-Rivage\n", confirmed(one))).forms
    assert answers(form) == written(one.registration) | {"hotel": "Beau-Rivage"}


@QUOTING
@pytest.mark.parametrize(
    "email",
    [
        *(replied(), replied(not_read=("scan.jpg",)), conflicting(AMINA), linked(AMINA), newly_linked(AMINA)),
        *(about(withdrawal_of()), moved_away(another_address()), address_checked(another_address().after)),
        *(receipted(), noticed(), noticed(withdrawn=True)),
    ],
    ids=[
        *("no form", "scan", "conflict", "links", "new link", "withdrawn", "moved", "address"),
        *("receipt", "held", "contribution withdrawn"),
    ],
)
def test_a_quoted_e_mail_without_a_form_yields_none(answer: Quoting, email: Email) -> None:
    assert find_forms(EVENT, answer("Thank you very much!\n", email)).forms == ()
