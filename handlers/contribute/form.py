"""The form for a contribution, in each of its states, and the page after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, assert_never

from flask import Request, Response
from marshmallow import ValidationError

from handlers.contribute.files import EMPTY, Row, Sent, languages_offered, rows_shown
from handlers.email_links import no_link, opened
from handlers.form_page import CHANGE, SEND, UNAVAILABLE
from handlers.logs import log, log_fault, log_unavailable
from handlers.request_body import bot_fields
from handlers.responses import MAY_GO_BACK, WENT_WRONG, own_address, page, see_other, unavailable
from rollcall.desk.contributions.emailed import agreed, note_completed
from rollcall.desk.contributions.submit import (
    Over,
    Received,
    ReceivedBefore,
    contributions_close_at,
    registration_of,
    submit,
)
from rollcall.desk.desk import Desk
from rollcall.language import N_, language
from rollcall.model.contribution import Contribution, Draft, is_late
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event
from rollcall.model.fault import Fault
from rollcall.model.form import FormField
from rollcall.model.links import VALID_FOR, LinkPurpose, Opened
from rollcall.model.registration import BotSignal
from schemas.contribution import SENT, contribution_asks, in_codes, read_contribution
from schemas.faults import sentence
from schemas.form import faults_of
from schemas.kinds import Answer

Completed = tuple[str, int]
"""The id of an inbound e-mail, and the place of a paper in it."""
_WHY_ONCE_MORE = {
    BotSignal.TOO_FAST: N_(
        "That was very fast. Everything you wrote is still here. Please check it and press Send once more."
    ),
    BotSignal.HIDDEN_FIELD: N_(
        "A field that should be empty was filled in, perhaps by your browser. Everything you wrote is still here. "
        "Please check it and press Send once more."
    ),
}


@dataclass(frozen=True)
class Shown:
    values: Mapping[str, str]
    rows: Sequence[Row]
    errors: Mapping[str, Sequence[Fault]] = field(default_factory=dict)
    problem: str = ""
    once_more: str = ""


def contribution_form(desk: Desk, event: Event, request: Request) -> Response:
    if request.method == "POST":
        return posted(desk, event, request)
    now = desk.intakes.now(event)
    if event.is_over(now):
        return page(200, "contribute/closed", event=event)
    return form_page(desk, event, request, 200, Shown(bot_fields(now), EMPTY))


def posted(desk: Desk, event: Event, request: Request, completes: Completed | None = None) -> Response:
    """`completes`: what in an inbound e-mail.

    1. Store the files that came with it.
    2. Check what was typed, and look into each file.
    3. Keep the files, then the contribution. A crash between leaves files that nothing names.
    """
    sent = Sent(desk, event, request)
    try:
        sent.store(desk)
        if request.query_string == CHANGE:
            return form_page(desk, event, request, 200, Shown(sent.form.typed, sent.rows))
        if event.is_over(desk.intakes.now(event)):
            return page(410, "contribute/closed", event=event)
        return _checked(desk, event, request, sent, completes)
    except Exception as error:
        return given_back(desk, event, request, sent, error)


def _checked(desk: Desk, event: Event, request: Request, sent: Sent, completes: Completed | None) -> Response:
    said, errors = _said(event, sent)
    signal = sent.form.bot_signal(desk.intakes.now(event))
    if signal and not errors:
        why = language(event.language).gettext(_WHY_ONCE_MORE[signal])
        values = sent.form.without_bot_fields().typed
        return form_page(desk, event, request, 202, Shown(values, sent.rows, once_more=why))
    if not sent.look(desk) or errors:
        wrong = [*errors, *(f"file: {row.fault.code}" for row in sent.rows if row.fault)]
        log("INFO", "contribution refused", event=event.slug, fields=wrong)
        return form_page(desk, event, request, 422, Shown(sent.form.typed, sent.rows, errors))
    if not sent.keep(desk):
        return form_page(desk, event, request, 422, Shown(sent.form.typed, sent.rows))
    outcome = submit(desk, event, _draft(desk, event, said, sent), inbound_id=completes[0] if completes else "")
    if completes and not isinstance(outcome, Over):
        note_completed(desk, *completes, outcome.contribution.id)
    log("INFO", "contribution sent in", event=event.slug, outcome=type(outcome).__name__)
    match outcome:
        case Received(there) | ReceivedBefore(there):
            return to_submitted(desk, event, request, there, before=isinstance(outcome, ReceivedBefore))
        case Over():
            return page(410, "contribute/closed", event=event)
        case _:
            assert_never(outcome)


def _said(event: Event, sent: Sent) -> tuple[Mapping[str, str], Mapping[str, Sequence[Fault]]]:
    try:
        return read_contribution(event, sent.form.without_bot_fields().typed, sent.form.faults), {}
    except ValidationError as error:
        return {}, faults_of(error)


def _draft(desk: Desk, event: Event, said: Mapping[str, str], sent: Sent) -> Draft:
    answers = {**said}
    registration_id = registration_of(desk, event, answers.pop("reference"), answers["email"])
    files, doubt = sent.paper()
    return Draft(**answers, files=files, doubt=doubt, registration_id=registration_id, language=event.language)


def form_page(
    desk: Desk,
    event: Event,
    request: Request,
    status: int,
    shown: Shown,
    *,
    template: str = "contribute/form",
    asks: Sequence[str] = SENT,
    **context: Any,
) -> Response:
    """templates/pages/contribute/form.html says what each is; `context`, what a template has that extends it."""
    spoken, asked = language(event.language), contribution_asks(event, asks)
    fields = {one.field.name: one.field for one in asked}
    faults = {**shown.errors, **{row.at_fault: (row.fault,) for row in shown.rows if row.fault}}
    if "closes_at" not in context:
        context |= _deadline(desk, event)
    response = page(
        status,
        template,
        event=event,
        asks={one.field.name: one for one in asked},
        values=in_codes(event, shown.values),
        rows=rows_shown(desk, event, shown.rows),
        errors={name: [sentence(fault, spoken, fields.get(name)) for fault in found] for name, found in faults.items()},
        listed=_listed(event, asked, shown.rows),
        problem=shown.problem,
        once_more=shown.once_more,
        languages=languages_offered(spoken),
        action="?again" if request.query_string == SEND else "?send",
        uploads=f"{own_address(request, event)}/uploads",
        sends_to=desk.uploads().sends_to,
        by_email=desk.links.contributions_to(event),
        agreed=agreed(desk, event),
        **{"key": event.slug, **context},
    )
    response.headers.update(MAY_GO_BACK)
    return response


def _listed(event: Event, asked: Sequence[Answer], rows: Sequence[Row]) -> list[FormField]:
    """In the order of the page."""
    label = language(event.language).gettext
    files = [FormField(row.at_fault, "file", label("File %(number)s", number=row.place), "") for row in rows]
    fields = [one.field for one in asked]
    names = [one.name for one in fields]
    before = names.index("name") if "name" in names else len(names)
    return [*fields[:before], *files, *fields[before:]]


def given_back(desk: Desk, event: Event, request: Request, sent: Sent, error: Exception, **context: Any) -> Response:
    """The form as it was filled in, with the files that arrived, to be sent again."""
    spoken = language(event.language)
    # nobody waits for the store again
    context |= {"closes_at": event.contributions and event.contributions.closes_at, "late": False}

    def shown(status: int, problem: str) -> Response:
        return form_page(desk, event, request, status, Shown(sent.form.typed, sent.rows, problem=problem), **context)

    if isinstance(error, StoreUnavailable):
        return unavailable(error, shown(503, spoken.gettext(UNAVAILABLE)))
    log_fault(error)
    return shown(500, WENT_WRONG.detail_in(spoken))


def to_submitted(desk: Desk, event: Event, request: Request, there: Contribution, *, before: bool) -> Response:
    """A redirect: a page to reload without sending it again."""
    until = desk.intakes.now(event) + VALID_FOR[LinkPurpose.SUBMITTED]
    return see_other(f"{own_address(request, event)}/{desk.links.submitted(event, there.id, until, before=before)}")


def submitted(desk: Desk, event: Event, request: Request, token: str) -> Response:
    """Without what was sent: links are passed on."""
    link = opened(desk, event, LinkPurpose.SUBMITTED, token)
    if not isinstance(link, Opened):
        return no_link(event, request, LinkPurpose.SUBMITTED, link)
    there, closes_at = _if_it_can_be_read(desk, event, link.id)
    return page(
        200,
        "contribute/submitted",
        event=event,
        before=bool(link.number),
        contribution=there,
        closes_at=closes_at,
        late=bool(there and closes_at and is_late(there.papers[0], closes_at)),
        form_page=own_address(request, event),
        sends_to="",
    )


def _if_it_can_be_read(desk: Desk, event: Event, id: str) -> tuple[Contribution | None, datetime | None]:
    try:
        return desk.store.contribution(id), contributions_close_at(desk.store, event)
    except StoreUnavailable as error:
        log_unavailable(error)
        return None, None


def _deadline(desk: Desk, event: Event) -> Mapping[str, object]:
    """The event file's, while the store cannot be reached."""
    try:
        closes_at = contributions_close_at(desk.store, event)
        return {"closes_at": closes_at, "late": bool(closes_at and desk.intakes.now(event) > closes_at)}
    except StoreUnavailable:
        return {"closes_at": event.contributions and event.contributions.closes_at, "late": False}
