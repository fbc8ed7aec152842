"""The pages of one's own registration in a real Chromium: with and without JavaScript, by keyboard, narrow and wide."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from handlers.register import register
from rollcall.desk import amend
from rollcall.desk.desk import Desk
from rollcall.language import language, languages
from rollcall.model.registration import Registered
from tests.support.builders import LINKS, a_form, an_event_in
from tests.support.clock import Clock
from tests.support.desk import a_desk
from tests.support.in_process import ask
from tests.support.served_here import served_here

pytestmark = pytest.mark.slow

EVENT = an_event_in(*languages())
PATH = f"/register/{EVENT.slug}/en"
FORM = {"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Desk:
    """Amina is registered."""
    desk = replace(a_desk(tmp_path, clock), events={EVENT.slug: EVENT})
    assert ask(partial(register, desk), "POST", PATH, urlencode(a_form()), FORM).status == 303
    return desk


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def script(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(params=[320, 1280])
def page(
    request: pytest.FixtureRequest, browser: Browser, desk: Desk, tmp_path: Path, clock: Clock, script: bool
) -> Iterator[Page]:
    with served_here(desk, tmp_path, clock) as port:
        context = browser.new_context(
            java_script_enabled=script,
            viewport={"width": request.param, "height": 700},
            base_url=f"http://127.0.0.1:{port}",
        )
        yield context.new_page()
        context.close()


def there(desk: Desk) -> Registered:
    (one,) = desk.store.registrations(EVENT.slug, None, 9)
    now = amend.read(desk, EVENT, one.id)
    assert now is not None
    return now


def own(desk: Desk, code: str = "en") -> str:
    return urlsplit(LINKS.own(EVENT.in_language(code), there(desk))).path


def heading_is(page: Page, text: str) -> None:
    """And nothing is wider than the page."""
    expect(page.get_by_role("heading", level=1)).to_have_text(text)
    viewport = page.viewport_size
    assert viewport is not None
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")


def press(page: Page, role: str, name: str) -> None:
    """By keyboard."""
    one = page.get_by_role("link" if role == "link" else "button", name=name, exact=True)
    one.focus()
    expect(one).to_be_focused()
    page.keyboard.press("Enter")


def test_a_person_sees_changes_checks_and_saves(page: Page, desk: Desk, script: bool) -> None:
    page.goto(own(desk))
    heading_is(page, "Your registration")
    press(page, "link", "Change your registration")
    heading_is(page, "Change your registration")
    expect(page.get_by_role("button", name="Check my answers first")).to_have_count(0)
    expect(page.locator(".check")).to_have_count(0)
    page.get_by_label("Hotel", exact=False).first.fill("Hôtel Donaudampfschifffahrtselektrizitätenhauptbetriebswerk")
    page.keyboard.press("Enter")
    heading_is(page, "Check your changes")
    expect(page.locator(".compared")).to_contain_text("Hôtel Cornavin")
    assert "Cornavin" in there(desk).registration.answers["hotel"]
    press(page, "button", "Go back and change")
    heading_is(page, "Change your registration")
    page.get_by_label("Hotel", exact=False).first.fill("Bergues")
    press(page, "button", "Continue")
    press(page, "button", "Save these changes")
    heading_is(page, "Your registration")
    panel = page.get_by_role("alert")
    expect(panel).to_contain_text("Your registration is changed")
    if script:
        expect(page.locator(".summary.calm")).to_be_focused()
    assert there(desk).registration.answers["hotel"] == "Bergues"
    assert len(desk.store.history(EVENT.slug, there(desk))) == 1


def test_two_presses_withdraw_and_two_register_again(page: Page, desk: Desk) -> None:
    page.goto(own(desk))
    press(page, "link", "Withdraw this registration")
    heading_is(page, "Do you want to withdraw this registration?")
    assert not there(desk).is_withdrawn
    press(page, "button", "Withdraw this registration")
    heading_is(page, "Your registration is withdrawn")
    assert there(desk).is_withdrawn
    press(page, "link", "Register again")
    heading_is(page, "Register again")
    press(page, "button", "Continue")
    heading_is(page, "Check your answers")
    press(page, "button", "Register again")
    heading_is(page, "Your registration")
    expect(page.get_by_role("alert")).to_contain_text("You are registered again")
    assert not there(desk).is_withdrawn


def test_a_new_address_is_confirmed(page: Page, desk: Desk) -> None:
    page.goto(f"{own(desk)}/change")
    page.get_by_label("E-mail").fill("new@example.org")
    press(page, "button", "Continue")
    press(page, "button", "Save these changes")
    heading_is(page, "Your registration")
    expect(page.locator("main")).to_contain_text("We have written to new@example.org.")
    page.goto(urlsplit(LINKS.confirming_address(EVENT, there(desk))).path)
    heading_is(page, "Is this your e-mail address?")
    press(page, "button", "This is my address")
    heading_is(page, "Your e-mail address is confirmed")
    assert there(desk).registration.email == "new@example.org"


def test_another_language_loses_nothing_that_was_typed(page: Page, desk: Desk) -> None:
    page.goto(f"{own(desk)}/change")
    page.get_by_label("Hotel", exact=False).first.fill("Bergues")
    page.get_by_role("button", name=language("ar").name).click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator("[name=hotel]")).to_have_value("Bergues")
    page.locator("main form button[type=submit]").first.click()
    expect(page.locator(".compared")).to_contain_text("Bergues")
    page.get_by_role("button", name=language("fr").name).click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.locator("[name=hotel]")).to_have_value("Bergues")
    assert there(desk).registration.answers["hotel"] == "Hôtel Cornavin"


def test_a_ticked_box_and_another_language_withdraw_nothing(page: Page, desk: Desk, script: bool) -> None:
    page.goto(f"{own(desk)}/withdraw")
    page.get_by_role("checkbox").check()
    page.get_by_role("link", name=language("fr").name).click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    if script:
        expect(page.get_by_role("checkbox")).to_be_checked()
    assert not there(desk).is_withdrawn


def test_the_pages_are_not_wider_in_arabic(page: Page, desk: Desk) -> None:
    answers = a_form(email="new@example.org", address="شارع ١٢\nبيروت", family_name="الخوري")
    for below in ("", "/change", "/withdraw"):
        page.goto(own(desk, "ar") + below)
        expect(page.locator("html")).to_have_attribute("dir", "rtl")
        assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")
    posted = ask(partial(register, desk), "POST", f"{own(desk, 'ar')}/change?check", urlencode(answers), FORM)
    page.set_content(posted.text)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")


def test_whoever_lost_the_link_asks_for_another(page: Page, desk: Desk) -> None:
    page.goto(PATH)
    press(page, "link", "Already registered? See, change or withdraw your registration.")
    heading_is(page, "Already registered?")
    press(page, "button", "Send me a link")
    expect(page.locator("#email-error")).to_contain_text("Enter")
    heading_is(page, "Already registered?")
    page.get_by_label("E-mail").fill(str(a_form()["email"]))
    page.keyboard.press("Enter")
    heading_is(page, "Please look at your e-mail")
