"""What the staff do about one person: once, said by whom, and what the person is told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rollcall.desk import amend as at_desk
from rollcall.desk.amend import Amended, NothingNew, Overtaken, Taken, TooLate, amend
from rollcall.desk.close import close
from rollcall.desk.desk import Desk
from rollcall.desk.register import Accepted, Conflict, Duplicate, Late, register, register_emailed
from rollcall.desk.roster import listed
from rollcall.desk.send import send_due
from rollcall.desk.staff.person import (
    IsOnTime,
    IsWithdrawn,
    Same,
    admit,
    bring_back,
    by_reference,
    correct_address,
    end_links,
    likely_doubles,
    merge,
    resend,
    take_back_admission,
    withdraw,
)
from rollcall.desk.versions import draw
from rollcall.model.email import EmailKind
from rollcall.model.registration import Actor, Change, Registered, Way, Why, new_id, says_the_same
from rollcall.model.staff import Action, Press
from tests.support.builders import CANNOT_COME, a_registration
from tests.support.clock import Clock
from tests.support.desk import EVENT, Postbox, on_version

SLUG, NEW, STAFF = EVENT.slug, "amina@new.example.org", "secretary@itu.int"
SECOND = timedelta(seconds=1)
BY_STAFF: Any = {"by": Actor.STAFF, "way": Way.DESK}


def press(desk: Desk) -> Press:
    return Press(new_id(), STAFF, desk.store.now())


def registered(desk: Desk, **changes: Any) -> Registered:
    accepted = register(desk, EVENT, a_registration(**changes))
    assert isinstance(accepted, Accepted)
    return stored(desk, accepted.id)


def late(desk: Desk, clock: Clock, **changes: Any) -> Registered:
    clock.now = EVENT.closes_at + SECOND
    outcome = register_emailed(desk, EVENT, a_registration(**changes), clock.now, ())
    assert isinstance(outcome, Late)
    return stored(desk, outcome.id)


def stored(desk: Desk, id: str) -> Registered:
    there = desk.store.registered(SLUG, id)
    assert there is not None
    return there


def owed(desk: Desk, id: str) -> list[tuple[EmailKind, str, int]]:
    return sorted((one.kind, one.to, one.revision) for one in desk.store.entries_about(id, 99))


def changes_of(desk: Desk, id: str) -> list[Change]:
    return [one.change for one in desk.store.history(SLUG, stored(desk, id))]


def logged(desk: Desk, id: str) -> list[tuple[Action, int | None, str]]:
    return [(one.action, one.revision, one.reason) for one in desk.store.audit_of(SLUG, id)]


def told(desk: Desk, postbox: Postbox, to: str) -> list[str]:
    list(send_due(desk))
    return [f"{one.subject}\n{one.text}" for one in postbox.messages if one.to == to]


def test_a_corrected_address_counts_at_once_and_is_written_to(desk: Desk, postbox: Postbox) -> None:
    one, pressed = registered(desk), press(desk)
    outcome = correct_address(desk, EVENT, pressed, one.id, 1, NEW)
    assert isinstance(outcome, Amended)
    there = stored(desk, one.id)
    assert (there.registration.email, there.new_email, there.link, there.revision) == (NEW, "", 1, 2)
    assert changes_of(desk, one.id) == [Change(Actor.STAFF, Way.DESK, Why.ADDRESS_CORRECTED, who=STAFF)]
    assert logged(desk, one.id) == [(Action.ADDRESS_CORRECTED, 2, "")]
    (said,) = told(desk, postbox, NEW)
    assert "Registration confirmed" in said
    assert told(desk, postbox, one.registration.email) == []  # what was owed there is needed no more
    assert isinstance(register(desk, EVENT, a_registration(email=NEW)), Duplicate)
    assert isinstance(register(desk, EVENT, a_registration()), Duplicate)


def test_an_address_that_waits_is_forgotten_when_the_staff_correct_it(desk: Desk) -> None:
    one = registered(desk)
    amend(desk, EVENT, one.id, 1, a_registration(email=NEW))
    assert isinstance(correct_address(desk, EVENT, press(desk), one.id, 2, "third@example.org"), Amended)
    assert isinstance(at_desk.confirm_address(desk, EVENT, one.id, NEW), NothingNew)
    assert stored(desk, one.id).registration.email == "third@example.org"


def test_an_address_of_another_registration_is_not_taken(desk: Desk) -> None:
    one, other = registered(desk), registered(desk, email=NEW)
    outcome = correct_address(desk, EVENT, press(desk), one.id, 1, NEW)
    assert outcome == Taken(one, other)
    assert logged(desk, one.id) == []


def test_what_its_person_changed_meanwhile_is_not_overwritten(desk: Desk) -> None:
    one = registered(desk)
    amend(desk, EVENT, one.id, 1, a_registration(category="associate"))
    assert isinstance(correct_address(desk, EVENT, press(desk), one.id, 1, NEW), Overtaken)


def test_nothing_is_sent_of_a_withdrawn_one(desk: Desk) -> None:
    one = registered(desk)
    at_desk.withdraw(desk, EVENT, one.id, CANNOT_COME)
    before = owed(desk, one.id)
    assert isinstance(correct_address(desk, EVENT, press(desk), one.id, 2, NEW), IsWithdrawn)
    assert isinstance(resend(desk, EVENT, press(desk), one.id), IsWithdrawn)
    assert owed(desk, one.id) == before
    assert logged(desk, one.id) == []


def test_answers_that_the_staff_change_count_with_another_address(desk: Desk) -> None:
    one = registered(desk)
    outcome = amend(desk, EVENT, one.id, 1, a_registration(email=NEW), **BY_STAFF, press=press(desk))
    assert isinstance(outcome, Amended)
    assert (outcome.registered.registration.email, outcome.registered.link) == (NEW, 1)
    assert owed(desk, one.id)[-1] == (EmailKind.CONFIRMATION, NEW, 2)
    assert logged(desk, one.id) == [(Action.CHANGED, 2, "")]


def test_a_form_in_an_e_mail_moves_no_address_at_once(desk: Desk) -> None:
    one = registered(desk)
    amend(desk, EVENT, one.id, 1, a_registration(email=NEW), Actor.STAFF, Way.EMAIL, press=press(desk))
    there = stored(desk, one.id)
    assert (there.registration.email, there.new_email) == (one.registration.email, NEW)


def test_an_address_that_waits_goes_on_waiting_when_the_staff_change_something_else(desk: Desk) -> None:
    one = registered(desk)
    amend(desk, EVENT, one.id, 1, a_registration(email=NEW))
    amend(desk, EVENT, one.id, 2, a_registration(category="associate"), **BY_STAFF, press=press(desk))
    assert stored(desk, one.id).new_email == NEW


def test_the_confirmation_goes_out_again(desk: Desk, postbox: Postbox) -> None:
    one = registered(desk)
    for _ in range(2):
        assert isinstance(resend(desk, EVENT, press(desk), one.id), Amended)
    said = told(desk, postbox, one.registration.email)
    assert ["Registration confirmed" in one for one in said] == [True, True, True]
    there = stored(desk, one.id)
    assert (there.confirmed, says_the_same(there.registration, one.registration)) == (3, True)
    assert logged(desk, one.id) == [(Action.RESENT, 2, ""), (Action.RESENT, 3, "")]


def test_withdrawing_and_bringing_back_is_told(desk: Desk, postbox: Postbox) -> None:
    one = registered(desk)
    assert isinstance(withdraw(desk, EVENT, press(desk), one.id, "asked by telephone"), Amended)
    assert isinstance(bring_back(desk, EVENT, press(desk), one.id, 2), Amended)
    assert [one.why for one in changes_of(desk, one.id)] == [Why.WITHDRAWN, Why.BACK]
    assert logged(desk, one.id) == [(Action.WITHDRAWN, 2, "asked by telephone"), (Action.BROUGHT_BACK, 3, "")]
    assert not stored(desk, one.id).is_withdrawn
    assert "Registered again" in "".join(told(desk, postbox, one.registration.email))


def test_links_end(desk: Desk) -> None:
    one = registered(desk)
    assert isinstance(end_links(desk, EVENT, press(desk), one.id), Amended)
    assert stored(desk, one.id).link == 1
    assert changes_of(desk, one.id)[0].who == STAFF


@pytest.mark.parametrize(
    "act",
    [
        lambda desk, pressed, id: correct_address(desk, EVENT, pressed, id, 1, NEW),
        lambda desk, pressed, id: withdraw(desk, EVENT, pressed, id, "asked"),
        lambda desk, pressed, id: end_links(desk, EVENT, pressed, id),
        lambda desk, pressed, id: resend(desk, EVENT, pressed, id),
        lambda desk, pressed, id: amend(
            desk, EVENT, id, 1, a_registration(category="associate"), **BY_STAFF, press=pressed
        ),
    ],
)
def test_a_double_press_does_nothing_twice(desk: Desk, act: Callable[[Desk, Press, str], object]) -> None:
    one, pressed = registered(desk), press(desk)
    with ThreadPoolExecutor(2) as both:
        first, second = both.map(lambda _: act(desk, pressed, one.id), range(2))
    assert type(first) is type(second)
    assert stored(desk, one.id).revision <= 2
    assert len(logged(desk, one.id)) == 1
    assert len(owed(desk, one.id)) <= 2
    assert type(act(desk, pressed, one.id)) is type(first)


def test_an_id_of_nobody_is_told_so(desk: Desk) -> None:
    one = registered(desk)
    other = replace(EVENT, slug="other")
    for event, id in ((EVENT, "X" * 24), (other, one.id)):
        assert correct_address(desk, event, press(desk), id, 1, NEW) is None
        assert resend(desk, event, press(desk), id) is None
        assert withdraw(desk, event, press(desk), id, "") is None
        assert bring_back(desk, event, press(desk), id, 1) is None
        assert end_links(desk, event, press(desk), id) is None
        assert admit(desk, event, press(desk), id, "") is None
        assert merge(desk, event, press(desk), id, one.id) is None


def test_an_admitted_one_is_on_the_roster_and_told(desk: Desk, clock: Clock, postbox: Postbox) -> None:
    registered(desk, first_name="Punctual", email="p@example.org")
    one = late(desk, clock)
    assert close(desk, EVENT)
    assert "Received after the deadline" in told(desk, postbox, one.registration.email)[-1]
    assert isinstance(admit(desk, EVENT, press(desk), one.id, "the fax was down"), Amended)
    version = draw(desk.store, EVENT)
    assert version is not None
    assert version.count == 2
    assert one.id in on_version(desk.store, EVENT, 2)
    said = told(desk, postbox, one.registration.email)[-1]
    assert "Registration confirmed" in said
    assert "the secretariat has admitted you" in " ".join(said.split())
    assert "It decides" not in said
    assert register(desk, EVENT, a_registration()) == Duplicate(one.id)
    assert logged(desk, one.id) == [(Action.ADMITTED, 2, "the fax was down")]


def test_an_admission_is_taken_back_from_the_roster_too(desk: Desk, clock: Clock, postbox: Postbox) -> None:
    one = late(desk, clock)
    assert close(desk, EVENT)
    admit(desk, EVENT, press(desk), one.id, "")
    assert draw(desk.store, EVENT)
    assert isinstance(take_back_admission(desk, EVENT, press(desk), one.id, "another event"), Amended)
    version = draw(desk.store, EVENT)
    assert version is not None
    assert (version.number, version.count) == (3, 0)
    assert "That is no longer so" in " ".join(told(desk, postbox, one.registration.email)[-1].split())
    assert isinstance(take_back_admission(desk, EVENT, press(desk), one.id, ""), NothingNew)


def test_whom_the_staff_admit_before_the_closing_comes_with_version_2(desk: Desk, clock: Clock) -> None:
    """The closing has who registered in time, whoever records it and however often it is begun."""
    one = late(desk, clock)
    admit(desk, EVENT, press(desk), one.id, "")
    assert close(desk, EVENT)
    assert list(listed(desk.store, SLUG, desk.store.intake(EVENT).versions[0])) == []
    version = draw(desk.store, EVENT)
    assert version is not None
    assert version.count == 1


def test_nobody_is_admitted_who_was_on_time_or_is_withdrawn(desk: Desk, clock: Clock) -> None:
    punctual = registered(desk, first_name="Punctual")
    assert isinstance(admit(desk, EVENT, press(desk), punctual.id, ""), IsOnTime)
    one = late(desk, clock)
    withdraw(desk, EVENT, press(desk), one.id, "")
    assert isinstance(admit(desk, EVENT, press(desk), one.id, ""), IsWithdrawn)


def test_a_double_is_withdrawn_and_its_form_finds_the_first(desk: Desk, postbox: Postbox) -> None:
    first, double = registered(desk, first_name="Élodie"), registered(desk, first_name="Elodie")
    (found,) = likely_doubles(desk, EVENT, first)
    assert found.id == double.id
    told(desk, postbox, first.registration.email)
    assert isinstance(merge(desk, EVENT, press(desk), first.id, double.id), Amended)
    there = stored(desk, double.id)
    assert (there.is_withdrawn, there.double_of) == (True, first.id)
    assert len(told(desk, postbox, first.registration.email)) == 2  # the two confirmations from before
    again = register(desk, EVENT, double.registration)
    assert again == Duplicate(first.id)
    other = register(desk, EVENT, replace(double.registration, category="associate"))
    assert other == Conflict(first.id)
    assert stored(desk, double.id).is_withdrawn
    assert [(one.action, one.about) for one in desk.store.audit_of(SLUG, double.id)] == [(Action.MERGED, first.id)]


def test_a_double_is_not_brought_back_by_its_link_but_by_the_staff(desk: Desk) -> None:
    first, double = registered(desk, first_name="Élodie"), registered(desk, first_name="Elodie")
    merge(desk, EVENT, press(desk), first.id, double.id)
    outcome = amend(desk, EVENT, double.id, 2, double.registration)
    assert isinstance(outcome, Taken)
    assert outcome.other.id == first.id
    assert isinstance(bring_back(desk, EVENT, press(desk), double.id, 2), Amended)
    assert stored(desk, double.id).double_of == ""
    assert register(desk, EVENT, double.registration) == Duplicate(double.id)


def test_the_first_may_take_over_what_the_double_said(desk: Desk) -> None:
    first, double = registered(desk, first_name="Élodie"), registered(desk, first_name="Elodie")
    merge(desk, EVENT, press(desk), first.id, double.id)
    assert isinstance(amend(desk, EVENT, first.id, 2, double.registration), Amended)
    assert isinstance(bring_back(desk, EVENT, press(desk), double.id, 2), Taken)


def test_of_two_merges_at_once_one_registration_stays(desk: Desk) -> None:
    first, double = registered(desk, first_name="Élodie"), registered(desk, first_name="Elodie")
    with ThreadPoolExecutor(2) as both:
        outcomes = [
            both.submit(merge, desk, EVENT, press(desk), *ids) for ids in ((first.id, double.id), (double.id, first.id))
        ]
        kinds = {type(one.result()) for one in outcomes}
    assert kinds == {Amended, IsWithdrawn}
    assert [stored(desk, one.id).is_withdrawn for one in (first, double)].count(True) == 1


def test_who_was_in_time_stays_on_the_roster_whichever_registration_is_kept(
    desk: Desk, clock: Clock, postbox: Postbox
) -> None:
    double = registered(desk, first_name="Elodie")
    first = late(desk, clock, first_name="Élodie")
    assert close(desk, EVENT)
    told(desk, postbox, first.registration.email)
    assert isinstance(merge(desk, EVENT, press(desk), first.id, double.id), Amended)
    assert draw(desk.store, EVENT)
    assert on_version(desk.store, EVENT, 2) == [first.id]
    assert "Registration confirmed" in told(desk, postbox, first.registration.email)[-1]


def test_a_merge_is_refused_where_there_is_nothing_to_merge(desk: Desk) -> None:
    first, double = registered(desk, first_name="Élodie"), registered(desk, first_name="Elodie")
    assert isinstance(merge(desk, EVENT, press(desk), first.id, first.id), Same)
    withdraw(desk, EVENT, press(desk), double.id, "")
    assert isinstance(merge(desk, EVENT, press(desk), first.id, double.id), IsWithdrawn)
    assert isinstance(merge(desk, EVENT, press(desk), double.id, first.id), IsWithdrawn)


def test_a_reference_is_found_however_it_is_written(desk: Desk) -> None:
    one = registered(desk)
    registered(desk, first_name="Other")
    for typed in (one.reference, one.reference.lower().replace("-", " "), one.reference.replace("0", "O")):
        found = by_reference(desk, EVENT, typed)
        assert found is not None
        assert found.id == one.id
    for typed in ("", "nonsense", f"{one.reference[:-1]}{'A' if one.reference[-1] != 'A' else 'B'}", "ÉÉÉÉÉÉÉÉÉ"):
        assert by_reference(desk, EVENT, typed) is None


def test_withdrawing_after_the_event_is_too_late(desk: Desk, clock: Clock) -> None:
    one = registered(desk)
    clock.now = EVENT.over_at + SECOND
    assert isinstance(withdraw(desk, EVENT, press(desk), one.id, ""), TooLate)
