"""Keeping: a form that no person may have filled in is kept for the staff, neither registered nor dropped."""

from datetime import datetime, timedelta

from rollcall.desk.desk import Desk
from rollcall.desk.staff_alerts import next_morning
from rollcall.model.event import Event
from rollcall.model.registration import BotSignal, Registration

SHORTEST = timedelta(seconds=3)
"""Nobody reads the form, fills it in and sends it in less."""


def bot_signal_in(hidden: str, shown_at: datetime | None, now: datetime) -> BotSignal | None:
    """Why the form looks as if no person had filled it in, if it does: none of this is proof.

    `hidden` is what is in the field that people do not see; `shown_at` is when the page was shown, if that is known.
    """
    if hidden.strip():
        return BotSignal.HIDDEN_FIELD
    if shown_at is not None and timedelta(0) <= now - shown_at < SHORTEST:
        return BotSignal.TOO_FAST
    return None


def keep(desk: Desk, event: Event, id: str, registration: Registration, sign: BotSignal) -> None:
    """Keep the form, the last one of each person, and owe the staff word of it on the next morning: by then whoever was
    only fast has registered after all. The same call again, after any fault, is always right.

    No mail goes to the address on the form: robots must not write to strangers through us. Raises `StoreUnavailable`.
    """
    desk.store.quarantine(event.slug, id, registration, sign)
    for entry in next_morning(event, desk.intakes.now(event)):
        desk.store.enqueue(entry)
