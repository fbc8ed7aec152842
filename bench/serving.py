"""A server in a process of its own, and what its processes took."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.served import Answer, Served

ROOT = Path(__file__).parent.parent
FRAMEWORK = str(Path(sys.executable).with_name("functions-framework"))
MB = 1_000_000
_LOOKS_AGAIN_AFTER = 0.002
"""Seconds."""


class Processes:
    """A process and its children. Needs Linux: see proc(5)."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._stop = threading.Event()
        self.most = 0.0
        """MB of memory, at the most while it was `watched`."""

    def memory(self) -> float:
        """MB of all of them together, where what two share counts once (`Pss`)."""
        rollups = [Path(f"/proc/{pid}/smaps_rollup").read_text("ascii") for pid in self._pids()]
        return sum(int(re.findall(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)[0]) * 1024 for text in rollups) / MB

    def cpu(self) -> float:
        """Seconds of processor up to now, of all of them."""
        stats = [Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split() for pid in self._pids()]
        return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look at the memory again and again."""
        self._stop.clear()
        thread = threading.Thread(target=self._watch)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _pids(self) -> list[int]:
        children = Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text("ascii").split()
        return [self._pid, *map(int, children)]

    def _watch(self) -> None:
        while True:
            self.most = max(self.most, self.memory())
            if self._stop.wait(0.02):
                return


class Running(Processes):
    """A server's processes, and the way to ask it."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        super().__init__(process.pid)
        self.served = Served(port)
        self._process = process

    def first_answer(self, ask: Callable[[Served], Answer]) -> Answer:
        """Ask until the server is there to answer."""
        while True:
            try:
                return ask(self.served)
            except OSError:
                if self._process.poll() is not None:
                    raise SystemExit(f"{self._process.args!r} does not start") from None
                time.sleep(_LOOKS_AGAIN_AFTER)


@contextmanager
def running(command: Sequence[str], port: int, environment: Mapping[str, str]) -> Iterator[Running]:
    """The server from its start, with these settings alone, to the end; what it logs goes nowhere."""
    settings = {"PATH": os.defpath, "PORT": str(port), **environment}
    process = subprocess.Popen(command, cwd=ROOT, env=settings, stdout=subprocess.DEVNULL)
    try:
        yield Running(process, port)
    finally:
        process.terminate()
        process.wait()
