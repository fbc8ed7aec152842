"""The roster after the closing: what is drawn when, what it says changed, and to whom."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import openpyxl
import pytest

from handlers.close_intake import close_intake
from rollcall.desk.amend import amend, end_links, withdraw
from rollcall.desk.close import close
from rollcall.desk.deliveries import record_deliveries
from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.desk.register import register
from rollcall.desk.resend import resend_to_staff
from rollcall.desk.roster import are_whole
from rollcall.desk.send import send_due
from rollcall.desk.versions import draw, look
from rollcall.emails import roster
from rollcall.model.email import DeliveryEvent, Email, EmailStatus, roster_entry
from rollcall.model.intake import OnRoster, RosterVersion
from rollcall.model.registration import Actor, Registered, Way
from tests.support.builders import CANNOT_COME, NOT_ME, a_registration, an_event, id_of, staff_of
from tests.support.clock import Clock
from tests.support.desk import Postbox, on_version
from tests.support.hooks import Hooks, hooked_desk
from tests.support.scheduler import POST

EVENT = an_event()
STAFF = EVENT.secretariat
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
MORNING = datetime.fromisoformat("2004-02-21T08:00:00+01:00")
"""After the deadline, which is midnight; the workshop is on 26 and 27 February."""


def person(name: str) -> Any:
    return a_registration(first_name=name, email=f"{name.lower()}@example.org")


def there(desk: Desk, name: str) -> Registered:
    found = desk.store.registered(EVENT.slug, id_of(desk.store, person(name)))
    assert found
    return found


def says(desk: Desk, name: str, by: Actor = Actor.STAFF, **answers: str) -> None:
    one = there(desk, name)
    form = replace(one.registration, answers={**one.registration.answers, **answers})
    assert amend(desk, EVENT, one.id, one.revision, form, by, Way.LINK)


def leaves(desk: Desk, name: str) -> None:
    assert withdraw(desk, EVENT, there(desk, name).id, CANNOT_COME)


def moved_on(desk: Desk, clock: Clock, to: datetime) -> None:
    """To this time, at which Cloud Scheduler calls."""
    clock.now = to
    assert close_intake(desk, POST).status_code == 200
    list(send_due(desk))


def rosters(postbox: Postbox, to: str = STAFF) -> list[Email]:
    return [one for one in postbox.messages if one.to == to and one.subject.startswith("Roster")]


def said(email: Email) -> str:
    return " ".join(email.text.replace("\u2060", "").split())


def sheet(email: Email, name: str) -> list[dict[str, Any]]:
    (workbook,) = [file for file in email.attachments if file.name.endswith(".xlsx")]
    header, *rows = openpyxl.load_workbook(io.BytesIO(workbook.content))[name].iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


@pytest.fixture
def closed(desk: Desk, clock: Clock) -> Desk:
    """With Ada, Ben and Cid on version 1, which the staff have; Eva had withdrawn before."""
    for name in ("Ada", "Ben", "Cid", "Eva"):
        register(desk, EVENT, person(name))
    leaves(desk, "Eva")
    moved_on(desk, clock, EVENT.closes_at + SECOND)
    return desk


class TestTheMorningAfter:
    def test_nothing_changed(self, closed: Desk, clock: Clock, postbox: Postbox) -> None:
        for days in range(3):
            moved_on(closed, clock, MORNING + days * DAY)
        assert len(rosters(postbox)) == 1
        intake = closed.store.intake(EVENT)
        assert (len(intake.versions), intake.looks_at) == (1, MORNING + 3 * DAY)

    def test_what_changed_is_told(self, closed: Desk, clock: Clock, postbox: Postbox) -> None:
        says(closed, "Ada", hotel="Hôtel Royal", fax="")
        leaves(closed, "Ben")
        says(closed, "Eva")
        moved_on(closed, clock, MORNING - SECOND)
        assert len(rosters(postbox)) == 1
        moved_on(closed, clock, MORNING + SECOND)
        _, second = rosters(postbox)
        assert second.subject == f"Roster, version 2: {EVENT.title}, 3 registered"
        text = said(second)
        assert "This is version 2 of the roster, as it stood at 21 February 2004, 08:00 (Zurich time)." in text
        assert "The last one that we sent you is version 1, of the end of 20 February 2004 (Zurich time)." in text
        assert "1 person is new. 1 person withdrew. 1 person changed their answers." in text
        assert "Fax: +224 30 45 31 16 → (not given) Hotel: Hôtel Cornavin → Hôtel Royal" in text
        new, left = text.partition(" NEW ")[2].split(" WITHDREW ")
        assert ("Hotel: Hôtel Cornavin" in new, "Hotel: Hôtel Cornavin" in left.partition(" CHANGED ")[0]) == (
            True,
            True,
        )
        first, latest = closed.store.intake(EVENT).versions
        assert f"3 people, SHA-256 {first.sha256}" in text
        assert f"3 people, SHA-256 {latest.sha256}" in text
        assert on_version(closed.store, EVENT, 1) == sorted(there(closed, name).id for name in ("Ada", "Ben", "Cid"))
        assert on_version(closed.store, EVENT, 2) == sorted(there(closed, name).id for name in ("Ada", "Eva", "Cid"))
        told = ("First name", "Changed", "In version 1", "Now", "Date and time", "By")
        assert [tuple(row[name] for name in told) for row in sheet(second, "Changes")] == [
            ("Eva", "Registration", "not on the roster", "on the roster", "2004-02-21 00:00", "the staff"),
            ("Eva", "Hotel", "", "Hôtel Cornavin", "2004-02-21 00:00", "the staff"),
            ("Ben", "Registration", "on the roster", "withdrawn", "2004-02-21 00:00", "the person, by their link"),
            ("Ben", "Hotel", "Hôtel Cornavin", "", "2004-02-21 00:00", "the person, by their link"),
            ("Ada", "Fax", "+224 30 45 31 16", "(not given)", "2004-02-21 00:00", "the staff"),
            ("Ada", "Hotel", "Hôtel Cornavin", "Hôtel Royal", "2004-02-21 00:00", "the staff"),
        ]
        assert {row["First name"] for row in sheet(second, "Withdrawn")} == {"Ben"}
        table = csv.DictReader(io.StringIO(second.attachments[1].content.decode()))
        assert {row["first_name"] for row in table} == {"Ada", "Cid", "Eva"}

    def test_it_is_told_once(self, closed: Desk, clock: Clock, postbox: Postbox) -> None:
        says(closed, "Ada", hotel="Hôtel Royal")
        for days in range(3):
            moved_on(closed, clock, MORNING + days * DAY)
        assert len(rosters(postbox)) == 2

    def test_until_the_event_is_over(self, closed: Desk, clock: Clock, postbox: Postbox) -> None:
        moved_on(closed, clock, EVENT.over_at - HOUR)
        assert closed.store.intake(EVENT).looks_at is None
        says(closed, "Ada", hotel="Hôtel Royal")
        moved_on(closed, clock, EVENT.over_at + DAY)
        assert len(rosters(postbox)) == 1

    def test_a_link_that_was_ended_is_no_news(self, closed: Desk, clock: Clock, postbox: Postbox) -> None:
        assert end_links(closed, EVENT, there(closed, "Ada").id, Actor.STAFF, Way.COMMAND)
        moved_on(closed, clock, MORNING)
        assert len(rosters(postbox)) == 1

    def test_what_changed_and_changed_back_is_told(self, closed: Desk, clock: Clock, postbox: Postbox) -> None:
        """A roster that was sent in between may have shown it."""
        says(closed, "Ada", hotel="Hôtel Royal")
        says(closed, "Ada", hotel="Hôtel Cornavin")
        moved_on(closed, clock, MORNING)
        assert "1 person changed their answers." in said(rosters(postbox)[1])
        assert "Changed: and changed back: it is as it was" in said(rosters(postbox)[1])
        (row,) = sheet(rosters(postbox)[1], "Changes")
        assert row["Changed"] == "Changed, and changed back"

    def test_a_person_has_the_name_that_the_staff_know(self, closed: Desk, clock: Clock, postbox: Postbox) -> None:
        one = there(closed, "Ada")
        form = replace(one.registration, family_name="Diallo-Ba")
        assert amend(closed, EVENT, one.id, one.revision, form, Actor.STAFF)
        moved_on(closed, clock, MORNING)
        text = said(rosters(postbox)[1])
        assert "Ada Diallo, Ministère" in text
        assert "Family name: Diallo → Diallo-Ba" in text

    def test_a_revision_that_came_too_late_is_on_no_version(self, closed: Desk, clock: Clock, postbox: Postbox) -> None:
        """Its maker died before it was taken back."""
        one = there(closed, "Ada")
        form = replace(one.registration, answers={**one.registration.answers, "hotel": "Too late"})
        late = replace(one, registration=form, revision=2, confirmed=2, until=EVENT.closes_at)
        assert closed.store.save_registration(EVENT.slug, one, late, CANNOT_COME)
        assert there(closed, "Ada").came_too_late
        says(closed, "Ben", hotel="Hôtel Royal")
        moved_on(closed, clock, MORNING)
        assert "Too late" not in rosters(postbox)[1].text + str(sheet(rosters(postbox)[1], "Roster"))
        assert "1 person changed" in said(rosters(postbox)[1])


def test_who_was_registered_by_somebody_else_is_told_of_at_once_and_left_out_of_the_next(
    closed: Desk, clock: Clock, postbox: Postbox
) -> None:
    assert withdraw(closed, EVENT, there(closed, "Ada").id, NOT_ME)
    list(send_due(closed))
    (email,) = [one for one in postbox.messages if one.subject.startswith("Withdrawn")]
    assert "The next version of the roster leaves them out. It goes out at 21 February 2004, 08:00" in said(email)
    moved_on(closed, clock, MORNING)
    assert "2 people are registered" in said(rosters(postbox)[1])
    rows = sheet(rosters(postbox)[1], "Changes")
    assert {row["By"] for row in rows} == {"whoever reads the mailbox, whom somebody else had registered"}


class TestToWhom:
    def test_whose_e_mail_bounced_reads_what_changed_since_the_one_before(
        self, closed: Desk, clock: Clock, postbox: Postbox
    ) -> None:
        says(closed, "Ada", hotel="Hôtel Royal")
        moved_on(closed, clock, MORNING)
        record_deliveries(closed, [DeliveryEvent(roster_entry(EVENT.slug, 2, STAFF).id, EmailStatus.BOUNCED)])
        says(closed, "Ben", hotel="Hôtel Royal")
        moved_on(closed, clock, MORNING + DAY)
        assert "Changes since version 1" in rosters(postbox)[2].html
        assert "2 people changed their answers" in said(rosters(postbox)[2])

    def test_a_copy_that_arrived_counts(self, closed: Desk, clock: Clock, postbox: Postbox) -> None:
        record_deliveries(closed, [DeliveryEvent(roster_entry(EVENT.slug, 1, STAFF).id, EmailStatus.BOUNCED)])
        (copy,) = resend_to_staff(closed.store, EVENT)
        assert copy == roster_entry(EVENT.slug, 1, STAFF, 2)
        list(send_due(closed))
        says(closed, "Ada", hotel="Hôtel Royal")
        moved_on(closed, clock, MORNING)
        assert "Changes since version 1" in rosters(postbox)[2].html

    def test_who_is_added_later_gets_the_whole_roster(self, closed: Desk, clock: Clock, postbox: Postbox) -> None:
        says(closed, "Ada", hotel="Hôtel Royal")
        with_another = replace(EVENT, staff=staff_of(STAFF, "new@example.org"))
        moved_on(replace(closed, events={EVENT.slug: with_another}), clock, MORNING)
        (email,) = rosters(postbox, "new@example.org")
        assert "We have sent you none before, or it did not arrive: this is the whole roster" in said(email)
        assert "Changes since" not in email.html
        assert "Changes" not in openpyxl.load_workbook(io.BytesIO(email.attachments[0].content)).sheetnames
        assert "Changes since version 1" in rosters(postbox)[1].html

    def test_one_that_still_waits_gives_way_to_the_next(self, desk: Desk, clock: Clock, postbox: Postbox) -> None:
        """SendGrid was unavailable for a night."""
        register(desk, EVENT, person("Ada"))
        clock.now = EVENT.closes_at + SECOND
        close(desk, EVENT)
        says(desk, "Ada", hotel="Hôtel Royal")
        moved_on(desk, clock, MORNING)
        (email,) = rosters(postbox)
        assert email.subject.startswith("Roster, version 2")
        waited = desk.store.entry(roster_entry(EVENT.slug, 1, STAFF).id)
        assert waited
        assert waited.status is EmailStatus.CANCELLED

    def test_staff_ask(self, closed: Desk, clock: Clock, postbox: Postbox) -> None:
        """For what is new; else for the last one again, which says the same."""
        says(closed, "Ada", hotel="Hôtel Royal")
        assert [entry.id for entry in resend_to_staff(closed.store, EVENT)] == [roster_entry(EVENT.slug, 2, STAFF).id]
        list(send_due(closed))
        clock.forward(HOUR)
        (copy,) = resend_to_staff(closed.store, EVENT)
        assert copy == roster_entry(EVENT.slug, 2, STAFF, 2)
        list(send_due(closed))
        _, second, again = rosters(postbox)
        assert second.subject == again.subject
        assert said(second).replace("00:00", "01:00", 1) == said(again)
        moved_on(closed, clock, MORNING)
        assert len(rosters(postbox)) == 3


class Meanwhile:
    """A store in which something happens once, just before this is called."""

    def __init__(self, store: Store, name: str, happens: Callable[[], object]) -> None:
        self._store = store
        self._name = name
        self._happens = [happens]

    def __getattr__(self, name: str) -> Any:
        if name == self._name and self._happens:
            self._happens.pop()()
        return getattr(self._store, name)


class TestAtOnce:
    def test_two_drawings(self, closed: Desk) -> None:
        """The slower one finds the other's recorded: neither writes over the other's pages."""
        says(closed, "Ada", hotel="Hôtel Royal")
        drawn: list[RosterVersion | None] = []
        store = cast(Store, Meanwhile(closed.store, "record_look", lambda: drawn.append(draw(closed.store, EVENT))))
        assert draw(store, EVENT) is None
        versions = closed.store.intake(EVENT).versions
        assert drawn == [versions[1]]
        assert len(versions) == 2
        assert are_whole(closed.store, EVENT.slug, *versions)

    def test_two_drawings_of_other_lists(self, closed: Desk) -> None:
        says(closed, "Ada", hotel="Hôtel Royal")

        def happens() -> None:
            leaves(closed, "Ben")
            assert draw(closed.store, EVENT)

        assert draw(cast(Store, Meanwhile(closed.store, "record_look", happens)), EVENT) is None
        versions = closed.store.intake(EVENT).versions
        assert [version.count for version in versions] == [3, 2]
        assert are_whole(closed.store, EVENT.slug, *versions)

    @pytest.mark.parametrize("step", ["write_roster_page", "record_look"])
    def test_a_withdrawal_while_the_roster_is_drawn(
        self, closed: Desk, clock: Clock, postbox: Postbox, step: str
    ) -> None:
        """It is on this version or on the next one, and told of in either."""
        says(closed, "Ada", hotel="Hôtel Royal")
        version = draw(cast(Store, Meanwhile(closed.store, step, lambda: leaves(closed, "Ben"))), EVENT)
        assert version
        assert version.count == 3
        assert are_whole(closed.store, EVENT.slug, version)
        moved_on(closed, clock, MORNING)
        assert [one.count for one in closed.store.intake(EVENT).versions] == [3, 3, 2]
        assert "1 person withdrew" in said(rosters(postbox)[-1])

    def test_a_deadline_cannot_be_lost(self, closed: Desk) -> None:
        """Somebody writes the intake for another reason: the drawing begins anew."""
        says(closed, "Ada", hotel="Hôtel Royal")
        revoked = lambda: closed.store.revoke_link(EVENT.slug, closed.store.intake(EVENT), "link")  # noqa: E731
        version = draw(cast(Store, Meanwhile(closed.store, "record_look", revoked)), EVENT)
        assert version
        intake = closed.store.intake(EVENT)
        assert (intake.versions[-1], intake.revoked_links) == (version, ("link",))


class Dies(BaseException):
    pass


def test_after_a_crash_the_next_call_draws_it(closed: Desk, clock: Clock, postbox: Postbox, tmp_path: Path) -> None:
    """At each step, one day after another."""
    passed: list[str] = []
    order = ""

    def passing(point: str) -> None:
        passed.append(point)
        if point == order:
            raise Dies

    hooks = Hooks(passing)
    hooked = hooked_desk(closed.store, tmp_path, closed.post, closed.events, hooks)
    long = replace(EVENT, ends=EVENT.ends + 90 * DAY)
    at = MORNING
    clock.now = at
    says(closed, "Ada", hotel="0")
    hooks.begin()
    assert look(hooked.store, long)
    points = list(passed)
    assert "after write_roster_page 1" in points
    assert "before record_look 1" in points
    for number, point in enumerate(points, start=1):
        at += DAY
        clock.now = at
        says(closed, "Ada", hotel=str(number))
        before, order = len(closed.store.intake(EVENT).versions), point
        hooks.begin()
        with pytest.raises(Dies):
            look(hooked.store, long)
        order = ""
        hooks.begin()
        look(hooked.store, long)
        intake = closed.store.intake(EVENT)
        assert len(intake.versions) == before + 1, point
        assert are_whole(closed.store, EVENT.slug, intake.versions[-1])
        assert closed.store.entry(roster_entry(EVENT.slug, before + 1, STAFF).id)
        assert intake.looks_at
        assert intake.looks_at > at
    list(send_due(closed))
    assert len(rosters(postbox)) == 2  # those that still waited gave way to the last one


def test_an_altered_version_is_not_compared_with(closed: Desk, clock: Clock) -> None:
    says(closed, "Ada", hotel="Hôtel Royal")
    version = draw(closed.store, EVENT)
    assert version
    says(closed, "Ben", hotel="Hôtel Royal")
    closed.store.write_roster_page(EVENT.slug, version.page_name(0), [OnRoster("A", 1)])
    with pytest.raises(ValueError, match="version 2"):
        draw(closed.store, EVENT)


def test_before_the_closing_nothing_is_drawn(desk: Desk) -> None:
    register(desk, EVENT, person("Ada"))
    assert draw(desk.store, EVENT) is None
    assert look(desk.store, EVENT) is None


def test_the_confirmation_that_counts_is_the_last_one(closed: Desk, clock: Clock, postbox: Postbox) -> None:
    """Of several, some of which arrived."""
    one = there(closed, "Ada")
    first = f"{EVENT.slug}.{one.id}.confirmation"
    says(closed, "Ada", hotel="Hôtel Royal")
    record_deliveries(closed, [DeliveryEvent(first, EmailStatus.BOUNCED)])
    second = closed.store.entry(f"{first}.2")
    assert second
    assert closed.store.save_entry(replace(second, status=EmailStatus.SENT, due_at=None))
    assert _confirmations(closed)["Ada"] == "sent"
    second = closed.store.entry(f"{first}.2")
    assert second
    assert closed.store.save_entry(replace(second, status=EmailStatus.BOUNCED, due_at=None))
    record_deliveries(closed, [DeliveryEvent(first, EmailStatus.DELIVERED)])
    assert _confirmations(closed)["Ada"] == "bounced"


def _confirmations(desk: Desk) -> dict[str, str]:
    entry = roster_entry(EVENT.slug, 1, STAFF)
    table = roster.gather(desk, EVENT, entry, desk.store.intake(EVENT)).attached[1].content.decode()
    return {row["first_name"]: row["confirmation"] for row in csv.DictReader(io.StringIO(table))}
