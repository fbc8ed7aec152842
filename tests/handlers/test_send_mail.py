"""`send_mail` with what Firestore's trigger brings: how often it asks Firestore, and what it believes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from cloudevents.http import from_http
from google.cloud.firestore_v1.types import Document
from grpc import StatusCode

from handlers.send_mail import send_mail
from rollcall.desk.deliveries import record_deliveries
from rollcall.desk.desk import Desk
from rollcall.desk.register import Accepted, register
from rollcall.desk.send import send_due
from rollcall.model.email import (
    AttemptOutcome,
    DeliveryEvent,
    Email,
    EmailStatus,
    OutboxEntry,
    RateLimited,
    SendResult,
    confirmation,
)
from rollcall.store.firestore import FirestoreStore
from tests.support.builders import a_registration, an_event, desk_with
from tests.support.desk import Postbox
from tests.support.faulty_firestore import FaultyFirestore, answer_lost, faulty_firestore, refused
from tests.support.trigger import OLD_VALUE, in_field, triggers

EVENT = an_event()


@dataclass
class Seconds:
    """That an instance counts."""

    now: float = 0

    def __call__(self) -> float:
        return self.now


@dataclass
class Sending:
    """A desk on Firestore, whose calls are seen."""

    line: FaultyFirestore
    project: str
    desk: Desk
    postbox: Postbox
    clock: "Seconds"

    def registered(self, name: str) -> OutboxEntry:
        registration = a_registration(first_name=name, email=f"{name}@example.org")
        (event,) = self.desk.events.values()
        accepted = register(self.desk, event, registration)
        assert isinstance(accepted, Accepted)
        return confirmation(EVENT.slug, accepted.id, registration.email)

    def trigger(self, entry: OutboxEntry) -> tuple[dict[str, str], bytes]:
        (trigger,) = triggers(self.project, [entry.id])
        return trigger

    def calls(self, headers: dict[str, str], body: bytes) -> list[str]:
        """The methods that are called at Firestore while this trigger is answered."""
        before = len(self.line.calls)
        send_mail(self.desk, from_http(headers, body))
        return [method for method, _ in self.line.calls[before:]]


@pytest.fixture
def sending(emulator: str, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sending]:
    with faulty_firestore(emulator) as line:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", line.address)
        postbox, clock = Postbox(), Seconds()
        store = FirestoreStore(project)
        event = replace(EVENT, closes_at=store.now() + timedelta(days=1))
        events = {event.slug: event}
        yield Sending(
            line, project, desk_with(store, postbox.post, tmp_path, events=events, seconds=clock), postbox, clock
        )


FOUR = ["BatchGetDocuments", "RunAggregationQuery", "Commit", "Commit"]


def status(sending: Sending, entry: OutboxEntry) -> EmailStatus:
    there = sending.desk.store.entry(entry.id)
    assert there
    return there.status


def test_a_confirmation_takes_four_calls(sending: Sending) -> None:
    sending.calls(*sending.trigger(sending.registered("First")))
    entry = sending.registered("Second")
    assert sending.calls(*sending.trigger(entry)) == FOUR
    assert status(sending, entry) is EmailStatus.SENT
    assert [one.to for one in sending.postbox.messages] == ["First@example.org", "Second@example.org"]


def test_after_a_pause_it_takes_as_many_and_reads_breaker_and_intake_again(sending: Sending) -> None:
    sending.calls(*sending.trigger(sending.registered("First")))
    breaker = sending.desk.store.circuit_breaker()
    until = breaker.as_of + timedelta(hours=1)
    opened = replace(breaker, opened_at=breaker.as_of, open_until=until)
    assert sending.desk.store.save_circuit_breaker(opened, [])
    sending.clock.now += 16
    assert sending.calls(*sending.trigger(entry := sending.registered("Second"))) == FOUR[:1]
    assert status(sending, entry) is EmailStatus.PENDING
    closed = replace(sending.desk.store.circuit_breaker(), open_until=None)
    assert sending.desk.store.save_circuit_breaker(closed, [])
    assert sending.calls(*sending.trigger(entry)) == FOUR
    assert status(sending, entry) is EmailStatus.SENT


def test_an_instance_learns_from_sendgrid_that_the_breaker_is_open(sending: Sending) -> None:
    """Another one opened it since this one looked."""
    sending.calls(*sending.trigger(sending.registered("First")))
    breaker = sending.desk.store.circuit_breaker()
    opened = replace(breaker, opened_at=breaker.as_of, open_until=breaker.as_of + timedelta(hours=1))
    assert sending.desk.store.save_circuit_breaker(opened, [])
    second, third = (sending.registered(name) for name in ("Second", "Third"))
    sending.postbox.answers = [RateLimited(False, "429")]
    for entry in (second, third):
        sending.calls(*sending.trigger(entry))
    assert [one.to for one in sending.postbox.messages] == ["First@example.org", "Second@example.org"]
    assert [status(sending, entry) for entry in (second, third)] == [EmailStatus.PENDING] * 2


@pytest.mark.parametrize("after", ["it was sent", "somebody else is sending it", "it was erased"])
def test_a_trigger_that_comes_late_sends_nothing(sending: Sending, after: str) -> None:
    entry = sending.registered("First")
    trigger, store = sending.trigger(entry), sending.desk.store
    if after == "it was sent":
        sending.calls(*trigger)
    elif after == "somebody else is sending it":
        there = store.entry(entry.id)
        assert there
        assert store.save_entry(replace(there, status=EmailStatus.SENDING, due_at=store.now() + timedelta(minutes=1)))
    else:
        store.forget_test_person("none", "none", [entry.id])
    posted = len(sending.postbox.messages)
    assert sending.calls(*trigger).count("Commit") <= 1  # the claim, which is refused
    assert len(sending.postbox.messages) == posted


def test_it_is_sent_once_though_the_answer_to_the_claim_was_lost(sending: Sending) -> None:
    trigger = sending.trigger(entry := sending.registered("First"))
    sending.line.order("Commit", answer_lost(StatusCode.UNAVAILABLE))
    sending.calls(*trigger)
    assert status(sending, entry) is EmailStatus.SENT
    assert len(sending.postbox.messages) == 1


@pytest.mark.parametrize("is_made", [True, False])
def test_a_sweep_sends_each_once_though_the_answer_to_its_claim_was_lost(sending: Sending, is_made: bool) -> None:
    entries = [sending.registered(name) for name in ("First", "Second", "Third")]
    sending.line.order("Commit", answer_lost(StatusCode.UNAVAILABLE) if is_made else refused(StatusCode.UNAVAILABLE))
    before = len(sending.line.calls)
    list(send_due(sending.desk))
    assert {status(sending, entry) for entry in entries} == {EmailStatus.SENT}
    assert sorted(one.email_id for one in sending.postbox.messages) == sorted(entry.id for entry in entries)
    claims = [method for method, _ in sending.line.calls[before:] if method == "Commit"]
    assert len(claims) <= 2 + len(entries)  # claimed together, and again; settled as they come


def test_a_delivery_event_before_it_is_settled_is_not_undone(sending: Sending) -> None:
    trigger = sending.trigger(entry := sending.registered("First"))

    def post(email: Email) -> SendResult:
        record_deliveries(sending.desk, [DeliveryEvent(email.email_id, EmailStatus.BOUNCED, "no such mailbox")])
        return sending.postbox.post(email)

    sending.desk = replace(sending.desk, post=post)
    sending.calls(*trigger)
    assert status(sending, entry) is EmailStatus.BOUNCED
    there = sending.desk.store.entry(entry.id)
    assert there
    assert [attempt.outcome for attempt in there.attempts] == [AttemptOutcome.ACCEPTED]


def test_late_is_told_by_the_deadline_as_it_is_now(sending: Sending) -> None:
    """It was moved later since this instance read it."""
    sending.calls(*sending.trigger(sending.registered("First")))
    store = sending.desk.store
    (event,) = sending.desk.events.values()
    late = sending.registered("Second")
    passed = replace(store.intake(event), closes_at=store.now() - timedelta(hours=1))
    sending.desk.intakes.was_read(event, passed, sending.clock.now)
    sending.calls(*sending.trigger(late))
    assert status(sending, late) is EmailStatus.SENT
    assert "after the deadline" not in sending.postbox.messages[-1].subject


@pytest.mark.parametrize("what", ["nothing", "garbage", "of another", "deleted", "as JSON"])
def test_what_the_trigger_does_not_bring_is_read(sending: Sending, what: str) -> None:
    headers, body = sending.trigger(entry := sending.registered("First"))
    _, of_another = sending.trigger(sending.registered("Second"))
    document = Document.deserialize(body[3:])
    wrong = {
        "nothing": b"",
        "garbage": b"\xff" + body,
        "of another": of_another,
        "deleted": in_field(OLD_VALUE, document),
        "as JSON": b'{"value": {"name": "x"}}',
    }
    assert sending.calls(headers, wrong[what])[0] == "BatchGetDocuments"
    assert status(sending, entry) is EmailStatus.SENT
    assert [one.to for one in sending.postbox.messages] == ["First@example.org"]


def test_fields_beside_the_document_are_passed_over(sending: Sending) -> None:
    headers, body = sending.trigger(sending.registered("First"))
    document = Document.deserialize(body[3:])
    sending.calls(headers, body)
    headers, body = sending.trigger(entry := sending.registered("Second"))
    assert sending.calls(headers, in_field(OLD_VALUE, document) + body) == FOUR
    assert status(sending, entry) is EmailStatus.SENT
