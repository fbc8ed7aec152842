"""To the registrant: the link to one's registration, or to all under this address, since somebody asked for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rollcall.desk.amend import take_back, was_not_theirs
from rollcall.desk.desk import Desk
from rollcall.emails.wording import person_of, unlinked, worded
from rollcall.language import N_, language
from rollcall.model.email import Email, NotNeeded, OutboxEntry, Written
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.model.registration import Registered, same_mailbox

MOST = 20
"""Registrations in one e-mail."""


@dataclass(frozen=True)
class Linked:
    registered: Registered
    link: str
    late: bool

    @property
    def name(self) -> str:
        return unlinked(self.registered.registration.full_name)


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake, registered: Registered | None) -> Written:
    if intake.as_of > event.keep_until:
        return NotNeeded("the event's personal data is kept no longer")
    if entry.registration_id:
        found: Sequence[Registered] = [person_of(desk, event, entry, registered)]
    else:
        found = _under(desk, event, entry.to)
    to = _address_on_file(entry.to, found)
    theirs = [one for one in found if same_mailbox(one.registration.email, to) and not one.double_of]
    if not theirs:
        return NotNeeded("nobody is registered under this address")
    event = event.in_language(theirs[0].registration.language)
    linked = [_linked(desk, event, one, intake) for one in theirs[:MOST]]
    return word(replace(entry, to=to), event, intake, linked, len(found) > MOST, desk.forms_return_to(event))


def word(
    entry: OutboxEntry, event: Event, intake: Intake, linked: Sequence[Linked], more: bool, answers_to: str
) -> Email:
    """`more`: not all are shown."""
    one = len(linked) == 1
    subject = N_("Your link: %(event)s") if one else N_("Your links: %(event)s")
    return worded(
        entry,
        event,
        language(event.language).gettext(subject, event=event.title),
        "links",
        reply_to=answers_to,
        linked=linked,
        more=more,
        is_new=entry.registration_id is not None,
        open_until=None if intake.past else intake.closes_at,
        over=event.is_over(intake.as_of),
    )


def _under(desk: Desk, event: Event, address: str) -> list[Registered]:
    found = desk.store.registrations_under(event.slug, address, MOST + 1)
    standing = [take_back(desk, event, one) for one in found]
    # whoever said so wants no more e-mails from us
    return [one for one in standing if not one.double_of and not was_not_theirs(desk, event, one)]


def _linked(desk: Desk, event: Event, one: Registered, intake: Intake) -> Linked:
    link = desk.links.own(event.in_language(one.registration.language), one)
    return Linked(one, link, intake.leaves_out(one))


def _address_on_file(asked: str, found: Sequence[Registered]) -> str:
    """As its registrant wrote it. What somebody else typed is never written to."""
    spelled = [one.registration.email for one in found]
    return next((one for one in spelled if same_mailbox(one, asked)), spelled[0] if spelled else asked)
