"""A scanner that speaks clamd's protocol: a virus is refused, and what nobody scanned is held."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from rollcall.inspection.clamd import Scan, scan
from rollcall.inspection.inspector import ChildInspector
from rollcall.inspection.look import inspect
from rollcall.local.emulator import free_port
from rollcall.model.contribution import PaperDoubt
from tests.support.clamd import EICAR, scanner


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "paper"
    path.write_bytes(b"A paper.\n")
    return path


def test_a_clean_file(paper: Path) -> None:
    with scanner() as address:
        assert scan(address, paper) is Scan.CLEAN


@pytest.mark.parametrize("around", [b"", bytes(3_000_000)], ids=["alone", "within 6 MB"])
def test_the_test_virus(tmp_path: Path, around: bytes) -> None:
    (tmp_path / "paper").write_bytes(around + EICAR + around)
    with scanner() as address:
        assert scan(address, tmp_path / "paper") is Scan.FOUND


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"stream: Can't allocate memory ERROR",
        b"INSTREAM: Can't write to temporary file. ERROR",
        b"UNKNOWN COMMAND",
        b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND",
        b"HTTP/1.1 400 Bad Request\r\n",
        b"stream: OK ERROR",
        b"x" * 1_000_000,
    ],
)
def test_an_answer_that_says_nothing_of_the_file(paper: Path, answer: bytes) -> None:
    with scanner(answer) as address:
        assert scan(address, paper) is Scan.UNKNOWN


def test_larger_than_the_scanner_takes(tmp_path: Path) -> None:
    """It says so while we still send, and hangs up."""
    (tmp_path / "paper").write_bytes(os.urandom(8_000_000))
    with scanner(largest=1_000_000) as address:
        assert scan(address, tmp_path / "paper") is Scan.UNKNOWN


def test_nobody_listens(paper: Path) -> None:
    assert scan(f"127.0.0.1:{free_port()}", paper) is Scan.UNKNOWN
    assert scan("no-such-host.invalid:3310", paper) is Scan.UNKNOWN


def test_one_that_never_answers_is_not_waited_for(paper: Path) -> None:
    began = time.monotonic()
    with scanner(mute=True) as address:
        assert scan(address, paper, seconds=0.3) is Scan.UNKNOWN
    assert time.monotonic() - began < 10


def test_one_that_never_reads_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "paper").write_bytes(bytes(40_000_000))
    with closing(socket.create_server(("127.0.0.1", 0))) as deaf:
        began = time.monotonic()
        assert scan(f"127.0.0.1:{deaf.getsockname()[1]}", tmp_path / "paper", seconds=0.3) is Scan.UNKNOWN
        assert time.monotonic() - began < 10


class TestInspector:
    @pytest.fixture
    def address(self) -> Iterator[str]:
        with scanner() as address:
            yield address

    def test_it_is_refused(self, tmp_path: Path, address: str) -> None:
        (tmp_path / "paper").write_bytes(EICAR)
        found = ChildInspector(address)(tmp_path / "paper", "paper.txt")
        assert (found.fault, found.doubt, found.size) == ("file_virus", None, len(EICAR))

    def test_a_clean_one_is_as_without(self, paper: Path, address: str) -> None:
        assert ChildInspector(address)(paper, "paper.txt") == inspect(paper, "paper.txt")

    def test_what_nobody_scanned_is_held(self, paper: Path) -> None:
        found = ChildInspector(f"127.0.0.1:{free_port()}")(paper, "paper.txt")
        assert found == replace(inspect(paper, "paper.txt"), doubt=PaperDoubt.NOT_SCANNED)

    def test_what_is_refused_is_not_scanned(self, tmp_path: Path) -> None:
        (tmp_path / "paper").write_bytes(b"<html>")
        assert ChildInspector("nowhere:1")(tmp_path / "paper", "paper.html").fault == "file_kind"
