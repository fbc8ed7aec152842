"""The reply to an inbound e-mail, beyond its golden files."""

from dataclasses import replace

import pytest

from rollcall.inbound.charsets import clean
from rollcall.model.inbound import FormStatus, InboundForm
from rollcall.model.intake import Intake
from schemas.form import in_labels
from tests.emails.samples import (
    ANSWERS,
    EVENT,
    FOCAL_POINT,
    FORM_PAGE,
    INCOMPLETE,
    INTAKE,
    LINK,
    NOT_YET_OPEN,
    PAST,
    REGISTERED,
    replied,
)
from tests.support.builders import a_registration, registered


def test_it_answers_the_sender_in_the_thread() -> None:
    email = replied(REGISTERED)
    assert (email.to, email.reply_to) == (FOCAL_POINT, "intgov04@forms.example.org")
    assert email.thread == ("<one@mpt.example.org>",)
    assert email.answers
    assert replied(REGISTERED, message_id="").answers


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Registration", "Re: Registration"),
        ("Re: Registration", "Re: Registration"),
        ("RE: re : Re[2]: Registration", "Re: Registration"),
        ("Reservation", "Re: Reservation"),
        ("More: forms, re: forum", "Re: More: forms, re: forum"),
        ("", f"Your e-mail: {EVENT.title}"),
        ("Re:", f"Your e-mail: {EVENT.title}"),
        (" \r\n ", f"Your e-mail: {EVENT.title}"),
        ("Hello\r\nBcc: all@example.org\x00", "Re: Hello Bcc: all@example.org"),
        ("x" * 5000, f"Re: {'x' * 195}…"),
    ],
)
def test_the_subject_is_theirs_with_one_re(theirs: str, ours: str) -> None:
    assert clean(replied(REGISTERED, subject=theirs).subject) == ours


def test_a_stranger_learns_nothing_of_the_registration_that_stands() -> None:
    other = registered(a_registration(answers={"hotel": "Secret Palace"}))
    email = replied(InboundForm(FormStatus.CONFLICT, other.id, answers=ANSWERS), people=(other,))
    early = replied(InboundForm(FormStatus.NOT_YET_OPEN, other.id, answers=ANSWERS), intake=NOT_YET_OPEN)
    for body in (email.text, email.html, early.text, early.html):
        for secret in ("Secret Palace", other.reference, "Salle B"):
            assert secret not in body


@pytest.mark.parametrize("status", [FormStatus.REGISTERED, FormStatus.DUPLICATE, FormStatus.CHANGED])
@pytest.mark.parametrize("intake", [INTAKE, PAST])
def test_whoever_sent_a_form_for_another_learns_nothing_of_what_was_changed_since(
    status: FormStatus, intake: Intake
) -> None:
    since = a_registration(email="amina@elsewhere.example.org", family_name="Keïta", answers={"hotel": "Secret Palace"})
    there = registered(since, revision=3, received_at=intake.as_of)
    form = InboundForm(status, there.id)
    email, theirs = (replied(form, people=(there,), intake=intake, to=to) for to in (FOCAL_POINT, since.email))
    for secret in ("elsewhere", "Keïta", "Secret Palace"):
        assert secret not in email.text + email.html
        assert secret in theirs.text
    assert there.reference in email.text


@pytest.mark.parametrize("forms", [(INCOMPLETE,), (REGISTERED, INCOMPLETE)])
def test_what_is_quoted_is_in_the_forms_words_and_nothing_else_looks_like_an_answer(
    forms: tuple[InboundForm, ...],
) -> None:
    labels = {field.name: field.label for field in EVENT.fields}
    for email in (replied(*forms), replied(*forms, intake=PAST)):
        for name, answer in in_labels(EVENT, INCOMPLETE.answers).items():
            assert f"    {labels[name]}: {answer.splitlines()[0]}\n" in email.text
        faulty = [line for line in email.text.splitlines() if "We did not find" in line or "This should be" in line]
        assert len(faulty) == 3
        assert all(line.startswith("- At “") for line in faulty)


def test_no_link_to_complete_a_form_is_given_after_the_deadline() -> None:
    email = replied(INCOMPLETE, intake=PAST)
    scan = replied(not_read=("scan.jpg",), intake=PAST)
    for body in (email.text, email.html, scan.text, scan.html):
        assert LINK not in body
        assert FORM_PAGE not in body


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        *(("scan.PDF", True), ("fax.tif", True), ("photo.jpeg", True), ("image/png", True), ("application/pdf", True)),
        *(("members.csv", False), ("list.xls", False), ("form.doc", False), ("pdf", False), ("", False)),
    ],
)
def test_only_pictures_are_called_so(name: str, is_one: bool) -> None:
    assert ("Scans and faxes are pictures" in replied(not_read=(name,)).text) == is_one


def test_every_status_of_a_form_has_words() -> None:
    forms = [replace(REGISTERED, status=status, answers=ANSWERS) for status in FormStatus]
    told = len(forms) - 1  # of who was erased nothing is said
    assert f"Your e-mail had {told} registration forms" in replied(*forms).text


def test_a_delegation_keeps_its_order() -> None:
    people = tuple(registered(a_registration(first_name=f"Delegate{number:02}")) for number in range(14))
    forms = [InboundForm(FormStatus.REGISTERED, one.id) for one in people]
    email = replied(*forms[:10], INCOMPLETE, *forms[10:], people=people)
    for body in (email.text, email.html):
        assert all(one.reference in body for one in people)
        assert body.index("Delegate09") < body.index(LINK) < body.rindex("Delegate13")


def test_a_reply_is_not_many_times_what_came() -> None:
    """Its sender may be invented. Each form is in the list, and what asks something comes first."""
    people = [InboundForm(FormStatus.REGISTERED, REGISTERED.registration_id)] * 199
    email = replied(*people, INCOMPLETE)
    assert "200. " in email.text
    assert "What we understood:" in email.text
    assert email.text.count("As registered:") == 14
    assert all(one in email.text for one in ("1. Amina Diallo", "199. Amina Diallo"))
    assert len(email.html.encode()) < 250_000


def test_hostile_text_is_only_text_and_bounded() -> None:
    hostile = "<script>alert(1)</script> {{ 7*7 }} \x00\x1b[31m"
    form = replace(INCOMPLETE, answers=ANSWERS | {"family_name": hostile, "hotel": "x" * 1_000_000})
    email = replied(form, subject=hostile, not_read=(hostile,))
    assert "<script>" not in email.html
    for body in (email.text, email.html, email.subject):
        assert not set("\x00\x1b") & set(body)
        assert "{{ 7*7 }}" in body
        assert len(body) < 25_000
