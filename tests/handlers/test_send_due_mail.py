"""`send_due_mail`: what it sees is said, and what goes wrong keeps nothing else waiting."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn, cast

import pytest

from handlers.send_due_mail import send_due_mail
from rollcall.desk.health import LOOKED_AT
from rollcall.desk.ports import EmailReader, Store
from rollcall.desk.receive import receive
from rollcall.desk.register import register
from rollcall.model.email import Email, OutboxEntry
from tests.support.builders import a_registration
from tests.support.clock import Clock
from tests.support.contributions import sent_in
from tests.support.desk import EVENT, Postbox, a_desk
from tests.support.scheduler import POST


class Killed(BaseException):
    """What the platform does to an instance that takes too long, or too much memory."""


class Killing(Postbox):
    """A poster that nobody survives."""

    def post(self, message: Email) -> NoReturn:
        raise Killed


class UnreadableToWhoLooks:
    """A store in which something is that the look at it cannot take."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return cast(Callable[..., Any], getattr(self._store, name))

    def due_entries(self, limit: int) -> Mapping[str, OutboxEntry | None]:
        if limit == LOOKED_AT:
            raise ValueError("a record that cannot be read")
        return self._store.due_entries(limit)


def messages(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [json.loads(line)["message"] for line in capsys.readouterr().out.splitlines()]


def test_mails_go_out_though_a_message_kills_its_reader(tmp_path: Path, clock: Clock) -> None:
    postbox = Postbox()
    desk = a_desk(tmp_path, clock, postbox)
    register(desk, EVENT, a_registration())
    receive(desk, b"any")

    def killed() -> EmailReader:
        raise Killed

    with pytest.raises(Killed):
        send_due_mail(replace(desk, reader=killed), POST)
    assert len(postbox.messages) == 1


def test_a_sweep_that_does_not_get_to_its_end_was_seen(
    tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = a_desk(tmp_path, clock, Killing())
    register(desk, EVENT, a_registration())
    with pytest.raises(Killed):
        send_due_mail(desk, POST)
    assert messages(capsys) == ["outbox checked"]


def test_mails_go_out_though_nobody_can_look(tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    postbox = Postbox()
    desk = a_desk(tmp_path, clock, postbox)
    register(desk, EVENT, a_registration())
    unreadable = replace(desk, store=cast(Store, UnreadableToWhoLooks(desk.store)))
    assert send_due_mail(unreadable, POST).status_code == 200
    assert len(postbox.messages) == 1
    assert messages(capsys)[:2] == ["unexpected fault", "e-mail attempted"]


class Broken:
    """A store of which these methods fail."""

    def __init__(self, store: Store, *names: str) -> None:
        self._store = store
        self._names = names

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name in self._names:
            raise ValueError("a record that cannot be read")
        return cast(Callable[..., Any], getattr(self._store, name))


def test_a_contribution_has_its_number_and_its_receipt_in_the_same_minute(
    tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    postbox = Postbox()
    desk = a_desk(tmp_path, clock, postbox)
    sent_in(desk)
    assert send_due_mail(desk, POST).status_code == 200
    assert [one.subject for one in postbox.messages] == ["Received: INTGOV04-C/1, " + EVENT.title]
    logged = capsys.readouterr().out
    assert '"contribution numbered"' in logged
    assert "mpt.example.org" not in logged


@pytest.mark.parametrize("broken", ["contributions_without_receipts", "due_publications", "due_entries"])
def test_a_fault_with_one_thing_keeps_no_other_waiting(
    tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str], broken: str
) -> None:
    postbox = Postbox()
    desk = a_desk(tmp_path, clock, postbox)
    register(desk, EVENT, a_registration())
    send_due_mail(replace(desk, store=cast(Store, Broken(desk.store, broken))), POST)
    assert "unexpected fault" in messages(capsys)
    assert len(postbox.messages) == (0 if broken == "due_entries" else 1)


def test_a_contribution_that_waits_for_its_number_is_seen(
    tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = a_desk(tmp_path, clock)
    sent_in(desk)
    clock.forward(timedelta(minutes=7, seconds=1))
    send_due_mail(desk, POST)
    [checked] = [one for one in map(json.loads, capsys.readouterr().out.splitlines()) if "circuit_open" in one]
    assert checked["longest_waiting_seconds"] == 420
