"""What names people is kept no longer than promised, and goes whatever happens meanwhile."""

import json
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from shutil import copytree
from typing import Any, cast

import pytest

from rollcall.desk.amend import withdraw
from rollcall.desk.close import close
from rollcall.desk.desk import Desk
from rollcall.desk.limits import Limits
from rollcall.desk.personal_data.expire import Deleted, NeverDeleted, expire_due, tally_of
from rollcall.desk.ports import Store
from rollcall.desk.register import Late, register_emailed
from rollcall.desk.site.publish import publish, publish_due
from rollcall.desk.staff.person import admit
from rollcall.model.email import confirmation
from rollcall.model.personal_data import Access, Erasure, ErasureStatus, Ground, Kept, Opened, Tally
from rollcall.store.sqlite import SqliteStore
from tests.support import busy_desk as busy
from tests.support.builders import CANNOT_COME, a_registration, desk_with
from tests.support.clock import Clock
from tests.support.desk import Postbox
from tests.support.filled import fill
from tests.support.movable import MovableStore
from tests.support.publishing import (
    EVENT,
    Killed,
    a_participant,
    a_press,
    comes,
    hooked,
    killed_at,
    listed_in,
    published_paper,
    site_of,
)

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
OTHER = replace(EVENT, slug=f"{EVENT.slug}-b", translated=None)
"""Its slug begins with the other's."""
HEX = "0123456789abcdef"
STAMP = "20040301T120000000000"
STAYS = {
    *("events", *(f"events/{EVENT.slug}/{kind}" for kind in ("audit", "numbers", "programme"))),
    *("erasures", "publications", "queues"),
}
"""The collections in which something is left; a new one is in `Kept`, or holds nothing of people."""
A_STEP_A_CALL = Limits(deleted_at_once=1, delete_for=timedelta(0))


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Desk:
    return on(SqliteStore(tmp_path / "rollcall.sqlite3", clock, durable=False), tmp_path)


def on(store: Store, folder: Path) -> Desk:
    return desk_with(store, Postbox().post, folder / "files", events={EVENT.slug: EVENT})


def expires(desk: Desk) -> dict[str, Deleted]:
    came = dict(expire_due(desk))
    assert all(isinstance(one, Deleted) for one in came.values()), came
    return cast(dict[str, Deleted], came)


class AllBut:
    """A store that is not told until when an event is kept."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return (lambda _: True) if name == "save_retention" else getattr(self._store, name)


def filled(desk: Desk) -> None:
    """A document of each kind, and each kind of file; the sweep knows of the event."""
    expires(desk)
    fill(cast(Store, AllBut(desk.store)), EVENT)
    done = Erasure("Z", EVENT.slug, ErasureStatus.ERASED, None, Ground.ASKED, "staff@example.org", erased={"emails": 1})
    assert desk.store.save_erasure(done)
    for name in ("M", *drawn_files(EVENT.slug)):
        desk.files().put(name, b"%PDF of somebody")


def drawn_files(slug: str) -> list[str]:
    roster = f"roster-{slug}-{HEX}-{STAMP}"
    return [f"{roster}en.csv", f"{roster}ptBR.xlsx", f"scan-{slug}-{HEX[:8] * 5}.jpg"]


def everything(folder: Path) -> dict[str, str]:
    """Every document by its path, and every file by its name."""
    chosen = "select collection || '/' || id, record from documents"
    rows = sqlite3.connect(folder / "rollcall.sqlite3").execute(chosen).fetchall()
    documents = {path: json.dumps(json.loads(record), ensure_ascii=False) for path, record in rows}
    files = [one for one in folder.rglob("*") if one.is_file() and not one.name.startswith("rollcall.sqlite3")]
    return documents | {f"files/{one.name}": one.read_bytes().decode("latin-1") for one in files}


def without_times(there: dict[str, str]) -> dict[str, str]:
    return {path: record for path, record in there.items() if not path.startswith("retention/")}


def test_nothing_goes_before_its_time(desk: Desk, clock: Clock, tmp_path: Path) -> None:
    filled(desk)
    clock.now = EVENT.keep_until - SECOND
    before = everything(tmp_path)
    assert expires(desk) == {}
    assert everything(tmp_path) == before


@pytest.mark.parametrize("store", ["sqlite", "firestore"])
def test_all_of_an_event_goes_and_nothing_of_another(
    store: str, tmp_path: Path, clock: Clock, request: pytest.FixtureRequest
) -> None:
    movable = MovableStore(clock.now, request.getfixturevalue("project") if store == "firestore" else None)
    desk, kept = on(movable.store, tmp_path), movable.store
    filled(desk)
    for name in drawn_files(OTHER.slug):
        desk.files().put(name, b"another event's")
    others = confirmation(OTHER.slug, "A", "a@example.org")
    assert kept.accept(OTHER.slug, "A", a_registration(), others) is not None
    kept.note_access(Access("P", OTHER.slug, "staff@example.org", kept.now(), Opened.PERSON, "A"))
    movable.move_on(EVENT.keep_until + HOUR)
    deleted = expires(desk)[EVENT.slug]
    assert deleted.is_done
    assert deleted.counts.keys() == {"files", *(kind.value for kind in Kept if kind is not Kept.PROGRAMME)}
    assert deleted.counts["files"] == 4
    assert [kind for kind in Kept if kept.kept_ids(EVENT.slug, kind, 9)] == []
    assert [*desk.files().ids("M")] == []
    assert {*desk.files().ids("roster-"), *desk.files().ids("scan-")} == {*drawn_files(OTHER.slug)}
    assert kept.registered(OTHER.slug, "A")
    assert kept.entry(others.id)
    assert [one.id for one in kept.accesses(OTHER.slug, None, 9)] == ["P"]
    log = kept.audit(EVENT.slug, None, 99)
    assert {one.action.value for one in log} == {"review_taken", "resent", "rooming_list_sent", "programme_changed"}
    assert not any(one.by or one.reason or one.before or one.after for one in log)
    (erasure,) = kept.erasures(EVENT.slug)
    assert (erasure.registration_id, erasure.decided_by, erasure.erased) == ("Z", "", {"emails": 1})
    assert expires(desk) == {}


def test_killed_anywhere_the_next_call_goes_on(clock: Clock, tmp_path: Path) -> None:
    ends, first = dict[str, str](), tmp_path / "first"
    first.mkdir()
    store = SqliteStore(first / "rollcall.sqlite3", clock, durable=False)
    filled(on(store, first))
    store.close()
    clock.now = EVENT.keep_until + HOUR
    for step in range(1, 500):
        folder = copytree(first, tmp_path / str(step))
        desk = on(SqliteStore(folder / "rollcall.sqlite3", clock, durable=False), folder)
        try:
            expires(killed_at(desk, step))
        except Killed:
            expires(desk)
        else:
            assert step > 60
            return
        retention = desk.store.retention(EVENT.slug)
        assert retention
        assert retention.tally == Tally(registered=1, contributions=1, by_category={"member-state": 1})
        assert retention.last_deleted_at
        ends = ends or without_times(everything(folder))
        assert {path.rpartition("/")[0] for path in ends} == STAYS
        assert without_times(everything(folder)) == ends
    pytest.fail("it never came to its end")


def test_two_at_once_delete_the_same(desk: Desk, clock: Clock, tmp_path: Path) -> None:
    """The other call comes at each step of this one."""
    filled(desk)
    clock.now = EVENT.keep_until + HOUR
    steps, slowly = 0, replace(desk, limits=A_STEP_A_CALL)

    def passing(_: str) -> None:
        nonlocal steps
        steps += 1
        expires(slowly)

    dict(expire_due(hooked(desk, passing)))
    assert steps > 30
    while expires(slowly):
        pass
    retention = desk.store.retention(EVENT.slug)
    assert retention
    assert retention.tally == Tally(registered=1, contributions=1, by_category={"member-state": 1})
    assert not any("Diallo" in record for record in everything(tmp_path).values())


def test_a_call_has_a_bound_and_the_next_goes_on(desk: Desk, clock: Clock) -> None:
    filled(desk)
    clock.now = EVENT.keep_until + HOUR
    slowly = replace(desk, limits=A_STEP_A_CALL)
    deleted = [expires(slowly)[EVENT.slug] for _ in range(4)]
    assert [sum(one.counts.values()) for one in deleted] == [1, 1, 1, 1]
    assert not any(one.is_done for one in deleted)
    retention = desk.store.retention(EVENT.slug)
    assert retention
    assert (retention.last_deleted_at, retention.looks_at) == (None, EVENT.keep_until)
    assert expires(desk)[EVENT.slug].is_done


def test_a_time_that_is_past_when_the_file_says_it_may_be_a_mistake(desk: Desk, clock: Clock, tmp_path: Path) -> None:
    filled(desk)
    wrong = replace(EVENT, ends=EVENT.starts, starts=EVENT.starts.replace(year=1994), translated=None)
    wrong = replace(wrong, ends=wrong.starts)
    there = without_times(everything(tmp_path))
    deployed = replace(desk, events={EVENT.slug: wrong})
    for _ in range(2):
        assert expires(deployed) == {}
        clock.forward(timedelta(hours=11))
    assert expires(desk) == {}  # put right
    clock.forward(DAY)
    assert expires(desk) == {}
    assert without_times(everything(tmp_path)) == there
    assert expires(deployed) == {}
    clock.forward(3 * DAY - SECOND)  # a weekend
    assert expires(deployed) == {}
    clock.forward(2 * SECOND)
    assert expires(deployed)[EVENT.slug].is_done


def test_an_event_that_is_put_right_after_that_is_deleted_in_its_own_time(desk: Desk, clock: Clock) -> None:
    """Nobody had registered yet; else the staff would be shown nothing from its last day on."""
    wrong = replace(EVENT, starts=EVENT.starts.replace(year=1994), ends=EVENT.ends.replace(year=1994), translated=None)
    deployed = replace(desk, events={EVENT.slug: wrong})
    expires(deployed)
    clock.forward(4 * DAY)
    expires(deployed)
    expires(desk)
    comes(desk, "Ito")
    clock.now = EVENT.over_at + SECOND
    expires(desk)
    retention = desk.store.retention(EVENT.slug)
    assert retention
    assert (retention.is_deleted, retention.last_deleted_at) == (False, None)
    clock.now = EVENT.keep_until + SECOND
    expires(desk)
    retention = desk.store.retention(EVENT.slug)
    assert retention
    assert (retention.tally, retention.last_deleted_at is not None) == (Tally(1, by_category={"associate": 1}), True)


def test_an_event_whose_file_is_gone_is_deleted_all_the_same(desk: Desk, clock: Clock) -> None:
    filled(desk)
    clock.now = EVENT.keep_until + HOUR
    assert expires(replace(desk, events={}))[EVENT.slug].is_done
    assert desk.store.registrations(EVENT.slug, None, 9) == []


def test_somebody_is_told_of_an_event_of_which_nobody_knows_how_long(desk: Desk, clock: Clock) -> None:
    filled(desk)
    desk.store.intake(OTHER)
    clock.now = EVENT.keep_until + HOUR
    came = dict(expire_due(desk))
    assert isinstance(came[OTHER.slug], NeverDeleted)
    assert isinstance(came[EVENT.slug], Deleted)


def test_what_comes_later_goes_the_next_day(desk: Desk, clock: Clock) -> None:
    filled(desk)
    clock.now = EVENT.keep_until + HOUR
    expires(desk)
    before = desk.store.retention(EVENT.slug)
    desk.store.add_inbound(EVENT.slug, "LATER")
    desk.files().put("LATER", b"From: somebody")
    clock.forward(DAY - HOUR)
    assert expires(desk) == {}
    clock.forward(HOUR + SECOND)
    assert expires(desk)[EVENT.slug].counts == {"files": 1, "inbound": 1}
    assert desk.files().get("LATER") is None
    after = desk.store.retention(EVENT.slug)
    assert before
    assert after
    assert after.tally == before.tally


def test_a_fault_with_one_event_keeps_no_other_waiting(desk: Desk, clock: Clock) -> None:
    filled(desk)
    two = replace(desk, events={EVENT.slug: EVENT, OTHER.slug: OTHER})
    expires(two)
    desk.store.add_inbound(OTHER.slug, "N")
    clock.now = EVENT.keep_until + HOUR

    def passing(name: str) -> None:
        if name == "before count_contributions 1":
            raise ValueError(name)

    came = dict(expire_due(hooked(two, passing)))
    assert [isinstance(one, Deleted) for one in came.values()] == [False, True]
    assert len(expires(two)) == 1


def test_the_tally_is_of_those_on_the_roster(desk: Desk, clock: Clock) -> None:
    people: list[str] = []
    for name, country in (("Ito", "JP"), ("Sato", "JP"), ("Roux", "FR"), ("Gone", "FR")):
        people.append(comes(desk, name, country=country))
    comes(desk, "Nowhere", category="sector-member")
    withdraw(desk, EVENT, people[3], CANNOT_COME)
    clock.now = EVENT.closes_at + SECOND
    late = [
        register_emailed(desk, EVENT, a_participant(name, country="DE", category="sector-member"), clock.now, ())
        for name in ("Late", "Later", "Latest")
    ]
    ids = [one.id for one in late if isinstance(one, Late)]
    tally = Tally(4, 1, 3, 0, {"associate": 3, "sector-member": 1}, {"FR": 1, "JP": 2})
    assert tally_of(desk.store, EVENT.slug) == tally
    close(desk, EVENT)
    assert tally_of(desk.store, EVENT.slug) == tally
    admit(desk, EVENT, a_press(), ids[0], "the fax was down")
    withdraw(desk, EVENT, ids[1], CANNOT_COME)
    by_country = {"DE": 1, "FR": 1, "JP": 2}
    tally = Tally(5, 2, 1, 0, {"associate": 3, "sector-member": 2}, by_country)
    assert tally_of(desk.store, EVENT.slug) == tally
    desk.store.write_roster_page(EVENT.slug, "0-000000", [])  # damaged: it is deleted all the same
    assert tally_of(desk.store, EVENT.slug) == tally


def test_published_papers_stay_without_who_sent_them(desk: Desk, clock: Clock, tmp_path: Path) -> None:
    public, names = published_paper(desk, "public"), ("Amina", "amina@mpt.example.org")
    waits = published_paper(desk, "waiting")
    comes(desk, "Ito")
    publish(desk, EVENT)
    assert listed_in(site_of(desk)) == ["Ito"]
    expires(desk)
    clock.now = EVENT.keep_until + HOUR
    expires(replace(desk, events={}))  # the page goes also where its file is gone
    assert site_of(desk).participants is None
    assert [came for _, came in publish_due(desk) if isinstance(came, Exception)] == []
    site = site_of(desk)
    assert site.participants is None
    assert [one.title for one in site.contributions] == [public.title, waits.title]
    (file,) = public.papers[0].files
    assert desk.files().get(file.id) == b"public"
    there = everything(tmp_path)
    assert not [path for path, record in there.items() for name in (*names, file.name) if name in record]
    assert not [path for path in there if path.startswith("contributionkeys/")]


def test_the_list_of_participants_goes_at_its_time(desk: Desk, clock: Clock) -> None:
    """Though nothing is deleted yet, and nobody changed anything."""
    comes(desk, "Ito")
    list(publish_due(desk))
    clock.now = EVENT.keep_until - SECOND
    list(publish_due(desk))
    assert listed_in(site_of(desk)) == ["Ito"]
    clock.now = EVENT.keep_until + SECOND
    list(publish_due(replace(desk, compared={EVENT.slug: clock.now})))
    assert site_of(desk).participants is None


def test_nothing_of_anybody_is_left_after_a_busy_event(tmp_path: Path, clock: Clock) -> None:
    worked = busy.busy_desk(tmp_path, clock)
    desk, slug = worked.desk, busy.EVENT.slug
    expires(desk)
    busy.worked_on(worked)
    desk.store.note_access(Access("P", slug, busy.SECRETARY, desk.store.now(), Opened.PERSON, "A"))
    sought = {busy.SECRETARY, "office@example.org", "ada@example.org", "cornavin", "Amina", "roots@", "visa", "fax"}
    for name in (*busy.PEOPLE, *busy.TWINS, *busy.LATE, *busy.HELD_BACK, busy.SCANNED):
        family, _, first = name.partition(" ")
        sought |= {family, first, busy.answers(name)["email"]}
    before = everything(tmp_path)
    assert {one for one in sought if not any(one in record for record in before.values())} == set()
    clock.now = busy.EVENT.keep_until + HOUR
    assert expires(desk)[slug].is_done
    there = everything(tmp_path)
    assert {path.rpartition("/")[0] for path in there} == {
        *("events", f"events/{slug}/audit", f"events/{slug}/numbers", f"events/{slug}/programme"),
        *("contributions", "publications", "retention", "files"),
    }
    found = {one: path for path, record in there.items() for one in sought if one in f"{path} {record}"}
    assert found == {}
    log = desk.store.audit(slug, None, 99)
    assert len(log) > 9
    assert not any(one.by or one.reason or one.before or one.after for one in log)
