"""What each e-mail says, a module an e-mail."""

from dataclasses import replace
from typing import assert_never

from rollcall.desk.desk import Desk
from rollcall.desk.ports import Links
from rollcall.emails import address, announcement, confirmation, conflict, invitation, links, notice, withdrawal
from rollcall.model.email import EmailKind, OutboxEntry, Written
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.model.registration import Registered


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake, registered: Registered | None) -> Written:
    """From the store as it is now. `LookupError` or `ValueError`: something is missing or corrupt."""
    event = with_website(desk.links, event)
    # an e-mail that brings much with it is imported when it is written: the first confirmation waits for none
    match entry.kind:
        case EmailKind.CONFIRMATION:
            return confirmation.write(desk, entry, event, intake, registered)
        case EmailKind.CONFLICT:
            return conflict.write(desk, entry, event, intake, registered)
        case EmailKind.ROSTER:
            from rollcall.emails import roster

            return roster.write(desk, entry, event, intake)
        case EmailKind.STAFF_DIGEST:
            from rollcall.emails import staff_digest

            return staff_digest.write(desk, entry, event, intake)
        case EmailKind.REPLY:
            from rollcall.emails import reply

            return reply.write(desk, entry, event, intake)
        case EmailKind.WITHDRAWAL:
            return withdrawal.write(desk, entry, event, intake, registered)
        case EmailKind.LINKS:
            return links.write(desk, entry, event, intake, registered)
        case EmailKind.ADDRESS:
            return address.write(desk, entry, event, intake, registered)
        case EmailKind.ANNOUNCEMENT:
            return announcement.write(desk, entry, event, intake, registered)
        case EmailKind.INVITATION:
            return invitation.write(desk, entry, event, intake)
        case EmailKind.ROOMING_LIST:
            from rollcall.emails import rooming_list

            return rooming_list.write(desk, entry, event, intake)
        case EmailKind.RECEIPT:
            from rollcall.emails import receipt

            return receipt.write(desk, entry, event, intake)
        case EmailKind.NOTICE:
            return notice.write(desk, entry, event, intake)
        case EmailKind.ERASURE:
            from rollcall.emails import erasure

            return erasure.write(desk, entry, event, intake, registered)
        case _:
            assert_never(entry.kind)


def with_website(links: Links, event: Event) -> Event:
    """Its pages here, where it has no other."""
    if not event.has_pages:
        return event
    website, others = links.pages_of(event), event.translated
    return replace(event, website=website, translated=others and (lambda code: with_website(links, others(code))))
