"""Firestore stops and comes back while people register: `register`, which retries for a second, and our emulator."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest

from rollcall.store.firestore import FirestoreStore
from tests.support.builders import EVENTS, a_form
from tests.support.emulator import OwnEmulator, own_emulator
from tests.support.faulty_firestore import faulty_firestore
from tests.support.served import Served, function, until

SLUG = "open"
PROJECT = "stopping"
PEOPLE_AT_ONCE = 6
YES = (201, 200)

pytestmark = pytest.mark.slow


@dataclass
class Traffic:
    """People who register from several threads, one after another, each again and again until told yes."""

    register: Served
    over: threading.Event = field(default_factory=threading.Event)
    answered: Counter[int] = field(default_factory=Counter)
    registered: list[str] = field(default_factory=list)
    """First names of those who were told yes."""

    def run(self, thread: int) -> None:
        """The people of one thread."""
        number = 0
        while not self.over.is_set():
            name = f"{thread}-{(number := number + 1)}"
            while (status := self._send(name)) == 503:
                pass
            if status in YES:
                self.registered.append(name)

    def _send(self, name: str) -> int:
        status = self.register.post_json(f"/register/{SLUG}", a_form(first_name=name)).status
        self.answered[status] += 1
        return status

    def until_more_are_registered(self) -> None:
        """Wait."""
        enough = len(self.registered) + 2 * PEOPLE_AT_ONCE
        until(lambda: len(self.registered) >= enough)

    def until_more_are_asked_to_come_again(self) -> None:
        """Wait."""
        enough = self.answered[503] + 2
        until(lambda: self.answered[503] >= enough)


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[OwnEmulator]:
    with own_emulator(tmp_path) as running:
        yield running


@contextmanager
def traffic(address: str, events: Path) -> Iterator[Traffic]:
    """People who register for as long as this lasts."""
    closes = datetime.now(UTC).date() + timedelta(days=9)
    letter = (EVENTS / "intgov04.toml").read_text("utf-8").replace("closes = 2004-02-20", f"closes = {closes}")
    (events / f"{SLUG}.toml").write_text(letter, "utf-8")
    environment = {
        "STORE": "firestore",
        "EVENTS": str(events),
        "FIRESTORE_EMULATOR_HOST": address,
        "GOOGLE_CLOUD_PROJECT": PROJECT,
    }
    with function("register", source="tests/support/impatient.py", RETRY_WITHIN="1", **environment) as register:
        people = Traffic(register)
        threads = [threading.Thread(target=people.run, args=(thread,)) for thread in range(PEOPLE_AT_ONCE)]
        for thread in threads:
            thread.start()
        try:
            yield people
        finally:
            people.over.set()
            for thread in threads:
                thread.join()


def test_firestore_stops_answering_and_goes_on(emulator: OwnEmulator, events_folder: Path) -> None:
    with traffic(emulator.address, events_folder) as people:
        people.until_more_are_registered()
        emulator.freeze()
        people.until_more_are_asked_to_come_again()
        emulator.thaw()
        people.until_more_are_registered()
    assert_each_is_there_once(emulator, people)


def test_firestore_is_killed_and_started_again(emulator: OwnEmulator, events_folder: Path) -> None:
    """The emulator holds everything in memory: the line is cut before it is exported, and mended while it is down."""
    with faulty_firestore(emulator.address) as line, traffic(line.address, events_folder) as people:
        people.until_more_are_registered()
        line.cut = grpc.StatusCode.UNAVAILABLE
        until(lambda: not line.under_way)
        emulator.export(PROJECT)
        emulator.kill()
        line.cut = None
        people.until_more_are_asked_to_come_again()
        emulator.start_again()
        people.until_more_are_registered()
    assert_each_is_there_once(emulator, people)


def assert_each_is_there_once(emulator: OwnEmulator, people: Traffic) -> None:
    """Whoever was told yes is in the store with one confirmation pending, and nobody else is."""
    assert set(people.answered) <= {*YES, 503}
    store = _store_of(emulator)
    there = {one.id: one.registration.first_name for one in store.registrations(SLUG, None, 10_000)}
    assert sorted(there.values()) == sorted(people.registered)
    assert len(people.registered) == len(set(people.registered))
    enqueue = [entry.registration_id for entry in store.unsent_entries(SLUG, None, 100_000)]
    assert sorted(map(str, enqueue)) == sorted(there)


def _store_of(emulator: OwnEmulator) -> FirestoreStore:
    """Not by `FIRESTORE_EMULATOR_HOST`, which is the other tests' emulator."""
    return FirestoreStore(PROJECT, grpc.insecure_channel(emulator.address), account=list)
