"""The roster: what is gathered for it, where its files are, and that more people take no more memory."""

import csv
import hashlib
import io
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import openpyxl
import pytest

from rollcall.desk.close import close
from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.desk.roster import ROSTER_PAGE
from rollcall.desk.send import send
from rollcall.desk.staff.status import status
from rollcall.desk.versions import draw
from rollcall.documents.roster_content import Shown
from rollcall.emails import roster, staff_digest
from rollcall.emails.wording import ATTACHED, SHOWN
from rollcall.model.email import EmailStatus, OutboxEntry, confirmation, conflict_notice, roster_entry
from rollcall.model.links import VALID_FOR, LinkPurpose
from rollcall.model.registration import Actor, Change, Outline, Registered, Revision, Way, Why, new_id
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import a_registration, an_event, desk_with
from tests.support.clock import Clock
from tests.support.desk import Postbox, on_version, restore

EVENT = an_event()
ANYBODY = a_registration()
FIRST, SECOND_VERSION = (roster_entry(EVENT.slug, version, EVENT.secretariat) for version in (1, 2))
SECOND = timedelta(seconds=1)
LONG = "Rue de la Poste " * 1900
"""About as much as a cell of a workbook holds."""


@pytest.fixture(params=["sqlite", "firestore"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "sqlite":
        return SqliteStore(tmp_path / "rollcall.sqlite3", lambda: datetime.now(UTC))
    return FirestoreStore(request.getfixturevalue("project"))


@pytest.mark.slow
def test_a_roster_too_large_to_attach_is_in_storage_whole(store: Store, postbox: Postbox, tmp_path: Path) -> None:
    answers = {**a_registration().answers, "address": LONG, "hotel": LONG, "organization": LONG}
    people = [a_registration(first_name=f"Number {place}", answers=answers) for place in range(ATTACHED // 90_000 + 1)]
    for person in people:
        id = new_id()
        assert store.accept(EVENT.slug, id, person, confirmation(EVENT.slug, id, person.email))
    event = replace(EVENT, closes_at=store.now())
    desk = desk_with(store, postbox.post, tmp_path / "messages", events={event.slug: event})
    closing = close(desk, event)
    assert closing
    send(desk, FIRST.id)

    (email,) = postbox.messages
    assert email.attachments == ()
    names = sorted(path.name for path in (tmp_path / "messages").iterdir())
    assert [name.rpartition(".")[2] for name in names] == ["csv", "xlsx"]
    assert all(name.startswith(f"roster-{event.slug}-{closing.sha256[:16]}-") for name in names)
    table, workbook = (desk.files().get(name) or b"" for name in names)
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8"), newline="")))
    expected = sorted(person.first_name for person in people)
    assert sorted(row["first_name"] for row in rows) == expected
    assert {row["address"] for row in rows} == {LONG}
    sheet = openpyxl.load_workbook(io.BytesIO(workbook), read_only=True)["Roster"]
    assert [row[4] for row in sheet.iter_rows(min_row=2, values_only=True)] == expected
    drawn_up_at = datetime.strptime(names[0].split("-")[3], "%Y%m%dT%H%M%S%fen.csv").replace(tzinfo=UTC)
    for name, content in zip(names, (table, workbook), strict=True):
        link = desk.links.roster(event, name, event.secretariat, drawn_up_at + VALID_FOR[LinkPurpose.ROSTER])
        assert link in email.text
        assert link in email.html
        assert f"({round(len(content) / 1_000_000, 1):g} MB)" in email.text


def test_each_drawing_has_files_of_its_own(desk: Desk, clock: Clock, tmp_path: Path) -> None:
    """What the first e-mail's link leads to stays as that e-mail says."""
    answers = {**a_registration().answers, "address": LONG}
    for place in range(ATTACHED // len(LONG) + 1):
        desk.store.accept(
            EVENT.slug, f"{place:024}", a_registration(first_name=str(place), answers=answers), an_entry(f"{place:024}")
        )
    clock.now = EVENT.closes_at + SECOND
    close(desk, EVENT)
    first, second = (roster.gather(desk, EVENT, FIRST, desk.store.intake(EVENT)) for _ in range(2))
    assert len({file.link for file in (*first.linked, *second.linked)}) == 4
    assert len(list((tmp_path / "messages").iterdir())) == 4


def test_the_confirmation_of_each_is_found_in_the_outbox(desk: Desk, clock: Clock) -> None:
    statuses = {"A": EmailStatus.DELIVERED, "B": EmailStatus.BOUNCED, "C": EmailStatus.SENT, "D": EmailStatus.PENDING}
    for id, standing in statuses.items():
        desk.store.accept(EVENT.slug, id, a_registration(first_name=id), an_entry(id))
        entry = desk.store.entry(an_entry(id).id)
        assert entry
        desk.store.save_entry(replace(entry, status=standing))
        desk.store.enqueue(conflict_notice(EVENT.slug, Registered(id, a_registration(), EVENT.opens_at), clock.now))
    close_after(desk, clock)
    desk.store.accept(EVENT.slug, "E", a_registration(first_name="E"), an_entry("E"))
    gathered = roster.gather(desk, EVENT, FIRST, desk.store.intake(EVENT))
    table = gathered.attached[1].content.decode("utf-8")
    assert {row["first_name"]: row["confirmation"] for row in csv.DictReader(io.StringIO(table, newline=""))} == {
        "A": "sent",
        "B": "bounced",
        "C": "sent",
        "D": "pending",
    }
    undelivered = [one.registered.id for one in gathered.undelivered.shown]
    assert (undelivered, gathered.undelivered.count) == (["B", "D"], 2)
    assert [(one.registered.id, one.unsent is not None) for one in gathered.late.shown] == [("E", True)]
    assert gathered.by_category == {"member-state": 4}
    organization = a_registration().answers["organization"]
    assert gathered.organizations == Shown(((organization, 4),), 1)


def test_who_was_restored_stays_on_the_closed_list(desk: Desk, clock: Clock) -> None:
    """Their commit time is after the deadline now: the closing's list decides."""
    for id in "AB":
        desk.store.accept(EVENT.slug, id, a_registration(first_name=id), an_entry(id))
    close_after(desk, clock)
    desk.store.accept(EVENT.slug, "C", a_registration(first_name="C"), an_entry("C"))
    restore(desk, EVENT.slug, "A")
    gathered = roster.gather(desk, EVENT, FIRST, desk.store.intake(EVENT))
    table = gathered.attached[1].content.decode("utf-8")
    assert [row["first_name"] for row in csv.DictReader(io.StringIO(table, newline=""))] == ["A", "B"]
    assert [one.registered.id for one in gathered.late.shown] == ["C"]


def test_whom_no_e_mail_will_reach_comes_first(desk: Desk, clock: Clock) -> None:
    """An open circuit breaker does not push the e-mails that bounced out of sight."""
    for place in range(SHOWN + 5):
        desk.store.accept(EVENT.slug, f"{place:024}", a_registration(first_name=str(place)), an_entry(f"{place:024}"))
    last = desk.store.entry(an_entry(f"{place:024}").id)
    assert last
    desk.store.save_entry(replace(last, status=EmailStatus.FAILED))
    close_after(desk, clock)
    undelivered = roster.gather(desk, EVENT, FIRST, desk.store.intake(EVENT)).undelivered
    assert (len(undelivered.shown), undelivered.count) == (SHOWN, SHOWN + 5)
    assert undelivered.shown[0].registered.id == f"{place:024}"


def test_the_checksum_is_over_the_ids_with_line_feeds_between(desk: Desk, clock: Clock) -> None:
    for id in "BAC":
        desk.store.accept(EVENT.slug, id, a_registration(first_name=id), an_entry(id))
    closing = close_after(desk, clock)
    assert (closing.count, closing.sha256) == (3, hashlib.sha256(b"A\nB\nC\n").hexdigest())
    assert on_version(desk.store, EVENT) == ["A", "B", "C"]


class Many:
    """A store with so many people, each with a confirmation that bounced; a page is made when it is asked for. Once
    they have `changed`, each has another address than before."""

    def __init__(self, store: Store, people: int) -> None:
        self._store = store
        self._people = people
        self.changed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def registrations(self, _event: str, after: str | None, limit: int) -> Sequence[Registered]:
        return [self._one(place) for place in self._places(after, limit)]

    def outlines(self, _event: str, _answers: Sequence[str]) -> Iterator[Outline]:
        for place in self._places(None, self._people):
            one = self._one(place)
            yield Outline(
                id=one.id,
                received_at=one.received_at,
                category=one.registration.category,
                language=one.registration.language,
                answers={},
                status=one.status,
                revision=one.revision,
                confirmed=one.confirmed,
                until=one.until,
                admitted=one.admitted,
                changed_at=one.received_at,
            )

    def people(self, _event: str, ids: Sequence[str]) -> Sequence[Registered]:
        return [self._one(int(id)) for id in ids]

    def unsent_entries(self, _event: str, after: str | None, limit: int) -> Sequence[OutboxEntry]:
        places = self._places(after and after.split(".")[1], limit)
        return [replace(an_entry(f"{place:024}"), status=EmailStatus.BOUNCED, due_at=None) for place in places]

    def _places(self, after: str | None, limit: int) -> range:
        first = int(after) + 1 if after else 0
        return range(first, min(first + limit, self._people))

    def history(self, _event: str, registered: Registered) -> Sequence[Revision]:
        place = int(registered.id)
        change = Change(Actor.REGISTRANT, Way.LINK, Why.CHANGED)
        return [Revision(change, self._one(place, changed=False), self._one(place, changed=True))]

    def _one(self, place: int, *, changed: bool | None = None) -> Registered:
        changed = self.changed if changed is None else changed
        address = f"{place} {LONG[: 9001 if changed else 9000]}"
        answers = {**ANYBODY.answers, "organization": f"Ministry {place}", "address": address}
        registration = replace(ANYBODY, answers=answers)
        return Registered(f"{place:024}", registration, EVENT.opens_at, revision=2 if changed else 1)


WORKS: dict[str, Callable[[Desk], object]] = {
    "closing": lambda desk: close(desk, EVENT),
    "the roster": lambda desk: roster_mailed(desk),
    "a look at a roster that did not change": lambda desk: draw(desk.store, EVENT),
    "another version, in which everybody changed": lambda desk: another_version_mailed(desk),
    "the staff digest": lambda desk: staff_digest.gather(desk, EVENT, EVENT.secretariat, EVENT.opens_at),
    "the status": lambda desk: status(desk.store, {EVENT.slug: EVENT}),
}


@pytest.mark.slow
@pytest.mark.parametrize("work", WORKS)
def test_three_times_the_people_take_no_more_memory(desk: Desk, clock: Clock, tmp_path: Path, work: str) -> None:
    few, many = 3 * ROSTER_PAGE, 9 * ROSTER_PAGE

    def peak(people: int) -> int:
        folder = tmp_path / str(people)
        folder.mkdir()
        with_many = cast(Store, Many(SqliteStore(folder / "rollcall.sqlite3", clock), people))
        a_desk = desk_with(with_many, desk.post, folder / "messages", events={EVENT.slug: EVENT})
        with_many.intake(EVENT)
        if work != "closing":
            close(a_desk, EVENT)
        tracemalloc.start()
        try:
            WORKS[work](a_desk)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    clock.now = EVENT.closes_at + SECOND
    peak(1)  # what is made once is there
    assert peak(many) < 1.2 * peak(few)


def roster_mailed(desk: Desk) -> None:
    intake = desk.store.intake(EVENT)
    gathered = roster.gather(desk, EVENT, FIRST, intake)
    assert gathered.linked or gathered.by_category.get("member-state") == 1
    roster.word(FIRST, EVENT, gathered, intake)


def another_version_mailed(desk: Desk) -> None:
    entry = desk.store.entry(FIRST.id)
    assert entry
    desk.store.save_entry(replace(entry, status=EmailStatus.SENT, due_at=None))
    cast(Many, desk.store).changed = True
    assert draw(desk.store, EVENT)
    gathered = roster.gather(desk, EVENT, SECOND_VERSION, desk.store.intake(EVENT))
    assert gathered.changes.changed.count == gathered.on_roster > 0
    roster.word(SECOND_VERSION, EVENT, gathered, desk.store.intake(EVENT))


def an_entry(id: str) -> Any:
    return confirmation(EVENT.slug, id, "a@example.org")


def close_after(desk: Desk, clock: Clock) -> Any:
    clock.now = EVENT.closes_at + SECOND
    return close(desk, EVENT)
