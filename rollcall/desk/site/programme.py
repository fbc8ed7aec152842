"""What the staff change of the event's pages: agenda, documents, and from when or until when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from rollcall.desk.deadline import TooEarly, after_its_end
from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.model.event import Event
from rollcall.model.intake import MOVED_AHEAD
from rollcall.model.programme import LISTED, AgendaItem, Document, Programme, Said
from rollcall.model.staff import Action, Press
from rollcall.record import to_json

LARGEST = 900_000
"""Bytes, below what a document of the store may have."""


@dataclass(frozen=True)
class Changed:
    programme: Programme


@dataclass(frozen=True)
class AsBefore:
    """Nothing differs, or this press changed it before; nothing was written."""

    programme: Programme


@dataclass(frozen=True)
class ChangedMeanwhile:
    programme: Programme


@dataclass(frozen=True)
class TooLarge:
    """All of it together."""


@dataclass(frozen=True)
class AfterEvent:
    """A deadline for contributions that lies there."""


@dataclass(frozen=True)
class NotAsked:
    """The form does not ask who agrees to be listed, or no contributions are asked for."""


Outcome = Changed | AsBefore | ChangedMeanwhile | TooLarge


def programme_of(event: Event) -> Programme:
    """As the event file says it, in all languages of the event."""
    first, *others = (event.in_language(code) for code in event.languages)
    agenda = (
        replace(one, title=_in_all(one.title, (other.programme.agenda or () for other in others), place))
        for place, one in enumerate(first.programme.agenda or ())
    )
    documents = (
        replace(one, title=_in_all(one.title, (other.programme.documents or () for other in others), place))
        for place, one in enumerate(first.programme.documents or ())
    )
    return replace(first.programme, agenda=tuple(agenda), documents=tuple(documents))


def _in_all(first: Said, others: Iterable[tuple[Any, ...]], place: int) -> Said:
    """What is the same in another language stands once."""
    words = dict(first.words)
    (text,) = words.values()
    for items in others:
        if place < len(items):
            words |= {code: said for code, said in items[place].title.words.items() if said != text}
    return Said(words)


def programme_now(store: Store, event: Event) -> Programme:
    """The event file's, and over it what the staff changed. Its number is what a page shows as `seen`."""
    return over(programme_of(event), store.programme(event.slug))


def over(of_file: Programme, changed: Programme) -> Programme:
    names = ("agenda", "documents", "contributions_close_at", "participants_from")
    of_file_still = {name: getattr(of_file, name) for name in names if getattr(changed, name) is None}
    return replace(changed, **of_file_still)


def set_agenda(desk: Desk, event: Event, seen: int, agenda: tuple[AgendaItem, ...] | None, press: Press) -> Outcome:
    """None: again as the event file says it. Published at once, as by all of these; `seen`: the number of the programme
    that was shown. What an agenda may hold is checked before (`schemas.event_pages.see_that_it_can_be`)."""
    return _change(desk, event, seen, press, {"agenda": agenda})


def set_documents(desk: Desk, event: Event, seen: int, documents: tuple[Document, ...] | None, press: Press) -> Outcome:
    """With another `Document` than before: a link, or a file that is one of `Files` by now, under an id of our own
    (`Uploads.keep`, `Files.put`). A file that is no longer named stays in `Files`, for the history."""
    return _change(desk, event, seen, press, {"documents": documents})


def move_contributions_deadline(
    desk: Desk, event: Event, seen: int, closes_at: datetime, press: Press
) -> Outcome | TooEarly | AfterEvent | NotAsked:
    """Who was told "in time" stays in time: an earlier one lies ahead."""
    if event.contributions is None:
        return NotAsked()
    if after_its_end(event, closes_at):
        return AfterEvent()
    stands = programme_now(desk.store, event).contributions_close_at or event.contributions.closes_at
    earliest = desk.store.now() + MOVED_AHEAD
    if closes_at < min(earliest, stands):
        return TooEarly(earliest)
    return _change(desk, event, seen, press, {"contributions_close_at": closes_at})


def publish_participants(desk: Desk, event: Event, seen: int, at: datetime, press: Press) -> Outcome | NotAsked:
    """From then on; `NEVER`: not, or no longer."""
    if event.field(LISTED) is None:
        return NotAsked()
    return _change(desk, event, seen, press, {"participants_from": at})


def _change(desk: Desk, event: Event, seen: int, press: Press, said: Mapping[str, Any]) -> Outcome:
    """
    1. Note that what is published changes, before it does.
    2. Write the next programme and its audit entry in one commit.
    3. Publish; should this die before, the minute's sweep does.
    """
    while True:
        there = desk.store.programme(event.slug)
        if desk.store.audit_entry(event.slug, press.id):
            return AsBefore(there)
        before = over(programme_of(event), there)
        stands = {name: getattr(there if value is None else before, name) for name, value in said.items()}
        if stands == said:
            return AsBefore(there)
        if there.number != seen:
            return ChangedMeanwhile(there)
        now = desk.store.now()
        after = replace(there, **said, number=seen + 1, changed_by=press.by, changed_at=now)
        if len(to_json(replace(after, version=None))) > LARGEST:
            return TooLarge()
        changed = {"before": _as_text(before, said), "after": _as_text(after, said)}
        audit = press.entry(Action.PROGRAMME_CHANGED, about=str(after.number), **changed)
        desk.store.publication_due(event.slug, now + desk.limits.publication_lease)
        if desk.store.save_programme(event.slug, after, audit):
            desk.republish(desk, event)
            return Changed(after)


def _as_text(programme: Programme, said: Mapping[str, Any]) -> dict[str, str]:
    """Of agenda and documents, how many; all of them are in the programme's history."""
    values = {name: getattr(programme, name) for name in said}
    return {
        name: str(len(value)) if isinstance(value, tuple) else value.isoformat() if value else ""
        for name, value in values.items()
    }
