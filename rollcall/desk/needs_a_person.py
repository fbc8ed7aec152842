"""What does not go by itself is put before the staff: mails that will not arrive, forms that are kept for them."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, time, timedelta

from rollcall.desk.desk import Desk, NeedsAPersonStore, RosterStore
from rollcall.desk.event import Event
from rollcall.desk.mail import UNDELIVERED, Mail, MailKind, MailRecord, NeedsAPerson, needs_a_person_mail
from rollcall.desk.pages import everyone, kept_forms
from rollcall.desk.registration import KeptForm

MORNING = time(8)
"""When the staff are told of what can wait, in the event's zone."""
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


def still_kept(store: RosterStore, event: str, registered: Collection[str]) -> tuple[KeptForm, ...]:
    """The kept forms, the first received first, but for those of people (by id) who registered after all.

    Raises `StoreUnavailable`.
    """
    kept = [kept for kept in kept_forms(store, event) if kept.id not in registered]
    return tuple(sorted(kept, key=lambda kept: kept.form.received_at))


def draw_up_needs_a_person(store: NeedsAPersonStore, event: Event) -> NeedsAPerson:
    """What needs a person as the books stand now. Raises `StoreUnavailable`."""
    people = {one.id: one for one in everyone(store, event.slug)}
    undelivered = tuple(
        (people.get(record.mail.registration_id or ""), record)
        for record in store.unsent_mails(event.slug)
        if _is_told(record)
    )
    return NeedsAPerson(undelivered, still_kept(store, event.slug, people), store.mail_queue())


def _is_told(record: MailRecord) -> bool:
    return record.state in UNDELIVERED and record.mail.kind is not MailKind.NEEDS_A_PERSON


def _owed(event: Event, stamp: str, not_before: datetime) -> Sequence[Mail]:
    return [
        needs_a_person_mail(event.slug, stamp, number, to, not_before) for number, to in enumerate(event.staff, start=1)
    ]
