"""The event's own pages in a real Chromium, from the function as it is deployed."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from rollcall.record import to_json
from rollcall.store.folder_published import FolderPublished
from tests.support.builders import write_open_event
from tests.support.event_pages import SITE, pieces
from tests.support.served import Served, function

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("events")
    write_open_event(folder)
    published = FolderPublished(folder / "published")
    assert published.put_site("open", to_json(replace(SITE, event="open")), None)
    published.put_file("ADD", pieces(b"%PDF-1.7 ", b"an annex"))
    with function("pages", EVENTS=str(folder), PUBLISHED=str(folder / "published")) as running:
        yield running


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def page(browser: Browser, served: Served, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(
        java_script_enabled=request.param,
        viewport={"width": 320, "height": 640},
        base_url=f"http://127.0.0.1:{served.port}",
        locale="ar",
    )
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def test_a_delegate_finds_a_contribution_and_stores_its_annex(page: Page) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto("/events/open")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    page.get_by_role("link", name="English").click()
    page.get_by_role("link", name="Agenda", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Agenda")
    page.get_by_role("link", name="C/1").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Governance of the Internet <script>alert(1)</script>")
    for view in (320, 1100):
        page.set_viewport_size({"width": view, "height": 640})
        assert page.locator("html").bounding_box()["width"] <= view  # type: ignore[index]
    with page.expect_download() as stored:
        page.get_by_role("link", name="naïve “annex”.pdf").click()
    assert stored.value.suggested_filename == "naïve “annex”.pdf"
    assert Path(stored.value.path()).read_bytes() == b"%PDF-1.7 an annex"
    assert said == [], "the policy refused something, or something ran"


def test_the_agenda_is_printed_without_what_only_a_screen_needs(browser: Browser, served: Served) -> None:
    page = browser.new_page(base_url=f"http://127.0.0.1:{served.port}")
    page.goto("/events/open/en/agenda")
    (sheet,) = PdfReader(io.BytesIO(page.pdf(format="A4"))).pages
    text = sheet.extract_text()
    page.close()
    assert "What is Internet governance?" in text
    assert "Documents" not in text
    assert "Français" not in text
