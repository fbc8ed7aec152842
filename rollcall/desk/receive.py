"""Receiving: an inbound e-mail is stored, then read; its forms are registered, its sender and the staff are told."""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import assert_never

from rollcall.desk.desk import Desk
from rollcall.desk.emailed_changes import (
    answered_registration,
    as_form,
    came_of_change,
    came_of_withdrawal,
    is_about,
    letter_about,
)
from rollcall.desk.follow_up import note_completed
from rollcall.desk.limits import Limits
from rollcall.desk.register import Accepted, Conflict, Duplicate, Late, NotYetOpen, intake_now, register_emailed
from rollcall.desk.staff_digests import digests_next_morning
from rollcall.model.email import OutboxEntry, email_id_in, is_reply_id, reply_entry
from rollcall.model.errors import Gone, StoreUnavailable
from rollcall.model.event import Event
from rollcall.model.inbound import (
    CHANGES,
    OPEN_PAPERS,
    REGISTERED,
    Certainty,
    FormStatus,
    InboundEmail,
    InboundForm,
    InboundPaper,
    InboundPaperStatus,
    InboundStatus,
    ParsedEmail,
    ParsedForm,
    Reason,
    ReviewReason,
    certainty,
)
from rollcall.model.links import Opened, without_tokens
from rollcall.model.registration import Registered, Registration, fold, normalized_address, person_key


def receive(desk: Desk, raw: bytes) -> str:
    """Store an e-mail as SendGrid's Inbound Parse posted it. The same post again has the same id."""
    glance = desk.reader().glance(raw)
    desk.files().put(glance.id, raw)
    desk.store.add_inbound((addressed(glance.recipients, desk.events) or _latest(desk.events)).slug, glance.id)
    return glance.id


def read_in(desk: Desk, id: str) -> InboundEmail | None:
    """Read an e-mail if it is due; None where there was nothing to do. Safe for several callers at once.

    1. Claim it under a lease, if nobody else does meanwhile; after too many attempts it needs review.
    2. Read it.
    3. Register its forms, as those of the page, unless it needs review first.
    4. Write the result and enqueue what follows, in one commit. If a reader dies before this, its lease lapses, and the
       next reader finds its forms to be duplicates.
    5. Where it completes a form in an earlier e-mail, note that there.
    """
    now = desk.store.now()
    inbound = desk.store.inbound(id)
    if inbound is None or inbound.due_at is None or inbound.due_at > now:
        return None
    event = desk.events.get(inbound.event)
    if event is None:
        desk.store.save_inbound(replace(inbound, due_at=now + desk.limits.reading_lease))
        raise LookupError(f"the event of inbound e-mail {id} has no file any more")
    claimed = claim(inbound, now, desk.limits)
    if not desk.store.save_inbound(claimed, _digests(event, claimed, now)):
        return None
    if claimed.due_at is None:
        return claimed
    claimed_now, raw = desk.store.inbound(id), desk.files().get(id)
    if claimed_now is None or raw is None:
        raise Gone("an inbound e-mail that was there is gone: its person was erased meanwhile")
    read, entries, completed = _read(desk, event, claimed_now, raw, now)
    if not desk.store.save_inbound(read, entries):
        return None
    if completed:
        note_completed(desk, completed, read.forms[0].registration_id or "")
    return read


def read_due(desk: Desk) -> Iterator[tuple[str, InboundEmail | Exception]]:
    """Up to `Limits.emails_a_sweep`, each with the exception that nobody foresaw. The lease delays the next attempt."""
    for id in desk.store.due_inbound(desk.limits.emails_a_sweep):
        try:
            inbound = read_in(desk, id)
        except StoreUnavailable:
            raise
        except Exception as error:
            yield id, error
            continue
        if inbound:
            yield id, inbound


def addressed(recipients: Collection[str], events: Mapping[str, Event]) -> Event | None:
    """The event whose slug stands before the @ of a recipient, or after a + there; the only one, where there is one."""
    for recipient in recipients:
        for name in fold(recipient).rpartition("@")[0].split("+"):
            if name in events:
                return events[name]
    return next(iter(events.values())) if len(events) == 1 else None


def claim(inbound: InboundEmail, now: datetime, limits: Limits) -> InboundEmail:
    if inbound.attempts >= limits.max_readings:
        reasons = (Reason(ReviewReason.READING_FAILED),)
        return replace(inbound, due_at=None, status=InboundStatus.NEEDS_REVIEW, reasons=reasons)
    return replace(inbound, due_at=now + limits.reading_lease, attempts=inbound.attempts + 1)


@dataclass(frozen=True)
class Judged:
    """Why no form in an e-mail is registered, and nobody is written to."""

    status: InboundStatus
    reason: Reason | None = None


def judge(reading: ParsedEmail, is_for_us: bool) -> Judged | None:
    """Whether an e-mail gets no answer (RFC 3834, 2). One that holds a form, not only quoted, needs review."""
    holds_a_form = any(not form.quoted for form in reading.forms)
    papers = reading.contributed.papers
    if reading.automatic:
        if not (holds_a_form or reading.not_read or papers):
            return Judged(InboundStatus.AUTOMATIC)
        code = ReviewReason.MACHINE_SENT_FORM if holds_a_form else ReviewReason.MACHINE_SENT_ATTACHMENT
        return Judged(InboundStatus.NEEDS_REVIEW, Reason(code, {"sign": reading.automatic.value}))
    if reading.spam:
        if holds_a_form:
            return Judged(InboundStatus.NEEDS_REVIEW, Reason(ReviewReason.SPAM_WITH_FORM))
        if any(one.cover.keys() >= {"title", "source"} for one in papers):
            return Judged(InboundStatus.NEEDS_REVIEW, Reason(ReviewReason.SPAM_WITH_PAPER))
        return Judged(InboundStatus.SPAM)
    if reading.unproven:
        return Judged(InboundStatus.NEEDS_REVIEW, reading.unproven)
    if not is_for_us:
        return Judged(InboundStatus.NEEDS_REVIEW, Reason(ReviewReason.FOR_NO_EVENT))
    return None


def status_of(
    forms: Sequence[InboundForm],
    reading: ParsedEmail,
    papers: Sequence[InboundPaper] = (),
    *,
    can_answer: bool,
    past: bool,
) -> tuple[InboundStatus, ReviewReason | None]:
    statuses = {form.status for form in forms}
    open_forms = not statuses.isdisjoint((FormStatus.INCOMPLETE, FormStatus.NOT_YET_OPEN))
    open_ends = open_forms or any(paper.status in OPEN_PAPERS for paper in papers)
    if not (forms or papers or reading.not_read):
        return InboundStatus.NEEDS_REVIEW, ReviewReason.NO_FORM
    if reading.not_read:
        return InboundStatus.NEEDS_REVIEW, ReviewReason.ATTACHMENT_NOT_READ
    if FormStatus.NEEDS_REVIEW in statuses:
        return InboundStatus.NEEDS_REVIEW, ReviewReason.REFUSES if reading.refuses else ReviewReason.DOUBTFUL
    if any(paper.status is InboundPaperStatus.NEEDS_REVIEW for paper in papers):
        return InboundStatus.NEEDS_REVIEW, ReviewReason.PAPER_NOT_CLEAR
    if FormStatus.CONFLICT in statuses:
        return InboundStatus.NEEDS_REVIEW, ReviewReason.CONFLICT
    if open_forms and past:
        return InboundStatus.NEEDS_REVIEW, ReviewReason.INCOMPLETE_AFTER_DEADLINE
    if open_ends and not can_answer:
        return InboundStatus.NEEDS_REVIEW, ReviewReason.INCOMPLETE_NO_REPLY
    if reading.asks or (forms and reading.refuses):
        return InboundStatus.NEEDS_REVIEW, ReviewReason.SAYS_MORE
    remark = ReviewReason.REMARK if reading.says_more else None
    if open_ends:
        return InboundStatus.WAITING_FOR_SENDER, remark
    if not forms:
        return InboundStatus.CONTRIBUTED, remark
    return (InboundStatus.CHANGED if statuses <= {*CHANGES} else InboundStatus.REGISTERED), remark


def is_answered_by_confirmation(read: InboundEmail, forms: Sequence[InboundForm], parsed: Sequence[ParsedForm]) -> bool:
    """Whether only the sender's own form or change was in it and is registered now, and papers that have receipts; or
    thanks for one."""
    if read.not_read or not all(_is_told_of(paper) for paper in read.papers):
        return False
    if len(forms) != 1:
        return bool(read.papers) and not forms
    return forms[0].status in CHANGES or (forms[0].status is FormStatus.REGISTERED and _is_of(parsed[0], read.sender))


def _is_told_of(paper: InboundPaper) -> bool:
    is_thanks = paper.status is InboundPaperStatus.DUPLICATE and not paper.files
    return is_thanks or paper.status in (InboundPaperStatus.RECEIVED, InboundPaperStatus.WITHDRAWN)


def is_ours(desk: Desk, address: str) -> bool:
    """Whether it is the staff's, an event's, or our sender's address."""
    places = [place for event in desk.events.values() if (place := desk.links.forms_to(event))]
    own = {desk.sender, *places}
    for event in desk.events.values():
        own |= {*event.staff_addresses, event.contact.email, (event.venue and event.venue.email) or ""}
    hosts = {normalized_address(place).rpartition("@")[2] for place in places}
    address = normalized_address(address)
    return address in map(normalized_address, own) or address.rpartition("@")[2] in hosts


def _latest(events: Mapping[str, Event]) -> Event:
    return max(events.values(), key=lambda event: event.opens_at)


def _read(
    desk: Desk, event: Event, claimed: InboundEmail, raw: bytes, now: datetime
) -> tuple[InboundEmail, list[OutboxEntry], Opened | None]:
    """And what to enqueue, and the form in an earlier e-mail that its form completes."""
    reader = desk.reader()
    reading = reader.read(raw, event)
    answered = list(_answered_to(desk, event, reading))
    told = {form.person for inbound in answered for form in inbound.forms if form.registration_id}
    asked = _asked(answered)
    there = None if asked else answered_registration(desk, event, reading)
    if asked:
        reading = reader.read(raw, event, asked.form)
    elif there:
        reading = reader.read(raw, event, as_form(there))
    read = replace(
        claimed,
        due_at=None,
        sender=reading.sender,
        subject=reading.subject,
        message_id=reading.message_id,
        references=reading.references,
        arrived_at=reading.arrived_at,
        not_read=reading.not_read,
        text=without_tokens(reading.text),
        language=_language(event, *_languages(reading)),
        sender_name=reading.sender_name,
    )
    forms = [form for form in reading.forms if _is_news(desk, event, read, reading, form, told)]
    reading = replace(reading, forms=tuple(forms))
    judged = judge(reading, is_for_us=addressed(reading.recipients, desk.events) is not None)
    if judged:
        to_review = [
            InboundForm(
                FormStatus.NEEDS_REVIEW,
                there.id if there and is_about(form, there) else None,
                form.answers,
                person=_whose(form),
                language=form.language,
            )
            for form in forms
        ]
        reasons = (judged.reason,) if judged.reason else ()
        names = [file.name for paper in reading.contributed.papers for file in paper.files]
        read = replace(read, status=judged.status, reasons=reasons, not_read=(*read.not_read, *names))
        read = replace(read, forms=_bounded(to_review, desk.limits))
        return read, _digests(event, read, now), None
    if desk.take_papers:
        read = desk.take_papers(desk, event, read, reading, raw)
    read, entries = _registered_forms(desk, event, read, reading, there, told, now)
    completes = asked is not None and len(read.forms) == 1 and read.forms[0].status in REGISTERED
    return read, entries, asked.opened if asked and completes else None


@dataclass(frozen=True)
class _Asked:
    """A form that we asked a sender to complete."""

    opened: Opened
    form: InboundForm


def _asked(answered: Sequence[InboundEmail]) -> _Asked | None:
    """The one form that the last reply of ours asked about."""
    for inbound in answered[:1]:
        asked = [(place, form) for place, form in enumerate(inbound.forms) if form.status is FormStatus.INCOMPLETE]
        return _Asked(Opened(inbound.event, inbound.id, asked[0][0]), asked[0][1]) if len(asked) == 1 else None
    return None


def _answered_to(desk: Desk, event: Event, reading: ParsedEmail) -> Iterator[InboundEmail]:
    """What its sender sent before and we replied to, by the replies that it names, the last first. Whoever else names a
    reply is a stranger."""
    for reference in reversed(reading.references):
        email_id = email_id_in(reference)
        entry = desk.store.entry(email_id) if is_reply_id(event.slug, email_id) else None
        if entry and entry.inbound_id and normalized_address(entry.to) == normalized_address(reading.sender):
            inbound = desk.store.inbound(entry.inbound_id)
            if inbound:
                yield inbound


def _is_news(
    desk: Desk, event: Event, read: InboundEmail, reading: ParsedEmail, form: ParsedForm, told: Set[str | None]
) -> bool:
    """False for the echo of an e-mail of ours: quoted or returned by a machine, and of a person who is registered or
    whom we asked."""
    if form.quoted and form.registration is None:
        return False
    if not (form.quoted or reading.automatic):
        return True
    person = _whose(form)
    if not (reading.automatic or _may_know(form, read.sender, told)):
        return True
    there = desk.store.registration_of(event.slug, person) if person else None
    return there is None or there.arrived_at == read.received_at  # a reader that died may have registered it


def _registered_forms(
    desk: Desk,
    event: Event,
    read: InboundEmail,
    reading: ParsedEmail,
    there: Registered | None,
    told: Set[str | None],
    now: datetime,
) -> tuple[InboundEmail, list[OutboxEntry]]:
    """`there`: the registration whose e-mail it answers."""
    found = reading.forms
    can_answer = _can_answer(desk, read.sender, now) and not _was_answered(desk, read)
    thread = read.thread if can_answer else ()

    def came(form: ParsedForm) -> InboundForm:
        if there and is_about(form, there):
            return came_of_change(desk, event, there, form, read.id, thread, refuses=reading.refuses)
        return _came_of(desk, event, read, told, form, refuses=reading.refuses, can_answer=can_answer)

    forms = [replace(came(form), language=form.language) for form in found]
    if there and reading.thanks and not found:
        # as a form that is sent again
        thanks = InboundForm(FormStatus.DUPLICATE, there.id, person=person_key(there.registration))
        return replace(read, status=InboundStatus.REGISTERED, forms=(thanks,)), []
    if there and reading.withdraws and not found:
        forms, reading = [came_of_withdrawal(desk, event, there, read.id, thread)], replace(reading, refuses=False)
    past = intake_now(desk, event).past
    has_news = bool(forms) or (bool(read.papers) and all(map(_is_told_of, read.papers)))
    goes_on = not has_news and any(is_reply_id(event.slug, email_id_in(one)) for one in read.references)
    can_answer = can_answer and not goes_on  # a robot that does not say so would go on answering our answers
    status, reason = status_of(forms, reading, read.papers, can_answer=can_answer, past=past)
    reasons = (Reason(reason),) if reason else ()
    if goes_on:
        reasons = (Reason(ReviewReason.ANSWERS_OUR_EMAIL), *reasons)
    if there and not forms:
        forms = [letter_about(there)]
    answered = can_answer and not is_answered_by_confirmation(read, forms, found)
    read = replace(read, status=status, reasons=reasons, forms=_bounded(forms, desk.limits), answered=answered)
    return read, [*([reply_entry(read, read.sender)] if answered else []), *_digests(event, read, now)]


def _can_answer(desk: Desk, sender: str, now: datetime) -> bool:
    """RFC 3834, 2: never ourselves, and only so often a day."""
    if not sender or is_ours(desk, sender):
        return False
    most = desk.limits.to_one_address
    return desk.store.recently_sent([sender], now - desk.limits.address_window, most).total() < most


def _was_answered(desk: Desk, read: InboundEmail) -> bool:
    """Some programs never change their Message-ID. Then a person has to say what is missing in this e-mail."""
    reply = desk.store.entry(reply_entry(read, read.sender).id)
    other = desk.store.inbound(reply.inbound_id or "-") if reply else None
    return other is not None and (other.text, other.not_read) != (read.text, read.not_read)


def _came_of(
    desk: Desk,
    event: Event,
    read: InboundEmail,
    told: Set[str | None],
    form: ParsedForm,
    *,
    refuses: bool,
    can_answer: bool,
) -> InboundForm:
    person = _whose(form)
    certain = certainty(form, refuses=refuses)
    if certain is Certainty.REVIEW:
        return InboundForm(FormStatus.NEEDS_REVIEW, None, form.answers, form.faults, form.doubts, person)
    is_there = certain is Certainty.ASK and _may_know(form, read.sender, told) and _is_there(desk, event, person)
    if form.registration is None or (certain is Certainty.ASK and not is_there):
        return InboundForm(FormStatus.INCOMPLETE, None, form.answers, form.faults, form.doubts, person)
    answering = read.thread if can_answer and _is_of(form, read.sender) else None
    registration = replace(form.registration, language=_language(event, form.language, read.language))
    outcome = register_emailed(desk, event, registration, read.received_at, answering, read.id)
    match outcome:
        case Accepted() | Late():
            return InboundForm(FormStatus.REGISTERED, outcome.id, person=person)
        case Duplicate():
            return InboundForm(FormStatus.DUPLICATE, outcome.id, person=person)
        case Conflict():
            return InboundForm(FormStatus.CONFLICT, outcome.id, form.answers, person=person)
        case NotYetOpen():
            return InboundForm(FormStatus.NOT_YET_OPEN, None, form.answers, person=person)
        case _:
            assert_never(outcome)


def _languages(reading: ParsedEmail) -> Iterator[str]:
    yield from (form.language for form in reading.forms[:1])
    yield reading.language
    yield from (paper.language for paper in reading.contributed.papers[:1])


def _language(event: Event, *wanted: str) -> str:
    return next((code for code in wanted if code in event.languages), event.languages[0])


def _is_there(desk: Desk, event: Event, person: str | None) -> bool:
    there = desk.store.registration_of(event.slug, person) if person else None
    return there is not None and not there.is_withdrawn


def _may_know(form: ParsedForm, sender: str, told: Set[str | None]) -> bool:
    """Whether its person is registered: nobody can ask that of another without registering them."""
    return _is_of(form, sender) or _whose(form) in told


def _is_of(form: ParsedForm, address: str) -> bool:
    return form.registration is not None and normalized_address(form.registration.email) == normalized_address(address)


def _whose(form: ParsedForm) -> str | None:
    """The `person_key`, where the form says enough."""
    if form.registration:
        return person_key(form.registration)
    answers = form.answers
    if not answers.get("family_name") or not answers.get("email"):
        return None
    return person_key(Registration(answers["family_name"], answers.get("first_name", ""), answers["email"], "", {}))


def _bounded(forms: Sequence[InboundForm], limits: Limits) -> tuple[InboundForm, ...]:
    left = limits.stored_answers
    bounded = []
    for form in forms:
        left -= sum(len(text.encode()) for text in chain(form.answers.values(), *form.doubts.values()))
        bounded.append(form if left >= 0 else replace(form, answers={}, doubts=dict.fromkeys(form.doubts, ())))
    return tuple(bounded)


def _digests(event: Event, inbound: InboundEmail, now: datetime) -> list[OutboxEntry]:
    tells = inbound.status is InboundStatus.NEEDS_REVIEW or inbound.remark
    return list(digests_next_morning(event, now)) if tells else []
