"""`make bench`, and `make bench-quick`: everything that is measured against a floor, one after the other.

Needs Linux, the Firestore emulator that comes with gcloud, and wrk; the Node function beside the floor needs node and
npm, and is left out without. The quick bench measures accepting, eight at a time, and cold starts, and leaves the Node
function out: some thousand requests go by before V8 has compiled what it runs. Writes `bench/results/*.json`. While it
runs, this machine should do nothing else.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from bench import accepting, cold_start
from bench.emulator import emulator
from bench.machine import keep
from bench.subjects import EVENT, node_function, subjects
from rollcall.local.emulator import NoEmulator
from tests.support.builders import write_open_event


def main(quick: bool) -> None:
    """`python -m bench [--quick]`."""
    plan, beside, starts = (accepting.QUICK, None, 3) if quick else (accepting.FULL, accepting.BESIDE, 12)
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder)
        write_open_event(events, slug=EVENT)
        node = None if quick else node_function()
        measured = [*subjects(events), *([node] if node else [])]
        try:
            with emulator() as address:
                keep("accepting", accepting.run(address, measured, plan, beside))
                keep("cold_start", cold_start.run(address, measured, starts))
        except NoEmulator as error:
            raise SystemExit(f"The bench needs the Firestore emulator: {error}") from None
    for name in () if quick else ("closing", "sending", "messages"):
        print(flush=True)
        subprocess.run([sys.executable, "-m", f"bench.{name}"], check=True)


if __name__ == "__main__":
    main("--quick" in sys.argv[1:])
