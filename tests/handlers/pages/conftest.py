"""The pages of the letter's event, with all that they can show."""

from pathlib import Path

import pytest

from tests.support.clock import Clock
from tests.support.event_pages import SITE, EventPages, event_pages


@pytest.fixture
def bare(tmp_path: Path, clock: Clock) -> EventPages:
    """Nothing is published."""
    return event_pages(tmp_path, clock)


@pytest.fixture
def shown(bare: EventPages) -> EventPages:
    bare.show(SITE)
    return bare
