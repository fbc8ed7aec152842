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
from rollcall.desk.needs_a_person import draw_up_needs_a_person, owed_next_morning, owed_this_hour, word_of
from rollcall.desk.testing import is_test
from rollcall.model.email import (
    TO_STAFF,
    Attempt,
    AttemptOutcome,
    Delivery,
    Held,
    InDoubt,
    Mail,
    MailKind,
    MailQueue,
    MailRecord,
    MailState,
    Message,
    NeedsAPerson,
    NotSent,
    Posted,
    Sent,
    is_to_staff,
)
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event
from rollcall.model.intake import Intake

# The bounds of sending, all of them.
LEASE = timedelta(minutes=2)
"""How long a sender has a mail to itself; well above the time that posting may take."""
STAFF_LEASE = timedelta(minutes=10)
"""The same, for a mail to the staff: a roster of many is drawn up first. More than `send_mail` may run
(`deploy/functions.py`)."""
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
TRIES = 200
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
PUT_OFFS = 3
"""How often a mail waits for another window before it is put before a person."""
PAGE = 100
"""Mails that a sweep asks the books for at a time."""
SENDERS = 16
"""Mails to people that a sweep sends at a time: nearly all of a mail's time is waiting, for SendGrid and for the books
(docs/performance.md)."""
SWEEP_FOR = timedelta(minutes=5)
"""A sweep takes up no page, and no mail to staff, after this; the next one begins within a minute. What looks for
sweeps that do not come any more waits ten minutes (`deploy/alerts.py`)."""


class Hold(StrEnum):
    """What a posting meant for the queue."""

    BEGAN = "began"
    GOES_ON = "goes on"
    ENDED = "ended"


@dataclass(frozen=True)
class Attempted:
    """What came of taking a mail up."""

    state: MailState
    note: str = ""
    """What SendGrid or the network said to it; no personal data."""
    hold: Hold | None = None
    """None where the queue was not held and is not."""
    fault: Exception | None = field(default=None, compare=False, repr=False)
    """See `NotSent`."""


def send(desk: Desk, mail_id: str) -> Attempted | None:
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
    queue = desk.store.mail_queue()
    record = None if queue.waits else desk.store.mail(mail_id)
    if record is None or not is_due(record, queue.as_of):
        return None
    lately = _lately(desk, record, queue.as_of) if may_be_put_off(record) else 0
    taken_up = take_up(record, queue.as_of, secrets.token_hex(8), lately)
    if not desk.store.save_mail(taken_up, word_of(desk, taken_up)):
        return None
    if taken_up.state is not MailState.SENDING:
        return Attempted(taken_up.state)
    posted = _post(desk, taken_up)
    state = _settle(desk, taken_up, posted)
    fault = posted.fault if isinstance(posted, NotSent) else None
    return Attempted(state, posted.note, _keep_queue(desk, queue, posted), fault)


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
            queue = desk.store.mail_queue()
            until = until or queue.as_of + SWEEP_FOR
            limit = 1 if queue.held_until else PAGE
            due = [] if queue.waits or queue.as_of > until else desk.store.due_mails(limit)
            yield from _send_page(desk, pool, due, until)
            if len(due) < limit:
                return


def _send_page(
    desk: Desk, pool: ThreadPoolExecutor, due: Sequence[str], until: datetime
) -> Iterator[tuple[str, Attempted | Exception]]:
    """Send these: those to people `SENDERS` at a time, then those to staff one after another, since a roster fills
    processor and memory. Once one finds that no more can be sent, those that are not yet taken up are left alone."""
    over = Signal()

    def one(mail_id: str) -> Attempted | Exception | None:
        try:
            if over.is_set() or (is_to_staff(mail_id) and desk.store.now() > until):
                return None
            attempted = _send_or_put_off(desk, mail_id)
        except StoreUnavailable:
            over.set()
            raise
        if isinstance(attempted, Attempted) and attempted.hold in (Hold.BEGAN, Hold.GOES_ON):
            over.set()
        return attempted

    outcomes: dict[str, Callable[[], Attempted | Exception | None]] = {
        mail_id: pool.submit(one, mail_id).result for mail_id in due if not is_to_staff(mail_id)
    }
    outcomes |= {mail_id: partial(one, mail_id) for mail_id in due if is_to_staff(mail_id)}
    unavailable = None
    try:
        for mail_id, outcome in outcomes.items():
            try:
                came = outcome()
            except StoreUnavailable as error:
                unavailable = error
                continue
            except Exception as error:  # it could not even be put off
                came = error
            if came:
                yield mail_id, came
    finally:
        over.set()
    if unavailable:
        raise unavailable


def _send_or_put_off(desk: Desk, mail_id: str) -> Attempted | Exception | None:
    try:
        return send(desk, mail_id)
    except StoreUnavailable:
        raise
    except Exception as error:
        desk.store.put_off(mail_id, desk.store.now() + LONGEST_WAIT)
        return error


def is_due(record: MailRecord, now: datetime) -> bool:
    """Whether the mail is to be taken up: not settled, and neither waiting nor under a lease."""
    return record.due_at is not None and record.due_at <= now


def take_up(record: MailRecord, now: datetime, attempt_id: str, lately: int) -> MailRecord:
    """What becomes of a mail that is due. `lately` counts the mails to its address within `ADDRESS_WINDOW`."""
    if record.state is MailState.SENDING:
        note = "the sender stopped before it settled the mail"
        return _in_doubt(_noted(record, record.attempts[-1].id, AttemptOutcome.IN_DOUBT, note), now)
    if _count(record, AttemptOutcome.IN_DOUBT) >= len(DOUBT_WAITS) or _count(record, AttemptOutcome.NOT_TAKEN) >= TRIES:
        return replace(record, state=MailState.FAILED, due_at=None)
    if lately >= TO_ONE_ADDRESS:
        return _put_off(record, attempt_id, now)
    attempt = Attempt(attempt_id, now)
    lease = STAFF_LEASE if record.mail.kind in TO_STAFF else LEASE
    return replace(record, state=MailState.SENDING, due_at=now + lease, attempts=(*record.attempts, attempt))


def may_be_put_off(record: MailRecord) -> bool:
    """Whether the mail counts against its address's day, and was not counted before: no stranger can choose what goes
    to staff."""
    return record.mail.kind not in TO_STAFF and not any(attempt.may_be_taken for attempt in record.attempts)


def settle(record: MailRecord, attempt_id: str, posted: Posted, now: datetime) -> MailRecord:
    """The record after an attempt. Where a delivery report settled the mail meanwhile, or the lease lapsed and another
    sender has it, only the attempt's outcome is noted; that a message was taken counts in any case."""
    mine = record.state is MailState.SENDING and record.attempts[-1].id == attempt_id
    noted = _noted(record, attempt_id, _OUTCOMES[type(posted)], posted.note)
    if isinstance(posted, Sent):
        return reported(noted, Delivery.TAKEN)
    if not mine:
        return noted
    match posted:
        case Held():
            # due now, and so behind those that are due longer: the next one tries whether the hold is over
            return replace(noted, state=MailState.QUEUED, due_at=now)
        case NotSent(permanent=True):
            return replace(noted, state=MailState.FAILED, due_at=None)
        case NotSent():
            return replace(noted, state=MailState.QUEUED, due_at=now + wait(noted))
        case InDoubt():
            return _in_doubt(noted, now)
        case _:
            assert_never(posted)


_OUTCOMES = {
    Sent: AttemptOutcome.TAKEN,
    NotSent: AttemptOutcome.NOT_TAKEN,
    Held: AttemptOutcome.HELD,
    InDoubt: AttemptOutcome.IN_DOUBT,
}


def wait(record: MailRecord) -> timedelta:
    """How long until the next attempt of a mail that was not taken: exponential with full jitter."""
    doublings = min(max(_count(record, AttemptOutcome.NOT_TAKEN) - 1, 0), 16)  # past that, LONGEST_WAIT holds anyway
    return jitter(record, min(LONGEST_WAIT, FIRST_WAIT * (1 << doublings))) + timedelta(seconds=1)


def jitter(record: MailRecord, longest: timedelta) -> timedelta:
    """Anything up to `longest`, from the mail's id and attempts, so that the same record gives the same."""
    return longest * random.Random(f"{record.mail.id} {len(record.attempts)}").random()


def queue_after(queue: MailQueue, posted: Posted) -> MailQueue:
    """How the queue stands after a posting."""
    match posted:
        case Held() if not queue.waits:
            return _held(queue, posted)
        case Sent() if queue.held_until:
            return replace(queue, held_until=None, held_times=0)
        case _:
            return queue


def _held(queue: MailQueue, held: Held) -> MailQueue:
    goes_on = queue.held_until is not None
    asked = min(held.retry_after or timedelta(0), LONGEST_ASKED_HOLD)
    until = queue.as_of + max(asked, min(LONGEST_HOLD, FIRST_HOLD * (1 << min(queue.held_times, 16))))
    return replace(
        queue,
        held_since=queue.held_since if goes_on else queue.as_of,
        held_until=until,
        held_times=queue.held_times + 1,
        our_fault=held.our_fault or (goes_on and queue.our_fault),
        note=held.note,
    )


def _put_off(record: MailRecord, attempt_id: str, now: datetime) -> MailRecord:
    attempt = Attempt(attempt_id, now, AttemptOutcome.PUT_OFF, "enough went to this address in a day")
    noted = replace(record, attempts=(*record.attempts, attempt))
    if _count(noted, AttemptOutcome.PUT_OFF) > PUT_OFFS:
        return replace(noted, state=MailState.FAILED, due_at=None)
    return replace(noted, due_at=now + ADDRESS_WINDOW + jitter(noted, LONGEST_WAIT))


def _in_doubt(record: MailRecord, now: datetime) -> MailRecord:
    waits = DOUBT_WAITS[min(_count(record, AttemptOutcome.IN_DOUBT), len(DOUBT_WAITS)) - 1]
    return replace(record, state=MailState.IN_DOUBT, due_at=now + waits + jitter(record, FIRST_WAIT))


def _noted(record: MailRecord, attempt_id: str, outcome: AttemptOutcome, note: str) -> MailRecord:
    attempts = [
        replace(attempt, outcome=outcome, note=note) if attempt.id == attempt_id else attempt
        for attempt in record.attempts
    ]
    return replace(record, attempts=tuple(attempts))


def _count(record: MailRecord, outcome: AttemptOutcome) -> int:
    return sum(attempt.outcome is outcome for attempt in record.attempts)


def _lately(desk: Desk, record: MailRecord, now: datetime) -> int:
    return desk.store.handed_over_lately(record.mail.to, now - ADDRESS_WINDOW, TO_ONE_ADDRESS)


def _post(desk: Desk, claimed: MailRecord) -> Posted:
    event = desk.events.get(claimed.mail.event)
    if event is None:
        return NotSent(permanent=False, note="its event has no file any more")
    try:
        intake = desk.store.intake(event)
        message = _compose(desk, claimed.mail, event, intake)
        # drawing up what staff get may take minutes
        as_of = desk.store.now() if claimed.mail.kind in TO_STAFF else intake.as_of
    except Exception as error:  # one mail that cannot be composed must not keep the others waiting
        return NotSent(permanent=False, note=f"could not be composed: {type(error).__name__}", fault=error)
    if claimed.due_at is None or as_of >= claimed.due_at:
        return NotSent(permanent=False, note="the lease had lapsed before it was posted")
    return desk.post(message)


def _keep_queue(desk: Desk, queue: MailQueue, posted: Posted) -> Hold | None:
    """Hold the queue, or end its hold, as the posting says; staff are owed word of a hold that is ours to mend."""
    if not isinstance(posted, Held) and queue.held_until is None:
        return None
    while True:
        queue = desk.store.mail_queue()
        after = queue_after(queue, posted)
        tell = after.our_fault and not (queue.our_fault and queue.held_until)
        if after == queue:
            return Hold.GOES_ON if queue.waits else None
        if desk.store.save_mail_queue(after, _word_of_hold(desk, after) if tell else []):
            break
    if after.held_until is None:
        return Hold.ENDED
    return Hold.BEGAN if tell or queue.held_until is None else Hold.GOES_ON


def _settle(desk: Desk, claimed: MailRecord, posted: Posted) -> MailState:
    """Settle the mail, whoever else writes to its record meanwhile."""
    while True:
        # a mail that was taken waits for nothing any more, whatever the time
        now = claimed.attempts[-1].at if isinstance(posted, Sent) else desk.store.now()
        current = desk.store.mail(claimed.mail.id)
        if current is None and is_test(claimed.mail.to):  # forgotten meanwhile
            return settle(claimed, claimed.attempts[-1].id, posted, now).state
        if current is None:
            raise LookupError("a mail that was there is gone; only those of test persons are deleted")
        settled = settle(current, claimed.attempts[-1].id, posted, now)
        if settled == current or desk.store.save_mail(settled, word_of(desk, settled)):
            return settled.state


def _word_of_hold(desk: Desk, queue: MailQueue) -> Sequence[Mail]:
    return [mail for event in desk.events.values() for mail in owed_this_hour(event, queue.as_of)]


def _compose(desk: Desk, mail: Mail, event: Event, intake: Intake) -> Message:
    match mail.kind:
        case MailKind.ROSTER:
            return desk.compose(mail, event, draw_up_roster(desk, event, intake), intake)
        case MailKind.NEEDS_A_PERSON:
            return desk.compose(mail, event, _needs_a_person(desk, event, intake), intake)
        case MailKind.REPLY:
            return desk.compose(mail, event, draw_up_reply(desk, event, mail.incoming_id or "", intake), intake)
        case MailKind.CONFIRMATION | MailKind.DIFFERENT_FORM:
            registered = desk.store.registered(event.slug, mail.registration_id or "")
            if registered is None:
                raise LookupError(f"mail {mail.id} is about a registration that is not there")
            return desk.compose(mail, event, registered, intake)
        case _:
            assert_never(mail.kind)


def _needs_a_person(desk: Desk, event: Event, intake: Intake) -> NeedsAPerson:
    """What needs a person; while that is a message, the staff are owed another word on the next morning, until the
    event is over."""
    about = draw_up_needs_a_person(desk, event)
    if about.incoming.count and not event.is_over(intake.as_of):
        for mail in owed_next_morning(event, intake.as_of):
            desk.store.queue(mail)
    return about
