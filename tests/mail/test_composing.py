"""What our mails say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rollcall.desk.event import Hotel
from rollcall.desk.intake import Closing, Intake
from rollcall.desk.mail import (
    MailQueue,
    MailRecord,
    MailState,
    Message,
    NeedsAPerson,
    Roster,
    confirmation,
    different_form,
    needs_a_person_mail,
    roster_mail,
)
from rollcall.desk.registration import KeptForm, Registered, Sign
from rollcall.mail.composing import SHOWN_IN_FULL, compose
from templates import days, deadline
from tests.builders import a_registration, an_event, registered

EVENT = an_event()
INTAKE = Intake(EVENT.opens_at, EVENT.closes_at, Closing(1, "ab" * 32, 1), as_of=EVENT.closes_at)


def confirmed(one: Registered) -> Message:
    return compose(confirmation(EVENT.slug, one.id, one.registration.email), EVENT, one, INTAKE)


def unsent(one: Registered, state: MailState, reason: str = "") -> MailRecord:
    mail = confirmation(EVENT.slug, one.id, one.registration.email)
    return MailRecord(mail, state=state, due_at=None, reason=reason)


def without_hotel() -> Registered:
    answers = {name: text for name, text in a_registration().answers.items() if not name.startswith("hotel")}
    return registered(a_registration(answers=answers))


@pytest.mark.parametrize("part", ["text", "html"])
def test_a_confirmation_says_all_that_it_should(part: str) -> None:
    body = getattr(confirmed(registered()), part)
    for said in (
        registered().reference,
        EVENT.title,
        "26–27 February 2004 (Thursday and Friday)",
        *("Salle B", "ITU Headquarters", "Place des Nations", "CH-1211 Geneva 20", "+41 22 730 51 11"),
        *("Hôtel Cornavin", "022 716 12 12"),
        *("Robert Shaw", "+41 22 730 6819", "spumail@itu.int", "http://www.itu.int/osg/spu/forum/intgov04/"),
        *("passport or identity card", "Conakry", "+224 30 41 13 31", "Administration of ITU Member State"),
    ):
        assert said in body


def test_a_confirmation_is_answered_to_the_staff_and_brings_the_calendar_entry() -> None:
    message = confirmed(registered())
    assert (message.to, message.reply_to, message.copies_to) == ("amina.diallo@mpt.example.org", "spumail@itu.int", ())
    assert [(file.name, file.type) for file in message.attachments] == [("intgov04.ics", "text/calendar")]


def test_a_hotel_that_is_not_known_is_asked_for() -> None:
    for body in (confirmed(without_hotel()).text, confirmed(without_hotel()).html):
        assert "We do not have your hotel yet" in body


def test_suggested_hotels_are_named() -> None:
    event = replace(EVENT, hotels=(Hotel("Beau-Rivage", "+41 22 716 66 66", None),))
    one = without_hotel()
    message = compose(confirmation(EVENT.slug, one.id, "a@example.org"), event, one, INTAKE)
    assert "Beau-Rivage" in message.text
    assert "Beau-Rivage" in message.html


def test_a_late_registration_is_not_confirmed() -> None:
    message = confirmed(registered(received_at=EVENT.closes_at + timedelta(microseconds=1)))
    assert message.subject.startswith("Received after the deadline")
    assert "You are registered" not in message.text + message.html
    assert message.copies_to == ("spumail@itu.int",)
    assert message.attachments == ()


def test_at_the_deadline_is_on_time() -> None:
    assert "You are registered" in confirmed(registered(received_at=EVENT.closes_at)).text


def test_hostile_text_is_only_text() -> None:
    hostile = "<script>alert(1)</script> {{ 7*7 }}"
    message = confirmed(registered(a_registration(family_name=hostile)))
    assert "<script>" not in message.html
    assert "&lt;script&gt;" in message.html
    assert hostile in message.text
    assert "49" not in message.text.split("YOUR DETAILS")[1].split("Tel.")[0]


def test_a_person_without_a_title_is_addressed_by_name() -> None:
    answers = {name: text for name, text in a_registration().answers.items() if name != "title"}
    one = registered(a_registration(answers=answers))
    assert confirmed(one).text.startswith("Dear Diallo,")
    assert "Dear Diallo," in compose(different_form(EVENT.slug, one), EVENT, one, INTAKE).html


def test_a_subject_is_one_line() -> None:
    event = replace(EVENT, title="Forum\r\nBcc: all@example.org")
    one = registered()
    assert "\n" not in compose(confirmation(EVENT.slug, one.id, "a@example.org"), event, one, INTAKE).subject


def test_the_notice_of_a_different_form() -> None:
    one = registered()
    message = compose(different_form(EVENT.slug, one), EVENT, one, INTAKE)
    assert message.to == one.registration.email
    assert "We changed nothing" in message.text
    assert one.reference in message.html


def test_the_roster_tells_the_staff_what_they_want_to_know() -> None:
    one, other = registered(), without_hotel()
    late = registered(a_registration(first_name="Late"), received_at=EVENT.closes_at + timedelta(hours=1))
    roster = Roster(
        EVENT.closes_at, (one, replace(other, id="B" * 24)), (late,), {one.id: unsent(one, MailState.FAILED)}
    )
    message = compose(roster_mail(EVENT.slug, 1, "spumail@itu.int"), EVENT, roster, INTAKE)
    assert "    2  Administration of ITU Member State" in message.text
    assert "    1  (not given)" in message.text
    assert "amina.diallo@mpt.example.org (failed)" in message.text
    for body in (message.text, message.html):
        assert "received 21 February 2004, 01:00 (Zurich time)" in body
        assert "ab" * 32 in body
    assert [file.name for file in message.attachments] == ["intgov04-roster.csv", "intgov04-roster.xlsx"]


def test_what_needs_a_person() -> None:
    one = registered()
    bounced = unsent(one, MailState.BOUNCED, "550 no such mailbox")
    noon = datetime(2004, 2, 2, 12, tzinfo=UTC)
    mail = needs_a_person_mail(EVENT.slug, "20040202T12", 1, "spumail@itu.int", noon)
    message = compose(mail, EVENT, NeedsAPerson(((one, bounced),), (), MailQueue(noon)), INTAKE)
    for body in (message.text, message.html):
        assert f"Amina Diallo, Ministère des Postes et Télécommunications ({registered().reference})" in body
        assert "tel. +224 30 41 13 31" in body
        assert "confirmation to amina.diallo@mpt.example.org: bounced: 550 no such mailbox" in body
        assert "SendGrid has refused" not in body
    held = MailQueue(noon, held_since=noon - timedelta(hours=1), our_fault=True)
    message = compose(mail, EVENT, NeedsAPerson((), (), held), INTAKE)
    for body in (message.text, message.html):
        assert "2 February 2004, 12:00 (Zurich time)" in body
        assert "did not arrive" not in body.lower()


def test_many_kept_forms_are_counted_and_the_last_ones_shown() -> None:
    kept = tuple(
        KeptForm(registered(a_registration(first_name=f"Robot{number:03}")), Sign.HIDDEN_FIELD)
        for number in range(SHOWN_IN_FULL + 2)
    )
    mail = needs_a_person_mail(EVENT.slug, "20040221", 1, "spumail@itu.int", EVENT.closes_at)
    message = compose(mail, EVENT, NeedsAPerson((), kept, MailQueue(EVENT.closes_at)), INTAKE)
    for body in (message.text, message.html):
        assert "52 forms are kept for you." in body
        assert "2 older ones are not shown here" in body
        assert "001" not in body
        assert "002" in body


def test_how_days_and_deadlines_are_said() -> None:
    assert days(EVENT) == "26–27 February 2004 (Thursday and Friday)"
    assert days(an_event(ends=EVENT.starts)) == "Thursday 26 February 2004"
    starts, ends = datetime(2004, 2, 26, 8, tzinfo=UTC), datetime(2004, 2, 26, 16, tzinfo=UTC)
    assert days(an_event(starts=starts, ends=ends)) == "Thursday 26 February 2004, 09:00–17:00 (Zurich time)"
    assert deadline(EVENT.closes_at, EVENT) == "the end of 20 February 2004 (Zurich time)"
    assert deadline(starts, EVENT) == "26 February 2004, 09:00 (Zurich time)"
