"""Registering: a filled-in form becomes a registration, once."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from rollcall.desk.desk import Desk
from rollcall.desk.quarantine import keep
from rollcall.model.email import confirmation, conflict_notice
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.model.registration import BotSignal, IdempotencyKey, Registered, Registration, reference, registration_id

KEY_KEPT = timedelta(days=30)
"""How long after the deadline an idempotency key is known at the least."""


@dataclass(frozen=True)
class Accepted:
    """It is in the books and on the roster; the confirmation is owed."""

    reference: str


@dataclass(frozen=True)
class Duplicate:
    """The same form of the same person is in the books; nothing more is owed."""

    reference: str


@dataclass(frozen=True)
class Conflict:
    """Another form of the same person is in the books and stands; the address on file is told."""


@dataclass(frozen=True)
class Late:
    """It came after the deadline: kept, not on the roster, for the staff to decide."""

    reference: str
    closes_at: datetime


@dataclass(frozen=True)
class Closed:
    """The intake was closed before it came; it was not kept."""

    closes_at: datetime


@dataclass(frozen=True)
class NotYetOpen:
    """The intake opens later; it was not kept."""

    opens_at: datetime


@dataclass(frozen=True)
class KeyReused:
    """The key came before, with another form; nothing changed."""


@dataclass(frozen=True)
class Quarantined:
    """It looks as if no person had filled it in: kept for the staff, and not registered unless it is sent again."""

    sign: BotSignal


Outcome = Accepted | Duplicate | Conflict | Late | Closed | NotYetOpen | KeyReused | Quarantined


def intake_now(desk: Desk, event: Event) -> Intake:
    """The intake, read lately; read afresh before it could be a reason to refuse anyone."""
    intake = desk.intakes.recent(event)
    return desk.intakes.fresh(event) if intake.not_yet_open or intake.past else intake


def register(
    desk: Desk, event: Event, registration: Registration, key: str | None = None, sign: BotSignal | None = None
) -> Outcome:
    """Take a registration in. The same call again, after any fault, is always right.

    1. See that the intake is open, by a reading of the last seconds.
    2. Where there is a sign that no person filled it in, and this person is not there, keep it for the staff; that is
       all.
    3. Write the registration and the confirmation owed for it, in one commit.
    4. Where this person was already there, compare the two forms.
    5. Where the commit came after the deadline, or long after the reading, look at the deadline afresh: it may have
       been moved.

    `key` is what a client that tries again calls this one form (an `Idempotency-Key`): the same form under the same key
    is answered as it was the first time, until `KEY_KEPT` after the deadline. Raises `StoreUnavailable`.
    """
    id = registration_id(event.slug, registration)
    intake = intake_now(desk, event)
    known_as = IdempotencyKey(_key_id(key), intake.closes_at + KEY_KEPT) if key else None
    if intake.not_yet_open:
        return NotYetOpen(intake.opens_at)
    if intake.past:
        return _after_closing(desk, event, id, registration, intake, known_as)
    if sign and desk.store.registered(event.slug, id) is None:
        keep(desk, event, id, registration, sign)
        return Quarantined(sign)
    entry = confirmation(event.slug, id, registration.email)
    received_at = desk.store.accept(event.slug, id, registration, entry, known_as)
    if received_at is None:
        return _again(desk, event, id, registration, desk.store.registered(event.slug, id), known_as)
    return _judged(desk, event, id, received_at, intake)


def register_emailed(
    desk: Desk, event: Event, registration: Registration, arrived_at: datetime, answering: tuple[str, ...] | None
) -> Accepted | Duplicate | Conflict | Late | NotYetOpen:
    """As `register`, for a form in a message that SendGrid received at `arrived_at`. It is kept after the deadline too:
    nobody is there to take it back.

    `answering`: the References of our answer, where the registrant is the sender, and so gets an answer in any case;
    None where not. Raises `StoreUnavailable`.
    """
    id = registration_id(event.slug, registration)
    intake = intake_now(desk, event)
    if intake.not_yet_open:
        return NotYetOpen(intake.opens_at)
    entry = confirmation(event.slug, id, registration.email, answering or ())
    received_at = desk.store.accept(event.slug, id, registration, entry, arrived_at=arrived_at)
    if received_at is None:
        registered = _there(desk.store.registered(event.slug, id))
        if registered.arrived_at == arrived_at and registered.registration == registration:
            return _accepted(id, registered.received_at, desk.intakes.fresh(event))  # this very message, read again
        return _compared(desk, event, registered, registration, tell=answering is None)
    return _judged(desk, event, id, received_at, intake)


def _key_id(key: str) -> str:
    """The key in a form that fits every store; what clients put in it is not ours to keep."""
    return hashlib.sha256(key.encode()).hexdigest()


def _judged(desk: Desk, event: Event, id: str, received_at: datetime, intake: Intake) -> Accepted | Late:
    if intake.is_late(received_at) or not intake.can_judge(received_at):
        intake = desk.intakes.fresh(event)
    return _accepted(id, received_at, intake)


def _accepted(id: str, received_at: datetime, intake: Intake) -> Accepted | Late:
    if intake.is_late(received_at):
        return Late(reference(id), intake.closes_at)
    return Accepted(reference(id))


def _again(
    desk: Desk,
    event: Event,
    id: str,
    registration: Registration,
    registered: Registered | None,
    key: IdempotencyKey | None,
) -> Accepted | Duplicate | Conflict | Late | KeyReused:
    key_of = desk.store.registered_under(event.slug, key.id) if key else None
    if key_of and (key_of != id or registered is None or registered.registration != registration):
        return KeyReused()
    registered = _there(registered)
    if key_of:
        return _accepted(id, registered.received_at, desk.intakes.fresh(event))
    return _compared(desk, event, registered, registration, tell=True)


def _there(registered: Registered | None) -> Registered:
    if registered is None:
        raise LookupError("a registration that was there is gone; registrations are never deleted")
    return registered


def _compared(
    desk: Desk, event: Event, registered: Registered, registration: Registration, *, tell: bool
) -> Duplicate | Conflict | Late:
    """What a form is beside the one in the books; `tell` the address on file of another one."""
    if registered.registration != registration:
        if tell:
            desk.store.enqueue(conflict_notice(event.slug, registered))
        return Conflict()
    accepted = _accepted(registered.id, registered.received_at, desk.intakes.fresh(event))
    return accepted if isinstance(accepted, Late) else Duplicate(accepted.reference)


def _after_closing(
    desk: Desk, event: Event, id: str, registration: Registration, intake: Intake, key: IdempotencyKey | None
) -> Outcome:
    registered = desk.store.registered(event.slug, id)
    if registered is None or registered.registration != registration:
        return Closed(intake.closes_at)
    return _again(desk, event, id, registration, registered, key)
