"""After a restore: whom it brought back is erased again, by the lines of the log."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handlers.erase import erase
from rollcall.desk.desk import Desk
from rollcall.desk.personal_data.erase import erase_due
from rollcall.desk.ports import Store
from rollcall.desk.register import register
from rollcall.model.personal_data import Erasure, ErasureStatus
from rollcall.model.registration import person_key
from rollcall.ops.connect import Database, Refused
from rollcall.ops.erase_again import erase_again
from rollcall.store.database import Create, Document
from rollcall.store.firestore import FirestoreStore
from rollcall.store.personal_data_documents import DocumentStore
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import EVENTS, a_registration, desk_with, id_of
from tests.support.clock import Clock
from tests.support.desk import EVENT, Postbox
from tests.support.in_process import ask

SLUG = EVENT.slug
NOBODY = "0123456789ABCDEFGHJKMNPQ"


@pytest.fixture(params=["sqlite", "firestore"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Store:
    if request.param == "sqlite":
        return SqliteStore(tmp_path / "again.sqlite3", clock)
    project = request.getfixturevalue("project")
    return FirestoreStore(project, shift=clock.now - datetime.now(UTC))


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return desk_with(store, Postbox().post, tmp_path / "files", events={SLUG: EVENT})


@pytest.fixture
def database(store: Store) -> Database:
    return Database(store, "the tests' own", EVENTS)


@pytest.fixture
def person(desk: Desk) -> str:
    register(desk, EVENT, a_registration())
    return id_of(desk.store, a_registration())


def paths(id: str) -> list[str]:
    return [f"events/{SLUG}/registrations/{id}", f"events/{SLUG}/people/{person_key(a_registration())}"]


def erased(desk: Desk, id: str) -> list[Document]:
    """What an export before had."""
    assert isinstance(desk.store, DocumentStore)
    exported = [desk.store._database.read(path) for path in paths(id)]
    assert desk.store.save_erasure(Erasure(id, SLUG, ErasureStatus.DUE, due_at=desk.store.now()))
    goes(desk, id)
    return exported


def goes(desk: Desk, id: str) -> None:
    assert [done for done, _ in erase_due(desk)] == [id]
    assert desk.store.registered(SLUG, id) is None
    assert desk.store.registration_of(SLUG, person_key(a_registration())) is None
    done = desk.store.erasure(id)
    assert done
    assert (done.status, done.erased["registrations"]) == (ErasureStatus.ERASED, 1)


def imported(store: Store, id: str, documents: list[Document]) -> None:
    assert isinstance(store, DocumentStore)
    for path, found in zip(paths(id), documents, strict=True):
        assert found.values
        store._database.commit(Create(path, found.values))


def test_whom_an_import_brought_back_is_erased_again(desk: Desk, database: Database, person: str) -> None:
    imported(desk.store, person, erased(desk, person))
    with pytest.raises(Refused, match="One person would be erased again"):
        erase_again(database, [f"{SLUG}\t{person}\n"], agrees=False)
    assert list(erase_due(desk)) == []
    answer = erase_again(database, [f"{SLUG}\t{person}\n", "\n", f" {SLUG} {person}"], agrees=True)
    assert answer.data == {"read": 1, "again": 1, "due": 0, "overtaken": 0}
    assert erase_again(database, [f"{SLUG} {person}"], agrees=True).data["due"] == 1
    goes(desk, person)


@pytest.mark.parametrize("before", [None, ErasureStatus.ASKED, ErasureStatus.REFUSED])
def test_whom_a_whole_database_brought_back_is_erased_again(
    desk: Desk, database: Database, person: str, before: ErasureStatus | None
) -> None:
    """It knows of no erasure, or of one that was decided otherwise later."""
    if before:
        assert desk.store.save_erasure(Erasure(person, SLUG, before, answer="No."))
    assert erase_again(database, [f"{SLUG} {person}"], agrees=True).data["again"] == 1
    there = desk.store.erasure(person)
    assert there
    assert (there.status, there.answer) == (ErasureStatus.DUE, "")
    goes(desk, person)


def test_who_is_not_back_stays_as_they_are(desk: Desk, database: Database, person: str) -> None:
    answer = erase_again(database, [f"{SLUG} {NOBODY}", f"another {person}"], agrees=False)
    assert answer.data == {"read": 2, "again": 0, "due": 0, "overtaken": 0}
    assert "Nothing of them is back: 2" in answer.text
    assert desk.store.erasure(NOBODY) is None
    assert desk.store.registered(SLUG, person)


@pytest.mark.parametrize(
    "line", [SLUG, f"{SLUG} {NOBODY[:-1]}", f"{SLUG} {NOBODY} x", f"{SLUG}/{NOBODY}", "a@b.example"]
)
def test_a_line_that_is_none_stops_all(desk: Desk, database: Database, person: str, line: str) -> None:
    with pytest.raises(Refused, match="Line 2 is not") as refused:
        erase_again(database, [f"{SLUG} {person}", line], agrees=True)
    assert line not in str(refused.value) or line == SLUG
    assert desk.store.erasure(person) is None


def test_the_log_says_whom(desk: Desk, database: Database, person: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By the fields that docs/operations-procedures.md asks it for."""
    assert desk.store.save_erasure(Erasure(person, SLUG, ErasureStatus.DUE, due_at=desk.store.now()))
    assert ask(lambda request: erase(desk, request), "POST", "/").status == 200
    [line] = [one for one in map(json.loads, capsys.readouterr().out.splitlines()) if one["message"] == "person erased"]
    assert erase_again(database, [f"{line['event']}\t{line['registration']}"], agrees=True).data["again"] == 1
