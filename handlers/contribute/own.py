"""A submitter's own contribution: seen, added to, corrected, withdrawn. Opening a page changes nothing, since mail
programs open links too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never
from urllib.parse import quote

from flask import Request, Response
from marshmallow import ValidationError

from handlers.contribute.files import EMPTY, Sent
from handlers.contribute.form import Shown, form_page, given_back
from handlers.email_links import log_refused, no_link, opened, pressed
from handlers.form_page import CHANGE, UNAVAILABLE
from handlers.logs import log, log_unavailable
from handlers.request_body import number_in, read_page_form
from handlers.responses import (
    EVENTS,
    NO_SUCH_PAGE,
    HttpProblem,
    address_below,
    allow,
    message,
    own_address,
    page,
    see_other,
    unavailable,
)
from handlers.roster_files import whole_or_broken_off
from rollcall.desk.contributions import change
from rollcall.desk.contributions.change import By
from rollcall.desk.contributions.submit import contributions_close_at
from rollcall.desk.desk import Desk
from rollcall.documents.contributions import change_in_words, paper_in_words
from rollcall.language import N_, language
from rollcall.model.contribution import Contribution, Paper, PaperKind, PaperStatus, designation, is_late
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event
from rollcall.model.links import LinkPurpose, LinkRevoked, NoLink, Opened
from rollcall.model.registration import Actor, Way
from schemas.contribution import CORRECTED, FURTHER, read_correction, read_kind
from schemas.form import faults_of

_BY = By(Actor.REGISTRANT, Way.LINK)
_REVISION = "_revision"
_OVER = HttpProblem(410, N_("The event is over"), N_("Nothing was changed, and you need do nothing."))
_TOO_MANY = N_("There are too many files here already. Please write to %(email)s.")
_CHANGED = N_("This contribution was changed meanwhile. Nothing was saved. Please look at it and press Save once more.")
_STATUS = {
    PaperStatus.WAITING: N_("It is published once the secretariat has looked at it."),
    PaperStatus.PUBLISHED: N_("It is published."),
    PaperStatus.HELD: N_("The secretariat does not publish it for now. It says why:"),
}
_FOR_STAFF = N_("It is not published, since you did not agree to that. Only the secretariat reads it.")
_IN_DOUBT = N_("Our program could not check every file. The secretariat looks at them first.")


@dataclass(frozen=True)
class FileShown:
    name: str
    size: int
    sha256: str
    language: str
    address: str


@dataclass(frozen=True)
class PaperShown:
    heading: str
    received_at: datetime | None
    late: bool
    status: str
    reason: str
    files: tuple[FileShown, ...]


@dataclass(frozen=True)
class ChangeShown:
    at: datetime
    by_staff: bool
    lines: Sequence[tuple[str, str, str]]
    """Label, before and after."""


def answer(desk: Desk, event: Event, request: Request, token: str, below: list[str]) -> Response:
    there = _by(desk, event, token)
    if not isinstance(there, Contribution):
        return no_link(event, request, LinkPurpose.CONTRIBUTION, there)
    address = f"{own_address(request, event)}/{LinkPurpose.CONTRIBUTION}/{quote(token)}"
    match below:
        case []:
            allow(request, "GET", "HEAD")
            return _shown(desk, event, request, there, address)
        case ["files", place, number]:
            allow(request, "GET", "HEAD")
            return _file(desk, there, number_in(place, 2), number_in(number, 2))
        case [("paper" | "correct" | "withdraw") as what]:
            allow(request, "GET", "HEAD", "POST")
            if there.withdrawn:
                return see_other(address)
            if event.is_over(desk.intakes.now(event)):
                return message(request, _OVER, event)
            return {"paper": _paper, "correct": _correct, "withdraw": _withdraw}[what](
                desk, event, request, there, address
            )
        case _:
            raise NO_SUCH_PAGE


def _by(desk: Desk, event: Event, token: str) -> Contribution | NoLink:
    link = opened(desk, event, LinkPurpose.CONTRIBUTION, token)
    if not isinstance(link, Opened):
        return link
    there = desk.store.contribution(link.id)
    if there is None or there.event != event.slug:
        raise NO_SUCH_PAGE
    if link.number < there.link:
        log_refused(event, LinkPurpose.CONTRIBUTION, LinkRevoked())
        return LinkRevoked()
    return there


def _shown(desk: Desk, event: Event, request: Request, there: Contribution, address: str) -> Response:
    closes_at = contributions_close_at(desk.store, event)
    papers = [_paper_shown(event, there, place, closes_at, address) for place in range(len(there.papers))]
    history = desk.store.contribution_history(there.id)
    changes = [ChangeShown(one.at, one.by is Actor.STAFF, change_in_words(event, one)) for one in history]
    return page(
        200,
        "contribute/own",
        event=event,
        contribution=there,
        designation=designation(event.slug, there.number),
        papers=papers[::-1],
        changes=[one for one in changes if one.lines][::-1],
        address=address,
        public=_public(request, event, there),
        may_change=not event.is_over(desk.intakes.now(event)),
        said=request.query_string.decode("ascii", "replace"),
    )


def _public(request: Request, event: Event, there: Contribution) -> str:
    """Where everybody reads it; empty where nobody does."""
    if not there.published or not event.has_pages:
        return ""
    return f"{address_below(EVENTS, request, event)}/contributions/{there.number}"


def _paper_shown(event: Event, there: Contribution, place: int, closes_at: datetime | None, address: str) -> PaperShown:
    paper, spoken = there.papers[place], language(event.language)
    kind = paper_in_words(event, paper.kind, paper.number)
    name = designation(there.event, there.number, paper)
    return PaperShown(
        heading=spoken.gettext("%(label)s: %(text)s", label=kind, text=name) if name else kind,
        received_at=paper.received_at,
        late=closes_at is not None and is_late(paper, closes_at),
        status=spoken.gettext(_status(there, paper)),
        reason=paper.reason if paper.status is PaperStatus.HELD else "",
        files=tuple(
            FileShown(
                one.name,
                one.size,
                one.sha256,
                spoken.named(one.language) if one.language else "",
                f"{address}/files/{place}/{number}",
            )
            for number, one in enumerate(paper.files)
        ),
    )


def _status(there: Contribution, paper: Paper) -> str:
    if paper not in (*there.current, *there.published):
        return N_("Replaced")
    if paper.in_doubt:
        return _IN_DOUBT
    if paper.status is PaperStatus.WAITING and not there.consent:
        return _FOR_STAFF
    return _STATUS[paper.status]


def _file(desk: Desk, there: Contribution, place: int | None, number: int | None) -> Response:
    """To be stored, never to be shown here. Without its length: Cloud Run passes on more than 32 MiB only in chunks."""
    papers = there.papers[place : place + 1] if place is not None else ()
    files = papers[0].files[number : number + 1] if papers and number is not None else ()
    pieces = desk.files().pieces(files[0].id) if files else None
    if pieces is None:
        raise NO_SUCH_PAGE
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(files[0].name, safe='')}",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return Response(whole_or_broken_off(pieces), content_type=files[0].type, headers=headers)


def _paper(desk: Desk, event: Event, request: Request, there: Contribution, address: str) -> Response:
    context: dict[str, Any] = {
        "template": "contribute/paper",
        "asks": FURTHER,
        "contribution": there,
        "designation": designation(event.slug, there.number),
        "address": address,
        "key": there.id,
    }
    if request.method != "POST":
        return form_page(desk, event, request, 200, Shown({}, EMPTY), **context)
    sent = Sent(desk, event, request)
    try:
        sent.store(desk)
        if request.query_string == CHANGE:
            return form_page(desk, event, request, 200, Shown(sent.form.typed, sent.rows), **context)
        return _added(desk, event, request, there, address, sent, context)
    except Exception as error:
        return given_back(desk, event, request, sent, error, **context)


def _added(
    desk: Desk,
    event: Event,
    request: Request,
    there: Contribution,
    address: str,
    sent: Sent,
    context: Mapping[str, Any],
) -> Response:
    def again(status: int, shown: Shown) -> Response:
        return form_page(desk, event, request, status, shown, **context)

    errors, kind = {}, PaperKind.REVISION
    try:
        kind = read_kind(event, sent.form.typed, sent.form.faults)
    except ValidationError as error:
        errors = faults_of(error)
    if not sent.look(desk) or errors or not sent.keep(desk):
        return again(422, Shown(sent.form.typed, sent.rows, errors))
    files, doubt = sent.paper()
    outcome = change.add_paper(desk, event, there.id, kind, files, _BY, doubt)
    if isinstance(outcome, change.TooMany):
        problem = language(event.language).gettext(_TOO_MANY, email=event.secretariat)
        return again(409, Shown(sent.form.typed, sent.rows, problem=problem))
    return _done(desk, event, request, there, address, outcome, "sent")


def _correct(desk: Desk, event: Event, request: Request, there: Contribution, address: str) -> Response:
    if there.published:
        return see_other(address)
    form = read_page_form(request) if request.method == "POST" else None
    values = form.typed if form else _as_typed(there)
    seen = number_in(values.get(_REVISION, ""), 6) or 0
    typed = {name: text for name, text in values.items() if name != _REVISION}

    def again(status: int, **shown: Any) -> Response:
        return form_page(
            desk,
            event,
            request,
            status,
            Shown(typed, (), **shown),
            template="contribute/correct",
            asks=CORRECTED,
            contribution=there,
            designation=designation(event.slug, there.number),
            address=address,
            revision=there.revision,
        )

    if form is None or request.query_string == CHANGE:
        return again(200)
    try:
        said = {**read_correction(event, typed, form.faults)}
    except ValidationError as error:
        return again(422, errors=faults_of(error))
    if there.consent and said["consent"]:
        said["consent"] = there.consent  # in the words that were agreed to
    try:
        outcome = change.correct(desk, event, there.id, seen, said, _BY)
    except StoreUnavailable as error:
        return unavailable(error, again(503, problem=language(event.language).gettext(UNAVAILABLE)))
    if isinstance(outcome, change.ChangedMeanwhile):
        there = outcome.contribution
        if there.published:
            return see_other(address)
        return again(409, problem=language(event.language).gettext(_CHANGED))
    return _done(desk, event, request, there, address, outcome, "saved")


def _as_typed(there: Contribution) -> dict[str, str]:
    said = {name: str(getattr(there, name)) for name in CORRECTED}
    return {**said, "consent": "yes" if there.consent else "", _REVISION: str(there.revision)}


def _withdraw(desk: Desk, event: Event, request: Request, there: Contribution, address: str) -> Response:
    if pressed(request):
        return _done(desk, event, request, there, address, change.withdraw(desk, event, there.id, _BY), "withdrawn")
    return page(
        200,
        "contribute/withdraw",
        event=event,
        contribution=there,
        designation=designation(event.slug, there.number),
        address=address,
    )


def _done(
    desk: Desk,
    event: Event,
    request: Request,
    there: Contribution,
    address: str,
    outcome: change.Outcome | None,
    said: str,
) -> Response:
    log("INFO", "contribution changed", event=event.slug, contribution=there.id, outcome=type(outcome).__name__)
    match outcome:
        case change.Changed():
            _publish(desk, event)
            return see_other(f"{address}?{said}")
        case change.AsBefore():
            return see_other(f"{address}?unchanged")
        case change.IsWithdrawn() | change.ChangedMeanwhile() | change.TooMany():
            return see_other(address)
        case change.Over():
            return message(request, _OVER, event)
        case None:
            raise NO_SUCH_PAGE
        case _:
            assert_never(outcome)


def _publish(desk: Desk, event: Event) -> None:
    """Or within the lease, by the minute's sweep."""
    try:
        desk.republish(desk, event)
    except StoreUnavailable as error:
        log_unavailable(error)
