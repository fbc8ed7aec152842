"""Nothing typed is lost: on Back, on leaving and coming back, when the connection is lost; over HTTPS, with and without
JavaScript."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from rollcall.model.registration import SHORTEST
from tests.browser.conftest import ALONE
from tests.support.builders import a_form, write_open_event
from tests.support.form_page import filled_in
from tests.support.https import Relay, over_https
from tests.support.served import function, until

pytestmark = pytest.mark.slow

PATH = "/register/open"


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    folder = tmp_path_factory.mktemp("events")
    write_open_event(folder)
    db = tmp_path_factory.mktemp("books") / "books.sqlite3"
    with (
        function("register", EVENTS=str(folder), STORE="sqlite", SQLITE_PATH=str(db)) as served,
        over_https(served.port, tmp_path_factory.mktemp("https")) as relay,
    ):
        yield relay


@pytest.fixture(scope="module")
def browser(chromium: str, relay: Relay) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=[*ALONE, relay.trusts])
        yield running
        running.close()


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def page(request: pytest.FixtureRequest, browser: Browser, relay: Relay) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=request.param, base_url=relay.address)
    page = context.new_page()
    page.goto("/register")
    page.goto(PATH)
    yield page
    context.close()


def fill_in(page: Page, **changes: object) -> dict[str, object]:
    form = a_form(**changes)
    for name, value in form.items():
        if name in ("title", "category"):
            page.check(f"input[name={name}][value='{value}']")
        else:
            page.fill(f"[name={name}]", str(value))
    return form


def assert_filled_in(page: Page, form: dict[str, object]) -> None:
    """Chromium gives back what was typed some time after the page is loaded, a field at a time."""
    with suppress(AssertionError):
        until(lambda: filled_in(page) == form, seconds=5)
    assert filled_in(page) == form


CHROMIUM_KEEPS_WHAT_IS_TYPED_MS = 1000
"""How long after the last key Chromium's page tells the browser's history what is typed. Its page for a lost connection
is another process's, and does not wait for it."""


def press_register_while_the_connection_is_lost(page: Page, relay: Relay) -> None:
    page.wait_for_timeout(2 * CHROMIUM_KEEPS_WHAT_IS_TYPED_MS)  # no person goes back sooner than that
    relay.lost = True
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Register").click(no_wait_after=True)
    page.wait_for_url("chrome-error://**")
    relay.lost = False


def go_back(page: Page) -> None:
    page.go_back()
    expect(page.locator("main form")).to_be_visible()


def test_away_and_back(page: Page) -> None:
    form = fill_in(page)
    page.goto("/register")
    go_back(page)
    assert_filled_in(page, form)


def test_away_and_back_from_a_page_that_says_what_is_wrong(page: Page) -> None:
    fill_in(page, email="amina")
    page.get_by_role("button", name="Register").click()
    expect(page.locator(".summary")).to_be_visible()
    form = fill_in(page, hotel="Corrected since")
    page.goto("/register")
    go_back(page)
    assert_filled_in(page, form)


def test_the_connection_is_lost_while_sending(page: Page, relay: Relay) -> None:
    form = fill_in(page)
    press_register_while_the_connection_is_lost(page, relay)
    go_back(page)
    assert_filled_in(page, form)


def test_the_connection_is_lost_while_sending_what_was_wrong(page: Page, relay: Relay) -> None:
    fill_in(page, email="amina")
    page.get_by_role("button", name="Register").click()
    expect(page.locator(".summary")).to_be_visible()
    form = fill_in(page, hotel="Corrected since")
    press_register_while_the_connection_is_lost(page, relay)
    go_back(page)
    assert_filled_in(page, form)


@pytest.mark.slow
def test_back_after_success_and_register_again(page: Page, request: pytest.FixtureRequest) -> None:
    form = fill_in(page, first_name=request.node.name)
    page.wait_for_timeout(SHORTEST.total_seconds() * 1000)  # as people do
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are registered")
    go_back(page)
    assert_filled_in(page, form)
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are already registered")
    expect(page.locator("main")).to_contain_text(request.node.name)
