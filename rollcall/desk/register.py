"""Registering: a filled-in form becomes a registration, once."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from rollcall.desk.amend import (
    Amended,
    NothingNew,
    Overtaken,
    Taken,
    TooLate,
    TooManyChanges,
    amend,
    still_there,
    take_back,
)
from rollcall.desk.desk import Desk
from rollcall.desk.quarantine import quarantine
from rollcall.model.email import confirmation, conflict_notice
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.model.registration import (
    BotSignal,
    ConflictingForm,
    IdempotencyKey,
    KeyUse,
    Registered,
    Registration,
    Way,
    new_id,
    person_key,
    reference,
)
from rollcall.model.review import DifferingForm

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
    3. Write the registration and its confirmation in one commit.
    4. If this person was already registered, compare the two forms; whoever withdrew is registered again.
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
    if isinstance(accepted, Accepted | Late):
        return accepted
    if accepted and accepted.is_withdrawn:
        return _back(desk, event, registration, accepted, known_as)
    return _again(desk, event, registration, accepted, known_as)


def register_emailed(
    desk: Desk,
    event: Event,
    registration: Registration,
    arrived_at: datetime,
    answering: tuple[str, ...] | None,
    inbound_id: str = "",
) -> Accepted | Duplicate | Conflict | Late | NotYetOpen:
    """Stored after the deadline too: nobody is there to take it back. `answering`: the References of our answer to the
    sender, if that is the registrant."""
    intake = intake_now(desk, event)
    if intake.not_yet_open:
        return NotYetOpen(intake.opens_at)
    accepted = _accept(
        desk, event, registration, intake, arrived_at=arrived_at, thread=answering or (), inbound_id=inbound_id
    )
    if isinstance(accepted, Accepted | Late):
        return accepted
    there = still_there(accepted)
    if there.arrived_at == arrived_at and (there.is_withdrawn or there.registration == registration):
        return _stands(there, desk.intakes.fresh(event))  # this very e-mail, read again
    if there.is_withdrawn:
        back = amend(desk, event, there.id, there.revision, registration, way=Way.EMAIL)
        return Accepted(there.id) if isinstance(back, Amended | NothingNew) else Conflict(there.id)
    return _compared(desk, event, there, registration, tell=answering is None, for_staff=False)


def _accept(
    desk: Desk,
    event: Event,
    registration: Registration,
    intake: Intake,
    key: IdempotencyKey | None = None,
    arrived_at: datetime | None = None,
    thread: tuple[str, ...] = (),
    inbound_id: str = "",
) -> Accepted | Late | Registered | None:
    """Or whom it found; None if only the key exists."""
    id = new_id()
    entry = confirmation(event.slug, id, registration.email, thread)
    for _ in range(2):  # whom the first finds may be erased before they are read
        received_at = desk.store.accept(event.slug, id, registration, entry, key, arrived_at, inbound_id=inbound_id)
        if received_at or (there := _there(desk, event, registration)):
            break
    if received_at is None:
        return there
    is_judged = not intake.is_late(received_at) and intake.can_judge(received_at)
    return _accepted(id, received_at, intake if is_judged else desk.intakes.fresh(event))


def _accepted(id: str, received_at: datetime, intake: Intake) -> Accepted | Late:
    return Late(id, intake.closes_at) if intake.is_late(received_at) else Accepted(id)


def _stands(there: Registered, intake: Intake) -> Accepted | Late:
    return Late(there.id, intake.closes_at) if intake.leaves_out(there) else Accepted(there.id)


def _back(
    desk: Desk, event: Event, registration: Registration, there: Registered, key: IdempotencyKey | None
) -> Accepted | Duplicate | Conflict | Late | Closed | KeyReused:
    use = desk.store.use_of_key(event.slug, key.id) if key else None
    if use and use.registration_id != there.id:
        return KeyReused()
    back = amend(desk, event, there.id, there.revision, registration, way=Way.FORM)
    match back:
        case Amended():
            if key and not use:
                desk.store.remember_use(event.slug, key, KeyUse(there.id, is_duplicate=False))
            return Accepted(there.id)
        case TooLate(until=closed_at):
            return Closed(closed_at)
        case Overtaken(now) if now.is_withdrawn:
            return _back(desk, event, registration, now, key)
        case NothingNew() | Overtaken():  # somebody else registered them again meanwhile
            return _again(desk, event, registration, _there(desk, event, registration), key)
        case None | Taken() | TooManyChanges():
            return conflicting(desk, event, there, registration, tell=False, for_staff=True)
        case _:
            assert_never(back)


def _again(
    desk: Desk, event: Event, registration: Registration, there: Registered | None, key: IdempotencyKey | None
) -> Accepted | Duplicate | Conflict | Late | KeyReused:
    use = desk.store.use_of_key(event.slug, key.id) if key else None
    if use and (there is None or use.registration_id != there.id or there.registration != registration):
        return KeyReused()
    there = still_there(there)
    if use and not use.is_duplicate:
        return _stands(there, desk.intakes.fresh(event))
    outcome = _compared(desk, event, there, registration, tell=True, for_staff=True)
    if key is None or use or isinstance(outcome, Conflict):
        return outcome
    if desk.store.remember_use(event.slug, key, KeyUse(there.id, is_duplicate=True)):
        return outcome
    return _again(desk, event, registration, there, key)  # another form was faster under this key


def _there(desk: Desk, event: Event, registration: Registration) -> Registered | None:
    there = desk.store.registration_of(event.slug, person_key(registration))
    return take_back(desk, event, there) if there else None


def _compared(
    desk: Desk, event: Event, there: Registered, registration: Registration, *, tell: bool, for_staff: bool
) -> Duplicate | Conflict | Late:
    if there.registration != registration:
        return conflicting(desk, event, there, registration, tell=tell, for_staff=for_staff)
    stands = _stands(there, desk.intakes.fresh(event))
    return stands if isinstance(stands, Late) else Duplicate(there.id)


def conflicting(
    desk: Desk, event: Event, there: Registered, registration: Registration, *, tell: bool, for_staff: bool
) -> Conflict:
    """Kept for its person a while; `for_staff` until they have looked at it. They find those of an e-mail beside
    that."""
    now = desk.intakes.now(event)
    differing = DifferingForm(there.id, registration, now, max(now, event.over_at) + desk.limits.differing_kept)
    offered = ConflictingForm(registration, now + desk.limits.conflict_kept)
    desk.store.keep_conflict(event.slug, there.id, offered, differing if for_staff else None)
    if tell:
        desk.store.enqueue(conflict_notice(event.slug, there, now))
    return Conflict(there.id)
