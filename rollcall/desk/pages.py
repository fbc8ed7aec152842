"""Lists that are longer than one reading."""

from collections.abc import Iterator

from rollcall.desk.desk import RosterStore
from rollcall.desk.registration import KeptForm, Registered

PAGE_SIZE = 500
"""Read at a time."""


def everyone(store: RosterStore, event: str) -> Iterator[Registered]:
    """All registrations of the event, by id. Raises `StoreUnavailable`."""
    after = None
    while page := store.registrations(event, after, PAGE_SIZE):
        yield from page
        after = page[-1].id


def kept_forms(store: RosterStore, event: str) -> Iterator[KeptForm]:
    """All forms of the event that are kept for the staff, by id. Raises `StoreUnavailable`."""
    after = None
    while page := store.kept(event, after, PAGE_SIZE):
        yield from page
        after = page[-1].form.id
