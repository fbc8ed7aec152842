"""Who of the staff opened which person is written down before it is shown, and can be read."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from unittest import mock
from urllib.parse import quote, urlencode, urlsplit

import pytest

from handlers.register import register
from handlers.staff.accesses import _WORDS, MOST_SHOWN
from rollcall.model.errors import StoreUnavailable
from rollcall.model.inbound import FormStatus, InboundForm
from rollcall.model.personal_data import Access, Opened
from tests.support.builders import LINKS
from tests.support.busy_desk import EVENT, SECRETARY, VIEWER, BusyDesk, busy_desk, worked_on
from tests.support.clock import Clock
from tests.support.in_process import ask
from tests.support.staff_pages import FORM, StaffPages

SLUG = EVENT.slug
PEOPLE_OPENED: Mapping[str, tuple[Opened, int]] = {
    "person": (Opened.PERSON, 1),
    "person, bounced": (Opened.PERSON, 1),
    "person, late": (Opened.PERSON, 1),
    "change answers": (Opened.PERSON, 1),
    "correct the address": (Opened.PERSON, 1),
    "admit late": (Opened.PERSON, 1),
    "accesses of a person": (Opened.PERSON, 1),
    "all that is held": (Opened.PERSONAL_DATA, 1),
    "double": (Opened.PERSON, 2),
    "quarantined": (Opened.REVIEW, 0),
    "differing": (Opened.REVIEW, 1),
    "inbound": (Opened.REVIEW, 0),
    "inbound, files": (Opened.REVIEW, 0),
    "inbound, with a form": (Opened.REVIEW, 0),
    "inbound, form": (Opened.REVIEW, 0),
    "undelivered": (Opened.REVIEW, 1),
    "likely doubles": (Opened.REVIEW, 2),
    "contribution": (Opened.CONTRIBUTION, 0),
    "contribution, held": (Opened.CONTRIBUTION, 0),
    "publish": (Opened.CONTRIBUTION, 0),
    "hold": (Opened.CONTRIBUTION, 0),
    "correct a contribution": (Opened.CONTRIBUTION, 0),
    "hotel": (Opened.ROOMING_LIST, 0),
    "roster changes": (Opened.ROSTER, 0),
}
"""Of `worked_on`, the pages on which the answers of one person are, or the whole list of a roster or a hotel; and of
how many people, each for itself."""
FILES: Mapping[str, tuple[Opened, str]] = {
    "registrations/export.csv?q=Dubois": (Opened.EXPORT, "csv"),
    "registrations/export.xlsx": (Opened.EXPORT, "xlsx"),
    "rosters/1/roster.csv": (Opened.ROSTER, "1.csv"),
    "rosters/2/roster.xlsx": (Opened.ROSTER, "2.xlsx"),
    "contributions/list.xlsx": (Opened.CONTRIBUTION, "list.xlsx"),
    "contributions/all.zip": (Opened.CONTRIBUTION, "all.zip"),
}


@dataclass(frozen=True)
class There:
    busy: BusyDesk
    pages: Mapping[str, str]

    @property
    def at_desk(self) -> StaffPages:
        return StaffPages(self.busy.desk, SECRETARY, EVENT)

    def noted(self) -> dict[str, Access]:
        return {one.id: one for one in self.busy.desk.store.accesses(SLUG, None, 100_000)}

    def noted_by(self, method: str, path: str, body: str = "") -> tuple[int, list[Access]]:
        """The status, and what was noted, at a linked page or one of the desk."""
        before = self.noted()
        if path.startswith("/register"):
            status = ask(partial(register, self.busy.desk), method, path, body, FORM).status
        else:
            status = self.at_desk.ask(method, self.at_desk.path(path), body, FORM).status
        return status, [one for one in self.noted().values() if one.id not in before]


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> There:
    busy = busy_desk(tmp_path_factory.mktemp("desk"), Clock(EVENT.opens_at))
    return There(busy, worked_on(busy))


def test_each_page_with_a_persons_answers_is_noted_and_no_list(there: There) -> None:
    found: dict[str, tuple[Opened, int]] = {}
    for name, path in there.pages.items():
        status, noted = there.noted_by("GET", path)
        assert status in (200, 422) or name == "no such page", name
        if noted:
            (what,) = {one.what for one in noted}
            found[name] = what, len({one.registration_id for one in noted} - {""})
            assert {(one.event, one.by) for one in noted} == {(SLUG, SECRETARY)}
    assert found == PEOPLE_OPENED


@pytest.mark.parametrize(("path", "expected"), FILES.items())
def test_each_file_is_noted_once_and_says_which(there: There, path: str, expected: tuple[Opened, str]) -> None:
    status, (one,) = there.noted_by("GET", path)
    assert (status, one.what, one.about, one.registration_id) == (200, *expected, "")


def test_a_list_with_other_columns_than_the_usual_ones_is_noted(there: There) -> None:
    """Else all that a person answered could be read without a trace."""
    status, (one,) = there.noted_by("GET", "registrations?q=Santos&column=tel&column=address&column=category")
    assert (status, one.what, one.about, one.registration_id) == (200, Opened.EXPORT, "address, tel", "")
    _, (one,) = there.noted_by("GET", "registrations?is-title=ms&is-category=associate")
    assert one.about == "title"


def test_an_entry_names_the_person_and_no_page_of_another_event_is_one(there: There) -> None:
    changed = there.busy.called("Santos João")
    _, (one,) = there.noted_by("GET", there.pages["person"])
    assert one.registration_id == changed.id
    assert timedelta(0) <= one.at - there.busy.clock.now < timedelta(seconds=1)
    other = StaffPages(there.busy.desk, SECRETARY, replace(EVENT, slug="intgov05"))
    before = there.noted()
    assert other.get(there.pages["person"]).status == 404
    assert there.noted() == before


def test_a_press_is_noted_too(there: There) -> None:
    path = f"{there.pages['person, bounced']}/resend"
    status, (one,) = there.noted_by("POST", path, urlencode({"_button": there.at_desk.button()}))
    assert (status, one.what) == (303, Opened.PERSON)


@pytest.mark.parametrize("path", [*PEOPLE_OPENED, *FILES])
def test_what_cannot_be_noted_is_not_shown(there: There, path: str) -> None:
    below = there.pages.get(path, path)
    with mock.patch.object(there.busy.desk.store, "note_access", side_effect=StoreUnavailable(timedelta(seconds=5))):
        answer = there.at_desk.get(below)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    for name in ("Santos", "Dubois", "Kimura", "Hôtel", "visa", "Guinée"):
        assert name not in answer.text


def a_form_that_differs(there: There, id: str) -> str:
    """In an e-mail; the link by which one of the staff amends the registration."""
    store = there.busy.desk.store
    if store.inbound("DIFFERS") is None:
        store.add_inbound(SLUG, "DIFFERS")
        unread = store.inbound("DIFFERS")
        assert unread
        forms = InboundForm(FormStatus.CONFLICT, id, answers={"hotel": "Epsom"}), InboundForm(FormStatus.INCOMPLETE)
        assert store.save_inbound(replace(unread, due_at=None, forms=forms))
    return "DIFFERS"


def test_pages_behind_the_staffs_links_are_noted_by_the_address_that_a_link_is_for(there: There) -> None:
    changed, until = there.busy.called("Santos João"), EVENT.over_at
    inbound = a_form_that_differs(there, changed.id)
    amend, nobody = (urlsplit(LINKS.amending(EVENT, inbound, place, SECRETARY, until)).path for place in (0, 1))
    resolve = urlsplit(LINKS.resolving(EVENT, inbound, SECRETARY, until)).path
    about = f"inbound-{inbound}"
    for path, id in ((amend, changed.id), (nobody, ""), (resolve, ""), (f"{amend}?changed", "")):
        _, (one,) = there.noted_by("GET", path)
        assert (one.by, one.what, one.registration_id, one.about) == (SECRETARY, Opened.REVIEW, id, about)
    _, (one,) = there.noted_by("POST", f"{amend}?check", urlencode({"hotel": "Epsom"}))
    assert one.registration_id == changed.id
    with mock.patch.object(there.busy.desk.store, "note_access", side_effect=StoreUnavailable(timedelta(seconds=5))):
        for path in (amend, nobody, resolve):
            answer = ask(partial(register, there.busy.desk), "GET", path)
            assert (answer.status, "Santos" in answer.text) == (503, False)


def test_the_file_of_a_large_roster_is_noted(there: There) -> None:
    name = f"roster-{SLUG}-0123456789abcdef-20040221T000005000000.csv"
    there.busy.desk.files().put(name, b"Family name")
    path = urlsplit(LINKS.roster(EVENT, name, VIEWER, EVENT.over_at)).path
    status, (one,) = there.noted_by("GET", path)
    assert (status, one.by, one.what, one.about) == (200, VIEWER, Opened.ROSTER, name)


# --- and can be read


def test_a_persons_page_leads_to_who_opened_it(there: There) -> None:
    person = there.pages["person"]
    assert f'href="/staff/{SLUG}/{person}/access"' in there.at_desk.get(person).text
    StaffPages(there.busy.desk, VIEWER, EVENT).get(person)
    page = there.at_desk.get(f"{person}/access").text
    assert page.count(f"<bdi>{VIEWER}</bdi>") == 1
    assert "An entry is kept for 90 days." in page
    assert there.busy.called("Santos João").reference in page


def test_viewers_may_read_who_opened_what_and_the_log_leads_there(there: There) -> None:
    viewer = StaffPages(there.busy.desk, VIEWER, EVENT)
    assert f'href="/staff/{SLUG}/accesses"' in viewer.get("log").text
    page = viewer.get("accesses").text
    assert f'href="/staff/{SLUG}/accesses/accesses.csv"' in page
    for name in ("Santos", "Dubois"):
        assert name not in page


def test_page_after_page_and_the_file_have_each_once(there: There) -> None:
    """Also those of one moment, and each entry leads to what it is about."""
    store, now = there.busy.desk.store, there.busy.clock.now
    known = there.noted().values()
    store.note_access(*(Access(f"A{n}", SLUG, SECRETARY, now, Opened.EXPORT, "", f"csv {n}") for n in range(250)))
    seen: list[str] = []
    path = "accesses"
    while path:
        page = there.at_desk.get(path).text
        seen += [line for line in page.splitlines() if line.startswith("<tr><td>")]
        assert page.count("<tr><td>") <= MOST_SHOWN
        path = page.partition(f'href="/staff/{SLUG}/accesses?')[2].partition('"')[0].replace("&amp;", "&")
        path = f"accesses?{path}" if path else ""
    assert len(seen) == len(known) + 250
    assert len({line for line in seen if "csv " in line}) == 250
    answer = there.at_desk.get("accesses/accesses.csv")
    head, *rows = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert head == ["Date and time", "Opened by", "What", "Reference"]
    assert len(rows) == len(seen)
    assert {f"Registrations: csv {n}" for n in range(250)} <= {row[2] for row in rows}


@pytest.mark.parametrize(
    "after", ["~", "x~A1", "2004-01-01T00:00:00~A1", "9999-12-31T23:59:59-14:00~A1", "~../x", "\0"]
)
def test_an_address_that_says_nonsense_shows_the_first_page(there: There, after: str) -> None:
    assert there.at_desk.get(f"accesses?after={quote(after)}").status == 200


def test_no_entry_is_run_as_a_page_or_as_a_formula(there: There) -> None:
    evil = '=cmd|"<script>alert(1)</script>'
    there.busy.desk.store.note_access(
        Access("EV1", SLUG, evil, there.busy.clock.now, Opened.ROSTER, "", evil),
        Access("EV2", SLUG, evil, there.busy.clock.now, Opened.REVIEW, "", evil),
    )
    page, file = (there.at_desk.get(path).text for path in ("accesses", "accesses/accesses.csv"))
    assert "<script>alert" not in page
    rows = [row for row in csv.reader(io.StringIO(file)) if "alert" in row[1]]
    assert len(rows) == 2
    assert not [cell for row in rows for cell in row if cell.startswith("=")]


@pytest.mark.parametrize("what", Opened)
def test_everything_that_is_opened_has_words(what: Opened) -> None:
    assert _WORDS[what]
