"""What is said of a run of all tests."""

import json
from dataclasses import asdict
from pathlib import Path

from bench.suite import reported, table

_REPORT = """<testsuites><testsuite name="pytest" tests="4" time="120.5">
<testcase classname="tests.desk.test_send.TestHold" name="test_a[1]@tests/desk/test_send.py" time="60.0" />
<testcase classname="tests.desk.test_close" name="test_b" time="30.0"><skipped /></testcase>
<testcase classname="tests.faults.test_crashes" name="test_c" time="109.0" />
<testcase classname="tests.test_house" name="test_d" time="1.0" />
</testsuite></testsuites>"""


def test_a_run_is_told_by_room(tmp_path: Path) -> None:
    report = tmp_path / "tests.xml"
    report.write_text(_REPORT, "utf-8")
    suite = reported(report)
    assert json.loads(json.dumps(asdict(suite)))["tests"] == {"tests/desk": 2, "tests/faults": 1, "tests": 1}
    assert [*suite.slowest][:2] == ["tests/faults/test_crashes::test_c", "tests/desk/test_send/TestHold::test_a[1]"]
    assert [*table(suite)] == [
        "| of 4 tests, in 2 minutes | tests | of their time |",
        "| --- | --- | --- |",
        "| `tests/faults` | 1 | 55% |",
        "| `tests/desk` | 2 | 45% |",
        "| others | 1 | 0% |",
    ]
