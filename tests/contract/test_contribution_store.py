"""What every store must do for contributions, the programme, and what is to be published."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from grpc import StatusCode

from rollcall.desk.ports import Store
from rollcall.model.contribution import (
    Contribution,
    ContributionChange,
    Paper,
    PaperDoubt,
    PaperKind,
    PaperStatus,
)
from rollcall.model.email import contribution_notice, contribution_receipts
from rollcall.model.programme import AgendaItem, Document, Programme, Said
from rollcall.model.registration import Actor, Way
from rollcall.model.staff import Action, AuditEntry, Press
from rollcall.store import contribution_documents
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import an_event
from tests.support.clock import Clock
from tests.support.contributions import a_file, kept
from tests.support.faulty_firestore import Fault, answer_lost, faulty_firestore, refused

SLUG = an_event().slug
AT = an_event().opens_at + timedelta(days=1)
FreshStore = Callable[[], Store]
CHANGE = ContributionChange(2, {"title": "One"}, {"title": "Two"}, Actor.STAFF, Way.DESK, "staff@example.org", AT)


@pytest.fixture(params=["sqlite", "firestore"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> FreshStore:
    if request.param == "sqlite":
        return lambda: SqliteStore(tmp_path / "rollcall.sqlite3", clock)
    project = request.getfixturevalue("project")
    return lambda: FirestoreStore(project)


def a_contribution(id: str = "A", **changes: Any) -> Contribution:
    paper = Paper(PaperKind.ORIGINAL, 0, (a_file(id), a_file(f"{id} en français", language="fr")))
    new = Contribution(id, SLUG, "Title", "Source", "Amina Diallo", "a@example.org", (paper,), key=f"key of {id}")
    return replace(new, **changes)


def accepted(store: Store, id: str = "A", **changes: Any) -> Contribution:
    assert store.accept_contribution(a_contribution(id, **changes))
    return kept(store, id)


def given(store: Store, *those: Contribution, first: int = 1) -> bool:
    made = [replace(one, number=first + place, receipts=1) for place, one in enumerate(those)]
    receipts = [entry for one in those for entry in contribution_receipts(one)]
    return store.give_numbers(SLUG, store.last_number(SLUG), made, receipts)


def noted(id: str) -> AuditEntry:
    return Press(id, "staff@example.org", AT).entry(Action.PROGRAMME_CHANGED)


def ids(those: Sequence[Contribution]) -> list[str]:
    return [one.id for one in those]


def test_a_contribution_is_kept_with_the_time_of_its_commit(fresh: FreshStore) -> None:
    paper = Paper(
        PaperKind.ORIGINAL,
        0,
        (a_file(size=50_000_000),),
        PaperStatus.HELD,
        "Why not",
        PaperDoubt.ACTIVE,
        arrived_at=datetime(2004, 2, 2, 11, 59, 59, tzinfo=UTC),
    )
    new = a_contribution(
        papers=(paper,),
        item="Item",
        abstract="Two\nlines",
        registration_id="R",
        consent="I agree.",
        language="fr",
        inbound_id="M",
    )
    before = fresh().now()
    received_at = fresh().accept_contribution(new)
    assert received_at
    assert before < received_at < fresh().now()
    there = kept(fresh(), "A")
    assert there == replace(new, papers=(replace(paper, received_at=received_at),))
    assert there.created_at == received_at
    assert fresh().contribution_under(SLUG, new.key) == there
    assert fresh().contribution_under("another", new.key) is None
    assert fresh().contribution("B") is None


def test_the_same_key_is_accepted_once(fresh: FreshStore) -> None:
    accepted(fresh(), "A", key="K")
    assert fresh().accept_contribution(a_contribution("B", key="K")) is None
    assert fresh().contribution("B") is None
    assert fresh().accept_contribution(a_contribution("A", key="other")) is None
    assert fresh().contribution_under(SLUG, "other") is None
    assert fresh().accept_contribution(a_contribution("C", key="K", event="another"))
    assert (fresh().count_contributions(SLUG), fresh().count_contributions("another")) == (1, 1)


def test_a_further_paper_has_the_time_of_its_own_commit(fresh: FreshStore) -> None:
    first = accepted(fresh())
    came = fresh().save_contribution(first, first.with_paper(PaperKind.REVISION, (a_file("second"),)), None)
    both = kept(fresh(), "A")
    assert [paper.received_at for paper in both.papers] == [first.created_at, came]
    assert both.created_at == first.created_at != came
    assert both.version != first.version
    assert fresh().save_contribution(both, replace(both, title="Another", revision=2), CHANGE)
    assert kept(fresh(), "A").papers == both.papers


def test_a_change_is_kept_with_its_history_its_e_mail_and_the_audit(fresh: FreshStore) -> None:
    first = accepted(fresh())
    after, entry = replace(first, title="Two", link=1, revision=2), contribution_notice(replace(first, revision=2))
    at = fresh().save_contribution(first, after, CHANGE, [entry], noted("P"))
    assert at
    assert kept(fresh(), "A") == after
    assert fresh().contribution_history("A") == [replace(CHANGE, at=at)]
    assert fresh().entry(entry.id) == entry
    assert fresh().audit_entry(SLUG, "P") == noted("P")
    assert fresh().contribution_history("B") == []


def test_nothing_is_written_over_what_another_wrote(fresh: FreshStore) -> None:
    first = accepted(fresh())
    assert fresh().save_contribution(first, replace(first, title="Faster", revision=2), CHANGE)
    slower, entry = replace(first, withdrawn=True, revision=2), contribution_notice(replace(first, revision=2))
    assert fresh().save_contribution(first, slower, None, [entry], noted("P")) is None
    assert kept(fresh(), "A").title == "Faster"
    assert (fresh().entry(entry.id), fresh().audit_entry(SLUG, "P")) == (None, None)
    assert fresh().contribution_under(SLUG, first.key)


def test_history_is_in_order(fresh: FreshStore) -> None:
    store, there = fresh(), accepted(fresh())
    for number in range(2, 13):  # ids are text: 10 comes before 2
        assert store.save_contribution(there, replace(there, revision=number), replace(CHANGE, number=number))
        there = kept(store, "A")
    assert [change.number for change in fresh().contribution_history("A")] == list(range(2, 13))


def test_what_is_withdrawn_keeps_its_key(fresh: FreshStore) -> None:
    first = accepted(fresh(), "A", key="K")
    assert fresh().save_contribution(first, replace(first, withdrawn=True, revision=2), CHANGE)
    assert fresh().contribution_under(SLUG, "K") == replace(first, withdrawn=True, revision=2)
    assert fresh().accept_contribution(a_contribution("B", key="K")) is None


def test_numbers_and_receipts_come_in_one_commit(fresh: FreshStore) -> None:
    assert fresh().last_number(SLUG)[0] == 0
    those = [accepted(fresh(), id) for id in "BA"]
    assert given(fresh(), *those)
    assert [(one.id, one.number, one.receipts_due) for one in fresh().contributions(SLUG, 9)] == [
        ("A", 2, False),
        ("B", 1, False),
    ]
    assert fresh().last_number(SLUG)[0] == 2
    assert fresh().last_number("another")[0] == 0
    assert [entry.to for one in those for entry in fresh().entries_among([contribution_receipts(one)[0].id])] == [
        "a@example.org",
        "a@example.org",
    ]
    assert list(fresh().contributions_without_receipts()) == []


def test_numbers_are_given_by_one_at_a_time(fresh: FreshStore) -> None:
    one, other = accepted(fresh(), "A"), accepted(fresh(), "B")
    last = fresh().last_number(SLUG)
    assert given(fresh(), one)
    entries = contribution_receipts(other)
    assert not fresh().give_numbers(SLUG, last, [replace(other, number=1, receipts=1)], entries)
    assert fresh().save_contribution(other, replace(other, title="Meanwhile", revision=2), CHANGE)
    assert not given(fresh(), other, first=2)
    assert (kept(fresh(), "B").number, fresh().entry(entries[0].id), fresh().last_number(SLUG)[0]) == (None, None, 1)
    assert given(fresh(), kept(fresh(), "B"), first=2)


def test_a_receipt_that_is_there_already_stops_the_commit(fresh: FreshStore) -> None:
    one = accepted(fresh())
    fresh().enqueue(contribution_receipts(one)[0])
    assert not given(fresh(), one)
    assert kept(fresh(), "A").number is None


def test_those_without_receipts_come_from_all_events(fresh: FreshStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contribution_documents, "_ABREAST", 2)
    those = [accepted(fresh(), id) for id in "ABCDE"]
    accepted(fresh(), "F", event="another")
    assert given(fresh(), those[1])
    assert ids(list(fresh().contributions_without_receipts())) == list("ACDEF")
    second = kept(fresh(), "B").with_paper(PaperKind.ADDENDUM, (a_file("more"),))
    assert fresh().save_contribution(kept(fresh(), "B"), second, None)
    assert ids(list(fresh().contributions_without_receipts())) == list("ABCDEF")


def test_they_are_listed_and_found_by_number(fresh: FreshStore) -> None:
    those = [accepted(fresh(), f"C{place:02}") for place in range(1, 36)]
    accepted(fresh(), "none yet")
    accepted(fresh(), "F", event="another", number=3)
    assert given(fresh(), *those)
    assert [one.number for one in fresh().contributions(SLUG, 3)] == [35, 34, 33]
    assert [one.number for one in fresh().contributions(SLUG, 9, before=3)] == [2, 1]
    assert fresh().contributions(SLUG, 9, before=1) == []
    found = fresh().contributions_numbered(SLUG, [*range(1, 36), 99])
    assert sorted(ids(found)) == ids(those)
    assert fresh().contributions_numbered(SLUG, []) == []
    assert fresh().count_contributions(SLUG) == 36


def test_each_programme_is_kept(fresh: FreshStore) -> None:
    assert fresh().programme(SLUG) == Programme()
    item = AgendaItem(
        date(2004, 2, 26),
        Said({"en": "Opening", "fr": "Ouverture"}),
        time(9, 30),
        None,
        "Chair",
        ("One", "Two"),
        (1, 7),
    )
    document = Document("D", Said({"en": "Hotels"}), date(2004, 2, 1), ("en", "fr"), "", "F", "application/pdf", 9)
    link = Document("E", Said({"en": "Elsewhere"}), link="https://example.org/")
    first = Programme((item,), (document, link), AT, AT, "staff@example.org", AT, 1)
    assert fresh().save_programme(SLUG, first, noted("P"))
    there = fresh().programme(SLUG)
    assert there == first
    second = replace(there, agenda=None, documents=(), participants_from=None, number=2)
    assert fresh().save_programme(SLUG, second, noted("Q"))
    assert fresh().programme(SLUG) == second
    assert not fresh().save_programme(SLUG, replace(there, number=3), noted("R"))
    assert not fresh().save_programme(SLUG, replace(first, version=None), noted("R"))
    assert fresh().audit_entry(SLUG, "R") is None
    assert fresh().programme("another") == Programme()


def test_what_is_to_be_published_is_due_no_later_than_each_mark_says(fresh: FreshStore) -> None:
    store = fresh()
    now = store.now()
    store.publication_due("b", now)
    store.publication_due("a", now - timedelta(minutes=1))
    store.publication_due("later", now + timedelta(hours=1))
    store.publication_due("b", now + timedelta(hours=1))
    assert fresh().due_publications(9) == ["a", "b"]
    assert fresh().due_publications(1) == ["a"]
    store.publication_due("later", now)
    assert sorted(fresh().due_publications(9)) == ["a", "b", "later"]


def test_what_is_published_is_due_no_more(fresh: FreshStore) -> None:
    store = fresh()
    store.published(SLUG, store.now(), None)
    store.publication_due(SLUG, store.now())
    store.published(SLUG, store.now(), None)
    assert store.due_publications(9) == []
    store.published(SLUG, store.now(), store.now() - timedelta(seconds=1))
    assert store.due_publications(9) == [SLUG]


def test_a_mark_that_was_made_after_what_was_published_stands(fresh: FreshStore) -> None:
    store = fresh()
    store.publication_due(SLUG, store.now())
    as_of = store.now()
    fresh().publication_due(SLUG, store.now() + timedelta(hours=1))
    store.published(SLUG, as_of, None)
    assert store.due_publications(9) == [SLUG]


def test_a_change_that_was_announced_and_not_yet_made_stays_due(fresh: FreshStore, clock: Clock) -> None:
    """What is published between the mark and the commit does not show the commit."""
    store = fresh()
    store.publication_due(SLUG, store.now() + timedelta(milliseconds=300))
    as_of = store.now()
    store.published(SLUG, as_of, as_of + timedelta(days=1))
    assert store.due_publications(9) == []
    clock.forward(timedelta(seconds=1))
    _until(lambda: list(store.due_publications(9)) == [SLUG])
    store.published(SLUG, store.now(), None)
    assert store.due_publications(9) == []


def _until(is_so: Callable[[], bool]) -> None:
    """Within the few moments of the mark: every look takes some."""
    assert any(is_so() for _ in range(10_000))


faulty = pytest.mark.parametrize("fault", [answer_lost(StatusCode.UNAVAILABLE), refused(StatusCode.UNAVAILABLE)])


@faulty
def test_a_lost_answer_is_found_out(fault: Fault, emulator: str, project: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with faulty_firestore(emulator) as line:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", line.address)
        store = FirestoreStore(project)
        line.order("Commit", fault)
        received_at = store.accept_contribution(a_contribution())
        first = kept(store, "A")
        assert first.created_at == received_at
        line.order("Commit", fault)
        at = store.save_contribution(first, replace(first, title="Two", revision=2), CHANGE)
        assert [change.at for change in store.contribution_history("A")] == [at]
        line.order("Commit", fault)
        second = kept(store, "A")
        came = store.save_contribution(second, second.with_paper(PaperKind.REVISION, (a_file("second"),)), None)
        assert kept(store, "A").papers[1].received_at == came
        line.order("Commit", fault)
        assert given(store, kept(store, "A"))
        line.order("Commit", fault)
        assert store.save_programme(SLUG, Programme(number=1), noted("P"))
        line.order("Commit", fault)
        store.publication_due(SLUG, AT)
        line.order("Commit", fault)
        store.published(SLUG, store.now(), None)
        assert store.due_publications(9) == []


def test_what_another_wrote_meanwhile_is_not_taken_for_ours(
    emulator: str, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = FirestoreStore(project)
    with faulty_firestore(emulator) as line:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", line.address)
        store = FirestoreStore(project)
        first = accepted(other, "A", key="K")
        assert other.save_contribution(first, replace(first, title="Two", revision=2), CHANGE)
        line.order("Commit", refused(StatusCode.UNAVAILABLE))
        assert store.save_contribution(first, replace(first, title="Two", revision=2), CHANGE) is None
        line.order("Commit", refused(StatusCode.UNAVAILABLE))
        assert store.accept_contribution(a_contribution("B", key="K")) is None
        line.order("Commit", refused(StatusCode.UNAVAILABLE))
        assert not given(store, first)
