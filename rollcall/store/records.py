"""What the desk's dataclasses look like in the books, the same in every store."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from rollcall.desk.incoming import FormStanding, Incoming, ReadForm, Standing
from rollcall.desk.intake import Closing, EarlierDeadline
from rollcall.desk.mail import AT_ONCE, Attempt, AttemptOutcome, Mail, MailKind, MailQueue, MailRecord, MailState
from rollcall.desk.registration import Registration, fold


def registration_record(registration: Registration) -> dict[str, Any]:
    """A registration as plain values."""
    return {
        "family_name": registration.family_name,
        "first_name": registration.first_name,
        "email": registration.email,
        "category": registration.category,
        "answers": dict(registration.answers),
        "e164": dict(registration.e164),
        "signed_on": registration.signed_on.isoformat() if registration.signed_on else None,
    }


def registration_from(record: Mapping[str, Any]) -> Registration:
    """The registration that was written."""
    signed_on = record["signed_on"]
    return Registration(**{**record, "signed_on": date.fromisoformat(signed_on) if signed_on else None})


def mail_record(mail: Mail) -> dict[str, Any]:
    """A mail that is owed, without where it stands."""
    return {
        "kind": mail.kind.value,
        "event": mail.event,
        "to": mail.to,
        "address": fold(mail.to),
        "registration_id": mail.registration_id,
        "not_before": mail.not_before,
        "incoming_id": mail.incoming_id,
        "thread": list(mail.thread),
    }


def mail_state(record: MailRecord) -> dict[str, Any]:
    """Where a mail stands."""
    return {
        "state": record.state.value,
        "due_at": record.due_at,
        "handed_over_at": max((attempt.at for attempt in record.attempts if attempt.may_be_taken), default=None),
        "attempts": [
            {"id": attempt.id, "at": attempt.at, "outcome": attempt.outcome.value, "note": attempt.note}
            for attempt in record.attempts
        ],
        "reason": record.reason,
    }


def mail_from(id: str, record: Mapping[str, Any], queued_at: datetime, version: object) -> MailRecord:
    """The mail that was written; an old one tells of no message that it is about."""
    return MailRecord(
        mail=Mail(
            id=id,
            kind=MailKind(record["kind"]),
            event=record["event"],
            to=record["to"],
            registration_id=record["registration_id"],
            not_before=plain(record["not_before"]),
            incoming_id=record.get("incoming_id"),
            thread=tuple(record.get("thread", ())),
        ),
        state=MailState(record["state"]),
        due_at=maybe(record["due_at"]),
        attempts=tuple(
            Attempt(attempt["id"], plain(attempt["at"]), AttemptOutcome(attempt["outcome"]), attempt["note"])
            for attempt in record["attempts"]
        ),
        reason=record["reason"],
        queued_at=queued_at,
        version=version,
    )


NEWLY_IN = Incoming(id="", event="", stored_at=AT_ONCE, due_at=AT_ONCE)
"""What every message is when it comes in, apart from the first three."""


def incoming_record(incoming: Incoming) -> dict[str, Any]:
    """What came of a message: all that may change."""
    return {
        "standing": incoming.standing.value,
        "due_at": incoming.due_at,
        "attempts": incoming.attempts,
        "sender": incoming.sender,
        "subject": incoming.subject,
        "message_id": incoming.message_id,
        "references": list(incoming.references),
        "came_at": incoming.came_at,
        "forms": [
            {
                "standing": form.standing.value,
                "registration_id": form.registration_id,
                "answers": dict(form.answers),
                "faults": {name: list(sentences) for name, sentences in form.faults.items()},
            }
            for form in incoming.forms
        ],
        "not_read": list(incoming.not_read),
        "text": incoming.text,
        "reason": incoming.reason,
        "answered": incoming.answered,
        "dealt_with": incoming.dealt_with,
    }


def incoming_from(id: str, event: str, stored_at: datetime, record: Mapping[str, Any], version: object) -> Incoming:
    """The message that was written."""
    return Incoming(
        id=id,
        event=event,
        stored_at=stored_at,
        standing=Standing(record["standing"]),
        due_at=maybe(record["due_at"]),
        attempts=record["attempts"],
        sender=record["sender"],
        subject=record["subject"],
        message_id=record["message_id"],
        references=tuple(record["references"]),
        came_at=maybe(record["came_at"]),
        forms=tuple(
            ReadForm(
                standing=FormStanding(form["standing"]),
                registration_id=form["registration_id"],
                answers=form["answers"],
                faults={name: tuple(sentences) for name, sentences in form["faults"].items()},
            )
            for form in record["forms"]
        ),
        not_read=tuple(record["not_read"]),
        text=record["text"],
        reason=record["reason"],
        answered=record["answered"],
        dealt_with=record["dealt_with"],
        version=version,
    )


def queue_record(queue: MailQueue) -> dict[str, Any]:
    """How the queue stands, as plain values."""
    return {
        "held_since": queue.held_since,
        "held_until": queue.held_until,
        "held_times": queue.held_times,
        "our_fault": queue.our_fault,
        "note": queue.note,
    }


def queue_from(record: Mapping[str, Any], as_of: datetime, version: object) -> MailQueue:
    """The queue that was written."""
    held = {name: maybe(record[name]) for name in ("held_since", "held_until")}
    return MailQueue(**{**record, **held}, as_of=as_of, version=version)


def closing_record(closing: Closing) -> dict[str, Any]:
    """A closing as plain values."""
    return {"count": closing.count, "sha256": closing.sha256, "pages": closing.pages}


def closing_from(record: Mapping[str, Any] | None) -> Closing | None:
    """The closing that was written, if one was."""
    return Closing(**record) if record else None


def history_record(history: Sequence[EarlierDeadline]) -> list[dict[str, Any]]:
    """Earlier deadlines as plain values."""
    return [{"closes_at": earlier.closes_at, "moved_at": earlier.moved_at} for earlier in history]


def history_from(record: Sequence[Mapping[str, Any]]) -> tuple[EarlierDeadline, ...]:
    """The earlier deadlines that were written."""
    return tuple(EarlierDeadline(plain(earlier["closes_at"]), plain(earlier["moved_at"])) for earlier in record)


def plain(instant: datetime) -> datetime:
    """The instant as a plain UTC `datetime`, whatever subclass a library made of it."""
    return datetime.combine(instant.date(), instant.time(), tzinfo=UTC)


def maybe(instant: datetime | None) -> datetime | None:
    """The instant, if there is one, as `plain` has it."""
    return plain(instant) if instant else None
