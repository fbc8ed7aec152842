"""Composing: a mail we owe, and what it is about, become a message. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from rollcall.desk.drawing_up import IN_WORKBOOK
from rollcall.desk.testing import is_test
from rollcall.documents.calendar import invitation
from rollcall.documents.roster import WHY_KEPT, cell, e_mailed_in_time, missing, name_on
from rollcall.emails.answering import looks_like_a_picture, reply_subject, said_of
from rollcall.emails.telling import for_staff
from rollcall.emails.wording import NOT_GIVEN, details, one_line
from rollcall.model.email import (
    About,
    Attachment,
    Mail,
    MailKind,
    MailQueue,
    MailRecord,
    Message,
    Named,
    NeedsAPerson,
    NotCompleted,
    OnRoster,
    Roster,
    Shown,
)
from rollcall.model.event import Event
from rollcall.model.inbound import Reply, Standing
from rollcall.model.intake import Intake
from rollcall.model.registration import KeptForm, Registered
from templates import in_zone, render

HOLD_TOLD_FOR = timedelta(days=2)
"""How long after its beginning a hold of the queue is news, in words that are owed by then."""


def compose(mail: Mail, event: Event, about: About, intake: Intake) -> Message:
    """The message of a mail. `about` is what its kind is about: a roster, what needs a person, a reply, else a
    registration."""
    match mail.kind, about:
        case MailKind.CONFIRMATION, Registered():
            return _confirmation(mail, event, about, intake)
        case MailKind.DIFFERENT_FORM, Registered():
            subject = f"Another form came in your name: {event.title}"
            return _message(mail, event, subject, "conflict", registered=about)
        case MailKind.ROSTER, Roster():
            return _roster(mail, event, about, intake)
        case MailKind.NEEDS_A_PERSON, NeedsAPerson():
            return _needs_a_person(mail, event, about, intake)
        case MailKind.REPLY, Reply():
            return _reply(mail, event, about, intake)
        case _:
            raise TypeError(f"a {mail.kind} mail is not about a {type(about).__name__}")


def _confirmation(mail: Mail, event: Event, registered: Registered, intake: Intake) -> Message:
    late = intake.is_late(registered.received_at)
    answers = registered.registration.answers
    in_time = e_mailed_in_time(registered, intake.closes_at)
    told = event.staff if late and not is_test(mail.to) else ()
    return _message(
        mail,
        event,
        f"{_came(late, in_time)}: {event.title} ({registered.reference})",
        "confirmation",
        copies_to=tuple(address for address in told if address != mail.to),
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


def _roster(mail: Mail, event: Event, roster: Roster, intake: Intake) -> Message:
    if intake.closing is None:
        raise ValueError(f"the intake of {event.slug} is not closed")
    return _message(
        mail,
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
        by_email=by_email(roster.incoming, roster.dealt_with),
    )


def by_email(counts: Mapping[Standing, int], dealt_with: int) -> list[tuple[str, int]]:
    """What came of the messages, and how many came in: each is counted in one of the lines above the last. Empty where
    none ever came. `dealt_with`: with how many of those that need a person the staff have dealt."""
    if not sum(counts.values()):
        return []
    names = {standing: standing.value.capitalize() for standing in Standing}
    if counts.get(Standing.REGISTERED):
        names[Standing.REGISTERED] += " (late ones among them)"
    if counts.get(Standing.NEEDS_A_PERSON):
        names[Standing.NEEDS_A_PERSON] += f" (of these dealt with: {dealt_with})"
    said = [standing for standing in Standing if counts.get(standing) or standing is not Standing.UNREAD]
    rows = [(names[standing], counts.get(standing, 0)) for standing in said]
    return [*rows, ("Messages that came in", sum(counts.values()))]


def _needs_a_person(mail: Mail, event: Event, about: NeedsAPerson, intake: Intake) -> Message:
    messages, attachments = for_staff(event, about.incoming.shown)
    return _message(
        mail,
        event,
        f"Needs a person: {event.title}{_counts(about)}",
        "staff-digest",
        attachments=attachments,
        held_since=_told_hold(about.queue, mail),
        undelivered_rows=sorted(_undelivered_row(one, record, intake) for one, record in about.undelivered.shown),
        older_undelivered=_not_shown(about.undelivered),
        count=about.kept.count,
        older=_not_shown(about.kept),
        kept=[(*_kept_row(event, one), details(event, one.form)) for one in about.kept.shown],
        message_count=about.incoming.count,
        older_messages=_not_shown(about.incoming),
        messages=messages,
    )


def _counts(about: NeedsAPerson) -> str:
    """How much there is of what there is: ` (1 form, 13 messages)`."""
    counted = (
        (about.undelivered.count, "mail not delivered", "mails not delivered"),
        (about.kept.count, "form", "forms"),
        (about.incoming.count, "message", "messages"),
    )
    said = ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counted if count)
    return f" ({said})" if said else ""


def _reply(mail: Mail, event: Event, reply: Reply, intake: Intake) -> Message:
    return _message(
        mail,
        event,
        reply_subject(event, reply.incoming),
        "reply",
        reply_to=reply.answers_to,
        forms=said_of(event, reply, intake),
        not_read=[one_line(name, 100) for name in reply.incoming.not_read],
        pictures=any(map(looks_like_a_picture, reply.incoming.not_read)),
        intake=intake,
        form_page=reply.form_page,
        to=mail.to,
    )


def _undelivered_row(one: Registered | None, record: MailRecord, intake: Intake) -> tuple[str, str]:
    mail = f"{record.mail.kind.value} to {record.mail.to}: {_standing(record)}"
    if one is None:
        return ("Who wrote to us" if record.mail.kind is MailKind.REPLY else "The staff"), mail
    late = ", late" if intake.is_late(one.received_at) else ""
    answers = one.registration.answers
    numbers = [f"{said} {answers[name]}" for name, said in (("tel", "tel."), ("fax", "fax")) if name in answers]
    return f"{_who(one)} ({one.reference}{late})", "\n".join((mail, *numbers))


def _kept_row(event: Event, kept: KeptForm) -> tuple[str, str]:
    said = f"received {in_zone(kept.form.received_at, event)}, {WHY_KEPT[kept.sign]}"
    return _who(kept.form), f"{kept.form.registration.email}, {said}"


def _not_completed_row(event: Event, one: NotCompleted) -> tuple[str, str]:
    sender = cell(one.sender) or "(no address)"
    came = f"{sender}, received {in_zone(one.received_at, event)}; missing or wrong: {missing(event, one)}"
    return name_on(one) or sender, came


def _undelivered_on_roster(one: OnRoster) -> tuple[str, str]:
    stands = f" ({_standing(one.unsent)})" if one.unsent else ""
    return _who(one.registered), f"{one.registered.registration.email}{stands}"


def _late_row(event: Event, one: OnRoster, roster: Roster) -> tuple[str, str]:
    """With how the mail stands, where it did not go out."""
    stands = f"; mail {_standing(one.unsent)}" if one.unsent else ""
    received = _received_late(event, one.registered, roster)
    return _who(one.registered), f"{one.registered.registration.email}, {received}{stands}"


def _told_hold(queue: MailQueue, mail: Mail) -> datetime | None:
    """The beginning of a hold that was ours to mend, where this mail was owed soon after it: it may have had to wait as
    long as the hold lasted."""
    if not queue.our_fault or queue.held_since is None:
        return None
    soon = timedelta(0) <= mail.not_before - queue.held_since <= HOLD_TOLD_FOR
    return queue.held_since if soon else None


def _received_late(event: Event, one: Registered, roster: Roster) -> str:
    received = f"received {in_zone(one.received_at, event)}"
    if one.came_at is not None and e_mailed_in_time(one, roster.closes_at):
        return f"e-mailed in time, at {in_zone(one.came_at, event)}; {received}"
    return received


def _standing(record: MailRecord) -> str:
    """How a mail stands, and why."""
    return f"{record.state.value}: {record.why}" if record.why else record.state.value


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
    mail: Mail,
    event: Event,
    subject: str,
    template: str,
    *,
    reply_to: str | None = None,
    copies_to: tuple[str, ...] = (),
    attachments: tuple[Attachment, ...] = (),
    **context: object,
) -> Message:
    return Message(
        mail_id=mail.id,
        to=mail.to,
        copies_to=copies_to,
        reply_to=reply_to or event.staff[0],
        subject=" ".join(subject.split()),
        text=render(f"emails/{template}.txt", event=event, **context),
        html=render(f"emails/{template}.html", event=event, **context),
        attachments=attachments,
        thread=mail.thread,
        answers=mail.kind is MailKind.REPLY or bool(mail.thread),
    )
