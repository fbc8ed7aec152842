"""Erasure is asked for, taken back, decided and refused, each once, whoever else does what at the same moment."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from rollcall.desk.amend import amend
from rollcall.desk.desk import Desk
from rollcall.desk.personal_data.ask import (
    AlreadyDecided,
    Decided,
    NotAsked,
    Refused,
    ask,
    decide,
    refuse,
    take_back,
)
from rollcall.desk.register import Accepted, register
from rollcall.desk.send import send_due
from rollcall.model.email import EmailKind, EmailStatus, erasure_notice, refusal_notice, request_notice
from rollcall.model.personal_data import Erasure, ErasureStatus, Ground, answer_by
from rollcall.model.registration import Registered
from rollcall.model.staff import Action, Press
from tests.support.builders import a_registration
from tests.support.clock import Clock
from tests.support.desk import EVENT, Postbox, entry_of

BY = EVENT.staff[0].address


@pytest.fixture
def there(desk: Desk) -> Registered:
    accepted = register(desk, EVENT, a_registration())
    assert isinstance(accepted, Accepted)
    one = desk.store.registered(EVENT.slug, accepted.id)
    assert one
    return one


def a_press(desk: Desk, id: str = "P") -> Press:
    return Press(id, BY, desk.store.now())


def stored(desk: Desk, there: Registered) -> Erasure:
    erasure = desk.store.erasure(there.id)
    assert erasure
    return erasure


def of_erasure(desk: Desk, there: Registered) -> list[str]:
    """Of the decision."""
    entries = desk.store.entries_about(there.id, 99)
    return sorted(one.id for one in entries if one.kind is EmailKind.ERASURE and ".asked." not in one.id)


class Meanwhile:
    """Somebody else acts between what the first reads and writes, once."""

    def __init__(self, store: Any, act: Callable[[], object]) -> None:
        self._store, self._act = store, [act]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def save_erasure(self, *args: Any) -> bool:
        if self._act:
            self._act.pop()()
        return bool(self._store.save_erasure(*args))


def while_(desk: Desk, act: Callable[[], object]) -> Desk:
    return replace(desk, store=Meanwhile(desk.store, act))


@pytest.mark.parametrize(
    ("asked", "until"),
    [
        (date(2027, 1, 15), date(2027, 2, 15)),
        (date(2027, 1, 31), date(2027, 2, 28)),
        (date(2028, 1, 30), date(2028, 2, 29)),
        (date(2026, 12, 31), date(2027, 1, 31)),
    ],
)
def test_an_answer_is_due_within_a_month(asked: date, until: date) -> None:
    assert answer_by(asked) == until


def test_asking_erases_nothing_and_twice_is_once(desk: Desk, there: Registered, clock: Clock) -> None:
    first = ask(desk, EVENT, there)
    clock.forward(timedelta(minutes=1))
    assert ask(desk, EVENT, there) == first == stored(desk, there)
    assert (first.status, first.due_at, first.event) == (ErasureStatus.ASKED, None, EVENT.slug)
    assert of_erasure(desk, there) == []
    assert desk.store.due_erasures(9) == []


def test_the_staff_are_told_in_the_mornings_digest(desk: Desk, there: Registered) -> None:
    ask(desk, EVENT, there)
    digests = [one for one in desk.store.unsent_entries(EVENT.slug, None, 99) if one.kind is EmailKind.STAFF_DIGEST]
    assert {one.to for one in digests} == {BY}


def test_a_request_is_taken_back_only_before_it_is_decided(desk: Desk, there: Registered) -> None:
    assert take_back(desk, there) is None
    ask(desk, EVENT, there)
    taken = take_back(desk, there)
    assert taken
    assert taken.status is ErasureStatus.TAKEN_BACK
    assert isinstance(refuse(desk, EVENT, a_press(desk), there.id, "No."), NotAsked)
    assert isinstance(decide(desk, EVENT, a_press(desk, "Q"), there.id, Ground.ASKED), Decided)
    left = take_back(desk, there)
    assert left
    assert left.status is ErasureStatus.DUE
    assert ask(desk, EVENT, there).status is ErasureStatus.DUE


@pytest.mark.parametrize("asked", [True, False])
def test_a_decision_is_due_audited_and_told_in_one_commit(desk: Desk, there: Registered, asked: bool) -> None:
    if asked:
        ask(desk, EVENT, there)
    press = a_press(desk)
    outcome = decide(desk, EVENT, press, there.id, Ground.OBJECTS)
    assert isinstance(outcome, Decided)
    due = stored(desk, there)
    assert (due.status, due.ground, due.decided_by, due.decided_at) == (
        ErasureStatus.DUE,
        Ground.OBJECTS,
        BY,
        press.at,
    )
    assert (due.asked_at is not None) is asked
    assert list(desk.store.due_erasures(9)) == [there.id]
    (entry,) = desk.store.audit_of(EVENT.slug, there.id)
    assert (entry.id, entry.action, entry.reason) == (press.id, Action.ERASURE_DECIDED, "")
    assert of_erasure(desk, there) == [erasure_notice(EVENT.slug, there).id]


def test_a_second_press_does_nothing_and_another_is_told(desk: Desk, there: Registered) -> None:
    press = a_press(desk)
    outcomes = [decide(desk, EVENT, press, there.id, Ground.ASKED) for _ in range(2)]
    assert all(isinstance(one, Decided) for one in outcomes)
    assert isinstance(decide(desk, EVENT, a_press(desk, "Q"), there.id, Ground.OBLIGED), AlreadyDecided)
    assert isinstance(refuse(desk, EVENT, a_press(desk, "R"), there.id, "No."), AlreadyDecided)
    assert stored(desk, there).ground is Ground.ASKED
    assert len(desk.store.audit(EVENT.slug, None, 9)) == 1


def test_of_two_at_once_one_decides(desk: Desk, there: Registered) -> None:
    slow = while_(desk, lambda: decide(desk, EVENT, a_press(desk, "Q"), there.id, Ground.OBLIGED))
    assert isinstance(decide(slow, EVENT, a_press(desk), there.id, Ground.ASKED), AlreadyDecided)
    assert stored(desk, there).ground is Ground.OBLIGED
    assert len(of_erasure(desk, there)) == 1


def test_what_was_taken_back_meanwhile_is_not_refused(desk: Desk, there: Registered) -> None:
    ask(desk, EVENT, there)
    slow = while_(desk, lambda: take_back(desk, there))
    assert isinstance(refuse(slow, EVENT, a_press(desk), there.id, "No."), NotAsked)
    assert of_erasure(desk, there) == []


def test_whom_the_staff_decided_to_erase_meanwhile_cannot_take_it_back(desk: Desk, there: Registered) -> None:
    ask(desk, EVENT, there)
    slow = while_(desk, lambda: decide(desk, EVENT, a_press(desk), there.id, Ground.ASKED))
    left = take_back(slow, there)
    assert left
    assert left.status is ErasureStatus.DUE


def test_a_refusal_is_answered_and_may_be_asked_again(desk: Desk, there: Registered, postbox: Any) -> None:
    for time in (1, 2):
        ask(desk, EVENT, there)
        press = a_press(desk, f"P{time}")
        for _ in range(2):
            assert isinstance(refuse(desk, EVENT, press, there.id, f"Reason {time}. <b>"), Refused)
        list(send_due(desk))
    assert of_erasure(desk, there) == [refusal_notice(EVENT.slug, there, time).id for time in (1, 2)]
    assert "Reason 1. &lt;b&gt;" in next(one.html for one in postbox.messages if ".refused." in one.email_id)
    texts = [one.text for one in postbox.messages if ".refused." in one.email_id]
    assert [f"Reason {time}." in text for time, text in enumerate(texts, start=1)] == [True, True]
    assert [one.action for one in desk.store.audit(EVENT.slug, None, 9)] == [Action.ERASURE_REFUSED] * 2


def test_a_refusal_that_was_not_yet_sent_is_not_when_it_is_decided_otherwise(desk: Desk, there: Registered) -> None:
    ask(desk, EVENT, there)
    refuse(desk, EVENT, a_press(desk), there.id, "No.")
    ask(desk, EVENT, there)
    decide(desk, EVENT, a_press(desk, "Q"), there.id, Ground.ASKED)
    assert stored(desk, there).answer == ""
    list(send_due(desk))
    assert entry_of(desk, refusal_notice(EVENT.slug, there, 1).id).status is EmailStatus.CANCELLED
    assert entry_of(desk, erasure_notice(EVENT.slug, there).id).status is EmailStatus.SENT


def test_the_last_e_mail_does_not_wait_for_the_limits_of_a_day(desk: Desk, there: Registered, postbox: Any) -> None:
    one_a_day = replace(desk, limits=replace(desk.limits, to_one_address=1))
    list(send_due(one_a_day))
    decide(desk, EVENT, a_press(desk), there.id, Ground.ASKED)
    list(send_due(one_a_day))
    assert [one.email_id for one in postbox.messages][1:] == [erasure_notice(EVENT.slug, there).id]


def test_whoever_changes_while_it_is_decided_is_written_to_as_they_are(desk: Desk, there: Registered) -> None:
    changed = a_registration(category="associate")
    slow = while_(desk, lambda: amend(desk, EVENT, there.id, 1, changed))
    assert isinstance(decide(slow, EVENT, a_press(desk), there.id, Ground.ASKED), Decided)
    assert stored(desk, there).status is ErasureStatus.DUE


@pytest.mark.parametrize("verb", [decide, refuse])
def test_nobody_is_there(desk: Desk, verb: Callable[..., object]) -> None:
    assert verb(desk, EVENT, a_press(desk), "0" * 24, Ground.ASKED) is None
    assert desk.store.erasures(EVENT.slug) == []


def test_whoever_has_the_mailbox_learns_at_once_that_somebody_asked(
    desk: Desk, there: Registered, postbox: Postbox, clock: Clock
) -> None:
    list(send_due(desk))
    for _ in range(3):  # one e-mail a day, however often
        ask(desk, EVENT, there)
        take_back(desk, there)
    asked = ask(desk, EVENT, there)
    assert asked.asked_at
    list(send_due(desk))
    assert [one.email_id for one in postbox.messages[1:]] == [request_notice(EVENT.slug, there, asked.asked_at).id]
    assert "You can take the request back" in postbox.messages[-1].text
    take_back(desk, there)
    clock.forward(timedelta(days=1))
    again = ask(desk, EVENT, there)
    assert again.asked_at
    take_back(desk, there)
    list(send_due(desk))
    entry = desk.store.entry(request_notice(EVENT.slug, there, again.asked_at).id)
    assert entry
    assert entry.status is EmailStatus.CANCELLED
