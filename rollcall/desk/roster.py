"""What a version of the roster says, and how everyone stands beside it."""

import hashlib
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import TypeVar

from rollcall.desk.amend import as_at
from rollcall.desk.ports import Store
from rollcall.desk.scan import everyone, in_step
from rollcall.model.event import Event
from rollcall.model.intake import Intake, OnRoster, RosterVersion
from rollcall.model.personal_data import Erasure, ErasureStatus
from rollcall.model.registration import Outline, Registered, Revision, says_the_same

ROSTER_PAGE = 500
"""Fixed: the closing's pages must be the same each time."""


_WithId = TypeVar("_WithId", OnRoster, Registered)


@dataclass(frozen=True)
class Standing:
    """One registration beside a version of the roster."""

    registered: Registered
    on_closed_list: bool
    on_time: bool
    """Or admitted."""
    listed: int | None
    """The revision that this version has; None where it has none."""

    @property
    def is_on_roster(self) -> bool:
        return self.on_time and not self.registered.is_withdrawn


def standing(store: Store, event: Event, intake: Intake, beside: RosterVersion | None) -> Iterator[Standing]:
    """Of everyone, by id, once the intake was closed. Whom a closing has is on time though a restored document is
    younger."""
    place = Places(store, event.slug, intake, beside)
    for one in everyone(store, event.slug):
        there = without_late_revision(store, event.slug, one)
        on_closed_list, listed, on_time = place.of(there)
        yield Standing(there, on_closed_list, on_time, listed.revision if listed else None)


class Places:
    """Where people stand beside a version of the roster; asked in the order of ids."""

    def __init__(self, store: Store, event: str, intake: Intake, beside: RosterVersion | None) -> None:
        self._intake = intake
        self._closings = [_found_in(store, event, one) for one in intake.closings]
        self._version = _found_in(store, event, beside)

    def of(self, one: Registered | Outline) -> tuple[bool, OnRoster | None, bool]:
        """Whether a closing has it, its line in the version, and whether it is on time, or admitted."""
        on_closed_list, listed = any(found(one.id) for found in self._closings), self._version(one.id)
        was_on_time = on_closed_list or (listed is not None and one.admitted is not False)
        return on_closed_list, listed, was_on_time or not self._intake.leaves_out(one)


def answers_now(
    store: Store, event: Event, intake: Intake, names: Sequence[str]
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """These answers of everyone on the roster, by id. Before the closing, of those whom it would have."""
    for one, on_time in as_counted(store, event.slug, intake, names):
        if on_time and not one.is_withdrawn:
            yield one.id, one.answers


def as_counted(store: Store, event: str, intake: Intake, names: Sequence[str]) -> Iterator[tuple[Outline, bool]]:
    """Everyone by id, with these answers, and whether it is on time, or admitted."""
    place = Places(store, event, intake, None)
    for one in store.outlines(event, names):
        if one.came_too_late and (there := store.registered(event, one.id)):
            before = without_late_revision(store, event, there)
            said = before.registration
            one = one._replace(status=before.status, category=said.category, answers=said.answers)
        yield one, place.of(one)[2]


def as_listed(store: Store, event: str, version: RosterVersion) -> Iterator[Registered]:
    """By id, each as it then stood. Raises `ValueError` as `listed` does."""
    rows = listed(store, event, version)
    while page := list(islice(rows, ROSTER_PAGE)):
        found = {one.id: one for one in store.registered_among(event, [row.id for row in page])}
        yield from (_at_revision(store, event, found[row.id], row.revision) for row in page if row.id in found)


Pair = tuple[Registered | None, Registered | None]


def between(store: Store, event: str, then: RosterVersion | None, now: RosterVersion) -> Iterator[Pair]:
    """Those whom two versions have otherwise, as each has them, by id. Raises `ValueError` as `listed` does."""
    rows = side_by_side(listed(store, event, then) if then else iter(()), listed(store, event, now))
    differ = ((old, new) for old, new in rows if old != new)
    while page := list(islice(differ, ROSTER_PAGE)):
        ids = [row.id for pair in page for row in pair if row]
        found = {one.id: one for one in store.registered_among(event, ids)}
        for old, new in page:
            at = (
                _at_revision(store, event, found[row.id], row.revision) if row and row.id in found else None
                for row in (old, new)
            )
            yield next(at), next(at)


def until_now(store: Store, event: Event, intake: Intake, then: RosterVersion) -> Iterator[Pair]:
    """As `between`, with the roster as it would be drawn now."""
    for one in standing(store, event, intake, then):
        if one.listed is None:
            if one.is_on_roster:
                yield None, one.registered
            continue
        was, revisions = changes_since(store, event, one)
        if not one.is_on_roster:
            yield was, None
        elif revisions:
            yield was, one.registered


def side_by_side(
    those: Iterator[_WithId], others: Iterator[_WithId]
) -> Iterator[tuple[_WithId | None, _WithId | None]]:
    """Both in the order of ids."""
    one, other = next(those, None), next(others, None)
    while one or other:
        if other is None or (one and one.id < other.id):
            yield one, None
            one = next(those, None)
        elif one is None or other.id < one.id:
            yield None, other
            other = next(others, None)
        else:
            yield one, other
            one, other = next(those, None), next(others, None)


def _at_revision(store: Store, event: str, there: Registered, revision: int) -> Registered:
    if there.revision <= revision:
        return there
    later = next((made for made in store.history(event, there) if made.number > revision), None)
    return later.before if later else there


def without_late_revision(store: Store, event: str, there: Registered) -> Registered:
    """As it stands, though one that came too late is not taken back yet. Writes nothing."""
    before = as_at(store, event, there, there.changed_at) if there.came_too_late and there.changed_at else there
    return before or there


def changes_since(store: Store, event: Event, one: Standing) -> tuple[Registered, Sequence[Revision]]:
    """How it stood in that version, and what it has become since by revisions that count. It is one that is listed."""
    history = store.history(event.slug, one.registered) if one.registered.revision != one.listed else ()
    since = [made for made in history if made.number > (one.listed or 0)]
    if not since:
        return one.registered, ()
    return since[0].before, [made for made in since if not made.after.came_too_late]


def is_news(store: Store, event: Event, one: Standing) -> bool:
    """Whether the next version would tell of it."""
    if one.listed is None or not one.is_on_roster:
        return one.is_on_roster != (one.listed is not None)
    then, revisions = changes_since(store, event, one)
    return any(was_other(made.after, then) for made in revisions)


def was_other(one: Registered, then: Registered) -> bool:
    """Though it may be as before by now: who has seen the roster may have seen it so."""
    return one.is_withdrawn or not says_the_same(one.registration, then.registration)


def listed(store: Store, event: str, version: RosterVersion) -> Iterator[OnRoster]:
    """Raises `ValueError` at the end if the pages are not the version's."""
    digest = hashlib.sha256()
    for number in range(version.pages):
        rows = store.roster_page(event, version.page_name(number))
        digest.update(_lines(rows))
        yield from rows
    if digest.hexdigest() != version.sha256:
        raise ValueError(f"the pages of version {version.number} of the roster of {event} are not those recorded")


def erased_from(store: Store, event: str) -> Counter[str]:
    """How many of each version, also of a rooming list's, are erased; by its name. Its pages have their ids still."""
    return listed_among(store.erasures(event))


def listed_among(erasures: Iterable[Erasure]) -> Counter[str]:
    found = Counter[str]()
    for one in erasures:
        if one.status is ErasureStatus.ERASED:
            found.update(one.listed)
    return found


def is_on(store: Store, event: str, version: RosterVersion, id: str) -> bool:
    """Reads few of its pages."""
    pages = range(version.pages)
    place = bisect_left(pages, id, key=lambda number: _last_id(store, event, version, number))
    return place < len(pages) and any(row.id == id for row in store.roster_page(event, version.page_name(place)))


def _last_id(store: Store, event: str, version: RosterVersion, number: int) -> str:
    rows = store.roster_page(event, version.page_name(number))
    return rows[-1].id if rows else ""


def check_pages(store: Store, event: str, *versions: RosterVersion) -> None:
    """Before any of them is used. Raises `ValueError`."""
    for version in versions:
        deque(listed(store, event, version), maxlen=0)


def are_whole(store: Store, event: str, *versions: RosterVersion) -> bool:
    try:
        check_pages(store, event, *versions)
    except ValueError:
        return False
    return True


def write_pages(
    store: Store, event: str, number: int, name: str, rows: Iterable[OnRoster], at: datetime
) -> RosterVersion:
    rest, digest, count, pages = iter(rows), hashlib.sha256(), 0, 0
    while page := list(islice(rest, ROSTER_PAGE)):
        store.write_roster_page(event, f"{name}-{pages:06}", page)
        digest.update(_lines(page))
        count += len(page)
        pages += 1
    return RosterVersion(number, count, digest.hexdigest(), pages, at, name)


def _found_in(store: Store, event: str, version: RosterVersion | None) -> Callable[[str], OnRoster | None]:
    """By id, in the order of ids."""
    return in_step(listed(store, event, version) if version else (), attrgetter("id"))


def _lines(rows: Sequence[OnRoster]) -> bytes:
    return "".join(f"{row.id}\n" for row in rows).encode()
