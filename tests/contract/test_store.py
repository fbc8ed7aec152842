"""What every store must do, on SQLite and on the official Firestore emulator."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from google.cloud import firestore
from grpc import StatusCode

from rollcall.desk.ports import Store
from rollcall.model import fault
from rollcall.model.announcement import Announcement, AnnouncementStatus, Wording
from rollcall.model.contribution import PaperDoubt, PaperFile, PaperKind
from rollcall.model.email import (
    AT_ONCE,
    Attempt,
    AttemptOutcome,
    EmailStatus,
    OutboxEntry,
    announcement_entry,
    confirmation,
    reply_entry,
    roster_entry,
    staff_digest,
    withdrawal_notice,
)
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import SMOKE_TEST
from rollcall.model.finding import EVERYONE, RECEIVED, STATUS, facet
from rollcall.model.inbound import (
    Doubt,
    FormStatus,
    InboundEmail,
    InboundForm,
    InboundPaper,
    InboundPaperStatus,
    InboundStatus,
    Reason,
    ReviewReason,
)
from rollcall.model.intake import Closing, EarlierDeadline, OnRoster, RosterVersion
from rollcall.model.invitation import Invitation
from rollcall.model.registration import (
    Actor,
    BotSignal,
    Change,
    ConflictingForm,
    Entered,
    IdempotencyKey,
    KeyUse,
    Outline,
    Registered,
    RegistrationStatus,
    Source,
    Way,
    Why,
    new_id,
    person_key,
)
from rollcall.model.staff import Action, Press
from rollcall.store.codec import SCHEMA_VERSION
from rollcall.store.database import Delete, Replace
from rollcall.store.firestore import FirestoreStore
from rollcall.store.personal_data_documents import DocumentStore
from rollcall.store.sqlite import OtherSchema, SqliteStore
from tests.support.builders import NOT_ME, a_registration, an_event
from tests.support.clock import Clock
from tests.support.faulty_firestore import (
    Fault,
    FaultyFirestore,
    answer_lost,
    answer_never_comes,
    faulty_firestore,
    passes,
    refused,
)

EVENT = an_event()
SLUG = EVENT.slug
FreshStore = Callable[[], Store]


SHIFTS = {"firestore": timedelta(0), "firestore in shifted time": timedelta(days=-9000, seconds=7)}


@pytest.fixture(params=["sqlite", "firestore", pytest.param("firestore in shifted time", marks=pytest.mark.slow)])
def fresh(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> FreshStore:
    """Opens the same store anew: what a session wrote is proved by another that reads it."""
    if request.param == "sqlite":
        return lambda: SqliteStore(tmp_path / "rollcall.sqlite3", clock)
    project = request.getfixturevalue("project")
    return lambda: FirestoreStore(project, shift=SHIFTS[request.param])


@pytest.fixture
def store(fresh: FreshStore) -> Store:
    return fresh()


def entry_to(id: str) -> str:
    return confirmation(SLUG, id, "a@example.org").id


def accept(store: Store, id: str = "A", **registration_of: Any) -> None:
    registration = a_registration(first_name=id, **registration_of)
    assert store.accept(SLUG, id, registration, confirmation(SLUG, id, registration.email)) is not None


def test_accept_writes_the_registration_and_its_e_mail(store: Store, fresh: FreshStore) -> None:
    registration = a_registration(family_name="Nguyễn")
    enqueue = confirmation(SLUG, "A", registration.email)
    received_at = store.accept(SLUG, "A", registration, enqueue)

    registered = fresh().registered(SLUG, "A")
    assert registered is not None
    assert registered.registration == registration
    assert registered.registration.family_name == "Nguyễn"
    assert registered.received_at == received_at
    entry = fresh().entry(enqueue.id)
    assert entry is not None
    assert (entry, entry.status, entry.due_at, entry.attempts) == (enqueue, EmailStatus.PENDING, AT_ONCE, ())
    assert fresh().registration_of(SLUG, person_key(registration)) == registered
    assert fresh().registration_of("another", person_key(registration)) is None


def test_it_is_kept_how_a_registration_came(store: Store, fresh: FreshStore) -> None:
    entered, registration = Entered(Source.FAX, "lunch", "scan"), a_registration()
    entry = confirmation(SLUG, "A", registration.email)
    assert store.accept(SLUG, "A", registration, entry, entered=entered, admitted=True, inbound_id="M")
    there = fresh().registered(SLUG, "A")
    assert there is not None
    assert (there.entered, there.admitted, there.inbound_id) == (entered, True, "M")


def test_two_registrations_become_one_in_one_commit(store: Store, fresh: FreshStore) -> None:
    accept(store, "Élodie")
    accept(store, "Elodie")
    first, double = (registered_as(store, id) for id in ("Élodie", "Elodie"))
    assert {one.id for one in store.registrations_like(SLUG, first.registration, 9)} == {first.id, double.id}
    one, other = (Change(Actor.STAFF, Way.DESK, why) for why in (Why.ONE_OF_TWO, Why.DOUBLE))
    kept = first, replace(first, revision=2), one
    withdrawn = replace(double, revision=2, status=RegistrationStatus.WITHDRAWN, double_of=first.id)
    stale = first, replace(first, revision=2), one
    assert store.save_registration(SLUG, double, withdrawn, other, beside=kept)
    assert fresh().registration_of(SLUG, person_key(double.registration)) == registered_as(store, "Élodie")
    assert [made.change for made in fresh().history(SLUG, registered_as(store, "Élodie"))] == [one]
    again = registered_as(store, "Elodie")
    assert store.save_registration(SLUG, again, replace(again, revision=3), other, beside=stale) is None
    assert registered_as(store, "Elodie").revision == 2


def registered_as(store: Store, id: str) -> Registered:
    there = store.registered(SLUG, id)
    assert there is not None
    return there


def test_accept_again_writes_nothing(store: Store) -> None:
    accept(store)
    other = a_registration(first_name="A", category="associate")
    assert store.accept(SLUG, "B", other, confirmation(SLUG, "B", "other@example.org")) is None
    there = store.registration_of(SLUG, person_key(other))
    assert there is not None
    assert (there.id, there.registration) == ("A", a_registration())
    assert store.registered(SLUG, "B") is None
    assert store.entry(entry_to("B")) is None


def test_of_many_who_accept_the_same_at_once_one_does(fresh: FreshStore) -> None:
    accepted: list[object] = []
    together = Barrier(4)

    def one() -> None:
        together.wait()
        id = new_id()
        accepted.append(fresh().accept(SLUG, id, a_registration(), confirmation(SLUG, id, "a@example.org")))

    threads = [Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([time for time in accepted if time is not None]) == 1
    assert len(accepted) == 4


def test_times_and_commits_have_one_order(store: Store) -> None:
    times = []
    for id in "ABCDE":
        times.append(store.now())
        received_at = store.accept(SLUG, id, a_registration(first_name=id), confirmation(SLUG, id, "a@example.org"))
        assert received_at is not None
        times.append(received_at)
    times.append(store.intake(EVENT).as_of)
    assert times == sorted(times)


def test_nobody_unknown_is_there(store: Store) -> None:
    assert store.registered(SLUG, "A") is None
    assert store.entry("none") is None
    assert store.roster_page(SLUG, "0-000000") == []
    assert store.registrations(SLUG, None, 10) == []


def test_the_intake_is_made_from_the_file_and_then_stands(store: Store, fresh: FreshStore) -> None:
    intake = store.intake(EVENT)
    assert (intake.opens_at, intake.closes_at, intake.closing) == (EVENT.opens_at, EVENT.closes_at, None)
    moved = replace(EVENT, closes_at=EVENT.closes_at + timedelta(days=1))
    assert fresh().intake(moved).closes_at == EVENT.closes_at


def test_registrations_come_in_pages_by_id(store: Store) -> None:
    for id in ("C", "A", "E", "B", "D"):
        accept(store, id)
    store.accept("another", "F", a_registration(), confirmation("another", "F", "a@example.org"))
    first = store.registrations(SLUG, None, 3)
    second = store.registrations(SLUG, first[-1].id, 3)
    assert [[one.id for one in page] for page in (first, second)] == [["A", "B", "C"], ["D", "E"]]
    assert store.registrations(SLUG, "E", 3) == []


def withdrawn(store: Store, id: str = "A") -> datetime | None:
    before = store.registered(SLUG, id)
    assert before is not None
    after = replace(before, status=RegistrationStatus.WITHDRAWN, revision=before.revision + 1)
    entry = withdrawal_notice(SLUG, id, 2, "staff@example.org")
    return store.save_registration(SLUG, before, after, NOT_ME, [entry])


def test_a_change_comes_with_its_history_and_its_e_mails(store: Store, fresh: FreshStore) -> None:
    accept(store)
    before = store.registered(SLUG, "A")
    assert before is not None
    assert (before.status, before.revision, before.changed_at) == ("registered", 1, before.received_at)
    asked_at = store.now()
    changed_at = withdrawn(store)
    after = fresh().registered(SLUG, "A")
    assert after is not None
    assert after == replace(before, status=RegistrationStatus.WITHDRAWN, revision=2)
    assert after.changed_at is not None
    assert asked_at < after.changed_at < store.now()
    assert after.changed_at == changed_at
    assert [after] == fresh().registrations(SLUG, None, 9) == fresh().registered_among(SLUG, ["A"])
    assert fresh().registrations(SLUG, None, 9)[0].changed_at == after.changed_at
    entry = fresh().entry(withdrawal_notice(SLUG, "A", 2, "staff@example.org").id)
    assert entry is not None
    assert (entry.to, entry.registration_id, entry.due_at) == ("staff@example.org", "A", AT_ONCE)
    assert isinstance(store, DocumentStore)
    history = store._database.read(f"events/{SLUG}/registrations/A/history/2")
    assert history.created_at == after.changed_at
    assert history.values is not None
    assert {name: value for name, value in history.values.items() if name != "commit"} == {
        "schema_version": SCHEMA_VERSION,
        "before": {"status": "registered", "revision": 1},
        "after": {"status": "withdrawn", "revision": 2},
        "by": "registrant",
        "way": "link",
        "why": "not_me",
        "inbound_id": "",
    }


def test_a_registration_read_before_another_wrote_is_not_saved(store: Store, fresh: FreshStore) -> None:
    accept(store)
    before = store.registered(SLUG, "A")
    assert before is not None
    assert withdrawn(fresh())
    other = replace(before, revision=2)
    enqueue = withdrawal_notice(SLUG, "A", 2, "other@example.org")
    assert not store.save_registration(SLUG, before, other, NOT_ME, [enqueue])
    assert fresh().entry(enqueue.id) is None
    assert fresh().registered(SLUG, "A") == replace(before, status=RegistrationStatus.WITHDRAWN, revision=2)


CHANGED = Change(Actor.REGISTRANT, Way.LINK, Why.CHANGED)


def changed(store: Store, person: str | None = None, **registration: Any) -> bool:
    before = store.registered(SLUG, "A")
    assert before is not None
    after = replace(before, registration=replace(before.registration, **registration), revision=before.revision + 1)
    return store.save_registration(SLUG, before, after, CHANGED, [], person) is not None


def test_history_tells_every_state(store: Store, fresh: FreshStore) -> None:
    accept(store)
    first = store.registered(SLUG, "A")
    assert first is not None
    for number in range(2, 13):  # ids are text: 10 comes before 2
        assert changed(store, answers={**first.registration.answers, "hotel": f"Hotel {number}"}, language="fr")
    assert withdrawn(store)
    last = fresh().registered(SLUG, "A")
    assert last is not None
    history = fresh().history(SLUG, last)
    assert [one.number for one in history] == list(range(2, 14))
    assert history[0].before == first
    assert history[0].change == CHANGED
    assert (history[-1].after, history[-1].change) == (last, NOT_ME)
    assert [one.after for one in history[:-1]] == [one.before for one in history[1:]]
    assert [one.after.registration.answers["hotel"] for one in history[:-1]] == [f"Hotel {n}" for n in range(2, 13)]
    times = [at for one in (history[0].before, *(one.after for one in history)) if (at := one.changed_at)]
    assert times == sorted(times)
    assert (times[0], times[-1]) == (first.received_at, last.changed_at)
    assert fresh().history(SLUG, history[3].after) == history[:4]
    assert fresh().history(SLUG, first) == []


def test_a_corrected_name_is_found_under_both(store: Store, fresh: FreshStore) -> None:
    accept(store)
    old, new = (person_key(a_registration(first_name=name)) for name in ("A", "Anna"))
    assert changed(store, new, first_name="Anna")
    found = [fresh().registration_of(SLUG, key) for key in (old, new)]
    assert found == 2 * [fresh().registered(SLUG, "A")]
    accept(store, "B")
    assert not changed(store, person_key(a_registration(first_name="B")), first_name="B")
    there = fresh().registered(SLUG, "A")
    assert there is not None
    assert (there.registration.first_name, there.revision) == ("Anna", 2)


def test_registrations_are_found_by_address_however_it_is_written(store: Store, fresh: FreshStore) -> None:
    accept(store)
    accept(store, "B")
    accept(store, "C", email="C@Example.org")
    address = a_registration().email
    assert [one.id for one in fresh().registrations_under(SLUG, address.upper(), 9)] == ["A", "B"]
    assert [one.id for one in fresh().registrations_under(SLUG, address, 1)] == ["A"]
    assert [one.id for one in fresh().registrations_under(SLUG, "c@EXAMPLE.ORG", 9)] == ["C"]
    assert fresh().registrations_under("another", address, 9) == []
    assert changed(store, email="new@example.org")
    assert [one.id for one in fresh().registrations_under(SLUG, address, 9)] == ["B"]
    assert [one.id for one in fresh().registrations_under(SLUG, "new@example.org", 9)] == ["A"]


def found(store: Store, *terms: str, after: str | None = None, limit: int = 9) -> list[str]:
    return [one.id for one in store.find(SLUG, terms, after, limit)]


def test_registrations_are_found_by_a_beginning_in_the_order_of_names(store: Store, fresh: FreshStore) -> None:
    for id, name in (("A", "Ødegård"), ("B", "Åberg"), ("C", "Diallo"), ("D", "Dial"), ("E", "Zhou")):
        accept(store, id, family_name=name, email=f"{id}@mail{id}.example")
    store.accept("another", "F", a_registration(), confirmation("another", "F", "a@example.org"))
    assert found(fresh(), EVERYONE) == ["B", "D", "C", "A", "E"]
    assert found(fresh(), "dial") == ["D", "C"]
    assert found(fresh(), "odegar") == ["A"]
    assert found(fresh(), facet("category", "member-state"), limit=2) == ["B", "D"]
    assert found(fresh(), "di", "zhou") == ["D", "C", "E"]
    assert found(fresh(), "dial", "di") == ["D", "C"]
    assert found(fresh(), facet("category", "no-such")) == []


def test_a_page_of_those_found_goes_on_after_the_last(store: Store, fresh: FreshStore) -> None:
    for id in "DBCA":
        accept(store, id, family_name="Same")
    accept(store, "E", family_name="Other")
    assert found(fresh(), "same", limit=3) == ["A", "B", "C"]
    assert found(fresh(), "same", after="C") == ["D"]
    assert found(fresh(), EVERYONE, after="E", limit=1) == ["A"]
    assert found(fresh(), "same", "other", after="E", limit=2) == ["A", "B"]
    assert found(fresh(), EVERYONE, after="none", limit=1) == ["E"]


def test_whoever_is_changed_is_found_as_they_are_now(store: Store, fresh: FreshStore) -> None:
    accept(store)
    assert changed(
        store, family_name="Okafor", email="o@example.org", answers={"organization": "Post"}, category="associate"
    )
    assert found(fresh(), "okafor") == found(fresh(), "post") == found(fresh(), facet("category", "associate")) == ["A"]
    assert found(fresh(), "diallo") == found(fresh(), facet("category", "member-state")) == []
    assert withdrawn(store)
    assert found(fresh(), facet(STATUS, "withdrawn")) == ["A"]
    assert found(fresh(), facet(STATUS, "registered")) == []
    there = fresh().registered(SLUG, "A")
    assert there is not None
    received_on = there.received_at.astimezone(UTC).date()
    assert found(fresh(), facet(RECEIVED, received_on.isoformat())) == ["A"]
    assert fresh().history(SLUG, there)[0].before.registration.family_name == "Diallo"


def test_no_history_keeps_what_a_registration_is_found_by(store: Store) -> None:
    accept(store)
    assert changed(store, family_name="Okafor")
    assert isinstance(store, DocumentStore)
    kept = store._database.read(f"events/{SLUG}/registrations/A/history/2").values
    assert kept is not None
    assert {"family_name", "revision"} <= set(kept["after"])
    assert not {"terms", "name_key"} & {*kept["before"], *kept["after"]}


def test_a_registration_of_before_there_were_terms_still_stands(store: Store, fresh: FreshStore) -> None:
    accept(store)
    assert isinstance(store, DocumentStore)
    path = f"events/{SLUG}/registrations/A"
    there = store._database.read(path).values
    assert there is not None
    store._database.commit(
        Replace(path, {name: one for name, one in there.items() if name not in ("terms", "name_key")})
    )
    assert fresh().registrations(SLUG, None, 9)[0].registration == a_registration(first_name="A")
    assert found(fresh(), EVERYONE) == []
    assert changed(store, language="fr")
    assert found(fresh(), EVERYONE) == ["A"]
    store._database.commit(Delete(path))
    assert found(fresh(), EVERYONE) == []


def test_outlines_say_what_is_counted(store: Store, fresh: FreshStore) -> None:
    for id in "AB":
        accept(store, id, answers={"country": "GN", "hotel": "Cornavin"}, language="fr")
    assert withdrawn(store)
    there = fresh().registered(SLUG, "A")
    assert there is not None
    assert there.changed_at is not None
    first, second = fresh().outlines(SLUG, ["country", "nationality"])
    expected = Outline(
        "A",
        there.received_at,
        "member-state",
        "fr",
        {"country": "GN"},
        RegistrationStatus.WITHDRAWN,
        2,
        1,
        None,
        None,
        there.changed_at,
    )
    assert first == expected
    assert (second.id, second.status, second.revision) == ("B", RegistrationStatus.REGISTERED, 1)
    assert [one.answers for one in fresh().outlines(SLUG, [])] == [{}, {}]
    assert list(fresh().outlines("another", [])) == []


def test_the_last_conflicting_form_is_kept(store: Store, fresh: FreshStore) -> None:
    assert store.conflict(SLUG, "A") is None
    first, last = (ConflictingForm(a_registration(first_name=name), EVENT.closes_at) for name in "XY")
    for form in (first, last):
        store.keep_conflict(SLUG, "A", form)
    kept = fresh().conflict(SLUG, "A")
    assert kept == last
    assert kept.registration.first_name == "Y"
    assert fresh().conflict(SLUG, "B") is None


def test_entries_about_a_registration(store: Store, fresh: FreshStore) -> None:
    accept(store)
    accept(store, "B")
    notice = withdrawal_notice(SLUG, "A", 2, "staff@example.org")
    store.enqueue(notice)
    assert [one.id for one in fresh().entries_about("A", 9)] == [f"{SLUG}.A.confirmation", notice.id]
    assert fresh().entries_about("A", 9)[1].revision == 2
    assert len(fresh().entries_about("A", 1)) == 1


def test_a_form_is_kept_once_a_person(store: Store, fresh: FreshStore) -> None:
    registration = a_registration(family_name="Nguyễn")
    store.quarantine(SLUG, replace(registration, category="associate"), BotSignal.TOO_FAST)
    before = store.now()
    store.quarantine(SLUG, registration, BotSignal.HIDDEN_FIELD)
    (form,) = fresh().quarantined(SLUG, None, 10)
    assert (form.id, form.signal) == (person_key(registration), BotSignal.HIDDEN_FIELD)
    assert form.form.registration == registration
    assert form.form.registration.family_name == "Nguyễn"
    assert before < form.form.received_at < store.now()
    assert store.registration_of(SLUG, person_key(registration)) is None


def test_kept_forms_come_in_pages_by_id(store: Store) -> None:
    people = [a_registration(first_name=name) for name in "CAB"]
    for person in people:
        store.quarantine(SLUG, person, BotSignal.TOO_FAST)
    store.quarantine("another", a_registration(), BotSignal.TOO_FAST)
    first = store.quarantined(SLUG, None, 2)
    second = store.quarantined(SLUG, first[-1].id, 2)
    assert [one.id for page in (first, second) for one in page] == sorted(map(person_key, people))
    assert store.quarantined(SLUG, second[-1].id, 2) == []


def test_an_e_mail_that_is_for_later_is_not_due_before(store: Store, fresh: FreshStore) -> None:
    later, earlier = (store.now() + timedelta(hours=hours) for hours in (1, -1))
    for to, not_before in (("later@example.org", later), ("earlier@example.org", earlier)):
        entry = staff_digest(SLUG, "20040203", to, not_before)
        store.enqueue(entry)
        there = fresh().entry(entry.id)
        assert there is not None
        assert (there, there.due_at) == (entry, not_before)
    assert list(store.due_entries(10)) == [entry.id]


def test_an_e_mail_is_queued_once(store: Store) -> None:
    entry = roster_entry(SLUG, 1, "staff@example.org")
    store.enqueue(entry)
    there = store.entry(entry.id)
    assert there is not None
    assert store.save_entry(replace(there, status=EmailStatus.SENT, due_at=None))
    store.enqueue(entry)
    there = store.entry(entry.id)
    assert there is not None
    assert there.status is EmailStatus.SENT


def test_an_e_mail_read_before_another_wrote_is_not_saved(store: Store, clock: Clock) -> None:
    accept(store)
    one, other = store.entry(entry_to("A")), store.entry(entry_to("A"))
    assert one is not None
    assert other is not None
    assert store.save_entry(replace(one, attempts=(Attempt("one", clock.now),), status=EmailStatus.SENDING))
    assert not store.save_entry(replace(other, attempts=(Attempt("other", clock.now),), status=EmailStatus.SENDING))


def test_of_many_threads_of_one_store_that_claim_the_same_e_mails_one_has_each(store: Store) -> None:
    for id in "ABCDE":
        accept(store, id)
    together = Barrier(8)

    def claims(name: str) -> list[str]:
        together.wait()
        entries = [store.entry(id) for id in store.due_entries(10)]
        now = store.circuit_breaker().as_of
        claimed = [replace(one, attempts=(Attempt(name, now),), due_at=None) for one in entries if one and one.due_at]
        return [one.id for one in claimed if store.save_entry(one)]

    with ThreadPoolExecutor(8) as pool:
        had = [id for ids in pool.map(claims, "12345678") for id in ids]
    assert sorted(had) == [entry_to(id) for id in "ABCDE"]


def test_due_e_mails_are_those_whose_time_has_come(store: Store) -> None:
    for id in "ABCD":
        accept(store, id)
    for id, due_at in (("A", None), ("B", store.now() + timedelta(hours=1)), ("C", store.now() - timedelta(hours=1))):
        entry = store.entry(entry_to(id))
        assert entry is not None
        assert store.save_entry(replace(entry, due_at=due_at))
    assert list(store.due_entries(10)) == [entry_to("D"), entry_to("C")]
    assert list(store.due_entries(1)) == [entry_to("D")]


def test_when_an_e_mail_was_queued(store: Store, fresh: FreshStore) -> None:
    """It stays so when the entry is saved, and where it is enqueued again."""
    before = store.now()
    accept(store)
    after = store.now()
    entry = fresh().entry(entry_to("A"))
    assert entry is not None
    assert before < entry.enqueued_at < after
    assert store.save_entry(replace(entry, status=EmailStatus.FAILED, due_at=None, enqueued_at=AT_ONCE))
    assert store.save_circuit_breaker(store.circuit_breaker(), [entry])
    again = fresh().entry(entry_to("A"))
    assert again is not None
    assert (again.status, again.enqueued_at) == (EmailStatus.PENDING, entry.enqueued_at)
    assert [one.enqueued_at for one in fresh().unsent_entries(SLUG, None, 99)] == [entry.enqueued_at]


def test_a_test_person_is_forgotten_and_nobody_else(store: Store, fresh: FreshStore) -> None:
    slug = SMOKE_TEST.slug
    for event, id in ((slug, "A"), (slug, "B"), (SLUG, "A")):
        registration = a_registration(first_name=id)
        store.accept(event, id, registration, confirmation(event, id, registration.email))
        store.quarantine(event, registration, BotSignal.TOO_FAST)
    person, other = (person_key(a_registration(first_name=id)) for id in "AB")
    for _ in range(2):  # the second time there is nothing
        store.forget_test_person("A", person, [confirmation(slug, "A", "").id, "none"])
        assert fresh().registered(slug, "A") is None
        assert fresh().people_among(slug, [person, other]) == {other}
        assert [one.id for one in fresh().registrations(slug, None, 10)] == ["B"]
        assert [one.id for one in fresh().quarantined(slug, None, 10)] == [other]
        assert fresh().registered(SLUG, "A") is not None
        assert fresh().people_among(SLUG, [person]) == {person}
        assert list(fresh().due_entries(10)) == [entry_to("A"), confirmation(slug, "B", "").id]


def test_an_e_mail_is_postponed(store: Store, fresh: FreshStore) -> None:
    accept(store)
    until = store.now() + timedelta(hours=1)
    store.postpone(entry_to("A"), until)
    entry = fresh().entry(entry_to("A"))
    assert entry is not None
    assert (entry.due_at, entry.status, entry.to) == (until, EmailStatus.PENDING, a_registration().email)
    assert list(fresh().due_entries(10)) == []
    assert store.save_entry(replace(entry, due_at=None))


def test_unsent_e_mails_are_the_events_own(store: Store) -> None:
    accept(store, "A")
    accept(store, "B")
    store.accept("another", "C", a_registration(), confirmation("another", "C", "a@example.org"))
    sent = store.entry(entry_to("A"))
    assert sent is not None
    store.save_entry(replace(sent, status=EmailStatus.SENT, due_at=None))
    assert [entry.id for entry in store.unsent_entries(SLUG, None, 99)] == [entry_to("B")]


def test_unsent_e_mails_come_in_pages_by_id(store: Store) -> None:
    """And so the confirmations among them in the order of the people's ids."""
    for id in ("B", "D", "A", "C"):
        accept(store, id)
    sent = store.entry(entry_to("B"))
    assert sent is not None
    assert store.save_entry(replace(sent, status=EmailStatus.DELIVERED, due_at=None))
    first = [entry.id for entry in store.unsent_entries(SLUG, None, 2)]
    assert first == [entry_to("A"), entry_to("C")]
    assert [entry.id for entry in store.unsent_entries(SLUG, first[-1], 2)] == [entry_to("D")]
    assert store.unsent_entries(SLUG, entry_to("D"), 2) == []


def test_people_are_looked_up_by_many_ids_at_once(store: Store, fresh: FreshStore) -> None:
    for id in "ABC":
        accept(store, id)
    store.accept("another", "D", a_registration(), confirmation("another", "D", "a@example.org"))
    found = fresh().registered_among(SLUG, ["C", "A", "C", "D", "NOBODY"])
    assert sorted(found, key=lambda one: one.id) == [store.registered(SLUG, "A"), store.registered(SLUG, "C")]
    assert store.registered_among(SLUG, []) == []
    assert len(store.registered_among(SLUG, [*"ABC", *map(str, range(497))])) == 3


def test_an_e_mail_comes_back_as_it_was_saved(store: Store, fresh: FreshStore) -> None:
    accept(store)
    entry = store.entry(entry_to("A"))
    assert entry is not None
    now = store.now()
    attempts = (
        Attempt("one", now - timedelta(hours=1), AttemptOutcome.UNKNOWN, "reset"),
        Attempt("two", now, AttemptOutcome.ACCEPTED),
    )
    saved = replace(entry, status=EmailStatus.BOUNCED, due_at=None, attempts=attempts, reason="no such mailbox")
    assert store.save_entry(saved)
    assert fresh().entry(entry_to("A")) == saved


def test_what_is_enqueued_with_an_e_mail_is_enqueued_with_it_or_not_at_all(store: Store, fresh: FreshStore) -> None:
    accept(store)
    entry = store.entry(entry_to("A"))
    assert entry is not None
    later = store.now() + timedelta(hours=1)
    enqueue = staff_digest(SLUG, "20040202T12", "staff@example.org", later)
    assert store.save_entry(replace(entry, reason="one"), [enqueue])
    assert not store.save_entry(replace(entry, reason="other"), [staff_digest(SLUG, "x", "a@example.org", later)])
    told = fresh().entry(enqueue.id)
    assert told is not None
    assert told == enqueue
    assert told.due_at == later
    assert fresh().entry(staff_digest(SLUG, "x", "a@example.org", later).id) is None
    assert list(fresh().due_entries(10)) == [entry_to("A")]


def test_what_is_enqueued_anew_is_due_anew(store: Store) -> None:
    accept(store)
    enqueue = staff_digest(SLUG, "20040202T12", "staff@example.org", AT_ONCE)
    for _ in range(2):
        entry = store.entry(entry_to("A"))
        assert entry is not None
        assert store.save_entry(entry, [enqueue])
        told = store.entry(enqueue.id)
        assert told is not None
        assert told.due_at == AT_ONCE
        assert store.save_entry(replace(told, status=EmailStatus.SENT, due_at=None))


def test_e_mails_to_an_address_are_counted_however_it_is_written(store: Store) -> None:
    now, refused, taken = store.now(), AttemptOutcome.REJECTED, AttemptOutcome.ACCEPTED
    for id, to, at in (
        ("A", "victim@example.org", now),
        ("B", "Victim@EXAMPLE.org", now - timedelta(hours=1)),
        ("C", "victim@example.org", now - timedelta(days=2)),
        ("D", "victim@example.org", None),
        ("F", "victim@example.org", now),
        ("E", "other@example.org", now),
        ("G", "info@bücher.example.org", now),
        ("H", "victim+1@example.org", now),
        ("I", "victim@example｡org", now),
    ):
        store.accept(SLUG, id, a_registration(first_name=id), confirmation(SLUG, id, to))
        entry = store.entry(entry_to(id))
        assert entry is not None
        assert store.save_entry(
            replace(entry, attempts=(Attempt(id, at, refused if id == "F" else taken),) if at else ())
        )
    since = now - timedelta(days=1)
    assert store.recently_sent(["VICTIM@example.org"], since, 50).total() == 4
    assert store.recently_sent(["victim+2@example.org"], since, 50).total() == 4
    assert store.recently_sent(["victim@example.org"], since, 1).total() == 1
    assert store.recently_sent(["nobody@example.org"], since, 50).total() == 0
    assert store.recently_sent(["info@xn--bcher-kva.example.org"], since, 50).total() == 1
    together = ["VICTIM@example.org", "victim+2@example.org", "info@xn--bcher-kva.example.org", "nobody@example.org"]
    others = [f"{number}@example.org" for number in range(40)]
    assert sorted(store.recently_sent([*together, *others], since, 50).values()) == [1, 4]
    assert sorted(store.recently_sent(together, since, 2).values()) == [1, 2]
    assert [entry.id for entry in store.sent_to("victim+1@example.org", since, now)] == [entry_to("H")]
    sent = store.sent_to("VICTIM@example.org", since, now)
    assert [entry.id for entry in sent] == [entry_to("B"), entry_to("A"), entry_to("I")]
    assert store.sent_to("victim@example.org", since, now - timedelta(minutes=1)) == sent[:1]
    assert store.sent_to("victim@example.org", now - timedelta(hours=1), now) == sent[1:]


def test_e_mails_to_registrants_are_counted_by_event(store: Store, fresh: FreshStore) -> None:
    hour_ago = store.now() - timedelta(hours=1)

    def sent(entry: OutboxEntry, at: datetime, outcome: AttemptOutcome = AttemptOutcome.ACCEPTED) -> None:
        store.enqueue(entry)
        there = store.entry(entry.id)
        assert there is not None
        assert store.save_entry(replace(there, attempts=(Attempt("one", at, outcome),)))

    for id in ("A", "B"):
        sent(confirmation(SLUG, id, f"{id}@example.org"), store.now())
    sent(confirmation(SLUG, "C", "c@example.org"), store.now(), AttemptOutcome.IN_PROGRESS)
    sent(confirmation(SLUG, "D", "d@example.org"), store.now(), AttemptOutcome.OVER_TOTAL)
    sent(confirmation(SLUG, "E", "e@example.org"), hour_ago - timedelta(seconds=1))
    sent(confirmation("another", "F", "f@example.org"), store.now())
    sent(roster_entry(SLUG, 1, "staff@example.org"), store.now())
    assert fresh().sent_to_registrants(SLUG, hour_ago, 99) == 3
    assert fresh().sent_to_registrants(SLUG, hour_ago, 2) == 2
    assert fresh().sent_to_registrants("nobody", hour_ago, 99) == 0


def test_the_circuit_breaker_comes_back_as_it_was_saved(store: Store, fresh: FreshStore) -> None:
    before = store.now()
    new = store.circuit_breaker()
    assert new.as_of > before
    assert not new.is_open
    held = replace(new, opened_at=before, open_until=new.as_of + timedelta(minutes=1), times_opened=1, note="401")
    enqueue = staff_digest(SLUG, "20040202T12", "staff@example.org", AT_ONCE)
    assert store.save_circuit_breaker(held, [enqueue])
    assert not store.save_circuit_breaker(replace(new, note="403"), [])
    read = fresh().circuit_breaker()
    assert read == replace(held, as_of=read.as_of)
    assert fresh().entry(enqueue.id) is not None
    assert fresh().save_circuit_breaker(replace(read, open_until=None), [])
    assert not store.save_circuit_breaker(replace(read, note="403"), [])
    assert fresh().circuit_breaker().open_until is None


def test_a_registration_is_found_under_its_key(store: Store, fresh: FreshStore) -> None:
    key, another = (IdempotencyKey(id, EVENT.closes_at) for id in ("key", "another key"))
    one, other = confirmation(SLUG, "A", "a@example.org"), confirmation(SLUG, "B", "b@example.org")
    assert store.accept(SLUG, "A", a_registration(), one, key)
    assert fresh().use_of_key(SLUG, "key") == KeyUse("A", is_duplicate=False)
    assert fresh().use_of_key("another", "key") is None
    assert store.accept(SLUG, "B", a_registration(first_name="B"), other, key) is None
    assert fresh().registered(SLUG, "B") is None
    assert fresh().entry(other.id) is None
    assert store.accept(SLUG, "C", a_registration(), confirmation(SLUG, "C", "a@example.org"), another) is None
    assert fresh().use_of_key(SLUG, "another key") is None
    assert store.remember_use(SLUG, another, KeyUse("A", is_duplicate=True))
    assert fresh().use_of_key(SLUG, "another key") == KeyUse("A", is_duplicate=True)
    for used in (key, another):
        assert not store.remember_use(SLUG, used, KeyUse("B", is_duplicate=True))
        assert store.accept(SLUG, "B", a_registration(first_name="B"), other, used) is None
    assert store.accept("another", "A", a_registration(), confirmation("another", "A", "a@example.org"), key)


def test_a_link_is_revoked_where_nobody_changed_the_intake(store: Store, fresh: FreshStore) -> None:
    one, other = store.intake(EVENT), fresh().intake(EVENT)
    assert store.revoke_link(SLUG, one, "A")
    assert not fresh().revoke_link(SLUG, other, "B")
    assert store.revoke_link(SLUG, fresh().intake(EVENT), "B")
    assert fresh().intake(EVENT).revoked_links == ("A", "B")
    assert store.move_deadline(SLUG, store.intake(EVENT), EVENT.closes_at + timedelta(hours=1))
    assert fresh().intake(EVENT).revoked_links == ("A", "B")


def test_a_deadline_is_moved_where_nobody_changed_the_intake(store: Store, fresh: FreshStore) -> None:
    one, other = store.intake(EVENT), fresh().intake(EVENT)
    later = EVENT.closes_at + timedelta(days=1)
    assert store.move_deadline(SLUG, one, later)
    assert not fresh().move_deadline(SLUG, other, later)
    moved = fresh().intake(EVENT)
    assert moved.closes_at == later
    assert moved.history == (EarlierDeadline(EVENT.closes_at, one.as_of),)
    assert not store.record_closing(SLUG, one, Closing(0, "", 0), [])
    assert store.record_closing(SLUG, moved, Closing(0, "", 0), [])
    assert not store.move_deadline(SLUG, moved, later)


def test_the_intakes_that_should_be_closed(store: Store, fresh: FreshStore) -> None:
    assert store.due_intakes(EVENT.closes_at) == []
    hour = timedelta(hours=1)
    events = [
        replace(EVENT, slug=slug, closes_at=EVENT.closes_at + hours * hour)
        for slug, hours in (("later", 1), ("first", -1), ("closed", -1), ("at", 0), ("moved", -1), ("nearer", 9))
    ]
    intakes = {event.slug: store.intake(event) for event in events}
    assert store.known_events() == {event.slug for event in events}
    assert store.record_closing("closed", intakes["closed"], Closing(0, "", 0), [])
    assert store.move_deadline("moved", intakes["moved"], EVENT.closes_at + hour)
    assert store.move_deadline("nearer", intakes["nearer"], EVENT.closes_at - 2 * hour)
    assert fresh().due_intakes(EVENT.closes_at) == ["nearer", "first"]
    assert fresh().due_intakes(EVENT.closes_at + timedelta(microseconds=1)) == ["nearer", "first", "at"]


def test_a_closing_is_recorded_once_with_its_e_mails(store: Store, fresh: FreshStore) -> None:
    one, other = store.intake(EVENT), fresh().intake(EVENT)
    closing = Closing(count=2, sha256="ab", pages=1)
    entry, rows = roster_entry(SLUG, 1, "staff@example.org"), [OnRoster("A", 1), OnRoster("B", 7)]
    store.write_roster_page(SLUG, "0-000000", rows)
    store.write_roster_page(SLUG, "0-000000", rows)
    assert store.record_closing(SLUG, one, closing, [entry])
    assert not fresh().record_closing(SLUG, other, Closing(3, "cd", 1), [roster_entry(SLUG, 1, "b@example.org")])
    assert fresh().intake(EVENT).closing == closing
    assert fresh().roster_page(SLUG, "0-000000") == rows
    assert fresh().entry(entry.id) is not None
    assert fresh().entry(roster_entry(SLUG, 1, "b@example.org").id) is None


def test_a_later_version_is_recorded_once_with_its_e_mails_and_the_next_look(store: Store, fresh: FreshStore) -> None:
    assert store.record_closing(SLUG, replace(store.intake(EVENT), looks_at=EVENT.closes_at), Closing(2, "ab", 1), [])
    one, other = store.intake(EVENT), fresh().intake(EVENT)
    first = RosterVersion(1, 2, "ab", 1, EVENT.closes_at, "0")
    assert (one.versions, one.looks_at) == ((first,), EVENT.closes_at)
    version = RosterVersion(2, 1, "cd", 1, one.as_of, "v2-ours")
    ours, theirs = (roster_entry(SLUG, 2, to) for to in ("ours@example.org", "theirs@example.org"))
    morning = EVENT.closes_at + timedelta(hours=8)
    assert store.record_look(SLUG, one, morning, version, [ours])
    assert not fresh().record_look(SLUG, other, morning, replace(version, name="v2-theirs"), [theirs])
    there = fresh().intake(EVENT)
    assert (there.versions, there.looks_at) == ((first, version), morning)
    assert fresh().entry(ours.id) is not None
    assert fresh().entry(theirs.id) is None
    assert store.record_look(SLUG, there, None)
    assert (fresh().intake(EVENT).versions, fresh().intake(EVENT).looks_at) == ((first, version), None)


def test_the_rosters_to_be_looked_at(store: Store, fresh: FreshStore) -> None:
    assert store.due_looks(EVENT.closes_at) == []
    second = timedelta(seconds=1)
    times = {"first": -2 * second, "at": 0 * second, "later": second, "over": None}
    for slug, ahead in times.items():
        intake = store.intake(replace(EVENT, slug=slug))
        looks_at = None if ahead is None else EVENT.closes_at + ahead
        assert store.record_closing(slug, replace(intake, looks_at=looks_at), Closing(0, "", 0), [])
    store.intake(replace(EVENT, slug="open"))
    assert fresh().due_looks(EVENT.closes_at) == ["first", "at"]


def test_when_the_message_came_that_a_registration_came_in(store: Store, fresh: FreshStore) -> None:
    arrived_at = store.now() - timedelta(hours=3)
    assert store.accept(SLUG, "A", a_registration(), confirmation(SLUG, "A", "a@example.org"), arrived_at=arrived_at)
    accept(store, "B")
    in_mail, on_the_page = fresh().registered(SLUG, "A"), fresh().registered(SLUG, "B")
    assert in_mail is not None
    assert on_the_page is not None
    assert (in_mail.arrived_at, on_the_page.arrived_at) == (arrived_at, None)
    assert in_mail.registration == on_the_page.registration == a_registration()
    assert fresh().registrations(SLUG, None, 10) == [in_mail, on_the_page]


def test_an_e_mail_keeps_what_it_is_about_and_what_it_answers(store: Store, fresh: FreshStore) -> None:
    entry = replace(confirmation(SLUG, "A", "a@example.org", ("<one@example.org>", "<two@x>")), inbound_id="M")
    store.enqueue(entry)
    there = fresh().entry(entry.id)
    assert there == entry
    assert store.save_entry(replace(there, status=EmailStatus.SENT, due_at=None))
    assert fresh().entry(entry.id) == replace(entry, status=EmailStatus.SENT, due_at=None)


def came_in(store: Store, id: str = "M") -> InboundEmail:
    """The message that was just taken in."""
    store.add_inbound(SLUG, id)
    inbound = store.inbound(id)
    assert inbound is not None
    return inbound


def read(inbound: InboundEmail, arrived_at: datetime | None) -> InboundEmail:
    """All that may come of a message, in characters of every kind."""
    return replace(
        inbound,
        status=InboundStatus.WAITING_FOR_SENDER,
        due_at=None,
        attempts=2,
        sender="amina.diallo@mpt.example.org",
        subject="Inscription \u2014 Nguyễn 登録 🙂",
        message_id="<one@example.org>",
        references=("<zero@example.org>", "<half@example.org>"),
        arrived_at=arrived_at,
        forms=(
            InboundForm(FormStatus.REGISTERED, "A"),
            InboundForm(
                FormStatus.INCOMPLETE,
                answers={"address": "BP 3000\nConakry\r\n\u2028Guinée\t\x00", "at": "noon", "due_at": "", "a.b": "`c`"},
                faults={
                    "email": (fault.Fault("required"), fault.Fault("too_long", {"length": 101, "max_length": 100})),
                    "came_at": (),
                },
                doubts={Doubt.UNKNOWN_LABEL: ("Passport No.", "N°"), Doubt.QUOTED: ()},
                language="fr",
            ),
        ),
        not_read=("scan 1.tiff", ""),
        text="Bonjour,\r\n\r\n\x0b> et voilà",
        reasons=(Reason(ReviewReason.NO_FORM), Reason(ReviewReason.SPF_NOT_PASSED, {"outcome": "fail"})),
        answered=True,
        resolved=True,
        language="fr",
        sender_name="Amina Diallo",
        papers=(
            InboundPaper(InboundPaperStatus.RECEIVED, "C"),
            InboundPaper(
                InboundPaperStatus.INCOMPLETE,
                title="L’internet \u2014 登録",
                files=(PaperFile("F", "exposé.pdf", "application/pdf", "fr", 12_345_678_901, "ab" * 32),),
                faults={"source": (fault.Fault("required"),)},
                doubt=PaperDoubt.ACTIVE,
                kind=PaperKind.ADDENDUM,
            ),
        ),
        consent="Yes.",
    )


def test_a_message_is_taken_in_once(store: Store, fresh: FreshStore) -> None:
    before = store.now()
    came = came_in(store)
    assert (came.id, came.event, came.status, came.due_at) == ("M", SLUG, InboundStatus.UNREAD, AT_ONCE)
    assert came == InboundEmail("M", SLUG, came.stored_at, due_at=AT_ONCE)
    assert before < came.stored_at < store.now()

    now_read = replace(came, status=InboundStatus.SPAM, due_at=None)
    assert fresh().save_inbound(now_read)
    fresh().add_inbound("another", "M")
    assert fresh().inbound("M") == now_read


def test_of_many_who_take_in_the_same_at_once_all_come_through(fresh: FreshStore) -> None:
    together, came = Barrier(4), []

    def one() -> None:
        together.wait()
        came.append(came_in(fresh()))

    threads = [Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(came) == 4
    assert came == came[:1] * 4


def test_no_unknown_message_is_there(store: Store) -> None:
    assert store.inbound("M") is None
    assert store.due_inbound(10) == []
    assert store.all_inbound(SLUG, None, 10) == []
    assert not store.save_inbound(InboundEmail("M", SLUG, store.now(), version=came_in(store, "N").version))
    assert store.inbound("M") is None


def test_what_came_of_a_message_comes_back_as_it_was_saved(store: Store, fresh: FreshStore) -> None:
    came = came_in(store)
    saved = read(came, came.stored_at - timedelta(hours=3, microseconds=7))
    assert store.save_inbound(saved)
    again = fresh().inbound("M")
    assert again == saved
    assert again is not None
    assert fresh().save_inbound(replace(came, version=again.version))
    assert store.inbound("M") == came


def test_a_message_read_before_another_wrote_is_not_saved(store: Store, fresh: FreshStore) -> None:
    one, other = came_in(store), came_in(fresh())
    entry = reply_entry(replace(one, message_id="<other@x>"), "a@example.org")
    assert store.save_inbound(replace(one, attempts=1, due_at=store.now() + timedelta(minutes=5)))
    assert not store.save_inbound(replace(other, attempts=1, due_at=None), [entry])
    come = fresh().inbound("M")
    assert come is not None
    assert come.due_at is not None
    assert fresh().entry(entry.id) is None


def test_what_is_enqueued_with_a_message_is_enqueued_with_it(store: Store, fresh: FreshStore) -> None:
    came = replace(came_in(store), message_id="<one@example.org>", references=("<zero@x>",))
    later = store.now() + timedelta(hours=1)
    enqueue = [reply_entry(came, "a@example.org"), staff_digest(SLUG, "x", "staff@example.org", later)]
    assert store.save_inbound(replace(came, due_at=None, answered=True), enqueue)
    entries = [fresh().entry(entry.id) for entry in enqueue]
    assert [(one, one.due_at, one.status) for one in entries if one] == [
        (enqueue[0], AT_ONCE, EmailStatus.PENDING),
        (enqueue[1], later, EmailStatus.PENDING),
    ]
    assert enqueue[0].thread == ("<zero@x>", "<one@example.org>")
    assert list(fresh().due_entries(10)) == [enqueue[0].id]


def being_sent(store: Store, entry: OutboxEntry) -> None:
    """Queue the e-mail, and have somebody send it."""
    store.enqueue(entry)
    there = store.entry(entry.id)
    assert there is not None
    now = store.now()
    lease = replace(there, status=EmailStatus.SENDING, due_at=now + timedelta(minutes=5))
    assert store.save_entry(replace(lease, attempts=(Attempt("one", now),)))


def test_an_e_mail_that_is_enqueued_already_stays_as_it_is(store: Store, fresh: FreshStore) -> None:
    one, two, new = (confirmation(SLUG, id, f"{id}@example.org") for id in "ABC")
    being_sent(store, one)
    being_sent(store, two)
    before = [store.entry(entry.id) for entry in (one, two)]
    came = came_in(store)
    elsewhere = replace(one, to="other@example.org", thread=("<one@example.org>",))
    saved = replace(came, status=InboundStatus.REGISTERED, due_at=None)
    assert store.save_inbound(saved, [elsewhere, new, two])
    assert fresh().inbound("M") == saved
    assert [fresh().entry(entry.id) for entry in (one, two)] == before
    assert fresh().entry(new.id) is not None

    another = confirmation(SLUG, "D", "d@example.org")
    assert not store.save_inbound(replace(came, status=InboundStatus.SPAM), [new, another])
    assert fresh().entry(another.id) is None
    assert fresh().inbound("M") == saved


def test_due_messages_are_those_whose_time_has_come(store: Store) -> None:
    for id, hours in (("A", 1), ("B", -1), ("C", -2), ("D", None)):
        came = came_in(store, id)
        due_at = store.now() + timedelta(hours=hours) if hours else None
        assert store.save_inbound(replace(came, due_at=due_at))
    came_in(store, "E")
    assert store.due_inbound(10) == ["E", "C", "B"]
    assert store.due_inbound(2) == ["E", "C"]
    assert list(store.due_entries(10)) == []


def test_messages_come_in_pages_by_id(store: Store, fresh: FreshStore) -> None:
    for id in ("C", "A", "E", "B", "D"):
        came_in(store, id)
    store.add_inbound("another", "F")
    first = fresh().all_inbound(SLUG, None, 3)
    second = fresh().all_inbound(SLUG, first[-1].id, 3)
    assert [[one.id for one in page] for page in (first, second)] == [["A", "B", "C"], ["D", "E"]]
    assert store.all_inbound(SLUG, "E", 3) == []
    assert first[0] == store.inbound("A")
    assert store.save_inbound(replace(first[0], resolved=True))


class TestSqliteTime:
    """SQLite has no clock of its own: it makes one order out of the machine's."""

    def test_a_clock_that_steps_back_does_not_undo_the_order(self, tmp_path: Path, clock: Clock) -> None:
        store = SqliteStore(tmp_path / "rollcall.sqlite3", clock)
        seen = store.intake(EVENT).as_of
        clock.forward(-timedelta(hours=1))
        received_at = store.accept(SLUG, "A", a_registration(), confirmation(SLUG, "A", "a@example.org"))
        assert received_at is not None
        assert received_at > seen

    def test_another_process_has_the_lock(self, tmp_path: Path, clock: Clock) -> None:
        """The commit's time is taken inside the lock: a commit that had to wait does not keep an old time."""
        path = tmp_path / "rollcall.sqlite3"
        store, elsewhere = SqliteStore(path, clock), sqlite3.connect(path, isolation_level=None)
        elsewhere.execute("begin immediate")
        times: list[object] = []
        waiting = Thread(target=lambda: times.append(store.now()))
        waiting.start()
        clock.forward(timedelta(minutes=5))
        elsewhere.execute("commit")
        waiting.join()
        assert times == [clock.now]

    def test_another_process_makes_the_books_at_the_same_time(self, tmp_path: Path, clock: Clock) -> None:
        path = tmp_path / "rollcall.sqlite3"
        elsewhere = sqlite3.connect(path, isolation_level=None)
        elsewhere.execute("begin immediate")
        opened: list[Store] = []
        opening = Thread(target=lambda: opened.append(SqliteStore(path, clock)))
        opening.start()
        opening.join(timeout=0.2)
        assert opening.is_alive()
        elsewhere.execute("commit")
        opening.join()
        assert opened[0].inbound("M") is None


@pytest.fixture
def counted(project: str) -> tuple[FirestoreStore, list[str]]:
    """A Firestore store and the calls that it makes, as its gRPC channel sees them."""
    import grpc

    calls: list[str] = []

    class Counting(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):  # type: ignore[misc]
        def intercept_unary_unary(self, go_on, details, request):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            calls.append(details.method.rsplit("/")[-1])
            return go_on(details, request)

        intercept_unary_stream = intercept_unary_unary

    import os

    channel = grpc.intercept_channel(grpc.insecure_channel(os.environ["FIRESTORE_EMULATOR_HOST"]), Counting())
    store = FirestoreStore(project, channel)
    store.write_roster_page(SLUG, "warming-up", [])  # an emulator's first commit may take longer than one try
    calls.clear()
    return store, calls


def test_accepting_is_one_commit_and_no_read(counted: tuple[FirestoreStore, list[str]]) -> None:
    store, calls = counted
    accept(store)
    assert calls == ["Commit"]


def test_taking_in_and_saving_a_message_is_one_commit_each(counted: tuple[FirestoreStore, list[str]]) -> None:
    store, calls = counted
    store.add_inbound(SLUG, "M")
    assert calls == ["Commit"]
    came = came_in(store)
    calls.clear()
    enqueue = [confirmation(SLUG, id, "a@example.org") for id in "AB"]
    assert store.save_inbound(replace(came, status=InboundStatus.REGISTERED, due_at=None), enqueue)
    assert calls == ["Commit"]


@pytest.mark.parametrize(
    "path", [f"events/{SLUG}", f"events/{SLUG}/registrations/A", f"outbox/{entry_to('A')}", "inbound/M"]
)
def test_a_document_of_a_newer_schema_is_not_touched(project: str, path: str) -> None:
    """A newer version of the service wrote it while this one still runs: whoever asked asks again, and meets that."""
    client = firestore.Client(project=project)
    store = FirestoreStore(project)
    store.intake(EVENT)
    accept(store)
    came_in(store)
    client.document(path).update({"schema_version": SCHEMA_VERSION + 1})
    reads: dict[str, Callable[[], object]] = {
        "events": lambda: store.intake(EVENT),
        "registrations": lambda: store.registered(SLUG, "A"),
        "outbox": lambda: store.entry(entry_to("A")),
        "inbound": lambda: store.inbound("M"),
    }
    with pytest.raises(StoreUnavailable):
        reads[path.split("/")[-2]]()


def test_a_field_that_this_code_does_not_know_is_left_in_place(project: str) -> None:
    client = firestore.Client(project=project)
    store = FirestoreStore(project)
    accept(store)
    document = client.document(f"outbox/{entry_to('A')}")
    document.update({"later": 1})
    entry = store.entry(entry_to("A"))
    assert entry is not None
    assert store.save_entry(replace(entry, status=EmailStatus.SENT))
    assert (document.get().to_dict() or {})["later"] == 1


def test_a_file_of_another_version_is_not_opened(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "rollcall.sqlite3"
    SqliteStore(path, clock).close()
    elsewhere = sqlite3.connect(path)
    elsewhere.execute("pragma user_version = 99")
    elsewhere.close()
    with pytest.raises(OtherSchema):
        SqliteStore(path, clock)


@pytest.fixture
def line(emulator: str) -> Iterator[FaultyFirestore]:
    with faulty_firestore(emulator) as faulty:
        yield faulty


@pytest.fixture
def on_the_line(line: FaultyFirestore, project: str, monkeypatch: pytest.MonkeyPatch) -> FirestoreStore:
    """A store whose answers may be lost."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", line.address)
    return FirestoreStore(project)


def test_the_same_change_by_another_is_not_taken_for_ours(on_the_line: FirestoreStore, line: FaultyFirestore) -> None:
    """Whose first try was not answered."""
    accept(on_the_line)
    before = on_the_line.registered(SLUG, "A")
    assert before is not None
    assert withdrawn(on_the_line)
    after = replace(before, status=RegistrationStatus.WITHDRAWN, revision=2)
    line.order("Commit", refused(StatusCode.UNAVAILABLE))
    assert on_the_line.save_registration(SLUG, before, after, NOT_ME) is None


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(answer_lost(StatusCode.UNAVAILABLE), id="lost"),
        pytest.param(answer_never_comes, id="never comes", marks=pytest.mark.slow),  # a try has three seconds
        pytest.param(refused(StatusCode.UNAVAILABLE), id="refused"),
    ],
)
class TestNoAnswerToACommit:
    """A commit is made again where nobody said what became of it; what it then meets may be itself."""

    def test_taking_in(self, on_the_line: FirestoreStore, line: FaultyFirestore, fault: Fault) -> None:
        line.order("Commit", fault)
        on_the_line.add_inbound(SLUG, "M")
        came = on_the_line.inbound("M")
        assert came == InboundEmail("M", SLUG, came.stored_at if came else on_the_line.now(), due_at=AT_ONCE)

    def test_saving(self, on_the_line: FirestoreStore, line: FaultyFirestore, fault: Fault) -> None:
        saved = read(came_in(on_the_line), on_the_line.now())
        enqueue = [confirmation(SLUG, id, "a@example.org") for id in "AB"]
        line.order("Commit", fault)
        assert on_the_line.save_inbound(saved, enqueue)
        assert on_the_line.inbound("M") == saved
        assert None not in [on_the_line.entry(entry.id) for entry in enqueue]

    def test_changing_a_registration(self, on_the_line: FirestoreStore, line: FaultyFirestore, fault: Fault) -> None:
        accept(on_the_line)
        line.order("Commit", fault)
        changed_at = withdrawn(on_the_line)
        after = on_the_line.registered(SLUG, "A")
        assert after is not None
        assert (after.revision, after.changed_at) == (2, changed_at)

    def test_saving_where_an_e_mail_is_enqueued_already(
        self, on_the_line: FirestoreStore, line: FaultyFirestore, fault: Fault
    ) -> None:
        """The first commit is refused for the e-mail's sake; the answer to the second is lost."""
        saved = read(came_in(on_the_line), on_the_line.now())
        there, new = (confirmation(SLUG, id, "a@example.org") for id in "AB")
        being_sent(on_the_line, there)
        before = on_the_line.entry(there.id)
        line.order("Commit", passes, fault)
        assert on_the_line.save_inbound(saved, [there, new])
        assert on_the_line.inbound("M") == saved
        assert on_the_line.entry(there.id) == before
        assert on_the_line.entry(new.id) is not None

    def test_another_wrote_first(self, on_the_line: FirestoreStore, line: FaultyFirestore, fault: Fault) -> None:
        came = came_in(on_the_line)
        enqueue = confirmation(SLUG, "A", "a@example.org")
        other = replace(came, attempts=1, due_at=on_the_line.now())
        assert on_the_line.save_inbound(other)
        line.order("Commit", fault)
        assert not on_the_line.save_inbound(replace(came, attempts=1, due_at=None), [enqueue])
        assert on_the_line.inbound("M") == other
        assert on_the_line.entry(enqueue.id) is None


def test_looking_for_an_intake_makes_none(store: Store, fresh: FreshStore) -> None:
    assert store.known_intake(SLUG) is None
    assert fresh().known_intake(SLUG) is None
    made = store.intake(EVENT)
    known = fresh().known_intake(SLUG)
    assert known is not None
    assert known.as_of >= made.as_of
    assert replace(known, as_of=made.as_of) == made


def test_all_intakes_are_known(store: Store, fresh: FreshStore) -> None:
    assert store.known_intakes() == {}
    another = replace(EVENT, slug="another", closes_at=EVENT.closes_at + timedelta(days=1))
    made = {event.slug: store.intake(event) for event in (EVENT, another)}
    accept(store)  # what is below an intake is none
    known = fresh().known_intakes()
    assert {slug: replace(intake, as_of=made[slug].as_of) for slug, intake in known.items()} == made
    assert all(intake.as_of >= made[slug].as_of for slug, intake in known.items())


def test_an_announcement_moves_on_in_one_commit_with_its_e_mails(store: Store, fresh: FreshStore) -> None:
    accept(store)
    draft = Announcement("N", SLUG, {"en": Wording("Subject", "Text")}, "standing=late", "a@itu.int", store.now())
    assert store.save_announcement(draft)
    assert not store.save_announcement(draft)
    assert fresh().due_announcements(9) == []
    read = fresh().announcement("N")
    assert read == draft
    sent = replace(read, status=AnnouncementStatus.ENQUEUEING, due_at=store.now(), expected=1)
    assert store.save_announcement(sent)
    assert fresh().due_announcements(9) == ["N"]
    assert not store.save_announcement(replace(sent, cursor="Z"))  # read before that
    now = fresh().announcement("N")
    assert now
    entry = announcement_entry(now, "A", "a@example.org")
    assert store.save_announcement(replace(now, cursor="A", enqueued=1), [entry])
    later = fresh().announcement("N")
    assert later
    assert not store.save_announcement(replace(later, cursor="B"), [entry])
    assert (later, fresh().announcements(SLUG, 9)) == (replace(now, cursor="A", enqueued=1), [later])
    assert {one.id for one in fresh().entries_among([entry.id, "nobody"])} == {entry.id}
    there = fresh().entry(entry.id)
    assert there
    assert fresh().count_about("N") == {EmailStatus.PENDING: 1}
    assert fresh().undelivered_about("N", 9) == []
    assert store.save_entry(replace(there, status=EmailStatus.BOUNCED, due_at=None))
    assert [one.id for one in fresh().undelivered_about("N", 9)] == [entry.id]
    assert fresh().announcements("another", 9) == []


def test_an_invitation_is_used_by_one_registration(store: Store, fresh: FreshStore) -> None:
    now = store.now()
    new = Invitation("I", "Ada", EVENT.over_at, "visa", "a@itu.int", now)
    audit = Press("P", "a@itu.int", now).entry(Action.INVITED)
    assert store.save_invitation(SLUG, new, audit=audit)
    assert not store.save_invitation(SLUG, replace(new, id="J"), audit=audit)
    read = fresh().invitation(SLUG, "I")
    assert read == new
    for id in "AB":
        registration = a_registration(first_name=id)
        entry = confirmation(SLUG, id, registration.email)
        accepted = store.accept(SLUG, id, registration, entry, admitted=True, invitation=read)
        assert (accepted is not None) is (id == "A")
    assert fresh().registered(SLUG, "B") is None
    assert fresh().invitations(SLUG, 9) == [replace(new, used_by="A")]
    assert not store.save_invitation(SLUG, replace(read, revoked=True))
    assert not changed_by(store, read)
    assert changed_by(store, fresh().invitation(SLUG, "I"))


def changed_by(store: Store, invitation: Invitation | None) -> bool:
    before = store.registered(SLUG, "A")
    assert before
    after = replace(before, revision=before.revision + 1)
    return store.save_registration(SLUG, before, after, CHANGED, invitation=invitation) is not None


def test_an_intake_that_is_opened_again_keeps_its_versions(store: Store, fresh: FreshStore) -> None:
    intake = store.intake(EVENT)
    assert store.record_closing(SLUG, intake, Closing(3, "abc", 1), [])
    closed = fresh().intake(EVENT)
    version = RosterVersion(2, 4, "def", 1, closed.as_of, "v2-x")
    assert store.record_look(SLUG, closed, closed.as_of, version)
    closed = fresh().intake(EVENT)
    later = EVENT.closes_at + timedelta(days=1)
    assert store.move_deadline(SLUG, closed, later)
    again = fresh().intake(EVENT)
    assert (again.closing, again.closes_at, again.looks_at) == (None, later, None)
    assert again.versions == closed.versions
    assert [one.number for one in again.closings] == [1]
    assert fresh().due_looks(EVENT.over_at) == []
    assert fresh().due_intakes(later + timedelta(seconds=1)) == [SLUG]
    assert store.record_closing(SLUG, again, Closing(5, "ghi", 1), [])
    assert [(one.number, one.count) for one in fresh().intake(EVENT).versions] == [(1, 3), (2, 4), (3, 5)]
    assert [one.number for one in fresh().intake(EVENT).closings] == [1, 3]
