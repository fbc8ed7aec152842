"""`send_due_mail`, where a message that came in takes more than there is."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from handlers.send_due_mail import send_due_mail
from rollcall.desk.desk import Inbox
from rollcall.desk.receiving import receive
from rollcall.desk.registering import register
from tests.builders import a_registration
from tests.conftest import Clock
from tests.desk.test_registering import EVENT, Postbox, a_desk


class Killed(BaseException):
    """What the platform does to an instance that takes too long, or too much memory."""


def test_mails_go_out_though_a_message_kills_its_reader(tmp_path: Path, clock: Clock) -> None:
    postbox = Postbox()
    desk = a_desk(tmp_path, clock, postbox)
    register(desk, EVENT, a_registration())
    receive(desk, b"any")

    def killed() -> Inbox:
        raise Killed

    with pytest.raises(Killed):
        send_due_mail(replace(desk, inbox=killed), Request(EnvironBuilder(method="POST").get_environ()))
    assert len(postbox.messages) == 1
