"""Changing a registration: its form, filled in; what would change, to be checked; and saving it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, assert_never

from flask import Request, Response
from marshmallow import ValidationError

from handlers.form_page import CHANGE, CHECK, SEND, Shows, filled_in, given_back, labelled_answers
from handlers.logs import log
from handlers.request_body import Form, number_in, read_page_form
from handlers.responses import HttpProblem, page, see_other
from rollcall.desk.amend import Amended, NothingNew, Overtaken, Taken, TooLate, TooManyChanges, amend, may_change_until
from rollcall.desk.desk import Desk
from rollcall.desk.register import intake_now
from rollcall.documents.changes import FieldChange, changes_between
from rollcall.language import N_, language
from rollcall.model.event import Event
from rollcall.model.registration import Actor, Registered, Registration, Way, as_asked, same_mailbox, says_the_same
from rollcall.model.staff import Press
from schemas import form as schema
from schemas.faults import sentences

REVISION = "_revision"
"""In the form, that which was shown. No field has such a name."""
NOT_REGISTERED = HttpProblem(
    410, N_("This registration is not here"), N_("There is nothing left to do: nobody is registered by it.")
)
_TAKEN = N_(
    "There is another registration under this name and e-mail address, with the reference %(reference)s. Nothing was "
    "changed. If both are yours, please write to %(email)s."
)
_TOO_MANY = N_(
    "This registration was changed very often, and cannot be changed here any more. Nothing was changed. Please write "
    "to %(email)s and say what is to be different."
)


@dataclass(frozen=True)
class Changing:
    there: Registered
    by: Actor
    address: str
    """Of the page from which the person comes, and to which they return."""
    suggested: Mapping[str, str]
    """What the form is filled in with."""
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    press: Callable[[Mapping[str, str]], Press] | None = None
    """Of the staff's button in this form, at their desk."""
    show: Shows = page

    @property
    def before(self) -> Registration:
        """At their desk the staff see the address that counts apart from one that waits to be confirmed."""
        return self.there.registration if self.press else as_asked(self.there)


def change(
    desk: Desk,
    event: Event,
    request: Request,
    by: Actor,
    address: str,
    find: Callable[[], Changing | Response],
    show: Shows = page,
) -> Response:
    """Whatever fails, what was typed stays."""
    if request.method != "POST":
        found = find()
        return found if isinstance(found, Response) else _shown(desk, event, request, found)
    form = read_page_form(request, schema.names_sent_several_times(event))
    try:
        found = find()
        return found if isinstance(found, Response) else _posted(desk, event, request, found, form)
    except HttpProblem:
        raise
    except Exception as error:
        context = _context(request, by, address, None, form.typed.get(REVISION, ""))
        return given_back(desk, request, event, _answers(form), error, show=show, **context)


def changes_end(desk: Desk, event: Event, there: Registered) -> datetime:
    """Read afresh where it may be past."""
    return may_change_until(event, intake_now(desk, event), there)


def differences(event: Event, before: Registration, after: Registration) -> list[FieldChange]:
    """In what is still asked."""
    return [one for one in changes_between(event, before, after) if event.field(one.name)]


def _answers(form: Form) -> dict[str, str]:
    """Without what is the page's own."""
    return {name: text for name, text in form.typed.items() if not name.startswith("_")}


def _shown(desk: Desk, event: Event, request: Request, of: Changing) -> Response:
    if ended := _ended(desk, event, of):
        return _too_late(event, ended, of, {})
    return _form(desk, event, request, 200, of, of.suggested, of.there.revision, errors=of.errors)


def _posted(desk: Desk, event: Event, request: Request, of: Changing, form: Form) -> Response:
    seen, step = revision_in(form.typed), request.query_string
    press = of.press(form.typed) if of.press else None
    if ended := _ended(desk, event, of):
        return _too_late(event, ended, of, form.typed)
    if step == CHANGE:
        return _form(desk, event, request, 200, of, _answers(form), seen)
    try:
        registration = _registration(event, of, form)
    except ValidationError as error:
        errors = sentences(event, schema.faults_of(error))
        log("INFO", "form refused", event=event.slug, fields=[name for name in errors if event.field(name)])
        return _form(desk, event, request, 422, of, _answers(form), seen, errors=errors)
    if not step.startswith(SEND):
        return _to_check(event, of, form, registration, overtaken=seen != of.there.revision)
    return _saved(desk, event, request, of, form, registration, seen, press)


def _saved(
    desk: Desk,
    event: Event,
    request: Request,
    of: Changing,
    form: Form,
    registration: Registration,
    seen: int,
    press: Press | None,
) -> Response:
    way = Way.DESK if press else Way.LINK
    outcome = amend(desk, event, of.there.id, seen, registration, of.by, way, press=press)
    about = {"event": event.slug, "registration": of.there.id, "by": of.by}
    log("INFO", "change received", **about, outcome=type(outcome).__name__)
    match outcome:
        case Amended(now):
            return _back(of, _said(of.there, now))
        case NothingNew():
            return _back(of, "unchanged")
        case Overtaken(now):
            return _to_check(event, replace(of, there=now), form, registration, overtaken=True, status=409)
        case TooLate(until=until):
            return _too_late(event, until, of, form.typed)
        case Taken(other=other):
            why = language(event.language).gettext(_TAKEN, reference=other.reference, email=event.secretariat)
            return _form(desk, event, request, 409, of, _answers(form), seen, problem=why)
        case TooManyChanges():
            why = language(event.language).gettext(_TOO_MANY, email=event.secretariat)
            return _form(desk, event, request, 409, of, _answers(form), seen, problem=why)
        case None:
            raise NOT_REGISTERED
        case _:
            assert_never(outcome)


def _said(before: Registered, now: Registered) -> str:
    """In the query of the page to which the person returns."""
    if before.is_withdrawn:
        return "again"
    only_address = now.new_email and says_the_same(now.registration, before.registration)
    return "address" if only_address else "changed"


def _registration(event: Event, of: Changing, form: Form) -> Registration:
    """In the language of the page, or where the staff change it, in that of its person; with what was answered to
    questions that are not asked any more."""
    was = of.there.registration
    asked = event.in_language(was.language) if of.by is Actor.STAFF else event
    registration = schema.read_form(asked.as_staff_ask() if of.press else asked, _answers(form), form.faults)
    return with_what_is_gone(event, was, replace(registration, form_version=asked.form_version))


def with_what_is_gone(event: Event, was: Registration, read: Registration) -> Registration:
    """With what was answered to questions that are not asked any more."""
    gone = [name for name in was.answers if not event.field(name)]
    return replace(
        read,
        answers={**{name: was.answers[name] for name in gone}, **read.answers},
        chosen={**{name: was.chosen[name] for name in gone if name in was.chosen}, **read.chosen},
    )


def revision_in(typed: Mapping[str, str]) -> int:
    """No number: of none that was ever shown."""
    return number_in(typed.get(REVISION, ""), 6) or 0


def _ended(desk: Desk, event: Event, of: Changing) -> datetime | None:
    if of.by is Actor.STAFF:
        return None
    until = changes_end(desk, event, of.there)
    return until if desk.intakes.now(event) > until else None


def _back(of: Changing, said: str) -> Response:
    return see_other(f"{of.address}?{said}")


def _form(
    desk: Desk,
    event: Event,
    request: Request,
    status: int,
    of: Changing,
    values: Mapping[str, str],
    revision: int,
    **wrong: Any,
) -> Response:
    context = _context(request, of.by, of.address, of.there, str(revision))
    asked = event.as_staff_ask() if of.press else event
    return filled_in(desk, request, asked, status, values, show=of.show, **wrong, **context)


def _context(request: Request, by: Actor, address: str, there: Registered | None, revision: str) -> dict[str, Any]:
    """templates/pages/change.html says what each is."""
    # not the page's own address, as with the form
    action = "?check-again" if request.query_string == CHECK else "?check"
    about = {"there": there, "by_staff": by is Actor.STAFF, "address": address, "revision": revision}
    return {"template": "change", "posted": True, "action": action, **about}


def _to_check(
    event: Event, of: Changing, form: Form, registration: Registration, *, overtaken: bool, status: int = 200
) -> Response:
    """What is saved comes under the revision that is shown here."""
    changed = differences(event, of.before, registration)
    if not changed and not of.there.is_withdrawn:
        return _back(of, "unchanged")
    values, by_staff = schema.in_codes(event, _answers(form)), of.by is Actor.STAFF
    return of.show(
        status,
        "check_changes",
        event=event,
        there=of.there,
        by_staff=by_staff,
        changed=changed,
        answers=labelled_answers(event, values) if of.there.is_withdrawn else [],
        values={**values, REVISION: str(of.there.revision)},
        asks_new_address=not by_staff and not same_mailbox(as_asked(of.there).email, registration.email),
        overtaken=overtaken,
        action="?send" if status == 200 else "?send-again",
    )


def _too_late(event: Event, until: datetime, of: Changing, typed: Mapping[str, str]) -> Response:
    answers = labelled_answers(event, typed)
    return page(410, "too_late", event=event, until=until, there=of.there, address=of.address, answers=answers)
