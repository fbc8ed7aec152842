"""Withdrawing a registration."""

from dataclasses import replace

from rollcall.desk.desk import Desk
from rollcall.model.email import withdrawal_notice
from rollcall.model.event import Event
from rollcall.model.registration import Change, Registered, RegistrationStatus

_NOT_ME = Change(by="recipient", way="confirmation_link", why="not_me")


def withdraw(desk: Desk, event: Event, id: str) -> Registered | None:
    """By whoever got the confirmation; the staff are told in the same commit. Once withdrawn, it changes nothing. None
    where there is no such registration."""
    while (there := desk.store.registered(event.slug, id)) and not there.is_withdrawn:
        after = replace(there, status=RegistrationStatus.WITHDRAWN, revision=there.revision + 1)
        entries = [withdrawal_notice(event.slug, id, number, to) for number, to in enumerate(event.staff, start=1)]
        if desk.store.save_registration(event.slug, there, after, _NOT_ME, entries):
            return after
    return there
