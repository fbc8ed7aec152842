"""One's own links, asked for or new, and in the reply to one's own e-mail."""

from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest

from rollcall.desk.amend import Amended, end_links, withdraw
from rollcall.desk.desk import Desk
from rollcall.desk.register import Accepted, Conflict, register
from rollcall.desk.send import send_due
from rollcall.emails.links import MOST
from rollcall.model import email
from rollcall.model.email import AT_ONCE, Email, EmailKind, EmailStatus, NotNeeded, OutboxEntry
from rollcall.model.event import Event
from rollcall.model.inbound import FormStatus, InboundEmail, InboundForm
from rollcall.model.links import LinkPurpose, Opened
from rollcall.model.registration import Actor, Change, Registration, Way, Why
from tests.emails.samples import ANSWERS, digested, some
from tests.support.builders import CANNOT_COME, LINKS, NOT_ME, a_registration, an_event_in
from tests.support.clock import Clock
from tests.support.desk import EVENT, Postbox, write_now

HOUR = timedelta(hours=1)
AMINA = a_registration()
FATOU = a_registration(first_name="Fatou")
OTHER = a_registration(email="other@example.org")


def registered(desk: Desk, *those: Registration, event: Event = EVENT) -> list[str]:
    made = [register(desk, event, one) for one in those]
    return [one.id for one in made if isinstance(one, Accepted)]


def asked(desk: Desk, address: str, event: Event = EVENT) -> Email | NotNeeded:
    return write_now(desk, email.links_to(event.slug, "MARK", address, desk.store.now()), event)


def answered(desk: Desk, address: str, event: Event = EVENT) -> Email:
    it = asked(desk, address, event)
    assert isinstance(it, Email), it
    return it


def opened_by(it: Email, now: datetime) -> list[str]:
    """The registrations that its links open, in order."""
    links = [line for line in it.text.splitlines() if f"/{LinkPurpose.OWN}/" in line]
    assert [it.html.count(f'href="{link}"') for link in links] == [1] * len(links)
    tokens = [urlsplit(link).path.rpartition("/")[2] for link in links]
    opened = [LINKS.opened(EVENT, LinkPurpose.OWN, token, now) for token in tokens]
    return [one.id for one in opened if isinstance(one, Opened)]


def test_all_registrations_under_an_address_come_in_one_e_mail(desk: Desk) -> None:
    amina, fatou, _ = registered(desk, AMINA, FATOU, OTHER)
    withdraw(desk, EVENT, fatou, CANNOT_COME)
    it = answered(desk, AMINA.email)
    assert set(opened_by(it, desk.store.now())) == {amina, fatou}
    for words in ("Amina Diallo", "Fatou Diallo", "is withdrawn", "register again until"):
        assert words in it.text
    for secret in ("Hôtel Cornavin", "other@example.org"):
        assert secret not in f"{it.text} {it.html}"


def test_it_goes_to_the_address_on_file_however_another_spelled_it(desk: Desk, postbox: Postbox) -> None:
    registered(desk, AMINA)
    desk.store.enqueue(email.links_to(EVENT.slug, "MARK", " AMINA.Diallo@MPT.example.org", desk.store.now()))
    list(send_due(desk))
    assert [one.to for one in postbox.messages] == [AMINA.email] * 2


def test_who_is_not_registered_gets_nothing(desk: Desk, postbox: Postbox) -> None:
    registered(desk, AMINA)
    entry = email.links_to(EVENT.slug, "MARK", "nobody@example.org", desk.store.now())
    desk.store.enqueue(entry)
    list(send_due(desk))
    assert [one.to for one in postbox.messages] == [AMINA.email]
    after = desk.store.entry(entry.id)
    assert after
    assert after.status is EmailStatus.CANCELLED
    assert desk.store.recently_sent(["nobody@example.org"], AT_ONCE, 9).total() == 0


def test_links_of_two_mailboxes_that_compare_alike_are_not_mixed(desk: Desk) -> None:
    """`ß` and `ss` are one for comparing, and two for whoever delivers."""
    hers, stranger = (
        a_registration(email="strauss@example.org"),
        a_registration(email="strauß@example.org", first_name="Eve"),
    )
    her_id, stranger_id = registered(desk, hers, stranger)
    for spelled, to, id in (
        ("strauss@example.org", hers.email, her_id),
        ("Strauss@Example.org", hers.email, her_id),
        ("strauß@example.org", stranger.email, stranger_id),
    ):
        it = answered(desk, spelled)
        assert (it.to, opened_by(it, desk.store.now())) == (to, [id])
    it = answered(desk, "STRAUẞ@example.org")
    assert len(opened_by(it, desk.store.now())) == 1


def test_who_said_that_it_was_not_them_is_written_to_no_more(desk: Desk) -> None:
    (id,) = registered(desk, AMINA)
    withdraw(desk, EVENT, id, NOT_ME)
    end_links(desk, EVENT, id, Actor.STAFF, Way.COMMAND)
    assert isinstance(asked(desk, AMINA.email), NotNeeded)
    registered(desk, AMINA)
    withdraw(desk, EVENT, id, CANNOT_COME)
    assert opened_by(answered(desk, AMINA.email), desk.store.now()) == [id]


def test_what_came_too_late_is_taken_back_first(desk: Desk, clock: Clock) -> None:
    (id,) = registered(desk, AMINA)
    clock.forward(HOUR)
    before = desk.store.registered(EVENT.slug, id)
    assert before
    after = replace(before, registration=replace(AMINA, first_name="Eve"), revision=2, until=clock.now - HOUR / 60)
    assert desk.store.save_registration(EVENT.slug, before, after, Change(Actor.REGISTRANT, Way.LINK, Why.CHANGED))
    it = answered(desk, AMINA.email)
    assert "Amina Diallo" in it.text
    assert "Eve" not in it.text


def test_only_so_many_come_in_one_e_mail_and_it_says_so(desk: Desk) -> None:
    many = [a_registration(first_name=f"Delegate{number:02}") for number in range(MOST + 1)]
    ids = registered(desk, *many[:-1])
    all_of_them = answered(desk, AMINA.email)
    assert set(opened_by(all_of_them, desk.store.now())) == set(ids)
    assert "There are more" not in all_of_them.text
    registered(desk, many[-1])
    some_of_them = answered(desk, AMINA.email)
    assert len(opened_by(some_of_them, desk.store.now())) == MOST
    assert "There are more" in some_of_them.text


def test_it_speaks_the_language_of_the_first(desk: Desk) -> None:
    event = an_event_in("fr", "en")
    desk = replace(desk, events={event.slug: event})
    registered(desk, replace(AMINA, language="en"), event=event)
    assert '<html lang="en"' in answered(desk, AMINA.email, event).html
    assert f"/{event.slug}/en/own/" in answered(desk, AMINA.email, event).text


def test_links_come_after_the_event_as_long_as_personal_data_is_kept(desk: Desk, clock: Clock) -> None:
    (amina,) = registered(desk, AMINA)
    clock.now = EVENT.over_at + HOUR
    it = answered(desk, AMINA.email)
    assert opened_by(it, EVENT.keep_until) == [amina]
    assert "See your registration" in it.text
    clock.now = EVENT.keep_until + HOUR
    assert isinstance(asked(desk, AMINA.email), NotNeeded)


def test_a_new_link_is_of_the_one_whose_links_ended(desk: Desk) -> None:
    amina, _ = registered(desk, AMINA, FATOU)
    made = end_links(desk, EVENT, amina, Actor.REGISTRANT, Way.LINK)
    assert isinstance(made, Amended)
    (entry,) = [one for one in desk.store.entries_about(amina, 9) if one.kind is EmailKind.LINKS]
    it = write_now(desk, entry, EVENT)
    assert isinstance(it, Email)
    assert it.to == AMINA.email
    assert opened_by(it, desk.store.now()) == [amina]
    assert LINKS.own(EVENT, made.registered) in it.text
    assert "The links in our earlier e-mails have ended" in " ".join(it.text.split())


def test_links_count_as_what_goes_to_registrants() -> None:
    """So the limits to one address and to all hold for them."""
    for entry in (
        email.links_to(EVENT.slug, "MARK", AMINA.email, EVENT.opens_at),
        OutboxEntry("x", EmailKind.ADDRESS, EVENT.slug, AMINA.email),
    ):
        assert entry.kind not in email.TO_STAFF
        assert not email.is_not_to_registrants(entry.id)


def test_the_digest_names_links_that_were_not_delivered() -> None:
    lost = replace(
        email.links_to(EVENT.slug, "MARK", AMINA.email, EVENT.opens_at), status=EmailStatus.BOUNCED, reason="550"
    )
    said = digested(undelivered=some((None, lost))).text
    for words in ("Who asked for links: ", AMINA.email, "Link to a registration: "):
        assert words in said


def replied(desk: Desk, sender: str, *forms: InboundForm) -> Email:
    id = "M" * 24
    desk.store.add_inbound(EVENT.slug, id)
    stored = desk.store.inbound(id)
    assert stored
    inbound: InboundEmail = replace(stored, sender=sender, message_id="<a@example.org>", forms=forms)
    assert desk.store.save_inbound(inbound)
    it = write_now(desk, email.reply_entry(inbound, sender), EVENT)
    assert isinstance(it, Email)
    return it


@pytest.mark.parametrize("status", [FormStatus.REGISTERED, FormStatus.DUPLICATE, FormStatus.CONFLICT])
def test_a_reply_has_the_link_for_whoever_has_the_address_alone(desk: Desk, status: FormStatus) -> None:
    amina, other = registered(desk, AMINA, OTHER)
    forms = [InboundForm(status, id, answers=ANSWERS) for id in (amina, other)]
    assert opened_by(replied(desk, AMINA.email, *forms), desk.store.now()) == [amina]


def test_a_stranger_gets_no_link_by_a_reply(desk: Desk) -> None:
    (amina,) = registered(desk, AMINA)
    forms = [InboundForm(status, amina, answers=ANSWERS) for status in (FormStatus.REGISTERED, FormStatus.CONFLICT)]
    assert opened_by(replied(desk, "stranger@example.org", *forms), desk.store.now()) == []


def test_a_conflicting_form_of_ones_own_can_be_taken_over(desk: Desk) -> None:
    (amina,) = registered(desk, AMINA)
    assert isinstance(register(desk, EVENT, a_registration(answers={"hotel": "Royal"})), Conflict)
    text = " ".join(replied(desk, AMINA.email, InboundForm(FormStatus.CONFLICT, amina, answers=ANSWERS)).text.split())
    assert "for an hour, its page offers you these answers" in text


def test_no_reply_has_a_link_once_the_event_is_over(desk: Desk, clock: Clock) -> None:
    (amina,) = registered(desk, AMINA)
    clock.now = EVENT.over_at + HOUR
    assert opened_by(replied(desk, AMINA.email, InboundForm(FormStatus.REGISTERED, amina)), desk.store.now()) == []
