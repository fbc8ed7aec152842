"""E-mails that went wrong once, each with what a person expects of it (`tests/cases/emails/`).

Beside each a `.expect.json`: the statuses allowed, how many `people`, whether it may be `answered`, and words that
`must` or must `never` be in the confirmations that it brings. `then`: what the sender writes above our reply, which
`quotes` introduces where it is not quoted line by line.
"""

import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from rollcall.desk.desk import Desk
from rollcall.desk.receive import read_in, receive
from rollcall.desk.send import send_due
from rollcall.model.email import Email, EmailKind
from rollcall.model.inbound import InboundEmail, InboundStatus
from tests.support.builders import an_event
from tests.support.clock import Clock
from tests.support.desk import Postbox, a_desk, entry_of
from tests.support.inbound import raw_post, stored

EVENT = an_event()
CASES = Path(__file__).parent.parent / "cases" / "emails"
NAMES = sorted(path.stem for path in CASES.glob("*.eml"))


@pytest.mark.parametrize("name", NAMES)
def test_what_a_person_expects(name: str, tmp_path: Path) -> None:
    told = json.loads((CASES / f"{name}.expect.json").read_text("utf-8"))
    clock, postbox = Clock(datetime(2004, 1, 19, 12, tzinfo=UTC)), Postbox()
    desk = a_desk(tmp_path, clock, postbox)
    mime = (CASES / f"{name}.eml").read_bytes()
    inbound, sent = came(desk, clock, postbox, mime)
    if "then" in told:
        ours = max(sent, key=lambda email: kind(desk, email) is EmailKind.REPLY)
        inbound, sent = came(desk, clock, postbox, answer(mime, ours, told["then"], told.get("quotes")))
    confirmed = "\n".join(email.text for email in sent if kind(desk, email) is EmailKind.CONFIRMATION)
    assert inbound.status in told["status"]
    assert len(inbound.forms) >= told.get("people", 0) or inbound.status is InboundStatus.NEEDS_REVIEW
    assert not inbound.answered or told.get("answered", True)
    assert [words for words in told.get("never", []) if words in confirmed] == []
    if confirmed or inbound.status is InboundStatus.REGISTERED:
        assert [words for words in told.get("must", []) if words not in confirmed] == []


def came(desk: Desk, clock: Clock, postbox: Postbox, mime: bytes) -> tuple[InboundEmail, list[Email]]:
    """What came of an e-mail, and the e-mails that went out then."""
    before = len(postbox.messages)
    inbound = read_in(desk, receive(desk, stored(*raw_post(mime))))
    assert inbound is not None
    clock.forward(timedelta(minutes=2))
    list(send_due(desk))
    return inbound, postbox.messages[before:]


def answer(mime: bytes, ours: Email, said: str, quotes: str | None) -> bytes:
    sender: Any = message_from_bytes(mime, policy=policy.default)["From"]
    quoted = "".join(f"> {line}\n" for line in ours.text.splitlines())
    quoted = f"{quotes}\n\n{ours.text}" if quotes else f"On Mon, 19 Jan 2004, Registration wrote:\n\n{quoted}"
    head = f"From: {sender}\nTo: intgov04@forms.example.org\nSubject: Re: Form\nMessage-ID: <then@case.example.org>\n"
    head += f"In-Reply-To: <{ours.email_id}@desk.example.org>\nContent-Type: text/plain; charset=utf-8\n\n"
    return f"{head}{said}\n{quoted}".encode()


def kind(desk: Desk, email: Email) -> EmailKind:
    return entry_of(desk, email.email_id).kind
