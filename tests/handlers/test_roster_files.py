"""The link to a roster that no mail could carry, as Google serves it, on both stores."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, IncompleteRead
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from google.cloud import storage

from rollcall.desk.ports import Files
from rollcall.model.event import Event
from rollcall.store import LARGEST_PIECE
from rollcall.store.cloud_storage import CloudStorageFiles
from rollcall.store.folder import FolderFiles
from tests.support.builders import LINKS, an_event, write_open_event
from tests.support.linked_pages import completing
from tests.support.sendgrid_api import answers
from tests.support.served import Served, function
from tests.support.storage import WE_MAY_NOT, scripted_storage
from tests.support.stores import store_settings

OPEN, OTHER = an_event(slug="open"), an_event(slug="open-too")
TOMORROW = datetime.now(UTC) + timedelta(days=1)
YESTERDAY = TOMORROW - timedelta(days=2)
CSV, XLSX = (f"roster-open-0123456789abcdef-20040221T000005.{ending}" for ending in ("csv", "xlsx"))
OTHERS = "roster-open-too-0123456789abcdef-20040221T000005.csv"
OVER_32_MIB = 34 << 20
"""Bytes: more than Cloud Run hands on in one."""


@dataclass(frozen=True)
class Fetched:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True)
class Desk:
    """The function, and where it finds rosters."""

    served: Served
    files: Files


@pytest.fixture(scope="module", params=["sqlite", "firestore"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """On SQLite and a folder; on Firestore and Cloud Storage."""
    events, folder = tmp_path_factory.mktemp("events"), tmp_path_factory.mktemp("store")
    for event in (OPEN, OTHER):
        write_open_event(events, slug=event.slug)
    environment = {"EVENTS": str(events), **store_settings(request, folder)}
    files: Files
    if request.param == "sqlite":
        environment["FILES"] = str(folder / "messages")
        files = FolderFiles(folder / "messages")
    else:
        project = environment["GOOGLE_CLOUD_PROJECT"]
        environment["STORAGE_EMULATOR_HOST"] = request.getfixturevalue("storage_emulator")
        environment["FILES"] = f"gs://{project}"
        files = CloudStorageFiles(storage.Client(project=project).create_bucket(project))
    files.put(XLSX, b"PK")
    files.put(OTHERS, b"somebody's name")
    files.put("0123456789ABCDEFGHJKMNPQ", b"somebody's message")
    with function("register", **environment) as served:
        yield Desk(served, files)


def fetch(served: Served, link: str, method: str = "GET") -> Fetched:
    connection = HTTPConnection("127.0.0.1", served.port, timeout=60)
    try:
        connection.request(method, urlsplit(link).path, headers={"Accept": "text/html"})
        response = connection.getresponse()
        return Fetched(response.status, dict(response.headers), response.read())
    finally:
        connection.close()


def roster(file_id: str, until: datetime = TOMORROW, event: Event = OPEN) -> str:
    return LINKS.roster(event, file_id, event.secretariat, until)


def test_streams_a_roster_over_32_mib(desk: Desk, tmp_path: Path) -> None:
    content = os.urandom(OVER_32_MIB)
    (tmp_path / "roster").write_bytes(content)
    desk.files.put_file(CSV, tmp_path / "roster")
    fetched = fetch(desk.served, roster(CSV))
    assert fetched.status == 200
    assert fetched.content == content
    assert fetched.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in fetched.headers
    assert fetched.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert fetched.headers["Content-Disposition"] == 'attachment; filename="open-roster-for-programs.csv"'
    assert fetched.headers["Cache-Control"] == "no-store"
    assert fetched.headers["X-Content-Type-Options"] == "nosniff"
    assert fetched.headers["Referrer-Policy"] == "no-referrer"


def test_a_workbook_has_its_type(desk: Desk) -> None:
    fetched = fetch(desk.served, roster(XLSX))
    assert fetched.content == b"PK"
    assert fetched.headers["Content-Type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert fetched.headers["Content-Disposition"] == 'attachment; filename="open-roster.xlsx"'


def test_other_methods(desk: Desk) -> None:
    head = fetch(desk.served, roster(XLSX), "HEAD")
    assert (head.status, head.content) == (200, b"")
    assert head.headers["Content-Disposition"] == 'attachment; filename="open-roster.xlsx"'
    refused = fetch(desk.served, roster(XLSX), "POST")
    assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD")
    assert fetch(desk.served, roster(XLSX).replace("/open/", "/nowhere/")).status == 404


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("link", "heading"),
    [
        (roster(XLSX, until=YESTERDAY), "This link has expired"),
        (
            roster(XLSX, event=OTHER).replace("/open-too/", "/open/"),
            "This link is damaged",
        ),
        (completing(XLSX).replace("/complete/", "/roster/"), "This link is damaged"),
        (roster(XLSX)[:-2], "This link is damaged"),
        ("https://desk.example.org/register/open/roster/%00%ff", "This link is damaged"),
        (roster(OTHERS), "This roster is no longer here"),
        (roster("0123456789ABCDEFGHJKMNPQ"), "This roster is no longer here"),
        (roster("roster-open-gone-20040221T000005.csv"), "This roster is no longer here"),
        (roster(XLSX.replace(".xlsx", ".html")), "This roster is no longer here"),
    ],
    ids=["expired", "another event's", "another purpose", "cut", "any", "another's file", "an e-mail", "gone", "html"],
)
def test_a_link_that_does_not_work_says_why_and_gives_nothing_out(
    desk: Desk, link: str, heading: str, method: str
) -> None:
    fetched = fetch(desk.served, link, method)
    assert fetched.status == 410
    assert "Content-Disposition" not in fetched.headers
    if method == "GET":
        assert f"<h1>{heading}</h1>".encode() in fetched.content
        assert b"somebody" not in fetched.content


def test_answers_503_while_the_files_are_unavailable(tmp_path: Path, events_folder: Path) -> None:
    write_open_event(events_folder)
    no_folder = tmp_path / "file"
    no_folder.write_bytes(b"")
    db = str(tmp_path / "store.sqlite3")
    with function("register", EVENTS=str(events_folder), SQLITE_PATH=db, FILES=str(no_folder)) as served:
        fetched = fetch(served, roster(CSV))
    assert (fetched.status, fetched.headers["Retry-After"]) == (503, "5")


def test_breaks_off_when_the_files_become_unavailable_midway(tmp_path: Path, events_folder: Path) -> None:
    """Cloud Storage goes away after the first piece: what the browser gets is not ended as it should be."""
    write_open_event(events_folder)
    db, log = str(tmp_path / "store.sqlite3"), tmp_path / "log"
    with scripted_storage(answers(206, {}, bytes(LARGEST_PIECE)), WE_MAY_NOT) as cloud, log.open("wb") as output:
        settings = {"STORAGE_EMULATOR_HOST": cloud.address, "GOOGLE_CLOUD_PROJECT": "p", "FILES": "gs://messages"}
        with (
            function("register", output, EVENTS=str(events_folder), SQLITE_PATH=db, **settings) as served,
            pytest.raises(IncompleteRead) as cut,
        ):
            fetch(served, roster(CSV))
    assert len(cut.value.partial) == LARGEST_PIECE
    told = log.read_text("utf-8")
    assert '"store unavailable"' in told
    assert urlsplit(roster(CSV)).path not in told
