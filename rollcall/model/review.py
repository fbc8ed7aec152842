"""The review queue: what waits for one of the staff, who has it, and how it ended."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from rollcall.model.email import OutboxEntry
from rollcall.model.inbound import InboundEmail
from rollcall.model.registration import QuarantinedForm, Registration, base32, written

TAKEN_FOR = timedelta(minutes=30)
"""Then an item is anybody's again."""
EVER = datetime(1900, 1, 1, tzinfo=UTC)
"""Before all that waits."""
_DIGEST_BYTES = 10  # 16 base 32 digits


class ItemKind(StrEnum):
    QUARANTINED = "quarantined"
    DIFFERING = "differing"
    """Forms of a registered person that say something else."""
    INBOUND = "inbound"
    UNDELIVERED = "undelivered"
    DOUBLES = "doubles"


class Ending(StrEnum):
    REGISTERED = "registered"
    CHANGED = "changed"
    LEFT = "left"
    """The registration says what it said before."""
    ROBOT = "robot"
    DEALT_WITH = "dealt_with"
    DISMISSED = "dismissed"
    NOT_THE_SAME = "not_the_same"


@dataclass(frozen=True)
class ItemId:
    kind: ItemKind
    id: str
    """A quarantined form's, a registration's, an e-mail's; of doubles both registrations', parted by a hyphen."""

    def __str__(self) -> str:
        return f"{self.kind}-{self.id}"


@dataclass(frozen=True)
class Handling:
    """Of an item that one of the staff touched. Whether it waits is not said here: it may have come again."""

    item: ItemId
    taken_by: str = ""
    taken_at: datetime | None = None
    ended_by: str = ""
    ended_at: datetime | None = None
    ending: Ending | None = None
    version: object = field(default=None, compare=False)

    def holder(self, now: datetime) -> str:
        """Whoever has it; empty where nobody has."""
        return self.taken_by if self.taken_at and now - self.taken_at < TAKEN_FOR else ""


@dataclass(frozen=True)
class DifferingForm:
    registration_id: str
    registration: Registration
    waits_since: datetime
    until: datetime
    """The store may delete it then."""
    version: object = field(default=None, compare=False)

    @property
    def id(self) -> str:
        """The same for every form that says the same."""
        return f"{self.registration_id}-{digest_of(written(self.registration))}"


Waiting = QuarantinedForm | DifferingForm | InboundEmail | OutboxEntry
"""What stands behind an item, and is marked when that ends."""


def digest_of(said: Mapping[str, str]) -> str:
    text = "\x1f".join(f"{name}\x1e{said[name]}" for name in sorted(said))
    return base32(hashlib.sha256(text.encode()).digest()[:_DIGEST_BYTES])
