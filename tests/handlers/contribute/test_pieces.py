"""The pieces of an upload that come through the function, answered as Cloud Storage does."""

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from handlers.contribute.pieces import put_piece
from rollcall.desk.desk import Desk
from rollcall.store.folder_uploads import FolderUploads
from tests.support.in_process import ask
from tests.support.served import Answer

ID = "0123456789ABCDEFGHJKMNPQ"


@pytest.fixture
def uploads(desk: Desk) -> FolderUploads:
    uploads = desk.uploads()
    assert isinstance(uploads, FolderUploads)
    uploads.begin(ID, 10, "")
    return uploads


@pytest.fixture
def put(desk: Desk, uploads: FolderUploads) -> "Put":
    return Put(desk)


class Put:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def __call__(
        self, content_range: str | None, body: bytes = b"", name: str = f"{ID}.10", method: str = "PUT"
    ) -> Answer:
        headers: Mapping[str, str] = {"Content-Range": content_range} if content_range else {}
        return ask(lambda request: put_piece(self.desk, request, name), method, f"/uploads/{name}", body, headers)


def test_it_comes_in_pieces(put: Put, desk: Desk, tmp_path: Path) -> None:
    said = put("bytes */10")
    assert (said.status, said.headers.get("Range"), said.content) == (308, None, b"")
    said = put("bytes 0-3/10", b"0123")
    assert (said.status, said.headers["Range"]) == (308, "bytes=0-3")
    assert put("bytes 4-9/10", b"456789").status == 200
    assert put("bytes */10").status == 200
    assert desk.uploads().fetch(ID, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == b"0123456789"


def test_what_leaves_a_gap_is_told_where_to_go_on(put: Put) -> None:
    put("bytes 0-3/10", b"0123")
    said = put("bytes 8-9/10", b"89")
    assert (said.status, said.headers["Range"]) == (308, "bytes=0-3")


@pytest.mark.parametrize(
    ("content_range", "body"),
    [
        (None, b""),
        ("", b"0"),
        ("bytes 0-3/*", b"0123"),
        ("bytes 0-3", b"0123"),
        ("bytes 3-0/10", b""),
        ("bytes 0-3/10", b"012"),
        ("bytes 0-3/10", b"01234"),
        ("bytes */10", b"0"),
        ("bytes 0-3/9", b"0123"),
        ("bytes \u0660-3/10", b"0123"),
        ("bytes 0-3/1" + "0" * 5000, b"0123"),
    ],
)
def test_headers_that_do_not_fit(put: Put, content_range: str | None, body: bytes) -> None:
    assert put(content_range, body).status == 400
    assert put("bytes */10").headers.get("Range") is None


@pytest.mark.parametrize(("content_range", "body"), [("bytes 0-3/11", b"0123"), ("bytes 0-10/10", b"0" * 11)])
def test_more_than_was_said(put: Put, content_range: str, body: bytes) -> None:
    assert put(content_range, body).status == 413
    assert put("bytes */10").headers.get("Range") is None


@pytest.mark.parametrize(
    "name", ["", ID, f"{ID}.11", f"{ID[::-1]}.10", f"../{ID}.10", f".{ID}.10", f"{ID}.10.10", "A\0.10", f"{ID}.٣"]
)
def test_no_such_upload(put: Put, name: str) -> None:
    size = "11" if name.endswith(".11") else "10"
    assert put(f"bytes 0-0/{size}", b"0", name).status == 404


def test_another_method(put: Put) -> None:
    said = put("bytes */10", method="POST")
    assert (said.status, said.headers["Allow"]) == (405, "PUT")


def test_a_connection_that_breaks_loses_nothing_of_what_came(put: Put, desk: Desk) -> None:
    class Breaks(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if not (piece := super().read(size)):
                raise ConnectionResetError
            return piece

    said = {"Content-Range": "bytes 0-9/10"}
    environ = EnvironBuilder(method="PUT", headers=list(said.items()), input_stream=Breaks(b"012345")).get_environ()
    answer = put_piece(desk, Request(environ | {"CONTENT_LENGTH": "10"}), f"{ID}.10")
    assert (answer.status_code, answer.headers["Range"]) == (308, "bytes=0-5")
    assert put("bytes 6-9/10", b"6789").status == 200


def test_no_room(put: Put, desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    put.desk = replace(desk, uploads=lambda: FolderUploads(tmp_path / "file"))
    said = put("bytes 0-3/10", b"0123")
    assert said.status == 503
    assert int(said.headers["Retry-After"]) > 0


def test_where_browsers_go_straight_to_the_bucket_none_is_ours(put: Put, desk: Desk, storage_emulator: str) -> None:
    from rollcall.store.cloud_storage import CloudStorageUploads
    from tests.support.storage import at

    put.desk = replace(desk, uploads=lambda: CloudStorageUploads(at(storage_emulator).bucket("forms")))
    assert put("bytes 0-3/10", b"0123").status == 404
