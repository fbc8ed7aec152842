"""What each function reads and writes in Firestore, as billed: counted on the wire.

functions-framework serves each function, with the Firestore emulator behind a proxy that sees every call and answer
(`tests/support/faulty_firestore.py`). A few registrations go the whole way: they are registered, confirmed by e-mail,
delivered, closed, and sent to the staff as a roster. What grows with a number is counted at two numbers.

As billed (https://firebase.google.com/docs/firestore/pricing): a write is a document in a commit; a read is a document
asked for, there or not, or found by a query, and a query that found none is one read; a count is a read for each 1,000
index entries, and at least one.

Prints the tables of docs/performance.md, updates the page, and writes `bench/results/counting.json`. Needs gcloud's
Firestore emulator and what `requirements-dev.txt` names.
"""

import json
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from math import ceil
from pathlib import Path

from google.cloud.firestore_v1.types import (
    BatchGetDocumentsResponse,
    CommitRequest,
    RunAggregationQueryResponse,
    RunQueryResponse,
)

from bench.costs import Counted, Each, tables
from bench.emulator import emulator
from bench.machine import no_arguments, write_results
from bench.page import put
from rollcall.model.email import confirmation, roster_entry
from rollcall.model.registration import new_id
from rollcall.store.firestore import FirestoreStore
from schemas.event import read_event
from tests.support.builders import LINKS, SENDER, a_form, a_form_in_text, a_registration, write_open_event
from tests.support.faulty_firestore import FaultyFirestore, Passed, faulty_firestore
from tests.support.inbound import raw_post
from tests.support.sendgrid_api import sendgrid_api
from tests.support.served import Answer, Served, function
from tests.support.trigger import triggers
from tests.support.webhook import PUBLIC_KEY, a_report, signed

FEW, MORE = 2, 4
"""The two numbers at which growth is counted."""
SWEEP_LOOKS_AT = 20
"""Due entries that a sweep looks at before it sends any: what each one beyond them takes is counted."""
_FUNCTIONS = ("close_intake", "send_due_mail", "register", "receive_email", "send_mail", "record_deliveries")


@dataclass(frozen=True)
class Database:
    """A new database with so many events open, and the functions on it."""

    line: FaultyFirestore
    project: str
    store: FirestoreStore
    events: Path
    running: Mapping[str, Served]
    """By the name of their function, one instance each: its first reads are counted once."""

    def billed(self, ask: Callable[[], Answer]) -> Counted:
        """The bill for this; raises `SystemExit` unless it is answered 2xx."""
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
    write_results("counting", {name: asdict(one) for name, one in counted.items()})


def count(address: str) -> dict[str, Counted | Each]:
    """Everything, by its name in `bench.costs`, on the emulator at this address."""
    with db(address, FEW, *_FUNCTIONS) as few, db(address, MORE, "close_intake", "send_due_mail", "send_mail") as more:
        close = _each(_idle(few, "close_intake"), _idle(more, "close_intake"))
        sweep = _each(_idle(few, "send_due_mail"), _idle(more, "send_due_mail"))
        return {
            **_forms(few),
            **_inbound(few),
            **_sending(few),
            "send_due_mail, each e-mail due": _sweeping(few, sweep.of(FEW)),
            "send_due_mail, nothing due": sweep,
            "close_intake, nothing to close": close,
            **_closing(more, close.of(MORE)),
        }


def billed(call: Passed) -> Counted:
    """The bill for one call. Raises `KeyError` for a method whose price is not here yet."""
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
def db(address: str, events: int, *functions: str) -> Iterator[Database]:
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
            "PUBLISHED": str(folder / "published"),
            "MAIL_FROM": SENDER,
            "SENDGRID_API_KEY": "SG.key",
            "SENDGRID_HOST": api.url,
            "SENDGRID_WEBHOOK_KEY": PUBLIC_KEY,
            "SENDGRID_PARSE_KEY": PUBLIC_KEY,
        }
        store = FirestoreStore(project)
        with ThreadPoolExecutor(len(functions)) as pool:
            running = list(pool.map(lambda name: stack.enter_context(function(name, **environment)), functions))
        yield Database(line, project, store, folder / "events", dict(zip(functions, running, strict=True)))


def _slug(number: int) -> str:
    return f"event-{number}"


def _each(few: Counted, more: Counted) -> Each:
    """Raises `ValueError` where it does not grow linearly."""
    each = more.minus(few).shared(MORE - FEW)
    return Each(few.minus(each.times(FEW)), each)


def _idle(of: Database, target: str) -> Counted:
    served = of.running[target]
    of.billed(lambda: served.ask("POST", "/"))  # with the first reads of an instance
    return of.billed(lambda: served.ask("POST", "/"))


def _forms(of: Database) -> dict[str, Counted]:
    served, path = of.running["register"], f"/register/{_slug(0)}"
    keyed = {"Content-Type": "application/json", "Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
    first, second, third = (a_form(first_name=name) for name in ("First", "Second", "Third"))
    return {
        "register, the first form in 15 s": of.billed(lambda: served.post_json(path, first)),
        "register, a form": of.billed(lambda: served.post_json(path, second)),
        "register, a form under a key": of.billed(lambda: served.ask("POST", path, json.dumps(third), keyed)),
        "register, the same form again": of.billed(lambda: served.post_json(path, second)),
        "register, the form's page": of.billed(lambda: served.ask("GET", path)),
    }


def _inbound(of: Database) -> dict[str, Counted]:
    served = of.running["receive_email"]
    _receive(served, "Fourth")
    return {"receive_email, a form": of.billed(lambda: _receive(served, "Fifth"))}


def _receive(served: Served, name: str) -> Answer:
    head = f"From: {a_form()['email']}\r\nMessage-ID: <{name}@mpt.example.org>\r\n\r\n"
    email = head.encode() + a_form_in_text(first_name=name).encode()
    content_type, body = raw_post(email, to=f"{_slug(0)}@{LINKS.forms_host}")
    return served.ask("POST", "/", body, signed(body) | {"Content-Type": content_type})


def _sending(of: Database) -> dict[str, Counted]:
    """All confirmations, so that nothing is due afterwards."""
    send, record = of.running["send_mail"], of.running["record_deliveries"]
    ids = list(of.store.due_entries(100))
    sent = [of.billed(partial(_send, send, *one)) for one in triggers(of.project, ids)]
    return {
        "send_mail, a confirmation": sent[-1],
        "record_deliveries, processed": of.billed(lambda: _report(record, ids[-1], "processed")),
        "record_deliveries, delivered": of.billed(lambda: _report(record, ids[-1], "delivered")),
    }


def _send(served: Served, headers: Mapping[str, str], body: bytes) -> Answer:
    return served.ask("POST", "/", body, headers)


def _report(served: Served, id: str, event: str) -> Answer:
    body = json.dumps([a_report(email_id=id, event=event)]).encode()
    return served.ask("POST", "/", body, signed(body))


def _sweeping(of: Database, idle: Counted) -> Counted:
    """One entry in a sweep of entries whose triggers never came."""
    served, swept = of.running["send_due_mail"], []
    _accept(of, _slug(0), 1)
    of.billed(lambda: served.ask("POST", "/"))  # with an instance's count of the last hour
    for due in (SWEEP_LOOKS_AT + FEW, SWEEP_LOOKS_AT + MORE):
        _accept(of, _slug(0), due)
        swept.append(of.billed(lambda: served.ask("POST", "/")).minus(idle))
    # all are claimed together; how many are settled together hangs on which come back meanwhile
    return _each(*(replace(one, calls=0) for one in swept)).each


def _closing(of: Database, idle: Counted) -> dict[str, Each]:
    """Of two events, one with few registrations and one with more; then their rosters."""
    close, send = of.running["close_intake"], of.running["send_mail"]
    closed, rosters = [], []
    for number, registrations in enumerate((FEW, MORE)):
        slug, event = _slug(number), read_event(of.events / f"{_slug(number)}.toml")
        for one in triggers(of.project, _accept(of, slug, registrations)):
            _send(send, *one)
        of.store.move_deadline(slug, of.store.intake(event), of.store.now())
        closed.append(of.billed(lambda: close.ask("POST", "/")).minus(idle))
        (roster,) = triggers(of.project, [roster_entry(slug, 1, event.secretariat).id])
        rosters.append(of.billed(partial(_send, send, *roster)))
    return {"close_intake, a closing": _each(*closed), "send_mail, a roster": _each(*rosters)}


def _accept(of: Database, slug: str, count: int) -> Sequence[str]:
    """The ids of so many confirmations."""
    ids = []
    for number in range(count):
        registration = a_registration(first_name=f"Number {count} {number}", email=f"{count}.{number}@mpt.example.org")
        id = new_id()
        entry = confirmation(slug, id, registration.email)
        of.store.accept(slug, id, registration, entry)
        ids.append(entry.id)
    return ids


if __name__ == "__main__":
    no_arguments(__doc__)
    main()
