"""When a person is erased, in which order, and what becomes of whatever meant them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from rollcall.desk.amend import withdraw
from rollcall.desk.close import close
from rollcall.desk.deliveries import record_deliveries
from rollcall.desk.desk import Desk
from rollcall.desk.personal_data.erase import LAST_LOOK_AFTER, LEASE, TOLD_WITHIN, erase_due
from rollcall.desk.ports import Files
from rollcall.desk.register import Accepted, Conflict, KeyReused, conflicting, register
from rollcall.desk.roster import are_whole, erased_from, listed
from rollcall.desk.send import send_due
from rollcall.desk.staff.hotels import ListSent, send_list
from rollcall.desk.staff.person import merge
from rollcall.desk.versions import draw
from rollcall.model.announcement import Announcement, Wording
from rollcall.model.email import (
    DeliveryEvent,
    EmailStatus,
    announcement_entry,
    confirmation,
    erasure_notice,
    links_to,
    roster_entry,
)
from rollcall.model.hotels import hotel_id
from rollcall.model.personal_data import MOST_HELD, Erasure, ErasureStatus, Ground
from rollcall.model.registration import Registered, new_id
from rollcall.model.staff import Press
from tests.support.builders import CANNOT_COME, a_registration
from tests.support.clock import Clock
from tests.support.desk import EVENT, Postbox, entry_of
from tests.support.hooks import Hooked, Hooks

SLUG, STAFF, SECOND = EVENT.slug, "secretary@itu.int", timedelta(seconds=1)


def comes(desk: Desk, key: str | None = None, **changes: Any) -> Registered:
    accepted = register(desk, EVENT, a_registration(**changes), key)
    assert isinstance(accepted, Accepted)
    there = desk.store.registered(SLUG, accepted.id)
    assert there is not None
    return there


def due(desk: Desk, there: Registered, event: str = SLUG) -> None:
    now = desk.store.now()
    decided = Erasure(there.id, event, ErasureStatus.DUE, None, Ground.ASKED, STAFF, now, due_at=now)
    assert desk.store.save_erasure(decided, [erasure_notice(event, there)])


def erasure_of(desk: Desk, id: str) -> Erasure:
    found = desk.store.erasure(id)
    assert found is not None
    return found


def erased(desk: Desk) -> list[str]:
    done = dict(erase_due(desk))
    assert all(isinstance(one, Erasure) for one in done.values()), done
    return [*done]


def is_gone(desk: Desk, id: str) -> bool:
    return desk.store.registered(SLUG, id) is None and not desk.store.entries_about(id, 9)


def test_nobody_is_erased_before_they_are_told(desk: Desk, clock: Clock, postbox: Postbox) -> None:
    there = comes(desk)
    due(desk, there)
    assert erased(desk) == []
    assert not is_gone(desk, there.id)
    list(send_due(desk))
    clock.forward(LEASE + SECOND)
    assert erased(desk) == [there.id]
    assert is_gone(desk, there.id)
    assert erased_once(desk, there.id)["registrations"] == 1


def erased_once(desk: Desk, id: str) -> dict[str, int]:
    found = erasure_of(desk, id)
    assert (found.status, found.decided_by) == (ErasureStatus.ERASED, STAFF)
    return dict(found.erased)


def test_who_cannot_be_told_is_erased_within_an_hour(desk: Desk, clock: Clock) -> None:
    there = comes(desk)
    due(desk, there)
    for _ in range(6):
        assert erased(desk) == []
        clock.forward(LEASE + SECOND)
    clock.forward(TOLD_WITHIN - 6 * LEASE)
    assert erased(desk) == [there.id]


def test_what_somebody_was_writing_meanwhile_goes_with_the_last_look(desk: Desk, clock: Clock) -> None:
    there, other = comes(desk), comes(desk, first_name="Berta")
    due(desk, there)
    list(send_due(desk))
    assert erased(desk) == [there.id]
    said = Announcement("N", SLUG, {"en": Wording("Room", "K")})
    assert desk.store.save_announcement(said, [announcement_entry(said, there.id, there.registration.email)])
    conflicting(desk, EVENT, there, a_registration(category="associate"), tell=True, for_staff=True)
    assert not [one for _, one in send_due(desk) if isinstance(one, Exception) or one.status is EmailStatus.SENT]
    clock.forward(LAST_LOOK_AFTER + SECOND)
    assert erased(desk) == []
    assert is_gone(desk, there.id)
    assert desk.store.conflict(SLUG, there.id) is None
    assert desk.store.all_differing(SLUG, there.id) == []
    assert erasure_of(desk, there.id).due_at is None
    assert desk.store.entries_about(other.id, 9)


def test_the_same_person_may_register_again_under_the_same_key(desk: Desk, clock: Clock) -> None:
    there = comes(desk, "key")
    due(desk, there)
    list(send_due(desk))
    assert erased(desk) == [there.id]
    again = comes(desk, "key")
    assert again.id != there.id
    clock.forward(LAST_LOOK_AFTER + SECOND)
    assert erased(desk) == []
    assert register(desk, EVENT, a_registration(), "key") == Accepted(again.id)
    assert isinstance(register(desk, EVENT, a_registration(category="associate"), "key"), KeyReused)
    assert isinstance(register(desk, EVENT, a_registration(category="associate")), Conflict)


def test_what_was_asked_of_a_double_is_done_with_it(desk: Desk, clock: Clock) -> None:
    there, double = comes(desk), comes(desk, first_name="Aminata")
    now = clock.now
    merge(desk, EVENT, Press(new_id(), STAFF, now), there.id, double.id)
    refused = Erasure(
        double.id, SLUG, ErasureStatus.REFUSED, now, decided_by=STAFF, decided_at=now, answer="Diallo, no"
    )
    assert desk.store.save_erasure(refused)
    due(desk, there)
    list(send_due(desk))
    assert erased(desk) == [there.id]
    clock.forward(LAST_LOOK_AFTER + SECOND)
    assert erased(desk) == []
    found = erasure_of(desk, double.id)
    assert (found.status, found.answer) == (ErasureStatus.ERASED, "")
    assert is_gone(desk, double.id)


def test_others_under_the_same_address_stay(desk: Desk) -> None:
    there, other = comes(desk), comes(desk, first_name="Berta")
    list(send_due(desk))
    due(desk, there)
    list(send_due(desk))
    before = [one.id for one in desk.store.entries_about(other.id, 9)]
    assert erased(desk) == [there.id]
    assert desk.store.registered(SLUG, other.id) == other
    assert [one.id for one in desk.store.entries_about(other.id, 9)] == before


def test_delivery_events_of_what_is_gone_are_nobodys(desk: Desk) -> None:
    there = comes(desk)
    due(desk, there)
    list(send_due(desk))
    assert erased(desk) == [there.id]
    late = DeliveryEvent(confirmation(SLUG, there.id, "").id, EmailStatus.BOUNCED, "550")
    assert record_deliveries(desk, [late]) == {}


@pytest.mark.parametrize("which", ["never there", "of another event", "of an event without a file"])
def test_one_that_is_not_there_ends_well(desk: Desk, clock: Clock, which: str) -> None:
    there = comes(desk)
    if which == "never there":
        due(desk, replace(there, id=new_id()))
    else:
        due(desk, there, "other" if which == "of another event" else SLUG)
    list(send_due(desk))
    at = replace(desk, events={}) if which == "of an event without a file" else desk
    assert len(erased(at)) == 1
    clock.forward(LAST_LOOK_AFTER + SECOND)
    assert erased(at) == []
    assert is_gone(desk, there.id) is (which == "of an event without a file")


def test_a_fault_with_one_keeps_no_other_waiting(desk: Desk, clock: Clock) -> None:
    broken, other = comes(desk), comes(desk, first_name="Berta")
    for one in (broken, other):
        due(desk, one)
    list(send_due(desk))

    def passing(point: str) -> None:
        if point == "before ids 1":
            raise OSError(point)

    files = cast(Files, Hooked(desk.files(), Hooks(passing)))
    done = dict(erase_due(replace(desk, files=lambda: files)))
    assert sorted(type(one).__name__ for one in done.values()) == ["Erasure", "OSError"]
    clock.forward(LEASE + SECOND)
    assert len(erased(desk)) == 1
    assert is_gone(desk, broken.id)
    assert is_gone(desk, other.id)


def test_a_roster_says_how_many_were_erased(desk: Desk, clock: Clock, postbox: Postbox) -> None:
    there, _, gone = comes(desk), comes(desk, first_name="Berta"), comes(desk, first_name="Clara")
    clock.now = EVENT.closes_at + timedelta(minutes=1)
    close(desk, EVENT)
    hotel = hotel_id("Hôtel Cornavin")
    press = Press(new_id(), STAFF, clock.now)
    first = send_list(desk.store, EVENT, hotel, "desk@hotel.example.org", 0, press)
    assert isinstance(first, ListSent)
    list(send_due(desk))
    withdraw(desk, EVENT, gone.id, CANNOT_COME)
    due(desk, there)
    list(send_due(desk))
    assert erased(desk) == [there.id]
    closed = desk.store.intake(EVENT).versions[0]
    assert erased_from(desk.store, SLUG) == {closed.name: 1, first.version.name: 1}
    assert are_whole(desk.store, SLUG, closed)
    assert there.id in [row.id for row in listed(desk.store, SLUG, closed)]
    drawn = draw(desk.store, EVENT)
    assert drawn is not None
    assert erased_from(desk.store, SLUG)[drawn.name] == 0
    assert there.id not in [row.id for row in listed(desk.store, SLUG, drawn)]
    assert draw(desk.store, EVENT) is None
    second = send_list(desk.store, EVENT, hotel, "desk@hotel.example.org", 1, replace(press, id=new_id()))
    assert isinstance(second, ListSent)
    assert second.version.number == 2
    clock.forward(timedelta(minutes=5))
    list(send_due(desk))
    roster, rooms = (
        next(one for one in postbox.messages if one.email_id == id)
        for id in (roster_entry(SLUG, 2, EVENT.secretariat).id, second.entry.id)
    )
    assert "1 person was erased." in roster.text
    assert "(1 erased)" in roster.text
    assert "1 person withdrew." in roster.text
    assert "1 erased" in rooms.text
    assert "Amina" not in roster.text + rooms.text
    assert entry_of(desk, second.entry.id).status is EmailStatus.SENT


def test_an_erasure_alone_makes_a_version(desk: Desk, clock: Clock) -> None:
    there, _ = comes(desk), comes(desk, first_name="Berta")
    clock.now = EVENT.closes_at + timedelta(minutes=1)
    close(desk, EVENT)
    due(desk, there)
    list(send_due(desk))
    assert erased(desk) == [there.id]
    drawn = draw(desk.store, EVENT)
    assert drawn is not None
    assert (drawn.number, drawn.count) == (2, 1)


def test_of_more_than_is_read_at_once_nothing_stays(desk: Desk) -> None:
    there = comes(desk)
    to = there.registration.email
    for number in range(MOST_HELD + 1):
        desk.store.enqueue(links_to(SLUG, f"M{number}", to, desk.store.now()))
    now = desk.store.now()
    assert desk.store.save_erasure(Erasure(there.id, SLUG, ErasureStatus.DUE, due_at=now))
    assert erased(desk) == [there.id]
    assert desk.store.entries_to(SLUG, to) == []
