"""Composing: a mail we owe, and what it is about, become a message. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from rollcall.desk.drawing_up import IN_WORKBOOK
from rollcall.documents.calendar import invitation
from rollcall.documents.roster import WHY_QUARANTINED, cell, e_mailed_in_time, missing, name_on
from rollcall.emails.answering import looks_like_a_picture, reply_subject, said_of
from rollcall.emails.telling import for_staff
from rollcall.emails.wording import NOT_GIVEN, details, one_line
from rollcall.model.email import Attachment, CircuitBreaker, Email, EmailKind, OutboxEntry
from rollcall.model.event import Event
from rollcall.model.inbound import InboundStatus, Reply
from rollcall.model.intake import Intake
from rollcall.model.registration import QuarantinedForm, Registered
from rollcall.model.roster import About, IncompleteForm, Named, Roster, RosterRow, Shown, StaffDigest
from templates import in_zone, render, words

HOLD_TOLD_FOR = timedelta(days=2)
"""How long after its beginning a hold of the queue is news, in words that are owed by then."""


def compose(entry: OutboxEntry, event: Event, about: About, intake: Intake) -> Email:
    """The message of a mail. `about` is what its kind is about: a roster, what needs a person, a reply, else a
    registration."""
    match entry.kind, about:
        case EmailKind.CONFIRMATION, Registered():
            return _confirmation(entry, event, about, intake)
        case EmailKind.CONFLICT, Registered():
            subject = f"Another form came in your name: {event.title}"
            return _message(entry, event, subject, "conflict", registered=about)
        case EmailKind.ROSTER, Roster():
            return _roster(entry, event, about, intake)
        case EmailKind.STAFF_DIGEST, StaffDigest():
            return _needs_a_person(entry, event, about, intake)
        case EmailKind.REPLY, Reply():
            return _reply(entry, event, about, intake)
        case _:
            raise TypeError(f"a {entry.kind} mail is not about a {type(about).__name__}")


def _confirmation(entry: OutboxEntry, event: Event, registered: Registered, intake: Intake) -> Email:
    late = intake.is_late(registered.received_at)
    answers = registered.registration.answers
    in_time = e_mailed_in_time(registered, intake.closes_at)
    told = event.staff if late else ()
    return _message(
        entry,
        event,
        f"{_came(late, in_time)}: {event.title} ({registered.reference})",
        "confirmation",
        copies_to=tuple(address for address in told if address != entry.to),
        attachments=() if late else (Attachment(f"{event.slug}.ics", "text/calendar", invitation(event, registered)),),
        registered=registered,
        details=details(event, registered),
        late=late,
        in_time=in_time,
        closes_at=intake.closes_at,
        hotel=answers.get("hotel", ""),
        hotel_tel=answers.get("hotel_tel", ""),
    )


def _came(late: bool, in_time: bool) -> str:
    if not late:
        return "Registration confirmed"
    return "Received in time, kept as late" if in_time else "Received after the deadline"


def _roster(entry: OutboxEntry, event: Event, roster: Roster, intake: Intake) -> Email:
    if intake.closing is None:
        raise ValueError(f"the intake of {event.slug} is not closed")
    return _message(
        entry,
        event,
        f"Roster: {event.title}, {intake.closing.count} registered",
        "roster",
        attachments=roster.attached,
        roster=roster,
        closing=intake.closing,
        attached=[file.name for file in roster.attached],
        linked=[(file.name, _size(file.size), file.link) for file in roster.linked],
        by_category=[(category.label, roster.by_category.get(category.code, 0)) for category in event.categories],
        organizations=_named(roster.organizations),
        hotels=_named(roster.hotels),
        undelivered_rows=[_undelivered_on_roster(one) for one in roster.undelivered.shown],
        late_rows=[_late_row(event, one, roster) for one in roster.late.shown],
        not_completed_rows=[_not_completed_row(event, one) for one in roster.not_completed.shown],
        kept_rows=[_kept_row(event, one) for one in roster.kept.shown],
        in_workbook=IN_WORKBOOK,
        by_email=by_email(roster.inbound, roster.resolved),
    )


def by_email(counts: Mapping[InboundStatus, int], resolved: int) -> list[tuple[str, int]]:
    """What came of the messages, and how many came in: each is counted in one of the lines above the last. Empty where
    none ever came. `resolved`: with how many of those that need a person the staff have dealt."""
    if not sum(counts.values()):
        return []
    names = {status: words(status).capitalize() for status in InboundStatus}
    if counts.get(InboundStatus.REGISTERED):
        names[InboundStatus.REGISTERED] += " (late ones among them)"
    if counts.get(InboundStatus.NEEDS_REVIEW):
        names[InboundStatus.NEEDS_REVIEW] += f" (of these dealt with: {resolved})"
    said = [status for status in InboundStatus if counts.get(status) or status is not InboundStatus.UNREAD]
    rows = [(names[status], counts.get(status, 0)) for status in said]
    return [*rows, ("Messages that came in", sum(counts.values()))]


def _needs_a_person(entry: OutboxEntry, event: Event, about: StaffDigest, intake: Intake) -> Email:
    messages, attachments = for_staff(event, about.inbound.shown)
    return _message(
        entry,
        event,
        f"Needs a person: {event.title}{_counts(about)}",
        "staff-digest",
        attachments=attachments,
        opened_at=_told_hold(about.queue, entry),
        undelivered_rows=sorted(_undelivered_row(one, entry, intake) for one, entry in about.undelivered.shown),
        older_undelivered=_not_shown(about.undelivered),
        count=about.kept.count,
        older=_not_shown(about.kept),
        kept=[(*_kept_row(event, one), details(event, one.form)) for one in about.kept.shown],
        message_count=about.inbound.count,
        older_messages=_not_shown(about.inbound),
        messages=messages,
    )


def _counts(about: StaffDigest) -> str:
    """How much there is of what there is: ` (1 form, 13 messages)`."""
    counted = (
        (about.undelivered.count, "mail not delivered", "mails not delivered"),
        (about.kept.count, "form", "forms"),
        (about.inbound.count, "message", "messages"),
    )
    said = ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counted if count)
    return f" ({said})" if said else ""


def _reply(entry: OutboxEntry, event: Event, reply: Reply, intake: Intake) -> Email:
    return _message(
        entry,
        event,
        reply_subject(event, reply.inbound),
        "reply",
        reply_to=reply.answers_to,
        forms=said_of(event, reply, intake),
        not_read=[one_line(name, 100) for name in reply.inbound.not_read],
        pictures=any(map(looks_like_a_picture, reply.inbound.not_read)),
        intake=intake,
        form_page=reply.form_page,
        to=entry.to,
    )


def _undelivered_row(one: Registered | None, entry: OutboxEntry, intake: Intake) -> tuple[str, str]:
    said = f"{words(entry.kind)} to {entry.to}: {_standing(entry)}"
    if one is None:
        return ("Who wrote to us" if entry.kind is EmailKind.REPLY else "The staff"), said
    late = ", late" if intake.is_late(one.received_at) else ""
    answers = one.registration.answers
    numbers = [f"{said} {answers[name]}" for name, said in (("tel", "tel."), ("fax", "fax")) if name in answers]
    return f"{_who(one)} ({one.reference}{late})", "\n".join((said, *numbers))


def _kept_row(event: Event, kept: QuarantinedForm) -> tuple[str, str]:
    said = f"received {in_zone(kept.form.received_at, event)}, {WHY_QUARANTINED[kept.signal]}"
    return _who(kept.form), f"{kept.form.registration.email}, {said}"


def _not_completed_row(event: Event, one: IncompleteForm) -> tuple[str, str]:
    sender = cell(one.sender) or "(no address)"
    came = f"{sender}, received {in_zone(one.received_at, event)}; missing or wrong: {missing(event, one)}"
    return name_on(one) or sender, came


def _undelivered_on_roster(one: RosterRow) -> tuple[str, str]:
    stands = f" ({_standing(one.unsent)})" if one.unsent else ""
    return _who(one.registered), f"{one.registered.registration.email}{stands}"


def _late_row(event: Event, one: RosterRow, roster: Roster) -> tuple[str, str]:
    """With how the mail stands, where it did not go out."""
    stands = f"; mail {_standing(one.unsent)}" if one.unsent else ""
    received = _received_late(event, one.registered, roster)
    return _who(one.registered), f"{one.registered.registration.email}, {received}{stands}"


def _told_hold(queue: CircuitBreaker, entry: OutboxEntry) -> datetime | None:
    """The beginning of a hold that was ours to mend, where this mail was owed soon after it: it may have had to wait as
    long as the hold lasted."""
    if not queue.account_refused or queue.opened_at is None:
        return None
    soon = timedelta(0) <= entry.not_before - queue.opened_at <= HOLD_TOLD_FOR
    return queue.opened_at if soon else None


def _received_late(event: Event, one: Registered, roster: Roster) -> str:
    received = f"received {in_zone(one.received_at, event)}"
    if one.arrived_at is not None and e_mailed_in_time(one, roster.closes_at):
        return f"e-mailed in time, at {in_zone(one.arrived_at, event)}; {received}"
    return received


def _standing(entry: OutboxEntry) -> str:
    """How a mail stands, and why."""
    return f"{words(entry.status)}: {entry.why}" if entry.why else words(entry.status)


def _who(registered: Registered) -> str:
    return f"{registered.registration.full_name}, {registered.registration.answers.get('organization', NOT_GIVEN)}"


def _named(names: Named) -> list[tuple[str, int | str]]:
    rows: list[tuple[str, int | str]] = [(NOT_GIVEN if name is None else name, times) for name, times in names.shown]
    if more := _not_shown(names):
        rows.append((f"and {more} more, which are in the files", ""))
    return rows


def _not_shown(those: Shown[Any]) -> int:
    return those.count - len(those.shown)


def _size(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"


def _message(
    entry: OutboxEntry,
    event: Event,
    subject: str,
    template: str,
    *,
    reply_to: str | None = None,
    copies_to: tuple[str, ...] = (),
    attachments: tuple[Attachment, ...] = (),
    **context: object,
) -> Email:
    return Email(
        email_id=entry.id,
        to=entry.to,
        copies_to=copies_to,
        reply_to=reply_to or event.staff[0],
        subject=" ".join(subject.split()),
        text=render(f"emails/{template}.txt", event=event, **context),
        html=render(f"emails/{template}.html", event=event, **context),
        attachments=attachments,
        thread=entry.thread,
        answers=entry.kind is EmailKind.REPLY or bool(entry.thread),
    )
