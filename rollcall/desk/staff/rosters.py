"""Rosters when the staff ask for them."""

from collections.abc import Sequence
from dataclasses import dataclass

from rollcall.desk.ports import Store
from rollcall.desk.versions import draw, further_copies
from rollcall.model.event import Event
from rollcall.model.intake import RosterVersion
from rollcall.model.staff import Action, Press


@dataclass(frozen=True)
class Drawn:
    version: RosterVersion


@dataclass(frozen=True)
class Copied:
    """What the last version says is sent once more."""

    version: RosterVersion


@dataclass(frozen=True)
class NothingNew:
    """The last version says what the next would say."""


@dataclass(frozen=True)
class NotClosed:
    """There is no roster yet."""


@dataclass(frozen=True)
class PressedBefore:
    pass


def draw_now(
    store: Store, event: Event, to: Sequence[str], press: Press
) -> Drawn | NothingNew | NotClosed | PressedBefore:
    """The next version, to these of the staff."""
    if store.audit_entry(event.slug, press.id):
        return PressedBefore()
    if not store.intake(event).closing:
        return NotClosed()
    version = draw(store, event, press, to)
    if version:
        return Drawn(version)
    return PressedBefore() if store.audit_entry(event.slug, press.id) else NothingNew()


def send_copies(store: Store, event: Event, to: Sequence[str], press: Press) -> Copied | NotClosed | PressedBefore:
    """Of the last version, to these of the staff."""
    while not store.audit_entry(event.slug, press.id):
        versions = store.intake(event).versions
        if not versions:
            return NotClosed()
        version = versions[-1]
        audit = press.entry(Action.ROSTER_SENT, about=str(version.number), after={"version": str(version.number)})
        if store.note(event.slug, audit, further_copies(store, event, version, to)):
            return Copied(version)
    return PressedBefore()
