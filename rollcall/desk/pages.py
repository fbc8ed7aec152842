"""Lists that are longer than one reading."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

from rollcall.desk.desk import RosterStore
from rollcall.desk.incoming import Incoming
from rollcall.desk.registration import KeptForm, Registered
from rollcall.desk.testing import is_test

PAGE_SIZE = 500
"""Read at a time."""
MESSAGES_PAGE = 50
"""The same, of messages: a stranger says how long one is, and so how much memory a page takes."""


def everyone(store: RosterStore, event: str) -> Iterator[Registered]:
    """All registrations of the event, by id, but for test persons. Raises `StoreUnavailable`."""
    return (one for one in _all(partial(store.registrations, event), PAGE_SIZE) if not is_test(one.registration.email))


def kept_forms(store: RosterStore, event: str) -> Iterator[KeptForm]:
    """All forms of the event that are kept for the staff, by id, but for test persons. Raises `StoreUnavailable`."""
    return (one for one in _all(partial(store.kept, event), PAGE_SIZE) if not is_test(one.form.registration.email))


def messages(store: RosterStore, event: str) -> Iterator[Incoming]:
    """All messages that came in for the event, by id. Raises `StoreUnavailable`."""
    return _all(partial(store.all_incoming, event), MESSAGES_PAGE)


class _WithId(Protocol):
    @property
    def id(self) -> str: ...


_T = TypeVar("_T", bound=_WithId)


def _all(page_after: Callable[[str | None, int], Sequence[_T]], size: int) -> Iterator[_T]:
    after = None
    while page := page_after(after, size):
        yield from page
        after = page[-1].id
