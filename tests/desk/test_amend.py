"""Changing a registration: each change once, in time, with its history, and never over what somebody else wrote."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from rollcall.desk import amend as at_desk
from rollcall.desk.amend import (
    Amended,
    NothingNew,
    Outcome,
    Overtaken,
    Taken,
    TooLate,
    TooManyChanges,
    amend,
    confirm_address,
    end_links,
    keep_address,
    read,
    withdraw,
)
from rollcall.desk.close import close
from rollcall.desk.desk import Desk, RecentIntakes
from rollcall.desk.limits import Limits
from rollcall.desk.register import Accepted, Conflict, Duplicate, register
from rollcall.desk.roster import listed
from rollcall.model.email import EmailKind
from rollcall.model.event import Event
from rollcall.model.intake import OnRoster
from rollcall.model.registration import Actor, Registered, Way, Why
from tests.support.builders import CANNOT_COME, a_registration
from tests.support.clock import Clock
from tests.support.desk import EVENT

SLUG, NEW = EVENT.slug, "amina@new.example.org"
SECOND = timedelta(seconds=1)


def registered(desk: Desk, **changes: Any) -> Registered:
    accepted = register(desk, EVENT, a_registration(**changes))
    assert isinstance(accepted, Accepted)
    return stored(desk, accepted.id)


def stored(desk: Desk, id: str) -> Registered:
    there = desk.store.registered(SLUG, id)
    assert there is not None
    return there


def with_hotel(name: str, **changes: Any) -> Any:
    return a_registration(answers={**a_registration().answers, "hotel": name}, **changes)


def owed(desk: Desk, id: str) -> list[tuple[EmailKind, str, int]]:
    return [(one.kind, one.to, one.revision) for one in desk.store.entries_about(id, 99)]


def reasons(desk: Desk, id: str) -> list[tuple[Actor, Way, Why]]:
    history = desk.store.history(SLUG, stored(desk, id))
    return [(one.change.by, one.change.way, one.change.why) for one in history]


def test_a_change_is_one_revision_with_its_e_mail(desk: Desk) -> None:
    there = registered(desk)
    outcome = amend(desk, EVENT, there.id, 1, with_hotel("Cornavin"))
    now = stored(desk, there.id)
    assert outcome == Amended(now)
    assert (now.registration.answers["hotel"], now.revision, now.confirmed) == ("Cornavin", 2, 2)
    assert now.received_at == there.received_at
    assert owed(desk, there.id) == [
        (EmailKind.CONFIRMATION, there.registration.email, 1),
        (EmailKind.CONFIRMATION, there.registration.email, 2),
    ]
    assert reasons(desk, there.id) == [(Actor.REGISTRANT, Way.LINK, Why.CHANGED)]
    assert amend(desk, EVENT, there.id, 1, with_hotel("Cornavin")) == NothingNew(now)


def test_nothing_new_is_no_revision(desk: Desk) -> None:
    there = registered(desk)
    same = replace(there.registration, form_version="another", language="fr")
    assert amend(desk, EVENT, there.id, 1, same) == NothingNew(there)
    assert stored(desk, there.id).revision == 1


def test_two_tabs_do_not_write_over_each_other(desk: Desk) -> None:
    there = registered(desk)
    amend(desk, EVENT, there.id, 1, with_hotel("Cornavin"))
    second = amend(desk, EVENT, there.id, 1, with_hotel("Beau-Rivage"))
    assert second == Overtaken(stored(desk, there.id))
    assert stored(desk, there.id).registration.answers["hotel"] == "Cornavin"
    assert isinstance(amend(desk, EVENT, there.id, 2, with_hotel("Beau-Rivage")), Amended)


def test_another_is_faster_between_reading_and_writing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    there = registered(desk)
    save = desk.store.save_registration

    def late(*given: Any) -> datetime | None:
        monkeypatch.undo()
        amend(desk, EVENT, there.id, 1, with_hotel("Faster"))
        return save(*given)

    monkeypatch.setattr(desk.store, "save_registration", late)
    outcome = amend(desk, EVENT, there.id, 1, with_hotel("Slower"))
    assert isinstance(outcome, Overtaken)
    assert outcome.registered.registration.answers["hotel"] == "Faster"


def test_of_two_who_become_somebody_else_at_once_each_is_told_of_their_own(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names do not count where two registrations are compared."""
    there = registered(desk)
    save = desk.store.save_registration

    def late(*given: Any) -> datetime | None:
        monkeypatch.undo()
        amend(desk, EVENT, there.id, 1, a_registration(family_name="Faster"))
        return save(*given)

    monkeypatch.setattr(desk.store, "save_registration", late)
    assert isinstance(amend(desk, EVENT, there.id, 1, a_registration(family_name="Slower")), Overtaken)
    assert stored(desk, there.id).registration.family_name == "Faster"


def test_nobody_becomes_somebody_who_registers_meanwhile(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    there = registered(desk)
    look, looks = desk.store.registration_of, []

    def after_the_first(*given: Any) -> Registered | None:
        looks.append(given)
        if len(looks) == 2:
            monkeypatch.undo()
            registered(desk, first_name="Awa")
        return look(*given)

    monkeypatch.setattr(desk.store, "registration_of", after_the_first)
    assert isinstance(amend(desk, EVENT, there.id, 1, a_registration(first_name="Awa")), Taken)
    assert stored(desk, there.id) == there


def test_nobody_changes_what_is_not_there(desk: Desk) -> None:
    id = "0123456789ABCDEFGHJKMNPQ"
    assert amend(desk, EVENT, id, 1, a_registration()) is None
    assert withdraw(desk, EVENT, id, CANNOT_COME) is None
    assert confirm_address(desk, EVENT, id, NEW) is None
    assert keep_address(desk, EVENT, id) is None
    assert end_links(desk, EVENT, id, Actor.REGISTRANT, Way.LINK) is None


def until_the_deadline(desk: Desk) -> Desk:
    return desk


def until_the_week_after(desk: Desk) -> Desk:
    return replace(desk, events={SLUG: replace(EVENT, changes_until=EVENT.closes_at + timedelta(days=3))})


@pytest.mark.parametrize("allowed", [until_the_deadline, until_the_week_after])
def test_until_when_to_the_microsecond(desk: Desk, clock: Clock, allowed: Callable[[Desk], Desk]) -> None:
    desk = allowed(desk)
    event = desk.events[SLUG]
    until = event.changes_until or EVENT.closes_at
    there = registered(desk)
    clock.now = until - timedelta(seconds=1)
    assert isinstance(amend(desk, event, there.id, 1, with_hotel("In time")), Amended)
    clock.now = until + timedelta(microseconds=100)
    now = stored(desk, there.id)
    assert amend(desk, event, there.id, 2, with_hotel("Too late")) == TooLate(now, until)
    assert stored(desk, there.id) == now
    assert isinstance(amend(desk, event, there.id, 2, with_hotel("By staff"), by=Actor.STAFF), Amended)


def passing(desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch, to: datetime) -> None:
    """The time passes between the last look at the clock and the commit."""
    save = desk.store.save_registration

    def slow(*given: Any) -> datetime | None:
        monkeypatch.undo()
        clock.now = to
        return save(*given)

    monkeypatch.setattr(desk.store, "save_registration", slow)


def test_a_change_under_way_while_the_time_passes_is_not_made(
    desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = registered(desk)
    clock.now = EVENT.closes_at - SECOND
    passing(desk, clock, monkeypatch, EVENT.closes_at + SECOND)
    outcome = amend(desk, EVENT, there.id, 1, with_hotel("Too late"))
    now = stored(desk, there.id)
    assert outcome == TooLate(now, EVENT.closes_at)
    assert now.registration == there.registration
    assert not now.came_too_late
    assert [why for _, _, why in reasons(desk, there.id)] == [Why.CHANGED, Why.TOO_LATE]


def test_the_deadline_moved_on_meanwhile(desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    there = registered(desk)
    clock.now = EVENT.closes_at - SECOND
    desk.intakes.recent(EVENT)
    moved = EVENT.closes_at + timedelta(days=1)
    assert desk.store.move_deadline(SLUG, desk.store.intake(EVENT), moved)
    passing(desk, clock, monkeypatch, EVENT.closes_at + SECOND)
    assert isinstance(amend(desk, EVENT, there.id, 1, with_hotel("In time")), Amended)
    now = stored(desk, there.id)
    assert (now.registration.answers["hotel"], now.until, now.came_too_late) == ("In time", moved, False)


def one_that_came_too_late(
    desk: Desk,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    verb: Callable[[], object],
    to: datetime = EVENT.closes_at + SECOND,
) -> None:
    """And whoever made it died."""
    passing(desk, clock, monkeypatch, to)

    def dies(desk: Desk, event: Event, there: Registered) -> Registered:
        if there.came_too_late:
            raise KeyboardInterrupt
        return there

    take_back = at_desk.take_back
    at_desk.take_back = dies
    try:
        with pytest.raises(KeyboardInterrupt):
            verb()
    finally:
        at_desk.take_back = take_back


def test_whoever_reads_it_next_takes_it_back(desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    there = registered(desk)
    clock.now = EVENT.closes_at - SECOND
    one_that_came_too_late(desk, clock, monkeypatch, lambda: amend(desk, EVENT, there.id, 1, with_hotel("Too late")))
    assert stored(desk, there.id).came_too_late
    closing = close(desk, EVENT)
    assert closing is not None
    assert closing.count == 1
    back = read(desk, EVENT, there.id)
    assert back is not None
    assert (back.registration, back.revision) == (there.registration, 3)
    assert register(desk, EVENT, a_registration()) == Duplicate(there.id)
    assert read(desk, EVENT, there.id) == back


def test_a_restored_change_counts(desk: Desk) -> None:
    """Its document has the time of the import."""
    there = registered(desk)
    amend(desk, EVENT, there.id, 1, with_hotel("Cornavin"))
    restored = replace(stored(desk, there.id), changed_at=EVENT.closes_at + timedelta(days=1))
    assert not restored.came_too_late


def test_version_1_has_the_revision_that_counted(desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes ended before the deadline, and nobody has read it since the one that came too late."""
    until = EVENT.closes_at - timedelta(days=1)
    event = replace(EVENT, changes_until=until)
    there = registered(desk)
    clock.now = until - SECOND
    late = until + SECOND
    one_that_came_too_late(
        desk, clock, monkeypatch, lambda: amend(desk, event, there.id, 1, with_hotel("Too late")), late
    )
    clock.now = EVENT.closes_at + SECOND
    assert close(desk, event)
    (row,) = listed(desk.store, SLUG, desk.store.intake(event).versions[0])
    assert row == OnRoster(there.id, 1)


def test_who_comes_back_too_late_stays_off_the_list(desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the withdrawal that stands again was committed after the deadline."""
    there = registered(desk)
    withdraw(desk, EVENT, there.id, CANNOT_COME)
    clock.now = EVENT.closes_at - SECOND
    one_that_came_too_late(desk, clock, monkeypatch, lambda: register(desk, EVENT, a_registration()))
    back = read(desk, EVENT, there.id)
    assert back is not None
    assert (back.is_withdrawn, back.revision) == (True, 4)
    closing = close(desk, EVENT)
    assert closing is not None
    assert closing.count == 0


def test_a_change_after_the_closing_leaves_version_1_as_it_was(desk: Desk, clock: Clock) -> None:
    desk = until_the_week_after(desk)
    there = registered(desk)
    clock.now = EVENT.closes_at + SECOND
    assert isinstance(amend(desk, desk.events[SLUG], there.id, 1, with_hotel("Later")), Amended)
    withdraw(desk, EVENT, there.id, CANNOT_COME)
    closing = close(desk, EVENT)
    assert closing is not None
    assert closing.count == 1


def test_a_corrected_name_keeps_the_registration(desk: Desk) -> None:
    there = registered(desk)
    assert isinstance(amend(desk, EVENT, there.id, 1, a_registration(family_name="Diallo-Bah")), Amended)
    for name in ("Diallo", "Diallo-Bah"):
        assert register(desk, EVENT, a_registration(family_name=name)) == Duplicate(there.id)
    assert isinstance(amend(desk, EVENT, there.id, 2, a_registration()), Amended)
    assert [one.id for one in desk.store.registrations(SLUG, None, 9)] == [there.id]


def test_nobody_becomes_somebody_who_is_registered(desk: Desk) -> None:
    there, other = registered(desk), registered(desk, first_name="Awa")
    assert amend(desk, EVENT, there.id, 1, a_registration(first_name="Awa")) == Taken(there, other)
    assert stored(desk, there.id) == there


def test_another_address_counts_once_it_is_confirmed(desk: Desk) -> None:
    there = registered(desk)
    old = there.registration.email
    assert isinstance(amend(desk, EVENT, there.id, 1, with_hotel("Cornavin", email=NEW)), Amended)
    waiting = stored(desk, there.id)
    assert (waiting.registration.email, waiting.new_email) == (old, NEW)
    assert waiting.registration.answers["hotel"] == "Cornavin"
    assert {*owed(desk, there.id)} >= {(EmailKind.ADDRESS, NEW, 2), (EmailKind.CONFIRMATION, old, 2)}
    assert confirm_address(desk, EVENT, there.id, "else@example.org") == NothingNew(waiting)
    assert isinstance(confirm_address(desk, EVENT, there.id, NEW.upper()), Amended)
    now = stored(desk, there.id)
    assert (now.registration.email, now.new_email, now.link) == (NEW, "", 1)
    assert (EmailKind.CONFIRMATION, NEW, 3) in owed(desk, there.id)
    assert confirm_address(desk, EVENT, there.id, NEW) == NothingNew(now)
    assert register(desk, EVENT, a_registration(email=NEW, answers=now.registration.answers)) == Duplicate(there.id)
    assert register(desk, EVENT, a_registration()) == Conflict(there.id)  # the old form, as before the change
    assert [one.id for one in desk.store.registrations_under(SLUG, NEW, 9)] == [there.id]


def test_another_address_is_forgotten(desk: Desk) -> None:
    there = registered(desk)
    amend(desk, EVENT, there.id, 1, a_registration(email=NEW))
    assert isinstance(keep_address(desk, EVENT, there.id), Amended)
    assert keep_address(desk, EVENT, there.id) == NothingNew(stored(desk, there.id))
    assert confirm_address(desk, EVENT, there.id, NEW) == NothingNew(stored(desk, there.id))
    assert stored(desk, there.id).registration.email == there.registration.email
    amend(desk, EVENT, there.id, 3, a_registration(email=NEW))
    withdraw(desk, EVENT, there.id, CANNOT_COME)
    assert isinstance(confirm_address(desk, EVENT, there.id, NEW), NothingNew)


def test_an_address_that_has_the_same_person_is_not_taken_over(desk: Desk) -> None:
    there, other = registered(desk), registered(desk, email=NEW)
    assert isinstance(amend(desk, EVENT, there.id, 1, a_registration(email=NEW)), Amended)  # tells nothing of the other
    assert confirm_address(desk, EVENT, there.id, NEW) == Taken(stored(desk, there.id), other)


def test_the_same_address_written_otherwise_needs_no_confirmation(desk: Desk) -> None:
    there = registered(desk)
    other_way = there.registration.email.replace("mpt", "MPT")
    assert isinstance(amend(desk, EVENT, there.id, 1, a_registration(email=other_way)), Amended)
    assert (stored(desk, there.id).registration.email, stored(desk, there.id).new_email) == (other_way, "")


def test_an_address_that_only_compares_the_same_is_confirmed_first(desk: Desk) -> None:
    """Providers deliver ß and ss to two people."""
    there = registered(desk, email="strauß@mpt.example.org")
    withdraw(desk, EVENT, there.id, CANNOT_COME)
    assert register(desk, EVENT, a_registration(email="strauss@mpt.example.org")) == Accepted(there.id)
    now = stored(desk, there.id)
    assert (now.registration.email, now.new_email) == ("strauß@mpt.example.org", "strauss@mpt.example.org")


def test_links_are_ended_by_a_counter(desk: Desk) -> None:
    there = registered(desk)
    assert isinstance(end_links(desk, EVENT, there.id, Actor.REGISTRANT, Way.LINK), Amended)
    now = stored(desk, there.id)
    assert (now.link, now.registration, now.confirmed) == (1, there.registration, 1)
    assert owed(desk, there.id)[-1] == (EmailKind.LINKS, there.registration.email, 2)


def test_changes_have_a_limit_and_withdrawing_has_none(desk: Desk) -> None:
    desk = replace(desk, limits=Limits(revisions=3))
    there = registered(desk)
    outcomes: list[Outcome | None] = [
        amend(desk, EVENT, there.id, number, with_hotel(f"Hotel {number}")) for number in (1, 2, 3)
    ]
    assert outcomes[2] == TooManyChanges(stored(desk, there.id))
    assert isinstance(end_links(desk, EVENT, there.id, Actor.REGISTRANT, Way.LINK), TooManyChanges)
    assert isinstance(end_links(desk, EVENT, there.id, Actor.STAFF, Way.COMMAND), Amended)
    assert isinstance(withdraw(desk, EVENT, there.id, CANNOT_COME), Amended)
    assert register(desk, EVENT, a_registration()) == Conflict(there.id)
    assert stored(desk, there.id).is_withdrawn


def test_nobody_withdraws_from_what_is_over(desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    there = registered(desk)
    clock.now = EVENT.over_at - SECOND
    passing(desk, clock, monkeypatch, EVENT.over_at + SECOND)
    outcome = withdraw(desk, EVENT, there.id, CANNOT_COME)
    assert isinstance(outcome, TooLate)
    assert not stored(desk, there.id).is_withdrawn
    assert withdraw(desk, EVENT, there.id, CANNOT_COME) == TooLate(stored(desk, there.id), EVENT.over_at)


def test_an_instance_that_has_not_read_the_deadline_lately_asks_before_it_refuses(desk: Desk, clock: Clock) -> None:
    there = registered(desk)
    clock.now = EVENT.closes_at - SECOND
    stale = RecentIntakes(desk.store, lambda: 0.0)
    stale.recent(EVENT)
    assert desk.store.move_deadline(SLUG, desk.store.intake(EVENT), EVENT.closes_at + timedelta(days=1))
    clock.now = EVENT.closes_at + SECOND
    assert isinstance(amend(replace(desk, intakes=stale), EVENT, there.id, 1, with_hotel("In time")), Amended)


def test_an_instance_that_has_read_that_it_is_too_late_asks_again(desk: Desk, clock: Clock) -> None:
    there = registered(desk)
    clock.now = EVENT.closes_at + SECOND
    assert isinstance(amend(desk, EVENT, there.id, 1, with_hotel("Too late")), TooLate)
    assert desk.store.move_deadline(SLUG, desk.store.intake(EVENT), EVENT.closes_at + timedelta(days=1))
    assert isinstance(amend(desk, EVENT, there.id, 1, with_hotel("In time")), Amended)
