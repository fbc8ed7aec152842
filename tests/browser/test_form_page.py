"""The form's page in a real Chromium, with and without JavaScript, on a telephone and on a desk."""

import io
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from rollcall.model.registration import SHORTEST
from tests.support.builders import a_form
from tests.support.form_page import press_register
from tests.support.local_run import local_run, outbox
from tests.support.served import Served, until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with local_run(tmp_path_factory.mktemp("run") / "store") as running:
        yield running


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def page(request: pytest.FixtureRequest, browser: Browser, served: Served) -> Iterator[Page]:
    context = browser.new_context(
        java_script_enabled=request.param,
        viewport={"width": 360, "height": 740},
        timezone_id="Asia/Tokyo",
        base_url=f"http://127.0.0.1:{served.port}",
    )
    yield context.new_page()
    context.close()


def fill_in(page: Page, **changes: object) -> None:
    for name, value in a_form(**changes).items():
        if name in ("title", "category"):
            page.check(f"input[name={name}][value='{value}']")
        else:
            page.fill(f"[name={name}]", str(value))


@pytest.mark.slow
def test_a_person_registers(page: Page, request: pytest.FixtureRequest) -> None:
    page.goto("/register/intgov04")
    fill_in(page, first_name=request.node.name)
    page.wait_for_timeout(SHORTEST.total_seconds() * 1000)  # as people do
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are registered")
    expect(page.locator("main")).to_contain_text(f"Thank you, {request.node.name} Diallo.")
    page.get_by_role("link", name="Register another person").click()
    expect(page.get_by_label("Hotel", exact=False).first).to_have_value("Hôtel Cornavin")
    expect(page.get_by_label("Family name")).to_have_value("")


def test_what_is_wrong_is_said_and_nothing_is_lost(page: Page, request: pytest.FixtureRequest) -> None:
    page.goto("/register/intgov04")
    fill_in(page, first_name=request.node.name, email="amina", signature="")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("alert")).to_contain_text("Please check these 2 answers")
    expect(page.get_by_label("E-mail")).to_have_value("amina")
    assert "This does not read as an e-mail address" in page.locator("#email-error").inner_text()
    expect(page.get_by_label("Hotel", exact=False).first).to_have_value("Hôtel Cornavin")
    page.fill("[name=email]", "amina@example.org")
    page.fill("[name=signature]", "Amina")
    press_register(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("You are registered")


def test_whoever_is_very_fast_is_asked_to_press_once_more(page: Page, request: pytest.FixtureRequest) -> None:
    page.goto("/register/intgov04")
    fill_in(page, first_name=request.node.name)
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("alert")).to_contain_text("press Register once more")
    expect(page.get_by_label("Hotel", exact=False).first).to_have_value("Hôtel Cornavin")
    expect(page.locator("[name=category]:checked")).to_have_value("member-state")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are registered")


def test_answers_are_checked_before_they_are_signed(page: Page, request: pytest.FixtureRequest) -> None:
    page.goto("/register/intgov04")
    fill_in(page, first_name=request.node.name, signature="")
    if button := page.get_by_role("button", name="Check my answers first").all():
        button[0].click()
    shown = page.locator(".check dl, dl.facts").last
    expect(shown).to_contain_text("Administration of ITU Member State")
    expect(shown).to_contain_text(request.node.name)
    page.fill("[name=signature]", "Amina Diallo")
    press_register(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("You are registered")


def test_the_hidden_field_is_met_by_no_person(page: Page) -> None:
    """Neither seen, nor read out, nor reached with the keyboard."""
    page.goto("/register/intgov04")
    hidden = page.locator("[name=message]")
    box = hidden.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 0
    assert "Leave this empty" not in page.locator("body").aria_snapshot()
    assert page.get_by_role("textbox", name="Leave this empty").count() == 0
    page.locator("[name=signature]").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Register", exact=True)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.locator("[name=signature]")).to_be_focused()


def test_the_deadline_in_the_readers_own_time(page: Page) -> None:
    page.goto("/register/intgov04")
    said = page.locator("dl.facts").inner_text()
    assert "the end of 20 February 2004 (Zurich time)" in said
    assert "20 February 2004, 23:00 UTC" in said


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_screen(browser: Browser, served: Served, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 740})
    page = context.new_page()
    for path in ("/register/intgov04", "/register", "/outbox", "/"):
        page.goto(f"http://127.0.0.1:{served.port}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_a_long_word_scrolls_nothing_sideways(browser: Browser, served: Served, direction: str) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 740})
    page.goto(f"http://127.0.0.1:{served.port}/register/intgov04")
    fill_in(page, hotel="Hotel" * 40, signature="")
    page.evaluate(
        """direction => {
            document.documentElement.dir = direction;
            const texts = document.querySelectorAll("h1, h2, dd, legend, .name, .help");
            for (const one of texts) one.append("Bau".repeat(60));
        }""",
        direction,
    )
    assert page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollLeft]") == [320, 0]
    page.close()


def test_a_choice_is_large_enough_to_hit(browser: Browser, served: Served) -> None:
    """WCAG 2.5.8."""
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{served.port}/register/intgov04")
    for radio in page.get_by_role("radio").all():
        box = radio.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24
    page.close()


def test_sending_is_said_and_once_is_enough(browser: Browser, served: Served) -> None:
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{served.port}/register/intgov04")
    fill_in(page, first_name="Sending")
    page.evaluate(
        """() => document.querySelector("main form").addEventListener("submit", (event) => {
            window.sent = (window.sent ?? 0) + !event.defaultPrevented;
            event.preventDefault();
        })"""
    )
    for _ in range(2):
        page.get_by_role("button", name="Register").click()
        expect(page.get_by_role("status")).to_have_text("Sending…")
    assert page.evaluate("window.sent") == 1
    page.close()


def test_the_form_prints_on_two_pages(browser: Browser, served: Served, request: pytest.FixtureRequest) -> None:
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{served.port}/register/intgov04")
    assert pages_of(page) <= 2
    fill_in(page, first_name=request.node.name, email="amina")
    press_register(page)
    assert pages_of(page) <= 2
    page.fill("[name=email]", "amina@example.org")
    press_register(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("You are registered")
    assert pages_of(page) == 1
    page.close()


def pages_of(page: Page) -> int:
    """When it is printed on A4."""
    return len(PdfReader(io.BytesIO(page.pdf(format="A4", prefer_css_page_size=True))).pages)


def test_the_readers_own_time_needs_javascript(browser: Browser, served: Served) -> None:
    context = browser.new_context(timezone_id="Asia/Tokyo")
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{served.port}/register/intgov04")
    expect(page.locator("time").first).to_contain_text("where you are: 21 February 2004 at 08:00")
    context.close()


def test_the_outbox_shows_the_mail(browser: Browser, served: Served) -> None:
    served.post_json("/register/intgov04", a_form(first_name="Outbox"))
    until(lambda: any("Dear Ms. Diallo" in mail["text"] for mail in outbox(served, "confirmation")))
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{served.port}/outbox")
    expect(page.frame_locator("iframe").first.get_by_text("Salle B")).to_be_visible()
    href = page.get_by_role("link", name="intgov04.ics").first.get_attribute("href")
    assert "BEGIN:VCALENDAR" in served.ask("GET", str(href)).text
    context.close()
