"""`make bench` and `make bench-quick`: everything that is measured against a floor.

Needs Linux, gcloud's Firestore emulator, wrk, and an otherwise idle machine; without node and npm it skips the Node
function. The quick bench measures accepting, eight at a time, and cold starts, without the Node function: V8 takes some
thousand requests to compile it. Writes `bench/results/*.json`.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import accepting, cold_start
from bench.emulator import emulator
from bench.machine import write_results
from bench.subjects import EVENT, beside_them, node_function, subjects
from rollcall.local.emulator import NoEmulator
from tests.support.builders import write_open_event


def main(quick: bool) -> None:
    plan, starts = (accepting.QUICK, 3) if quick else (accepting.FULL, 12)
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder)
        write_open_event(events, slug=EVENT)
        node = None if quick else node_function()
        measured = [*subjects(events), *([node] if node else [])]
        try:
            with beside_them(), emulator() as address:
                write_results("accepting", accepting.run(address, measured, plan))
                write_results("cold_start", cold_start.run(address, measured, starts))
        except NoEmulator as error:
            raise SystemExit(f"The bench needs the Firestore emulator: {error}") from None
    for name in () if quick else ("closing", "sending", "messages", "staff", "pages"):
        print(flush=True)
        subprocess.run([sys.executable, "-m", f"bench.{name}"], check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two minutes")
    main(parser.parse_args().quick)
