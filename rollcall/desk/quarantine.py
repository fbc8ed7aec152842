"""Quarantine: a form that no person may have filled in waits for a review, neither registered nor dropped."""

from datetime import datetime, timedelta

from rollcall.desk.desk import Desk
from rollcall.desk.staff_alerts import next_morning
from rollcall.model.event import Event
from rollcall.model.registration import BotSignal, Registration

SHORTEST = timedelta(seconds=3)
"""Nobody fills in the form in less."""


def bot_signal_in(hidden: str, shown_at: datetime | None, now: datetime) -> BotSignal | None:
    """`hidden` is the field that people do not see; `shown_at` when the page was shown, if known."""
    if hidden.strip():
        return BotSignal.HIDDEN_FIELD
    if shown_at is not None and timedelta(0) <= now - shown_at < SHORTEST:
        return BotSignal.TOO_FAST
    return None


def quarantine(desk: Desk, event: Event, registration: Registration, signal: BotSignal) -> None:
    """The last one of each person; the staff get a digest in the morning: by then whoever was only fast has registered.
    No e-mail goes to the address on the form: robots must not write to strangers through us. Safe to repeat."""
    desk.store.quarantine(event.slug, registration, signal)
    for entry in next_morning(event, desk.intakes.now(event)):
        desk.store.enqueue(entry)
