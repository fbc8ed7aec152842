"""Contributions, as the staff see them: all of an event, counted; and what goes into an archive of their files."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import product

from rollcall.desk.contributions.change import AsBefore, Changed, IsWithdrawn, TooMany, named
from rollcall.desk.ports import Store
from rollcall.model.contribution import Contribution, Paper, Stage, is_late
from rollcall.model.email import OutboxEntry, contribution_notice, contribution_receipt
from rollcall.model.event import Event
from rollcall.model.staff import Action, Press

LARGEST_ARCHIVE = 1_000_000_000
"""Bytes of files, unless one contribution alone has more."""
_AT_ONCE = 100
_COPIES = range(1, 10)
"""Of a receipt: the first, and those that the staff ask for."""
_LAST_CHANGES = 100


@dataclass(frozen=True)
class Counts:
    stages: Mapping[Stage, int] = field(default_factory=Counter)
    late: int = 0
    """Among all of these."""
    stored: int = 0
    """As the database counts them."""

    @property
    def received(self) -> int:
        return sum(self.stages.values())

    @property
    def balances(self) -> bool:
        return self.received == self.stored


@dataclass(frozen=True)
class Listing:
    shown: Sequence[Contribution]
    found: int
    """Of those that were asked for."""
    counts: Counts
    archives: Sequence[int]
    """Each has the contributions with a number below this, down to the next."""


def all_contributions(store: Store, event: str) -> Iterator[Contribution]:
    """Those that have no number yet, then the highest first. Each once, though it gets its number meanwhile."""
    new = {one.id: one for one in store.contributions_without_receipts() if one.event == event and one.number is None}
    yield from new.values()
    yield from (one for one in _numbered(store, event, None) if one.id not in new)


def _numbered(store: Store, event: str, before: int | None) -> Iterator[Contribution]:
    while page := store.contributions(event, _AT_ONCE, before):
        yield from page
        before = page[-1].number


def counts_of(store: Store, event: str, closes_at: datetime | None) -> Counts:
    return listing(store, event, closes_at, None, 0, 0, late=False).counts


def listing(
    store: Store, event: str, closes_at: datetime | None, stage: Stage | None, skip: int, most: int, *, late: bool
) -> Listing:
    """A page of those at this stage; `late`: of late ones alone."""
    seen = _Seen(closes_at)
    shown: list[Contribution] = []
    found = 0
    for one in seen.among(all_contributions(store, event)):
        if stage in (None, one.stage) and (not late or is_late_one(one, closes_at)):
            found += 1
            if skip < found <= skip + most:
                shown.append(one)
    counts = Counts(seen.stages, seen.late, store.count_contributions(event))
    return Listing(shown, found, counts, seen.archives)


def is_late_one(one: Contribution, closes_at: datetime | None) -> bool:
    return closes_at is not None and is_late(one.papers[0], closes_at)


class _Seen:
    """Counts what it hands on, and parts it into archives."""

    def __init__(self, closes_at: datetime | None) -> None:
        self.stages, self.late = Counter[Stage](), 0
        self.archives: list[int] = []
        self._closes_at, self._room = closes_at, 0

    def among(self, those: Iterable[Contribution]) -> Iterator[Contribution]:
        for one in those:
            self.stages[one.stage] += 1
            self.late += is_late_one(one, self._closes_at)
            if one.number is not None:
                self._room -= _size(one)
                if self._room < 0 or not self.archives:
                    self.archives.append(one.number + 1)
                    self._room = LARGEST_ARCHIVE - _size(one)
            yield one


def in_archive(store: Store, event: str, before: int | None) -> Iterator[Contribution]:
    """Those with a number below `before`, the highest first, as many as there is room for."""
    room = LARGEST_ARCHIVE
    for place, one in enumerate(_numbered(store, event, before)):
        room -= _size(one)
        if place and room < 0:
            return
        yield one


def archived(one: Contribution) -> Sequence[Paper]:
    """Without what nobody has looked at yet, and nothing of what is withdrawn: an archive is passed on."""
    return () if one.withdrawn else [paper for paper in one.papers if not paper.in_doubt]


def _size(one: Contribution) -> int:
    return sum(file.size for paper in archived(one) for file in paper.files)


def emails_about(store: Store, one: Contribution) -> Sequence[OutboxEntry]:
    """To its submitter, the newest first."""
    receipts = [contribution_receipt(one, *which).id for which in product(range(1, len(one.papers) + 1), _COPIES)]
    changes = range(max(2, one.revision - _LAST_CHANGES), one.revision + 1)
    notices = [contribution_notice(replace(one, revision=revision)).id for revision in changes]
    found = store.entries_among([*receipts, *notices])
    return sorted(found, key=lambda entry: entry.enqueued_at, reverse=True)


def send_receipt_again(
    store: Store, event: Event, id: str, press: Press
) -> Changed | AsBefore | TooMany | IsWithdrawn | None:
    """Of its last paper, with the link to its own page. None where this event has no such contribution, or it has no
    number yet."""
    while (there := store.contribution(id)) and there.event == event.slug and there.number:
        if store.audit_entry(event.slug, press.id) or not there.email:
            return AsBefore(there)
        if there.withdrawn:
            return IsWithdrawn(there)
        receipts = [contribution_receipt(there, len(there.papers), copy) for copy in _COPIES]
        sent = {entry.id for entry in store.entries_among([one.id for one in receipts])}
        if not (further := [one for one in receipts if one.id not in sent]):
            return TooMany(there)
        audit = press.entry(Action.RECEIPT_SENT, about=id, after=named(there))
        if store.note(event.slug, audit, further[:1]):
            return Changed(there)
    return None
