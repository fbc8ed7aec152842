"""Drawing the roster again after the closing: when staff ask, and each morning if it changed."""

import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime

from rollcall.desk.ports import Store
from rollcall.desk.roster import Standing, check_pages, erased_from, is_news, standing, write_pages
from rollcall.desk.staff_digests import next_morning
from rollcall.model.email import EmailStatus, OutboxEntry, roster_entry
from rollcall.model.event import Event
from rollcall.model.intake import Intake, OnRoster, RosterVersion
from rollcall.model.staff import Action, AuditEntry, Press, Receives


def draw(
    store: Store, event: Event, press: Press | None = None, to: Sequence[str] | None = None
) -> RosterVersion | None:
    """Record another version, and enqueue it for the staff, if the roster is no longer as the last one says. Safe to
    call at any time, by several callers at once. None if nothing changed or the intake is not closed. `press`: of the
    staff's button that asks for it. `to`: other addresses than those that receive rosters.

    1. Read the last version and the store's time together.
    2. Compare everyone, as they stand, with that version.
    3. If anything is new, write pages under a name of their own: two callers never overwrite each other's.
    4. In one commit record the version and when to look again, and enqueue the staff's e-mails. If somebody wrote the
       intake meanwhile, begin anew.
    """
    while (intake := store.intake(event)).closing:
        version = _next_version(store, event, intake)
        audit = press.entry(Action.ROSTER_DRAWN, about=str(version.number)) if press and version else None
        if version is None or _recorded(store, event, intake, version, audit, to):
            return version
        if audit and store.audit_entry(event.slug, audit.id):  # this button drew one before
            return None
    return None


def look(store: Store, event: Event) -> RosterVersion | None:
    """As `draw`, once each morning until the event is over."""
    while (intake := store.intake(event)).looks_at and intake.looks_at <= intake.as_of:
        is_of_use = intake.closing and not event.is_over(intake.as_of)
        version = _next_version(store, event, intake) if is_of_use else None
        if _recorded(store, event, intake, version):
            return version
    return None


def next_look(event: Event, now: datetime) -> datetime | None:
    morning = next_morning(event, now)
    return None if event.is_over(morning) else morning


def to_staff(event: Event, version: int, to: Sequence[str] | None = None) -> Sequence[OutboxEntry]:
    return [roster_entry(event.slug, version, one) for one in (event.told(Receives.ROSTER) if to is None else to)]


def copies(store: Store, event: Event, version: RosterVersion, to: str) -> Sequence[OutboxEntry]:
    """Of this version's e-mail to this address."""
    found: list[OutboxEntry] = []
    while entry := store.entry(roster_entry(event.slug, version.number, to, len(found) + 1).id):
        found.append(entry)
    return found


def further_copies(store: Store, event: Event, version: RosterVersion, to: Sequence[str]) -> Sequence[OutboxEntry]:
    return [roster_entry(event.slug, version.number, one, len(copies(store, event, version, one)) + 1) for one in to]


def last_had(store: Store, event: Event, versions: Sequence[RosterVersion], to: str) -> RosterVersion | None:
    """The newest of these that was sent to this address, as far as anybody knows."""
    arrived = (EmailStatus.SENT, EmailStatus.DELIVERED)
    return next(
        (
            version
            for version in reversed(versions)
            if any(entry.status in arrived for entry in copies(store, event, version, to))
        ),
        None,
    )


def _next_version(store: Store, event: Event, intake: Intake) -> RosterVersion | None:
    last = intake.versions[-1]
    check_pages(store, event.slug, *{*intake.closings, last})

    def everyone_now() -> Iterator[Standing]:
        return standing(store, event, intake, last)

    is_shorter = erased_from(store, event.slug)[last.name]
    if not (is_shorter or any(is_news(store, event, one) for one in everyone_now())):
        return None
    number = last.number + 1
    rows = (OnRoster(one.registered.id, one.registered.revision) for one in everyone_now() if one.is_on_roster)
    return write_pages(store, event.slug, number, f"v{number}-{secrets.token_hex(8)}", rows, intake.as_of)


def _recorded(
    store: Store,
    event: Event,
    intake: Intake,
    version: RosterVersion | None,
    audit: AuditEntry | None = None,
    to: Sequence[str] | None = None,
) -> bool:
    entries = to_staff(event, version.number, to) if version else []
    return store.record_look(event.slug, intake, next_look(event, intake.as_of), version, entries, audit)
