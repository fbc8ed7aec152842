"""What our mails say."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.emails.composing import by_email, compose
from rollcall.inbound.reader import LONGEST_TEXT
from rollcall.model.email import (
    Attachment,
    CircuitBreaker,
    Email,
    EmailStatus,
    OutboxEntry,
    confirmation,
    conflict_notice,
    reply_entry,
    roster_entry,
    staff_digest,
)
from rollcall.model.event import Hotel
from rollcall.model.fault import Fault
from rollcall.model.inbound import FormStatus, InboundEmail, InboundForm, InboundStatus, Reason, ReviewReason
from rollcall.model.intake import Closing, Intake
from rollcall.model.registration import BotSignal, QuarantinedForm, Registered
from rollcall.model.roster import ForReview, IncompleteForm, LinkedFile, Roster, RosterRow, Shown, StaffDigest
from templates import days, deadline
from tests.support.builders import a_form, a_registration, an_event, registered

EVENT = an_event()
INTAKE = Intake(EVENT.opens_at, EVENT.closes_at, Closing(1, "ab" * 32, 1), as_of=EVENT.closes_at)


def confirmed(one: Registered) -> Email:
    return compose(confirmation(EVENT.slug, one.id, one.registration.email), EVENT, one, INTAKE)


def unsent(one: Registered, status: EmailStatus, reason: str = "") -> OutboxEntry:
    entry = confirmation(EVENT.slug, one.id, one.registration.email)
    return replace(entry, status=status, due_at=None, reason=reason)


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


CAME_IN_TIME = registered(
    arrived_at=EVENT.closes_at - timedelta(minutes=2), received_at=EVENT.closes_at + timedelta(minutes=1)
)


@pytest.mark.parametrize("part", ["text", "html"])
@pytest.mark.parametrize("arrived_at", [None, EVENT.closes_at - timedelta(minutes=2)], ids=["late", "e-mailed in time"])
def test_who_is_late_is_not_told_what_only_the_registered_need(part: str, arrived_at: datetime | None) -> None:
    late = registered(arrived_at=arrived_at, received_at=EVENT.closes_at + timedelta(minutes=1))
    body = getattr(confirmed(late), part).lower()
    assert "the details we have" in body
    for not_said in ("please bring", "passport", "as registered"):
        assert not_said not in body
    assert "please bring" in getattr(confirmed(registered()), part).lower()


@pytest.mark.parametrize("part", ["text", "html"])
def test_a_form_that_was_e_mailed_in_time_is_told_so(part: str) -> None:
    message = confirmed(CAME_IN_TIME)
    body = " ".join(getattr(message, part).split())
    assert message.subject.startswith("Received in time, kept as late")
    for said in ("reached us in time, at 20 February 2004, 23:58 (Zurich time)", "kept as late", "not your fault"):
        assert said in body
    for not_said in ("You are registered", "after the deadline"):
        assert not_said not in body
    assert (message.copies_to, message.attachments) == (("spumail@itu.int",), ())


def test_what_was_e_mailed_before_the_second_of_the_deadline_was_in_time() -> None:
    before = replace(CAME_IN_TIME, arrived_at=EVENT.closes_at - timedelta(seconds=1))
    assert confirmed(before).subject.startswith("Received in time")
    at = replace(CAME_IN_TIME, arrived_at=EVENT.closes_at)
    assert confirmed(at).subject.startswith("Received after the deadline")
    on_time = replace(CAME_IN_TIME, received_at=EVENT.closes_at)
    assert confirmed(on_time).subject.startswith("Registration confirmed")


def test_a_confirmation_is_in_the_thread_of_the_message_that_it_answers() -> None:
    one, thread = registered(), ("<first@example.org>", "<last@example.org>")
    answer = compose(confirmation(EVENT.slug, one.id, "a@example.org", thread), EVENT, one, INTAKE)
    assert (answer.thread, answer.answers) == (thread, True)
    assert (confirmed(one).thread, confirmed(one).answers) == ((), False)


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
    assert "Dear Diallo," in compose(conflict_notice(EVENT.slug, one), EVENT, one, INTAKE).html


def test_a_subject_is_one_line() -> None:
    event = replace(EVENT, title="Forum\r\nBcc: all@example.org")
    one = registered()
    assert "\n" not in compose(confirmation(EVENT.slug, one.id, "a@example.org"), event, one, INTAKE).subject


def test_the_notice_of_a_different_form() -> None:
    one = registered()
    message = compose(conflict_notice(EVENT.slug, one), EVENT, one, INTAKE)
    assert message.to == one.registration.email
    assert "We changed nothing" in message.text
    assert one.reference in message.html


ROSTER = Roster(EVENT.closes_at, EVENT.closes_at)
TO_STAFF = roster_entry(EVENT.slug, 1, "spumail@itu.int")


def rostered(intake: Intake = INTAKE, **changes: Any) -> Email:
    return compose(TO_STAFF, EVENT, replace(ROSTER, **changes), intake)


def some(*those: Any, count: int | None = None) -> Shown[Any]:
    return Shown(those, len(those) if count is None else count)


def test_the_roster_tells_the_staff_what_they_want_to_know() -> None:
    one = registered()
    late = registered(a_registration(first_name="Late"), received_at=EVENT.closes_at + timedelta(hours=1))
    files = (Attachment("intgov04-roster.csv", "text/csv", b"Reference"),)
    message = rostered(
        by_category={"member-state": 2},
        organizations=some(("Ministère", 1), (None, 1)),
        undelivered=some(RosterRow(one, unsent=unsent(one, EmailStatus.FAILED))),
        late=some(RosterRow(late, late=True)),
        attached=files,
    )
    assert "    2  Administration of ITU Member State" in message.text
    assert "    1  (not given)" in message.text
    assert "amina.diallo@mpt.example.org (failed)" in message.text
    for body in (message.text, message.html):
        assert "1 is late" in body
        assert "received 21 February 2004, 01:00 (Zurich time)" in body
        assert "ab" * 32 in body
        assert "The roster is attached as intgov04-roster.csv." in body
        assert "work until" not in body
        assert "more, which are in the files" not in body
    assert message.attachments == files


@pytest.mark.parametrize("part", ["text", "html"])
def test_a_roster_that_no_mail_can_carry_is_linked(part: str) -> None:
    linked = (
        LinkedFile("intgov04-roster.csv", 25_060_000, "https://desk.example.org/register/intgov04/roster/1"),
        LinkedFile("intgov04-roster.xlsx", 14_000_000, "https://desk.example.org/register/intgov04/roster/2"),
    )
    until = EVENT.closes_at + timedelta(days=14)
    message = rostered(linked=linked, links_hold_until=until, as_of=EVENT.closes_at + timedelta(minutes=1))
    body = " ".join(getattr(message, part).split())
    assert message.attachments == ()
    for said in (
        "larger than a mail can be",
        "as they stood at 21 February 2004, 00:01 (Zurich time)",
        *("intgov04-roster.csv (25.1 MB)", "intgov04-roster.xlsx (14.0 MB)", linked[0].link, linked[1].link),
        "The links work until 6 March 2004, 00:00 (Zurich time)",
    ):
        assert said in body
    assert "attached" not in body


@pytest.mark.parametrize("part", ["text", "html"])
def test_what_a_mail_cannot_show_is_counted(part: str) -> None:
    one = registered()
    failed = RosterRow(one, unsent=unsent(one, EmailStatus.FAILED))
    message = rostered(
        organizations=some(("Ministère", 7), count=12_346),
        hotels=some(("Hôtel Cornavin", 9), count=3),
        undelivered=some(failed, count=4000),
        late=some(replace(failed, late=True), count=70),
        kept=some(QuarantinedForm(one, BotSignal.TOO_FAST), count=5000),
    )
    body = " ".join(getattr(message, part).split())
    for said in (
        *("and 12345 more, which are in the files", "and 2 more, which are in the files"),
        "These are the first 1 of 4000; the workbook has all of them.",
        "These are the last 1 of 70; the workbook has all of them.",
        "These are the last 1 of 5000; the workbook has the last 1000.",
    ):
        assert said in body


def test_the_roster_says_who_is_late_only_in_our_books() -> None:
    message = rostered(late=some(RosterRow(CAME_IN_TIME, late=True)))
    for body in (message.text, message.html):
        assert "e-mailed in time, at 20 February 2004, 23:58 (Zurich time); received 21 February 2004, 00:01" in body


counts_of_messages = st.dictionaries(st.sampled_from(InboundStatus), st.integers(min_value=0, max_value=10**6))


@given(counts_of_messages)
def test_each_message_is_counted_once(counts: dict[InboundStatus, int]) -> None:
    rows = by_email(counts, resolved=2)
    assert bool(rows) == bool(sum(counts.values()))
    if rows:
        *parts, (_, total) = rows
        assert total == sum(count for _, count in parts) == sum(counts.values())
        named = [status for status in InboundStatus if counts.get(status) or status is not InboundStatus.UNREAD]
        for (name, count), status in zip(parts, named, strict=True):
            assert name.startswith(status.value.capitalize())
            assert count == counts.get(status, 0)


def test_the_roster_says_what_came_of_the_messages() -> None:
    counts = {
        InboundStatus.REGISTERED: 30,
        InboundStatus.WAITING_FOR_SENDER: 5,
        InboundStatus.NEEDS_REVIEW: 3,
        InboundStatus.SPAM: 1,
    }
    said = rostered(inbound=counts, resolved=2)
    for line in (
        "   30  Registered (late ones among them)",
        "    3  Needs a person (of these dealt with: 2)",
        "    0  Ignored as automatic",
        "   39  Messages that came in",
    ):
        assert line in said.text
    assert "Messages that came in" in said.html
    silent = rostered()
    assert "e-mail" not in (silent.text + silent.html).lower()


def waiting(**changes: Any) -> IncompleteForm:
    noon = datetime(2004, 2, 2, 12, tzinfo=UTC)
    return replace(IncompleteForm("", "", "focal.point@example.org", (), False, noon), **changes)


@pytest.mark.parametrize("part", ["text", "html"])
def test_the_roster_says_who_did_not_complete_a_form(part: str) -> None:
    message = rostered(
        not_completed=some(
            waiting(first_name="Fatou", family_name="Ba", faults=("signature", "email")),
            waiting(faults=("family_name",)),
            waiting(family_name="Early", too_early=True),
        )
    )
    body = " ".join(getattr(message, part).split())
    received = "focal.point@example.org, received 2 February 2004, 13:00 (Zurich time)"
    for said in (
        *("asked to complete them, and did not", "not on the roster", "Please decide"),
        *("Fatou Ba", f"{received}; missing or wrong: E-mail, Signature"),
        *(f"{received}; missing or wrong: Family name", "Early", "it came before registration opened"),
    ):
        assert said in body
    assert body.count(received) == 3


def test_many_forms_that_were_not_completed_are_counted_and_the_last_ones_shown() -> None:
    message = rostered(not_completed=some(*[waiting(family_name=f"Robot{place:03}") for place in range(50)], count=52))
    for body in (message.text, message.html):
        assert "These are the last 50 of 52; the workbook has all of them." in body
        assert "Robot049" in body


def for_staff(number: int, *files: Attachment, **changes: object) -> ForReview:
    inbound = InboundEmail(
        f"M{number:023}",
        EVENT.slug,
        datetime(2004, 2, 2, 12, tzinfo=UTC),
        sender=f"sender{number:03}@example.org",
        subject="Our form",
        reasons=(Reason(ReviewReason.NO_FORM),),
        text="Dear colleagues,\nplease find our form attached.",
    )
    return ForReview(replace(inbound, **changes), f"https://desk.example.org/dealt-with/{number}", files)  # type: ignore[arg-type]


def told(*messages: ForReview) -> Email:
    entry = staff_digest(EVENT.slug, "20040203", 1, "spumail@itu.int", EVENT.closes_at)
    return compose(
        entry, EVENT, StaffDigest(Shown(), Shown(), CircuitBreaker(EVENT.closes_at), some(*messages)), INTAKE
    )


@pytest.mark.parametrize("part", ["text", "html"])
def test_a_message_that_needs_a_person(part: str) -> None:
    incomplete = InboundForm(
        FormStatus.INCOMPLETE,
        answers={"family_name": "Diallo", "category": "associate"},
        faults={"email": (Fault("required"),)},
    )
    known = InboundForm(FormStatus.DUPLICATE, registered().id)
    message = told(for_staff(1, forms=(incomplete, known)))
    assert message.subject == f"Needs a person: {EVENT.title} (1 message)"
    body = getattr(message, part)
    for said in (
        *("Our form", "sender001@example.org", "2 February 2004, 13:00 (Zurich time)", "No form was found in it"),
        *("Diallo: incomplete", "ITU Associate", "E-mail (missing or wrong)", "Please fill this in."),
        *(f"known, reference {registered().reference}", "please find our form attached."),
        *("1 message needs you", "each morning", "https://desk.example.org/dealt-with/1", "I have dealt with it"),
    ):
        assert said in body
    assert "There is nothing to do" not in body


@pytest.mark.parametrize("part", ["text", "html"])
def test_a_form_that_differs_is_told_field_by_field(part: str) -> None:
    stands = registered()
    came = {name: str(value) for name, value in a_form(hotel=" Hotel Royal ", category="associate").items()}
    came |= {"address": "BP 1\nConakry", "organization": came["organization"] + " ", "family_name": "DIALLO"}
    del came["fax"]
    form = InboundForm(FormStatus.CONFLICT, stands.id, answers=came)
    message = told(replace(for_staff(1, forms=(form,)), people={stands.id: stands}))
    rows = (
        ("You represent", "Administration of ITU Member State → ITU Associate"),
        ("Family name", "Diallo → DIALLO"),
        ("Complete address", "BP 3000, Conakry, Guinée → BP 1, Conakry"),
        ("Fax", "+224 30 45 31 16 → (not given)"),
        ("Hotel", "Hôtel Cornavin → Hotel Royal"),
    )
    body = getattr(message, part)
    assert f"Amina DIALLO: differs from the one that stands, reference {stands.reference}" in body
    places = [body.index(f"{label}: {text}\n" if part == "text" else f">{text}</td>") for label, text in rows]
    assert places == sorted(places)
    assert body.count("→") == len(rows)


def test_a_form_that_differs_is_told_though_the_form_asks_for_more_since() -> None:
    stands = registered()
    form = InboundForm(FormStatus.CONFLICT, stands.id, answers={"family_name": "Diallo", "hotel": "Hotel Royal"})
    message = told(replace(for_staff(1, forms=(form,)), people={stands.id: stands}))
    assert "Hotel: Hôtel Cornavin → Hotel Royal\n" in message.text


@pytest.mark.parametrize(
    ("changes", "is_named"),
    [
        ({}, False),
        ({"text": "x" * (LONGEST_TEXT - 1)}, False),
        ({"text": "x" * LONGEST_TEXT}, True),
        ({"not_read": ("huge.tif",)}, True),
        ({"forms": (InboundForm(FormStatus.CONFLICT, registered().id),)}, True),
    ],
    ids=["all is here", "a long text", "a text that was cut", "a large attachment", "answers that were not kept"],
)
def test_where_the_message_is_is_said_where_not_all_of_it_is_here(changes: dict[str, Any], is_named: bool) -> None:
    message = told(for_staff(1, **changes))
    for body in (message.text, message.html):
        assert ("in the store of messages" in body) == is_named
        assert ("x…" in body) == (len(str(changes.get("text", ""))) == LONGEST_TEXT)


def test_an_empty_attachment_is_not_called_large() -> None:
    message = told(for_staff(1, Attachment("empty.txt", "text/plain", b""), not_read=("empty.txt",)))
    assert "empty.txt (empty)" in message.text
    assert "in the store of messages" not in message.text


def test_the_attachments_of_messages_go_along_and_no_two_have_one_name() -> None:
    scan = Attachment("scan.pdf", "application/pdf", b"%PDF")
    empty = Attachment("empty.txt", "text/plain", b"")
    message = told(for_staff(1, scan, scan), for_staff(2, empty, scan), for_staff(3, not_read=("huge.tif",)))
    assert [file.name for file in message.attachments] == ["1-scan.pdf", "2-scan.pdf", "3-scan.pdf"]
    for body in (message.text, message.html):
        assert "1-scan.pdf, 2-scan.pdf (attached here)" in body
        assert "3-scan.pdf (attached here)" in body
        assert "huge.tif (not attached here: look into the message)" in body
        assert "file M00000000000000000000003 in the store of messages" in body


def test_many_messages_are_counted_and_the_last_ones_shown() -> None:
    entry, messages = (
        staff_digest(EVENT.slug, "20040223", 1, EVENT.staff[0], EVENT.closes_at),
        (for_staff(1),) * 50,
    )
    about = StaffDigest(Shown(), Shown(), CircuitBreaker(EVENT.closes_at), some(*messages, count=51))
    message = compose(entry, EVENT, about, INTAKE)
    for body in (message.text, message.html):
        assert "51 messages need you." in body
        assert "1 older one is not shown here; it comes when these are dealt with" in body
        assert "sender000" not in body
        assert "sender001" in body


def test_a_strangers_message_is_only_text() -> None:
    hostile = "<script>alert(1)</script>\x00\r\nBcc: all@example.org" + "x" * 10**6
    message = told(for_staff(1, subject=hostile, sender=hostile, text=hostile, not_read=(hostile,)))
    assert "<script>" not in message.html
    assert len(message.html) < 20_000
    assert "\x00" not in message.text


def test_a_mail_about_many_long_forms_can_be_sent() -> None:
    """SendGrid takes 30 MB, with 13 MB of attachments among them."""
    form = InboundForm(FormStatus.INCOMPLETE, answers={"address": "📮" * 100_000, "hotel": "<" * 100_000})
    message = told(*(for_staff(number, forms=(form,) * 500) for number in range(50)))
    assert len(json.dumps((message.text, message.html))) < 15_000_000
    assert "498 more in the message itself" in message.text


def test_a_reply_that_did_not_arrive_is_not_said_to_be_for_the_staff() -> None:
    bounced = replace(
        reply_entry(for_staff(1).inbound, "a@mpt.example.org"), status=EmailStatus.BOUNCED, reason="550 no"
    )
    entry = staff_digest(EVENT.slug, "20040202T12", 1, "spumail@itu.int", EVENT.closes_at)
    about = StaffDigest(some((None, bounced)), Shown(), CircuitBreaker(EVENT.closes_at))
    assert (
        "Who wrote to us:\n        reply to a@mpt.example.org: bounced: 550 no"
        in compose(entry, EVENT, about, INTAKE).text
    )


def test_what_needs_a_person() -> None:
    one = registered()
    bounced = unsent(one, EmailStatus.BOUNCED, "550 no such mailbox")
    noon = datetime(2004, 2, 2, 12, tzinfo=UTC)
    entry = staff_digest(EVENT.slug, "20040202T12", 1, "spumail@itu.int", noon)
    message = compose(entry, EVENT, StaffDigest(some((one, bounced)), Shown(), CircuitBreaker(noon)), INTAKE)
    assert message.subject == f"Needs a person: {EVENT.title} (1 mail not delivered)"
    for body in (message.text, message.html):
        assert f"Amina Diallo, Ministère des Postes et Télécommunications ({registered().reference})" in body
        assert "tel. +224 30 41 13 31" in body
        assert "confirmation to amina.diallo@mpt.example.org: bounced: 550 no such mailbox" in body
        assert "SendGrid has refused" not in body
    held = CircuitBreaker(noon, opened_at=noon - timedelta(hours=1), account_refused=True)
    message = compose(entry, EVENT, StaffDigest(Shown(), Shown(), held), INTAKE)
    assert message.subject == f"Needs a person: {EVENT.title}"
    for body in (message.text, message.html):
        assert "2 February 2004, 12:00 (Zurich time)" in body
        assert "did not arrive" not in body.lower()


def test_the_subject_counts_what_there_is() -> None:
    one = registered()
    bounced = (one, unsent(one, EmailStatus.BOUNCED))
    entry = staff_digest(EVENT.slug, "20040221", 1, "spumail@itu.int", EVENT.closes_at)
    kept = (QuarantinedForm(one, BotSignal.HIDDEN_FIELD),)
    messages = tuple(for_staff(number) for number in range(13))
    about = StaffDigest(some(bounced, bounced), some(*kept), CircuitBreaker(EVENT.closes_at), some(*messages))
    counted = "(2 mails not delivered, 1 form, 13 messages)"
    assert compose(entry, EVENT, about, INTAKE).subject == f"Needs a person: {EVENT.title} {counted}"


def test_of_many_the_last_ones_are_shown_and_the_others_counted() -> None:
    one = registered()
    entry = staff_digest(EVENT.slug, "20040221", 1, "spumail@itu.int", EVENT.closes_at)
    undelivered = some((one, unsent(one, EmailStatus.BOUNCED)), count=3001)
    about = StaffDigest(
        undelivered, some(QuarantinedForm(one, BotSignal.HIDDEN_FIELD), count=53), CircuitBreaker(EVENT.closes_at)
    )
    message = compose(entry, EVENT, about, INTAKE)
    assert "(3001 mails not delivered, 53 forms)" in message.subject
    for body in (message.text, message.html):
        assert "53 forms are kept for you." in body
        assert "52 older ones are not shown here" in body
        assert "3000 older ones are not shown here" in body


def test_how_days_and_deadlines_are_said() -> None:
    assert days(EVENT) == "26–27 February 2004 (Thursday and Friday)"
    assert days(an_event(ends=EVENT.starts)) == "Thursday 26 February 2004"
    starts, ends = datetime(2004, 2, 26, 8, tzinfo=UTC), datetime(2004, 2, 26, 16, tzinfo=UTC)
    assert days(an_event(starts=starts, ends=ends)) == "Thursday 26 February 2004, 09:00–17:00 (Zurich time)"
    assert deadline(EVENT.closes_at, EVENT) == "the end of 20 February 2004 (Zurich time)"
    assert deadline(starts, EVENT) == "26 February 2004, 09:00 (Zurich time)"
