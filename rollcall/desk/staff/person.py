"""What the staff do about one person. A press of a button that was pressed before is answered as it was then."""

from dataclasses import dataclass, replace
from typing import Any

from rollcall.desk import amend
from rollcall.desk.amend import (
    Amended,
    NothingNew,
    Overtaken,
    Taken,
    TooLate,
    audited,
    confirmation_of,
    confirmed_revision,
    next_revision,
    read,
    save,
    taken_by,
    was_pressed,
)
from rollcall.desk.desk import Desk
from rollcall.model.email import OutboxEntry
from rollcall.model.event import Event
from rollcall.model.registration import (
    Actor,
    Change,
    Registered,
    RegistrationStatus,
    Way,
    Why,
    is_reference,
    similarity_key,
)
from rollcall.model.staff import Action, Press

MOST_LIKE = 20


@dataclass(frozen=True)
class IsWithdrawn:
    """Nothing was done: of a withdrawn registration it means nothing."""

    registered: Registered


@dataclass(frozen=True)
class IsOnTime:
    """There is nobody to admit."""

    registered: Registered


def correct_address(
    desk: Desk, event: Event, press: Press, id: str, seen: int, address: str
) -> Amended | NothingNew | Overtaken | Taken | IsWithdrawn | None:
    """And confirm there, in one commit. Links that were sent to the wrong mailbox end. Of a withdrawn registration no
    confirmation would go out: it is brought back first. None where there is none."""
    while there := read(desk, event, id):
        if was_pressed(desk, event, press):
            return Amended(there)
        if refused := _why_not_correct(there, seen, address):
            return refused
        registration = replace(there.registration, email=address)
        after = confirmed_revision(there, registration=registration, new_email="", link=there.link + 1)
        if taken := taken_by(desk, event, there, after):
            return taken
        entries = [confirmation_of(event, after)]
        if made := _save(desk, event, press, there, after, Why.ADDRESS_CORRECTED, Action.ADDRESS_CORRECTED, entries):
            return Amended(made)
    return None


def _why_not_correct(there: Registered, seen: int, address: str) -> NothingNew | Overtaken | IsWithdrawn | None:
    if there.is_withdrawn:
        return IsWithdrawn(there)
    if there.registration.email == address and not there.new_email:
        return NothingNew(there)
    return Overtaken(there) if there.revision != seen else None


def resend(desk: Desk, event: Event, press: Press, id: str) -> Amended | IsWithdrawn | None:
    """A confirmation of what stands now, to the address on file. It is a revision, so that whether the last one arrived
    is known wherever that is asked."""
    while there := read(desk, event, id):
        if was_pressed(desk, event, press):
            return Amended(there)
        if there.is_withdrawn:
            return IsWithdrawn(there)
        after = confirmed_revision(there)
        if made := _save(desk, event, press, there, after, Why.RESENT, Action.RESENT, [confirmation_of(event, after)]):
            return Amended(made)
    return None


def withdraw(desk: Desk, event: Event, press: Press, id: str, reason: str) -> Amended | NothingNew | TooLate | None:
    return amend.withdraw(desk, event, id, _change(press, Why.WITHDRAWN), press=press, reason=reason)


def bring_back(desk: Desk, event: Event, press: Press, id: str, seen: int) -> amend.Outcome | None:
    """As it was; a double is a registration of its own again."""
    there = read(desk, event, id)
    if there is None:
        return None
    return amend.amend(desk, event, id, seen, there.registration, Actor.STAFF, Way.DESK, press=press)


def end_links(desk: Desk, event: Event, press: Press, id: str) -> Amended | amend.TooManyChanges | None:
    return amend.end_links(desk, event, id, Actor.STAFF, Way.DESK, press)


def admit(
    desk: Desk, event: Event, press: Press, id: str, reason: str
) -> Amended | NothingNew | IsWithdrawn | IsOnTime | None:
    """To the roster, though late. The person is told that they are registered."""
    return _judge(desk, event, press, id, reason, admitted=True)


def take_back_admission(
    desk: Desk, event: Event, press: Press, id: str, reason: str
) -> Amended | NothingNew | IsWithdrawn | IsOnTime | None:
    return _judge(desk, event, press, id, reason, admitted=False)


def _judge(
    desk: Desk, event: Event, press: Press, id: str, reason: str, *, admitted: bool
) -> Amended | NothingNew | IsWithdrawn | IsOnTime | None:
    why, action = (Why.ADMITTED, Action.ADMITTED) if admitted else (Why.NOT_ADMITTED, Action.NOT_ADMITTED)
    while there := read(desk, event, id):
        if was_pressed(desk, event, press):
            return Amended(there)
        if there.is_withdrawn:
            return IsWithdrawn(there)
        if bool(there.admitted) is admitted:
            return NothingNew(there)
        if not desk.intakes.fresh(event).is_late(there.received_at):
            return IsOnTime(there)
        after = confirmed_revision(there, admitted=admitted)
        entries = [confirmation_of(event, after)]
        if made := _save(desk, event, press, there, after, why, action, entries, reason=reason):
            return Amended(made)
    return None


@dataclass(frozen=True)
class Same:
    registered: Registered


def merge(
    desk: Desk, event: Event, press: Press, id: str, double_id: str
) -> Amended | NothingNew | IsWithdrawn | Same | None:
    """Withdraw the double of a registration. Its person has one as before, and is not written to. One commit writes
    both: of two merges at once, each of which would withdraw the other's registration, one fails. If the double alone
    came in time, the other is admitted, and confirmed: the person was registered in time."""
    while (first := read(desk, event, id)) and (double := read(desk, event, double_id)):
        if was_pressed(desk, event, press):
            return Amended(double)
        if first.id == double.id:
            return Same(first)
        if double.double_of == first.id:
            return NothingNew(double)
        if first.is_withdrawn or double.is_withdrawn:
            return IsWithdrawn(first if first.is_withdrawn else double)
        after = next_revision(double, status=RegistrationStatus.WITHDRAWN, new_email="", double_of=first.id)
        audit = audited(press, Action.MERGED, after, about=first.id)
        intake = desk.intakes.fresh(event)
        was_in_time = intake.leaves_out(first) and not intake.leaves_out(double)
        stays = confirmed_revision(first, admitted=True) if was_in_time else next_revision(first)
        entries = [confirmation_of(event, stays)] if was_in_time else []
        beside = first, stays, _change(press, Why.ONE_OF_TWO)
        if made := save(desk, event, double, after, _change(press, Why.DOUBLE), entries, audit, beside):
            return Amended(made)
    return None


def likely_doubles(desk: Desk, event: Event, there: Registered) -> list[Registered]:
    """Withdrawn or not."""
    found = desk.store.registrations_like(event.slug, there.registration, MOST_LIKE + 1)
    standing = [amend.take_back(desk, event, one) for one in found if one.id != there.id]
    return [one for one in standing if similarity_key(one.registration) == similarity_key(there.registration)]


def by_reference(desk: Desk, event: Event, typed: str) -> Registered | None:
    """However its signs are written."""
    digits = "".join(filter(str.isalnum, typed.upper())).translate(_MISREAD)
    if not is_reference(digits):
        return None
    found = desk.store.registrations(event.slug, digits[:-1], 1)
    return found[0] if found and found[0].reference.replace("-", "") == digits else None


_MISREAD = str.maketrans("OIL", "011")
"""Letters that no reference has, and the digits that they are taken for (Crockford)."""


def _change(press: Press, why: Why) -> Change:
    return Change(Actor.STAFF, Way.DESK, why, who=press.by)


def _save(
    desk: Desk,
    event: Event,
    press: Press,
    there: Registered,
    after: Registered,
    why: Why,
    action: Action,
    entries: list[OutboxEntry],
    **about: Any,
) -> Registered | None:
    return save(desk, event, there, after, _change(press, why), entries, audited(press, action, after, **about))
