"""The programme: agenda, documents, when the list of participants is published, the deadline for contributions; and
what each was before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from flask import Response

from handlers.change import revision_in
from handlers.logs import log
from handlers.request_body import number_in
from handlers.responses import NO_SUCH_PAGE, HttpProblem, allow, see_other
from handlers.staff.pages import staff_page
from handlers.staff.visit import Visit
from rollcall.desk.deadline import TooEarly
from rollcall.desk.site.programme import (
    AfterEvent,
    AsBefore,
    Changed,
    ChangedMeanwhile,
    NotAsked,
    Outcome,
    TooLarge,
    move_contributions_deadline,
    over,
    programme_now,
    programme_of,
    publish_participants,
)
from rollcall.documents.staff_log import participants_in_words
from rollcall.language import N_, language
from rollcall.model.event import Event
from rollcall.model.programme import LISTED, NEVER, AgendaItem, Document, Programme, with_two_swapped
from rollcall.model.registration import may_be_id
from schemas.event import deadline_typed
from templates import in_zone

_MOST_VERSIONS = 50
_NO_TIME = N_("Please give a day, and a time if it is not the end of that day.")
_AFTER_EVENT = N_("This is after the event’s end.")
_TOO_EARLY = N_("Please give %(at)s or a later time: until then, people are told of the deadline that stands.")
CHANGED_MEANWHILE = N_("The programme was changed meanwhile. Nothing was done; look at it again.")
TOO_LARGE = N_("The programme is too long. Nothing was done.")
_NOT_ASKED = HttpProblem(
    409, N_("Not possible here"), N_("The event’s file does not ask for this. Nothing was changed.")
)
_SAID = {"changed": N_("The programme is changed, and on the event’s pages within a minute.")}


@dataclass(frozen=True)
class ItemRow:
    when: str
    title: str
    chair: str
    speakers: str
    contributions: str
    change: str
    up: str
    """Address of the button that moves it; empty where its time says its place."""
    down: str


@dataclass(frozen=True)
class DocumentRow:
    title: str
    day: str
    languages: str
    name: str
    """Of its file beside the event file, or where it is elsewhere."""
    address: str
    """Where it can be opened; empty where that is no link."""
    change: str


@dataclass(frozen=True)
class VersionRow:
    number: int
    address: str
    by: str
    at: datetime | None


@dataclass(frozen=True)
class ProgrammePage:
    address: str
    public: str
    """Address of the event's pages."""
    said: str
    problem: str
    seen: int
    """The number of the change that is shown."""
    version: int | None
    """If this is how it stood then."""
    agenda: Sequence[ItemRow]
    agenda_of_file: bool
    documents: Sequence[DocumentRow]
    documents_of_file: bool
    closes_at: datetime | None
    """Of contributions; None where none are asked for."""
    participants: str
    """When they are published; empty where the form does not ask who agrees."""
    typed: Mapping[str, str]
    wrong: Mapping[str, str]
    versions: Sequence[VersionRow]


@dataclass(frozen=True)
class ContributionsDeadlinePage:
    address: str
    old: datetime
    new: datetime
    typed: Mapping[str, str]
    seen: int
    back: str


def programme_pages(visit: Visit, below: list[str]) -> Response:
    if not visit.event.has_pages and visit.event.contributions is None:
        raise NO_SUCH_PAGE
    match below:
        case []:
            allow(visit.request, "GET", "HEAD")
            said = visit.request.query_string.decode("ascii", "replace")
            return page(visit, said=_SAID.get(said, ""))
        case ["agenda", *rest]:
            from handlers.staff.agenda import agenda_pages

            return agenda_pages(visit, rest)
        case ["documents", *rest]:
            from handlers.staff.programme_documents import documents_pages

            return documents_pages(visit, rest)
        case ["participants"]:
            allow(visit.request, "POST")
            return _participants(visit)
        case ["deadline"]:
            allow(visit.request, "GET", "HEAD", "POST")
            return _move(visit) if visit.is_post else _to_move(visit)
        case ["versions", number]:
            allow(visit.request, "GET", "HEAD")
            return _version(visit, number_in(number, 6) or 0)
        case _:
            raise NO_SUCH_PAGE


def event_of(visit: Visit) -> Event:
    """As its file says it in its first language."""
    return visit.desk.events[visit.event.slug]


def page(
    visit: Visit,
    status: int = 200,
    said: str = "",
    problem: str = "",
    typed: Mapping[str, str] | None = None,
    wrong: Mapping[str, str] | None = None,
) -> Response:
    changed = visit.desk.store.programme(visit.event.slug)
    return staff_page(
        visit,
        "programme",
        _page(
            visit,
            changed,
            said=visit.spoken.gettext(said) if said else "",
            problem=visit.spoken.gettext(problem) if problem else "",
            typed=typed or {},
            wrong=wrong or {},
            versions=_versions(visit, changed.number),
        ),
        status,
    )


def _page(
    visit: Visit,
    changed: Programme,
    *,
    version: int | None = None,
    said: str = "",
    problem: str = "",
    typed: Mapping[str, str],
    wrong: Mapping[str, str],
    versions: Sequence[VersionRow] = (),
) -> ProgrammePage:
    event = visit.event
    now = over(programme_of(event_of(visit)), changed)
    call = event.contributions
    return ProgrammePage(
        address=visit.address("programme"),
        public=visit.desk.links.pages_of(event) if event.has_pages else "",
        said=said,
        problem=problem,
        seen=changed.number,
        version=version,
        agenda=[_item_row(visit, now.agenda or (), place) for place in range(len(now.agenda or ()))],
        agenda_of_file=changed.agenda is None,
        documents=[_document_row(visit, one) for one in now.documents or ()],
        documents_of_file=changed.documents is None,
        closes_at=(now.contributions_close_at or call.closes_at) if call else None,
        participants=participants_in_words(event, now.participants_from) if event.field(LISTED) else "",
        typed=typed,
        wrong=wrong,
        versions=versions,
    )


def when_in_words(event: Event, one: AgendaItem) -> str:
    spoken = language(event.language)
    times = "–".join(spoken.time(time) for time in (one.starts, one.ends) if time)
    return ", ".join(filter(None, (spoken.day(one.day), times)))


def _item_row(visit: Visit, agenda: Sequence[AgendaItem], place: int) -> ItemRow:
    event, one = visit.event, agenda[place]
    at = ("programme", "agenda", str(place))
    return ItemRow(
        when=when_in_words(event, one),
        title=one.title.in_language(event.language),
        chair=one.chair,
        speakers=language(event.language).listed(list(one.speakers)) if one.speakers else "",
        contributions=", ".join(f"C/{number}" for number in one.contributions),
        change=visit.address(*at),
        up=visit.address(*at, "up") if with_two_swapped(agenda, place - 1) else "",
        down=visit.address(*at, "down") if with_two_swapped(agenda, place) else "",
    )


def _document_row(visit: Visit, one: Document) -> DocumentRow:
    at = ("programme", "documents", one.id)
    held = is_held(one)
    return DocumentRow(
        title=one.title.in_language(visit.event.language),
        day=visit.spoken.day(one.day) if one.day else "",
        languages=", ".join(visit.spoken.named(code) for code in one.languages),
        name=visit.spoken.gettext("Download") if held else one.link or one.file,
        address=visit.address(*at, "download") if held else one.link,
        change=visit.address(*at),
    )


def is_held(one: Document) -> bool:
    """Its file was given to this desk; else it lies beside the event file, or is elsewhere."""
    return may_be_id(one.file)


def _versions(visit: Visit, last: int) -> list[VersionRow]:
    numbers = range(last, max(0, last - _MOST_VERSIONS), -1)
    those = ((number, visit.desk.store.programme(visit.event.slug, number)) for number in numbers)
    return [
        VersionRow(number, visit.address("programme", "versions", str(number)), one.changed_by, one.changed_at)
        for number, one in those
    ]


def _version(visit: Visit, number: int) -> Response:
    there = visit.desk.store.programme(visit.event.slug, number)
    if not there.number:
        raise NO_SUCH_PAGE
    return staff_page(visit, "programme", _page(visit, there, version=number, typed={}, wrong={}))


def answered(visit: Visit, outcome: Outcome) -> Response:
    """Of a button on the programme's own page."""
    log("INFO", "programme changed", event=visit.event.slug, outcome=type(outcome).__name__)
    match outcome:
        case Changed() | AsBefore():
            return see_other(f"{visit.address('programme')}?changed")
        case ChangedMeanwhile():
            return page(visit, 409, problem=CHANGED_MEANWHILE)
        case TooLarge():
            return page(visit, 422, problem=TOO_LARGE)
        case _:
            assert_never(outcome)


def _participants(visit: Visit) -> Response:
    form, press = visit.posted()
    at = _instant(visit, form)
    if "now" in form:
        at = visit.desk.store.now()
    if "never" in form:
        at = NEVER
    if at is None:
        return _wrong(visit, form, "from", visit.spoken.gettext(_NO_TIME))
    outcome = publish_participants(visit.desk, event_of(visit), revision_in(form), at, press)
    if isinstance(outcome, NotAsked):
        raise _NOT_ASKED
    return answered(visit, outcome)


def _to_move(visit: Visit) -> Response:
    """Shown before it is done: people are told of it."""
    typed = visit.request.args.to_dict()
    now, closes_at = programme_now(visit.desk.store, event_of(visit)), _instant(visit, typed)
    call = visit.event.contributions
    if call is None:
        raise NO_SUCH_PAGE
    if closes_at is None:
        return _wrong(visit, typed, "day", visit.spoken.gettext(_NO_TIME))
    context = ContributionsDeadlinePage(
        address=visit.address("programme", "deadline"),
        old=now.contributions_close_at or call.closes_at,
        new=closes_at,
        typed={name: typed.get(name, "") for name in ("day", "time")},
        seen=now.number,
        back=visit.address("programme"),
    )
    return staff_page(visit, "programme_deadline", context)


def _move(visit: Visit) -> Response:
    form, press = visit.posted()
    closes_at, spoken = _instant(visit, form), visit.spoken
    if closes_at is None:
        return _wrong(visit, form, "day", spoken.gettext(_NO_TIME))
    outcome = move_contributions_deadline(visit.desk, event_of(visit), revision_in(form), closes_at, press)
    match outcome:
        case TooEarly(earliest):
            return _wrong(visit, form, "day", spoken.gettext(_TOO_EARLY, at=in_zone(earliest, visit.event)))
        case AfterEvent():
            return _wrong(visit, form, "day", spoken.gettext(_AFTER_EVENT))
        case NotAsked():
            raise _NOT_ASKED
        case _:
            return answered(visit, outcome)


def _wrong(visit: Visit, typed: Mapping[str, str], name: str, why: str) -> Response:
    return page(visit, 422, typed=typed, wrong={name: why})


def _instant(visit: Visit, given: Mapping[str, str]) -> datetime | None:
    return deadline_typed(given.get("day", "") or given.get("from", ""), given.get("time", ""), visit.event)
