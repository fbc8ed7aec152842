"""Sending outbox entries."""

import random
import secrets
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from threading import Event as Signal
from typing import assert_never

from rollcall.desk.desk import Desk
from rollcall.desk.limits import Limits
from rollcall.desk.staff_digests import digests_about, digests_within_the_hour
from rollcall.model import email
from rollcall.model.email import AttemptOutcome, CircuitBreaker, EmailStatus, NotNeeded, OutboxEntry, SendResult
from rollcall.model.errors import Gone, StoreUnavailable
from rollcall.model.event import Event
from rollcall.model.intake import Intake


class CircuitChange(StrEnum):
    OPENED = "opened"
    STILL_OPEN = "still_open"
    CLOSED = "closed"


@dataclass(frozen=True)
class Attempted:
    status: EmailStatus
    note: str = ""
    circuit: CircuitChange | None = None
    fault: Exception | None = field(default=None, compare=False, repr=False)
    over_total: bool = False


def send(desk: Desk, email_id: str, seen: OutboxEntry | None = None) -> Attempted | None:
    """Send one e-mail if it is due. Safe to call at any time, by several callers at once. None if there was nothing
    to do. `seen`: the entry, if the caller has it; somebody may have written it since.

    1. Read together the store's time and what the e-mail depends on, but what this instance read some seconds ago.
    2. Claim the entry under a lease. A lease that lapsed is an attempt of unknown result; an entry that has spent its
       attempts has failed. If its event has sent registrants what it may in an hour, it waits, and the staff are told.
    3. Write the e-mail from what was read, unless it is no longer needed.
    4. Post it.
    5. Settle the entry: sent, cancelled, due again later, unknown, or failed.
    6. Open the circuit breaker if SendGrid would accept no e-mail now; close it if it accepted one.
    """
    entry = seen or desk.store.entry(email_id)
    if entry is None or entry.due_at is None:
        return None
    began = desk.seconds()
    stands = _as_it_stands(desk, entry, began)
    if (stands.breaker and stands.breaker.is_open) or entry.due_at > stands.as_of:
        return None
    lately, limits = 0, desk.limits
    waits = False
    if may_be_postponed(entry):
        most = _most_to_one_address(entry, limits)
        lately = desk.store.recently_sent(entry.to, stands.as_of - limits.address_window, most)
        is_counted = entry.kind not in email.NOT_TO_REGISTRANTS and lately < most
        waits = is_counted and not _has_room(desk, entry.event, stands.as_of)
    attempt_id = secrets.token_hex(8)
    if waits:
        wanted = over_total(entry, attempt_id, stands.as_of, limits)
    else:
        wanted = claim(entry, stands.as_of, attempt_id, lately, limits)
    claimed = desk.store.save_entry(wanted, digests_about(desk, wanted))
    if claimed is None:
        return send(desk, email_id) if seen else None
    if claimed.status is not EmailStatus.SENDING:
        return Attempted(claimed.status, claimed.attempts[-1].note, over_total=waits)
    result = _write_and_post(desk, claimed, stands, began)
    status = _settle(desk, claimed, result)
    fault = result.fault if isinstance(result, email.Rejected) else None
    return Attempted(status, result.note, _update_circuit(desk, stands.breaker, result), fault)


def _as_it_stands(desk: Desk, entry: OutboxEntry, began: float) -> email.AsItStands:
    """What goes to staff and hotels tells of what was just recorded: for that nothing is old enough to be known."""
    event, about_one = desk.event(entry.event), bool(entry.registration_id)
    stands = desk.store.as_it_stands(
        entry,
        intake=event is not None and not (about_one and desk.intakes.at_hand(event)),
        breaker=not (about_one and desk.breaker.was_closed(began)),
    )
    if stands.breaker:
        desk.breaker.was_read(stands.breaker, began)
    if event and stands.intake:
        desk.intakes.was_read(event, stands.intake, began)
    return stands


def send_due(desk: Desk) -> Iterator[tuple[str, Attempted | Exception]]:
    """Send what is due until nothing is, the circuit breaker opens, or `Limits.sweep_for` has passed. After the breaker
    was open one e-mail tries alone. An entry with which something unforeseen goes wrong is postponed, and comes with
    its exception. Several sweeps at once are safe."""
    until = None
    with ThreadPoolExecutor(desk.limits.senders) as pool:
        while True:
            at, breaker = desk.seconds(), desk.store.circuit_breaker()
            desk.breaker.was_read(breaker, at)  # or each of the first e-mails reads it again
            until = until or breaker.as_of + desk.limits.sweep_for
            limit = 1 if breaker.open_until else desk.limits.due_at_once
            due = {} if breaker.is_open or breaker.as_of > until else desk.store.due_entries(limit)
            yield from _send_page(desk, pool, due, until)
            if len(due) < limit:
                return


def _send_page(
    desk: Desk, pool: ThreadPoolExecutor, due: Mapping[str, OutboxEntry | None], until: datetime
) -> Iterator[tuple[str, Attempted | Exception]]:
    """To people at once, then to staff and hotels one after another: a roster fills processor and memory."""
    over = Signal()

    def one(email_id: str) -> Attempted | Exception | None:
        try:
            if over.is_set() or (email.is_not_to_registrants(email_id) and desk.store.now() > until):
                return None
            attempted = _send_or_postpone(desk, email_id, due[email_id])
        except StoreUnavailable:
            over.set()
            raise
        if isinstance(attempted, Attempted) and attempted.circuit in (CircuitChange.OPENED, CircuitChange.STILL_OPEN):
            over.set()
        return attempted

    outcomes: dict[str, Callable[[], Attempted | Exception | None]] = {
        email_id: pool.submit(one, email_id).result for email_id in due if not email.is_not_to_registrants(email_id)
    }
    outcomes |= {email_id: partial(one, email_id) for email_id in due if email.is_not_to_registrants(email_id)}
    unavailable = None
    try:
        for email_id, outcome in outcomes.items():
            try:
                came = outcome()
            except StoreUnavailable as error:
                unavailable = error
                continue
            except Exception as error:  # it could not even be postponed
                came = error
            if came:
                yield email_id, came
    finally:
        over.set()
    if unavailable:
        raise unavailable


def _send_or_postpone(desk: Desk, email_id: str, seen: OutboxEntry | None) -> Attempted | Exception | None:
    try:
        return send(desk, email_id, seen)
    except StoreUnavailable:
        raise
    except Exception as error:
        desk.store.postpone(email_id, desk.store.now() + desk.limits.longest_backoff)
        return error


def claim(entry: OutboxEntry, now: datetime, attempt_id: str, lately: int, limits: Limits) -> OutboxEntry:
    if entry.status is EmailStatus.SENDING:
        note = "the sender stopped before it settled the e-mail"
        return _unknown(_noted(entry, entry.attempts[-1].id, AttemptOutcome.UNKNOWN, note), now, limits)
    unknown, rejected = (_count(entry, one) for one in (AttemptOutcome.UNKNOWN, AttemptOutcome.REJECTED))
    if unknown >= len(limits.unknown_waits) or rejected >= limits.max_attempts:
        return replace(entry, status=EmailStatus.FAILED, due_at=None)
    if lately >= _most_to_one_address(entry, limits):
        return _postponed(entry, attempt_id, now, limits)
    attempt = email.Attempt(attempt_id, now)
    lease = limits.staff_lease if entry.kind in email.NOT_TO_REGISTRANTS else limits.lease
    return replace(entry, status=EmailStatus.SENDING, due_at=now + lease, attempts=(*entry.attempts, attempt))


def _most_to_one_address(entry: OutboxEntry, limits: Limits) -> int:
    is_receipt = entry.kind is email.EmailKind.RECEIPT
    return min(limits.to_one_address, limits.receipts_to_one_address) if is_receipt else limits.to_one_address


def may_be_postponed(entry: OutboxEntry) -> bool:
    """Not what goes to staff, but for notices that anybody may cause; nor an erasure, which the staff decide and which
    does not wait long; nor what counts for its address already."""
    if entry.kind is email.EmailKind.ERASURE:
        return False
    anybodys = entry.kind not in email.NOT_TO_REGISTRANTS or entry.kind is email.EmailKind.WITHDRAWAL
    return anybodys and not any(attempt.may_be_accepted for attempt in entry.attempts)


def settle(
    entry: OutboxEntry, attempt_id: str, result: SendResult | NotNeeded, now: datetime, limits: Limits
) -> OutboxEntry:
    """If something else settled it meanwhile, only the outcome is noted; an accepted e-mail counts in any case."""
    mine = entry.status is EmailStatus.SENDING and entry.attempts[-1].id == attempt_id
    noted = _noted(entry, attempt_id, _OUTCOMES[type(result)], result.note)
    if isinstance(result, email.Accepted):
        return email.after_delivery_event(noted, EmailStatus.SENT)
    if not mine:
        return noted
    match result:
        case NotNeeded():
            return replace(noted, status=EmailStatus.CANCELLED, due_at=None)
        case email.RateLimited():
            # due now, and so behind those that are due longer: the next one tries whether SendGrid accepts again
            return replace(noted, status=EmailStatus.PENDING, due_at=now)
        case email.Rejected(permanent=True):
            return replace(noted, status=EmailStatus.FAILED, due_at=None)
        case email.Rejected():
            return replace(noted, status=EmailStatus.PENDING, due_at=now + backoff(noted, limits))
        case email.Unknown():
            return _unknown(noted, now, limits)
        case _:
            assert_never(result)


_OUTCOMES = {
    email.Accepted: AttemptOutcome.ACCEPTED,
    email.Rejected: AttemptOutcome.REJECTED,
    email.RateLimited: AttemptOutcome.RATE_LIMITED,
    email.Unknown: AttemptOutcome.UNKNOWN,
    NotNeeded: AttemptOutcome.CANCELLED,
}


def backoff(entry: OutboxEntry, limits: Limits) -> timedelta:
    doublings = min(max(_count(entry, AttemptOutcome.REJECTED) - 1, 0), 16)  # past that, the longest holds anyway
    return jitter(entry, min(limits.longest_backoff, limits.first_backoff * (1 << doublings))) + timedelta(seconds=1)


def jitter(entry: OutboxEntry, longest: timedelta) -> timedelta:
    return longest * random.Random(f"{entry.id} {len(entry.attempts)}").random()


def circuit_after(breaker: CircuitBreaker, result: SendResult | NotNeeded, limits: Limits) -> CircuitBreaker:
    match result:
        case email.RateLimited() if not breaker.is_open:
            return _opened(breaker, result, limits)
        case email.Accepted() if breaker.open_until:
            return replace(breaker, open_until=None, times_opened=0)
        case _:
            return breaker


def _opened(breaker: CircuitBreaker, limited: email.RateLimited, limits: Limits) -> CircuitBreaker:
    goes_on = breaker.open_until is not None
    asked = min(limited.retry_after or timedelta(0), limits.longest_retry_after)
    doubled = min(limits.longest_open, limits.first_open * (1 << min(breaker.times_opened, 16)))
    return replace(
        breaker,
        opened_at=breaker.opened_at if goes_on else breaker.as_of,
        open_until=breaker.as_of + max(asked, doubled),
        times_opened=breaker.times_opened + 1,
        account_refused=limited.account_refused or (goes_on and breaker.account_refused),
        note=limited.note,
    )


def _postponed(entry: OutboxEntry, attempt_id: str, now: datetime, limits: Limits) -> OutboxEntry:
    attempt = email.Attempt(attempt_id, now, AttemptOutcome.POSTPONED, "enough went to this address in a day")
    noted = replace(entry, attempts=(*entry.attempts, attempt))
    if _count(noted, AttemptOutcome.POSTPONED) > limits.max_postponements:
        return replace(noted, status=EmailStatus.FAILED, due_at=None)
    return replace(noted, due_at=now + limits.address_window + jitter(noted, limits.longest_backoff))


def _has_room(desk: Desk, slug: str, now: datetime) -> bool:
    event = desk.event(slug)
    if event is None or desk.last_hour.has_room(desk.store, event, now, desk.limits):
        return True
    if desk.last_hour.is_news(event, now, desk.limits):
        for entry in digests_within_the_hour(event, now):
            desk.store.enqueue(entry)
    return False


def over_total(entry: OutboxEntry, attempt_id: str, now: datetime, limits: Limits) -> OutboxEntry:
    """However long it waits so, it spends no attempts, and one says it."""
    attempt = email.Attempt(attempt_id, now, AttemptOutcome.OVER_TOTAL, "the event sent enough e-mails within an hour")
    others = [one for one in entry.attempts if one.outcome is not AttemptOutcome.OVER_TOTAL]
    wait = limits.total_window / 2 + jitter(entry, limits.total_window / 2)
    return replace(entry, due_at=now + wait, attempts=(*others, attempt))


def _unknown(entry: OutboxEntry, now: datetime, limits: Limits) -> OutboxEntry:
    times = min(_count(entry, AttemptOutcome.UNKNOWN), len(limits.unknown_waits))
    wait = limits.unknown_waits[times - 1] + jitter(entry, limits.first_backoff)
    return replace(entry, status=EmailStatus.UNKNOWN, due_at=now + wait)


def _noted(entry: OutboxEntry, attempt_id: str, outcome: AttemptOutcome, note: str) -> OutboxEntry:
    attempts = [
        replace(attempt, outcome=outcome, note=note) if attempt.id == attempt_id else attempt
        for attempt in entry.attempts
    ]
    return replace(entry, attempts=tuple(attempts))


def _count(entry: OutboxEntry, outcome: AttemptOutcome) -> int:
    return sum(attempt.outcome is outcome for attempt in entry.attempts)


def _write_and_post(desk: Desk, claimed: OutboxEntry, stands: email.AsItStands, began: float) -> SendResult | NotNeeded:
    event = desk.event(claimed.event)
    if event is None:
        return email.Rejected(permanent=False, note="its event has no file any more")
    try:
        written = desk.write(desk, claimed, event, _intake(desk, event, stands), stands.registered)
    except Exception as error:  # one e-mail that cannot be written must not keep the others waiting
        if isinstance(error, Gone) and _was_erased(desk, claimed):
            return NotNeeded("its person was erased")
        return email.Rejected(permanent=False, note=f"could not be written: {type(error).__name__}", fault=error)
    if isinstance(written, NotNeeded):
        return written
    now = stands.as_of + timedelta(seconds=desk.seconds() - began)
    if claimed.due_at is None or now >= claimed.due_at:
        return email.Rejected(permanent=False, note="the lease had lapsed before it was posted")
    return desk.post(written)


def _intake(desk: Desk, event: Event, stands: email.AsItStands) -> Intake:
    """Nobody is told to be late by a deadline that was moved meanwhile."""
    intake = desk.intakes.recent(event)
    if stands.intake is None and stands.registered and intake.leaves_out(stands.registered):
        intake = desk.intakes.fresh(event)
    return replace(intake, as_of=stands.as_of)


def _was_erased(desk: Desk, claimed: OutboxEntry) -> bool:
    """With the entry, or before somebody enqueued it who had read them before."""
    erasure = desk.store.erasure(claimed.registration_id) if claimed.registration_id else None
    return desk.store.entry(claimed.id) is None or (erasure is not None and erasure.erased_at is not None)


def _update_circuit(desk: Desk, breaker: CircuitBreaker | None, result: SendResult | NotNeeded) -> CircuitChange | None:
    """`breaker` is None if it was closed."""
    if not isinstance(result, email.RateLimited) and not (breaker and breaker.open_until):
        return None
    while True:
        at, breaker = desk.seconds(), desk.store.circuit_breaker()
        after = circuit_after(breaker, result, desk.limits)
        desk.breaker.was_read(after, at)
        if after == breaker:
            return CircuitChange.STILL_OPEN if breaker.is_open else None
        tell = after.account_refused and not (breaker.account_refused and breaker.open_until)
        told = desk.events.values() if tell else ()
        digests = [entry for event in told for entry in digests_within_the_hour(event, after.as_of)]
        if desk.store.save_circuit_breaker(after, digests):
            break
    if after.open_until is None:
        return CircuitChange.CLOSED
    return CircuitChange.OPENED if tell or breaker.open_until is None else CircuitChange.STILL_OPEN


def _settle(desk: Desk, claimed: OutboxEntry, result: SendResult | NotNeeded) -> EmailStatus:
    current: OutboxEntry | None = claimed
    while True:
        # what was accepted waits for nothing any more, whatever the time
        now = claimed.attempts[-1].at if isinstance(result, email.Accepted) else desk.store.now()
        settled = settle(current or claimed, claimed.attempts[-1].id, result, now, desk.limits)
        # its person may have been erased meanwhile, or was the smoke test's
        if current in (None, settled) or desk.store.save_entry(settled, digests_about(desk, settled)):
            return settled.status
        current = desk.store.entry(claimed.id)
