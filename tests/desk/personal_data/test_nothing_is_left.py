"""Of a person who was erased nothing is left, wherever it was; of the others everything is."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from handlers.erase import erase as answer_erase
from rollcall.desk.desk import Desk
from rollcall.desk.personal_data.erase import LAST_LOOK_AFTER, LEASE, erase_due
from rollcall.desk.ports import Store
from rollcall.model.personal_data import Erasure, ErasureStatus
from rollcall.store.cloud_storage import CloudStorageFiles
from rollcall.store.folder import FolderFiles
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import desk_with
from tests.support.desk import Postbox
from tests.support.everywhere import EVENT, SLUG, TRACES, Everywhere, Time, documents, everywhere, hashes_of
from tests.support.hooks import FirestoreAhead
from tests.support.in_process import ask
from tests.support.storage import at


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Everywhere]:
    """Once, to be copied."""
    folder = tmp_path_factory.mktemp("everywhere")
    time = Time()
    here = everywhere(desk_at(folder, time), time)
    here.due()
    return folder, here


def desk_at(folder: Path, time: Time) -> Desk:
    store = SqliteStore(folder / "db", lambda: time.now, durable=False)
    return desk_with(store, Postbox().post, folder / "files", events={SLUG: EVENT})


def traces_in(text: str, *more: str) -> list[str]:
    return [one for one in (*TRACES, *more) if one.casefold() in text.casefold()]


def test_nothing_is_left(scene: tuple[Path, Everywhere], capsys: pytest.CaptureFixture[str]) -> None:
    folder, here = scene
    hashes, before = hashes_of(here), documents(here.desk.store)
    held = {path for path, text in before.items() if traces_in(text, here.id, *hashes)}
    print(sorted(held))
    (done,) = list(erase_due(here.desk))
    print(done)
    after = documents(here.desk.store)
    for path, text in after.items():
        if found := traces_in(path + text, *hashes):
            print("LEFT", path, found, text[:300])
    for path, text in after.items():
        if here.id in path + text:
            print("ID", path, text[:200])
    for path in before.keys() - after.keys():
        print("GONE", path)
    for path in before.keys() & after.keys():
        if before[path] != after[path]:
            print("CHANGED", path)
    for file in folder.rglob("*"):
        if file.is_file():
            found = traces_in(file.read_bytes().decode("latin-1") + file.name, *hashes)
            if found:
                print("FILE", file, found)
            else:
                print("clean", file)
    assert 0
