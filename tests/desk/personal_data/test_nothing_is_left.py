"""Of a person who was erased nothing is left, wherever it was; of the others everything is."""

import re
import shutil
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest

from handlers.erase import erase as answer_erase
from rollcall.desk.amend import Amended, amend
from rollcall.desk.desk import Desk
from rollcall.desk.personal_data.erase import LAST_LOOK_AFTER, LEASE, erase_due
from rollcall.desk.ports import Files, Store
from rollcall.desk.roster import are_whole
from rollcall.model.personal_data import ErasureStatus
from rollcall.model.registration import Actor, Way
from rollcall.store.cloud_storage import CloudStorageFiles
from rollcall.store.folder import FolderFiles
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import desk_with
from tests.support.desk import Postbox
from tests.support.everywhere import EVENT, SLUG, TRACES, Everywhere, Time, documents, everywhere, form, hashes_of
from tests.support.hooks import FirestoreAhead, Hooked, Hooks
from tests.support.in_process import ask
from tests.support.publishing import Killed
from tests.support.storage import at

PLACES = {
    *("accesses", "contributions", "contributions/history", "events/audit", "events/conflicts"),
    *("events/differing", "events/idempotency", "events/invitations", "events/people", "events/quarantine"),
    *("events/registrations", "events/registrations/history", "events/review", "events/rosters", "inbound", "outbox"),
}
"""Collections in which she is."""
ID_STAYS = ("accesses/", "erasures/", "announcements/", f"events/{SLUG}/audit/", f"events/{SLUG}/rosters/")
"""Where the ids of who was erased stand, which say nothing."""


TOLD_BY = ("inbound/", "contributions/", f"events/{SLUG}/invitations/")
"""What other documents say the id of."""


@dataclass
class Scene:
    here: Everywhere
    folder: Path
    bucket: Any = None

    def documents(self) -> dict[str, str]:
        return documents(self.here.desk.store)

    def files(self) -> dict[str, str]:
        """What is on the disk, the database's own files among it, and in the bucket; also what is published."""
        on_disk = {
            str(one.relative_to(self.folder)): one.read_bytes() for one in self.folder.rglob("*") if one.is_file()
        }
        in_bucket = {one.name: one.download_as_bytes() for one in self.bucket.list_blobs()} if self.bucket else {}
        return {name: content.decode("latin-1") for name, content in {**on_disk, **in_bucket}.items()}

    @property
    def ids(self) -> tuple[str, ...]:
        return self.here.id, *(one.id for one in self.here.desk.store.doubles_of(SLUG, self.here.id))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once, to be copied; her id is beside it."""
    folder, time = tmp_path_factory.mktemp("everywhere"), Time()
    here = everywhere(desk_at(folder, time), time)
    here.due()
    (folder / "id").write_text(here.id)
    (folder / "stays").write_text("\n".join(here.stays))
    close_store(here.desk)
    return folder


def desk_at(folder: Path, time: Time) -> Desk:
    store = SqliteStore(folder / "db", lambda: time.now, durable=False)
    return desk_with(store, Postbox().post, folder / "files", events={SLUG: EVENT})


def close_store(desk: Desk) -> None:
    assert isinstance(desk.store, SqliteStore)
    desk.store.close()


def copied(folder: Path, to: Path) -> Scene:
    shutil.copytree(folder, to)
    time = Time()
    time.forward(EVENT.closes_at - time.now)
    time.forward(LEASE * 4)
    desk, stays = desk_at(to, time), set((to / "stays").read_text().split())
    here = Everywhere(desk, time, (to / "id").read_text(), stays)
    return Scene(here, to)


@pytest.fixture(params=["sqlite", "firestore"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    if request.param == "sqlite":
        yield copied(request.getfixturevalue("folder"), tmp_path / "scene")
        return
    time, address = Time(), request.getfixturevalue("emulator")
    store = FirestoreAhead(f"test-{uuid.uuid4().hex[:12]}", address, time)
    bucket = at(request.getfixturevalue("storage_emulator")).create_bucket(f"test-{uuid.uuid4().hex[:12]}")
    kept = desk_with(store, Postbox().post, tmp_path, events={SLUG: EVENT})
    here = everywhere(replace(kept, files=lambda: CloudStorageFiles(bucket)), time)
    here.due()
    yield Scene(here, tmp_path, bucket)


def traces_in(text: str, *more: str) -> list[str]:
    return [one for one in (*TRACES, *more) if one.casefold() in text.casefold()]


def call(scene: Scene) -> dict[str, Any]:
    answer = ask(lambda asked: answer_erase(scene.here.desk, asked), "POST", "/")
    assert answer.status == 200
    found: dict[str, Any] = answer.json
    return found


def collection_of(path: str) -> str:
    return "/".join(path.split("/")[::2])


def assert_nothing_is_left(scene: Scene, hashes: set[str], ids: tuple[str, ...]) -> None:
    """In the database's own file: once the last look is taken."""
    erasure = scene.here.desk.store.erasure(scene.here.id)
    for path, text in scene.documents().items():
        assert not traces_in(path + text, *hashes), (path, text)
        assert path.startswith(ID_STAYS) or not any(id in path + text for id in ids), (path, text)
    for name, content in scene.files().items():
        is_whole = erasure and erasure.due_at and name.startswith("db")
        assert is_whole or not traces_in(name + content, *hashes), name


def test_nothing_is_left(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    hashes, ids = hashes_of(scene.here), scene.ids
    before, files = scene.documents(), scene.files()
    hers = {path for path, text in before.items() if traces_in(path + text, *hashes, *ids)}
    assert {collection_of(path) for path in hers} - {"erasures", "announcements"} == PLACES
    items = {found[1] for path in hers for found in re.finditer(r'"item": ?"(\w+)"', before[path])}
    items |= {path.rpartition("/")[2] for path in hers if path.startswith(TOLD_BY)}
    hers |= {path for path, text in before.items() if any(id in path + text for id in items)}
    capsys.readouterr()
    assert call(scene)["erased"] == 1
    assert_nothing_is_left(scene, hashes, ids)
    said = capsys.readouterr().out
    assert '"person erased"' in said
    assert not traces_in(said, *hashes)
    after = scene.documents()
    changed = {path for path in before if before[path] != after.get(path)}
    told_by_id = ("publications/", "contributionkeys/", "contributions/")
    assert {path for path in changed if not path.startswith(told_by_id)} <= hers
    assert {path for path in scene.here.stays if path in after} == scene.here.stays
    assert all("public" in after[path] or '"registered"' in after[path] for path in scene.here.stays)
    now = scene.files()
    gone = {name: content for name, content in files.items() if name not in now}
    raw = {name for name in files if name.rpartition("/")[2] in items}  # base64: no trace is seen in it
    assert raw <= gone.keys()
    assert all(traces_in(name + content, *hashes) for name, content in gone.items() if name not in raw)
    assert any(content.endswith("others") for content in now.values())
    assert are_whole(scene.here.desk.store, SLUG, *scene.here.desk.store.intake(EVENT).versions)
    erasure = scene.here.desk.store.erasure(scene.here.id)
    assert erasure is not None
    assert (erasure.status, set(erasure.ids), erasure.answer) == (ErasureStatus.ERASED, set(ids), "")
    scene.here.time.forward(LAST_LOOK_AFTER)
    assert call(scene)["erased"] == 0
    assert_nothing_is_left(scene, hashes, ids)
    assert call(scene)["erased"] == 0


def test_the_event_file_may_be_gone(folder: Path, tmp_path: Path) -> None:
    scene = copied(folder, tmp_path / "scene")
    hashes, ids = hashes_of(scene.here), scene.ids
    assert len(list(erase_due(replace(scene.here.desk, events={})))) == 1
    assert_nothing_is_left(scene, hashes, ids)


class Dying:
    """As kill -9 before one of its writes."""

    def __init__(self, of: object, step: int, name: str, steps: Iterator[int]) -> None:
        self._of, self._step, self._name, self._steps = of, step, name, steps

    def __getattr__(self, name: str) -> Any:
        if name == self._name and next(self._steps) == self._step:
            raise Killed(name)
        return getattr(self._of, name)


def test_killed_before_any_write_the_next_call_finishes(folder: Path, tmp_path: Path) -> None:
    whole = copied(folder, tmp_path / "whole")
    hashes, ids = hashes_of(whole.here), whole.ids
    call(whole)
    whole.here.time.forward(LAST_LOOK_AFTER)
    call(whole)
    for step in count(1):
        scene = copied(folder, tmp_path / str(step))
        desk, steps = scene.here.desk, count(1)
        dying = desk_at(scene.folder, scene.here.time)
        cast(Any, dying.store)._database = Dying(cast(Any, dying.store)._database, step, "commit", steps)
        files = Dying(FolderFiles(scene.folder / "files"), step, "remove", steps)
        try:
            list(erase_due(replace(dying, files=lambda files=files: cast(Files, files))))  # type: ignore[misc]
        except Killed:
            scene.here.time.forward(LAST_LOOK_AFTER)
        else:
            break
        finally:
            close_store(dying)
        call(scene)
        scene.here.time.forward(LAST_LOOK_AFTER)
        call(scene)
        assert_nothing_is_left(scene, hashes, ids)
        assert as_whole(scene) == as_whole(whole), step
        close_store(desk)
        shutil.rmtree(scene.folder)
    assert step > 20


def as_whole(scene: Scene) -> dict[str, str]:
    """Without times."""
    text = {path: re.sub(r'\{"@":"[^"]+"\}', "then", text) for path, text in scene.documents().items()}
    return {path: said for path, said in text.items() if not path.startswith("publications/")}


def test_two_calls_at_once_erase_once(folder: Path, tmp_path: Path) -> None:
    scene = copied(folder, tmp_path / "scene")
    hashes, ids = hashes_of(scene.here), scene.ids
    desks = [desk_at(scene.folder, scene.here.time) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        done = [one for found in pool.map(lambda desk: list(erase_due(desk)), desks) for one in found]
    assert [id for id, _ in done] == [scene.here.id]
    assert_nothing_is_left(scene, hashes, ids)


def test_a_change_during_it_is_erased_too(folder: Path, tmp_path: Path) -> None:
    scene = copied(folder, tmp_path / "scene")
    hashes, ids, changed = hashes_of(scene.here), scene.ids, []

    def passing(point: str) -> None:
        if point == "after erase_beside 1":
            seen = scene.here.there().revision
            another = form(first_name="Zephyrinetta")
            changed.append(amend(scene.here.desk, EVENT, scene.here.id, seen, another, Actor.STAFF, Way.DESK))

    store = cast(Store, Hooked(scene.here.desk.store, Hooks(passing)))
    list(erase_due(replace(desk_at(scene.folder, scene.here.time), store=store)))
    assert isinstance(changed[0], Amended)
    assert_nothing_is_left(scene, hashes, ids)
