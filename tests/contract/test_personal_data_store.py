"""What every store must do to find what is held of a person."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rollcall.desk.ports import Store
from rollcall.model.contribution import Contribution, Paper, PaperKind
from rollcall.model.email import confirmation, links_to
from rollcall.model.inbound import FormStatus, InboundForm
from rollcall.model.invitation import Invitation
from rollcall.model.registration import (
    Actor,
    BotSignal,
    Change,
    ConflictingForm,
    Way,
    Why,
    new_id,
    normalized_address,
    person_key,
)
from rollcall.model.review import DifferingForm
from rollcall.model.staff import Action, Press
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import a_registration, an_event
from tests.support.clock import Clock

EVENT = an_event()
SLUG, OTHER = EVENT.slug, "another"
AT = EVENT.opens_at + timedelta(days=1)
HERS, SPELLED = "amina@bücher.example", "Amina@BÜCHER.example"


@pytest.fixture(params=["sqlite", "firestore"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Store:
    if request.param == "sqlite":
        return SqliteStore(tmp_path / "rollcall.sqlite3", clock)
    return FirestoreStore(request.getfixturevalue("project"))


def register(store: Store, id: str, double_of: str = "", event: str = SLUG, **said: Any) -> None:
    registration = a_registration(**{"first_name": id, **said})
    assert store.accept(event, id, registration, confirmation(event, id, registration.email))
    there = store.registered(event, id)
    assert there
    change = Change(Actor.STAFF, Way.DESK, Why.DOUBLE)
    assert store.save_registration(event, there, replace(there, revision=2, double_of=double_of), change)


def emailed(store: Store, id: str, sender: str, *forms: InboundForm, event: str = SLUG) -> None:
    store.add_inbound(event, id)
    there = store.inbound(id)
    assert there
    assert store.save_inbound(replace(there, sender=sender, forms=forms))


def test_doubles_are_found_also_by_way_of_another(store: Store) -> None:
    for id, of in (("A", ""), ("B", "A"), ("C", "B"), ("D", "")):
        register(store, id, of)
    register(store, "E", "A", OTHER)
    assert [one.id for one in store.doubles_of(SLUG, "A")] == ["B", "C"]
    assert store.doubles_of(SLUG, "C") == []


def test_forms_are_found_by_whose_they_are(store: Store) -> None:
    hers = a_registration(email=HERS)
    for event, id, category in (
        (SLUG, "A", "associate"),
        (SLUG, "A", "other"),
        (SLUG, "AB", "other"),
        (OTHER, "A", "x"),
    ):
        form = DifferingForm(id, replace(hers, category=category), AT, AT + timedelta(days=99))
        store.keep_conflict(event, id, ConflictingForm(form.registration, AT), form)
    assert {one.registration.category for one in store.all_differing(SLUG, "A")} == {"associate", "other"}
    for event, registration in ((SLUG, hers), (SLUG, a_registration(first_name="B")), (OTHER, hers)):
        store.quarantine(event, registration, BotSignal.TOO_FAST)
    (by_key,) = store.quarantined_of(SLUG, [person_key(hers), "NOBODY"], [])
    assert by_key.form.registration == hers
    assert store.quarantined_of(SLUG, [], [normalized_address(SPELLED)]) == [by_key]


def test_e_mails_are_found_by_address_however_it_is_written(store: Store) -> None:
    for event, to in ((SLUG, HERS), (SLUG, "amina+1@bücher.example"), (OTHER, HERS)):
        store.enqueue(links_to(event, new_id(), to, AT))
    assert [one.to for one in store.entries_to(SLUG, SPELLED)] == [HERS]


def test_inbound_e_mails_are_found_by_form_and_by_sender_once_each(store: Store) -> None:
    registered, asked = InboundForm(FormStatus.REGISTERED, "A"), InboundForm(FormStatus.INCOMPLETE, person="K")
    emailed(store, "M", SPELLED, registered, asked)
    emailed(store, "N", "focal@example.org", InboundForm(FormStatus.REGISTERED, "B"), asked)
    emailed(store, "O", "focal@example.org", InboundForm(FormStatus.REGISTERED, "B"))
    emailed(store, "P", HERS, registered, event=OTHER)
    emailed(store, "Q", "")
    known = "amina@xn--bcher-kva.example"
    assert [one.id for one in store.inbound_of(SLUG, ["A", "K"], [known])] == ["M", "N"]
    assert [one.id for one in store.inbound_of(SLUG, [], [known])] == ["M"]
    assert store.inbound_of(SLUG, [], []) == []
    assert [one.id for one in store.inbound_of(SLUG, [str(number) for number in range(70)] + ["B"], [])] == ["N", "O"]


def test_contributions_and_invitations_are_found_by_registration_and_by_address(store: Store) -> None:
    known = "amina@xn--bcher-kva.example"
    for id, email, of in (("C", SPELLED, ""), ("D", "d@example.org", "A"), ("E", "e@example.org", "B"), ("F", "", "")):
        paper = Paper(PaperKind.ORIGINAL, 0, ())
        assert store.accept_contribution(
            Contribution(id, SLUG, "T", "S", "Ada", email, (paper,), key=id, registration_id=of)
        )
        assert store.save_invitation(SLUG, Invitation(id, "Ada", AT, "ill", "s@example.org", AT, email, used_by=of))
    assert [one.id for one in store.contributions_of(SLUG, ["A"], [known])] == ["C", "D"]
    assert [one.id for one in store.invitations_of(SLUG, ["A"], [known])] == ["C", "D"]
    assert store.contributions_of(OTHER, ["A"], [known]) == []
    assert store.invitations_of(OTHER, ["A"], [known]) == []


def test_what_the_staff_did_to_something_is_found_by_its_id(store: Store) -> None:
    for about in ("C", "C", "D", ""):
        assert store.note(SLUG, Press(new_id(), "s@example.org", AT).entry(Action.CONTRIBUTION_HELD, about=about))
    assert [one.about for one in store.audit_about(SLUG, "C")] == ["C", "C"]
    assert store.audit_about(OTHER, "C") == []
