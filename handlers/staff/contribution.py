"""A contribution: its papers, its e-mails, its history, and what the staff can do about it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from flask import Response

from handlers.change import revision_in
from handlers.logs import log
from handlers.request_body import read_page_form
from handlers.responses import NO_SUCH_PAGE, HttpProblem, allow, as_file, see_other
from handlers.staff.acting import ActPage, asking, filled_in
from handlers.staff.contributions import in_kilobytes, tags_of
from handlers.staff.deliveries import SentEmail, sent_email
from handlers.staff.pages import staff_page
from handlers.staff.people import Tag
from handlers.staff.person import Made
from handlers.staff.programme import event_of
from handlers.staff.visit import Visit
from rollcall.desk.contributions import change
from rollcall.desk.contributions.change import AsBefore, By, Changed, ChangedMeanwhile, IsWithdrawn, Over, TooMany
from rollcall.desk.contributions.submit import contributions_close_at
from rollcall.desk.desk import Desk
from rollcall.desk.site import programme
from rollcall.desk.site.programme import programme_now
from rollcall.desk.staff.contributions import emails_about, send_receipt_again
from rollcall.documents.changes import FieldChange
from rollcall.documents.contributions import (
    change_in_words,
    changed_by,
    doubt_in_words,
    file_names,
    late_in_words,
    paper_in_words,
    paper_status_in_words,
)
from rollcall.language import N_, language
from rollcall.model.contribution import Contribution, ContributionChange, Paper, PaperStatus, designation, is_late
from rollcall.model.event import Event
from rollcall.model.form import Choice, FormField
from rollcall.model.personal_data import Opened
from rollcall.model.programme import AgendaItem
from rollcall.model.registration import Actor, Way, may_be_id
from rollcall.model.registration import reference as reference_of
from rollcall.model.staff import Press
from schemas.contribution import contribution_asks
from schemas.form import asked_of

Outcome = change.Outcome | programme.Outcome | None
_NOT_THERE = HttpProblem(404, N_("Not found"), N_("No contribution of this event is at this address."))
_CORRECTED = ("title", "source", "item", "abstract", "name")
_SAID = {
    "corrected": N_("The contribution is corrected."),
    "published": N_("It is published, and on the event’s pages within a minute."),
    "held": N_("It is held. We are writing to its submitter."),
    "withdrawn": N_("The contribution is withdrawn. We are writing to its submitter."),
    "resent": N_("The receipt is on its way again."),
    "agenda": N_("It is on the agenda."),
    "unchanged": N_("Nothing was changed: it says this already."),
}
_PROBLEMS: Mapping[type, str] = {
    ChangedMeanwhile: N_("This contribution was changed meanwhile. Nothing was done; look at it again."),
    programme.ChangedMeanwhile: N_("The agenda was changed meanwhile. Nothing was done; look at it again."),
    IsWithdrawn: N_("This contribution is withdrawn. Nothing was done."),
    Over: N_("The event is over. Nothing was done."),
    TooMany: N_("This was done very often. Nothing was done."),
    programme.TooLarge: N_("The agenda is too long. Nothing was done."),
}


@dataclass(frozen=True)
class FileRow:
    name: str
    """As its sender called it."""
    address: str
    language: str
    size: str
    sha256: str


@dataclass(frozen=True)
class PaperRow:
    heading: str
    received: datetime | None
    tags: Sequence[Tag]
    why: Sequence[tuple[str, str]]
    """It is held, or has to be looked at: label and text."""
    files: Sequence[FileRow]


@dataclass(frozen=True)
class ContributionPage:
    all: str
    """Address of all contributions."""
    title: str
    number: str
    said: str
    """What was just done, a sentence; empty where nothing was."""
    tags: Sequence[Tag]
    papers: Sequence[PaperRow]
    facts: Sequence[tuple[str, str]]
    public: str
    """Where everybody reads it, or empty."""
    registration: tuple[str, str] | None
    """Reference and address."""
    inbound: str
    actions: Sequence[tuple[str, str]]
    """Address and name; none for those who may only look."""
    emails: Sequence[SentEmail]
    history: Sequence[Made]


@dataclass(frozen=True)
class Acted:
    visit: Visit
    press: Press
    there: Contribution
    seen: int
    typed: Mapping[str, str]

    @property
    def papers(self) -> list[int]:
        return [int(place) for place in self.typed["papers"].split()]


@dataclass(frozen=True)
class Action:
    label: str
    means: str
    said: str
    do: Callable[[Acted], Outcome]
    fields: Callable[[Visit, Contribution], Sequence[FormField]] = lambda visit, there: ()
    known: Callable[[Contribution], Mapping[str, str]] = lambda there: {}
    is_for: Callable[[Visit, Contribution], bool] = lambda visit, there: True
    shows: Callable[[Visit, Contribution], int] = lambda visit, there: there.revision
    """What must still stand when it is done."""


def contribution(visit: Visit, id: str, below: list[str]) -> Response:
    there = _found(visit, id)
    visit.opened(Opened.CONTRIBUTION, *filter(None, [there.registration_id]), about=there.id)
    match below:
        case []:
            allow(visit.request, "GET", "HEAD")
            return staff_page(visit, "contribution", _page(visit, there))
        case ["files", file_id]:
            allow(visit.request, "GET", "HEAD")
            return _file(visit, there, file_id)
        case [name] if name in _ACTIONS:
            allow(visit.request, "GET", "HEAD", "POST")
            action = _ACTIONS[name]
            return _done(visit, there, action) if visit.is_post else _act_page(visit, there, action)
        case _:
            raise NO_SUCH_PAGE


def _found(visit: Visit, id: str) -> Contribution:
    there = visit.desk.store.contribution(id) if may_be_id(id) else None
    if there is None or there.event != visit.event.slug:
        raise _NOT_THERE
    return there


def _page(visit: Visit, there: Contribution) -> ContributionPage:
    store, event, spoken = visit.desk.store, visit.event, visit.spoken
    closes_at = contributions_close_at(store, event)
    said = visit.request.query_string.decode("ascii", "replace")
    of = there.registration_id
    return ContributionPage(
        all=visit.address("contributions"),
        title=there.title,
        number=designation(there.event, there.number),
        said=spoken.gettext(_SAID[said]) if said in _SAID else "",
        tags=tags_of(visit, there, closes_at),
        papers=[_paper(visit, there, one, closes_at) for one in reversed(there.papers)],
        facts=_facts(visit, there),
        public=_public(visit, there),
        registration=(reference_of(of), visit.address("registrations", of)) if of else None,
        inbound=visit.address("review", "inbound", there.inbound_id) if there.inbound_id else "",
        actions=_offered(visit, there) if visit.may_edit else (),
        emails=[sent_email(event, one) for one in emails_about(store, there)],
        history=[_made(event, one) for one in reversed(store.contribution_history(there.id))],
    )


def _public(visit: Visit, there: Contribution) -> str:
    event = event_of(visit)
    at = there.published and event.has_pages
    return f"{visit.desk.links.pages_of(event)}/contributions/{there.number}" if at else ""


def _paper(visit: Visit, there: Contribution, one: Paper, closes_at: datetime | None) -> PaperRow:
    event, spoken = visit.event, visit.spoken
    late = closes_at is not None and is_late(one, closes_at)
    bad = one.status is PaperStatus.HELD
    status = paper_status_in_words(event, one.status) if one in there.current else spoken.gettext("Replaced")
    why = [
        (N_("Why it needs review"), doubt_in_words(event, one.doubt) if one.doubt else ""),
        (N_("Reason"), one.reason),
    ]
    return PaperRow(
        heading=_paper_name(event, there, one),
        received=one.received_at,
        tags=[Tag(status, bad), *([Tag(late_in_words(event), bad=True)] if late else [])],
        why=[(spoken.gettext(label), text) for label, text in why if text],
        files=[
            FileRow(
                name=file.name,
                address=visit.address("contributions", there.id, "files", file.id),
                language=spoken.named(file.language) if file.language else "",
                size=in_kilobytes(visit, file.size),
                sha256=file.sha256,
            )
            for file in one.files
        ],
    )


def _paper_name(event: Event, there: Contribution, one: Paper) -> str:
    said, number = paper_in_words(event, one.kind, one.number), designation(there.event, there.number, one)
    spoken = language(event.language)
    return spoken.gettext("%(label)s: %(text)s", label=number, text=said) if number else said


def _facts(visit: Visit, there: Contribution) -> list[tuple[str, str]]:
    agreed = there.consent or visit.spoken.gettext("Its submitter has not agreed to publication.")
    said = [
        (N_("Source"), there.source),
        (N_("Agenda item or question"), there.item),
        (N_("Abstract"), there.abstract),
        (N_("Submitted by"), there.name),
        (N_("E-mail"), there.email),
        (N_("Agreed to publication"), agreed),
    ]
    return [(visit.spoken.gettext(label), text) for label, text in said if text]


def _made(event: Event, one: ContributionChange) -> Made:
    return Made(
        number=one.number,
        at=one.at,
        what=language(event.language).gettext("Changed"),
        by=changed_by(event, one),
        fields=[FieldChange("", *said) for said in change_in_words(event, one)],
        inbound="",
    )


def _file(visit: Visit, there: Contribution, id: str) -> Response:
    """In pieces, and without its length: Cloud Run sends no answer of a known length that is longer than 32 MB."""
    named = ((file, name) for one in there.papers for file, name in zip(one.files, file_names(there, one), strict=True))
    file, name = next(((file, name) for file, name in named if file.id == id), (None, ""))
    pieces = visit.desk.files().pieces(file.id) if file else None
    if file is None or pieces is None:
        raise NO_SUCH_PAGE
    log("INFO", "paper downloaded", event=there.event, contribution=there.id)
    return Response(pieces, mimetype=file.type, headers=as_file(name))


# --- what the staff can do


def _fields_of_text(visit: Visit, there: Contribution) -> list[FormField]:
    names = [name for name in _CORRECTED if there.email or name != "name"]
    asked = [one.field for one in contribution_asks(visit.event, names)]
    labels = {"name": N_("Submitted by")}
    return [
        replace(
            one, label=labels.get(one.name, one.label), required=one.required and one.name != "item", autocomplete=""
        )
        for one in asked
    ]


def _field_of_papers(visit: Visit, there: Contribution) -> FormField:
    names = [Choice(str(place), _paper_name(visit.event, there, one)) for place, one in enumerate(there.papers)]
    ask = N_("Choose at least one.")
    return FormField("papers", "choices", N_("Papers"), ask, required=True, choices=tuple(names))


def _with_status(there: Contribution, *statuses: PaperStatus) -> Mapping[str, str]:
    places = (str(place) for place, one in enumerate(there.papers) if one in there.current and one.status in statuses)
    return {"papers": " ".join(places)}


_REASON = FormField("reason", "lines", N_("Reason"), N_("Say why: its submitter reads it."), 1000, required=True)


def _field_of_item(visit: Visit, there: Contribution) -> FormField:
    agenda = programme_now(visit.desk.store, event_of(visit)).agenda or ()
    items = [Choice(str(place), _item_name(visit.event, one)) for place, one in enumerate(agenda)]
    ask = N_("Choose an item.")
    return FormField("place", "choice", N_("Agenda item or question"), ask, required=True, choices=tuple(items))


def _item_name(event: Event, one: AgendaItem) -> str:
    spoken = language(event.language)
    when = spoken.day(one.day) + (f", {spoken.time(one.starts)}" if one.starts else "")
    return spoken.gettext("%(label)s: %(text)s", label=when, text=one.title.in_language(event.language))


def _put_on_agenda(one: Acted) -> Outcome:
    """`seen`: of the programme; the page of this action shows that."""
    desk, event = one.visit.desk, event_of(one.visit)
    number, place = one.there.number, int(one.typed["place"])
    now = programme_now(desk.store, event)
    agenda = list(now.agenda or ())
    if number is None or place >= len(agenda):
        return programme.ChangedMeanwhile(now)
    item = agenda[place]
    agenda[place] = replace(item, contributions=tuple(dict.fromkeys((*item.contributions, number))))
    return programme.set_agenda(desk, event, one.seen, tuple(agenda), one.press)


def _has_agenda(visit: Visit, there: Contribution) -> bool:
    event = event_of(visit)
    return event.has_pages and there.number is not None and bool(programme_now(visit.desk.store, event).agenda)


def _at(one: Acted) -> tuple[Desk, Event, str]:
    return one.visit.desk, one.visit.event, one.there.id


_ACTIONS = {
    "publish": Action(
        N_("Publish"),
        N_("Everybody can read the papers that you choose, on the event’s pages. Of several texts the last counts."),
        "published",
        lambda one: change.publish(*_at(one), one.seen, one.papers, one.press),
        lambda visit, there: (_field_of_papers(visit, there),),
        lambda there: _with_status(there, PaperStatus.WAITING, PaperStatus.HELD),
        is_for=lambda visit, there: bool(there.consent),
    ),
    "hold": Action(
        N_("Hold"),
        N_("The papers that you choose are not on the event’s pages, or no longer. Its submitter gets an e-mail."),
        "held",
        lambda one: change.hold(*_at(one), one.seen, one.papers, one.typed["reason"], one.press),
        lambda visit, there: (_field_of_papers(visit, there), _REASON),
        lambda there: _with_status(there, PaperStatus.WAITING),
    ),
    "correct": Action(
        N_("Correct what it says"),
        N_("Its list and the event’s pages say it so at once. The files stay as they are, and nobody is written to."),
        "corrected",
        lambda one: change.correct(*_at(one), one.seen, one.typed, By(Actor.STAFF, Way.DESK, one.press)),
        _fields_of_text,
        lambda there: {name: getattr(there, name) for name in _CORRECTED},
    ),
    "agenda": Action(
        N_("Put on the agenda"),
        N_("The agenda names its number at the item that you choose."),
        "agenda",
        _put_on_agenda,
        lambda visit, there: (_field_of_item(visit, there),),
        is_for=_has_agenda,
        shows=lambda visit, there: programme_now(visit.desk.store, event_of(visit)).number,
    ),
    "receipt": Action(
        N_("Send the receipt again"),
        N_("It goes to its submitter’s address, with the link to its own page: also for whoever lost that."),
        "resent",
        lambda one: send_receipt_again(one.visit.desk.store, one.visit.event, one.there.id, one.press),
        is_for=lambda visit, there: bool(there.email) and there.number is not None,
    ),
    "withdraw": Action(
        N_("Withdraw this contribution"),
        N_("It leaves the event’s pages for good. Its number stays, as withdrawn. Its submitter gets an e-mail."),
        "withdrawn",
        lambda one: change.withdraw(*_at(one), By(Actor.STAFF, Way.DESK, one.press)),
    ),
}


def _offered(visit: Visit, there: Contribution) -> list[tuple[str, str]]:
    those = () if there.withdrawn else ((name, one.label) for name, one in _ACTIONS.items() if one.is_for(visit, there))
    return [(visit.address("contributions", there.id, name), visit.spoken.gettext(label)) for name, label in those]


def _done(visit: Visit, there: Contribution, action: Action) -> Response:
    form = read_page_form(visit.request, ("papers",))
    press = visit.press(form.typed)
    event, filled = visit.event, filled_in(visit.event, action.fields(visit, there), form)
    if filled.errors:
        return _act_page(visit, there, action, filled.typed, status=422, errors=filled.errors)
    outcome = action.do(Acted(visit, press, there, revision_in(form.typed), filled.answers))
    about = {"event": event.slug, "contribution": there.id, "action": action.said}
    log("INFO", "staff acted", **about, outcome=type(outcome).__name__)
    match outcome:
        case Changed():
            visit.desk.republish(visit.desk, event_of(visit))
            return _back(visit, there, action.said)
        case programme.Changed():
            return _back(visit, there, action.said)
        case AsBefore() | programme.AsBefore():
            pressed_before = visit.desk.store.audit_entry(event.slug, press.id)
            return _back(visit, there, action.said if pressed_before else "unchanged")
        case (
            ChangedMeanwhile()
            | IsWithdrawn()
            | Over()
            | TooMany()
            | programme.ChangedMeanwhile()
            | programme.TooLarge()
        ):
            problem = visit.spoken.gettext(_PROBLEMS[type(outcome)])
            return _act_page(visit, _found(visit, there.id), action, filled.typed, status=409, problem=problem)
        case None:
            raise _NOT_THERE
        case _:
            assert_never(outcome)


def _act_page(
    visit: Visit,
    there: Contribution,
    action: Action,
    values: Mapping[str, str] | None = None,
    *,
    status: int = 200,
    problem: str = "",
    errors: Mapping[str, Sequence[str]] | None = None,
) -> Response:
    context = ActPage(
        heading=visit.spoken.gettext(action.label),
        name=there.title,
        reference=designation(there.event, there.number),
        tags=tags_of(visit, there, None),
        email=there.email,
        means=visit.spoken.gettext(action.means),
        problem=problem,
        asks=asked_of(asking(visit.event, action.fields(visit, there))),
        values=action.known(there) if values is None else values,
        errors=errors or {},
        revision=action.shows(visit, there),
        back=visit.address("contributions", there.id),
    )
    return staff_page(visit, "act", context, status)


def _back(visit: Visit, there: Contribution, said: str) -> Response:
    return see_other(f"{visit.address('contributions', there.id)}?{said}")
