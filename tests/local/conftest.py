"""A local run in this process, at noon on 2 February 2004."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clock import Clock
from tests.support.local_run import run_here
from tests.support.served import Served


@pytest.fixture
def served(tmp_path: Path, clock: Clock) -> Iterator[Served]:
    with run_here(tmp_path / "database", clock) as running:
        yield running
