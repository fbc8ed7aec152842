"""`send_due_mail`: what it sees is said, and what goes wrong keeps nothing else waiting."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, cast

import pytest

from handlers.send_due_mail import send_due_mail
from rollcall.desk.health import LOOKED_AT
from rollcall.desk.ports import EmailReader, Store
from rollcall.desk.receive import receive
from rollcall.desk.register import register
from rollcall.model.email import Email
from tests.support.builders import a_registration
from tests.support.clock import Clock
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

    def due_entries(self, limit: int) -> Sequence[str]:
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
    assert messages(capsys) == ["unexpected fault", "e-mail attempted"]
