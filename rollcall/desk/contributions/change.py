"""What becomes of a contribution: its submitter sends a further paper, corrects or withdraws it; the staff publish or
hold it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rollcall.desk.desk import Desk
from rollcall.model.contribution import (
    MOST_PAPERS,
    Contribution,
    ContributionChange,
    Paper,
    PaperDoubt,
    PaperFile,
    PaperKind,
    PaperStatus,
    designation,
)
from rollcall.model.email import OutboxEntry, contribution_notice
from rollcall.model.event import Event
from rollcall.model.registration import Actor, Way
from rollcall.model.staff import Action, Press


@dataclass(frozen=True)
class Changed:
    contribution: Contribution


@dataclass(frozen=True)
class AsBefore:
    """Nothing differs, or the same was done before; nothing was written."""

    contribution: Contribution


@dataclass(frozen=True)
class ChangedMeanwhile:
    contribution: Contribution


@dataclass(frozen=True)
class TooMany:
    """Papers of one contribution."""

    contribution: Contribution


@dataclass(frozen=True)
class IsWithdrawn:
    contribution: Contribution


@dataclass(frozen=True)
class Over:
    """The event is."""


Outcome = Changed | AsBefore | ChangedMeanwhile | TooMany | IsWithdrawn | Over


@dataclass(frozen=True)
class By:
    """Whoever changes it."""

    actor: Actor
    way: Way
    press: Press | None = None
    """Of one of the staff."""


def add_paper(
    desk: Desk,
    event: Event,
    id: str,
    kind: PaperKind,
    files: tuple[PaperFile, ...],
    by: By,
    doubt: PaperDoubt | None = None,
    arrived_at: datetime | None = None,
) -> Outcome | None:
    """A revision, an addendum or a corrigendum; `number_due` sends its receipt. The same files twice are one paper."""
    status = PaperStatus.HELD if doubt else PaperStatus.WAITING
    sent = {file.sha256 for file in files}

    def change(there: Contribution) -> Contribution | Outcome:
        if any({file.sha256 for file in paper.files} == sent for paper in there.papers):
            return AsBefore(there)
        if len(there.papers) >= MOST_PAPERS:
            return TooMany(there)
        return there.with_paper(kind, files, status=status, doubt=doubt, arrived_at=arrived_at)

    return _changed(desk, event, id, by, change)


def correct(desk: Desk, event: Event, id: str, seen: int, said: Mapping[str, str], by: By) -> Outcome | None:
    """`said`: of `title`, `source`, `item`, `abstract`, `name`, those to be as it says. `seen`: the revision shown.
    What is published only the staff correct."""

    def change(there: Contribution) -> Contribution | Outcome:
        after = replace(there, **said)  # type: ignore[arg-type]
        if after == there:
            return AsBefore(there)
        is_open = by.press or not there.published
        return after if is_open and there.revision == seen else ChangedMeanwhile(there)

    return _changed(desk, event, id, by, change, Action.CONTRIBUTION_CORRECTED)


def withdraw(desk: Desk, event: Event, id: str, by: By) -> Outcome | None:
    """Its number stays, as withdrawn."""

    def change(there: Contribution) -> Contribution | Outcome:
        return replace(there, withdrawn=True)

    return _changed(desk, event, id, by, change, Action.CONTRIBUTION_WITHDRAWN, tell=True)


def publish(desk: Desk, event: Event, id: str, seen: int, papers: Sequence[int], press: Press) -> Outcome | None:
    """`papers`: their places. Nothing is published whose submitter does not agree."""
    return _judge(desk, event, id, seen, papers, press, PaperStatus.PUBLISHED, "")


def hold(
    desk: Desk, event: Event, id: str, seen: int, papers: Sequence[int], reason: str, press: Press
) -> Outcome | None:
    """Its submitter is told the reason."""
    return _judge(desk, event, id, seen, papers, press, PaperStatus.HELD, reason)


def _judge(
    desk: Desk,
    event: Event,
    id: str,
    seen: int,
    places: Sequence[int],
    press: Press,
    status: PaperStatus,
    reason: str,
) -> Outcome | None:
    def judged(place: int, paper: Paper) -> Paper:
        return replace(paper, status=status, reason=reason) if place in places else paper

    def change(there: Contribution) -> Contribution | Outcome:
        after = replace(there, papers=tuple(judged(place, paper) for place, paper in enumerate(there.papers)))
        if after == there:
            return AsBefore(there)
        # where it is offered, its submitter agreed
        may_be = there.consent or status is not PaperStatus.PUBLISHED
        return after if there.revision == seen and may_be else ChangedMeanwhile(there)

    action = Action.CONTRIBUTION_HELD if status is PaperStatus.HELD else Action.CONTRIBUTION_PUBLISHED
    by = By(Actor.STAFF, Way.DESK, press)
    return _changed(desk, event, id, by, change, action, reason, tell=status is PaperStatus.HELD)


def _changed(
    desk: Desk,
    event: Event,
    id: str,
    by: By,
    change: Callable[[Contribution], Contribution | Outcome],
    action: Action | None = None,
    reason: str = "",
    *,
    tell: bool = False,
) -> Outcome | None:
    """None where this event has no such contribution. Begun anew if somebody wrote it meanwhile. `tell`: its submitter,
    by an e-mail about this revision.

    1. Note that what is published may change, before it does.
    2. Write the change, its history, its audit entry and the e-mail in one commit.
    """
    while (there := desk.store.contribution(id)) and there.event == event.slug:
        if by.press and desk.store.audit_entry(event.slug, by.press.id):
            return AsBefore(there)
        if there.withdrawn:
            return IsWithdrawn(there)
        now = desk.store.now()
        if not by.press and event.is_over(now):
            return Over()
        after = change(there)
        if not isinstance(after, Contribution):
            return after
        after = replace(after, revision=there.revision + 1)
        # without its submitter it is the event's document: the log is enough, and nobody is told
        who = by.press.by if by.press else ""
        history = ContributionChange(after.revision, *_difference(there, after), by.actor, by.way, who, now)
        about = {"about": id, "revision": after.revision, "after": named(after), "reason": reason}
        audit = by.press.entry(action, **about) if by.press and action else None
        if there.published or after.published or after.withdrawn:
            desk.store.publication_due(event.slug, now + desk.limits.publication_lease)
        entries: Sequence[OutboxEntry] = [contribution_notice(after)] if tell and there.email else []
        if desk.store.save_contribution(there, after, history if there.email else None, entries, audit):
            return Changed(after)
    return None


def named(one: Contribution) -> Mapping[str, str]:
    """As the log says which it is."""
    return {"contribution": designation(one.event, one.number)} if one.number else {}


def _difference(before: Contribution, after: Contribution) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Of what differs alone, as text."""
    old, new = _as_text(before), _as_text(after)
    names = [name for name in old.keys() | new.keys() if old.get(name) != new.get(name)]
    return {name: old.get(name, "") for name in names}, {name: new.get(name, "") for name in names}


def _as_text(one: Contribution) -> dict[str, str]:
    said = {"title": one.title, "source": one.source, "item": one.item, "abstract": one.abstract, "name": one.name}
    said["consent"] = one.consent
    papers = {
        f"paper {place}": f"{paper.kind} {paper.number}: {paper.status}" for place, paper in enumerate(one.papers)
    }
    reasons = {f"reason {place}": paper.reason for place, paper in enumerate(one.papers)}
    return {**said, **papers, **reasons, "withdrawn": "withdrawn" if one.withdrawn else ""}
