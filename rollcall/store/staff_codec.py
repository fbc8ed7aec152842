"""What is stored of the staff's desk. rollcall/store/codec.py says what a field that is added needs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rollcall.model.announcement import Announcement, AnnouncementStatus, Wording
from rollcall.model.hotels import RoomingLists, SentList
from rollcall.model.invitation import Invitation
from rollcall.model.review import DifferingForm, Ending, Handling, ItemId, ItemKind
from rollcall.model.staff import Action, AuditEntry
from rollcall.store.codec import (
    found_under,
    registration_from,
    registration_record,
    roster_version_from,
    roster_version_record,
)


def differing_record(form: DifferingForm) -> dict[str, Any]:
    about = {"registration_id": form.registration_id, "waits_since": form.waits_since, "expires_at": form.until}
    return {**registration_record(form.registration), **about}


def differing_from(record: Mapping[str, Any], version: object) -> DifferingForm:
    about = record["registration_id"], registration_from(record), record["waits_since"], record["expires_at"]
    return DifferingForm(*about, version)


def handling_record(handling: Handling) -> dict[str, Any]:
    return {
        "kind": handling.item.kind.value,
        "item": handling.item.id,
        "taken_by": handling.taken_by,
        "taken_at": handling.taken_at,
        "ended_by": handling.ended_by,
        "ended_at": handling.ended_at,
        "ending": handling.ending.value if handling.ending else None,
    }


def handling_from(record: Mapping[str, Any], version: object) -> Handling:
    return Handling(
        item=ItemId(ItemKind(record["kind"]), record["item"]),
        taken_by=record["taken_by"],
        taken_at=record["taken_at"],
        ended_by=record["ended_by"],
        ended_at=record["ended_at"],
        ending=Ending(record["ending"]) if record["ending"] else None,
        version=version,
    )


def rooming_lists_record(lists: RoomingLists) -> dict[str, Any]:
    return {
        "name": lists.name,
        "versions": [roster_version_record(one) for one in lists.versions],
        "sent": [{"version": one.version, "entry": one.entry_id} for one in lists.sent],
    }


def rooming_lists_from(hotel: str, record: Mapping[str, Any], version: object) -> RoomingLists:
    sent = tuple(SentList(one["version"], one["entry"]) for one in record["sent"])
    return RoomingLists(hotel, tuple(map(roster_version_from, record["versions"])), sent, record["name"], version)


def announcement_record(announcement: Announcement) -> dict[str, Any]:
    return {
        "event": announcement.event,
        "words": {code: {"subject": one.subject, "text": one.text} for code, one in announcement.words.items()},
        "to": announcement.to,
        "by": announcement.by,
        "written_at": announcement.written_at,
        "status": announcement.status.value,
        "tried": announcement.tried,
        "sent_by": announcement.sent_by,
        "sent_at": announcement.sent_at,
        "expected": announcement.expected,
        "cursor": announcement.cursor,
        "enqueued": announcement.enqueued,
        "due_at": announcement.due_at,
    }


def announcement_from(id: str, record: Mapping[str, Any], created_at: datetime, version: object) -> Announcement:
    return Announcement(
        id=id,
        event=record["event"],
        words={code: Wording(one["subject"], one["text"]) for code, one in record["words"].items()},
        to=record["to"],
        by=record["by"],
        written_at=record["written_at"],
        status=AnnouncementStatus(record["status"]),
        tried=record["tried"],
        sent_by=record["sent_by"],
        sent_at=record["sent_at"],
        expected=record["expected"],
        cursor=record["cursor"],
        enqueued=record["enqueued"],
        due_at=record["due_at"],
        created_at=created_at,
        version=version,
    )


def invitation_record(invitation: Invitation) -> dict[str, Any]:
    return {
        "whom": invitation.whom,
        "until": invitation.until,
        "reason": invitation.reason,
        "by": invitation.by,
        "made_at": invitation.made_at,
        "email": invitation.email,
        "address": found_under(invitation.email),
        "language": invitation.language,
        "used_by": invitation.used_by,
        "revoked": invitation.revoked,
    }


def invitation_from(id: str, record: Mapping[str, Any], version: object) -> Invitation:
    return Invitation(
        id=id,
        whom=record["whom"],
        until=record["until"],
        reason=record["reason"],
        by=record["by"],
        made_at=record["made_at"],
        email=record["email"],
        language=record["language"],
        used_by=record["used_by"],
        revoked=record["revoked"],
        version=version,
    )


def audit_record(entry: AuditEntry) -> dict[str, Any]:
    return {
        "by": entry.by,
        "at": entry.at,
        "action": entry.action.value,
        "registration_id": entry.registration_id,
        "revision": entry.revision,
        "about": entry.about,
        "before": dict(entry.before),
        "after": dict(entry.after),
        "reason": entry.reason,
    }


def audit_from(id: str, record: Mapping[str, Any]) -> AuditEntry:
    return AuditEntry(
        id=id,
        by=record["by"],
        at=record["at"],
        action=Action(record["action"]),
        registration_id=record["registration_id"],
        revision=record["revision"],
        about=record["about"],
        before=record["before"],
        after=record["after"],
        reason=record["reason"],
    )
