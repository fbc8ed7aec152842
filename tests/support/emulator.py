"""A Firestore emulator that a test may freeze, kill and start again."""

import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import Request, urlopen

from rollcall.local.emulator import free_port
from tests.support.left_out import leave_out
from tests.support.served import until


class OwnEmulator:
    """The official emulator, in a process group of its own: gcloud starts Java through a shell."""

    def __init__(self, gcloud: str, folder: Path) -> None:
        self._gcloud = gcloud
        self._folder = folder
        self._port = free_port()
        self.address = f"127.0.0.1:{self._port}"
        self._running = self._started()

    def freeze(self) -> None:
        """It keeps its connections and answers nothing (SIGSTOP)."""
        os.killpg(self._running.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on where it was."""
        os.killpg(self._running.pid, signal.SIGCONT)

    def kill(self) -> None:
        """It is gone, with all that it held in memory."""
        with suppress(ProcessLookupError):
            os.killpg(self._running.pid, signal.SIGKILL)
        self._running.wait()

    def export(self, project: str) -> None:
        """Keep a project's documents for `start_again`."""
        order = {
            "database": f"projects/{project}/databases/(default)",
            "export_directory": str(self._folder),
            "export_name": "export",
        }
        url = f"http://{self.address}/emulator/v1/projects/{project}:export"
        urlopen(Request(url, json.dumps(order).encode(), {"Content-Type": "application/json"})).close()

    def start_again(self) -> None:
        """At the same address, with what was exported. The documents are then new: created when they were imported."""
        self._running = self._started(f"--import-data={self._folder}/export/export.overall_export_metadata")

    def _started(self, *more: str) -> subprocess.Popen[bytes]:
        running = subprocess.Popen(
            [self._gcloud, "emulators", "firestore", "start", f"--host-port={self.address}", "--quiet", *more],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until(lambda: self._answers(running), seconds=60)
        return running

    def _answers(self, running: subprocess.Popen[bytes]) -> bool:
        assert running.poll() is None, "the emulator stopped"
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
            return True
        return False


@contextmanager
def own_emulator(folder: Path) -> Iterator[OwnEmulator]:
    """An emulator for one test; `folder` is for what it exports."""
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        leave_out("stopping the Firestore emulator: gcloud is not installed")
    emulator = OwnEmulator(str(gcloud), folder)
    try:
        yield emulator
    finally:
        emulator.kill()
