"""The review queue: what waits for the staff is taken by one of them, and ended."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, islice
from typing import TypeVar, assert_never

from rollcall.desk.amend import take_back, was_pressed
from rollcall.desk.desk import Desk
from rollcall.model.email import EmailKind, OutboxEntry
from rollcall.model.event import Event
from rollcall.model.inbound import InboundEmail
from rollcall.model.registration import QuarantinedForm, Registered, may_be_id, similarity_key
from rollcall.model.review import EVER, DifferingForm, Ending, Handling, ItemId, ItemKind, Waiting, digest_of
from rollcall.model.staff import Action, Press

SHOWN = 25
"""Items of a kind."""
MOST_FORMS = 10
"""Differing ones of a registration; later ones come up when these are ended."""
_PAGE, _PAGES = 100, 50
"""So many are looked at: some are settled by themselves, as when a person registered since."""
_SIMILAR = 12
"""Digits of `similarity_hash`: of 100,000 hardly two are the same by chance, and the pair is compared."""
_MOST_ALIKE = 10
_T = TypeVar("_T")


@dataclass(frozen=True)
class Item:
    id: ItemId
    waits_since: datetime | None
    """None: there is nothing to do any more."""
    behind: tuple[Waiting, ...] = ()
    people: tuple[Registered, ...] = ()
    handling: Handling | None = None

    @property
    def seen(self) -> str:
        """Of what whoever decides has seen: another once anything of it was written."""
        versions = [one.form.version if isinstance(one, QuarantinedForm) else one.version for one in self.behind]
        people = [f"{one.id} {one.revision}" for one in self.people]
        return ".".join(digest_of({str(place): str(one) for place, one in enumerate(of)}) for of in (versions, people))

    def has_what_was(self, seen: str) -> bool:
        """Nothing came since; the registration may have changed."""
        return self.seen.partition(".")[0] == seen.partition(".")[0]

    @property
    def registration_id(self) -> str | None:
        return self.people[0].id if len(self.people) == 1 else None


@dataclass(frozen=True)
class Done:
    item: Item


@dataclass(frozen=True)
class HeldBy:
    item: Item
    holder: str


@dataclass(frozen=True)
class ChangedMeanwhile:
    item: Item


@dataclass(frozen=True)
class EndedBefore:
    item: Item


Refused = HeldBy | ChangedMeanwhile | EndedBefore
Outcome = Done | Refused


@dataclass(frozen=True)
class Queue:
    """Of one kind, the longest waiting first."""

    items: tuple[Item, ...]
    more: bool


def queue(desk: Desk, event: Event, kind: ItemKind, most: int = SHOWN) -> Queue:
    found = list(islice(_WAITING[kind](desk, event), most + 1))
    handlings = desk.store.handlings(event.slug, [item.id for item in found])
    items = tuple(replace(item, handling=handlings.get(item.id)) for item in found[:most])
    return Queue(items, len(found) > most)


def find(desk: Desk, event: Event, id: ItemId) -> Item | None:
    """Also one that has ended. None where this event has none."""
    handling = desk.store.handlings(event.slug, [id]).get(id)
    item = _found(desk, event, id, handling)
    return replace(item, handling=handling) if item else None


def next_of(desk: Desk, event: Event, kind: ItemKind, press: Press) -> Item | None:
    """That nobody else has."""
    items = queue(desk, event, kind).items
    return next((item for item in items if _holder(item, press.at) in ("", press.by)), None)


def take(desk: Desk, event: Event, id: ItemId, press: Press, over: str = "") -> Outcome | None:
    """`over`: who has it, as whoever takes it knows."""
    while item := find(desk, event, id):
        if was_pressed(desk, event, press):
            return Done(item)
        if item.waits_since is None:
            return EndedBefore(item)
        holder = _holder(item, press.at)
        if holder == press.by:
            return Done(item)
        if holder and holder != over:
            return HeldBy(item, holder)
        taken = replace(item.handling or Handling(id), taken_by=press.by, taken_at=press.at)
        if _saved(desk, event, item, taken, press, Action.REVIEW_TAKEN):
            return Done(replace(item, handling=taken))
    return None


def release(desk: Desk, event: Event, id: ItemId, press: Press) -> Outcome | None:
    while item := find(desk, event, id):
        holder = _holder(item, press.at)
        if item.handling is None or holder == "" or was_pressed(desk, event, press):
            return Done(item)
        if holder != press.by:
            return HeldBy(item, holder)
        free = replace(item.handling, taken_by="", taken_at=None)
        if _saved(desk, event, item, free, press, Action.REVIEW_RELEASED):
            return Done(replace(item, handling=free))
    return None


def end(desk: Desk, event: Event, id: ItemId, seen: str, press: Press, ending: Ending) -> Outcome | None:
    """If it is as it was when it was seen, and nobody else has it."""
    while item := find(desk, event, id):
        if was_pressed(desk, event, press):
            return Done(item)
        if refused := why_not(item, seen, press):
            return refused
        if ended := ended_as(desk, event, item, press, ending):
            return ended
    return None


def why_not(item: Item, seen: str, press: Press) -> Refused | None:
    if item.waits_since is None:
        return EndedBefore(item)
    holder = _holder(item, press.at)
    if holder not in ("", press.by):
        return HeldBy(item, holder)
    return ChangedMeanwhile(item) if item.seen != seen else None


def ended_as(desk: Desk, event: Event, item: Item, press: Press, ending: Ending) -> Done | None:
    """None if anything of it was written meanwhile."""
    before = item.handling or Handling(item.id)
    ended = replace(before, taken_by="", taken_at=None, ended_by=press.by, ended_at=press.at, ending=ending)
    if not _saved(desk, event, item, ended, press, Action.REVIEW_ENDED, ending):
        return None
    return Done(replace(item, handling=ended, waits_since=None))


def _saved(
    desk: Desk, event: Event, item: Item, handling: Handling, press: Press, action: Action, ending: Ending | None = None
) -> bool:
    after = {"ending": ending.value} if ending else {}
    audit = press.entry(action, registration_id=item.registration_id, about=str(item.id), after=after)
    return desk.store.save_handling(event.slug, handling, audit, item.behind if ending else ())


def _holder(item: Item, now: datetime) -> str:
    return item.handling.holder(now) if item.handling else ""


# --- one item


def _found(desk: Desk, event: Event, id: ItemId, handling: Handling | None) -> Item | None:
    match id.kind:
        case ItemKind.QUARANTINED:
            form = desk.store.quarantined_form(event.slug, id.id)
            there = desk.store.registration_of(event.slug, form.id) if form else None
            return _quarantined(form, there) if form else None
        case ItemKind.DIFFERING:
            one = _registered(desk, event, id.id)
            return _differing(one, desk.store.differing_of(event.slug, id.id, MOST_FORMS)) if one else None
        case ItemKind.INBOUND:
            inbound = desk.store.inbound(id.id)
            return _inbound(desk, event, inbound) if inbound and inbound.event == event.slug else None
        case ItemKind.UNDELIVERED:
            entry = desk.store.entry(id.id)
            if entry is None or entry.event != event.slug:
                return None
            return _undelivered(entry, _registered(desk, event, entry.registration_id or ""))
        case ItemKind.DOUBLES:
            first, _, second = id.id.partition("-")
            pair = [_registered(desk, event, one) if may_be_id(one) else None for one in (first, second)]
            one, other = pair
            if one is None or other is None or first >= second:
                return None
            return _doubles(one, other, handling)
        case _:
            assert_never(id.kind)


def _registered(desk: Desk, event: Event, id: str) -> Registered | None:
    there = desk.store.registered(event.slug, id) if id else None
    return take_back(desk, event, there) if there else None


def _quarantined(form: QuarantinedForm, there: Registered | None) -> Item:
    since = form.waits_since if there is None else None
    return Item(ItemId(ItemKind.QUARANTINED, form.item), since, (form,), (there,) if there else ())


def _differing(there: Registered, forms: Sequence[DifferingForm]) -> Item:
    """Its person may have taken one over meanwhile."""
    others = tuple(form for form in forms if form.registration != there.registration)
    since = min((form.waits_since for form in others), default=None)
    return Item(ItemId(ItemKind.DIFFERING, there.id), since, tuple(forms), (there,))


def _inbound(desk: Desk, event: Event, inbound: InboundEmail) -> Item:
    ids = dict.fromkeys(form.registration_id for form in inbound.forms if form.registration_id)
    people = {one.id: take_back(desk, event, one) for one in desk.store.registered_among(event.slug, ids)}
    its = tuple(people[id] for id in ids if id in people)
    return Item(ItemId(ItemKind.INBOUND, inbound.id), inbound.waits_since, (inbound,), its)


def _undelivered(entry: OutboxEntry, there: Registered | None) -> Item:
    """A later confirmation is in place of one that did not arrive."""
    replaced = there is not None and entry.kind is EmailKind.CONFIRMATION and there.confirmed > entry.revision
    people = (there,) if there else ()
    return Item(ItemId(ItemKind.UNDELIVERED, entry.id), None if replaced else entry.lost_at, (entry,), people)


def _doubles(one: Registered, other: Registered, handling: Handling | None) -> Item:
    alike = similarity_key(one.registration) == similarity_key(other.registration)
    both_stand = not (one.is_withdrawn or other.is_withdrawn)
    waits = alike and both_stand and not (handling and handling.ending)
    since = max(one.received_at, other.received_at) if waits else None
    return Item(ItemId(ItemKind.DOUBLES, f"{one.id}-{other.id}"), since, (), (one, other))


# --- all that wait


def _all_quarantined(desk: Desk, event: Event) -> Iterator[Item]:
    for page in _pages(lambda since: desk.store.quarantined_waiting(event.slug, since, _PAGE), _since):
        registered = desk.store.people_among(event.slug, [form.id for form in page])
        yield from (_quarantined(form, None) for form in page if form.id not in registered)


def _all_differing(desk: Desk, event: Event) -> Iterator[Item]:
    """Each registration once, with the forms that are near its first in time."""
    shown: set[str] = set()
    for page in _pages(lambda since: desk.store.differing_waiting(event.slug, since, _PAGE), _since):
        of: dict[str, list[DifferingForm]] = {}
        for form in page:
            of.setdefault(form.registration_id, []).append(form)
        there = {one.id: one for one in desk.store.registered_among(event.slug, of.keys() - shown)}
        items = (_differing(there[id], forms) for id, forms in of.items() if id in there)
        yield from (item for item in items if item.waits_since)
        shown |= of.keys()


def _all_inbound(desk: Desk, event: Event) -> Iterator[Item]:
    """Without its people."""
    for page in _pages(lambda since: desk.store.inbound_waiting(event.slug, since, SHOWN + 1), _since):
        yield from (Item(ItemId(ItemKind.INBOUND, one.id), one.waits_since, (one,)) for one in page)


def _all_undelivered(desk: Desk, event: Event) -> Iterator[Item]:
    for page in _pages(lambda since: desk.store.undelivered(event.slug, since, _PAGE), lambda one: one.lost_at):
        ids = [entry.registration_id for entry in page if entry.registration_id]
        there = {one.id: one for one in desk.store.registered_among(event.slug, ids)}
        items = (_undelivered(entry, there.get(entry.registration_id or "")) for entry in page)
        yield from (item for item in items if item.waits_since)


def _all_doubles(desk: Desk, event: Event) -> Iterator[Item]:
    """Of everyone, in some thirty megabytes for 100,000."""
    alike: dict[bytes, list[str]] = {}
    pairs = (
        (first, id)
        for id, similar in desk.store.similarities(event.slug)
        for first in _those_before(alike, id, similar)
    )
    while some := list(islice(pairs, _PAGE)):
        yield from _pairs(desk, event, some)


def _those_before(alike: dict[bytes, list[str]], id: str, similar: str) -> list[str]:
    before = alike.setdefault(similar[:_SIMILAR].encode(), [])
    found = list(before)
    if len(before) < _MOST_ALIKE:
        before.append(id)
    return found


def _pairs(desk: Desk, event: Event, pairs: Sequence[tuple[str, str]]) -> Iterator[Item]:
    ids = {pair: ItemId(ItemKind.DOUBLES, "-".join(pair)) for pair in pairs}
    handlings = desk.store.handlings(event.slug, ids.values())
    there = {one.id: one for one in desk.store.registered_among(event.slug, chain(*pairs))}
    both = [(there[one], there[other], id) for (one, other), id in ids.items() if {one, other} <= there.keys()]
    items = (_doubles(one, other, handlings.get(id)) for one, other, id in both)
    yield from (item for item in items if item.waits_since)


_WAITING: dict[ItemKind, Callable[[Desk, Event], Iterator[Item]]] = {
    ItemKind.QUARANTINED: _all_quarantined,
    ItemKind.DIFFERING: _all_differing,
    ItemKind.INBOUND: _all_inbound,
    ItemKind.UNDELIVERED: _all_undelivered,
    ItemKind.DOUBLES: _all_doubles,
}


def _pages(
    page_after: Callable[[datetime], Sequence[_T]], since_of: Callable[[_T], datetime | None]
) -> Iterator[Sequence[_T]]:
    since: datetime | None = EVER
    for _ in range(_PAGES):
        page = page_after(since or EVER)
        yield page
        if not page:
            return
        since = since_of(page[-1])


def _since(one: QuarantinedForm | DifferingForm | InboundEmail) -> datetime | None:
    return one.waits_since
