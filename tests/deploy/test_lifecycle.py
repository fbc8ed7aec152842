"""The bucket's lifecycle and the event files agree on how long files are kept."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy import storage
from rollcall.model.event import Event, Privacy
from tests.support.builders import EVENTS, an_event
from tests.support.planned import PLACE


def kept(days: int) -> Event:
    return an_event(slug=f"kept-{days}", privacy=Privacy(keep_days=days))


def files(folder: Path) -> storage.Bucket:
    step = storage.steps(replace(PLACE, events=str(folder)))[0]
    assert isinstance(step, storage.Bucket)
    return step


def age_in(folder: Path) -> int:
    """Days, as Google is told."""
    lifecycle = files(folder).lifecycle
    assert lifecycle
    return int(lifecycle["rule"][0]["condition"]["age"])


def folder_of(tmp_path: Path, *days: int) -> Path:
    letter = (EVENTS / "intgov04.toml").read_text("utf-8")
    for one in days:
        (tmp_path / f"kept-{one}.toml").write_text(f"{letter}\n[privacy]\nkeep_days = {one}\n", "utf-8")
    return tmp_path


@pytest.mark.parametrize("days", [(1,), (365,), (3650,), (3650, 1, 365)])
def test_what_came_when_the_event_opened_is_kept_as_long_as_promised(tmp_path: Path, days: tuple[int, ...]) -> None:
    age = age_in(folder_of(tmp_path, *days))
    events = [kept(one) for one in days]
    goes = [one.opens_at - timedelta(days=storage.BEFORE_OPENING) + timedelta(days=age) for one in events]
    assert all(at >= one.keep_until for at, one in zip(goes, events, strict=True))
    assert min(at - one.keep_until for at, one in zip(goes, events, strict=True)) <= timedelta(days=1)


@pytest.mark.parametrize("days", [1, 365, 3650])
def test_what_came_on_the_last_day_is_kept_little_longer(tmp_path: Path, days: int) -> None:
    """The sweep takes it in time; of what it missed the lifecycle knows the day it came, and no event."""
    age = age_in(folder_of(tmp_path, days))
    event = kept(days)
    before = event.over_at - event.opens_at + timedelta(days=storage.BEFORE_OPENING + 2)
    assert event.over_at + timedelta(days=age) <= event.keep_until + before


def test_the_plan_says_how_long(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 3650)
    age = age_in(folder)
    assert f"goes {age} days after it was stored" in files(folder).title
    assert age > 3650


def test_another_age_is_brought_up_to_date(tmp_path: Path) -> None:
    there: dict[str, Any] = {
        "iamConfiguration": {"publicAccessPrevention": "enforced", "uniformBucketLevelAccess": {"enabled": True}},
        "softDeletePolicy": {"retentionDurationSeconds": "604800"},
        "cors": json.loads(Path("deploy/files.cors.json").read_text("utf-8")),
    }
    step = files(folder_of(tmp_path, 3650, 365))
    there["lifecycle"] = step.lifecycle
    assert step.is_current(there)
    (tmp_path / "kept-3650.toml").unlink()
    assert not files(tmp_path).is_current(there)


def test_without_an_event_the_default_is_kept(tmp_path: Path) -> None:
    assert age_in(tmp_path) >= 365 + storage.BEFORE_OPENING
