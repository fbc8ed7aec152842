"""What becomes of a contribution: further papers, corrections, withdrawal, publication, by several at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from rollcall.desk.contributions.change import (
    AsBefore,
    By,
    Changed,
    ChangedMeanwhile,
    IsWithdrawn,
    Outcome,
    Over,
    TooMany,
    add_paper,
    correct,
    hold,
    publish,
    withdraw,
)
from rollcall.desk.contributions.submit import number_due
from rollcall.desk.desk import Desk
from rollcall.model.contribution import (
    MOST_PAPERS,
    Contribution,
    PaperDoubt,
    PaperKind,
    PaperStatus,
    designation,
    is_late,
)
from rollcall.model.email import contribution_notice, contribution_receipts
from rollcall.model.registration import Actor, Way
from rollcall.model.staff import Action, Press
from rollcall.store.sqlite import SqliteStore
from tests.support.clock import Clock
from tests.support.contributions import (
    AT_ONCE,
    DEADLINE,
    EVENT,
    SUBMITTER,
    a_contribution_desk,
    a_file,
    kept,
    numbered,
    sent_in,
)

SLUG = EVENT.slug
PRESSED = count()
FURTHER = [kind for kind in PaperKind if kind is not PaperKind.ORIGINAL]


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Iterator[Desk]:
    store = SqliteStore(tmp_path / "rollcall.sqlite3", clock, durable=False)
    yield a_contribution_desk(store, tmp_path)
    store.close()


@pytest.fixture
def at_once(desk: Desk, tmp_path: Path) -> Desk:
    """Its event publishes without the staff."""
    return a_contribution_desk(desk.store, tmp_path, event=AT_ONCE)


def a_press() -> Press:
    return Press(f"P{next(PRESSED)}", "staff@example.org", EVENT.opens_at)


def add(desk: Desk, one: Contribution, content: str, kind: PaperKind = PaperKind.REVISION) -> Outcome | None:
    return add_paper(desk, EVENT, one.id, kind, (a_file(content),), SUBMITTER)


def published(desk: Desk, one: Contribution, *places: int) -> Contribution:
    assert isinstance(publish(desk, EVENT, one.id, kept(desk.store, one.id).revision, places, a_press()), Changed)
    return kept(desk.store, one.id)


def designations(one: Contribution) -> list[str]:
    return [designation(one.event, one.number, paper) for paper in one.papers]


def test_further_papers_are_numbered_by_their_kind(desk: Desk) -> None:
    one = numbered(desk)
    for content, kind in zip("abcd", [*FURTHER, PaperKind.REVISION], strict=True):
        assert isinstance(add(desk, one, content, kind), Changed)
    there = kept(desk.store, one.id)
    assert designations(there) == [
        "INTGOV04-C/1",
        "INTGOV04-C/1 (Rev.1)",
        "INTGOV04-C/1 (Add.1)",
        "INTGOV04-C/1 (Corr.1)",
        "INTGOV04-C/1 (Rev.2)",
    ]
    assert there.text == there.papers[4]
    times = [paper.received_at for paper in there.papers if paper.received_at]
    assert times == sorted(set(times))
    assert len(times) == 5


def test_each_paper_has_its_receipt(desk: Desk) -> None:
    """Those that came before the number too."""
    one = sent_in(desk)
    add(desk, one, "before the number")
    assert [(seen.number, seen.receipts) for seen in number_due(desk)] == [(1, 2)]
    add(desk, one, "after the number")
    assert [(seen.number, seen.receipts) for seen in number_due(desk)] == [(1, 3)]
    ids = [entry.id for entry in contribution_receipts(one)[:1]] + [f"{SLUG}.{one.id}.receipt.{n}" for n in (2, 3)]
    assert [entry.id for entry in desk.store.unsent_entries(SLUG, None, 9) if entry.about == one.id] == ids


def test_a_revision_neither_loses_nor_takes_a_place_in_the_order(desk: Desk) -> None:
    first, second = sent_in(desk), sent_in(desk, "second")
    add(desk, first, "revised before anything has a number")
    assert [(one.id, one.number) for one in number_due(desk)] == [(first.id, 1), (second.id, 2)]


def test_the_same_files_twice_are_one_paper(desk: Desk) -> None:
    one = numbered(desk)
    assert isinstance(add(desk, one, "first"), AsBefore)
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: add(desk, one, "second"), range(4)))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AsBefore"] * 3 + ["Changed"]
    assert len(kept(desk.store, one.id).papers) == 2


def test_two_revisions_at_once_are_two(desk: Desk) -> None:
    one = numbered(desk)
    with ThreadPoolExecutor(4) as pool:
        assert all(isinstance(done, Changed) for done in pool.map(lambda mark: add(desk, one, mark), "abcd"))
    there = kept(desk.store, one.id)
    assert designations(there)[1:] == [f"INTGOV04-C/1 (Rev.{number})" for number in (1, 2, 3, 4)]
    assert [change.number for change in desk.store.contribution_history(one.id)] == [2, 3, 4, 5]


def test_each_paper_is_late_by_its_own_time(desk: Desk, clock: Clock) -> None:
    one = numbered(desk)
    clock.now = DEADLINE + timedelta(milliseconds=1)
    add(desk, one, "second")
    clock.now += timedelta(hours=1)
    list(number_due(desk))
    assert [is_late(paper, DEADLINE) for paper in kept(desk.store, one.id).papers] == [False, True]


def test_there_is_a_bound_on_papers(desk: Desk) -> None:
    one = numbered(desk)
    for number in range(MOST_PAPERS - 1):
        assert isinstance(add(desk, one, f"{number}"), Changed)
    assert isinstance(add(desk, one, "one too many"), TooMany)
    assert isinstance(add(desk, one, "0"), AsBefore)


def test_a_correction_is_of_what_was_shown(desk: Desk) -> None:
    one = numbered(desk)
    assert isinstance(correct(desk, EVENT, one.id, 1, {"title": "Better"}, SUBMITTER), Changed)
    assert isinstance(correct(desk, EVENT, one.id, 1, {"title": "Better"}, SUBMITTER), AsBefore)
    assert isinstance(correct(desk, EVENT, one.id, 1, {"title": "Worse"}, SUBMITTER), ChangedMeanwhile)
    there = kept(desk.store, one.id)
    assert (there.title, there.source, there.number, there.revision) == ("Better", one.source, 1, 2)
    [change] = desk.store.contribution_history(one.id)
    assert (change.before, change.after) == ({"title": "Names of countries"}, {"title": "Better"})
    assert (change.by, change.who) == (Actor.REGISTRANT, "")


def test_a_press_of_the_staff_does_its_work_once(desk: Desk) -> None:
    one, press = numbered(desk), a_press()
    assert isinstance(hold(desk, EVENT, one.id, 1, [0], "Not on the agenda.", press), Changed)
    assert isinstance(hold(desk, EVENT, one.id, 1, [0], "Not on the agenda.", press), AsBefore)
    assert isinstance(hold(desk, EVENT, one.id, 1, [0], "Another", a_press()), ChangedMeanwhile)
    there = kept(desk.store, one.id)
    assert (there.status, there.text.reason) == (PaperStatus.HELD, "Not on the agenda.")
    notice = desk.store.entry(contribution_notice(there).id)
    assert notice
    assert notice.to == one.email
    audit = desk.store.audit_entry(SLUG, press.id)
    assert audit
    assert (audit.action, audit.about, audit.revision) == (Action.CONTRIBUTION_HELD, one.id, 2)


def test_a_withdrawn_one_keeps_its_number_and_changes_no_more(desk: Desk) -> None:
    one = published(desk, numbered(desk), 0)
    assert one.published == one.papers
    assert isinstance(withdraw(desk, EVENT, one.id, SUBMITTER), Changed)
    there = kept(desk.store, one.id)
    assert (there.number, there.withdrawn, there.published) == (1, True, ())
    assert desk.store.entry(contribution_notice(there).id)
    for again in (
        withdraw(desk, EVENT, one.id, SUBMITTER),
        add(desk, one, "second"),
        correct(desk, EVENT, one.id, there.revision, {"title": "Better"}, SUBMITTER),
        publish(desk, EVENT, one.id, there.revision, [0], a_press()),
    ):
        assert again == IsWithdrawn(there)
    assert numbered(desk, "second").number == 2


def test_one_that_is_withdrawn_before_it_has_a_number_is_given_one(desk: Desk) -> None:
    """No number is without its explanation, and none is given twice."""
    one, other = sent_in(desk), sent_in(desk, "second")
    withdraw(desk, EVENT, one.id, SUBMITTER)
    assert [(seen.id, seen.number) for seen in number_due(desk)] == [(one.id, 1), (other.id, 2)]
    assert kept(desk.store, one.id).withdrawn


def test_only_the_newest_published_text_is_public(desk: Desk) -> None:
    one = numbered(desk)
    add(desk, one, "second")
    add(desk, one, "addendum", PaperKind.ADDENDUM)
    first, revision, addendum = range(3)
    assert designations_of(published(desk, one, addendum)) == []
    assert designations_of(published(desk, one, first)) == ["INTGOV04-C/1", "INTGOV04-C/1 (Add.1)"]
    assert designations_of(published(desk, one, revision)) == ["INTGOV04-C/1 (Rev.1)", "INTGOV04-C/1 (Add.1)"]


def designations_of(one: Contribution) -> list[str]:
    return [designation(one.event, one.number, paper) for paper in one.published]


@pytest.mark.parametrize("what", ["publish", "hold", "withdraw", "correct"])
def test_a_change_of_what_is_published_is_marked_before_it_is_made(desk: Desk, clock: Clock, what: str) -> None:
    one = numbered(desk)
    if what != "publish":
        published(desk, one, 0)
    clock.forward(timedelta(days=1))
    desk.store.published(SLUG, desk.store.now(), None)
    seen, press = kept(desk.store, one.id).revision, a_press()
    match what:
        case "publish":
            publish(desk, EVENT, one.id, seen, [0], press)
        case "hold":
            hold(desk, EVENT, one.id, seen, [0], "Why not", press)
        case "withdraw":
            withdraw(desk, EVENT, one.id, SUBMITTER)
        case "correct":
            correct(desk, EVENT, one.id, seen, {"title": "Better"}, By(Actor.STAFF, Way.DESK, press))
    assert desk.store.due_publications(9) == []
    clock.forward(desk.limits.publication_lease + timedelta(seconds=1))
    assert desk.store.due_publications(9) == [SLUG]


def test_what_nobody_sees_is_not_published_again(desk: Desk, clock: Clock) -> None:
    one = numbered(desk)
    add(desk, one, "second")
    correct(desk, EVENT, one.id, kept(desk.store, one.id).revision, {"title": "Better"}, SUBMITTER)
    clock.forward(timedelta(days=1))
    assert desk.store.due_publications(9) == []


def test_an_event_may_publish_at_once(at_once: Desk) -> None:
    one = numbered(at_once, event=AT_ONCE)
    assert (one.status, designations_of(one)) == (PaperStatus.PUBLISHED, ["INTGOV04-C/1"])
    assert at_once.store.due_publications(9) == [SLUG]
    add(at_once, one, "second")
    assert kept(at_once.store, one.id).status is PaperStatus.WAITING
    list(number_due(at_once))
    assert designations_of(kept(at_once.store, one.id)) == ["INTGOV04-C/1 (Rev.1)"]


@pytest.mark.parametrize("doubt", list(PaperDoubt))
def test_what_is_in_doubt_is_never_published_by_itself(at_once: Desk, doubt: PaperDoubt) -> None:
    one = numbered(at_once, event=AT_ONCE, doubt=doubt)
    add_paper(at_once, AT_ONCE, one.id, PaperKind.REVISION, (a_file("second"),), SUBMITTER, doubt)
    list(number_due(at_once))
    there = kept(at_once.store, one.id)
    assert [(paper.status, paper.doubt) for paper in there.papers] == [(PaperStatus.HELD, doubt)] * 2
    assert there.published == ()
    assert at_once.store.due_publications(9) == []
    publish(at_once, AT_ONCE, one.id, there.revision, [1], a_press())
    assert designations_of(kept(at_once.store, one.id)) == ["INTGOV04-C/1 (Rev.1)"]


def test_an_event_that_comes_to_publish_at_once_begins_with_what_comes_next(desk: Desk, at_once: Desk) -> None:
    one = numbered(desk)
    add_paper(at_once, AT_ONCE, one.id, PaperKind.ADDENDUM, (a_file("second"),), SUBMITTER)
    list(number_due(at_once))
    there = kept(at_once.store, one.id)
    assert [paper.status for paper in there.papers] == [PaperStatus.WAITING, PaperStatus.PUBLISHED]


def test_without_consent_nothing_is_published_by_itself(at_once: Desk) -> None:
    assert numbered(at_once, event=AT_ONCE, consent="").status is PaperStatus.WAITING


def test_what_the_staff_took_back_is_not_published_by_a_further_paper(at_once: Desk) -> None:
    one = numbered(at_once, event=AT_ONCE)
    hold(at_once, AT_ONCE, one.id, one.revision, [0], "Why not", a_press())
    add_paper(at_once, AT_ONCE, one.id, PaperKind.ADDENDUM, (a_file("second"),), SUBMITTER)
    list(number_due(at_once))
    there = kept(at_once.store, one.id)
    assert ([paper.status for paper in there.papers], there.published) == (
        [PaperStatus.HELD, PaperStatus.PUBLISHED],
        (),
    )


def test_one_of_another_event_is_not_there(desk: Desk) -> None:
    one = numbered(desk)
    other = replace(EVENT, slug="another")
    assert withdraw(desk, other, one.id, SUBMITTER) is None
    assert add_paper(desk, other, one.id, PaperKind.REVISION, (a_file("second"),), SUBMITTER) is None
    assert publish(desk, other, one.id, 1, [0], a_press()) is None
    assert kept(desk.store, one.id) == one


def test_after_the_event_only_the_staff_change_it(desk: Desk, clock: Clock) -> None:
    one = numbered(desk)
    clock.now = EVENT.over_at + timedelta(seconds=1)
    assert add(desk, one, "second") == Over()
    assert withdraw(desk, EVENT, one.id, SUBMITTER) == Over()
    assert isinstance(published(desk, one, 0), Contribution)


def test_nobody_but_the_staff_corrects_what_was_published_meanwhile(desk: Desk) -> None:
    """Publishing at once changes no revision that a page could have shown."""
    one = published(desk, numbered(desk), 0)
    assert isinstance(correct(desk, EVENT, one.id, one.revision, {"title": "Another"}, SUBMITTER), ChangedMeanwhile)
    by_staff = By(Actor.STAFF, Way.DESK, a_press())
    assert isinstance(correct(desk, EVENT, one.id, one.revision, {"title": "Another"}, by_staff), Changed)
