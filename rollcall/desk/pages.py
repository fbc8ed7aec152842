"""Lists that are longer than one reading."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

from rollcall.desk.desk import RosterStore
from rollcall.desk.incoming import Incoming
from rollcall.desk.registration import KeptForm, Registered

PAGE_SIZE = 500
"""Read at a time."""


def everyone(store: RosterStore, event: str) -> Iterator[Registered]:
    """All registrations of the event, by id. Raises `StoreUnavailable`."""
    return _all(partial(store.registrations, event))


def kept_forms(store: RosterStore, event: str) -> Iterator[KeptForm]:
    """All forms of the event that are kept for the staff, by id. Raises `StoreUnavailable`."""
    return _all(partial(store.kept, event))


def messages(store: RosterStore, event: str) -> Iterator[Incoming]:
    """All messages that came in for the event, by id. Raises `StoreUnavailable`."""
    return _all(partial(store.all_incoming, event))


class _WithId(Protocol):
    @property
    def id(self) -> str: ...


_T = TypeVar("_T", bound=_WithId)


def _all(page_after: Callable[[str | None, int], Sequence[_T]]) -> Iterator[_T]:
    after = None
    while page := page_after(after, PAGE_SIZE):
        yield from page
        after = page[-1].id
