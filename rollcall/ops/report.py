"""How things stand, worded for the on-call person, and as data for programs."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from rollcall.model.email import CircuitBreaker, OutboxEntry
from rollcall.model.intake import Intake
from rollcall.ops.status import EventStatus, Status, UnsentCounts, WithoutFile
from templates import deadline, in_utc, in_zone, words

_Code = TypeVar("_Code", bound=StrEnum)
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def lasting(time: timedelta) -> str:
    """How long, to the unit that matters: `37 days`, `2 hours`, `90 seconds`."""
    seconds = int(abs(time).total_seconds())
    for size, unit in _UNITS:
        if seconds >= 2 * size or size == 1:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    raise AssertionError("seconds are the last unit")


def status_text(status: Status, folder: Path) -> str:
    """A paragraph an event. `folder` is that of the event files."""
    paragraphs = [_event_text(one) for one in status.events]
    paragraphs += [_without_file_text(one, folder) for one in status.without_file]
    return "\n\n".join([f"It is {in_utc(status.as_of)} there.", *paragraphs, _breaker_text(status.breaker)])


def status_data(status: Status) -> Mapping[str, object]:
    """No personal data but the staff's addresses that an e-mail did not reach."""
    breaker = status.breaker
    return {
        "as_of": status.as_of.isoformat(),
        "circuit_breaker": {
            "open": breaker.open_until is not None,
            "opened_at": breaker.opened_at.isoformat() if breaker.opened_at else None,
            "retry_at": breaker.open_until.isoformat() if breaker.open_until else None,
            "account_refused": breaker.account_refused,
            "note": breaker.note,
        },
        "events": [_event_data(one) for one in status.events],
        "without_file": [
            {"slug": one.slug, "registered": one.registered, **_emails_data(one.emails), **_intake_data(one.intake)}
            for one in status.without_file
        ],
    }


def _event_data(one: EventStatus) -> Mapping[str, object]:
    return {
        "slug": one.event.slug,
        "received": one.received,
        "registered": one.registered,
        "late": one.late,
        "quarantined": one.quarantined,
        "inbound": {code.value: count for code, count in sorted(one.inbound.items())},
        "needs_review": one.needs_review,
        **_emails_data(one.emails),
        **_intake_data(one.intake),
        "overdue": one.is_overdue,
        "list_is_whole": one.list_is_whole,
    }


def _intake_data(intake: Intake | None) -> Mapping[str, object]:
    return {
        "opens_at": intake.opens_at.isoformat() if intake else None,
        "closes_at": intake.closes_at.isoformat() if intake else None,
        "on_roster": intake.closing.count if intake and intake.closing else None,
    }


def _emails_data(emails: UnsentCounts) -> Mapping[str, object]:
    return {
        "emails_waiting": emails.waiting,
        "emails_unknown": emails.unknown,
        "longest_waiting_seconds": int(emails.longest.total_seconds()),
        "emails_scheduled": emails.scheduled,
        "emails_undelivered": {code.value: count for code, count in sorted(emails.undelivered.items())},
        "undelivered_to_staff": [
            {"kind": entry.kind.value, "to": entry.to, "status": entry.status.value, "why": entry.why}
            for entry in emails.to_staff
        ],
    }


def _event_text(one: EventStatus) -> str:
    event = one.event
    rows = [
        ("received", f"{one.received} in all"),
        ("  registered", f"{one.registered}, and {one.late} late"),
        ("  quarantined", f"{one.quarantined} (a bot may have filled it in)" if one.quarantined else "none"),
        ("  e-mails", _inbound_text(one)),
        *_emails_text(one.emails),
        ("deadline", _deadline_text(one)),
        ("closing", _closing_text(one)),
    ]
    return _paragraph(f"{event.title} ({event.slug})", rows)


def _paragraph(first: str, rows: Sequence[tuple[str, str]]) -> str:
    return "\n".join([first, *(f"  {label:<18}{text}" for label, text in rows)])


def _without_file_text(one: WithoutFile, folder: Path) -> str:
    """Times in UTC: the zone stands in the file."""
    intake = one.intake
    open_text = "not yet; without its file the desk shows no page of it and does not close it"
    rows = [
        ("registered", f"{one.registered}"),
        *_emails_text(one.emails),
        ("deadline", f"{in_utc(intake.closes_at)}, {_how_far_off(intake)}"),
        ("closing", f"closed, {intake.closing.count} on the roster" if intake.closing else open_text),
    ]
    first = f"{one.slug}: the database knows it, and no file of it is in {folder} (EVENTS=... says another folder)"
    return _paragraph(first, rows)


def _how_far_off(intake: Intake) -> str:
    return f"{lasting(intake.closes_at - intake.as_of)} {'ago' if intake.past else 'from now'}"


def _inbound_text(one: EventStatus) -> str:
    counted = _counted(one.inbound)
    if not counted:
        return "none"
    in_queue = f"; {one.needs_review} in the review queue" if one.needs_review else ""
    return f"{sum(one.inbound.values())} ({counted}){in_queue}"


def _emails_text(emails: UnsentCounts) -> Sequence[tuple[str, str]]:
    return [
        ("e-mails waiting", _waiting_text(emails)),
        ("e-mails failed", _counted(emails.undelivered) or "none"),
        *(("  to the staff", _undelivered_text(entry)) for entry in emails.to_staff),
    ]


def _undelivered_text(entry: OutboxEntry) -> str:
    why = f": {entry.why}" if entry.why else ""
    return f"{words(entry.kind)} to {entry.to} {words(entry.status)}{why}"


def _waiting_text(emails: UnsentCounts) -> str:
    if not emails.waiting:
        text = "none"
    else:
        unknown = f", {emails.unknown} of them for a delivery event" if emails.unknown else ""
        text = f"{emails.waiting}, the longest for {lasting(emails.longest)}{unknown}"
    return f"{text}; {emails.scheduled} to go out later" if emails.scheduled else text


def _deadline_text(one: EventStatus) -> str:
    intake = one.intake
    if intake is None:
        closes_at = deadline(one.event.closes_at, one.event)
        return f"{closes_at}, by the event's file; the database does not know the event yet"
    text = deadline(intake.closes_at, one.event)
    if intake.not_yet_open:
        return f"{text}; it opens on {in_zone(intake.opens_at, one.event)}"
    return f"{text}, {_how_far_off(intake)}"


def _closing_text(one: EventStatus) -> str:
    if one.intake and one.intake.closing:
        damage = "" if one.list_is_whole else "; its pages in the database are NOT those that were closed: restore them"
        return f"closed, {one.intake.closing.count} on the roster{damage}"
    if one.is_overdue:
        return "MISSED: the deadline has passed and nobody closed; look whether close-intake is called each minute"
    return "not yet"


def _breaker_text(breaker: CircuitBreaker) -> str:
    if breaker.open_until is None:
        return "E-mail goes out: the circuit breaker is closed."
    since = f" since {in_utc(breaker.opened_at)}" if breaker.opened_at else ""
    fault = "; it refuses us, so that only a person can mend it (key, account)" if breaker.account_refused else ""
    state = f"NO E-MAIL GOES OUT{since}: the circuit breaker is open, SendGrid accepts none{fault}."
    return f"{state} {breaker.note}. Retry at {in_utc(breaker.open_until)}."


def _counted(counts: Mapping[_Code, int]) -> str:
    return ", ".join(f"{count} {words(code)}" for code, count in sorted(counts.items()))
