"""How things are said to the person on duty."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from rollcall.model.email import CircuitBreaker, EmailStatus, OutboxEntry
from rollcall.model.inbound import InboundStatus
from rollcall.model.intake import Intake
from rollcall.ops.status import EventStatus, Status, UnsentCounts, WithoutFile
from templates import deadline, in_utc, in_zone, words

_NOBODY_CLOSES = "not yet; a desk without its file shows no page of it, and does not close it"
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def lasting(time: timedelta) -> str:
    """How long, to the unit that matters: `37 days`, `2 hours`, `90 seconds`."""
    seconds = int(abs(time).total_seconds())
    for size, unit in _UNITS:
        if seconds >= 2 * size or size == 1:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    raise AssertionError("seconds are the last unit")


def status_said(status: Status, folder: Path) -> str:
    """How things stand, a paragraph an event. `folder` is that of the event files."""
    paragraphs = [_event_said(one) for one in status.events]
    paragraphs += [_without_file_said(one, folder) for one in status.without_file]
    return "\n\n".join([f"It is {in_utc(status.as_of)} there.", *paragraphs, _queue_said(status.queue)])


def failed_said(entry: OutboxEntry) -> str:
    """What became of a mail to the staff that will not arrive."""
    why = f": {entry.why}" if entry.why else ""
    return f"{words(entry.kind)} to {entry.to} {words(entry.status)}{why}"


def _event_said(one: EventStatus) -> str:
    event = one.event
    rows = [
        ("received", f"{one.received} in all"),
        ("  registered", f"{one.registered}, and {one.late} late"),
        ("  kept for staff", f"{one.kept} (no person may have filled in)" if one.kept else "none"),
        ("  e-mails", _incoming_said(one)),
        *_mails_said(one.entries),
        ("deadline", _deadline_said(one)),
        ("closing", _closing_said(one)),
    ]
    return _paragraph(f"{event.title} ({event.slug})", rows)


def _paragraph(first: str, rows: Sequence[tuple[str, str]]) -> str:
    return "\n".join([first, *(f"  {label:<18}{text}" for label, text in rows)])


def _without_file_said(one: WithoutFile, folder: Path) -> str:
    """Times in UTC: the zone stands in the file."""
    intake = one.intake
    closing = f"closed, {intake.closing.count} on the roster" if intake.closing else _NOBODY_CLOSES
    rows = [
        ("registered", f"{one.registered}"),
        *_mails_said(one.entries),
        ("deadline", f"{in_utc(intake.closes_at)}, {_how_far_off(intake)}"),
        ("closing", closing),
    ]
    first = f"{one.slug}: the books know it, and there is no file of it in {folder} (EVENTS=... says another folder)"
    return _paragraph(first, rows)


def _how_far_off(intake: Intake) -> str:
    return f"{lasting(intake.closes_at - intake.as_of)} {'ago' if intake.past else 'from now'}"


def _incoming_said(one: EventStatus) -> str:
    counted = _counted(one.inbound)
    if not counted:
        return "none"
    left = f"; {one.left_to_staff} still before the staff" if one.left_to_staff else ""
    return f"{sum(one.inbound.values())} ({counted}){left}"


def _mails_said(entries: UnsentCounts) -> Sequence[tuple[str, str]]:
    return [
        ("mails waiting", _waiting_said(entries)),
        ("mails failed", _counted(entries.undelivered) or "none"),
        *(("  to the staff", failed_said(entry)) for entry in entries.to_staff),
    ]


def _waiting_said(entries: UnsentCounts) -> str:
    if not entries.waiting:
        said = "none"
    else:
        doubt = f", {entries.in_doubt} of them for a delivery report" if entries.in_doubt else ""
        said = f"{entries.waiting}, the longest for {lasting(entries.longest)}{doubt}"
    return f"{said}; {entries.later} to go out later" if entries.later else said


def _deadline_said(one: EventStatus) -> str:
    intake = one.intake
    if intake is None:
        return f"{deadline(one.event.closes_at, one.event)}, by the event's file; the books do not know the event yet"
    said = deadline(intake.closes_at, one.event)
    if intake.not_yet_open:
        return f"{said}; it opens on {in_zone(intake.opens_at, one.event)}"
    return f"{said}, {_how_far_off(intake)}"


def _closing_said(one: EventStatus) -> str:
    if one.intake and one.intake.closing:
        damage = "" if one.list_is_whole else "; its pages in the books are NOT those that were closed: restore them"
        return f"closed, {one.intake.closing.count} on the roster{damage}"
    if one.is_overdue:
        return "MISSED: the deadline has passed and nobody closed; look whether close-intake is called each minute"
    return "not yet"


def _queue_said(queue: CircuitBreaker) -> str:
    if queue.open_until is None:
        return "The mail queue is not held."
    since = f" since {in_utc(queue.opened_at)}" if queue.opened_at else ""
    fault = "; it refuses us, so that only a person can mend it (key, account)" if queue.account_refused else ""
    return (
        f"MAIL IS HELD{since}: SendGrid takes none now{fault}. {queue.note}. Tried again at {in_utc(queue.open_until)}."
    )


def _counted(counts: Mapping[InboundStatus, int] | Mapping[EmailStatus, int]) -> str:
    return ", ".join(
        f"{count} {status}" for status, count in sorted((words(key), count) for key, count in counts.items())
    )
