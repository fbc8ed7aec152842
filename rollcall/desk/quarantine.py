"""Quarantine: a form that a robot may have filled in waits for a review."""

from rollcall.desk.desk import Desk
from rollcall.desk.staff_digests import digests_next_morning
from rollcall.model.event import Event
from rollcall.model.registration import BotSignal, Registration


def quarantine(desk: Desk, event: Event, registration: Registration, signal: BotSignal) -> None:
    """The staff are told in the morning: by then whoever was only fast has registered. The address on the form gets no
    e-mail: robots must not write to strangers through us."""
    now = desk.intakes.now(event)
    desk.store.quarantine(event.slug, registration, signal, now)
    for entry in digests_next_morning(event, now):
        desk.store.enqueue(entry)
