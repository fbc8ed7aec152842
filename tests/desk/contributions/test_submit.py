"""Sending in a contribution: once, however often it is sent, and at the time of its commit."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rollcall.desk.contributions.change import withdraw
from rollcall.desk.contributions.submit import (
    Over,
    Received,
    ReceivedBefore,
    contributions_close_at,
    number_due,
    submission_key,
    submit,
)
from rollcall.desk.desk import Desk
from rollcall.desk.limits import Limits
from rollcall.desk.register import register
from rollcall.desk.send import send, send_due
from rollcall.model.contribution import Contribution, PaperDoubt, PaperStatus, designation, is_late
from rollcall.model.programme import Programme
from rollcall.model.staff import Action, Press
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import a_registration
from tests.support.clock import Clock
from tests.support.contributions import (
    DEADLINE,
    EVENT,
    SUBMITTER,
    a_contribution_desk,
    a_draft,
    a_file,
    kept,
    numbered,
    sent_in,
)
from tests.support.desk import Postbox

MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Iterator[Desk]:
    store = SqliteStore(tmp_path / "rollcall.sqlite3", clock, durable=False)
    yield a_contribution_desk(store, tmp_path, seconds=lambda: clock.now.timestamp())
    store.close()


def late(one: Contribution) -> bool:
    return is_late(one.papers[-1], DEADLINE)


def test_it_is_kept_as_it_was_sent(desk: Desk) -> None:
    sent = sent_in(desk, language="fr", registration_id="R")
    there = kept(desk.store, sent.id)
    assert there == sent
    assert (there.title, there.registration_id, there.language) == ("Names of countries", "R", "fr")
    assert (there.status, there.number, there.receipts_due) == (PaperStatus.WAITING, None, True)
    assert there.created_at == there.papers[0].received_at


def test_the_same_files_from_the_same_mailbox_are_one(desk: Desk) -> None:
    first = sent_in(desk)
    other = a_file("second")
    for again in (
        a_draft(),
        a_draft(email="Amina@MPT.example.org", title="Another title", files=(a_file(name="renamed.pdf", id="F"),)),
    ):
        assert submit(desk, EVENT, again) == ReceivedBefore(first)
    assert desk.store.count_contributions(EVENT.slug) == 1
    assert isinstance(submit(desk, EVENT, a_draft(files=(a_file(), other))), Received)
    assert isinstance(submit(desk, EVENT, a_draft(files=(other, a_file()))), ReceivedBefore)
    assert isinstance(submit(desk, EVENT, a_draft(email="other@mpt.example.org")), Received)


def test_of_many_who_send_the_same_at_once_one_is_received(desk: Desk) -> None:
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: submit(desk, EVENT, a_draft()), range(8)))
    assert sorted(type(one).__name__ for one in outcomes) == ["Received", *["ReceivedBefore"] * 7]
    assert len({one.contribution.id for one in outcomes if not isinstance(one, Over)}) == 1


def test_one_sending_has_one_id_and_another_keeps_it_from_none(desk: Desk) -> None:
    """A page that is sent again says the id that it said before."""
    first = submit(desk, EVENT, a_draft(), id="A")
    assert isinstance(submit(desk, EVENT, a_draft(), id="A"), ReceivedBefore)
    other = submit(desk, EVENT, a_draft("second"), id="A")
    assert isinstance(first, Received)
    assert isinstance(other, Received)
    assert first.contribution.id == "A" != other.contribution.id
    assert kept(desk.store, "A").papers[0].files == (a_file(),)


def test_what_was_withdrawn_and_is_sent_again_is_another(desk: Desk) -> None:
    first = numbered(desk)
    withdraw(desk, EVENT, first.id, SUBMITTER)
    second = numbered(desk)
    assert [one.number for one in (first, second)] == [1, 2]
    assert kept(desk.store, first.id).withdrawn
    assert isinstance(submit(desk, EVENT, a_draft()), ReceivedBefore)
    withdraw(desk, EVENT, second.id, SUBMITTER)
    assert numbered(desk).number == 3


def test_of_many_who_send_again_what_was_withdrawn_one_is_received(desk: Desk) -> None:
    withdraw(desk, EVENT, sent_in(desk).id, SUBMITTER)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: submit(desk, EVENT, a_draft()), range(8)))
    assert sorted(type(one).__name__ for one in outcomes) == ["Received", *["ReceivedBefore"] * 7]


@pytest.mark.parametrize(("after", "is_named_late"), [(-MOMENT, False), (timedelta(0), False), (MOMENT, True)])
def test_the_deadline_is_exact(desk: Desk, clock: Clock, tmp_path: Path, after: timedelta, is_named_late: bool) -> None:
    desk = a_contribution_desk(desk.store, tmp_path)
    desk.intakes.recent(EVENT)  # each reading takes its moment
    clock.now = DEADLINE + after
    sent = submit(desk, EVENT, a_draft())
    assert isinstance(sent, Received)
    assert sent.received_at == DEADLINE + after
    assert late(kept(desk.store, sent.contribution.id)) == is_named_late


@pytest.mark.parametrize(("arrived", "is_named_late"), [(-1, False), (0, True), (1, True)])
def test_an_e_mail_counts_from_its_arrival(desk: Desk, clock: Clock, arrived: int, is_named_late: bool) -> None:
    clock.now = DEADLINE + timedelta(minutes=3)
    sent = submit(desk, EVENT, a_draft(), inbound_id="M", arrived_at=DEADLINE + timedelta(seconds=arrived))
    assert isinstance(sent, Received)
    assert late(kept(desk.store, sent.contribution.id)) == is_named_late


def test_the_deadline_is_the_files_until_the_staff_move_it(desk: Desk) -> None:
    assert contributions_close_at(desk.store, EVENT) == DEADLINE
    assert contributions_close_at(desk.store, replace(EVENT, contributions=None)) is None
    moved = DEADLINE + timedelta(days=1)
    by = Press("P", "staff@example.org", DEADLINE).entry(Action.PROGRAMME_CHANGED)
    assert desk.store.save_programme(EVENT.slug, Programme(contributions_close_at=moved, number=1), by)
    assert contributions_close_at(desk.store, EVENT) == moved
    assert contributions_close_at(desk.store, replace(EVENT, slug="another")) == DEADLINE


def test_nothing_is_taken_once_the_event_is_over(desk: Desk, clock: Clock) -> None:
    clock.now = EVENT.over_at - timedelta(seconds=1)
    sent_in(desk)
    clock.now = EVENT.over_at + timedelta(seconds=1)
    assert submit(desk, EVENT, a_draft("second")) == Over()
    assert desk.store.count_contributions(EVENT.slug) == 1


@pytest.mark.parametrize("doubt", list(PaperDoubt))
def test_what_nobody_could_look_into_is_held(desk: Desk, doubt: PaperDoubt) -> None:
    held = sent_in(desk, doubt=doubt)
    assert (held.status, held.papers[0].doubt, held.published) == (PaperStatus.HELD, doubt, ())


def test_a_key_says_nothing_and_is_of_files_and_mailbox() -> None:
    keys: list[Any] = [
        submission_key("a@example.org", ["1", "2"]),
        submission_key("A@example.org", ["2", "1"]),
        submission_key("b@example.org", ["1", "2"]),
        submission_key("a@example.org", ["12"]),
    ]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
    assert "example" not in keys[0]


def test_the_designation_is_the_itus(desk: Desk) -> None:
    one = numbered(desk)
    assert designation(EVENT.slug, one.number, one.papers[0]) == "INTGOV04-C/1"
    assert designation(EVENT.slug, None) == ""
    assert list(number_due(desk)) == []


def test_receipts_to_a_stranger_leave_room_for_what_else_goes_there(desk: Desk) -> None:
    """Whoever gives another's address with many papers delays none of their confirmations."""
    postbox, limits = Postbox(), Limits(to_one_address=4, receipts_to_one_address=3)
    desk = replace(desk, post=postbox.post, limits=limits)
    for content in "abcde":
        sent_in(desk, content)
    list(number_due(desk))
    for one in desk.store.due_entries(9):  # in turn: senders that count at the same moment may exceed it
        send(desk, one)
    assert len(postbox.messages) == 3
    register(desk, EVENT, a_registration(email=a_draft().email))
    list(send_due(desk))
    assert "Registration" in postbox.messages[-1].subject
