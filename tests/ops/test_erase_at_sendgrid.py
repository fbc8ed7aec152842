"""Erasing at SendGrid: whom, in which requests, and what is said of what it refuses."""

import io
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rollcall.desk.desk import Desk
from rollcall.desk.register import register
from rollcall.ops.__main__ import main
from rollcall.ops.erase_at_sendgrid import addresses_of, erase_at_sendgrid
from tests.support.builders import a_registration
from tests.support.contributions import EVENT
from tests.support.erasing_sendgrid import KEY, ErasingSendGrid, erasing_sendgrid
from tests.support.much_held import FOCAL, OWN, PRIVATE, emailed, much_held

Ran = tuple[object, dict[str, Any]]


@pytest.fixture
def sendgrid() -> Iterator[ErasingSendGrid]:
    with erasing_sendgrid() as there:
        yield there
    assert there.faults == []


class Commands:
    def __init__(
        self, sendgrid: ErasingSendGrid, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.patch, self.capsys = patch, capsys
        for name, value in (("SENDGRID_HOST", sendgrid.url), ("SENDGRID_ERASURE_KEY", KEY)):
            patch.setenv(name, value)

    def __call__(self, *arguments: str, given: str = "") -> Ran:
        self.patch.setattr(sys, "stdin", io.StringIO(given))
        with pytest.raises(SystemExit) as ended:
            main(["erase-at-sendgrid", "--json", *arguments])
        return ended.value.code, json.loads(self.capsys.readouterr().out)


@pytest.fixture
def run(sendgrid: ErasingSendGrid, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(sendgrid, monkeypatch, capsys)


def test_addresses_are_erased_each_once_as_they_were_posted(run: Commands, sendgrid: ErasingSendGrid) -> None:
    given = "a@example.org\n\n  b@bücher.example \na@example.org\n"
    code, said = run("--yes", given=given)
    assert (code, said["addresses"], said["jobs"]) == (0, 2, ["job-1"])
    assert sendgrid.erased == [["a@example.org", "b@xn--bcher-kva.example"]]


def test_without_a_yes_it_says_how_many_and_erases_nobody(run: Commands, sendgrid: ErasingSendGrid) -> None:
    code, said = run(given="a@example.org\nb@example.org\n")
    assert (code, said["error"]["code"], said["error"]["addresses"]) == (1, "not_agreed", 2)
    assert "SendGrid: 2, in requests: 1" in said["error"]["message"]
    assert sendgrid.erased == []


@pytest.mark.parametrize(("count", "length", "requests"), [(5_000, 10, 1), (5_001, 10, 2), (5_000, 200, 5)])
def test_no_request_has_too_many_or_too_much(sendgrid: ErasingSendGrid, count: int, length: int, requests: int) -> None:
    addresses = [f"{number:05}@{'x' * min(length, 60)}.{'y' * max(length - 60, 1)}.example" for number in range(count)]
    answer = erase_at_sendgrid(addresses, KEY, sendgrid.url, agrees=True)
    assert len(sendgrid.erased) == requests
    assert [one for batch in sendgrid.erased for one in batch] == addresses
    assert f"addresses: {count}" in answer.text


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (
            400,
            {"errors": [{"message": "Email_address x@y is not valid", "field": "email_addresses"}]},
            "x@y is not valid",
        ),
        (403, {"errors": [{"message": "Not authorized", "field": ""}]}, "recipients.erasejob.create"),
        (404, None, "answered 404"),
        (429, {}, "17 seconds"),
        (500, "<html>", "answered 500"),
    ],
)
def test_a_refusal_says_why_and_what_is_done(
    run: Commands, sendgrid: ErasingSendGrid, status: int, body: object, said: str
) -> None:
    sendgrid.refusals.append((status, body))
    code, answer = run("--yes", given="a@example.org")
    assert (code, answer["error"]["code"], answer["error"]["jobs"]) == (1, "not_erased", [])
    assert said in answer["error"]["message"]
    assert "0 of 1 requests were accepted before; all may be repeated" in answer["error"]["message"]


def test_a_wrong_key_and_a_sendgrid_that_is_away(run: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value, said in (
        ("SENDGRID_ERASURE_KEY", "SG.another", "answered 401"),
        ("SENDGRID_HOST", "http://127.0.0.1:1", "could not be reached"),
        ("SENDGRID_ERASURE_KEY", "", "SENDGRID_ERASURE_KEY"),
        ("SENDGRID_REGION", "EU", "neither global nor eu"),
    ):
        monkeypatch.setenv(name, value)
        code, answer = run("--yes", given="a@example.org")
        assert code == 1
        assert said in answer["error"]["message"]
        assert "SG." not in answer["error"]["message"]


def test_what_is_no_address_is_named_by_its_line(run: Commands, sendgrid: ErasingSendGrid) -> None:
    code, said = run("--yes", given="a@example.org\nAmina Diallo\n")
    assert (code, said["error"]["code"]) == (1, "not_an_address")
    assert "Line 2" in said["error"]["message"]
    assert "Amina" not in said["error"]["message"]
    assert sendgrid.erased == []


def test_of_an_event_all_to_whom_an_e_mail_may_have_gone_but_the_staff(desk: Desk) -> None:
    much_held(desk)
    register(desk, EVENT, a_registration(first_name="Of the staff", email=EVENT.secretariat))
    at_home = replace(desk, events={EVENT.slug: EVENT})
    assert emailed(at_home, "root@[127.0.0.1]", "Is there a bus?").sender == "root@[127.0.0.1]"
    found = set(addresses_of(desk.store, EVENT))
    assert {OWN, PRIVATE, "ami@home.example", FOCAL} <= found
    assert not found & set(EVENT.staff_addresses)
    assert not found & {"", "root@[127.0.0.1]"}
