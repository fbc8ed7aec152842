"""Recording: what SendGrid reports of a mail goes on its record."""

from collections.abc import Iterable
from dataclasses import replace

from rollcall.desk.desk import Desk
from rollcall.desk.needs_a_person import alert_for
from rollcall.model.email import DeliveryEvent, DeliveryKind, EmailStatus, OutboxEntry

STATES = {
    DeliveryKind.ACCEPTED: EmailStatus.SENT,
    DeliveryKind.DROPPED: EmailStatus.DROPPED,
    DeliveryKind.DELIVERED: EmailStatus.DELIVERED,
    DeliveryKind.BOUNCED: EmailStatus.BOUNCED,
}
"""What each report makes of a mail, each over those before it. Reports come twice and in any order, so only
this order decides: of two copies, one delivered and one dropped, it is delivered; what bounces later has bounced."""

_RANKS = {status: rank for rank, status in enumerate(STATES.values(), start=1)}


def record_deliveries(desk: Desk, reports: Iterable[DeliveryEvent]) -> dict[str, EmailStatus]:
    """Put each report on its mail's record; staff are owed word of mails to registrants that will not arrive. A report
    of a mail that is not ours is passed over. The same reports again change nothing.

    Returns the mails that now stand otherwise, by id. Raises `StoreUnavailable`.
    """
    changed = {}
    for report in reports:
        status = _record(desk, report)
        if status:
            changed[report.email_id] = status
    return changed


def reported(entry: OutboxEntry, delivery: DeliveryKind, reason: str = "") -> OutboxEntry:
    """The record as the report makes it. A mail that SendGrid has is not sent again."""
    status = STATES[delivery]
    if _RANKS[status] <= _RANKS.get(entry.status, 0):
        return entry
    return replace(entry, status=status, due_at=None, reason=reason)


def _record(desk: Desk, report: DeliveryEvent) -> EmailStatus | None:
    while True:
        entry = desk.store.entry(report.email_id)
        if entry is None:
            return None
        after = reported(entry, report.kind, report.reason)
        if after == entry:
            return None
        if desk.store.save_entry(after, alert_for(desk, after)):
            return after.status
