"""The machine's Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

ALONE = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A browser for the tests of a module."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=ALONE)
        yield running
        running.close()
