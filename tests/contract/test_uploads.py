"""What both places for uploads must do: a folder, and Cloud Storage on its emulator.

The emulator knows no preconditions, no CORS, and takes more than the size that was said. What is asked of Cloud Storage
is therefore seen at a server of the test's own.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from urllib.parse import parse_qs, urlsplit

import pytest

from rollcall.desk.contribution_ports import Uploads
from rollcall.desk.desk import Desk
from rollcall.desk.ports import Files
from rollcall.model.contribution import LARGEST_FILE
from rollcall.model.errors import StoreUnavailable
from rollcall.model.registration import new_id
from rollcall.store.cloud_storage import CloudStorageFiles, CloudStorageUploads
from rollcall.store.folder import FolderFiles
from rollcall.store.folder_uploads import KEPT, ROOM, UNTOUCHED, FolderUploads
from tests.support.sendgrid_api import answers, hangs_up
from tests.support.storage import WE_MAY_NOT, at, scripted_storage
from tests.support.uploading import PIECE, Put, Sender, to_bucket, to_desk

ROOT = Path(__file__).parents[2]
ORIGIN = "https://desk.example.org"
ID = "0123456789ABCDEFGHJKMNPQ"
CONTENT = os.urandom(3 * PIECE + 17)
Place = tuple[Uploads, Files, Callable[[str], Put]]


@pytest.fixture(params=["folder", "cloud storage"])
def place(request: pytest.FixtureRequest, tmp_path: Path, desk: Desk) -> Place:
    if request.param == "folder":
        uploads = FolderUploads(tmp_path / "not" / "there yet")
        of_folder = replace(desk, uploads=lambda: uploads)
        return uploads, FolderFiles(tmp_path / "not" / "there yet"), lambda address: to_desk(of_folder, address)
    bucket = at(request.getfixturevalue("storage_emulator")).create_bucket(f"test-{uuid.uuid4().hex[:12]}")
    return CloudStorageUploads(bucket), CloudStorageFiles(bucket), to_bucket


class TestBoth:
    def test_in_pieces(self, place: Place, tmp_path: Path) -> None:
        uploads, files, to = place
        sender = Sender(to(uploads.begin(ID, len(CONTENT), ORIGIN)), CONTENT)
        sender.sends_all()
        assert sender.statuses == [308, 308, 308, 200]
        assert fetched(uploads, tmp_path) == CONTENT
        assert files.get(ID) is None

    def test_a_broken_one_of_50_mb_goes_on(self, place: Place, tmp_path: Path) -> None:
        uploads, _, to = place
        content = (CONTENT * 16)[:LARGEST_FILE]
        address = uploads.begin(ID, len(content), ORIGIN)
        sender = Sender(to(address), content)
        came = sender.sends(sender.sends(0, 16 << 20), 8 << 20)
        assert came == 24 << 20
        assert fetched(uploads, tmp_path) is None
        again = Sender(to(address), content)
        assert again.asks() == came
        again.sends(came, len(content))
        assert (again.statuses, len(content)) == ([308, 200], LARGEST_FILE)
        assert fetched(uploads, tmp_path) == content

    def test_at_once(self, place: Place, tmp_path: Path) -> None:
        uploads, _, _ = place
        uploads.put(ID, b"a paper")
        assert fetched(uploads, tmp_path) == b"a paper"

    def test_what_is_not_there(self, place: Place, tmp_path: Path) -> None:
        uploads, files, _ = place
        assert fetched(uploads, tmp_path) is None
        with pytest.raises(LookupError):
            uploads.keep(ID, "kept")
        assert files.get("kept") is None

    def test_kept_under_its_own_id(self, place: Place) -> None:
        uploads, files, _ = place
        uploads.put(ID, CONTENT)
        for _ in range(2):
            uploads.keep(ID, ID)
            assert files.get(ID) == CONTENT

    def test_kept_once(self, place: Place) -> None:
        """Also when the upload is gone meanwhile: the answer to the first may have been lost."""
        uploads, files, _ = place
        files.put("kept", CONTENT)
        uploads.keep(ID, "kept")
        assert files.get("kept") == CONTENT


def fetched(uploads: Uploads, folder: Path) -> bytes | None:
    return (folder / "fetched").read_bytes() if uploads.fetch(ID, folder / "fetched") else None


class TestFolder:
    @pytest.fixture
    def uploads(self, tmp_path: Path) -> FolderUploads:
        return FolderUploads(tmp_path)

    def test_no_more_than_was_said(self, uploads: FolderUploads, tmp_path: Path) -> None:
        uploads.begin(ID, 5, ORIGIN)
        assert uploads.put_piece(ID, 5, 0, [b"1234567"]) == 5
        assert fetched(uploads, tmp_path) == b"12345"
        assert uploads.put_piece(ID, 5, 5, [b"67"]) == 5
        assert fetched(uploads, tmp_path) == b"12345"

    def test_a_whole_one_stays_as_it_is(self, uploads: FolderUploads, tmp_path: Path) -> None:
        """Else it could be another than was looked into. A sender may have come twice."""
        uploads.begin(ID, 4, ORIGIN)

        def slowly() -> Iterator[bytes]:
            yield b"12"
            assert uploads.put_piece(ID, 4, 2, [b"34"]) == 4
            yield b"XY"

        assert uploads.put_piece(ID, 4, 0, slowly()) == 4
        assert fetched(uploads, tmp_path) == b"1234"

    def test_what_would_leave_a_gap_is_not_taken(self, uploads: FolderUploads) -> None:
        uploads.begin(ID, 9, ORIGIN)
        assert uploads.put_piece(ID, 9, 3, [b"456"]) == 0
        assert uploads.put_piece(ID, 9, 0, [b"123"]) == 3

    def test_what_is_there_is_not_taken_again(self, uploads: FolderUploads, tmp_path: Path) -> None:
        uploads.begin(ID, 6, ORIGIN)
        assert uploads.put_piece(ID, 6, 0, [b"123"]) == 3
        assert uploads.put_piece(ID, 6, 1, [b"23", b"456"]) == 6
        assert fetched(uploads, tmp_path) == b"123456"

    @pytest.mark.parametrize(("id", "size"), [(ID, 6), (ID[::-1], 5)])
    def test_another_size_or_id_is_no_upload(self, uploads: FolderUploads, id: str, size: int) -> None:
        uploads.begin(ID, 5, ORIGIN)
        assert uploads.put_piece(id, size, 0, [b"1"]) is None

    def test_several_send_it_at_once(self, uploads: FolderUploads, tmp_path: Path) -> None:
        uploads.begin(ID, len(CONTENT), ORIGIN)
        together = Barrier(4)

        def one(_: int) -> int | None:
            together.wait()
            pieces = (CONTENT[at : at + 4096] for at in range(0, len(CONTENT), 4096))
            return uploads.put_piece(ID, len(CONTENT), 0, pieces)

        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(one, range(4))) == [len(CONTENT)] * 4
        assert fetched(uploads, tmp_path) == CONTENT

    def test_those_of_long_ago_are_gone(self, uploads: FolderUploads, tmp_path: Path) -> None:
        uploads.begin(ID, 5, ORIGIN)
        uploads.put("OLD", b"whole")
        before = time.time() - KEPT.total_seconds() - 60
        for path in (tmp_path / "uploads").iterdir():
            os.utime(path, (before, before))
        uploads.begin("NEW", 5, ORIGIN)
        assert [path.name for path in (tmp_path / "uploads").iterdir()] == ["NEW.5"]

    def test_nobody_fills_the_disk(self, uploads: FolderUploads, tmp_path: Path) -> None:
        uploads.put("BIG", b"")
        os.truncate(tmp_path / "uploads" / "BIG", ROOM - 10)  # no byte of it on the disk
        uploads.begin(ID, 10, ORIGIN)
        assert uploads.put_piece(ID, 10, 0, [b"12345"]) == 5
        for beyond in (lambda: uploads.begin(new_id(), 6, ORIGIN), lambda: uploads.put(new_id(), b"123456")):
            with pytest.raises(StoreUnavailable):
                beyond()
        assert uploads.put_piece(ID, 10, 5, [b"67890"]) == 10
        with pytest.raises(StoreUnavailable):
            uploads.put("MORE", b"1")

    def test_whoever_begins_many_shuts_nobody_out(self, uploads: FolderUploads) -> None:
        for _ in range(3):
            uploads.begin(new_id(), ROOM, ORIGIN)
        uploads.begin(ID, 5, ORIGIN)
        assert uploads.put_piece(ID, 5, 0, [b"12345"]) == 5

    def test_room_is_made_of_what_nobody_touches(self, uploads: FolderUploads, tmp_path: Path) -> None:
        for id, ago in (("OLD", 3 * UNTOUCHED), ("OLDER", 4 * UNTOUCHED), ("NEW", UNTOUCHED / 2)):
            uploads.put(id, b"")
            os.truncate(path := tmp_path / "uploads" / id, ROOM // 3)
            os.utime(path, (time.time() - ago.total_seconds(),) * 2)
        uploads.put(ID, b"12345")
        assert {path.name for path in (tmp_path / "uploads").iterdir()} == {"OLD", "NEW", ID}

    def test_killed_amid_a_piece_it_goes_on(self, uploads: FolderUploads, tmp_path: Path) -> None:
        size = 10 * PIECE
        uploads.begin(ID, size, ORIGIN)
        script = f"""
import os, signal
from pathlib import Path
from rollcall.store.folder_uploads import FolderUploads
def pieces():
    for number in range(5):
        yield bytes([number]) * {PIECE}
    os.kill(os.getpid(), signal.SIGKILL)
FolderUploads(Path({str(tmp_path)!r})).put_piece({ID!r}, {size}, 0, pieces())
"""
        ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode
        assert ended == -signal.SIGKILL
        came = uploads.put_piece(ID, size, 0, [])
        assert came == 5 * PIECE
        assert uploads.put_piece(ID, size, came, (bytes([number]) * PIECE for number in range(5, 10))) == size
        assert fetched(uploads, tmp_path) == b"".join(bytes([number]) * PIECE for number in range(10))

    def test_killed_before_it_has_its_name(self, uploads: FolderUploads, tmp_path: Path) -> None:
        uploads.begin(ID, 4, ORIGIN)
        (tmp_path / "uploads" / f"{ID}.4").write_bytes(b"1234")
        assert fetched(uploads, tmp_path) is None
        assert uploads.put_piece(ID, 4, 0, []) == 4
        assert fetched(uploads, tmp_path) == b"1234"

    def test_no_folder_can_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        uploads = FolderUploads(tmp_path / "file")
        with pytest.raises(StoreUnavailable):
            uploads.begin(ID, 5, ORIGIN)
        with pytest.raises(StoreUnavailable):
            uploads.put_piece(ID, 5, 0, [])

    def test_memory_is_flat(self, tmp_path: Path) -> None:
        """50 MB, which come in one request: its process is asked for the most that it had."""
        script = f"""
import re
from pathlib import Path
from rollcall.store.folder_uploads import FolderUploads
def peak():
    return int(re.findall(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text("ascii"))[0]) * 1024
folder = Path({str(tmp_path)!r})
uploads = FolderUploads(folder)
uploads.begin({ID!r}, 50 << 20, "")
before = peak()
came = uploads.put_piece({ID!r}, 50 << 20, 0, (bytes(1 << 20) for _ in range(50)))
uploads.fetch({ID!r}, folder / "fetched")
uploads.keep({ID!r}, "kept")
print(came == 50 << 20, (folder / "kept").stat().st_size == 50 << 20, peak() - before < 8 << 20)
"""
        said = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
        assert said.stdout == "True True True\n"


BEGUN = answers(200, {"Location": "https://storage.example.org/session"}, b"")
THERE_ALREADY = answers(412, {}, b"At least one of the pre-conditions you specified did not hold.")
NOT_THERE = answers(404, {}, b"")
COPIED = answers(200, {"Content-Type": "application/json"}, json.dumps({"name": ID}).encode())


class TestCloudStorage:
    """What the emulator does not do."""

    def test_a_session_says_size_origin_and_that_nothing_may_be_there(self) -> None:
        with scripted_storage(hangs_up, BEGUN) as storage:
            uploads = CloudStorageUploads(at(storage.address).bucket("forms"))
            assert uploads.begin(ID, 50_000_000, ORIGIN) == "https://storage.example.org/session"
            assert uploads.sends_to == storage.address
        asked = parse_qs(urlsplit(storage.asked[-1]).query)
        assert (asked["uploadType"], asked["ifGenerationMatch"]) == (["resumable"], ["0"])
        assert storage.headers[-1]["x-upload-content-length"] == "50000000"
        assert storage.headers[-1]["origin"] == ORIGIN

    def test_we_may_not(self) -> None:
        with scripted_storage(*[WE_MAY_NOT] * 4) as storage:
            uploads = CloudStorageUploads(at(storage.address).bucket("forms"))
            with pytest.raises(StoreUnavailable):
                uploads.begin(ID, 5, ORIGIN)
            with pytest.raises(StoreUnavailable):
                uploads.fetch(ID, Path(os.devnull))
            with pytest.raises(StoreUnavailable):
                uploads.keep(ID, ID)

    @pytest.mark.parametrize(
        "said", [(hangs_up, THERE_ALREADY), (hangs_up, COPIED), (WE_MAY_NOT, COPIED), (NOT_THERE, COPIED)]
    )
    def test_what_was_kept_already(self, said: tuple[Callable[..., None], ...]) -> None:
        """The answer was lost; or who may not delete is told 403 of what is there; or the upload is gone."""
        with scripted_storage(*said) as storage:
            CloudStorageUploads(at(storage.address).bucket("forms")).keep(ID, ID)
        assert re.search(rf"/o/upload-{ID}/copyTo/b/forms/o/{ID}\?.*ifGenerationMatch=0", storage.asked[0])
        assert storage.orders == []
