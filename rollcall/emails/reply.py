"""To the sender of an inbound e-mail: what came of each form in it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from rollcall.desk.amend import read
from rollcall.desk.contributions.emailed import agreed, papers_to_complete
from rollcall.desk.desk import Desk
from rollcall.documents.reasons import why_doubted
from rollcall.emails.wording import (
    address,
    details,
    faults,
    labelled,
    name_of,
    one_line,
    one_word,
    plain_line,
    unlinked,
    ways_of,
    worded,
)
from rollcall.language import N_, language
from rollcall.model.contribution import designation
from rollcall.model.email import Email, NotNeeded, OutboxEntry, Written, is_reminder
from rollcall.model.errors import Gone
from rollcall.model.event import Event
from rollcall.model.fault import Fault
from rollcall.model.inbound import (
    OPEN_PAPERS,
    REGISTERED,
    Doubt,
    FormStatus,
    InboundEmail,
    InboundForm,
    InboundPaper,
    InboundPaperStatus,
    InboundStatus,
    status_now,
)
from rollcall.model.intake import Intake, e_mailed_in_time
from rollcall.model.links import VALID_FOR, LinkPurpose
from rollcall.model.registration import Registered, same_mailbox
from schemas.contribution import contribution_asks
from schemas.faults import sentence
from schemas.form import can_be_printed
from schemas.text import is_blank

LONGEST_SUBJECT = 200
"""Characters."""
NOT_FOUND = Fault("not_found")
"""Replaces "fill this in": the sender may have written it where we do not look."""
_PICTURE = re.compile(r"[./](?:pdf|jpe?g|png|gif|tiff?|bmp|heic|heif|webp)\Z", re.IGNORECASE)
_RE = re.compile(r"\A(?:re\s*(?:\[\d+\]|\(\d+\))?\s*:\s*)+", re.IGNORECASE)


class Outcome(StrEnum):
    """A form's status, and two of a registration's."""

    REGISTERED = "registered"
    DUPLICATE = "duplicate"
    E_MAILED_IN_TIME = "e_mailed_in_time"
    """SendGrid received it in time, the store after the deadline."""
    LATE = "late"
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"
    CONFLICT = "conflict"
    INCOMPLETE = "incomplete"
    NOT_YET_OPEN = "not_yet_open"
    NEEDS_REVIEW = "needs_review"


_IN_A_WORD = {
    Outcome.REGISTERED: N_("registered"),
    Outcome.DUPLICATE: N_("registered before"),
    Outcome.E_MAILED_IN_TIME: N_("received in time, recorded late"),
    Outcome.LATE: N_("late"),
    Outcome.CHANGED: N_("changed"),
    Outcome.WITHDRAWN: N_("withdrawn"),
    Outcome.CONFLICT: N_("nothing changed"),
    Outcome.INCOMPLETE: N_("please look at it"),
    Outcome.NOT_YET_OPEN: N_("registration was not yet open"),
    Outcome.NEEDS_REVIEW: N_("the secretariat will look at it"),
}


@dataclass(frozen=True)
class Reply:
    inbound: InboundEmail
    people: Mapping[str, Registered]
    links: Mapping[int, str]
    """To the page with the answers filled in, by the form's place in the e-mail."""
    own: Mapping[str, str]
    """To the registrations under the address that the reply goes to, by registration id."""
    form_page: str
    answers_to: str
    numbers: Mapping[str, str] = field(default_factory=dict)
    papers_page: str = ""
    agreed: str = ""
    """What whoever sends a paper by e-mail agrees to; empty where the event takes none."""
    papers_to: str = ""


@dataclass(frozen=True)
class PaperShown:
    name: str
    status: str
    """`InboundPaperStatus`."""
    details: list[tuple[str, str]]
    faults: list[str]
    number: str
    """Of one that came before; empty where it has none yet."""


SHOWN_WHOLE = 15
"""Forms: a reply to somebody who may not have asked is not many times what came."""


@dataclass(frozen=True)
class FormShown:
    number: int
    """In the e-mail, from 1 on."""
    name: str
    outcome: Outcome
    details: list[tuple[str, str]]
    """As registered, else as understood: label and text."""
    faults: list[str]
    doubts: list[str]
    registered: Registered | None
    address: str
    """That confirmations go to; empty where the sender may not see it."""
    link: str | None
    own: str | None


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake) -> Written:
    reply = gather(desk, event, entry, intake)
    if is_reminder(entry) and not _still_waits(desk, reply.inbound):
        return NotNeeded("its people are registered by now, or the staff dealt with it")
    return word(entry, event.in_language(reply.inbound.language), reply, intake)


def _still_waits(desk: Desk, inbound: InboundEmail) -> bool:
    people = [form.person for form in inbound.forms if form.person]
    status = status_now(inbound, desk.store.people_among(inbound.event, people))
    return status is InboundStatus.WAITING_FOR_SENDER and not inbound.resolved


def gather(desk: Desk, event: Event, entry: OutboxEntry, intake: Intake) -> Reply:
    """Raises `StoreUnavailable`; `Gone`, as the inbound e-mail may be."""
    inbound = desk.store.inbound(entry.inbound_id or "")
    if inbound is None:
        raise Gone(f"inbound e-mail {entry.inbound_id} is not there")
    event = event.in_language(inbound.language)
    found = [read(desk, event, form.registration_id) for form in inbound.forms if form.registration_id]
    until = max(intake.closes_at, intake.as_of) + VALID_FOR[LinkPurpose.COMPLETE]  # the deadline may be moved
    return Reply(
        inbound=inbound,
        people={one.id: one for one in found if one},
        own={one.id: own for one in found if one and (own := _own_link(desk, event, one, entry.to, intake))},
        links={
            place: desk.links.completing(event, inbound.id, place, until)
            for place, form in enumerate(inbound.forms)
            if form.status is FormStatus.INCOMPLETE
        },
        form_page=desk.links.form_page(event),
        answers_to=(desk.links.contributions_to(event) if inbound.papers and not inbound.forms else None)
        or desk.forms_return_to(event),
        numbers=dict(_numbers_of(desk, event, inbound)),
        papers_page=desk.links.completing_papers(event, inbound.id, until) if papers_to_complete(inbound) else "",
        agreed=agreed(desk, event) if event.contributions else "",
        papers_to=(desk.links.contributions_to(event) or "") if event.contributions else "",
    )


def _numbers_of(desk: Desk, event: Event, inbound: InboundEmail) -> Iterator[tuple[str, str]]:
    for paper in inbound.papers:
        before = paper.status is InboundPaperStatus.DUPLICATE and desk.store.contribution(paper.contribution_id)
        if before:
            yield before.id, designation(event.slug, before.number)


def _own_link(desk: Desk, event: Event, one: Registered, to: str, intake: Intake) -> str | None:
    """Nobody else gets it: whoever sends another's form is told nothing of what stands."""
    is_theirs = same_mailbox(to, one.registration.email) and not one.is_withdrawn
    return ways_of(desk, event.in_language(one.registration.language), one, intake).own if is_theirs else None


def word(entry: OutboxEntry, event: Event, reply: Reply, intake: Intake) -> Email:
    told = [(place, form) for place, form in enumerate(reply.inbound.forms) if _may_tell(reply, form)]
    forms = [_shown(event, entry.to, reply, intake, place, form) for place, form in told]
    not_read, until = reply.inbound.not_read, event.changes_end(intake.closes_at)
    return worded(
        entry,
        event,
        subject_of(event, reply.inbound),
        "reply",
        reply_to=reply.answers_to,
        headline=language(event.language).gettext(_headline(forms, reply.inbound.papers)),
        forms=forms,
        whole=_shown_whole(forms),
        summary=[(f"{form.number}. {form.name}", _in_short(event, form)) for form in forms],
        not_read=[one_line(name, 100) for name in not_read],
        pictures=any(_PICTURE.search(name.strip()) for name in not_read),
        intake=intake,
        papers=[_paper_shown(event, reply, paper) for paper in reply.inbound.papers],
        papers_page=reply.papers_page,
        papers_to=reply.papers_to,
        agreed=reply.agreed,
        form_page=reply.form_page,
        may_change=intake.as_of <= until,
        changes_until=until,
        as_pdf=can_be_printed(event),
    )


def _may_tell(reply: Reply, form: InboundForm) -> bool:
    """A letter is about a registration only to whom it belongs."""
    return form.status is not FormStatus.ERASED and (not form.is_letter or form.registration_id in reply.own)


def _in_short(event: Event, form: FormShown) -> str:
    spoken = language(event.language)
    outcome = spoken.gettext(_IN_A_WORD[form.outcome])
    if form.registered is None:
        return outcome
    return spoken.gettext("%(outcome)s, %(reference)s", outcome=outcome, reference=form.registered.reference)


def _shown_whole(forms: list[FormShown]) -> list[FormShown]:
    """In order; what asks something of the sender goes before what does not."""
    first = sorted(forms, key=lambda form: (form.outcome is not Outcome.INCOMPLETE, form.number))[:SHOWN_WHOLE]
    return sorted(first, key=lambda form: form.number)


def subject_of(event: Event, inbound: InboundEmail) -> str:
    """Theirs, with one `Re: ` (RFC 5322, 3.6.5), else ours."""
    theirs = _RE.sub("", plain_line(inbound.subject, LONGEST_SUBJECT))
    ours = language(event.language).gettext("Your e-mail: %(event)s", event=event.title)
    return unlinked(plain_line(f"Re: {theirs}" if theirs else ours, LONGEST_SUBJECT))


def _headline(forms: list[FormShown], papers: Sequence[InboundPaper]) -> str:
    outcomes = {form.outcome for form in forms}
    if not forms and any(paper.status in OPEN_PAPERS for paper in papers):
        return N_("Please look at your contribution")
    if outcomes and outcomes <= {Outcome.REGISTERED, Outcome.DUPLICATE}:
        return N_("Your form is registered") if len(forms) == 1 else N_("Your forms are registered")
    if any(form.faults for form in forms if form.outcome is Outcome.INCOMPLETE):
        return N_("Something is missing in your form") if len(forms) == 1 else N_("Something is missing in your forms")
    if Outcome.INCOMPLETE in outcomes:
        return N_("Please look at your form") if len(forms) == 1 else N_("Please look at your forms")
    return N_("We received your e-mail")


def _paper_shown(event: Event, reply: Reply, paper: InboundPaper) -> PaperShown:
    spoken = language(event.language)
    labels = {one.field.name: one.field for one in contribution_asks(event)}
    files = spoken.listed([one_line(file.name, 100) for file in paper.files])
    said = [(labels[name].label, one_line(getattr(paper, name), 300)) for name in ("title", "source", "item")]
    said.append((spoken.gettext("Files"), files))
    faults = [
        spoken.gettext(
            "At “%(label)s”: %(sentences)s",
            label=labels[name].label if name in labels else spoken.gettext("Files"),
            sentences=" ".join(sentence(fault, spoken) for fault in found),
        )
        for name, found in paper.faults.items()
    ]
    name = one_line(paper.title, 100) or files or spoken.gettext("Contribution")
    number = reply.numbers.get(paper.contribution_id, "")
    return PaperShown(name, paper.status, [(label, text) for label, text in said if text], faults, number)


def _shown(event: Event, to: str, reply: Reply, intake: Intake, place: int, form: InboundForm) -> FormShown:
    # whoever sends a different form is told nothing of the one that is registered
    registered = reply.people[form.registration_id or ""] if form.status in REGISTERED else None
    may_see = registered and (registered.is_as_sent or same_mailbox(to, registered.registration.email))
    told = registered if may_see else None
    row = one_line(" ".join(form.doubts.get(Doubt.ROW_NOT_READ, ())), 100)
    named = reply.people[form.registration_id or ""] if form.is_letter else registered
    return FormShown(
        number=place + 1,
        name=_heading(event, form, row, named, named if form.is_letter else told),
        outcome=_outcome(form, registered, intake),
        details=details(event, told) if told else labelled(event, form.answers),
        faults=[
            language(event.language).gettext("At “%(label)s”: %(sentences)s", label=label, sentences=sentences)
            for label, sentences in faults(event, _of_an_e_mail(form))
        ],
        doubts=why_doubted(event, form.doubts, one_word),
        registered=registered,
        address=address(told.registration.email) if told else "",
        link=reply.links.get(place),
        own=reply.own.get(form.registration_id or ""),
    )


def _heading(event: Event, form: InboundForm, row: str, registered: Registered | None, told: Registered | None) -> str:
    if registered:
        return unlinked(told.registration.full_name) if told else registered.reference
    return row or name_of(event, form.answers)


def _of_an_e_mail(form: InboundForm) -> dict[str, tuple[Fault, ...]]:
    return {
        name: (NOT_FOUND,) if is_blank(form.answers.get(name, "")) else found for name, found in form.faults.items()
    }


def _outcome(form: InboundForm, registered: Registered | None, intake: Intake) -> Outcome:
    if registered is None or not intake.leaves_out(registered):
        return Outcome(form.status.value)
    in_time = e_mailed_in_time(registered.received_at, registered.arrived_at, intake.closes_at)
    return Outcome.E_MAILED_IN_TIME if in_time else Outcome.LATE
