"""Erasing a person: first the files, then the documents beside the registrations, at last those."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from rollcall.desk.desk import Desk
from rollcall.desk.personal_data.held import held, states, still_held
from rollcall.desk.roster import is_on
from rollcall.desk.site.publish import hide_participants
from rollcall.model.contribution import without_submitter
from rollcall.model.email import erasure_notice
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import SMOKE_TEST, Event
from rollcall.model.hotels import hotel_id, hotel_of
from rollcall.model.personal_data import Erasure, ErasureStatus, Held, Left, review_items, skeleton, without
from rollcall.model.registration import Registered
from rollcall.model.stored_files import roster_file_of, roster_files_begin, stamp

A_CALL = 20
"""Erasures."""
LEASE = timedelta(minutes=9)
"""Of one; the next call comes after ten."""
TOLD_WITHIN = timedelta(hours=1)
LAST_LOOK_AFTER = timedelta(minutes=15)
"""Whatever read the person before they were erased, and writes about them, has ended by then."""
_TRIES = 10


def erase_due(desk: Desk) -> Iterator[tuple[str, Erasure | Exception]]:
    """Who was erased, by registration; or the exception that nobody foresaw: a later call tries again."""
    is_finished, until = False, desk.store.now() + desk.limits.delete_for
    for id in desk.store.due_erasures(A_CALL):
        if desk.store.now() > until:
            break
        try:
            erasure = _claimed(desk, id)
            done = erase(desk, _event_of(desk, erasure.event), erasure) if erasure else None
        except StoreUnavailable:
            raise
        except Exception as error:
            yield id, error
            continue
        if erasure and done and done.status is not erasure.status:
            yield id, done
        is_finished = is_finished or (done is not None and done.due_at is None)
    if is_finished:
        desk.store.leave_no_trace()


def erase(desk: Desk, event: Event, erasure: Erasure) -> Erasure:
    """One that is due. Whoever dies in it leaves what the next call finds: the names and addresses by which all else is
    found go last.

    1. Wait until the person was told that it is done, for an hour at the most.
    2. Note which registrations go and how much, and that the pages are to be published again.
    3. Remove the files, then all beside the registrations.
    4. Remove those in one commit, with the note that it is done; if one was changed meanwhile, or there was more than
       is read at once, begin again.
    5. Publish the pages again.
    6. Some time later look once more, by the ids alone, for what somebody was writing meanwhile.
    """
    if erasure.status is ErasureStatus.ERASED:
        return _looked_once_more(desk, event, erasure)
    for _ in range(_TRIES):
        there = desk.store.registered(event.slug, erasure.registration_id)
        if erasure.status is not ErasureStatus.DUE or (there and not _is_told(desk, there, erasure)):
            return erasure
        found = held(desk, event, there) if there else still_held(desk, event, erasure.ids)
        noted = _noted(desk, event, erasure, found)
        if noted is None:
            break
        erasure = noted
        _publish_later(desk, event)
        if not _erase_beside(desk, event, found) or found.is_cut:
            continue
        now = desk.store.now()
        done = _done(erasure, now, now + LAST_LOOK_AFTER)
        if desk.store.erase_registrations(found, done):
            _publish(desk, event)
            return done
    return erasure


def _claimed(desk: Desk, id: str) -> Erasure | None:
    """Nobody else's for a while."""
    erasure, now = desk.store.erasure(id), desk.store.now()
    if erasure is None or erasure.due_at is None or erasure.due_at > now:
        return None
    claimed = desk.store.save_erasure(replace(erasure, due_at=now + LEASE))
    return desk.store.erasure(id) if claimed else None


def _event_of(desk: Desk, slug: str) -> Event:
    """Where its file is gone, what is stored says enough."""
    return desk.events.get(slug) or replace(SMOKE_TEST, slug=slug)


def _is_told(desk: Desk, there: Registered, erasure: Erasure) -> bool:
    entry = desk.store.entry(erasure_notice(erasure.event, there).id)
    if entry is None or entry.due_at is None or erasure.decided_at is None:
        return True
    return desk.store.now() >= erasure.decided_at + TOLD_WITHIN


def _noted(desk: Desk, event: Event, erasure: Erasure, found: Held) -> Erasure | None:
    """Once everything is there; a later call finds less. None if somebody else wrote it."""
    doubles = tuple(sorted({*erasure.doubles, *found.person.ids} - {erasure.registration_id}))
    listed = _most(erasure.listed, _listed(desk, event, {erasure.registration_id, *doubles}, found))
    noted = replace(erasure, erased=_most(erasure.erased, found.counts), doubles=doubles, listed=listed)
    if noted == erasure:
        return erasure
    return desk.store.erasure(erasure.registration_id) if desk.store.save_erasure(noted) else None


def _listed(desk: Desk, event: Event, ids: Collection[str], found: Held) -> dict[str, int]:
    """On the versions of the roster, and of the rooming lists of the hotels that they ever named."""
    intake = desk.store.known_intake(event.slug)
    hotels = {hotel_id(hotel_of(event, one.registration.answers)) for one in states(found.registrations)}
    versions = [*(intake.versions if intake else ())]
    versions += [one for hotel in hotels for one in desk.store.rooming_lists(event.slug, hotel).versions]
    counts = {one.name: sum(is_on(desk.store, event.slug, one, id) for id in ids) for one in versions}
    return {name: count for name, count in counts.items() if count}


def _most(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {kind: max(one.get(kind, 0), other.get(kind, 0)) for kind in {**one, **other}}


def _looked_once_more(desk: Desk, event: Event, erasure: Erasure) -> Erasure:
    found = replace(still_held(desk, event, erasure.ids), erasure=erasure)
    listed = _most(erasure.listed, _listed(desk, event, erasure.ids, found))
    done = replace(erasure, due_at=None, listed=listed)
    if not _erase_beside(desk, event, found) or found.is_cut:
        return erasure
    for other in filter(None, map(desk.store.erasure, erasure.doubles)):
        desk.store.save_erasure(_done(other, erasure.erased_at, None))
    if not desk.store.save_erasure(done):
        return erasure
    _publish(desk, event)
    return done


def _done(erasure: Erasure, at: datetime | None, due_at: datetime | None) -> Erasure:
    """What the staff once answered may name the person."""
    return replace(erasure, status=ErasureStatus.ERASED, answer="", erased_at=at, due_at=due_at)


def _publish(desk: Desk, event: Event) -> None:
    if event.slug in desk.events:
        desk.republish(desk, event)
    else:
        hide_participants(desk.published(), event.slug)


def _publish_later(desk: Desk, event: Event) -> None:
    """Should this die before it publishes them, the minute's sweep does."""
    if event.has_pages:
        desk.store.publication_due(event.slug, desk.store.now() + desk.limits.publication_lease)


# --- what goes


def _erase_beside(desk: Desk, event: Event, found: Held) -> bool:
    left = _left(desk, event, found)
    for id in _files(desk, event, found, left):
        desk.files().remove(id)
    return desk.store.erase_beside(found, left)


def _left(desk: Desk, event: Event, found: Held) -> Left:
    inbound = [left for one in found.inbound if (left := without(found, one))]
    published = [without_submitter(one.contribution) for one in found.contributions if one.contribution.was_published]
    about = [
        *map(str, review_items(found)),
        *(one.id for one in found.invitations),
        *(one.contribution.id for one in found.contributions),
    ]
    entries = [entry for id in found.person.ids for entry in desk.store.audit_of(event.slug, id)]
    entries += desk.store.audit_about(event.slug, about)
    stripped = {entry.id: skeleton(entry) for entry in entries if skeleton(entry) != entry}
    return Left(inbound, published, list(stripped.values()))


def _files(desk: Desk, event: Event, found: Held, left: Left) -> Iterator[str]:
    """Inbound e-mails as they came, scans, what was sent in and is not published, and all rosters drawn so far: each
    can be drawn again."""
    yield from {one.entered.scan for one in states(found.registrations) if one.entered and one.entered.scan}
    stays = {file.id for one in left.contributions for paper in one.papers for file in paper.files}
    stays |= {file.id for one in left.inbound for paper in one.papers for file in paper.files}
    files = [file.id for one in found.contributions for paper in one.contribution.papers for file in paper.files]
    files += [file.id for one in found.inbound for paper in one.papers for file in paper.files]
    yield from (id for id in files if id and id not in stays)
    yield from (one.id for one in found.inbound)
    yield from (id for id in desk.files().ids(roster_files_begin(event.slug)) if _may_have_them(event, id, found))


def _may_have_them(event: Event, id: str, found: Held) -> bool:
    """A roster of this event that was not drawn since they were erased."""
    file, erased_at = roster_file_of(event.slug, id), found.erasure.erased_at if found.erasure else None
    return file is not None and (erased_at is None or file.drawn_at <= stamp(erased_at))
