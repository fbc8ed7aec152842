"""To the staff: a registration was withdrawn."""

from rollcall.desk.desk import Desk
from rollcall.emails.wording import address, person_of, who, worded
from rollcall.model.email import Email, OutboxEntry
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.model.registration import Registered
from templates import in_zone


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake) -> Email:
    return word(entry, event, person_of(desk, entry), intake)


def word(entry: OutboxEntry, event: Event, registered: Registered, intake: Intake) -> Email:
    late = intake.is_late(registered.received_at)
    rows = [
        ("Name", who(registered)),
        ("E-mail", address(registered.registration.email)),
        ("Reference", registered.reference),
        ("Received", in_zone(registered.received_at, event)),
        ("Withdrawn", in_zone(registered.changed_at or registered.received_at, event)),
    ]
    return worded(
        entry,
        event,
        f"Withdrawn: {registered.reference}, {event.title}",
        "withdrawal",
        mailbox=address(registered.registration.email),
        rows=rows,
        late=late,
        on_closed_list=not (late or registered.was_withdrawn_by(intake.closes_at)),
        closes_at=intake.closes_at,
    )
