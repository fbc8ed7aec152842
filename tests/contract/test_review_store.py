"""What every store must do for the review queue."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from grpc import StatusCode

from rollcall.desk.ports import Store
from rollcall.model.email import Attempt, EmailStatus, confirmation
from rollcall.model.inbound import InboundStatus
from rollcall.model.registration import BotSignal, ConflictingForm, person_key
from rollcall.model.review import EVER, DifferingForm, Ending, Handling, ItemId, ItemKind, Waiting
from rollcall.model.staff import Action, AuditEntry, Press
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import a_registration, an_event
from tests.support.clock import Clock
from tests.support.faulty_firestore import Fault, answer_lost, faulty_firestore, refused

EVENT = an_event()
SLUG = EVENT.slug
ITEM = ItemId(ItemKind.DIFFERING, "A")
AT = EVENT.opens_at + timedelta(days=1)
FreshStore = Callable[[], Store]


@pytest.fixture(params=["sqlite", "firestore"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> FreshStore:
    if request.param == "sqlite":
        return lambda: SqliteStore(tmp_path / "rollcall.sqlite3", clock)
    project = request.getfixturevalue("project")
    return lambda: FirestoreStore(project)


@pytest.fixture
def store(fresh: FreshStore) -> Store:
    return fresh()


def noted(id: str = "P") -> AuditEntry:
    return Press(id, "staff@example.org", AT).entry(Action.REVIEW_TAKEN, about=str(ITEM))


def keep(store: Store, id: str, hours: int, event: str = SLUG, **changes: str) -> None:
    form = DifferingForm(id, a_registration(**changes), AT + timedelta(hours=hours), AT + timedelta(days=99))
    store.keep_conflict(event, id, ConflictingForm(form.registration, AT), form)


def end(store: Store, *ended: Waiting, id: str = "P") -> bool:
    there = store.handlings(SLUG, [ITEM]).get(ITEM, Handling(ITEM))
    return store.save_handling(SLUG, replace(there, ending=Ending.LEFT, ended_by="staff@example.org"), noted(id), ended)


def test_who_has_an_item_is_kept_with_its_audit_entry(store: Store, fresh: FreshStore) -> None:
    taken = Handling(ITEM, "staff@example.org", AT, "other@example.org", AT, Ending.CHANGED)
    assert store.handlings(SLUG, [ITEM]) == {}
    assert store.save_handling(SLUG, taken, noted())
    assert fresh().handlings(SLUG, [ITEM, ItemId(ItemKind.INBOUND, "A")]) == {ITEM: taken}
    assert fresh().audit_entry(SLUG, "P") == noted()
    assert fresh().handlings("another", [ITEM]) == {}


def test_of_two_who_take_an_item_one_does(store: Store, fresh: FreshStore) -> None:
    assert store.save_handling(SLUG, Handling(ITEM, "one@example.org", AT), noted("P"))
    assert not fresh().save_handling(SLUG, Handling(ITEM, "two@example.org", AT), noted("Q"))
    seen = fresh().handlings(SLUG, [ITEM])[ITEM]
    assert store.save_handling(SLUG, replace(seen, taken_by="two@example.org"), noted("R"))
    assert not store.save_handling(SLUG, replace(seen, taken_by="three@example.org"), noted("S"))
    assert [fresh().audit_entry(SLUG, id) is not None for id in "PQRS"] == [True, False, True, False]


def test_each_form_that_says_something_else_waits_until_it_is_ended(store: Store, fresh: FreshStore) -> None:
    for hours, id, category in ((1, "A", "associate"), (3, "A", "other"), (2, "B", "associate"), (4, "A", "associate")):
        keep(store, id, hours, category=category)
    keep(store, "A", 1, "another", category="associate")
    waiting = fresh().differing_waiting(SLUG, EVER, 9)
    assert [(one.registration_id, one.registration.category) for one in waiting] == [
        ("B", "associate"),
        ("A", "other"),
        ("A", "associate"),
    ]
    assert fresh().differing_waiting(SLUG, waiting[0].waits_since, 1) == [waiting[1]]
    its = fresh().differing_of(SLUG, "A", 9)
    assert its == waiting[1:]
    assert end(store, *its)
    assert fresh().differing_of(SLUG, "A", 9) == []
    assert fresh().differing_waiting(SLUG, EVER, 9) == waiting[:1]
    keep(store, "A", 5, category="other")
    assert [one.waits_since for one in fresh().differing_of(SLUG, "A", 9)] == [AT + timedelta(hours=5)]


def test_a_form_that_came_meanwhile_is_not_ended_with_the_one_that_was_seen(store: Store) -> None:
    keep(store, "A", 1, category="associate")
    seen = store.differing_of(SLUG, "A", 9)
    keep(store, "A", 2, category="associate")
    assert not end(store, *seen)
    assert len(store.differing_of(SLUG, "A", 9)) == 1
    assert store.handlings(SLUG, [ITEM]) == {}
    assert store.audit_entry(SLUG, "P") is None


def test_a_quarantined_form_waits_until_it_is_set_aside_or_comes_again(store: Store, fresh: FreshStore) -> None:
    person, other = a_registration(), a_registration(first_name="B")
    store.quarantine(SLUG, other, BotSignal.TOO_FAST, AT + timedelta(hours=1))
    store.quarantine(SLUG, person, BotSignal.TOO_FAST, AT)
    first, second = fresh().quarantined_waiting(SLUG, EVER, 9)
    assert (first.id, second.id, first.waits_since) == (person_key(person), person_key(other), AT)
    assert fresh().quarantined_waiting(SLUG, AT, 9) == [second]
    assert end(store, first)
    assert fresh().quarantined_waiting(SLUG, EVER, 9) == [second]
    there = fresh().quarantined_form(SLUG, first.item)
    assert there is not None
    assert (there.waits_since, there.form.registration) == (None, person)
    assert {one.id: one.waits_since for one in fresh().quarantined(SLUG, None, 9)} == {
        first.id: None,
        second.id: second.waits_since,
    }
    store.quarantine(SLUG, person, BotSignal.HIDDEN_FIELD, AT + timedelta(hours=2))
    assert [one.id for one in fresh().quarantined_waiting(SLUG, EVER, 9)] == [second.id, first.id]
    assert fresh().quarantined_form("another", first.item) is None
    assert fresh().quarantined_form(SLUG, first.item) is None
    assert "" != first.item != second.item


def needs_review(store: Store, id: str, received_at: datetime, event: str = SLUG) -> None:
    store.add_inbound(event, id)
    inbound = store.inbound(id)
    assert inbound is not None
    assert store.save_inbound(replace(inbound, status=InboundStatus.NEEDS_REVIEW, arrived_at=received_at, due_at=None))


def test_an_inbound_e_mail_waits_until_it_is_resolved(store: Store, fresh: FreshStore) -> None:
    needs_review(store, "M", AT - timedelta(hours=1))
    needs_review(store, "N", AT - timedelta(hours=2))
    needs_review(store, "O", AT, "another")
    store.add_inbound(SLUG, "P")
    waiting = fresh().inbound_waiting(SLUG, EVER, 9)
    assert [one.id for one in waiting] == ["N", "M"]
    assert end(store, waiting[0])
    there = fresh().inbound("N")
    assert there is not None
    assert (there.resolved, there.needs_review) == (True, False)
    assert [one.id for one in fresh().inbound_waiting(SLUG, EVER, 9)] == ["M"]
    left = fresh().inbound("M")
    assert left is not None
    assert store.save_inbound(replace(left, resolved=True))
    assert fresh().inbound_waiting(SLUG, EVER, 9) == []


def test_a_lost_e_mail_waits_until_it_is_dismissed(store: Store, fresh: FreshStore) -> None:
    for hours, id, status in ((2, "A", EmailStatus.BOUNCED), (1, "B", EmailStatus.FAILED), (3, "C", EmailStatus.SENT)):
        store.enqueue(confirmation(SLUG, id, "a@example.org"))
        entry = store.entry(f"{SLUG}.{id}.confirmation")
        assert entry is not None
        attempt = Attempt("1", AT + timedelta(hours=hours))
        assert store.save_entry(replace(entry, status=status, due_at=None, attempts=(attempt,)))
    lost = fresh().undelivered(SLUG, EVER, 9)
    assert [one.registration_id for one in lost] == ["B", "A"]
    assert end(store, lost[0])
    assert fresh().undelivered(SLUG, EVER, 9) == [lost[1]]
    dismissed = fresh().entry(lost[0].id)
    assert dismissed is not None
    assert (dismissed.dismissed, dismissed.is_lost, dismissed.status) == (True, False, EmailStatus.FAILED)
    assert store.save_entry(replace(dismissed, reason="looked at again"))
    assert fresh().undelivered(SLUG, EVER, 9) == [lost[1]]
    assert fresh().undelivered("another", EVER, 9) == []


@pytest.mark.parametrize("fault", [answer_lost(StatusCode.UNAVAILABLE), refused(StatusCode.UNAVAILABLE)])
def test_where_no_answer_came_it_is_ended_all_the_same(
    fault: Fault, emulator: str, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty_firestore(emulator) as line:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", line.address)
        store = FirestoreStore(project)
        keep(store, "A", 1, category="associate")
        seen = store.differing_of(SLUG, "A", 9)
        line.order("Commit", fault)
        assert end(store, *seen)
        assert len(line.requests("Commit")) == 3
        assert store.differing_of(SLUG, "A", 9) == []


def test_what_people_have_in_common_is_read_by_id(store: Store) -> None:
    for id, name in (("C", "Diállo"), ("A", "Diallo"), ("B", "Bah")):
        registration = a_registration(family_name=name)
        assert store.accept(SLUG, id, registration, confirmation(SLUG, id, registration.email))
    (one, first), (two, another), (three, alike) = store.similarities(SLUG)
    assert (one, two, three) == ("A", "B", "C")
    assert first == alike != another != ""
    assert list(store.similarities("another")) == []
