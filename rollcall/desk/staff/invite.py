"""Inviting one person to register though the intake is closed, and what comes of it."""

from dataclasses import dataclass, replace
from datetime import datetime

from rollcall.desk.amend import confirmation_of, confirmed_revision, read
from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.desk.register import Accepted, Conflict, Duplicate, conflicting
from rollcall.model.email import confirmation, invitation_entry
from rollcall.model.event import Event
from rollcall.model.invitation import Invitation
from rollcall.model.registration import (
    Actor,
    Change,
    Registered,
    Registration,
    RegistrationStatus,
    Way,
    Why,
    new_id,
    person_key,
)
from rollcall.model.staff import Action, Press


@dataclass(frozen=True)
class Invited:
    invitation: Invitation


@dataclass(frozen=True)
class NotInTime:
    """It would end before it began, or after the event."""


@dataclass(frozen=True)
class Used:
    invitation: Invitation


@dataclass(frozen=True)
class Ended:
    """Revoked, expired, or of no invitation of this event."""

    invitation: Invitation | None


def invite(
    store: Store,
    event: Event,
    whom: str,
    until: datetime,
    reason: str,
    press: Press,
    email: str = "",
    language: str = "",
) -> Invited | NotInTime:
    """`email`: where the link goes; empty: nowhere. Its id is the press's: the same press makes one."""
    if not press.at < until <= event.over_at:
        return NotInTime()
    code = language if language in event.languages else event.languages[0]
    new = Invitation(press.id, whom, until, reason, press.by, press.at, email, code)
    entries = [invitation_entry(event.slug, new)] if email else []
    store.save_invitation(event.slug, new, entries, press.entry(Action.INVITED, about=new.id))
    return Invited(store.invitation(event.slug, new.id) or new)


def revoke(store: Store, event: Event, id: str, press: Press) -> Invitation | None:
    """One that was used stays as it is: its registration stands."""
    while there := store.invitation(event.slug, id):
        if there.revoked or there.used_by:
            return there
        audit = press.entry(Action.INVITATION_REVOKED, about=id)
        if store.save_invitation(event.slug, replace(there, revoked=True), audit=audit):
            continue
        if store.audit_entry(event.slug, press.id):
            return store.invitation(event.slug, id)
    return None


def opened(desk: Desk, event: Event, id: str) -> Invitation | Used | Ended:
    there = desk.store.invitation(event.slug, id)
    if there and there.used_by:
        return Used(there)
    return there if there and there.is_open(desk.store.now()) else Ended(there)


def register_invited(
    desk: Desk, event: Event, id: str, form: Registration
) -> Accepted | Duplicate | Conflict | Used | Ended:
    """Register whoever the invitation is for, once, admitted late.

    1. Read the invitation. The form that used it is a duplicate.
    2. A person who is not registered yet: in one commit write registration, person, confirmation and who used it.
    3. One who withdrew, or came late: in one commit that is registered, or admitted, and who used it.
    4. One who is on time is compared, and uses nothing.
    5. If somebody used or revoked it meanwhile, or became that person, begin anew.
    """
    store = desk.store
    while True:
        there, person = store.invitation(event.slug, id), store.registration_of(event.slug, person_key(form))
        if there is None:
            return Ended(None)
        standing = read(desk, event, person.id) if person else None
        if there.used_by:
            its = standing if standing and standing.id == there.used_by else None
            return _compared(desk, event, its, form) if its else Used(there)
        if not there.is_open(store.now()):
            return Ended(there)
        if standing is None:
            new = new_id()
            entry = confirmation(event.slug, new, form.email)
            if store.accept(event.slug, new, form, entry, admitted=True, invitation=there):
                return Accepted(new)
        elif not standing.is_withdrawn and not desk.intakes.fresh(event).leaves_out(standing):
            return _compared(desk, event, standing, form)
        elif _admitted(desk, event, standing, form, there):
            return Accepted(standing.id) if standing.is_withdrawn else _compared(desk, event, standing, form)


def _admitted(desk: Desk, event: Event, there: Registered, form: Registration, invitation: Invitation) -> bool:
    """Whoever withdrew says anew what they want; a late form stands as it came."""
    if there.is_withdrawn:
        after = confirmed_revision(
            there, registration=form, status=RegistrationStatus.REGISTERED, new_email="", admitted=True
        )
    else:
        after = confirmed_revision(there, admitted=True)
    why = Why.BACK if there.is_withdrawn else Why.ADMITTED
    change = Change(Actor.REGISTRANT, Way.LINK, why)
    enqueue = [confirmation_of(event, after)]
    return desk.store.save_registration(event.slug, there, after, change, enqueue, invitation=invitation) is not None


def _compared(desk: Desk, event: Event, there: Registered, form: Registration) -> Accepted | Duplicate | Conflict:
    if there.registration == form and not there.is_withdrawn:
        return Duplicate(there.id)
    return conflicting(desk, event, there, form, tell=True, for_staff=True)
