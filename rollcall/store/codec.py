"""What the desk's dataclasses look like in the books, the same in every store.

Every document says which `SHAPE` it has. While a new version of the service comes in, instances of the last one run
beside it for minutes, and it may be taken back: what each writes the other meets. So the rules are:

- A document of an earlier shape is read (tests/contract/samples has one of each kind, as each shape wrote it). Whoever
  writes a document writes all its fields, and so in today's shape.
- A field that is only added, and that the code before can do without, needs no new shape: readers pass over fields that
  they do not know, and writers to Firestore leave them where they are.
- Anything else is a new shape. Code that does not know it yet does not touch such a document, and says that the store
  is not available: whoever asked asks again, and meets an instance that knows. Until then what it is about waits, and
  nothing is misread. For good it waits where the new version is taken back: go on to it again instead.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rollcall.model.email import AT_ONCE, Attempt, AttemptOutcome, CircuitBreaker, EmailKind, EmailStatus, OutboxEntry
from rollcall.model.errors import StoreUnavailable
from rollcall.model.fault import Fault
from rollcall.model.inbound import FormStatus, InboundEmail, InboundForm, InboundStatus, Reason, ReviewReason
from rollcall.model.intake import Closing, EarlierDeadline, Intake
from rollcall.model.registration import IdempotencyKey, Registration, fold

SHAPE = 1
"""Of what is written. What was written before shapes were counted is of shape 0, and says nothing of it."""
_RETRY_AFTER = timedelta(minutes=1)


class NewerShape(Exception):
    """A document has a shape that this code does not know: a newer version of Rollcall wrote it."""


def shaped(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record as it is written: it says of which shape it is."""
    return {"shape": SHAPE, **record}


def known(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record, where this code can read it; raises `StoreUnavailable`, from `NewerShape`, where it cannot."""
    shape = record.get("shape", 0)
    if shape > SHAPE:
        raise StoreUnavailable(_RETRY_AFTER) from NewerShape(f"shape {shape}; known are those up to {SHAPE}")
    return record


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
    return Registration(
        family_name=record["family_name"],
        first_name=record["first_name"],
        email=record["email"],
        category=record["category"],
        answers=record["answers"],
        e164=record["e164"],
        signed_on=date.fromisoformat(signed_on) if signed_on else None,
    )


def key_record(key: IdempotencyKey, registration_id: str) -> dict[str, Any]:
    """Whose registration came under the key."""
    return {"registration_id": registration_id, "expires_at": key.until}


def mail_record(entry: OutboxEntry) -> dict[str, Any]:
    """A mail that is owed, without where it stands."""
    return {
        "kind": entry.kind.value,
        "event": entry.event,
        "to": entry.to,
        "address": fold(entry.to),
        "registration_id": entry.registration_id,
        "not_before": entry.not_before,
        "incoming_id": entry.inbound_id,
        "thread": list(entry.thread),
    }


def mail_state(record: OutboxEntry) -> dict[str, Any]:
    """Where a mail stands."""
    return {
        "state": record.status.value,
        "due_at": record.due_at,
        "handed_over_at": max((attempt.at for attempt in record.attempts if attempt.may_be_accepted), default=None),
        "attempts": [
            {"id": attempt.id, "at": attempt.at, "outcome": attempt.outcome.value, "note": attempt.note}
            for attempt in record.attempts
        ],
        "reason": record.reason,
    }


def mail_from(id: str, record: Mapping[str, Any], enqueued_at: datetime, version: object) -> OutboxEntry:
    """The mail that was written; an old one tells of no message that it is about."""
    return OutboxEntry(
        id=id,
        kind=EmailKind(record["kind"]),
        event=record["event"],
        to=record["to"],
        registration_id=record["registration_id"],
        not_before=plain(record["not_before"]),
        inbound_id=record.get("incoming_id"),
        thread=tuple(record.get("thread", ())),
        status=EmailStatus(record["state"]),
        due_at=maybe(record["due_at"]),
        attempts=tuple(
            Attempt(attempt["id"], plain(attempt["at"]), AttemptOutcome(attempt["outcome"]), attempt["note"])
            for attempt in record["attempts"]
        ),
        reason=record["reason"],
        enqueued_at=enqueued_at,
        version=version,
    )


NEW_INBOUND = InboundEmail(id="", event="", stored_at=AT_ONCE, due_at=AT_ONCE)
"""What every message is when it comes in, apart from the first three."""


def inbound_record(inbound: InboundEmail) -> dict[str, Any]:
    """What came of a message: all that may change."""
    return {
        "standing": inbound.status.value,
        "due_at": inbound.due_at,
        "attempts": inbound.attempts,
        "sender": inbound.sender,
        "subject": inbound.subject,
        "message_id": inbound.message_id,
        "references": list(inbound.references),
        "came_at": inbound.arrived_at,
        "forms": [
            {
                "standing": form.status.value,
                "registration_id": form.registration_id,
                "answers": dict(form.answers),
                "faults": {name: [coded(fault) for fault in faults] for name, faults in form.faults.items()},
            }
            for form in inbound.forms
        ],
        "not_read": list(inbound.not_read),
        "text": inbound.text,
        "reasons": [coded(reason) for reason in inbound.reasons],
        "answered": inbound.answered,
        "dealt_with": inbound.resolved,
    }


def coded(what: Fault | Reason) -> dict[str, Any]:
    return {"code": str(what.code), "params": dict(what.params)}


def inbound_from(id: str, event: str, stored_at: datetime, record: Mapping[str, Any], version: object) -> InboundEmail:
    """The message that was written."""
    return InboundEmail(
        id=id,
        event=event,
        stored_at=stored_at,
        status=InboundStatus(record["standing"]),
        due_at=maybe(record["due_at"]),
        attempts=record["attempts"],
        sender=record["sender"],
        subject=record["subject"],
        message_id=record["message_id"],
        references=tuple(record["references"]),
        arrived_at=maybe(record["came_at"]),
        forms=tuple(
            InboundForm(
                status=FormStatus(form["standing"]),
                registration_id=form["registration_id"],
                answers=form["answers"],
                faults={
                    name: tuple(Fault(fault["code"], fault["params"]) for fault in faults)
                    for name, faults in form["faults"].items()
                },
            )
            for form in record["forms"]
        ),
        not_read=tuple(record["not_read"]),
        text=record["text"],
        reasons=tuple(Reason(ReviewReason(reason["code"]), reason["params"]) for reason in record["reasons"]),
        answered=record["answered"],
        resolved=record["dealt_with"],
        version=version,
    )


def queue_record(queue: CircuitBreaker) -> dict[str, Any]:
    """How the queue stands, as plain values."""
    return {
        "held_since": queue.opened_at,
        "held_until": queue.open_until,
        "held_times": queue.times_opened,
        "our_fault": queue.account_refused,
        "note": queue.note,
    }


def queue_from(record: Mapping[str, Any], as_of: datetime, version: object) -> CircuitBreaker:
    """The queue that was written."""
    return CircuitBreaker(
        as_of=as_of,
        opened_at=maybe(record["held_since"]),
        open_until=maybe(record["held_until"]),
        times_opened=record["held_times"],
        account_refused=record["our_fault"],
        note=record["note"],
        version=version,
    )


def intake_record(intake: Intake) -> dict[str, Any]:
    """An intake as plain values, without when it was read."""
    return {
        "opens_at": intake.opens_at,
        "closes_at": intake.closes_at,
        "history": history_record(intake.history),
        "closing": closing_record(intake.closing) if intake.closing else None,
    }


def intake_from(record: Mapping[str, Any], as_of: datetime, version: object) -> Intake:
    """The intake that was written."""
    return Intake(
        opens_at=plain(record["opens_at"]),
        closes_at=plain(record["closes_at"]),
        closing=closing_from(record["closing"]),
        history=history_from(record["history"]),
        as_of=as_of,
        version=version,
    )


def closing_record(closing: Closing) -> dict[str, Any]:
    """A closing as plain values."""
    return {"count": closing.count, "sha256": closing.sha256, "pages": closing.pages}


def closing_from(record: Mapping[str, Any] | None) -> Closing | None:
    """The closing that was written, if one was."""
    return Closing(record["count"], record["sha256"], record["pages"]) if record else None


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
