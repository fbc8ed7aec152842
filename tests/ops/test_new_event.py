"""An event file to start from."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from rollcall.ops.connect import Refused
from rollcall.ops.event_check import check_folder
from rollcall.ops.new_event import new_event

TODAY = date(2026, 11, 29)


def test_what_it_writes_can_be_used_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "events-27"
    assert new_event(folder, "spectrum-27", TODAY).is_done
    events, faults = check_folder(folder, None, datetime(2026, 11, 29, 12, tzinfo=UTC))
    assert (list(events), faults) == (["spectrum-27"], [])


def test_it_says_what_to_run_for_this_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert new_event(Path("events"), "spectrum-27", TODAY).text.endswith(
        "make event-check\nIts page: make run AT=2026-11-30T12:00+00:00"
    )
    elsewhere = new_event(Path("events/27"), "spectrum-27", TODAY).text
    assert elsewhere.endswith(
        "make event-check EVENTS=events/27\nIts page: make run EVENTS=events/27 AT=2026-11-30T12:00+00:00"
    )
    first, second, *_ = Path("events/27/spectrum-27.toml").read_text("utf-8").splitlines()
    assert first == "#:schema ../../docs/event.schema.json"
    assert second.endswith("`make event-check EVENTS=events/27`.")


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "spectrum-27.toml"
    path.write_text("mine")
    with pytest.raises(Refused):
        new_event(tmp_path, "spectrum-27", TODAY)
    assert path.read_text() == "mine"


@pytest.mark.parametrize("slug", ["", "Spectrum", "../x", "a b", "smoke-test"])
def test_a_slug_that_is_no_web_address_is_refused(tmp_path: Path, slug: str) -> None:
    with pytest.raises(Refused):
        new_event(tmp_path, slug, TODAY)
    assert not list(tmp_path.iterdir())
