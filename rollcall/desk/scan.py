"""Lists that are longer than memory, read a page of results at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from heapq import heappush, heappushpop
from itertools import islice
from operator import itemgetter
from typing import Generic, Protocol, TypeVar

from rollcall.desk.ports import Store
from rollcall.model.email import OutboxEntry
from rollcall.model.inbound import InboundEmail, InboundStatus, status_now
from rollcall.model.registration import QuarantinedForm, Registered, reference, similarity_key

PAGE_SIZE = 500
INBOUND_PAGE_SIZE = 50
"""A stranger says how long an e-mail is, and so how much memory a page takes."""


def everyone(store: Store, event: str) -> Iterator[Registered]:
    """All registrations of the event, by id."""
    return _all(partial(store.registrations, event), PAGE_SIZE)


def quarantined_forms(store: Store, event: str) -> Iterator[QuarantinedForm]:
    """All quarantined forms of the event, by person."""
    return _all(partial(store.quarantined, event), PAGE_SIZE)


def messages(store: Store, event: str) -> Iterator[InboundEmail]:
    """All e-mails that came in for the event, by id."""
    return _all(partial(store.all_inbound, event), INBOUND_PAGE_SIZE)


def unsent_entries(store: Store, event: str) -> Iterator[OutboxEntry]:
    """All entries of the event that are neither sent nor delivered, by id: so the confirmations among them come in the
    order of the registrations' ids."""
    after = None
    while page := store.unsent_entries(event, after, PAGE_SIZE):
        yield from page
        after = page[-1].id


def still_quarantined(store: Store, event: str) -> Iterator[QuarantinedForm]:
    """The quarantined forms, by person, but for those of people who registered after all."""
    for page in _pages(quarantined_forms(store, event), PAGE_SIZE):
        registered = store.people_among(event, [form.id for form in page])
        yield from (form for form in page if form.id not in registered)


def messages_now(store: Store, event: str) -> Iterator[tuple[InboundEmail, InboundStatus, frozenset[str]]]:
    """Each inbound e-mail, by id, with its status now; and those people of its forms, by key, who are registered, where
    it waited for its sender."""
    for inbound in messages(store, event):
        waits = inbound.status is InboundStatus.WAITING_FOR_SENDER
        people = [form.person for form in inbound.forms if form.person] if waits else []
        registered = frozenset(store.people_among(event, people)) if people else frozenset()
        yield inbound, status_now(inbound, registered), registered


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


def likely_doubles(people: Iterable[Registered]) -> Mapping[str, tuple[str, ...]]:
    """By id, the references of the others who may be the same person (`similarity_key`), where there are any. Of each
    person no more than an id is in memory."""
    first: dict[int, str] = {}
    groups: dict[int, list[str]] = {}
    for one in people:
        key = hash(similarity_key(one.registration))
        if key in first:
            groups.setdefault(key, [first[key]]).append(one.id)
        else:
            first[key] = one.id
    return {id: tuple(reference(other) for other in ids if other != id) for ids in groups.values() for id in ids}


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
