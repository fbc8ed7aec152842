"""Looks into a file in a child process with a budget, and has a scanner look for viruses."""

from dataclasses import replace
from pathlib import Path

from rollcall.budget import Budget, ChildBroken, told
from rollcall.desk.contribution_ports import Inspected
from rollcall.inspection import clamd
from rollcall.inspection.child import Order
from rollcall.inspection.look import begin
from rollcall.model.contribution import PaperDoubt
from rollcall.record import from_json

BUDGET = Budget(cpu=20, memory=512_000_000, answer=1_000_000, patience=45)
"""Of one file of 50 MB."""


class ChildInspector:
    def __init__(self, scanner: str = "", budget: Budget = BUDGET) -> None:
        """`scanner`: where clamd listens, `host:port`; empty: there is none."""
        self._scanner = scanner
        self._budget = budget

    def __call__(self, path: Path, name: str) -> Inspected:
        """Over budget, what its first bytes say."""
        try:
            begun = begin(path, name)
        except OSError:
            return Inspected(name, fault="file_empty")
        if begun.fault:
            return begun
        seen = self._finished(path, begun)
        return self._scanned(path, seen) if self._scanner and not seen.fault else seen

    def _finished(self, path: Path, begun: Inspected) -> Inspected:
        try:
            said = told("rollcall.inspection.child", self._budget, Order(str(path.absolute()), begun))
        except (ChildBroken, OSError):
            return begun
        seen: Inspected = from_json(Inspected, said[-1]) if said else begun
        return seen

    def _scanned(self, path: Path, seen: Inspected) -> Inspected:
        match clamd.scan(self._scanner, path):
            case clamd.Scan.CLEAN:
                return seen
            case clamd.Scan.FOUND:
                return replace(seen, fault="file_virus", doubt=None)
            case clamd.Scan.UNKNOWN:
                return replace(seen, doubt=seen.doubt or PaperDoubt.NOT_SCANNED)
