"""What both places for what is published must do: a folder, and Cloud Storage on its emulator, which knows no
preconditions: those are seen at a server of the test's own."""

import os
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from urllib.parse import parse_qs, urlsplit

import pytest

from rollcall.desk.contribution_ports import Published
from rollcall.model.errors import StoreUnavailable
from rollcall.store import LARGEST_PIECE
from rollcall.store.cloud_storage import CloudStoragePublished
from rollcall.store.folder_published import FolderPublished
from tests.support.sendgrid_api import answers, hangs_up
from tests.support.storage import WE_MAY_NOT, at, scripted_storage

NAME = "0123456789abcdef.pdf"
CONTENT = os.urandom(20_000_000)


@pytest.fixture(params=["folder", "cloud storage"])
def published(request: pytest.FixtureRequest, tmp_path: Path) -> Published:
    if request.param == "folder":
        return FolderPublished(tmp_path / "not" / "there yet")
    client = at(request.getfixturevalue("storage_emulator"))
    return CloudStoragePublished(client.create_bucket(f"test-{uuid.uuid4().hex[:12]}"))


def in_pieces(content: bytes) -> Iterator[bytes]:
    return (content[at : at + LARGEST_PIECE] for at in range(0, len(content), LARGEST_PIECE))


class TestBoth:
    def test_a_site_comes_back(self, published: Published) -> None:
        assert published.site("intgov04") is None
        assert published.put_site("intgov04", b"1", None)
        first = published.site("intgov04")
        assert first is not None
        assert first[0] == b"1"
        assert published.put_site("intgov04", b"2", first[1])
        second = published.site("intgov04")
        assert second is not None
        assert second[0] == b"2"
        assert published.site("other") is None

    def test_a_file_comes_back_in_pieces(self, published: Published) -> None:
        assert published.file(NAME) is None
        published.put_file(NAME, in_pieces(CONTENT))
        pieces = list(published.file(NAME) or [])
        assert b"".join(pieces) == CONTENT
        assert all(0 < len(piece) <= LARGEST_PIECE for piece in pieces)

    def test_a_file_that_is_there_is_not_put_again(self, published: Published) -> None:
        published.put_file(NAME, in_pieces(b"one"))
        published.put_file(NAME, in_pieces(b"other"))
        assert b"".join(published.file(NAME) or []) == b"one"

    def test_a_file_that_ends_amid_its_pieces_is_not_there(self, published: Published) -> None:
        def breaks() -> Iterator[bytes]:
            yield from in_pieces(CONTENT[: 9 << 20])
            raise StoreUnavailable(timedelta(seconds=1))

        with pytest.raises(StoreUnavailable):
            published.put_file(NAME, breaks())
        assert published.file(NAME) is None

    def test_a_file_is_removed(self, published: Published) -> None:
        for _ in range(2):
            published.remove_file(NAME)
            assert published.file(NAME) is None
            published.put_file(NAME, in_pieces(b"one"))
        published.remove_file(NAME)
        assert published.file(NAME) is None

    @pytest.mark.parametrize(
        "name", ["", ".", "..", "../sites/intgov04.json", "/etc/passwd", ".hidden", "a\0", "a\n", "a" * 300, "a/b", "é"]
    )
    def test_what_an_address_may_hold_reaches_nothing_else(self, published: Published, name: str) -> None:
        published.put_site("intgov04", b"1", None)
        assert published.file(name) is None


class TestFolder:
    def test_only_over_what_was_read(self, tmp_path: Path) -> None:
        published = FolderPublished(tmp_path)
        assert published.put_site("intgov04", b"1", None)
        assert not published.put_site("intgov04", b"2", None)
        first = published.site("intgov04")
        assert first is not None
        assert published.put_site("intgov04", b"2", first[1])
        assert not published.put_site("intgov04", b"3", first[1])
        assert (published.site("intgov04") or (b"", None))[0] == b"2"

    def test_of_several_at_once_one_is_written(self, tmp_path: Path) -> None:
        together = Barrier(8)

        def one(number: int) -> bool:
            """Each has an object of its own, as processes have."""
            together.wait()
            return FolderPublished(tmp_path).put_site("intgov04", str(number).encode(), None)

        with ThreadPoolExecutor(8) as threads:
            written = list(threads.map(one, range(8)))
        site = FolderPublished(tmp_path).site("intgov04")
        assert site is not None
        assert [str(number).encode() for number, won in enumerate(written) if won] == [site[0]]

    def test_no_folder_can_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        published = FolderPublished(tmp_path / "file")
        with pytest.raises(StoreUnavailable):
            published.put_site("intgov04", b"1", None)
        with pytest.raises(StoreUnavailable):
            published.put_file(NAME, in_pieces(b"one"))
        with pytest.raises(StoreUnavailable):
            published.site("intgov04")


PUT = answers(200, {"Content-Type": "application/json"}, b'{"generation": "8"}')
OTHERS = answers(412, {}, b"At least one of the pre-conditions you specified did not hold.")
SITE = answers(200, {"X-Goog-Generation": "7"}, b"1")


class TestCloudStorage:
    """What the emulator does not do."""

    def test_only_over_what_was_read(self) -> None:
        with scripted_storage(SITE, PUT, PUT) as storage:
            published = CloudStoragePublished(at(storage.address).bucket("published"))
            site = published.site("intgov04")
            assert site is not None
            assert published.put_site("intgov04", b"2", site[1])
            assert published.put_site("intgov04", b"2", None)
        asked = [parse_qs(urlsplit(one).query)["ifGenerationMatch"] for one in storage.asked[1:]]
        assert asked == [["7"], ["0"]]

    def test_another_was_faster(self) -> None:
        with scripted_storage(OTHERS, SITE) as storage:
            assert not CloudStoragePublished(at(storage.address).bucket("published")).put_site("intgov04", b"2", "6")

    def test_an_answer_that_was_lost(self) -> None:
        with scripted_storage(hangs_up, OTHERS, SITE) as storage:
            assert CloudStoragePublished(at(storage.address).bucket("published")).put_site("intgov04", b"1", "6")
        assert storage.orders == []

    def test_we_may_not(self) -> None:
        with scripted_storage(*[WE_MAY_NOT] * 5) as storage:
            published = CloudStoragePublished(at(storage.address).bucket("published"))
            for call in (
                lambda: published.site("intgov04"),
                lambda: published.put_site("intgov04", b"1", None),
                lambda: published.put_file(NAME, in_pieces(b"one")),
                lambda: published.file(NAME),
                lambda: published.remove_file(NAME),
            ):
                with pytest.raises(StoreUnavailable):
                    call()
