"""Sending: a mail we owe is claimed, composed, posted and settled."""

import random
import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from threading import Event as Signal
from typing import assert_never

from rollcall.desk.deliveries import reported
from rollcall.desk.desk import Desk
from rollcall.desk.drawing_up import draw_up_roster
from rollcall.desk.follow_up import draw_up_reply
from rollcall.desk.needs_a_person import alert_for, draw_up_needs_a_person, next_morning, within_the_hour
from rollcall.model.email import (
    TO_STAFF,
    Accepted,
    Attempt,
    AttemptOutcome,
    CircuitBreaker,
    DeliveryKind,
    Email,
    EmailKind,
    EmailStatus,
    OutboxEntry,
    RateLimited,
    Rejected,
    SendResult,
    Unknown,
    is_to_staff,
)
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import SMOKE_TEST, Event
from rollcall.model.intake import Intake
from rollcall.model.roster import StaffDigest

# The bounds of sending, all of them.
LEASE = timedelta(minutes=2)
"""How long a sender has a mail to itself; well above the time that posting may take."""
STAFF_LEASE = timedelta(minutes=10)
"""The same, for a mail to the staff: a roster of many is drawn up first. More than `send_mail` may run
(`deploy/functions.py`)."""
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
MAX_ATTEMPTS = 200
"""Attempts that were certainly not taken before a mail has failed: about four days."""
DOUBT_WAITS = (
    timedelta(minutes=5),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=24),
    timedelta(minutes=5),
)
"""How long a mail waits for delivery reports after its first, second, ... attempt in doubt, before it is sent again;
after the last of these it has failed. So a mail is handed over five times at the most, within about 31 hours."""
FIRST_HOLD = timedelta(minutes=1)
LONGEST_HOLD = timedelta(minutes=15)
LONGEST_ASKED_HOLD = timedelta(hours=1)
"""SendGrid may ask for more; we look again after this."""
TO_ONE_ADDRESS = 50
"""Mails about registrations and messages to one address within `ADDRESS_WINDOW`; more wait for another. A focal point's
delegation fits, and nobody can have us flood a stranger. Senders that count at the same moment may each find room for
one more: those of a sweep (`SENDERS`), and those of `send_mail` (`deploy/functions.py`)."""
ADDRESS_WINDOW = timedelta(days=1)
MAX_POSTPONEMENTS = 3
"""How often a mail waits for another window before it is put before a person."""
PAGE = 100
"""Mails that a sweep asks the books for at a time."""
SENDERS = 16
"""Mails to people that a sweep sends at a time: nearly all of a mail's time is waiting, for SendGrid and for the books
(docs/performance.md)."""
SWEEP_FOR = timedelta(minutes=5)
"""A sweep takes up no page, and no mail to staff, after this; the next one begins within a minute. What looks for
sweeps that do not come any more waits ten minutes (`deploy/alerts.py`)."""


class CircuitChange(StrEnum):
    """What a posting meant for the queue."""

    OPENED = "opened"
    STILL_OPEN = "still_open"
    CLOSED = "closed"


@dataclass(frozen=True)
class Attempted:
    """What came of taking a mail up."""

    status: EmailStatus
    note: str = ""
    """What SendGrid or the network said to it; no personal data."""
    hold: CircuitChange | None = None
    """None where the queue was not held and is not."""
    fault: Exception | None = field(default=None, compare=False, repr=False)
    """See `Rejected`."""


def send(desk: Desk, email_id: str) -> Attempted | None:
    """Send one mail if it is due. Safe to call at any time, by several callers at once.

    1. See that the queue is not held, and ask the store for its time, in one reading.
    2. Read the mail and take it up: claim it with a lease, if nobody else wrote it meanwhile. A lease that lapsed is
       an attempt in doubt; a mail that has spent its attempts has failed.
    3. Compose it from the books as they stand now.
    4. Post it.
    5. Settle the mail: sent, due again later, in doubt, or failed. A sender that dies before this leaves a lease
       that lapses, and the mail is due again.
    6. Hold the queue where no mail would be taken now; let it go on where one was.

    Returns what came of it, None where there was nothing to do. Raises `StoreUnavailable`.
    """
    queue = desk.store.circuit_breaker()
    entry = None if queue.is_open else desk.store.entry(email_id)
    if entry is None or not is_due(entry, queue.as_of):
        return None
    lately = _lately(desk, entry, queue.as_of) if may_be_postponed(entry) else 0
    claimed = claim(entry, queue.as_of, secrets.token_hex(8), lately)
    if not desk.store.save_entry(claimed, alert_for(desk, claimed)):
        return None
    if claimed.status is not EmailStatus.SENDING:
        return Attempted(claimed.status)
    posted = _post(desk, claimed)
    status = _settle(desk, claimed, posted)
    fault = posted.fault if isinstance(posted, Rejected) else None
    return Attempted(status, posted.note, _keep_circuit(desk, queue, posted), fault)


def send_due(desk: Desk) -> Iterator[tuple[str, Attempted | Exception]]:
    """Send what is due, page by page, until nothing is, the queue is held, or `SWEEP_FOR` has passed: each id with what
    came of it. While the queue is held one mail tries whether that is over, and no other beside it. What goes wrong
    with one mail in a way that nobody foresaw is handed on; it is put off, and keeps no other mail waiting.

    Several sweeps at once are safe, each mail being claimed, and no faster than one: they take up the same mails.

    Raises `StoreUnavailable`, when what is under way has come to its end.
    """
    until = None
    with ThreadPoolExecutor(SENDERS) as pool:
        while True:
            queue = desk.store.circuit_breaker()
            until = until or queue.as_of + SWEEP_FOR
            limit = 1 if queue.open_until else PAGE
            due = [] if queue.is_open or queue.as_of > until else desk.store.due_entries(limit)
            yield from _send_page(desk, pool, due, until)
            if len(due) < limit:
                return


def _send_page(
    desk: Desk, pool: ThreadPoolExecutor, due: Sequence[str], until: datetime
) -> Iterator[tuple[str, Attempted | Exception]]:
    """Send these: those to people `SENDERS` at a time, then those to staff one after another, since a roster fills
    processor and memory. Once one finds that no more can be sent, those that are not yet taken up are left alone."""
    over = Signal()

    def one(email_id: str) -> Attempted | Exception | None:
        try:
            if over.is_set() or (is_to_staff(email_id) and desk.store.now() > until):
                return None
            attempted = _send_or_postpone(desk, email_id)
        except StoreUnavailable:
            over.set()
            raise
        if isinstance(attempted, Attempted) and attempted.hold in (CircuitChange.OPENED, CircuitChange.STILL_OPEN):
            over.set()
        return attempted

    outcomes: dict[str, Callable[[], Attempted | Exception | None]] = {
        email_id: pool.submit(one, email_id).result for email_id in due if not is_to_staff(email_id)
    }
    outcomes |= {email_id: partial(one, email_id) for email_id in due if is_to_staff(email_id)}
    unavailable = None
    try:
        for email_id, outcome in outcomes.items():
            try:
                came = outcome()
            except StoreUnavailable as error:
                unavailable = error
                continue
            except Exception as error:  # it could not even be put off
                came = error
            if came:
                yield email_id, came
    finally:
        over.set()
    if unavailable:
        raise unavailable


def _send_or_postpone(desk: Desk, email_id: str) -> Attempted | Exception | None:
    try:
        return send(desk, email_id)
    except StoreUnavailable:
        raise
    except Exception as error:
        desk.store.postpone(email_id, desk.store.now() + LONGEST_WAIT)
        return error


def is_due(entry: OutboxEntry, now: datetime) -> bool:
    """Whether the mail is to be taken up: not settled, and neither waiting nor under a lease."""
    return entry.due_at is not None and entry.due_at <= now


def claim(entry: OutboxEntry, now: datetime, attempt_id: str, lately: int) -> OutboxEntry:
    """What becomes of a mail that is due. `lately` counts the mails to its address within `ADDRESS_WINDOW`."""
    if entry.status is EmailStatus.SENDING:
        note = "the sender stopped before it settled the mail"
        return _in_doubt(_noted(entry, entry.attempts[-1].id, AttemptOutcome.UNKNOWN, note), now)
    if (
        _count(entry, AttemptOutcome.UNKNOWN) >= len(DOUBT_WAITS)
        or _count(entry, AttemptOutcome.REJECTED) >= MAX_ATTEMPTS
    ):
        return replace(entry, status=EmailStatus.FAILED, due_at=None)
    if lately >= TO_ONE_ADDRESS:
        return _postponed(entry, attempt_id, now)
    attempt = Attempt(attempt_id, now)
    lease = STAFF_LEASE if entry.kind in TO_STAFF else LEASE
    return replace(entry, status=EmailStatus.SENDING, due_at=now + lease, attempts=(*entry.attempts, attempt))


def may_be_postponed(entry: OutboxEntry) -> bool:
    """Whether the mail counts against its address's day, and was not counted before: no stranger can choose what goes
    to staff."""
    return entry.kind not in TO_STAFF and not any(attempt.may_be_accepted for attempt in entry.attempts)


def settle(entry: OutboxEntry, attempt_id: str, posted: SendResult, now: datetime) -> OutboxEntry:
    """The record after an attempt. Where a delivery report settled the mail meanwhile, or the lease lapsed and another
    sender has it, only the attempt's outcome is noted; that a message was taken counts in any case."""
    mine = entry.status is EmailStatus.SENDING and entry.attempts[-1].id == attempt_id
    noted = _noted(entry, attempt_id, _OUTCOMES[type(posted)], posted.note)
    if isinstance(posted, Accepted):
        return reported(noted, DeliveryKind.ACCEPTED)
    if not mine:
        return noted
    match posted:
        case RateLimited():
            # due now, and so behind those that are due longer: the next one tries whether the hold is over
            return replace(noted, status=EmailStatus.PENDING, due_at=now)
        case Rejected(permanent=True):
            return replace(noted, status=EmailStatus.FAILED, due_at=None)
        case Rejected():
            return replace(noted, status=EmailStatus.PENDING, due_at=now + wait(noted))
        case Unknown():
            return _in_doubt(noted, now)
        case _:
            assert_never(posted)


_OUTCOMES = {
    Accepted: AttemptOutcome.ACCEPTED,
    Rejected: AttemptOutcome.REJECTED,
    RateLimited: AttemptOutcome.RATE_LIMITED,
    Unknown: AttemptOutcome.UNKNOWN,
}


def wait(entry: OutboxEntry) -> timedelta:
    """How long until the next attempt of a mail that was not taken: exponential with full jitter."""
    doublings = min(max(_count(entry, AttemptOutcome.REJECTED) - 1, 0), 16)  # past that, LONGEST_WAIT holds anyway
    return jitter(entry, min(LONGEST_WAIT, FIRST_WAIT * (1 << doublings))) + timedelta(seconds=1)


def jitter(entry: OutboxEntry, longest: timedelta) -> timedelta:
    """Anything up to `longest`, from the mail's id and attempts, so that the same record gives the same."""
    return longest * random.Random(f"{entry.id} {len(entry.attempts)}").random()


def circuit_after(queue: CircuitBreaker, posted: SendResult) -> CircuitBreaker:
    """How the queue stands after a posting."""
    match posted:
        case RateLimited() if not queue.is_open:
            return _held(queue, posted)
        case Accepted() if queue.open_until:
            return replace(queue, open_until=None, times_opened=0)
        case _:
            return queue


def _held(queue: CircuitBreaker, held: RateLimited) -> CircuitBreaker:
    goes_on = queue.open_until is not None
    asked = min(held.retry_after or timedelta(0), LONGEST_ASKED_HOLD)
    until = queue.as_of + max(asked, min(LONGEST_HOLD, FIRST_HOLD * (1 << min(queue.times_opened, 16))))
    return replace(
        queue,
        opened_at=queue.opened_at if goes_on else queue.as_of,
        open_until=until,
        times_opened=queue.times_opened + 1,
        account_refused=held.account_refused or (goes_on and queue.account_refused),
        note=held.note,
    )


def _postponed(entry: OutboxEntry, attempt_id: str, now: datetime) -> OutboxEntry:
    attempt = Attempt(attempt_id, now, AttemptOutcome.POSTPONED, "enough went to this address in a day")
    noted = replace(entry, attempts=(*entry.attempts, attempt))
    if _count(noted, AttemptOutcome.POSTPONED) > MAX_POSTPONEMENTS:
        return replace(noted, status=EmailStatus.FAILED, due_at=None)
    return replace(noted, due_at=now + ADDRESS_WINDOW + jitter(noted, LONGEST_WAIT))


def _in_doubt(entry: OutboxEntry, now: datetime) -> OutboxEntry:
    waits = DOUBT_WAITS[min(_count(entry, AttemptOutcome.UNKNOWN), len(DOUBT_WAITS)) - 1]
    return replace(entry, status=EmailStatus.UNKNOWN, due_at=now + waits + jitter(entry, FIRST_WAIT))


def _noted(entry: OutboxEntry, attempt_id: str, outcome: AttemptOutcome, note: str) -> OutboxEntry:
    attempts = [
        replace(attempt, outcome=outcome, note=note) if attempt.id == attempt_id else attempt
        for attempt in entry.attempts
    ]
    return replace(entry, attempts=tuple(attempts))


def _count(entry: OutboxEntry, outcome: AttemptOutcome) -> int:
    return sum(attempt.outcome is outcome for attempt in entry.attempts)


def _lately(desk: Desk, entry: OutboxEntry, now: datetime) -> int:
    return desk.store.recently_sent(entry.to, now - ADDRESS_WINDOW, TO_ONE_ADDRESS)


def _post(desk: Desk, claimed: OutboxEntry) -> SendResult:
    event = desk.event(claimed.event)
    if event is None:
        return Rejected(permanent=False, note="its event has no file any more")
    try:
        intake = desk.store.intake(event)
        message = _compose(desk, claimed, event, intake)
        # drawing up what staff get may take minutes
        as_of = desk.store.now() if claimed.kind in TO_STAFF else intake.as_of
    except Exception as error:  # one mail that cannot be composed must not keep the others waiting
        return Rejected(permanent=False, note=f"could not be composed: {type(error).__name__}", fault=error)
    if claimed.due_at is None or as_of >= claimed.due_at:
        return Rejected(permanent=False, note="the lease had lapsed before it was posted")
    return desk.post(message)


def _keep_circuit(desk: Desk, queue: CircuitBreaker, posted: SendResult) -> CircuitChange | None:
    """Hold the queue, or end its hold, as the posting says; staff are owed word of a hold that is ours to mend."""
    if not isinstance(posted, RateLimited) and queue.open_until is None:
        return None
    while True:
        queue = desk.store.circuit_breaker()
        after = circuit_after(queue, posted)
        tell = after.account_refused and not (queue.account_refused and queue.open_until)
        if after == queue:
            return CircuitChange.STILL_OPEN if queue.is_open else None
        if desk.store.save_circuit_breaker(after, _alert_of_open_circuit(desk, after) if tell else []):
            break
    if after.open_until is None:
        return CircuitChange.CLOSED
    return CircuitChange.OPENED if tell or queue.open_until is None else CircuitChange.STILL_OPEN


def _settle(desk: Desk, claimed: OutboxEntry, posted: SendResult) -> EmailStatus:
    """Settle the mail, whoever else writes to its record meanwhile."""
    while True:
        # a mail that was taken waits for nothing any more, whatever the time
        now = claimed.attempts[-1].at if isinstance(posted, Accepted) else desk.store.now()
        current = desk.store.entry(claimed.id)
        if current is None and claimed.event == SMOKE_TEST.slug:  # forgotten meanwhile
            return settle(claimed, claimed.attempts[-1].id, posted, now).status
        if current is None:
            raise LookupError("a mail that was there is gone; only those of the smoke test are deleted")
        settled = settle(current, claimed.attempts[-1].id, posted, now)
        if settled == current or desk.store.save_entry(settled, alert_for(desk, settled)):
            return settled.status


def _alert_of_open_circuit(desk: Desk, queue: CircuitBreaker) -> Sequence[OutboxEntry]:
    return [entry for event in desk.events.values() for entry in within_the_hour(event, queue.as_of)]


def _compose(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake) -> Email:
    match entry.kind:
        case EmailKind.ROSTER:
            return desk.compose(entry, event, draw_up_roster(desk, event, intake), intake)
        case EmailKind.STAFF_DIGEST:
            return desk.compose(entry, event, _needs_a_person(desk, event, intake), intake)
        case EmailKind.REPLY:
            return desk.compose(entry, event, draw_up_reply(desk, event, entry.inbound_id or "", intake), intake)
        case EmailKind.CONFIRMATION | EmailKind.CONFLICT:
            registered = desk.store.registered(event.slug, entry.registration_id or "")
            if registered is None:
                raise LookupError(f"mail {entry.id} is about a registration that is not there")
            return desk.compose(entry, event, registered, intake)
        case _:
            assert_never(entry.kind)


def _needs_a_person(desk: Desk, event: Event, intake: Intake) -> StaffDigest:
    """What needs a person; while that is a message, the staff are owed another word on the next morning, until the
    event is over."""
    about = draw_up_needs_a_person(desk, event)
    if about.inbound.count and not event.is_over(intake.as_of):
        for entry in next_morning(event, intake.as_of):
            desk.store.enqueue(entry)
    return about
