"""Reads inbound e-mails in a child process with a budget: no e-mail holds, fills or ends the function."""

# A loop can watch the clock, but nothing stops an expression, libxml2 or pypdf from inside. So the kernel ends a child
# that takes more processor time, memory or room for its answer than its budget (Linux and gVisor hold these limits),
# and the parent one that takes too long by the clock. It is a new program and no fork, since gRPC's threads do not
# survive one, and has none of the function's keys in its environment.

import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass

from rollcall.inbound import webhook
from rollcall.model.email import Attachment
from rollcall.model.event import Event
from rollcall.model.inbound import Envelope, InboundForm, ParsedEmail, Reason, ReviewReason
from rollcall.record import from_json, to_json


@dataclass(frozen=True)
class Budget:
    """Of one e-mail, start of the child included; in seconds and bytes."""

    cpu: int = 2
    memory: int = 256_000_000
    answer: int = 16_000_000  # as base64, the largest attachments that a digest takes along (`wording.ATTACHED`)
    patience: float = 30  # by the clock: many times that processor time, for a machine with other work


@dataclass(frozen=True)
class Order:
    budget: Budget
    event: Event | None = None
    """None for the attachments alone."""
    asked: InboundForm | None = None
    others: tuple[Event, ...] = ()
    """The event in its other languages."""


class ReaderBroken(Exception):
    pass


_NEEDED = ("PYTHON", "LD_", "TZ")  # beginnings of the names that an interpreter starts by
_BROKEN = 1  # so Python ends with an exception that nobody caught

_one_at_a_time = threading.Lock()  # a function with several requests has memory for one


class InboxReader:
    def __init__(self, budget: Budget = Budget()) -> None:
        self._budget = budget

    def glance(self, raw: bytes) -> Envelope:
        return webhook.glance(raw)

    def read(self, raw: bytes, event: Event, asked: InboundForm | None = None) -> ParsedEmail:
        """Over budget, what the child said first."""
        others = tuple(event.in_language(code) for code in event.languages if code != event.language)
        told = self._told(Order(self._budget, event, asked, others), raw)
        if not told:
            return ParsedEmail("", "", "", (), None, unproven=Reason(ReviewReason.TOO_COMPLICATED))
        email: ParsedEmail = from_json(ParsedEmail, told[-1])
        return email

    def attachments(self, raw: bytes) -> tuple[Attachment, ...]:
        """None over budget."""
        told = self._told(Order(self._budget), raw)
        attached: tuple[Attachment, ...] = from_json(tuple[Attachment, ...], told[0]) if told else ()
        return attached

    def _told(self, order: Order, raw: bytes) -> list[bytes]:
        """Whole lines."""
        with _one_at_a_time, tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as answer:
            given.write(to_json(order) + b"\n")
            given.write(raw)
            given.seek(0)
            child = subprocess.Popen(
                [sys.executable, "-m", "rollcall.inbound.child"],
                stdin=given,
                stdout=answer,
                stderr=subprocess.DEVNULL,
                env=_environment(),
            )
            try:
                ended = child.wait(order.budget.patience)
            except subprocess.TimeoutExpired:
                ended = None
            finally:
                child.kill()
                child.wait()
            if ended == _BROKEN:
                raise ReaderBroken
            answer.seek(0)
            return [line for line in answer.read().splitlines(keepends=True) if line.endswith(b"\n")]


def _environment() -> dict[str, str]:
    needed = {name: value for name, value in os.environ.items() if name.startswith(_NEEDED)}
    # modules are where this process found them: functions-framework appends our folder
    return {**needed, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)), "PYTHONSAFEPATH": "1"}
