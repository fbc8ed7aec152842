"""To the registrant: another form came in the same name."""

from datetime import datetime

from rollcall.desk.desk import Desk
from rollcall.emails.wording import Ways, person_of, unlinked, ways_of, worded
from rollcall.language import language
from rollcall.model.email import Email, NotNeeded, OutboxEntry, Written
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.model.registration import Registered, same_mailbox


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake, registered: Registered | None) -> Written:
    if event.is_over(intake.as_of):
        return NotNeeded("the event is over: there is nothing left to change")
    registered = person_of(desk, event, entry, registered)
    if registered.is_withdrawn:
        return NotNeeded("the registration is withdrawn")
    if not same_mailbox(entry.to, registered.registration.email):
        return NotNeeded("another address is on file by now")
    form = desk.store.conflict(event.slug, registered.id)
    if form and form.registration == registered.registration:
        return NotNeeded("the registration says by now what that form said")
    event = event.in_language(registered.registration.language)
    kept_until = form.until if form and form.until > intake.as_of else None
    return word(entry, event, registered, intake, ways_of(desk, event, registered, intake), kept_until)


def word(
    entry: OutboxEntry, event: Event, registered: Registered, intake: Intake, ways: Ways, kept_until: datetime | None
) -> Email:
    """`kept_until`: until then that form's answers can be taken over."""
    until = event.changes_end(intake.closes_at)
    return worded(
        entry,
        event,
        language(event.language).gettext("Another form came in your name: %(event)s", event=event.title),
        "conflict",
        reply_to=ways.answers_to,
        dear=unlinked(registered.registration.addressed_as),
        registered=registered,
        own=ways.own,
        changes_until=until,
        may_change=intake.as_of <= until,
        kept_until=kept_until,
    )
