"""Recording: what SendGrid reports of a mail goes on its record."""

from collections.abc import Iterable
from dataclasses import replace

from rollcall.desk.desk import Desk
from rollcall.desk.needs_a_person import word_of
from rollcall.model.email import Delivery, DeliveryReport, MailRecord, MailState

STATES = {
    Delivery.TAKEN: MailState.SENT,
    Delivery.DROPPED: MailState.DROPPED,
    Delivery.DELIVERED: MailState.DELIVERED,
    Delivery.BOUNCED: MailState.BOUNCED,
}
"""What each report makes of a mail, each over those before it. Reports come twice and in any order, so only
this order decides: of two copies, one delivered and one dropped, it is delivered; what bounces later has bounced."""

_RANKS = {state: rank for rank, state in enumerate(STATES.values(), start=1)}


def record_deliveries(desk: Desk, reports: Iterable[DeliveryReport]) -> dict[str, MailState]:
    """Put each report on its mail's record; staff are owed word of mails to registrants that will not arrive. A report
    of a mail that is not ours is passed over. The same reports again change nothing.

    Returns the mails that now stand otherwise, by id. Raises `StoreUnavailable`.
    """
    changed = {}
    for report in reports:
        state = _record(desk, report)
        if state:
            changed[report.mail_id] = state
    return changed


def reported(record: MailRecord, delivery: Delivery, reason: str = "") -> MailRecord:
    """The record as the report makes it. A mail that SendGrid has is not sent again."""
    state = STATES[delivery]
    if _RANKS[state] <= _RANKS.get(record.state, 0):
        return record
    return replace(record, state=state, due_at=None, reason=reason)


def _record(desk: Desk, report: DeliveryReport) -> MailState | None:
    while True:
        record = desk.store.mail(report.mail_id)
        if record is None:
            return None
        after = reported(record, report.delivery, report.reason)
        if after == record:
            return None
        if desk.store.save_mail(after, word_of(desk, after)):
            return after.state
