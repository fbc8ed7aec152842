"""To the address that a registrant wants to have instead: is it theirs? A stranger may read it."""

from rollcall.desk.desk import Desk
from rollcall.emails.wording import person_of, worded
from rollcall.language import language
from rollcall.model.email import Email, NotNeeded, OutboxEntry, Written
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.model.registration import Registered


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake, registered: Registered | None) -> Written:
    if event.is_over(intake.as_of):
        return NotNeeded("the event is over")
    registered = person_of(desk, event, entry, registered)
    if registered.new_email != entry.to:
        return NotNeeded("this address no longer waits to be confirmed")
    event = event.in_language(registered.registration.language)
    link = desk.links.confirming_address(event, registered)
    return word(entry, event, registered, link, desk.forms_return_to(event))


def word(entry: OutboxEntry, event: Event, registered: Registered, link: str, answers_to: str) -> Email:
    return worded(
        entry,
        event,
        language(event.language).gettext("Is this your e-mail address? %(event)s", event=event.title),
        "address",
        reply_to=answers_to,
        registered=registered,
        confirming=link,
    )
