"""What the desk's dataclasses look like in the books, the same in every store."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from rollcall.desk.intake import Closing, EarlierDeadline
from rollcall.desk.mail import Attempt, AttemptOutcome, Mail, MailKind, MailQueue, MailRecord, MailState
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


def mail_from(id: str, record: Mapping[str, Any], version: object) -> MailRecord:
    """The mail that was written."""
    not_before = plain(record["not_before"])
    mail = Mail(id, MailKind(record["kind"]), record["event"], record["to"], record["registration_id"], not_before)
    return MailRecord(
        mail=mail,
        state=MailState(record["state"]),
        due_at=_maybe(record["due_at"]),
        attempts=tuple(
            Attempt(attempt["id"], plain(attempt["at"]), AttemptOutcome(attempt["outcome"]), attempt["note"])
            for attempt in record["attempts"]
        ),
        reason=record["reason"],
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
    held = {name: _maybe(record[name]) for name in ("held_since", "held_until")}
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


def _maybe(instant: datetime | None) -> datetime | None:
    return plain(instant) if instant else None
