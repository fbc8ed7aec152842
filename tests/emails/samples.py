"""One e-mail of each kind, in its variants and languages: what the golden files hold and the other tests vary."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from rollcall.desk.contributions.emailed import AGREED
from rollcall.documents.changes import News, RosterChange, change_of
from rollcall.documents.rooming_list import Guest, GuestChange, RoomingList
from rollcall.documents.roster_content import RosterRow, Shown
from rollcall.emails import (
    address,
    announcement,
    confirmation,
    conflict,
    erasure,
    invitation,
    links,
    moved,
    notice,
    receipt,
    reply,
    rooming_list,
    roster,
    staff_digest,
    with_website,
    withdrawal,
    withdrawn,
)
from rollcall.emails.reply import Reply
from rollcall.emails.roster import Changes, LinkedFile, Roster
from rollcall.emails.staff_digest import ForReview, StaffDigest
from rollcall.emails.wording import Ways
from rollcall.language import language, languages
from rollcall.model import email
from rollcall.model.announcement import Announcement, Wording
from rollcall.model.contribution import (
    Contribution,
    ContributionChange,
    Paper,
    PaperDoubt,
    PaperFile,
    PaperKind,
    PaperStatus,
)
from rollcall.model.email import Attachment, CircuitBreaker, Email, EmailStatus, NotNeeded, OutboxEntry
from rollcall.model.event import Event, Hotel
from rollcall.model.fault import Fault
from rollcall.model.inbound import (
    Doubt,
    FormStatus,
    InboundEmail,
    InboundForm,
    InboundPaper,
    InboundPaperStatus,
    InboundStatus,
    Reason,
    ReviewReason,
)
from rollcall.model.intake import Closing, Intake, RosterVersion
from rollcall.model.invitation import Invitation
from rollcall.model.personal_data import Erasure, ErasureStatus, answer_by
from rollcall.model.registration import (
    Actor,
    BotSignal,
    Change,
    QuarantinedForm,
    Registered,
    RegistrationStatus,
    Revision,
    Way,
    Why,
)
from tests.support.builders import LINKS, a_form, a_registration, an_event, registered

EVENT = with_website(LINKS, an_event())
NOON = datetime(2004, 2, 2, 12, tzinfo=UTC)
INTAKE = Intake(EVENT.opens_at, EVENT.closes_at, None, as_of=NOON)
NOT_YET_OPEN = replace(INTAKE, as_of=EVENT.opens_at - timedelta(days=1))
PAST = replace(INTAKE, as_of=EVENT.closes_at + timedelta(days=1))
CLOSED = replace(INTAKE, closing=Closing(1, "ab" * 32, 1), as_of=EVENT.closes_at)
FOCAL_POINT = "focal.point@mpt.example.org"
LINK = "https://desk.example.org/register/intgov04/complete/abc.def"
FORM_PAGE = "https://desk.example.org/register/intgov04"
ANSWERS_TO = "intgov04@forms.example.org"
STAFF = EVENT.staff[0].address
ROOM = Wording(
    "The room changed",
    "We meet in room K, not in room C.\nThe way is marked.\n\nSee https://www.example.org/rooms?k=1&l=2 (a map), or "
    "write to rooms@example.org.\n\nBring a badge & a pen; we are < 50.",
)
REFUSES = "We need it until the accounts are closed.\nThat is on 31 March; ask us again then."
SALLE = Wording("تغيّرت القاعة", "نجتمع في القاعة K.\n\nالخريطة: https://www.example.org/rooms")
KEPT_UNTIL = NOON + timedelta(hours=1)

AMINA = registered()
LATE = registered(received_at=EVENT.closes_at + timedelta(hours=1))
E_MAILED_IN_TIME = registered(
    arrived_at=EVENT.closes_at - timedelta(minutes=2), received_at=EVENT.closes_at + timedelta(minutes=1)
)
ANSWERS = {name: str(value) for name, value in a_form().items() if name not in ("email", "signature")}
REGISTERED = InboundForm(FormStatus.REGISTERED, AMINA.id)
INCOMPLETE = InboundForm(
    FormStatus.INCOMPLETE,
    answers=ANSWERS | {"fax": "none yet"},
    faults={
        "email": (Fault("required"),),
        "signature": (Fault("required"),),
        "fax": (Fault("not_a_telephone_number"),),
    },
)
DOUBTFUL = InboundForm(
    FormStatus.INCOMPLETE,
    answers={name: str(value) for name, value in a_form().items()},
    doubts={Doubt.TWO_ANSWERS: ("email", "tel"), Doubt.UNKNOWN_LABEL: ("Job title",), Doubt.QUOTED: ()},
)
ROW = InboundForm(FormStatus.NEEDS_REVIEW, doubts={Doubt.ROW_NOT_READ: ("Mr.  Camara  s@example.org",)})


def without_hotel() -> Registered:
    answers = {name: text for name, text in a_registration().answers.items() if not name.startswith("hotel")}
    return registered(a_registration(answers=answers))


OTHER_HOTEL = a_registration(
    answers={**a_registration().answers, "hotel": "Beau-Rivage", "hotel_tel": "+41 22 716 66 66", "address": "BP 1"}
)


def ways(one: Registered, event: Event = EVENT) -> Ways:
    return Ways(LINKS.own(event, one), ANSWERS_TO)


def confirmed(
    one: Registered, event: Event = EVENT, thread: tuple[str, ...] = (), intake: Intake = INTAKE, over: bool = False
) -> Email:
    entry = email.confirmation(event.slug, one.id, one.registration.email, thread)
    return confirmation.word(entry, event, one, intake, Ways(None, ANSWERS_TO) if over else ways(one, event))


def revised(
    before: Registered,
    why: Why = Why.CHANGED,
    by: Actor = Actor.REGISTRANT,
    way: Way = Way.LINK,
    **changes: Any,
) -> Revision:
    """The next revision, an hour after the last one."""
    at = (before.changed_at or before.received_at) + timedelta(hours=1)
    return Revision(
        Change(by, way, why), before, replace(before, **{"changed_at": at, **changes}, revision=before.revision + 1)
    )


def about(revision: Revision, event: Event = EVENT, intake: Intake = INTAKE) -> Email:
    """The e-mail that a revision owes its person."""
    now = revision.after
    entry = email.confirmation(event.slug, now.id, now.registration.email, revision=now.revision)
    if revision.change.why is Why.WITHDRAWN:
        return withdrawn.word(entry, event, revision, intake, ways(now, event))
    return confirmation.word(entry, event, now, intake, ways(now, event), revision)


def moved_away(revision: Revision, event: Event = EVENT) -> Email:
    before = revision.before
    entry = email.confirmation(event.slug, before.id, before.registration.email, revision=revision.number)
    return moved.word(entry, event, revision, Ways(None, ANSWERS_TO))


def address_checked(one: Registered, event: Event = EVENT) -> Email:
    link = LINKS.confirming_address(event, one)
    return address.word(email.address_check(event.slug, one), event, one, link, ANSWERS_TO)


def linked(*those: Registered, event: Event = EVENT, intake: Intake = INTAKE, more: bool = False) -> Email:
    entry = email.links_to(event.slug, "MARK", those[0].registration.email, NOON)
    return links.word(entry, event, intake, [link_of(one, event, intake) for one in those], more, ANSWERS_TO)


def link_of(one: Registered, event: Event = EVENT, intake: Intake = INTAKE) -> links.Linked:
    return links.Linked(one, LINKS.own(event, one), intake.is_late(one.received_at))


def newly_linked(one: Registered, event: Event = EVENT) -> Email:
    entry = email.new_link(event.slug, one)
    return links.word(entry, event, INTAKE, [link_of(one, event)], False, ANSWERS_TO)


def disowned(one: Registered, at: datetime, event: Event = EVENT) -> Email:
    entry = email.withdrawal_notice(EVENT.slug, one.id, 2, "spumail@itu.int")
    withdrawn = replace(one, status=RegistrationStatus.WITHDRAWN, changed_at=at)
    return withdrawal.word(entry, event, withdrawn, INTAKE)


def conflicting(
    one: Registered, event: Event = EVENT, intake: Intake = INTAKE, kept_until: datetime | None = KEPT_UNTIL
) -> Email:
    entry = email.conflict_notice(event.slug, one, NOON)
    return conflict.word(entry, event, one, intake, ways(one, event), kept_until)


def announced(event: Event = EVENT, said: Wording = ROOM) -> Email:
    entry = email.announcement_entry(Announcement("N", event.slug, {}), AMINA.id, AMINA.registration.email)
    whose = announcement.Addressee(AMINA.registration.addressed_as, AMINA.reference)
    return announcement.word(entry, event, said, whose, INTAKE, ways(AMINA, event))


def invited(event: Event = EVENT) -> Email:
    until = EVENT.closes_at + timedelta(days=3)
    one = Invitation("I", "Amina Diallo", until, "visa", STAFF, PAST.as_of, "amina@mpt.example.org")
    return invitation.word(email.invitation_entry(event.slug, one), event, one, LINKS.late(event, one), ANSWERS_TO)


PAPER = Paper(
    PaperKind.ORIGINAL,
    0,
    (
        PaperFile("F1", "internet-governance.pdf", "application/pdf", "en", 1_234_567, "ab" * 32),
        PaperFile("F2", "gouvernance (2).docx", "application/msword", "fr", 800, "cd" * 32),
    ),
    received_at=NOON,
)
CONTRIBUTION = Contribution(
    id="C" * 24,
    event=EVENT.slug,
    title="Whose names? On country codes & www.example.org",
    source="Ministère des Postes et Télécommunications, Guinée",
    name="Amina Diallo",
    email="amina@mpt.example.org",
    papers=(PAPER,),
    item="Country-code top-level domains",
    consent="I agree.",
    number=7,
    created_at=NOON,
)


def receipted(
    event: Event = EVENT, answers_to: str | None = ANSWERS_TO, said: Mapping[str, Any] | None = None, **paper: Any
) -> Email:
    """Of the last paper; `said` is what the contribution says otherwise."""
    one = replace(CONTRIBUTION, papers=(replace(PAPER, **paper),), **(said or {}))
    own = LINKS.contribution(event, one)
    shown = receipt.Receipt(one, one.papers[0], event.closes_at, own, answers_to)
    return receipt.word(email.contribution_receipts(one)[-1], event, shown)


def noticed(event: Event = EVENT, withdrawn: bool = False, said: Mapping[str, Any] | None = None) -> Email:
    held = replace(PAPER, status=PaperStatus.HELD, reason="The second file is empty.\nPlease send it again.")
    one = replace(CONTRIBUTION, revision=2, papers=(PAPER if withdrawn else held,), withdrawn=withdrawn, **(said or {}))
    made = ContributionChange(2, {}, {}, Actor.REGISTRANT, Way.LINK, "", NOON + timedelta(days=1))
    own = None if withdrawn else LINKS.contribution(event, one)
    return notice.word(email.contribution_notice(one), event, one, made if withdrawn else None, own)


def an_inbound(*forms: InboundForm, **changes: Any) -> InboundEmail:
    inbound = InboundEmail(
        "M" * 24,
        EVENT.slug,
        NOON,
        sender=FOCAL_POINT,
        subject="Registration for the workshop",
        message_id="<one@mpt.example.org>",
        forms=forms,
    )
    return replace(inbound, **changes)


def replied(
    *forms: InboundForm,
    event: Event = EVENT,
    intake: Intake = INTAKE,
    people: tuple[Registered, ...] = (AMINA,),
    links: Mapping[int, str] | None = None,
    own: Mapping[str, str] | None = None,
    to: str = FOCAL_POINT,
    **changes: Any,
) -> Email:
    inbound = an_inbound(*forms, **changes)
    if links is None:
        links = {place: LINK for place, form in enumerate(forms) if form.status is FormStatus.INCOMPLETE}
    content = Reply(inbound, {one.id: one for one in people}, links, own or {}, FORM_PAGE, ANSWERS_TO)
    return reply.word(email.reply_entry(inbound, to), event, content, intake)


_FILE = PaperFile("F" * 26, "names.docx", "application/pdf", "en", 9000, "ab" * 32)
_MISSING = {"title": (Fault("not_certain"),), "source": (Fault("not_found"),)}
INCOMPLETE_PAPER = InboundPaper(InboundPaperStatus.INCOMPLETE, title="Names & numbers", files=(_FILE,), faults=_MISSING)


def replied_to_papers(*papers: InboundPaper, event: Event = EVENT) -> Email:
    inbound = an_inbound(papers=papers, subject="Contribution")
    numbers, said = {"C": "INTGOV04-C/7"}, language(event.language).gettext(AGREED, address=ANSWERS_TO)
    content = Reply(inbound, {}, {}, {}, FORM_PAGE, ANSWERS_TO, numbers, LINK, said, ANSWERS_TO)
    return reply.word(email.reply_entry(inbound, FOCAL_POINT), event, content, INTAKE)


def some(*those: Any, count: int | None = None) -> Shown[Any]:
    return Shown(those, len(those) if count is None else count)


def unsent(one: Registered, status: EmailStatus, reason: str = "") -> OutboxEntry:
    entry = email.confirmation(EVENT.slug, one.id, one.registration.email)
    return replace(entry, status=status, due_at=None, reason=reason)


def rostered(intake: Intake = CLOSED, event: Event = EVENT, version: int = 1, **content: Any) -> Email:
    assert intake.closing
    shown = Roster(**{"on_roster": intake.closing.count, **content})
    return roster.word(email.roster_entry(event.slug, version, "spumail@itu.int"), event, shown, intake)


def for_review(number: int, *files: Attachment, people: Mapping[str, Registered] | None = None, **changes: Any) -> Any:
    inbound = InboundEmail(
        f"M{number:023}",
        EVENT.slug,
        NOON,
        sender=f"sender{number:03}@example.org",
        subject="Our form",
        reasons=(Reason(ReviewReason.NO_FORM),),
        text="Dear colleagues,\nplease find our form attached.",
    )
    link = f"https://desk.example.org/dealt-with/{number}"
    return ForReview(replace(inbound, **changes), link, files, people or {})


def digest(event: Event = EVENT, **content: Any) -> Email | NotNeeded:
    entry = email.staff_digest(EVENT.slug, "20040202T12", "spumail@itu.int", NOON)
    empty = StaffDigest(Shown(), Shown(), CircuitBreaker(NOON))
    return staff_digest.word(entry, event, replace(empty, **content), CLOSED)


def digested(event: Event = EVENT, **content: Any) -> Email:
    written = digest(event, **content)
    assert isinstance(written, Email)
    return written


def _full_roster(event: Event = EVENT) -> Email:
    failed = RosterRow(AMINA, unsent=unsent(AMINA, EmailStatus.BOUNCED, "550 no such mailbox"))
    without = InboundForm(FormStatus.INCOMPLETE, faults=dict.fromkeys(("email", "signature"), (Fault("required"),)))
    named = replace(without, answers={"first_name": "Fatou", "family_name": "Ba"})
    return rostered(
        event=event,
        by_category={"member-state": 2},
        doubles=2,
        organizations=some(("Ministère des Postes", 7), (None, 1), count=12_346),
        hotels=some(("Hôtel Cornavin", 9), count=3),
        undelivered=some(failed, count=4000),
        late=some(
            RosterRow(LATE, late=True),
            RosterRow(E_MAILED_IN_TIME, late=True, unsent=unsent(LATE, EmailStatus.FAILED)),
            count=70,
        ),
        quarantined=some(QuarantinedForm(AMINA, BotSignal.TOO_FAST), count=5000),
        not_completed=some(
            roster.incomplete_form(event, an_inbound(), named),
            roster.incomplete_form(event, an_inbound(sender=""), InboundForm(FormStatus.NOT_YET_OPEN)),
        ),
        inbound={
            InboundStatus.REGISTERED: 30,
            InboundStatus.WAITING_FOR_SENDER: 5,
            InboundStatus.NEEDS_REVIEW: 3,
            InboundStatus.SPAM: 1,
        },
        resolved=2,
        attached=(
            Attachment("intgov04-roster.xlsx", "application/zip", b"PK"),
            Attachment("intgov04-roster-for-programs.csv", "text/csv", b"reference"),
        ),
    )


def _linked_roster() -> Email:
    linked = (
        LinkedFile("intgov04-roster.xlsx", 14_000_000, f"{FORM_PAGE}/roster/1"),
        LinkedFile("intgov04-roster-for-programs.csv", 25_060_000, f"{FORM_PAGE}/roster/2"),
    )
    return rostered(replace(CLOSED, as_of=EVENT.closes_at + timedelta(minutes=1)), linked=linked)


def _third_version(event: Event = EVENT) -> Email:
    drawn_at = EVENT.closes_at + timedelta(hours=9)
    second = RosterVersion(2, 3, "cd" * 32, 1, drawn_at, "v2")
    third = RosterVersion(3, 3, "ef" * 32, 1, drawn_at + timedelta(days=1), "v3")
    intake = replace(CLOSED, later_versions=(second, third), as_of=third.drawn_at)
    answers = {**AMINA.registration.answers, "hotel": "Beau-Rivage", "address": "BP 1\nConakry"}
    del answers["fax"]
    other = replace(AMINA, registration=a_registration(answers=answers), revision=2, changed_at=drawn_at)
    made = Revision(Change(Actor.REGISTRANT, Way.LINK, Why.CHANGED), AMINA, other)
    left = replace(AMINA, status=RegistrationStatus.WITHDRAWN, changed_at=drawn_at)
    changed = change_of(event, AMINA, [made], other, is_on_roster=True)
    back = RosterChange(News.CHANGED, AMINA, AMINA)
    changes = Changes(
        second,
        came=some(RosterChange(News.CAME, AMINA, AMINA)),
        left=some(RosterChange(News.LEFT, AMINA, left)),
        changed=some(changed, back, count=70),
    )
    return rostered(
        intake,
        event,
        version=3,
        on_roster=3,
        changes=changes,
        by_category={"member-state": 3},
        withdrawn=some(RosterRow(left)),
        attached=(Attachment("intgov04-roster.xlsx", "application/zip", b"PK"),),
    )


def _full_digest(event: Event = EVENT) -> Email:
    bounced = unsent(AMINA, EmailStatus.BOUNCED, "550 no such mailbox")
    lost_reply = replace(
        email.reply_entry(an_inbound(), "a@mpt.example.org"), status=EmailStatus.BOUNCED, reason="550 no"
    )
    lost_roster = replace(email.roster_entry(EVENT.slug, 1, "gone@example.org"), status=EmailStatus.FAILED)
    came = {name: str(value) for name, value in a_form(hotel=" Hotel Royal ", category="associate").items()}
    came |= {"address": "BP 1\nConakry", "organization": came["organization"] + " ", "family_name": "DIALLO"}
    del came["fax"]
    differs = InboundForm(FormStatus.CONFLICT, AMINA.id, answers=came)
    known = InboundForm(FormStatus.DUPLICATE, AMINA.id)
    scan = Attachment("scan.pdf", "application/pdf", b"%PDF")
    program = Attachment("form.pdf.exe", "application/octet-stream", b"", withheld=True)
    incomplete = InboundForm(
        FormStatus.INCOMPLETE,
        answers={"family_name": "Diallo", "category": "associate"},
        faults={"email": (Fault("required"),)},
    )
    return digested(
        event,
        over_total=12,
        to_erase=[date(2004, 2, 29), date(2004, 3, 1)],
        undelivered=some((AMINA, bounced), (None, lost_reply), (None, lost_roster), count=3003),
        quarantined=some(QuarantinedForm(AMINA, BotSignal.HIDDEN_FIELD), count=53),
        breaker=CircuitBreaker(NOON, opened_at=NOON - timedelta(hours=1), account_refused=True),
        inbound=some(
            for_review(1, scan, program, not_read=("scan.pdf", "form.pdf.exe")),
            for_review(2, forms=(incomplete, known, DOUBTFUL, ROW)),
            for_review(3, forms=(differs,), people={AMINA.id: AMINA}, reasons=(Reason(ReviewReason.CONFLICT),)),
            for_review(4, not_read=("huge.tif",), subject="", sender="", text="نموذج التسجيل\nاسم: أمينة"),
            count=5,
        ),
        remarks=some(an_inbound(text="Happy New Year to you all!", reasons=(Reason(ReviewReason.REMARK),)), count=3),
    )


NEW_ADDRESS = "a.diallo@arpt.example.org"


def changed(why: Why = Why.CHANGED, one: Registered = AMINA, **how: Any) -> Revision:
    """Another hotel and another postal address."""
    return revised(one, why, registration=OTHER_HOTEL, **how)


def judged(why: Why, *, admitted: bool) -> Revision:
    """By the staff, of whoever registered late."""
    return revised(LATE, why, by=Actor.STAFF, admitted=admitted)


def another_address() -> Revision:
    return revised(AMINA, new_email=NEW_ADDRESS)


def address_confirmed() -> Revision:
    registration = replace(AMINA.registration, email=NEW_ADDRESS)
    return revised(another_address().after, Why.ADDRESS_CONFIRMED, registration=registration, new_email="", link=1)


def withdrawal_of(one: Registered = AMINA, **how: Any) -> Revision:
    return revised(one, Why.WITHDRAWN, status=RegistrationStatus.WITHDRAWN, **how)


def back() -> Revision:
    return revised(
        withdrawal_of().after, Why.BACK, way=Way.FORM, status=RegistrationStatus.REGISTERED, registration=OTHER_HOTEL
    )


def _two_links(event: Event) -> Email:
    other = registered(a_registration(first_name="Fatou", family_name="Ba"))
    return linked(AMINA, withdrawal_of(other).after, event=event)


def _rooming_list(since: int | None = None, *changes: GuestChange) -> Email:
    guest = Guest(AMINA.reference, {"family_name": "Diallo", "first_name": "Amina"})
    said = RoomingList("Hôtel Cornavin", 2 if since else 1, NOON, [guest], since, changes)
    entry = email.rooming_list_entry(EVENT.slug, "H", said.number, "desk@cornavin.example.org")
    return rooming_list.word(entry, EVENT, said)


def _changed_rooms() -> Email:
    guest = Guest(AMINA.reference, {"family_name": "www.example.org", "first_name": "Amina"})
    moved = GuestChange(News.CHANGED, guest, [("Arrival", "2004-02-25", "2004-02-26")])
    return _rooming_list(1, GuestChange(News.CAME, guest), GuestChange(News.LEFT, guest), moved)


SAMPLES: dict[str, Callable[[], Email]] = {
    "rooming-list": _rooming_list,
    "rooming-list-unchanged": lambda: _rooming_list(1),
    "rooming-list-changed": _changed_rooms,
    "confirmation-e-mailed-in-time": lambda: confirmed(E_MAILED_IN_TIME),
    "confirmation-no-hotel": lambda: confirmed(
        without_hotel(), replace(EVENT, hotels=(Hotel("Beau-Rivage", "+41 22 716 66 66", None),))
    ),
    "confirmation-changes-over": lambda: confirmed(AMINA, intake=replace(PAST, closes_at=EVENT.closes_at)),
    "changed-by-staff": lambda: about(changed(by=Actor.STAFF), intake=PAST),
    "changed-late": lambda: about(changed(one=LATE, by=Actor.STAFF), intake=PAST),
    "admitted": lambda: about(judged(Why.ADMITTED, admitted=True), intake=PAST),
    "not-admitted": lambda: about(judged(Why.NOT_ADMITTED, admitted=False), intake=PAST),
    "address-corrected": lambda: about(revised(AMINA, Why.ADDRESS_CORRECTED, by=Actor.STAFF, link=1)),
    "withdrawn-late": lambda: about(withdrawal_of(LATE, way=Way.EMAIL), intake=PAST),
    "links-three": lambda: linked(AMINA, LATE, withdrawal_of().after, intake=PAST, more=True),
    "announcement": announced,
    "announcement.ar": lambda: announced(EVENT.in_language("ar"), SALLE),
    "invitation": invited,
    "receipt-late": lambda: receipted(received_at=EVENT.closes_at + timedelta(milliseconds=1)),
    "receipt-revision": lambda: receipted(
        answers_to=None, said={"item": "", "consent": ""}, kind=PaperKind.REVISION, number=1, arrived_at=NOON
    ),
    "receipt-doubt": lambda: receipted(status=PaperStatus.HELD, doubt=PaperDoubt.NOT_SCANNED),
    "receipt-published": lambda: receipted(status=PaperStatus.PUBLISHED),
    "receipt-held": lambda: receipted(status=PaperStatus.HELD, reason="It says nothing on the agenda."),
    "notice-withdrawn-no-number": lambda: noticed(withdrawn=True, said={"number": None}),
    "conflict-past": lambda: conflicting(AMINA, intake=PAST, kept_until=None),
    "reply-own-conflict": lambda: replied(
        InboundForm(FormStatus.CONFLICT, AMINA.id, answers=ANSWERS), own={AMINA.id: LINKS.own(EVENT, AMINA)}
    ),
    "reply-own": lambda: replied(REGISTERED, own={AMINA.id: LINKS.own(EVENT, AMINA)}),
    "withdrawal": lambda: disowned(AMINA, NOON + timedelta(hours=1)),
    "withdrawal-late": lambda: disowned(LATE, EVENT.closes_at + timedelta(hours=2)),
    "withdrawal-closed": lambda: disowned(AMINA, EVENT.closes_at + timedelta(hours=1)),
    "roster-empty": rostered,
    "roster-full": _full_roster,
    "roster-links": _linked_roster,
    "roster-version-3": _third_version,
    "roster-version-2-none-before": lambda: rostered(
        replace(CLOSED, later_versions=(RosterVersion(2, 1, "cd" * 32, 1, EVENT.closes_at, "v2"),)), version=2
    ),
    "roster-withdrawn": lambda: rostered(
        replace(CLOSED, closing=Closing(3, "ab" * 32, 1)),
        on_roster=2,
        by_category={"member-state": 2},
        withdrawn=some(RosterRow(replace(AMINA, status=RegistrationStatus.WITHDRAWN, changed_at=LATE.received_at))),
    ),
    "staff-digest-empty-circuit": lambda: digested(
        breaker=CircuitBreaker(NOON, opened_at=NOON - timedelta(hours=1), account_refused=True)
    ),
    "staff-digest-full": _full_digest,
    "reply-duplicate-no-hotel": lambda: replied(
        replace(REGISTERED, status=FormStatus.DUPLICATE), people=(replace(without_hotel(), id=AMINA.id),)
    ),
    "reply-late": lambda: replied(REGISTERED, people=(LATE,), intake=PAST),
    "reply-e-mailed-in-time": lambda: replied(REGISTERED, people=(E_MAILED_IN_TIME,), intake=PAST),
    "reply-conflict": lambda: replied(InboundForm(FormStatus.CONFLICT, AMINA.id, answers=ANSWERS)),
    "reply-incomplete-no-link": lambda: replied(INCOMPLETE, links={}),
    "reply-incomplete-past": lambda: replied(INCOMPLETE, intake=PAST),
    "reply-not-yet-open": lambda: replied(
        InboundForm(FormStatus.NOT_YET_OPEN, AMINA.id, answers=ANSWERS), intake=NOT_YET_OPEN
    ),
    "reply-was-not-yet-open": lambda: replied(InboundForm(FormStatus.NOT_YET_OPEN, AMINA.id, answers=ANSWERS)),
    "reply-needs-review": lambda: replied(InboundForm(FormStatus.NEEDS_REVIEW, answers=ANSWERS)),
    "reply-several": lambda: replied(REGISTERED, INCOMPLETE, InboundForm(FormStatus.CONFLICT, answers=ANSWERS)),
    "reply-list": lambda: replied(REGISTERED, DOUBTFUL, ROW),
    "reply-no-form-past": lambda: replied(intake=PAST),
    "reply-papers": lambda: replied_to_papers(
        replace(INCOMPLETE_PAPER, status=InboundPaperStatus.REFUSED, faults={"files": (Fault("file_active"),)}),
        InboundPaper(InboundPaperStatus.DUPLICATE, "C", "Names", "Mali", files=(_FILE,)),
        InboundPaper(InboundPaperStatus.NEEDS_REVIEW, "C", "Names", "Mali"),
    ),
}


def erased(one: Registered, event: Event = EVENT, *, asked: bool = True, intake: Intake = INTAKE) -> Email:
    erasure_of = Erasure(one.id, event.slug, ErasureStatus.DUE, asked_at=NOON if asked else None)
    return erasure.last(email.erasure_notice(event.slug, one), event, one, erasure_of, intake)


def asked_to_erase(one: Registered, event: Event = EVENT) -> Email:
    of = Erasure(one.id, event.slug, ErasureStatus.ASKED, asked_at=NOON)
    day = answer_by(NOON.date())
    return erasure.asked(email.request_notice(event.slug, one, NOON), event, one, of, LINKS.own(event, one), day)


def not_erased(one: Registered, event: Event = EVENT) -> Email:
    refused = Erasure(one.id, event.slug, ErasureStatus.REFUSED, asked_at=NOON, answer=REFUSES, refusals=1)
    return erasure.refusal(email.refusal_notice(event.slug, one, 1), event, one, refused, LINKS.own(event, one))


IN_EACH_LANGUAGE: dict[str, Callable[[Event], Email]] = {
    "receipt": receipted,
    "reply-paper": lambda event: replied_to_papers(INCOMPLETE_PAPER, event=event),
    "notice-held": noticed,
    "notice-withdrawn": lambda event: noticed(event, withdrawn=True),
    "confirmation": lambda event: confirmed(AMINA, event),
    "confirmation-late": lambda event: confirmed(LATE, event),
    "changed": lambda event: about(changed(), event),
    "changed-address": lambda event: about(another_address(), event),
    "address-check": lambda event: address_checked(another_address().after, event),
    "address-confirmed": lambda event: about(address_confirmed(), event),
    "address-moved": lambda event: moved_away(another_address(), event),
    "back": lambda event: about(back(), event),
    "withdrawn": lambda event: about(withdrawal_of(), event),
    "erased": lambda event: erased(AMINA, event),
    "erasure-asked": lambda event: asked_to_erase(AMINA, event),
    "not-erased": lambda event: not_erased(AMINA, event),
    "links": _two_links,
    "new-link": lambda event: newly_linked(AMINA, event),
    "conflict": lambda event: conflicting(AMINA, event),
    "reply-registered": lambda event: replied(REGISTERED, event=event),
    "reply-incomplete": lambda event: replied(INCOMPLETE, event=event),
    "reply-doubtful": lambda event: replied(DOUBTFUL, event=event),
    "reply-scans": lambda event: replied(event=event, not_read=("scan of the form.jpg", "fax.tif")),
    "reply-no-form": lambda event: replied(event=event),
}
SAMPLES |= {
    name if code == EVENT.language else f"{name}.{code}": partial(make, EVENT.in_language(code))
    for name, make in IN_EACH_LANGUAGE.items()
    for code in languages()
}
SAMPLES |= {
    f"{name}.fr": partial(make, EVENT.in_language("fr"))
    for name, make in {
        "roster-full": _full_roster,
        "staff-digest-full": _full_digest,
        "withdrawal": lambda event: disowned(AMINA, NOON + timedelta(hours=1), event),
    }.items()
}
