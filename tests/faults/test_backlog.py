"""A backlog, and two sweeps that begin at once, each in a process of its own: every e-mail is sent, and none twice."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from rollcall.desk.limits import Limits
from tests.support.builders import a_form, write_open_event
from tests.support.sendgrid_api import answers, sendgrid_api
from tests.support.served import function
from tests.support.stores import store_settings

ENTRIES = 90


@pytest.mark.slow
@pytest.mark.parametrize("db", ["sqlite", "firestore"], indirect=True)
def test_two_sweeps_at_once_send_each_e_mail_once(db: dict[str, str], events_folder: Path) -> None:
    write_open_event(events_folder, slug="open")
    both = threading.Barrier(Limits().senders + 1, timeout=15)

    def waits(handler: BaseHTTPRequestHandler) -> None:
        both.wait()  # more than one sweep sends at once: both are at it
        answers(202, {}, b"")(handler)

    with sendgrid_api() as api, ExitStack() as stack:
        environment = {
            "EVENTS": str(events_folder),
            "SENDGRID_API_KEY": "SG.key",
            "SENDGRID_HOST": api.url,
            "MAIL_FROM": "registration@rollcall.example",
            **db,
        }
        register = stack.enter_context(function("register", **environment))
        sweeps = [stack.enter_context(function("send_due_mail", **environment)) for _ in range(2)]
        for number in range(ENTRIES):
            form = a_form(first_name=str(number), email=f"{number}@mpt.example.org")
            assert register.post_json("/register/open", form).status == 201
        api.answers += [waits] * (Limits().senders + 1)
        with ThreadPoolExecutor(2) as pool:
            swept = list(pool.map(lambda sweep: sweep.ask("POST", "/").json["emails"], sweeps))
    posted = Counter(body["personalizations"][0]["custom_args"]["email_id"] for body in api.bodies)
    assert set(posted.values()) == {1}
    assert len(posted) == ENTRIES
    assert sum((Counter(entries) for entries in swept), Counter()) == {"sent": ENTRIES}
    assert api.faults == []


@pytest.fixture
def db(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """Where the store is."""
    return store_settings(request, tmp_path)
