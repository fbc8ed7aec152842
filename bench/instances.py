"""What an instance of each function needs: memory, CPU time and latency, for the settings in `deploy/functions.py`.

functions-framework serves each function as at Google, on one processor, with the Firestore emulator, a Cloud Storage
emulator and a local SendGrid, and the bench gives it its hardest work. Memory is that of all its processes, with
shared pages once (`Pss`, proc(5)): after the start, and at most during the work. CPU time is the function's own; the
emulators' is only in the seconds and latencies.

Prints a table and writes `bench/results/instances.json`. Needs Linux, gcloud's Firestore emulator and what
`requirements-dev.txt` names.
"""

import base64
import json
import os
import re
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from types import MappingProxyType

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from gcp_storage_emulator.server import create_server
from google.cloud.storage import Client

from bench.emulator import emulator
from bench.machine import no_arguments, write_results
from bench.messages import LARGE
from bench.serving import FRAMEWORK, MB, ON_ONE_PROCESSOR, Running, running
from handlers.signature import SIGNATURE, TIMESTAMP
from rollcall.desk.ports import Store
from rollcall.desk.scan import unsent_entries
from rollcall.links import SignedLinks
from rollcall.local.emulator import free_port
from rollcall.local.inbound_parse import inbound_post, written
from rollcall.local.sample import SENDER
from rollcall.model.email import Attachment, EmailKind, confirmation
from rollcall.model.registration import new_id
from rollcall.store.firestore import FirestoreStore
from schemas.event import read_event
from tests.support.builders import a_form, a_registration, id_of, write_event, write_open_event
from tests.support.sendgrid_api import sendgrid_api
from tests.support.served import Served
from tests.support.trigger import triggers

REGISTRATIONS = int(os.environ.get("REGISTRATIONS", "10000"))
"""On the roster that is closed and sent."""
POSTED = 800
"""Forms in a measurement of `register`."""
OPEN, FULL = "open", "full"
SETTINGS = {
    "STORE": "firestore",
    "MAIL_FROM": "registration@desk.example.org",
    "PAGES": "https://desk.example.org/register",
    "FORMS_HOST": "desk.example.org",
    "LINK_KEY": "the-key-of-the-bench-in-32-letters",
    "SENDGRID_API_KEY": "SG.key",
    "PUBLISHED": "gs://published",
}
"""Of every function."""
KEY = ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Measured:
    function: str
    work: str
    threads: int
    start_seconds: float
    start_cpu: float
    """Seconds of CPU time until the first answer, and with it."""
    memory_started: float
    memory_most: float
    """MB."""
    seconds: float
    """Of the whole work."""
    cpu: float
    """Seconds of CPU time for one request."""
    median: float
    slowest: float
    """Seconds of latency: median and 95th percentile."""


@dataclass(frozen=True)
class Bench:
    environment: Mapping[str, str]
    store: FirestoreStore
    events: Path
    folder: Path

    @contextmanager
    def served(self, name: str, threads: int) -> Iterator[tuple[Running, float]]:
        """The function, and the seconds until its first answer."""
        target = name.replace("-", "_")
        settings = {"HOME": str(self.folder), "THREADS": str(threads), **self.environment, "K_SERVICE": name}
        started = time.perf_counter()
        with running((*ON_ONE_PROCESSOR, FRAMEWORK, "--target", target), free_port(), settings) as server:
            server.first_answer(lambda served: served.ask("OPTIONS", "/"))
            yield server, time.perf_counter() - started

    def measure(
        self, name: str, work: str, threads: int, ask: Sequence[Callable[[Served], int]], at_once: int = 1
    ) -> Measured:
        """Call the function, `at_once` at a time. Raises `SystemExit` unless each call is answered 2xx."""
        with self.served(name, threads) as (server, start_seconds):
            start_cpu, memory_started = server.cpu(), server.memory()

            def timed(one: Callable[[Served], int]) -> float:
                began = time.perf_counter()
                status = one(server.served)
                if not 200 <= status < 300:
                    raise SystemExit(f"{name} answered {status}")
                return time.perf_counter() - began

            with server.watched(), ThreadPoolExecutor(at_once) as pool:
                began = time.perf_counter()
                answers = sorted(pool.map(timed, ask))
                seconds = time.perf_counter() - began
            measured = Measured(
                name,
                work,
                threads,
                start_seconds,
                start_cpu,
                memory_started,
                server.most,
                seconds,
                (server.cpu() - start_cpu) / len(ask),
                statistics.median(answers),
                answers[int(len(answers) * 0.95)],
            )
        _show(measured)
        return measured


def main() -> None:
    """`python -m bench.instances`."""
    print(_HEAD)
    with tempfile.TemporaryDirectory() as folder, _bench(Path(folder)) as bench:
        found = [*_register(bench), *_send(bench), *_deliveries(bench), *_inbound(bench), *_roster(bench)]
    write_results("instances", [asdict(one) for one in found])


@contextmanager
def _bench(folder: Path) -> Iterator[Bench]:
    project, events, port = f"bench-{uuid.uuid4().hex[:8]}", folder / "events", free_port()
    events.mkdir()
    write_open_event(events, slug=OPEN)
    os.environ["STORAGE_EMULATOR_HOST"] = f"http://127.0.0.1:{port}"
    public = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key = base64.b64encode(public).decode()
    with emulator() as address, sendgrid_api() as api, create_server("127.0.0.1", port, in_memory=True):
        Client(project=project).create_bucket(project)
        environment = {
            **SETTINGS,
            "EVENTS": str(events),
            "FILES": f"gs://{project}",
            "SENDGRID_HOST": api.url,
            "SENDGRID_WEBHOOK_KEY": key,
            "SENDGRID_PARSE_KEY": key,
            "GOOGLE_CLOUD_PROJECT": project,
            "FIRESTORE_EMULATOR_HOST": address,
            "STORAGE_EMULATOR_HOST": os.environ["STORAGE_EMULATOR_HOST"],
        }
        yield Bench(environment, FirestoreStore(project), events, folder)


def _register(bench: Bench) -> Iterator[Measured]:
    for threads in (16, 80):
        names = iter(f"Number {threads} {place}" for place in range(POSTED))
        asks = [_post_form(name) for name in names]
        yield bench.measure("register", f"{POSTED} forms, 80 at a time", threads, asks, at_once=80)
    for page, path in (
        ("the form's page", ""),
        ("the page after it", f"/{_after(bench)}"),
        ("the form as a PDF", "/form.pdf"),
    ):
        asks = [partial(_head, f"/register/{OPEN}{path}")] * 200
        yield bench.measure("register", f"200 times {page}, 8 at a time", 80, asks, at_once=8)


def _after(bench: Bench) -> str:
    """The address of the page that thanks somebody."""
    event = read_event(bench.events / f"{OPEN}.toml")
    links = SignedLinks(SETTINGS["LINK_KEY"], SETTINGS["PAGES"], SETTINGS["FORMS_HOST"])
    registration = a_registration(first_name="Number 16 0", email=_email("Number 16 0"))
    until = datetime.now(UTC) + timedelta(days=1)
    return links.received(event, id_of(bench.store, registration, OPEN), until, duplicate=False)


def _head(path: str, served: Served) -> int:
    return served.ask("HEAD", path).status


def _post_form(name: str) -> Callable[[Served], int]:
    form = a_form(first_name=name, email=_email(name))
    return lambda served: served.post_json(f"/register/{OPEN}", form).status


def _email(name: str) -> str:
    """Each has an address of its own: one address gets few e-mails a day."""
    return f"{name.replace(' ', '.')}@mpt.example.org"


def _send(bench: Bench) -> Iterator[Measured]:
    asks = _triggers(bench, bench.store.due_entries(300))
    yield bench.measure("send-mail", "300 confirmations, 4 at a time", 4, asks, at_once=4)
    yield bench.measure("send-due-mail", f"a sweep of {2 * POSTED - 300} e-mails", 1, [post])


def _triggers(bench: Bench, ids: Iterable[str]) -> list[Callable[[Served], int]]:
    asked = triggers(bench.environment["GOOGLE_CLOUD_PROJECT"], ids)
    return [partial(_trigger, *one) for one in asked]


def _trigger(headers: Mapping[str, str], body: bytes, served: Served) -> int:
    return post(served, headers, body)


def post(served: Served, headers: Mapping[str, str] = MappingProxyType({}), body: bytes = b"") -> int:
    connection = HTTPConnection("127.0.0.1", served.port, timeout=600)  # a sweep takes minutes
    try:
        connection.request("POST", "/", body, dict(headers))
        return connection.getresponse().status
    finally:
        connection.close()


def _deliveries(bench: Bench) -> Iterator[Measured]:
    ids = [_confirmation_id(bench.store, f"Number 16 {place}") for place in range(POSTED)]
    posts = [json.dumps([_delivery_event(id, event) for id in ids]).encode() for event in ("processed", "delivered")]
    asks = [_signed_post(post, "application/json") for post in posts]
    yield bench.measure(
        "record-deliveries", f"2 posts of {POSTED} delivery events, {len(posts[0]) // 1000} kB", 4, asks
    )


def _confirmation_id(store: Store, name: str) -> str:
    registration = a_registration(first_name=name, email=_email(name))
    return confirmation(OPEN, id_of(store, registration, OPEN), registration.email).id


def _delivery_event(email_id: str, event: str) -> dict[str, object]:
    about = {"email": "x" * 40, "timestamp": 1, "smtp-id": "x" * 60, "sg_event_id": uuid.uuid4().hex, "event": event}
    return {**about, "email_id": email_id, "sg_message_id": "x" * 100, "response": "250 OK " * 40}


def _signed_post(body: bytes, content_type: str) -> Callable[[Served], int]:
    timestamp = str(int(time.time()))
    signature = base64.b64encode(KEY.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
    headers = {SIGNATURE: signature, TIMESTAMP: timestamp, "Content-Type": content_type}
    return lambda served: served.ask("POST", "/", body, headers).status


def _inbound(bench: Bench) -> Iterator[Measured]:
    event, to = read_event(bench.events / f"{OPEN}.toml"), f"{OPEN}@desk.example.org"
    for kind, large in LARGE.items():
        for threads in (1, 2) if kind == "a large attachment" else (1,):
            emails = [b"X-Number: %d\r\n" % place + large(event, 30 * MB) for place in range(threads * 2)]
            asks = [_signed_post(*_parsed(email, to)) for email in emails]
            yield bench.measure("receive-email", f"30 MB with {kind}", threads, asks, at_once=threads)
    for _ in range(6):
        scan = Attachment("scan.tif", "image/tiff", os.urandom(9 * MB * 57 // 78))  # 57 bytes make a line of base64
        email = written(SENDER, to, "Visa", "How do I get a visa?", datetime.now(UTC), (scan,))
        asks = [_signed_post(*_parsed(email, to))]
        yield bench.measure("receive-email", "a question with 9 MB", 2, asks)
    digests = [one.id for one in unsent_entries(bench.store, OPEN) if one.kind is EmailKind.STAFF_DIGEST]
    for id in digests:
        bench.store.postpone(id, datetime.now(UTC) - timedelta(minutes=1))
    asks = _triggers(bench, digests)
    yield bench.measure("send-mail", f"{len(digests)} staff digests with the 9 MB of 6 questions", 4, asks)


def _parsed(email: bytes, to: str) -> tuple[bytes, str]:
    post = inbound_post(email, to, datetime.now(UTC))
    return post.body, post.content_type


def _roster(bench: Bench) -> Iterator[Measured]:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda place: _accept(bench.store, place), range(REGISTRATIONS)))
    today = datetime.now(UTC).date()
    write_event(bench.events, FULL, today - timedelta(days=9), today + timedelta(days=9))
    path = bench.events / f"{FULL}.toml"
    closes = datetime.now(UTC) + timedelta(seconds=2)
    letter = path.read_text("utf-8").replace("Europe/Zurich", "UTC")
    path.write_text(re.sub(r"(?m)^closes = \S+", f"closes = {closes:%Y-%m-%dT%H:%M:%S}", letter, count=1), "utf-8")
    time.sleep(2)
    yield bench.measure("close-intake", f"{REGISTRATIONS} registrations", 1, [post])
    roster = [one.id for one in unsent_entries(bench.store, FULL) if one.kind is EmailKind.ROSTER]
    yield bench.measure("send-mail", f"roster of {REGISTRATIONS}", 4, _triggers(bench, roster))


def _accept(store: FirestoreStore, place: int) -> None:
    registration = a_registration(first_name=f"Number {place}")
    id = new_id()
    store.accept(FULL, id, registration, confirmation(FULL, id, registration.email))


_HEAD = (
    f"{'function':17} {'work':44} {'threads':>7} {'start s':>8} {'cpu s':>6} {'MB':>6} {'most MB':>8} "
    f"{'seconds':>8} {'cpu ms':>8} {'median ms':>10} {'95 % ms':>8}"
)


def _show(one: Measured) -> None:
    print(
        f"{one.function:17} {one.work:44} {one.threads:7} {one.start_seconds:8.2f} {one.start_cpu:6.2f} "
        f"{one.memory_started:6.0f} {one.memory_most:8.0f} {one.seconds:8.2f} {one.cpu * 1000:8.1f} "
        f"{one.median * 1000:10.1f} {one.slowest * 1000:8.1f}",
        flush=True,
    )


if __name__ == "__main__":
    no_arguments(__doc__)
    main()
