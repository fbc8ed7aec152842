"""To the registrant: that erasure was asked for; their personal data is now erased, or is not, and why."""

from datetime import date
from typing import Any

from rollcall.desk.desk import Desk
from rollcall.desk.personal_data.ask import day_of_answer
from rollcall.emails.wording import about_registration, person_of, unlinked, worded
from rollcall.language import N_
from rollcall.model.email import AT_ONCE, Email, NotNeeded, OutboxEntry, Written, erasure_notice, request_notice
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.model.personal_data import Erasure, ErasureStatus
from rollcall.model.registration import Registered


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake, registered: Registered | None) -> Written:
    registered = person_of(desk, event, entry, registered)
    erasure = desk.store.erasure(registered.id)
    if erasure is None:
        raise LookupError(f"e-mail {entry.id} is about an erasure that is not there")
    event = event.in_language(registered.registration.language)
    if entry.id == erasure_notice(event.slug, registered).id:
        return last(entry, event, registered, erasure, intake)
    own = desk.links.own(event, registered)
    if entry.id == request_notice(event.slug, registered, erasure.asked_at or AT_ONCE).id:
        day = day_of_answer(event, erasure)
        return asked(entry, event, registered, erasure, own, day) if day else NotNeeded("it waits no more")
    if erasure.status is ErasureStatus.DUE:
        return NotNeeded("it was decided otherwise since")
    if entry.revision != erasure.refusals:
        return NotNeeded("it was asked for again, and refused again")
    return refusal(entry, event, registered, erasure, own)


def asked(entry: OutboxEntry, event: Event, registered: Registered, erasure: Erasure, own: str, day: date) -> Email:
    subject = N_("You asked us to erase your personal data: %(event)s, %(dates)s (%(reference)s)")
    return _letter("erasure-asked", subject, entry, event, registered, erasure, day=day, own=own)


def last(entry: OutboxEntry, event: Event, registered: Registered, erasure: Erasure, intake: Intake) -> Email:
    subject = N_("We erase your personal data: %(event)s, %(dates)s (%(reference)s)")
    until = None if intake.past else intake.closes_at
    return _letter("erasure", subject, entry, event, registered, erasure, refused="", open_until=until)


def refusal(entry: OutboxEntry, event: Event, registered: Registered, erasure: Erasure, own: str) -> Email:
    subject = N_("We do not erase your personal data: %(event)s, %(dates)s (%(reference)s)")
    return _letter("erasure", subject, entry, event, registered, erasure, refused=erasure.answer, own=own)


def _letter(
    template: str,
    subject: str,
    entry: OutboxEntry,
    event: Event,
    registered: Registered,
    erasure: Erasure,
    **said: Any,
) -> Email:
    return worded(
        entry,
        event,
        about_registration(event, registered, subject),
        template,
        registered=registered,
        dear=unlinked(registered.registration.addressed_as),
        asked_at=erasure.asked_at,
        **said,
    )
