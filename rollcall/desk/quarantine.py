"""Quarantine: a form that a robot may have filled in waits for a review."""

from datetime import datetime, timedelta

from rollcall.desk.desk import Desk
from rollcall.desk.staff_digests import digests_next_morning
from rollcall.model.event import Event
from rollcall.model.registration import BotSignal, Registration

SHORTEST = timedelta(seconds=3)


def bot_signal_in(hidden: str, shown_at: datetime | None, now: datetime) -> BotSignal | None:
    if hidden.strip():
        return BotSignal.HIDDEN_FIELD
    if shown_at is not None and timedelta(0) <= now - shown_at < SHORTEST:
        return BotSignal.TOO_FAST
    return None


def quarantine(desk: Desk, event: Event, registration: Registration, signal: BotSignal) -> None:
    """The staff are told in the morning: by then whoever was only fast has registered. The address on the form gets no
    e-mail: robots must not write to strangers through us."""
    now = desk.intakes.now(event)
    desk.store.quarantine(event.slug, registration, signal, now)
    for entry in digests_next_morning(event, now):
        desk.store.enqueue(entry)
