"""The pages behind links in our mails, in a real Chromium, with and without JavaScript, on a telephone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from rollcall.model.inbound import InboundStatus
from rollcall.model.registration import SHORTEST
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import write_open_event
from tests.support.clock import Clock
from tests.support.linked_pages import INCOMPLETE, LinkedPages, completing, resolving
from tests.support.served import function

pytestmark = pytest.mark.slow


@pytest.fixture
def desk(tmp_path: Path, events_folder: Path) -> Iterator[LinkedPages]:
    write_open_event(events_folder)
    db = tmp_path / "store.sqlite3"
    with function("register", EVENTS=str(events_folder), STORE="sqlite", SQLITE_PATH=str(db)) as served:
        yield LinkedPages(served, SqliteStore(db, Clock(datetime.now(UTC))))


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def page(request: pytest.FixtureRequest, browser: Browser, desk: LinkedPages) -> Iterator[Page]:
    context = browser.new_context(
        java_script_enabled=request.param,
        viewport={"width": 360, "height": 740},
        base_url=f"http://127.0.0.1:{desk.served.port}",
    )
    yield context.new_page()
    context.close()


@pytest.mark.slow
def test_a_person_completes_what_was_missing(page: Page, desk: LinkedPages) -> None:
    desk.add_inbound("MISSING", INCOMPLETE)
    page.goto(urlsplit(completing("MISSING")).path)
    expect(page.get_by_role("alert")).to_contain_text("Type your name")
    expect(page.locator("[name=category]:checked")).to_have_value("member-state")
    page.get_by_label("Signature").fill("Amina Diallo")
    page.wait_for_timeout(SHORTEST.total_seconds() * 1000)  # as people do
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are registered")
    assert desk.inbound("MISSING").status is InboundStatus.REGISTERED
    page.goto(urlsplit(completing("MISSING")).path)
    expect(page.get_by_role("heading", level=1)).to_have_text("This form is complete")
    page.get_by_role("link", name="Register another person").click()
    expect(page.get_by_label("Family name")).to_have_value("")


def test_one_of_the_staff_has_dealt_with_a_message(page: Page, desk: LinkedPages) -> None:
    desk.add_inbound("LEFT", status=InboundStatus.NEEDS_REVIEW)
    page.goto(urlsplit(resolving("LEFT")).path)
    expect(page.get_by_text("Our <i>form</i>")).to_be_visible()
    page.get_by_role("button", name="I have dealt with it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    assert desk.inbound("LEFT").resolved


def test_what_is_sandboxed_can_be_saved_and_read(page: Page) -> None:
    page.goto("/register/open")
    with page.expect_download() as downloading:
        page.locator('a[href$="form.pdf"]').first.click()
    assert downloading.value.path().read_bytes().startswith(b"%PDF-")
    page.goto("/register/open/form.txt")
    expect(page.locator("body")).to_contain_text("Family name")
