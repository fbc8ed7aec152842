"""Registering over a faulty line to Firestore: `register` as Google serves it, the proxy, the official emulator."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from google.cloud import firestore
from grpc import StatusCode

from rollcall.local.emulator import free_port
from rollcall.model.email import EmailKind
from rollcall.model.errors import StoreUnavailable
from rollcall.model.registration import reference
from rollcall.store.firestore import FirestoreStore
from tests.support.builders import EVENTS, a_form, a_registration, id_of
from tests.support.faulty_firestore import (
    Fault,
    FaultyFirestore,
    answer_lost,
    answer_never_comes,
    faulty_firestore,
    refused,
)
from tests.support.served import ROOT, Served, function

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


@pytest.fixture(scope="module")
def register(proxy: FaultyFirestore, project: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`register` over the faulty line; it has read the intake of one event."""
    events = tmp_path_factory.mktemp("events")
    today = datetime.now(UTC).date()
    for slug in (SLUG, *NOT_YET_READ):
        letter = (EVENTS / "intgov04.toml").read_text("utf-8")
        letter = letter.replace("closes = 2004-02-20", f"closes = {today + timedelta(days=9)}")
        (events / f"{slug}.toml").write_text(letter, "utf-8")
    with function(
        "register",
        STORE="firestore",
        EVENTS=str(events),
        FIRESTORE_EMULATOR_HOST=proxy.address,
        GOOGLE_CLOUD_PROJECT=project,
    ) as served:
        assert served.ask("GET", f"/register/{SLUG}").status == 200
        yield served


@pytest.fixture
def store(emulator: str, project: str) -> FirestoreStore:
    """The same database over a line without faults."""
    return FirestoreStore(firestore.Client(project=project))


@pytest.fixture
def person(request: pytest.FixtureRequest) -> dict[str, object]:
    """The form of somebody who occurs in this test alone."""
    return a_form(family_name=request.node.name)


@pytest.mark.parametrize("status", TRANSIENT)
def test_a_commit_that_was_refused_is_made_again(
    register: Served, line: FaultyFirestore, store: FirestoreStore, person: dict[str, object], status: StatusCode
) -> None:
    before = len(line.requests("Commit"))
    line.order("Commit", refused(status), refused(status))
    answer = register.post_json(f"/register/{SLUG}", person)
    assert (answer.status, answer.json["reference"]) == (201, _reference(store, person))
    commits = line.requests("Commit")[before:]
    assert len(commits) == 3
    assert len(set(commits)) == 1
    assert _mails(store, person) == [EmailKind.CONFIRMATION]


@pytest.mark.parametrize("status", TRANSIENT)
def test_an_intake_that_could_not_be_read_is_read_again(
    register: Served, line: FaultyFirestore, person: dict[str, object], status: StatusCode
) -> None:
    line.order("BatchGetDocuments", refused(status), refused(status))
    slug = NOT_YET_READ[TRANSIENT.index(status)]
    assert register.post_json(f"/register/{slug}", person).status == 201


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault", [*map(answer_lost, TRANSIENT), answer_never_comes], ids=[*(s.name for s in TRANSIENT), "no answer"]
)
def test_a_commit_whose_answer_was_lost_is_found_out(
    register: Served, line: FaultyFirestore, store: FirestoreStore, person: dict[str, object], fault: Fault
) -> None:
    before = len(line.requests("Commit"))
    line.order("Commit", fault)
    began = time.monotonic()
    answer = register.post_json(f"/register/{SLUG}", person)
    assert time.monotonic() - began < BOUND
    assert (answer.status, answer.json["reference"]) == (201, _reference(store, person))
    assert len(set(line.requests("Commit")[before:])) == 1
    assert store.registered(SLUG, _id(store, person)) is not None
    assert _mails(store, person) == [EmailKind.CONFIRMATION]


def test_what_is_found_out_is_not_taken_for_ours(
    register: Served, line: FaultyFirestore, store: FirestoreStore, person: dict[str, object]
) -> None:
    """The commit made again finds another form of the same person, which stood there before."""
    assert register.post_json(f"/register/{SLUG}", person).status == 201
    line.order("Commit", refused(StatusCode.UNAVAILABLE))
    assert register.post_json(f"/register/{SLUG}", person | {"category": "associate"}).status == 409
    assert _mails(store, person) == [EmailKind.CONFIRMATION, EmailKind.CONFLICT]


@pytest.mark.slow
@pytest.mark.parametrize("status", TRANSIENT)
def test_past_the_bound_the_person_is_told_and_may_send_again(
    register: Served, line: FaultyFirestore, store: FirestoreStore, person: dict[str, object], status: StatusCode
) -> None:
    line.cut = status
    began = time.monotonic()
    answer = register.post_json(f"/register/{SLUG}", person)
    assert time.monotonic() - began < BOUND
    line.cut = None
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    again = register.post_json(f"/register/{SLUG}", person)
    assert (again.status, again.json["reference"]) == (201, _reference(store, person))
    assert _mails(store, person) == [EmailKind.CONFIRMATION]


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (StatusCode.RESOURCE_EXHAUSTED, "ResourceExhausted"),
        (StatusCode.PERMISSION_DENIED, "PermissionDenied"),
        (StatusCode.UNAUTHENTICATED, "Unauthenticated"),
        (StatusCode.NOT_FOUND, "NotFound"),
    ],
)
def test_what_keeps_the_books_away_is_what_the_page_for_the_person_on_duty_names(
    line: FaultyFirestore, project: str, monkeypatch: pytest.MonkeyPatch, status: StatusCode, cause: str
) -> None:
    """The log says only the cause's kind."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", line.address)
    store = FirestoreStore(firestore.Client(project=project))
    line.cut = status
    with pytest.raises(StoreUnavailable) as unavailable:
        store.entry("any")
    assert type(unavailable.value.__cause__).__name__ == cause
    assert f"*{cause}*" in (ROOT / "docs" / "operations.md").read_text("utf-8")


@pytest.mark.slow
def test_commits_that_never_answered_and_the_same_form_again(
    register: Served, line: FaultyFirestore, store: FirestoreStore, person: dict[str, object]
) -> None:
    """Every commit was done and no answer came: whatever the person was told, sending again is right."""
    line.order("Commit", *[answer_lost(StatusCode.UNAVAILABLE)] * 40)
    answer = register.post_json(f"/register/{SLUG}", person)
    line.forget_orders()
    assert answer.status in (201, 503)
    again = register.post_json(f"/register/{SLUG}", person)
    assert (again.status, again.json["reference"]) == (200, _reference(store, person))
    assert _mails(store, person) == [EmailKind.CONFIRMATION]


def _id(store: FirestoreStore, form: dict[str, object]) -> str:
    return id_of(store, a_registration(family_name=form["family_name"]), SLUG)


def _reference(store: FirestoreStore, form: dict[str, object]) -> str:
    return reference(_id(store, form))


def _mails(store: FirestoreStore, form: dict[str, object]) -> list[EmailKind]:
    """The kinds of the e-mails that are pending for this person."""
    return sorted(
        entry.kind for entry in store.unsent_entries(SLUG, None, 99) if entry.registration_id == _id(store, form)
    )
