"""The official Firestore emulator, started by gcloud for as long as it is needed."""

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_STARTS_WITHIN = 60.0
"""Seconds; a Java program on a cold disk."""
_STOPS_WITHIN = 15.0
_SERVERS = (10_000, 32_768)
"""Linux gives connections the ports from there on, other systems from 49,152."""


class NoEmulator(Exception):
    """None is installed, or it does not start."""


@contextmanager
def firestore_emulator() -> Iterator[str]:
    """Yields `host:port`: `FIRESTORE_EMULATOR_HOST`, else one of our own, stopped at the end. Raises `NoEmulator`."""
    given = os.environ.get("FIRESTORE_EMULATOR_HOST")
    if given:
        if not _answers(given):
            raise NoEmulator(f"nobody answers at FIRESTORE_EMULATOR_HOST={given}; without it, a run starts its own")
        yield given
        return
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        raise NoEmulator("gcloud is not installed; it brings the Firestore emulator")
    address = f"127.0.0.1:{free_port()}"
    emulator = subprocess.Popen(
        [gcloud, "emulators", "firestore", "start", f"--host-port={address}", "--quiet"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # gcloud starts Java: both are stopped together
    )
    try:
        _wait_until_it_answers(emulator, address)
        yield address
    finally:
        _stop(emulator)


def _stop(emulator: subprocess.Popen[bytes]) -> None:
    os.killpg(emulator.pid, signal.SIGTERM)
    try:
        emulator.wait(timeout=_STOPS_WITHIN)
    except subprocess.TimeoutExpired:
        os.killpg(emulator.pid, signal.SIGKILL)
        emulator.wait()


def free_port() -> int:
    """One that the system gives to no connection, and to nobody who asks for any. Looking for it listens nowhere: who
    waits for a server reaches nobody else."""
    while True:
        port = random.randrange(*_SERVERS)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except (OSError, ValueError, OverflowError):
        return False
    return True


def _wait_until_it_answers(emulator: subprocess.Popen[bytes], address: str) -> None:
    give_up_at = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < give_up_at:
        if emulator.poll() is not None:
            raise NoEmulator("gcloud has no Firestore emulator; `gcloud components install cloud-firestore-emulator`")
        if _answers(address):
            return
        time.sleep(0.1)
    raise NoEmulator("the Firestore emulator did not start")
