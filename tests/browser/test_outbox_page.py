"""The local run's outbox page in a real Chromium, on a telephone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.form_page import press_register
from tests.support.local_run import local_run, outbox
from tests.support.served import Served, until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with local_run(tmp_path_factory.mktemp("run") / "store") as running:
        yield running


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=f"http://localhost:{served.port}")
    yield context.new_page()
    context.close()


def fits_the_screen(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.slow
def test_a_person_sends_an_email_in_and_opens_a_link_of_the_answer(page: Page, served: Served) -> None:
    page.goto("/outbox")
    assert fits_the_screen(page)
    text = page.get_by_label("Text").first
    text.fill(text.input_value().replace("Signature: Wanjiru Kamau", "Signature:"))
    page.get_by_role("button", name="Send").first.click()
    expect(page.get_by_text("waiting for sender")).to_be_visible()
    expect(page.get_by_text("Signature: Type your name: it stands for your signature.")).to_be_visible()
    until(lambda: outbox(served, "reply"))
    page.get_by_role("link", name="Load again").click()
    page.wait_for_load_state()
    assert fits_the_screen(page)
    with page.expect_popup() as opened:
        page.frame_locator("iframe").locator("a[href*='/complete/']").first.click()
    expect(opened.value.locator("[name=family_name]")).to_have_value("Kamau")
    opened.value.locator("[name=signature]").fill("Wanjiru Kamau")
    press_register(opened.value)
    expect(opened.value.get_by_role("heading", level=1)).to_contain_text("You are registered")
    (mail,) = until(lambda: outbox(served, "confirmation"))
    assert mail["to"] == "wanjiru.kamau@cck.example"
