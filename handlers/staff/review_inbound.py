"""An inbound e-mail that needs review: what it says, what is attached, and the form in it, filled in as far as it was
understood."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from flask import Response
from marshmallow import ValidationError

from handlers.change import REVISION, revision_in, with_what_is_gone
from handlers.request_body import Form, read_page_form
from handlers.responses import NO_SUCH_PAGE, HttpProblem, allow, see_other
from handlers.staff.pages import staff_page
from handlers.staff.review_item import (
    NOT_CHANGED,
    NOT_THERE,
    SEEN,
    Person,
    Standing,
    found,
    next_page,
    noted,
    opened,
    person_of,
    refused,
    standing_of,
)
from handlers.staff.visit import BUTTON, Visit
from rollcall.desk import amend
from rollcall.desk.staff import review, review_forms
from rollcall.desk.staff.review import Item
from rollcall.desk.staff.review_forms import FormRegistered, FormSaved
from rollcall.documents.changes import FieldChange
from rollcall.documents.reasons import why, why_doubted
from rollcall.documents.review_words import form_in_words
from rollcall.language import N_, language
from rollcall.model.event import Event
from rollcall.model.inbound import CHANGES, REGISTERED, InboundEmail, InboundForm
from rollcall.model.registration import Registered, Registration, reference, written
from rollcall.model.review import Ending, ItemId
from schemas.faults import sentences
from schemas.form import asked_of, faults_of, in_codes, in_labels, names_sent_several_times, read_form
from schemas.kinds import Answer

ENDS = "_ends"
"""Ticked: nothing else is to be done about the e-mail."""
_LONGEST_NAME = 100
_TAKEN = N_(
    "Another registration has this name and e-mail address, with the reference %(reference)s. Nothing was changed."
)
_NO_FILE = HttpProblem(404, N_("Not found"), N_("There is no such attachment, or it is not handed on."))


@dataclass(frozen=True)
class FormShown:
    name: str
    status: str
    open: str
    """Address of its page; empty where nothing is to be done."""
    changes: bool
    """It is of somebody registered."""
    notes: Sequence[str]
    rows: Sequence[tuple[str, str]]
    differing: Sequence[FieldChange]
    person: str
    """Address of the registration's page."""
    reference: str


@dataclass(frozen=True)
class InboundPage:
    standing: Standing
    received_at: datetime
    sender: str
    reply: str
    """A `mailto:` address, or empty."""
    why: str
    text: str
    attached: Sequence[str]
    files: str
    """Address of the page of its attachments."""
    forms: Sequence[FormShown]
    add: str
    """Address of the page on which the staff add a person."""


@dataclass(frozen=True)
class FileShown:
    name: str
    size: int
    address: str
    """Empty where it is withheld."""


@dataclass(frozen=True)
class FilesPage:
    subject: str
    back: str
    files: Sequence[FileShown]


@dataclass(frozen=True)
class FormPage:
    """The form of an e-mail, to be registered or saved as a change."""

    standing: Standing
    there: Person | None
    """Whose registration it changes."""
    revision: int
    asks: Sequence[Answer]
    values: Mapping[str, str]
    errors: Mapping[str, Sequence[str]]
    is_posted: bool
    notes: Sequence[str]
    text: str
    """Of the e-mail."""
    may_end: bool
    action: str
    back: str


def answer_inbound(visit: Visit, id: ItemId, below: list[str]) -> Response:
    match below:
        case ["form", place] if place.isdecimal() and len(place) < 5:
            allow(visit.request, "GET", "HEAD", "POST")
            return _posted(visit, id, int(place)) if visit.is_post else _form(visit, id, int(place))
        case ["files"]:
            allow(visit.request, "GET", "HEAD")
            return _files(visit, id)
        case ["files", place] if place.isdecimal() and len(place) < 5:
            allow(visit.request, "GET", "HEAD")
            return _file(visit, id, int(place))
        case _:
            raise NO_SUCH_PAGE


def inbound_page(visit: Visit, item: Item, standing: Standing) -> InboundPage:
    inbound, event = _of(item), visit.event
    spoken = language(event.language)
    subject = inbound.subject if inbound.subject[:3].lower() == "re:" else f"Re: {inbound.subject}"
    reply = f"mailto:{quote(inbound.sender)}?subject={quote(' '.join(subject.split()))}" if inbound.sender else ""
    return InboundPage(
        standing=standing,
        received_at=inbound.received_at,
        sender=inbound.sender or spoken.gettext("(no address)"),
        reply=reply,
        why=why(event, inbound.reasons),
        text=inbound.text,
        attached=[_short(name) for name in inbound.not_taken],
        files=f"{standing.address}/files",
        forms=[_form_shown(visit, item, place, standing) for place in range(len(inbound.forms))],
        add=visit.address("add"),
    )


def _of(item: Item) -> InboundEmail:
    (inbound,) = (one for one in item.behind if isinstance(one, InboundEmail))
    return inbound


def _form_shown(visit: Visit, item: Item, place: int, standing: Standing) -> FormShown:
    event, form = visit.event, _of(item).forms[place]
    there = _whose(item, form)
    answers = in_labels(event, form.answers)
    labels = {field.name: field.label for field in event.fields}
    name = " ".join(filter(None, (form.answers.get("first_name", ""), form.answers.get("family_name", ""))))
    is_done = form.status in (*REGISTERED, *CHANGES)
    return FormShown(
        name=name or (there.registration.full_name if there else ""),
        status=form_in_words(event, form.status),
        open="" if is_done or form.is_letter else f"{standing.address}/form/{place}",
        changes=there is not None,
        notes=_notes(event, form),
        rows=[(labels[name], answers[name]) for name in labels if answers.get(name)],
        differing=_differing(event, there, form) if there and not is_done else [],
        person=visit.address("registrations", form.registration_id) if form.registration_id else "",
        reference=reference(form.registration_id) if form.registration_id else "",
    )


def _whose(item: Item, form: InboundForm) -> Registered | None:
    return next((one for one in item.people if one.id == form.registration_id), None)


def _notes(event: Event, form: InboundForm) -> list[str]:
    wrong = sentences(event, form.faults)
    labels = {field.name: field.label for field in event.fields}
    spoken = language(event.language)
    faults = [
        spoken.gettext("%(label)s: %(text)s", label=labels.get(name, name), text=" ".join(said))
        for name, said in wrong.items()
    ]
    return [*why_doubted(event, form.doubts, _short), *faults]


def _differing(event: Event, there: Registered, form: InboundForm) -> list[FieldChange]:
    before = in_labels(event, written(there.registration))
    after = in_labels(event, form.answers)
    return [
        FieldChange(field.name, field.label, before.get(field.name, ""), after[field.name])
        for field in event.fields
        if after.get(field.name) and after[field.name] != before.get(field.name, "")
    ]


# --- its form


def _form(visit: Visit, id: ItemId, place: int) -> Response:
    item = found(visit, id)
    form = _form_at(item, place)
    there = _whose(item, form)
    suggested = {
        **(written(there.registration) if there else {}),
        **{n: text for n, text in form.answers.items() if text},
    }
    not_needed = () if there is None else [field.name for field in visit.event.fields]
    left_out = {*visit.event.staff_may_leave_out, *not_needed}
    wrong = {name: faults for name, faults in form.faults.items() if form.answers.get(name) or name not in left_out}
    return _filled_in(visit, item, place, in_codes(visit.event, suggested), sentences(visit.event, wrong))


def _form_at(item: Item, place: int) -> InboundForm:
    forms = _of(item).forms
    if place >= len(forms):
        raise NOT_THERE
    return forms[place]


def _filled_in(
    visit: Visit,
    item: Item,
    place: int,
    values: Mapping[str, str],
    errors: Mapping[str, Sequence[str]],
    status: int = 200,
    problem: str = "",
    ends: bool | None = None,
) -> Response:
    opened(visit, item)
    form = _form_at(item, place)
    there, standing = _whose(item, form), standing_of(visit, item, problem)
    others = [one for number, one in enumerate(_of(item).forms) if number != place]
    is_last = all(one.status in (*REGISTERED, *CHANGES) for one in others)
    context = FormPage(
        standing=standing,
        there=person_of(visit, there) if there else None,
        revision=there.revision if there else 0,
        asks=asked_of(visit.event.as_staff_ask()),
        values=values,
        errors=errors,
        is_posted=visit.is_post,
        notes=_notes(visit.event, form),
        text=_of(item).text,
        may_end=is_last if ends is None else ends,
        action=f"{standing.address}/form/{place}",
        back=standing.address,
    )
    return staff_page(visit, "review_form", context, status)


def _posted(visit: Visit, id: ItemId, place: int) -> Response:
    event = visit.event
    form = read_page_form(visit.request, names_sent_several_times(event))
    typed = form.typed
    press, item = visit.press(typed), found(visit, id)
    there = _whose(item, _form_at(item, place))
    answers = {name: text for name, text in typed.items() if name not in (BUTTON, SEEN, REVISION, ENDS)}
    ends = typed.get(ENDS) == "yes"
    try:
        registration = _read(visit, item, place, there, answers, form)
    except ValidationError as error:
        return _filled_in(visit, item, place, answers, sentences(event, faults_of(error)), 422, ends=ends)
    again: dict[str, Any] = {"values": in_codes(event, answers), "errors": {}, "status": 409, "ends": ends}
    desk, seen, spoken = visit.desk, typed.get(SEEN, ""), language(event.language)
    outcome: review_forms.Outcome | review_forms.Changed | None
    if there:
        revision = revision_in(typed)
        outcome = review_forms.change_emailed(desk, event, id.id, place, seen, revision, press, registration, ends=ends)
    else:
        outcome = review_forms.register_emailed(desk, event, id.id, place, seen, press, registration, ends=ends)
    noted(visit, id, "save" if there else "register", outcome)
    match outcome:
        case None:
            raise NOT_THERE
        case FormRegistered() | FormSaved() if ends:
            return next_page(visit, id.kind, press, Ending.CHANGED if there else Ending.REGISTERED)
        case FormRegistered() | FormSaved():
            done = Ending.CHANGED if there else Ending.REGISTERED
            address = visit.address("review", id.kind, id.id, done=done.value)
            return see_other(address)
        case amend.Overtaken():
            return refused(visit, id, review.ChangedMeanwhile(item))
        case amend.Taken(other=other):
            problem = spoken.gettext(_TAKEN, reference=other.reference)
            return _filled_in(visit, item, place, problem=problem, **again)
        case amend.TooLate() | amend.TooManyChanges():
            return _filled_in(visit, item, place, problem=spoken.gettext(NOT_CHANGED), **again)
        case _:
            return refused(visit, id, outcome)


def _read(
    visit: Visit, item: Item, place: int, there: Registered | None, answers: Mapping[str, str], form: Form
) -> Registration:
    """In its person's language. Raises `ValidationError`."""
    event = visit.event.as_staff_ask()
    if there is None:
        said = _form_at(item, place).language or _of(item).language
        spoken = said if said in event.languages else event.languages[0]
        read = read_form(event.in_language(spoken), answers, form.faults)
        return replace(read, language=spoken)
    was = there.registration
    read = read_form(event.in_language(was.language), answers, form.faults)
    return with_what_is_gone(event, was, replace(read, language=was.language))


# --- its files


def _files(visit: Visit, id: ItemId) -> Response:
    item = found(visit, id)
    opened(visit, item)
    address = visit.address("review", id.kind, id.id)
    files = [
        FileShown(_short(one.name), len(one.content), "" if one.withheld else f"{address}/files/{place}")
        for place, one in enumerate(_attachments(visit, _of(item)))
    ]
    return staff_page(visit, "review_files", FilesPage(_short(_of(item).subject), address, files))


def _file(visit: Visit, id: ItemId, place: int) -> Response:
    """To be stored, never to be shown here: whoever opens it does so in a program of their own."""
    item = found(visit, id)
    opened(visit, item)
    attachments = _attachments(visit, _of(item))
    if place >= len(attachments) or attachments[place].withheld:
        raise _NO_FILE
    file = attachments[place]
    response = Response(file.content, content_type="application/octet-stream")
    response.headers["Content-Disposition"] = _as_file(file.name, place)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _as_file(name: str, place: int) -> str:
    """RFC 6266, 4.3: in ASCII for old programs."""
    ending = "".join(one for one in name.rpartition(".")[2] if one.isascii() and one.isalnum())[:8] or "bin"
    return f"attachment; filename=\"attachment-{place + 1}.{ending}\"; filename*=UTF-8''{quote(_short(name), safe='')}"


def _attachments(visit: Visit, inbound: InboundEmail) -> Sequence[Any]:
    raw = visit.desk.files().get(inbound.id)
    return visit.desk.reader().attachments(raw) if raw else ()


def _short(text: str) -> str:
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line if len(line) <= _LONGEST_NAME else f"{line[: _LONGEST_NAME - 1]}…"
