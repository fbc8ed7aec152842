"""The serving process dies, by SIGKILL, before and after each I/O step; whoever called then calls again."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.cloud import firestore

from rollcall.desk.desk import Store
from rollcall.desk.event import Event
from rollcall.desk.mail import confirmation, roster_mail
from rollcall.desk.registration import registration_id
from rollcall.local.emulator import free_port
from rollcall.local.trigger import trigger_of
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import SqliteStore
from schemas.event import read_events
from tests.builders import EVENTS, a_form, a_registration
from tests.sendgrid_api import sendgrid_api
from tests.served import Answer, Served, process

SLUG = "open"
FORM_PATH = f"/register/{SLUG}"
ONE: dict[str, object] = {}
OTHER: dict[str, object] = {"first_name": "Other"}
HOUR = timedelta(hours=1)
PAST_DEADLINE = timedelta(hours=49)
"""The event made for these tests closes at the end of the next day."""

pytestmark = pytest.mark.slow


class Rollcall:
    """The functions with hook points, each a server of its own, on books that are new for each test."""

    def __init__(self, kind: str, folder: Path, environment: dict[str, str], stack: ExitStack) -> None:
        self._kind = kind
        self._folder = folder
        self._environment = environment
        self._stack = stack
        self._running: dict[str, Served] = {}
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

    def register(self, **changes: object) -> Answer:
        """A person sends a form."""
        return self._served("register").post_json(FORM_PATH, a_form(**changes))

    def trigger(self) -> Answer:
        """Eventarc says that the confirmation was queued."""
        return self._served("send_mail").ask("POST", "/", b"", trigger_of(confirmation_of()))

    def sweep(self) -> Answer:
        """Cloud Scheduler calls."""
        return self._served("send_due_mail").ask("POST", "/")

    def close(self) -> Answer:
        """Cloud Scheduler calls."""
        return self._served("close_intake").ask("POST", "/")

    def _served(self, target: str) -> Served:
        if target not in self._running:
            port = free_port()
            command = ["functions_framework", "--source", "tests/crashing.py", "--target", target, "--port", str(port)]
            self._running[target] = self._stack.enter_context(process(command, port, self._environment))
        return self._running[target]

    def _write(self, name: str, text: str) -> None:
        (self._folder / name).write_text(text)


@pytest.fixture(scope="module", params=["sqlite", "firestore"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rollcall]:
    """The same processes for all tests: after a crash gunicorn starts a worker anew, as Cloud Run an instance."""
    folder, events = tmp_path_factory.mktemp("crashing"), tmp_path_factory.mktemp("events")
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    letter = (EVENTS / "intgov04.toml").read_text("utf-8").replace("Europe/Zurich", "UTC")
    (events / f"{SLUG}.toml").write_text(letter.replace("closes = 2004-02-20", f"closes = {tomorrow}"), "utf-8")
    with ExitStack() as stack:
        environment = {
            "CRASHING": str(folder),
            "STORE": request.param,
            "EVENTS": str(events),
            "SENDGRID_API_KEY": "SG.key",
            "MAIL_FROM": "registration@rollcall.example",
        }
        if request.param == "firestore":
            environment["FIRESTORE_EMULATOR_HOST"] = request.getfixturevalue("emulator")
        rollcall = Rollcall(request.param, folder, environment, stack)
        environment["SENDGRID_HOST"] = rollcall.api.url
        yield rollcall


@pytest.fixture
def rollcall(running: Rollcall) -> Rollcall:
    running.begin()
    return running


@dataclass(frozen=True)
class Case:
    """A call in whose course the process dies."""

    call: Callable[[Rollcall], Answer]
    steps: Sequence[str]
    """The I/O steps of the call, in order; a clean run shows that they are all."""
    before: Callable[[Rollcall], object] = lambda rollcall: None
    """What happened before the call."""
    people: Sequence[dict[str, object]] = (ONE,)
    """Who is registered in the end: what distinguishes each one's form."""
    extra_mails: Sequence[str] = ()
    """Ids of the mails that this case makes us owe, beside the confirmations and the roster."""

    @property
    def points(self) -> list[str]:
        """The hook points that the call passes."""
        times: Counter[str] = Counter()
        points = []
        for step in self.steps:
            times[step] += 1
            points += [f"before {step} {times[step]}", f"after {step} {times[step]}"]
        return points

    def may_repeat_the_mail(self, point: str) -> bool:
        """Whether a crash here leaves nobody who knows that the mail was handed over."""
        return "post" in self.steps and point in self.points[self.points.index("after post 1") : -1]


def confirmation_of(**changes: object) -> str:
    registration = a_registration(**changes)
    return confirmation(SLUG, registration_id(SLUG, registration), registration.email).id


def two_register(rollcall: Rollcall) -> None:
    assert [rollcall.register().status, rollcall.register(**OTHER).status] == [201, 201]


def two_register_and_the_deadline_passes(rollcall: Rollcall) -> None:
    two_register(rollcall)
    rollcall.move_on(PAST_DEADLINE)


def the_roster_is_owed(rollcall: Rollcall) -> None:
    two_register(rollcall)
    assert rollcall.sweep().json == {"mails": {"sent": 2}}
    rollcall.move_on(PAST_DEADLINE)
    assert rollcall.close().json == {"closed": {SLUG: 2}}


_CLAIM = ("mail", "now", "save_mail")
_SETTLE = ("mail", "now", "save_mail")
_SEND = (*_CLAIM, "intake", "registered", "post", *_SETTLE)
_SEND_ROSTER = (
    *_CLAIM, "intake", "roster_page", "registrations", "registrations", "unsent_mails", "post", *_SETTLE
)  # fmt: skip

CASES = {
    "register": Case(lambda rollcall: rollcall.register(), ("intake", "accept")),
    "register differently": Case(
        lambda rollcall: rollcall.register(category="associate"),
        ("accept", "registered", "queue"),
        before=lambda rollcall: rollcall.register(),
        extra_mails=[confirmation_of().replace("confirmation", "different-form")],
    ),
    "send_mail": Case(lambda rollcall: rollcall.trigger(), _SEND, before=lambda rollcall: rollcall.register()),
    "send_due_mail": Case(
        lambda rollcall: rollcall.sweep(), ("due_mails", *_SEND), before=lambda rollcall: rollcall.register()
    ),
    "close_intake": Case(
        lambda rollcall: rollcall.close(),
        ("intake", "registrations", "registrations", "write_roster_page", "record_closing"),
        before=two_register_and_the_deadline_passes,
        people=(ONE, OTHER),
    ),
    "send_due_mail, the roster": Case(
        lambda rollcall: rollcall.sweep(),
        ("due_mails", *_SEND_ROSTER),
        before=the_roster_is_owed,
        people=(ONE, OTHER),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_hook_points_are_all_there_are(rollcall: Rollcall, name: str) -> None:
    case = CASES[name]
    case.before(rollcall)
    assert rollcall.passed(lambda: case.call(rollcall)) == case.points


@pytest.mark.parametrize(("name", "point"), [(name, point) for name, case in CASES.items() for point in case.points])
def test_after_a_crash_everything_is_done(rollcall: Rollcall, name: str, point: str) -> None:
    case = CASES[name]
    case.before(rollcall)
    rollcall.crash_at(point)
    with pytest.raises(ConnectionError):
        case.call(rollcall)
    assert rollcall.has_crashed()
    assert case.call(rollcall).status in (200, 201, 409)

    send_what_is_owed(rollcall)
    if rollcall.shift < PAST_DEADLINE:
        rollcall.move_on(PAST_DEADLINE)
    rollcall.close()
    send_what_is_owed(rollcall)

    store = rollcall.store()
    registered = [one.id for one in store.registrations(SLUG, None, 10)]
    assert registered == sorted(registration_id(SLUG, a_registration(**person)) for person in case.people)
    closing = store.intake(rollcall.event).closing
    assert closing is not None
    assert [id for number in range(closing.pages) for id in store.roster_page(SLUG, number)] == registered
    owed = [*(confirmation_of(**person) for person in case.people), roster_mail(SLUG, 1, "").id, *case.extra_mails]
    posted = Counter(body["personalizations"][0]["custom_args"]["mail_id"] for body in rollcall.api.bodies)
    assert set(posted) == set(owed)
    assert max(posted.values()) <= (2 if case.may_repeat_the_mail(point) else 1)
    assert posted.total() <= len(owed) + 1
    assert rollcall.api.faults == []


def send_what_is_owed(rollcall: Rollcall) -> None:
    """Cloud Scheduler goes on calling, hour after hour, until no mail is owed."""
    store = rollcall.store()
    for _ in range(24):
        assert rollcall.sweep().status == 200
        if not store.unsent_mails(SLUG):
            return
        rollcall.move_on(rollcall.shift + HOUR)
    raise AssertionError("a mail was not sent within a day")
