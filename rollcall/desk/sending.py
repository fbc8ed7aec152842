"""Sending: a mail we owe is claimed, composed, posted and settled."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from rollcall.desk.closing import draw_up_roster, everyone
from rollcall.desk.desk import Desk
from rollcall.desk.keeping import draw_up_kept
from rollcall.desk.mail import (
    InDoubt,
    Mail,
    MailKind,
    MailRecord,
    MailState,
    Message,
    NeedsAPerson,
    NotSent,
    Posted,
    Sent,
)

LEASE = timedelta(minutes=2)
"""How long a sender has a mail to itself; well above the time that posting may take."""
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
SWEEP = 100
"""Mails that one sweep takes up at the most."""


def send(desk: Desk, mail_id: str) -> MailState | None:
    """Send one mail if it is due. Safe to call at any time, by several callers at once.

    1. Read the mail and claim it: the record is written with a lease, if nobody else wrote it meanwhile.
    2. Compose it from the books as they stand now.
    3. Post it.
    4. Settle it: sent, due again later, or failed for good. A sender that dies before this leaves a lease that
       lapses, and the mail is due again.

    Returns how the mail stands, None where there was nothing to do. Raises `StoreUnavailable`.
    """
    record = desk.store.mail(mail_id)
    if record is None:
        return None
    claimed = claim(record, desk.store.now())
    if claimed is None or not desk.store.save_mail(claimed):
        return None
    posted = desk.post(_compose(desk, claimed.mail))
    current = desk.store.mail(mail_id)
    if current is None or current.attempts != claimed.attempts:
        return None  # our lease lapsed, and another sender took over
    settled = settle(current, posted, desk.store.now())
    desk.store.save_mail(settled)
    return settled.state


def send_due(desk: Desk) -> Iterator[tuple[str, MailState | None]]:
    """Send what is due, up to `SWEEP` mails: each id with how it then stands. Raises `StoreUnavailable`."""
    for mail_id in desk.store.due_mails(SWEEP):
        yield mail_id, send(desk, mail_id)


def claim(record: MailRecord, now: datetime) -> MailRecord | None:
    """The record with a lease on it; None where the mail is settled or not due."""
    if record.due_at is None or record.due_at > now:
        return None
    return replace(record, state=MailState.SENDING, due_at=now + LEASE, attempts=record.attempts + 1)


def settle(record: MailRecord, posted: Posted, now: datetime) -> MailRecord:
    """The record after an attempt."""
    match posted:
        case Sent():
            return replace(record, state=MailState.SENT, due_at=None, note="")
        case NotSent(permanent=True, note=note):
            return replace(record, state=MailState.FAILED, due_at=None, note=note)
        case NotSent(note=note, retry_after=retry_after):
            due_at = now + wait(record, retry_after)
            return replace(record, state=MailState.QUEUED, due_at=due_at, note=note)
        case InDoubt(note=note):
            return replace(record, state=MailState.QUEUED, due_at=now + wait(record, LEASE), note=note)


def wait(record: MailRecord, at_least: timedelta | None) -> timedelta:
    """How long until the next attempt: exponential with full jitter, from the mail's id and attempt so that the same
    record gives the same wait, and never less than what we were asked to wait."""
    doublings = min(record.attempts, 16)  # past that, LONGEST_WAIT holds anyway
    longest = min(LONGEST_WAIT, FIRST_WAIT * (1 << doublings))
    jitter = random.Random(f"{record.mail.id} {record.attempts}").random()
    return max(longest * jitter, at_least or timedelta(seconds=1))


def _compose(desk: Desk, mail: Mail) -> Message:
    event = desk.events[mail.event]
    intake = desk.store.intake(event)
    if mail.kind is MailKind.ROSTER:
        return desk.compose(mail, event, draw_up_roster(desk.store, event, intake), intake)
    if mail.kind is MailKind.NEEDS_A_PERSON:
        registered_ids = {one.id for one in everyone(desk.store, event.slug)}
        kept = draw_up_kept(desk.store, event.slug, registered_ids)
        return desk.compose(mail, event, NeedsAPerson(kept), intake)
    registered = desk.store.registered(event.slug, mail.registration_id or "")
    if registered is None:
        raise LookupError(f"mail {mail.id} is about a registration that is not there")
    return desk.compose(mail, event, registered, intake)
