"""The smoke test: each event's page says what it should, and a test person is registered, written to and deleted."""

import json
import re
import secrets
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from rollcall.desk.ports import Store
from rollcall.model.email import UNDELIVERED, CircuitBreaker, EmailStatus, OutboxEntry, confirmation
from rollcall.model.event import SMOKE_TEST, Event, smoke_test_address
from rollcall.model.registration import Registered, is_reference, person_key
from rollcall.ops.connect import Database, Refused
from rollcall.ops.report import lasting
from schemas.form import read_form
from templates import in_utc, words

WITHIN = timedelta(minutes=10)
"""How long the delivery event may take: SendGrid collects them for up to 30 seconds
(https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook), and an e-mail that
was not accepted at once is retried some minutes later."""
_LOOK_EVERY = 1.0
_ANSWERS_WITHIN = 60.0
"""Seconds; a cold start is in it."""


class SmokeFailed(Refused):
    """The message says what to look at."""


@dataclass(frozen=True)
class Smoke:
    store: Store
    events: Mapping[str, Event]
    url: str
    say: Callable[[str], None]
    wait: Callable[[float], None] = time.sleep
    seconds: Callable[[], float] = time.monotonic
    within: timedelta = WITHIN
    steps: list[dict[str, object]] = field(default_factory=list)


def smoke(test: Smoke) -> None:
    """The test person is of an event of its own, and deleted whatever went wrong, also when interrupted.

    Raises `SmokeFailed`, `StoreUnavailable`.
    """
    for event in (*test.events.values(), SMOKE_TEST):
        with _step(test, f"page_of {event.slug}", f"the page of {event.slug} says what it should"):
            _look_at_page(test, event)
    answers = {"family_name": "Test", "category": "test", "email": smoke_test_address(secrets.token_hex(8))}
    person = person_key(read_form(SMOKE_TEST, answers))
    try:
        with _step(test, "registered", "a test person registered"):
            _register(test, answers)
        with _step(test, "stored", "it is in the database"):
            _found(test, person)
        with _step(test, "delivered", "its confirmation was delivered"):
            _wait_for_delivery(test, person)
    finally:
        with _step(test, "deleted", "the test person and its outbox entry are deleted"):
            _delete(test.store, person)


def desk_url(database: Database, url: str) -> str:
    """Only scheme and host of `url` count, so that it may be that of any page."""
    url = url or database.address or ""
    found = re.match(r"https?://([^/?#\s]+)", url)
    if found is None:
        said = f"URL={url} is not a page's; write it as" if url else "Say where the desk's pages are:"
        raise Refused("no_url", f"{said} URL=https://registration.example.org")
    url, host = found.group(0, 1)
    if database.address and not host.endswith(f":{urlsplit(database.address).port}"):
        whose = f"The database is that of {database.name}, not of {url}"
        raise Refused("other_database", f"{whose}: PROJECT=... says which it is.")
    return url


@contextmanager
def until_stopped() -> Iterator[Callable[[float], None]]:
    """A `wait` that alone ends at Ctrl-C or SIGTERM: a call under way ends first, so that what it wrote can be
    deleted."""
    told: list[int] = []

    def wait(seconds: float) -> None:
        time.sleep(seconds)
        if told:
            raise KeyboardInterrupt

    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(one, lambda number, _frame: told.append(number)) for one in signals]
    try:
        yield wait
    finally:
        for one, handler in zip(signals, before, strict=True):
            signal.signal(one, handler)


@contextmanager
def _step(test: Smoke, code: str, done: str) -> Iterator[None]:
    began = test.seconds()
    yield
    took = round(test.seconds() - began, 1)
    test.steps.append({"step": code, "seconds": took})
    test.say(f"  {done} ({took} s)")


def _look_at_page(test: Smoke, event: Event) -> None:
    now, known = test.store.now(), test.store.known_intake(event.slug) or event
    if now < known.opens_at:
        shown = "<h1>Registration is not yet open</h1>"
    elif now > known.closes_at:
        shown = "<h1>Registration is closed</h1>"
    else:
        shown = 'name="family_name"'
    if shown not in _ask(test, event, 200):
        missing = f"{shown} is not on it, as it should be by the database that was opened here"
        raise SmokeFailed("wrong_page", f"The page of {event.slug} is there, but {missing}.")


def _register(test: Smoke, answers: Mapping[str, str]) -> None:
    if not is_reference(json.loads(_ask(test, SMOKE_TEST, 201, answers)).get("reference", "")):
        raise SmokeFailed("other_version", "It answered without a reference: another version of Rollcall is deployed.")


_WHY = {
    404: "no such event, or no such page. Is {slug} deployed, and the URL right?",
    403: "what stands in front of the desk (Cloud Armor) refuses us.",
    410: "registration is closed. Another version of Rollcall is deployed.",
    422: "its form asks for something else. Another version of Rollcall is deployed.",
    429: "too much came from this address lately. Try again in some minutes.",
    503: "it cannot reach its database. Look at the logs of register, and at Firestore's status.",
}


def _ask(test: Smoke, event: Event, expected: int, answers: Mapping[str, str] | None = None) -> str:
    """The form's page, or the answer to a registration."""
    address = f"{test.url}/register/{event.slug}"
    asked = json.dumps(answers).encode() if answers else None
    kind = "application/json" if answers else "text/html"
    headers = {"Content-Type": kind, "Accept": kind, "User-Agent": "rollcall-smoke"}
    try:
        with urlopen(Request(address, asked, headers), timeout=_ANSWERS_WITHIN) as answer:
            if answer.url != address:
                where = f"{address} leads on to {answer.url}, and a form does not follow: say URL=<that one>"
                raise SmokeFailed("redirected", where)
            status, body = answer.status, answer.read(1_000_000)
    except HTTPError as error:
        status, body = error.code, error.read(1_000)
    except (OSError, HTTPException, ValueError) as error:
        raise SmokeFailed(
            "no_answer",
            f"{address} does not answer: {getattr(error, 'reason', error)}. Is the name in the DNS (make "
            "deploy-check), is the certificate there (a new one takes up to an hour), does the local run still run?",
        ) from error
    text: str = body.decode("utf-8", "replace")
    if status != expected:
        why = _WHY.get(status, "Look at the logs of register.").format(slug=event.slug)
        said = f"\n{text[:1000]}" if answers else ""
        raise SmokeFailed(f"http_{status}", f"{event.slug}: it answered {status}: {why}{said}")
    return text


def _found(test: Smoke, person: str) -> Registered:
    there = test.store.registration_of(SMOKE_TEST.slug, person)
    if there is None:
        elsewhere = "the desk at the URL has another. Do URL and PROJECT belong together? The test person stays there"
        raise SmokeFailed(
            "other_database", f"It is not in the database that was opened here: {elsewhere}, and is on no list."
        )
    return there


def _delete(store: Store, person: str) -> None:
    if there := store.registration_of(SMOKE_TEST.slug, person):
        store.forget_test_person(there.id, person, [confirmation(SMOKE_TEST.slug, there.id, "").id])


def _wait_for_delivery(test: Smoke, person: str) -> None:
    email_id = confirmation(SMOKE_TEST.slug, _found(test, person).id, "").id
    give_up_at = test.seconds() + test.within.total_seconds()
    said = ""
    while True:
        entry, breaker = test.store.entry(email_id), test.store.circuit_breaker()
        is_open = f", and the circuit breaker is open: {breaker.note}" if breaker.open_until else ""
        if entry and (stands := f"    the confirmation is {entry.status.value}{is_open}") != said:
            said = stands
            test.say(said)
        if entry and entry.status is EmailStatus.DELIVERED:
            return
        if entry and entry.status in UNDELIVERED:
            code = entry.status.value
            raise SmokeFailed(code, f"The confirmation will not arrive: {code}. {entry.why}")
        if test.seconds() >= give_up_at:
            late = f"No delivery event came within {lasting(test.within)}. {_cause(entry, breaker)}"
            raise SmokeFailed("no_delivery_event", late)
        test.wait(_LOOK_EVERY)


def _cause(entry: OutboxEntry | None, breaker: CircuitBreaker) -> str:
    if entry is None:
        return "Its outbox entry is gone."
    if entry.status is EmailStatus.SENT:
        return (
            "SendGrid accepted the e-mail: look at the Event Webhook (its address, whether it is on, whether its "
            "verification key is the one in delivery-events-key) and at the logs of record-deliveries."
        )
    if breaker.open_until:
        return f"The circuit breaker is open: {breaker.note}. Retry at {in_utc(breaker.open_until)}."
    if entry.attempts:
        return f"The last attempt: {words(entry.attempts[-1].outcome)}. {entry.why} Look at the logs of send-mail."
    return (
        "Nobody claimed it: look whether the trigger calls send-mail (Eventarc) and the schedule send-due-mail (Cloud "
        "Scheduler), and at their logs."
    )
