"""Filled-in forms in what a message is made of."""

from dataclasses import dataclass

from rollcall.desk.event import Event
from rollcall.desk.incoming import FoundForm
from rollcall.inbox.parts import Parts


@dataclass(frozen=True)
class Found:
    """What was found in a message."""

    forms: tuple[FoundForm, ...]
    not_read: tuple[str, ...]


def find_forms(event: Event, parts: Parts) -> Found:
    """The event's forms in a message."""
    return Found((), tuple(file.name or file.type for file in parts.files if not file.inline))
