"""What each function reads and writes in Firestore, as it is billed: counted on the line, not reckoned.

Each function is served by functions-framework, with its books in the Firestore emulator behind a proxy
(`tests/support/faulty_firestore.py`) that sees every call and every answer. A few registrations go the whole way: they are
registered, confirmed by mail, reported as delivered, closed, and sent to the staff as a roster. What grows with a number is counted
at two numbers, and told as so much, and so much for each.

As billed (https://firebase.google.com/docs/firestore/pricing): a write is a document in a commit; a read is a document
asked for, there or not, or a document that a query brought, and a query that brought none is one read; a count is a
read for each 1,000 index entries, and one at the least.

Prints the tables of docs/performance.md, brings the page up to date, and writes `bench/results/counting.json`. Needs
gcloud's Firestore emulator and what `requirements-dev.txt` names.
"""

import json
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from math import ceil
from pathlib import Path

from google.cloud import firestore
from google.cloud.firestore_v1.types import (
    BatchGetDocumentsResponse,
    CommitRequest,
    RunAggregationQueryResponse,
    RunQueryResponse,
)

from bench.costs import Counted, Each, tables
from bench.emulator import emulator
from bench.machine import keep
from bench.page import put
from rollcall.local.trigger import trigger_of
from rollcall.model.email import confirmation, roster_entry
from rollcall.model.registration import registration_id
from rollcall.store.firestore import FirestoreStore
from schemas.event import read_event
from tests.support.builders import LINKS, SENDER, a_form, a_form_in_text, a_registration, write_open_event
from tests.support.faulty_firestore import FaultyFirestore, Passed, faulty_firestore
from tests.support.inbound import raw_post
from tests.support.sendgrid_api import sendgrid_api
from tests.support.served import Answer, Served, function
from tests.support.webhook import PUBLIC_KEY, a_report, signed

FEW, MORE = 2, 4
"""The numbers at which is counted what grows."""
LOOKED_AT = 20
"""Mails due that a sweep looks at before it sends any: counted is what each one beyond them takes."""


@dataclass(frozen=True)
class Database:
    """New books, with so many events open, and the functions on them."""

    line: FaultyFirestore
    store: FirestoreStore
    events: Path
    environment: Mapping[str, str]
    stack: ExitStack
    running: dict[str, Served] = field(default_factory=dict)

    def served(self, target: str) -> Served:
        """A function of `main.py`, one instance for all of these books: what its start takes is counted once."""
        if target not in self.running:
            self.running[target] = self.stack.enter_context(function(target, **self.environment))
        return self.running[target]

    def billed(self, ask: Callable[[], Answer]) -> Counted:
        """What this asks for is billed so; it is to be answered 2xx."""
        before = len(self.line.passed)
        answer = ask()
        if not 200 <= answer.status < 300:
            raise SystemExit(f"answered {answer.status}: {answer.text}")
        return sum(map(billed, self.line.passed[before:]), Counted(0, 0, 0))


def main() -> None:
    """`python -m bench.counting`."""
    with emulator() as address:
        counted = count(address)
    print(tables(counted))
    put(tables(counted))
    keep("counting", {name: asdict(one) for name, one in counted.items()})


def count(address: str) -> dict[str, Counted | Each]:
    """Everything, by its name in `bench.costs`, on the emulator at this address."""
    with db(address, FEW) as few, db(address, MORE) as more:
        close = _each(_idle(few, "close_intake"), _idle(more, "close_intake"))
        sweep = _each(_idle(few, "send_due_mail"), _idle(more, "send_due_mail"))
        return {
            **_forms(few),
            **_e_mails(few),
            **_mailing(few),
            "send_due_mail, each mail due": _sweeping(few, sweep.of(FEW)),
            "send_due_mail, nothing due": sweep,
            "close_intake, nothing to close": close,
            **_closing(more, close.of(MORE)),
        }


def billed(call: Passed) -> Counted:
    """What one call costs. Raises `KeyError` for a call that nobody has looked up yet."""
    return _BILLED[call.method](call)


def _commit(call: Passed) -> Counted:
    return Counted(0, len(CommitRequest.deserialize(call.request).writes), 1)


def _gets(call: Passed) -> Counted:
    answers = [BatchGetDocumentsResponse.deserialize(answer) for answer in call.answers]
    return Counted(sum(bool(answer.found.name or answer.missing) for answer in answers), 0, 1)


def _query(call: Passed) -> Counted:
    answers = [RunQueryResponse.deserialize(answer) for answer in call.answers]
    return Counted(max(1, sum(bool(answer.document.name) for answer in answers)), 0, 1)


def _count(call: Passed) -> Counted:
    answers = [RunAggregationQueryResponse.deserialize(answer) for answer in call.answers]
    values = [value for answer in answers for value in answer.result.aggregate_fields.values()]
    return Counted(sum(max(1, ceil(value.integer_value / 1000)) for value in values), 0, 1)


_BILLED: Mapping[str, Callable[[Passed], Counted]] = {
    "Commit": _commit,
    "BatchGetDocuments": _gets,
    "RunQuery": _query,
    "RunAggregationQuery": _count,
}


@contextmanager
def db(address: str, events: int) -> Iterator[Database]:
    """New books for a while."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        line, api = stack.enter_context(faulty_firestore(address)), stack.enter_context(sendgrid_api())
        (folder / "events").mkdir()
        for number in range(events):
            write_open_event(folder / "events", slug=_slug(number))
        project = f"counting-{uuid.uuid4().hex[:8]}"
        environment = {
            "STORE": "firestore",
            "GOOGLE_CLOUD_PROJECT": project,
            "FIRESTORE_EMULATOR_HOST": line.address,
            "EVENTS": str(folder / "events"),
            "FILES": str(folder / "messages"),
            "MAIL_FROM": SENDER,
            "SENDGRID_API_KEY": "SG.key",
            "SENDGRID_HOST": api.url,
            "SENDGRID_WEBHOOK_KEY": PUBLIC_KEY,
            "SENDGRID_PARSE_KEY": PUBLIC_KEY,
        }
        store = FirestoreStore(firestore.Client(project=project))
        yield Database(line, store, folder / "events", environment, stack)


def _slug(number: int) -> str:
    return f"event-{number}"


def _each(few: Counted, more: Counted) -> Each:
    """What was counted at the two numbers, told apart. Raises `ValueError` where it grows in another way."""
    each = more.minus(few).shared(MORE - FEW)
    return Each(few.minus(each.times(FEW)), each)


def _idle(of: Database, target: str) -> Counted:
    served = of.served(target)
    of.billed(lambda: served.ask("POST", "/"))  # what an instance does at first is done then
    return of.billed(lambda: served.ask("POST", "/"))


def _forms(of: Database) -> dict[str, Counted]:
    served, path = of.served("register"), f"/register/{_slug(0)}"
    keyed = {"Content-Type": "application/json", "Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
    first, second, third = (a_form(first_name=name) for name in ("First", "Second", "Third"))
    return {
        "register, the first form in 15 s": of.billed(lambda: served.post_json(path, first)),
        "register, a form": of.billed(lambda: served.post_json(path, second)),
        "register, a form under a key": of.billed(lambda: served.ask("POST", path, json.dumps(third), keyed)),
        "register, the same form again": of.billed(lambda: served.post_json(path, second)),
        "register, the form's page": of.billed(lambda: served.ask("GET", path)),
    }


def _e_mails(of: Database) -> dict[str, Counted]:
    served = of.served("receive_email")
    _receive(served, "Fourth")
    return {"receive_email, a form": of.billed(lambda: _receive(served, "Fifth"))}


def _receive(served: Served, name: str) -> Answer:
    head = f"From: {a_form()['email']}\r\nMessage-ID: <{name}@mpt.example.org>\r\n\r\n"
    mail = head.encode() + a_form_in_text(first_name=name).encode()
    content_type, body = raw_post(mail, to=f"{_slug(0)}@{LINKS.forms_host}")
    return served.ask("POST", "/", body, signed(body) | {"Content-Type": content_type})


def _mailing(of: Database) -> dict[str, Counted]:
    """The confirmations of all of them, so that nothing is due after."""
    send, record = of.served("send_mail"), of.served("record_deliveries")
    ids = of.store.due_entries(100)
    sent = [of.billed(partial(_send, send, id)) for id in ids]
    return {
        "send_mail, a confirmation": sent[-1],
        "record_deliveries, processed": of.billed(lambda: _report(record, ids[-1], "processed")),
        "record_deliveries, delivered": of.billed(lambda: _report(record, ids[-1], "delivered")),
    }


def _send(served: Served, id: str) -> Answer:
    return served.ask("POST", "/", b"", trigger_of(id))


def _report(served: Served, id: str, event: str) -> Answer:
    body = json.dumps([a_report(email_id=id, event=event)]).encode()
    return served.ask("POST", "/", body, signed(body))


def _sweeping(of: Database, idle: Counted) -> Counted:
    """A mail in a sweep of mails whose triggers never came."""
    served, swept = of.served("send_due_mail"), []
    for due in (LOOKED_AT + FEW, LOOKED_AT + MORE):
        _accept(of, _slug(0), due)
        swept.append(of.billed(lambda: served.ask("POST", "/")).minus(idle))
    return _each(*swept).each


def _closing(of: Database, idle: Counted) -> dict[str, Each]:
    """Two events are closed, one with few registrations and one with more, and their rosters sent."""
    close, send = of.served("close_intake"), of.served("send_mail")
    closed, rosters = [], []
    for number, registrations in enumerate((FEW, MORE)):
        slug, event = _slug(number), read_event(of.events / f"{_slug(number)}.toml")
        for id in _accept(of, slug, registrations):
            _send(send, id)
        of.store.move_deadline(slug, of.store.intake(event), of.store.now())
        closed.append(of.billed(lambda: close.ask("POST", "/")).minus(idle))
        rosters.append(of.billed(partial(_send, send, roster_entry(slug, 1, event.staff[0]).id)))
    return {"close_intake, a closing": _each(*closed), "send_mail, a roster": _each(*rosters)}


def _accept(of: Database, slug: str, count: int) -> Sequence[str]:
    """So many people registered; the ids of their confirmations."""
    mails = []
    for number in range(count):
        registration = a_registration(first_name=f"Number {count} {number}", email=f"{count}.{number}@mpt.example.org")
        id = registration_id(slug, registration)
        mails.append(confirmation(slug, id, registration.email))
        of.store.accept(slug, id, registration, mails[-1])
    return [mail.id for mail in mails]


if __name__ == "__main__":
    main()
