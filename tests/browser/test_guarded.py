"""The pages' policy and the forms elsewhere, as a real Chromium holds them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.builders import a_form, write_open_event
from tests.support.served import Served, function
from tests.support.threaded import QuietHandler, http_server

pytestmark = pytest.mark.slow

PATH = "/register/open"


@contextmanager
def a_page_elsewhere() -> Iterator[str]:
    """The origin of another web server, with an empty page."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Elsewhere</title>")

    with http_server(Handler) as origin:
        yield origin


@pytest.fixture(scope="module")
def listed() -> Iterator[str]:
    with a_page_elsewhere() as origin:
        yield origin


@pytest.fixture(scope="module")
def served(listed: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("events")
    write_open_event(folder, listed)
    db = tmp_path_factory.mktemp("store") / "store.sqlite3"
    with function("register", STORE="sqlite", EVENTS=str(folder), SQLITE_PATH=str(db)) as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(timezone_id="Asia/Tokyo")
    yield context.new_page()
    context.close()


def said_in_the_console(page: Page) -> list[str]:
    """Errors and warnings from now on."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def test_the_pages_own_style_and_script_are_at_work(page: Page, served: Served) -> None:
    said = said_in_the_console(page)
    page.goto(f"http://127.0.0.1:{served.port}{PATH}")
    header = page.locator("header.top")
    assert header.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(11, 83, 148)"
    expect(page.locator("time").first).to_contain_text("where you are:")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("alert")).to_contain_text("Please check these")
    assert [line for line in said if "422" not in line] == []


def test_what_somebody_slipped_into_the_page_does_not_run(page: Page, served: Served) -> None:
    slipped_in = "<script>window.ran = 'script'</script><style>body { color: red }</style><p id=x onclick='ran=1'>x</p>"

    def slip_in(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=response.text().replace("<main>", f"<main>{slipped_in}"))

    page.route(f"**{PATH}", slip_in)
    said = said_in_the_console(page)
    page.goto(f"http://127.0.0.1:{served.port}{PATH}")
    page.locator("#x").click()
    assert page.evaluate("window.ran") is None
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(28, 39, 51)"
    assert len([line for line in said if "Content Security Policy" in line]) == 3


def test_no_page_elsewhere_can_frame_ours(page: Page, served: Served, listed: str) -> None:
    page.goto(listed)
    with page.expect_console_message() as said:
        page.evaluate("url => { document.body.innerHTML = `<iframe src=${url}></iframe>` }", address(served))
    assert "frame-ancestors" in said.value.text


def test_a_form_on_a_listed_page_registers(page: Page, served: Served, listed: str) -> None:
    page.goto(listed)
    assert fetched(page, served, a_form())["status"] == 201
    refused = fetched(page, served, a_form(email=""))
    assert (refused["status"], list(refused["answer"]["errors"])) == (422, ["email"])


def test_another_page_cannot_read_the_answer(page: Page, served: Served) -> None:
    with a_page_elsewhere() as unlisted:
        page.goto(unlisted)
        assert fetched(page, served, a_form(first_name="Unlisted")) == {"status": 0}
    # the preflight was refused: the form was not even sent
    assert served.post_json(PATH, a_form(first_name="Unlisted")).status == 201


def address(served: Served) -> str:
    return f"http://127.0.0.1:{served.port}{PATH}"


def fetched(page: Page, served: Served, form: object) -> dict[str, Any]:
    """What a script on the page gets; status 0 where the browser keeps the answer from it."""
    answer: dict[str, Any] = page.evaluate(
        """([url, form]) => fetch(url, {
            method: "POST",
            headers: {"Content-Type": "application/json", "Idempotency-Key": "a"},
            body: JSON.stringify(form),
        }).then(async answer => ({status: answer.status, answer: await answer.json()}), () => ({status: 0}))""",
        [address(served), form],
    )
    return answer
