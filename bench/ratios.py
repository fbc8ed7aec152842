"""Ratios with their spread, and their goals."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """Of the rounds."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f}..{self.most:.2f})"


@dataclass(frozen=True)
class Goal:
    """For a ratio to the floor: at most `bound`, or at least."""

    bound: float
    at_least: bool = False

    def says(self, ratio: float) -> str:
        met = ratio >= self.bound if self.at_least else ratio <= self.bound
        return f"{'>=' if self.at_least else '<='} {self.bound:.2f} {'met' if met else 'MISSED'}"


def spread(values: Sequence[float]) -> Spread:
    return Spread(statistics.median(values), min(values), max(values))


def ratios(ours: Sequence[float], floor: Sequence[float]) -> Spread:
    """Round by round."""
    return spread([one / other for one, other in zip(ours, floor, strict=True)])
