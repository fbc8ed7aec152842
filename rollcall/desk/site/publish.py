"""Publishing: what everybody may read of an event is written apart from all else."""

from collections.abc import Iterator, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from heapq import nsmallest
from pathlib import Path

from rollcall.desk.contribution_ports import Published
from rollcall.desk.desk import Desk
from rollcall.desk.site.gather import gather, of_file, with_names
from rollcall.model.event import Event
from rollcall.model.programme import Gone, Site
from rollcall.model.registration import may_be_id, new_id
from rollcall.record import from_json, to_json

MOST_DUE = 100
"""Events in one call."""
MOST_COMPARED = 20
"""With their files, in one call; those that were not for the longest time."""
COPIERS = 8
"""Files at once, each a piece at a time."""
_PIECE = 256 * 1024
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class FilesMissing(Exception):
    """All else is published."""


def publish(desk: Desk, event: Event) -> Site:
    """Safe to call at any time, by several callers at once: what is published is never older than what was. Raises
    `FilesMissing` at its end where files are not where they should be.

    1. Read the store's time, then what is published, and gather what should be.
    2. Note the names of new files, then begin anew: whoever comes next can see what may be there.
    3. Copy the files that are not there yet.
    4. Write what was gathered over what was read; if somebody was faster, begin anew.
    5. Remove what is published no longer, once more when nobody can be copying it any more.
    6. Note that it is published, and when to look again.
    """
    event, slug, published = event.in_language(event.languages[0]), event.slug, desk.published()
    while True:
        as_of = desk.store.now()
        there, version = _there(published, event)
        as_of = max(as_of, there.as_of)
        site = gather(desk.store, event, as_of, there)
        sources = [file.name for file in site.files]
        if new := {source: new_id() for source in sources if source not in there.names}:
            first = with_names(site, {}) if there.as_of == _NEVER else there
            noted = replace(first, as_of=there.as_of, names={**there.names, **new}, gone=there.gone)
            published.put_site(slug, to_json(noted), version)
            continue
        names = {source: there.names[source] for source in sources}
        missing = _copy_all(desk, event, names, {file.name for file in there.files})
        left = {source: name for source, name in names.items() if source not in missing}
        gone = _gone(there, set(left.values()), as_of)
        stays = tuple(one for one in gone if as_of - one.at < desk.limits.publication_lease)
        for one in there.gone:
            published.remove_file(one.name)
        again_at = min((one.at + desk.limits.publication_lease for one in stays), default=None)
        anew_at = min(filter(None, (site.anew_at, again_at)), default=None)
        site = replace(with_names(site, left), names=left, gone=stays, anew_at=anew_at)
        if published.put_site(slug, to_json(site), version):
            for one in gone[len(there.gone) :]:
                published.remove_file(one.name)
            desk.store.published(slug, as_of, _looks_at(desk, event, site, as_of))
            if missing:
                raise FilesMissing(f"{event.slug}: {len(missing)} files that are to be published are not there")
            return site


def republish(desk: Desk, event: Event) -> None:
    """After a change, which stands whatever becomes of this: it is marked as due, and the minute's sweep does it."""
    with suppress(Exception):  # the sweep meets it too, and says so
        if event.has_pages:
            publish(desk, event)


def hide_participants(published: Published, slug: str) -> None:
    """Also of an event whose file is gone."""
    while (found := published.site(slug)) and (there := from_json(Site, found[0])).participants is not None:
        published.put_site(slug, to_json(replace(there, participants=None)), found[1])


def publish_due(desk: Desk) -> Iterator[tuple[str, Site | Exception]]:
    """What came of each event that is due, or whose file says something else than what is published."""
    now = desk.store.now()
    due = desk.store.due_publications(MOST_DUE)
    to_compare = nsmallest(MOST_COMPARED, desk.events, key=lambda slug: desk.compared.get(slug, _NEVER))
    for slug in dict.fromkeys((*due, *to_compare)):
        event = desk.events.get(slug)
        try:
            if event is None:  # its file is gone
                if slug in due:
                    desk.store.published(slug, now, None)
            elif slug in due or _is_unlike_its_file(desk, event, now):
                yield slug, _looked(desk, event)
        except Exception as error:
            yield slug, error


def _looked(desk: Desk, event: Event) -> Site:
    """Gathers nothing where it can be seen that nothing is new."""
    now, (there, _) = desk.store.now(), _there(desk.published(), event)
    marked = desk.store.publication_marked(event.slug)
    is_new = there.as_of == _NEVER or there.of_file != of_file(event) or (there.anew_at and there.anew_at <= now)
    if is_new or (marked and marked <= now) or there.stored != desk.store.stored(event.slug):
        return publish(desk, event)
    desk.store.published(event.slug, now, _looks_at(desk, event, there, now))
    return there


def _is_unlike_its_file(desk: Desk, event: Event, now: datetime) -> bool:
    """Looked at from time to time by each instance: after a deployment too."""
    looked_at = desk.compared.get(event.slug)
    if looked_at and now - looked_at < desk.limits.compared_every:
        return False
    there, _ = _there(desk.published(), event)
    desk.compared[event.slug] = now
    return there.of_file != of_file(event) or (there.as_of == _NEVER and event.has_pages)


def _looks_at(desk: Desk, event: Event, site: Site, now: datetime) -> datetime | None:
    """People may come, of whom nobody tells."""
    is_live = site.participants is not None and not event.is_over(now)
    looks = now + desk.limits.participants_every if is_live else None
    return min(filter(None, (site.anew_at, looks)), default=None)


def _there(published: Published, event: Event) -> tuple[Site, object | None]:
    if found := published.site(event.slug):
        return from_json(Site, found[0]), found[1]
    return Site(event.slug, _NEVER, event.closes_at), None


def _gone(there: Site, names: set[str], as_of: datetime) -> list[Gone]:
    """Those that were gone before come first. A name is never used again."""
    return [*there.gone, *(Gone(name, as_of) for name in there.names.values() if name not in names)]


def _copy_all(desk: Desk, event: Event, names: Mapping[str, str], there: Set[str]) -> Set[str]:
    """The sources of those that are missing."""
    to_copy = [(source, name) for source, name in names.items() if name not in there]
    with ThreadPoolExecutor(COPIERS) as pool:
        copied = pool.map(lambda one: _copy(desk, event, *one), to_copy)
        return {source for (source, _), is_there in zip(to_copy, copied, strict=True) if not is_there}


def _copy(desk: Desk, event: Event, source: str, name: str) -> bool:
    """False where it is missing."""
    if may_be_id(source):
        pieces = desk.files().pieces(source)
    else:
        path = Path(event.folder) / source.partition("/")[0]
        pieces = _pieces(path) if path.is_file() else None
    if pieces is not None:
        desk.published().put_file(name, pieces)
    return pieces is not None


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(partial(file.read, _PIECE), b"")
