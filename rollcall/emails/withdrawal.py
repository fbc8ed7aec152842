"""To the staff: a registration was withdrawn."""

from rollcall.desk.desk import Desk
from rollcall.emails.wording import address, person_of, revision_of, who, worded, written_in
from rollcall.language import language
from rollcall.model.email import Email, NotNeeded, OutboxEntry, Written
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.model.registration import Registered
from templates import in_zone


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake, registered: Registered | None) -> Written:
    registered = person_of(desk, event, entry, registered)
    if not registered.is_withdrawn:
        return NotNeeded("the registration is no longer withdrawn")
    as_withdrawn = revision_of(desk, entry, registered).after
    return word(entry, event.for_member(event.member(entry.to)), as_withdrawn, intake)


def word(entry: OutboxEntry, event: Event, registered: Registered, intake: Intake) -> Email:
    spoken = language(event.language)
    late = intake.leaves_out(registered)
    rows = [
        (spoken.gettext("Name"), who(event, registered)),
        (spoken.gettext("E-mail"), address(registered.registration.email)),
        written_in(event, registered),
        (spoken.gettext("Reference"), registered.reference),
        (spoken.gettext("Received"), in_zone(registered.received_at, event)),
        (spoken.pgettext("when", "Withdrawn"), in_zone(registered.changed_at or registered.received_at, event)),
    ]
    return worded(
        entry,
        event,
        spoken.gettext("Withdrawn: %(reference)s, %(event)s", reference=registered.reference, event=event.title),
        "withdrawal",
        mailbox=address(registered.registration.email),
        rows=[(label, text) for label, text in rows if text],
        late=late,
        on_closed_list=_had_closed(registered, intake),
        closes_at=intake.closes_at,
        next_roster_at=intake.looks_at,
    )


def _had_closed(registered: Registered, intake: Intake) -> bool:
    """While it was registered in time, by the deadline or by one before the intake was opened again."""
    deadlines = (intake.closes_at, *(one.drawn_at for one in intake.closings))
    changed_at = registered.changed_at or registered.received_at
    return any((registered.admitted or registered.received_at <= one) and one < changed_at for one in deadlines)
