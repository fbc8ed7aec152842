"""What the staff change of an event's pages."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from rollcall.desk.deadline import TooEarly
from rollcall.desk.desk import Desk
from rollcall.desk.site.programme import (
    AfterEvent,
    AsBefore,
    Changed,
    ChangedMeanwhile,
    NotAsked,
    TooLarge,
    move_contributions_deadline,
    programme_now,
    publish_participants,
    set_agenda,
    set_documents,
)
from rollcall.desk.site.publish import publish
from rollcall.model.programme import NEVER, AgendaItem, Document, Said
from rollcall.model.staff import Action
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import an_event
from tests.support.clock import Clock
from tests.support.publishing import EVENT, a_press, a_publishing_desk, published_paper, site_of

ITEM = AgendaItem(date(2004, 2, 26), Said({"en": "Opening", "fr": "Ouverture"}))
LINK = Document("A", Said({"en": "Elsewhere"}), link="https://www.example.org")
HOUR = timedelta(hours=1)


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Desk:
    return a_publishing_desk(SqliteStore(tmp_path / "db", clock, durable=False), tmp_path)


def test_a_change_counts_over_the_file_and_is_published_and_kept(desk: Desk) -> None:
    press = a_press()
    changed = set_agenda(desk, EVENT, 0, (ITEM,), press)
    assert isinstance(changed, Changed)
    now = programme_now(desk.store, EVENT)
    assert (now.agenda, now.number, now.changed_by) == ((ITEM,), 1, press.by)
    assert now.documents == EVENT.programme.documents or len(now.documents or ()) == 3
    assert site_of(desk).agenda == (ITEM,)
    (entry,) = desk.store.audit(EVENT.slug, None, 9)
    assert (entry.action, entry.about, entry.after) == (Action.PROGRAMME_CHANGED, "1", {"agenda": "1"})


def test_what_the_file_says_stands_where_the_staff_said_nothing(desk: Desk) -> None:
    set_documents(desk, EVENT, 0, (LINK,), a_press())
    now = programme_now(desk.store, EVENT)
    assert now.documents == (LINK,)
    assert now.agenda
    assert now.participants_from == EVENT.programme.participants_from


def test_of_two_who_saw_the_same_one_is_told(desk: Desk) -> None:
    assert isinstance(set_agenda(desk, EVENT, 0, (ITEM,), a_press()), Changed)
    met = set_agenda(desk, EVENT, 0, (), a_press())
    assert isinstance(met, ChangedMeanwhile)
    assert met.programme.number == 1
    assert isinstance(set_agenda(desk, EVENT, 1, (), a_press()), Changed)
    assert programme_now(desk.store, EVENT).number == 2


def test_the_same_press_or_the_same_again_writes_nothing(desk: Desk) -> None:
    press = a_press()
    assert isinstance(set_agenda(desk, EVENT, 0, (ITEM,), press), Changed)
    assert isinstance(set_agenda(desk, EVENT, 0, (ITEM,), press), AsBefore)
    assert isinstance(set_agenda(desk, EVENT, 0, (ITEM,), a_press()), AsBefore)
    assert programme_now(desk.store, EVENT).number == 1


def test_more_than_the_store_holds_is_refused(desk: Desk) -> None:
    many = tuple(replace(ITEM, title=Said({"en": f"{one} {'x' * 300}"})) for one in range(3000))
    assert isinstance(set_agenda(desk, EVENT, 0, many, a_press()), TooLarge)


def test_the_deadline_for_contributions_moves_ahead_alone(desk: Desk, clock: Clock) -> None:
    assert EVENT.contributions
    stands = EVENT.contributions.closes_at
    clock.now = stands + HOUR
    published_paper(desk, "late")
    assert publish(desk, EVENT).contributions[0].late
    assert isinstance(move_contributions_deadline(desk, EVENT, 0, stands - HOUR, a_press()), TooEarly)
    assert isinstance(move_contributions_deadline(desk, EVENT, 0, EVENT.over_at + HOUR, a_press()), AfterEvent)
    assert isinstance(move_contributions_deadline(desk, EVENT, 0, stands + 2 * HOUR, a_press()), Changed)
    site = site_of(desk)
    assert site.contributions_close_at == stands + 2 * HOUR
    assert not site.contributions[0].late
    assert isinstance(move_contributions_deadline(desk, EVENT, 1, stands + HOUR, a_press()), TooEarly)


def test_what_nobody_asks_for_has_no_deadline_nor_list(desk: Desk, clock: Clock) -> None:
    letter = an_event(contributions=None)
    assert isinstance(move_contributions_deadline(desk, letter, 0, clock.now + HOUR, a_press()), NotAsked)
    assert isinstance(publish_participants(desk, letter, 0, clock.now, a_press()), NotAsked)


def test_the_list_of_participants_can_be_taken_back(desk: Desk, clock: Clock) -> None:
    assert publish(desk, EVENT).participants == ()
    assert isinstance(publish_participants(desk, EVENT, 0, NEVER, a_press()), Changed)
    assert site_of(desk).participants is None
    assert isinstance(publish_participants(desk, EVENT, 1, clock.now, a_press()), Changed)
    assert site_of(desk).participants == ()
