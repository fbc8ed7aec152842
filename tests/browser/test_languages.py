"""The pages in each language: none is wider than a telephone, and whoever changes the language loses nothing."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from handlers.register import register
from rollcall.desk.desk import Desk
from rollcall.language import language, languages
from tests.support.builders import LINKS, a_form, an_event_in
from tests.support.clock import Clock
from tests.support.desk import a_desk
from tests.support.in_process import ask
from tests.support.served_here import served_here

EVENT = an_event_in(*languages())
PATH = f"/register/{EVENT.slug}"
FORM = {"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Desk:
    return replace(a_desk(tmp_path, clock), events={EVENT.slug: EVENT})


def every_page(desk: Desk, clock: Clock, code: str) -> Iterator[tuple[str, str]]:
    """Each state, and its HTML."""
    here, event = f"{PATH}/{code}", EVENT.in_language(code)

    def get(path: str) -> str:
        return ask(partial(register, desk), "GET", urlsplit(path).path, headers=FORM).text

    def post(below: str, **changes: object) -> str:
        return ask(partial(register, desk), "POST", here + below, urlencode(a_form(**changes)), FORM).text

    clock.now = EVENT.opens_at - timedelta(days=1)
    yield "not open", get(here)
    yield "not open, sent", post("")
    clock.now = EVENT.opens_at + timedelta(days=1)
    yield "form", get(here)
    yield "nothing filled in", ask(partial(register, desk), "POST", here, "", FORM).text
    yield "something wrong", post("", family_name="الخوري", email="amina", signature="", tel="x")
    yield "check", post("?check", signature="")
    for state in ("received", "already registered"):
        link = ask(partial(register, desk), "POST", here, urlencode(a_form()), FORM).headers["Location"]
        yield state, get(link)
    yield "another person", get(f"{link}/another")
    yield "conflict", post("", hotel="Another")
    (one,) = desk.store.registrations(EVENT.slug, None, 9)
    tomorrow = clock.now + timedelta(days=1)
    for until in (tomorrow, tomorrow - timedelta(days=2)):
        yield "complete", get(LINKS.completing(event, "none", 0, until))
    own = urlsplit(LINKS.own(event, one)).path
    for below in ("", "/change", "/withdraw", "/cut"):
        yield f"own{below}", get(f"{own}{below}")
    yield "changes to check", post(f"{own.removeprefix(here)}/change?check", email="new@example.org", address="X")
    post(f"{own.removeprefix(here)}/change?send", email="new@example.org", _revision="1")
    yield "own, changed", get(own)
    there = desk.store.registered(EVENT.slug, one.id)
    assert there is not None
    yield "address", get(LINKS.confirming_address(event, there))
    post(f"{own.removeprefix(here)}/withdraw")
    yield "own, withdrawn", get(own)
    yield "find", get(f"{here}/find")
    yield "find, wrong", post("/find", email="x")
    yield "no link", get(f"{here}/received/none")
    yield "no such page", get(f"{here}/none/such")
    clock.now = EVENT.closes_at + timedelta(days=1)
    yield "closed", get(here)
    yield "closed, sent", post("", first_name="Late")


@pytest.mark.slow
@pytest.mark.parametrize("code", languages())
def test_no_page_is_wider_than_a_telephone(browser: Browser, desk: Desk, clock: Clock, code: str) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 640}, timezone_id="Asia/Tokyo")
    for state, html in every_page(desk, clock, code):
        page.set_content(html)
        document = page.locator("html")
        assert document.get_attribute("lang") == code, state
        assert document.get_attribute("dir") == ("rtl" if code == "ar" else "ltr"), state
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, state
        cut = page.evaluate(BEYOND_THE_EDGE)
        assert cut == [], state
    page.close()


@pytest.mark.slow
def test_a_telephone_number_keeps_its_order_where_it_stands_in_arabic(
    browser: Browser, desk: Desk, clock: Clock
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 640})
    seen = set()
    for state, html in every_page(desk, clock, "ar"):
        page.set_content(html)
        numbers = page.evaluate(NUMBERS)
        seen |= {number for number, _ in numbers}
        assert [number for number, in_order in numbers if not in_order] == [], state
    assert {EVENT.contact.tel, EVENT.contact.fax, "+41 22 730 51 11", "+44 20 7946 0000"} <= seen
    page.close()


@pytest.mark.slow
def test_what_is_off_the_screen_does_not_push_the_print_off_the_paper(browser: Browser, port: int) -> None:
    """Chromium shrinks what is printed until all of it is there, and cuts what then is left of a page in Arabic."""
    page = opened(browser, port, script=True)
    for code in languages():
        page.goto(f"{PATH}/{code}")
        expect(page.locator(".unseen")).to_have_count(1)
        page.emulate_media(media="print")
        for one in (".unseen", ".languages"):
            expect(page.locator(one)).to_be_hidden()
        page.emulate_media(media="screen")
    page.context.close()


NUMBERS = r"""() => {
    const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const left = (node, at) => {
        const range = document.createRange();
        range.setStart(node, at);
        range.setEnd(node, at + 1);
        return range.getBoundingClientRect().left;
    };
    while (texts.nextNode()) {
        const node = texts.currentNode;
        for (const number of node.data.matchAll(/\+[0-9][0-9 ]+[0-9]/g)) {
            const last = number.index + number[0].length - 1;
            found.push([number[0], left(node, number.index) < left(node, last)]);
        }
    }
    return found;
}"""
BEYOND_THE_EDGE = """() => [...document.querySelectorAll("main *, nav *, header *, footer *")]
    .filter((one) => !one.closest(".hidden, .unseen"))
    .filter((one) => { const at = one.getBoundingClientRect(); return at.width && (at.left < 0 || at.right > 320); })
    .map((one) => one.outerHTML)"""


@pytest.fixture
def port(desk: Desk, tmp_path: Path, clock: Clock) -> Iterator[int]:
    with served_here(desk, tmp_path, clock) as port:
        yield port


def opened(browser: Browser, port: int, *, script: bool, locale: str = "en-GB") -> Page:
    context = browser.new_context(
        java_script_enabled=script, locale=locale, base_url=f"http://127.0.0.1:{port}", timezone_id="Asia/Tokyo"
    )
    return context.new_page()


@pytest.mark.slow
def test_whoever_types_first_and_then_changes_the_language_goes_on_typing(browser: Browser, port: int) -> None:
    page = opened(browser, port, script=True)
    page.goto(PATH)
    page.fill("[name=family_name]", "Diallo")
    page.check("[name=category][value=member-state]")
    page.get_by_role("link", name=language("fr").name).click()
    page.wait_for_url(f"**{PATH}/fr?change")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.locator("[name=family_name]")).to_have_value("Diallo")
    expect(page.locator("[name=category]:checked")).to_have_value("member-state")
    page.go_back()
    expect(page.locator("[name=family_name]")).to_have_value("Diallo")
    expect(page.get_by_role("status")).to_have_text("")
    page.locator("main form button").first.click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("[name=email][aria-invalid]")).to_have_count(1)
    page.context.close()


@pytest.mark.slow
def test_an_empty_form_in_another_language_has_an_address_to_pass_on(browser: Browser, port: int) -> None:
    for script in (True, False):
        page = opened(browser, port, script=script, locale="ru-RU")
        page.goto(PATH)
        expect(page.locator("html")).to_have_attribute("lang", "ru")
        page.get_by_role("link", name=language("ar").name).click()
        page.wait_for_url(f"**{PATH}/ar")
        expect(page.locator("html")).to_have_attribute("dir", "rtl")
        page.context.close()


@pytest.mark.slow
def test_a_form_that_came_back_changes_its_language_without_a_script(browser: Browser, port: int) -> None:
    page = opened(browser, port, script=False)
    page.goto(f"{PATH}/es")
    page.fill("[name=family_name]", "Diallo")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("lang", "es")
    expect(page.locator("[name=email][aria-invalid]")).to_have_count(1)
    page.get_by_role("button", name=language("zh").name).click()
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    expect(page.locator("[name=family_name]")).to_have_value("Diallo")
    expect(page.locator("[aria-invalid]")).to_have_count(0)
    page.context.close()


@pytest.mark.slow
def test_times_are_the_readers_in_the_digits_and_words_of_the_page(browser: Browser, port: int) -> None:
    page = opened(browser, port, script=True)
    for code, said in (("en", "21 February 2004 at 08:00"), ("ar", "21 فبراير 2004"), ("ru", "21 февраля 2004")):
        page.goto(f"{PATH}/{code}")
        expect(page.locator("time").first).to_contain_text(said)
        expect(page.locator("time").first).to_contain_text("08:00")
    page.context.close()
