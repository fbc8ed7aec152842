"""What each e-mail says: a module an e-mail, each of which gathers what it is about and words it."""

from typing import assert_never

from rollcall.desk.desk import Desk
from rollcall.emails import confirmation, conflict, reply, roster, staff_digest
from rollcall.model.email import Email, EmailKind, NotNeeded, OutboxEntry
from rollcall.model.event import Event
from rollcall.model.intake import Intake


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake) -> Email | NotNeeded:
    """The e-mail that the entry stands for, from the store as it is now. Raises `StoreUnavailable`; `LookupError` and
    `ValueError` where what it is about is not there or not whole."""
    match entry.kind:
        case EmailKind.CONFIRMATION:
            return confirmation.write(desk, entry, event, intake)
        case EmailKind.CONFLICT:
            return conflict.write(desk, entry, event, intake)
        case EmailKind.ROSTER:
            return roster.write(desk, entry, event, intake)
        case EmailKind.STAFF_DIGEST:
            return staff_digest.write(desk, entry, event, intake)
        case EmailKind.REPLY:
            return reply.write(desk, entry, event, intake)
        case _:
            assert_never(entry.kind)
