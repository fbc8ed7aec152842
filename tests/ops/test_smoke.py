"""The smoke test against the pages of a desk; whoever else works on an e-mail is the test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rollcall.desk.desk import Desk
from rollcall.model.email import Attempt, AttemptOutcome, EmailStatus, OutboxEntry
from rollcall.model.event import SMOKE_TEST
from rollcall.ops.smoke import Smoke, SmokeFailed, smoke
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import an_event
from tests.support.clock import Clock
from tests.support.served_here import served_here
from tests.support.threaded import QuietHandler, http_server

DAY = timedelta(days=1)
EVENT = an_event()


@dataclass
class World:
    """A desk that takes registrations, and what happens to their e-mails while somebody waits."""

    desk: Desk
    url: str
    said: list[str] = field(default_factory=list)
    waited: float = 0.0
    meanwhile: Callable[[OutboxEntry], OutboxEntry] = lambda entry: entry

    def wait(self, seconds: float) -> None:
        self.waited += seconds
        for entry in self.entries():
            if (after := self.meanwhile(entry)) != entry:
                self.desk.store.save_entry(after)

    def entries(self) -> list[OutboxEntry]:
        return list(self.desk.store.unsent_entries(SMOKE_TEST.slug, None, 99))

    def people(self) -> list[str]:
        return [one.registration.email for one in self.desk.store.registrations(SMOKE_TEST.slug, None, 10)]

    def smoke(self, **changes: Any) -> None:
        test = Smoke(self.desk.store, self.desk.events, self.url, self.said.append, self.wait, lambda: self.waited)
        smoke(replace(test, **changes))


@pytest.fixture
def world(desk: Desk, clock: Clock, tmp_path: Path) -> Iterator[World]:
    to_come = replace(EVENT, slug="to-come", opens_at=clock.now + DAY)
    closed = replace(EVENT, slug="closed", closes_at=clock.now - DAY)
    desk = replace(desk, events={one.slug: one for one in (EVENT, to_come, closed)})
    with served_here(desk, tmp_path, clock) as port:
        yield World(desk, f"http://127.0.0.1:{port}")


def becomes(status: EmailStatus) -> Callable[[OutboxEntry], OutboxEntry]:
    return lambda entry: replace(entry, status=status, due_at=None)


def test_a_test_person_registers_and_is_deleted(world: World) -> None:
    seen = []

    def delivered(entry: OutboxEntry) -> OutboxEntry:
        seen.extend(world.people())
        return becomes(EmailStatus.DELIVERED)(entry)

    world.meanwhile = delivered
    world.smoke()
    (person,) = seen
    assert person.startswith("smoke-test-")
    assert person.endswith("@sink.sendgrid.net")
    assert (world.people(), world.entries()) == ([], [])
    assert [line.strip() for line in world.said] == [
        "the page of intgov04 says what it should (0.0 s)",
        "the page of to-come says what it should (0.0 s)",
        "the page of closed says what it should (0.0 s)",
        "the page of smoke-test says what it should (0.0 s)",
        "a test person registered (0.0 s)",
        "it is in the database (0.0 s)",
        "the confirmation is pending",
        "the confirmation is delivered",
        "its confirmation was delivered (1.0 s)",
        "the test person and its outbox entry are deleted (0.0 s)",
    ]


@pytest.mark.parametrize(
    ("becomes_of_it", "code", "said"),
    [
        (lambda entry: entry, "no_delivery_event", "Nobody claimed it"),
        (becomes(EmailStatus.SENT), "no_delivery_event", "look at the Event Webhook"),
        (
            lambda entry: replace(
                entry, attempts=(Attempt("a", entry.enqueued_at, AttemptOutcome.REJECTED, "SendGrid answered 400"),)
            ),
            "no_delivery_event",
            "rejected. SendGrid answered 400",
        ),
        (
            lambda entry: replace(entry, status=EmailStatus.DROPPED, due_at=None, reason="Bounced Address"),
            "dropped",
            "dropped. Bounced Address",
        ),
    ],
)
def test_an_email_that_does_not_arrive_says_why(
    world: World, becomes_of_it: Callable[[OutboxEntry], OutboxEntry], code: str, said: str
) -> None:
    world.meanwhile = becomes_of_it
    with pytest.raises(SmokeFailed, match=said) as failed:
        world.smoke(within=timedelta(minutes=1))
    assert failed.value.code == code
    assert world.waited <= 61
    assert (world.people(), world.entries()) == ([], [])


def test_an_open_circuit_breaker_is_said(world: World) -> None:
    breaker = world.desk.store.circuit_breaker()
    opened = replace(breaker, opened_at=breaker.as_of, open_until=breaker.as_of + DAY, note="SendGrid answered 401")
    assert world.desk.store.save_circuit_breaker(opened, [])
    with pytest.raises(SmokeFailed, match=r"The circuit breaker is open: SendGrid answered 401"):
        world.smoke(within=timedelta(0))
    assert "    the confirmation is pending, and the circuit breaker is open: SendGrid answered 401" in world.said


def test_an_interrupted_test_leaves_nobody_behind(world: World) -> None:
    def interrupt(_: OutboxEntry) -> OutboxEntry:
        assert len(world.people()) == 1
        raise KeyboardInterrupt

    world.meanwhile = interrupt
    with pytest.raises(KeyboardInterrupt):
        world.smoke()
    assert (world.people(), world.entries()) == ([], [])


def test_the_database_of_another_desk_is_told_apart(world: World, clock: Clock, tmp_path: Path) -> None:
    other = SqliteStore(tmp_path / "other.sqlite3", clock, durable=False)
    with pytest.raises(SmokeFailed, match="Do URL and PROJECT belong together"):
        world.smoke(store=other)


def test_what_answers_otherwise_is_said(world: World) -> None:
    nowhere = {"nowhere": replace(EVENT, slug="nowhere")}
    with pytest.raises(SmokeFailed, match="nowhere: it answered 404"):
        world.smoke(events=nowhere)
    with pytest.raises(SmokeFailed, match="does not answer"):
        world.smoke(url="http://127.0.0.1:9")
    assert world.people() == []


@pytest.mark.parametrize("slug", ["intgov04", "to-come", "closed"])
def test_a_page_that_says_otherwise_than_the_database_is_said(world: World, clock: Clock, slug: str) -> None:
    changed = {
        "intgov04": {"closes_at": clock.now - DAY},
        "to-come": {"opens_at": clock.now - DAY},
        "closed": {"closes_at": clock.now + DAY},
    }
    event = replace(world.desk.events[slug], **changed[slug])  # type: ignore[arg-type]
    with pytest.raises(SmokeFailed, match=f"The page of {slug} is there, but"):
        world.smoke(events={slug: event}, store=SqliteStore(Path(":memory:"), clock))


def test_an_address_that_redirects_is_said(world: World) -> None:
    """As http:// does to https://: a form that is posted there arrives as a look at the page."""

    class Redirects(QuietHandler):
        def do_GET(self) -> None:
            self.send_response(301)
            self.send_header("Location", world.url + self.path)
            self.end_headers()

    with http_server(Redirects) as url, pytest.raises(SmokeFailed, match=f"leads on to {world.url}/register/intgov04"):
        world.smoke(url=url)
    assert world.people() == []
