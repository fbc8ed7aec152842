"""Registering, and changing it, over a faulty line to Firestore: `register`, the proxy, the official emulator."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import grpc
import pytest
from grpc import StatusCode

from handlers.register import register
from rollcall.desk.amend import Amended, NothingNew, Outcome, Overtaken, amend
from rollcall.desk.desk import Desk
from rollcall.local.emulator import free_port
from rollcall.model.email import EmailKind
from rollcall.model.errors import StoreUnavailable
from rollcall.model.registration import Registered, reference
from rollcall.store.firestore import RETRY_WITHIN, FirestoreStore
from tests.support.builders import a_form, a_registration, an_event, desk_with, id_of
from tests.support.desk import Postbox
from tests.support.faulty_firestore import (
    Fault,
    FaultyFirestore,
    answer_lost,
    answer_never_comes,
    faulty_firestore,
    refused,
)
from tests.support.in_process import AT_ONCE, ask
from tests.support.served import ROOT, Answer

TRANSIENT = [
    StatusCode.ABORTED,
    StatusCode.UNAVAILABLE,
    StatusCode.DEADLINE_EXCEEDED,
    StatusCode.RESOURCE_EXHAUSTED,
]
BOUND = 12.0
"""Seconds that a person waits at the most."""
SLUG = "open"
NOT_YET_READ = [f"not-yet-read-{status.name.lower().replace('_', '-')}" for status in TRANSIENT]


@pytest.fixture(scope="module")
def proxy(emulator: str) -> Iterator[FaultyFirestore]:
    with faulty_firestore(emulator) as faulty:
        yield faulty


@pytest.fixture
def line(proxy: FaultyFirestore) -> Iterator[FaultyFirestore]:
    """The proxy; what one test ordered and did not use up is not left to the next."""
    yield proxy
    proxy.cut = None
    proxy.forget_orders()


@pytest.fixture(scope="module")
def project() -> str:
    return f"test-{free_port()}"


@dataclass(frozen=True)
class Registering:
    """`register`, over the faulty line."""

    desk: Desk

    def post_json(self, slug: str, form: object) -> Answer:
        headers = {"Content-Type": "application/json"}
        return ask(partial(register, self.desk), "POST", f"/register/{slug}", json.dumps(form), headers)


def registering(line: FaultyFirestore, project: str, folder: Path, retry_within: timedelta) -> Registering:
    day, now = timedelta(days=1), datetime.now(UTC)
    events = {slug: an_event(slug=slug, closes_at=now + 9 * day) for slug in (SLUG, *NOT_YET_READ)}
    with mock.patch.dict(os.environ, FIRESTORE_EMULATOR_HOST=line.address):
        store = FirestoreStore(project, retry_within=retry_within)
    desk = desk_with(store, Postbox().post, folder, events=events)
    desk.intakes.recent(events[SLUG])
    return Registering(desk)


@pytest.fixture
def registers(line: FaultyFirestore, project: str, tmp_path: Path) -> Registering:
    """It has read the intake of one event."""
    return registering(line, project, tmp_path, RETRY_WITHIN)


@pytest.fixture
def store(emulator: str, project: str) -> FirestoreStore:
    """The same database over a line without faults."""
    return FirestoreStore(project)


@pytest.fixture
def person(request: pytest.FixtureRequest) -> dict[str, object]:
    """The form of somebody who occurs in this test alone."""
    return a_form(family_name=request.node.name)


@pytest.mark.parametrize("status", TRANSIENT)
def test_a_commit_that_was_refused_is_made_again(
    registers: Registering, line: FaultyFirestore, store: FirestoreStore, person: dict[str, object], status: StatusCode
) -> None:
    before = len(line.requests("Commit"))
    line.order("Commit", refused(status), refused(status))
    answer = registers.post_json(SLUG, person)
    assert (answer.status, answer.json["reference"]) == (201, _reference(store, person))
    commits = line.requests("Commit")[before:]
    assert len(commits) == 3
    assert len(set(commits)) == 1
    assert _e_mails(store, person) == [EmailKind.CONFIRMATION]


@pytest.mark.parametrize("status", TRANSIENT)
def test_an_intake_that_could_not_be_read_is_read_again(
    registers: Registering, line: FaultyFirestore, person: dict[str, object], status: StatusCode
) -> None:
    line.order("BatchGetDocuments", refused(status), refused(status))
    slug = NOT_YET_READ[TRANSIENT.index(status)]
    assert registers.post_json(slug, person).status == 201


lost = pytest.mark.parametrize(
    "fault",
    [
        *(pytest.param(answer_lost(status), id=status.name) for status in TRANSIENT),
        pytest.param(answer_never_comes, id="no answer", marks=pytest.mark.slow),  # a try has three seconds
    ],
)


@lost
def test_a_commit_whose_answer_was_lost_is_found_out(
    registers: Registering, line: FaultyFirestore, store: FirestoreStore, person: dict[str, object], fault: Fault
) -> None:
    before = len(line.requests("Commit"))
    line.order("Commit", fault)
    began = time.monotonic()
    answer = registers.post_json(SLUG, person)
    assert time.monotonic() - began < BOUND
    assert (answer.status, answer.json["reference"]) == (201, _reference(store, person))
    assert len(set(line.requests("Commit")[before:])) == 1
    assert store.registered(SLUG, _id(store, person)) is not None
    assert _e_mails(store, person) == [EmailKind.CONFIRMATION]


def test_what_is_found_out_is_not_taken_for_ours(
    registers: Registering, line: FaultyFirestore, store: FirestoreStore, person: dict[str, object]
) -> None:
    """The commit made again finds another form of the same person, which stood there before."""
    assert registers.post_json(SLUG, person).status == 201
    line.order("Commit", refused(StatusCode.UNAVAILABLE))
    assert registers.post_json(SLUG, person | {"category": "associate"}).status == 409
    assert _e_mails(store, person) == [EmailKind.CONFIRMATION, EmailKind.CONFLICT]


@pytest.mark.parametrize(
    ("status", "bound"),
    [
        *((status, AT_ONCE) for status in TRANSIENT),
        pytest.param(StatusCode.UNAVAILABLE, RETRY_WITHIN, marks=pytest.mark.slow),
    ],
)
def test_past_the_bound_the_person_is_told_and_may_send_again(
    line: FaultyFirestore,
    project: str,
    tmp_path: Path,
    store: FirestoreStore,
    person: dict[str, object],
    status: StatusCode,
    bound: timedelta,
) -> None:
    registers = registering(line, project, tmp_path, bound)
    line.cut = status
    began = time.monotonic()
    answer = registers.post_json(SLUG, person)
    assert time.monotonic() - began < BOUND
    line.cut = None
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    again = registers.post_json(SLUG, person)
    assert (again.status, again.json["reference"]) == (201, _reference(store, person))
    assert _e_mails(store, person) == [EmailKind.CONFIRMATION]


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (StatusCode.RESOURCE_EXHAUSTED, "ResourceExhausted"),
        (StatusCode.PERMISSION_DENIED, "PermissionDenied"),
        (StatusCode.UNAUTHENTICATED, "Unauthenticated"),
        (StatusCode.NOT_FOUND, "NotFound"),
    ],
)
def test_operations_names_each_cause_of_an_unavailable_store(
    line: FaultyFirestore, project: str, monkeypatch: pytest.MonkeyPatch, status: StatusCode, cause: str
) -> None:
    """The log says only the cause's kind."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", line.address)
    store = FirestoreStore(project, retry_within=AT_ONCE)
    line.cut = status
    with pytest.raises(StoreUnavailable) as unavailable:
        store.entry("any")
    assert type(unavailable.value.__cause__).__name__ == cause
    assert f"*{cause}*" in (ROOT / "docs" / "operations.md").read_text("utf-8")


def test_commits_that_never_answered_and_the_same_form_again(
    line: FaultyFirestore, project: str, tmp_path: Path, store: FirestoreStore, person: dict[str, object]
) -> None:
    """Every commit was done and no answer came: whatever the person was told, sending again is right."""
    registers = registering(line, project, tmp_path, AT_ONCE)
    line.order("Commit", *[answer_lost(StatusCode.UNAVAILABLE)] * 40)
    answer = registers.post_json(SLUG, person)
    line.forget_orders()
    assert answer.status in (201, 503)
    again = registers.post_json(SLUG, person)
    assert (again.status, again.json["reference"]) == (200, _reference(store, person))
    assert _e_mails(store, person) == [EmailKind.CONFIRMATION]


def registered(registers: Registering, store: FirestoreStore, person: dict[str, object]) -> Registered:
    assert registers.post_json(SLUG, person).status == 201
    there = store.registered(SLUG, _id(store, person))
    assert there is not None
    return there


def change(desk: Desk, there: Registered, **changes: Any) -> Outcome | None:
    return amend(desk, desk.events[SLUG], there.id, 1, replace(there.registration, **changes))


@lost
def test_a_change_whose_answer_was_lost_is_told_as_made(
    registers: Registering, line: FaultyFirestore, store: FirestoreStore, person: dict[str, object], fault: Fault
) -> None:
    there = registered(registers, store, person)
    line.order("Commit", fault)
    assert isinstance(change(registers.desk, there, first_name="Awa"), Amended)
    assert made(store, there) == ["Awa"]
    assert _e_mails(store, person) == [EmailKind.CONFIRMATION] * 2


def test_a_change_that_another_overtook_between_two_tries_is_not_told_as_made(
    registers: Registering, line: FaultyFirestore, store: FirestoreStore, person: dict[str, object]
) -> None:
    there = registered(registers, store, person)

    def overtaken(answers: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        assert isinstance(change(replace(registers.desk, store=store), there, first_name="Faster"), Amended)
        yield from refused(StatusCode.UNAVAILABLE)(answers, context)

    line.order("Commit", overtaken)
    assert isinstance(change(registers.desk, there, first_name="Slower"), Overtaken)
    assert made(store, there) == ["Faster"]


def test_changes_that_never_answered_and_the_same_again(
    line: FaultyFirestore, project: str, tmp_path: Path, store: FirestoreStore, person: dict[str, object]
) -> None:
    registers = registering(line, project, tmp_path, AT_ONCE)
    there = registered(registers, store, person)
    line.order("Commit", *[answer_lost(StatusCode.UNAVAILABLE)] * 40)
    with suppress(StoreUnavailable):
        assert isinstance(change(registers.desk, there, first_name="Awa"), Amended)
    line.forget_orders()
    assert isinstance(change(registers.desk, there, first_name="Awa"), NothingNew)
    assert made(store, there) == ["Awa"]
    assert _e_mails(store, person) == [EmailKind.CONFIRMATION] * 2


def made(store: FirestoreStore, there: Registered) -> list[str]:
    """The first name after each change."""
    now = store.registered(SLUG, there.id)
    assert now is not None
    return [one.after.registration.first_name for one in store.history(SLUG, now)]


def _id(store: FirestoreStore, form: dict[str, object]) -> str:
    return id_of(store, a_registration(family_name=form["family_name"]), SLUG)


def _reference(store: FirestoreStore, form: dict[str, object]) -> str:
    return reference(_id(store, form))


def _e_mails(store: FirestoreStore, form: dict[str, object]) -> list[EmailKind]:
    """The kinds of the e-mails that are pending for this person."""
    return sorted(
        entry.kind for entry in store.unsent_entries(SLUG, None, 99) if entry.registration_id == _id(store, form)
    )
