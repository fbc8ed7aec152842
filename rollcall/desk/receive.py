"""Receiving: a message that came in is kept, then read; what is owed for it is owed."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from rollcall.desk.desk import Desk, Files, Opened
from rollcall.desk.follow_up import note_completed
from rollcall.desk.needs_a_person import owed_next_morning
from rollcall.desk.register import Accepted, Differs, Known, Late, NotYetOpen, intake_now, register_e_mailed
from rollcall.desk.send import ADDRESS_WINDOW, TO_ONE_ADDRESS
from rollcall.model.email import Mail, is_reply_id, reply_mail
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event
from rollcall.model.inbound import IN_THE_BOOKS, FormStanding, FoundForm, Incoming, ReadForm, Reading, Standing
from rollcall.model.registration import Registration, fold, registration_id

LEASE = timedelta(minutes=10)
"""How long a reader has a message to itself; well above the time that reading the largest takes (docs/deploy.md)."""
READINGS = 5
"""How often a message is begun to be read before a person has to."""
SWEEP = 20
"""Messages that one sweep reads at the most."""
KEPT_ANSWERS = 200_000
"""Bytes (UTF-8) of answers kept with a message at the most, well below what a record may hold; the message itself
is kept whole."""


def receive(desk: Desk, raw: bytes) -> str:
    """Keep a message, as SendGrid's Inbound Parse posted it. The same again is the same message.

    1. Look which delivery it is, and for which event.
    2. Keep the message itself.
    3. Note in the books that it is to be read.

    Returns its id: from then on it cannot be lost. Raises `StoreUnavailable`.
    """
    glance = desk.reader().glance(raw)
    desk.files().put(glance.id, raw)
    desk.store.take_in((addressed(glance.recipients, desk.events) or _latest(desk.events)).slug, glance.id)
    return glance.id


def read_in(desk: Desk, id: str) -> Incoming | None:
    """Read a message if it is due to be read. Safe to call at any time, by several callers at once.

    1. Take it up with a lease, if nobody else does meanwhile; what was begun too often is put before a person.
    2. Read it.
    3. Register its forms as the web form's are, unless a person has to look at the message first.
    4. Write what came of it and owe the mails for it, in one commit. A reader that dies before this leaves a lease that
       lapses; the same forms are then known.
    5. Where it completes a form in an earlier message, note that there.

    Returns the message as it now stands, None where there was nothing to do. Raises `StoreUnavailable`.
    """
    now = desk.store.now()
    incoming = desk.store.incoming(id)
    if incoming is None or incoming.due_at is None or incoming.due_at > now:
        return None
    event = desk.events.get(incoming.event)
    if event is None:
        desk.store.save_incoming(replace(incoming, due_at=now + LEASE))
        raise LookupError(f"the event of message {id} has no file any more")
    taken_up = take_up(incoming, now)
    if not desk.store.save_incoming(taken_up, _word(event, taken_up, now)):
        return None
    if taken_up.due_at is None:
        return taken_up
    claimed = desk.store.incoming(id)
    if claimed is None:
        raise LookupError("a message that was there is gone; messages are never deleted")
    raw = _kept(desk.files(), id)
    read, owed, completed = _read(desk, event, claimed, raw, now)
    if not desk.store.save_incoming(read, owed):
        return None
    if completed:
        note_completed(desk, completed, read.forms[0].registration_id or "")
    return read


def read_due(desk: Desk) -> Iterator[tuple[str, Incoming | Exception]]:
    """Read what is due to be read, up to `SWEEP` messages: each id with how it now stands. What goes wrong with one in
    a way that nobody foresaw is handed on; its lease keeps it from being tried again at once.

    Raises `StoreUnavailable`.
    """
    for id in desk.store.due_incoming(SWEEP):
        try:
            incoming = read_in(desk, id)
        except StoreUnavailable:
            raise
        except Exception as error:
            yield id, error
            continue
        if incoming:
            yield id, incoming


def addressed(recipients: Collection[str], events: Mapping[str, Event]) -> Event | None:
    """The event that the message is for: its slug stands before the @ of a recipient, or after a + there. Where there
    is only one event, it is that."""
    for recipient in recipients:
        for name in fold(recipient).rpartition("@")[0].split("+"):
            if name in events:
                return events[name]
    return next(iter(events.values())) if len(events) == 1 else None


def take_up(incoming: Incoming, now: datetime) -> Incoming:
    """What becomes of a message that is due to be read."""
    if incoming.attempts >= READINGS:
        reason = "It could not be read, though that was tried several times."
        return replace(incoming, due_at=None, standing=Standing.NEEDS_A_PERSON, reason=reason)
    return replace(incoming, due_at=now + LEASE, attempts=incoming.attempts + 1)


@dataclass(frozen=True)
class Judged:
    """Why nothing in a message is registered by itself, and nobody written to because of it."""

    standing: Standing
    reason: str = ""


def judge(reading: Reading, is_for_us: bool) -> Judged | None:
    """Whether a message is to be kept without an answer (RFC 3834, 2). One that holds a form is put before a person in
    any case, but not for what it only quotes."""
    holds_a_form = any(not form.quoted for form in reading.forms)
    if reading.automatic:
        if not holds_a_form and not reading.not_read:
            return Judged(Standing.AUTOMATIC)
        brings = "a form" if holds_a_form else "an attachment"
        return Judged(Standing.NEEDS_A_PERSON, f"A machine seems to have sent it ({reading.automatic}), with {brings}.")
    if reading.spam:
        if not holds_a_form:
            return Judged(Standing.SPAM)
        return Judged(Standing.NEEDS_A_PERSON, "SendGrid takes it for spam, but a form is in it.")
    if reading.unproven:
        return Judged(Standing.NEEDS_A_PERSON, f"It may not be from whom it says: {reading.unproven}.")
    if not is_for_us:
        return Judged(Standing.NEEDS_A_PERSON, "It was sent to an address that names none of our events.")
    return None


def standing_of(
    forms: Sequence[ReadForm], not_read: Sequence[str], *, can_answer: bool, past: bool
) -> tuple[Standing, str]:
    """How a message stands by what came of its forms, and why it needs a person if it does. `past`: whether the
    deadline has passed, so that no form can be completed any more."""
    standings = {form.standing for form in forms}
    open_ends = standings & {FormStanding.INCOMPLETE, FormStanding.NOT_YET_OPEN}
    if not forms and not not_read:
        return Standing.NEEDS_A_PERSON, "No form was found in it: a question, perhaps, or another letter."
    if not_read:
        return Standing.NEEDS_A_PERSON, "What is attached to it could not be read."
    if FormStanding.DIFFERS in standings:
        return Standing.NEEDS_A_PERSON, "Another form of the same person is in the books, and stands."
    if open_ends and past:
        return Standing.NEEDS_A_PERSON, "Something is missing in it, and the deadline has passed."
    if open_ends and not can_answer:
        return Standing.NEEDS_A_PERSON, "Something is missing in it, and its sender is not written to by itself."
    return (Standing.WAITING if open_ends else Standing.REGISTERED), ""


def is_answered_by_its_confirmation(message: Incoming, forms: Sequence[tuple[ReadForm, FoundForm]]) -> bool:
    """Whether the sender's own form was taken in, and there was nothing else in the message: then the confirmation is
    the answer."""
    if len(forms) != 1 or message.not_read:
        return False
    ((read, found),) = forms
    return read.standing is FormStanding.REGISTERED and _is_of(found, message.sender)


def is_ours(desk: Desk, address: str) -> bool:
    """Whether the address is one of ours: the staff's, an event's, the one that our mails come from."""
    places = [place for event in desk.events.values() if (place := desk.links.forms_to(event))]
    own = {desk.sender, *places}
    for event in desk.events.values():
        own |= {*event.staff, event.contact.email, event.venue.email or ""}
    hosts = {fold(place.rpartition("@")[2]) for place in places}
    return fold(address) in map(fold, own) or fold(address).rpartition("@")[2] in hosts


def _latest(events: Mapping[str, Event]) -> Event:
    """The staff of the event that opened last hear of what is for none."""
    return max(events.values(), key=lambda event: event.opens_at)


def _kept(files: Files, id: str) -> bytes:
    raw = files.get(id)
    if raw is None:
        raise LookupError("a message that was kept is gone")
    return raw


def _read(
    desk: Desk, event: Event, claimed: Incoming, raw: bytes, now: datetime
) -> tuple[Incoming, list[Mail], Opened | None]:
    """The message as it stands once it is read, the mails owed for it, and the form in an earlier one that its form
    completes."""
    reader = desk.reader()
    reading = reader.read(raw, event)
    asked = _asked(desk, event, reading)
    read = replace(
        claimed,
        due_at=None,
        sender=reading.sender,
        subject=reading.subject,
        message_id=reading.message_id,
        references=reading.references,
        came_at=reading.came_at,
        not_read=reading.not_read,
        text=reading.text,
    )
    forms = [form for form in reading.forms if _is_news(desk, event, read, reading, form)]
    if asked and not forms:  # nothing of our question is quoted
        again = reader.read(raw, event, asked.form.answers)
        forms = [form for form in again.forms if _is_news(desk, event, read, reading, form)]
    reading = replace(reading, forms=tuple(forms))
    judged = judge(reading, is_for_us=addressed(reading.recipients, desk.events) is not None)
    if judged:
        held_back = [ReadForm(FormStanding.HELD_BACK, _whose(event, form), form.answers) for form in forms]
        read = replace(read, standing=judged.standing, reason=judged.reason, forms=_bounded(held_back))
        return read, _word(event, read, now), None
    read, owed = _registered_forms(desk, event, read, forms, now)
    completes = asked is not None and len(read.forms) == 1 and read.forms[0].standing in IN_THE_BOOKS
    return read, owed, asked.opened if asked and completes else None


@dataclass(frozen=True)
class _Asked:
    """A form that we asked the sender of a message to complete."""

    opened: Opened
    form: ReadForm


def _asked(desk: Desk, event: Event, reading: Reading) -> _Asked | None:
    """The form that the message answers our question about: the last reply of ours that it names as what it answers, if
    that went to the same address and asked about one form. Whoever else names it is a stranger."""
    for reference in reversed(reading.references):
        mail_id = _mail_id(reference)
        record = desk.store.mail(mail_id) if is_reply_id(event.slug, mail_id) else None
        if record and record.mail.incoming_id and fold(record.mail.to) == fold(reading.sender):
            return _incomplete(desk, event, record.mail.incoming_id)
    return None


def _mail_id(message_id: str) -> str:
    """Which mail of ours has this Message-ID, if one has."""
    return message_id.strip("<>").rpartition("@")[0]


def _incomplete(desk: Desk, event: Event, incoming_id: str) -> _Asked | None:
    incoming = desk.store.incoming(incoming_id)
    forms = incoming.forms if incoming else ()
    asked = [(place, form) for place, form in enumerate(forms) if form.standing is FormStanding.INCOMPLETE]
    return _Asked(Opened(event.slug, incoming_id, asked[0][0]), asked[0][1]) if len(asked) == 1 else None


def _is_news(desk: Desk, event: Event, read: Incoming, reading: Reading, form: FoundForm) -> bool:
    """Whether a form is the sender's and not the echo of a mail of ours: quoted, or sent back by a machine, with the
    answers of somebody who is in the books, or with what we understood and asked to have completed."""
    if form.quoted and form.registration is None:
        return False
    if not (form.quoted or reading.automatic):
        return True
    id = _whose(event, form)
    there = desk.store.registered(event.slug, id) if id else None
    return there is None or there.came_at == read.received_at  # a reader that died may have registered it


def _registered_forms(
    desk: Desk, event: Event, read: Incoming, found: Sequence[FoundForm], now: datetime
) -> tuple[Incoming, list[Mail]]:
    can_answer = _can_answer(desk, read.sender, now) and not _was_answered(desk, read)
    forms = [_register(desk, event, read, form, can_answer=can_answer) for form in found]
    past = intake_now(desk, event).past
    standing, reason = standing_of(forms, read.not_read, can_answer=can_answer, past=past)
    if not found and any(is_reply_id(event.slug, _mail_id(one)) for one in read.references):
        # a robot that does not say so would go on answering our answers
        can_answer, reason = False, f"It answers a mail of ours. {reason}"
    answered = can_answer and not is_answered_by_its_confirmation(read, list(zip(forms, found, strict=True)))
    read = replace(read, standing=standing, reason=reason, forms=_bounded(forms), answered=answered)
    return read, [*([reply_mail(read, read.sender)] if answered else []), *_word(event, read, now)]


def _can_answer(desk: Desk, sender: str, now: datetime) -> bool:
    """Whether the sender may be written to: not ourselves, and not more often than a day allows (RFC 3834, 2)."""
    if not sender or is_ours(desk, sender):
        return False
    return desk.store.handed_over_lately(sender, now - ADDRESS_WINDOW, TO_ONE_ADDRESS) < TO_ONE_ADDRESS


def _was_answered(desk: Desk, read: Incoming) -> bool:
    """Whether a message of this sender's that says something else was answered under the same Message-ID: some programs
    give each one the same, and what is then missing in this one a person has to say."""
    owed = desk.store.mail(reply_mail(read, read.sender).id)
    other = desk.store.incoming(owed.mail.incoming_id or "-") if owed else None
    return other is not None and (other.text, other.not_read) != (read.text, read.not_read)


def _register(desk: Desk, event: Event, read: Incoming, form: FoundForm, *, can_answer: bool) -> ReadForm:
    if form.registration is None:
        return ReadForm(FormStanding.INCOMPLETE, _whose(event, form), form.answers, form.faults)
    id = registration_id(event.slug, form.registration)
    answering = read.thread if can_answer and _is_of(form, read.sender) else None
    outcome = register_e_mailed(desk, event, form.registration, read.received_at, answering)
    match outcome:
        case Accepted() | Late():
            return ReadForm(FormStanding.REGISTERED, id)
        case Known():
            return ReadForm(FormStanding.KNOWN, id)
        case Differs():
            return ReadForm(FormStanding.DIFFERS, id, form.answers)
        case NotYetOpen():
            return ReadForm(FormStanding.NOT_YET_OPEN, id, form.answers)
        case _:
            assert_never(outcome)


def _is_of(form: FoundForm, address: str) -> bool:
    return form.registration is not None and fold(form.registration.email) == fold(address)


def _whose(event: Event, form: FoundForm) -> str | None:
    """The id that the registration of a form has or would have, where the form says whose it is."""
    if form.registration:
        return registration_id(event.slug, form.registration)
    answers = form.answers
    if not answers.get("family_name") or not answers.get("email"):
        return None
    person = Registration(answers["family_name"], answers.get("first_name", ""), answers["email"], "", {})
    return registration_id(event.slug, person)


def _bounded(forms: Sequence[ReadForm]) -> tuple[ReadForm, ...]:
    """The forms with no more answers than can be kept with the message."""
    left = KEPT_ANSWERS
    bounded = []
    for form in forms:
        left -= sum(len(answer.encode()) for answer in form.answers.values())
        bounded.append(form if left >= 0 else replace(form, answers={}))
    return tuple(bounded)


def _word(event: Event, incoming: Incoming, now: datetime) -> list[Mail]:
    return list(owed_next_morning(event, now)) if incoming.standing is Standing.NEEDS_A_PERSON else []
