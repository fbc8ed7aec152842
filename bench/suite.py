"""How long `make test` took, which calls this with what pytest reported once all tests passed.

Prints a table and writes `bench/results/suite.json`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.etree import ElementTree

from bench.machine import no_arguments, write_results
from bench.serving import ROOT

REPORT = ROOT / "bench" / "results" / "tests.xml"
"""JUnit's (`--junitxml`)."""
_SLOWEST = 12
_SHOWN = 0.02


@dataclass(frozen=True)
class Suite:
    took: float
    """Seconds, with several processes at once."""
    tests: Mapping[str, int]
    """Of each room."""
    seconds: Mapping[str, float]
    """Of the tests of each room, one after another; the most first."""
    slowest: Mapping[str, float]


def main() -> None:
    """`python -m bench.suite`."""
    suite = reported(REPORT)
    write_results("suite", asdict(suite))
    print("\n".join(table(suite)))


def reported(report: Path) -> Suite:
    [run] = ElementTree.parse(report).iter("testsuite")
    tests, seconds, slowest = Counter[str](), dict[str, float](), dict[str, float]()
    for case in run.iter("testcase"):
        module, took = case.attrib["classname"].split("."), float(case.attrib["time"])
        room = "/".join(module[:2]) if len(module) > 2 else module[0]
        tests[room] += 1
        seconds[room] = seconds.get(room, 0) + took
        slowest["/".join(module) + "::" + case.attrib["name"].partition("@")[0]] = took
    return Suite(float(run.attrib["time"]), dict(tests), _most(seconds), dict([*_most(slowest).items()][:_SLOWEST]))


def _most(seconds: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(seconds.items(), key=lambda named: -named[1]))


def table(suite: Suite) -> Iterator[str]:
    together = sum(suite.seconds.values())
    yield f"| of {sum(suite.tests.values()):,} tests, in {suite.took / 60:.0f} minutes | tests | of their time |"
    yield "| --- | --- | --- |"
    shown = {room: took for room, took in suite.seconds.items() if took >= _SHOWN * together}
    for room, took in shown.items():
        yield f"| `{room}` | {suite.tests[room]:,} | {took / together:.0%} |"
    others = suite.tests.keys() - shown
    if others:
        rest = sum(suite.seconds[room] for room in others) / together
        yield f"| others | {sum(suite.tests[room] for room in others):,} | {rest:.0%} |"


if __name__ == "__main__":
    no_arguments(__doc__)
    main()
