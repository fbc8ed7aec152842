"""To the staff: what needs review. Undelivered e-mails, quarantined forms, inbound e-mails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.desk.scan import Newest, inbound_emails, still_quarantined, unsent_entries
from rollcall.desk.staff_digests import digests_next_morning, is_lost
from rollcall.documents.roster_content import NOTHING, Shown
from rollcall.emails import wording
from rollcall.emails.reasons import why, why_doubted
from rollcall.emails.wording import ATTACHED, LONGEST_SHOWN, SHOWN, address, one_line, unlinked
from rollcall.model.email import UNDELIVERED, Attachment, CircuitBreaker, Email, EmailKind, NotNeeded, OutboxEntry
from rollcall.model.event import Event
from rollcall.model.inbound import REGISTERED, Doubt, FormStatus, InboundEmail, InboundForm, ReviewReason
from rollcall.model.intake import Intake
from rollcall.model.links import VALID_FOR, LinkPurpose
from rollcall.model.registration import QuarantinedForm, Registered, reference
from templates import in_zone, words

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
_MORE = "more in the e-mail itself"
_WITHHELD = "not attached: only PDF, Word, lists, pictures and text without anything that runs are handed on"
_UNREAD = (ReviewReason.READING_FAILED, ReviewReason.NOT_TAKEN_APART, ReviewReason.TOO_COMPLICATED)
_ROW = 100  # characters of markup around a label and its text


@dataclass(frozen=True)
class ForReview:
    inbound: InboundEmail
    link: str
    attachments: tuple[Attachment, ...]
    """Empty where they are too large."""
    people: Mapping[str, Registered] = field(default_factory=dict)
    """By registration id."""


@dataclass(frozen=True)
class StaffDigest:
    undelivered: Shown[tuple[Registered | None, OutboxEntry]]
    quarantined: Shown[QuarantinedForm]
    breaker: CircuitBreaker
    inbound: Shown[ForReview] = NOTHING
    remarks: Shown[InboundEmail] = NOTHING
    over_total: int = 0
    """E-mails that wait since the event had its e-mails of an hour."""


@dataclass(frozen=True)
class InboundShown:
    subject: str
    rows: list[tuple[str, str]]
    forms: list[tuple[str, list[tuple[str, str]]]]
    """Outcome, then label and text of each fault and answer."""
    text: str
    link: str


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake) -> Email | NotNeeded:
    """Enqueues another digest for the next morning while an inbound e-mail needs review, until the event ends."""
    digest = gather(desk, event, entry.to, entry.not_before - REMARKS_OF)
    if digest.inbound.count and not event.is_over(intake.as_of):
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
    people = _people(desk.store, event, last)
    return StaffDigest(
        undelivered=Shown(tuple((people.get(one.registration_id or ""), one) for one in last), undelivered.count),
        quarantined=Shown(quarantined.in_order(), quarantined.count),
        breaker=breaker,
        inbound=Shown(for_review, left.count),
        remarks=Shown(remarks.in_order(), remarks.count),
        over_total=over_total,
    )


def word(entry: OutboxEntry, event: Event, digest: StaffDigest, intake: Intake) -> Email | NotNeeded:
    opened_at = _told_of_outage(digest.breaker, entry)
    if not (opened_at or _counts(digest)):
        return NotNeeded("nothing needs review any more")
    inbound, attachments = inbound_shown(event, digest.inbound.shown)
    return wording.worded(
        entry,
        event,
        f"Needs review: {event.title}{_counts(digest)}",
        "staff-digest",
        attachments=attachments,
        opened_at=opened_at,
        over_total=digest.over_total,
        undelivered_rows=sorted(_undelivered_row(one, entry, intake) for one, entry in digest.undelivered.shown),
        older_undelivered=wording.not_shown(digest.undelivered),
        quarantined_count=digest.quarantined.count,
        older_quarantined=wording.not_shown(digest.quarantined),
        quarantined=[
            (*wording.quarantined_row(event, one), wording.details(event, one.form)) for one in digest.quarantined.shown
        ],
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
    inbound = one.inbound
    withheld = [one_line(file.name, 100) for file in one.attachments if file.withheld]
    too_large = bool(inbound.not_read) and not one.attachments
    text_is_cut = len(inbound.text) >= LONGEST_SHOWN
    forms = _forms_for_staff(event, one)
    form_is_cut = any(not form.answers and form.status not in REGISTERED for form in inbound.forms)
    unread = any(reason.code in _UNREAD for reason in inbound.reasons)
    not_here = too_large or bool(withheld) or text_is_cut or form_is_cut or unread
    not_all_here = not_here or any(came.endswith(_MORE) for came, _ in forms)
    rows = [
        ("From", address(inbound.sender) or "(no address)"),
        ("Received", in_zone(inbound.received_at, event)),
        ("Why it needs review", why(event, inbound.reasons)),
        ("Attachments", _attachments(inbound.not_read, attached, withheld, too_large)),
        ("The e-mail itself", f"file {inbound.id} in the store of inbound e-mails" if not_all_here else ""),
    ]
    return InboundShown(
        subject=one_line(inbound.subject, 200) or "(no subject)",
        rows=[(label, text) for label, text in rows if text],
        forms=forms,
        text=f"{wording.shown(inbound.text).removesuffix('…')}…" if text_is_cut else wording.shown(inbound.text),
        link=one.link,
    )


def _attachments(not_read: Sequence[str], attached: list[str], withheld: list[str], too_large: bool) -> str:
    said = [f"{unlinked(', '.join(attached))} (attached here)"] if attached else []
    if withheld:
        more = f" and {len(withheld) - MOST_NAMED} more" if len(withheld) > MOST_NAMED else ""
        said.append(f"{', '.join(withheld[:MOST_NAMED])}{more} ({_WITHHELD})")
    if said:
        return "\n".join(said)
    if not_read:
        why = "not attached here: look into the e-mail" if too_large else "empty"
        return f"{', '.join(one_line(name, 100) for name in not_read)} ({why})"
    return ""


def _forms_for_staff(event: Event, one: ForReview) -> list[tuple[str, list[tuple[str, str]]]]:
    forms = one.inbound.forms
    said: list[tuple[str, list[tuple[str, str]]]] = []
    room = LONGEST_FORMS
    for form in forms:
        came, rows = _form_for_staff(event, form, one.people)
        room -= len(came) + sum(_ROW + len(label) + len(text) for label, text in rows)
        if room < 0:
            return [*said, (f"{len(forms) - len(said)} {_MORE}", [])]
        said.append((came, rows))
    return said


def _form_for_staff(
    event: Event, form: InboundForm, people: Mapping[str, Registered]
) -> tuple[str, list[tuple[str, str]]]:
    if form.status in REGISTERED and form.registration_id:
        return f"{words(form.status)}, reference {reference(form.registration_id)}", []
    stands = people.get(form.registration_id or "")
    if form.status is FormStatus.CONFLICT and stands and form.answers:
        came = f"{wording.name_of(form.answers)}: differs from the registered one, reference {stands.reference}"
        return came, wording.differences(event, stands, form.answers)
    wrong = [(f"{label} (missing or wrong)", sentences) for label, sentences in wording.faults(event, form.faults)]
    doubts = [("Not certain", "\n".join(why_doubted(event, form.doubts)))] if form.doubts else []
    rows = [("The row", wording.shown(row)) for row in form.doubts.get(Doubt.ROW_NOT_READ, ())]
    said = wrong + doubts + rows + wording.labelled(event, form.answers)
    return f"{wording.name_of(form.answers)}: {words(form.status)}", said


def _people(store: Store, event: Event, those: Sequence[OutboxEntry | InboundForm]) -> dict[str, Registered]:
    ids = [one.registration_id for one in those if one.registration_id]
    return {one.id: one for one in store.registered_among(event.slug, ids)} if ids else {}


def _was_refused(entry: OutboxEntry, now: datetime) -> bool:
    lately = entry.not_before > now - WITHOUT_ATTACHMENTS
    return entry.kind is EmailKind.STAFF_DIGEST and entry.status in UNDELIVERED and lately


def _for_review(desk: Desk, event: Event, to: str, left: Sequence[InboundEmail], room: int) -> tuple[ForReview, ...]:
    """`room`: bytes of attachments that go along."""
    until = desk.intakes.now(event) + VALID_FOR[LinkPurpose.RESOLVE]
    look = LOOKED_AT
    for_review = []
    for inbound in reversed(left):  # what came last has its attachments at hand
        attachments, looked_at = _attachments_of(desk, inbound) if room > 0 and look > 0 else ((), 0)
        look -= looked_at
        size = sum(len(attachment.content) for attachment in attachments)
        if size > room:
            attachments, size = (), 0
        room -= size
        link = desk.links.resolving(event, inbound.id, to, until)
        conflicts = [form for form in inbound.forms if form.status is FormStatus.CONFLICT]
        for_review.append(ForReview(inbound, link, attachments, _people(desk.store, event, conflicts)))
    return tuple(reversed(for_review))


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


def _counts(digest: StaffDigest) -> str:
    """As in ` (1 form, 13 e-mails)`."""
    counted = (
        (digest.over_total, "e-mail waits", "e-mails wait"),
        (digest.undelivered.count, "e-mail not delivered", "e-mails not delivered"),
        (digest.quarantined.count, "form", "forms"),
        (digest.inbound.count, "e-mail received", "e-mails received"),
        (digest.remarks.count, "remark", "remarks"),
    )
    said = ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counted if count)
    return f" ({said})" if said else ""


def _undelivered_row(one: Registered | None, entry: OutboxEntry, intake: Intake) -> tuple[str, str]:
    said = f"{words(entry.kind)} to {address(entry.to)}: {wording.standing(entry)}"
    if one is None:
        return ("Who wrote to us" if entry.kind is EmailKind.REPLY else "The staff"), said
    late = ", late" if intake.is_late(one.received_at) else ""
    answers = one.registration.answers
    numbers = [
        f"{label} {unlinked(answers[name])}" for name, label in (("tel", "tel."), ("fax", "fax")) if name in answers
    ]
    return f"{wording.who(one)} ({one.reference}{late})", "\n".join((said, *numbers))
