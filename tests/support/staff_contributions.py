"""Contributions that the staff find at their desk."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from hashlib import sha256
from typing import Any

from rollcall.desk.contributions.submit import number_due
from rollcall.desk.desk import Desk
from rollcall.model.contribution import Contribution, PaperFile
from rollcall.model.event import Event
from rollcall.model.programme import AgendaItem, CallForContributions, Programme, Said
from rollcall.model.registration import new_id
from rollcall.model.staff import Role, StaffMember
from tests.support.builders import an_event
from tests.support.contributions import kept, sent_in

EDITOR, VIEWER = "editor@example.org", "viewer@example.org"
CLOSES_AT = datetime(2004, 2, 10, 23, tzinfo=UTC)
AGENDA = (
    AgendaItem(date(2004, 2, 26), Said({"en": "Opening"}), time(9)),
    AgendaItem(date(2004, 2, 26), Said({"en": "Names and numbers"}), time(10), time(12)),
)


def an_event_with_papers(**changes: Any) -> Event:
    """The letter's, which asks for contributions and has pages."""
    staff = (StaffMember(EDITOR), StaffMember(VIEWER, Role.VIEWER))
    about = {
        "staff": staff,
        "website": None,
        "contributions": CallForContributions(CLOSES_AT),
        "programme": Programme(agenda=AGENDA),
        "translated": None,
        "languages": ("en",),
    }
    return an_event(**{**about, **changes})


def a_file(desk: Desk, content: bytes = b"%PDF-1.4", **changes: Any) -> PaperFile:
    """Kept among the desk's files."""
    file = PaperFile(new_id(), "paper.pdf", "application/pdf", "en", len(content), sha256(content).hexdigest())
    desk.files().put(file.id, content)
    return replace(file, **changes)


def submitted(desk: Desk, event: Event, *files: PaperFile, **changes: Any) -> Contribution:
    return sent_in(desk, event=event, files=files or (a_file(desk, new_id().encode()),), **changes)


def numbered(desk: Desk, event: Event, *files: PaperFile, **changes: Any) -> Contribution:
    id = submitted(desk, event, *files, **changes).id
    list(number_due(desk))
    return kept(desk.store, id)
