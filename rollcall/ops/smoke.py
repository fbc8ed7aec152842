"""The smoke test: a test person registers, its confirmation is delivered, and it is removed."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from rollcall.desk.ports import Store
from rollcall.desk.testing import address_of_test_person, is_test
from rollcall.model.email import UNDELIVERED, CircuitBreaker, EmailStatus, OutboxEntry, confirmation
from rollcall.model.event import Event
from rollcall.model.registration import Registered, is_reference, person_key
from rollcall.ops.report import lasting
from schemas.form import FormField, form_fields, read_form
from templates import in_utc

WITHIN = timedelta(minutes=10)
"""How long the delivery report may take: SendGrid collects reports for up to 30 seconds
(https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook), and a mail of
ours that was not taken at once is tried again some minutes later."""
_LOOK_EVERY = 2.0
_ANSWERS_WITHIN = 60.0
"""Seconds; a cold start is in it."""
_ALWAYS = ("family_name", "email", "category")


class SmokeFailed(Exception):
    """A step did not do what it should; the message says what to look at."""


@dataclass(frozen=True)
class Smoke:
    """What the smoke test works with."""

    store: Store
    event: Event
    url: str
    """Where the desk's pages are, without `/register`."""
    say: Callable[[str], None]
    wait: Callable[[float], None]
    """Waits for so many seconds."""
    seconds: Callable[[], float]
    """Counts up."""
    within: timedelta = WITHIN


def smoke(test: Smoke) -> None:
    """Register a test person as a program does, see that its confirmation arrives, and remove it.

    1. Look at the form's page.
    2. Register.
    3. Look for the person in the books.
    4. Wait for the report that the confirmation was delivered.
    5. Remove the person and its mail from the books, whatever went wrong, and also when interrupted.

    Raises `SmokeFailed`, `StoreUnavailable`.
    """
    answers = answers_of_test_person(test.event, secrets.token_hex(8), date.today())  # noqa: DTZ011
    person = person_key(read_form(test.event, answers))
    _timed(test, "the form's page is there", lambda: _look_at_page(test))
    try:
        _timed(test, "a test person registered", lambda: _register(test, answers))
        _timed(test, "it is in the database", lambda: _look_in_database(test, person))
        _timed(test, "its confirmation was delivered", lambda: _wait_for_delivery(test, person))
    finally:
        _timed(
            test,
            "the test person and its e-mail are removed",
            lambda: remove_test_person(test.store, test.event.slug, person),
        )


def look_at_page_of_closed(test: Smoke, *, not_yet_open: bool) -> None:
    """See that the page of an event for which nobody can register now says so. Raises `SmokeFailed`."""
    says = "Registration is not yet open" if not_yet_open else "Registration is closed"

    def look() -> None:
        status, text = _ask(test, None)
        if status == 200 and f"<h1>{says}</h1>" not in text:
            raise SmokeFailed(f'The page is there, but does not say "{says}", as it should by the books that are here.')
        if status != 200:
            raise _other_than_expected(test, status)

    _timed(test, f'the page is there, and says "{says}"', look)


def remove_test_person(store: Store, event: str, person: str) -> None:
    """Delete a test person and its confirmation. Whoever else is found under this key is left alone: raises
    `SmokeFailed`."""
    there = store.registration_of(event, person)
    if there is None:
        return
    if not is_test(there.registration.email):
        raise SmokeFailed(f"Nothing was removed: under {there.reference} there is somebody who is no test person.")
    store.forget(event, there.id, person, [confirmation(event, there.id, "").id])


def answers_of_test_person(event: Event, mark: str, today: date) -> dict[str, str]:
    """Every field that the event's form requires, filled in."""
    filled = {field.name: _answer(field, today) for field in form_fields(event) if field.required}
    return {**filled, "email": address_of_test_person(mark)}


def _answer(field: FormField, today: date) -> str:
    if field.choices:
        return field.choices[0][0]
    return {"tel": "+41 22 730 51 11", "date": today.isoformat()}.get(field.kind, "Rollcall Test")


def _timed(test: Smoke, done: str, step: Callable[[], object]) -> None:
    began = test.seconds()
    step()
    test.say(f"  {done} ({test.seconds() - began:.1f} s)")


def _look_at_page(test: Smoke) -> None:
    status, text = _ask(test, None)
    if status == 200 and 'name="family_name"' in text:
        return
    if status == 200:
        raise SmokeFailed("The page is there, but no form is on it: registration is not open by this desk's clock.")
    raise _other_than_expected(test, status)


def _other_than_expected(test: Smoke, status: int, text: str = "") -> SmokeFailed:
    said = f"\n{text[:1000]}" if text else ""
    return SmokeFailed(_WHY.get(status, _WHY[500]).format(status=status, slug=test.event.slug) + said)


def _register(test: Smoke, answers: Mapping[str, str]) -> None:
    status, text = _ask(test, answers)
    if status != 201:
        raise _other_than_expected(test, status, text)
    if not is_reference(json.loads(text).get("reference", "")):
        raise SmokeFailed("It answered without a reference: another version of Rollcall is deployed than this one.")


_WHY = {
    404: "It answered 404: no such event, or no such page. Is {slug}.toml deployed, and the URL right?",
    403: "It answered 403: registration is not open yet, or what stands in front of the desk (Cloud Armor) refuses us.",
    410: "It answered 410: registration is closed. Choose an event that is open (EVENT=...).",
    422: "It answered 422: its form asks for something else. Is another event file deployed than the one here?",
    429: "It answered 429: too much came from this address lately. Try again in some minutes.",
    503: "It answered 503: it cannot reach its books. Look at the logs of register, and at Firestore's status.",
    500: "It answered {status}. Look at the logs of register.",
}


def _ask(test: Smoke, answers: Mapping[str, str] | None) -> tuple[int, str]:
    """The status and the beginning of what came back: the form's page, or the answer to a registration."""
    address = f"{test.url}/register/{test.event.slug}"
    body = json.dumps(answers).encode() if answers else None
    kind = "application/json" if answers else "text/html"
    headers = {"Content-Type": kind, "Accept": kind, "User-Agent": "rollcall-smoke"}
    try:
        with urlopen(Request(address, body, headers), timeout=_ANSWERS_WITHIN) as answer:
            if answer.url != address:
                raise SmokeFailed(f"{address} leads on to {answer.url}, and a form does not follow: say URL=<that one>")
            return answer.status, answer.read(1_000_000).decode("utf-8", "replace")
    except HTTPError as error:
        return error.code, error.read(100_000).decode("utf-8", "replace")
    except (OSError, HTTPException, ValueError) as error:
        raise SmokeFailed(
            f"{address} does not answer: {getattr(error, 'reason', error)}. Is the name in the DNS (make "
            "deploy-check), is the certificate there (a new one takes up to an hour), does the local run still run?"
        ) from error


def _look_in_database(test: Smoke, person: str) -> Registered:
    there = test.store.registration_of(test.event.slug, person)
    if there is None:
        raise SmokeFailed(
            "It is not in the database that was opened here: the desk at the URL has another. Do URL and PROJECT "
            "belong together? The test person stays in that other one, where it is on no list."
        )
    return there


def _wait_for_delivery(test: Smoke, person: str) -> None:
    email_id = confirmation(test.event.slug, _look_in_database(test, person).id, "").id
    give_up_at = test.seconds() + test.within.total_seconds()
    said = ""
    while True:
        entry, queue = test.store.entry(email_id), test.store.circuit_breaker()
        if entry and (stands := _standing(entry, queue)) != said:
            said = stands
            test.say(f"    {stands}")
        if entry and entry.status is EmailStatus.DELIVERED:
            return
        if entry and entry.status in UNDELIVERED:
            raise SmokeFailed(f"The confirmation will not arrive: {entry.status.value}. {entry.why}")
        if test.seconds() >= give_up_at:
            raise SmokeFailed(
                f"Nobody said within {lasting(test.within)} that it was delivered. {_cause(entry, queue)}"
            )
        test.wait(_LOOK_EVERY)


def _standing(entry: OutboxEntry, queue: CircuitBreaker) -> str:
    held = f", and the mail queue is held: {queue.note}" if queue.open_until else ""
    return f"the confirmation is {entry.status.value}{held}"


def _cause(entry: OutboxEntry | None, queue: CircuitBreaker) -> str:
    """What is likely to be wrong where a mail came no further."""
    if entry is None:
        return "The mail is not in the books any more."
    if entry.status is EmailStatus.SENT:
        return (
            "SendGrid has it, but its report did not come: look at the Event Webhook (its address, whether it is on, "
            "whether its verification key is the one in reports-key) and at the logs of record-deliveries."
        )
    if queue.open_until:
        return f"The mail queue is held: {queue.note}. Tried again at {in_utc(queue.open_until)}."
    if entry.attempts:
        return f"The last attempt: {entry.attempts[-1].outcome.value}. {entry.why} Look at the logs of send-mail."
    return (
        "Nobody took it up: look whether the trigger calls send-mail (Eventarc) and the schedule send-due-mail (Cloud "
        "Scheduler), and at their logs."
    )
