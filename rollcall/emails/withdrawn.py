"""To the registrant: the registration is withdrawn, as they or the staff asked."""

from rollcall.documents.calendar import cancellation
from rollcall.emails.wording import Ways, about_registration, how_it_came, unlinked, worded
from rollcall.language import N_
from rollcall.model.email import Attachment, Email, OutboxEntry
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.model.registration import Revision


def word(entry: OutboxEntry, event: Event, revision: Revision, intake: Intake, ways: Ways) -> Email:
    registered = revision.after
    calendar_entry = None if intake.leaves_out(registered) else f"{event.slug}-withdrawn.ics"
    return worded(
        entry,
        event,
        about_registration(event, registered, N_("Registration withdrawn: %(event)s, %(dates)s (%(reference)s)")),
        "withdrawn",
        reply_to=ways.answers_to,
        attachments=(Attachment(calendar_entry, "text/calendar", cancellation(event, registered)),)
        if calendar_entry
        else (),
        registered=registered,
        dear=unlinked(registered.registration.addressed_as),
        whose=unlinked(registered.registration.full_name),
        how=how_it_came(event, revision.change),
        at=registered.changed_at or registered.received_at,
        hotel=_hotel(event, revision),
        calendar_entry=calendar_entry,
        open_until=None if intake.past else intake.closes_at,
        own=ways.own,
    )


def _hotel(event: Event, revision: Revision) -> tuple[str, str]:
    """Name and telephone number, as far as we know them."""
    answers = revision.after.registration.answers
    name = event.hotel_of(answers)
    listed = next((one.tel for one in event.hotels if one.name == name and one.tel), "")
    return unlinked(name), unlinked(answers.get("hotel_tel", "") or listed)
