"""SQLite's file and the log beside it have nothing left of what was deleted."""

import random
from pathlib import Path

from rollcall.store.database import Create, Delete
from rollcall.store.sqlite import SqliteStore
from tests.support.clock import Clock

DOCUMENTS = 600


def test_what_was_deleted_is_in_no_file(tmp_path: Path, clock: Clock) -> None:
    """Most of it at once; what SQLite left in pages that it divided, once the file was written anew."""
    store, dice = SqliteStore(tmp_path / "db", clock, durable=False), random.Random(4)
    database, hers = store._file, set[str]()
    for place in range(DOCUMENTS):
        whose, id = "theirs" if place % 3 else "hers", f"{dice.randrange(10**9):09}"
        said = {"address": f"{whose}-{id}@example.org", "due_at": None, "text": whose * dice.randrange(300)}
        database.commit(Create(f"outbox/{id}", {"schema_version": 1, **said}))
        hers |= {id} if whose == "hers" else set()
        if place % 50 == 49:
            for gone in dice.sample(sorted(hers), 5):
                database.commit(Delete(f"outbox/{gone}"))
                hers.remove(gone)
    database.commit(*(Delete(f"outbox/{id}") for id in hers))
    assert (tmp_path / "db-wal").stat().st_size == 0
    assert (tmp_path / "db").read_bytes().count(b"hers") < 1000  # of some 30,000
    store.leave_no_trace()
    assert [path.name for path in tmp_path.iterdir() if b"hers" in path.read_bytes()] == []
    assert sum(1 for _ in database.scan("outbox", ["address"])) == DOCUMENTS - DOCUMENTS // 3
