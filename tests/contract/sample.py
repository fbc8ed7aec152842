"""Sample books: one of everything that a store can hold, written through its ports; and the books as text.

`samples/<number>/` has them as each version wrote them, in Firestore (`firestore.json`, by path) and in SQLite
(`books.sql`). `python -m tests.contract.sample` writes those of today's code into the next folder. What a version that
was released wrote stays as it is.
"""

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from google.cloud import firestore

from rollcall.desk.desk import Store
from rollcall.local.emulator import firestore_emulator
from rollcall.model.email import AT_ONCE, Attempt, AttemptOutcome, Mail, MailKind, MailQueue, MailRecord, MailState
from rollcall.model.inbound import FormStanding, Incoming, ReadForm, Standing
from rollcall.model.intake import Closing, EarlierDeadline
from rollcall.model.registration import Key, Registration, Sign
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import an_event

SAMPLES = Path(__file__).parent / "samples"
NOON = datetime(2004, 2, 2, 12, 0, 0, 70, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
EVENT = an_event(slug="sample", opens_at=NOON - 9 * DAY, closes_at=NOON + 9 * DAY)
OPEN = replace(EVENT, slug="open")

FULL = Registration(
    family_name="Nguyễn",
    first_name="Thị Mai",
    email="mai@mpt.example.org",
    category="member-state",
    answers={
        "title": "Ms.",
        "address": "BP 3000\nHà Nội\r\n\u2028",
        "at": "noon",
        "due_at": "",
        "signature": "登録 🙂",
    },
    e164={"tel": "+22430411331"},
    signed_on=date(2004, 2, 1),
)
SPARE = Registration("Sukarno", "", "sukarno@example.org", "associate", {})

PEOPLE = {"A": (FULL, None, NOON - 3 * HOUR), "B": (SPARE, Key("a key", NOON + 30 * DAY), None)}
"""By id: the registration, the key it came under, when its message came."""
KEPT = {"C": (FULL, Sign.HIDDEN_FIELD), "D": (SPARE, Sign.TOO_FAST)}
PAGE = ["A", "B"]
CLOSING = Closing(2, "ab" * 32, 1)
MOVED_TO = (EVENT.closes_at + DAY, EVENT.closes_at + 2 * DAY)
HISTORY = (EarlierDeadline(EVENT.closes_at, NOON), EarlierDeadline(MOVED_TO[0], NOON + HOUR))
QUEUE = MailQueue(NOON, NOON - HOUR, NOON + HOUR, held_times=3, our_fault=True, note="401 unauthorized")


def _mail(id: str, kind: MailKind = MailKind.CONFIRMATION, about: str | None = None, **more: Any) -> Mail:
    return Mail(f"sample.{id}", kind, "sample", "Mai@MPT.example.org", about, **more)


def _attempts(*outcomes: AttemptOutcome) -> tuple[Attempt, ...]:
    return tuple(Attempt(f"{n:016x}", NOON + n * HOUR, outcome, f"note {n}") for n, outcome in enumerate(outcomes))


CONFIRMATIONS = {id: _mail(f"{id}.confirmation", about=id) for id in PEOPLE}
_THREAD = ("<one@example.org>", "<two@example.org>")
MAILS = (
    MailRecord(CONFIRMATIONS["A"], MailState.DELIVERED, None, _attempts(AttemptOutcome.TAKEN)),
    MailRecord(CONFIRMATIONS["B"]),
    MailRecord(
        _mail("different", MailKind.DIFFERENT_FORM, "A"),
        MailState.SENDING,
        NOON + HOUR,
        _attempts(AttemptOutcome.NOT_TAKEN, AttemptOutcome.PUT_OFF, AttemptOutcome.UNDER_WAY),
    ),
    MailRecord(_mail("roster.1", MailKind.ROSTER), due_at=AT_ONCE),
    MailRecord(
        _mail("roster.2", MailKind.ROSTER),
        MailState.IN_DOUBT,
        NOON + DAY,
        _attempts(AttemptOutcome.HELD, AttemptOutcome.IN_DOUBT),
    ),
    MailRecord(_mail("needs", MailKind.NEEDS_A_PERSON, not_before=NOON + DAY), due_at=NOON + DAY),
    MailRecord(
        _mail("reply", MailKind.REPLY, incoming_id="M1", thread=_THREAD),
        MailState.BOUNCED,
        None,
        _attempts(AttemptOutcome.TAKEN),
        "550 no such mailbox",
    ),
    MailRecord(_mail("dropped"), MailState.DROPPED, None, _attempts(AttemptOutcome.TAKEN), "Bounced Address"),
    MailRecord(_mail("failed"), MailState.FAILED, None, _attempts(AttemptOutcome.NOT_TAKEN)),
    MailRecord(_mail("sent"), MailState.SENT, None, _attempts(AttemptOutcome.TAKEN)),
)

_FORMS = tuple(
    ReadForm(standing, id, answers, faults)
    for standing, id, answers, faults in (
        (FormStanding.REGISTERED, "A", {}, {}),
        (FormStanding.KNOWN, "B", {}, {}),
        (FormStanding.DIFFERS, "A", {"hotel": "Cornavin", "at": "noon", "due_at": "", "a.b": "`c`"}, {}),
        (FormStanding.INCOMPLETE, None, {"first_name": "Mai"}, {"email": ("One.", "Two: «é»."), "came_at": ()}),
        (FormStanding.NOT_YET_OPEN, "E", {"first_name": "Mai"}, {}),
        (FormStanding.HELD_BACK, "F", {"first_name": "Mai"}, {}),
    )
)
_READ = Incoming(
    "M1",
    "sample",
    NOON,
    Standing.NEEDS_A_PERSON,
    attempts=2,
    sender="mai@mpt.example.org",
    subject="Inscription \u2014 Nguyễn 登録 🙂",
    message_id="<two@example.org>",
    references=("<one@example.org>",),
    came_at=NOON - 3 * HOUR,
    forms=_FORMS,
    not_read=("scan 1.tiff", ""),
    text="Bonjour,\r\n\r\n\x0b> et voilà",
    reason="A scan: nobody here reads pictures.",
    answered=True,
    dealt_with=True,
)
INCOMING = (
    Incoming("M0", "sample", NOON, due_at=AT_ONCE),
    _READ,
    Incoming("M2", "sample", NOON, Standing.REGISTERED, attempts=1, forms=_FORMS[:2]),
    Incoming("M3", "sample", NOON, Standing.WAITING, attempts=1, forms=_FORMS[3:4], answered=True),
    Incoming("M4", "sample", NOON, Standing.AUTOMATIC, attempts=1, reason="Auto-Submitted"),
    Incoming("M5", "sample", NOON, Standing.SPAM, due_at=NOON + HOUR, attempts=1),
)
"""When they were stored the store says."""


def fill(store: Store) -> None:
    """Write all of it."""
    store.intake(OPEN)
    intake = store.intake(EVENT)
    for earlier, closes_at in zip(HISTORY, MOVED_TO, strict=True):
        assert store.move_deadline("sample", replace(intake, as_of=earlier.moved_at), closes_at)
        intake = store.intake(EVENT)
    for id, (registration, key, came_at) in PEOPLE.items():
        assert store.accept("sample", id, registration, CONFIRMATIONS[id], key, came_at)
    for id, (registration, sign) in KEPT.items():
        store.keep("sample", id, registration, sign)
    for record in MAILS:
        store.queue(record.mail)
        written = store.mail(record.mail.id)
        assert written
        assert written == record or store.save_mail(replace(record, version=written.version))
    for message in INCOMING:
        store.take_in("sample", message.id)
        came = store.incoming(message.id)
        assert came
        assert message.standing is Standing.UNREAD or store.save_incoming(replace(message, version=came.version))
    assert store.save_mail_queue(replace(store.mail_queue(), note="anything"), [])
    assert store.save_mail_queue(replace(QUEUE, version=store.mail_queue().version), [])
    store.write_roster_page("sample", "2-000000", PAGE)
    assert store.record_closing("sample", intake, CLOSING, [])


def all_documents(client: firestore.Client) -> Iterator[Any]:
    """All documents that there are, each collection's in the order of their ids."""

    def below(collections: Iterator[Any]) -> Iterator[Any]:
        for collection in collections:
            for snapshot in collection.stream():
                yield snapshot
                yield from below(snapshot.reference.collections())

    yield from below(client.collections())


def firestore_as_text(client: firestore.Client) -> str:
    """All documents by their paths, as JSON; an instant is `{"instant": ...}`."""
    documents = {snapshot.reference.path: snapshot.to_dict() for snapshot in all_documents(client)}
    instant = lambda value: {"instant": value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")}  # noqa: E731
    return json.dumps(documents, indent=1, sort_keys=True, ensure_ascii=False, default=instant) + "\n"


def firestore_from_text(client: firestore.Client, text: str) -> None:
    """Write the documents that the text has."""
    instant = lambda record: datetime.fromisoformat(record["instant"]) if "instant" in record else record  # noqa: E731
    for path, document in json.loads(text, object_hook=instant).items():
        client.document(path).set(document)


def sqlite_as_text(path: Path) -> str:
    """The file as SQL."""
    connection = sqlite3.connect(path)
    ((version,),) = connection.execute("pragma user_version")
    text = "\n".join([*connection.iterdump(), f"PRAGMA user_version = {version};"]) + "\n"
    connection.close()
    return text


def sqlite_from_text(path: Path, text: str) -> None:
    """Make the file that the text has."""
    connection = sqlite3.connect(path)
    connection.executescript(text)
    connection.close()


def without_times(sql: str) -> str:
    """The SQL without instants: when a commit was made is the clock's affair."""
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", "<instant>", sql)


def numbers() -> Sequence[int]:
    """Of the stored samples, the first first."""
    return sorted(int(folder.name) for folder in SAMPLES.iterdir())


def main() -> None:
    """Store a sample of what today's code writes."""
    folder = SAMPLES / str(numbers()[-1] + 1 if SAMPLES.exists() else 0)
    folder.mkdir(parents=True)
    with firestore_emulator() as address:
        import os

        os.environ["FIRESTORE_EMULATOR_HOST"] = address
        client = firestore.Client(project=f"sample-{os.getpid()}")
        fill(FirestoreStore(client))
        (folder / "firestore.json").write_text(firestore_as_text(client), "utf-8")
    books = folder / "books.sqlite3"
    store = SqliteStore(books, lambda: NOON)
    fill(store)
    store.close()
    (folder / "books.sql").write_text(sqlite_as_text(books), "utf-8")
    books.unlink()


if __name__ == "__main__":
    main()
