"""Where documents are, and what is written and read there, for all that stores keep."""

from dataclasses import replace

from rollcall.model.email import OutboxEntry
from rollcall.model.inbound import InboundEmail
from rollcall.model.registration import (
    QuarantinedForm,
)
from rollcall.model.staff import AuditEntry
from rollcall.store import codec, staff_codec
from rollcall.store.codec import known, versioned
from rollcall.store.database import Create, Document, Values, Write


def event_path(slug: str) -> str:
    return f"events/{slug}"


def differing_path(event: str, id: str) -> str:
    return f"{event_path(event)}/differing/{id}"


def quarantine_path(event: str, person: str) -> str:
    return f"{event_path(event)}/quarantine/{person}"


def audit_path(event: str, id: str) -> str:
    return f"{event_path(event)}/audit/{id}"


def audited(event: str, audit: AuditEntry | None) -> list[Write]:
    return [Create(audit_path(event, audit.id), versioned(staff_codec.audit_record(audit)))] if audit else []


def invitation_path(event: str, id: str) -> str:
    return f"{event_path(event)}/invitations/{id}"


def entry_path(id: str) -> str:
    return f"outbox/{id}"


def inbound_path(id: str) -> str:
    return f"inbound/{id}"


def created(entry: OutboxEntry) -> Write:
    return Create(entry_path(entry.id), versioned(codec.entry_record(replace(entry, due_at=entry.not_before))))


def values_of(found: Document) -> Values:
    return known(found.values or {})


def entry_in(found: Document) -> OutboxEntry:
    return codec.entry_from(found.id, values_of(found), found.created_at, found.version)


def quarantined_in(found: Document) -> QuarantinedForm:
    return codec.quarantined_from(found.id, values_of(found), found.updated_at, found.version)


def inbound_in(found: Document) -> InboundEmail:
    return codec.inbound_from(found.id, values_of(found), found.created_at, found.version)
