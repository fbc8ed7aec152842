"""What the staff are told of contributions, and the receipts that they ask for."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from rollcall.desk.contributions.change import AsBefore, By, Changed, IsWithdrawn, hold, publish, withdraw
from rollcall.desk.contributions.submit import number_due
from rollcall.desk.desk import Desk
from rollcall.desk.send import send_due
from rollcall.desk.staff.contributions import all_contributions, counts_of, emails_about, send_receipt_again
from rollcall.model.contribution import Contribution, Paper, PaperDoubt, PaperKind, PaperStatus, Stage
from rollcall.model.email import Email
from rollcall.model.registration import Actor, Way, new_id
from rollcall.model.staff import Press
from tests.support.clock import Clock
from tests.support.contributions import kept
from tests.support.desk import Postbox
from tests.support.staff_contributions import EDITOR, an_event_with_papers, numbered, submitted

EVENT = an_event_with_papers()


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return replace(desk, events={EVENT.slug: EVENT})


def press(desk: Desk) -> Press:
    return Press(new_id(), EDITOR, desk.store.now())


def digests(desk: Desk, postbox: Postbox, clock: Clock) -> list[Email]:
    """Of the next morning, to the editor."""
    clock.forward(timedelta(days=1))
    postbox.messages.clear()
    list(send_due(desk))
    return [one for one in postbox.messages if ".staff-digest." in one.email_id and one.to == EDITOR]


def test_the_digest_tells_each_morning_of_what_waits(desk: Desk, postbox: Postbox, clock: Clock) -> None:
    new, doubtful = numbered(desk, EVENT), numbered(desk, EVENT, doubt=PaperDoubt.ACTIVE)
    for _ in range(2):
        (digest,) = digests(desk, postbox, clock)
        assert "1 new contribution and 1 contribution to be looked at" in digest.subject
        text = " ".join(digest.text.split())
        assert "1 new contribution waits for you" in text
        assert "1 contribution has to be looked at first" in text
    publish(desk, EVENT, new.id, 1, [0], press(desk))
    hold(desk, EVENT, doubtful.id, 1, [0], "It has a macro.", press(desk))
    assert digests(desk, postbox, clock) == []


def test_what_is_published_at_once_is_told_to_nobody(desk: Desk, postbox: Postbox, clock: Clock) -> None:
    call = EVENT.contributions
    assert call
    at_once = replace(EVENT, contributions=replace(call, publish_at_once=True))
    desk = replace(desk, events={EVENT.slug: at_once})
    numbered(desk, at_once)
    assert digests(desk, postbox, clock) == []


def test_each_is_counted_once_though_it_gets_its_number_meanwhile(desk: Desk) -> None:
    ids = {submitted(desk, EVENT).id for _ in range(3)}
    seen = all_contributions(desk.store, EVENT.slug)
    first = next(seen)
    list(number_due(desk))
    assert sorted([first.id, *(one.id for one in seen)]) == sorted(ids)


def test_another_events_are_not_counted(desk: Desk) -> None:
    other = an_event_with_papers(slug="other")
    desk = replace(desk, events={EVENT.slug: EVENT, other.slug: other})
    submitted(desk, EVENT)
    numbered(desk, other)
    counts = counts_of(desk.store, EVENT.slug, None)
    assert (counts.received, counts.stored, counts.balances) == (1, 1, True)


def test_two_who_ask_at_once_send_two_receipts_and_one_button_sends_one(desk: Desk) -> None:
    one = numbered(desk, EVENT)
    twice = press(desk)
    with ThreadPoolExecutor(4) as pool:
        presses = [twice, twice, press(desk), press(desk)]
        outcomes = list(pool.map(lambda each: send_receipt_again(desk.store, EVENT, one.id, each), presses))
    assert [type(outcome) for outcome in outcomes].count(Changed) == 3
    assert [type(outcome) for outcome in outcomes].count(AsBefore) == 1
    assert len(emails_about(desk.store, kept(desk.store, one.id))) == 4  # with the one that it got by itself


def test_no_receipt_goes_out_of_another_events_or_a_withdrawn_one(desk: Desk) -> None:
    one, new = numbered(desk, EVENT), submitted(desk, EVENT)
    assert send_receipt_again(desk.store, an_event_with_papers(slug="other"), one.id, press(desk)) is None
    assert send_receipt_again(desk.store, EVENT, new.id, press(desk)) is None  # it has no number yet
    withdraw(desk, EVENT, one.id, By(Actor.REGISTRANT, Way.LINK))
    assert isinstance(send_receipt_again(desk.store, EVENT, one.id, press(desk)), IsWithdrawn)


TEXT, NEXT, MORE = (Paper(kind, 1, ()) for kind in (PaperKind.ORIGINAL, PaperKind.REVISION, PaperKind.ADDENDUM))
PUBLISHED, HELD = (
    replace(TEXT, status=status, reason=why) for status, why in ((PaperStatus.PUBLISHED, ""), (PaperStatus.HELD, "Why"))
)
DOUBTED = replace(TEXT, status=PaperStatus.HELD, doubt=PaperDoubt.NOT_SCANNED)


@pytest.mark.parametrize(
    ("papers", "stage"),
    [
        ([TEXT], Stage.WAITING),
        ([PUBLISHED], Stage.PUBLISHED),
        ([HELD], Stage.HELD),
        ([DOUBTED], Stage.NEEDS_REVIEW),
        ([replace(DOUBTED, reason="Why")], Stage.HELD),
        ([replace(DOUBTED, status=PaperStatus.PUBLISHED)], Stage.PUBLISHED),
        ([PUBLISHED, NEXT], Stage.WAITING),
        ([PUBLISHED, MORE], Stage.WAITING),
        ([DOUBTED, replace(NEXT, status=PaperStatus.PUBLISHED)], Stage.PUBLISHED),
        ([TEXT, replace(NEXT, status=PaperStatus.PUBLISHED)], Stage.PUBLISHED),
        ([TEXT, replace(DOUBTED, kind=PaperKind.ADDENDUM)], Stage.NEEDS_REVIEW),
    ],
)
def test_each_is_at_one_stage(papers: Sequence[Paper], stage: Stage) -> None:
    one = Contribution("C", EVENT.slug, "T", "S", "N", "n@example.org", tuple(papers))
    assert one.stage is stage
    assert replace(one, withdrawn=True).stage is Stage.WITHDRAWN
