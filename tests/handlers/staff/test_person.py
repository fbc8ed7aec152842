"""A person's page: what it shows, and what each of its buttons does, whoever presses it and however often."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from rollcall.desk.amend import amend
from rollcall.desk.close import close
from rollcall.desk.deliveries import record_deliveries
from rollcall.desk.desk import Desk
from rollcall.desk.register import Accepted, Duplicate, Late, register, register_emailed
from rollcall.desk.send import send_due
from rollcall.model.email import DeliveryEvent, EmailStatus, confirmation
from rollcall.model.registration import Registered
from rollcall.model.staff import Role, StaffMember
from tests.support.builders import LINKS, a_form, a_registration
from tests.support.clock import Clock
from tests.support.desk import EVENT
from tests.support.staff_pages import StaffPages

NEW, VIEWER = "amina@new.example.org", "viewer@itu.int"
EDITOR = EVENT.staff[0].address
WATCHED = replace(EVENT, staff=(*EVENT.staff, StaffMember(VIEWER, Role.VIEWER)))
SECOND = timedelta(seconds=1)


@pytest.fixture
def pages(desk: Desk) -> StaffPages:
    return StaffPages(replace(desk, events={EVENT.slug: WATCHED}), EDITOR, WATCHED)


def registered(desk: Desk, **changes: object) -> Registered:
    accepted = register(desk, EVENT, a_registration(**changes))
    assert isinstance(accepted, Accepted | Late)
    return stored(desk, accepted.id)


def stored(desk: Desk, id: str) -> Registered:
    there = desk.store.registered(EVENT.slug, id)
    assert there is not None
    return there


def test_the_page_shows_answers_e_mails_history_and_the_log(desk: Desk, pages: StaffPages) -> None:
    one = registered(desk)
    list(send_due(desk))
    entry_id = confirmation(EVENT.slug, one.id, "").id
    record_deliveries(desk, [DeliveryEvent(entry_id, EmailStatus.BOUNCED, "550 no such mailbox")])
    amend(desk, EVENT, one.id, 1, a_registration(category="associate"))
    assert pages.post(f"registrations/{one.id}/withdraw", reason="asked by telephone").status == 303
    answer = pages.get(f"registrations/{one.id}")
    assert answer.status == 200
    for said in (
        *("Amina Diallo", one.reference, "bounced", "550 no such mailbox", "Withdrawn"),
        *("Answers changed", "the person, by their link", EDITOR, "asked by telephone"),
    ):
        assert said in answer.text


def test_the_address_is_corrected_in_one_step(desk: Desk, pages: StaffPages) -> None:
    one = registered(desk)
    path = f"registrations/{one.id}/address"
    assert 'name="email"' in pages.get(path).text
    answer = pages.post(path, email=NEW, _revision="1")
    assert answer.headers["Location"] == f"/staff/{EVENT.slug}/registrations/{one.id}?corrected"
    assert stored(desk, one.id).registration.email == NEW
    assert "A confirmation is on its way there." in pages.get(f"registrations/{one.id}?corrected").text


@pytest.mark.parametrize("typed", ["", "no address", "<script>@x"])
def test_an_address_that_is_none_is_said_and_kept(desk: Desk, pages: StaffPages, typed: str) -> None:
    one = registered(desk)
    answer = pages.post(f"registrations/{one.id}/address", email=typed, _revision="1")
    assert answer.status == 422
    assert "<script>@x" not in answer.text
    assert stored(desk, one.id).revision == 1


def test_of_two_staff_the_second_sees_what_the_first_did(desk: Desk, pages: StaffPages) -> None:
    one = registered(desk)
    path = f"registrations/{one.id}/address"
    assert pages.post(path, email=NEW, _revision="1").status == 303
    answer = pages.post(path, email="third@example.org", _revision="1")
    assert answer.status == 409
    assert "changed meanwhile" in answer.text
    assert 'name="_revision" value="2"' in answer.text
    assert stored(desk, one.id).registration.email == NEW


@pytest.mark.parametrize("action", ["address", "resend", "links", "withdraw"])
def test_a_double_press_is_answered_as_the_first(desk: Desk, pages: StaffPages, action: str) -> None:
    one, button = registered(desk), pages.button()
    path = f"registrations/{one.id}/{action}"
    first, second = (pages.post(path, button, email=NEW, reason="asked", _revision="1") for _ in range(2))
    assert (first.status, first.headers["Location"]) == (second.status, second.headers["Location"])
    assert len(desk.store.audit(EVENT.slug, None, 9)) == 1


ALL = ("address", "resend", "links", "withdraw", "back", "admit", "not-admitted", "double", "change?send")


@pytest.mark.parametrize("action", ALL)
def test_a_viewer_sees_everything_and_presses_nothing(desk: Desk, pages: StaffPages, action: str) -> None:
    one = registered(desk)
    viewer = replace(pages, address=VIEWER)
    shown = viewer.get(f"registrations/{one.id}")
    assert shown.status == 200
    assert "What you can do" not in shown.text
    typed = {name: str(text) for name, text in a_form(hotel="Beau-Rivage").items()}
    answer = viewer.post(f"registrations/{one.id}/{action}", **typed, reason="x", other=one.id, _revision="1")
    assert answer.status == 403
    assert stored(desk, one.id).revision == 1
    assert desk.store.audit(EVENT.slug, None, 9) == []


@pytest.mark.parametrize("action", ALL)
def test_a_form_of_another_page_changes_nothing(desk: Desk, pages: StaffPages, action: str) -> None:
    one = registered(desk)
    typed = {name: str(text) for name, text in a_form(hotel="Beau-Rivage").items()}
    path = f"registrations/{one.id}/{action}"
    answer = pages.post(path, "forged", **typed, reason="x", other=one.id, _revision="1")
    assert answer.status == 403
    assert stored(desk, one.id).revision == 1


@pytest.mark.parametrize("path", ["", "/address", "/change", "/print", "/scan", "/double", "/no-such"])
def test_a_person_of_another_event_is_not_here(desk: Desk, pages: StaffPages, path: str) -> None:
    one = registered(desk)
    other = replace(WATCHED, slug="other")
    elsewhere = StaffPages(replace(desk, events={"other": other}), EDITOR, other)
    assert elsewhere.get(f"registrations/{one.id}{path}").status == 404
    if path in ("/scan", "/no-such"):
        assert pages.get(f"registrations/{one.id}{path}").status == 404


@pytest.mark.parametrize("id", ["nobody", "__x__", "..", "%00", "A" * 2000])
def test_what_is_no_id_is_nobody(pages: StaffPages, id: str) -> None:
    assert pages.get(f"registrations/{id}").status == 404


def test_answers_are_changed_with_a_check_before(desk: Desk, pages: StaffPages) -> None:
    one = registered(desk)
    path = f"registrations/{one.id}/change"
    assert "Change the registration of Amina Diallo" in pages.get(path).text
    typed = {name: str(text) for name, text in a_form(hotel="Beau-Rivage", signature="").items()}
    checked = pages.post(f"{path}?check", **typed, _revision="1")
    assert checked.status == 200
    assert "Check your changes" in checked.text
    assert stored(desk, one.id).revision == 1
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', checked.text))
    assert hidden.pop("_revision") == "1"
    button = hidden.pop("_button")
    saved = pages.post(f"{path}?send", button, **typed, _revision="1")
    assert saved.headers["Location"].endswith("?changed")
    (change,) = [made.change for made in desk.store.history(EVENT.slug, stored(desk, one.id))]
    assert change.who == EDITOR
    assert pages.post(f"{path}?send", button, **typed, _revision="1").status == 303
    assert stored(desk, one.id).revision == 2


def test_a_change_by_its_person_meanwhile_is_shown_first(desk: Desk, pages: StaffPages) -> None:
    one = registered(desk)
    amend(desk, EVENT, one.id, 1, a_registration(category="associate"))
    typed = {name: str(text) for name, text in a_form(hotel="Beau-Rivage").items()}
    answer = pages.post(f"registrations/{one.id}/change?send", **typed, _revision="1")
    assert answer.status == 409
    assert "This registration was changed meanwhile" in answer.text


def test_an_address_that_waits_is_not_taken_over_with_another_change(desk: Desk, pages: StaffPages) -> None:
    one = registered(desk)
    amend(desk, EVENT, one.id, 1, a_registration(email=NEW))
    page = pages.get(f"registrations/{one.id}/change").text
    assert f'value="{one.registration.email}"' in page
    assert NEW in pages.get(f"registrations/{one.id}").text


def test_a_late_one_is_admitted_with_a_reason(desk: Desk, pages: StaffPages, clock: Clock) -> None:
    clock.now = EVENT.closes_at + SECOND
    late = register_emailed(desk, EVENT, a_registration(), clock.now, ())
    assert isinstance(late, Late)
    assert close(desk, EVENT)
    path = f"registrations/{late.id}"
    assert "Admit late" in pages.get(path).text
    assert pages.post(f"{path}/admit").status == 422
    assert pages.post(f"{path}/admit", reason="the fax was down").status == 303
    shown = pages.get(f"{path}?admitted").text
    assert "the fax was down" in shown
    assert "Admitted late" in shown
    own = LINKS.own(EVENT, stored(desk, late.id))
    assert own
    assert pages.post(f"{path}/not-admitted", reason="another event").status == 303
    assert stored(desk, late.id).admitted is False


def test_a_button_does_another_thing_and_the_same_to_another_person(desk: Desk, pages: StaffPages) -> None:
    one, other = registered(desk), registered(desk, first_name="Élodie")
    button = pages.button()
    for _ in range(2):
        assert pages.post(f"registrations/{one.id}/resend", button).status == 303
    pages.post(f"registrations/{one.id}/withdraw", button)
    pages.post(f"registrations/{other.id}/resend", button)
    assert (stored(desk, one.id).revision, stored(desk, one.id).is_withdrawn) == (3, True)
    assert stored(desk, other.id).revision == 2


def test_a_double_is_compared_and_withdrawn(desk: Desk, pages: StaffPages) -> None:
    first, double = registered(desk, first_name="Élodie"), registered(desk, first_name="Elodie")
    assert double.reference in pages.get(f"registrations/{first.id}").text
    compared = pages.get(f"registrations/{first.id}/double?other={double.reference}")
    assert "Withdraw the other as a double" in compared.text
    assert "No registration of this event" in pages.get(f"registrations/{first.id}/double?other=X").text
    assert pages.post(f"registrations/{first.id}/double", other=double.id).headers["Location"].endswith("?merged")
    assert register(desk, EVENT, double.registration) == Duplicate(first.id)
    shown = pages.get(f"registrations/{double.id}").text
    assert "Withdrawn as a double" in shown
    assert f"registrations/{first.id}" in shown
    assert pages.post(f"registrations/{double.id}/double", other=first.id).status == 409
    assert pages.post(f"registrations/{double.id}/back", _revision="2").status == 303
    assert not stored(desk, double.id).is_withdrawn


def test_a_confirmation_is_printed_without_scripts(desk: Desk, pages: StaffPages) -> None:
    one = registered(desk)
    answer = pages.get(f"registrations/{one.id}/print")
    assert answer.status == 200
    assert one.reference in answer.text
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    double = registered(desk, first_name="Âmina")
    pages.post(f"registrations/{one.id}/double", other=double.id)
    assert pages.get(f"registrations/{double.id}/print").status == 410


EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def test_nothing_that_anybody_wrote_is_markup(desk: Desk, pages: StaffPages) -> None:
    answers = {**a_registration().answers, "organization": EVIL, "hotel": EVIL}
    one = registered(desk, family_name=EVIL, answers=answers)
    twin = registered(desk, family_name=EVIL, first_name="Âmina", answers=answers)
    other = replace(a_registration(family_name=EVIL, answers={**answers, "hotel": f"{EVIL}2"}))
    amend(desk, EVENT, one.id, 1, other)
    pages.post(f"registrations/{one.id}/withdraw", reason=EVIL)
    pages.post(f"registrations/{one.id}/back", _revision="3")
    base = f"registrations/{one.id}"
    for path in (base, f"{base}/address", f"{base}/change", f"{base}/double?other={twin.reference}", f"{base}/print"):
        answer = pages.get(path)
        assert answer.status == 200
        assert "alert(1)" in answer.text
        assert "<img src=x" not in answer.text
        assert "<script>alert" not in answer.text
    assert EVIL not in pages.get(f"{base}?{EVIL}").text
