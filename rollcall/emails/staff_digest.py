"""To the staff: what needs review. Undelivered e-mails, quarantined forms, inbound e-mails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from rollcall.desk.amend import take_back
from rollcall.desk.desk import Desk
from rollcall.desk.personal_data.ask import waiting
from rollcall.desk.scan import Newest, inbound_emails, still_quarantined, unsent_entries
from rollcall.desk.staff.contributions import counts_of
from rollcall.desk.staff_digests import digests_next_morning, is_lost
from rollcall.documents.reasons import why, why_doubted
from rollcall.documents.review_words import email_in_words, form_in_words
from rollcall.documents.roster_content import NOTHING, Shown
from rollcall.emails import wording
from rollcall.emails.wording import ATTACHED, LONGEST_SHOWN, SHOWN, address, one_line, one_word, unlinked
from rollcall.language import N_, Language, language
from rollcall.model.contribution import Stage
from rollcall.model.email import UNDELIVERED, Attachment, CircuitBreaker, EmailKind, NotNeeded, OutboxEntry, Written
from rollcall.model.event import Event
from rollcall.model.inbound import REGISTERED, Doubt, FormStatus, InboundEmail, InboundForm, ReviewReason
from rollcall.model.intake import Intake
from rollcall.model.links import VALID_FOR, LinkPurpose
from rollcall.model.registration import QuarantinedForm, Registered, reference
from rollcall.model.staff import Role
from templates import in_zone

LOOKED_AT = 60_000_000
"""Bytes of inbound e-mails: two of the largest, or many small ones."""
WITHOUT_ATTACHMENTS = timedelta(days=7)
"""After a rejected digest: its server may have taken an attachment for a virus."""
OUTAGE_IS_NEWS = timedelta(days=2)
"""After the circuit breaker opened."""
REMARKS_OF = timedelta(hours=26)
"""Before the digest was due: each remark is in one of a morning, though clocks change."""
LONGEST_FORMS = 10_000
"""Characters, of one inbound e-mail."""
MOST_NAMED = 20
"""Attachments that are not handed on."""
_TO_STAFF = N_("The staff")
_NOT_OF_ONE = {
    EmailKind.REPLY: N_("Who wrote to us"),
    EmailKind.LINKS: N_("Who asked for links"),
    EmailKind.INVITATION: N_("Who may register late"),
    EmailKind.ROOMING_LIST: N_("A hotel"),
    EmailKind.RECEIPT: N_("Who sent a contribution"),
    EmailKind.NOTICE: N_("Who sent a contribution"),
}
_UNREAD = (ReviewReason.READING_FAILED, ReviewReason.NOT_TAKEN_APART, ReviewReason.TOO_COMPLICATED)
_ROW = 100  # characters of markup around a label and its text


@dataclass(frozen=True)
class ForReview:
    inbound: InboundEmail
    link: str
    """None for those who may only look."""
    attachments: tuple[Attachment, ...]
    """Empty where they are too large."""
    people: Mapping[str, Registered] = field(default_factory=dict)
    changes: Mapping[int, str] = field(default_factory=dict)
    """Links to forms as changes of their person's registration, by the form's place in the e-mail."""


@dataclass(frozen=True)
class StaffDigest:
    undelivered: Shown[tuple[Registered | None, OutboxEntry]]
    quarantined: Shown[QuarantinedForm]
    breaker: CircuitBreaker
    inbound: Shown[ForReview] = NOTHING
    remarks: Shown[InboundEmail] = NOTHING
    over_total: int = 0
    """E-mails that wait since the event had its e-mails of an hour."""
    new_contributions: int = 0
    doubtful_contributions: int = 0
    to_erase: Sequence[date] = ()
    """By when each who asks to be erased has to be answered, the first first."""


@dataclass(frozen=True)
class InboundShown:
    subject: str
    rows: list[tuple[str, str]]
    forms: list[tuple[str, list[tuple[str, str]], str]]
    """Outcome, empty for a letter; label and text of each fault and answer; the link to it as a change, or nothing."""
    text: str
    link: str


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake) -> Written:
    """Enqueues another digest for the next morning while an inbound e-mail needs review, or a contribution waits, until
    the event ends; and as long as somebody asks to be erased."""
    event = event.for_member(event.member(entry.to))
    digest = gather(desk, event, entry.to, entry.not_before - REMARKS_OF)
    waits = digest.inbound.count or digest.new_contributions or digest.doubtful_contributions
    if digest.to_erase or (waits and not event.is_over(intake.as_of)):
        for another in digests_next_morning(event, intake.as_of):
            desk.store.enqueue(another)
    return word(entry, event, digest, intake)


def gather(desk: Desk, event: Event, to: str, since: datetime) -> StaffDigest:
    """`to`: whose links they are. `since`: of remarks. Raises `StoreUnavailable`."""
    breaker = desk.store.circuit_breaker()
    undelivered = Newest[OutboxEntry](SHOWN)
    was_refused, over_total = False, 0
    for entry in unsent_entries(desk.store, event.slug):
        was_refused = was_refused or _was_refused(entry, breaker.as_of)
        over_total += entry.is_over_total
        if is_lost(entry):
            undelivered.add(entry.attempts[-1].at if entry.attempts else entry.enqueued_at, entry)
    quarantined = Newest[QuarantinedForm](SHOWN)
    for one in still_quarantined(desk.store, event.slug):
        quarantined.add(one.form.received_at, one)
    left, remarks = Newest[InboundEmail](SHOWN), Newest[InboundEmail](SHOWN)
    for inbound in inbound_emails(desk.store, event.slug):
        if inbound.needs_review:
            left.add(inbound.received_at, inbound)
        elif inbound.remark and inbound.stored_at >= since:
            remarks.add(inbound.received_at, inbound)
    for_review = _for_review(desk, event, to, left.in_order(), 0 if was_refused else ATTACHED)
    last = undelivered.in_order()
    people = _people(desk, event, last)
    stages = counts_of(desk.store, event.slug, None).stages
    return StaffDigest(
        undelivered=Shown(tuple((people.get(one.registration_id or ""), one) for one in last), undelivered.count),
        quarantined=Shown(quarantined.in_order(), quarantined.count),
        breaker=breaker,
        inbound=Shown(for_review, left.count),
        remarks=Shown(remarks.in_order(), remarks.count),
        over_total=over_total,
        new_contributions=stages.get(Stage.WAITING, 0),
        doubtful_contributions=stages.get(Stage.NEEDS_REVIEW, 0),
        to_erase=[one.answer_by for one in waiting(desk.store, event)],
    )


def word(entry: OutboxEntry, event: Event, digest: StaffDigest, intake: Intake) -> Written:
    opened_at, spoken = _told_of_outage(digest.breaker, entry), language(event.language)
    counts = _counts(digest, spoken)
    if not (opened_at or counts):
        return NotNeeded("nothing needs review any more")
    inbound, attachments = inbound_shown(event, digest.inbound.shown)
    return wording.worded(
        entry,
        event,
        spoken.gettext("Needs review: %(event)s (%(counts)s)", event=event.title, counts=spoken.listed(counts))
        if counts
        else spoken.gettext("Needs review: %(event)s", event=event.title),
        "staff-digest",
        attachments=attachments,
        opened_at=opened_at,
        over_total=digest.over_total,
        new_contributions=digest.new_contributions,
        doubtful_contributions=digest.doubtful_contributions,
        to_erase=len(digest.to_erase),
        answer_by=spoken.day(digest.to_erase[0]) if digest.to_erase else "",
        undelivered_rows=sorted(_undelivered_row(event, one, entry, intake) for one, entry in digest.undelivered.shown),
        older_undelivered=wording.not_shown(digest.undelivered),
        quarantined_count=digest.quarantined.count,
        older_quarantined=wording.not_shown(digest.quarantined),
        quarantined=[_quarantined(event, one) for one in digest.quarantined.shown],
        inbound_count=digest.inbound.count,
        older_inbound=wording.not_shown(digest.inbound),
        inbound=inbound,
        remarks=[(address(one.sender), wording.shown(one.remark)) for one in digest.remarks.shown],
        older_remarks=wording.not_shown(digest.remarks),
    )


def inbound_shown(event: Event, inbound: Sequence[ForReview]) -> tuple[list[InboundShown], tuple[Attachment, ...]]:
    """Numbers the attachments: no two have one name."""
    said: list[InboundShown] = []
    attachments: list[Attachment] = []
    for one in inbound:
        files = [file for file in one.attachments if file.content and not file.withheld]  # SendGrid takes no empty ones
        numbered = [
            replace(file, name=f"{number}-{file.name}") for number, file in enumerate(files, start=len(attachments) + 1)
        ]
        attachments += numbered
        said.append(_shown(event, one, [file.name for file in numbered]))
    return said, tuple(attachments)


def _shown(event: Event, one: ForReview, attached: list[str]) -> InboundShown:
    inbound, spoken = one.inbound, language(event.language)
    withheld = [one_line(file.name, 100) for file in one.attachments if file.withheld]
    too_large = bool(inbound.not_taken) and not one.attachments
    text_is_cut = len(inbound.text) >= LONGEST_SHOWN
    forms = _forms_for_staff(event, one)
    form_is_cut = any(not (form.answers or form.is_letter) and form.status not in REGISTERED for form in inbound.forms)
    unread = any(reason.code in _UNREAD for reason in inbound.reasons)
    more = len(inbound.forms) - len(forms)
    not_all_here = too_large or bool(withheld) or text_is_cut or form_is_cut or unread or bool(more)
    itself = spoken.gettext("file %(id)s in the store of inbound e-mails", id=inbound.id) if not_all_here else ""
    if more:
        forms.append(
            (
                spoken.ngettext("%(count)s more in the e-mail itself", "%(count)s more in the e-mail itself", more),
                [],
                "",
            )
        )
    rows = [
        (spoken.pgettext("of an e-mail", "From"), address(inbound.sender) or spoken.gettext("(no address)")),
        (spoken.pgettext("of an e-mail", "Received"), in_zone(inbound.received_at, event)),
        (spoken.gettext("Why it needs review"), why(event, inbound.reasons, unlinked)),
        (spoken.gettext("Attachments"), _attachments(spoken, inbound.not_taken, attached, withheld, too_large)),
        (spoken.gettext("The e-mail itself"), itself),
    ]
    return InboundShown(
        subject=one_line(inbound.subject, 200) or spoken.gettext("(no subject)"),
        rows=[(label, text) for label, text in rows if text],
        forms=forms,
        text=f"{wording.shown(inbound.text).removesuffix('…')}…" if text_is_cut else wording.shown(inbound.text),
        link=one.link,
    )


def _attachments(
    spoken: Language, not_read: Sequence[str], attached: list[str], withheld: list[str], too_large: bool
) -> str:
    said = [spoken.gettext("%(files)s (attached here)", files=unlinked(spoken.listed(attached)))] if attached else []
    if withheld:
        named, more = withheld[:MOST_NAMED], len(withheld) - MOST_NAMED
        if more > 0:
            named.append(spoken.ngettext("%(count)s more", "%(count)s more", more))
        said.append(
            spoken.gettext(
                "%(files)s (not attached: only PDF, Word, lists, pictures and text without anything that runs are"
                " handed on)",
                files=spoken.listed(named),
            )
        )
    if said:
        return "\n".join(said)
    if not not_read:
        return ""
    files = spoken.listed([one_line(name, 100) for name in not_read])
    if too_large:
        return spoken.gettext("%(files)s (not attached here: look into the e-mail)", files=files)
    return spoken.gettext("%(files)s (empty)", files=files)


def _forms_for_staff(event: Event, one: ForReview) -> list[tuple[str, list[tuple[str, str]], str]]:
    said: list[tuple[str, list[tuple[str, str]], str]] = []
    room = LONGEST_FORMS
    for place, form in enumerate(one.inbound.forms):
        came, rows = _form_for_staff(event, form, one.people)
        room -= len(came) + sum(_ROW + len(label) + len(text) for label, text in rows)
        if room < 0:
            break
        said.append((came, rows, one.changes.get(place, "")))
    return said


def _form_for_staff(
    event: Event, form: InboundForm, people: Mapping[str, Registered]
) -> tuple[str, list[tuple[str, str]]]:
    spoken = language(event.language)
    status = form_in_words(event, form.status)
    if form.status in REGISTERED and form.registration_id:
        known_as = reference(form.registration_id)
        return spoken.gettext("%(status)s, reference %(reference)s", status=status, reference=known_as), []
    stands, name = people.get(form.registration_id or ""), wording.name_of(event, form.answers)
    if stands and form.is_letter:
        whose = unlinked(stands.registration.full_name)
        return "", [(spoken.gettext("Name"), whose), (spoken.gettext("Reference"), stands.reference)]
    is_whole = not (form.faults or form.doubts)
    if stands and form.answers and is_whole:
        came = spoken.gettext(
            "%(name)s: differs from the registered one, reference %(reference)s", name=name, reference=stands.reference
        )
        return came, wording.differences(event, stands, form.answers)
    wrong = [
        (spoken.gettext("%(label)s (missing or wrong)", label=label), sentences)
        for label, sentences in wording.faults(event, form.faults)
    ]
    doubts = (
        [(spoken.gettext("Not certain"), "\n".join(why_doubted(event, form.doubts, one_word)))] if form.doubts else []
    )
    rows = [(spoken.gettext("The row"), wording.shown(row)) for row in form.doubts.get(Doubt.ROW_NOT_READ, ())]
    said = wrong + doubts + rows + wording.labelled(event, form.answers)
    return wording.labelled_text(event, name, status), said


def _quarantined(event: Event, one: QuarantinedForm) -> tuple[str, list[tuple[str, str]]]:
    """Name, then label and text each."""
    about = (wording.written_in(event, one.form), *wording.about_quarantined(event, one))
    return wording.who(event, one.form), [*(row for row in about if row[1]), *wording.details(event, one.form)]


def _people(desk: Desk, event: Event, those: Sequence[OutboxEntry | InboundForm]) -> dict[str, Registered]:
    ids = [one.registration_id for one in those if one.registration_id]
    found = desk.store.registered_among(event.slug, ids) if ids else ()
    return {one.id: take_back(desk, event, one) for one in found}


def _was_refused(entry: OutboxEntry, now: datetime) -> bool:
    lately = entry.not_before > now - WITHOUT_ATTACHMENTS
    return entry.kind is EmailKind.STAFF_DIGEST and entry.status in UNDELIVERED and lately


def _for_review(desk: Desk, event: Event, to: str, left: Sequence[InboundEmail], room: int) -> tuple[ForReview, ...]:
    """`room`: bytes of attachments that go along."""
    until = desk.intakes.now(event) + VALID_FOR[LinkPurpose.RESOLVE]
    look, member = LOOKED_AT, event.member(to)
    may_act = member is not None and member.role is Role.EDITOR
    for_review = []
    for inbound in reversed(left):  # what came last has its attachments at hand
        attachments, looked_at = _attachments_of(desk, inbound) if room > 0 and look > 0 else ((), 0)
        look -= looked_at
        size = sum(len(attachment.content) for attachment in attachments)
        if size > room:
            attachments, size = (), 0
        room -= size
        link = desk.links.resolving(event, inbound.id, to, until) if may_act else ""
        people = _people(desk, event, [form for form in inbound.forms if _is_change(form)])
        changes = {
            place: desk.links.amending(event, inbound.id, place, to, until)
            for place, form in enumerate(inbound.forms)
            if may_act and _is_change(form) and (form.answers or form.is_letter) and form.registration_id in people
        }
        for_review.append(ForReview(inbound, link, attachments, people, changes))
    return tuple(reversed(for_review))


def _is_change(form: InboundForm) -> bool:
    return form.registration_id is not None and form.status in (FormStatus.CONFLICT, FormStatus.NEEDS_REVIEW)


def _attachments_of(desk: Desk, inbound: InboundEmail) -> tuple[tuple[Attachment, ...], int]:
    """And how many bytes were searched."""
    raw = desk.files().get(inbound.id) or b""
    return desk.reader().attachments(raw) if raw else (), len(raw)


def _told_of_outage(breaker: CircuitBreaker, entry: OutboxEntry) -> datetime | None:
    """Since when SendGrid refused our account, if this digest may have waited for it."""
    if not breaker.account_refused or breaker.opened_at is None:
        return None
    soon = timedelta(0) <= entry.not_before - breaker.opened_at <= OUTAGE_IS_NEWS
    return breaker.opened_at if soon else None


def _counts(digest: StaffDigest, spoken: Language) -> list[str]:
    """As in `1 form and 13 e-mails received`."""
    said = []
    if count := len(digest.to_erase):
        said.append(spoken.ngettext("%(count)s request for erasure", "%(count)s requests for erasure", count))
    if count := digest.over_total:
        said.append(spoken.ngettext("%(count)s e-mail waits", "%(count)s e-mails wait", count))
    if count := digest.undelivered.count:
        said.append(spoken.ngettext("%(count)s e-mail not delivered", "%(count)s e-mails not delivered", count))
    if count := digest.quarantined.count:
        said.append(spoken.ngettext("%(count)s form in quarantine", "%(count)s forms in quarantine", count))
    if count := digest.inbound.count:
        said.append(spoken.ngettext("%(count)s e-mail received", "%(count)s e-mails received", count))
    if count := digest.new_contributions:
        said.append(spoken.ngettext("%(count)s new contribution", "%(count)s new contributions", count))
    if count := digest.doubtful_contributions:
        said.append(
            spoken.ngettext("%(count)s contribution to be looked at", "%(count)s contributions to be looked at", count)
        )
    if count := digest.remarks.count:
        said.append(spoken.ngettext("%(count)s remark", "%(count)s remarks", count))
    return said


def _undelivered_row(event: Event, one: Registered | None, entry: OutboxEntry, intake: Intake) -> tuple[str, str]:
    spoken = language(event.language)
    came_to = address(entry.to), (email_in_words(event, entry.kind), wording.standing(event, entry))
    if one is None:
        return spoken.gettext(_NOT_OF_ONE.get(entry.kind, _TO_STAFF)), wording.in_lines(event, *came_to)
    name = f"{wording.who(event, one)} ({one.reference})"
    if intake.leaves_out(one):
        name = spoken.gettext("%(name)s (%(reference)s, late)", name=wording.who(event, one), reference=one.reference)
    answers = one.registration.answers
    numbers = [
        (field.label, unlinked(answers.get(field.name, ""))) for field in map(event.field, ("tel", "fax")) if field
    ]
    return name, wording.in_lines(event, *came_to, wording.written_in(event, one), *numbers)
