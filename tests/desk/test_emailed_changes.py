"""An answer to our confirmation changes or withdraws the registration, if it is clear and comes from its address."""

import re
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest

from rollcall.desk.amend import Amended, amend, end_links, withdraw
from rollcall.desk.desk import Desk
from rollcall.desk.receive import read_in, receive
from rollcall.desk.register import Accepted, register
from rollcall.desk.send import send_due
from rollcall.desk.staff_digests import digests_next_morning
from rollcall.emails import staff_digest
from rollcall.model.email import Email, EmailKind
from rollcall.model.inbound import FormStatus, InboundEmail, InboundStatus, certainty
from rollcall.model.links import without_tokens
from rollcall.model.registration import Actor, Registered, Way, Why
from rollcall.model.staff import Role, StaffMember
from tests.support.builders import CANNOT_COME, SENDER, a_form_in_text, a_registration
from tests.support.clock import Clock
from tests.support.desk import EVENT, Postbox
from tests.support.inbound import raw_post, stored
from tests.support.replies import PROGRAMS, Program, gmail, thunderbird

SLUG, OTHER = EVENT.slug, "BP 4000\nConakry"
HOTEL, GONE = "Hotel: Hôtel du Lac", "I am sorry, I cannot come."


@pytest.fixture
def ours(desk: Desk, postbox: Postbox) -> Email:
    """The confirmation of Amina's registration."""
    assert isinstance(register(desk, EVENT, a_registration()), Accepted)
    list(send_due(desk))
    return postbox.messages[-1]


def there(desk: Desk) -> Registered:
    (found,) = desk.store.registrations(SLUG, None, 9)
    return found


def answer(
    desk: Desk, ours: Email, typed: str, program: Program = thunderbird, *, to: str = "", spf: str = "pass", **head: str
) -> InboundEmail:
    message: EmailMessage = program(typed, ours, "en")
    message["Message-ID"] = f"<{abs(hash(typed))}@mpt.example.org>"
    message["In-Reply-To"] = to or f"<{ours.email_id}@{SENDER.rpartition('@')[2]}>"
    for name, text in head.items():
        del message[name]
        message[name] = text
    inbound = read_in(desk, receive(desk, stored(*raw_post(bytes(message), spf=spf))))
    assert inbound is not None
    return inbound


def statuses(inbound: InboundEmail) -> tuple[InboundStatus, list[FormStatus]]:
    return inbound.status, [form.status for form in inbound.forms]


def sent(desk: Desk, postbox: Postbox) -> list[Email]:
    before = len(postbox.messages)
    list(send_due(desk))
    return postbox.messages[before:]


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_lines_of_the_form_change_the_registration(desk: Desk, postbox: Postbox, ours: Email, program: Program) -> None:
    inbound = answer(desk, ours, HOTEL, program)
    assert statuses(inbound) == (InboundStatus.CHANGED, [FormStatus.CHANGED])
    now = there(desk)
    answers = {**a_registration().answers, "hotel": "Hôtel du Lac"}
    del answers["hotel_tel"]  # it was the other hotel's
    assert now.registration == a_registration(answers=answers)
    (confirmed,) = sent(desk, postbox)
    assert (confirmed.to, confirmed.email_id) == (a_registration().email, f"{SLUG}.{now.id}.confirmation.2")
    assert confirmed.thread[-1] == inbound.message_id
    assert "Hôtel Cornavin → Hôtel du Lac" in confirmed.text
    assert "e-mail from your address" in confirmed.text


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_clear_letter_withdraws_it(desk: Desk, postbox: Postbox, ours: Email, program: Program) -> None:
    inbound = answer(desk, ours, GONE, program)
    assert statuses(inbound) == (InboundStatus.CHANGED, [FormStatus.WITHDRAWN])
    (change,) = desk.store.history(SLUG, there(desk))
    assert (there(desk).is_withdrawn, change.change.why) == (True, Why.WITHDRAWN)
    (confirmed,) = sent(desk, postbox)
    assert confirmed.subject.startswith("Registration withdrawn")
    assert answer(desk, ours, f"{GONE} Thank you.", program).status is InboundStatus.CHANGED
    assert sent(desk, postbox) == []


def test_the_last_line_counts_where_several_answers_come(desk: Desk, postbox: Postbox, ours: Email) -> None:
    answer(desk, ours, HOTEL)
    (second,) = sent(desk, postbox)
    answer(desk, second, "Fax: none")
    now = there(desk)
    assert (now.revision, now.registration.answers["hotel"], "fax" in now.registration.answers) == (
        3,
        "Hôtel du Lac",
        False,
    )


@pytest.mark.parametrize(
    "typed",
    [
        "Our hotel is now the du Lac, please update.",
        "Hotel: Hôtel du Lac\nHotel: Beau-Rivage",
        "Hotel: Hôtel du Lac, if it is not full",
        "I may not be able to come.",
        "Please cancel my registration and register Awa Diallo instead.",
        "Do not cancel my registration.",
        "Tel.: 4.1227E+11",
    ],
)
def test_anything_less_clear_is_for_a_person(desk: Desk, ours: Email, typed: str) -> None:
    inbound = answer(desk, ours, typed)
    assert inbound.status is InboundStatus.NEEDS_REVIEW
    assert there(desk).revision == 1


def test_the_staff_see_the_change_filled_in(desk: Desk, postbox: Postbox, clock: Clock, ours: Email) -> None:
    inbound = answer(desk, ours, "Hotel: Hôtel du Lac\nHotel: Beau-Rivage")
    (form,) = inbound.forms
    assert (form.registration_id, form.answers["address"]) == (there(desk).id, a_registration().answers["address"])
    (for_review,) = staff_digest.gather(desk, EVENT, EVENT.secretariat, EVENT.opens_at).inbound.shown
    assert list(for_review.changes) == [0]
    (reply,) = sent(desk, postbox)
    assert "not changed yet" in " ".join(reply.text.split())


def test_a_viewer_gets_no_link_that_changes_anything(desk: Desk, clock: Clock, ours: Email) -> None:
    answer(desk, ours, "Hotel: Hôtel du Lac\nHotel: Beau-Rivage")
    staff = (StaffMember("editor@itu.int"), StaffMember("viewer@itu.int", Role.VIEWER))
    both = replace(EVENT, staff=staff)
    told = [staff_digest.gather(desk, both, one.address, EVENT.opens_at).inbound.shown for one in staff]
    (for_editors,), (for_viewers,) = told
    assert for_editors.link
    assert for_editors.changes
    assert (for_viewers.link, for_viewers.changes) == ("", {})
    (entry,) = (one for one in digests_next_morning(both, clock.now) if one.to == "viewer@itu.int")
    email = staff_digest.write(desk, entry, both, desk.store.intake(EVENT))
    assert isinstance(email, Email)
    assert not re.search("/resolve/|/amend/", email.text + email.html)
    assert "1 e-mail needs your review" in " ".join(email.text.split())


UNCLEAR = "Could you change my hotel to the du Lac, please?"


def test_a_letter_without_a_form_is_for_a_person_who_can_change_the_registration(
    desk: Desk, postbox: Postbox, ours: Email
) -> None:
    inbound = answer(desk, ours, UNCLEAR)
    assert [form.is_letter for form in inbound.forms] == [True]
    digest = staff_digest.gather(desk, EVENT, EVENT.secretariat, EVENT.opens_at)
    (for_review,) = digest.inbound.shown
    assert list(for_review.changes) == [0]
    ((shown,), _) = staff_digest.inbound_shown(EVENT, [for_review])
    whose = [("Name", "Amina Diallo"), ("Reference", there(desk).reference)]
    assert shown.forms == [("", whose, for_review.changes[0])]
    (reply,) = sent(desk, postbox)
    text = " ".join(reply.text.split())
    assert "Your registration is not changed yet." in text
    assert desk.links.own(EVENT, there(desk)) in text
    assert "Fill in the form" not in text


def test_the_sender_of_a_letter_is_told_nothing_of_a_registration_that_is_withdrawn(
    desk: Desk, postbox: Postbox, ours: Email
) -> None:
    withdraw(desk, EVENT, there(desk).id, CANNOT_COME)
    sent(desk, postbox)
    assert [form.is_letter for form in answer(desk, ours, UNCLEAR).forms] == [True]
    (reply,) = sent(desk, postbox)
    assert "The secretariat will read it" in reply.text
    assert "Amina" not in reply.text


def test_after_the_time_for_changes_the_answer_says_that_it_is_too_late(
    desk: Desk, clock: Clock, postbox: Postbox, ours: Email
) -> None:
    clock.now = EVENT.closes_at.replace(hour=23, minute=30)
    for typed in (HOTEL, UNCLEAR, "Hotel: Hôtel du Lac\nHotel: Beau-Rivage"):
        answer(desk, ours, typed)
        (reply,) = sent(desk, postbox)
        text = " ".join(reply.text.split())
        assert "could be changed until the end of 20 February 2004 (Zurich time). Nothing was changed" in text
        assert "change it now yourself" not in text
        assert "another form" not in text


def test_it_comes_from_the_address_on_file(desk: Desk, ours: Email) -> None:
    for typed in (HOTEL, GONE):
        inbound = answer(desk, ours, typed, From="Eve <eve@mpt.example.org>")
        assert inbound.status is not InboundStatus.CHANGED
    assert there(desk).revision == 1


@pytest.mark.parametrize("typed", [HOTEL, GONE])
def test_it_is_proven(desk: Desk, ours: Email, typed: str) -> None:
    inbound = answer(desk, ours, typed, spf="fail")
    assert inbound.status is InboundStatus.NEEDS_REVIEW
    assert there(desk).revision == 1


@pytest.mark.parametrize("typed", [HOTEL, GONE])
def test_no_machine_changes_anything(desk: Desk, ours: Email, typed: str) -> None:
    answer(desk, ours, typed, Precedence="auto_reply")
    assert there(desk).revision == 1


@pytest.mark.parametrize("typed", [HOTEL, GONE])
def test_it_answers_an_e_mail_of_ours(desk: Desk, ours: Email, typed: str) -> None:
    inbound = answer(desk, ours, typed, to="<else@mpt.example.org>")
    assert inbound.status is InboundStatus.NEEDS_REVIEW
    assert there(desk).revision == 1


def test_a_question_beside_it_is_put_before_a_person(desk: Desk, ours: Email) -> None:
    inbound = answer(desk, ours, f"{HOTEL}\n\nCould you also send me an invitation letter for the visa?")
    assert inbound.status is InboundStatus.NEEDS_REVIEW
    assert there(desk).registration.answers["hotel"] in ("Hôtel du Lac", "Hôtel Cornavin")


def test_after_the_time_for_changes_nothing_is_changed(desk: Desk, clock: Clock, postbox: Postbox, ours: Email) -> None:
    clock.now = EVENT.closes_at.replace(hour=23, minute=30)
    inbound = answer(desk, ours, HOTEL)
    assert statuses(inbound) == (InboundStatus.NEEDS_REVIEW, [FormStatus.CONFLICT])
    assert there(desk).revision == 1
    assert statuses(answer(desk, ours, GONE)) == (InboundStatus.CHANGED, [FormStatus.WITHDRAWN])


def test_whoever_withdrew_comes_back_by_the_form_alone(desk: Desk, ours: Email) -> None:
    withdraw(desk, EVENT, there(desk).id, CANNOT_COME)
    inbound = answer(desk, ours, HOTEL)
    assert statuses(inbound) == (InboundStatus.NEEDS_REVIEW, [FormStatus.NEEDS_REVIEW])
    assert there(desk).is_withdrawn


def test_a_colleagues_form_in_the_answer_is_the_colleagues(desk: Desk, ours: Email) -> None:
    form = a_form_in_text(family_name="Bah", first_name="Ousmane", signature="Ousmane Bah", email="bah@mpt.example.org")
    inbound = answer(desk, ours, f"Dear all,\n\nplease register my colleague too:\n\n{form}")
    assert [one.registration.family_name for one in desk.store.registrations(SLUG, None, 9)].count("Diallo") == 1
    assert all(one.revision == 1 for one in desk.store.registrations(SLUG, None, 9))
    assert FormStatus.CHANGED not in [one.status for one in inbound.forms]


def test_another_change_meanwhile_is_not_written_over(desk: Desk, ours: Email, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*given: Any, **more: Any) -> Any:
        changed = a_registration(answers={**a_registration().answers, "hotel": "Faster"})
        amend(desk, EVENT, there(desk).id, 1, changed)
        return certainty(*given, **more)

    monkeypatch.setattr("rollcall.desk.emailed_changes.certainty", late)
    inbound = answer(desk, ours, f"Complete address: {OTHER}")
    assert statuses(inbound) == (InboundStatus.NEEDS_REVIEW, [FormStatus.NEEDS_REVIEW])
    assert there(desk).registration.answers["hotel"] == "Faster"


@pytest.mark.parametrize(("typed", "then"), [(HOTEL, FormStatus.CHANGED), (GONE, FormStatus.WITHDRAWN)])
def test_an_answer_read_again_changes_nothing_more(
    desk: Desk, ours: Email, monkeypatch: pytest.MonkeyPatch, typed: str, then: FormStatus, clock: Clock
) -> None:
    """Its reader died after the change. What the person did since stays."""
    save: Callable[..., bool] = desk.store.save_inbound

    def dies(inbound: InboundEmail, *more: Any) -> bool:
        if inbound.due_at is None:
            raise KeyboardInterrupt
        return save(inbound, *more)

    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "save_inbound", dies)
        with pytest.raises(KeyboardInterrupt):
            answer(desk, ours, typed, gmail)
    assert there(desk).revision == 2
    if there(desk).is_withdrawn:
        assert isinstance(register(desk, EVENT, a_registration()), Accepted)
    else:
        assert isinstance(amend(desk, EVENT, there(desk).id, 2, a_registration()), Amended)
    clock.now += 2 * desk.limits.reading_lease
    (id,) = desk.store.due_inbound(9)
    inbound = read_in(desk, id)
    assert inbound is not None
    assert [form.status for form in inbound.forms] == [then]
    assert (there(desk).revision, there(desk).registration) == (3, a_registration())


def test_a_letter_withdraws_that_answers_any_e_mail_of_ours(desk: Desk, postbox: Postbox, ours: Email) -> None:
    """Their subjects are no letter."""
    answer(desk, ours, HOTEL)
    register(desk, EVENT, a_registration(category="associate"))
    end_links(desk, EVENT, there(desk).id, Actor.REGISTRANT, Way.LINK)
    emails = sent(desk, postbox)
    assert len(emails) == 3
    for number, one in enumerate(emails):
        if there(desk).is_withdrawn:
            register(desk, EVENT, a_registration())
        assert answer(desk, one, f"{GONE}{' ' * number}").status is InboundStatus.CHANGED
        assert there(desk).is_withdrawn


def test_a_new_address_is_confirmed_first(desk: Desk, postbox: Postbox, ours: Email) -> None:
    answer(desk, ours, "E-mail: amina@home.example.org")
    now = there(desk)
    assert (now.registration.email, now.new_email) == (a_registration().email, "amina@home.example.org")
    assert {one.kind for one in desk.store.entries_about(now.id, 9)} == {EmailKind.CONFIRMATION, EmailKind.ADDRESS}
    assert sorted(one.to for one in sent(desk, postbox)) == [now.registration.email, now.new_email]


def test_an_address_that_waits_to_be_confirmed_goes_on_waiting(desk: Desk, ours: Email) -> None:
    """Though other lines change meanwhile."""
    new = "amina@new.example.org"
    amend(desk, EVENT, there(desk).id, 1, a_registration(email=new))
    for line in (HOTEL, "First name: Aminata"):
        assert answer(desk, ours, line).status is InboundStatus.CHANGED
    now = there(desk)
    assert (now.registration.answers["hotel"], now.registration.first_name) == ("Hôtel du Lac", "Aminata")
    assert (now.registration.email, now.new_email) == (a_registration().email, new)


def test_one_registration_of_several_under_an_address(desk: Desk, postbox: Postbox, ours: Email) -> None:
    """The e-mail that it answers says whose it is."""
    register(desk, EVENT, a_registration(first_name="Awa"))
    list(send_due(desk))
    answer(desk, postbox.messages[-1], HOTEL)
    found = {one.registration.first_name: one.revision for one in desk.store.registrations(SLUG, None, 9)}
    assert found == {"Amina": 1, "Awa": 2}
    assert replace(a_registration(), first_name="Awa") == a_registration()


@pytest.mark.parametrize("program", [gmail, thunderbird])
def test_thanks_for_a_confirmation_need_nobody_and_get_no_answer(
    desk: Desk, postbox: Postbox, ours: Email, program: Program
) -> None:
    inbound = answer(desk, ours, "Thank you very much!\n\nBest regards,\nAmina Diallo", program)
    assert (inbound.needs_review, inbound.answered, inbound.remark) == (False, False, "")
    assert statuses(inbound) == (InboundStatus.REGISTERED, [FormStatus.DUPLICATE])
    assert inbound.forms[0].registration_id == there(desk).id
    assert list(desk.store.due_entries(9)) == []
    assert sent(desk, postbox) == []
    assert answer(desk, ours, "Thank you. Is there a bus?", program).needs_review


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_the_staff_do_not_see_the_link_in_a_quotation(desk: Desk, ours: Email, program: Program) -> None:
    inbound = answer(desk, ours, "Is there a bus?", program)
    [token] = {part.split("/own/")[1].split()[0] for part in ours.text.split("https://") if "/own/" in part}
    assert len(token) > 40
    assert not [part for part in (token[:30], token[-30:]) if part in inbound.text]


def test_a_link_that_a_program_broke_is_not_shown_either() -> None:
    broken = f"> https://a.example.org/register/x/own/{40 * 'a'}\n> {40 * 'b'}\n> Best regards"
    assert without_tokens(broken) == "> https://a.example.org/register/x/own/…\n> Best regards"
    assert without_tokens("My own/address/ of old: 12 Street") == "My own/address/ of old: 12 Street"
