"""The letter's event with all that its pages can show, and the function that shows them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from handlers.pages import pages
from handlers.pages.kept import KeptAnswers
from handlers.pages.public import Public, RecentSites
from rollcall.model.event import Event
from rollcall.model.programme import (
    AgendaItem,
    Participant,
    PublishedContribution,
    PublishedDocument,
    PublishedFile,
    PublishedPaper,
    Said,
    Site,
)
from rollcall.record import to_json
from rollcall.store.folder_published import FolderPublished
from tests.support.builders import an_event
from tests.support.clock import Clock
from tests.support.in_process import ask
from tests.support.served import Answer

EVENT = an_event()
BASE = "/events/intgov04"
ROOT = "https://desk.example.org"
AS_OF = datetime(2004, 2, 2, 12, tzinfo=UTC)
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def a_file(name: str, shown: str = "INTGOV04-C-1.pdf", language: str = "", **changes: Any) -> PublishedFile:
    return replace(PublishedFile(name, shown, "application/pdf", 123_456, language), **changes)


def a_contribution(number: int, **changes: Any) -> PublishedContribution:
    paper = PublishedPaper(f"INTGOV04-C/{number}", (a_file(f"FILE{number}"),), date(2004, 2, 1))
    title, source = f"Names and numbers {number}", "Administration of Senegal"
    return replace(
        PublishedContribution(number, title, source, "Domain names and addresses", "", (paper,), late=False), **changes
    )


def a_participant(name: str, **changes: Any) -> Participant:
    return replace(Participant(name, "Ministry of Posts", "SN", "member-state"), **changes)


AGENDA = (
    AgendaItem(
        date(2004, 2, 26),
        Said({"en": "What is Internet governance?", "fr": "Qu’est-ce que la gouvernance de l’Internet ?"}),
        time(10),
        time(11, 15),
        "Robert Shaw",
        ("Milton Mueller", "كارل أورباخ"),
        (1, 3, 9),
    ),
    AgendaItem(date(2004, 2, 27), Said({"en": "Conclusions <b>"}), time(16)),
    AgendaItem(date(2004, 2, 27), Said({"en": "Reception"})),
)
DOCUMENTS = (
    PublishedDocument(
        Said({"en": "Draft agenda", "fr": "Projet d’ordre du jour", "ar": "مشروع جدول الأعمال"}),
        date(2004, 1, 30),
        ("en", "fr"),
        "",
        a_file("AGENDA", "draft-agenda.pdf"),
    ),
    PublishedDocument(
        Said({"en": "Declaration of Principles"}), None, (), "https://www.example.org/wsis?a=1&b=2", None
    ),
)
FIRST = a_contribution(
    1,
    title="Governance of the Internet <script>alert(1)</script>",
    abstract="A summary.\n\nOf two paragraphs </script>.",
    papers=(
        PublishedPaper(
            "INTGOV04-C/1 (Rev.1)",
            (a_file("ONE-EN", language="en"), a_file("ONE-FR", "INTGOV04-C-1-Rev-1-fr.docx", "fr", type=WORD)),
            date(2004, 2, 1),
        ),
        PublishedPaper("INTGOV04-C/1 (Add.1)", (a_file("ADD", "naïve “annex”.pdf"),), date(2004, 2, 2)),
    ),
)
SITE = Site(
    event="intgov04",
    as_of=AS_OF,
    closes_at=EVENT.closes_at,
    agenda=AGENDA,
    documents=DOCUMENTS,
    contributions=(
        FIRST,
        a_contribution(2, title="نطاقات البلدان", source="إدارة سورية", late=True),
        a_contribution(3, title="", source="", item="", papers=(), withdrawn=True),
    ),
    participants=(
        a_participant("Ms. Amina Diallo", country="GN", category="non-member", organization=""),
        a_participant("Mr. Kofi <i>Mensah</i>", country="GH"),
        a_participant("Ms. Fatou Sow"),
        a_participant("Mr. Ousmane Sy", head=True),
        a_participant("Mr. No Country", country=""),
    ),
)


class Line:
    """What stands before the folder, and fails where a test says so; counts how often it was read."""

    def __init__(self, published: FolderPublished) -> None:
        self._published = published
        self.fault: Exception | None = None
        self.read = 0

    def site(self, event: str) -> tuple[bytes, object] | None:
        self.read += 1
        if self.fault:
            raise self.fault
        return self._published.site(event)

    def __getattr__(self, name: str) -> Any:
        if self.fault:
            raise self.fault
        return getattr(self._published, name)


@dataclass(frozen=True)
class EventPages:
    published: FolderPublished
    line: Line
    clock: Clock
    public: Public

    def show(self, site: Site | bytes) -> None:
        """In place of what is published, whatever that is."""
        there = self.published.site("intgov04")
        content = site if isinstance(site, bytes) else to_json(site)
        assert self.published.put_site("intgov04", content, there[1] if there else None)

    def get(self, path: str = "", method: str = "GET", **headers: str) -> Answer:
        """Below the event's address."""
        said = {name.replace("_", "-"): text for name, text in headers.items()}
        return self.ask(method, BASE + (f"/{path}" if path else ""), {"Accept": "text/html", **said})

    def ask(self, method: str, path: str, headers: Mapping[str, str]) -> Answer:
        return ask(lambda request: pages(self.public, request), method, path, headers=headers)


def event_pages(folder: Path, clock: Clock, events: Mapping[str, Event] | None = None) -> EventPages:
    """Nothing is published yet."""
    published = FolderPublished(folder / "published")
    line = Line(published)
    seconds: Callable[[], float] = lambda: clock.now.timestamp()  # noqa: E731
    sites = RecentSites(lambda: line, seconds)
    public = Public(events or {EVENT.slug: EVENT}, sites, clock, f"{ROOT}/register", KeptAnswers())
    return EventPages(published, line, clock, public)


def pieces(*parts: bytes) -> Iterator[bytes]:
    return iter(parts)
