"""Ending a person's own links from the command line, without the key that signs them."""

import pytest

from rollcall.desk.desk import Desk
from rollcall.desk.register import register
from rollcall.links import id_in
from rollcall.model.email import new_link
from rollcall.model.registration import Actor, Registered, Way, Why
from rollcall.ops.commands import revoke_link
from rollcall.ops.connect import Database, Refused
from tests.support.builders import EVENTS, LINKS, a_registration, id_of
from tests.support.desk import EVENT


@pytest.fixture
def database(desk: Desk) -> Database:
    register(desk, EVENT, a_registration())
    return Database(desk.store, "the tests' own", EVENTS)


def person(database: Database) -> Registered:
    there = database.store.registered(EVENT.slug, id_of(database.store, a_registration()))
    assert there
    return there


@pytest.mark.parametrize("below", ["", "/change", "/withdraw"])
def test_all_of_them_end_and_the_person_gets_another(database: Database, below: str) -> None:
    link = LINKS.own(EVENT, person(database))
    answer = revoke_link(database, f"{link}{below}")
    assert answer.is_done
    after = person(database)
    assert (after.link, after.revision, after.confirmed) == (1, 2, 1)
    (made,) = database.store.history(EVENT.slug, after)
    assert (made.change.by, made.change.way, made.change.why) == (Actor.STAFF, Way.COMMAND, Why.LINKS_ENDED)
    entry = database.store.entry(new_link(EVENT.slug, after).id)
    assert entry
    assert entry.to == a_registration().email
    assert after.reference in answer.text
    assert a_registration().email not in answer.text
    assert database.store.intake(EVENT).revoked_links == ()


def test_a_link_to_nobody_ends_nothing(database: Database) -> None:
    nobody = Registered("X" * 24, a_registration(), EVENT.opens_at)
    with pytest.raises(Refused, match="does not have"):
        revoke_link(database, LINKS.own(EVENT, nobody))


def test_a_link_that_was_cut_is_refused(database: Database) -> None:
    with pytest.raises(Refused, match="no whole link"):
        revoke_link(database, LINKS.own(EVENT, person(database))[:-1])
    assert person(database).link == 0


@pytest.mark.parametrize("id", ["A" * 24, "B" * 24, "A" * 2000], ids=["short", "another", "packed"])
def test_the_id_is_read_without_the_key(id: str) -> None:
    link = LINKS.own(EVENT, Registered(id, a_registration(), EVENT.opens_at))
    assert id_in(link.rpartition("/")[2]) == id


@pytest.mark.parametrize("token", ["", ".", "a.b", "!.b", ".AAAA.b", "e30.b", "WzEsMl0.b", "bnVsbA.b"])
def test_what_is_no_token_has_no_id(token: str) -> None:
    assert id_in(token) is None


@pytest.mark.parametrize("id", ["", "A/history/2", "../events", "__A__"])
def test_an_id_that_somebody_made_up_is_none(id: str) -> None:
    link = LINKS.own(EVENT, Registered(id, a_registration(), EVENT.opens_at))
    assert id_in(link.rpartition("/")[2]) is None
