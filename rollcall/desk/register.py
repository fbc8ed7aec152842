"""Registering: a filled-in form becomes a registration, once."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from rollcall.desk.desk import Desk
from rollcall.desk.quarantine import quarantine
from rollcall.model.email import confirmation, conflict_notice
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.model.registration import (
    BotSignal,
    IdempotencyKey,
    KeyUse,
    Registered,
    Registration,
    new_id,
    person_key,
    reference,
)

KEY_KEPT = timedelta(days=30)
"""After the deadline, at least."""


@dataclass(frozen=True)
class _Found:
    id: str

    @property
    def reference(self) -> str:
        return reference(self.id)


@dataclass(frozen=True)
class Accepted(_Found):
    """On the roster."""


@dataclass(frozen=True)
class Duplicate(_Found):
    """Nothing is sent."""


@dataclass(frozen=True)
class Conflict(_Found):
    """Another form stands; the address on file is told."""


@dataclass(frozen=True)
class Late(_Found):
    """Stored, for the staff to decide."""

    closes_at: datetime


@dataclass(frozen=True)
class Closed:
    """Not stored."""

    closes_at: datetime


@dataclass(frozen=True)
class NotYetOpen:
    opens_at: datetime


@dataclass(frozen=True)
class KeyReused:
    """With another form."""


@dataclass(frozen=True)
class Quarantined:
    """Not registered unless it is sent again."""

    signal: BotSignal


Outcome = Accepted | Duplicate | Conflict | Late | Closed | NotYetOpen | KeyReused | Quarantined


def intake_now(desk: Desk, event: Event) -> Intake:
    """Read afresh before it could be a reason to refuse anyone."""
    intake = desk.intakes.recent(event)
    return desk.intakes.fresh(event) if intake.not_yet_open or intake.past else intake


def register(
    desk: Desk, event: Event, registration: Registration, key: str | None = None, signal: BotSignal | None = None
) -> Outcome:
    """Register a person. The same call again, after any fault, is always right; under the same `Idempotency-Key` it is
    also answered as the first time.

    1. See that the intake is open, by a reading of the last seconds.
    2. If a signal speaks of a robot, quarantine the form, whoever is registered: a robot learns nothing.
    3. Write the registration and its confirmation in one commit; whoever withdrew is registered anew.
    4. If this person was already registered, compare the two forms.
    5. If the commit came after the deadline, or long after the reading, read the deadline afresh.
    """
    intake = intake_now(desk, event)
    # what clients put in the key is not ours to store
    digest = hashlib.sha256(key.encode()).hexdigest() if key else ""
    known_as = IdempotencyKey(digest, intake.closes_at + KEY_KEPT) if key else None
    if intake.not_yet_open:
        return NotYetOpen(intake.opens_at)
    if intake.past or not event.takes(registration.email):
        there = None if signal else _there(desk, event, registration)
        if there is None or there.is_withdrawn or there.registration != registration:
            return Closed(intake.closes_at)
        return _again(desk, event, registration, there, known_as)
    if signal:
        quarantine(desk, event, registration, signal)
        return Quarantined(signal)
    accepted = _accept(desk, event, registration, intake, known_as)
    if isinstance(accepted, Registered) and accepted.is_withdrawn:  # since this key registered them
        accepted = _accept(desk, event, registration, intake)
    if isinstance(accepted, Accepted | Late):
        return accepted
    return _again(desk, event, registration, accepted, known_as)


def register_emailed(
    desk: Desk, event: Event, registration: Registration, arrived_at: datetime, answering: tuple[str, ...] | None
) -> Accepted | Duplicate | Conflict | Late | NotYetOpen:
    """Stored after the deadline too: nobody is there to take it back. `answering`: the References of our answer to the
    sender, if that is the registrant."""
    intake = intake_now(desk, event)
    if intake.not_yet_open:
        return NotYetOpen(intake.opens_at)
    accepted = _accept(desk, event, registration, intake, arrived_at=arrived_at, thread=answering or ())
    if isinstance(accepted, Accepted | Late):
        return accepted
    there = _must_be(accepted)
    if there.arrived_at == arrived_at and there.registration == registration:
        return _accepted(there.id, there.received_at, desk.intakes.fresh(event))  # this very e-mail, read again
    return _compared(desk, event, there, registration, tell=answering is None)


def _accept(
    desk: Desk,
    event: Event,
    registration: Registration,
    intake: Intake,
    key: IdempotencyKey | None = None,
    arrived_at: datetime | None = None,
    thread: tuple[str, ...] = (),
) -> Accepted | Late | Registered | None:
    """Or whom it found; None if only the key exists. A withdrawn registration is replaced, unless this very e-mail made
    it, or the key exists."""
    id, withdrawn = new_id(), None
    entry = confirmation(event.slug, id, registration.email, thread)
    while True:
        received_at = desk.store.accept(event.slug, id, registration, entry, key, arrived_at, withdrawn)
        if received_at:
            is_judged = not intake.is_late(received_at) and intake.can_judge(received_at)
            return _accepted(id, received_at, intake if is_judged else desk.intakes.fresh(event))
        there = _there(desk, event, registration)
        if there is None or not there.is_withdrawn or there.id == withdrawn:
            return there
        if arrived_at and there.arrived_at == arrived_at:
            return there
        withdrawn = there.id


def _accepted(id: str, received_at: datetime, intake: Intake) -> Accepted | Late:
    return Late(id, intake.closes_at) if intake.is_late(received_at) else Accepted(id)


def _again(
    desk: Desk, event: Event, registration: Registration, there: Registered | None, key: IdempotencyKey | None
) -> Accepted | Duplicate | Conflict | Late | KeyReused:
    use = desk.store.use_of_key(event.slug, key.id) if key else None
    if use and there and use.registration_id != there.id and _withdrew(desk, event, registration, use):
        return _compared(desk, event, there, registration, tell=True)
    if use and (there is None or use.registration_id != there.id or there.registration != registration):
        return KeyReused()
    there = _must_be(there)
    if use and not use.is_duplicate:
        return _accepted(there.id, there.received_at, desk.intakes.fresh(event))
    outcome = _compared(desk, event, there, registration, tell=True)
    if key is None or use or isinstance(outcome, Conflict) or desk.store.remember_duplicate(event.slug, there.id, key):
        return outcome
    return _again(desk, event, registration, there, key)  # another form was faster under this key


def _withdrew(desk: Desk, event: Event, registration: Registration, use: KeyUse) -> bool:
    """Whether this person withdrew what the key had made, and so is registered anew."""
    made = desk.store.registered(event.slug, use.registration_id)
    return made is not None and made.is_withdrawn and person_key(made.registration) == person_key(registration)


def _there(desk: Desk, event: Event, registration: Registration) -> Registered | None:
    return desk.store.registration_of(event.slug, person_key(registration))


def _must_be(there: Registered | None) -> Registered:
    if there is None:
        raise LookupError("a registration that was there is gone; registrations are never deleted")
    return there


def _compared(
    desk: Desk, event: Event, there: Registered, registration: Registration, *, tell: bool
) -> Duplicate | Conflict | Late:
    if there.registration != registration:
        if tell:
            desk.store.enqueue(conflict_notice(event.slug, there))
        return Conflict(there.id)
    accepted = _accepted(there.id, there.received_at, desk.intakes.fresh(event))
    return accepted if isinstance(accepted, Late) else Duplicate(there.id)
