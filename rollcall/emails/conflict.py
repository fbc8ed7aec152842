"""To the registrant: another form came in the same name."""

from rollcall.desk.desk import Desk
from rollcall.emails.wording import person_of, unlinked, worded
from rollcall.language import language
from rollcall.model.email import Email, NotNeeded, OutboxEntry
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.model.registration import Registered


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake) -> Email | NotNeeded:
    if event.is_over(intake.as_of):
        return NotNeeded("the event is over: there is nothing left to change")
    registered = person_of(desk, entry)
    if registered.is_withdrawn:
        return NotNeeded("the registration is withdrawn")
    return word(entry, event.in_language(registered.registration.language), registered)


def word(entry: OutboxEntry, event: Event, registered: Registered) -> Email:
    return worded(
        entry,
        event,
        language(event.language).gettext("Another form came in your name: %(event)s", event=event.title),
        "conflict",
        dear=unlinked(registered.registration.addressed_as),
        registered=registered,
    )
