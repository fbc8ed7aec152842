"""What an answer to an e-mail of ours makes of the registration that the e-mail was about."""

from dataclasses import replace

from rollcall.desk.amend import Amended, NothingNew, Overtaken, amend, read, withdraw
from rollcall.desk.desk import Desk
from rollcall.model.event import Event
from rollcall.model.inbound import (
    Certainty,
    FormStatus,
    InboundForm,
    ParsedEmail,
    ParsedForm,
    certainty,
)
from rollcall.model.registration import (
    Actor,
    Change,
    Registered,
    Way,
    Why,
    normalized,
    normalized_address,
    person_key,
    same_mailbox,
    written,
)

_NAMES = ("family_name", "first_name")


def answered_registration(desk: Desk, event: Event, reading: ParsedEmail) -> Registered | None:
    """Whose e-mail this answers, from the address on file: the last one that it names."""
    for reference in reversed(reading.references):
        entry = desk.store.entry(reference.strip("<>").rpartition("@")[0] or "-")
        if entry is None or entry.event != event.slug:
            continue
        inbound = desk.store.inbound(entry.inbound_id) if entry.inbound_id else None
        ids = {form.registration_id for form in inbound.forms} if inbound else {entry.registration_id}
        there = read(desk, event, one) if len(ids) == 1 and (one := ids.pop()) else None
        if there and same_mailbox(there.registration.email, reading.sender):
            return there
    return None


def as_form(there: Registered) -> InboundForm:
    """What an answer's lines are read beside."""
    answers = written(there.registration)
    key, language = person_key(there.registration), there.registration.language
    return InboundForm(FormStatus.REGISTERED, there.id, answers, person=key, language=language)


def is_about(form: ParsedForm, there: Registered) -> bool:
    """Else somebody else's, perhaps a colleague's or a spouse's."""
    same = [_same_name(form, there, name) for name in _NAMES]
    email = form.answers.get("email", "")
    return all(same) or (any(same) and normalized_address(email) == normalized_address(there.registration.email))


def came_of_change(
    desk: Desk, event: Event, there: Registered, form: ParsedForm, thread: tuple[str, ...], *, refuses: bool
) -> InboundForm:
    """Made if it is certain; else the staff see it filled in."""
    wanted = InboundForm(
        FormStatus.NEEDS_REVIEW, there.id, form.answers, form.faults, form.doubts, person_key(there.registration)
    )
    is_certain = certainty(form, refuses=refuses) is Certainty.CERTAIN
    if form.registration is None or not is_certain or there.is_withdrawn:
        return wanted
    registration = replace(form.registration, language=there.registration.language)
    match amend(desk, event, there.id, there.revision, registration, way=Way.EMAIL, thread=thread):
        case Amended():
            return replace(wanted, status=FormStatus.CHANGED, answers={})
        case NothingNew():
            return replace(wanted, status=FormStatus.DUPLICATE, answers={})
        case None | Overtaken():
            return wanted
        case _:
            return replace(wanted, status=FormStatus.CONFLICT)


def came_of_withdrawal(desk: Desk, event: Event, there: Registered, thread: tuple[str, ...]) -> InboundForm:
    change = Change(Actor.REGISTRANT, Way.EMAIL, Why.WITHDRAWN)
    outcome = withdraw(desk, event, there.id, change, thread)
    if not isinstance(outcome, Amended | NothingNew):
        return letter_about(there)
    return InboundForm(FormStatus.WITHDRAWN, there.id, person=person_key(there.registration))


def letter_about(there: Registered) -> InboundForm:
    return InboundForm(FormStatus.NEEDS_REVIEW, there.id, language=there.registration.language)


def _same_name(form: ParsedForm, there: Registered, name: str) -> bool:
    return normalized(form.answers.get(name, "")) == normalized(getattr(there.registration, name))
