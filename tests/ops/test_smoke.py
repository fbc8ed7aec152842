"""The smoke test against `register` as it is served, in either store; whoever else works on a mail is the test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.cloud import firestore

from rollcall.desk.ports import Store
from rollcall.desk.testing import address_of_test_person
from rollcall.model.email import Attempt, AttemptOutcome, CircuitBreaker, EmailStatus, OutboxEntry, confirmation
from rollcall.model.event import Event
from rollcall.model.registration import registration_id
from rollcall.ops.smoke import (
    Smoke,
    SmokeFailed,
    answers_of_test_person,
    look_at_page_of_closed,
    remove_test_person,
    smoke,
)
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import SqliteStore
from schemas.event import read_event
from schemas.form import FIELD_NAMES, read_form
from tests.support.builders import a_registration, an_event, write_event, write_open_event
from tests.support.served import function
from tests.support.stores import store_settings
from tests.support.threaded import QuietHandler, http_server


@dataclass
class World:
    """A desk that takes registrations, and what happens to their mails while somebody waits."""

    event: Event
    url: str
    store: Store
    said: list[str] = field(default_factory=list)
    waited: float = 0.0
    meanwhile: Callable[[OutboxEntry], OutboxEntry] = lambda entry: entry

    def wait(self, seconds: float) -> None:
        self.waited += seconds
        for entry in self.entries():
            if (after := self.meanwhile(entry)) != entry:
                self.store.save_entry(after)

    def entries(self) -> list[OutboxEntry]:
        return list(self.store.unsent_entries(self.event.slug, None, 99))

    def people(self) -> list[str]:
        return [one.registration.email for one in self.store.registrations(self.event.slug, None, 10)]

    def smoke(self, **changes: Any) -> None:
        test = Smoke(self.store, self.event, self.url, self.said.append, self.wait, lambda: self.waited)
        smoke(replace(test, **changes))


@pytest.fixture(scope="module", params=["sqlite", "firestore"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("smoke")
    events = folder / "events"
    events.mkdir()
    write_open_event(events)
    today = datetime.now(UTC).date()
    write_event(events, "closed", today - timedelta(days=9), today - timedelta(days=3))
    settings = store_settings(request, folder)
    store: Store
    if settings["STORE"] == "sqlite":
        store = SqliteStore(Path(settings["SQLITE_PATH"]), lambda: datetime.now(UTC))
    else:
        store = FirestoreStore(firestore.Client(project=settings["GOOGLE_CLOUD_PROJECT"]))
    with function("register", EVENTS=str(events), **settings) as server:
        yield World(read_event(events / "open.toml"), f"http://127.0.0.1:{server.port}", store)


@pytest.fixture
def world(served: World) -> World:
    return replace(served, said=[], waited=0.0)


def becomes(status: EmailStatus) -> Callable[[OutboxEntry], OutboxEntry]:
    return lambda entry: replace(entry, status=status, due_at=None)


def test_a_test_person_registers_and_is_removed(world: World) -> None:
    seen = []

    def delivered(entry: OutboxEntry) -> OutboxEntry:
        seen.extend(world.people())
        return becomes(EmailStatus.DELIVERED)(entry)

    world.meanwhile = delivered
    world.smoke()
    assert len(seen) == 1
    assert seen[0].startswith("rollcall-test-")
    assert seen[0].endswith("@sink.sendgrid.net")
    assert (world.people(), world.entries()) == ([], [])
    steps = [line.strip() for line in world.said]
    assert [line for line in steps if "confirmation is" in line] == [
        "the confirmation is queued",
        "the confirmation is delivered",
    ]
    assert steps[-1].startswith("the test person and its mail are removed")


@pytest.mark.parametrize(
    ("becomes_of_it", "said"),
    [
        (lambda entry: entry, "Nobody took it up"),
        (lambda entry: replace(entry, status=EmailStatus.SENT, due_at=None), "its report did not come"),
        (
            lambda entry: replace(
                entry, attempts=(Attempt("a", entry.enqueued_at, AttemptOutcome.REJECTED, "SendGrid answered 400"),)
            ),
            "not taken. SendGrid answered 400",
        ),
        (
            lambda entry: replace(entry, status=EmailStatus.DROPPED, reason="Bounced Address"),
            "dropped. Bounced Address",
        ),
    ],
)
def test_a_mail_that_does_not_arrive_says_why(
    world: World, becomes_of_it: Callable[[OutboxEntry], OutboxEntry], said: str
) -> None:
    world.meanwhile = becomes_of_it
    with pytest.raises(SmokeFailed, match=said):
        world.smoke(within=timedelta(minutes=1))
    assert world.waited <= 62
    assert (world.people(), world.entries()) == ([], [])


def test_a_queue_that_is_held_is_said(world: World) -> None:
    queue = world.store.circuit_breaker()
    held = replace(queue, opened_at=queue.as_of, open_until=queue.as_of + timedelta(minutes=9), note="answered 401")
    assert world.store.save_circuit_breaker(held, [])
    with pytest.raises(SmokeFailed, match=r"The mail queue is held: answered 401"):
        world.smoke(within=timedelta(0))
    assert "    the confirmation is queued, and the mail queue is held: answered 401" in world.said
    goes_on = CircuitBreaker(queue.as_of, version=world.store.circuit_breaker().version)
    assert world.store.save_circuit_breaker(goes_on, [])


def test_who_interrupts_it_leaves_nobody_behind(world: World) -> None:
    def interrupt(_: OutboxEntry) -> OutboxEntry:
        assert len(world.people()) == 1
        raise KeyboardInterrupt

    world.meanwhile = interrupt
    with pytest.raises(KeyboardInterrupt):
        world.smoke()
    assert (world.people(), world.entries()) == ([], [])


def test_the_books_of_another_desk_are_known(world: World, tmp_path: Path) -> None:
    others = SqliteStore(tmp_path / "others.sqlite3", lambda: datetime.now(UTC))
    with pytest.raises(SmokeFailed, match="Do URL and PROJECT belong together"):
        world.smoke(store=others)
    (left,) = world.store.registrations(world.event.slug, None, 10)
    entries = [entry.id for entry in world.entries()]
    world.store.forget(world.event.slug, left.id, entries)


def test_what_answers_otherwise_is_said(world: World) -> None:
    with pytest.raises(SmokeFailed, match=r"404.*nowhere\.toml"):
        world.smoke(event=replace(world.event, slug="nowhere"))
    with pytest.raises(SmokeFailed, match="registration is not open by this desk's clock"):
        world.smoke(event=replace(world.event, slug="closed"))
    with pytest.raises(SmokeFailed, match="does not answer"):
        world.smoke(url="http://127.0.0.1:9")
    assert world.people() == []


def test_an_address_that_leads_on_to_another_is_said(world: World) -> None:
    """As http:// does to https://: a form that is posted there arrives as a look at the page."""

    class LeadsOn(QuietHandler):
        def do_GET(self) -> None:
            self.send_response(301)
            self.send_header("Location", world.url + self.path)
            self.end_headers()

    with http_server(LeadsOn) as url, pytest.raises(SmokeFailed, match=f"leads on to {world.url}/register/open"):
        world.smoke(url=url)
    assert world.people() == []


def test_a_page_of_what_is_not_open(world: World) -> None:
    closed = replace(world.event, slug="closed")
    test = Smoke(world.store, closed, world.url, world.said.append, world.wait, lambda: 0.0)
    look_at_page_of_closed(test, not_yet_open=False)
    assert world.said == ['  the page is there, and says "Registration is closed" (0.0 s)']
    with pytest.raises(SmokeFailed, match='does not say "Registration is not yet open"'):
        look_at_page_of_closed(test, not_yet_open=True)
    with pytest.raises(SmokeFailed, match='does not say "Registration is closed"'):
        look_at_page_of_closed(replace(test, event=world.event), not_yet_open=False)
    with pytest.raises(SmokeFailed, match="404"):
        look_at_page_of_closed(replace(test, event=replace(closed, slug="nowhere")), not_yet_open=False)
    with pytest.raises(SmokeFailed, match="does not answer"):
        look_at_page_of_closed(replace(test, url="http://127.0.0.1:9"), not_yet_open=False)


def test_nobody_but_a_test_person_is_ever_removed(world: World) -> None:
    slug, store = world.event.slug, world.store
    (test, its_mail), (person, theirs) = (
        accepted(world, email) for email in (address_of_test_person("a"), "a@b.example")
    )
    for id, entry in ((person, theirs), (test, theirs), (person, its_mail)):
        with pytest.raises(SmokeFailed, match="no test person"):
            remove_test_person(store, slug, id, [entry])
    assert len(world.people()) == len(world.entries()) == 2
    remove_test_person(store, slug, test, [its_mail])
    assert (world.people(), [entry.id for entry in world.entries()]) == (["a@b.example"], [theirs])
    store.forget(slug, person, [theirs])


def accepted(world: World, email: str) -> tuple[str, str]:
    """The ids of a registration and of its confirmation."""
    registration = a_registration(email=email)
    id = registration_id(world.event.slug, registration)
    enqueue = confirmation(world.event.slug, id, email)
    assert world.store.accept(world.event.slug, id, registration, enqueue)
    return id, enqueue.id


def test_every_field_that_a_form_may_require_is_filled_in() -> None:
    event = an_event(required=frozenset(FIELD_NAMES))
    answers = answers_of_test_person(event, "0a", date(2004, 2, 2))
    assert set(answers) == set(FIELD_NAMES)
    read_form(event, answers)
    few = an_event(required=frozenset({"family_name", "email", "category"}))
    assert set(answers_of_test_person(few, "0a", date(2004, 2, 2))) == {"family_name", "email", "category"}
