"""`receive_email` as Google serves it: what SendGrid signed is stored, answered 200 and listed, whatever it is."""

import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from google.cloud import storage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.receive_email import receive_email
from handlers.signature import SIGNATURE, TIMESTAMP, verification_keys
from rollcall.desk.ports import Files, Store
from rollcall.model.inbound import InboundEmail, InboundStatus, ReviewReason
from rollcall.model.registration import person_key
from rollcall.store.cloud_storage import CloudStorageFiles
from rollcall.store.firestore import FirestoreStore
from rollcall.store.folder import FolderFiles
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import a_form, a_form_in_text, a_registration, an_event, write_open_event
from tests.support.clock import Clock
from tests.support.in_process import ask, desk_without_store
from tests.support.inbound import parsed_post, raw_post
from tests.support.served import Answer, Served, function
from tests.support.stores import store_settings
from tests.support.webhook import PUBLIC_KEY, signed

SLUG = "open"
ON_SQLITE = pytest.mark.parametrize("desk", ["sqlite"], indirect=True)


@dataclass(frozen=True)
class Desk:
    """The function, and its store and files as another process opens them."""

    served: Served
    store: Store
    files: Files
    log: Path

    def post(self, content_type: str, body: bytes, **headers: str) -> Answer:
        """A post that SendGrid signed."""
        return self.served.ask("POST", "/", body, signed(body) | {"Content-Type": content_type} | headers)

    def came(self, mime: bytes, **facts: str) -> InboundEmail:
        """What came of an e-mail."""
        answer = self.post(*raw_post(mime, to=f"{SLUG}@forms.example.org", **facts))
        assert answer.status == 200, answer.text
        inbound = self.store.inbound(answer.json["inbound"])
        assert inbound is not None
        assert answer.json["status"] in (inbound.status.value, None)
        return inbound

    def enqueue(self) -> list[str]:
        """Kinds and addressees of the e-mails that are pending."""
        return sorted(f"{one.kind.value} to {one.to}" for one in self.store.unsent_entries(SLUG, None, 99))

    def listed(self) -> list[InboundEmail]:
        """Every message of the event."""
        return list(self.store.all_inbound(SLUG, None, 1000))


@pytest.fixture(params=["sqlite", "firestore"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, events_folder: Path) -> Iterator[Desk]:
    """On SQLite and a folder; on Firestore and Cloud Storage."""
    write_open_event(events_folder)
    environment = {
        "EVENTS": str(events_folder),
        "SENDGRID_PARSE_KEY": PUBLIC_KEY,
        "MAIL_FROM": "registration@desk.example.org",
        **store_settings(request, tmp_path),
    }
    store: Store
    files: Files
    if request.param == "sqlite":
        environment["FILES"] = str(tmp_path / "messages")
        store = SqliteStore(Path(environment["SQLITE_PATH"]), Clock(an_event().opens_at))
        files = FolderFiles(tmp_path / "messages")
    else:
        project = environment["GOOGLE_CLOUD_PROJECT"]
        environment["STORAGE_EMULATOR_HOST"] = request.getfixturevalue("storage_emulator")
        environment["FILES"] = f"gs://{project}"
        os.environ["STORAGE_EMULATOR_HOST"] = environment["STORAGE_EMULATOR_HOST"]
        bucket = storage.Client(project=project).create_bucket(project)
        store, files = FirestoreStore(project), CloudStorageFiles(bucket)
    log = tmp_path / "log"
    with log.open("wb") as output, function("receive_email", output, **environment) as served:
        yield Desk(served, store, files, log)


def a_message(text: str | None = None, **headers: str) -> bytes:
    """The registrant's own e-mail with the form in its text."""
    given = {"From": "Amina Diallo <amina.diallo@mpt.example.org>", "Message-ID": "<1@mpt.example.org>"} | headers
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in given.items())
    return f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{a_form_in_text() if text is None else text}".encode()


def test_a_form_in_an_email_is_registered(desk: Desk) -> None:
    inbound = desk.came(a_message())
    assert inbound.status is InboundStatus.REGISTERED
    assert desk.enqueue() == ["confirmation to amina.diallo@mpt.example.org"]
    registered = desk.store.registration_of(SLUG, person_key(a_registration()))
    assert registered is not None
    assert registered.registration.answers["address"] == a_form()["address"]


def test_the_same_delivery_twice_is_stored_once(desk: Desk) -> None:
    first, again = desk.came(a_message()), desk.came(a_message())
    assert first == again
    assert desk.listed() == [first]
    assert desk.enqueue() == ["confirmation to amina.diallo@mpt.example.org"]


def test_the_same_delivery_many_times_at_once_is_stored_once(desk: Desk) -> None:
    content_type, body = raw_post(a_message(), to=f"{SLUG}@forms.example.org")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: desk.post(content_type, body), range(8)))
    assert {answer.status for answer in answers} == {200}
    assert len(desk.listed()) == 1
    assert desk.enqueue() == ["confirmation to amina.diallo@mpt.example.org"]


def test_an_email_is_stored_byte_for_byte(desk: Desk) -> None:
    content_type, body = raw_post(a_message("Größe \udcff".encode("utf-8", "surrogateescape").decode("latin-1")))
    id = desk.post(content_type, body).json["inbound"]
    assert desk.files.get(id) == f"Content-Type: {content_type}\r\n\r\n".encode() + body


def test_the_parsed_mode_is_read_too(desk: Desk) -> None:
    headers, _, text = a_message().partition(b"\r\n\r\n")
    answer = desk.post(*parsed_post(headers, text=text, charsets={"text": "utf-8"}, to=f"{SLUG}@forms.example.org"))
    assert (answer.status, answer.json["status"]) == (200, "registered")


@pytest.mark.slow
def test_an_email_of_thirty_megabytes_is_stored(desk: Desk) -> None:
    """Far above what Flask's form parser, a Firestore document and functions-framework's own limit allow."""
    head, _, form = a_message().partition(b"\r\n\r\n")
    ballast = (b"-" * 70 + b"\r\n") * 410_000
    parts = b"\r\n--b\r\n\r\n" + form + b"\r\n--b\r\nContent-Type: text/calendar; name=a.ics\r\n\r\n" + ballast
    mixed = head.replace(b"text/plain; charset=utf-8", b"multipart/mixed; boundary=b")
    inbound = desk.came(mixed + b"\r\n" + parts)
    assert inbound.status is InboundStatus.REGISTERED
    assert ballast in (desk.files.get(inbound.id) or b"")


@ON_SQLITE
def test_thirty_megabytes_of_text_are_put_before_a_person(desk: Desk) -> None:
    inbound = desk.came(a_message() + b"\r\n" + (b"-" * 70 + b"\r\n") * 410_000)
    assert inbound.status is InboundStatus.NEEDS_REVIEW
    assert [reason.code for reason in inbound.reasons] == [ReviewReason.TOO_COMPLICATED]
    assert inbound.sender == "amina.diallo@mpt.example.org"


@ON_SQLITE
def test_what_sendgrid_did_not_sign_is_refused(desk: Desk, tmp_path: Path) -> None:
    content_type, body = raw_post(a_message())
    stranger = ec.generate_private_key(ec.SECP256R1())
    refused: dict[str, tuple[bytes, Mapping[str, str]]] = {
        "unsigned": (body, {}),
        "no signature": (body, {TIMESTAMP: signed(body)[TIMESTAMP]}),
        "no time stamp": (body, {SIGNATURE: signed(body)[SIGNATURE]}),
        "another's key": (body, signed(body, stranger)),
        "altered": (body.replace(b"Diallo", b"Diallu"), signed(body)),
        "a byte more": (body + b"\n", signed(body)),
        "empty": (b"", signed(body)),
    }
    for name, (sent, headers) in refused.items():
        answer = desk.served.ask("POST", "/", sent, {**headers, "Content-Type": content_type})
        assert (answer.status, answer.text) == (401, ""), name
    assert desk.listed() == []
    assert not (tmp_path / "messages").exists()
    assert desk.served.ask("GET", "/").status == 405
    assert desk.post(content_type, body).status == 200


@pytest.mark.slow
@ON_SQLITE
def test_any_bytes_are_stored_answered_200_and_listed(desk: Desk) -> None:

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.binary(max_size=2000), st.sampled_from(["", "multipart/form-data", "text/plain; charset=x", "raw"]))
    def any_bytes(content: bytes, content_type: str) -> None:
        posted = raw_post(content) if content_type == "raw" else (content_type, content)
        answer = desk.post(*posted)
        assert answer.status == 200
        assert answer.json["inbound"] in {one.id for one in desk.listed()}
        assert desk.files.get(answer.json["inbound"]) is not None

    any_bytes()
    assert all(one.due_at is None for one in desk.listed())


def test_answers_503_while_the_store_is_unavailable(tmp_path: Path) -> None:
    """SendGrid retries for three days."""
    content_type, body = raw_post(a_message())
    with desk_without_store(tmp_path, {SLUG: an_event(slug=SLUG)}) as desk:
        handle = partial(receive_email, desk, verification_keys(PUBLIC_KEY))
        answer = ask(handle, "POST", "/", body, signed(body) | {"Content-Type": content_type})
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")


@ON_SQLITE
def test_logs_carry_no_personal_data(desk: Desk) -> None:
    desk.came(a_message())
    desk.came(a_message("Dear Sir, when is lunch?", Message_ID="<2@mpt.example.org>"))
    logged = desk.log.read_text("utf-8")
    assert [json.loads(line)["status"] for line in logged.splitlines() if "inbound e-mail read" in line] == [
        "registered",
        "needs_review",
    ]
    assert "iallo" not in logged
    assert "lunch" not in logged
