"""The serving process dies before and after each I/O step; whoever called then calls again."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from grpc import StatusCode

from rollcall.model.email import roster_entry
from tests.support.builders import a_form_in_text
from tests.support.faulty_firestore import answer_lost, passes
from tests.support.running import HOUR, ONE, OTHER, PAST_DEADLINE, SLUG, InProcess, Rollcall, reply
from tests.support.sendgrid_api import answers
from tests.support.served import Answer


@dataclass(frozen=True)
class Case:
    """A call in whose course the process dies."""

    call: Callable[[Rollcall], Answer]
    before: Callable[[Rollcall], object] = lambda rollcall: None
    """What happened before the call."""
    people: Sequence[dict[str, object]] = (ONE,)
    """Who is registered in the end: what distinguishes each one's form."""
    extra_emails: Callable[[Rollcall], Sequence[str]] = lambda rollcall: ()
    """Ids of the e-mails that this case enqueues, beside the confirmations and the roster."""
    digests: int = 0
    """How many staff digests it enqueues."""
    rejected: int = 0
    """How many posts SendGrid rejects."""


def one_is_confirmed(rollcall: Rollcall) -> None:
    rollcall.register()
    assert rollcall.sweep().json["emails"] == {"sent": 1}


def one_registers_and_sendgrid_is_to_refuse(rollcall: Rollcall) -> None:
    rollcall.register()
    rollcall.api.answers += [answers(429, {}, b"")]


def one_withdraws(rollcall: Rollcall) -> None:
    """Before the confirmation is sent: then nobody needs it."""
    rollcall.register()
    assert rollcall.withdraw().status == 200


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


CASES = {
    "receive_email": Case(lambda rollcall: rollcall.receive()),
    "receive_email, something is missing": Case(
        lambda rollcall: rollcall.receive(a_form_in_text(signature="")),
        people=(),
        extra_emails=lambda rollcall: [reply()],
    ),
    "register": Case(lambda rollcall: rollcall.register()),
    "register differently": Case(
        lambda rollcall: rollcall.register(category="associate"),
        before=lambda rollcall: rollcall.register(),
        extra_emails=lambda rollcall: [f"{SLUG}.{rollcall.id_of()}.conflict"],
    ),
    "register under a key": Case(lambda rollcall: rollcall.register_under_a_key()),
    "register again under a key": Case(
        lambda rollcall: rollcall.register_under_a_key(), before=lambda rollcall: rollcall.register_under_a_key()
    ),
    "withdraw": Case(
        lambda rollcall: rollcall.withdraw(),
        before=one_is_confirmed,
        people=(),
        extra_emails=lambda rollcall: [rollcall.confirmation_of(), f"{SLUG}.{rollcall.id_of()}.withdrawal.1"],
    ),
    "register anew": Case(
        lambda rollcall: rollcall.register(),
        before=one_withdraws,
        extra_emails=lambda rollcall: [f"{SLUG}.{rollcall.withdrawn()}.withdrawal.1"],
    ),
    "register as a robot": Case(lambda rollcall: rollcall.register_as_a_robot(), people=(), digests=1),
    "send_mail": Case(lambda rollcall: rollcall.trigger(), before=lambda rollcall: rollcall.register()),
    "send_due_mail": Case(lambda rollcall: rollcall.sweep(), before=lambda rollcall: rollcall.register()),
    "record_deliveries": Case(lambda rollcall: rollcall.report("delivered"), before=one_is_confirmed),
    "record_deliveries, a bounce": Case(lambda rollcall: rollcall.report("bounce"), before=one_is_confirmed, digests=1),
    "send_due_mail, too fast": Case(
        lambda rollcall: rollcall.sweep(), before=one_registers_and_sendgrid_is_to_refuse, rejected=1
    ),
    "close_intake": Case(
        lambda rollcall: rollcall.close(), before=two_register_and_the_deadline_passes, people=(ONE, OTHER)
    ),
    "send_due_mail, the roster": Case(
        lambda rollcall: rollcall.sweep(), before=the_roster_is_owed, people=(ONE, OTHER)
    ),
}
DIES_FOR_REAL = {
    "receive_email": "after accept 1",
    "register": "after accept 1",
    "send_mail": "after post 1",
    "send_due_mail": "before post 1",
    "record_deliveries": "before save_entry 1",
    "close_intake": "after write_roster_page 1",
}
"""One point of each function, at which its process is killed."""


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


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    "running", ["sqlite"], indirect=True
)  # no point lies within a store's method: one store shows it
def test_after_a_crash_everything_is_done(rollcall: Rollcall, name: str) -> None:
    """At each point that a clean run passes, one by one."""
    case = CASES[name]
    points = points_of(rollcall, case)
    first, *others = points
    for point in [first, *(point for point in others if point.startswith("after"))]:  # before a step is after the last
        rollcall.begin()
        with said_of(point):
            dies_and_is_called_again(rollcall, case, point, copies=2 if point in unsettled(points) else 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", DIES_FOR_REAL)
def test_after_a_kill_everything_is_done(served: Rollcall, name: str) -> None:
    point = DIES_FOR_REAL[name]
    dies_and_is_called_again(served, CASES[name], point, copies=2 if point == "after post 1" else 1)


def points_of(rollcall: Rollcall, case: Case) -> list[str]:
    assert isinstance(rollcall.way, InProcess)
    case.before(rollcall)
    points = rollcall.way.passed(lambda: case.call(rollcall))
    assert points
    return points


def unsettled(points: Sequence[str]) -> Sequence[str]:
    """Those at which nobody knows, after a crash, that SendGrid was handed the e-mail."""
    if "after post 1" not in points:
        return ()
    since = points[points.index("after post 1") :]
    return since[: next(at for at, point in enumerate(since) if point.startswith("after save_entry"))]


def dies_and_is_called_again(rollcall: Rollcall, case: Case, point: str, copies: int) -> None:
    case.before(rollcall)
    rollcall.way.crash_at(point)
    with pytest.raises(ConnectionError):
        case.call(rollcall)
    assert rollcall.way.has_crashed()
    assert case.call(rollcall).status in (200, 201, 202, 409)
    assert_everything_is_done(rollcall, case, copies)


@contextmanager
def said_of(point: str) -> Iterator[None]:
    """A failure names the point."""
    try:
        yield
    except BaseException as failed:
        failed.add_note(f"The crash was {point}.")
        raise


def assert_everything_is_done(rollcall: Rollcall, case: Case, copies: int = 1) -> None:
    """Time goes on, and the intake closes: everyone is registered and on the roster, and every e-mail was posted once,
    or one of them up to so many times."""
    rollcall.send_all()
    rollcall.close_after_the_deadline()
    rollcall.send_all()

    assert rollcall.registered() == rollcall.on_roster() == sorted(rollcall.id_of(**person) for person in case.people)
    enqueue = [
        *(rollcall.confirmation_of(**person) for person in case.people),
        roster_entry(SLUG, 1, rollcall.event.staff[0]).id,
        *case.extra_emails(rollcall),
    ]
    posted = rollcall.posted()
    digests = [id for id in posted if ".staff-digest." in id]
    assert len(digests) == case.digests
    assert set(posted) == {*enqueue, *digests}
    assert posted.total() < len(enqueue) + len(digests) + case.rejected + copies
    assert rollcall.api.faults == []


def test_a_delivery_report_spares_the_second_copy(rollcall: Rollcall) -> None:
    """The sender died after it handed the e-mail over, and SendGrid tells what nobody here knew."""
    case = CASES["send_mail"]
    case.before(rollcall)
    rollcall.way.crash_at("after post 1")
    with pytest.raises(ConnectionError):
        case.call(rollcall)
    assert rollcall.report("delivered").json == {"events": 1, "emails": 1}
    assert_everything_is_done(rollcall, case)


@pytest.mark.slow
@pytest.mark.parametrize("status", [StatusCode.UNAVAILABLE, StatusCode.ABORTED])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("running", ["firestore"], indirect=True)
def test_after_a_commit_whose_answer_was_lost_everything_is_done(
    rollcall: Rollcall, name: str, status: StatusCode
) -> None:
    """Of each commit that a clean run makes, one by one."""
    assert rollcall.line is not None
    case, commits = CASES[name], commits_of(rollcall, CASES[name])
    for number in range(commits):
        rollcall.begin()
        case.before(rollcall)
        rollcall.line.order("Commit", *[passes] * number, answer_lost(status))
        with said_of(f"commit {number + 1} of {commits}, whose answer was lost"):
            case.call(rollcall)
            assert rollcall.line.ordered("Commit") is None
            assert case.call(rollcall).status in (200, 201, 202, 409)
            assert_everything_is_done(rollcall, case)


def commits_of(rollcall: Rollcall, case: Case) -> int:
    assert rollcall.line is not None
    case.before(rollcall)
    before = len(rollcall.line.requests("Commit"))
    case.call(rollcall)
    return len(rollcall.line.requests("Commit")) - before
