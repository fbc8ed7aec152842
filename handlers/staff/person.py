"""A person: what is registered, its history, every e-mail, and what the staff can do about it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from flask import Response

from handlers.change import Changing, change
from handlers.form_page import labelled
from handlers.responses import HttpProblem, allow, as_file
from handlers.staff import person_actions
from handlers.staff.deliveries import SentEmail, sent_email
from handlers.staff.log import Logged, logged
from handlers.staff.pages import email_page, framed, staff_page
from handlers.staff.people import NOT_REGISTERED, Tag, address_of, found_or_none, see_that_it_is_not_erased, tags_of
from handlers.staff.visit import Visit
from rollcall.desk import amend
from rollcall.desk.staff.add import SCAN_TYPES
from rollcall.desk.staff.person import likely_doubles
from rollcall.documents.changes import FieldChange, by_whom, changes_between
from rollcall.documents.roster_content import language_of, status_in_words
from rollcall.documents.staff_log import source_in_words, why_in_words
from rollcall.language import N_, language
from rollcall.model.email import UNDELIVERED, NotNeeded, confirmation
from rollcall.model.event import Event
from rollcall.model.personal_data import Erasure, ErasureStatus, Opened
from rollcall.model.registration import Actor, Registered, Revision
from schemas.form import in_words, written

_NO_CONFIRMATION = HttpProblem(
    410, N_("There is no confirmation"), N_("Of a withdrawn registration no confirmation would go out.")
)
_NO_SCAN = HttpProblem(404, N_("Not found"), N_("There is no scan of this form."))
_ENTRIES = 200
_SAID = {
    "changed": N_("The registration is changed. We are sending a confirmation to the person."),
    "address": N_("The registration is changed. We are sending a confirmation to the person."),
    "again": N_("The person is registered again. We are sending a confirmation."),
    "unchanged": N_("Nothing was changed: the registration says this already."),
    "corrected": N_("The address is corrected. A confirmation is on its way there."),
    "resent": N_("The confirmation is on its way again."),
    "withdrawn": N_("The registration is withdrawn. We are writing to the person."),
    "links": N_("All links to this registration are ended. A new one is on its way to the person."),
    "admitted": N_("The person is admitted. A confirmation is on its way."),
    "not-admitted": N_("The admission is taken back. We are writing to the person."),
    "merged": N_("The other registration is withdrawn as a double. Nobody is written to."),
    "erasing": N_("All that is held of the person is being erased, once a last e-mail has told them so."),
    "refused": N_("The erasure is refused. We are writing to the person."),
    "added": N_("The person is registered. A confirmation is on its way."),
    "late": N_(
        "The form is kept as late: the person is not on the roster unless you admit them. We are writing to them."
    ),
}


@dataclass(frozen=True)
class Made:
    """A revision."""

    number: int
    at: datetime
    what: str
    by: str
    fields: Sequence[FieldChange]
    inbound: str
    """Address of the e-mail that asked for it; empty where none did."""


@dataclass(frozen=True)
class Alike:
    """A likely double."""

    name: str
    reference: str
    address: str
    compare: str
    """Address of the page that shows both."""
    tags: Sequence[Tag]


@dataclass(frozen=True)
class PersonPage:
    name: str
    reference: str
    said: str
    """What was just done, a sentence; empty where nothing was."""
    tags: Sequence[Tag]
    facts: Sequence[tuple[str, str]]
    """Label and text of what is no answer."""
    counts: tuple[str, str] | None
    """Of a double: reference and address of the registration that counts."""
    waiting: str
    """The address that waits to be confirmed."""
    answers: Sequence[tuple[str, str]]
    actions: Sequence[tuple[str, str]]
    """Address and name; none for those who may only look."""
    files: Sequence[tuple[str, str]]
    inbound: str
    history: Sequence[Made]
    emails: Sequence[SentEmail]
    audit: Sequence[Logged]
    doubles: Sequence[Alike]
    compare: str
    """Address of the page that compares with another."""
    accesses: str
    """Address of who opened this."""


def person(visit: Visit, id: str, below: list[str]) -> Response:
    there = found_or_none(visit, id)
    if there is None:
        from handlers.staff.erase import erased_page

        return erased_page(visit, id)
    if below not in (["held"], ["held.json"], ["held.pdf"]):  # which is noted as what it is
        visit.opened(Opened.SCAN if below == ["scan"] else Opened.PERSON, there.id)
    match below:
        case []:
            allow(visit.request, "GET", "HEAD")
            return staff_page(visit, "person", _page(visit, there))
        case ["erase" | "refuse" as name]:
            from handlers.staff.erase import answer

            allow(visit.request, "GET", "HEAD", "POST")
            return answer(visit, there, name)
        case ["change"]:
            allow(visit.request, "GET", "HEAD", "POST")
            see_that_it_is_not_erased(visit, there)
            return _change(visit, there)
        case ["print"]:
            allow(visit.request, "GET", "HEAD")
            return _printed(visit, there)
        case ["scan"]:
            allow(visit.request, "GET", "HEAD")
            return _scan(visit, there)
        case ["access"]:
            from handlers.staff.accesses import person_accesses

            return person_accesses(visit, there)
        case ["held" | "held.json" | "held.pdf" as name]:
            from handlers.staff.held import held_page

            return held_page(visit, there, name)
        case [name]:
            allow(visit.request, "GET", "HEAD", "POST")
            see_that_it_is_not_erased(visit, there)
            return person_actions.answer(visit, there, name)
        case _:
            raise NOT_REGISTERED


def _page(visit: Visit, there: Registered) -> PersonPage:
    desk, event, spoken = visit.desk, visit.event, visit.spoken
    said = visit.request.query_string.decode("ascii", "replace")
    erasure = desk.store.erasure(there.id)
    being_erased = erasure is not None and erasure.status is ErasureStatus.DUE
    counts = amend.the_one_that_counts(desk, event, there) if there.double_of else None
    return PersonPage(
        name=there.registration.full_name,
        reference=there.reference,
        said=spoken.gettext(_SAID[said]) if said in _SAID else "",
        tags=[*tags_of(visit, there), *_arrival(visit, there), *_erasure(event, erasure)],
        facts=_facts(event, there),
        counts=(counts.reference, address_of(visit, counts)) if counts else None,
        waiting=there.new_email,
        answers=labelled(event, in_words(event, there.registration)),
        actions=person_actions.offered(visit, there) if visit.may_edit and not being_erased else (),
        files=_files(visit, there),
        inbound=_inbound(visit, there.inbound_id),
        history=[_made(visit, one) for one in reversed(desk.store.history(event.slug, there))],
        emails=_emails(visit, there),
        audit=[logged(visit, one) for one in reversed(desk.store.audit_of(event.slug, there.id))],
        doubles=[_alike(visit, there, one) for one in likely_doubles(desk, event, there)],
        compare=address_of(visit, there, "double"),
        accesses=address_of(visit, there, "access"),
    )


def _arrival(visit: Visit, there: Registered) -> list[Tag]:
    """Of the last confirmation."""
    event, spoken = visit.event, visit.spoken
    entry = visit.desk.store.entry(confirmation(event.slug, there.id, "", revision=there.confirmed).id)
    if entry is None:
        return []
    status = status_in_words(event, entry.status)
    said = spoken.gettext("%(label)s: %(text)s", label=spoken.gettext("Confirmation"), text=status)
    return [Tag(said, entry.status in UNDELIVERED)]


def _erasure(event: Event, erasure: Erasure | None) -> list[Tag]:
    said = {ErasureStatus.ASKED: N_("Asks for erasure"), ErasureStatus.DUE: N_("Being erased")}
    if erasure is None or erasure.status not in said:
        return []
    return [Tag(language(event.language).gettext(said[erasure.status]), True)]


def _facts(event: Event, there: Registered) -> list[tuple[str, str]]:
    spoken, entered = language(event.language), there.entered
    said = [
        (N_("Language"), language_of(event, there.registration)),
        (N_("How it came"), source_in_words(event, entered.source) if entered else ""),
        (N_("What else it says"), entered.note if entered else ""),
    ]
    return [(spoken.gettext(label), text) for label, text in said if text]


def _files(visit: Visit, there: Registered) -> list[tuple[str, str]]:
    spoken, files = visit.spoken, []
    if there.entered and there.entered.scan:
        files.append((address_of(visit, there, "scan"), spoken.gettext("Download the scan")))
    files.append((address_of(visit, there, "held"), spoken.gettext("All that is held of this person")))
    if not there.is_withdrawn:
        files.append((address_of(visit, there, "print"), spoken.gettext("The confirmation, to print")))
    return files


def _inbound(visit: Visit, id: str) -> str:
    return visit.address("review", "inbound", id) if id else ""


def _made(visit: Visit, one: Revision) -> Made:
    event, spoken = visit.event, visit.spoken
    before, after = one.before, one.after
    fields = changes_between(event, before.registration, after.registration)
    if before.new_email != after.new_email:
        label = spoken.gettext("New e-mail address, to be confirmed")
        fields.append(FieldChange("", label, before.new_email, after.new_email))
    return Made(
        number=one.number,
        at=after.changed_at or after.received_at,
        what=why_in_words(event, one.change.why),
        by=one.change.who or by_whom(event, one.change),
        fields=fields,
        inbound=_inbound(visit, one.change.inbound_id),
    )


def _emails(visit: Visit, there: Registered) -> list[SentEmail]:
    entries = visit.desk.store.entries_about(there.id, _ENTRIES)
    return [sent_email(visit.event, one) for one in sorted(entries, key=lambda one: one.enqueued_at, reverse=True)]


def _alike(visit: Visit, there: Registered, other: Registered) -> Alike:
    return Alike(
        name=other.registration.full_name,
        reference=other.reference,
        address=address_of(visit, other),
        compare=address_of(visit, there, "double", other=other.reference),
        tags=tags_of(visit, other),
    )


def _change(visit: Visit, there: Registered) -> Response:
    show, address = partial(framed, visit), address_of(visit, there)
    changing = Changing(there, Actor.STAFF, address, written(there.registration), press=visit.press, show=show)
    return change(visit.desk, visit.event, visit.request, Actor.STAFF, address, lambda: changing, show)


def _printed(visit: Visit, there: Registered) -> Response:
    """The last confirmation, as it would go out now; as after the event, when it has no link: by that whoever may only
    look here could change and withdraw, as if they were its person."""
    desk, event = visit.desk, visit.event
    intake = replace(desk.intakes.fresh(event), as_of=event.over_at + timedelta.resolution)
    entry = confirmation(event.slug, there.id, there.registration.email, revision=there.confirmed)
    email = desk.write(desk, entry, event, intake, there)
    if isinstance(email, NotNeeded):
        raise _NO_CONFIRMATION
    return email_page(email)


def _scan(visit: Visit, there: Registered) -> Response:
    id = there.entered.scan if there.entered else ""
    pieces = visit.desk.files().pieces(id) if id else None
    if pieces is None:
        raise _NO_SCAN
    ending = f".{id.rpartition('.')[2]}"
    headers = as_file(f"{there.reference}{ending}")
    return Response(pieces, mimetype=SCAN_TYPES[ending], headers=headers)
