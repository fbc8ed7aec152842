"""What registrations cost: the arithmetic of docs/performance.md, "What it costs"."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Counted:
    """What something takes of Firestore."""

    reads: int
    writes: int
    calls: int
    """Requests to Firestore, however many documents each is about."""

    def __add__(self, other: Counted) -> Counted:
        return Counted(self.reads + other.reads, self.writes + other.writes, self.calls + other.calls)

    def times(self, count: int) -> Counted:
        """So often."""
        return Counted(self.reads * count, self.writes * count, self.calls * count)

    def minus(self, other: Counted) -> Counted:
        """What it takes more."""
        return self + other.times(-1)

    def shared(self, count: int) -> Counted:
        """One of so many equal parts. Raises `ValueError` where there are none."""
        parts = Counted(self.reads // count, self.writes // count, self.calls // count)
        if parts.times(count) != self:
            raise ValueError(f"{self} is not {count} times anything")
        return parts


@dataclass(frozen=True)
class Each:
    """What grows with a number."""

    fixed: Counted
    each: Counted

    def of(self, count: int) -> Counted:
        """What so many take."""
        return self.fixed + self.each.times(count)


def tables(counted):
    return "\n".join(f"{k}: {v}" for k, v in counted.items())
