"""What an answer to an e-mail of ours makes of the registration that the e-mail was about."""

from dataclasses import replace

from rollcall.desk.amend import Amended, NothingNew, Overtaken, amend, read, still_there, the_one_that_counts, withdraw
from rollcall.desk.desk import Desk
from rollcall.model.email import email_id_in, is_email_id
from rollcall.model.event import Event
from rollcall.model.inbound import Certainty, FormStatus, InboundForm, ParsedEmail, ParsedForm, certainty
from rollcall.model.registration import (
    Actor,
    Change,
    Registered,
    Way,
    Why,
    as_asked,
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
        email_id = email_id_in(reference)
        entry = desk.store.entry(email_id) if is_email_id(event.slug, email_id) else None
        if entry is None:
            continue
        inbound = desk.store.inbound(entry.inbound_id) if entry.inbound_id else None
        ids = {form.registration_id for form in inbound.forms} if inbound else {entry.registration_id}
        there = read(desk, event, one) if len(ids) == 1 and (one := ids.pop()) else None
        counts = _if_from(reading.sender, there) and the_one_that_counts(desk, event, still_there(there))
        # a double's e-mails may have gone to a wrong address: that one is not the other registration's
        if answered := _if_from(reading.sender, counts):
            return answered
    return None


def _if_from(sender: str, there: Registered | None) -> Registered | None:
    return there if there and same_mailbox(there.registration.email, sender) else None


def as_form(there: Registered) -> InboundForm:
    """What an answer's lines are read beside."""
    answers = written(as_asked(there))
    key, language = person_key(there.registration), there.registration.language
    return InboundForm(FormStatus.REGISTERED, there.id, answers, person=key, language=language)


def is_about(form: ParsedForm, there: Registered) -> bool:
    """Else somebody else's, perhaps a colleague's or a spouse's."""
    same = [_same_name(form, there, name) for name in _NAMES]
    email = normalized_address(form.answers.get("email", ""))
    return all(same) or (any(same) and email in map(normalized_address, (there.registration.email, there.new_email)))


def came_of_change(
    desk: Desk,
    event: Event,
    there: Registered,
    form: ParsedForm,
    inbound_id: str,
    thread: tuple[str, ...],
    *,
    refuses: bool,
) -> InboundForm:
    """Made if it is certain; else the staff see it filled in."""
    wanted = InboundForm(
        FormStatus.NEEDS_REVIEW, there.id, form.answers, form.faults, form.doubts, person_key(there.registration)
    )
    if _is_made(desk, event, there, inbound_id):
        return replace(wanted, status=FormStatus.CHANGED, answers={})
    is_certain = certainty(form, refuses=refuses) is Certainty.CERTAIN
    if form.registration is None or not is_certain or there.is_withdrawn:
        return wanted
    registration = replace(form.registration, language=there.registration.language)
    match amend(
        desk, event, there.id, there.revision, registration, way=Way.EMAIL, thread=thread, inbound_id=inbound_id
    ):
        case Amended():
            return replace(wanted, status=FormStatus.CHANGED, answers={})
        case NothingNew():
            return replace(wanted, status=FormStatus.DUPLICATE, answers={})
        case None | Overtaken():
            return wanted
        case _:
            return replace(wanted, status=FormStatus.CONFLICT)


def came_of_withdrawal(
    desk: Desk, event: Event, there: Registered, inbound_id: str, thread: tuple[str, ...]
) -> InboundForm:
    change = Change(Actor.REGISTRANT, Way.EMAIL, Why.WITHDRAWN, inbound_id)
    is_withdrawn = _is_made(desk, event, there, inbound_id) or isinstance(
        withdraw(desk, event, there.id, change, thread), Amended | NothingNew
    )
    if not is_withdrawn:
        return letter_about(there)
    return InboundForm(FormStatus.WITHDRAWN, there.id, person=person_key(there.registration))


def letter_about(there: Registered) -> InboundForm:
    return InboundForm(FormStatus.NEEDS_REVIEW, there.id, language=there.registration.language)


def _is_made(desk: Desk, event: Event, there: Registered, inbound_id: str) -> bool:
    """By a reader that died: what was changed since stays."""
    history = desk.store.history(event.slug, there)
    return any(one.change.inbound_id == inbound_id and not one.after.came_too_late for one in history)


def _same_name(form: ParsedForm, there: Registered, name: str) -> bool:
    return normalized(form.answers.get(name, "")) == normalized(getattr(there.registration, name))
