"""What the staff can do about a person: each on a page of its own, which says what it means before it is pressed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from flask import Response

from handlers.change import revision_in
from handlers.logs import log
from handlers.request_body import read_page_form
from handlers.responses import HttpProblem, see_other
from handlers.staff.acting import ActPage, asking, filled_in
from handlers.staff.pages import staff_page
from handlers.staff.people import NOT_REGISTERED, Tag, address_of, found, see_that_it_is_not_erased, tags_of
from handlers.staff.visit import Visit
from rollcall.desk import amend
from rollcall.desk.amend import Amended, NothingNew, Overtaken, Taken, TooLate, TooManyChanges
from rollcall.desk.desk import Desk
from rollcall.desk.staff import person as at_desk
from rollcall.desk.staff.person import IsOnTime, IsWithdrawn, Same
from rollcall.documents.changes import FieldChange, changes_between
from rollcall.language import N_
from rollcall.model.event import Event
from rollcall.model.form import FormField
from rollcall.model.personal_data import Opened
from rollcall.model.registration import Registered
from rollcall.model.staff import Press
from schemas.form import asked_of

Outcome = amend.Outcome | IsWithdrawn | IsOnTime | Same | None
_REASON = FormField(
    "reason", "text", N_("Reason"), N_("Say why. It stays in the log."), max_length=200, help=N_("It stays in the log.")
)
_EMAIL = FormField(
    "email", "email", N_("The right e-mail address"), N_("Give the right e-mail address."), required=True
)
_NO_ACTION = HttpProblem(404, N_("Not found"), N_("There is no such page."))
_NO_OTHER = N_("No registration of this event has this reference.")
_PROBLEMS = {
    Overtaken: N_("This registration was changed meanwhile. Nothing was done; look at it again."),
    IsWithdrawn: N_("This registration is withdrawn. Nothing was done."),
    IsOnTime: N_("It came in time. There is nothing to admit."),
    Same: N_("This is the same registration. Nothing was done."),
    TooLate: N_("The event is over. Nothing was done."),
    TooManyChanges: N_("This registration was changed very often. Nothing was done."),
    Taken: N_("Another registration has this name and e-mail address. Nothing was done."),
}


@dataclass(frozen=True)
class Acted:
    visit: Visit
    press: Press
    there: Registered
    seen: int
    typed: Mapping[str, str]


@dataclass(frozen=True)
class Action:
    label: str
    means: str
    said: str
    do: Callable[[Acted], Outcome]
    is_for: Callable[[Visit, Registered], bool]
    fields: Sequence[FormField] = ()


@dataclass(frozen=True)
class DoublePage:
    there: Registered
    other: Registered | None
    tags: tuple[Sequence[Tag], Sequence[Tag]]
    differ: Sequence[FieldChange]
    address: str
    """Of the other's own page."""
    typed: str
    problem: str
    back: str


def _stands(visit: Visit, there: Registered) -> bool:
    return not there.is_withdrawn


def _is_late(visit: Visit, there: Registered) -> bool:
    return _stands(visit, there) and visit.desk.intakes.recent(visit.event).leaves_out(there)


def _is_admitted(visit: Visit, there: Registered) -> bool:
    late = visit.desk.intakes.recent(visit.event).is_late(there.received_at)
    return _stands(visit, there) and late and bool(there.admitted)


_ACTIONS = {
    "address": Action(
        N_("Correct the address and send the confirmation again"),
        N_("The new address counts at once, and the confirmation goes there. Links that went to the old one end."),
        "corrected",
        lambda one: at_desk.correct_address(*_at(one), one.seen, one.typed["email"]),
        _stands,
        (_EMAIL,),
    ),
    "resend": Action(
        N_("Send the confirmation again"),
        N_("A confirmation of what is registered now goes to the address on file."),
        "resent",
        lambda one: at_desk.resend(*_at(one)),
        _stands,
    ),
    "admit": Action(
        N_("Admit late"),
        N_("The person comes on the roster though the form was late, and gets a confirmation."),
        "admitted",
        lambda one: at_desk.admit(*_at(one), one.typed["reason"]),
        _is_late,
        (replace(_REASON, required=True),),
    ),
    "not-admitted": Action(
        N_("Take the admission back"),
        N_("The person leaves the roster, and reads that they are no longer registered."),
        "not-admitted",
        lambda one: at_desk.take_back_admission(*_at(one), one.typed["reason"]),
        _is_admitted,
        (replace(_REASON, required=True),),
    ),
    "links": Action(
        N_("End all links"),
        N_("Nobody can open this registration by the links that were sent until now. The person gets a new one."),
        "links",
        lambda one: at_desk.end_links(*_at(one)),
        _stands,
    ),
    "withdraw": Action(
        N_("Withdraw this registration"),
        N_("The person leaves the roster, and gets an e-mail that says so. You can bring the registration back."),
        "withdrawn",
        lambda one: at_desk.withdraw(*_at(one), one.typed["reason"]),
        _stands,
        (_REASON,),
    ),
    "back": Action(
        N_("Register again"),
        N_("The person is registered again with the same answers, and gets a confirmation."),
        "again",
        lambda one: at_desk.bring_back(*_at(one), one.seen),
        lambda _, there: there.is_withdrawn,
    ),
}


def offered(visit: Visit, there: Registered) -> list[tuple[str, str]]:
    change = [("change", N_("Change answers"))] if not there.is_withdrawn else []
    those = [*change, *((name, one.label) for name, one in _ACTIONS.items() if one.is_for(visit, there))]
    those.append(("erase", N_("Erase all that is held")))
    return [(address_of(visit, there, name), visit.spoken.gettext(label)) for name, label in those]


def answer(visit: Visit, there: Registered, name: str) -> Response:
    if name == "double":
        return _double(visit, there)
    if name not in _ACTIONS:
        raise _NO_ACTION
    action = _ACTIONS[name]
    known = {_EMAIL.name: there.registration.email}
    return _done(visit, there, action) if visit.is_post else _act_page(visit, there, action, known)


def _done(visit: Visit, there: Registered, action: Action) -> Response:
    form = read_page_form(visit.request)
    press = visit.press(form.typed)
    filled = filled_in(visit.event, action.fields, form)
    if filled.errors:
        return _act_page(visit, there, action, filled.typed, status=422, errors=filled.errors)
    outcome = action.do(Acted(visit, press, there, revision_in(form.typed), filled.answers))
    about = {"event": visit.event.slug, "registration": there.id, "action": action.said}
    log("INFO", "staff acted", **about, outcome=type(outcome).__name__)
    match outcome:
        case Amended():
            return _back(visit, there, action.said)
        case NothingNew():
            return _back(visit, there, "unchanged")
        case Overtaken() | IsWithdrawn() | IsOnTime() | Same() | TooLate() | TooManyChanges() | Taken():
            problem = visit.spoken.gettext(_PROBLEMS[type(outcome)])
            other = outcome.other if isinstance(outcome, Taken) else None
            return _act_page(visit, outcome.registered, action, filled.typed, status=409, problem=problem, other=other)
        case None:
            raise NOT_REGISTERED
        case _:
            assert_never(outcome)


def _act_page(
    visit: Visit,
    there: Registered,
    action: Action,
    values: Mapping[str, str],
    *,
    status: int = 200,
    problem: str = "",
    other: Registered | None = None,
    errors: Mapping[str, Sequence[str]] | None = None,
) -> Response:
    context = ActPage(
        heading=visit.spoken.gettext(action.label),
        name=there.registration.full_name,
        reference=there.reference,
        tags=tags_of(visit, there),
        email=there.registration.email,
        means=visit.spoken.gettext(action.means),
        problem=problem,
        other=(other.reference, address_of(visit, other)) if other else None,
        asks=asked_of(asking(visit.event, action.fields)),
        values=values,
        errors=errors or {},
        revision=there.revision,
        back=address_of(visit, there),
    )
    return staff_page(visit, "act", context, status)


def _double(visit: Visit, there: Registered) -> Response:
    """Beside another, which may be its double."""
    typed = visit.request.args.get("other", "")
    if not visit.is_post:
        other = at_desk.by_reference(visit.desk, visit.event, typed)
        problem = visit.spoken.gettext(_NO_OTHER) if typed and other is None else ""
        return _double_page(visit, there, other, typed, problem)
    form, press = visit.posted()
    other = found(visit, form.get("other", ""))
    see_that_it_is_not_erased(visit, other)  # as its double, this one would be erased too
    outcome = at_desk.merge(visit.desk, visit.event, press, there.id, other.id)
    about = {"event": visit.event.slug, "registration": there.id, "double": other.id}
    log("INFO", "double withdrawn", **about, outcome=type(outcome).__name__)
    match outcome:
        case Amended():
            return _back(visit, there, "merged")
        case NothingNew():
            return _back(visit, there, "unchanged")
        case IsWithdrawn() | Same():
            problem = visit.spoken.gettext(_PROBLEMS[type(outcome)])
            return _double_page(visit, there, other, other.reference, problem, status=409)
        case None:
            raise NOT_REGISTERED
        case _:
            assert_never(outcome)


def _double_page(
    visit: Visit, there: Registered, other: Registered | None, typed: str, problem: str, status: int = 200
) -> Response:
    if other:
        visit.opened(Opened.PERSON, other.id)
    differ = changes_between(visit.event, there.registration, other.registration) if other else []
    context = DoublePage(
        there=there,
        other=other,
        tags=(tags_of(visit, there), tags_of(visit, other) if other else ()),
        differ=differ,
        address=address_of(visit, other) if other else "",
        typed=typed,
        problem=problem,
        back=address_of(visit, there),
    )
    return staff_page(visit, "double", context, status)


def _at(one: Acted) -> tuple[Desk, Event, Press, str]:
    return one.visit.desk, one.visit.event, one.press, one.there.id


def _back(visit: Visit, there: Registered, said: str) -> Response:
    return see_other(f"{address_of(visit, there)}?{said}")
