"""All that is held of a person, for the staff; and what there is under an address, in all events of theirs."""

import json
import re
from dataclasses import replace
from html import unescape
from urllib.parse import urlencode

import pytest

from rollcall.desk.desk import Desk
from rollcall.model.personal_data import Opened
from rollcall.model.staff import Role, StaffMember
from tests.support.builders import a_registration, staff_of
from tests.support.contributions import EVENT
from tests.support.much_held import FOCAL, OTHER, PRIVATE, SECRETARY, MuchHeld, much_held
from tests.support.people import someone
from tests.support.served import Answer
from tests.support.staff_pages import FORM, StaffPages

VIEWER = "viewer@itu.int"
WATCHED = replace(EVENT, staff=(*EVENT.staff, StaffMember(VIEWER, Role.VIEWER)))
ELSEWHERE = replace(EVENT, slug="elsewhere", title="Elsewhere", staff=staff_of("other@example.org"))


@pytest.fixture
def much(desk: Desk) -> MuchHeld:
    return much_held(desk, WATCHED)


def pages(much: MuchHeld, address: str = VIEWER) -> StaffPages:
    events = {one.slug: one for one in (WATCHED, ELSEWHERE)}
    return StaffPages(replace(much.desk, events=events), address, WATCHED)


def looked_up(staff: StaffPages, address: str) -> Answer:
    return staff.ask("POST", "/staff/held", urlencode({"email": address}), FORM)


def rows(page: Answer) -> list[tuple[str, str, str]]:
    """What, address of its page, name."""
    found = re.findall(r'<dt>([^<]*)</dt><dd>(?:<a href="([^"]*)">)?<bdi>([^<]*)</bdi>', page.text)
    return [(what, href, unescape(name)) for what, href, name in found]


def test_a_viewer_sees_it_with_the_names_of_the_staff(much: MuchHeld) -> None:
    person = f"registrations/{much.id}"
    assert f'href="{pages(much).path(person)}/held"' in pages(much).get(person).text
    page = pages(much).get(f"{person}/held")
    assert (page.status, "crutches" in page.text, OTHER in page.text) == (200, True, False)
    said = json.loads(pages(much).get(f"{person}/held.json").text)
    assert {one["by"] for one in said["staff_actions"]} == {SECRETARY}
    assert {one["by"] for one in said["accesses"]} == {SECRETARY, VIEWER}
    assert pages(much).get(f"{person}/held.pdf").content.startswith(b"%PDF-")


def test_whoever_sees_it_is_noted_for_each_registration(much: MuchHeld) -> None:
    pages(much).get(f"registrations/{much.double}/held.pdf")
    looked_up(pages(much), "ami@home.example")
    looked_up(pages(much), "nobody@example.org")
    noted = [
        (one.by, one.about) for one in much.desk.store.accesses_of(much.double) if one.what is Opened.PERSONAL_DATA
    ]
    assert sorted(noted) == [(VIEWER, ""), (VIEWER, ".pdf")]
    assert (VIEWER, ".pdf") in [(one.by, one.about) for one in much.desk.store.accesses_of(much.id)]


def test_a_double_shows_the_whole_person(much: MuchHeld) -> None:
    assert "All that is held of Aminata Diallo" in pages(much).get(f"registrations/{much.double}/held").text


def test_another_events_registration_is_not_there(much: MuchHeld) -> None:
    id = someone(much.desk, ELSEWHERE, "A", email=PRIVATE)
    for name in ("held", "held.json", "held.pdf"):
        assert pages(much).get(f"registrations/{id}/{name}").status == 404
        assert pages(much).get(f"registrations/NOBODY/{name}").status == 404
    assert StaffPages(much.desk, "stranger@example.org", WATCHED).get(f"registrations/{much.id}/held").status == 403


def test_an_address_is_looked_up_in_the_events_that_name_whoever_asks(much: MuchHeld) -> None:
    someone(much.desk, ELSEWHERE, "A", email=PRIVATE)
    page = looked_up(pages(much), f" {PRIVATE.upper()}")
    assert "Elsewhere" not in page.text
    desk = f"/staff/{WATCHED.slug}"
    assert [row for row in rows(page) if row[0] != "E-mail sent"] == [
        ("Registration", f"{desk}/registrations/{much.id}/held", "Aminata Diallo"),
        ("Contribution", f"{desk}/contributions/{much.contribution}", "Names of countries"),
        ("E-mail received", f"{desk}/review/inbound/{much.question}", "Geneva"),
        ("Invitation", f"{desk}/deadline/invitations/{much.held().invitations[0].id}", "Amina"),
    ]
    assert sorted(name for what, _, name in rows(page) if what == "E-mail sent") == [
        *("Invitation", "Link to a registration", "Receipt of a contribution", "Reply"),
    ]
    editor = replace(ELSEWHERE, staff=WATCHED.staff)
    both = replace(pages(much), desk=replace(much.desk, events={WATCHED.slug: WATCHED, editor.slug: editor}))
    assert "Elsewhere" in looked_up(both, PRIVATE).text


def test_an_address_under_which_nobody_is_registered_leads_to_what_there_is(much: MuchHeld) -> None:
    found = rows(looked_up(pages(much), FOCAL))
    assert {what for what, _, _ in found} >= {"Registration", "E-mail received", "Contribution", "Invitation"}
    for _, href, _ in found:
        assert not href or pages(much).ask("GET", href).status == 200


def test_a_form_in_quarantine_is_found_by_its_address(desk: Desk) -> None:
    much = much_held(desk, WATCHED)
    quarantined = [one for one in rows(looked_up(pages(much), a_registration().email)) if "quarantine" in one[0]]
    assert sorted(name for _, _, name in quarantined) == ["Amina Diallo", f"{OTHER} Diallo"]
    assert {pages(much).ask("GET", href).status for _, href, _ in quarantined} == {200}


def test_registrations_that_had_the_address_are_found_and_those_that_are_withdrawn(much: MuchHeld) -> None:
    assert "Aminata Diallo" in looked_up(pages(much), a_registration().email).text
    assert "Withdrawn as a double" in looked_up(pages(much), "ami@home.example").text


def test_what_is_no_address_is_said_and_kept(much: MuchHeld) -> None:
    page = looked_up(pages(much), '"><script>')
    assert (page.status, "<script>" in page.text.partition("<main>")[2].partition("</main>")[0]) == (422, False)
    assert 'value="&#34;&gt;&lt;script&gt;"' in page.text
    assert "There is nothing under this address." in looked_up(pages(much), "nobody@example.org").text
    assert pages(much).ask("GET", "/staff/held").status == 200


def test_no_address_is_logged(much: MuchHeld, capsys: pytest.CaptureFixture[str]) -> None:
    looked_up(pages(much), PRIVATE)
    pages(much).get(f"registrations/{much.id}/held")
    logged = capsys.readouterr().out
    assert "address looked up" in logged
    assert "personal data given out" in logged
    assert "amina" not in logged.lower()
