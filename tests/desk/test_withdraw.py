"""Withdrawing: whoever got a confirmation and did not register takes the registration back."""

import csv
from dataclasses import replace
from datetime import timedelta

import pytest

from rollcall.desk.amend import Amended, NothingNew, withdraw
from rollcall.desk.close import close
from rollcall.desk.desk import Desk
from rollcall.desk.limits import Limits
from rollcall.desk.ports import Store
from rollcall.desk.receive import read_in, receive
from rollcall.desk.register import (
    Accepted,
    Closed,
    Conflict,
    Duplicate,
    KeyReused,
    Quarantined,
    register,
    register_emailed,
)
from rollcall.desk.send import send_due
from rollcall.emails.roster import gather
from rollcall.model.email import EmailKind, EmailStatus, OutboxEntry, confirmation, conflict_notice, roster_entry
from rollcall.model.inbound import InboundStatus
from rollcall.model.registration import BotSignal, Change, Registered, Why, person_key
from rollcall.model.staff import Receives, StaffMember
from tests.support.builders import CANNOT_COME, NOT_ME, a_form_in_text, a_registration, id_of, staff_of
from tests.support.clock import Clock
from tests.support.desk import EVENT, Postbox, entry_of, on_version
from tests.support.inbound import raw_post, stored

HOUR = timedelta(hours=1)
SLUG = EVENT.slug


def a_withdrawn(desk: Desk) -> str:
    accepted = register(desk, EVENT, a_registration())
    assert isinstance(accepted, Accepted)
    assert withdraw(desk, EVENT, accepted.id, NOT_ME)
    return accepted.id


def there(store: Store) -> Registered:
    found = store.registration_of(SLUG, person_key(a_registration()))
    assert found is not None
    return found


def told(desk: Desk) -> list[OutboxEntry]:
    return [one for one in desk.store.unsent_entries(SLUG, None, 99) if one.kind is EmailKind.WITHDRAWAL]


def test_the_staff_are_told_once_each_and_nobody_else(desk: Desk, postbox: Postbox) -> None:
    both = replace(EVENT, staff=staff_of("one@itu.int", "two@itu.int"))
    desk = replace(desk, events={SLUG: both})
    accepted = register(desk, both, a_registration())
    assert isinstance(accepted, Accepted)
    list(send_due(desk))
    first, again = withdraw(desk, both, accepted.id, NOT_ME), withdraw(desk, both, accepted.id, NOT_ME)
    assert first == Amended(there(desk.store))
    assert again == NothingNew(there(desk.store))
    assert there(desk.store).is_withdrawn
    list(send_due(desk))
    assert sorted(one.to for one in postbox.messages[1:]) == ["one@itu.int", "two@itu.int"]
    for message in postbox.messages[1:]:
        assert "Amina Diallo" in message.text
        assert accepted.reference in message.text


def test_each_of_the_staff_is_told_what_they_receive(desk: Desk, clock: Clock, postbox: Postbox) -> None:
    some = replace(EVENT, staff=tuple(StaffMember(f"{what}@itu.int", receives=frozenset({what})) for what in Receives))
    desk = replace(desk, events={SLUG: some})
    accepted = register(desk, some, a_registration())
    assert isinstance(accepted, Accepted)
    withdraw(desk, some, accepted.id, NOT_ME)
    register(desk, some, a_registration(first_name="Robot"), signal=BotSignal.TOO_FAST)
    clock.now = some.closes_at + timedelta(seconds=1)
    close(desk, some)
    list(send_due(desk))
    told = [
        (one.to, one.subject.partition(":")[0].partition(",")[0]) for one in postbox.messages if "itu.int" in one.to
    ]
    assert sorted(told) == [
        ("alerts@itu.int", "Withdrawn"),
        ("digest@itu.int", "Needs review"),
        ("roster@itu.int", "Roster"),
    ]


def test_an_unknown_registration_is_not_withdrawn(desk: Desk) -> None:
    assert withdraw(desk, EVENT, "0123456789ABCDEFGHJKMNPQ", NOT_ME) is None
    assert told(desk) == []


def test_what_waits_for_the_person_is_not_sent(desk: Desk, postbox: Postbox) -> None:
    register(desk, EVENT, a_registration())
    register(desk, EVENT, a_registration(category="associate"))
    id = id_of(desk.store, a_registration())
    withdraw(desk, EVENT, id, NOT_ME)
    list(send_due(desk))
    assert [one.to for one in postbox.messages] == list(EVENT.staff_addresses)
    assert entry_of(desk, f"{SLUG}.{id}.confirmation").status is EmailStatus.CANCELLED
    assert entry_of(desk, conflict_notice(SLUG, there(desk.store), desk.store.now()).id).status is EmailStatus.CANCELLED


def test_whoever_cannot_come_has_it_confirmed_and_the_staff_read_it_in_the_roster(desk: Desk, postbox: Postbox) -> None:
    accepted = register(desk, EVENT, a_registration())
    assert isinstance(accepted, Accepted)
    list(send_due(desk))
    withdraw(desk, EVENT, accepted.id, CANNOT_COME)
    list(send_due(desk))
    assert [one.to for one in postbox.messages] == 2 * [a_registration().email]
    assert told(desk) == []


@pytest.mark.parametrize("category", ["member-state", "associate"])
@pytest.mark.parametrize("how", [NOT_ME, CANNOT_COME])
def test_the_same_or_another_form_brings_the_registration_back(desk: Desk, category: str, how: Change) -> None:
    accepted = register(desk, EVENT, a_registration())
    assert isinstance(accepted, Accepted)
    withdraw(desk, EVENT, accepted.id, how)
    again = a_registration(category=category)
    assert register(desk, EVENT, again) == accepted
    assert register(desk, EVENT, again) == Duplicate(accepted.id)
    back = there(desk.store)
    assert (back.id, back.revision, back.is_withdrawn, back.registration) == (accepted.id, 3, False, again)
    assert entry_of(desk, confirmation(SLUG, back.id, "", revision=3).id).status is EmailStatus.PENDING
    assert back.received_at == desk.store.history(SLUG, back)[0].before.changed_at


def test_withdrawn_and_registered_again_and_again(desk: Desk) -> None:
    ids = [a_withdrawn(desk) for _ in range(3)]
    assert len(set(ids)) == 1
    assert len(told(desk)) == 3
    whys = [one.change.why for one in desk.store.history(SLUG, there(desk.store))]
    assert whys == [Why.NOT_ME, Why.BACK, Why.NOT_ME, Why.BACK, Why.NOT_ME]


def test_a_key_says_accepted_of_nobody_who_is_not_registered(desk: Desk) -> None:
    accepted = register(desk, EVENT, a_registration(), "key")
    assert isinstance(accepted, Accepted)
    for key in ("key", "another"):
        withdraw(desk, EVENT, accepted.id, NOT_ME)
        assert register(desk, EVENT, a_registration(), key) == accepted
        assert not there(desk.store).is_withdrawn
        assert register(desk, EVENT, a_registration(), key) == accepted
    assert register(desk, EVENT, a_registration(family_name="Other"), "another") == KeyReused()
    withdraw(desk, EVENT, accepted.id, NOT_ME)
    register(desk, EVENT, a_registration(family_name="Other"), "of another person")
    assert register(desk, EVENT, a_registration(), "of another person") == KeyReused()
    assert there(desk.store).is_withdrawn


def test_nobody_floods_the_staff(desk: Desk, postbox: Postbox) -> None:
    """More in a day wait, as what goes to any one address."""
    desk = replace(desk, limits=Limits(to_one_address=2))
    for _ in range(3):
        a_withdrawn(desk)
    list(send_due(desk))
    told_now = [one for one in postbox.messages if "Withdrawn" in one.subject]
    assert len(told_now) == 2
    (waits,) = told(desk)
    assert waits.status is EmailStatus.PENDING


def test_a_robot_does_not_register_the_person_anew(desk: Desk) -> None:
    a_withdrawn(desk)
    assert isinstance(register(desk, EVENT, a_registration(), signal=BotSignal.HIDDEN_FIELD), Quarantined)


def test_after_the_deadline_nobody_registers_anew(desk: Desk, clock: Clock) -> None:
    a_withdrawn(desk)
    clock.now = EVENT.closes_at + HOUR
    assert isinstance(register(desk, EVENT, a_registration()), Closed)
    id = id_of(desk.store, a_registration())
    assert register_emailed(desk, EVENT, a_registration(), clock.now, None) == Conflict(id)  # a person decides
    assert there(desk.store).is_withdrawn


def test_an_inbound_email_read_again_does_not_undo_it(desk: Desk, clock: Clock) -> None:
    """Its reader died, and the person had withdrawn before the next one came."""
    arrived_at = clock.now
    first = register_emailed(desk, EVENT, a_registration(), arrived_at, None)
    assert isinstance(first, Accepted)
    withdraw(desk, EVENT, first.id, NOT_ME)
    assert register_emailed(desk, EVENT, a_registration(), arrived_at, None) == first
    assert there(desk.store).is_withdrawn
    assert register_emailed(desk, EVENT, a_registration(), arrived_at + HOUR, None) == first
    assert not there(desk.store).is_withdrawn


def came(desk: Desk, text: str) -> InboundStatus:
    head = f"From: {a_registration().email}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    inbound = read_in(desk, receive(desk, stored(*raw_post(f"{head}{text}".encode()))))
    assert inbound is not None
    return inbound.status


def test_who_says_so_beneath_our_confirmation_is_not_registered_by_what_it_quotes(desk: Desk, postbox: Postbox) -> None:
    register(desk, EVENT, a_registration())
    list(send_due(desk))
    quoted = "".join(f"> {line}\n" for line in postbox.messages[0].text.splitlines())
    withdraw(desk, EVENT, id_of(desk.store, a_registration()), NOT_ME)
    assert came(desk, f"That was not me.\n\n{quoted}") is InboundStatus.NEEDS_REVIEW
    assert there(desk.store).is_withdrawn


def test_a_doubtful_form_does_not_register_the_person_anew(desk: Desk) -> None:
    a_withdrawn(desk)
    twice = a_form_in_text() + "Fax: +41 22 730 6453\n"
    assert came(desk, twice) is InboundStatus.WAITING_FOR_SENDER
    assert there(desk.store).is_withdrawn


def test_who_withdrew_by_the_deadline_is_not_on_the_roster(desk: Desk, clock: Clock) -> None:
    a_withdrawn(desk)
    register(desk, EVENT, a_registration(first_name="B"))
    other = id_of(desk.store, a_registration(first_name="B"))
    clock.now = EVENT.closes_at + HOUR
    closing = close(desk, EVENT)
    assert closing is not None
    assert closing.count == 1
    withdraw(desk, EVENT, other, NOT_ME)
    assert on_version(desk.store, EVENT) == [other]


def test_a_second_closer_lists_the_same_whoever_withdraws_meanwhile(
    desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One has written its pages; somebody withdraws; another writes them again, and records the closing."""
    accepted = register(desk, EVENT, a_registration())
    assert isinstance(accepted, Accepted)
    clock.now = EVENT.closes_at + timedelta(seconds=1)
    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "record_closing", lambda *_: False)
        assert close(desk, EVENT) is None
    withdraw(desk, EVENT, accepted.id, NOT_ME)
    closing = close(desk, EVENT)
    assert closing is not None
    assert on_version(desk.store, EVENT) == [accepted.id]


def test_a_roster_sent_after_it_names_the_person_apart(desk: Desk, clock: Clock) -> None:
    """And those who withdrew in time only in the workbook: they are nobody's double."""
    a_withdrawn(desk)
    for name in ("Amina", "C"):
        register(desk, EVENT, a_registration(first_name=name))
    clock.now = EVENT.closes_at + HOUR
    close(desk, EVENT)
    gone = withdraw(desk, EVENT, id_of(desk.store, a_registration(first_name="C")), NOT_ME)
    assert isinstance(gone, Amended)
    roster = gather(desk, EVENT, roster_entry(EVENT.slug, 1, EVENT.secretariat), desk.store.intake(EVENT))
    assert [row.registered.reference for row in roster.withdrawn.shown] == [gone.registered.reference]
    assert roster.late.count == 0
    assert roster.by_category == {"member-state": 1}
    (table,) = [file.content for file in roster.attached if file.name.endswith(".csv")]
    assert [row["first_name"] for row in csv.DictReader(table.decode().splitlines())] == ["Amina"]
    assert roster.doubles == 0
