"""Erasing a person: what goes, what stays, what is only perhaps theirs. One press decides, or refuses."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import assert_never

from flask import Response

from handlers.logs import log
from handlers.request_body import read_page_form
from handlers.responses import allow, see_other
from handlers.staff.acting import asking, filled_in
from handlers.staff.pages import staff_page
from handlers.staff.people import NOT_REGISTERED, Tag, address_of, tags_of
from handlers.staff.visit import Visit
from rollcall.desk.personal_data import ask
from rollcall.desk.personal_data.ask import AlreadyDecided, Decided, NotAsked, Refused
from rollcall.desk.personal_data.held import held
from rollcall.desk.personal_data.under import under
from rollcall.desk.staff.person import likely_doubles
from rollcall.documents.erasure_words import counts_in_words, ground_in_words, status_in_words
from rollcall.language import N_, language
from rollcall.model.contribution import Contribution
from rollcall.model.event import Event
from rollcall.model.form import Choice, FormField
from rollcall.model.inbound import InboundEmail
from rollcall.model.personal_data import LONGEST_ANSWER, Erasure, ErasureStatus, Ground, Held
from rollcall.model.registration import QuarantinedForm, Registered, may_be_id, reference
from rollcall.model.review import ItemKind
from schemas.form import asked_of
from schemas.kinds import Answer

_SHOWN = 20
"""Of each kind, with a link."""
_ANSWER = FormField(
    "answer",
    "lines",
    N_("Answer to the person"),
    N_("Say why: the person reads it."),
    LONGEST_ANSWER,
    help=N_("The person reads it in an e-mail and on their page."),
    required=True,
)
_PROBLEMS = {
    AlreadyDecided: N_("It was decided meanwhile to erase this person. Nothing was done."),
    NotAsked: N_("The person does not ask for it any more. Nothing was done."),
}


@dataclass(frozen=True)
class Part:
    """Of what is held, or may be."""

    text: str
    links: Sequence[tuple[str, str]]
    """Address and name of each; of many, the first."""
    more: int = 0


@dataclass(frozen=True)
class ErasePage:
    name: str
    reference: str
    tags: Sequence[Tag]
    problem: str
    asked_at: datetime | None
    """None: nothing waits for an answer."""
    answer_by: date | None
    refused: str
    """The last answer; empty where none was refused."""
    goes: Sequence[Part]
    stays: Sequence[tuple[str, str]]
    """Address and title of each published contribution."""
    perhaps: Sequence[Part]
    ground: Answer
    answer: Answer
    values: Mapping[str, str]
    errors: Mapping[str, Sequence[str]]
    back: str


@dataclass(frozen=True)
class ErasedPage:
    reference: str
    erasure: Erasure
    ground: str
    counts: Sequence[str]
    all: str
    """Address of the page of all of them."""


@dataclass(frozen=True)
class ErasureRow:
    reference: str
    address: str
    erasure: Erasure
    status: str
    is_open: bool
    counts: Sequence[str]


@dataclass(frozen=True)
class ErasuresPage:
    rows: Sequence[ErasureRow]


def answer(visit: Visit, there: Registered, name: str) -> Response:
    erasure = visit.desk.store.erasure(there.id)
    if erasure and erasure.status is ErasureStatus.DUE and not visit.is_post:
        return see_other(address_of(visit, there))
    if not visit.is_post:
        return _page(visit, there, erasure)
    return _refuse(visit, there) if name == "refuse" else _erase(visit, there)


def erased_page(visit: Visit, id: str) -> Response:
    """Of whoever is there no more. Raises `HttpProblem`: they never were."""
    erasure = ask.erased(visit.desk.store, visit.event, id) if may_be_id(id) else None
    if erasure is None:
        raise NOT_REGISTERED
    context = ErasedPage(
        reference=reference(id),
        erasure=erasure,
        ground=ground_in_words(visit.event, erasure.ground) if erasure.ground else "",
        counts=list(counts_in_words(visit.event, erasure.erased).values()),
        all=visit.address("erasures"),
    )
    return staff_page(visit, "erased", context, 410)


def erasures_page(visit: Visit) -> Response:
    """Those that wait first, then the latest. What was asked for by the link of a double went with its person."""
    allow(visit.request, "GET", "HEAD")
    those = visit.desk.store.erasures(visit.event.slug)
    gone = {id for one in those if one.erased_at for id in one.doubles}
    rows = [_row(visit, one) for one in those if one.registration_id not in gone]
    rows.sort(key=lambda one: _last_at(one.erasure), reverse=True)
    rows.sort(key=lambda one: not one.is_open)
    return staff_page(visit, "erasures", ErasuresPage(rows))


def _row(visit: Visit, one: Erasure) -> ErasureRow:
    is_open = one.status is ErasureStatus.ASKED
    return ErasureRow(
        reference=reference(one.registration_id),
        address=visit.address("registrations", one.registration_id, *(["erase"] if is_open else [])),
        erasure=one,
        status=status_in_words(visit.event, one.status),
        is_open=is_open,
        counts=list(counts_in_words(visit.event, one.erased).values()),
    )


def _last_at(one: Erasure) -> str:
    return max(at.isoformat() for at in (one.asked_at, one.decided_at, one.erased_at) if at)


def _erase(visit: Visit, there: Registered) -> Response:
    form = read_page_form(visit.request)
    press = visit.press(form.typed)
    filled = filled_in(visit.event, [_ground(visit.event)], form)
    if filled.errors:
        return _page(visit, there, visit.desk.store.erasure(there.id), filled.typed, filled.errors, status=422)
    outcome = ask.decide(visit.desk, visit.event, press, there.id, Ground(filled.answers["ground"]))
    about = {"event": visit.event.slug, "registration": there.id}
    log("INFO", "erasure decided", **about, outcome=type(outcome).__name__)
    match outcome:
        case Decided() | AlreadyDecided():
            return see_other(f"{address_of(visit, there)}?erasing")
        case None:
            return see_other(address_of(visit, there))
        case _:
            assert_never(outcome)


def _refuse(visit: Visit, there: Registered) -> Response:
    form = read_page_form(visit.request)
    press = visit.press(form.typed)
    filled = filled_in(visit.event, [_ANSWER], form)
    if filled.errors:
        return _page(visit, there, visit.desk.store.erasure(there.id), filled.typed, filled.errors, status=422)
    outcome = ask.refuse(visit.desk, visit.event, press, there.id, filled.answers["answer"])
    about = {"event": visit.event.slug, "registration": there.id}
    log("INFO", "erasure refused", **about, outcome=type(outcome).__name__)
    match outcome:
        case Refused():
            return see_other(f"{address_of(visit, there)}?refused")
        case AlreadyDecided() | NotAsked():
            problem = visit.spoken.gettext(_PROBLEMS[type(outcome)])
            erasure = visit.desk.store.erasure(there.id)
            return _page(visit, there, erasure, filled.typed, problem=problem, status=409)
        case None:
            return see_other(address_of(visit, there))
        case _:
            assert_never(outcome)


def _ground(event: Event) -> FormField:
    choices = tuple(Choice(one.value, ground_in_words(event, one)) for one in Ground)
    return FormField("ground", "choice", N_("Why it is erased"), N_("Say why."), required=True, choices=choices)


def _page(
    visit: Visit,
    there: Registered,
    erasure: Erasure | None,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, Sequence[str]] | None = None,
    *,
    problem: str = "",
    status: int = 200,
) -> Response:
    found = held(visit.desk, visit.event, there)
    ground, reply = asked_of(asking(visit.event, [_ground(visit.event), _ANSWER]))
    waits = erasure is not None and erasure.status is ErasureStatus.ASKED
    context = ErasePage(
        name=there.registration.full_name,
        reference=there.reference,
        tags=tags_of(visit, there),
        problem=problem,
        asked_at=erasure.asked_at if erasure and waits else None,
        answer_by=ask.day_of_answer(visit.event, erasure) if erasure else None,
        refused=erasure.answer if erasure and erasure.status is ErasureStatus.REFUSED else "",
        goes=_goes(visit, found),
        stays=[
            _of_contribution(visit, one.contribution) for one in found.contributions if one.contribution.was_published
        ],
        perhaps=list(_perhaps(visit, there, found)),
        ground=ground,
        answer=reply,
        values=values or ({"ground": Ground.ASKED} if waits else {}),
        errors=errors or {},
        back=address_of(visit, there),
    )
    return staff_page(visit, "erase", context, status)


def _goes(visit: Visit, found: Held) -> list[Part]:
    links = {
        "registrations": [_of_registration(visit, one.registered) for one in found.registrations],
        "inbound": [_of_inbound(visit, one) for one in found.inbound],
        "contributions": [_of_contribution(visit, one.contribution) for one in found.contributions],
    }
    counted = counts_in_words(visit.event, found.counts)
    return [_part(text, links.get(kind, ())) for kind, text in counted.items()]


def _perhaps(visit: Visit, there: Registered, found: Held) -> Iterator[Part]:
    """Not certainly theirs, so that it stays unless the staff look."""
    event, person = visit.event, found.person
    those = [under(visit.desk.store, event, to) for to in sorted(person.shared | person.addresses)]
    alike = likely_doubles(visit.desk, event, there)
    registrations = {one.id: one for one in (*alike, *(one for its in those for one in its.registrations))}
    forms = {one.id: one for its in those for one in its.quarantined}
    emails = {one.id: one for its in those for one in its.inbound}
    papers = {one.id: one for its in those for one in its.contributions}
    parts = (
        (
            N_("Registrations that are alike, or have the same e-mail address"),
            [_of_registration(visit, one) for id, one in registrations.items() if id not in person.ids],
        ),
        (
            N_("Forms in quarantine from the same e-mail address"),
            [_of_form(visit, one) for id, one in forms.items() if id not in {its.id for its in found.quarantined}],
        ),
        (
            N_("E-mails received from the same address"),
            [_of_inbound(visit, one) for id, one in emails.items() if id not in {its.id for its in found.inbound}],
        ),
        (
            N_("Contributions from the same address"),
            [_of_contribution(visit, one) for id, one in papers.items() if id not in _contributions(found)],
        ),
    )
    spoken = language(event.language)
    return (_part(spoken.gettext(text), links) for text, links in parts if links)


def _contributions(found: Held) -> set[str]:
    return {one.contribution.id for one in found.contributions}


def _part(text: str, links: Sequence[tuple[str, str]]) -> Part:
    return Part(text, links[:_SHOWN], max(len(links) - _SHOWN, 0))


def _of_registration(visit: Visit, one: Registered) -> tuple[str, str]:
    return address_of(visit, one), f"{one.registration.full_name}, {one.reference}"


def _of_form(visit: Visit, one: QuarantinedForm) -> tuple[str, str]:
    return visit.address("review", ItemKind.QUARANTINED, one.item or one.id), one.form.registration.full_name


def _of_inbound(visit: Visit, one: InboundEmail) -> tuple[str, str]:
    subject = " ".join(one.subject.split())
    return visit.address("review", "inbound", one.id), subject or visit.spoken.gettext("(no subject)")


def _of_contribution(visit: Visit, one: Contribution) -> tuple[str, str]:
    return visit.address("contributions", one.id), one.title
