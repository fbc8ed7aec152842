"""What a registrant is told of each revision, by the entries that the desk enqueues for it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from icalendar import Calendar

from rollcall.desk.amend import Amended, amend, confirm_address, end_links, withdraw
from rollcall.desk.desk import Desk
from rollcall.desk.register import Accepted, Conflict, register
from rollcall.model import email
from rollcall.model.email import Email, EmailKind, NotNeeded, OutboxEntry
from rollcall.model.links import LinkPurpose, Opened
from rollcall.model.registration import Actor, Change, Registered, Registration, Way, Why
from tests.emails.samples import NEW_ADDRESS, OTHER_HOTEL
from tests.support.builders import CANNOT_COME, LINKS, NOT_ME, a_registration
from tests.support.clock import Clock
from tests.support.desk import EVENT, write_now

HOUR = timedelta(hours=1)
AT_NEW_ADDRESS = a_registration(email=NEW_ADDRESS)
HOTEL = "“Hotel”: Hôtel Cornavin → Beau-Rivage"


@pytest.fixture
def id(desk: Desk, clock: Clock) -> str:
    """Of somebody who registered an hour ago."""
    accepted = register(desk, EVENT, a_registration())
    assert isinstance(accepted, Accepted)
    clock.forward(HOUR)
    return accepted.id


def there(desk: Desk, id: str) -> Registered:
    found = desk.store.registered(EVENT.slug, id)
    assert found
    return found


def changed(desk: Desk, id: str, form: Registration = OTHER_HOTEL, **how: Any) -> Registered:
    made = amend(desk, EVENT, id, there(desk, id).revision, form, **how)
    assert isinstance(made, Amended), made
    return made.registered


def entry_of(desk: Desk, id: str, revision: int, kind: EmailKind = EmailKind.CONFIRMATION) -> OutboxEntry:
    found = [one for one in desk.store.entries_about(id, 99) if (one.kind, one.revision) == (kind, revision)]
    assert len(found) == 1
    return found[0]


def said(desk: Desk, entry: OutboxEntry) -> Email | NotNeeded:
    return write_now(desk, entry, EVENT)


def written(desk: Desk, id: str, revision: int, kind: EmailKind = EmailKind.CONFIRMATION) -> Email:
    it = said(desk, entry_of(desk, id, revision, kind))
    assert isinstance(it, Email), it
    return it


def not_needed(desk: Desk, id: str, revision: int, kind: EmailKind = EmailKind.CONFIRMATION) -> str:
    it = said(desk, entry_of(desk, id, revision, kind))
    assert isinstance(it, NotNeeded), it.text
    return it.note


def calendar_of(it: Email) -> tuple[str, str, int, str, Any]:
    """Method, UID, sequence, status, stamp."""
    (file,) = it.attachments
    calendar = Calendar.from_ical(file.content.decode())
    entry: Any = calendar.walk("VEVENT")[0]
    return (
        *(str(calendar["method"]), str(entry["uid"]), entry["sequence"], str(entry["status"])),
        entry["dtstamp"].dt,
    )


def own_links(it: Email) -> list[str]:
    return [line for line in it.text.splitlines() if f"/{LinkPurpose.OWN}/" in line]


def opened_by(it: Email, desk: Desk) -> Opened:
    """What its one button opens."""
    (link,) = own_links(it)
    assert it.html.count(f'href="{link}"') == 1
    token = urlsplit(link).path.rpartition("/")[2]
    opened = LINKS.opened(EVENT, LinkPurpose.OWN, token, desk.store.now())
    assert isinstance(opened, Opened)
    return opened


def test_a_change_is_told_with_what_was_and_what_is(desk: Desk, clock: Clock, id: str) -> None:
    changed(desk, id)
    it = written(desk, id, 2)
    assert it.subject.startswith("Registration changed: ")
    assert HOTEL in it.text
    assert "“Complete address”: BP 3000, Conakry, Guinée → BP 1" in it.text
    assert "“Fax”" not in it.text
    assert "    Hotel: Beau-Rivage\n" in it.text
    assert it.to == a_registration().email
    assert calendar_of(it) == ("PUBLISH", f"{id}@{EVENT.slug}.rollcall", 1, "CONFIRMED", clock.now)


def test_an_answer_that_came_or_went_is_told_too(desk: Desk, id: str) -> None:
    without = {name: text for name, text in a_registration().answers.items() if name != "fax"}
    changed(desk, id, a_registration(answers=without))
    assert "“Fax”: +224 30 45 31 16 → (not given)" in written(desk, id, 2).text
    changed(desk, id, a_registration())
    assert "“Fax”: (not given) → +224 30 45 31 16" in written(desk, id, 3).text


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({}, "through the link in our e-mails"),
        ({"way": Way.EMAIL}, "through an e-mail from your address"),
        ({"by": Actor.STAFF}, "by the secretariat"),
        ({"by": Actor.STAFF, "way": Way.COMMAND}, "by the secretariat"),
    ],
)
def test_how_a_change_came_is_told(desk: Desk, id: str, how: Any, words: str) -> None:
    changed(desk, id, **how)
    assert words in " ".join(written(desk, id, 2).text.split())


def test_an_earlier_change_says_what_it_changed_and_what_stands_now(desk: Desk, clock: Clock, id: str) -> None:
    changed(desk, id)
    clock.forward(HOUR)
    last = {**OTHER_HOTEL.answers, "hotel": "Hotel Royal"}
    changed(desk, id, a_registration(answers=last))
    earlier, later = written(desk, id, 2), written(desk, id, 3)
    assert HOTEL in earlier.text
    assert "“Hotel”: Beau-Rivage → Hotel Royal" in later.text
    for it in (earlier, later, written(desk, id, 1)):
        assert "    Hotel: Hotel Royal\n" in it.text
    stamps = [calendar_of(it) for it in (written(desk, id, 1), earlier, later)]
    assert [stamp[2:] for stamp in stamps] == [
        (0, "CONFIRMED", clock.now - 2 * HOUR),
        (1, "CONFIRMED", clock.now - HOUR),
        (2, "CONFIRMED", clock.now),
    ]


def test_a_change_that_came_too_late_is_taken_back_and_not_told(desk: Desk, clock: Clock, id: str) -> None:
    """Whoever made it died before the check."""
    before = there(desk, id)
    after = replace(before, registration=OTHER_HOTEL, revision=2, until=clock.now - HOUR / 60)
    entry = email.confirmation(EVENT.slug, id, before.registration.email, revision=2)
    change = Change(Actor.REGISTRANT, Way.LINK, Why.CHANGED)
    assert desk.store.save_registration(EVENT.slug, before, after, change, [entry])
    assert "    Hotel: Hôtel Cornavin\n" in written(desk, id, 1).text
    assert not_needed(desk, id, 2) == "the change came too late"
    assert (there(desk, id).revision, there(desk, id).registration) == (3, a_registration())


def test_a_withdrawal_is_told_and_leaves_the_calendar(desk: Desk, clock: Clock, id: str) -> None:
    withdraw(desk, EVENT, id, CANNOT_COME)
    assert not_needed(desk, id, 1) == "the registration is withdrawn"
    it = written(desk, id, 2)
    assert it.subject.startswith("Registration withdrawn: ")
    assert calendar_of(it) == ("CANCEL", f"{id}@{EVENT.slug}.rollcall", 1, "CANCELLED", clock.now)
    for words in ("2 February 2004, 14:00", "please cancel it yourself", "Hôtel Cornavin, tel. 022 716 12 12"):
        assert words in it.text
    assert "You can register again until the end of 20 February 2004" in " ".join(it.text.split())
    assert opened_by(it, desk).id == id
    assert it.copies_to == ()


def test_after_the_deadline_nobody_is_told_to_register_again(desk: Desk, clock: Clock, id: str) -> None:
    clock.now = EVENT.closes_at + HOUR
    withdraw(desk, EVENT, id, CANNOT_COME)
    it = written(desk, id, 2)
    assert "register again" not in it.text
    assert opened_by(it, desk).id == id


def test_who_said_that_it_was_not_them_gets_nothing_more(desk: Desk, clock: Clock, id: str) -> None:
    withdraw(desk, EVENT, id, NOT_ME)
    to_person = [one for one in desk.store.entries_about(id, 99) if one.kind not in email.TO_STAFF]
    assert [one.revision for one in to_person] == [1]
    assert not_needed(desk, id, 1) == "the registration is withdrawn"


def test_who_is_back_is_told_so_and_what_differs(desk: Desk, clock: Clock, id: str) -> None:
    withdraw(desk, EVENT, id, CANNOT_COME)
    clock.forward(HOUR)
    assert register(desk, EVENT, OTHER_HOTEL) == Accepted(id)
    it = written(desk, id, 3)
    assert it.subject.startswith("Registered again: ")
    assert HOTEL in it.text
    assert "through the registration form" in " ".join(it.text.split())
    assert calendar_of(it)[2:] == (2, "CONFIRMED", clock.now)
    assert not_needed(desk, id, 2) == "the registration is no longer withdrawn"


def test_a_new_address_is_told_to_the_old_one_until_it_is_confirmed(desk: Desk, id: str) -> None:
    changed(desk, id, AT_NEW_ADDRESS)
    it = written(desk, id, 2)
    assert it.to == a_registration().email
    assert it.subject.startswith("New e-mail address to be confirmed: ")
    for words in (f"We have sent an e-mail to {NEW_ADDRESS}", "choose to keep this address"):
        assert words in " ".join(it.text.split())
    assert "WHAT CHANGED" not in it.text
    assert f"    E-mail: {a_registration().email}\n" in it.text


def test_a_confirmed_address_gets_all_and_the_old_one_no_link_any_more(desk: Desk, id: str) -> None:
    changed(desk, id, replace(OTHER_HOTEL, email=NEW_ADDRESS))
    assert isinstance(confirm_address(desk, EVENT, id, NEW_ADDRESS), Amended)
    new = written(desk, id, 3)
    assert new.to == NEW_ADDRESS
    assert new.subject.startswith("E-mail address changed: ")
    assert a_registration().email in " ".join(new.text.split())
    assert opened_by(new, desk).number == there(desk, id).link == 1
    assert not_needed(desk, id, 1) == "another address is on file by now"
    old = written(desk, id, 2)
    assert old.to == a_registration().email
    assert NEW_ADDRESS in old.text
    assert (own_links(old), old.attachments) == ([], ())
    for secret in ("Diallo", "Beau-Rivage", "BP 1"):
        assert secret not in f"{old.text} {old.html}"


def test_who_registered_late_gets_no_calendar_entry_and_staff_a_copy(desk: Desk, clock: Clock) -> None:
    clock.now = EVENT.closes_at + HOUR
    late = "M" * 24
    desk.store.accept(EVENT.slug, late, a_registration(), email.confirmation(EVENT.slug, late, a_registration().email))
    changed(desk, late, by=Actor.STAFF)
    it = written(desk, late, 2)
    assert (it.attachments, it.copies_to) == ((), EVENT.staff_addresses)
    assert "It decides whether you can" in it.text
    withdraw(desk, EVENT, late, CANNOT_COME)
    assert written(desk, late, 3).attachments == ()


@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
def test_an_e_mail_says_until_when_and_how_one_may_change(desk: Desk, clock: Clock, id: str, closed: bool) -> None:
    event = replace(EVENT, changes_until=clock.now + (-HOUR if closed else HOUR))
    it = write_now(desk, entry_of(desk, id, 1), event)
    assert isinstance(it, Email)
    text, until = " ".join(it.text.split()), "2 February 2004, 13:00" if closed else "2 February 2004, 15:00"
    assert (f"Changes could be made there until {until}" in text) == closed
    assert (f"change it there until {until}" in text) != closed
    assert ("For example “Hotel: …”" in text) != closed
    assert it.reply_to == f"{EVENT.slug}@forms.example.org"
    assert "Was this not you?" in text


def test_no_link_is_given_that_no_longer_works(desk: Desk, clock: Clock, id: str) -> None:
    clock.now = EVENT.over_at + HOUR
    assert own_links(written(desk, id, 1)) == []


def test_each_e_mail_has_one_link_to_that_registration_alone(desk: Desk, clock: Clock, id: str) -> None:
    fatou = a_registration(first_name="Fatou")
    other = register(desk, EVENT, fatou)
    assert isinstance(other, Accepted)
    changed(desk, id)
    assert isinstance(register(desk, EVENT, a_registration()), Conflict)
    kinds = [(id, 1), (id, 2), (other.id, 1)]
    assert [opened_by(written(desk, *one), desk).id for one in kinds] == [id, id, other.id]
    assert opened_by(written(desk, id, 1, EmailKind.CONFLICT), desk) == Opened(EVENT.slug, id, 0)
    end_links(desk, EVENT, id, Actor.REGISTRANT, Way.LINK)
    assert opened_by(written(desk, id, 1), desk).number == 1
    assert opened_by(written(desk, other.id, 1), desk).number == 0


def conflicting(desk: Desk) -> None:
    assert isinstance(register(desk, EVENT, OTHER_HOTEL), Conflict)


def test_a_conflict_says_how_long_the_other_answers_wait(desk: Desk, clock: Clock, id: str) -> None:
    conflicting(desk)
    it = written(desk, id, 1, EmailKind.CONFLICT)
    assert "Until 2 February 2004, 15:00 (Zurich time)" in " ".join(it.text.split())
    assert "Beau-Rivage" not in f"{it.text} {it.html}"
    assert opened_by(it, desk).id == id
    clock.forward(HOUR)
    assert "the page offers" not in " ".join(written(desk, id, 1, EmailKind.CONFLICT).text.split())


def test_a_conflict_is_told_once_an_hour(desk: Desk, clock: Clock, id: str) -> None:
    for _ in range(3):
        conflicting(desk)
    assert len([one for one in desk.store.entries_about(id, 99) if one.kind is EmailKind.CONFLICT]) == 1
    clock.forward(HOUR)
    conflicting(desk)
    assert len([one for one in desk.store.entries_about(id, 99) if one.kind is EmailKind.CONFLICT]) == 2


def test_a_conflict_is_not_told_once_it_is_settled(desk: Desk, clock: Clock, id: str) -> None:
    conflicting(desk)
    clock.now, now = EVENT.over_at + HOUR, clock.now
    assert not_needed(desk, id, 1, EmailKind.CONFLICT).startswith("the event is over")
    clock.now = now
    changed(desk, id)
    assert not_needed(desk, id, 1, EmailKind.CONFLICT) == "the registration says by now what that form said"
    changed(desk, id, replace(a_registration(), email=NEW_ADDRESS))
    confirm_address(desk, EVENT, id, NEW_ADDRESS)
    assert not_needed(desk, id, 1, EmailKind.CONFLICT) == "another address is on file by now"
    withdraw(desk, EVENT, id, CANNOT_COME)
    assert not_needed(desk, id, 1, EmailKind.CONFLICT) == "the registration is withdrawn"


def test_a_new_address_is_asked_without_a_word_about_the_person(desk: Desk, id: str) -> None:
    """A stranger may read it."""
    changed(desk, id, replace(OTHER_HOTEL, email=NEW_ADDRESS))
    it = written(desk, id, 2, EmailKind.ADDRESS)
    assert it.to == NEW_ADDRESS
    secrets = [text for text in (*OTHER_HOTEL.answers.values(), "Diallo", "Amina", "amina.diallo") if len(text) > 3]
    for body in (it.subject, it.text, it.html):
        assert [one for one in secrets if one in body] == []
    assert (own_links(it), it.attachments, it.copies_to) == ([], (), ())
    (link,) = [line for line in it.text.splitlines() if f"/{LinkPurpose.ADDRESS}/" in line]
    token = urlsplit(link).path.rpartition("/")[2]
    opened = LINKS.opened(EVENT, LinkPurpose.ADDRESS, token, desk.store.now())
    assert isinstance(opened, Opened)
    assert opened.id == id
    assert LINKS.is_for(opened, NEW_ADDRESS)
    assert not LINKS.is_for(opened, a_registration().email)


def test_an_address_that_no_longer_waits_is_not_asked(desk: Desk, clock: Clock, id: str) -> None:
    changed(desk, id, AT_NEW_ADDRESS)
    clock.now, now = EVENT.over_at + HOUR, clock.now
    assert not_needed(desk, id, 2, EmailKind.ADDRESS) == "the event is over"
    clock.now = now
    changed(desk, id, replace(AT_NEW_ADDRESS, email="third@example.org"))
    assert not_needed(desk, id, 2, EmailKind.ADDRESS) == "this address no longer waits to be confirmed"
    assert written(desk, id, 3, EmailKind.ADDRESS).to == "third@example.org"
    confirm_address(desk, EVENT, id, "third@example.org")
    assert not_needed(desk, id, 3, EmailKind.ADDRESS) == "this address no longer waits to be confirmed"


def test_what_is_not_there_is_an_error(desk: Desk, id: str) -> None:
    for entry in (
        email.confirmation(EVENT.slug, "N" * 24, "a@example.org"),
        email.confirmation(EVENT.slug, id, a_registration().email, revision=9),
    ):
        with pytest.raises(LookupError):
            said(desk, entry)
