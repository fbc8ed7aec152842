"""As test_typed_answers.py, in the machine's Firefox."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.builders import write_open_event
from tests.support.https import over_https
from tests.support.left_out import leave_out
from tests.support.node import FOLDER, node_or_leave_out
from tests.support.served import function

pytestmark = pytest.mark.slow
TYPED = {"family_name": "Typed", "fax": "Typed", "signature": "Typed"}


def test_nothing_typed_is_lost_in_firefox(events_folder: Path, tmp_path: Path) -> None:
    node = node_or_leave_out("typed answers in Firefox")
    firefox = shutil.which("firefox-esr") or shutil.which("firefox") or leave_out("Firefox is not installed")
    write_open_event(events_folder)
    there = []
    with (
        function("register", EVENTS=str(events_folder), STORE="sqlite", SQLITE_PATH=str(tmp_path / "db")) as served,
        over_https(served.port, tmp_path) as relay,
        subprocess.Popen(
            [node, FOLDER / "typed_answers.mjs", relay.address, firefox],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        ) as running,
    ):
        assert running.stdin
        assert running.stdout
        for line in map(str.strip, running.stdout):
            if line in ("lose", "find"):
                relay.lost = line == "lose"
                running.stdin.write("done\n")
            else:
                there.append(json.loads(line))
    assert running.returncode == 0
    assert [one["when"] for one in there] == [
        "away and back",
        "the connection was lost",
        "away and back from what was wrong",
        "the connection was lost with what was wrong",
    ]
    for one, hotel in zip(there, ("Typed", "Typed", "Corrected", "Corrected"), strict=True):
        assert {name: one["typed"][name] for name in TYPED} == TYPED, one["when"]
        assert one["typed"]["hotel"] == hotel, one["when"]
