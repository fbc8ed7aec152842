"""wrk posts forms of different people and counts the answers."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from bench.load import Load, load_from, post_forms
from bench.subjects import FORM, NUMBER
from schemas.form import read_form
from tests.support.builders import an_event
from tests.support.left_out import leave_out
from tests.support.threaded import QuietHandler, http_server


@dataclass
class Desk:
    """A server that answers every form 201, except one where `refuses` says which."""

    url: str
    forms: list[dict[str, Any]] = field(default_factory=list)
    refuses: int | None = None


@contextmanager
def _served() -> Iterator[Desk]:
    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            served.forms.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if len(served.forms) == served.refuses else 201)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

    with http_server(Handler) as address:
        served = Desk(f"{address}/")
        yield served


@pytest.fixture
def desk() -> Iterator[Desk]:
    if not shutil.which("wrk"):
        leave_out("the bench's load: wrk is not installed")
    with _served() as served:
        yield served


@pytest.mark.slow
def test_every_form_is_another_persons_and_acceptable(desk: Desk) -> None:
    load = post_forms(desk.url, FORM, NUMBER, connections=2, seconds=1)
    people = {(form["first_name"], form["email"]) for form in desk.forms}
    assert len(people) == len(desk.forms)
    assert 0 < len(desk.forms) - load.created <= 2, "unanswered at the end"
    assert load.seconds >= 0.9
    assert 0 < load.p50 <= load.p90 <= load.p99 < load.seconds * 1000

    assert read_form(an_event(), desk.forms[-1]).email == desk.forms[-1]["email"]


@pytest.mark.slow
def test_a_refused_form_ends_the_bench(desk: Desk) -> None:
    desk.refuses = 20
    with pytest.raises(SystemExit, match=r'"refused": 1.* 500 \{\}'):
        post_forms(desk.url, FORM, NUMBER, connections=1, seconds=1)


def test_reads_the_scripts_output() -> None:
    said = '{"created": 30, "refused": 0, "lost": 0, "seconds": 2.0, "p50": 1.5, "p90": 2.5, "p99": 9.0}\n'
    assert load_from(said) == Load(created=30, seconds=2.0, p50=1.5, p90=2.5, p99=9.0)
    assert load_from(said).rate == 15


def test_a_lost_form_ends_the_bench() -> None:
    said = '{"created": 30, "refused": 0, "lost": 1, "seconds": 2.0, "p50": 1.5, "p90": 2.5, "p99": 9.0}\n'
    with pytest.raises(SystemExit, match='"lost": 1'):
        load_from(said)
