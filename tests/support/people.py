"""Many registrations at once, straight into a store."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rollcall.desk.desk import Desk
from rollcall.model.email import EmailStatus, confirmation
from rollcall.model.event import Event
from tests.support.builders import a_registration


def someone(desk: Desk, event: Event, id: str, **registration_of: Any) -> str:
    """Registered under this id, with a confirmation that waits."""
    of = {"family_name": "Nobody", "first_name": id, "email": f"{id}@mail.example", **registration_of}
    registration = a_registration(**of)
    entry = confirmation(event.slug, id, registration.email)
    assert desk.store.accept(event.slug, id, registration, entry) is not None
    return id


def called(desk: Desk, event: Event, *names: str) -> Sequence[str]:
    """A person of each name, `Family First`; their ids are their places."""
    return [
        someone(desk, event, f"{number:04}", family_name=name.split()[0], first_name=" ".join(name.split()[1:]))
        for number, name in enumerate(names)
    ]


def settle(desk: Desk, event: Event, id: str, status: EmailStatus) -> None:
    """The confirmation to this person."""
    entry = desk.store.entry(confirmation(event.slug, id, "").id)
    assert entry is not None
    assert desk.store.save_entry(replace(entry, status=status, due_at=None))
