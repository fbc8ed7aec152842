"""Asks ClamAV's daemon for viruses (clamd(8), INSTREAM)."""

import socket
import struct
import time
from collections.abc import Iterator
from enum import Enum, auto
from pathlib import Path

SECONDS = 40.0
"""For all of it: a person waits."""
_PIECE = 1 << 18
_LONGEST_ANSWER = 4096
_NOT_LOOKED_INTO = (b"Heuristics.Limits.",)
"""`AlertExceedsMax`: it is too large for the scanner's own limits."""


class Scan(Enum):
    CLEAN = auto()
    FOUND = auto()
    UNKNOWN = auto()
    """The scanner did not answer, or could not look."""


def scan(address: str, path: Path, seconds: float = SECONDS) -> Scan:
    host, _, port = address.rpartition(":")
    until = time.monotonic() + seconds
    try:
        with socket.create_connection((host.strip("[]"), int(port)), seconds) as connection, path.open("rb") as file:
            return _meaning(_answer(connection, iter(lambda: file.read(_PIECE), b""), until))
    except OSError:
        return Scan.UNKNOWN


def _answer(connection: socket.socket, pieces: Iterator[bytes], until: float) -> bytes:
    """Raises `OSError`, `TimeoutError` among them."""
    _wait_until(connection, until)
    connection.sendall(b"zINSTREAM\0")
    for piece in pieces:
        _wait_until(connection, until)
        connection.sendall(struct.pack("!L", len(piece)) + piece)
    connection.sendall(struct.pack("!L", 0))
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < _LONGEST_ANSWER:
        _wait_until(connection, until)
        if not (more := connection.recv(_LONGEST_ANSWER)):
            break
        answer += more
    return answer


def _wait_until(connection: socket.socket, until: float) -> None:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    connection.settimeout(left)


def _meaning(answer: bytes) -> Scan:
    said = answer.removesuffix(b"\0").strip()
    if said == b"stream: OK":
        return Scan.CLEAN
    name = said.removeprefix(b"stream: ")
    return Scan.FOUND if name.endswith(b" FOUND") and not name.startswith(_NOT_LOOKED_INTO) else Scan.UNKNOWN
