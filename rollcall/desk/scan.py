"""Lists that are longer than memory, read a page of results at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from heapq import heappush, heappushpop
from itertools import islice
from operator import itemgetter
from typing import Generic, Protocol, TypeVar

from rollcall.desk.ports import Store
from rollcall.model.email import OutboxEntry
from rollcall.model.inbound import InboundEmail, InboundStatus, status_now
from rollcall.model.registration import QuarantinedForm, Registered
from rollcall.model.staff import AuditEntry

PAGE_SIZE = 500
INBOUND_PAGE_SIZE = 50
"""Fewer: an e-mail may be long."""


def everyone(store: Store, event: str) -> Iterator[Registered]:
    return _all(partial(store.registrations, event), PAGE_SIZE)


def quarantined_forms(store: Store, event: str) -> Iterator[QuarantinedForm]:
    return _all(partial(store.quarantined, event), PAGE_SIZE)


def inbound_emails(store: Store, event: str) -> Iterator[InboundEmail]:
    return _all(partial(store.all_inbound, event), INBOUND_PAGE_SIZE)


def unsent_entries(store: Store, event: str) -> Iterator[OutboxEntry]:
    """By id, so the confirmations among them in the order of the registrations' ids."""
    return _all(partial(store.unsent_entries, event), PAGE_SIZE)


def audit_entries(store: Store, event: str) -> Iterator[AuditEntry]:
    """The newest first."""
    before, seen = None, set[str]()
    while page := [one for one in store.audit(event, before, PAGE_SIZE) if one.id not in seen]:
        yield from page
        oldest = page[-1].at
        # those of that very moment once more: the page may have ended between them
        seen = {one.id for one in page if one.at == oldest} | (seen if before == oldest + _MOMENT else set())
        before = oldest + _MOMENT


_MOMENT = timedelta(microseconds=1)


def still_quarantined(store: Store, event: str) -> Iterator[QuarantinedForm]:
    """Those that the staff have not set aside, of people who have not registered since."""
    forms = (form for form in quarantined_forms(store, event) if form.waits_since)
    while page := list(islice(forms, PAGE_SIZE)):
        registered = store.people_among(event, [form.id for form in page])
        yield from (form for form in page if form.id not in registered)


def inbound_emails_now(store: Store, event: str) -> Iterator[tuple[InboundEmail, InboundStatus, frozenset[str]]]:
    """With its status now; and, if it waited for its sender, those of its people, by key, who are registered."""
    for inbound in inbound_emails(store, event):
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
    """The last ones of a long list, and the count of all."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._last: list[tuple[datetime, int, _T]] = []
        self.count = 0

    def add(self, at: datetime, one: _T) -> None:
        self.count += 1
        (heappush if len(self._last) < self._most else heappushpop)(self._last, (at, self.count, one))

    def in_order(self) -> tuple[_T, ...]:
        return tuple(one for _, _, one in sorted(self._last, key=itemgetter(0, 1)))


def in_step(those: Iterable[_T], id_of: Callable[[_T], str]) -> Callable[[str], _T | None]:
    """Finds by id in a long list ordered by id; ids are asked for in that order too."""
    rest = iter(those)
    at = next(rest, None)

    def find(id: str) -> _T | None:
        nonlocal at
        while at is not None and id_of(at) < id:
            at = next(rest, None)
        return at if at is not None and id_of(at) == id else None

    return find


def _all(page_after: Callable[[str | None, int], Sequence[_Identified]], size: int) -> Iterator[_Identified]:
    after = None
    while page := page_after(after, size):
        yield from page
        after = page[-1].id
