"""Registering: outcomes, on a real SQLite store with a clock that a test moves."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.desk.close import close
from rollcall.desk.desk import Desk
from rollcall.desk.register import Accepted, Closed, Conflict, Duplicate, KeyReused, Late, NotYetOpen, register
from rollcall.model.email import EmailKind
from rollcall.model.registration import (
    ALPHABET,
    IdempotencyKey,
    KeyUse,
    check_character,
    is_reference,
    reference,
    similarity_key,
)
from tests.support.builders import a_registration, id_of
from tests.support.clock import Clock
from tests.support.desk import EVENT, a_desk, on_version

MICROSECOND = timedelta(microseconds=1)


def test_accepted_then_known(desk: Desk) -> None:
    accepted = register(desk, EVENT, a_registration())
    assert isinstance(accepted, Accepted)
    assert register(desk, EVENT, a_registration()) == Duplicate(accepted.id)


def test_marks_that_nobody_sees_make_no_other_person(desk: Desk) -> None:
    register(desk, EVENT, a_registration(family_name="محمد"))
    assert isinstance(register(desk, EVENT, a_registration(family_name="\u200fمح\u200dمد")), Duplicate)


def test_the_day_of_signing_makes_no_other_form(desk: Desk) -> None:
    register(desk, EVENT, a_registration(signed_on=None))
    assert isinstance(register(desk, EVENT, a_registration()), Duplicate)


def test_another_form_differs_and_is_told_once(desk: Desk) -> None:
    register(desk, EVENT, a_registration())
    for _ in range(2):
        assert register(desk, EVENT, a_registration(category="associate")) == Conflict(
            id_of(desk.store, a_registration())
        )
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
    before = EVENT.closes_at - timedelta(seconds=1)
    clock = LastMoment(before, before, before, EVENT.closes_at + committed)  # three for making the intake
    assert isinstance(register(a_desk(tmp_path, clock), EVENT, a_registration()), outcome)


def test_after_the_deadline_nothing_is_kept(desk: Desk, clock: Clock) -> None:
    clock.now = EVENT.closes_at + timedelta(seconds=1)
    assert register(desk, EVENT, a_registration()) == Closed(EVENT.closes_at)
    assert desk.store.registrations(EVENT.slug, None, 10) == []


def test_the_same_form_after_the_deadline_is_known(desk: Desk, clock: Clock) -> None:
    accepted = register(desk, EVENT, a_registration())
    assert isinstance(accepted, Accepted)
    clock.now = EVENT.closes_at + timedelta(days=1)
    assert register(desk, EVENT, a_registration()) == Duplicate(accepted.id)
    assert register(desk, EVENT, a_registration(category="associate")) == Closed(EVENT.closes_at)


def test_the_intake_is_read_anew_when_its_deadline_passes(desk: Desk, clock: Clock) -> None:
    """Not only after 15 seconds: the closed page is there when the deadline is."""
    clock.now = EVENT.closes_at - timedelta(seconds=2)
    assert not desk.intakes.recent(EVENT).past
    clock.forward(timedelta(seconds=3))
    assert desk.intakes.recent(EVENT).past


def test_closing_takes_those_at_the_deadline_and_no_later(tmp_path: Path) -> None:
    before = EVENT.closes_at - timedelta(seconds=1)
    made, at = [before] * 3, EVENT.closes_at  # the intake; then for each form, the day it is found by, and its commit
    clock = LastMoment(*made, before, before, before, at, at, at + MICROSECOND)
    desk = a_desk(tmp_path, clock)
    names = {}
    for name in ("early", "at", "late"):
        registration = a_registration(first_name=name)
        outcome = register(desk, EVENT, registration)
        assert isinstance(outcome, Accepted | Late)
        names[outcome.id] = name
    closing = close(desk, EVENT)
    assert closing is not None
    assert {names[id] for id in on_version(desk.store, EVENT)} == {"early", "at"}
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
        assert register(desk, EVENT, a_registration(), "another") == Duplicate(accepted.id)
        assert register(desk, EVENT, a_registration()) == Duplicate(accepted.id)
        clock.now = EVENT.closes_at + timedelta(days=1)
        assert register(desk, EVENT, a_registration(), "key") == accepted

    def test_another_form_under_the_key_is_refused(self, desk: Desk) -> None:
        register(desk, EVENT, a_registration(), "key")
        assert register(desk, EVENT, a_registration(category="associate"), "key") == KeyReused()
        assert register(desk, EVENT, a_registration(first_name="Another"), "key") == KeyReused()
        assert len(desk.store.registrations(EVENT.slug, None, 9)) == 1
        assert isinstance(register(desk, EVENT, a_registration(first_name="Another"), "another"), Accepted)

    def test_a_duplicate_is_remembered_too(self, desk: Desk, clock: Clock) -> None:
        accepted = register(desk, EVENT, a_registration())
        assert isinstance(accepted, Accepted)
        for _ in range(2):
            assert register(desk, EVENT, a_registration(), "key") == Duplicate(accepted.id)
        assert register(desk, EVENT, a_registration(first_name="Another"), "key") == KeyReused()
        assert register(desk, EVENT, a_registration(category="associate"), "key") == KeyReused()
        clock.now = EVENT.closes_at + timedelta(days=1)
        assert register(desk, EVENT, a_registration(), "key") == Duplicate(accepted.id)
        assert register(desk, EVENT, a_registration(first_name="Another"), "key") == Closed(EVENT.closes_at)

    def test_of_two_at_once_under_one_key_one_is_refused(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        register(desk, EVENT, a_registration())
        remember = desk.store.remember_use

        def remember_late(event: str, key: IdempotencyKey, use: KeyUse) -> bool:
            monkeypatch.undo()
            register(desk, EVENT, a_registration(first_name="Faster"), "key")
            return remember(event, key, use)

        monkeypatch.setattr(desk.store, "remember_use", remember_late)
        assert register(desk, EVENT, a_registration(), "key") == KeyReused()

    def test_what_differed_may_be_sent_again(self, desk: Desk) -> None:
        register(desk, EVENT, a_registration())
        for _ in range(2):
            assert register(desk, EVENT, a_registration(category="associate"), "key") == Conflict(
                id_of(desk.store, a_registration())
            )


@given(st.text(ALPHABET, min_size=24, max_size=24), st.integers(0, 7), st.sampled_from(ALPHABET))
def test_one_wrong_character_of_a_reference_shows(id: str, place: int, wrong: str) -> None:
    right = reference(id)
    assert is_reference(right)
    digits = list(right.replace("-", ""))
    if digits[place] != wrong:
        digits[place] = wrong
        assert not is_reference("".join(digits))


def test_a_reference_is_the_same_every_time() -> None:
    """References that people hold must not change with the code."""
    assert reference("QZR6P9N500000000000000AA") == "QZR-6P9-N5Z"
    assert check_character("QZR6P9N5") == "Z"


def test_an_id_says_nothing_about_a_person(desk: Desk) -> None:
    another = replace(EVENT, slug="another")
    first, second = register(desk, EVENT, a_registration()), register(desk, another, a_registration())
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert first.id != second.id
    assert {len(outcome.id) for outcome in (first, second)} == {24}
    assert set(first.id) <= set(ALPHABET)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"family_name": "O'Brien"}, {"family_name": "O’Brien"}),
        ({"family_name": "O'Brien"}, {"family_name": "OʼBrien"}),
        ({"first_name": "Anne-Marie"}, {"first_name": "Anne‑Marie"}),
        ({"first_name": "Anne-Marie"}, {"first_name": "ANNE – MARIE".replace(" ", "")}),
        ({"email": "info@bücher.example.org"}, {"email": "INFO@xn--bcher-kva.example.org"}),
        ({"email": "a@straße.example.org"}, {"email": "a@xn--strae-oqa.example.org"}),
        ({"family_name": "José"}, {"family_name": "Jose\u0301"}),
        ({"family_name": "\u200fعلي"}, {"family_name": "علي"}),
    ],
)
def test_one_person_is_one_however_the_name_is_typed(desk: Desk, one: dict[str, str], other: dict[str, str]) -> None:
    accepted = register(desk, EVENT, a_registration(**one))
    assert isinstance(accepted, Accepted)
    assert register(desk, EVENT, a_registration(**other)) == Duplicate(accepted.id)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"family_name": "García"}, {"family_name": "Garcia"}),
        ({"family_name": "Wei", "first_name": "Li"}, {"family_name": "Li", "first_name": "Wei"}),
        ({"family_name": "علي"}, {"family_name": "علی"}),
        ({"family_name": "Işık"}, {"family_name": "Isik"}),
        ({"family_name": "Sørensen"}, {"family_name": "Sorensen"}),
    ],
)
def test_two_who_may_be_one_are_two_and_alike(desk: Desk, one: dict[str, str], other: dict[str, str]) -> None:
    registrations = [a_registration(**one), a_registration(**other)]
    for registration in registrations:
        assert isinstance(register(desk, EVENT, registration), Accepted)
    assert len({similarity_key(registration) for registration in registrations}) == 1


def test_two_of_one_address_are_not_alike_by_that_alone() -> None:
    assert similarity_key(a_registration(first_name="Fatou")) != similarity_key(a_registration())
