"""Somebody is invited to register though the intake is closed."""

from dataclasses import dataclass, field
from datetime import datetime

LONGEST = 200
"""Characters of whom it is for, and of the reason."""


@dataclass(frozen=True)
class Invitation:
    """By a link that one person can use, once."""

    id: str
    whom: str
    """A name, or an e-mail address, as the staff wrote it."""
    until: datetime
    reason: str
    by: str
    made_at: datetime
    email: str = ""
    """Where the link was sent; empty: nowhere."""
    language: str = "en"
    used_by: str = ""
    revoked: bool = False
    version: object = field(default=None, compare=False)

    def is_open(self, now: datetime) -> bool:
        return not self.used_by and not self.revoked and now <= self.until
