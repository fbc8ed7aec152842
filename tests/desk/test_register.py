"""Registering: outcomes, on a real SQLite store with a clock that a test moves."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.desk.close import close, listed
from rollcall.desk.desk import Desk
from rollcall.desk.register import Accepted, Closed, Conflict, Duplicate, KeyReused, Late, NotYetOpen, register
from rollcall.model.email import EmailKind
from rollcall.model.registration import ALPHABET, check_character, is_reference, reference, registration_id
from tests.support.builders import a_registration
from tests.support.clock import Clock
from tests.support.desk import EVENT, a_desk

MICROSECOND = timedelta(microseconds=1)


def test_accepted_then_known(desk: Desk) -> None:
    accepted = register(desk, EVENT, a_registration())
    assert isinstance(accepted, Accepted)
    assert register(desk, EVENT, a_registration()) == Duplicate(accepted.reference)


def test_marks_that_nobody_sees_make_no_other_person(desk: Desk) -> None:
    register(desk, EVENT, a_registration(family_name="محمد"))
    assert isinstance(register(desk, EVENT, a_registration(family_name="\u200fمح\u200dمد")), Duplicate)


def test_the_day_of_signing_makes_no_other_form(desk: Desk) -> None:
    register(desk, EVENT, a_registration(signed_on=None))
    assert isinstance(register(desk, EVENT, a_registration()), Duplicate)


def test_another_form_differs_and_is_told_once(desk: Desk) -> None:
    register(desk, EVENT, a_registration())
    for _ in range(2):
        assert register(desk, EVENT, a_registration(category="associate")) == Conflict()
    kinds = [entry.kind for entry in desk.store.unsent_entries(EVENT.slug, None, 99)]
    assert sorted(kinds) == [EmailKind.CONFIRMATION, EmailKind.CONFLICT]


def test_not_yet_open_until_the_letters_date(desk: Desk, clock: Clock) -> None:
    clock.now = EVENT.opens_at - timedelta(seconds=1)
    assert register(desk, EVENT, a_registration()) == NotYetOpen(EVENT.opens_at)
    clock.now = EVENT.opens_at
    assert isinstance(register(desk, EVENT, a_registration()), Accepted)


class LastMoment(Clock):
    """A clock that moves on when the deadline's side of it was looked at: a form is under way while it passes."""

    def __init__(self, *times: datetime) -> None:
        super().__init__(times[0])
        self.times = list(times)

    def __call__(self) -> datetime:
        if len(self.times) > 1:
            return self.times.pop(0)
        return self.times[0]


@pytest.mark.parametrize(
    ("committed", "outcome"), [(timedelta(0), Accepted), (MICROSECOND, Late), (timedelta(minutes=1), Late)]
)
def test_on_time_is_at_or_before_the_deadline(tmp_path: Path, committed: timedelta, outcome: type) -> None:
    clock = LastMoment(EVENT.closes_at - timedelta(seconds=1), EVENT.closes_at + committed)
    assert isinstance(register(a_desk(tmp_path, clock), EVENT, a_registration()), outcome)


def test_after_the_deadline_nothing_is_kept(desk: Desk, clock: Clock) -> None:
    clock.now = EVENT.closes_at + timedelta(seconds=1)
    assert register(desk, EVENT, a_registration()) == Closed(EVENT.closes_at)
    assert desk.store.registrations(EVENT.slug, None, 10) == []


def test_the_same_form_after_the_deadline_is_known(desk: Desk, clock: Clock) -> None:
    accepted = register(desk, EVENT, a_registration())
    assert isinstance(accepted, Accepted)
    clock.now = EVENT.closes_at + timedelta(days=1)
    assert register(desk, EVENT, a_registration()) == Duplicate(accepted.reference)
    assert register(desk, EVENT, a_registration(category="associate")) == Closed(EVENT.closes_at)


def test_the_intake_is_read_anew_when_its_deadline_passes(desk: Desk, clock: Clock) -> None:
    """Not only after 15 seconds: the closed page is there when the deadline is."""
    clock.now = EVENT.closes_at - timedelta(seconds=2)
    assert not desk.intakes.recent(EVENT).past
    clock.forward(timedelta(seconds=3))
    assert desk.intakes.recent(EVENT).past


def test_closing_takes_those_at_the_deadline_and_no_later(tmp_path: Path) -> None:
    before = EVENT.closes_at - timedelta(seconds=1)
    clock = LastMoment(before, before, EVENT.closes_at, EVENT.closes_at + MICROSECOND)
    desk = a_desk(tmp_path, clock)
    names = {}
    for name in ("early", "at", "late"):
        registration = a_registration(first_name=name)
        names[registration_id(EVENT.slug, registration)] = name
        register(desk, EVENT, registration)
    closing = close(desk, EVENT)
    assert closing is not None
    assert {names[id] for id in listed(desk.store, EVENT, desk.store.intake(EVENT), closing)} == {"early", "at"}
    assert closing.count == 2
    assert close(desk, EVENT) is None


def test_closing_early_does_nothing(desk: Desk, clock: Clock) -> None:
    register(desk, EVENT, a_registration())
    clock.now = EVENT.closes_at - timedelta(seconds=1)
    assert close(desk, EVENT) is None
    assert desk.store.intake(EVENT).closing is None


class TestUnderAKey:
    """A client that tries again gives its form the same key."""

    def test_the_answer_is_the_first_one(self, desk: Desk, clock: Clock) -> None:
        accepted = register(desk, EVENT, a_registration(), "key")
        assert isinstance(accepted, Accepted)
        assert register(desk, EVENT, a_registration(), "key") == accepted
        assert register(desk, EVENT, a_registration(), "another") == Duplicate(accepted.reference)
        assert register(desk, EVENT, a_registration()) == Duplicate(accepted.reference)
        clock.now = EVENT.closes_at + timedelta(days=1)
        assert register(desk, EVENT, a_registration(), "key") == accepted

    def test_another_form_under_the_key_is_refused(self, desk: Desk) -> None:
        register(desk, EVENT, a_registration(), "key")
        assert register(desk, EVENT, a_registration(category="associate"), "key") == KeyReused()
        assert register(desk, EVENT, a_registration(first_name="Another"), "key") == KeyReused()
        assert len(desk.store.registrations(EVENT.slug, None, 9)) == 1
        assert isinstance(register(desk, EVENT, a_registration(first_name="Another"), "another"), Accepted)

    def test_what_differed_may_be_sent_again(self, desk: Desk) -> None:
        register(desk, EVENT, a_registration())
        for _ in range(2):
            assert register(desk, EVENT, a_registration(category="associate"), "key") == Conflict()


@given(st.text(ALPHABET, min_size=24, max_size=24), st.integers(0, 7), st.sampled_from(ALPHABET))
def test_one_wrong_character_of_a_reference_shows(id: str, place: int, wrong: str) -> None:
    right = reference(id)
    assert is_reference(right)
    digits = list(right.replace("-", ""))
    if digits[place] != wrong:
        digits[place] = wrong
        assert not is_reference("".join(digits))


def test_a_reference_is_the_same_every_time() -> None:
    """A stored sample: references that people hold must not change with the code."""
    assert reference(registration_id("intgov04", a_registration())) == "QZR-6P9-N5Z"
    assert check_character("QZR6P9N5") == "Z"


def test_another_event_gives_another_reference() -> None:
    assert registration_id("intgov04", a_registration()) != registration_id("intgov05", a_registration())
