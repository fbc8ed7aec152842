"""Taking a contribution in, and giving numbers in the order of receipt."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import nsmallest

from rollcall.desk.contribution_ports import Contributions
from rollcall.desk.desk import Desk
from rollcall.desk.staff_digests import digests_next_morning
from rollcall.model.contribution import Contribution, Draft, Paper, PaperKind, PaperStatus, Stage
from rollcall.model.email import OutboxEntry, contribution_receipts
from rollcall.model.event import Event
from rollcall.model.registration import mailbox, new_id

_PEOPLE = 50
"""With one address."""
AT_ONCE = 100
"""Numbers in a commit."""
_CLOCK_RAN_AHEAD = timedelta(minutes=10)
"""What is from so much later than now was received before the clock was set right (SQLite)."""
_COMMITS = 50
"""For one event in one call."""


@dataclass(frozen=True)
class Received:
    contribution: Contribution
    received_at: datetime


@dataclass(frozen=True)
class ReceivedBefore:
    """The same files from the same mailbox; nothing was written."""

    contribution: Contribution


@dataclass(frozen=True)
class Over:
    """The event is: nothing was written."""


Outcome = Received | ReceivedBefore | Over


def contributions_close_at(store: Contributions, event: Event) -> datetime | None:
    """As the staff moved it, else as the file says; None where none are asked for."""
    said = event.contributions.closes_at if event.contributions else None
    return store.programme(event.slug).contributions_close_at or said


def submission_key(email: str, sha256s: Sequence[str]) -> str:
    """The same for the same files from the same mailbox."""
    return hashlib.sha256("\x1f".join((mailbox(email), *sorted(sha256s))).encode()).hexdigest()[:32]


def registration_of(desk: Desk, event: Event, said: str, email: str) -> str:
    """The id of the registration with this reference, if it has this address. Whoever asks is not told."""
    there = desk.store.registrations_under(event.slug, email, _PEOPLE) if said else ()
    return next((one.id for one in there if one.reference == said), "")


def submit(
    desk: Desk,
    event: Event,
    draft: Draft,
    id: str | None = None,
    inbound_id: str = "",
    arrived_at: datetime | None = None,
) -> Outcome:
    """In one commit, whose time decides whether it is late. Sending it again is safe. `number_due` numbers it."""
    if event.is_over(desk.intakes.now(event)):
        return Over()
    status = PaperStatus.HELD if draft.doubt else PaperStatus.WAITING
    paper = Paper(PaperKind.ORIGINAL, 0, draft.files, status, doubt=draft.doubt, arrived_at=arrived_at)
    new = Contribution(
        id=id or new_id(),
        event=event.slug,
        title=draft.title,
        source=draft.source,
        name=draft.name,
        email=draft.email,
        papers=(paper,),
        item=draft.item,
        abstract=draft.abstract,
        registration_id=draft.registration_id,
        consent=draft.consent,
        language=draft.language,
        key=submission_key(draft.email, [file.sha256 for file in draft.files]),
        inbound_id=inbound_id,
    )
    while True:
        if received_at := desk.store.accept_contribution(new):
            return Received(_as_received(new, received_at), received_at)
        if there := desk.store.contribution_under(event.slug, new.key):
            if there.id == new.id or not there.withdrawn:
                return ReceivedBefore(there)
            new = replace(new, key=_key_after(there))
        elif desk.store.contribution(new.id):
            new = replace(new, id=new_id())


def _key_after(withdrawn: Contribution) -> str:
    """Sent again, it is another: no function may delete the key of the first."""
    return hashlib.sha256(f"{withdrawn.key} {withdrawn.id}".encode()).hexdigest()[:32]


def _as_received(new: Contribution, received_at: datetime) -> Contribution:
    papers = tuple(replace(paper, received_at=received_at) for paper in new.papers)
    return replace(new, papers=papers, created_at=received_at)


def number_due(desk: Desk) -> Iterator[Contribution]:
    """Give numbers to those that have none, in the order of receipt, and enqueue the receipts of all papers without
    one. Safe to call at any time, by several callers at once: each commit takes the numbers that follow the last one
    given, or is refused.

    1. Read the last number.
    2. Read the store's time, then all that wait. Whatever is received by that time is among them, so nothing that came
       earlier can come up later.
    3. Enqueue the staff's digest of the next morning.
    4. In one commit give the next numbers, to the earliest, and enqueue their receipts.
    """
    for slug in sorted({one.event for one in desk.store.contributions_without_receipts()}):
        if event := desk.events.get(slug):
            yield from _number_all(desk, event)


def _number_all(desk: Desk, event: Event) -> Iterator[Contribution]:
    for _ in range(_COMMITS):
        last, now = desk.store.last_number(event.slug), desk.store.now()
        waiting = desk.store.contributions_without_receipts()
        came = (one for one in waiting if one.event == event.slug and _came_by(one, now))
        seen = nsmallest(AT_ONCE, came, key=lambda one: (_received_at(one), one.id))
        if not seen:
            return
        numbered = _numbered(event, seen, last[0])
        is_shown = any(map(_is_shown_otherwise, seen, numbered))
        if is_shown:
            desk.store.publication_due(event.slug, now + desk.limits.publication_lease)
        if any(one.stage in (Stage.WAITING, Stage.NEEDS_REVIEW) for one in numbered):
            for digest in digests_next_morning(event, now):
                desk.store.enqueue(digest)
        if _given(desk, event, last, numbered, [entry for one in seen for entry in contribution_receipts(one)]):
            if is_shown:
                desk.store.publication_due(event.slug, now)
            yield from numbered


def _given(
    desk: Desk,
    event: Event,
    last: tuple[int, object],
    numbered: Sequence[Contribution],
    receipts: Sequence[OutboxEntry],
) -> bool:
    if desk.store.give_numbers(event.slug, last, numbered, receipts):
        return True
    # a database that was restored may have receipts of which its contributions do not know
    there = {entry.id for entry in desk.store.entries_among(entry.id for entry in receipts)}
    left = [entry for entry in receipts if entry.id not in there]
    return bool(there) and desk.store.give_numbers(event.slug, last, numbered, left)


def _is_shown_otherwise(before: Contribution, after: Contribution) -> bool:
    return before.published != after.published or after.withdrawn


def _came_by(one: Contribution, now: datetime) -> bool:
    received_at = _received_at(one)
    return received_at <= now or received_at > now + _CLOCK_RAN_AHEAD


def _received_at(one: Contribution) -> datetime:
    assert one.created_at is not None  # read from the store
    return one.created_at


def _numbered(event: Event, seen: Sequence[Contribution], last: int) -> list[Contribution]:
    found = []
    for one in seen:
        if one.number is None:
            last += 1
        number = last if one.number is None else one.number
        found.append(replace(_published_at_once(event, one), number=number, receipts=len(one.papers)))
    return found


def _published_at_once(event: Event, one: Contribution) -> Contribution:
    """If the event file says so, and nobody has to look at it first."""
    if not (event.contributions and event.contributions.publish_at_once and one.consent):
        return one
    papers = (
        replace(paper, status=PaperStatus.PUBLISHED)
        if place >= one.receipts and paper.status is PaperStatus.WAITING
        else paper
        for place, paper in enumerate(one.papers)
    )
    return replace(one, papers=tuple(papers))
