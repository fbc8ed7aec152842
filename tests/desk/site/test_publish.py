"""Publishing what an event's pages show."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from rollcall.desk import amend
from rollcall.desk.contributions import change
from rollcall.desk.desk import Desk, RecentIntakes
from rollcall.desk.site.programme import publish_participants, set_agenda, set_documents
from rollcall.desk.site.publish import FilesMissing, publish, publish_due
from rollcall.desk.staff.person import admit
from rollcall.model.contribution import Contribution, PaperKind
from rollcall.model.email import confirmation
from rollcall.model.programme import NEVER, Document, Said, Site
from rollcall.model.registration import Actor, Way, new_id
from rollcall.record import from_json, to_json
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import CANNOT_COME
from tests.support.clock import Clock
from tests.support.contributions import SUBMITTER, a_file, kept
from tests.support.movable import MovableStore
from tests.support.publishing import (
    EVENT,
    Killed,
    a_paper,
    a_participant,
    a_press,
    a_publishing_desk,
    comes,
    files_in,
    hooked,
    killed_at,
    listed_in,
    published_paper,
    site_of,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Desk:
    return a_publishing_desk(SqliteStore(tmp_path / "rollcall.sqlite3", clock, durable=False), tmp_path)


@pytest.fixture(params=["sqlite", "firestore"])
def on_each(request: pytest.FixtureRequest, desk: Desk, clock: Clock) -> Desk:
    if request.param == "sqlite":
        return desk
    movable = MovableStore(clock.now, request.getfixturevalue("project"))
    return replace(desk, store=movable.store, intakes=RecentIntakes(movable.store, movable.seconds))


def sweeps(desk: Desk) -> list[str]:
    came = dict(publish_due(desk))
    assert not [one for one in came.values() if isinstance(one, Exception)]
    return list(came)


def test_what_is_published_is_there_and_nothing_else(on_each: Desk, tmp_path: Path) -> None:
    waiting, public = a_paper(on_each, "waiting"), published_paper(on_each, "public")
    site = publish(on_each, EVENT)
    assert [one.number for one in site.contributions] == [public.number]
    assert list(files_in(tmp_path).values()) == [b"public"]
    assert site == site_of(on_each) == from_json(Site, to_json(site))
    (file,) = site.files
    assert file.shown == "INTGOV04-C-2.pdf"
    assert not {file.name, file.shown} & {waiting.id, public.id, *(f.id for f in public.papers[0].files)}
    assert file.name not in file.shown
    assert [one.title.in_language("fr") for one in site.agenda][:1] == ["Ouverture de l’atelier"]
    assert len(site.documents) == 3


def test_what_is_published_no_longer_is_gone_at_once(desk: Desk, tmp_path: Path) -> None:
    one, other = published_paper(desk, "one"), published_paper(desk, "other")
    publish(desk, EVENT)
    change.hold(desk, EVENT, one.id, one.revision, [0], "why", a_press())
    change.withdraw(desk, EVENT, other.id, SUBMITTER)
    site = publish(desk, EVENT)
    assert not files_in(tmp_path)
    assert [(one.number, one.title, one.withdrawn) for one in site.contributions] == [(other.number, "", True)]


def test_who_withdraws_before_it_was_published_is_not_named(desk: Desk) -> None:
    one = a_paper(desk, "one")
    change.withdraw(desk, EVENT, one.id, SUBMITTER)
    assert not publish(desk, EVENT).contributions


def test_what_comes_back_has_another_address(desk: Desk, tmp_path: Path) -> None:
    """Whoever still removes the old one does not hit it."""
    one = published_paper(desk, "one")
    (before,) = publish(desk, EVENT).files
    change.hold(desk, EVENT, one.id, one.revision, [0], "why", a_press())
    publish(desk, EVENT)
    change.publish(desk, EVENT, one.id, one.revision + 1, [0], a_press())
    (after,) = publish(desk, EVENT).files
    assert before.name != after.name
    assert files_in(tmp_path) == {after.name: b"one"}


def test_a_revision_takes_the_place_of_what_it_revises(desk: Desk, tmp_path: Path) -> None:
    one = published_paper(desk, "one")
    day = publish(desk, EVENT).contributions[0].papers[0].published_on
    desk.files().put("R", b"revised")
    files = (a_file("revised", id="R"), a_file("révisé", id="F", language="fr"))
    desk.files().put("F", "révisé".encode())
    change.add_paper(desk, EVENT, one.id, PaperKind.REVISION, files, SUBMITTER)
    assert [paper.designation for paper in publish(desk, EVENT).contributions[0].papers] == ["INTGOV04-C/1"]
    there = kept(desk.store, one.id)
    change.publish(desk, EVENT, one.id, there.revision, [1], a_press())
    ((paper,),) = [one.papers for one in publish(desk, EVENT).contributions]
    assert paper.designation == "INTGOV04-C/1 (Rev.1)"
    assert [file.shown for file in paper.files] == ["INTGOV04-C-1-Rev-1-en.pdf", "INTGOV04-C-1-Rev-1-fr.pdf"]
    assert paper.published_on == day
    assert sorted(files_in(tmp_path).values()) == [b"revised", "révisé".encode()]


def test_a_paper_keeps_the_day_on_which_it_was_published(desk: Desk, clock: Clock) -> None:
    published_paper(desk, "one")
    days = [publish(desk, EVENT).contributions[0].papers[0].published_on]
    clock.forward(timedelta(days=3))
    days.append(publish(desk, EVENT).contributions[0].papers[0].published_on)
    assert days[0] == days[1]


def test_a_file_that_is_missing_keeps_nothing_else_back(desk: Desk, tmp_path: Path) -> None:
    lost, there = published_paper(desk, "lost"), published_paper(desk, "there")
    (tmp_path / lost.papers[0].files[0].id).unlink()
    with pytest.raises(FilesMissing):
        publish(desk, EVENT)
    assert [file.size for file in site_of(desk).files] == [there.papers[0].files[0].size]
    assert list(files_in(tmp_path).values()) == [b"there"]


def test_a_document_of_the_staff_and_one_beside_the_event_file(desk: Desk, tmp_path: Path) -> None:
    event = replace(EVENT, folder=str(tmp_path))
    (tmp_path / "map.pdf").write_bytes(b"%PDF-map")
    desk.files().put("M", b"minutes")
    documents = (
        Document("A", Said({"en": "Map"}), file="map.pdf", type="application/pdf", size=8),
        Document("B", Said({"en": "Minutes, first day"}), file="M", type="application/pdf", size=7),
        Document("C", Said({"en": "Gone"}), file="gone.pdf"),
    )
    set_documents(replace(desk, republish=lambda desk, event: None), event, 0, documents, a_press())
    site = publish(desk, event)
    assert [one.file and one.file.shown for one in site.documents] == ["map.pdf", "Minutes-first-day.pdf"]
    assert sorted(files_in(tmp_path).values()) == [b"%PDF-map", b"minutes"]


# --- whatever dies, whoever else publishes


def test_killed_at_any_step_the_sweep_ends_it(tmp_path: Path, clock: Clock) -> None:
    for step in range(1, 100):
        folder = tmp_path / str(step)
        folder.mkdir()
        desk, kills = a_publishing_desk(SqliteStore(folder / "db", clock, durable=False), folder), 0
        one = published_paper(desk, "one")
        for _ in ("come", "gone"):
            try:
                publish(killed_at(desk, step), EVENT)
            except Killed:
                kills += 1
            if one.papers[0].reason == "":
                change.hold(desk, EVENT, one.id, one.revision, [0], "why", a_press())
                one = kept(desk.store, one.id)
                published_paper(desk, "two")
        for _ in range(2):
            clock.forward(HOUR)
            list(publish_due(desk))
        site = site_of(desk)
        assert [(one.number, len(one.papers)) for one in site.contributions] == [(2, 1)]
        assert files_in(folder) == {site.files[0].name: b"two"}, step
        assert not site.gone
        if not kills:
            break
    assert step > 20


def test_the_older_never_wins(desk: Desk, tmp_path: Path, clock: Clock) -> None:
    """A paper ceases to be public, and that is published, at any step of another's publishing."""
    point, passed = 0, 0
    while passed >= point:
        point, passed = point + 1, 0
        clock.forward(HOUR)  # what is gone is forgotten
        one = published_paper(desk, f"{point}")

        def meanwhile(_name: str, point: int = point, id: str = one.id) -> None:
            nonlocal passed
            passed += 1
            if passed == point:
                change.hold(desk, EVENT, id, 2, [0], "why", a_press())
                publish(desk, EVENT)

        publish(hooked(desk, meanwhile), EVENT)
        if passed >= point:
            assert not site_of(desk).contributions, point
            assert not files_in(tmp_path), point
    assert point > 40


def test_many_at_once_publish_all(desk: Desk, tmp_path: Path) -> None:
    def publishes(one: Contribution) -> None:
        change.publish(desk, EVENT, one.id, one.revision, [0], a_press())
        publish(desk, EVENT)

    threads = [Thread(target=publishes, args=(a_paper(desk, str(one)),)) for one in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    site = site_of(desk)
    assert [one.number for one in site.contributions] == [1, 2, 3, 4, 5, 6]
    assert {file.name for file in site.files} == set(files_in(tmp_path))


def test_the_sweep_publishes_what_nobody_did(desk: Desk) -> None:
    assert sweeps(desk) == [EVENT.slug]  # there was nothing yet
    assert sweeps(desk) == []
    published_paper(desk, "one")
    assert not site_of(desk).contributions


def test_what_was_changed_and_not_published_is_due_in_some_minutes(on_each: Desk, clock: Clock) -> None:
    limits = replace(on_each.limits, publication_lease=timedelta(0))
    desk = replace(on_each, limits=limits)
    sweeps(desk)
    published_paper(desk, "one")
    assert sweeps(desk) == [EVENT.slug]
    assert len(site_of(desk).contributions) == 1


def test_a_changed_event_file_is_published(desk: Desk, clock: Clock) -> None:
    sweeps(desk)
    item = replace((EVENT.programme.agenda or ())[0], title=Said({"en": "Another opening"}))
    events = {EVENT.slug: replace(EVENT, languages=("en",), programme=replace(EVENT.programme, agenda=(item,)))}
    deployed = replace(desk, events=events, compared={})
    assert sweeps(deployed) == [EVENT.slug]
    assert site_of(desk).agenda == (item,)
    assert sweeps(deployed) == []


def test_an_event_with_a_website_elsewhere_has_nothing_published(desk: Desk, tmp_path: Path) -> None:
    published_paper(desk, "one")
    comes(desk, "Diallo")
    publish(desk, EVENT)
    elsewhere = replace(desk, events={EVENT.slug: replace(EVENT, website="https://www.example.org")}, compared={})
    assert sweeps(elsewhere) == [EVENT.slug]
    site = site_of(desk)
    assert (site.contributions, site.participants, site.agenda, files_in(tmp_path)) == ((), None, (), {})


def test_one_event_that_cannot_be_published_keeps_no_other_waiting(desk: Desk, tmp_path: Path) -> None:
    events = {"broken": replace(EVENT, slug="broken", folder="\0"), **desk.events}
    documents = (Document("A", Said({"en": "A"}), file="a.pdf"),)
    events["broken"] = replace(events["broken"], programme=replace(EVENT.programme, documents=documents))
    came = dict(publish_due(replace(desk, events=events)))
    assert isinstance(came["broken"], ValueError)
    assert isinstance(came[EVENT.slug], Site)


# --- participants


def test_those_who_agreed_are_listed_by_name(on_each: Desk) -> None:
    comes(on_each, "Weber", organization="Weber AG", country="CH", head_of_delegation="yes")
    comes(on_each, "Émile", country="FR")
    comes(on_each, "Diallo", listed=False)
    site = publish(on_each, EVENT)
    assert listed_in(site) == ["Émile", "Weber"]
    assert site.participants is not None
    one = site.participants[1]
    assert (one.organization, one.country, one.category, one.head) == ("Weber AG", "CH", "associate", True)
    assert b"weber@example.org" not in to_json(site)


def test_nobody_is_listed_before_the_list_is_published(desk: Desk, clock: Clock) -> None:
    comes(desk, "Weber")
    publish_participants(desk, EVENT, 0, clock.now + HOUR, a_press())
    assert publish(desk, EVENT).participants is None
    clock.forward(HOUR)
    assert sweeps(desk) == [EVENT.slug]
    assert listed_in(site_of(desk)) == ["Weber"]
    publish_participants(desk, EVENT, 1, NEVER, a_press())
    assert site_of(desk).participants is None


def test_who_comes_is_listed_some_minutes_later(desk: Desk, clock: Clock) -> None:
    publish(desk, EVENT)
    comes(desk, "Weber")
    assert sweeps(desk) == []
    clock.forward(HOUR)
    assert sweeps(desk) == [EVENT.slug]
    assert listed_in(site_of(desk)) == ["Weber"]


def test_where_nobody_comes_nobody_is_read(desk: Desk, clock: Clock) -> None:
    comes(desk, "Weber")
    publish(desk, EVENT)
    read: list[str] = []
    watched = hooked(desk, read.append)
    clock.forward(HOUR)
    sweeps(watched)
    assert "after stored 1" in read
    assert not [name for name in read if "registrations" in name or "contributions" in name]
    clock.forward(HOUR)
    comes(desk, "Émile")
    sweeps(watched)
    assert listed_in(site_of(desk)) == ["Émile", "Weber"]


@pytest.mark.parametrize("way", [Way.LINK, Way.DESK, Way.EMAIL])
def test_consent_withdrawn_takes_effect_at_once(desk: Desk, way: Way) -> None:
    id = comes(desk, "Weber")
    publish(desk, EVENT)
    by = Actor.STAFF if way is Way.DESK else Actor.REGISTRANT
    amend.amend(desk, EVENT, id, 1, a_participant("Weber", listed=False), by, way)
    assert listed_in(site_of(desk)) == []
    amend.amend(desk, EVENT, id, 2, a_participant("Weber", organization="Weber AG"), by, way)
    assert [one.organization for one in site_of(desk).participants or ()] == ["Weber AG"]
    amend.withdraw(desk, EVENT, id, CANNOT_COME)
    assert listed_in(site_of(desk)) == []


def test_a_change_that_nobody_sees_publishes_nothing(desk: Desk) -> None:
    id, other = comes(desk, "Weber"), comes(desk, "Diallo", listed=False)
    publish(desk, EVENT)
    read: list[str] = []
    watched = hooked(desk, read.append)
    amend.end_links(watched, EVENT, id, Actor.REGISTRANT, Way.LINK)
    amend.withdraw(watched, EVENT, other, CANNOT_COME)
    comes(watched, "Third")
    assert not [name for name in read if "publi" in name or "site" in name]


def test_killed_before_it_publishes_a_withdrawal_is_published_by_the_sweep(desk: Desk, clock: Clock) -> None:
    id = comes(desk, "Weber")
    publish(desk, EVENT)

    def dies(*_: object) -> None:
        raise Killed

    with pytest.raises(Killed):
        amend.withdraw(replace(desk, republish=dies), EVENT, id, CANNOT_COME)
    assert listed_in(site_of(desk)) == ["Weber"]
    clock.forward(HOUR)
    assert sweeps(desk) == [EVENT.slug]
    assert listed_in(site_of(desk)) == []


def test_a_change_stands_though_it_cannot_be_published(desk: Desk) -> None:
    id = comes(desk, "Weber")

    def unavailable() -> object:
        raise OSError

    broken = replace(desk, published=unavailable)  # type: ignore[arg-type]
    assert isinstance(amend.withdraw(broken, EVENT, id, CANNOT_COME), amend.Amended)


def test_the_late_are_listed_once_they_are_admitted(desk: Desk, clock: Clock) -> None:
    clock.now = EVENT.closes_at + HOUR
    id = new_id()
    assert desk.store.accept(EVENT.slug, id, a_participant("Late"), confirmation(EVENT.slug, id, "late@example.org"))
    publish(desk, EVENT)
    assert listed_in(site_of(desk)) == []
    admit(desk, EVENT, a_press(), id, "why")
    assert listed_in(site_of(desk)) == ["Late"]


def test_the_agenda_is_published_as_the_staff_set_it(desk: Desk) -> None:
    set_agenda(desk, EVENT, 0, (), a_press())
    assert site_of(desk).agenda == ()
