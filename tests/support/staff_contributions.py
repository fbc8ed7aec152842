"""Contributions that the staff find at their desk."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from hashlib import sha256
from typing import Any

from rollcall.desk.contributions.submit import Received, number_due, submit
from rollcall.desk.desk import Desk
from rollcall.model.contribution import Contribution, Draft, PaperFile
from rollcall.model.event import Event
from rollcall.model.programme import AgendaItem, CallForContributions, Programme, Said
from rollcall.model.registration import new_id
from rollcall.model.staff import Role, StaffMember
from tests.support.builders import an_event

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
    about: Mapping[str, Any] = {
        "title": "Names and numbers",
        "source": "Ministère des Postes",
        "name": "Amina Diallo",
        "email": "amina.diallo@mpt.example.org",
        "consent": "It may be published.",
    }
    draft = Draft(files=files or (a_file(desk, new_id().encode()),), **{**about, **changes})
    outcome = submit(desk, event, draft)
    assert isinstance(outcome, Received)
    return outcome.contribution


def numbered(desk: Desk, event: Event, *files: PaperFile, **changes: Any) -> Contribution:
    id = submitted(desk, event, *files, **changes).id
    list(number_due(desk))
    return there(desk, id)


def there(desk: Desk, id: str) -> Contribution:
    found = desk.store.contribution(id)
    assert found is not None
    return found
