"""A form in the review queue is registered, or taken over into its person's registration.

Each is two commits: what is done, under the id of the press, then the end of the item. Whoever dies between them leaves
an item that can be ended still; pressed again, the first is found done.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from rollcall.desk import amend
from rollcall.desk.amend import Amended, NothingNew, was_pressed
from rollcall.desk.desk import Desk
from rollcall.desk.staff.review import Done, Item, Refused, end, ended_as, find, why_not
from rollcall.model.email import confirmation
from rollcall.model.event import Event
from rollcall.model.inbound import FormStatus, InboundEmail, InboundForm
from rollcall.model.registration import (
    Actor,
    QuarantinedForm,
    Registered,
    Registration,
    Way,
    new_id,
    person_key,
    says_the_same,
)
from rollcall.model.review import DifferingForm, Ending, ItemId, ItemKind
from rollcall.model.staff import Action, Press


@dataclass(frozen=True)
class FormRegistered:
    registered: Registered


@dataclass(frozen=True)
class AlreadyRegistered:
    """By another form; this one changed nothing."""

    registered: Registered


@dataclass(frozen=True)
class FormSaved:
    registered: Registered


Outcome = FormRegistered | AlreadyRegistered | Refused
Changed = FormSaved | Refused | amend.Overtaken | amend.Taken | amend.TooLate | amend.TooManyChanges


def register_quarantined(desk: Desk, event: Event, form_id: str, seen: str, press: Press) -> Outcome | None:
    """As the person sent it."""
    item = find(desk, event, ItemId(ItemKind.QUARANTINED, form_id))
    form = item.behind[0] if item else None
    if item is None or not isinstance(form, QuarantinedForm):
        return None
    outcome = _registered(desk, event, item, seen, press, form.form.registration)
    if isinstance(outcome, FormRegistered):
        ended_as(desk, event, item, _after(press), Ending.REGISTERED)
    return outcome


def register_emailed(
    desk: Desk, event: Event, inbound_id: str, place: int, seen: str, press: Press, form: Registration, *, ends: bool
) -> Outcome | None:
    """With what the staff put right in it. `ends`: there is nothing else to do about the e-mail."""
    found = _emailed(desk, event, inbound_id, place)
    if found is None:
        return None
    item, inbound = found
    outcome = _registered(desk, event, item, seen, press, form, inbound)
    if isinstance(outcome, FormRegistered):
        _note(desk, inbound_id, place, FormStatus.REGISTERED, outcome.registered)
        if ends:
            _end_now(desk, event, item.id, press, Ending.REGISTERED)
    return outcome


def change_emailed(
    desk: Desk,
    event: Event,
    inbound_id: str,
    place: int,
    seen: str,
    revision: int,
    press: Press,
    form: Registration,
    *,
    ends: bool,
) -> Changed | None:
    """Save what the form at this place says of the person whom it names. Nobody proved another address that it has: it
    has to be confirmed."""
    found = _emailed(desk, event, inbound_id, place)
    id = found[1].forms[place].registration_id if found else None
    if found is None or id is None:
        return None
    item, _ = found
    outcome = _saved(desk, event, item, id, seen, revision, press, form, Way.EMAIL, inbound_id)
    if isinstance(outcome, FormSaved):
        _note(desk, inbound_id, place, FormStatus.CHANGED, outcome.registered)
        if ends:
            _end_now(desk, event, item.id, press, Ending.CHANGED)
    return outcome


def settle_differing(
    desk: Desk, event: Event, registration_id: str, seen: str, revision: int, press: Press, form: Registration
) -> Changed | None:
    """Save what the staff took of the differing forms, which may be nothing."""
    item = find(desk, event, ItemId(ItemKind.DIFFERING, registration_id))
    if item is None:
        return None
    before = item.people[0].registration
    outcome = _saved(desk, event, item, registration_id, seen, revision, press, form, Way.DESK)
    if isinstance(outcome, FormSaved) and item.has_what_was(seen):
        is_same = says_the_same(before, outcome.registered.registration)
        ended_as(desk, event, item, _after(press), Ending.LEFT if is_same else Ending.CHANGED)
    return outcome


def taken_over(there: Registration, forms: Mapping[str, DifferingForm], taken: Mapping[str, str]) -> Registration:
    """The registration, with the answers of these forms: `taken` has the form's id by field name."""
    for name, id in taken.items():
        if form := forms.get(id):
            there = with_answer_of(there, form.registration, name)
    return there


def with_answer_of(there: Registration, other: Registration, name: str) -> Registration:
    match name:
        case "family_name" | "first_name" | "email" | "signed_on":
            return replace(there, **{name: getattr(other, name)})
        case "category":
            one = replace(there, category=other.category)
        case _:
            one = replace(there, answers=_with(there.answers, other.answers, name))
    return replace(one, chosen=_with(there.chosen, other.chosen, name))


def _with(one: Mapping[str, str], other: Mapping[str, str], name: str) -> dict[str, str]:
    rest = {key: text for key, text in one.items() if key != name}
    return {**rest, name: other[name]} if name in other else rest


def _registered(
    desk: Desk,
    event: Event,
    item: Item,
    seen: str,
    press: Press,
    registration: Registration,
    inbound: InboundEmail | None = None,
) -> Outcome:
    if made := _made_by(desk, event, press):
        return FormRegistered(made)
    if refused := why_not(item, seen, press):
        return refused
    id, arrived_at, inbound_id = new_id(), inbound.received_at if inbound else None, inbound.id if inbound else ""
    audit = press.entry(Action.ADDED, registration_id=id, revision=1, about=str(item.id))
    entry = confirmation(event.slug, id, registration.email)
    if desk.store.accept(
        event.slug, id, registration, entry, arrived_at=arrived_at, audit=audit, inbound_id=inbound_id
    ):
        return FormRegistered(amend.still_there(desk.store.registered(event.slug, id)))
    if made := _made_by(desk, event, press):
        return FormRegistered(made)
    return AlreadyRegistered(amend.still_there(desk.store.registration_of(event.slug, person_key(registration))))


def _made_by(desk: Desk, event: Event, press: Press) -> Registered | None:
    entry = desk.store.audit_entry(event.slug, press.id)
    return desk.store.registered(event.slug, entry.registration_id) if entry and entry.registration_id else None


def _saved(
    desk: Desk,
    event: Event,
    item: Item,
    id: str,
    seen: str,
    revision: int,
    press: Press,
    form: Registration,
    way: Way,
    inbound_id: str = "",
) -> Changed | None:
    if not was_pressed(desk, event, press) and (refused := why_not(item, seen, press)):
        return refused
    outcome = amend.amend(desk, event, id, revision, form, Actor.STAFF, way, inbound_id=inbound_id, press=press)
    match outcome:
        case Amended(now) | NothingNew(now):
            return FormSaved(now)
        case None | amend.Overtaken() | amend.Taken() | amend.TooLate() | amend.TooManyChanges():
            return outcome
        case _:
            assert_never(outcome)


def _emailed(desk: Desk, event: Event, id: str, place: int) -> tuple[Item, InboundEmail] | None:
    item = find(desk, event, ItemId(ItemKind.INBOUND, id))
    inbound = item.behind[0] if item else None
    if item is None or not isinstance(inbound, InboundEmail) or not 0 <= place < len(inbound.forms):
        return None
    return item, inbound


def _note(desk: Desk, id: str, place: int, status: FormStatus, by: Registered) -> None:
    """At its place in the e-mail."""
    done = InboundForm(status, by.id, person=person_key(by.registration))
    while inbound := desk.store.inbound(id):
        forms = (*inbound.forms[:place], done, *inbound.forms[place + 1 :])
        if inbound.forms == forms or desk.store.save_inbound(replace(inbound, forms=forms)):
            return


def _end_now(desk: Desk, event: Event, id: ItemId, press: Press, ending: Ending) -> Done | Refused | None:
    """As it is after what was done about it."""
    item = find(desk, event, id)
    return end(desk, event, id, item.seen, _after(press), ending) if item else None


def _after(press: Press) -> Press:
    return replace(press, id=f"{press.id}-end")
