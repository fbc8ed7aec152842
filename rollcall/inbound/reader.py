"""Reads inbound e-mails in a child process with a budget: no e-mail holds, fills or ends the function."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from rollcall.budget import OF_AN_EMAIL, Budget, told
from rollcall.inbound import webhook
from rollcall.model.email import Attachment
from rollcall.model.event import Event
from rollcall.model.inbound import Envelope, InboundForm, ParsedEmail, Reason, ReviewReason
from rollcall.record import from_json, to_json

LARGEST_EMAIL = 30_000_000
"""Bytes; SendGrid's limit."""
_CHILD = "rollcall.inbound.child"


@dataclass(frozen=True)
class Setting:
    event: Event
    others: tuple[Event, ...] = ()
    """The event in its other languages."""


@dataclass(frozen=True)
class Order:
    asked: InboundForm | None = None
    files: tuple[int, ...] = ()
    """Places of those that are written into the folder `into`, and nothing else is done."""
    into: str = ""


class InboxReader:
    def __init__(self, budget: Budget = OF_AN_EMAIL) -> None:
        self._budget = budget

    def glance(self, raw: bytes) -> Envelope:
        return webhook.glance(raw)

    def read(self, raw: bytes, event: Event, asked: InboundForm | None = None) -> ParsedEmail:
        """Over budget, what the child said first."""
        said = told(_CHILD, self._budget, Order(asked), raw, _setting(event))
        if not said:
            return ParsedEmail("", "", "", (), None, unproven=Reason(ReviewReason.TOO_COMPLICATED))
        email: ParsedEmail = from_json(ParsedEmail, said[-1])
        return email

    def take_out(self, raw: bytes, places: Sequence[int], into: Path) -> None:
        told(_CHILD, replace(self._budget, answer=LARGEST_EMAIL), Order(files=tuple(places), into=str(into)), raw)

    def attachments(self, raw: bytes) -> tuple[Attachment, ...]:
        """None over budget."""
        said = told(_CHILD, self._budget, Order(), raw)
        attached: tuple[Attachment, ...] = from_json(tuple[Attachment, ...], said[0]) if said else ()
        return attached


@lru_cache(maxsize=64)
def _setting(event: Event) -> bytes:
    others = tuple(event.in_language(code) for code in event.languages if code != event.language)
    return to_json(Setting(event, others))
