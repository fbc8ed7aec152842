"""Keeping: what shows a sign of a robot is neither registered nor dropped, and the staff are told."""

from datetime import UTC, date, datetime, timedelta

import pytest

from rollcall.desk.close import close
from rollcall.desk.desk import Desk
from rollcall.desk.register import Accepted, Closed, Duplicate, NotYetOpen, Quarantined, register
from rollcall.desk.send import Attempted, send, send_due
from rollcall.desk.staff_digests import NOTICE, digests_next_morning
from rollcall.model.email import EmailKind, EmailStatus, roster_entry, staff_digest
from rollcall.model.registration import SHORTEST, BotSignal, bot_signal_in, person_key
from tests.support.builders import a_registration, an_event
from tests.support.clock import Clock
from tests.support.desk import Postbox

EVENT = an_event()
SLUG = EVENT.slug
PERSON = person_key(a_registration())
NOON = datetime(2004, 2, 2, 12, tzinfo=UTC)
MORNING = datetime(2004, 2, 3, 7, tzinfo=UTC)  # 08:00 in Geneva
MICROSECOND = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("hidden", "shown_at", "sign"),
    [
        ("", None, None),
        ("", NOON - SHORTEST, None),
        ("", NOON - SHORTEST + MICROSECOND, BotSignal.TOO_FAST),
        ("", NOON, BotSignal.TOO_FAST),
        ("", NOON + MICROSECOND, None),  # a page of another run, or of an instance that counts a little ahead
        (" \r\n", NOON - timedelta(days=3), None),
        ("cheap watches", None, BotSignal.HIDDEN_FIELD),
        ("cheap watches", NOON, BotSignal.HIDDEN_FIELD),
    ],
)
def test_signs(hidden: str, shown_at: datetime | None, sign: BotSignal | None) -> None:
    assert bot_signal_in(hidden, shown_at, NOON) is sign


def test_what_shows_a_bot_signal_is_quarantined_and_nobody_is_written_to(desk: Desk) -> None:
    assert register(desk, EVENT, a_registration(), signal=BotSignal.TOO_FAST) == Quarantined(BotSignal.TOO_FAST)
    assert desk.store.registration_of(SLUG, PERSON) is None
    (form,) = desk.store.quarantined(SLUG, None, 10)
    assert (form.id, form.form.registration, form.signal) == (PERSON, a_registration(), BotSignal.TOO_FAST)
    assert form.form.registration.email == a_registration().email
    assert [entry.to for entry in desk.store.unsent_entries(SLUG, None, 99)] == ["spumail@itu.int"]


def test_one_more_press_registers(desk: Desk) -> None:
    register(desk, EVENT, a_registration(), signal=BotSignal.TOO_FAST)
    accepted = register(desk, EVENT, a_registration())
    assert isinstance(accepted, Accepted)
    assert register(desk, EVENT, a_registration()) == Duplicate(accepted.id)


@pytest.mark.parametrize("after", [timedelta(0), EVENT.closes_at - NOON + MICROSECOND], ids=["open", "closed"])
def test_a_robot_does_not_learn_who_is_registered(desk: Desk, clock: Clock, postbox: Postbox, after: timedelta) -> None:
    register(desk, EVENT, a_registration())
    list(send_due(desk))
    clock.forward(after)
    there, other, nobody = (
        register(desk, EVENT, registration, "a key", BotSignal.HIDDEN_FIELD)
        for registration in (a_registration(), a_registration(answers={}), a_registration(first_name="Nobody"))
    )
    assert there == other == nobody
    list(send_due(desk))
    assert [message.subject.partition(":")[0] for message in postbox.messages] == ["Registration confirmed"]
    assert isinstance(register(desk, EVENT, a_registration()), Duplicate)  # one more press


def test_however_often_it_comes_one_form_a_person_is_quarantined_and_one_e_mail_a_day_is_enqueued(desk: Desk) -> None:
    for hotel in ("A", "B", "C"):
        answers = {**a_registration().answers, "hotel": hotel}
        register(desk, EVENT, a_registration(answers=answers), signal=BotSignal.HIDDEN_FIELD)
    (form,) = desk.store.quarantined(SLUG, None, 10)
    assert form.form.registration.answers["hotel"] == "C"
    assert len(desk.store.unsent_entries(SLUG, None, 99)) == 1


def test_the_intakes_rules_hold(desk: Desk, clock: Clock) -> None:
    clock.now = EVENT.opens_at - timedelta(seconds=1)
    assert register(desk, EVENT, a_registration(), signal=BotSignal.TOO_FAST) == NotYetOpen(EVENT.opens_at)
    clock.now = EVENT.closes_at + timedelta(seconds=1)
    assert register(desk, EVENT, a_registration(), signal=BotSignal.TOO_FAST) == Closed(EVENT.closes_at)
    assert desk.store.quarantined(SLUG, None, 10) == []
    assert desk.store.unsent_entries(SLUG, None, 99) == []


@pytest.mark.parametrize(
    ("now", "day", "not_before"),
    [
        (NOON, date(2004, 2, 3), MORNING),
        (MORNING - NOTICE - MICROSECOND, date(2004, 2, 3), MORNING),
        (MORNING - NOTICE, date(2004, 2, 4), MORNING + timedelta(days=1)),
        (datetime(2004, 3, 27, 12, tzinfo=UTC), date(2004, 3, 28), datetime(2004, 3, 28, 6, tzinfo=UTC)),
    ],
)
def test_the_staff_are_told_on_the_next_morning(now: datetime, day: date, not_before: datetime) -> None:
    told = staff_digest(SLUG, f"{day:%Y%m%d}", "spumail@itu.int", not_before)
    assert digests_next_morning(EVENT, now) == [told]


def test_the_mornings_digest_lists_who_has_not_registered_since(desk: Desk, clock: Clock, postbox: Postbox) -> None:
    for name in ("Robot", "Fast"):
        register(desk, EVENT, a_registration(first_name=name), signal=BotSignal.TOO_FAST)
    register(desk, EVENT, a_registration(first_name="Fast"))
    (told,) = [entry for entry in desk.store.unsent_entries(SLUG, None, 99) if entry.kind is EmailKind.STAFF_DIGEST]
    assert send(desk, told.id) is None  # as the trigger asks when it is queued
    clock.now = MORNING
    assert dict(send_due(desk))[told.id] == Attempted(EmailStatus.SENT)
    (message,) = [message for message in postbox.messages if message.email_id == told.id]
    assert message.to == "spumail@itu.int"
    assert message.subject == f"Needs review: {EVENT.title} (1 form in quarantine)"
    for body in (message.text, message.html):
        assert "Robot" in body
        assert "Fast" not in body
        assert "amina.diallo@mpt.example.org" in body
        assert "2 February 2004, 13:00 (Zurich time)" in body
        assert "sent within 3 seconds" in body
        assert "Hôtel Cornavin" in body


def test_no_digest_goes_out_where_everyone_has_registered_since(desk: Desk, clock: Clock, postbox: Postbox) -> None:
    register(desk, EVENT, a_registration(), signal=BotSignal.TOO_FAST)
    register(desk, EVENT, a_registration())
    clock.now = MORNING
    list(send_due(desk))
    assert [message.to for message in postbox.messages] == [a_registration().email]


def test_the_roster_lists_them_apart(desk: Desk, clock: Clock, postbox: Postbox) -> None:
    register(desk, EVENT, a_registration(first_name="Robot"), signal=BotSignal.HIDDEN_FIELD)
    register(desk, EVENT, a_registration())
    register(desk, EVENT, a_registration(), signal=BotSignal.TOO_FAST)
    clock.now = EVENT.closes_at + timedelta(seconds=1)
    close(desk, EVENT)
    send(desk, roster_entry(SLUG, 1, EVENT.secretariat).id)
    (message,) = postbox.messages
    assert message.subject.endswith("1 registered")
    assert "NEEDS REVIEW" in message.text
    assert message.text.count("a field that people do not see was filled in") == 1
    assert "sent within 3 seconds" not in message.text


def test_the_time_is_counted_on_from_the_last_reading(desk: Desk, clock: Clock) -> None:
    seen = desk.intakes.now(EVENT)
    clock.forward(timedelta(seconds=7))
    assert desk.intakes.now(EVENT) == seen + timedelta(seconds=7)
