"""The corpus of e-mails in `tests/mails/`: what is read in each, and what becomes of it at the desk.

Beside each a `.toml` says what it is, and what is expected:
- `envelope_from` (else From's address), `spf` (else pass), `dkim` (else none), `spam_score` (else absent): what
  SendGrid says of it; `now`: when it is read (else noon UTC of 2 February 2004);
- `sign`: why no reply is sent (`automatic`, `unproven`, `spam`);
- `status`, `late`, `mails`: what became of it, and the e-mails that go out because of it;
- `forms`: how each stands, what is `missing` in it, and its answers (a date as it was understood); one without
  `status` is the echo of an e-mail of ours: its person is registered before, and the desk ignores it;
- `not_read`: the attachments in which no form could be read.
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from rollcall.desk.desk import Desk
from rollcall.desk.receive import read_in, receive
from rollcall.desk.register import register
from rollcall.inbound.reading import read
from rollcall.model.email import EmailKind
from rollcall.model.inbound import ParsedEmail, ParsedForm
from rollcall.record import from_json, to_json
from rollcall.store.firestore import FirestoreStore
from schemas.form import read_form, written
from tests.support.builders import an_event, desk_with
from tests.support.clock import Clock
from tests.support.desk import Postbox, a_desk
from tests.support.inbound import parsed_post, raw_post, stored

EVENT = an_event()
MAILS = Path(__file__).parent.parent / "mails"
NAMES = sorted(path.stem for path in MAILS.glob("*.eml"))
every_mail = pytest.mark.parametrize("name", NAMES)


def test_every_mail_says_what_is_expected() -> None:
    assert sorted(path.stem for path in MAILS.glob("*.toml")) == NAMES
    assert len(NAMES) >= 60


def expected(name: str) -> dict[str, Any]:
    return tomllib.loads((MAILS / f"{name}.toml").read_text("utf-8"))


def posted_raw(name: str) -> bytes:
    """The mail as it is kept, posted in "send raw" mode."""
    return stored(*raw_post((MAILS / f"{name}.eml").read_bytes(), **checks(expected(name))))


def checks(told: Mapping[str, Any]) -> dict[str, Any]:
    """What SendGrid says of it, where it is told."""
    said = {name: told[name] for name in ("spf", "dkim", "spam_score") if name in told}
    return said | ({"sender": told["envelope_from"]} if "envelope_from" in told else {})


@every_mail
def test_it_is_read(name: str) -> None:
    email = read(posted_raw(name), EVENT)
    assert_read(email, expected(name))
    assert from_json(ParsedEmail, to_json(email)) == email


def assert_read(reading: ParsedEmail, told: Mapping[str, Any]) -> None:
    found = [(answers(form), sorted(form.faults)) for form in reading.forms]
    assert found == [(form.get("answers", {}), sorted(form.get("missing", []))) for form in told.get("forms", [])]
    assert list(reading.not_read) == told.get("not_read", [])
    signs = {"automatic": reading.automatic, "unproven": reading.unproven, "spam": reading.spam}
    assert (told["sign"] in signs and signs[told["sign"]]) if "sign" in told else not any(signs.values())


def answers(form: ParsedForm) -> dict[str, str]:
    """As they are stored; of a form with something missing, as they were read."""
    return (
        written(form.registration) if form.registration else {name: text for name, text in form.answers.items() if text}
    )


FIELDS = {"text/plain": "text", "text/html": "html"}
"""SendGrid's name of a field by what is in it."""
KINDS = {"multipart/mixed", "multipart/alternative", *FIELDS, "application/pdf", "text/csv"}


def parts_of(name: str) -> list[Message]:
    return list(message_from_bytes((MAILS / f"{name}.eml").read_bytes()).walk())


def splits_plainly(name: str) -> bool:
    """Whether there is one way only to split it into a text, an HTML and files."""
    parts = parts_of(name)
    declared = all("Content-Type" in part and part.get_content_type() in KINDS for part in parts)
    return declared and not any(part.defects for part in parts)


PLAIN_ONES = [name for name in NAMES if splits_plainly(name)]


def test_most_mails_are_read_in_parsed_mode_too() -> None:
    assert len(PLAIN_ONES) >= 60


@pytest.mark.parametrize("name", PLAIN_ONES)
def test_it_is_read_in_parsed_mode(name: str) -> None:
    assert_read(read(posted_parsed(name), EVENT), expected(name))


def posted_parsed(name: str) -> bytes:
    """The mail as it is kept, posted in parsed mode: SendGrid undoes the transfer encoding, and names the charset."""
    mime = (MAILS / f"{name}.eml").read_bytes()
    headers = re.split(rb"\r?\n\r?\n", mime, maxsplit=1)[0] + b"\n"
    leaves = [part for part in parts_of(name) if not part.is_multipart()]
    shown = {
        {"plain": "text", "html": "html"}[part.get_content_subtype()]: part
        for part in leaves
        if not part.get_filename()
    }
    texts = {kind: content(part) for kind, part in shown.items()}
    return stored(
        *parsed_post(
            headers,
            text=texts.get("text"),
            html=texts.get("html"),
            charsets={field: str(part.get_content_charset("us-ascii")) for field, part in shown.items()},
            files=[(file, part.get_content_type(), content(part)) for part in leaves if (file := part.get_filename())],
            **checks(expected(name)),
        )
    )


def content(part: Message) -> bytes:
    decoded = part.get_payload(decode=True)
    assert isinstance(decoded, bytes)
    return decoded


def desk_on(kind: str, folder: Path, now: datetime, request: pytest.FixtureRequest) -> Desk:
    """A desk of real parts, on which it is now so late."""
    if kind == "sqlite":
        return a_desk(folder, Clock(now))
    store = FirestoreStore(request.getfixturevalue("project"), shift=now - datetime.now(UTC))
    return desk_with(store, Postbox().post, folder / "messages", events={EVENT.slug: EVENT})


ON_FIRESTORE = (
    "001-plain-labels",
    "029-delegation-of-three",
    "032-delegation-one-incomplete",
    "040-arabic",
    "054-question-beneath-our-confirmation",
    "083-form-and-paper",
    "117-null-bytes",
    "122-auto-submitted-with-form",
    "132-spf-fail",
    "145-after-the-deadline",
)
"""One of each outcome, and of what a store may refuse or change."""


@pytest.mark.parametrize(
    ("kind", "name"), [*(("sqlite", name) for name in NAMES), *(("firestore", name) for name in ON_FIRESTORE)]
)
def test_what_comes_of_it(kind: str, name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    told = expected(name)
    desk = desk_on(kind, tmp_path, told.get("now", datetime(2004, 2, 2, 12, tzinfo=UTC)), request)
    forms = told.get("forms", [])
    for echo in (form for form in forms if "status" not in form):
        register(desk, EVENT, read_form(EVENT, echo["answers"]))
    pending_before = pending(desk)
    inbound = read_in(desk, receive(desk, posted_raw(name)))
    assert inbound is not None
    assert inbound.status == told["status"]
    assert [form.status for form in inbound.forms] == [form["status"] for form in forms if "status" in form]
    assert pending(desk) == sorted([*pending_before, *told["mails"]])
    assert (inbound.received_at > EVENT.closes_at) == told.get("late", False)
    assert list(inbound.not_read) == told.get("not_read", [])


def pending(desk: Desk) -> list[str]:
    """The e-mails due to those who wrote and those who register; the staff digest is left out."""
    entries = desk.store.unsent_entries(EVENT.slug, None, 99)
    return sorted(f"{entry.kind} to {entry.to}" for entry in entries if entry.kind is not EmailKind.STAFF_DIGEST)
