"""To a registrant: what the staff write to all, or to some."""

import re
from dataclasses import dataclass

from rollcall.desk.desk import Desk
from rollcall.emails.wording import Ways, person_of, unlinked, ways_of, worded
from rollcall.language import language
from rollcall.model.announcement import Announcement, Wording
from rollcall.model.email import Email, NotNeeded, OutboxEntry, Written
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.model.registration import Registered

_PARAGRAPHS = re.compile(r"\n\s*\n")
_ADDRESS = re.compile(
    r"https?://[^\s<>\"]*[^\s<>\"'.,;:!?)\]}»”’]"
    r"|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
)


@dataclass(frozen=True)
class Piece:
    """Of a line."""

    text: str
    link: str = ""


@dataclass(frozen=True)
class Addressee:
    dear: str
    reference: str


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake, registered: Registered | None) -> Written:
    """Without a registration it is a trial, to one of the staff, in one language."""
    id, _, code = entry.about.partition(".")
    announcement = desk.store.announcement(id)
    if announcement is None:
        raise LookupError(f"announcement {id} is not there")
    if entry.registration_id is None:
        return trial(desk, entry, event, announcement, code)
    registered = person_of(desk, event, entry, registered)
    if registered.is_withdrawn:
        return NotNeeded("the registration is withdrawn")
    event = event.in_language(registered.registration.language)
    said = announcement.wording(event.language, event.languages[0])
    whose = Addressee(unlinked(registered.registration.addressed_as), registered.reference)
    return word(entry, event, said, whose, intake, ways_of(desk, event, registered, intake))


def trial(desk: Desk, entry: OutboxEntry, event: Event, announcement: Announcement, code: str) -> Email:
    """With placeholders, and a link that is nobody's."""
    event = event.in_language(code)
    spoken = language(event.language)
    whose = Addressee(f"[{spoken.gettext('Name')}]", f"[{spoken.gettext('Reference')}]")
    ways = Ways(desk.links.form_page(event), desk.forms_return_to(event))
    return word(entry, event, announcement.wording(code), whose, desk.intakes.recent(event), ways)


def word(entry: OutboxEntry, event: Event, said: Wording, whose: Addressee, intake: Intake, ways: Ways) -> Email:
    until = event.changes_end(intake.closes_at)
    return worded(
        entry,
        event,
        said.subject,
        "announcement",
        reply_to=ways.answers_to,
        headline=said.subject,
        whose=whose,
        paragraphs=[[pieces(line) for line in one.split("\n")] for one in _PARAGRAPHS.split(said.text)],
        own=ways.own,
        changes_until=until,
        may_change=intake.as_of <= until,
    )


def pieces(line: str) -> list[Piece]:
    found, at = [], 0
    for address in _ADDRESS.finditer(line):
        text = address[0]
        found += [Piece(line[at : address.start()]), Piece(text, text if "://" in text else f"mailto:{text}")]
        at = address.end()
    return [one for one in (*found, Piece(line[at:])) if one.text]
