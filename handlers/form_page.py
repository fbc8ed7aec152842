"""The form's page in each of its states, and the blank form."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from flask import Request, Response

from handlers.request_body import Form, bot_fields
from handlers.responses import form_address, page
from rollcall.desk.desk import Desk
from rollcall.desk.ports import forms_return_to
from rollcall.desk.register import intake_now
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from schemas.form import form_fields, in_codes, in_labels


def form_page(desk: Desk, event: Event, request: Request) -> Response:
    """The empty form; a page that says so while the intake is not open."""
    intake = intake_now(desk, event)
    if intake.not_yet_open:
        return page(200, "not_open", event=event, opens_at=intake.opens_at, answers=[])
    if intake.past:
        return page(200, "closed", event=event, closes_at=intake.closes_at, answers=[])
    blank_forms = form_address(request, event), desk.links.forms_to(event)
    return filled_in(200, event, bot_fields(desk.intakes.now(event)), intake, blank_forms=blank_forms)


def filled_in(
    status: int,
    event: Event,
    values: Mapping[str, str],
    intake: Intake | None = None,
    *,
    errors: Mapping[str, Sequence[str]] | None = None,
    problem: str | None = None,
    once_more: str | None = None,
    blank_forms: tuple[str, str | None] | None = None,
) -> Response:
    """The template says what each is."""
    return page(
        status,
        "form",
        event=event,
        fields=form_fields(event),
        values=in_codes(event, values),
        errors=errors or {},
        problem=problem,
        once_more=once_more,
        blank_forms=blank_forms,
        closes_at=intake.closes_at if intake else event.closes_at,
    )


def blank_form(desk: Desk, event: Event, name: str) -> Response:
    """`form.pdf` or `form.txt`, with the deadline as it now stands."""
    from rollcall.documents.blank_form import blank_form_pdf, blank_form_text

    intake = recent_intake(desk, event)
    event = replace(event, closes_at=intake.closes_at) if intake else event
    return_to = forms_return_to(desk.links, event)
    if name == "form.txt":
        return Response(blank_form_text(event, return_to), content_type="text/plain; charset=utf-8")
    as_file = {"Content-Disposition": f'attachment; filename="{event.slug}-form.pdf"'}
    return Response(blank_form_pdf(event, return_to), content_type="application/pdf", headers=as_file)


def recent_intake(desk: Desk, event: Event) -> Intake | None:
    """For a page that is shown also while the store cannot be reached."""
    try:
        return desk.intakes.recent(event)
    except StoreUnavailable:
        return None


def labelled_answers(event: Event, form: Form) -> list[tuple[str, str]]:
    """Label and text, to copy."""
    typed = in_labels(event, form.typed)
    return [(field.label, text) for field in form_fields(event) if (text := typed.get(field.name, "").strip())]
