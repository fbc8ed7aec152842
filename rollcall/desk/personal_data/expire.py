"""Keeping what names people no longer than promised."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.desk.roster import are_whole, as_counted
from rollcall.desk.site.publish import hide_participants
from rollcall.model.event import SMOKE_TEST, Event
from rollcall.model.personal_data import Kept, Retention, Tally
from rollcall.model.stored_files import is_scan, roster_file_of, roster_files_begin, scans_begin

_FILES = "files"
_REMOVERS = 8
"""Files at once."""


class NeverDeleted(Exception):
    """An event without a file, of which nobody knows until when it is kept."""


@dataclass(frozen=True)
class Deleted:
    counts: Mapping[str, int]
    """How many of each kind (`Kept`, and files)."""
    is_done: bool
    """False: the next call goes on."""


def expire_due(desk: Desk) -> Iterator[tuple[str, Deleted | Exception]]:
    """What was deleted of which event, or the exception that nobody foresaw. Safe for several callers at once.

    1. Note until when each event is kept: its file may go.
    2. Count, once.
    3. Delete kind by kind, files first, until all is gone or `Limits.delete_for` has passed.
    4. Note when to look again: e-mails may come.
    """
    now = desk.store.now()
    until = now + desk.limits.delete_for
    kept = dict(desk.store.retentions())
    for event in desk.events.values():
        kept[event.slug] = _noted(desk, event, kept.get(event.slug), now)
    for slug in sorted(desk.store.known_events() - kept.keys() - {SMOKE_TEST.slug}):
        yield slug, NeverDeleted(slug)
    for retention in sorted(kept.values(), key=lambda one: one.looks_at):
        if retention.looks_at <= now <= until:
            try:
                if (deleted := _expired(desk, retention, until)) and deleted.counts:
                    yield retention.event, deleted
            except Exception as error:
                yield retention.event, error
            now = desk.store.now()


def _noted(desk: Desk, event: Event, there: Retention | None, now: datetime) -> Retention:
    if there and there.keep_until == event.keep_until:
        return there
    looks_at = max(event.keep_until, now + desk.limits.deletes_no_sooner)
    if there and not event.is_over(now):  # an earlier file had a wrong time: it is not deleted, nor counted
        there = replace(there, tally=None, last_deleted_at=None)
    said = Retention(event.slug, event.keep_until, looks_at)
    noted = replace(there, keep_until=event.keep_until, looks_at=looks_at) if there else said
    desk.store.save_retention(noted)  # if somebody else did meanwhile, the next call looks
    return noted


def _expired(desk: Desk, retention: Retention, until: datetime) -> Deleted | None:
    """None where another call is at it."""
    slug = retention.event
    if retention.tally is None:
        desk.store.save_retention(replace(retention, tally=tally_of(desk.store, slug)))
        counted = desk.store.retention(slug)
        if counted is None or counted.tally is None:
            return None
        retention = counted
    counts = Counter[str]()
    for kind, count in _steps(desk, slug):
        counts[kind] += count
        if desk.store.now() > until:
            return Deleted(counts, is_done=False)
    hide_participants(desk.published(), slug)
    if counts:
        desk.store.leave_no_trace()
    now = desk.store.now()
    deleted_at = now if counts or retention.last_deleted_at is None else retention.last_deleted_at
    looks_at = now + desk.limits.deletes_again_after
    desk.store.save_retention(replace(retention, looks_at=looks_at, last_deleted_at=deleted_at))
    return Deleted(counts, is_done=True)


def tally_of(store: Store, event: str) -> Tally:
    """As the roster would be drawn now."""
    counted, categories, countries = Counter[str](), Counter[str](), Counter[str]()
    intake = store.known_intake(event)
    if intake and not are_whole(store, event, *intake.closings):  # then each one's own time counts
        intake = replace(intake, closing=None, earlier_versions=())
    for one, on_time in as_counted(store, event, intake, ("country",)) if intake else ():
        stands = "withdrawn" if one.is_withdrawn else "registered" if on_time else "late"
        counted[stands] += 1
        if stands == "registered":
            categories[one.category] += 1
            countries[one.answers.get("country", "")] += 1
    contributions = store.count_contributions(event)
    return Tally(**counted, contributions=contributions, by_category=_said(categories), by_country=_said(countries))


def _said(counts: Mapping[str, int]) -> Mapping[str, int]:
    return {code: count for code, count in sorted(counts.items()) if code}


def _steps(desk: Desk, event: str) -> Iterator[tuple[str, int]]:
    """Each deletes so many of a kind."""
    most = desk.limits.deleted_at_once
    drawn = _drawn_files(desk, event)
    while some := list(islice(drawn, most)):
        _remove(desk, some)
        yield _FILES, len(some)
    for kind in Kept:
        while ids := desk.store.kept_ids(event, kind, most):
            if files := _files_of(desk.store, event, kind, ids):
                _remove(desk, files)
                yield _FILES, len(files)
            desk.store.forget(event, kind, ids)
            yield kind.value, len(ids)


def _drawn_files(desk: Desk, event: str) -> Iterator[str]:
    """Rosters, and scans of forms on paper."""
    yield from (id for id in desk.files().ids(roster_files_begin(event)) if roster_file_of(event, id))
    yield from (id for id in desk.files().ids(scans_begin(event)) if is_scan(event, id))


def _files_of(store: Store, event: str, kind: Kept, ids: Iterable[str]) -> list[str]:
    match kind:
        case Kept.INBOUND:
            emails = list(filter(None, map(store.inbound, ids)))
            papers = [file.id for one in emails for paper in one.papers for file in paper.files if file.id]
            return [*(one.id for one in emails), *_unpublished(store, event, papers)]
        case Kept.CONTRIBUTIONS:
            contributions = filter(None, map(store.contribution, ids))
            files = [file.id for one in contributions for paper in one.papers for file in paper.files]
            return _unpublished(store, event, files)
        case _:
            return []


def _unpublished(store: Store, event: str, files: Collection[str]) -> list[str]:
    public, before = set[str](), None
    while files and (page := store.contributions(event, 100, before)):
        public |= {file.id for one in page for paper in one.published for file in paper.files}
        before = page[-1].number
    return [one for one in dict.fromkeys(files) if one not in public]


def _remove(desk: Desk, files: Iterable[str]) -> None:
    with ThreadPoolExecutor(_REMOVERS) as pool:
        list(pool.map(desk.files().remove, files))
