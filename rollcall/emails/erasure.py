"""To the registrant: their personal data is now erased, or is not, and why."""

from rollcall.desk.desk import Desk
from rollcall.emails.wording import person_of, unlinked, worded
from rollcall.language import language
from rollcall.model.email import Email, NotNeeded, OutboxEntry, erasure_notice
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.model.personal_data import Erasure, ErasureStatus
from rollcall.model.registration import Registered
from templates import dates
from templates.lines import isolated


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake) -> Email | NotNeeded:
    registered = person_of(desk, event, entry)
    erasure = desk.store.erasure(registered.id)
    if erasure is None:
        raise LookupError(f"e-mail {entry.id} is about an erasure that is not there")
    event = event.in_language(registered.registration.language)
    if entry.id == erasure_notice(event.slug, registered).id:
        return last(entry, event, registered, erasure, intake)
    if erasure.status is ErasureStatus.DUE:
        return NotNeeded("it was decided otherwise since")
    if entry.revision != erasure.refusals:
        return NotNeeded("it was asked for again, and refused again")
    return refusal(entry, event, registered, erasure, desk.links.own(event, registered))


def last(entry: OutboxEntry, event: Event, registered: Registered, erasure: Erasure, intake: Intake) -> Email:
    spoken = language(event.language)
    return worded(
        entry,
        event,
        spoken.gettext(
            "We erase your personal data: %(event)s, %(dates)s (%(reference)s)",
            event=isolated(spoken, event.title),
            dates=dates(event),
            reference=isolated(spoken, registered.reference),
        ),
        "erasure",
        registered=registered,
        dear=unlinked(registered.registration.addressed_as),
        asked_at=erasure.asked_at,
        refused="",
        open_until=None if intake.past else intake.closes_at,
    )


def refusal(entry: OutboxEntry, event: Event, registered: Registered, erasure: Erasure, own: str) -> Email:
    spoken = language(event.language)
    return worded(
        entry,
        event,
        spoken.gettext(
            "We do not erase your personal data: %(event)s, %(dates)s (%(reference)s)",
            event=isolated(spoken, event.title),
            dates=dates(event),
            reference=isolated(spoken, registered.reference),
        ),
        "erasure",
        registered=registered,
        dear=unlinked(registered.registration.addressed_as),
        asked_at=erasure.asked_at,
        refused=erasure.answer,
        own=own,
    )
