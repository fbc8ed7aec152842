"""What does not go by itself is put before the staff: mails that will not arrive, forms that are kept for them,
messages that a person has to read."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from rollcall.desk.desk import Desk, RosterStore
from rollcall.desk.scan import Newest, messages, still_kept, unsent_mails
from rollcall.desk.testing import is_test
from rollcall.model.email import (
    UNDELIVERED,
    Attachment,
    ForStaff,
    Mail,
    MailKind,
    MailRecord,
    NeedsAPerson,
    Shown,
    needs_a_person_mail,
)
from rollcall.model.event import Event
from rollcall.model.inbound import FormStanding, Incoming, Standing
from rollcall.model.registration import KeptForm, Registered

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


def owed_this_hour(event: Event, now: datetime) -> Sequence[Mail]:
    """The mails that tell the staff when the hour ends: one an hour, however much there is to tell."""
    hour = (now.astimezone(UTC) + NOTICE).replace(minute=0, second=0, microsecond=0)
    return _owed(event, f"{hour:%Y%m%dT%H}", hour + timedelta(hours=1))


def owed_next_morning(event: Event, now: datetime) -> Sequence[Mail]:
    """The mails that tell the staff on the next morning: one a day, however much there is to tell."""
    local = (now + NOTICE).astimezone(event.zone)
    day = local.date() if local.time() < MORNING else local.date() + timedelta(days=1)
    return _owed(event, f"{day:%Y%m%d}", datetime.combine(day, MORNING, event.zone).astimezone(UTC))


def word_of(desk: Desk, record: MailRecord) -> Sequence[Mail]:
    """What the staff are owed because of how this mail stands: word, where it will not arrive. Of such word itself
    there is none. Raises `StoreUnavailable`."""
    event = desk.events.get(record.mail.event)
    if event is None or not _is_told(record):
        return []
    return owed_this_hour(event, desk.store.now())


def draw_up_needs_a_person(desk: Desk, event: Event) -> NeedsAPerson:
    """What needs a person as the books stand now; of each kind the last are shown, and the people looked up whom they
    are about. Raises `StoreUnavailable`."""
    queue = desk.store.mail_queue()
    undelivered = Newest[MailRecord](SHOWN)
    was_refused = False
    for record in unsent_mails(desk.store, event.slug):
        was_refused = was_refused or _was_refused(record, queue.as_of)
        if _is_told(record):
            undelivered.add(record.attempts[-1].at if record.attempts else record.queued_at, record)
    kept = Newest[KeptForm](SHOWN)
    for one in still_kept(desk.store, event.slug):
        kept.add(one.form.received_at, one)
    left = Newest[Incoming](SHOWN)
    for incoming in filter(is_left_to_the_staff, messages(desk.store, event.slug)):
        left.add(incoming.received_at, incoming)
    for_staff = _for_staff(desk, event, left.in_order(), 0 if was_refused else ATTACHED)
    return NeedsAPerson(
        undelivered=Shown(_with_whom(desk.store, event, undelivered.in_order()), undelivered.count),
        kept=Shown(kept.in_order(), kept.count),
        queue=queue,
        incoming=Shown(for_staff, left.count),
    )


def is_left_to_the_staff(incoming: Incoming) -> bool:
    """Whether the staff have this message still before them."""
    return incoming.standing is Standing.NEEDS_A_PERSON and not incoming.dealt_with


def _with_whom(
    store: RosterStore, event: Event, records: Sequence[MailRecord]
) -> tuple[tuple[Registered | None, MailRecord], ...]:
    ids = [record.mail.registration_id for record in records if record.mail.registration_id]
    people = {one.id: one for one in store.people(event.slug, ids)}
    return tuple((people.get(record.mail.registration_id or ""), record) for record in records)


def _was_refused(record: MailRecord, now: datetime) -> bool:
    """Whether it is a mail of this kind that lately did not arrive."""
    lately = record.mail.not_before > now - WITHOUT_ATTACHMENTS
    return record.mail.kind is MailKind.NEEDS_A_PERSON and record.state in UNDELIVERED and lately


def _for_staff(desk: Desk, event: Event, left: Sequence[Incoming], room: int) -> tuple[ForStaff, ...]:
    """Those messages with what the staff want of each; `room` is how many bytes of attachments go along."""
    until = desk.intakes.now(event) + LINK_HOLDS
    look = LOOKED_AT
    for_staff = []
    for incoming in reversed(left):  # what came last has its attachments at hand
        attachments, looked_at = _attachments(desk, incoming) if room > 0 and look > 0 else ((), 0)
        look -= looked_at
        size = sum(len(attachment.content) for attachment in attachments)
        if size > room:
            attachments, size = (), 0
        room -= size
        link = desk.links.dealing_with(event, incoming.id, until)
        differing = [form for form in incoming.forms if form.standing is FormStanding.DIFFERS]
        ids = [form.registration_id for form in differing if form.registration_id]
        people = {one.id: one for one in desk.store.people(event.slug, ids)} if ids else {}
        for_staff.append(ForStaff(incoming, link, attachments, people))
    return tuple(reversed(for_staff))


def _attachments(desk: Desk, incoming: Incoming) -> tuple[tuple[Attachment, ...], int]:
    """What is attached to it, and how many bytes had to be looked at for that."""
    raw = desk.files().get(incoming.id) or b""
    return desk.reader().attachments(raw) if raw else (), len(raw)


def _is_told(record: MailRecord) -> bool:
    is_theirs = record.mail.kind is not MailKind.NEEDS_A_PERSON and not is_test(record.mail.to)
    return record.state in UNDELIVERED and is_theirs


def _owed(event: Event, stamp: str, not_before: datetime) -> Sequence[Mail]:
    return [
        needs_a_person_mail(event.slug, stamp, number, to, not_before) for number, to in enumerate(event.staff, start=1)
    ]
