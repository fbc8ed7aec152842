"""What is stored of the model's dataclasses.

Instances of two versions of the service run side by side for minutes. A field that is only added, and that the code
before can do without, needs no new `schema_version`; anything else does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zlib import crc32

from rollcall.model.contribution import PaperDoubt, PaperFile, PaperKind
from rollcall.model.email import (
    NOT_TO_REGISTRANTS,
    Attempt,
    AttemptOutcome,
    CircuitBreaker,
    EmailKind,
    EmailStatus,
    OutboxEntry,
)
from rollcall.model.errors import StoreUnavailable
from rollcall.model.fault import Fault
from rollcall.model.finding import name_in_order, terms
from rollcall.model.inbound import (
    Doubt,
    FormStatus,
    InboundEmail,
    InboundForm,
    InboundPaper,
    InboundPaperStatus,
    InboundStatus,
    Reason,
    ReviewReason,
)
from rollcall.model.intake import Closing, EarlierDeadline, Intake, OnRoster, RosterVersion
from rollcall.model.registration import (
    Actor,
    BotSignal,
    Change,
    ConflictingForm,
    Entered,
    IdempotencyKey,
    KeyUse,
    Outline,
    QuarantinedForm,
    Registered,
    Registration,
    RegistrationStatus,
    Revision,
    Source,
    Way,
    Why,
    mailbox,
    normalized_address,
    similarity_hash,
)

SCHEMA_VERSION = 1
_RETRY_AFTER = timedelta(minutes=1)
_LONGEST_NAME_KEY = 200
"""Firestore indexes the first 1,500 bytes of a text."""


class NewerSchema(Exception):
    pass


def versioned(record: Mapping[str, Any]) -> dict[str, Any]:
    return {"schema_version": SCHEMA_VERSION, **record}


def known(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Raises `StoreUnavailable`, from `NewerSchema`."""
    version = record["schema_version"]
    if version > SCHEMA_VERSION:
        raise StoreUnavailable(_RETRY_AFTER) from NewerSchema(f"version {version}; known are those to {SCHEMA_VERSION}")
    return record


def registration_record(registration: Registration) -> dict[str, Any]:
    return {
        "family_name": registration.family_name,
        "first_name": registration.first_name,
        "email": registration.email,
        "category": registration.category,
        "answers": dict(registration.answers),
        "signed_on": registration.signed_on.isoformat() if registration.signed_on else None,
        "language": registration.language,
        "chosen": dict(registration.chosen),
        "form_version": registration.form_version,
    }


def registration_from(record: Mapping[str, Any]) -> Registration:
    signed_on = record["signed_on"]
    return Registration(
        family_name=record["family_name"],
        first_name=record["first_name"],
        email=record["email"],
        category=record["category"],
        answers=record["answers"],
        signed_on=date.fromisoformat(signed_on) if signed_on else None,
        language=record["language"],
        chosen=record["chosen"],
        form_version=record["form_version"],
    )


_OF_LATER_REVISIONS = ("confirmed", "until", "new_email", "link")
_OF_FEW = ("admitted", "double_of", "entered", "inbound_id")


def first_record(registered: Registered) -> dict[str, Any]:
    """Of the first revision, without what later ones alone, and few, have. `received_at` need not be exact."""
    record = registered_record(registered)
    first = {
        name: one for name, one in record.items() if name not in _OF_LATER_REVISIONS and (one or name not in _OF_FEW)
    }
    return {**first, **found_by(registered)}


def registered_record(registered: Registered) -> dict[str, Any]:
    return {
        **registration_record(registered.registration),
        "arrived_at": registered.arrived_at,
        "address": normalized_address(registered.registration.email),
        "status": registered.status.value,
        "revision": registered.revision,
        "confirmed": registered.confirmed,
        "until": registered.until,
        "new_email": registered.new_email,
        "link": registered.link,
        "admitted": registered.admitted,
        "double_of": registered.double_of,
        "entered": _entered_record(registered.entered),
        "inbound_id": registered.inbound_id,
    }


def found_by(registered: Registered) -> dict[str, Any]:
    """Beside the record, and of no history: it follows from the rest."""
    return {
        "name_key": name_in_order(registered.registration)[:_LONGEST_NAME_KEY],
        "terms": terms(registered, registered.received_at.astimezone(UTC).date()),
        "similar": similarity_hash(registered.registration),
    }


def registered_from(
    id: str, record: Mapping[str, Any], received_at: datetime, changed_at: datetime, version: object
) -> Registered:
    return Registered(
        id,
        registration_from(record),
        received_at,
        record["arrived_at"],
        RegistrationStatus(record.get("status", RegistrationStatus.REGISTERED)),
        record.get("revision", 1),
        record.get("confirmed", 1),
        record.get("until"),
        record.get("new_email", ""),
        record.get("link", 0),
        record.get("admitted"),
        record.get("double_of", ""),
        _entered(record.get("entered")),
        record.get("inbound_id", ""),
        changed_at,
        version,
    )


OUTLINED = ("category", "language", "status", "revision", "confirmed", "until", "admitted")


def outline_from(
    id: str, record: Mapping[str, Any], received_at: datetime, changed_at: datetime, answers: Sequence[str]
) -> Outline:
    """Of a record of the `OUTLINED` fields and these answers."""
    given = record.get("answers", {})
    return Outline(
        id,
        received_at,
        record["category"],
        record["language"],
        {name: given[name] for name in answers if given.get(name)},
        RegistrationStatus(record.get("status") or RegistrationStatus.REGISTERED),
        record.get("revision") or 1,
        record.get("confirmed") or 1,
        record.get("until"),
        record.get("admitted"),
        changed_at,
    )


def _entered_record(entered: Entered | None) -> dict[str, str] | None:
    return {"source": entered.source.value, "note": entered.note, "scan": entered.scan} if entered else None


def _entered(record: Mapping[str, Any] | None) -> Entered | None:
    return Entered(Source(record["source"]), record["note"], record["scan"]) if record else None


def change_record(before: Mapping[str, Any], after: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """`before` and `after`: what differs."""
    differ = [name for name in after if before[name] != after[name]]
    old, new = ({name: one[name] for name in differ} for one in (before, after))
    made = {"by": change.by.value, "way": change.way.value, "why": change.why.value, "inbound_id": change.inbound_id}
    return {"before": old, "after": new, **made, **({"who": change.who} if change.who else {})}


def revisions_from(now: Registered, changes: Sequence[tuple[datetime, Mapping[str, Any]]]) -> list[Revision]:
    """`now`, and what led there: each change with its commit time, the first first."""
    times = [now.received_at, *(at for at, _ in changes)]
    record, revisions = registered_record(now), []
    for number, (at, change) in reversed(list(enumerate(changes))):
        earlier = {**record, **change["before"]}
        before, after = (
            registered_from(now.id, one, now.received_at, changed_at, None)
            for one, changed_at in ((earlier, times[number]), (record, at))
        )
        by, way, why = Actor(change["by"]), Way(change["way"]), Why(change["why"])
        made = Change(by, way, why, change.get("inbound_id", ""), change.get("who", ""))
        revisions.append(Revision(made, before, after))
        record = earlier
    return revisions[::-1]


def quarantine_record(
    registration: Registration, signal: BotSignal, waits_since: datetime, item: str
) -> dict[str, Any]:
    address = normalized_address(registration.email)
    about = {"signal": signal.value, "waits_since": waits_since, "item": item, "address": address}
    return {**registration_record(registration), **about}


def quarantined_from(id: str, record: Mapping[str, Any], received_at: datetime, version: object) -> QuarantinedForm:
    form = Registered(id, registration_from(record), received_at, version=version)
    waits_since = record.get("waits_since", received_at)
    return QuarantinedForm(form, BotSignal(record["signal"]), waits_since, record.get("item", ""))


def conflict_record(registration: Registration, until: datetime) -> dict[str, Any]:
    return {**registration_record(registration), "expires_at": until}


def conflict_from(record: Mapping[str, Any]) -> ConflictingForm:
    return ConflictingForm(registration_from(record), record["expires_at"])


def person_record(registration_id: str) -> dict[str, Any]:
    return {"registration_id": registration_id}


def idempotency_record(key: IdempotencyKey, use: KeyUse) -> dict[str, Any]:
    return {"registration_id": use.registration_id, "is_duplicate": use.is_duplicate, "expires_at": key.until}


def key_use_from(record: Mapping[str, Any]) -> KeyUse:
    return KeyUse(record["registration_id"], record.get("is_duplicate", False))


SHARDS = 8
"""Of the outbox's due times, which count up while e-mails are sent: Firestore takes 500 of each a second
(https://firebase.google.com/docs/firestore/solutions/shard-timestamp)."""


def entry_record(entry: OutboxEntry) -> dict[str, Any]:
    return {
        "kind": entry.kind.value,
        "event": entry.event,
        "to": entry.to,
        "address": mailbox(entry.to),
        "registration_id": entry.registration_id,
        **({"revision": entry.revision} if entry.revision > 1 else {}),
        **({"about": entry.about} if entry.about else {}),
        "not_before": entry.not_before,
        "inbound_id": entry.inbound_id,
        "thread": list(entry.thread),
        "status": entry.status.value,
        "shard": crc32(entry.id.encode()) % SHARDS,
        "due_at": entry.due_at,
        "to_registrants_of": None if entry.kind in NOT_TO_REGISTRANTS else entry.event,
        "last_sent_at": max((attempt.at for attempt in entry.attempts if attempt.may_be_accepted), default=None),
        "attempts": [
            {"id": attempt.id, "at": attempt.at, "outcome": attempt.outcome.value, "note": attempt.note}
            for attempt in entry.attempts
        ],
        "reason": entry.reason,
        **({"dismissed": True} if entry.dismissed else {}),
        "waits_since": entry.lost_at,
    }


def entry_from(id: str, record: Mapping[str, Any], enqueued_at: datetime, version: object) -> OutboxEntry:
    return OutboxEntry(
        id=id,
        kind=EmailKind(record["kind"]),
        event=record["event"],
        to=record["to"],
        registration_id=record["registration_id"],
        revision=record.get("revision", 1),
        about=record.get("about", ""),
        not_before=record["not_before"],
        inbound_id=record["inbound_id"],
        thread=tuple(record["thread"]),
        status=EmailStatus(record["status"]),
        due_at=record["due_at"],
        attempts=tuple(
            Attempt(attempt["id"], attempt["at"], AttemptOutcome(attempt["outcome"]), attempt["note"])
            for attempt in record["attempts"]
        ),
        reason=record["reason"],
        dismissed=record.get("dismissed", False),
        enqueued_at=enqueued_at,
        version=version,
    )


def inbound_record(inbound: InboundEmail) -> dict[str, Any]:
    return {
        "event": inbound.event,
        "status": inbound.status.value,
        "due_at": inbound.due_at,
        "attempts": inbound.attempts,
        "sender": inbound.sender,
        "subject": inbound.subject,
        "message_id": inbound.message_id,
        "references": list(inbound.references),
        "arrived_at": inbound.arrived_at,
        "forms": [
            {
                "status": form.status.value,
                "person": form.person,
                "registration_id": form.registration_id,
                "answers": dict(form.answers),
                "faults": _coded_faults(form.faults),
                "doubts": {doubt.value: list(about) for doubt, about in form.doubts.items()},
                "language": form.language,
            }
            for form in inbound.forms
        ],
        "not_read": list(inbound.not_read),
        "text": inbound.text,
        "reasons": [_coded(reason) for reason in inbound.reasons],
        "answered": inbound.answered,
        "resolved": inbound.resolved,
        "language": inbound.language,
        "waits_since": inbound.waits_since,
        "sender_name": inbound.sender_name,
        "papers": [*map(_paper_record, inbound.papers)],
        "consent": inbound.consent,
        "address": found_under(inbound.sender),
        "marks": sorted({mark for form in inbound.forms for mark in (form.registration_id, form.person) if mark}),
    }


def found_under(email: str) -> str:
    return normalized_address(email) if email else ""


def _paper_record(paper: InboundPaper) -> dict[str, Any]:
    return {
        "status": paper.status.value,
        "contribution_id": paper.contribution_id,
        "title": paper.title,
        "source": paper.source,
        "item": paper.item,
        "abstract": paper.abstract,
        "files": [*map(asdict, paper.files)],
        "faults": _coded_faults(paper.faults),
        "doubt": paper.doubt and paper.doubt.value,
        "kind": paper.kind.value,
    }


def _paper_from(record: Mapping[str, Any]) -> InboundPaper:
    return InboundPaper(
        status=InboundPaperStatus(record["status"]),
        contribution_id=record["contribution_id"],
        title=record["title"],
        source=record["source"],
        item=record["item"],
        abstract=record["abstract"],
        files=tuple(PaperFile(**file) for file in record["files"]),
        faults=_faults_from(record["faults"]),
        doubt=PaperDoubt(record["doubt"]) if record["doubt"] else None,
        kind=PaperKind(record["kind"]),
    )


def _coded_faults(faults: Mapping[str, Sequence[Fault]]) -> dict[str, Any]:
    return {name: [*map(_coded, found)] for name, found in faults.items()}


def _faults_from(record: Mapping[str, Any]) -> dict[str, tuple[Fault, ...]]:
    return {name: tuple(Fault(one["code"], one["params"]) for one in found) for name, found in record.items()}


def _coded(what: Fault | Reason) -> dict[str, Any]:
    return {"code": str(what.code), "params": dict(what.params)}


def inbound_from(id: str, record: Mapping[str, Any], stored_at: datetime, version: object) -> InboundEmail:
    return InboundEmail(
        id=id,
        event=record["event"],
        stored_at=stored_at,
        status=InboundStatus(record["status"]),
        due_at=record["due_at"],
        attempts=record["attempts"],
        sender=record["sender"],
        subject=record["subject"],
        message_id=record["message_id"],
        references=tuple(record["references"]),
        arrived_at=record["arrived_at"],
        forms=tuple(
            InboundForm(
                status=FormStatus(form["status"]),
                person=form["person"],
                registration_id=form["registration_id"],
                answers=form["answers"],
                faults=_faults_from(form["faults"]),
                doubts={Doubt(code): tuple(about) for code, about in form.get("doubts", {}).items()},
                language=form.get("language", ""),
            )
            for form in record["forms"]
        ),
        not_read=tuple(record["not_read"]),
        text=record["text"],
        reasons=tuple(Reason(ReviewReason(reason["code"]), reason["params"]) for reason in record["reasons"]),
        answered=record["answered"],
        resolved=record["resolved"],
        language=record.get("language", ""),
        sender_name=record.get("sender_name", ""),
        papers=tuple(map(_paper_from, record.get("papers", ()))),
        consent=record.get("consent", ""),
        version=version,
    )


def breaker_record(breaker: CircuitBreaker) -> dict[str, Any]:
    return {
        "opened_at": breaker.opened_at,
        "open_until": breaker.open_until,
        "times_opened": breaker.times_opened,
        "account_refused": breaker.account_refused,
        "note": breaker.note,
    }


def breaker_from(record: Mapping[str, Any], as_of: datetime, version: object) -> CircuitBreaker:
    return CircuitBreaker(
        as_of=as_of,
        opened_at=record["opened_at"],
        open_until=record["open_until"],
        times_opened=record["times_opened"],
        account_refused=record["account_refused"],
        note=record["note"],
        version=version,
    )


def roster_version_record(one: RosterVersion) -> dict[str, Any]:
    return {
        "number": one.number,
        "count": one.count,
        "sha256": one.sha256,
        "pages": one.pages,
        "drawn_at": one.drawn_at,
        "name": one.name,
    }


def roster_version_from(one: Mapping[str, Any]) -> RosterVersion:
    return RosterVersion(one["number"], one["count"], one["sha256"], one["pages"], one["drawn_at"], one["name"])


def intake_record(intake: Intake) -> dict[str, Any]:
    closing = intake.closing
    return {
        "opens_at": intake.opens_at,
        "closes_at": intake.closes_at,
        "history": [{"closes_at": one.closes_at, "moved_at": one.moved_at} for one in intake.history],
        "revoked_links": list(intake.revoked_links),
        "closing": {"count": closing.count, "sha256": closing.sha256, "pages": closing.pages} if closing else None,
        "versions": [*map(roster_version_record, intake.later_versions)],
        "earlier_versions": [*map(roster_version_record, intake.earlier_versions)],
        "looks_at": intake.looks_at,
    }


def intake_from(record: Mapping[str, Any], as_of: datetime, version: object) -> Intake:
    closing = record["closing"]
    return Intake(
        opens_at=record["opens_at"],
        closes_at=record["closes_at"],
        closing=Closing(closing["count"], closing["sha256"], closing["pages"]) if closing else None,
        history=tuple(EarlierDeadline(one["closes_at"], one["moved_at"]) for one in record["history"]),
        revoked_links=tuple(record.get("revoked_links", ())),
        later_versions=tuple(map(roster_version_from, record.get("versions", ()))),
        earlier_versions=tuple(map(roster_version_from, record.get("earlier_versions", ()))),
        looks_at=record.get("looks_at"),
        as_of=as_of,
        version=version,
    )


def roster_page_record(rows: Sequence[OnRoster]) -> dict[str, Any]:
    return {"ids": [one.id for one in rows], "revisions": [one.revision for one in rows]}


def roster_page_from(record: Mapping[str, Any]) -> list[OnRoster]:
    ids = record["ids"]
    return list(map(OnRoster, ids, record.get("revisions", [1] * len(ids))))
