"""Lists that are longer than one reading."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from heapq import heappush, heappushpop
from itertools import islice
from operator import itemgetter
from typing import Generic, Protocol, TypeVar

from rollcall.desk.desk import RosterStore
from rollcall.desk.testing import is_test
from rollcall.model.email import MailRecord
from rollcall.model.inbound import Incoming, Standing, standing_now
from rollcall.model.registration import KeptForm, Registered

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


def unsent_mails(store: RosterStore, event: str) -> Iterator[MailRecord]:
    """All mails of the event that are neither sent nor delivered, by id: the confirmations among them, so, in the order
    of the people's ids. Raises `StoreUnavailable`."""
    after = None
    while page := store.unsent_mails(event, after, PAGE_SIZE):
        yield from page
        after = page[-1].mail.id


def still_kept(store: RosterStore, event: str) -> Iterator[KeptForm]:
    """The kept forms, by id, but for those of people who registered after all. Raises `StoreUnavailable`."""
    for page in _pages(kept_forms(store, event), PAGE_SIZE):
        registered = {one.id for one in store.people(event, [kept.id for kept in page])}
        yield from (kept for kept in page if kept.id not in registered)


def messages_now(store: RosterStore, event: str) -> Iterator[tuple[Incoming, Standing, frozenset[str]]]:
    """Each message with how it stands now, and, where it waited for its sender, the registration ids of its forms'
    people who are in the books; by id. Raises `StoreUnavailable`."""
    for incoming in messages(store, event):
        waits = incoming.standing is Standing.WAITING
        ids = [form.registration_id for form in incoming.forms if form.registration_id] if waits else []
        registered = frozenset(one.id for one in store.people(event, ids)) if ids else frozenset()
        yield incoming, standing_now(incoming, registered), registered


class _WithId(Protocol):
    @property
    def id(self) -> str: ...


_T = TypeVar("_T")
_Identified = TypeVar("_Identified", bound=_WithId)


class Newest(Generic[_T]):
    """Of a list that is longer than memory, the last ones, and how many there were."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._last: list[tuple[datetime, int, _T]] = []
        self.count = 0

    def add(self, at: datetime, one: _T) -> None:
        """One more, of this time; of those of one time the one that was added later is the later one."""
        self.count += 1
        (heappush if len(self._last) < self._most else heappushpop)(self._last, (at, self.count, one))

    def in_order(self) -> tuple[_T, ...]:
        """The last ones, the first of them first."""
        return tuple(one for _, _, one in sorted(self._last, key=itemgetter(0, 1)))


def in_step(those: Iterable[_T], id_of: Callable[[_T], str]) -> Callable[[str], _T | None]:
    """Finds the one with an id in a list that is longer than memory, where the list comes in the order of its ids, and
    each id that is asked for is past the one before."""
    rest = iter(those)
    at = next(rest, None)

    def find(id: str) -> _T | None:
        nonlocal at
        while at is not None and id_of(at) < id:
            at = next(rest, None)
        return at if at is not None and id_of(at) == id else None

    return find


def _pages(those: Iterator[_T], size: int) -> Iterator[list[_T]]:
    while page := list(islice(those, size)):
        yield page


def _all(page_after: Callable[[str | None, int], Sequence[_Identified]], size: int) -> Iterator[_Identified]:
    after = None
    while page := page_after(after, size):
        yield from page
        after = page[-1].id
