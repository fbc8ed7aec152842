"""An item of the review queue: its page, who has it, and how it is ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from flask import Response
from marshmallow import ValidationError

from handlers.change import revision_in, with_what_is_gone
from handlers.logs import log
from handlers.responses import NO_SUCH_PAGE, HttpProblem, allow, see_other
from handlers.staff.pages import staff_page
from handlers.staff.visit import Visit
from rollcall.desk import amend
from rollcall.desk.staff import review, review_forms
from rollcall.desk.staff.review import Item, Refused
from rollcall.desk.staff.review_forms import AlreadyRegistered, FormRegistered, FormSaved, taken_over
from rollcall.documents.changes import changes_between
from rollcall.documents.review_words import email_in_words, ending_in_words, items_in_words
from rollcall.documents.roster_content import WHY_QUARANTINED, status_in_words
from rollcall.language import N_, language
from rollcall.model.email import OutboxEntry
from rollcall.model.event import Event
from rollcall.model.inbound import InboundEmail
from rollcall.model.personal_data import Opened
from rollcall.model.registration import QuarantinedForm, Registered, Registration, written
from rollcall.model.review import DifferingForm, Ending, ItemId, ItemKind
from rollcall.model.staff import Press
from schemas.faults import sentences
from schemas.form import faults_of, in_words, read_form

DONE = "done"
"""In the query of the page that comes up next: how the last item ended."""
SEEN, OVER, ENDING = "_seen", "_over", "_ending"
TAKEN = "take-"
"""Before the name of a field in the form of a differing item."""
NOT_THERE = HttpProblem(404, N_("Not found"), N_("The review queue of this event has no such item."))
_BY_CODE = {ending.value: ending for ending in Ending}
_ENDINGS = {
    ItemKind.QUARANTINED: (Ending.ROBOT,),
    ItemKind.DIFFERING: (Ending.LEFT,),
    ItemKind.INBOUND: (Ending.DEALT_WITH,),
    ItemKind.UNDELIVERED: (Ending.DISMISSED,),
    ItemKind.DOUBLES: (Ending.NOT_THE_SAME,),
}
"""That need nothing but the press."""
_CHANGED = N_("It changed while you looked at it. Nothing was done. Please look once more.")
_HELD = N_("%(who)s has it at the moment. Nothing was done.")
_ENDED_BEFORE = N_("There is nothing left to do here. Nothing was changed.")
_ALREADY = N_(
    "This person is registered already, by another form, with the reference %(reference)s. Nothing was changed."
)
_TOGETHER = N_("These answers do not go together. %(why)s Nothing was changed.")
NOT_CHANGED = N_("The registration could not be changed. Please change it on the person's page.")


@dataclass(frozen=True)
class Person:
    name: str
    reference: str
    address: str
    withdrawn: bool
    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Standing:
    """What each item's page begins with."""

    kind: str
    title: str
    about: str
    since: datetime | None
    """None: there is nothing to do any more."""
    said: str
    """What the last press did; empty where there was none."""
    problem: str
    """Why the last press did nothing."""
    holder: str
    mine: bool
    taken_at: datetime | None
    ended: str
    ended_by: str
    ended_at: datetime | None
    may_act: bool
    address: str
    seen: str
    queue: str
    """Its address."""


@dataclass(frozen=True)
class QuarantinedPage:
    standing: Standing
    why: str
    rows: Sequence[tuple[str, str]]
    person: Person | None
    """Registered since."""


@dataclass(frozen=True)
class Choice:
    """What one form says in a field."""

    form_id: str
    came_at: datetime
    text: str


@dataclass(frozen=True)
class DifferingField:
    name: str
    label: str
    now: str
    choices: Sequence[Choice]
    taken: str


@dataclass(frozen=True)
class DifferingPage:
    standing: Standing
    person: Person
    revision: int
    fields: Sequence[DifferingField]


@dataclass(frozen=True)
class UndeliveredPage:
    standing: Standing
    rows: Sequence[tuple[str, str]]
    person: Person | None
    correct: str
    """Address of the page that corrects theirs."""


@dataclass(frozen=True)
class DoublesPage:
    standing: Standing
    people: Sequence[Person]
    merge: str
    """Address of the page that makes them one."""


def answer(visit: Visit, id: ItemId, below: list[str]) -> Response:
    match id.kind, below:
        case _, []:
            allow(visit.request, "GET", "HEAD")
            return shown(visit, found(visit, id))
        case _, ["take" | "release" | "end" as verb]:
            allow(visit.request, "POST")
            return _pressed(visit, id, verb)
        case ItemKind.QUARANTINED, ["register"]:
            allow(visit.request, "POST")
            return _register(visit, id)
        case ItemKind.DIFFERING, ["save"]:
            allow(visit.request, "POST")
            return _save(visit, id)
        case ItemKind.INBOUND, [*below]:
            from handlers.staff.review_inbound import answer_inbound

            return answer_inbound(visit, id, below)
        case _:
            raise NO_SUCH_PAGE


def found(visit: Visit, id: ItemId) -> Item:
    item = review.find(visit.desk, visit.event, id)
    if item is None:
        raise NOT_THERE
    return item


def opened(visit: Visit, item: Item) -> None:
    visit.opened(Opened.REVIEW, *(one.id for one in item.people), about=str(item.id))


def title_of(event: Event, item: Item) -> tuple[str, str]:
    """And what it is about, in a line."""
    spoken = language(event.language)
    match item.behind[:1]:
        case [QuarantinedForm(form)]:
            return form.registration.full_name, form.registration.email
        case [InboundEmail() as inbound]:
            subject = " ".join(inbound.subject.split()) or spoken.gettext("(no subject)")
            return subject, inbound.sender or spoken.gettext("(no address)")
        case [OutboxEntry() as entry]:
            kind = email_in_words(event, entry.kind)
            return (item.people[0].registration.full_name, f"{entry.to} · {kind}") if item.people else (entry.to, kind)
        case _:
            names = [one.registration.full_name for one in item.people]
            return spoken.listed(list(dict.fromkeys(names))), item.people[0].registration.email


def shown(
    visit: Visit, item: Item, problem: str = "", status: int = 200, taken: Mapping[str, str] | None = None
) -> Response:
    opened(visit, item)
    standing = standing_of(visit, item, problem)
    match item.id.kind:
        case ItemKind.QUARANTINED:
            return staff_page(visit, "review_quarantined", _quarantined(visit, item, standing), status)
        case ItemKind.DIFFERING:
            return staff_page(visit, "review_differing", _differing(visit, item, standing, taken or {}), status)
        case ItemKind.UNDELIVERED:
            return staff_page(visit, "review_undelivered", _undelivered(visit, item, standing), status)
        case ItemKind.DOUBLES:
            one, other = item.people
            merge = visit.address("registrations", one.id, "double", other=other.reference)
            people = [person_of(visit, one) for one in item.people]
            return staff_page(visit, "review_doubles", DoublesPage(standing, people, merge), status)
        case ItemKind.INBOUND:
            from handlers.staff.review_inbound import inbound_page

            return staff_page(visit, "review_inbound", inbound_page(visit, item, standing), status)
        case _:
            assert_never(item.id.kind)


def standing_of(visit: Visit, item: Item, problem: str = "") -> Standing:
    title, about = title_of(visit.event, item)
    handling, waits = item.handling, item.waits_since is not None
    holder = handling.holder(visit.desk.intakes.now(visit.event)) if handling and waits else ""
    ending = handling.ending if handling and not waits else None
    return Standing(
        kind=items_in_words(visit.event, item.id.kind),
        title=title,
        about=about,
        since=item.waits_since,
        said=done_in_words(visit),
        problem=problem,
        holder=holder,
        mine=holder == visit.member.address,
        taken_at=handling.taken_at if handling else None,
        ended=ending_in_words(visit.event, ending) if ending else "",
        ended_by=handling.ended_by if handling else "",
        ended_at=handling.ended_at if handling else None,
        may_act=visit.may_edit and waits and holder in ("", visit.member.address),
        address=visit.address("review", item.id.kind, item.id.id),
        seen=item.seen,
        queue=visit.address("review"),
    )


def done_in_words(visit: Visit) -> str:
    """How the last item ended; empty where none did."""
    ending = _BY_CODE.get(visit.request.args.get(DONE, ""))
    return ending_in_words(visit.event, ending) if ending else ""


def person_of(visit: Visit, there: Registered) -> Person:
    address = visit.address("registrations", there.id)
    rows = rows_of(visit.event, there.registration)
    return Person(there.registration.full_name, there.reference, address, there.is_withdrawn, rows)


def rows_of(event: Event, registration: Registration) -> list[tuple[str, str]]:
    said = in_words(event, registration)
    labels = {field.name: field.label for field in event.fields}
    return [
        (labels.get(name, name), said[name]) for name in [*labels, *(said.keys() - labels.keys())] if said.get(name)
    ]


def next_page(visit: Visit, kind: ItemKind, press: Press, ending: Ending) -> Response:
    """The next of its kind comes up."""
    item = review.next_of(visit.desk, visit.event, kind, press)
    below = (item.id.kind, item.id.id) if item else ()
    return see_other(visit.address("review", *below, **{DONE: ending.value}))


def refused(visit: Visit, id: ItemId, outcome: Refused | AlreadyRegistered) -> Response:
    match outcome:
        case review.HeldBy(holder=holder):
            why = visit.spoken.gettext(_HELD, who=holder)
        case review.ChangedMeanwhile():
            why = visit.spoken.gettext(_CHANGED)
        case review.EndedBefore():
            why = visit.spoken.gettext(_ENDED_BEFORE)
        case AlreadyRegistered(there):
            why = visit.spoken.gettext(_ALREADY, reference=there.reference)
        case _:
            assert_never(outcome)
    return shown(visit, found(visit, id), why, 409)


def noted(visit: Visit, id: ItemId, did: str, outcome: object) -> None:
    name = type(outcome).__name__
    log("INFO", "review item", event=visit.event.slug, item=str(id), did=did, outcome=name)


def _pressed(visit: Visit, id: ItemId, verb: str) -> Response:
    typed, press = visit.posted()
    desk, event = visit.desk, visit.event
    if verb == "take":
        outcome = review.take(desk, event, id, press, typed.get(OVER, ""))
    elif verb == "release":
        outcome = review.release(desk, event, id, press)
    else:
        ending = typed.get(ENDING, "")
        if ending not in _ENDINGS[id.kind]:
            raise NO_SUCH_PAGE
        outcome = review.end(desk, event, id, typed.get(SEEN, ""), press, Ending(ending))
    noted(visit, id, verb, outcome)
    match outcome:
        case None:
            raise NOT_THERE
        case review.Done() if verb == "end":
            return next_page(visit, id.kind, press, Ending(typed[ENDING]))
        case review.Done():
            return see_other(visit.address("review", id.kind, id.id))
        case _:
            return refused(visit, id, outcome)


def _register(visit: Visit, id: ItemId) -> Response:
    typed, press = visit.posted()
    outcome = review_forms.register_quarantined(visit.desk, visit.event, id.id, typed.get(SEEN, ""), press)
    noted(visit, id, "register", outcome)
    match outcome:
        case None:
            raise NOT_THERE
        case FormRegistered():
            return next_page(visit, id.kind, press, Ending.REGISTERED)
        case _:
            return refused(visit, id, outcome)


def _save(visit: Visit, id: ItemId) -> Response:
    typed, press = visit.posted()
    item, seen, desk, event = found(visit, id), typed.get(SEEN, ""), visit.desk, visit.event
    taken = {name.removeprefix(TAKEN): text for name, text in typed.items() if name.startswith(TAKEN) and text}
    was, forms = item.people[0].registration, {one.id: one for one in item.behind if isinstance(one, DifferingForm)}
    try:
        form = checked(event, was, taken_over(was, forms, taken)) if taken else was
    except ValidationError as error:
        why = " ".join(one for wrong in sentences(event, faults_of(error)).values() for one in wrong)
        problem = language(event.language).gettext(_TOGETHER, why=why)
        return shown(visit, item, problem, 422, taken)
    outcome = review_forms.settle_differing(desk, event, id.id, seen, revision_in(typed), press, form)
    noted(visit, id, "save", outcome)
    match outcome:
        case None:
            raise NOT_THERE
        case FormSaved(now):
            is_same = now.revision == item.people[0].revision
            return next_page(visit, id.kind, press, Ending.LEFT if is_same else Ending.CHANGED)
        case amend.Overtaken():
            return refused(visit, id, review.ChangedMeanwhile(item))
        case amend.Taken() | amend.TooLate() | amend.TooManyChanges():
            return shown(visit, found(visit, id), language(event.language).gettext(NOT_CHANGED), 409, taken)
        case _:
            return refused(visit, id, outcome)


def checked(event: Event, was: Registration, form: Registration) -> Registration:
    """As the form's own page checks it, with what is no longer asked. Raises marshmallow's `ValidationError`."""
    asked = event.in_language(was.language)
    read = read_form(asked, {name: text for name, text in written(form).items() if event.field(name)})
    return with_what_is_gone(event, was, replace(read, language=was.language))


def _quarantined(visit: Visit, item: Item, standing: Standing) -> QuarantinedPage:
    (form,) = (one for one in item.behind if isinstance(one, QuarantinedForm))
    why = visit.spoken.gettext(WHY_QUARANTINED[form.signal])
    there = person_of(visit, item.people[0]) if item.people else None
    return QuarantinedPage(standing, why, rows_of(visit.event, form.form.registration), there)


def _differing(visit: Visit, item: Item, standing: Standing, taken: Mapping[str, str]) -> DifferingPage:
    there = item.people[0]
    fields: dict[str, DifferingField] = {}
    for form in item.behind:
        if not isinstance(form, DifferingForm):
            continue
        for change in changes_between(visit.event, there.registration, form.registration):
            if change.name != "signed_on":
                one = fields.get(change.name)
                choices = one.choices if one else ()
                choice = Choice(form.id, form.waits_since, change.after)
                chosen = taken.get(change.name, "")
                fields[change.name] = DifferingField(
                    change.name, change.label, change.before, (*choices, choice), chosen
                )
    return DifferingPage(standing, person_of(visit, there), there.revision, list(fields.values()))


def _undelivered(visit: Visit, item: Item, standing: Standing) -> UndeliveredPage:
    (entry,) = (one for one in item.behind if isinstance(one, OutboxEntry))
    rows = [
        (visit.spoken.gettext("What"), email_in_words(visit.event, entry.kind)),
        (visit.spoken.pgettext("of an e-mail", "To"), entry.to),
        (visit.spoken.gettext("Status"), status_in_words(visit.event, entry.status)),
        (visit.spoken.gettext("Reason"), entry.why),
    ]
    there = person_of(visit, item.people[0]) if item.people else None
    correct = f"{there.address}/address" if there else ""
    return UndeliveredPage(standing, [row for row in rows if row[1]], there, correct)
