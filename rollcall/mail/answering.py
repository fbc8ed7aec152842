"""Answering: what a reply says of each form in a message."""

import re
from dataclasses import dataclass
from enum import StrEnum

from rollcall.desk.event import Event
from rollcall.desk.incoming import FormStanding, Incoming, ReadForm, Reply
from rollcall.desk.intake import Intake
from rollcall.desk.registration import Registered
from rollcall.documents.roster import e_mailed_in_time
from rollcall.mail.wording import details, faults, labelled, one_line

LONGEST_SUBJECT = 200
"""Characters."""
_RE = re.compile(r"(?:re\s*(?:\[\d+\]|\(\d+\))?\s*:\s*)+", re.IGNORECASE)
_NO_NAME = "(no name)"


class Came(StrEnum):
    """What came of a form, in a word or two for its sender."""

    REGISTERED = "registered"
    IN_TIME = "received in time, kept as late"
    """SendGrid had it in time, our books only after the deadline."""
    LATE = "kept as late"
    DIFFERS = "nothing changed"
    INCOMPLETE = "something is missing or wrong"
    NOT_YET_OPEN = "registration was not yet open"
    HELD_BACK = "a person will look at it"


_NOT_IN_THE_BOOKS = {
    FormStanding.DIFFERS: Came.DIFFERS,
    FormStanding.INCOMPLETE: Came.INCOMPLETE,
    FormStanding.NOT_YET_OPEN: Came.NOT_YET_OPEN,
    FormStanding.HELD_BACK: Came.HELD_BACK,
}


@dataclass(frozen=True)
class FormSaid:
    """What is said of a form."""

    name: str
    came: Came
    details: list[tuple[str, str]]
    """As registered, else as understood: label and text."""
    faults: list[tuple[str, str]]
    """Label and sentences."""
    registered: Registered | None
    """Where it is in the books."""
    link: str | None
    """The form's page with its answers filled in."""


def reply_subject(event: Event, incoming: Incoming) -> str:
    """Theirs, with one `Re: ` (RFC 5322, 3.6.5); ours where they had none."""
    theirs = _RE.sub("", one_line(incoming.subject, LONGEST_SUBJECT), count=1)
    return one_line(f"Re: {theirs}" if theirs else f"Your message: {event.title}", LONGEST_SUBJECT)


def said_of(event: Event, reply: Reply, intake: Intake) -> list[FormSaid]:
    """What is said of each form of the message, in its order."""
    return [_said(event, reply, intake, place, form) for place, form in enumerate(reply.incoming.forms)]


def name_of(form: ReadForm) -> str:
    """Whose form it is, as far as that was understood."""
    names = (form.answers.get("first_name", ""), form.answers.get("family_name", ""))
    return one_line(" ".join(names), 100) or _NO_NAME


def _said(event: Event, reply: Reply, intake: Intake, place: int, form: ReadForm) -> FormSaid:
    registered = _in_the_books(reply, form)
    return FormSaid(
        name=registered.registration.full_name if registered else name_of(form),
        came=_came_to_the_books(registered, intake) if registered else _NOT_IN_THE_BOOKS[form.standing],
        details=details(event, registered) if registered else labelled(event, form.answers),
        faults=faults(event, form.faults),
        registered=registered,
        link=None if intake.past else reply.links.get(place),
    )


def _in_the_books(reply: Reply, form: ReadForm) -> Registered | None:
    """The registration that is this very form; whoever sends a different one is told nothing of it."""
    if form.standing not in (FormStanding.REGISTERED, FormStanding.KNOWN):
        return None
    return reply.people[form.registration_id or ""]


def _came_to_the_books(registered: Registered, intake: Intake) -> Came:
    if not intake.is_late(registered.received_at):
        return Came.REGISTERED
    return Came.IN_TIME if e_mailed_in_time(registered, intake.closes_at) else Came.LATE
