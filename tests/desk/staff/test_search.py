"""Whom a search finds, and how much it reads."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rollcall.desk.close import close
from rollcall.desk.desk import Desk
from rollcall.desk.staff import search as searching
from rollcall.desk.staff.search import Delivery, How, Sought, Standing, all_found, search
from rollcall.model.email import EmailStatus
from rollcall.model.finding import sound, typed
from rollcall.model.registration import Actor, Change, Registered, RegistrationStatus, Way, Why, new_id, reference
from rollcall.store.database import Query
from tests.support.clock import Clock
from tests.support.desk import EVENT, restore
from tests.support.people import called, settle, someone

CHANGED = Change(Actor.STAFF, Way.DESK, Why.CHANGED)


def names(desk: Desk, text: str = "", **sought: Any) -> list[str]:
    rows = search(desk, EVENT, Sought(text, **sought)).rows
    return [row.registered.registration.full_name for row in rows]


def ids(desk: Desk, **sought: Any) -> list[str]:
    return [row.registered.id for row in search(desk, EVENT, Sought(**sought)).rows]


@pytest.mark.parametrize("text", ["dial", "DIALLO", "amina diallo", "diallo ami", "Diállo", "  diallo,  amina "])
def test_finds_by_beginnings_however_they_are_written(desk: Desk, text: str) -> None:
    called(desk, EVENT, "Diallo Amina", "Diallo Boubacar", "Okafor Amina", "Özdemir Ayşe")
    assert "Amina Diallo" in names(desk, text)
    assert "Amina Okafor" not in names(desk, text)


def test_finds_by_e_mail_organization_and_reference(desk: Desk) -> None:
    id = new_id()
    someone(
        desk,
        EVENT,
        id,
        family_name="Zhou",
        first_name="Wei",
        email="w.z@post.example",
        answers={"organization": "Télécom Genève"},
    )
    someone(desk, EVENT, "B", family_name="Other", first_name="Wei", email="other@post.example", answers={})
    quoted = reference(id)
    for text in ("w.z@post.example", "telecom", "Genève", quoted, quoted.lower(), quoted.replace("-", " "), quoted[:7]):
        assert names(desk, text) == ["Wei Zhou"], text
    assert names(desk, "post.example") == ["Wei Other", "Wei Zhou"]


def test_a_reference_is_found_as_it_is_misheard() -> None:
    digits = "10V10000"
    quoted = reference(digits + "0" * 16)
    assert typed(quoted.replace("1", "I").replace("0", "O")) == (digits.lower(),)


@pytest.mark.parametrize(
    ("heard", "name"),
    [
        ("Dialo", "Diallo Amina"),
        ("Mueller", "Müller Jörg"),
        ("Muhammad", "Mohamed Ali"),
        ("Meier", "Mayer Eva"),
        ("Schmitt", "Schmidt Eva"),
        ("Jonson", "Johnson Eva"),
        ("Amina Dialo", "Diallo Amina"),
        ("Kowalsky", "Kowalski Jan"),
        ("Filip", "Philippe Eva"),
    ],
)
def test_a_name_heard_badly_finds_who_is_meant(desk: Desk, heard: str, name: str) -> None:
    called(desk, EVENT, name, "Nguyễn Văn", "Zhou Wei")
    found = search(desk, EVENT, Sought(heard))
    assert found.how is How.ALIKE
    assert [row.registered.id for row in found.rows] == ["0000"]


def test_the_likest_name_comes_first(desk: Desk) -> None:
    called(desk, EVENT, "Dela Ann", "Tollo Ann", "Diallo Ann")
    assert names(desk, "Dialo")[0] == "Ann Diallo"


def test_names_in_other_scripts_are_no_sound(desk: Desk) -> None:
    called(desk, EVENT, "王 小明", "Иванова Анна")
    assert names(desk, "王") == ["王小明"]
    assert names(desk, "иван") == ["Анна Иванова"]
    assert sound("王") == "王"


def test_where_nothing_sounds_alike_the_first_letters_count(desk: Desk) -> None:
    called(desk, EVENT, "Okonkwo Ada", "Zhou Wei")
    found = search(desk, EVENT, Sought("okonjo"))
    assert (found.how, found.instead) == (How.SHORTER, "okon")
    assert [row.registered.registration.first_name for row in found.rows] == ["Ada"]
    assert search(desk, EVENT, Sought("xxxxxx")).rows == ()


def test_names_that_sound_alike_are_shown_beside_those_typed(desk: Desk) -> None:
    called(desk, EVENT, "Mueller Eva", "Müller Ada")
    assert names(desk, "mueller") == ["Eva Mueller"]
    rows = search(desk, EVENT, Sought("mueller"), alike=True).rows
    assert [row.registered.registration.first_name for row in rows] == ["Eva", "Ada"]


def test_filters_by_answers_language_and_words_together(desk: Desk) -> None:
    someone(desk, EVENT, "A", category="associate", answers={"title": "mr"}, language="fr")
    someone(desk, EVENT, "B", category="associate")
    someone(desk, EVENT, "C")
    associates = (("category", "associate"),)
    assert ids(desk, chosen=associates) == ["A", "B"]
    assert ids(desk, chosen=associates, language="fr") == ["A"]
    assert ids(desk, chosen=(*associates, ("title", "ms"))) == ["B"]
    assert ids(desk, text="nobody", chosen=associates) == ["A", "B"]
    assert ids(desk, language="de") == []


def test_filters_by_how_a_registration_stands(desk: Desk, clock: Clock) -> None:
    for id in "AB":
        someone(desk, EVENT, id)
    there = desk.store.registered(EVENT.slug, "B")
    assert there is not None
    gone = replace(there, status=RegistrationStatus.WITHDRAWN, revision=2)
    assert desk.store.save_registration(EVENT.slug, there, gone, CHANGED)
    clock.now = EVENT.closes_at + timedelta(days=3)
    someone(desk, EVENT, "C")
    entry_to_d = someone(desk, EVENT, "D")
    there = desk.store.registered(EVENT.slug, entry_to_d)
    assert there is not None
    assert desk.store.save_registration(EVENT.slug, there, replace(there, admitted=True, revision=2), CHANGED)
    stand = {standing: ids(desk, standing=standing) for standing in Standing}
    assert stand == {
        Standing.ON_TIME: ["A"],
        Standing.WITHDRAWN: ["B"],
        Standing.LATE: ["C"],
        Standing.ADMITTED: ["D"],
    }
    clock.now += timedelta(days=100)  # longer than one query has days
    assert ids(desk, standing=Standing.LATE) == ["C"]


def test_whom_the_closing_has_is_on_time_though_restored_later(desk: Desk, clock: Clock) -> None:
    for number in range(9):
        someone(desk, EVENT, f"{number}")
    clock.now = EVENT.closes_at + timedelta(minutes=1)
    close(desk, EVENT)
    someone(desk, EVENT, "X")
    for id in ("0", "4", "8"):
        restore(desk, EVENT.slug, id)
    assert ids(desk, standing=Standing.LATE) == ["X"]
    assert {row.registered.id: row.standing for row in search(desk, EVENT, Sought()).rows}["4"] is Standing.ON_TIME


def test_filters_by_the_day_at_the_event(desk: Desk, clock: Clock) -> None:
    midnight = (
        (EVENT.closes_at - timedelta(days=3)).astimezone(EVENT.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    )
    for id, at in (("A", midnight - timedelta(minutes=9)), ("B", midnight), ("C", midnight + timedelta(hours=23))):
        clock.now = at
        someone(desk, EVENT, id)
    assert ids(desk, day=midnight.date()) == ["B", "C"]
    assert ids(desk, day=midnight.date() - timedelta(days=1)) == ["A"]


def test_filters_by_whether_the_last_confirmation_arrived(desk: Desk) -> None:
    for id in "ABCD":
        someone(desk, EVENT, id)
    for id, status in (("A", EmailStatus.BOUNCED), ("B", EmailStatus.SENT), ("C", EmailStatus.DROPPED)):
        settle(desk, EVENT, id, status)
    assert ids(desk, delivery=Delivery.UNDELIVERED) == ["A", "C"]
    assert ids(desk, delivery=Delivery.WAITING) == ["D"]
    assert ids(desk, text="C", delivery=Delivery.UNDELIVERED) == ["C"]
    there = desk.store.registered(EVENT.slug, "A")
    assert there is not None
    corrected = replace(
        there, registration=replace(there.registration, email="right@mail.example"), revision=2, confirmed=2
    )
    assert desk.store.save_registration(EVENT.slug, there, corrected, CHANGED)
    assert ids(desk, delivery=Delivery.UNDELIVERED) == ["C"]


def test_rows_say_whether_the_confirmation_arrived(desk: Desk) -> None:
    someone(desk, EVENT, "A")
    settle(desk, EVENT, "A", EmailStatus.BOUNCED)
    (row,) = search(desk, EVENT, Sought()).rows
    assert row.confirmation is not None
    assert row.confirmation.status is EmailStatus.BOUNCED


def test_pages_go_on_after_each_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "ROWS", 2)
    called(desk, EVENT, *(f"Same {letter}" for letter in "ABCDE"))
    for delivery in (None, Delivery.WAITING):
        seen, after = [], None
        for _ in range(3):
            found = search(desk, EVENT, Sought(delivery=delivery), after)
            seen += [row.registered.registration.first_name for row in found.rows]
            after = found.after
        assert (seen, after) == (list("ABCDE"), None)


def test_a_rare_answer_is_looked_for_in_bounded_steps(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MOST_READ", 3)
    called(desk, EVENT, *(f"Same {letter}" for letter in "ABCD"))
    someone(desk, EVENT, "Z", family_name="Zhou", language="fr")
    first = search(desk, EVENT, Sought("same", language="fr"))
    assert (first.rows, first.looked_at) == ([], 3)
    assert search(desk, EVENT, Sought("same", language="fr"), first.after) == searching.Found([])
    waiting = search(desk, EVENT, Sought(delivery=Delivery.UNDELIVERED))
    assert (waiting.rows, waiting.looked_at) == ([], 3)


def test_an_export_has_everybody_found(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MOST_READ", 2)
    monkeypatch.setattr(searching, "BATCH", 2)
    called(desk, EVENT, *(f"Same {letter}" for letter in "ABCDE"), "Zhou Wei")
    assert [row.registered.registration.first_name for row in all_found(desk, EVENT, Sought("same"))] == list("ABCDE")


def test_the_first_page_reads_some_eighty_documents(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    called(desk, EVENT, *(f"Person {number}" for number in range(120)))
    database: Any = desk.store._database  # type: ignore[attr-defined]
    read: list[int] = []
    query, many = database.query, database.read_many

    def counted(ask: Any) -> Any:
        def asked(of: Query) -> Any:
            read.append(len(found := list(ask(of))))
            return found

        return asked

    monkeypatch.setattr(database, "query", counted(query))
    monkeypatch.setattr(database, "read_many", counted(many))
    assert len(search(desk, EVENT, Sought()).rows) == searching.ROWS
    assert sum(read) <= 100


def test_another_events_people_are_not_found(desk: Desk) -> None:
    someone(desk, replace(EVENT, slug="other"), "A", family_name="Diallo")
    assert names(desk, "diallo") == []


def test_many_words_are_not_each_looked_for_by_their_sound(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    found = desk.store.find

    def counted(event: str, terms: Sequence[str], after: str | None, limit: int) -> Sequence[Registered]:
        asked.extend(terms)
        return found(event, terms, after, limit)

    monkeypatch.setattr(desk.store, "find", counted)
    search(desk, EVENT, Sought("ka la ma na pa ra sa ta fa"))
    assert len([one for one in asked if one.startswith("~")]) <= 3
