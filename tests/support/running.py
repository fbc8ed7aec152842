"""Rollcall as it runs in the cloud, a process a function, with what faults and crashes need."""

import json
import os
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from google.cloud import firestore

from rollcall.desk.close import listed
from rollcall.desk.ports import Store
from rollcall.local.emulator import free_port
from rollcall.local.trigger import trigger_of
from rollcall.model.email import confirmation, reply_entry
from rollcall.model.event import Event
from rollcall.model.inbound import InboundEmail
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import SqliteStore
from schemas.event import read_events
from tests.support.builders import a_form, a_form_in_text, a_registration, id_of
from tests.support.faulty_firestore import FaultyFirestore
from tests.support.inbound import raw_post
from tests.support.sendgrid_api import sendgrid_api
from tests.support.served import Answer, Served, process
from tests.support.webhook import a_report, signed

SLUG = "open"
ONE: dict[str, object] = {}
OTHER: dict[str, object] = {"first_name": "Other"}
"""What distinguishes two people's forms."""
HOUR = timedelta(hours=1)
MESSAGE_ID = "<1@mpt.example.org>"
PAST_DEADLINE = timedelta(hours=49)
"""The event made for these tests closes at the end of the next day."""


def reply() -> str:
    """The id of the reply to the e-mail."""
    inbound = InboundEmail("", SLUG, datetime.now(UTC), message_id=MESSAGE_ID)
    return reply_entry(inbound, str(a_form()["email"])).id


class Rollcall:
    """The functions with hook points, each a server of its own, on books that are new for each test."""

    def __init__(self, kind: str, folder: Path, environment: dict[str, str], stack: ExitStack) -> None:
        self._kind = kind
        self._folder = folder
        self._environment = environment
        self._stack = stack
        self._running: dict[str, Served] = {}
        self.line: FaultyFirestore | None = None
        """The line to Firestore, where the books are there."""
        self.api = stack.enter_context(sendgrid_api())
        self.event: Event = read_events(Path(environment["EVENTS"]))[SLUG]

    def begin(self) -> None:
        """New books, real time, no order to crash, and no mail posted yet."""
        self._books = f"test-{free_port()}-{os.urandom(4).hex()}"
        self._write("books", self._books)
        self._write("passed", "")
        self._write("crash_at", "")
        self.move_on(timedelta(0))
        self.api.bodies.clear()
        self.api.answers.clear()
        if self.line:
            self.line.forget_orders()

    def move_on(self, shift: timedelta) -> None:
        """It is now so much later than it really is."""
        self.shift = shift
        self._write("shift", str(shift.total_seconds()))

    def crash_at(self, point: str) -> None:
        """The process that passes this hook point next dies there."""
        self._write("crash_at", point)

    def has_crashed(self) -> bool:
        """Whether one did."""
        return not (self._folder / "crash_at").exists()

    def passed(self, of: Callable[[], object]) -> list[str]:
        """The hook points that are passed in this."""
        self._write("passed", "")
        of()
        return (self._folder / "passed").read_text().splitlines()

    def store(self) -> Store:
        """The books, as another process opens them."""
        if self._kind == "firestore":
            return FirestoreStore(firestore.Client(project=self._books))
        return SqliteStore(self._folder / f"{self._books}.sqlite3", lambda: datetime.now(UTC))

    def id_of(self, **changes: Any) -> str:
        """The registration id of the person whose form differs so."""
        return id_of(self.store(), a_registration(**changes), SLUG)

    def confirmation_of(self, **changes: Any) -> str:
        """The id of that person's confirmation."""
        return confirmation(SLUG, self.id_of(**changes), "").id

    def register(self, **changes: object) -> Answer:
        """A person sends a form."""
        return self._served("register").post_json(f"/register/{SLUG}", a_form(**changes))

    def register_under_a_key(self) -> Answer:
        """A program sends a form, and gives it a key."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
        return self._served("register").ask("POST", f"/register/{SLUG}", json.dumps(a_form()), headers)

    def register_as_a_robot(self) -> Answer:
        """Something fills in the field that people do not see."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._served("register").ask("POST", f"/register/{SLUG}", urlencode(a_form(message="x")), headers)

    def receive(self, text: str = a_form_in_text()) -> Answer:
        """SendGrid hands on an e-mail of the person's, and signs."""
        head = f"From: {a_form()['email']}\r\nMessage-ID: {MESSAGE_ID}\r\n\r\n"
        content_type, body = raw_post(head.encode() + text.encode(), to=f"{SLUG}@forms.example.org")
        return self._served("receive_email").ask("POST", "/", body, signed(body) | {"Content-Type": content_type})

    def trigger(self) -> Answer:
        """Eventarc says that the confirmation was queued."""
        return self._served("send_mail").ask("POST", "/", b"", trigger_of(self.confirmation_of()))

    def sweep(self) -> Answer:
        """Cloud Scheduler calls."""
        return self._served("send_due_mail").ask("POST", "/")

    def close(self) -> Answer:
        """Cloud Scheduler calls."""
        return self._served("close_intake").ask("POST", "/")

    def close_after_the_deadline(self) -> None:
        """The deadline passes, if it has not yet, and Cloud Scheduler calls."""
        if self.shift < PAST_DEADLINE:
            self.move_on(PAST_DEADLINE)
        assert self.close().status == 200

    def send_what_is_owed(self) -> None:
        """Cloud Scheduler goes on calling, hour after hour, until every message is read and no mail is owed."""
        store = self.store()
        for _ in range(30):
            assert self.sweep().status == 200
            due = [entry.due_at for entry in store.unsent_entries(SLUG, None, 100_000)]
            due += [inbound.due_at for inbound in store.all_inbound(SLUG, None, 100)]
            if all(due_at is None for due_at in due):
                return
            self.move_on(self.shift + HOUR)
        raise AssertionError("a mail was not sent within 30 hours")

    def registered(self) -> list[str]:
        """Ids of the registrations in the books."""
        return [one.id for one in self.store().registrations(SLUG, None, 100)]

    def on_roster(self) -> list[str]:
        """The ids that the closing recorded."""
        store = self.store()
        intake = store.intake(self.event)
        assert intake.closing is not None
        return list(listed(store, self.event, intake, intake.closing))

    def posted(self) -> Counter[str]:
        """How often each mail came to SendGrid, by its id."""
        return Counter(body["personalizations"][0]["custom_args"]["email_id"] for body in self.api.bodies)

    def report(self, event: str) -> Answer:
        """SendGrid tells what became of the confirmation, and signs."""
        body = json.dumps([a_report(event=event, email_id=self.confirmation_of())]).encode()
        return self._served("record_deliveries").ask("POST", "/", body, signed(body))

    def _served(self, target: str) -> Served:
        if target not in self._running:
            port = free_port()
            command = [
                "functions_framework",
                "--source",
                "tests/support/crashing.py",
                "--target",
                target,
                "--port",
                str(port),
            ]
            self._running[target] = self._stack.enter_context(process(command, port, self._environment))
        return self._running[target]

    def _write(self, name: str, text: str) -> None:
        (self._folder / name).write_text(text)
