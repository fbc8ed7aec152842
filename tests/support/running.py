"""Rollcall as it runs in the cloud, a process a function, with what faults and crashes need."""

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from cloudevents.http import from_http
from flask import Flask, request
from werkzeug.test import EnvironBuilder

from handlers.send_mail import send_mail
from handlers.staff.visit import BUTTON
from rollcall.desk.amend import Amended, amend
from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.local.emulator import free_port
from rollcall.local.trigger import trigger_of
from rollcall.model.email import confirmation, reply_entry
from rollcall.model.event import Event
from rollcall.model.inbound import InboundEmail
from rollcall.model.registration import Actor, Registered, Why
from schemas.event import read_events
from tests.support.answering import answering
from tests.support.builders import LINKS, a_form, a_form_in_text, a_registration, desk_with, id_of
from tests.support.desk import Postbox, on_version
from tests.support.faulty_firestore import FaultyFirestore
from tests.support.hooks import Hooks, hooked_desk, impatient_poster, open_store
from tests.support.inbound import raw_post
from tests.support.sendgrid_api import SendGridApi
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


class Way(Protocol):
    """How the functions are called, and how they die."""

    def use(self, database: str) -> None:
        """A database of this name, which is new, and no order to crash."""
        ...

    def move_on(self, shift: timedelta) -> None:
        """It is now so much later than it really is."""
        ...

    def crash_at(self, point: str) -> None:
        """Whoever passes this hook point next dies there, and whoever called gets a `ConnectionError`."""
        ...

    def has_crashed(self) -> bool:
        """Whether one did."""
        ...

    def ask(self, target: str, path: str, body: bytes | str = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """Post this to a function."""
        ...


@dataclass
class Processes:
    """Each function served in a process of its own, which dies by SIGKILL; gunicorn then starts a worker anew, as Cloud
    Run an instance."""

    folder: Path
    environment: Mapping[str, str]
    stack: ExitStack
    _running: dict[str, Served] = field(default_factory=dict)

    def use(self, database: str) -> None:
        self._write("database", database)
        self._write("crash_at", "")

    def move_on(self, shift: timedelta) -> None:
        self._write("shift", str(shift.total_seconds()))

    def crash_at(self, point: str) -> None:
        self._write("crash_at", point)

    def has_crashed(self) -> bool:
        return not (self.folder / "crash_at").exists()

    def ask(self, target: str, path: str, body: bytes | str = b"", headers: Mapping[str, str] | None = None) -> Answer:
        if target not in self._running:
            port = free_port()
            command = ["functions_framework", "--source", "tests/support/crashing.py", "--target", target]
            served = process([*command, "--port", str(port)], port, {**self.environment, "CRASHING": str(self.folder)})
            self._running[target] = self.stack.enter_context(served)
        return self._running[target].ask("POST", path, body, headers)

    def _write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)


class _Killed(BaseException):
    """Nothing in the product catches it."""


class InProcess:
    """Each function an object of the test's own process. One that dies raises what nothing catches, at the hook point
    and at every one that its clean-up comes to, so that no I/O is done any more; another takes its place.

    A worker that gunicorn starts anew takes ten times as long. What only a real death shows, a few tests see with
    `Processes`: that what was written is there, and what was locked is free.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._events = read_events(Path(environment["EVENTS"]))
        self._answering = answering(environment)
        self._post = impatient_poster(environment)  # one for all: it takes long to read the certificates
        self._shift = timedelta(0)
        self._ordered = ""
        self._dying = False
        self._desks: dict[str, Desk] = {}
        self._hooks = Hooks(self._passing)
        self._passed: list[str] = []

    def use(self, database: str) -> None:
        self._database = database
        self._ordered = ""
        self._desks.clear()
        self._store = open_store(self._environment, self._folder, database, lambda: self._shift)

    def move_on(self, shift: timedelta) -> None:
        self._shift = shift

    def crash_at(self, point: str) -> None:
        self._ordered = point

    def has_crashed(self) -> bool:
        return not self._ordered

    def passed(self, of: Callable[[], object]) -> list[str]:
        """The hook points that are passed in this."""
        self._passed.clear()
        of()
        return list(self._passed)

    def ask(self, target: str, path: str, body: bytes | str = b"", headers: Mapping[str, str] | None = None) -> Answer:
        self._hooks.begin()
        desk = self._desks[target] = self._desks.get(target) or self._desk()
        try:
            return self._answer(desk, target, path, body.encode() if isinstance(body, str) else body, headers or {})
        except _Killed as killed:
            del self._desks[target]
            self._dying = False
            raise ConnectionError from killed

    def _answer(self, desk: Desk, target: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        if target == "send_mail":
            send_mail(desk, from_http(dict(headers), body))
            return Answer(200, {}, "")
        environ = EnvironBuilder(method="POST", path=path, data=body, headers=list(headers.items())).get_environ()
        with Flask(__name__).request_context(environ):
            response = self._answering[target](desk, request)
        return Answer(response.status_code, dict(response.headers), response.get_data(as_text=True))

    def _desk(self) -> Desk:
        files = self._folder / f"{self._database}.files"
        return hooked_desk(self._store, files, self._post, self._events, self._hooks)

    def _passing(self, point: str) -> None:
        if point == self._ordered:
            self._ordered = ""
            self._dying = True
        if self._dying:
            raise _Killed
        self._passed.append(point)


class Rollcall:
    """All that happens to the functions of one event, whose database is new for each test."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        way: Way,
        api: SendGridApi,
        line: FaultyFirestore | None,
    ) -> None:
        self._folder = folder
        self._environment = environment
        self.way = way
        self.api = api
        self.line = line
        """To Firestore, where the database is there."""
        self.event: Event = read_events(Path(environment["EVENTS"]))[SLUG]

    def begin(self) -> None:
        """A new database, real time, no order to crash, and no e-mail posted yet."""
        self._database = f"test-{os.urandom(6).hex()}"
        self.way.use(self._database)
        self.move_on(timedelta(0))
        self.api.bodies.clear()
        self.api.answers.clear()
        if self.line:
            self.line.forget_orders()
        self._read = open_store(self._environment, self._folder, self._database, lambda: self.shift)
        self._button = LINKS.button(self.event.staff[0].address, datetime.now(UTC))

    def move_on(self, shift: timedelta) -> None:
        """It is now so much later than it really is."""
        self.shift = shift
        self.way.move_on(shift)

    def store(self) -> Store:
        """The database, as another process opens it."""
        return self._read

    def id_of(self, **changes: Any) -> str:
        """The registration id of the person whose form differs so."""
        return id_of(self.store(), a_registration(**changes), SLUG)

    def confirmation_of(self, **changes: Any) -> str:
        """The id of that person's confirmation."""
        return confirmation(SLUG, self.id_of(**changes), "").id

    def confirmation_at(self, revision: int) -> str:
        """Of the one person's registration."""
        return confirmation(SLUG, self.id_of(), "", revision=revision).id

    def history(self) -> list[Why]:
        """Why registrations were changed, one after the other."""
        store = self.store()
        return [one.change.why for there in store.registrations(SLUG, None, 100) for one in store.history(SLUG, there)]

    def register(self, **changes: object) -> Answer:
        """A person sends a form."""
        return self.way.ask(
            "register", f"/register/{SLUG}", json.dumps(a_form(**changes)), {"Content-Type": "application/json"}
        )

    def register_under_a_key(self) -> Answer:
        """A program sends a form, and gives it a key."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
        return self.way.ask("register", f"/register/{SLUG}", json.dumps(a_form()), headers)

    def register_as_a_robot(self) -> Answer:
        """Something fills in the field that people do not see."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.way.ask("register", f"/register/{SLUG}", urlencode(a_form(message="x")), headers)

    def receive(self, text: str = a_form_in_text(), head: str = "") -> Answer:
        """SendGrid hands on an e-mail of the person's, and signs."""
        head = f"From: {a_form()['email']}\r\nMessage-ID: {MESSAGE_ID}\r\n{head}\r\n"
        content_type, body = raw_post(head.encode() + text.encode(), to=f"{SLUG}@forms.example.org")
        return self.way.ask("receive_email", "/", body, signed(body) | {"Content-Type": content_type})

    def trigger(self) -> Answer:
        """Eventarc says that the confirmation was queued."""
        return self.way.ask("send_mail", "/", b"", trigger_of(self.confirmation_of()))

    def sweep(self) -> Answer:
        """Cloud Scheduler calls."""
        return self.way.ask("send_due_mail", "/")

    def withdraw(self, **said: str) -> Answer:
        """By one's own link."""
        return self._at_own("withdraw", said)

    def change(self, **changes: object) -> Answer:
        """By one's own link, as revision 1 was shown."""
        return self._at_own("change?send", a_form(**changes) | {"_revision": "1"})

    def end_links(self) -> Answer:
        """By one's own link."""
        return self._at_own("new-link", {})

    def confirm_address(self, address: str) -> Answer:
        """Whoever gets our e-mail there presses the button."""
        there = replace(self._there(), new_email=address)
        return self._post_form(f"{urlsplit(LINKS.confirming_address(self.event, there)).path}?send", {})

    def ask_for_link(self) -> Answer:
        """Whoever lost theirs."""
        return self._post_form(f"/register/{SLUG}/find", {"email": a_form()["email"]})

    def answer(self, text: str) -> Answer:
        """As `receive`, to our confirmation."""
        head = f"In-Reply-To: <{self.confirmation_of()}@rollcall.example>\r\n"
        return self.receive(text, head)

    def _at_own(self, page: str, form: Mapping[str, object]) -> Answer:
        """The link is the one that the first confirmation has."""
        link = LINKS.own(self.event, replace(self._there(), link=0))
        return self._post_form(f"{urlsplit(link).path}/{page}", form)

    def _post_form(self, path: str, form: Mapping[str, object]) -> Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.way.ask("register", path, urlencode(form), headers)

    def _there(self) -> Registered:
        there = self.store().registered(SLUG, self.id_of())
        assert there is not None
        return there

    def change_as_staff(self, **answers: str) -> None:
        """Whoever is on the staff, by the link in a digest."""
        there = self._there()
        form = replace(there.registration, answers={**there.registration.answers, **answers})
        desk = desk_with(self.store(), Postbox().post, self._folder, events={SLUG: self.event})
        assert isinstance(amend(desk, self.event, there.id, there.revision, form, Actor.STAFF), Amended)

    def at_desk(self, page: str, **fields: object) -> Answer:
        """One of the staff presses the button of this page, each time the very same."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode({**fields, BUTTON: self._button})
        return self.way.ask("staff", f"/staff/{SLUG}/{page}", body, headers)

    def close(self) -> Answer:
        """Cloud Scheduler calls."""
        return self.way.ask("close_intake", "/")

    def close_after_the_deadline(self) -> None:
        """The deadline passes, if it has not yet, and Cloud Scheduler calls."""
        if self.shift < PAST_DEADLINE:
            self.move_on(PAST_DEADLINE)
        assert self.close().status == 200

    def send_all(self) -> None:
        """Cloud Scheduler goes on calling, hour after hour, until no e-mail waits to be read or sent."""
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
        """Ids of the registrations that are not withdrawn."""
        return [one.id for one in self.store().registrations(SLUG, None, 100) if not one.is_withdrawn]

    def withdrawn(self) -> str:
        """The id of the one withdrawn registration."""
        (one,) = [one.id for one in self.store().registrations(SLUG, None, 100) if one.is_withdrawn]
        return one

    def on_roster(self) -> list[str]:
        """The ids that the closing recorded."""
        return on_version(self.store(), self.event)

    def posted(self) -> Counter[str]:
        """How often each mail came to SendGrid, by its id."""
        return Counter(body["personalizations"][0]["custom_args"]["email_id"] for body in self.api.bodies)

    def report(self, event: str) -> Answer:
        """SendGrid tells what became of the confirmation, and signs."""
        body = json.dumps([a_report(event=event, email_id=self.confirmation_of())]).encode()
        return self.way.ask("record_deliveries", "/", body, signed(body))
