"""How things stand, worded for the on-call person, and as data for programs."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from rollcall.desk.staff.contributions import Counts
from rollcall.desk.staff.status import EventStatus, Status, UnsentCounts
from rollcall.model.email import CircuitBreaker, OutboxEntry
from rollcall.model.intake import Intake
from rollcall.model.personal_data import WARNED_BEFORE, Retention
from templates import deadline, in_utc, in_zone, words

_Code = TypeVar("_Code", bound=StrEnum)
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def lasting(time: timedelta) -> str:
    """How long, to the unit that matters: `37 days`, `2 hours`, `90 seconds`."""
    seconds = int(abs(time).total_seconds())
    size, unit = next((size, unit) for size, unit in _UNITS if seconds >= 2 * size or size == 1)
    count = seconds // size
    return f"{count} {unit}{'' if count == 1 else 's'}"


def status_text(status: Status, folder: Path) -> str:
    """A paragraph an event. `folder` is that of the event files."""
    paragraphs = [_event_text(one, folder, status.breaker.as_of) for one in status.events]
    return "\n\n".join([f"It is {in_utc(status.breaker.as_of)} there.", *paragraphs, _breaker_text(status.breaker)])


def status_data(status: Status) -> Mapping[str, object]:
    """No personal data but the staff's addresses that an e-mail did not reach."""
    breaker = status.breaker
    return {
        "as_of": breaker.as_of.isoformat(),
        "circuit_breaker": {
            "open": breaker.open_until is not None,
            "opened_at": _iso(breaker.opened_at),
            "retry_at": _iso(breaker.open_until),
            "account_refused": breaker.account_refused,
            "note": breaker.note,
        },
        "events": [_event_data(one) for one in status.events if one.event],
        "without_file": [_event_data(one) for one in status.events if not one.event],
    }


def _event_data(one: EventStatus) -> Mapping[str, object]:
    intake, emails = one.intake, one.emails
    return {
        "slug": one.slug,
        "received": one.received,
        "registered": one.registered,
        "late": one.late,
        "withdrawn": one.withdrawn,
        "changed": one.changed,
        "quarantined": one.quarantined,
        "inbound": {code.value: count for code, count in sorted(one.inbound.items())},
        "needs_review": one.needs_review,
        "contributions": {stage.value: count for stage, count in sorted(one.contributions.stages.items())},
        "contributions_late": one.contributions.late,
        "asked_to_erase": len(one.asked_to_erase),
        "answers_overdue": one.answers_overdue,
        "erased": one.erased,
        "emails_waiting": emails.waiting,
        "emails_unknown": emails.unknown,
        "emails_over_total": emails.over_total,
        "longest_waiting_seconds": int(emails.longest.total_seconds()),
        "emails_scheduled": emails.scheduled,
        "emails_undelivered": {code.value: count for code, count in sorted(emails.undelivered.items())},
        "undelivered_to_staff": [
            {"kind": entry.kind.value, "to": entry.to, "status": entry.status.value, "why": entry.why}
            for entry in emails.to_staff
        ],
        "opens_at": _iso(intake.opens_at if intake else None),
        "closes_at": _iso(intake.closes_at if intake else None),
        "on_roster": intake.closing.count if intake and intake.closing else None,
        "roster_versions": [
            {
                "number": of.number,
                "drawn_at": _iso(of.drawn_at),
                "count": of.count,
                "erased": one.erased_from.get(of.name, 0),
                "sha256": of.sha256,
            }
            for of in (intake.versions if intake else ())
        ],
        "not_on_last_version": one.not_on_last_version,
        "looks_at": _iso(intake.looks_at if intake else None),
        "look_overdue": one.look_is_overdue,
        "overdue": one.is_overdue,
        "list_is_whole": one.list_is_whole,
        "ahead": one.ahead,
        "personal_data": one.retention and _kept_data(one.retention),
    }


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _kept_data(retention: Retention) -> Mapping[str, object]:
    return {
        "keep_until": retention.keep_until.isoformat(),
        "last_deleted_at": _iso(retention.last_deleted_at),
        "tally": asdict(retention.tally) if retention.tally else None,
    }


def _event_text(one: EventStatus, folder: Path, now: datetime) -> str:
    rows = [
        ("received", f"{one.received} in all"),
        ("  registered", f"{one.registered}, and {one.late} late{_ahead_text(one)}"),
        *([("  changed", f"{one.changed} of them since they registered")] if one.changed else []),
        *([("  withdrawn", str(one.withdrawn))] if one.withdrawn else []),
        ("  quarantined", f"{one.quarantined} (a bot may have filled it in)" if one.quarantined else "none"),
        ("  e-mails", _inbound_text(one)),
        *([("  contributions", _contributions_text(one.contributions))] if one.contributions.received else []),
        *([("erasure", _erasure_text(one))] if one.asked_to_erase or one.erased else []),
        ("e-mails waiting", _waiting_text(one.emails)),
        *([("  over the total", _over_total_text(one))] if one.emails.over_total else []),
        ("e-mails failed", _counted(one.emails.undelivered) or "none"),
        *(("  to the staff", _undelivered_text(entry)) for entry in one.emails.to_staff),
        ("deadline", _deadline_text(one)),
        ("closing", _closing_text(one)),
        *([("roster", _roster_text(one, one.intake))] if one.intake and one.intake.closing else []),
        *([("personal data", _kept_text(one.retention, now))] if one.retention else []),
    ]
    without_file = (
        f"{one.slug}: the database knows it, and no file of it is in {folder} (EVENTS=... says another folder)"
    )
    title = f"{one.event.title} ({one.slug})" if one.event else without_file
    return "\n".join([title, *(f"  {label:<18}{text}" for label, text in rows)])


def _ahead_text(one: EventStatus) -> str:
    return f"; the time of {one.ahead} is STILL TO COME: this machine's clock ran ahead" if one.ahead else ""


def _inbound_text(one: EventStatus) -> str:
    if not one.inbound:
        return "none"
    in_queue = f"; {one.needs_review} in the review queue" if one.needs_review else ""
    return f"{sum(one.inbound.values())} ({_counted(one.inbound)}){in_queue}"


def _contributions_text(counts: Counts) -> str:
    late = f"; {counts.late} late" if counts.late else ""
    return f"{counts.received} ({_counted(counts.stages)}){late}"


def _erasure_text(one: EventStatus) -> str:
    asked = len(one.asked_to_erase)
    if not asked:
        return f"{one.erased} erased"
    late = f"; {one.answers_overdue} OVERDUE: tell the staff" if one.answers_overdue else ""
    return f"{one.erased} erased; {asked} asked for, to be answered from {one.asked_to_erase[0]}{late}"


def _undelivered_text(entry: OutboxEntry) -> str:
    why = f": {entry.why}" if entry.why else ""
    return f"{words(entry.kind)} to {entry.to} {words(entry.status)}{why}"


def _waiting_text(emails: UnsentCounts) -> str:
    text = "none"
    if emails.waiting:
        unknown = f", {emails.unknown} of them for a delivery event" if emails.unknown else ""
        text = f"{emails.waiting}, the longest for {lasting(emails.longest)}{unknown}"
    return f"{text}; {emails.scheduled} to go out later" if emails.scheduled else text


def _over_total_text(one: EventStatus) -> str:
    total = f"{one.event.emails_an_hour} e-mails an hour for {one.event.expected} expected people" if one.event else "?"
    return f"{one.emails.over_total}, which go out as the hour passes: {total}"


def _deadline_text(one: EventStatus) -> str:
    intake = one.intake
    if intake is None:
        in_file = deadline(one.event.closes_at, one.event) if one.event else "unknown"
        return f"{in_file}, by the event's file; the database does not know the event yet"
    # the zone stands in the file
    text = deadline(intake.closes_at, one.event) if one.event else in_utc(intake.closes_at)
    if one.event and intake.not_yet_open:
        return f"{text}; it opens on {in_zone(intake.opens_at, one.event)}"
    return f"{text}, {lasting(intake.closes_at - intake.as_of)} {'ago' if intake.past else 'from now'}"


def _closing_text(one: EventStatus) -> str:
    if one.intake and one.intake.closing:
        damage = "" if one.list_is_whole else "; its pages in the database are NOT those that were closed: restore them"
        return f"closed, {one.intake.closing.count} on the roster{damage}"
    if one.event is None:
        return "not yet; without its file the desk shows no page of it and does not close it"
    if one.is_overdue:
        return "MISSED: the deadline has passed and nobody closed; look whether close-intake is called each minute"
    if one.intake and one.intake.versions:
        return f"not yet; it was opened again, and {len(one.intake.versions)} versions of the roster stand"
    return "not yet"


def _roster_text(one: EventStatus, intake: Intake) -> str:
    def said(instant: datetime) -> str:
        return in_zone(instant, one.event) if one.event else in_utc(instant)

    last, news = intake.versions[-1], one.not_on_last_version
    erased = one.erased_from.get(last.name, 0)
    text = f"version {last.number}, {last.count} on it{f' ({erased} erased)' if erased else ''}"
    if last.number > 1:
        text = f"{text}, drawn at {said(last.drawn_at)}"
    if one.look_is_overdue:
        text = f"{text}; this morning's look was MISSED: look whether close-intake is called each minute"
    if not news:
        return f"{text}; nothing changed since"
    by_itself = f"goes out at {said(intake.looks_at)}, or now" if intake.looks_at else "goes out"
    return f"{text}; {news} changed since: the next {by_itself} by make send-roster"


def _kept_text(retention: Retention, now: datetime) -> str:
    until, tally = in_utc(retention.keep_until), retention.tally
    if tally is None:
        soon = (
            f"; DELETED IN {lasting(retention.keep_until - now)}" if now > retention.keep_until - WARNED_BEFORE else ""
        )
        return f"kept until {until}{soon}"
    on = f"deleted at {in_utc(retention.last_deleted_at)}" if retention.last_deleted_at else "being deleted"
    left = f"{tally.registered} registered, {tally.withdrawn} withdrawn, {tally.late} late"
    return f"{on}; there were {left}, {tally.contributions} contributions"


def _breaker_text(breaker: CircuitBreaker) -> str:
    if breaker.open_until is None:
        return "E-mail goes out: the circuit breaker is closed."
    since = f" since {in_utc(breaker.opened_at)}" if breaker.opened_at else ""
    fault = "; it refuses us, so that only a person can mend it (key, account)" if breaker.account_refused else ""
    state = f"NO E-MAIL GOES OUT{since}: the circuit breaker is open, SendGrid accepts none{fault}."
    return f"{state} {breaker.note}. Retry at {in_utc(breaker.open_until)}."


def _counted(counts: Mapping[_Code, int]) -> str:
    return ", ".join(f"{count} {words(code)}" for code, count in sorted(counts.items()))
