"""The serving process dies before and after each I/O step; whoever called then calls again."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from grpc import StatusCode

from rollcall.model.announcement import Announcement, AnnouncementStatus, Wording
from rollcall.model.email import confirmation, roster_entry, withdrawal_notice
from rollcall.model.registration import Registered, Why
from tests.support.builders import a_form, a_form_in_text
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
    history: Sequence[Why] = ()
    """Why each revision was made, of whoever's registration was changed."""
    is_answered: Sequence[int] = (200, 201, 202, 303, 409)
    """With one of these when it is called again."""


def one_is_confirmed(rollcall: Rollcall) -> None:
    rollcall.register()
    assert rollcall.sweep().json["emails"] == {"sent": 1}


def one_registers_and_sendgrid_is_to_refuse(rollcall: Rollcall) -> None:
    rollcall.register()
    rollcall.api.answers += [answers(429, {}, b"")]


def one_withdraws(rollcall: Rollcall, **said: str) -> None:
    """Before the confirmation is sent: then nobody needs it."""
    rollcall.register()
    assert rollcall.withdraw(**said).status == 303


def one_was_registered_by_another(rollcall: Rollcall) -> None:
    one_withdraws(rollcall, not_me="yes")


def one_is_to_have_another_address(rollcall: Rollcall) -> None:
    one_is_confirmed(rollcall)
    assert rollcall.change(email=NEW).status == 303
    assert rollcall.sweep().json["emails"] == {"sent": 2}


def two_register(rollcall: Rollcall) -> None:
    assert [rollcall.register().status, rollcall.register(**OTHER).status] == [201, 201]


def two_are_confirmed(rollcall: Rollcall) -> None:
    two_register(rollcall)
    assert rollcall.sweep().json["emails"] == {"sent": 2}


def two_register_and_the_deadline_passes(rollcall: Rollcall) -> None:
    two_register(rollcall)
    rollcall.move_on(PAST_DEADLINE)


def the_roster_is_owed(rollcall: Rollcall) -> None:
    two_register(rollcall)
    assert rollcall.sweep().json["emails"] == {"sent": 2}
    rollcall.move_on(PAST_DEADLINE)
    assert rollcall.close().json == {"closed": {SLUG: 2}}


def the_roster_changed_since_the_closing(rollcall: Rollcall) -> None:
    """And it is the next morning."""
    the_roster_is_owed(rollcall)
    assert rollcall.sweep().json["emails"] == {"sent": 1}
    rollcall.change_as_staff(hotel="Beau-Rivage")
    assert rollcall.sweep().json["emails"] == {"sent": 1}
    rollcall.move_on(PAST_DEADLINE + 24 * HOUR)


def an_announcement_was_sent_off(rollcall: Rollcall) -> None:
    one_is_confirmed(rollcall)
    words = {"en": Wording("The room changed", "We meet in room K.")}
    sent = Announcement("N0", SLUG, words, status=AnnouncementStatus.ENQUEUEING, due_at=rollcall.store().now())
    assert rollcall.store().save_announcement(sent)


def one_of(rollcall: Rollcall, **person: object) -> Registered:
    """Of this name, double or not."""
    return next(
        one
        for one in rollcall.store().registrations(SLUG, None, 9)
        if one.registration.first_name == person["first_name"]
    )


def stamped(rollcall: Rollcall, pattern: str) -> str:
    """The id of the one such e-mail; the pattern if there was none, or several."""
    found = [id for id in rollcall.posted() if re.fullmatch(pattern, id)]
    return found[0] if len(found) == 1 else pattern


NEW = "amina@new.example.org"
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
        extra_emails=lambda rollcall: [stamped(rollcall, rf"{SLUG}\.{rollcall.id_of()}\.conflict\.\d{{8}}T\d\d")],
    ),
    "register under a key": Case(lambda rollcall: rollcall.register_under_a_key()),
    "register again under a key": Case(
        lambda rollcall: rollcall.register_under_a_key(), before=lambda rollcall: rollcall.register_under_a_key()
    ),
    "change": Case(
        lambda rollcall: rollcall.change(hotel="Beau-Rivage"),
        before=one_is_confirmed,
        extra_emails=lambda rollcall: [rollcall.confirmation_at(2)],
        history=[Why.CHANGED],
    ),
    "change the name": Case(
        lambda rollcall: rollcall.change(family_name="Bah"),
        before=one_is_confirmed,
        people=({"family_name": "Bah"},),
        extra_emails=lambda rollcall: [rollcall.confirmation_at(2)],
        history=[Why.CHANGED],
    ),
    "change the address": Case(
        lambda rollcall: rollcall.change(email=NEW),
        before=one_is_confirmed,
        extra_emails=lambda rollcall: [rollcall.confirmation_at(2), f"{SLUG}.{rollcall.id_of()}.address.2"],
        history=[Why.CHANGED],
    ),
    "confirm the address": Case(
        lambda rollcall: rollcall.confirm_address(NEW),
        before=one_is_to_have_another_address,
        people=({"email": NEW},),
        extra_emails=lambda rollcall: [
            *(rollcall.confirmation_at(revision) for revision in (2, 3)),
            f"{SLUG}.{rollcall.id_of()}.address.2",
        ],
        history=[Why.CHANGED, Why.ADDRESS_CONFIRMED],
    ),
    "end links": Case(
        lambda rollcall: rollcall.end_links(),
        before=one_is_confirmed,
        extra_emails=lambda rollcall: [f"{SLUG}.{rollcall.id_of()}.links.2"],
        history=[Why.LINKS_ENDED],
        is_answered=(200, 410),
    ),
    "ask for a link": Case(
        lambda rollcall: rollcall.ask_for_link(),
        before=one_is_confirmed,
        extra_emails=lambda rollcall: [stamped(rollcall, rf"{SLUG}\.[0-9A-Z]{{24}}\.links\.\d{{8}}T\d\d")],
    ),
    "withdraw": Case(
        lambda rollcall: rollcall.withdraw(),
        before=one_is_confirmed,
        people=(),
        extra_emails=lambda rollcall: [rollcall.confirmation_at(1), rollcall.confirmation_at(2)],
        history=[Why.WITHDRAWN],
    ),
    "withdraw what another registered": Case(
        lambda rollcall: rollcall.withdraw(not_me="yes"),
        before=one_is_confirmed,
        people=(),
        extra_emails=lambda rollcall: [
            rollcall.confirmation_at(1),
            withdrawal_notice(SLUG, rollcall.id_of(), 2, rollcall.event.secretariat).id,
        ],
        history=[Why.NOT_ME],
    ),
    "register again": Case(
        lambda rollcall: rollcall.register(),
        before=one_withdraws,
        extra_emails=lambda rollcall: [rollcall.confirmation_at(3)],
        history=[Why.WITHDRAWN, Why.BACK],
    ),
    "register again what another registered": Case(
        lambda rollcall: rollcall.register(),
        before=one_was_registered_by_another,
        extra_emails=lambda rollcall: [rollcall.confirmation_at(3)],  # of the withdrawal nobody needs to hear
        history=[Why.NOT_ME, Why.BACK],
    ),
    "receive_email, a change": Case(
        lambda rollcall: rollcall.answer("Hotel: Beau-Rivage"),
        before=one_is_confirmed,
        extra_emails=lambda rollcall: [rollcall.confirmation_at(2)],
        history=[Why.CHANGED],
    ),
    "receive_email, a withdrawal": Case(
        lambda rollcall: rollcall.answer("Please cancel my registration."),
        before=one_is_confirmed,
        people=(),
        extra_emails=lambda rollcall: [rollcall.confirmation_at(1), rollcall.confirmation_at(2)],
        history=[Why.WITHDRAWN],
    ),
    "close_intake, the next morning": Case(
        lambda rollcall: rollcall.close(),
        before=the_roster_changed_since_the_closing,
        people=(ONE, OTHER),
        extra_emails=lambda rollcall: [
            rollcall.confirmation_at(2),
            roster_entry(SLUG, 2, rollcall.event.secretariat).id,
        ],
        history=[Why.CHANGED],
    ),
    "staff, correct the address": Case(
        lambda rollcall: rollcall.at_desk(f"registrations/{rollcall.id_of()}/address", email=NEW, _revision=1),
        before=one_is_confirmed,
        people=({"email": NEW},),
        extra_emails=lambda rollcall: [rollcall.confirmation_at(2)],
        history=[Why.ADDRESS_CORRECTED],
    ),
    "staff, make two registrations one": Case(
        lambda rollcall: rollcall.at_desk(
            f"registrations/{rollcall.id_of()}/double", other=one_of(rollcall, **OTHER).id
        ),
        before=two_are_confirmed,
        extra_emails=lambda rollcall: [confirmation(SLUG, rollcall.withdrawn(), "").id],
        history=[Why.DOUBLE, Why.ONE_OF_TWO],
    ),
    "staff, add a person": Case(
        lambda rollcall: rollcall.at_desk("add?send", **a_form(), _source="fax", _language="en"),
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
    "send_due_mail, an announcement": Case(
        lambda rollcall: rollcall.sweep(),
        before=an_announcement_was_sent_off,
        extra_emails=lambda rollcall: [f"{SLUG}.{rollcall.id_of()}.announcement.N0"],
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
    "send_due_mail, an announcement": "after save_announcement 1",
    "record_deliveries": "before save_entry 1",
    "close_intake": "after write_roster_page 1",
    "close_intake, the next morning": "after write_roster_page 1",
    "change the address": "after save_registration 1",
    "withdraw": "before save_registration 1",
    "register again": "after save_registration 1",
    "confirm the address": "after save_registration 1",
    "end links": "after save_registration 1",
    "ask for a link": "after enqueue 1",
    "staff, correct the address": "after save_registration 1",
    "staff, add a person": "after accept 1",
}
"""One point of each function, and of each page that changes something, at which its process is killed."""


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
    return since[: next(at for at, point in enumerate(since) if point.startswith("after save_entries"))]


def dies_and_is_called_again(rollcall: Rollcall, case: Case, point: str, copies: int) -> None:
    case.before(rollcall)
    rollcall.way.crash_at(point)
    with pytest.raises(ConnectionError):
        case.call(rollcall)
    assert rollcall.way.has_crashed()
    assert case.call(rollcall).status in case.is_answered
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
        roster_entry(SLUG, 1, rollcall.event.secretariat).id,
        *case.extra_emails(rollcall),
    ]
    posted = rollcall.posted()
    digests = [id for id in posted if ".staff-digest." in id]
    assert len(digests) == case.digests
    assert set(posted) == {*enqueue, *digests}
    assert posted.total() < len(enqueue) + len(digests) + case.rejected + copies
    assert rollcall.api.faults == []
    assert sorted(rollcall.history()) == sorted(case.history)


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
            assert case.call(rollcall).status in case.is_answered
            assert_everything_is_done(rollcall, case)


def commits_of(rollcall: Rollcall, case: Case) -> int:
    assert rollcall.line is not None
    case.before(rollcall)
    before = len(rollcall.line.requests("Commit"))
    case.call(rollcall)
    return len(rollcall.line.requests("Commit")) - before
