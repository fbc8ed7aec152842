"""The pages of rosters: versions, what changed, and whom they are sent to."""

import csv
import html
import io
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import openpyxl
import pytest

from rollcall.desk.amend import amend, withdraw
from rollcall.desk.close import close
from rollcall.desk.deliveries import record_deliveries
from rollcall.desk.desk import Desk
from rollcall.desk.register import register
from rollcall.desk.send import send_due
from rollcall.model.email import DeliveryEvent, EmailStatus, roster_entry
from rollcall.model.registration import Actor, Registered, Way
from rollcall.model.staff import Action, Receives, Role, StaffMember
from tests.support.builders import CANNOT_COME, a_registration, an_event, id_of
from tests.support.clock import Clock
from tests.support.desk import Postbox, on_version
from tests.support.staff_pages import StaffPages

EDITOR, OTHER, VIEWER = "editor@example.org", "other@example.org", "viewer@example.org"
EVENT = an_event(
    staff=(
        StaffMember(EDITOR),
        StaffMember(OTHER, receives=frozenset([Receives.DIGEST])),
        StaffMember(VIEWER, Role.VIEWER, receives=frozenset()),
    )
)
NASTY = "<script>alert(1)</script>"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return replace(desk, events={EVENT.slug: EVENT})


@pytest.fixture
def pages(desk: Desk) -> StaffPages:
    return StaffPages(desk, EDITOR, EVENT)


def person(name: str) -> Any:
    return a_registration(first_name=name, email=f"{name.lower()}@example.org")


def there(desk: Desk, name: str) -> Registered:
    found = desk.store.registered(EVENT.slug, id_of(desk.store, person(name)))
    assert found
    return found


def says(desk: Desk, name: str, **answers: str) -> None:
    one = there(desk, name)
    form = replace(one.registration, answers={**one.registration.answers, **answers})
    assert amend(desk, EVENT, one.id, one.revision, form, Actor.STAFF, Way.LINK)


def closed(desk: Desk, clock: Clock, *names: str) -> None:
    for name in names:
        register(desk, EVENT, person(name))
    clock.now = EVENT.closes_at + timedelta(minutes=1)
    close(desk, EVENT)


def text(page: str) -> str:
    body = re.sub(r"<(style|script)[^>]*>.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def sent_to(postbox: Postbox) -> list[str]:
    return sorted(one.to for one in postbox.messages if "Roster" in one.subject)


def test_before_the_closing_there_is_none(pages: StaffPages) -> None:
    assert "The roster is drawn when registration closes" in text(pages.get("rosters").text)
    assert pages.post("rosters", to=EDITOR, draw="1").headers["Location"].endswith("?did=open")
    assert pages.post("rosters", to=EDITOR, copy="1").headers["Location"].endswith("?did=open")
    assert pages.get("rosters/1/roster.csv").status == 404


def test_one_is_drawn_now_for_whom_was_chosen(desk: Desk, clock: Clock, pages: StaffPages, postbox: Postbox) -> None:
    closed(desk, clock, "Ada", "Bea")
    withdraw(desk, EVENT, there(desk, "Bea").id, CANNOT_COME)
    list(send_due(desk))
    postbox.messages.clear()
    button = pages.button()
    for _ in range(2):  # pressed twice
        assert pages.post("rosters", button, to=OTHER, draw="1").headers["Location"].endswith("?did=drawn")
    list(send_due(desk))
    assert sent_to(postbox) == [OTHER]
    assert on_version(desk.store, EVENT, 2) == [there(desk, "Ada").id]
    (entry,) = desk.store.audit(EVENT.slug, None, 9)
    assert (entry.action, entry.by, entry.about) == (Action.ROSTER_DRAWN, EDITOR, "2")


def test_where_nothing_changed_none_is_drawn(desk: Desk, clock: Clock, pages: StaffPages) -> None:
    closed(desk, clock, "Ada")
    answer = pages.post("rosters", to=EDITOR, draw="1")
    assert "there is no new one" in pages.ask("GET", answer.headers["Location"]).text
    assert len(desk.store.intake(EVENT).versions) == 1
    assert desk.store.audit(EVENT.slug, None, 9) == []


def test_a_copy_goes_to_whom_was_chosen(desk: Desk, clock: Clock, pages: StaffPages, postbox: Postbox) -> None:
    closed(desk, clock, "Ada")
    list(send_due(desk))
    postbox.messages.clear()
    button = pages.button()
    for _ in range(2):  # pressed twice
        assert pages.post("rosters", button, to=EDITOR, copy="1").headers["Location"].endswith("?did=copied")
    list(send_due(desk))
    assert sent_to(postbox) == [EDITOR]
    (entry,) = desk.store.audit(EVENT.slug, None, 9)
    assert entry.action is Action.ROSTER_SENT


def test_it_goes_to_the_staff_alone(desk: Desk, clock: Clock, pages: StaffPages) -> None:
    closed(desk, clock, "Ada")
    for to in ("stranger@example.org", ""):
        assert pages.post("rosters", to=to, copy="1").headers["Location"].endswith("?did=nobody")
    assert desk.store.audit(EVENT.slug, None, 9) == []


def test_a_viewer_sees_and_sends_nothing(desk: Desk, clock: Clock, pages: StaffPages) -> None:
    closed(desk, clock, "Ada")
    viewer = replace(pages, address=VIEWER)
    page = viewer.get("rosters")
    assert "SHA-256" in page.text
    assert 'method="post"' not in page.text
    for press in ("draw", "copy"):
        assert viewer.post("rosters", to=EDITOR, **{press: "1"}).status == 403
    assert desk.store.audit(EVENT.slug, None, 9) == []


def test_versions_come_with_count_checksum_and_delivery(desk: Desk, clock: Clock, pages: StaffPages) -> None:
    closed(desk, clock, "Ada", "Bea")
    list(send_due(desk))
    record_deliveries(
        desk, [DeliveryEvent(roster_entry(EVENT.slug, 1, EDITOR).id, EmailStatus.BOUNCED, "no such mailbox")]
    )
    said = text(pages.get("rosters").text)
    (version,) = desk.store.intake(EVENT).versions
    assert version.sha256 in said
    assert f"{EDITOR} bounced no such mailbox" in said


def test_changes_are_told_person_by_person(desk: Desk, clock: Clock, pages: StaffPages) -> None:
    closed(desk, clock, "Ada", "Bea", "Cem")
    says(desk, "Ada", hotel="Epsom", address=NASTY)
    withdraw(desk, EVENT, there(desk, "Bea").id, CANNOT_COME)
    pages.post("rosters", to=EDITOR, draw="1")
    says(desk, "Ada", hotel="Hôtel Cornavin")
    between = pages.get("rosters/changes?since=1&until=2")
    said = text(between.text)
    assert NASTY not in between.text
    assert "Hotel Hôtel Cornavin Epsom" in said
    assert re.search(r"Diallo Bea \S+ Withdrew", said)
    assert "Cem" not in said
    assert text(pages.get("rosters/changes?since=2&until=1").text) == said  # in whichever order they were chosen
    now = text(pages.get("rosters/changes?since=2&until=now").text)
    assert "Hotel Epsom Hôtel Cornavin" in now
    assert "Bea" not in now
    assert "None." in text(pages.get("rosters/changes?since=2&until=2").text)
    for wrong in ("since=3", "since=x", "since=1&until=9", "since=²", "since=-1", ""):
        assert pages.get(f"rosters/changes?{wrong}").status == 404


def test_files_are_as_they_are_sent_or_were_listed(
    desk: Desk, clock: Clock, pages: StaffPages, postbox: Postbox
) -> None:
    closed(desk, clock, "Ada", "Bea")
    says(desk, "Ada", hotel="Epsom")
    withdraw(desk, EVENT, there(desk, "Bea").id, CANNOT_COME)
    pages.post("rosters", to=EDITOR, draw="1")
    list(send_due(desk))
    first, last = (
        {
            row["first_name"]: row["hotel"]
            for row in csv.DictReader(io.StringIO(pages.get(f"rosters/{n}/roster.csv").text))
        }
        for n in (1, 2)
    )
    assert first == {"Ada": "Hôtel Cornavin", "Bea": "Hôtel Cornavin"}
    assert last == {"Ada": "Epsom"}
    answer = pages.get("rosters/2/roster.xlsx")
    (email,) = [one for one in postbox.messages if one.to == EDITOR and "Roster" in one.subject]
    assert openpyxl.load_workbook(io.BytesIO(answer.content)).sheetnames[:2] == ["Roster", "By hotel"]
    assert {one.name for one in email.attachments} >= {answer.headers["Content-Disposition"].split('"')[1]}
