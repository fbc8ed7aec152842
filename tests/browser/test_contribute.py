"""A contribution, sent in from a real Chromium: with and without JavaScript, over a line that breaks."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from rollcall.model.contribution import LARGEST_FILE
from tests.support.contributing import PATH, a_contribution
from tests.support.desk import EVENT
from tests.support.local_run import outbox, run_here
from tests.support.served import Served, until

pytestmark = pytest.mark.slow
MEGABYTE = 1_000_000


class RunningClock:
    """From a day on which contributions are asked for."""

    def __init__(self) -> None:
        self._shift = datetime(2004, 2, 2, 12, tzinfo=UTC) - datetime.now(UTC)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._shift


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with run_here(tmp_path_factory.mktemp("run") / "store", RunningClock(), events={EVENT.slug: EVENT}) as running:
        yield running


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """As large as may be."""
    path = tmp_path / "Paper of Guinea.txt"
    path.write_bytes(b"Whose are the names of countries, and who says so\n" * (LARGEST_FILE // 50))
    return path


def opened(browser: Browser, served: Served, path: str = PATH, *, script: bool = True, width: int = 1280) -> Page:
    address = f"http://127.0.0.1:{served.port}"
    viewport = {"width": width, "height": 740}
    context = browser.new_context(java_script_enabled=script, viewport=viewport, base_url=address)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(path)
    return page


def fill_in(page: Page, **changes: str) -> None:
    for name, text in a_contribution(**changes).items():
        match name:
            case "item":
                page.check(f"[name=item][value='{text}']")
            case "consent":
                page.check("[name=consent]")
            case "language1":
                page.select_option("[name=language1]", text)
            case _:
                page.fill(f"[name={name}]", text)


def send(page: Page) -> None:
    button = page.get_by_role("button", name="Send", exact=True)
    with page.expect_navigation():
        button.click()
    if page.locator(".summary.calm").count():  # a test is faster than people
        with page.expect_navigation():
            button.click()


def heading(page: Page) -> str:
    return page.locator("h1").inner_text()


def slowly(page: Page) -> None:
    page.context.new_cdp_session(page).send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 15 * MEGABYTE},
    )


def sent_bytes(page: Page) -> list[int]:
    """Grows with each piece that is sent."""
    sizes: list[int] = []

    def look(request: Request) -> None:
        if sent := re.fullmatch(r"bytes (\d+)-(\d+)/\d+", request.headers.get("content-range", "")):
            sizes.append(int(sent[2]) - int(sent[1]) + 1)

    page.on("request", look)
    return sizes


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_person_sends_a_paper_and_what_is_wrong_loses_nothing(
    browser: Browser, served: Served, tmp_path: Path, script: bool
) -> None:
    paper, title = tmp_path / "Paper.txt", f"Names, {'with' if script else 'without'} a script"
    paper.write_text(title)
    page = opened(browser, served, script=script, width=320)
    fill_in(page, title=title, email="amina")
    page.set_input_files("#file1", paper)
    if script:
        expect(page.get_by_text("Arrived: Paper.txt 1 kB")).to_be_visible()
    send(page)
    expect(page.get_by_role("alert")).to_contain_text("This does not read as an e-mail address")
    expect(page.get_by_text("Arrived: Paper.txt")).to_be_visible()
    expect(page.get_by_label("Title of the contribution")).to_have_value(title)
    expect(page.get_by_label("Language of this file").first).to_have_value("fr")
    page.get_by_label("Your e-mail address").fill("amina@example.org")
    send(page)
    assert heading(page) == "Your contribution is received"
    assert served.ask("POST", "/send-due-mail").status == 200  # as each minute
    [receipt] = until(lambda: [one for one in outbox(served, "receipt") if title in one["text"]])
    own = re.search(r"/contribute/\S+/contribution/\S+", receipt["text"])
    assert own
    page.goto(own[0])
    assert heading(page) == "Your contribution"
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.context.close()


def test_a_large_file_goes_on_after_the_line_broke(browser: Browser, served: Served, large: Path) -> None:
    page = opened(browser, served)
    slowly(page)
    sizes = sent_bytes(page)
    fill_in(page)
    page.set_input_files("#file1", large)
    expect(page.locator("[data-place='1'] [aria-live]")).to_have_text("25% sent", timeout=30_000)
    page.route("**/uploads/*", lambda route: route.abort("connectionreset"))
    expect(page.get_by_text("The connection is broken. We try again…")).to_be_visible()
    page.unroute("**/uploads/*")
    page.evaluate("dispatchEvent(new Event('online'))")
    send(page)  # the form waits for its file
    assert heading(page) == "Your contribution is received"
    assert LARGEST_FILE <= sum(sizes) < LARGEST_FILE + 10 * MEGABYTE
    page.context.close()


def test_a_large_file_goes_on_after_the_page_was_loaded_again(browser: Browser, served: Served, large: Path) -> None:
    page = opened(browser, served)
    slowly(page)
    sizes = sent_bytes(page)
    page.set_input_files("#file1", large)
    expect(page.locator("[data-place='1'] [aria-live]")).to_have_text("25% sent", timeout=30_000)
    page.reload()
    expect(page.get_by_text("has not arrived completely. Choose it again")).to_be_visible()
    page.set_input_files("#file1", large)
    expect(page.get_by_text("Arrived: Paper of Guinea.txt 50.0 MB")).to_be_visible(timeout=30_000)
    assert LARGEST_FILE <= sum(sizes) < LARGEST_FILE + 10 * MEGABYTE
    page.reload()
    expect(page.get_by_text("Arrived: Paper of Guinea.txt 50.0 MB")).to_be_visible()
    page.context.close()


def test_a_file_that_cannot_be_sent_by_itself_travels_with_the_form(
    browser: Browser, served: Served, tmp_path: Path
) -> None:
    paper = tmp_path / "Paper.txt"
    paper.write_text("Whose is the bucket?")
    page = opened(browser, served)
    page.route("**/uploads/*", lambda route: route.abort())
    page.evaluate("setInterval(() => dispatchEvent(new Event('online')), 50)")  # so that it waits for less
    fill_in(page)
    page.set_input_files("#file1", paper)
    expect(page.get_by_text("It is sent with the form when you press Send")).to_be_visible()
    send(page)
    assert heading(page) == "Your contribution is received"
    page.context.close()


def test_a_file_that_is_too_large_is_told_at_once(browser: Browser, served: Served, tmp_path: Path) -> None:
    path = tmp_path / "Paper.txt"
    with path.open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    page = opened(browser, served)
    page.set_input_files("#file1", path)
    expect(page.get_by_text("A file may have at most 50 MB.")).to_be_visible()
    page.context.close()


@pytest.mark.parametrize("width", [320, 1280])
def test_in_arabic_from_right_to_left_and_nothing_wider_than_the_screen(
    browser: Browser, served: Served, width: int
) -> None:
    page = opened(browser, served, f"{PATH}/ar", width=width)
    assert page.locator("html").get_attribute("dir") == "rtl"
    page.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


def test_the_keyboard_reaches_everything_in_order(browser: Browser, served: Served) -> None:
    page = opened(browser, served)
    page.get_by_label("Title of the contribution").focus()
    order = ["title"]
    while order[-1] != "consent" and len(order) < 40:
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.name || document.activeElement.localName"))
    assert order == [
        "title",
        "source",
        "item",
        "abstract",
        "file1",
        "language1",
        "summary",
        "name",
        "email",
        "reference",
        "consent",
    ]
    page.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#file2")).to_be_visible()
    page.context.close()
