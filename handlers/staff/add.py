"""Adding a person: the form, as the staff fill it in from a telephone call, a fax or paper."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import assert_never

from flask import Response
from marshmallow import ValidationError

from handlers.form_page import filled_in
from handlers.logs import log
from handlers.request_body import Form, read_page_form
from handlers.responses import allow, see_other
from handlers.staff.pages import framed
from handlers.staff.people import address_of
from handlers.staff.visit import BUTTON, Visit
from rollcall.desk.register import intake_now
from rollcall.desk.staff.add import LARGEST_SCAN, Added, AddedLate, IsThere, NotYetOpen, add, is_scan_of, keep_scan
from rollcall.documents.staff_log import source_in_words
from rollcall.language import N_, language
from rollcall.model.event import Event
from rollcall.model.form import Choice, FormField
from rollcall.model.registration import Entered, Registered, Registration, Source
from schemas.faults import sentences
from schemas.form import faults_of, names_sent_several_times, read_form
from templates import in_zone

_FILE, _SCAN = "_file", "_scan"
_SOURCE, _NOTE, _LANGUAGE, _ADMIT = "_source", "_note", "_language", "_admit"
_TOO_LARGE = N_("The scan is larger than 10 MB. Please choose a smaller one.")
_NO_SCAN = N_("This file is no scan that we take: please choose a PDF, JPEG, PNG or TIFF.")
_THERE_SAME = N_("This person is registered already, with the same answers. Nothing was written.")
_THERE_OTHER = N_("This person is registered already, with other answers. Nothing was written; change them there.")
_THERE_WITHDRAWN = N_("This person was registered, and the registration is withdrawn. You can bring it back there.")
_NOT_OPEN = N_("Registration opens on %(at)s. Nothing was registered.")


def add_page(visit: Visit) -> Response:
    allow(visit.request, "GET", "HEAD", "POST")
    if not visit.is_post:
        return _form(visit, 200, {_LANGUAGE: visit.event.languages[0]})
    asked = _asking(visit)
    form = read_page_form(visit.request, names_sent_several_times(asked), _FILE)
    press = visit.press(form.typed)
    scan, problem = _scan(visit, form)
    answers = {name: text for name, text in form.typed.items() if name not in (BUTTON, _SCAN)}
    shown = {**answers, _SCAN: scan}
    if problem:
        return _form(visit, 422, shown, problem=problem)
    try:
        read = read_form(asked, answers, form.faults)
    except ValidationError as error:
        return _form(visit, 422, shown, errors=sentences(asked, faults_of(error)))
    entered = Entered(Source(read.answers[_SOURCE]), read.answers.get(_NOTE, ""), scan)
    admit_because = read.answers.get(_ADMIT, "")
    language_of_person = read.answers.get(_LANGUAGE, visit.event.languages[0])
    registration = _in_language(visit.event.in_language(language_of_person), answers)
    outcome = add(visit.desk, visit.event, press, registration, entered, admit_because)
    return _answered(visit, shown, outcome)


def _answered(visit: Visit, shown: Mapping[str, str], outcome: Added | AddedLate | IsThere | NotYetOpen) -> Response:
    log("INFO", "person added", event=visit.event.slug, outcome=type(outcome).__name__)
    match outcome:
        case Added(there):
            return _to(visit, there, "added")
        case AddedLate(there):
            return _to(visit, there, "late")
        case IsThere(there, says_the_same):
            why = _THERE_WITHDRAWN if there.is_withdrawn else _THERE_SAME if says_the_same else _THERE_OTHER
            return _form(visit, 409, shown, problem=visit.spoken.gettext(why), there=there)
        case NotYetOpen(at):
            problem = visit.spoken.gettext(_NOT_OPEN, at=in_zone(at, visit.event))
            return _form(visit, 409, shown, problem=problem)
        case _:
            assert_never(outcome)


def _in_language(event: Event, answers: Mapping[str, str]) -> Registration:
    """Of its person, without what is about how it came."""
    own = {name: text for name, text in answers.items() if not name.startswith("_")}
    return replace(read_form(event.as_staff_ask(), own), form_version=event.form_version)


def _asking(visit: Visit) -> Event:
    """The form, as it asks the staff; how it came; and after the deadline, why to admit the person."""
    event = visit.event.as_staff_ask()
    spoken, asks = language(event.language), [*event.fields]
    sources = tuple(Choice(one.value, source_in_words(event, one)) for one in Source)
    came, how = spoken.gettext("How it came"), spoken.gettext("Say how it came.")
    asks.append(FormField(_SOURCE, "choice", came, how, required=True, choices=sources))
    note, about = spoken.gettext("What else it says"), spoken.gettext("What the form does not ask for.")
    asks.append(FormField(_NOTE, "lines", note, note, help=about))
    if len(event.languages) > 1:
        codes = [Choice(code, language(code).name) for code in event.languages]
        label = spoken.gettext("Language")
        asks.append(FormField(_LANGUAGE, "choice", label, label, required=True, choices=tuple(codes)))
    if intake_now(visit.desk, event).past:
        admit = spoken.gettext("Admit late, because")
        unless = N_("The deadline has passed. Without a reason the person is kept as late, and is not on the roster.")
        asks.append(FormField(_ADMIT, "text", admit, admit, help=spoken.gettext(unless)))
    return replace(event, fields=tuple(asks))


def _scan(visit: Visit, form: Form) -> tuple[str, str]:
    """Its id, and what is wrong with it. One that was chosen before stays."""
    spoken, before = visit.spoken, form.typed.get(_SCAN, "")
    before = before if is_scan_of(visit.event, before) else ""
    if not form.file:
        return before, ""
    if len(form.file) > LARGEST_SCAN:
        return before, spoken.gettext(_TOO_LARGE)
    id = keep_scan(visit.desk, visit.event, form.file)
    return (id, "") if id else (before, spoken.gettext(_NO_SCAN))


def _form(
    visit: Visit,
    status: int,
    values: Mapping[str, str],
    *,
    problem: str | None = None,
    there: Registered | None = None,
    errors: Mapping[str, Sequence[str]] | None = None,
) -> Response:
    return filled_in(
        visit.desk,
        visit.request,
        _asking(visit),
        status,
        values,
        errors=errors,
        problem=problem,
        template="staff/add",
        show=partial(framed, visit),
        there=(there.reference, address_of(visit, there)) if there else None,
        scan=values.get(_SCAN, ""),
        action="?send",
        revision="0",  # the page shows no answers to be checked before they are signed
    )


def _to(visit: Visit, there: Registered, said: str) -> Response:
    return see_other(f"{address_of(visit, there)}?{said}")
