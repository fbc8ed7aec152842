"""Quarantine: a form that no person may have filled in waits for a review, neither registered nor dropped."""

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


def quarantine(desk: Desk, event: Event, registration: Registration, signal: BotSignal) -> None:
    """Put the form in quarantine, the last one of each person, and enqueue a digest for the staff on the next morning:
    by then whoever was only fast has registered after all. The same call again, after any fault, is always right.

    No e-mail goes to the address on the form: robots must not write to strangers through us.
    """
    desk.store.quarantine(event.slug, registration, signal)
    for entry in next_morning(event, desk.intakes.now(event)):
        desk.store.enqueue(entry)
