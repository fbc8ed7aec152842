"""A day at the staff's desk in a real Chromium, by keyboard: without JavaScript on a desk's screen, and the most used
pages with it on a telephone. Each task says what the store has afterwards."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from rollcall.desk.desk import Desk
from rollcall.desk.send import send_due
from rollcall.desk.staff.announcing import enqueue_due
from rollcall.model.programme import Site
from rollcall.model.registration import Registered, Source
from rollcall.model.staff import Action
from rollcall.record import from_json
from tests.support.busy_desk import (
    BOUNCED,
    CORNAVIN,
    DIFFERING,
    EVENT,
    HELD_BACK,
    LATE,
    NEXT,
    SCANNED,
    SECRETARY,
    TWINS,
    WITHDRAWN,
    BusyDesk,
    answers,
    busy_desk,
)
from tests.support.clock import Clock
from tests.support.inbound import A_PDF
from tests.support.served_here import served_here

pytestmark = pytest.mark.slow

NEW = "juergen.mueller@ministry.example.org"


@dataclass(frozen=True)
class Secretary:
    """At the keyboard."""

    page: Page
    busy: BusyDesk

    @property
    def desk(self) -> Desk:
        return self.busy.desk

    def opens(self, path: str = "", event: str = EVENT.slug) -> None:
        self.page.goto(f"/staff/{event}/{path}".rstrip("/"))

    def press(self, name: str, role: Literal["button", "link"] = "button") -> None:
        one = self.page.get_by_role(role, name=name)
        self.at(one.first)
        self.enter()

    def enter(self) -> None:
        """Press what is focused, and wait for the page that comes."""
        self.busy.clock.forward(timedelta(seconds=5))
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def follow(self, name: str) -> None:
        self.press(name, "link")

    def write(self, label: str, text: str) -> None:
        self.at(self.page.get_by_label(label).first)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)

    def tick(self, one: Locator) -> None:
        self.at(one)
        self.page.keyboard.press("Space")

    def at(self, one: Locator) -> None:
        """Where Tab leads to."""
        one.focus()
        expect(one).to_be_focused()
        assert one.evaluate("one => one.tabIndex") >= 0
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), self.page.url

    def with_id(self, id: str) -> Registered:
        there = self.desk.store.registered(EVENT.slug, id)
        assert there is not None
        return there

    def is_dealt_with(self, inbound_id: str) -> bool:
        there = self.desk.store.inbound(inbound_id)
        return there is not None and there.resolved

    def did(self, action: Action) -> bool:
        """The last thing that is in the log."""
        return [(one.by, one.action) for one in self.desk.store.audit(EVENT.slug, None, 1)] == [(SECRETARY, action)]


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> BusyDesk:
    return busy_desk(tmp_path_factory.mktemp("desk"), Clock(datetime(2004, 2, 2, tzinfo=UTC)))


@pytest.fixture(scope="module")
def address(busy: BusyDesk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    now = lambda: busy.desk.store.now()  # noqa: E731
    with served_here(busy.desk, tmp_path_factory.mktemp("served"), now) as port:
        yield f"http://127.0.0.1:{port}"


def sits_down(browser: Browser, address: str, width: int, script: bool) -> Page:
    context = browser.new_context(
        java_script_enabled=script, viewport={"width": width, "height": 700}, base_url=address, locale="en-US"
    )
    context.set_default_timeout(2_000)
    context.request.post("/staff-as", form={"address": SECRETARY})
    return context.new_page()


@pytest.fixture(scope="module")
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = sits_down(browser, address, 1280, script=False)
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def narrow(browser: Browser, address: str) -> Iterator[Page]:
    page = sits_down(browser, address, 320, script=True)
    yield page
    page.context.close()


@pytest.fixture
def secretary(page: Page, busy: BusyDesk) -> Secretary:
    return Secretary(page, busy)


@pytest.fixture
def on_telephone(narrow: Page, busy: BusyDesk) -> Secretary:
    return Secretary(narrow, busy)


def finds(secretary: Secretary, typed: str, name: str) -> Registered:
    """And opens the person's page."""
    secretary.opens()
    secretary.follow("Registrations")
    secretary.write("Name, organization, e-mail or reference", typed)
    secretary.enter()
    secretary.follow(name)
    there = secretary.busy.called(name)
    assert urlsplit(secretary.page.url).path == f"/staff/{EVENT.slug}/registrations/{there.id}"
    return there


def test_finds_a_person_by_a_name_heard_badly(secretary: Secretary) -> None:
    finds(secretary, "Choudry", "Chaudhuri Anil")


def test_publishes_a_paper_and_puts_it_on_the_agenda(secretary: Secretary) -> None:
    secretary.opens()
    secretary.follow("Contributions")
    secretary.follow("INTGOV04-C/1")
    secretary.follow("Publish")
    secretary.press("Publish")
    assert secretary.did(Action.CONTRIBUTION_PUBLISHED)
    secretary.follow("Put on the agenda")
    secretary.tick(secretary.page.locator("[name=place]").nth(2))
    secretary.press("Put on the agenda")
    assert secretary.did(Action.PROGRAMME_CHANGED)
    site = secretary.desk.published().site(EVENT.slug)
    assert site
    shown = from_json(Site, site[0])
    assert [one.number for one in shown.contributions] == [1]
    assert [one.contributions for one in shown.agenda[:3]].count((1,)) == 1


def test_changes_the_agenda(secretary: Secretary) -> None:
    secretary.opens("programme")
    secretary.follow("Add an agenda item")
    secretary.write("Begins at", "08:30")
    secretary.write("What it is about (English)", "Coffee")
    secretary.write("What it is about (Arabic)", "قهوة")
    secretary.press("Add an agenda item")
    secretary.follow("Coffee")
    secretary.write("Begins at", "25:00")
    secretary.press("Change this agenda item")
    assert "Write a time of day" in secretary.page.content()
    secretary.write("Begins at", "08:45")
    secretary.press("Change this agenda item")
    agenda = secretary.desk.store.programme(EVENT.slug).agenda
    assert agenda
    assert (agenda[0].title.words, agenda[0].starts) == ({"en": "Coffee", "ar": "قهوة"}, time(8, 45))
    assert secretary.did(Action.PROGRAMME_CHANGED)


def corrects(secretary: Secretary, bounced: str, new: str) -> None:
    secretary.opens()
    secretary.follow("Confirmations not delivered")
    secretary.follow(bounced)
    secretary.follow("Correct the address")
    secretary.write("The right e-mail address", new)
    secretary.press("Correct the address")
    there = secretary.busy.called(bounced)
    assert there.registration.email == new
    assert secretary.did(Action.ADDRESS_CORRECTED)
    list(send_due(secretary.desk))
    assert secretary.busy.postbox.messages[-1].to == new


def test_corrects_an_address_and_sends_the_confirmation_again(secretary: Secretary) -> None:
    corrects(secretary, BOUNCED[0], NEW)


def adds(secretary: Secretary, name: str, source: Source, scan: Path | None) -> None:
    secretary.opens()
    secretary.follow("Add a person")
    for field, text in answers(name, signature="").items():
        one = secretary.page.locator(f"[name={field}]")
        if one.first.get_attribute("type") == "radio":
            secretary.tick(secretary.page.locator(f"[name={field}][value={text}]"))
        elif one.first.get_attribute("type") == "date":
            secretary.at(one)
            year, month, day = text.split("-")
            secretary.page.keyboard.type(f"{month}{day}{year}")
        else:
            secretary.at(one)
            secretary.page.keyboard.insert_text(text)
    secretary.tick(secretary.page.locator(f"[name=_source][value={source.value}]"))
    secretary.tick(secretary.page.locator("[name=_language][value=fr]"))
    secretary.write("Admit late", "faxed before the deadline")
    if scan:
        with secretary.page.expect_file_chooser() as chosen:
            secretary.tick(secretary.page.locator("[type=file]"))
        chosen.value.set_files(scan)
    secretary.press("Register this person")
    there = secretary.busy.called(name)
    assert there.entered is not None
    assert there.entered.source is source
    assert bool(there.entered.scan) == bool(scan)
    assert there.admitted
    assert there.registration.language == "fr"
    assert there.registration.answers["arrival"] == answers(name)["arrival"]


def test_takes_in_a_faxed_form_with_its_scan(secretary: Secretary, tmp_path: Path) -> None:
    scan = tmp_path / "fax.pdf"
    scan.write_bytes(A_PDF)
    adds(secretary, "Lindqvist Björn", Source.FAX, scan)


def asked_twice(secretary: Secretary, name: str) -> tuple[str, str]:
    """What the forms say otherwise than the registration."""
    answers = secretary.busy.called(name).registration.answers
    return answers.get("hotel", ""), answers["tel"]


def test_settles_three_conflicts_one_after_the_other(secretary: Secretary) -> None:
    before = {name: asked_twice(secretary, name) for name in DIFFERING}
    secretary.opens("review/differing")
    secretary.follow("Yuki Tanaka")
    for field in ("hotel", "tel"):
        secretary.tick(secretary.page.locator(f"[name=take-{field}][value='']"))
    secretary.tick(secretary.page.locator("[name=take-hotel]").nth(1))
    secretary.press("Save")
    for field in ("hotel", "tel"):  # of the next one, which comes up by itself
        secretary.tick(secretary.page.locator(f"[name=take-{field}]").nth(1))
    secretary.press("Save")
    secretary.press("Leave")
    after = {name: asked_twice(secretary, name) for name in DIFFERING}
    changed = {name: [one != other for one, other in zip(before[name], after[name], strict=True)] for name in DIFFERING}
    assert changed.pop("Tanaka Yuki") == [True, False]
    assert sorted(changed.values()) == [[False, False], [True, True]]
    assert not secretary.desk.store.differing_waiting(EVENT.slug, EVENT.opens_at, 9)


def test_registers_whom_a_robots_trap_held_back(secretary: Secretary) -> None:
    secretary.opens()
    secretary.follow("Review queue")
    secretary.follow("Hans Weber")
    secretary.press("Take it")
    secretary.press("Register this person")
    assert secretary.busy.is_there(HELD_BACK[0])
    secretary.press("Set aside")
    assert not secretary.busy.is_there(HELD_BACK[1])


def test_registers_from_an_e_mail_what_a_machine_sent(secretary: Secretary) -> None:
    secretary.opens("review/inbound")
    secretary.follow("Form")
    secretary.follow("Open to register")
    secretary.press("Register this person")
    there = secretary.busy.called(SCANNED)
    assert there.inbound_id == secretary.busy.inbound[1]
    assert secretary.is_dealt_with(there.inbound_id)


def test_answers_a_question_and_marks_it_as_dealt_with(secretary: Secretary) -> None:
    secretary.opens("review/inbound")
    secretary.follow("A bus?")
    answer = secretary.page.get_by_role("link", name="Answer by e-mail")
    expect(answer).to_have_attribute("href", re.compile("^mailto:office"))
    secretary.press("Mark as dealt with")
    assert secretary.is_dealt_with(secretary.busy.inbound[0])


def test_dismisses_what_came_back_from_a_full_mailbox(secretary: Secretary) -> None:
    assert BOUNCED[1] == "Okafor Chidi"
    secretary.opens("review/undelivered")
    secretary.follow("Chidi Okafor")
    secretary.press("Dismiss")
    assert secretary.did(Action.REVIEW_ENDED)
    secretary.opens("review/undelivered")
    expect(secretary.page.get_by_role("link", name="Chidi Okafor")).to_have_count(0)


def test_makes_one_of_two_registrations(secretary: Secretary) -> None:
    first, second = (secretary.busy.called(name).id for name in TWINS)
    secretary.opens("review")
    secretary.follow("Likely doubles")
    secretary.follow("Dubois")
    secretary.follow("Compare and make them one")
    secretary.press("Withdraw the other as a double")
    assert [secretary.with_id(id).double_of for id in (first, second)] in (["", first], [second, ""])


def test_admits_one_who_came_late(secretary: Secretary) -> None:
    secretary.opens("registrations")
    secretary.at(secretary.page.locator("select[name=standing]"))
    secretary.page.keyboard.type("Late")
    secretary.press("Show")
    secretary.follow(LATE[0])
    secretary.follow("Admit late")
    secretary.write("Reason", "The fax machine was broken")
    secretary.press("Admit late")
    assert secretary.busy.called(LATE[0]).admitted
    assert secretary.did(Action.ADMITTED)


def test_withdraws_one_who_telephoned(secretary: Secretary) -> None:
    finds(secretary, "kowal", "Kowalski Jan")
    secretary.follow("Withdraw this registration")
    secretary.write("Reason", "telephoned: is ill")
    secretary.press("Withdraw this registration")
    assert secretary.busy.called("Kowalski Jan").is_withdrawn
    assert secretary.did(Action.WITHDRAWN)


def test_changes_the_hotel_of_one_by_the_reference(secretary: Secretary) -> None:
    name = "Santos João"
    finds(secretary, secretary.busy.called(name).reference.lower(), name)
    secretary.follow("Change answers")
    secretary.at(secretary.page.locator("[name=hotel]"))
    secretary.page.keyboard.press("Control+A")
    secretary.page.keyboard.insert_text(CORNAVIN)
    secretary.enter()
    secretary.press("Save these changes")
    assert secretary.busy.called(name).registration.answers["hotel"] == CORNAVIN
    assert secretary.did(Action.CHANGED)


def test_brings_back_one_who_comes_after_all(secretary: Secretary) -> None:
    finds(secretary, "novak", WITHDRAWN)
    secretary.follow("Register again")
    secretary.press("Register again")
    assert not secretary.busy.called(WITHDRAWN).is_withdrawn
    assert secretary.did(Action.BROUGHT_BACK)


def test_sends_the_hotel_its_list(secretary: Secretary) -> None:
    to = "reception@cornavin.example.org"
    secretary.opens()
    secretary.follow("Hotels")
    secretary.follow(CORNAVIN)
    secretary.write("E-mail address of the hotel", to)
    secretary.press("Check and send")
    secretary.press("Send the list")
    assert secretary.did(Action.ROOMING_LIST_SENT)
    list(send_due(secretary.desk))
    (email,) = (one for one in secretary.busy.postbox.messages if one.to == to)
    assert {one.name.rpartition(".")[2] for one in email.attachments} == {"pdf", "xlsx"}


def test_draws_the_next_roster_and_sends_it_to_one(secretary: Secretary) -> None:
    secretary.opens()
    secretary.follow("Rosters")
    for box in secretary.page.get_by_role("checkbox").all():
        if box.is_checked() != (box.get_attribute("value") == SECRETARY):
            secretary.tick(box)
    secretary.busy.postbox.messages.clear()
    secretary.press("Draw the next version now")
    assert len(secretary.desk.store.intake(EVENT).versions) == 2
    list(send_due(secretary.desk))
    assert [one.to for one in secretary.busy.postbox.messages if "Roster" in one.subject] == [SECRETARY]


def test_tells_all_that_the_room_changed(secretary: Secretary) -> None:
    secretary.opens()
    secretary.follow("Write to people")
    secretary.follow("Write to everybody")
    secretary.write("Subject", "Another room")
    secretary.write("Text", "We meet in room K.")
    secretary.press("Save and see it")
    secretary.press("Send it to me")
    secretary.follow("Go on to send it")
    secretary.press("Send it to")
    assert secretary.did(Action.ANNOUNCED)
    list(enqueue_due(secretary.desk))
    list(send_due(secretary.desk))
    told = [one.to for one in secretary.busy.postbox.messages if one.subject == "Another room"]
    assert told.count(SECRETARY) == 1
    assert secretary.busy.called("Li Wei").registration.email in told
    assert len(told) == len(set(told)) > 20


def test_invites_one_to_register_late(secretary: Secretary) -> None:
    secretary.opens()
    secretary.follow("Deadline")
    secretary.write("Name", "Ada Lovelace")
    secretary.write("Reason", "visa came late")
    secretary.at(secretary.page.locator("[name=until]"))
    secretary.page.keyboard.type("02242004")
    secretary.press("Invite")
    (one,) = secretary.desk.store.invitations(EVENT.slug, 9)
    assert (one.whom, one.by) == ("Ada Lovelace", SECRETARY)


def test_moves_the_deadline_of_the_other_event(secretary: Secretary) -> None:
    secretary.page.goto("/staff/")
    secretary.at(secretary.page.get_by_role("link", name=EVENT.title).nth(1))
    secretary.enter()
    secretary.follow("Deadline")
    secretary.at(secretary.page.locator("[name=day]"))
    secretary.page.keyboard.type("02242004")
    secretary.press("See what that means")
    secretary.press("Move the deadline")
    moved = secretary.desk.store.intake(NEXT).closes_at
    assert (moved - NEXT.closes_at).days == 1


def test_tab_comes_by_everything_that_can_be_pressed(secretary: Secretary) -> None:
    secretary.opens("registrations?q=diallo")
    pressed = "main :is(a, button, summary, select, input)"
    there = secretary.page.locator(pressed).evaluate_all("all => all.filter((one) => one.checkVisibility()).length")
    reached = 0
    secretary.page.keyboard.press("Tab")
    while secretary.page.evaluate("document.activeElement !== document.body"):
        reached += secretary.page.evaluate(f"document.activeElement.matches('{pressed}')")
        secretary.page.keyboard.press("Tab")
    assert reached == there > 10


class TestOnATelephone:
    """320 px wide, with JavaScript."""

    def test_finds_a_person(self, on_telephone: Secretary) -> None:
        finds(on_telephone, "Okafor", "Okafor Chidi")

    def test_corrects_an_address(self, on_telephone: Secretary) -> None:
        corrects(on_telephone, BOUNCED[2], "paolo@new.example.org")

    def test_adds_a_person(self, on_telephone: Secretary) -> None:
        adds(on_telephone, "Osei Abena", Source.TELEPHONE, None)

    def test_registers_a_late_one_from_their_page(self, on_telephone: Secretary) -> None:
        finds(on_telephone, "hansen", LATE[1])
        on_telephone.follow("Admit late")
        on_telephone.write("Reason", "wrote in time")
        on_telephone.press("Admit late")
        assert on_telephone.busy.called(LATE[1]).admitted
