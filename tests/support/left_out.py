"""What this machine lacks is left out and named at the end; on CI that is a failure."""

import os
from collections.abc import Iterable
from typing import Any, NoReturn

import pytest

_LEFT_OUT = "LEFT OUT: "


def leave_out(reason: str) -> NoReturn:
    """Leave the test out on a newcomer's machine; fail it on CI."""
    if os.environ.get("CI"):
        pytest.fail(f"on CI nothing may be left out: {reason}")
    pytest.skip(f"{_LEFT_OUT}{reason}")


def left_out(skipped: Iterable[Any]) -> list[str]:
    """A line for each reason. The reports tell, also of tests that ran in another process (pytest-xdist)."""
    return sorted({text[text.index(_LEFT_OUT) :] for report in skipped if _LEFT_OUT in (text := report.longrepr[2])})
