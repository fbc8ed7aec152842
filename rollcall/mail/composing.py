"""Composing: a mail we owe, and what it is about, become a message. Pure."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from rollcall.desk.event import Event
from rollcall.desk.intake import Intake
from rollcall.desk.mail import About, Attachment, Mail, MailKind, MailQueue, MailRecord, Message, NeedsAPerson, Roster
from rollcall.desk.registration import KeptForm, Registered
from rollcall.documents.calendar import invitation
from rollcall.documents.roster import KEPT_IN_WORKBOOK, WHY_KEPT, roster_csv, roster_xlsx
from schemas.registration import form_fields, written
from templates import in_zone, render

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NOT_GIVEN = "(not given)"
SHOWN_IN_FULL = 50
"""Kept forms that one mail shows with all answers, the last received; robots may send many."""
HOLD_TOLD_FOR = timedelta(days=2)
"""How long after its beginning a hold of the queue is news, in words that are owed by then."""


def compose(mail: Mail, event: Event, about: About, intake: Intake) -> Message:
    """The message of a mail. `about` is what its kind is about: a roster, what needs a person, else a registration."""
    match mail.kind, about:
        case MailKind.CONFIRMATION, Registered():
            return _confirmation(mail, event, about, intake)
        case MailKind.DIFFERENT_FORM, Registered():
            subject = f"Another form came in your name: {event.title}"
            return _message(mail, event, subject, "different-form", registered=about)
        case MailKind.ROSTER, Roster():
            return _roster(mail, event, about, intake)
        case MailKind.NEEDS_A_PERSON, NeedsAPerson():
            return _needs_a_person(mail, event, about, intake)
        case _:
            raise TypeError(f"a {mail.kind} mail is not about a {type(about).__name__}")


def _confirmation(mail: Mail, event: Event, registered: Registered, intake: Intake) -> Message:
    late = intake.is_late(registered.received_at)
    answers = registered.registration.answers
    came = "Received after the deadline" if late else "Registration confirmed"
    return _message(
        mail,
        event,
        f"{came}: {event.title} ({registered.reference})",
        "confirmation",
        copies_to=tuple(address for address in event.staff if late and address != mail.to),
        attachments=() if late else (Attachment(f"{event.slug}.ics", "text/calendar", invitation(event, registered)),),
        registered=registered,
        details=details(event, registered),
        late=late,
        closes_at=intake.closes_at,
        hotel=answers.get("hotel", ""),
        hotel_tel=answers.get("hotel_tel", ""),
    )


def _roster(mail: Mail, event: Event, roster: Roster, intake: Intake) -> Message:
    if intake.closing is None:
        raise ValueError(f"the intake of {event.slug} is not closed")
    attachments = (
        Attachment(f"{event.slug}-roster.csv", "text/csv", roster_csv(event, roster)),
        Attachment(f"{event.slug}-roster.xlsx", _XLSX, roster_xlsx(event, roster)),
    )
    people = [one.registration for one in roster.registered]
    by_category = Counter(person.category for person in people)
    not_delivered = [one for one in roster.registered if one.id in roster.confirmations]
    return _message(
        mail,
        event,
        f"Roster: {event.title}, {intake.closing.count} registered",
        "roster",
        attachments=attachments,
        roster=roster,
        closing=intake.closing,
        attached=[file.name for file in attachments],
        by_category=[(category.label, by_category[category.code]) for category in event.categories],
        organizations=_counted(person.answers.get("organization", NOT_GIVEN) for person in people),
        hotels=_counted(person.answers.get("hotel", NOT_GIVEN) for person in people),
        undelivered_rows=[
            (_who(one), f"{one.registration.email} ({_standing(roster.confirmations[one.id])})")
            for one in not_delivered
        ],
        late_rows=[
            (_who(one), f"{one.registration.email}, received {in_zone(one.received_at, event)}{_mail_of(one, roster)}")
            for one in roster.late
        ],
        kept_count=len(roster.kept),
        kept_rows=[_kept_row(event, one) for one in roster.kept[-SHOWN_IN_FULL:]],
        kept_in_workbook=KEPT_IN_WORKBOOK,
    )


def _needs_a_person(mail: Mail, event: Event, about: NeedsAPerson, intake: Intake) -> Message:
    shown = about.kept[-SHOWN_IN_FULL:]
    return _message(
        mail,
        event,
        f"Needs a person: {event.title} (mails: {len(about.undelivered)}, forms: {len(about.kept)})",
        "needs-a-person",
        held_since=_told_hold(about.queue, mail),
        undelivered_rows=sorted(_undelivered_row(one, record, intake) for one, record in about.undelivered),
        count=len(about.kept),
        older=len(about.kept) - len(shown),
        kept=[(*_kept_row(event, one), details(event, one.form)) for one in shown],
    )


def _undelivered_row(one: Registered | None, record: MailRecord, intake: Intake) -> tuple[str, str]:
    mail = f"{record.mail.kind.value} to {record.mail.to}: {_standing(record)}"
    if one is None:
        return "The staff", mail
    late = ", came late" if intake.is_late(one.received_at) else ""
    answers = one.registration.answers
    numbers = [f"{said} {answers[name]}" for name, said in (("tel", "tel."), ("fax", "fax")) if name in answers]
    return f"{_who(one)} ({one.reference}{late})", "\n".join((mail, *numbers))


def _kept_row(event: Event, kept: KeptForm) -> tuple[str, str]:
    said = f"received {in_zone(kept.form.received_at, event)}, {WHY_KEPT[kept.sign]}"
    return _who(kept.form), f"{kept.form.registration.email}, {said}"


def _told_hold(queue: MailQueue, mail: Mail) -> datetime | None:
    """The beginning of a hold that was ours to mend, where this mail was owed soon after it: it may have had to wait as
    long as the hold lasted."""
    if not queue.our_fault or queue.held_since is None:
        return None
    soon = timedelta(0) <= mail.not_before - queue.held_since <= HOLD_TOLD_FOR
    return queue.held_since if soon else None


def _mail_of(one: Registered, roster: Roster) -> str:
    """How the mail to a late person stands, where it did not go out."""
    record = roster.confirmations.get(one.id)
    return f"; mail {_standing(record)}" if record else ""


def _standing(record: MailRecord) -> str:
    """How a mail stands, and why."""
    return f"{record.state.value}: {record.why}" if record.why else record.state.value


def details(event: Event, registered: Registered) -> list[tuple[str, str]]:
    """What the person answered, in the form's order: label and text."""
    answers = written(registered.registration)
    answers["category"] = event.category_label(registered.registration.category)
    return [(field.label, answers[field.name]) for field in form_fields(event) if field.name in answers]


def _who(registered: Registered) -> str:
    return f"{registered.registration.full_name}, {registered.registration.answers.get('organization', NOT_GIVEN)}"


def _counted(names: Iterable[str]) -> list[tuple[str, int]]:
    """Most named first, then by name."""
    return sorted(Counter(names).items(), key=lambda row: (-row[1], row[0]))


def _message(
    mail: Mail,
    event: Event,
    subject: str,
    template: str,
    *,
    copies_to: tuple[str, ...] = (),
    attachments: tuple[Attachment, ...] = (),
    **context: object,
) -> Message:
    return Message(
        mail_id=mail.id,
        to=mail.to,
        copies_to=copies_to,
        reply_to=event.staff[0],
        subject=" ".join(subject.split()),
        text=render(f"mail/{template}.txt", event=event, **context),
        html=render(f"mail/{template}.html", event=event, **context),
        attachments=attachments,
    )
