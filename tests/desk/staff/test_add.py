"""Whom the staff register, from a telephone call, a fax or paper."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from rollcall.desk.close import close
from rollcall.desk.desk import Desk
from rollcall.desk.register import Duplicate, register
from rollcall.desk.staff.add import (
    Added,
    AddedLate,
    IsThere,
    NotYetOpen,
    add,
    is_scan_of,
    keep_scan,
)
from rollcall.desk.versions import draw
from rollcall.model.registration import Entered, Source, new_id
from rollcall.model.staff import Action, Press
from schemas.form import ValidationError, faults_of, read_form
from tests.support.builders import a_form, a_registration, an_event
from tests.support.clock import Clock
from tests.support.desk import EVENT, on_version

SLUG = EVENT.slug
BY_FAX = Entered(Source.FAX, "wants a vegetarian lunch")
SECOND = timedelta(seconds=1)


def press(desk: Desk) -> Press:
    return Press(new_id(), "secretary@itu.int", desk.store.now())


def test_it_is_known_how_it_came_and_who_entered_it(desk: Desk) -> None:
    outcome = add(desk, EVENT, press(desk), a_registration(), BY_FAX)
    assert isinstance(outcome, Added)
    there = desk.store.registered(SLUG, outcome.registered.id)
    assert there is not None
    assert (there.entered, there.admitted) == (BY_FAX, None)
    (entry,) = desk.store.audit_of(SLUG, there.id)
    assert (entry.action, entry.by, entry.revision) == (Action.ADDED, "secretary@itu.int", 1)
    (owed,) = desk.store.entries_about(there.id, 9)
    assert owed.to == there.registration.email


def test_a_double_press_adds_one(desk: Desk) -> None:
    pressed = press(desk)
    with ThreadPoolExecutor(2) as both:
        first, second = both.map(lambda _: add(desk, EVENT, pressed, a_registration(), BY_FAX), range(2))
    assert isinstance(first, Added)
    assert isinstance(second, Added)
    assert first.registered.id == second.registered.id
    assert len(desk.store.registrations(SLUG, None, 9)) == 1


def test_whoever_is_registered_is_named_and_nothing_is_written(desk: Desk) -> None:
    register(desk, EVENT, a_registration())
    same = add(desk, EVENT, press(desk), a_registration(), BY_FAX)
    other = add(desk, EVENT, press(desk), a_registration(category="associate"), BY_FAX)
    assert isinstance(same, IsThere)
    assert isinstance(other, IsThere)
    assert (same.says_the_same, other.says_the_same) == (True, False)
    assert desk.store.audit(SLUG, None, 9) == []
    assert isinstance(register(desk, EVENT, a_registration()), Duplicate)


def test_after_the_deadline_it_is_late_unless_admitted_in_the_same_step(desk: Desk, clock: Clock) -> None:
    clock.now = EVENT.closes_at + SECOND
    assert close(desk, EVENT)
    assert isinstance(add(desk, EVENT, press(desk), a_registration(), BY_FAX), AddedLate)
    chosen = a_registration(first_name="Chosen", email="chosen@example.org")
    admitted = add(desk, EVENT, press(desk), chosen, BY_FAX, "faxed in time")
    assert isinstance(admitted, Added)
    assert draw(desk.store, EVENT)
    assert on_version(desk.store, EVENT, 2) == [admitted.registered.id]
    (entry,) = desk.store.audit_of(SLUG, admitted.registered.id)
    assert entry.reason == "faxed in time"


def test_nobody_is_added_before_it_opens(desk: Desk, clock: Clock) -> None:
    clock.now = EVENT.opens_at - SECOND
    assert add(desk, EVENT, press(desk), a_registration(), BY_FAX) == NotYetOpen(EVENT.opens_at)


def test_the_staff_may_leave_out_what_the_event_says_and_no_more() -> None:
    event = an_event(staff_may_leave_out=("signature", "address"))
    without = {name: text for name, text in a_form().items() if name not in ("signature", "address", "organization")}
    with pytest.raises(ValidationError) as refused:
        read_form(event.as_staff_ask(), without)
    assert [*faults_of(refused.value)] == ["organization"]
    assert read_form(event.as_staff_ask(), {**without, "organization": "ITU"}).answers.keys() >= {"organization"}


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (b"%PDF-1.4 ...", True),
        (b"\xff\xd8\xff\xe0...", True),
        (b"\x89PNG\r\n\x1a\n...", True),
        (b"II*\0....", True),
        (b"<html><script>alert(1)</script>", False),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", False),
        (b"", False),
    ],
)
def test_a_scan_is_what_its_content_says(desk: Desk, content: bytes, kept: bool) -> None:
    id = keep_scan(desk, EVENT, content)
    assert (id is not None) is kept
    if id:
        assert desk.files().get(id) == content
        assert is_scan_of(EVENT, id)
        assert not is_scan_of(replace(EVENT, slug="other"), id)


@pytest.mark.parametrize(
    "id", ["", "scan-intgov04-", "roster-intgov04-1-2.csv", "../scan", f"scan-{SLUG}-{'0' * 40}.exe"]
)
def test_no_other_file_is_a_scan(id: str) -> None:
    assert not is_scan_of(EVENT, id)
