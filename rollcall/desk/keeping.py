"""Keeping: a form that no person may have filled in is kept for the staff, neither registered nor dropped."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, time, timedelta

from rollcall.desk.desk import Desk, RosterStore
from rollcall.desk.event import Event
from rollcall.desk.mail import Mail, needs_a_person_mail
from rollcall.desk.registration import KeptForm, Registration, Sign

SHORTEST = timedelta(seconds=3)
"""Nobody reads the form, fills it in and sends it in less."""
MORNING = time(8)
"""When the staff are told, in the event's zone."""
PAGE_SIZE = 500
"""Kept forms read at a time."""


def sign_of_robot(hidden: str, shown_at: datetime | None, now: datetime) -> Sign | None:
    """Why the form looks as if no person had filled it in, if it does: none of this is proof.

    `hidden` is what is in the field that people do not see; `shown_at` is when the page was shown, if that is known.
    """
    if hidden.strip():
        return Sign.HIDDEN_FIELD
    if shown_at is not None and timedelta(0) <= now - shown_at < SHORTEST:
        return Sign.TOO_FAST
    return None


def keep(desk: Desk, event: Event, id: str, registration: Registration, sign: Sign) -> None:
    """Keep the form, the last one of each person, and owe the staff word of it. The same call again, after any fault,
    is always right.

    No mail goes to the address on the form: robots must not write to strangers through us. Raises `StoreUnavailable`.
    """
    desk.store.keep(event.slug, id, registration, sign)
    for mail in word_of_kept(event, desk.intakes.now(event)):
        desk.store.queue(mail)


def word_of_kept(event: Event, now: datetime) -> Sequence[Mail]:
    """The mails that tell the staff on the next morning: one a day, however many forms are kept. By then whoever was
    only fast has registered after all."""
    local = now.astimezone(event.zone)
    day = local.date() if local.time() < MORNING else local.date() + timedelta(days=1)
    not_before = datetime.combine(day, MORNING, event.zone).astimezone(UTC)
    return [
        needs_a_person_mail(event.slug, day, number, to, not_before) for number, to in enumerate(event.staff, start=1)
    ]


def draw_up_kept(store: RosterStore, event: str, registered: Collection[str]) -> tuple[KeptForm, ...]:
    """The forms that need a person, the first received first: all that are kept but those of people (by id) who
    registered after all. Raises `StoreUnavailable`."""
    found: list[KeptForm] = []
    after = None
    while page := store.kept(event, after, PAGE_SIZE):
        found += [kept for kept in page if kept.form.id not in registered]
        after = page[-1].form.id
    return tuple(sorted(found, key=lambda kept: kept.form.received_at))
