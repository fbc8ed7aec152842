"""Answering: what a reply says of each form in a message."""

import re
from dataclasses import dataclass
from enum import StrEnum

from rollcall.documents.roster import e_mailed_in_time
from rollcall.emails.wording import details, faults, labelled, name_of, one_line
from rollcall.model.event import Event
from rollcall.model.fault import Fault
from rollcall.model.inbound import REGISTERED, FormStatus, InboundEmail, InboundForm, Reply
from rollcall.model.intake import Intake
from rollcall.model.registration import Registered
from schemas.text import is_blank

LONGEST_SUBJECT = 200
"""Characters."""
NOT_FOUND = Fault("not_found")
"""In place of what the form's page says of an empty field: the sender may have written it where we do not look."""
_PICTURE = re.compile(r"[./](?:pdf|jpe?g|png|gif|tiff?|bmp|heic|heif|webp)\Z", re.IGNORECASE)
_RE = re.compile(r"\A(?:re\s*(?:\[\d+\]|\(\d+\))?\s*:\s*)+", re.IGNORECASE)


class Came(StrEnum):
    """What came of a form, in a word or two for its sender."""

    REGISTERED = "registered"
    KNOWN = "registered before"
    """The very same form was in the books."""
    IN_TIME = "received in time, kept as late"
    """SendGrid had it in time, our books only after the deadline."""
    LATE = "kept as late"
    DIFFERS = "nothing changed"
    INCOMPLETE = "something is missing or wrong"
    NOT_YET_OPEN = "registration was not yet open"
    HELD_BACK = "a person will look at it"


_NOT_IN_THE_BOOKS = {
    FormStatus.CONFLICT: Came.DIFFERS,
    FormStatus.INCOMPLETE: Came.INCOMPLETE,
    FormStatus.NOT_YET_OPEN: Came.NOT_YET_OPEN,
    FormStatus.NEEDS_REVIEW: Came.HELD_BACK,
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


def reply_subject(event: Event, inbound: InboundEmail) -> str:
    """Theirs, with one `Re: ` (RFC 5322, 3.6.5); ours where they had none."""
    theirs = _RE.sub("", one_line(inbound.subject, LONGEST_SUBJECT))
    return one_line(f"Re: {theirs}" if theirs else f"Your message: {event.title}", LONGEST_SUBJECT)


def looks_like_a_picture(name: str) -> bool:
    """Whether an attachment's name, or the media type in its place, is that of a picture or a PDF: mostly a scan."""
    return bool(_PICTURE.search(name.strip()))


def said_of(event: Event, reply: Reply, intake: Intake) -> list[FormSaid]:
    """What is said of each form of the message, in its order."""
    return [_said(event, reply, intake, place, form) for place, form in enumerate(reply.inbound.forms)]


def _said(event: Event, reply: Reply, intake: Intake, place: int, form: InboundForm) -> FormSaid:
    registered = _in_the_books(reply, form)
    return FormSaid(
        name=registered.registration.full_name if registered else name_of(form.answers),
        came=_came_to_the_books(form, registered, intake) if registered else _NOT_IN_THE_BOOKS[form.status],
        details=details(event, registered) if registered else labelled(event, form.answers),
        faults=faults(event, _told(form)),
        registered=registered,
        link=reply.links.get(place),
    )


def _told(form: InboundForm) -> dict[str, tuple[Fault, ...]]:
    """The faults by field name, in words for somebody who wrote an e-mail."""
    return {
        name: (NOT_FOUND,) if is_blank(form.answers.get(name, "")) else found for name, found in form.faults.items()
    }


def _in_the_books(reply: Reply, form: InboundForm) -> Registered | None:
    """The registration that is this very form; whoever sends a different one is told nothing of it."""
    if form.status not in REGISTERED:
        return None
    return reply.people[form.registration_id or ""]


def _came_to_the_books(form: InboundForm, registered: Registered, intake: Intake) -> Came:
    if not intake.is_late(registered.received_at):
        return Came.KNOWN if form.status is FormStatus.DUPLICATE else Came.REGISTERED
    return Came.IN_TIME if e_mailed_in_time(registered, intake.closes_at) else Came.LATE
