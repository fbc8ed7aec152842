"""Sample books: one of everything that a store can hold, written through its ports; and the books as text.

`samples/<number>/` has them as each version wrote them, in Firestore (`firestore.json`, by path) and in SQLite
(`db.sql`). `python -m tests.contract.sample` writes those of today's code into the next folder. What a version that
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

from rollcall.desk.ports import Store
from rollcall.local.emulator import firestore_emulator
from rollcall.model.email import AT_ONCE, Attempt, AttemptOutcome, CircuitBreaker, EmailKind, EmailStatus, OutboxEntry
from rollcall.model.fault import Fault
from rollcall.model.inbound import FormStatus, InboundEmail, InboundForm, InboundStatus, Reason, ReviewReason
from rollcall.model.intake import Closing, EarlierDeadline
from rollcall.model.registration import BotSignal, IdempotencyKey, Registration
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

PEOPLE = {"A": (FULL, None, NOON - 3 * HOUR), "B": (SPARE, IdempotencyKey("a key", NOON + 30 * DAY), None)}
"""By id: the registration, the key it came under, when its message came."""
KEPT = {"C": (FULL, BotSignal.HIDDEN_FIELD), "D": (SPARE, BotSignal.TOO_FAST)}
PAGE = ["A", "B"]
CLOSING = Closing(2, "ab" * 32, 1)
MOVED_TO = (EVENT.closes_at + DAY, EVENT.closes_at + 2 * DAY)
HISTORY = (EarlierDeadline(EVENT.closes_at, NOON), EarlierDeadline(MOVED_TO[0], NOON + HOUR))
QUEUE = CircuitBreaker(NOON, NOON - HOUR, NOON + HOUR, times_opened=3, account_refused=True, note="401 unauthorized")


def _mail(id: str, kind: EmailKind = EmailKind.CONFIRMATION, about: str | None = None, **more: Any) -> OutboxEntry:
    return OutboxEntry(f"sample.{id}", kind, "sample", "Mai@MPT.example.org", about, **more)


def _attempts(*outcomes: AttemptOutcome) -> tuple[Attempt, ...]:
    return tuple(Attempt(f"{n:016x}", NOON + n * HOUR, outcome, f"note {n}") for n, outcome in enumerate(outcomes))


CONFIRMATIONS = {id: _mail(f"{id}.confirmation", about=id) for id in PEOPLE}
_THREAD = ("<one@example.org>", "<two@example.org>")
MAILS = (
    replace(CONFIRMATIONS["A"], status=EmailStatus.DELIVERED, due_at=None, attempts=_attempts(AttemptOutcome.ACCEPTED)),
    CONFIRMATIONS["B"],
    replace(
        _mail("different", EmailKind.CONFLICT, "A"),
        status=EmailStatus.SENDING,
        due_at=NOON + HOUR,
        attempts=_attempts(AttemptOutcome.REJECTED, AttemptOutcome.POSTPONED, AttemptOutcome.IN_PROGRESS),
    ),
    replace(_mail("roster.1", EmailKind.ROSTER), due_at=AT_ONCE),
    replace(
        _mail("roster.2", EmailKind.ROSTER),
        status=EmailStatus.UNKNOWN,
        due_at=NOON + DAY,
        attempts=_attempts(AttemptOutcome.RATE_LIMITED, AttemptOutcome.UNKNOWN),
    ),
    replace(_mail("needs", EmailKind.STAFF_DIGEST, not_before=NOON + DAY), due_at=NOON + DAY),
    replace(
        _mail("reply", EmailKind.REPLY, inbound_id="M1", thread=_THREAD),
        status=EmailStatus.BOUNCED,
        due_at=None,
        attempts=_attempts(AttemptOutcome.ACCEPTED),
        reason="550 no such mailbox",
    ),
    replace(
        _mail("dropped"),
        status=EmailStatus.DROPPED,
        due_at=None,
        attempts=_attempts(AttemptOutcome.ACCEPTED),
        reason="Bounced Address",
    ),
    replace(_mail("failed"), status=EmailStatus.FAILED, due_at=None, attempts=_attempts(AttemptOutcome.REJECTED)),
    replace(_mail("sent"), status=EmailStatus.SENT, due_at=None, attempts=_attempts(AttemptOutcome.ACCEPTED)),
)

_FAULTS = {"email": (Fault("required"), Fault("too_long", {"length": 101})), "came_at": ()}
_FORMS = tuple(
    InboundForm(status, id, answers, faults)
    for status, id, answers, faults in (
        (FormStatus.REGISTERED, "A", {}, {}),
        (FormStatus.DUPLICATE, "B", {}, {}),
        (FormStatus.CONFLICT, "A", {"hotel": "Cornavin", "at": "noon", "due_at": "", "a.b": "`c`"}, {}),
        (
            FormStatus.INCOMPLETE,
            None,
            {"first_name": "Mai"},
            _FAULTS,
        ),
        (FormStatus.NOT_YET_OPEN, "E", {"first_name": "Mai"}, {}),
        (FormStatus.NEEDS_REVIEW, "F", {"first_name": "Mai"}, {}),
    )
)
_READ = InboundEmail(
    "M1",
    "sample",
    NOON,
    InboundStatus.NEEDS_REVIEW,
    attempts=2,
    sender="mai@mpt.example.org",
    subject="Inscription \u2014 Nguyễn 登録 🙂",
    message_id="<two@example.org>",
    references=("<one@example.org>",),
    arrived_at=NOON - 3 * HOUR,
    forms=_FORMS,
    not_read=("scan 1.tiff", ""),
    text="Bonjour,\r\n\r\n\x0b> et voilà",
    reasons=(Reason(ReviewReason.NO_FORM), Reason(ReviewReason.SPF_NOT_PASSED, {"outcome": "fail"})),
    answered=True,
    resolved=True,
)
INCOMING = (
    InboundEmail("M0", "sample", NOON, due_at=AT_ONCE),
    _READ,
    InboundEmail("M2", "sample", NOON, InboundStatus.REGISTERED, attempts=1, forms=_FORMS[:2]),
    InboundEmail("M3", "sample", NOON, InboundStatus.WAITING_FOR_SENDER, attempts=1, forms=_FORMS[3:4], answered=True),
    InboundEmail("M4", "sample", NOON, InboundStatus.AUTOMATIC, attempts=1),
    InboundEmail("M5", "sample", NOON, InboundStatus.SPAM, due_at=NOON + HOUR, attempts=1),
)
"""When they were stored the store says."""


def fill(store: Store) -> None:
    """Write all of it."""
    store.intake(OPEN)
    intake = store.intake(EVENT)
    for earlier, closes_at in zip(HISTORY, MOVED_TO, strict=True):
        assert store.move_deadline("sample", replace(intake, as_of=earlier.moved_at), closes_at)
        intake = store.intake(EVENT)
    for id, (registration, key, arrived_at) in PEOPLE.items():
        assert store.accept("sample", id, registration, CONFIRMATIONS[id], key, arrived_at)
    for id, (registration, sign) in KEPT.items():
        store.quarantine("sample", id, registration, sign)
    for entry in MAILS:
        store.enqueue(entry)
        written = store.entry(entry.id)
        assert written
        assert written == entry or store.save_entry(replace(entry, version=written.version))
    for message in INCOMING:
        store.add_inbound("sample", message.id)
        came = store.inbound(message.id)
        assert came
        assert message.status is InboundStatus.UNREAD or store.save_inbound(replace(message, version=came.version))
    assert store.save_circuit_breaker(replace(store.circuit_breaker(), note="anything"), [])
    assert store.save_circuit_breaker(replace(QUEUE, version=store.circuit_breaker().version), [])
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
    instant = lambda entry: datetime.fromisoformat(entry["instant"]) if "instant" in entry else entry  # noqa: E731
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
    db = folder / "books.sqlite3"
    store = SqliteStore(db, lambda: NOON)
    fill(store)
    store.close()
    (folder / "books.sql").write_text(sqlite_as_text(db), "utf-8")
    db.unlink()


if __name__ == "__main__":
    main()
