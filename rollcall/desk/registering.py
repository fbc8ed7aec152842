"""Registering: a filled-in form becomes a registration, once."""

from dataclasses import dataclass
from datetime import datetime

from rollcall.desk.desk import Desk
from rollcall.desk.event import Event
from rollcall.desk.intake import Intake
from rollcall.desk.keeping import keep
from rollcall.desk.mail import confirmation, different_form
from rollcall.desk.registration import Registered, Registration, Sign, reference, registration_id


@dataclass(frozen=True)
class Accepted:
    """It is in the books and on the roster; the confirmation is owed."""

    reference: str


@dataclass(frozen=True)
class Known:
    """The same form of the same person is in the books; nothing more is owed."""

    reference: str


@dataclass(frozen=True)
class Differs:
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
class Kept:
    """It looks as if no person had filled it in: kept for the staff, and not registered unless it is sent again."""

    sign: Sign


Outcome = Accepted | Known | Differs | Late | Closed | NotYetOpen | Kept


def intake_now(desk: Desk, event: Event) -> Intake:
    """The intake, read lately; read afresh before it could be a reason to refuse anyone."""
    intake = desk.intakes.recent(event)
    return desk.intakes.fresh(event) if intake.not_yet_open or intake.past else intake


def register(desk: Desk, event: Event, registration: Registration, sign: Sign | None = None) -> Outcome:
    """Take a registration in. The same call again, after any fault, is always right.

    1. See that the intake is open, by a reading of the last seconds.
    2. Where there is a sign that no person filled it in, keep it for the staff; that is all.
    3. Write the registration and the confirmation owed for it, in one commit.
    4. Where this person was already there, compare the two forms.
    5. Where the commit came after the deadline, look at the deadline afresh: it may have been moved.

    Raises `StoreUnavailable`.
    """
    id = registration_id(event.slug, registration)
    intake = intake_now(desk, event)
    if intake.not_yet_open:
        return NotYetOpen(intake.opens_at)
    if intake.past:
        return _after_closing(desk.store.registered(event.slug, id), registration, intake)
    if sign:
        keep(desk, event, id, registration, sign)
        return Kept(sign)
    received_at = desk.store.accept(event.slug, id, registration, confirmation(event.slug, id, registration.email))
    if received_at is None:
        return _again(desk, event, id, registration, intake)
    if intake.is_late(received_at):
        intake = desk.intakes.fresh(event)
    return _accepted(id, received_at, intake)


def _accepted(id: str, received_at: datetime, intake: Intake) -> Accepted | Late:
    if intake.is_late(received_at):
        return Late(reference(id), intake.closes_at)
    return Accepted(reference(id))


def _again(desk: Desk, event: Event, id: str, registration: Registration, intake: Intake) -> Outcome:
    registered = desk.store.registered(event.slug, id)
    if registered is None:
        raise LookupError("a registration that was there is gone; registrations are never deleted")
    if registered.registration != registration:
        desk.store.queue(different_form(event.slug, registered))
        return Differs()
    return _known(registered, intake)


def _after_closing(registered: Registered | None, registration: Registration, intake: Intake) -> Outcome:
    if registered is None or registered.registration != registration:
        return Closed(intake.closes_at)
    return _known(registered, intake)


def _known(registered: Registered, intake: Intake) -> Known | Late:
    if intake.is_late(registered.received_at):
        return Late(registered.reference, intake.closes_at)
    return Known(registered.reference)
