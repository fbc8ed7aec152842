"""A file that the form's script sends by itself."""

from dataclasses import replace
from datetime import timedelta
from unittest import mock

import pytest

from rollcall.desk.desk import Desk
from rollcall.model.contribution import LARGEST_FILE
from rollcall.model.errors import StoreUnavailable
from rollcall.store.folder_uploads import FolderUploads
from tests.support.clock import Clock
from tests.support.contributing import PATH, Contributing, a_contribution, errors
from tests.support.desk import EVENT
from tests.support.served import Answer
from tests.support.uploading import Put, Sender

OURS = {"Origin": "http://localhost", "Accept": "application/json"}
CONTENT = b"Whose are they? " * 40_000


@pytest.fixture
def person(desk: Desk) -> Contributing:
    return Contributing(desk)


def begun(person: Contributing, size: int = len(CONTENT), **headers: str) -> Answer:
    return person.post(f"{PATH}/uploads", OURS | headers, name="Paper of Guinea.txt", size=str(size))


def through_us(person: Contributing, address: str) -> Put:
    def put(headers: object, piece: bytes) -> tuple[int, str]:
        answer = person._ask("PUT", address, piece, dict(headers))  # type: ignore[call-overload]
        return answer.status, answer.headers.get("Range", "")

    return put


def test_a_file_sent_in_pieces_is_taken_with_the_form(person: Contributing) -> None:
    said = begun(person).json
    sender = Sender(through_us(person, said["address"]), CONTENT)
    sender.sends_all(sender.asks())
    assert person.send(files={}, **a_contribution(), upload1=said["token"]).status == 303
    (file,) = person.all()[0].text.files
    assert (file.name, person.desk.files().get(file.id)) == ("Paper of Guinea.txt", CONTENT)


def test_half_a_file_is_not_taken_and_the_other_half_can_follow(person: Contributing) -> None:
    said = begun(person).json
    sender = Sender(through_us(person, said["address"]), CONTENT)
    at = sender.sends(0, 262_144)
    page = person.send(files={}, **a_contribution(), upload1=said["token"])
    assert (page.status, {*errors(page)}) == (422, {"file1"})
    assert sender.asks() == at == 262_144
    sender.sends_all(at)
    assert person.send(files={}, **a_contribution(), upload1=said["token"]).status == 303


@pytest.mark.parametrize("size", ["0", str(LARGEST_FILE + 1), "-1", "x", "9" * 40])
def test_a_size_that_is_not_taken(person: Contributing, size: str) -> None:
    answer = person.post(f"{PATH}/uploads", OURS, name="a.pdf", size=size)
    assert (answer.status, answer.json["detail"].startswith("A file may have at most 50 MB")) == (422, True)


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", ""])
def test_no_page_of_another_site_begins_one(person: Contributing, origin: str) -> None:
    assert begun(person, Origin=origin).status == 403


def test_once_the_event_is_over_none_begins(person: Contributing, clock: Clock) -> None:
    clock.now = EVENT.over_at + timedelta(seconds=1)
    assert begun(person).status == 422


def test_while_there_is_no_room_or_no_bucket_the_script_tries_again(person: Contributing) -> None:
    with mock.patch.object(FolderUploads, "begin", side_effect=StoreUnavailable(timedelta(seconds=5))):
        answer = begun(person)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")


def test_the_page_lets_its_script_send_to_the_bucket_and_nowhere_else(desk: Desk) -> None:
    class Elsewhere(FolderUploads):
        sends_to = "https://storage.example"

    elsewhere = replace(desk, uploads=lambda: Elsewhere(desk.uploads()._folder))  # type: ignore[attr-defined]
    policies = [
        Contributing(one).get().headers["Content-Security-Policy"].partition("connect-src ")[2]
        for one in (desk, elsewhere)
    ]
    assert policies == ["'self'", "'self' https://storage.example"]
