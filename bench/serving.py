"""A server in a process of its own, with its CPU time and memory."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.served import Answer, Served

ROOT = Path(__file__).parent.parent
FRAMEWORK = str(Path(sys.executable).with_name("functions-framework"))
ON_ONE_PROCESSOR = ("taskset", "--cpu-list", "0")
MB = 1_000_000
_LOOKS_AGAIN_AFTER = 0.002
"""Seconds."""


def peak_memory() -> float:
    """The maximum of this process in MB: `VmHWM`, proc(5); `ru_maxrss` begins with that of the parent process."""
    (most,) = re.findall(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"), re.MULTILINE)
    return int(most) * 1024 / MB


class Processes:
    """A process and its children, read from proc(5)."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._stop = threading.Event()
        self.most = 0.0
        """The maximum of MB while `watched`."""

    def memory(self) -> float:
        """MB of all together; shared pages count once (`Pss`)."""
        rollups = self._read("smaps_rollup")
        return sum(int(re.findall(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)[0]) * 1024 for text in rollups) / MB

    def cpu(self) -> float:
        """Seconds of CPU time of all together up to now, and of those that ended."""
        stats = [text.rpartition(")")[2].split() for text in self._read("stat")]
        return sum(sum(map(int, stat[11:15])) for stat in stats) / os.sysconf("SC_CLK_TCK")

    @contextmanager
    def watched(self) -> Iterator[None]:
        self._stop.clear()
        thread = threading.Thread(target=self._watch)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _pids(self) -> list[int]:
        """Also children of children: the reader of an e-mail is one of a worker's thread."""
        pids = [self._pid]
        for pid in pids:
            for path in Path(f"/proc/{pid}/task").glob("*/children"):
                with suppress(OSError):
                    pids += map(int, path.read_text("ascii").split())
        return pids

    def _read(self, what: str) -> Iterator[str]:
        """Of each that has not ended meanwhile."""
        for pid in self._pids():
            with suppress(OSError):
                if text := Path(f"/proc/{pid}/{what}").read_text("ascii"):
                    yield text

    def _watch(self) -> None:
        while True:
            self.most = max(self.most, self.memory())
            if self._stop.wait(0.02):
                return


class Running(Processes):
    """A server's processes, and how to call it."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        super().__init__(process.pid)
        self.served = Served(port)
        self._process = process

    def first_answer(self, ask: Callable[[Served], Answer]) -> Answer:
        while True:
            try:
                return ask(self.served)
            except OSError:
                if self._process.poll() is not None:
                    raise SystemExit(f"{self._process.args!r} does not start") from None
                time.sleep(_LOOKS_AGAIN_AFTER)


@contextmanager
def running(command: Sequence[str], port: int, environment: Mapping[str, str]) -> Iterator[Running]:
    """The server, with these settings alone and without its output."""
    settings = {"PATH": os.defpath, "PORT": str(port), **environment}
    process = subprocess.Popen(command, cwd=ROOT, env=settings, stdout=subprocess.DEVNULL)
    try:
        yield Running(process, port)
    finally:
        process.terminate()
        process.wait()
