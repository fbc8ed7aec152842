"""Sending outbox entries."""

import random
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from queue import SimpleQueue
from typing import TypeVar, assert_never

from rollcall.desk.desk import Desk
from rollcall.desk.limits import Limits
from rollcall.desk.staff_digests import digests_about, digests_within_the_hour
from rollcall.model import email
from rollcall.model.email import AttemptOutcome, CircuitBreaker, EmailStatus, NotNeeded, OutboxEntry, SendResult
from rollcall.model.errors import Gone, StoreUnavailable
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.model.registration import Registered, mailbox


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


@dataclass(frozen=True)
class _Claimed:
    """By this sender, on what it had read together."""

    entry: OutboxEntry
    stands: email.AsTheyStand
    began: float


_Result = SendResult | NotNeeded
_T = TypeVar("_T")
_To = TypeVar("_To")
_STILL_OPEN = (CircuitChange.OPENED, CircuitChange.STILL_OPEN)
_GROUPS = 4
"""A sweep claims when so large a part of its senders has nothing to do."""


def send(desk: Desk, email_id: str, seen: OutboxEntry | None = None) -> Attempted | None:
    """Send one e-mail if it is due. Safe to call at any time, by several callers at once. None if there was nothing
    to do. `seen`: the entry, if the caller has it; somebody may have written it since. A sweep takes these steps with
    many entries together, but writes and posts each by itself.

    1. Read together the store's time and what the e-mail depends on, but what this instance read some seconds ago.
    2. Claim the entry under a lease. A lease that lapsed is an attempt of unknown result; an entry that has spent its
       attempts has failed. If its event has sent registrants what it may in an hour, it waits, and the staff are told.
    3. Write the e-mail from what was read, unless it is no longer needed.
    4. Post it.
    5. Settle the entry: sent, cancelled, due again later, unknown, or failed.
    6. Open the circuit breaker if SendGrid would accept no e-mail now; close it if it accepted one.
    """
    claimed = _claim(desk, {email_id: seen})
    if email_id not in claimed:
        return send(desk, email_id) if seen else None
    one = claimed[email_id]
    return _settle(desk, {email_id: (one, _write_and_post(desk, one))})[email_id] if isinstance(one, _Claimed) else one


def _claim(desk: Desk, seen: Mapping[str, OutboxEntry | None]) -> dict[str, _Claimed | Attempted | None]:
    """By id, without those that wait for nothing, or that somebody wrote since they were read."""
    read = [entry or desk.store.entry(id) for id, entry in seen.items()]
    entries = [entry for entry in read if entry and entry.due_at]
    if not entries:
        return {}
    began = desk.seconds()
    stands = _as_they_stand(desk, entries, began)
    is_open = stands.breaker and stands.breaker.is_open
    due = {one.id: one for one in entries if one.due_at and one.due_at <= stands.as_of and not is_open}
    found: dict[str, _Claimed | Attempted | None] = dict.fromkeys(one.id for one in entries if one.id not in due)
    for id, one in _saved(desk, _wanted(desk, due.values(), stands.as_of)).items():
        waits = Attempted(one.status, one.attempts[-1].note, over_total=one.is_over_total)
        found[id] = _Claimed(one, stands, began) if one.status is EmailStatus.SENDING else waits
    return found


def _as_they_stand(desk: Desk, entries: Sequence[OutboxEntry], began: float) -> email.AsTheyStand:
    """What goes to staff and hotels tells of what was just recorded: for that nothing is old enough to be known."""
    events = {entry.event: event for entry in entries if (event := desk.event(entry.event))}
    about_one = all(entry.registration_id for entry in entries)
    stands = desk.store.as_they_stand(
        entries,
        intakes={slug for slug, event in events.items() if not (about_one and desk.intakes.at_hand(event))},
        breaker=not (about_one and desk.breaker.was_closed(began)),
    )
    if stands.breaker:
        desk.breaker.was_read(stands.breaker, began)
    for slug, intake in stands.intakes.items():
        desk.intakes.was_read(events[slug], intake, began)
    return stands


def _wanted(desk: Desk, due: Collection[OutboxEntry], now: datetime) -> list[OutboxEntry]:
    """As their claims make them. Each counts for those after it."""
    limits, to = desk.limits, {entry.id: mailbox(entry.to) for entry in due if may_be_postponed(entry)}
    lately = desk.store.recently_sent(to.values(), now - limits.address_window, limits.to_one_address)
    of_events, wanted = Counter[str](), []
    for entry in due:
        attempt_id, address = secrets.token_hex(8), to.get(entry.id, "")
        had = lately[address]
        counts = address != "" and entry.kind not in email.NOT_TO_REGISTRANTS
        may_go = counts and had < _most_to_one_address(entry, limits)
        if may_go and not _has_room(desk, entry.event, now, of_events[entry.event]):
            wanted.append(over_total(entry, attempt_id, now, limits))
            continue
        wanted.append(claim(entry, now, attempt_id, had, limits))
        if address and wanted[-1].status is EmailStatus.SENDING:
            lately[address] += 1
            of_events[entry.event] += counts
    return wanted


def _saved(desk: Desk, entries: Sequence[OutboxEntry]) -> Mapping[str, OutboxEntry]:
    digests = {digest.id: digest for entry in entries for digest in digests_about(desk, entry)}
    return desk.store.save_entries(entries, [*digests.values()]) if entries else {}


def send_due(desk: Desk) -> Iterator[tuple[str, Attempted | Exception]]:
    """Send what is due until nothing is, the circuit breaker opens, or `Limits.sweep_for` has passed. After the breaker
    was open one e-mail tries alone. An entry with which something unforeseen goes wrong is postponed, and comes with
    its exception. Several sweeps at once are safe."""
    until = None
    with ThreadPoolExecutor(desk.limits.senders) as pool:
        while True:
            at, breaker = desk.seconds(), desk.store.circuit_breaker()
            desk.breaker.was_read(breaker, at)  # or the first group reads it again
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
    to_staff = [id for id in due if email.is_not_to_registrants(id)]
    to_people = {id: entry for id, entry in due.items() if id not in to_staff}
    is_over = yield from _send_many(desk, pool, to_people, desk.limits.senders)
    for id in to_staff:
        if is_over or desk.store.now() > until:
            return
        is_over = yield from _send_many(desk, pool, {id: due[id]}, 1)


def _send_many(
    desk: Desk, pool: ThreadPoolExecutor, due: Mapping[str, OutboxEntry | None], at_once: int
) -> Generator[tuple[str, Attempted | Exception], None, bool]:
    """This thread claims for as many senders as have nothing to do, so that no lease runs while an e-mail waits, and
    settles what came meanwhile. True if no more may be sent."""
    waiting, posted = [*due.items()][::-1], SimpleQueue[tuple[_Claimed, Future[_Result]]]()
    under_way, is_over, unavailable = 0, False, None

    def post(one: _Claimed) -> None:
        pool.submit(_write_and_post, desk, one).add_done_callback(lambda result: posted.put((one, result)))

    while under_way or (waiting and not is_over):
        outcomes: Iterable[tuple[str, _Claimed | Attempted | Exception | None]]
        free = at_once - under_way
        if waiting and not is_over and free >= min(len(waiting), -(-at_once // _GROUPS)):
            group = dict(waiting.pop() for _ in range(min(free, len(waiting))))
            outcomes = _together(desk, _claim, group)
        else:
            came = [posted.get(), *(posted.get() for _ in range(posted.qsize()))]
            under_way -= len(came)
            good = {one.entry.id: (one, result) for one, result in came if not result.exception()}
            failed = [{one.entry.id: (one, result)} for one, result in came if result.exception()]
            outcomes = chain.from_iterable(_together(desk, _settle_posted, some) for some in (good, *failed))
        for id, outcome in outcomes:
            if isinstance(outcome, _Claimed):
                under_way += 1
                post(outcome)
            elif isinstance(outcome, StoreUnavailable):
                unavailable, is_over = outcome, True
            elif outcome:
                is_over |= isinstance(outcome, Attempted) and outcome.circuit in _STILL_OPEN
                yield id, outcome
    if unavailable:
        raise unavailable
    return is_over


def _together(
    desk: Desk, do: Callable[[Desk, Mapping[str, _T]], Mapping[str, _To]], group: Mapping[str, _T]
) -> Iterator[tuple[str, _To | Exception]]:
    """All in one, or where something unforeseen goes wrong each by itself."""
    try:
        found: Mapping[str, _To | Exception] = do(desk, group)
    except StoreUnavailable as error:
        found = dict.fromkeys(group, error)
    except Exception as error:
        if len(group) > 1:
            for one in group.items():
                yield from _together(desk, do, dict([one]))
            return
        found = {id: _put_off(desk, id, error) for id in group}
    yield from found.items()


def _put_off(desk: Desk, email_id: str, error: Exception) -> Exception:
    try:
        desk.store.postpone(email_id, desk.store.now() + desk.limits.longest_backoff)
    except Exception as fault:
        return fault
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


def _has_room(desk: Desk, slug: str, now: datetime, beside: int) -> bool:
    event = desk.event(slug)
    if event is None or desk.last_hour.has_room(desk.store, event, now, desk.limits, beside):
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


def _write_and_post(desk: Desk, claimed: _Claimed) -> _Result:
    entry, stands = claimed.entry, claimed.stands
    event, registered = desk.event(entry.event), stands.registered.get(entry.id)
    if event is None:
        return email.Rejected(permanent=False, note="its event has no file any more")
    try:
        written = desk.write(desk, entry, event, _intake(desk, event, stands, registered), registered)
    except Exception as error:  # one e-mail that cannot be written must not keep the others waiting
        if isinstance(error, Gone) and _was_erased(desk, entry):
            return NotNeeded("its person was erased")
        return email.Rejected(permanent=False, note=f"could not be written: {type(error).__name__}", fault=error)
    if isinstance(written, NotNeeded):
        return written
    now = stands.as_of + timedelta(seconds=desk.seconds() - claimed.began)
    if entry.due_at is None or now >= entry.due_at:
        return email.Rejected(permanent=False, note="the lease had lapsed before it was posted")
    return desk.post(written)


def _intake(desk: Desk, event: Event, stands: email.AsTheyStand, registered: Registered | None) -> Intake:
    """Nobody is told to be late by a deadline that was moved meanwhile."""
    intake = desk.intakes.recent(event)
    if event.slug not in stands.intakes and registered and intake.leaves_out(registered):
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


def _settle_posted(desk: Desk, posted: Mapping[str, tuple[_Claimed, Future[_Result]]]) -> Mapping[str, Attempted]:
    return _settle(desk, {id: (one, future.result()) for id, (one, future) in posted.items()})


def _settle(desk: Desk, posted: Mapping[str, tuple[_Claimed, _Result]]) -> Mapping[str, Attempted]:
    # what was accepted waits for nothing any more, whatever the time
    is_accepted = all(isinstance(result, email.Accepted) for _, result in posted.values())
    now = email.AT_ONCE if is_accepted else desk.store.now()
    status: dict[str, EmailStatus] = {}
    known = {id: one.entry for id, (one, _) in posted.items()}
    while known:
        settled = [
            settle(one, posted[id][0].entry.attempts[-1].id, posted[id][1], now, desk.limits)
            for id, one in known.items()
        ]
        status |= {one.id: one.status for one in settled}
        news = [one for one in settled if one != known[one.id]]
        # somebody wrote the others meanwhile; or their person was erased, or was the smoke test's
        known = {one.id: one for one in desk.store.entries_among({one.id for one in news} - _saved(desk, news).keys())}
    return {
        id: Attempted(
            status[id],
            result.note,
            _update_circuit(desk, one.stands.breaker, result),
            result.fault if isinstance(result, email.Rejected) else None,
        )
        for id, (one, result) in posted.items()
    }
