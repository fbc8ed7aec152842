"""To somebody who may register though the intake is closed."""

from rollcall.desk.desk import Desk
from rollcall.emails.wording import unlinked, worded
from rollcall.language import language
from rollcall.model.email import Email, NotNeeded, OutboxEntry, Written
from rollcall.model.errors import Gone
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.model.invitation import Invitation


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake) -> Written:
    invitation = desk.store.invitation(event.slug, entry.about)
    if invitation is None:
        raise Gone(f"invitation {entry.about} is not there")
    if not invitation.is_open(intake.as_of):
        return NotNeeded("the invitation was used or revoked, or has expired")
    event = event.in_language(invitation.language)
    return word(entry, event, invitation, desk.links.late(event, invitation), desk.forms_return_to(event))


def word(entry: OutboxEntry, event: Event, invitation: Invitation, link: str, answers_to: str) -> Email:
    return worded(
        entry,
        event,
        language(event.language).gettext("You can still register: %(event)s", event=event.title),
        "invitation",
        reply_to=answers_to,
        whom=unlinked(invitation.whom) if "@" not in invitation.whom else "",
        until=invitation.until,
        link_to_form=link,
    )
