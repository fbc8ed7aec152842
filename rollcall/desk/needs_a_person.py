"""What does not go by itself is put before the staff: mails that will not arrive, forms that are kept for them,
messages that a person has to read."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.desk.scan import Newest, messages, still_quarantined, unsent_entries
from rollcall.model.email import UNDELIVERED, Attachment, EmailKind, OutboxEntry, staff_digest
from rollcall.model.event import Event
from rollcall.model.inbound import FormStatus, InboundEmail, InboundStatus
from rollcall.model.registration import QuarantinedForm, Registered
from rollcall.model.roster import ForReview, Shown, StaffDigest

MORNING = time(8)
"""When the staff are told of what can wait, in the event's zone."""
LINK_HOLDS = timedelta(days=30)
"""How long a link in a mail of ours holds."""
ATTACHED = 10_000_000
"""Bytes of attachments that one mail to the staff brings along; SendGrid takes 30 MB, a third more for base64."""
LOOKED_AT = 60_000_000
"""Bytes of messages that are looked into for attachments: two of the largest, and many small ones."""
SHOWN = 50
"""Messages, kept forms, mails that did not arrive, late people: of each kind one mail to the staff shows so many at the
most, the last ones; strangers and robots may send many."""
WITHOUT_ATTACHMENTS = timedelta(days=7)
"""How long no attachments go along after a mail to the staff did not arrive: where a server takes one of them for a
virus, or for a program, it refuses all that goes with it."""
NOTICE = timedelta(minutes=2)
"""Words are owed at least so long before they go out: well above the time that a commit may take, so that what is owed
in one commit after another is not being sent meanwhile."""


def within_the_hour(event: Event, now: datetime) -> Sequence[OutboxEntry]:
    """The mails that tell the staff when the hour ends: one an hour, however much there is to tell."""
    hour = (now.astimezone(UTC) + NOTICE).replace(minute=0, second=0, microsecond=0)
    return _reenqueued(event, f"{hour:%Y%m%dT%H}", hour + timedelta(hours=1))


def next_morning(event: Event, now: datetime) -> Sequence[OutboxEntry]:
    """The mails that tell the staff on the next morning: one a day, however much there is to tell."""
    local = (now + NOTICE).astimezone(event.zone)
    day = local.date() if local.time() < MORNING else local.date() + timedelta(days=1)
    return _reenqueued(event, f"{day:%Y%m%d}", datetime.combine(day, MORNING, event.zone).astimezone(UTC))


def alert_for(desk: Desk, entry: OutboxEntry) -> Sequence[OutboxEntry]:
    """What the staff are owed because of how this mail stands: word, where it will not arrive. Of such word itself
    there is none. Raises `StoreUnavailable`."""
    event = desk.events.get(entry.event)
    if event is None or not _is_told(entry):
        return []
    return within_the_hour(event, desk.store.now())


def draw_up_needs_a_person(desk: Desk, event: Event) -> StaffDigest:
    """What needs a person as the books stand now; of each kind the last are shown, and the people looked up whom they
    are about. Raises `StoreUnavailable`."""
    queue = desk.store.circuit_breaker()
    undelivered = Newest[OutboxEntry](SHOWN)
    was_refused = False
    for entry in unsent_entries(desk.store, event.slug):
        was_refused = was_refused or _was_refused(entry, queue.as_of)
        if _is_told(entry):
            undelivered.add(entry.attempts[-1].at if entry.attempts else entry.enqueued_at, entry)
    kept = Newest[QuarantinedForm](SHOWN)
    for one in still_quarantined(desk.store, event.slug):
        kept.add(one.form.received_at, one)
    left = Newest[InboundEmail](SHOWN)
    for inbound in filter(needs_review, messages(desk.store, event.slug)):
        left.add(inbound.received_at, inbound)
    for_staff = _for_staff(desk, event, left.in_order(), 0 if was_refused else ATTACHED)
    return StaffDigest(
        undelivered=Shown(_with_whom(desk.store, event, undelivered.in_order()), undelivered.count),
        kept=Shown(kept.in_order(), kept.count),
        queue=queue,
        inbound=Shown(for_staff, left.count),
    )


def needs_review(inbound: InboundEmail) -> bool:
    """Whether the staff have this message still before them."""
    return inbound.status is InboundStatus.NEEDS_REVIEW and not inbound.resolved


def _with_whom(
    store: Store, event: Event, entries: Sequence[OutboxEntry]
) -> tuple[tuple[Registered | None, OutboxEntry], ...]:
    ids = [entry.registration_id for entry in entries if entry.registration_id]
    people = {one.id: one for one in store.registered_among(event.slug, ids)}
    return tuple((people.get(entry.registration_id or ""), entry) for entry in entries)


def _was_refused(entry: OutboxEntry, now: datetime) -> bool:
    """Whether it is a mail of this kind that lately did not arrive."""
    lately = entry.not_before > now - WITHOUT_ATTACHMENTS
    return entry.kind is EmailKind.STAFF_DIGEST and entry.status in UNDELIVERED and lately


def _for_staff(desk: Desk, event: Event, left: Sequence[InboundEmail], room: int) -> tuple[ForReview, ...]:
    """Those messages with what the staff want of each; `room` is how many bytes of attachments go along."""
    until = desk.intakes.now(event) + LINK_HOLDS
    look = LOOKED_AT
    for_staff = []
    for inbound in reversed(left):  # what came last has its attachments at hand
        attachments, looked_at = _attachments(desk, inbound) if room > 0 and look > 0 else ((), 0)
        look -= looked_at
        size = sum(len(attachment.content) for attachment in attachments)
        if size > room:
            attachments, size = (), 0
        room -= size
        link = desk.links.resolving(event, inbound.id, until)
        differing = [form for form in inbound.forms if form.status is FormStatus.CONFLICT]
        ids = [form.registration_id for form in differing if form.registration_id]
        people = {one.id: one for one in desk.store.registered_among(event.slug, ids)} if ids else {}
        for_staff.append(ForReview(inbound, link, attachments, people))
    return tuple(reversed(for_staff))


def _attachments(desk: Desk, inbound: InboundEmail) -> tuple[tuple[Attachment, ...], int]:
    """What is attached to it, and how many bytes had to be looked at for that."""
    raw = desk.files().get(inbound.id) or b""
    return desk.reader().attachments(raw) if raw else (), len(raw)


def _is_told(entry: OutboxEntry) -> bool:
    return entry.status in UNDELIVERED and entry.kind is not EmailKind.STAFF_DIGEST


def _reenqueued(event: Event, stamp: str, not_before: datetime) -> Sequence[OutboxEntry]:
    return [staff_digest(event.slug, stamp, number, to, not_before) for number, to in enumerate(event.staff, start=1)]
