"""The log: what the staff did, the last first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Response

from handlers.responses import allow
from handlers.staff.pages import staff_page
from handlers.staff.visit import Visit
from rollcall.documents.staff_log import action_in_words, state_in_words
from rollcall.model.registration import reference
from rollcall.model.staff import AuditEntry

_ENTRIES = 50


@dataclass(frozen=True)
class Logged:
    at: datetime
    by: str
    what: str
    reference: str
    address: str
    """Of the page of the person or the contribution; both empty where it is about none."""
    before: str
    after: str
    reason: str


@dataclass(frozen=True)
class LogPage:
    entries: Sequence[Logged]
    older: str | None
    """The address of the next page."""
    accesses: str
    """The address of who opened what."""
    erasures: str


def log_page(visit: Visit) -> Response:
    allow(visit.request, "GET", "HEAD")
    entries = visit.desk.store.audit(visit.event.slug, _before(visit), _ENTRIES + 1)
    older = visit.address("log", before=entries[_ENTRIES - 1].at.isoformat()) if len(entries) > _ENTRIES else None
    rows = [logged(visit, one) for one in entries[:_ENTRIES]]
    return staff_page(visit, "log", LogPage(rows, older, visit.address("accesses"), visit.address("erasures")))


def _before(visit: Visit) -> datetime | None:
    try:
        before = datetime.fromisoformat(visit.request.args.get("before", ""))
        return before.astimezone(UTC) if before.tzinfo else None
    except (ValueError, OverflowError):
        return None


def logged(visit: Visit, entry: AuditEntry) -> Logged:
    id, after = entry.registration_id, dict(entry.after)
    reference_said, address = (reference(id), visit.address("registrations", id)) if id else ("", "")
    if paper := after.pop("contribution", ""):
        reference_said, address = paper, visit.address("contributions", entry.about)
    return Logged(
        at=entry.at,
        by=entry.by,
        what=action_in_words(visit.event, entry.action),
        reference=reference_said,
        address=address,
        before=state_in_words(visit.event, entry.before),
        after=state_in_words(visit.event, after),
        reason=entry.reason,
    )
