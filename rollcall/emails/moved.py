"""To the address that a registration had: another has taken its place before this e-mail went out."""

from rollcall.emails.wording import Ways, address, worded
from rollcall.language import language
from rollcall.model.email import Email, OutboxEntry
from rollcall.model.event import Event
from rollcall.model.registration import Revision


def word(entry: OutboxEntry, event: Event, revision: Revision, ways: Ways) -> Email:
    return worded(
        entry,
        event,
        language(event.language).gettext("E-mail address changed: %(event)s", event=event.title),
        "moved",
        reply_to=ways.answers_to,
        registered=revision.before,
        new_email=address(revision.after.new_email),
    )
