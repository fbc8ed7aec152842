"""A desk whose clock stands still and whose poster keeps what it is handed."""

from pathlib import Path

import pytest

from rollcall.desk.desk import Desk
from tests.conftest import Clock
from tests.desk.test_register import Postbox, a_desk


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def desk(tmp_path: Path, clock: Clock, postbox: Postbox) -> Desk:
    return a_desk(tmp_path, clock, postbox)
