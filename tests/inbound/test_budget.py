"""The budget of reading one e-mail: whatever it does to its reader, a person looks at it, and the function lives on."""

import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rollcall.budget import Budget, ChildBroken, end_waiting, told
from rollcall.desk.receive import read_in, receive
from rollcall.inbound import reading
from rollcall.inbound.reader import InboxReader, Order, Setting
from rollcall.model.event import SMOKE_TEST
from rollcall.model.inbound import Doubt, FormStatus, InboundForm, InboundStatus, Reason, ReviewReason
from rollcall.record import from_json, to_json
from tests.support.bombs import FROM, KINDS
from tests.support.builders import a_form_in_text, an_event
from tests.support.clock import Clock
from tests.support.desk import Postbox, a_desk
from tests.support.inbound import raw_post, stored

EVENT = an_event()
MAILS = Path(__file__).parent.parent / "mails"
SUBJECT = "Registration of Amina Diallo"
TOO_COMPLICATED = Reason(ReviewReason.TOO_COMPLICATED)
SMALL = Budget(cpu=1)


def posted(mime: bytes) -> bytes:
    return stored(*raw_post(mime))


def a_message(text: str = a_form_in_text()) -> bytes:
    head = f"From: Amina Diallo <amina@mpt.example.org>\r\nSubject: {SUBJECT}\r\n"
    return f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}".encode()


class Provoked:
    """Children in which what reads an e-mail does this, as a library or an expression might."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self._monkeypatch, self._folder = monkeypatch, folder

    def __call__(self, does: str, within: str = "read") -> None:
        head = "import os, re, time\nfrom rollcall.inbound import reading\n"
        said = f"{head}def _does(*_): {does}\nreading.{within} = _does\n"
        (self._folder / "sitecustomize.py").write_text(said)
        self._monkeypatch.syspath_prepend(str(self._folder))


@pytest.fixture
def provoked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Provoked:
    return Provoked(monkeypatch, tmp_path)


class TestWhatComesOutOfTheChild:
    @pytest.mark.parametrize("name", ["001-plain-labels", "086-twenty-seven-attachments"])
    def test_it_is_what_is_read_in_this_process(self, name: str) -> None:
        raw = posted((MAILS / f"{name}.eml").read_bytes())
        end_waiting()
        for _ in range(2):  # as the first, and when it has made ready for others
            assert InboxReader().read(raw, EVENT) == reading.read(raw, EVENT)
        assert InboxReader().attachments(raw) == reading.attachments(raw)

    def test_what_we_asked_about_comes_along(self) -> None:
        asked = InboundForm(FormStatus.INCOMPLETE, None, {"family_name": "Diallo"}, doubts={Doubt.QUOTED: ("email",)})
        raw = posted(a_message("Organization: Telecom\n"))
        (form,) = InboxReader().read(raw, EVENT, asked).forms
        assert form.answers["family_name"] == "Diallo"
        assert form.answers["organization"] == "Telecom"

    @pytest.mark.parametrize("event", [EVENT, SMOKE_TEST, replace(EVENT, starts=EVENT.opens_at, ends=EVENT.closes_at)])
    def test_no_detail_of_the_setting_is_lost(self, event: object) -> None:
        setting = Setting(event)  # type: ignore[arg-type]
        assert from_json(Setting, to_json(setting)) == setting


class TestOverBudget:
    @pytest.mark.parametrize(
        "does",
        [
            "exec('while True: pass')",
            "re.fullmatch('(a|aa)+b', 'a' * 99)",
            "bytearray(10**9)",
            "return 'x' * 2_000_000",
            "os.abort()",
            "os.kill(os.getpid(), 9)",
            "raise BaseException",
        ],
        ids=["a loop", "an expression", "memory", "its answer", "a fault in a library", "killed", "a panic"],
    )
    def test_a_person_gets_to_see_whose_it_is(self, provoked: Provoked, does: str) -> None:
        provoked(does)
        read = InboxReader(Budget(cpu=1, answer=1_000_000)).read(posted(a_message()), EVENT)
        assert (read.sender, read.subject, read.unproven) == ("amina@mpt.example.org", SUBJECT, TOO_COMPLICATED)
        assert read.text.startswith("Title")
        assert read.forms == ()

    def test_the_kernel_ends_it_at_its_processor_time(self, provoked: Provoked) -> None:
        provoked("exec('while True: pass')")
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        InboxReader(SMALL).read(posted(a_message()), EVENT)
        end_waiting()  # since then what it used is told
        assert SMALL.cpu < resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < SMALL.cpu + 5  # to start

    def test_one_that_waits_is_ended_by_the_clock(self, provoked: Provoked) -> None:
        provoked("time.sleep(600)")
        began = time.monotonic()
        read = InboxReader(Budget(patience=1)).read(posted(a_message()), EVENT)
        assert read.unproven == TOO_COMPLICATED
        assert time.monotonic() - began < 60

    def test_even_what_it_says_first_may_be_too_much(self, provoked: Provoked) -> None:
        provoked("exec('while True: pass')", within="begin")
        assert InboxReader(SMALL).read(posted(a_message()), EVENT).unproven == TOO_COMPLICATED

    def test_no_attachments_are_at_hand(self, provoked: Provoked) -> None:
        provoked("bytearray(10**9)", within="attachments")
        assert InboxReader(SMALL).attachments(posted(a_message())) == ()

    def test_memory_that_runs_out_in_one_part_is_no_part_without_a_form(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Else the rest would be registered as if it were all."""

        def provoked(*_: object) -> None:
            raise MemoryError

        monkeypatch.setattr("rollcall.inbound.forms.read_text", provoked)
        with pytest.raises(MemoryError):
            reading.read(posted(a_message()), EVENT)

    def test_a_child_that_does_not_start_is_a_fault_of_ours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("rollcall.budget.to_json", lambda _: b"no order")
        with pytest.raises(ChildBroken):
            InboxReader().read(posted(a_message()), EVENT)


class TestTheProgramThatWaits:
    @pytest.fixture(autouse=True)
    def numbered(self, provoked: Provoked) -> None:
        provoked("reading.seen = getattr(reading, 'seen', 0) + 1; return [os.getppid(), reading.seen]", "attachments")

    def waiting(self) -> int:
        number, seen = from_json(tuple[int, ...], told("rollcall.inbound.child", Budget(), Order())[0])
        assert seen == 1  # nothing of another e-mail
        return int(number)

    def test_it_is_started_once_and_reads_nothing_itself(self) -> None:
        assert self.waiting() == self.waiting()

    def test_where_it_was_killed_another_is_started(self) -> None:
        killed = os.pidfd_open(before := self.waiting())
        os.kill(before, signal.SIGKILL)
        select.select([killed], [], [])
        os.close(killed)
        assert self.waiting() != before

    def test_it_ends_with_the_function(self) -> None:
        ours = "from rollcall.budget import *; from rollcall.inbound.reader import Order; import os\n"
        ours += "print(told('rollcall.inbound.child', Budget(), Order())[0].decode(), flush=True); input()"
        command = [sys.executable, "-c", ours]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with subprocess.Popen(command, stdin=-1, stdout=-1, env=environment, text=True) as function:
            assert function.stdin
            assert function.stdout
            its = os.pidfd_open(json.loads(function.stdout.readline())[0])
            function.kill()
        assert select.select([its], [], [], 60)[0]
        os.close(its)


def test_the_child_has_no_key_of_ours(provoked: Provoked, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LINK_KEY", "SENDGRID_API_KEY", "SENDGRID_PARSE_KEY", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.setenv(name, "secret")
    provoked("return [repr(dict(os.environ)).encode().decode()]", within="attachments")
    (environment,) = from_json(tuple[str, ...], told("rollcall.inbound.child", Budget(), Order())[0])
    assert "PYTHONPATH" in environment
    assert "secret" not in environment


def test_it_is_put_before_a_person_at_once_whole(tmp_path: Path, clock: Clock, provoked: Provoked) -> None:
    provoked("exec('while True: pass')")
    desk = replace(a_desk(tmp_path, clock, Postbox()), reader=lambda: InboxReader(SMALL))
    raw = posted(a_message())
    id = receive(desk, raw)
    inbound = read_in(desk, id)
    assert inbound is not None
    assert (inbound.status, inbound.reasons) == (InboundStatus.NEEDS_REVIEW, (TOO_COMPLICATED,))
    assert (inbound.due_at, inbound.attempts, inbound.answered) == (None, 1, False)
    assert desk.files().get(id) == raw
    assert {entry.kind for entry in desk.store.unsent_entries(inbound.event, None, 9)} == {"staff-digest"}


def test_of_more_than_twenty_files_none_is_registered_alone() -> None:
    text = a_form_in_text().encode()
    part = b"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=form.txt\r\n\r\n"
    head = b"From: a@example.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    within = b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + head.replace(b"=b\r", b"=c\r")
    for number, why in ((20, None), (21, Reason(ReviewReason.TOO_MANY_FILES))):
        nested = within + (part + text).replace(b"--b", b"--c") + b"\r\n--c--\r\n"
        read = reading.read(posted(head + (part + text + b"\r\n") * (number - 1) + nested + b"--b--"), EVENT)
        assert read.unproven == why
        assert read.forms


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_kind_of_e_mail_takes_more_than_its_budget(kind: Callable[[int], bytes]) -> None:
    """Small ones in a small budget; `bench/messages.py` has those of 30 MB."""
    raw = posted(kind(KINDS[kind][0]))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    read = InboxReader(SMALL).read(raw, EVENT)
    end_waiting()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < SMALL.cpu + 3  # to start
    assert read.sender == FROM
