"""Changing, withdrawing and bringing back a registration: each is a revision with its history and its e-mail."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from rollcall.desk.desk import Desk
from rollcall.desk.ports import Registrations
from rollcall.model.email import OutboxEntry, address_check, confirmation, new_link, withdrawal_notice
from rollcall.model.errors import Gone
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.model.programme import LISTED, Participant, participant_of
from rollcall.model.registration import (
    Actor,
    Beside,
    Change,
    Registered,
    Registration,
    RegistrationStatus,
    Way,
    Why,
    normalized_address,
    person_key,
    same_mailbox,
    says_the_same,
)
from rollcall.model.staff import Action, AuditEntry, Press, Receives


@dataclass(frozen=True)
class Amended:
    """Confirmed by e-mail, unless nothing was new."""

    registered: Registered


@dataclass(frozen=True)
class NothingNew:
    registered: Registered


@dataclass(frozen=True)
class Overtaken:
    registered: Registered


@dataclass(frozen=True)
class TooLate:
    registered: Registered
    until: datetime


@dataclass(frozen=True)
class Taken:
    registered: Registered
    other: Registered


@dataclass(frozen=True)
class TooManyChanges:
    registered: Registered


Outcome = Amended | NothingNew | Overtaken | TooLate | Taken | TooManyChanges


def amend(
    desk: Desk,
    event: Event,
    id: str,
    seen: int,
    form: Registration,
    by: Actor = Actor.REGISTRANT,
    way: Way = Way.LINK,
    thread: tuple[str, ...] = (),
    inbound_id: str = "",
    press: Press | None = None,
) -> Outcome | None:
    """Make the registration say what a form says, if revision `seen` still stands; a withdrawn one is registered again.
    None where there is none.

    1. Read it, and judge what the form asks for.
    2. In one commit write the registration, its history, its person's other key, and the e-mails. Another address than
       the one on file has to be confirmed first (`confirm_address`), unless the staff say it at their desk, who know
       whom they spoke to: of an e-mailed form (`Way.EMAIL`, `Way.LINK`) nobody knows that.
    3. A commit after the time for it changes nothing: it says until when it counts, and is taken back. If that time was
       moved meanwhile, begin anew.
    """
    while there := read(desk, event, id):
        if was_pressed(desk, event, press):
            return Amended(there)
        until = _until(desk, event, there, by)
        after = _corrected(there, form) if way is Way.DESK else _amended(there, form, until)
        why, action = (Why.BACK, Action.BROUGHT_BACK) if there.is_withdrawn else (Why.CHANGED, Action.CHANGED)
        if refused := _why_not(desk, event, there, seen, after):
            return refused
        asks_new_address = after.new_email and after.new_email != there.new_email
        checks = [address_check(event.slug, after)] if asks_new_address else []
        change = Change(by, way, why, inbound_id, press.by if press else "")
        entries = [confirmation_of(event, after, thread), *checks]
        made = save(desk, event, there, after, change, entries, audited(press, action, after))
        if made is None:
            continue
        if not made.came_too_late:
            return Amended(made)
        desk.intakes.fresh(event)
        stands, until = still_there(read(desk, event, id)), _until(desk, event, there, by)
        if until and made.changed_at and made.changed_at > until:
            return TooLate(stands, until)
        if stands.revision == made.revision + 1:
            seen = stands.revision
    return None


def withdraw(
    desk: Desk,
    event: Event,
    id: str,
    change: Change,
    thread: tuple[str, ...] = (),
    press: Press | None = None,
    reason: str = "",
) -> Amended | NothingNew | TooLate | None:
    """Until the event is over. The staff are told at once if somebody else had registered that person, by whom no more
    is sent. None where there is no such registration."""
    while there := read(desk, event, id):
        if was_pressed(desk, event, press):
            return Amended(there)
        if there.is_withdrawn:
            return NothingNew(there)
        if desk.intakes.now(event) > event.over_at:
            return TooLate(there, event.over_at)
        withdrawn: dict[str, Any] = {"status": RegistrationStatus.WITHDRAWN, "new_email": "", "until": event.over_at}
        if change.why is Why.NOT_ME:
            after, told = next_revision(there, **withdrawn), event.told(Receives.ALERTS)
            entries = [withdrawal_notice(event.slug, id, after.revision, to) for to in told]
        else:
            after = confirmed_revision(there, **withdrawn)
            entries = [confirmation_of(event, after, thread)]
        audit = audited(press, Action.WITHDRAWN, after, reason=reason)
        made = save(desk, event, there, after, change, entries, audit)
        if made and made.came_too_late:
            return TooLate(still_there(read(desk, event, id)), event.over_at)
        if made:
            return Amended(made)
    return None


def confirm_address(desk: Desk, event: Event, id: str, address: str) -> Amended | NothingNew | Taken | None:
    """By whoever got the e-mail there: it is the registration's from now on, and links sent to the old one end."""
    while there := read(desk, event, id):
        if normalized_address(there.new_email) != normalized_address(address):
            return NothingNew(there)
        registration = replace(there.registration, email=there.new_email)
        after = confirmed_revision(there, registration=registration, new_email="", link=there.link + 1)
        if taken := taken_by(desk, event, there, after):
            return taken
        change = Change(Actor.REGISTRANT, Way.LINK, Why.ADDRESS_CONFIRMED)
        if made := save(desk, event, there, after, change, [confirmation_of(event, after)]):
            return Amended(made)
    return None


def keep_address(desk: Desk, event: Event, id: str) -> Amended | NothingNew | None:
    """The address on file stays: another that waits to be confirmed is forgotten."""
    while there := read(desk, event, id):
        if not there.new_email:
            return NothingNew(there)
        change = Change(Actor.REGISTRANT, Way.LINK, Why.ADDRESS_KEPT)
        if made := save(desk, event, there, next_revision(there, new_email=""), change, []):
            return Amended(made)
    return None


def end_links(
    desk: Desk, event: Event, id: str, by: Actor, way: Way, press: Press | None = None
) -> Amended | TooManyChanges | None:
    """All that were sent until now; the address on file gets a new one."""
    while there := read(desk, event, id):
        if was_pressed(desk, event, press):
            return Amended(there)
        if by is Actor.REGISTRANT and there.revision >= desk.limits.revisions:
            return TooManyChanges(there)
        after = next_revision(there, link=there.link + 1)
        change, audit = (
            Change(by, way, Why.LINKS_ENDED, who=press.by if press else ""),
            audited(press, Action.LINKS_ENDED, after),
        )
        if made := save(desk, event, there, after, change, [new_link(event.slug, after)], audit):
            return Amended(made)
    return None


def read(desk: Desk, event: Event, id: str) -> Registered | None:
    there = desk.store.registered(event.slug, id)
    return take_back(desk, event, there) if there else None


def take_back(desk: Desk, event: Event, there: Registered) -> Registered:
    """The registration as it stands: without a revision that came too late. Whoever made that one may have died before
    it was taken back; whoever reads it next does that."""
    while there.came_too_late:
        before = desk.store.history(event.slug, there)[-1].before
        after = replace(before, revision=there.revision + 1, until=None)
        change = Change(Actor.ROLLCALL, Way.STORE, Why.TOO_LATE)
        made = save(desk, event, there, after, change, [])
        there = made or still_there(desk.store.registered(event.slug, there.id))
    return there


def as_at(store: Registrations, event: str, there: Registered, instant: datetime) -> Registered | None:
    """The registration as it stood then; None if it was not there yet."""
    if there.received_at > instant:
        return None
    is_older = (there.changed_at or there.received_at) <= instant and not there.came_too_late
    history = () if is_older else store.history(event, there)
    states = [history[0].before, *(one.after for one in history)] if history else [there]
    return [one for one in states if not one.came_too_late and (one.changed_at or one.received_at) <= instant][-1]


def was_not_theirs(desk: Desk, event: Event, there: Registered) -> bool:
    """Whether whoever has the mailbox withdrew it since somebody else had registered with it."""
    if not there.is_withdrawn:
        return False
    whys = [one.change.why for one in desk.store.history(event.slug, there)]
    return [why for why in whys if why in (Why.WITHDRAWN, Why.NOT_ME, Why.DOUBLE)][-1:] == [Why.NOT_ME]


def may_change_until(event: Event, intake: Intake, there: Registered) -> datetime:
    """For a withdrawn one, until when its person may register again."""
    return intake.closes_at if there.is_withdrawn else event.changes_end(intake.closes_at)


def the_one_that_counts(desk: Desk, event: Event, there: Registered) -> Registered:
    """In place of a double, its person's other registration."""
    if not there.double_of:
        return there
    found = desk.store.registration_of(event.slug, person_key(there.registration))
    return take_back(desk, event, still_there(found))


def was_pressed(desk: Desk, event: Event, press: Press | None) -> bool:
    """Before: what it does is done."""
    return press is not None and desk.store.audit_entry(event.slug, press.id) is not None


def audited(press: Press | None, action: Action, after: Registered, **about: Any) -> AuditEntry | None:
    return press.entry(action, registration_id=after.id, revision=after.revision, **about) if press else None


def still_there(there: Registered | None) -> Registered:
    if there is None:
        raise Gone("a registration that was there is gone: its person was erased meanwhile")
    return there


def _until(desk: Desk, event: Event, there: Registered, by: Actor) -> datetime | None:
    """Read afresh before it could be a reason to refuse anyone."""
    if by is Actor.STAFF:
        return None
    announced = may_change_until(event, desk.intakes.recent(event), there)
    if desk.intakes.now(event) <= announced:
        return announced
    return may_change_until(event, desk.intakes.fresh(event), there)


def _amended(there: Registered, form: Registration, until: datetime | None) -> Registered:
    is_same = same_mailbox(form.email, there.registration.email)
    registration = form if is_same else replace(form, email=there.registration.email)
    new_email = "" if is_same else form.email
    return confirmed_revision(
        there, registration=registration, new_email=new_email, status=RegistrationStatus.REGISTERED, until=until
    )


def _corrected(there: Registered, form: Registration) -> Registered:
    """As the staff say at their desk: another address counts at once, and links that went to the old one end."""
    is_same = same_mailbox(form.email, there.registration.email)
    return confirmed_revision(
        there,
        registration=form,
        new_email=there.new_email if is_same else "",
        link=there.link if is_same else there.link + 1,
        status=RegistrationStatus.REGISTERED,
        double_of="",
    )


def next_revision(there: Registered, **changed: Any) -> Registered:
    return replace(there, **{"until": None, **changed}, revision=there.revision + 1)


def confirmed_revision(there: Registered, **changed: Any) -> Registered:
    return next_revision(there, confirmed=there.revision + 1, **changed)


def confirmation_of(event: Event, after: Registered, thread: tuple[str, ...] = ()) -> OutboxEntry:
    return confirmation(event.slug, after.id, after.registration.email, thread, after.revision)


def _why_not(desk: Desk, event: Event, there: Registered, seen: int, after: Registered) -> Outcome | None:
    same = says_the_same(there.registration, after.registration) and there.new_email == after.new_email
    if same and not there.is_withdrawn:
        return NothingNew(there)
    if there.revision != seen:
        return Overtaken(there)
    if after.until and desk.intakes.now(event) > after.until:
        return TooLate(there, after.until)
    if there.revision >= desk.limits.revisions and after.until:
        return TooManyChanges(there)
    return taken_by(desk, event, there, after)


def taken_by(desk: Desk, event: Event, there: Registered, after: Registered) -> Taken | None:
    """A double is its person's other registration's, until the staff bring it back."""
    if after.double_of:
        return Taken(there, the_one_that_counts(desk, event, there))
    key = person_key(after.registration)
    is_same = key == person_key(there.registration)
    if is_same and not there.double_of:
        return None
    other = desk.store.registration_of(event.slug, key)
    if other is None or other.id == there.id or (is_same and person_key(other.registration) != key):
        return None
    return Taken(there, other)


def save(
    desk: Desk,
    event: Event,
    before: Registered,
    after: Registered,
    change: Change,
    entries: Sequence[OutboxEntry],
    audit: AuditEntry | None = None,
    beside: Beside | None = None,
) -> Registered | None:
    """None if somebody else wrote it, or became that person, meanwhile.

    1. If the list of participants changes, note that it is to be published, before it does.
    2. Write it all in one commit.
    3. Publish the list; should this die before, the minute's sweep does.
    """
    key = person_key(after.registration)
    is_known = key == person_key(before.registration)
    if not is_known and (owner := desk.store.registration_of(event.slug, key)):
        if owner.id != after.id:
            return None
        is_known = True
    other_key = None if is_known else key
    is_seen = _is_seen(event, before, after) or (beside is not None and _is_seen(event, *beside[:2]))
    if is_seen:
        desk.store.publication_due(event.slug, desk.intakes.now(event) + desk.limits.publication_lease)
    at = desk.store.save_registration(event.slug, before, after, change, entries, other_key, audit, beside)
    if is_seen and at:
        desk.republish(desk, event)
    return replace(after, changed_at=at, version=None) if at else None


def _is_seen(event: Event, before: Registered, after: Registered) -> bool:
    """On the event's list of participants."""
    if not event.has_pages or event.field(LISTED) is None:
        return False
    was, will_be = map(_listed, (before, after))
    return was != will_be


def _listed(one: Registered) -> tuple[Participant, bool | None] | None:
    participant = None if one.is_withdrawn else participant_of(one.registration)
    return (participant, one.admitted) if participant else None
