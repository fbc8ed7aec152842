"""Erasure, asked for by the person and decided by the staff. A press that was pressed before is answered as then."""

from dataclasses import dataclass, replace
from datetime import date

from rollcall.desk.amend import read, was_pressed
from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.desk.staff_digests import digests_next_morning
from rollcall.model.email import erasure_notice, refusal_notice, request_notice
from rollcall.model.event import Event
from rollcall.model.personal_data import Erasure, ErasureStatus, Ground, answer_by
from rollcall.model.registration import Registered
from rollcall.model.staff import Action, Press

_DECIDED = (ErasureStatus.DUE, ErasureStatus.ERASED)


@dataclass(frozen=True)
class Decided:
    """The person is told, then everything goes."""

    erasure: Erasure


@dataclass(frozen=True)
class Refused:
    erasure: Erasure


@dataclass(frozen=True)
class AlreadyDecided:
    erasure: Erasure


@dataclass(frozen=True)
class NotAsked:
    """There is nothing to refuse, or no more."""


@dataclass(frozen=True)
class Request:
    """It waits for the staff."""

    erasure: Erasure
    there: Registered
    answer_by: date


Decision = Decided | AlreadyDecided | None
Refusal = Refused | AlreadyDecided | NotAsked | None


def ask(desk: Desk, event: Event, there: Registered) -> Erasure:
    """As it stands then. Nothing is erased before the staff decide."""
    while True:
        was = desk.store.erasure(there.id)
        if was and was.status in (ErasureStatus.ASKED, *_DECIDED):
            return was
        now = desk.store.now()
        for entry in (*digests_next_morning(event, now), request_notice(event.slug, there, now)):
            desk.store.enqueue(entry)
        new = was or Erasure(there.id, event.slug, ErasureStatus.ASKED)
        asked = replace(new, status=ErasureStatus.ASKED, asked_at=now, decided_at=None, decided_by="")
        if desk.store.save_erasure(asked):
            return asked


def waiting(store: Store, event: Event) -> list[Request]:
    """The longest first."""
    asked = {one.registration_id: one for one in store.erasures(event.slug) if one.status is ErasureStatus.ASKED}
    there = store.registered_among(event.slug, asked) if asked else ()
    those = [Request(asked[one.id], one, day) for one in there if (day := day_of_answer(event, asked[one.id]))]
    return sorted(those, key=lambda one: (one.answer_by, one.there.id))


def day_of_answer(event: Event, erasure: Erasure) -> date | None:
    """The last one on which the staff may answer; None where nothing waits."""
    asked = erasure.asked_at if erasure.status is ErasureStatus.ASKED else None
    return answer_by(event.day_of(asked)) if asked else None


def erased(store: Store, event: Event, id: str) -> Erasure | None:
    """Where that is why this registration is not there."""
    return next((one for one in store.erasures(event.slug) if one.erased_at and id in one.ids), None)


def take_back(desk: Desk, there: Registered) -> Erasure | None:
    """By the person, before it is decided. As it stands then."""
    while (was := desk.store.erasure(there.id)) and was.status is ErasureStatus.ASKED:
        if desk.store.save_erasure(replace(was, status=ErasureStatus.TAKEN_BACK)):
            return replace(was, status=ErasureStatus.TAKEN_BACK)
    return was


def decide(desk: Desk, event: Event, press: Press, registration_id: str, ground: Ground) -> Decision:
    """Asked for or not. From then on it cannot be stopped. None: there is no such registration."""
    while there := read(desk, event, registration_id):
        was = desk.store.erasure(there.id)
        if was and was.status in _DECIDED:
            return Decided(was) if was_pressed(desk, event, press) else AlreadyDecided(was)
        due = replace(
            was or Erasure(there.id, event.slug, ErasureStatus.DUE),
            status=ErasureStatus.DUE,
            ground=ground,
            decided_by=press.by,
            decided_at=press.at,
            answer="",
            due_at=desk.store.now(),
        )
        audit = press.entry(Action.ERASURE_DECIDED, registration_id=there.id, after={"ground": ground.value})
        if desk.store.save_erasure(due, [erasure_notice(event.slug, there)], audit):
            return Decided(due)
    return None


def refuse(desk: Desk, event: Event, press: Press, registration_id: str, answer: str) -> Refusal:
    """What was asked for; the person is told why."""
    while there := read(desk, event, registration_id):
        was = desk.store.erasure(there.id)
        if was and was_pressed(desk, event, press):
            return Refused(was)
        if was and was.status in _DECIDED:
            return AlreadyDecided(was)
        if was is None or was.status is not ErasureStatus.ASKED:
            return NotAsked()
        refused = replace(
            was,
            status=ErasureStatus.REFUSED,
            decided_by=press.by,
            decided_at=press.at,
            answer=answer,
            refusals=was.refusals + 1,
        )
        audit = press.entry(Action.ERASURE_REFUSED, registration_id=there.id)
        if desk.store.save_erasure(refused, [refusal_notice(event.slug, there, refused.refusals)], audit):
            return Refused(refused)
    return None
