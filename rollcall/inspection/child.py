"""A program that looks into one file within a budget, for `inspector`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rollcall.budget import tell
from rollcall.desk.contribution_ports import Inspected
from rollcall.inspection.look import finish


@dataclass(frozen=True)
class Order:
    path: str
    begun: Inspected


def _answers(order: Order, _: None) -> Iterator[object]:
    yield finish(Path(order.path), order.begun)


if __name__ == "__main__":
    tell(Order, _answers)
