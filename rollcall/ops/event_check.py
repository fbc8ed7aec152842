"""Checking the event files before they are deployed, beside what the database says."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from rollcall.desk.deadline import after_its_end, why_not
from rollcall.desk.ports import Store
from rollcall.desk.scan import everyone, inbound_emails, quarantined_forms
from rollcall.model.event import SMOKE_TEST, Event
from rollcall.model.intake import Intake
from schemas.event import as_written, read_folder
from templates import days, deadline, in_utc, in_zone


def check_folder(
    folder: Path, store: Store | None, now: datetime, *, may_be_over: bool = False
) -> tuple[Mapping[str, Event], Sequence[str]]:
    """The events that can be used, and all that speaks against deploying the folder. Raises `StoreUnavailable`."""
    events, in_files = read_folder(folder)
    looked_at = {slug: event for slug, event in events.items() if not (may_be_over and event.is_over(now))}
    return events, [*in_files, *(f"{folder}/{fault}" for fault in check_events(looked_at, store, now))]


def check_events(events: Mapping[str, Event], store: Store | None, now: datetime) -> list[str]:
    """What speaks against deploying these events and no others: a line a fault, with file, field and correction.
    Writes nothing. `store` is None where no database is there yet. Raises `StoreUnavailable`."""
    intakes = store.known_intakes() if store else {}
    found = [(slug, fault) for slug, event in events.items() for fault in faults(event, intakes.get(slug), now)]
    if store:
        gone = {slug: intake for slug, intake in intakes.items() if slug not in {*events, SMOKE_TEST.slug}}
        found += [(slug, _without_file(intake)) for slug, intake in gone.items() if _is_waited_for(store, slug, intake)]
    return [f"{slug}.toml: {fault}" for slug, fault in found]


def faults(event: Event, intake: Intake | None, now: datetime) -> list[str]:
    """The file of a past event may stay as it is, unless it names a deadline yet to come: that would let nobody in."""
    if intake and intake.past and event.closes_at <= now:
        return []
    found = _against_itself(event)
    if intake:
        return found + _against_the_database(event, intake)
    if event.closes_at < now:
        found.append(
            f"intake.closes: {deadline(event.closes_at, event)} has passed, and nobody could ever register; write a "
            "later one, or put the files of your own events into a folder and say EVENTS=<folder>"
        )
    return found


def _is_waited_for(store: Store, slug: str, intake: Intake) -> bool:
    """Somebody registered or wrote, and without its file nobody closes the event."""
    if intake.closing:
        return False
    came = (everyone(store, slug), quarantined_forms(store, slug), inbound_emails(store, slug))
    return any(next(iter(one), None) for one in came)


def _without_file(intake: Intake) -> str:
    stands = (
        f"its deadline, {in_utc(intake.closes_at)}, has passed, and it is not closed"
        if intake.past
        else f"it is open until {in_utc(intake.closes_at)}"
    )
    return (
        f"is not there, or cannot be used, and the database knows the event: somebody registered or wrote for it, and "
        f"{stands}; put its file back, or say EVENTS=<folder that holds it>"
    )


def _against_itself(event: Event) -> list[str]:
    if not after_its_end(event, event.closes_at):
        return []
    return [
        f"intake.closes: {deadline(event.closes_at, event)} is after the event's end ({days(event)}); write an earlier "
        "one, or mend ends"
    ]


def _against_the_database(event: Event, intake: Intake) -> list[str]:
    found = []
    if intake.opens_at != event.opens_at:
        found.append(
            f"intake.opens: the file says {in_zone(event.opens_at, event)}, the database says "
            f"{in_zone(intake.opens_at, event)}, and the database decides; write "
            f"opens = {as_written(intake.opens_at, event, ends=False)}"
        )
    if intake.closes_at != event.closes_at:
        was = [earlier for earlier in intake.history if earlier.closes_at == event.closes_at]
        moved = f" (it was moved on {in_zone(was[-1].moved_at, event)})" if was else ""
        found.append(
            f"intake.closes: the file says {deadline(event.closes_at, event)}, the database says "
            f"{deadline(intake.closes_at, event)}{moved}, and the database decides; if it is right, write "
            f"closes = {as_written(intake.closes_at, event, ends=True)}{_moving(event, intake)}"
        )
    return found


def _moving(event: Event, intake: Intake) -> str:
    if why_not(intake, event.closes_at) or after_its_end(event, event.closes_at):
        return ""
    to = as_written(event.closes_at, event, ends=True)
    return f"; if the file is right: make move-deadline EVENT={event.slug} TO={to}"
