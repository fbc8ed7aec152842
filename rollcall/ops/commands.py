"""What the on-call person asks for, answered for people and for programs."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import assert_never

from rollcall.desk.amend import Amended, end_links, read
from rollcall.desk.deadline import AlreadyClosed, Moved, TooEarly, after_its_end, move_deadline, why_not
from rollcall.desk.follow_up import revoke
from rollcall.desk.resend import resend_to_staff
from rollcall.desk.staff.deadline import meaning
from rollcall.desk.staff.status import status
from rollcall.language import languages
from rollcall.links import id_in
from rollcall.model.email import EmailKind, OutboxEntry
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.model.links import LinkPurpose, link_id
from rollcall.model.registration import Actor, Way
from rollcall.model.staff import Receives
from rollcall.ops import report
from rollcall.ops.connect import Database, Refused
from rollcall.ops.event_check import check_folder
from rollcall.ops.smoke import Smoke, desk_url, smoke
from schemas.event import as_written, deadline_from, read_events, remarks_on
from templates import deadline, in_utc, in_zone

EXAMPLE_TIME = "2004-01-20T12:00+01:00"


@dataclass(frozen=True)
class Answer:
    data: Mapping[str, object]
    """Stable keys, codes, instants in ISO 8601."""
    text: str
    is_done: bool = True


def show_status(database: Database) -> Answer:
    seen = status(database.store, read_events(database.events))
    return Answer(report.status_data(seen), report.status_text(seen, database.events))


def run_smoke(database: Database, url: str, say: Callable[[str], None], wait: Callable[[float], None]) -> Answer:
    """Raises `SmokeFailed`."""
    events, url = read_events(database.events), desk_url(database, url)
    say(f"{url}:")
    test = Smoke(database.store, events, url, say, wait)
    try:
        smoke(test)
    except Refused as failed:
        failed.facts.update(url=url, steps=test.steps)
        raise
    return Answer({"url": url, "steps": test.steps}, "The desk takes registrations, and its e-mail arrives.")


def move(database: Database, slug: str, to: str, agrees: Callable[[str], bool]) -> Answer:
    """`agrees` is told what would change, and says whether it shall."""
    event = chosen(database, slug)
    closes_at = _deadline(event, to)
    old = _known(database, event)
    if after_its_end(event, closes_at):
        raise Refused("after_event", f"Not moved: {deadline(closes_at, event)} is after the event's end.")
    if closes_at != old.closes_at:
        if refused := why_not(old, closes_at):
            raise _not_moved(event, refused)
        if not agrees(_what_would_change(database, event, old, closes_at)):
            raise Refused("not_agreed", "Not moved.")
    moved = move_deadline(database.store, event, closes_at)
    if not isinstance(moved, Moved):
        raise _not_moved(event, moved)
    database.store.publication_due(slug, database.store.now())  # by the next minute's sweep
    return _moved(event, old.closes_at, closes_at)


def _not_moved(event: Event, why: TooEarly | AlreadyClosed) -> Refused:
    match why:
        case TooEarly(earliest):
            return Refused(
                "too_early",
                f"Not moved: an earlier deadline must lie some minutes ahead, at {in_zone(earliest, event)} or later, "
                "until every instance has read it. Give such a time.",
                earliest=earliest.isoformat(),
            )
        case AlreadyClosed():
            return Refused(
                "already_closed",
                "Not moved: the intake is closed and the staff have the roster, which stands. Whoever comes now writes "
                f"to {event.contact.email}; the staff decide, and add them by hand.",
            )
        case _:
            assert_never(why)


def _what_would_change(database: Database, event: Event, old: Intake, closes_at: datetime) -> str:
    change = closes_at - old.closes_at
    much = f"{report.lasting(change)} {'later' if change > timedelta() else 'earlier'}"
    lines = [
        f"{event.title}: registration closes at {deadline(old.closes_at, event)}.",
        f"It would close at {deadline(closes_at, event)}, {much}.",
        "The form's page says so within seconds; nobody gets an e-mail about it.",
    ]
    if old.past:
        means = meaning(database.store, event, old, closes_at)
        lines.append(f"Of {means.late} late registrations {means.come_on_time.count} would be on the roster.")
    return "\n".join(lines)


def send_roster(database: Database, slug: str) -> Answer:
    event = chosen(database, slug)
    intake = _known(database, event)
    entries = resend_to_staff(database.store, event)
    lines = [f"Enqueued for {entry.to}: {_named(entry)} ({entry.id})" for entry in entries] or ["Nothing to send."]
    if intake.closing is None:
        lines.append(
            f"The intake closes at {deadline(intake.closes_at, event)}; the roster then goes to whom the deployed "
            f"event file names. The one here names {', '.join(event.told(Receives.ROSTER))}."
        )
    if entries:
        lines.append("They go out within a minute or two; make status says whether they arrived.")
    data = {
        "event": event.slug,
        "closed": intake.closing is not None,
        "closes_at": intake.closes_at.isoformat(),
        "enqueued": [{"id": entry.id, "kind": entry.kind.value, "to": entry.to} for entry in entries],
    }
    return Answer(data, "\n".join(lines))


def _named(entry: OutboxEntry) -> str:
    version = f", version {entry.revision}" if entry.kind is EmailKind.ROSTER else ""
    return f"{entry.kind.value}{version}"


def _links_ended(database: Database, event: Event, token: str) -> Answer:
    """The person gets another: one of the links that they had may be with somebody else."""
    desk = database.desk()
    id = id_in(token)
    there = read(desk, event, id) if id else None
    if there is None:
        raise Refused("no_such_registration", "LINK= is of a registration that the database does not have.")
    outcome = end_links(desk, event, there.id, Actor.STAFF, Way.COMMAND)
    lines = [
        f"The links to registration {there.reference} are ended, all that were sent until now.",
        "A new one goes to its e-mail address within a minute or two. What was done by the old ones stands.",
    ]
    data = {"event": event.slug, "purpose": LinkPurpose.OWN.value, "reference": there.reference}
    return Answer(data, "\n".join(lines), is_done=isinstance(outcome, Amended))


def revoke_link(database: Database, link: str) -> Answer:
    found = _LINK.search(link.strip(" <>\r\n"))
    if found is None:
        raise Refused(
            "not_a_link", "LINK= is no whole link of ours. Copy all of it from the e-mail, to its last character."
        )
    event = chosen(database, found["event"])
    _known(database, event)
    if found["purpose"] == LinkPurpose.OWN:
        return _links_ended(database, event, found["token"])
    is_new = revoke(database.store, event, link_id(found["token"]))
    ended = "This link is ended. Within 15 seconds it opens nothing." if is_new else "It was ended before."
    lines = [ended, "Links of other people, and those in later e-mails, go on. What was done by it stands."]
    data = {"event": event.slug, "purpose": found["purpose"], "was_revoked_before": not is_new}
    return Answer(data, "\n".join(lines))


# a signature by HMAC-SHA-256 has 43 characters of base 64
_LINK = re.compile(
    rf"/(?P<event>[^/]+)(/({'|'.join(languages())}))?/(?P<purpose>{'|'.join(LinkPurpose)})"
    r"/(?P<token>\.?[\w-]+\.[\w-]{43})=?(/(another|change|withdraw))?\Z"
)


def check(database: Database | None, folder: Path, now: datetime) -> Answer:
    events, faults = check_folder(folder, database.store if database else None, now, may_be_over=database is None)
    beside = f"beside the database of {database.name}" if database else "without a database"
    files = [
        f"{folder / one.slug}.toml: {one.title}; "
        + ("is over" if one.is_over(now) else f"closes at {deadline(one.closes_at, one)}")
        for one in events.values()
    ]
    verdict = f"{'Checked' if faults else 'No fault found,'} {beside}, as of {in_utc(now)}."
    hint = [f"To check as of another time: make event-check AT={EXAMPLE_TIME}"] if faults else []
    remarks = [remark for slug in events for remark in remarks_on(folder / f"{slug}.toml")]
    data = {
        "as_of": now.isoformat(),
        "events": [{"slug": one.slug, "closes_at": one.closes_at.isoformat()} for one in events.values()],
        "faults": list(faults),
        "remarks": remarks,
    }
    return Answer(data, "\n".join([*(faults or files), *remarks, verdict, *hint]), is_done=not faults)


def _moved(event: Event, old: datetime, closes_at: datetime) -> Answer:
    if old == closes_at:
        lines = [f"{event.title}: registration closes at {deadline(closes_at, event)}, as before."]
    else:
        lines = [
            f"{event.title}: registration was to close at {deadline(old, event)};",
            f"now it closes at {deadline(closes_at, event)}.",
        ]
    toml = f"closes = {as_written(closes_at, event, ends=True)}" if event.closes_at != closes_at else None
    if toml:
        lines.append(f"Write it in the event's file too: {toml}")
    data = {
        "event": event.slug,
        "previous_closes_at": old.isoformat(),
        "closes_at": closes_at.isoformat(),
        "write_in_file": toml,
    }
    return Answer(data, "\n".join(lines))


def chosen(database: Database, slug: str) -> Event:
    events = read_events(database.events)
    if slug not in events:
        there = ", ".join(events)
        raise Refused("no_such_event", f"EVENT={slug}: no such event in {database.events}; there are: {there}")
    return events[slug]


def _deadline(event: Event, to: str) -> datetime:
    try:
        return deadline_from(to, event)
    except ValueError as error:
        raise Refused("not_a_time", f"TO={error}") from None


def _known(database: Database, event: Event) -> Intake:
    intake = database.store.known_intake(event.slug)
    if intake is None:
        raise Refused(
            "unknown_event",
            f"The database does not know {event.slug} yet: nobody looked at its form. Its deadline and its staff are "
            "what its file says when that is deployed.",
        )
    return intake
