"""What the desk's dataclasses look like in the books, the same in every store."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from rollcall.desk.intake import Closing
from rollcall.desk.mail import Mail, MailKind, MailRecord, MailState
from rollcall.desk.registration import Registration


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
        "registration_id": mail.registration_id,
        "not_before": mail.not_before,
    }


def mail_state(record: MailRecord) -> dict[str, Any]:
    """Where a mail stands."""
    return {
        "state": record.state.value,
        "due_at": record.due_at,
        "attempts": record.attempts,
        "note": record.note,
    }


def mail_from(id: str, record: Mapping[str, Any], version: object) -> MailRecord:
    """The mail that was written."""
    not_before = plain(record["not_before"])
    mail = Mail(id, MailKind(record["kind"]), record["event"], record["to"], record["registration_id"], not_before)
    due_at = record["due_at"]
    return MailRecord(
        mail=mail,
        state=MailState(record["state"]),
        due_at=plain(due_at) if due_at else None,
        attempts=record["attempts"],
        note=record["note"],
        version=version,
    )


def closing_record(closing: Closing) -> dict[str, Any]:
    """A closing as plain values."""
    return {"count": closing.count, "sha256": closing.sha256, "pages": closing.pages}


def closing_from(record: Mapping[str, Any] | None) -> Closing | None:
    """The closing that was written, if one was."""
    return Closing(**record) if record else None


def plain(instant: datetime) -> datetime:
    """The instant as a plain UTC `datetime`, whatever subclass a library made of it."""
    return datetime.combine(instant.date(), instant.time(), tzinfo=UTC)
