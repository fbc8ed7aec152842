"""The serving process dies, by SIGKILL, before and after each I/O step; whoever called then calls again."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from grpc import StatusCode

from rollcall.model.email import roster_entry
from tests.support.builders import a_form_in_text
from tests.support.faulty_firestore import answer_lost, passes
from tests.support.running import HOUR, ONE, OTHER, PAST_DEADLINE, SLUG, Rollcall, reply
from tests.support.sendgrid_api import answers
from tests.support.served import Answer

pytestmark = pytest.mark.slow


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
    words: int = 0
    """How many words to the staff it makes us owe."""
    refused: int = 0
    """How many postings SendGrid refuses."""
    looks: int = 0
    """How many of the first steps are the sweep's look at what is overdue, at which another case dies."""

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
        if "post" not in self.steps:
            return False
        posted, settled = map(self.points.index, ("after post 1", "after save_mail 2"))
        return point in self.points[posted:settled]


def one_is_confirmed(rollcall: Rollcall) -> None:
    rollcall.register()
    assert rollcall.sweep().json["emails"] == {"sent": 1}


def one_registers_and_sendgrid_is_to_refuse(rollcall: Rollcall) -> None:
    rollcall.register()
    rollcall.api.answers += [answers(429, {}, b"")]


def two_register(rollcall: Rollcall) -> None:
    assert [rollcall.register().status, rollcall.register(**OTHER).status] == [201, 201]


def two_register_and_the_deadline_passes(rollcall: Rollcall) -> None:
    two_register(rollcall)
    rollcall.move_on(PAST_DEADLINE)


def the_roster_is_owed(rollcall: Rollcall) -> None:
    two_register(rollcall)
    assert rollcall.sweep().json["emails"] == {"sent": 2}
    rollcall.move_on(PAST_DEADLINE)
    assert rollcall.close().json == {"closed": {SLUG: 2}}


_TAKE_UP = ("mail_queue", "mail")
_SETTLE = ("mail", "save_mail")
_POST = (*_TAKE_UP, "handed_over_lately", "save_mail", "intake", "registered", "post")
_SEND = (*_POST, *_SETTLE)
_SEND_ROSTER = (
    *(*_TAKE_UP, "save_mail", "intake", "roster_page", "all_incoming", "kept"),
    *("roster_page", "unsent_mails", "unsent_mails", "registrations", "registrations", "now", "post"),
    *_SETTLE,
)

_LOOK = ("mail_queue", "due_mails", "mail", "due_intakes")
_FIRST_LOOK = ("mail_queue", "due_mails", "mail", "known_events", "due_intakes")
_SWEEP = ("mail_queue", "due_mails")
_READ = (
    "put",
    "take_in",
    "now",
    "incoming",
    "save_incoming",
    "incoming",
    "get",
    "handed_over_lately",
    "mail",
    "intake",
)

CASES = {
    "receive_email": Case(lambda rollcall: rollcall.receive(), (*_READ, "accept", "save_incoming")),
    "receive_email, something is missing": Case(
        lambda rollcall: rollcall.receive(a_form_in_text(signature="")),
        (*_READ, "save_incoming"),
        people=(),
        extra_mails=[reply()],
    ),
    "register": Case(lambda rollcall: rollcall.register(), ("intake", "accept")),
    "register differently": Case(
        lambda rollcall: rollcall.register(category="associate"),
        ("accept", "registered", "queue"),
        before=lambda rollcall: rollcall.register(),
        extra_mails=["conflict"],
    ),
    "register under a key": Case(lambda rollcall: rollcall.register_under_a_key(), ("intake", "accept")),
    "register again under a key": Case(
        lambda rollcall: rollcall.register_under_a_key(),
        ("accept", "registered", "registered_under", "intake"),
        before=lambda rollcall: rollcall.register_under_a_key(),
    ),
    "register as a robot": Case(
        lambda rollcall: rollcall.register_as_a_robot(),
        ("intake", "registered", "keep", "queue"),
        people=(),
        words=1,
    ),
    "send_mail": Case(lambda rollcall: rollcall.trigger(), _SEND, before=lambda rollcall: rollcall.register()),
    "send_due_mail": Case(
        lambda rollcall: rollcall.sweep(),
        (*_FIRST_LOOK, *_SWEEP, *_SEND, "due_incoming"),
        before=lambda rollcall: rollcall.register(),
    ),
    "record_deliveries": Case(
        lambda rollcall: rollcall.report("delivered"), ("mail", "save_mail"), before=one_is_confirmed
    ),
    "record_deliveries, a bounce": Case(
        lambda rollcall: rollcall.report("bounce"), ("mail", "now", "save_mail"), before=one_is_confirmed, words=1
    ),
    "send_due_mail, too fast": Case(
        lambda rollcall: rollcall.sweep(),
        (*_FIRST_LOOK, *_SWEEP, *_POST, "now", *_SETTLE, "mail_queue", "save_mail_queue", "due_incoming"),
        before=one_registers_and_sendgrid_is_to_refuse,
        refused=1,
        looks=len(_FIRST_LOOK),
    ),
    "close_intake": Case(
        lambda rollcall: rollcall.close(),
        (
            *("now", "known_events", "due_intakes"),
            *("intake", "registrations", "registrations", "write_roster_page", "record_closing"),
        ),
        before=two_register_and_the_deadline_passes,
        people=(ONE, OTHER),
    ),
    "send_due_mail, the roster": Case(
        lambda rollcall: rollcall.sweep(),
        (*_LOOK, *_SWEEP, "now", *_SEND_ROSTER, "due_incoming"),
        before=the_roster_is_owed,
        people=(ONE, OTHER),
        looks=len(_LOOK),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_hook_points_are_all_there_are(rollcall: Rollcall, name: str) -> None:
    case = CASES[name]
    case.before(rollcall)
    assert rollcall.passed(lambda: case.call(rollcall)) == case.points


def test_closing_early_late_and_hours_late(rollcall: Rollcall) -> None:
    two_register(rollcall)
    assert rollcall.close().json == {"closed": {}}
    rollcall.move_on(PAST_DEADLINE)
    assert rollcall.close().json == {"closed": {SLUG: 2}}
    closed = rollcall.on_roster()
    rollcall.move_on(PAST_DEADLINE + 5 * HOUR)
    assert rollcall.close().json == {"closed": {}}
    assert rollcall.on_roster() == closed
    assert_everything_is_done(rollcall, CASES["close_intake"])


@pytest.mark.parametrize(
    ("name", "point"), [(name, point) for name, case in CASES.items() for point in case.points[2 * case.looks :]]
)
def test_after_a_crash_everything_is_done(rollcall: Rollcall, name: str, point: str) -> None:
    case = CASES[name]
    case.before(rollcall)
    rollcall.crash_at(point)
    with pytest.raises(ConnectionError):
        case.call(rollcall)
    assert rollcall.has_crashed()
    assert case.call(rollcall).status in (200, 201, 202, 409)
    assert_everything_is_done(rollcall, case, copies=2 if case.may_repeat_the_mail(point) else 1)


def assert_everything_is_done(rollcall: Rollcall, case: Case, copies: int = 1) -> None:
    """Time goes on, and the intake closes: everyone is in the store and on the roster, and every mail was posted once,
    or one of them up to so many times."""
    rollcall.send_what_is_owed()
    rollcall.close_after_the_deadline()
    rollcall.send_what_is_owed()

    assert rollcall.registered() == rollcall.on_roster() == sorted(rollcall.id_of(**person) for person in case.people)
    enqueue = [
        *(rollcall.confirmation_of(**person) for person in case.people),
        roster_entry(SLUG, 1, "").id,
        *case.extra_mails,
    ]
    posted = rollcall.posted()
    words = [id for id in posted if ".staff-digest." in id]
    assert len(words) == case.words
    assert set(posted) == {*enqueue, *words}
    assert posted.total() < len(enqueue) + len(words) + case.refused + copies
    assert rollcall.api.faults == []


def test_a_delivery_report_spares_the_second_copy(rollcall: Rollcall) -> None:
    """The sender died after it handed the mail over, and SendGrid tells what nobody here knew."""
    case = CASES["send_mail"]
    case.before(rollcall)
    rollcall.crash_at("after post 1")
    with pytest.raises(ConnectionError):
        case.call(rollcall)
    assert rollcall.report("delivered").json == {"events": 1, "emails": 1}
    assert_everything_is_done(rollcall, case)


_COMMITS = {
    "receive_email": ["the message", "the claim", "the intake", "the registration", "what came of it"],
    "receive_email, something is missing": ["the message", "the claim", "the intake", "what came of it"],
    "register": ["the intake", "the registration"],
    "register differently": ["nothing: the registration is there", "the notice"],
    "send_mail": ["the claim", "the settlement"],
    "send_due_mail": ["the claim", "the settlement"],
    "record_deliveries": ["the report"],
    "register under a key": ["the intake", "the registration"],
    "register as a robot": ["the intake", "the form", "the word"],
    "send_due_mail, too fast": ["the claim", "the settlement", "the hold"],
    "close_intake": ["the page", "the closing"],
    "send_due_mail, the roster": ["the claim", "the settlement"],
}


@pytest.mark.parametrize("status", [StatusCode.UNAVAILABLE, StatusCode.ABORTED])
@pytest.mark.parametrize(("name", "commit"), [(name, commit) for name, made in _COMMITS.items() for commit in made])
@pytest.mark.parametrize("running", ["firestore"], indirect=True)
def test_after_a_commit_whose_answer_was_lost_everything_is_done(
    rollcall: Rollcall, name: str, commit: str, status: StatusCode
) -> None:
    assert rollcall.line is not None
    case = CASES[name]
    case.before(rollcall)
    rollcall.line.order("Commit", *[passes] * _COMMITS[name].index(commit), answer_lost(status))
    case.call(rollcall)
    assert rollcall.line.ordered("Commit") is None
    assert case.call(rollcall).status in (200, 201, 202, 409)
    assert_everything_is_done(rollcall, case)
