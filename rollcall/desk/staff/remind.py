"""Reminding those whom we asked to complete a form: our reply goes to them once more."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.desk.scan import inbound_emails_now
from rollcall.model.email import reply_entry
from rollcall.model.event import Event
from rollcall.model.inbound import InboundEmail, InboundStatus
from rollcall.model.staff import Action, Press

MOST = 500
"""In one commit."""


@dataclass(frozen=True)
class Reminded:
    count: int
    more: bool


@dataclass(frozen=True)
class IntakeClosed:
    """There is nothing left to complete."""


def waiting(store: Store, event: Event) -> Iterator[InboundEmail]:
    """Whom we answered, and who is not registered by now."""
    for inbound, status, _ in inbound_emails_now(store, event.slug):
        if status is InboundStatus.WAITING_FOR_SENDER and inbound.answered and not inbound.resolved:
            yield inbound


def remind(desk: Desk, event: Event, press: Press) -> Reminded | IntakeClosed:
    """At most so often to one address as other e-mails; whoever registers meanwhile gets none."""
    if desk.intakes.fresh(event).past:
        return IntakeClosed()
    those = list(islice(waiting(desk.store, event), MOST + 1))
    entries = [reply_entry(one, one.sender, press.id) for one in those[:MOST]]
    entries = list({entry.id: entry for entry in entries}.values())
    audit = press.entry(Action.REMINDED, after={"e-mails": str(len(entries))})
    if not desk.store.note(event.slug, audit, entries) and (made := desk.store.audit_entry(event.slug, press.id)):
        return Reminded(int(made.after["e-mails"]), len(those) > MOST)
    return Reminded(len(entries), len(those) > MOST)
