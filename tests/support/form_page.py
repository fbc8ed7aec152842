"""The form's page in a browser."""

from playwright.sync_api import Page


def press_register(page: Page) -> None:
    """Once, and once more where the page asks for it, which these tests are fast enough for."""
    page.get_by_role("button", name="Register").click()
    if page.get_by_text("press Register once more").count():
        page.get_by_role("button", name="Register").click()
