"""Erasing a person at the staff's desk: what the page says, one press, a refusal, and what is said afterwards."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from rollcall.desk.desk import Desk
from rollcall.desk.personal_data.ask import ask, take_back
from rollcall.desk.personal_data.erase import erase_due
from rollcall.desk.register import Accepted, register
from rollcall.desk.send import send_due
from rollcall.desk.staff.status import event_status
from rollcall.emails import staff_digest
from rollcall.model.email import EmailKind
from rollcall.model.personal_data import LONGEST_ANSWER, Erasure, ErasureStatus, Ground
from rollcall.model.registration import Registered
from rollcall.model.staff import Action, Role, StaffMember
from tests.support.builders import a_registration, an_event
from tests.support.clock import Clock
from tests.support.contributions import EVENT as WITH_CONTRIBUTIONS
from tests.support.desk import EVENT
from tests.support.much_held import FOCAL, OTHER, much_held
from tests.support.staff_pages import StaffPages

EDITOR, VIEWER = EVENT.staff[0].address, "viewer@itu.int"
WATCHED = replace(EVENT, staff=(*EVENT.staff, StaffMember(VIEWER, Role.VIEWER)))
XSS = "<script>alert(1)</script>"


@pytest.fixture
def pages(desk: Desk) -> StaffPages:
    return StaffPages(replace(desk, events={EVENT.slug: WATCHED}), EDITOR, WATCHED)


@pytest.fixture
def there(desk: Desk) -> Registered:
    accepted = register(desk, EVENT, a_registration())
    assert isinstance(accepted, Accepted)
    one = desk.store.registered(EVENT.slug, accepted.id)
    assert one
    return one


def path(there: Registered, name: str = "erase") -> str:
    return f"registrations/{there.id}/{name}"


def stored(desk: Desk, there: Registered) -> Erasure | None:
    return desk.store.erasure(there.id)


def status(desk: Desk, there: Registered) -> ErasureStatus | None:
    erasure = stored(desk, there)
    return erasure.status if erasure else None


def test_the_page_says_what_goes_what_stays_and_what_is_perhaps_theirs(desk: Desk) -> None:
    much = much_held(desk, WITH_CONTRIBUTIONS)
    pages = StaffPages(much.desk, EDITOR, WITH_CONTRIBUTIONS)
    page = pages.get(path(much.there)).text
    goes, perhaps = page.split("What is only perhaps theirs")
    text = unescape(re.sub(r"<[^>]+>", "", goes))
    counts = much.held().counts
    for said in (
        f"{counts['registrations']} registrations",
        f"{counts['emails']} e-mails sent",
        f"{counts['inbound']} e-mails received, with their files",
        f"{counts['contributions']} contribution\n",
        f"{counts['invitations']} invitation\n",
    ):
        assert said in text
    for id in (much.double, much.contribution, much.alone, much.question):
        assert f"/{id}" in goes
    assert OTHER not in goes
    assert OTHER in perhaps


def test_what_is_under_an_address_of_several_is_only_perhaps_theirs(desk: Desk, pages: StaffPages) -> None:
    ids = []
    for name in ("Amina", "Sekou"):
        accepted = register(desk, EVENT, a_registration(first_name=name, email=FOCAL))
        assert isinstance(accepted, Accepted)
        ids.append(accepted.id)
    page = pages.get(f"registrations/{ids[0]}/erase").text
    goes, perhaps = page.split("What is only perhaps theirs")
    assert f"/{ids[1]}" in perhaps
    assert f"/{ids[1]}" not in goes
    assert "1 registration<" in goes


def test_one_press_decides_and_a_second_does_nothing(desk: Desk, pages: StaffPages, there: Registered) -> None:
    button = pages.button()
    answers = [pages.post(path(there), button, ground="objects") for _ in range(2)]
    assert [one.status for one in answers] == [303, 303]
    assert answers[0].headers["Location"].endswith(f"registrations/{there.id}?erasing")
    erasure = stored(desk, there)
    assert erasure
    assert (erasure.status, erasure.ground, erasure.decided_by) == (ErasureStatus.DUE, Ground.OBJECTS, EDITOR)
    assert [one.action for one in desk.store.audit(EVENT.slug, None, 9)] == [Action.ERASURE_DECIDED]
    assert len([one for one in desk.store.entries_about(there.id, 9) if one.kind is EmailKind.ERASURE]) == 1
    assert "The person objects" in pages.get("log").text


@pytest.mark.parametrize("ground", ["", "because", XSS])
def test_without_a_ground_nothing_is_decided(desk: Desk, pages: StaffPages, there: Registered, ground: str) -> None:
    answer = pages.post(path(there), ground=ground)
    assert answer.status == 422
    assert '<a href="#ground">' in answer.text
    assert XSS not in answer.text
    assert stored(desk, there) is None


@pytest.mark.parametrize("name", ["erase", "refuse"])
def test_a_viewer_looks_and_decides_nothing(desk: Desk, pages: StaffPages, there: Registered, name: str) -> None:
    ask(desk, EVENT, there)
    viewer = replace(pages, address=VIEWER)
    shown = viewer.get(path(there))
    assert shown.status == 200
    assert "What goes" in shown.text
    assert '<form method="post"' not in shown.text
    assert viewer.post(path(there, name), ground="asked", answer="No.").status == 403
    assert status(desk, there) is ErasureStatus.ASKED


@pytest.mark.parametrize("name", ["erase", "refuse"])
def test_a_form_of_another_page_decides_nothing(desk: Desk, pages: StaffPages, there: Registered, name: str) -> None:
    ask(desk, EVENT, there)
    assert pages.post(path(there, name), "no button", ground="asked", answer="No.").status == 403
    assert status(desk, there) is ErasureStatus.ASKED


def test_another_events_person_is_not_there(desk: Desk, pages: StaffPages) -> None:
    other = an_event(slug="other", staff=EVENT.staff)
    accepted = register(replace(desk, events={"other": other}), other, a_registration())
    assert isinstance(accepted, Accepted)
    erased = Erasure("0" * 24, "other", ErasureStatus.ERASED, erased_at=desk.store.now())
    assert desk.store.save_erasure(erased)
    for id in (accepted.id, erased.registration_id):
        assert pages.get(f"registrations/{id}/erase").status == 404
        assert pages.post(f"registrations/{id}/erase", ground="asked").status == 404
    assert desk.store.erasure(accepted.id) is None


def test_whoever_is_being_erased_is_left_alone(desk: Desk, pages: StaffPages, there: Registered) -> None:
    pages.post(path(there), ground="asked")
    page = pages.get(f"registrations/{there.id}?erasing").text
    assert "Being erased" in page
    assert "What you can do" not in page
    assert pages.get(path(there)).headers["Location"].endswith(f"registrations/{there.id}")
    for name in ("withdraw", "resend", "links", "address", "change?send"):
        assert pages.post(path(there, name), email="new@example.org", reason="x", _revision="1").status == 409
    assert desk.store.registered(EVENT.slug, there.id) == there


def test_a_request_waits_everywhere_until_it_is_answered(desk: Desk, pages: StaffPages, there: Registered) -> None:
    ask(desk, EVENT, there)
    review = pages.get("review").text
    assert "People who ask for erasure" in review
    assert f"registrations/{there.id}/erase" in review
    assert "answer by 2 March 2004" in review
    assert "People who ask for erasure" in pages.get().text
    assert "Asks for erasure" in pages.get(f"registrations/{there.id}").text
    assert "Please answer by" in pages.get(path(there)).text
    digest = staff_digest.gather(pages.desk, WATCHED, EDITOR, desk.store.now())
    assert [day.isoformat() for day in digest.to_erase] == ["2004-03-02"]
    assert pages.post(path(there, "refuse"), answer="No.").status == 303
    for said in (pages.get("review"), pages.get()):
        assert "People who ask for erasure" not in said.text


def test_what_waits_longer_than_a_month_is_overdue(desk: Desk, there: Registered, clock: Clock) -> None:
    ask(desk, EVENT, there)
    clock.forward(timedelta(days=29))
    late = [_overdue(desk)]
    clock.forward(timedelta(days=1))
    assert [*late, _overdue(desk)] == [0, 1]


def _overdue(desk: Desk) -> int:
    intake = desk.intakes.fresh(EVENT)
    return event_status(desk.store, EVENT.slug, EVENT, intake, intake.as_of).answers_overdue


def test_the_digest_comes_again_while_somebody_waits_though_the_event_is_over(
    desk: Desk, there: Registered, clock: Clock, postbox: Any
) -> None:
    clock.forward(EVENT.over_at + timedelta(days=1) - clock.now)
    ask(desk, EVENT, there)
    for _ in range(2):
        clock.forward(timedelta(days=1))
        list(send_due(desk))
    digests = [one for one in postbox.messages if ".staff-digest." in one.email_id]
    assert len(digests) == 2
    assert "1 person asks that all that is held of them be erased." in digests[0].text


def test_a_refusal_is_answered_asked_again_and_decided(desk: Desk, pages: StaffPages, there: Registered) -> None:
    ask(desk, EVENT, there)
    button = pages.button()
    answers = [pages.post(path(there, "refuse"), button, answer=f"No.\n{XSS}") for _ in range(2)]
    assert [one.status for one in answers] == [303, 303]
    assert answers[0].headers["Location"].endswith("?refused")
    page = pages.get(path(there)).text
    assert "It was refused before:" in page
    assert "&lt;script&gt;alert(1)" in page
    assert XSS not in page
    assert 'name="answer"' not in page
    ask(desk, EVENT, there)
    assert 'name="answer"' in pages.get(path(there)).text
    assert pages.post(path(there), ground="asked").status == 303
    assert status(desk, there) is ErasureStatus.DUE


@pytest.mark.parametrize("typed", ["", " ", "x" * (LONGEST_ANSWER + 1)])
def test_a_refusal_needs_an_answer_of_some_length(desk: Desk, pages: StaffPages, there: Registered, typed: str) -> None:
    ask(desk, EVENT, there)
    answer = pages.post(path(there, "refuse"), answer=typed)
    assert answer.status == 422
    assert typed.strip() in answer.text
    assert status(desk, there) is ErasureStatus.ASKED


def test_what_is_not_asked_for_is_not_refused_and_the_answer_is_kept(
    desk: Desk, pages: StaffPages, there: Registered
) -> None:
    ask(desk, EVENT, there)
    take_back(desk, there)
    answer = pages.post(path(there, "refuse"), answer="We still need it.")
    assert answer.status == 409
    assert "does not ask for it any more" in answer.text
    assert "<h2>Refuse</h2>" not in answer.text
    pages.post(path(there), ground="asked")
    assert pages.post(path(there, "refuse"), answer="We still need it.").status == 409
    assert status(desk, there) is ErasureStatus.DUE


def test_afterwards_the_page_says_by_whom_and_how_much(desk: Desk, pages: StaffPages, there: Registered) -> None:
    ask(desk, EVENT, there)
    pages.post(path(there), ground="asked")
    list(send_due(pages.desk))
    assert [id for id, _ in erase_due(pages.desk)] == [there.id]
    for below in ("", "/erase", "/change"):
        page = pages.get(f"registrations/{there.id}{below}")
        assert page.status == 410
        for said in (there.reference, EDITOR, "1 registration", "3 e-mails sent"):
            assert said in page.text
        assert there.registration.family_name not in page.text
    assert pages.post(path(there), ground="asked").status == 410
    everything = pages.get("erasures").text
    assert there.reference in everything
    assert "3 e-mails sent" in everything
    overview = pages.get().text
    assert "/erasures" in overview
    assert "It balances" in overview
    log = pages.get("log")
    assert log.status == 200
    assert "Erasure decided" in log.text


def test_a_request_by_the_link_of_a_double_goes_with_the_other(desk: Desk) -> None:
    much = much_held(desk, WITH_CONTRIBUTIONS)
    pages = StaffPages(much.desk, EDITOR, WITH_CONTRIBUTIONS)
    double = much.desk.store.registered(WITH_CONTRIBUTIONS.slug, much.double)
    assert double
    ask(much.desk, WITH_CONTRIBUTIONS, double)
    pages.post(path(much.there), ground="asked")
    list(send_due(much.desk))
    list(erase_due(much.desk))
    assert pages.get(f"registrations/{double.id}").status == 410
    for below in ("", "review", "erasures"):
        assert double.reference not in pages.get(below).text
        assert "ask to be erased" not in pages.get(below).text


def test_a_request_by_the_link_of_a_double_is_answered_there(desk: Desk) -> None:
    much = much_held(desk, WITH_CONTRIBUTIONS)
    pages = StaffPages(much.desk, EDITOR, WITH_CONTRIBUTIONS)
    double = much.desk.store.registered(WITH_CONTRIBUTIONS.slug, much.double)
    assert double
    ask(much.desk, WITH_CONTRIBUTIONS, double)
    assert f"registrations/{double.id}/erase" in pages.get("review").text
    assert f"/{much.id}" in pages.get(path(double)).text
    assert pages.post(path(double), ground="asked").status == 303
    list(send_due(much.desk))
    assert [id for id, _ in erase_due(much.desk)] == [double.id]
    for id in (double.id, much.id):
        assert pages.get(f"registrations/{id}").status == 410


def test_nobody_becomes_the_double_of_another_while_being_erased(
    pages: StaffPages, desk: Desk, there: Registered
) -> None:
    """That one would be erased too, of whom nobody decided it."""
    accepted = register(desk, EVENT, a_registration(first_name="Amin"))
    assert isinstance(accepted, Accepted)
    pages.post(path(there), ground="not_theirs")
    answer = pages.post(f"registrations/{accepted.id}/double", other=there.id)
    assert (answer.status, "is being erased" in answer.text) == (409, True)
    list(send_due(desk))
    list(erase_due(desk))
    assert desk.store.registered(EVENT.slug, there.id) is None
    assert desk.store.registered(EVENT.slug, accepted.id) is not None
