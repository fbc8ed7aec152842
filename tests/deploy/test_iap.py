"""`make deploy-check` tells whether the staff are asked to sign in, and what is missing if not."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from deploy.iap import Answer, fetch, sign_in
from deploy.place import Place
from deploy.steps import Command, Completed, Run
from tests.support.threaded import QuietHandler, http_server

PLACE = Place("p-test", "123", "europe-west6", "registration.example.org", "on-call@example.org")


def project(**about: object) -> Run:
    def run(command: Command) -> Completed:
        assert command.argv[1:3] == ("projects", "describe")
        return Completed(True, json.dumps(about), "")

    return run


@contextmanager
def a_server(status: int, **headers: str) -> Iterator[str]:
    class Handler(QuietHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with http_server(Handler) as address:
        yield address


@pytest.mark.parametrize(
    ("status", "headers", "parent", "is_well", "said"),
    [
        (302, {"Location": "https://accounts.google.com/o/oauth2/v2/auth?x"}, {}, True, "asks who it is"),
        (302, {"Location": "https://auth.cloud.google/authorize?x"}, {}, True, "at auth.cloud.google"),
        (302, {"Location": "https://registration.example.org/register"}, {}, False, "not by Identity-Aware Proxy"),
        (302, {"Location": "https://accounts.google.com.example.org/"}, {}, False, "not by Identity-Aware Proxy"),
        (403, {}, {}, False, "answers 403, not by Identity-Aware Proxy; run `make deploy`"),
        (200, {}, {}, False, "answers 200, not by Identity-Aware Proxy"),
        (500, {"X_Goog_IAP_Generated_Response": "true"}, {"type": "organization"}, False, "consent screen is missing"),
        (500, {"X_Goog_IAP_Generated_Response": "true"}, {}, False, "in no organization"),
    ],
)
def test_what_a_browser_is_told(
    status: int, headers: dict[str, str], parent: dict[str, str], is_well: bool, said: str
) -> None:
    with a_server(status, **headers) as address:
        told = sign_in(PLACE, project(**({"parent": parent} if parent else {})), lambda _: fetch(f"{address}/staff/"))
    assert told[0] is is_well
    assert said in told[1]


def test_it_asks_for_the_desk_of_this_place() -> None:
    asked = []

    def ask(address: str) -> Answer:
        asked.append(address)
        raise ConnectionRefusedError("refused")

    is_well, said = sign_in(PLACE, project(), ask)
    assert (is_well, asked) == (False, ["https://registration.example.org/staff/"])
    assert "cannot be asked yet (refused)" in said
