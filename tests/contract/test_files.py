"""What every place for messages must do: a folder, and Cloud Storage on its emulator.

The emulator takes no notice of preconditions. What Cloud Storage answers to one is therefore given by a server of the
test's own, in Google's words (JSON API, "HTTP status and error codes": 412), and that one is sent is seen there.
"""

import json
import os
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from urllib.parse import parse_qs, urlsplit

import pytest
from google.api_core.exceptions import NotFound

from rollcall.desk.ports import Files
from rollcall.local.emulator import free_port
from rollcall.model.errors import StoreUnavailable
from rollcall.store import LARGEST_PIECE
from rollcall.store.cloud_storage import CloudStorageFiles
from rollcall.store.folder import FolderFiles
from tests.support.sendgrid_api import Behaviour, answers, hangs_up, resets
from tests.support.storage import WE_MAY_NOT, at, scripted_storage

ID = "0123456789ABCDEFGHJKMNPQ"
EVERY_BYTE = bytes(range(256))
ROOT = Path(__file__).parent.parent.parent
LARGEST = 30_000_000


@pytest.fixture(params=["folder", "cloud storage"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    if request.param == "folder":
        return FolderFiles(tmp_path / "not" / "there yet")
    client = at(request.getfixturevalue("storage_emulator"))
    return CloudStorageFiles(client.create_bucket(f"test-{uuid.uuid4().hex[:12]}"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"\r\n\r\n--=\r\n",
        b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\nFrom \xe9\r\n--x--\r\n",
        EVERY_BYTE,
        EVERY_BYTE[::-1] * 40_000,
        os.urandom(LARGEST),
    ],
    ids=["empty", "line", "lines", "message", "every byte", "10 MB", "30 MB"],
)
def test_what_is_put_comes_back(files: Files, content: bytes) -> None:
    files.put(ID, content)
    assert files.get(ID) == content


def test_what_was_not_put_is_not_there(files: Files) -> None:
    assert files.get(ID) is None
    files.put(ID, b"one")
    assert files.get(ID[::-1]) is None


@pytest.mark.parametrize("size", [0, 1, LARGEST_PIECE, LARGEST_PIECE + 1, LARGEST], ids=lambda size: f"{size} bytes")
def test_a_file_of_the_disk_comes_back_in_pieces(files: Files, tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    files.put_file(ID, a_file(tmp_path, content))
    assert files.get(ID) == content
    pieces = list(files.pieces(ID) or [])
    assert b"".join(pieces) == content
    assert all(0 < len(piece) <= LARGEST_PIECE for piece in pieces)


def test_what_was_not_put_has_no_pieces(files: Files) -> None:
    assert files.pieces(ID) is None
    files.put(ID, b"one")
    assert files.pieces(ID[::-1]) is None


def a_file(folder: Path, content: bytes) -> Path:
    path = folder / "on the disk"
    path.write_bytes(content)
    return path


@pytest.mark.slow
def test_what_is_larger_than_memory_goes_in_and_out(tmp_path: Path, storage_emulator: str) -> None:
    """A process of its own is asked for the most that it had in memory; each way may take the pieces under way."""
    size, room = 128 << 20, 48 << 20
    path = a_file(tmp_path, b"")
    os.truncate(path, size)
    bucket = f"test-{uuid.uuid4().hex[:12]}"
    at(storage_emulator).create_bucket(bucket)
    script = f"""
import re
from pathlib import Path
from rollcall.store.folder import FolderFiles
from rollcall.store.cloud_storage import CloudStorageFiles
from tests.support.storage import at
ID = {ID!r}
def peak():
    return int(re.findall(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text("ascii"))[0]) * 1024
for files in FolderFiles(Path({str(tmp_path)!r})), CloudStorageFiles(at({storage_emulator!r}).bucket({bucket!r})):
    files.put("small", b"one")
    before = peak()
    files.put_file(ID, Path({str(path)!r}))
    print(sum(map(len, files.pieces(ID))) == {size}, peak() - before < {room})
"""
    assert ran(script) == "True True\nTrue True\n"


def test_the_same_again_changes_nothing(files: Files) -> None:
    files.put(ID, EVERY_BYTE)
    files.put(ID[::-1], b"other")
    files.put(ID, EVERY_BYTE)
    assert (files.get(ID), files.get(ID[::-1])) == (EVERY_BYTE, b"other")


def test_several_put_the_same_at_once(files: Files) -> None:
    content, together = os.urandom(1_000_000), Barrier(4)

    def one(_: int) -> bytes | None:
        together.wait()
        files.put(ID, content)
        return files.get(ID)

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(one, range(4))) == [content] * 4


class TestFolder:
    """What can be seen of a folder alone."""

    def test_a_file_is_its_owners_and_alone(self, tmp_path: Path) -> None:
        FolderFiles(tmp_path).put(ID, b"one")
        assert [path.name for path in tmp_path.iterdir()] == [ID]
        assert (tmp_path / ID).stat().st_mode & 0o777 == 0o600

    def test_other_content_under_an_id_that_is_there_changes_nothing(self, tmp_path: Path) -> None:
        files = FolderFiles(tmp_path / "files")
        files.put(ID, b"one")
        files.put(ID, b"other")
        files.put_file(ID, a_file(tmp_path, b"other"))
        assert files.get(ID) == b"one"

    def test_no_room_for_the_whole_file(self, tmp_path: Path) -> None:
        """A limit of this process on the size of a file stands for a full disk: part of it is written, then no more."""
        script = f"""
import resource, signal
from pathlib import Path
from rollcall.model.errors import StoreUnavailable
from rollcall.store.folder import FolderFiles
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    FolderFiles(Path({str(tmp_path)!r})).put({ID!r}, bytes(1_000_000))
except StoreUnavailable:
    print("no room")
"""
        assert ran(script) == "no room\n"
        assert list(tmp_path.iterdir()) == []

    def test_killed_before_the_file_is_whole(self, tmp_path: Path) -> None:
        script = f"""
import os, signal
from pathlib import Path
from rollcall.store.folder import FolderFiles
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
FolderFiles(Path({str(tmp_path)!r})).put({ID!r}, bytes(1_000_000))
"""
        assert ran(script) == ""
        assert FolderFiles(tmp_path).get(ID) is None
        FolderFiles(tmp_path).put(ID, b"whole")
        assert FolderFiles(tmp_path).get(ID) == b"whole"

    def test_nobody_sees_a_part_of_it(self, tmp_path: Path) -> None:
        seen, over = set(), Event()

        def look() -> None:
            while not over.is_set():
                if (tmp_path / ID).exists():
                    seen.add((tmp_path / ID).stat().st_size)

        with ThreadPoolExecutor(1) as looking:
            looking.submit(look)
            FolderFiles(tmp_path).put(ID, bytes(LARGEST))
            over.set()
        assert seen <= {LARGEST}

    def test_no_folder_can_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        files = FolderFiles(tmp_path / "file")
        with pytest.raises(StoreUnavailable):
            files.put(ID, b"one")
        with pytest.raises(StoreUnavailable):
            files.put_file(ID, tmp_path / "file")
        for read in (files.get, files.pieces):
            with pytest.raises(StoreUnavailable):
                read(ID)

    @pytest.mark.parametrize("id", ["", ".", "..", "../A", "A/B", "/A", ".A", "A\x00"])
    def test_an_id_that_is_no_file_name(self, tmp_path: Path, id: str) -> None:
        files = FolderFiles(tmp_path / "messages")
        with pytest.raises(ValueError, match="no plain file name"):
            files.put(id, b"one")
        for read in (files.get, files.pieces):
            with pytest.raises(ValueError, match="no plain file name"):
                read(id)
        assert list(tmp_path.iterdir()) == []


def ran(script: str) -> str:
    """What the script printed."""
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    return run.stdout


PUT = answers(200, {"Content-Type": "application/json"}, json.dumps({"name": ID}).encode())
NO_MORE = answers(416, {}, b"")
THERE_ALREADY = answers(412, {}, b"At least one of the pre-conditions you specified did not hold.")


class TestCloudStorage:
    """What the emulator does not do."""

    @pytest.mark.parametrize("size", [100, 9_000_000])
    def test_it_is_put_only_where_it_is_not_there(self, size: int, tmp_path: Path) -> None:
        with scripted_storage(THERE_ALREADY, THERE_ALREADY) as storage:
            files = CloudStorageFiles(at(storage.address).bucket("forms"))
            files.put(ID, bytes(size))
            files.put_file(ID, a_file(tmp_path, bytes(size)))
        assert [parse_qs(urlsplit(asked).query)["ifGenerationMatch"] for asked in storage.asked] == [["0"], ["0"]]

    @pytest.mark.parametrize("fault", [answers(503, {}, b""), answers(429, {}, b""), hangs_up, resets])
    def test_a_passing_fault_is_tried_again(self, fault: Behaviour) -> None:
        with scripted_storage(fault, PUT, fault, answers(200, {}, EVERY_BYTE)) as storage:
            files = CloudStorageFiles(at(storage.address).bucket("forms"))
            files.put(ID, EVERY_BYTE)
            assert files.get(ID) == EVERY_BYTE
        assert len(storage.asked) == 4

    @pytest.mark.parametrize("fault", [answers(503, {}, b""), hangs_up])
    def test_a_passing_fault_amid_the_pieces_is_tried_again(self, fault: Behaviour) -> None:
        content = os.urandom(LARGEST_PIECE + 100)
        first, rest = answers(206, {}, content[:LARGEST_PIECE]), answers(206, {}, content[LARGEST_PIECE:])
        with scripted_storage(fault, first, fault, rest, NO_MORE) as storage:
            pieces = CloudStorageFiles(at(storage.address).bucket("forms")).pieces(ID)
            assert pieces is not None
            assert b"".join(pieces) == content
        assert storage.orders == []

    def test_pieces_that_end_too_soon_do_not_pass_for_the_whole(self) -> None:
        with scripted_storage(answers(206, {}, bytes(LARGEST_PIECE)), WE_MAY_NOT) as storage:
            pieces = CloudStorageFiles(at(storage.address).bucket("forms")).pieces(ID)
            assert pieces is not None
            assert len(next(pieces)) == LARGEST_PIECE
            with pytest.raises(StoreUnavailable):
                next(pieces)

    def test_an_answer_that_was_lost(self) -> None:
        with scripted_storage(hangs_up, THERE_ALREADY) as storage:
            CloudStorageFiles(at(storage.address).bucket("forms")).put(ID, EVERY_BYTE)
        assert len(storage.asked) == 2

    def test_we_may_not(self) -> None:
        with scripted_storage(*[WE_MAY_NOT] * 4) as storage:
            files = CloudStorageFiles(at(storage.address).bucket("forms"))
            with pytest.raises(StoreUnavailable):
                files.put(ID, EVERY_BYTE)
            for read in (files.get, files.pieces):
                with pytest.raises(StoreUnavailable):
                    read(ID)
        assert storage.orders == []

    def test_who_may_not_delete_is_told_403_of_what_is_there(self) -> None:
        """Then it is there, and SendGrid need not post it for three days."""
        there = answers(200, {}, EVERY_BYTE)
        with scripted_storage(WE_MAY_NOT, there) as storage:
            CloudStorageFiles(at(storage.address).bucket("forms")).put(ID, EVERY_BYTE)
            assert len(storage.asked) == 2

    def test_what_comes_back_damaged(self) -> None:
        damaged = answers(200, {"X-Goog-Hash": "crc32c=AAAAAA==,md5=1B2M2Y8AsgTpgAmY7PhCfg=="}, b"damaged")
        with scripted_storage(*[damaged] * 9) as storage:
            files = CloudStorageFiles(at(storage.address).bucket("forms"))
            with pytest.raises(StoreUnavailable):
                files.get(ID)

    @pytest.mark.slow
    def test_it_cannot_be_reached(self) -> None:
        files = CloudStorageFiles(at(f"http://127.0.0.1:{free_port()}").bucket("forms"))
        began = time.monotonic()
        with ThreadPoolExecutor(2) as threads:
            put, get = threads.submit(files.put, ID, EVERY_BYTE), threads.submit(files.get, ID)
        for unavailable in (put.exception(), get.exception()):
            assert isinstance(unavailable, StoreUnavailable)
            assert type(unavailable.__cause__).__name__ == "ConnectionError"  # as the log says it
        assert time.monotonic() - began < 25

    def test_there_is_no_bucket(self, storage_emulator: str) -> None:
        """A wrong configuration: no trying again mends it."""
        with pytest.raises(NotFound):
            CloudStorageFiles(at(storage_emulator).bucket("nowhere")).put(ID, EVERY_BYTE)
