"""Ratios of what was measured side by side, with their spread, and the goals they are held against."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """The median of the rounds, and the least and the most of them."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f}..{self.most:.2f})"


@dataclass(frozen=True)
class Goal:
    """What a ratio to the floor is to be: no more than `bound`, or with `at_least` no less."""

    bound: float
    at_least: bool = False

    def says(self, ratio: float) -> str:
        """The goal, and whether it is met."""
        met = ratio >= self.bound if self.at_least else ratio <= self.bound
        return f"{'>=' if self.at_least else '<='} {self.bound:.2f} {'met' if met else 'MISSED'}"


def spread(values: Sequence[float]) -> Spread:
    """Of at least one value."""
    return Spread(statistics.median(values), min(values), max(values))


def ratios(ours: Sequence[float], floor: Sequence[float]) -> Spread:
    """Of two series that were measured in turn: each of ours to the floor's of the same round."""
    return spread([one / other for one, other in zip(ours, floor, strict=True)])
